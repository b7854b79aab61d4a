"""Device code of matrix products. State: the kernels made so far, by dtype and tile."""

import functools

import numba
import numpy as np
from numba import cuda


@functools.cache
def product(dtype, tile):
    """Products of batches of matrices: a block computes one tile * tile square of one product.

    Block: (tile, tile). Grid: (tiles of m, tiles of n, matrices). Shared memory: two squares, whose
    rows have one element more than they need, so that no column lies in one bank.
    Arguments: out; a, b; m, n, k; whether a, b are transposed in memory; number of matrices; and how
    far apart those of a, of b are (0: one for all).
    """
    kind, zero = getattr(numba, dtype), np.dtype(dtype).type(0)
    pitch = tile + 1
    second = tile * pitch

    @cuda.jit
    def kernel(out, a, b, m, n, k, a_transposed, b_transposed, count, a_step, b_step):
        shared = cuda.shared.array(0, kind)
        x, y = cuda.threadIdx.x, cuda.threadIdx.y
        top, left = cuda.blockIdx.x * tile, cuda.blockIdx.y * tile
        for matrix in range(cuda.blockIdx.z, count, cuda.gridDim.z):
            total = zero
            for start in range(0, k, tile):
                # Neighbouring threads read neighbouring elements, whichever way the matrix lies.
                r, c = (x, y) if a_transposed else (y, x)
                i, j = top + r, start + c
                value = zero
                if i < m and j < k:
                    value = a[matrix * a_step + (j * m + i if a_transposed else i * k + j)]
                shared[r * pitch + c] = value
                r, c = (x, y) if b_transposed else (y, x)
                i, j = start + r, left + c
                value = zero
                if i < k and j < n:
                    value = b[matrix * b_step + (j * k + i if b_transposed else i * n + j)]
                shared[second + r * pitch + c] = value
                cuda.syncthreads()
                for q in range(tile):
                    total += shared[y * pitch + q] * shared[second + q * pitch + x]
                cuda.syncthreads()
            i, j = top + y, left + x
            if i < m and j < n:
                out[(matrix * m + i) * n + j] = total

    return kernel
