"""Reference kernels of `graphflow/ops/linalg.py`."""

import numpy as np

from ..registry import reference


@reference.kernel("Qr")
def qr(ctx):
    """Reduced or full QR decomposition of each matrix."""
    mode = "complete" if ctx.attr("full_matrices") else "reduced"

    def run(matrix):
        if not matrix.size:
            rows, columns = matrix.shape[-2:]
            inner = rows if mode == "complete" else min(rows, columns)
            q = np.broadcast_to(np.eye(rows, inner, dtype=matrix.dtype), (*matrix.shape[:-1], inner))
            return q.copy(), np.zeros((*matrix.shape[:-2], inner, columns), matrix.dtype)
        # NumPy has no decomposition in half precision.
        q, r = np.linalg.qr(matrix.astype(np.float32) if matrix.dtype == np.float16 else matrix, mode)
        return q.astype(matrix.dtype), r.astype(matrix.dtype)

    return run
