"""Kernels: what an op computes, on each device. Imported as `graphflow.kernels`.

Three registries with one contract (`registry.py`); kernels of an op stand in the file whose stem is
its family's in `graphflow/ops/`. Nothing here knows graphs or sessions.
"""
