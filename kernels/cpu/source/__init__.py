"""Kernel bodies: templates returning the Python source of compiled functions. Imports Numba."""
