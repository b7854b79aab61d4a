"""Reference kernels of `graphflow/ops/matmul.py`. half and bfloat16 are multiplied in float32."""

import numpy as np

from graphflow.framework import errors

from ..registry import reference
from .elementwise import check_broadcast, shape_text


def _misfit(a, b):
    return errors.InvalidArgumentError(
        None,
        None,
        f"Matrix size-incompatible: In[0]: {shape_text(a.shape)}, In[1]: {shape_text(b.shape)}",
    )


def _wide(x):
    narrow = x.dtype.itemsize == 2 and x.dtype.kind not in "iu"
    return x.astype(np.float32) if narrow else x


def product(a, b, dtype):
    """The matrix product of two stacks of matrices, as `dtype`."""
    with np.errstate(all="ignore"):
        return np.asarray(np.matmul(_wide(a), _wide(b)), dtype)


@reference.kernel("MatMul", "SparseMatMul")
def matmul(ctx):
    """Product of two matrices, either of them transposed."""
    ta, tb = ctx.attr("transpose_a"), ctx.attr("transpose_b")
    dtype = ctx.output_dtypes[0].as_numpy_dtype

    def run(a, b):
        if a.ndim != 2 or b.ndim != 2:
            raise errors.InvalidArgumentError(
                None, None, f"In[{int(a.ndim == 2)}] is not a matrix")
        left, right = (a.T if ta else a), (b.T if tb else b)
        if left.shape[1] != right.shape[0]:
            raise _misfit(a, b)
        return product(left, right, dtype)

    return run


@reference.kernel("AddProduct")
def add_product(ctx):
    """A product added to what there is (`graphflow/compiler/accumulate.py`)."""
    multiply = matmul(ctx)

    def run(total, a, b):
        return total + multiply(a, b)

    return run


@reference.kernel("BatchMatMul", "BatchMatMulV2")
def batch_matmul(ctx):
    """Products of stacks of matrices, either of them transposed and conjugated."""
    adj_x, adj_y = ctx.attr("adj_x"), ctx.attr("adj_y")
    broadcast = ctx.op_type == "BatchMatMulV2"
    dtype = ctx.output_dtypes[0].as_numpy_dtype

    def adjoint(x):
        return np.conj(np.swapaxes(x, -1, -2))

    def run(x, y):
        for index, value in enumerate((x, y)):
            if value.ndim < 2:
                raise errors.InvalidArgumentError(
                    None, None, f"In[{index}] ndims must be >= 2: {value.ndim}")
        left, right = (adjoint(x) if adj_x else x), (adjoint(y) if adj_y else y)
        if left.shape[-1] != right.shape[-2]:
            raise _misfit(x, y)
        if broadcast:
            check_broadcast(x.shape[:-2], y.shape[:-2])
        elif x.shape[:-2] != y.shape[:-2]:
            raise _misfit(x, y)
        return product(left, right, dtype)

    return run
