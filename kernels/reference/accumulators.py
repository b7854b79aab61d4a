"""Reference kernels of `graphflow/ops/accumulators.py`: gradients summed up until enough of them are there."""

import numpy as np

from graphflow.framework import errors

from ..handles import handle_kernel, resource_of
from ..monitor import Monitor
from ..registry import reference
from ..waiting import WaitingKernel


def _invalid(message):
    return errors.InvalidArgumentError(None, None, message)


class _Accumulator(Monitor):
    """Sums gradients of steps that are not stale. Args: shape: of a gradient, or None. mean: whether it gives
    their mean rather than their sum. State: the global step, the sum, and how many are in it."""

    noun = "accumulator"

    def __init__(self, name, dtype, shape, mean):
        super().__init__(name)
        self.dtype = dtype
        self.shape = shape
        self.mean = mean
        self.step = 0
        self.count = 0
        self.total = None

    def apply(self, local_step, gradient):
        """Adds a gradient, unless its step is over."""
        def add():
            if local_step >= self.step:
                self.add(gradient)
                self.count += 1
                self._failure = None

        self.change(add)

    def take(self, ticket, required):
        """Gives what is accumulated once there are `required` gradients, and goes on to the next step."""
        if required <= 0:
            raise _invalid(f"Argument num_required must be positive, got {required}")

        def go():
            if self.count < required:
                return None
            result = self.result()
            self.total, self.count = None, 0
            self.step += 1
            return result

        self.when(ticket, go, f"{required} gradients")

    def set_step(self, step):
        """Sets the global step."""
        def change():
            self.step = step

        self.change(change)

    def check_shape(self, shape, what="gradient"):
        """Raises InvalidArgumentError if a gradient of this shape does not fit."""
        if self.shape is not None and (len(shape) != len(self.shape) or any(
                d is not None and d != s for d, s in zip(self.shape, shape))):
            raise _invalid(f"Shape mismatch: expected {_text(self.shape)}, got {_text(shape)} for {what}")


class DenseAccumulator(_Accumulator):
    """Of dense gradients."""

    def add(self, gradient):
        """Adds one."""
        self.check_shape(gradient.shape)
        if self.total is not None and self.total.shape != gradient.shape:
            raise _invalid(f"Shape mismatch: expected {_text(self.total.shape)}, got {_text(gradient.shape)}")
        self.total = gradient.copy() if self.total is None else self.total + gradient

    def result(self):
        """The sum or mean."""
        return [(self.total / self.dtype(self.count)).astype(self.dtype) if self.mean else self.total]


class SparseAccumulator(_Accumulator):
    """Of gradients of rows: a sum and a count per index."""

    def add(self, gradient):
        """Adds one: (indices, values, shape or None)."""
        indices, values, shape = gradient
        if indices.ndim != 1 or not values.ndim or len(values) != len(indices) or not len(indices):
            raise _invalid(f"Indices of shape {_text(indices.shape)} and values of shape {_text(values.shape)} are no "
                           "sparse gradient")
        if shape is not None:
            self.check_shape(tuple(shape))
        if self.shape is not None:
            self.check_shape((self.shape[0], *values.shape[1:]), "values")
            limit = self.shape[0]
            if limit is not None and (indices.min() < 0 or indices.max() >= limit):
                raise _invalid(f"Index out of range: {indices.tolist()} in a gradient of {limit} rows")
        total = {} if self.total is None else self.total
        for index, row in zip(indices.tolist(), values):
            if index in total and total[index][0].shape != row.shape:
                raise _invalid(f"Shape mismatch: expected rows {_text(total[index][0].shape)}, got {_text(row.shape)}")
        for index, row in zip(indices.tolist(), values):
            old, count = total.get(index, (0, 0))
            total[index] = old + row, count + 1
        self.total = total

    def result(self):
        """Indices in order, rows, and the shape ([] if not known)."""
        indices = sorted(self.total)
        rows = [self.total[i][0] / self.dtype(self.total[i][1]) if self.mean else self.total[i][0] for i in indices]
        values = np.stack(rows).astype(self.dtype)
        shape = (-1, *values.shape[1:]) if self.shape is None else [-1 if d is None else d for d in self.shape]
        return [np.array(indices, np.int64), values, np.array(shape, np.int64)]


def _text(shape):
    return "[" + ",".join("?" if d is None else str(d) for d in shape) + "]"


def _makes(kind):
    def maker(ctx):
        dtype, shape, reduction = ctx.attr("dtype"), ctx.attr("shape"), ctx.attr("reduction_type")

        def make(name):
            return kind(name, dtype.as_numpy_dtype, shape, reduction == b"MEAN")

        return handle_kernel(ctx, make, {"dtype": dtype.name, "shape": shape, "reduction type": reduction})

    return maker


reference.kernel("ConditionalAccumulator", "ResourceConditionalAccumulator")(_makes(DenseAccumulator))
reference.kernel("SparseConditionalAccumulator")(_makes(SparseAccumulator))


def _found(handle, kind=_Accumulator):
    return resource_of(handle, kind, "accumulator")


def _both(name, run):
    reference.kernel(name, "Resource" + name)(run)


_both("AccumulatorApplyGradient", lambda ctx: lambda handle, step, gradient: _found(handle, DenseAccumulator).apply(
    int(step), np.array(gradient)))
_both("AccumulatorTakeGradient", lambda ctx: WaitingKernel(
    ctx, lambda ticket, handle, required: _found(handle, DenseAccumulator).take(ticket, int(required))))
_both("AccumulatorNumAccumulated", lambda ctx: lambda handle: np.int32(_found(handle).count))
_both("AccumulatorSetGlobalStep", lambda ctx: lambda handle, step: _found(handle).set_step(int(step)))


@reference.kernel("SparseAccumulatorApplyGradient")
def apply_sparse(ctx):
    """Adds a sparse gradient."""
    known = ctx.attr("has_known_shape")

    def run(handle, step, indices, values, shape):
        _found(handle, SparseAccumulator).apply(
            int(step), (np.array(indices), np.array(values), shape.tolist() if known else None))

    return run


@reference.kernel("SparseAccumulatorTakeGradient")
def take_sparse(ctx):
    """Takes the sum or mean of sparse gradients."""
    return WaitingKernel(ctx, lambda ticket, handle, required: _found(handle, SparseAccumulator).take(
        ticket, int(required)))
