"""The graph layer: types, shapes, op definitions, graphs and how they are built.

Holds no kernels and runs nothing; `compiler`, `runtime` and `client` do that.
"""
