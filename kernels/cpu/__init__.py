"""The cpu kernels, one file per op family."""
