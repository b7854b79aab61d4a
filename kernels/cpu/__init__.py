"""The cpu kernels: makers in one file per op family, the code they bind in `source/`.

What stands beside the families: `native` (compiled functions by name), `object_cache` (them on
disk), `compiler` (LLVM), `tape` (runs many steps in one call), `pool` (threads), `blas`, `layout`
(shapes at binding time), and what several families share: `elementwise`, `expression`, `copying`.
Importing any of these imports neither Numba nor llvmlite.
"""
