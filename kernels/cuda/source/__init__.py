"""Device code of the cuda kernels; importing a module of it imports Numba."""
