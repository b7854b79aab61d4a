"""The cuda kernels, one file per op family."""
