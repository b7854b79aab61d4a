"""From a graph and what is asked of it to a plan: small passes, listed in `pipeline.py`."""
