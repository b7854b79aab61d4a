"""Kernel bodies: templates that return the Python source of compiled functions. Importing one imports Numba."""
