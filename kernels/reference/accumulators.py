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


class DenseAccumulator(_Accumulator):
    """Of dense gradients."""

    def add(self, gradient):
        """Adds one."""
        shape = gradient.shape
        if self.shape is not None and (len(shape) != len(self.shape) or any(
                d is not None and d != s for d, s in zip(self.shape, shape))):
            raise _invalid(f"Shape mismatch: expected {_text(self.shape)}, got {_text(shape)} for gradient")
        if self.total is not None and self.total.shape != gradient.shape:
            raise _invalid(f"Shape mismatch: expected {_text(self.total.shape)}, got {_text(gradient.shape)}")
        self.total = gradient.copy() if self.total is None else self.total + gradient

    def result(self):
        """The sum or mean."""
        return [(self.total / self.dtype(self.count)).astype(self.dtype) if self.mean else self.total]


class SparseAccumulator(_Accumulator):
    """Of gradients of rows: a sum and a count per index. Its shape, if any, is where theirs begin."""

    def add(self, gradient):
        """Adds one: (indices, values, shape or None)."""
        indices, values, shape = gradient
        self._check(indices, values, shape)
        sums = {} if self.total is None else self.total[1]
        for index, row in zip(indices.tolist(), values):
            old, count = sums.get(index, (0, 0))
            sums[index] = old + row, count + 1
        self.total = values.shape[1:], sums

    def _check(self, indices, values, shape):
        if indices.ndim != 1:
            raise _invalid(f"Input indices should be vector but received shape: {_text(indices.shape)}")
        if not values.ndim:
            raise _invalid("Values cannot be 0-dimensional.")
        if len(values) != len(indices):
            raise _invalid(f"Expected {len(indices)} non-empty input values, got {len(values)}")
        own = self.shape or ()
        if shape is not None:
            _check_prefix(own, tuple(shape), "shape", 0)
        for i, index in enumerate(indices.tolist()):
            if index < 0 or (own and own[0] is not None and index >= own[0]):
                limit = f"limits of shape; index is {index} exceeded {own[0]}" if index >= 0 else f"0: it is {index}"
                raise _invalid(f"Shape mismatch: index of slice {i} exceeded {limit}")
        if self.total is None:
            _check_prefix(own, values.shape, "values", 1)
        elif len(self.total[0]) + 1 != values.ndim:
            raise _invalid(f"Shape mismatch: expected values rank {len(self.total[0]) + 1}, got {values.ndim}")
        else:
            _check_prefix((None, *self.total[0]), values.shape, "values", 1)

    def result(self):
        """Indices in order, rows, and the shape (its first size -1 if not known)."""
        row_shape, sums = self.total
        indices = sorted(sums)
        values = np.zeros((len(indices), *row_shape), self.dtype)
        for position, index in enumerate(indices):
            total, count = sums[index]
            values[position] = total / self.dtype(count) if self.mean else total
        rows = self.shape[0] if self.shape and self.shape[0] is not None else -1
        return [np.array(indices, np.int64), values, np.array([rows, *row_shape], np.int64)]


def _check_prefix(expected, given, what, first):
    """Raises InvalidArgumentError unless `given` begins with the sizes `expected`, from the one number `first`."""
    if len(given) < len(expected):
        raise _invalid(f"Shape mismatch: expected {what} rank at least {len(expected)}, got {len(given)}")
    for i, (size, found) in enumerate(zip(expected, given)):
        if i >= first and size not in (None, found):
            raise _invalid(f"Shape mismatch: expected {what} dim {i} to be {size}, got {found}")


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
