"""The reference kernels, one file per op family."""
