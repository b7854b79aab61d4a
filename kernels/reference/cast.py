"""Reference kernels of `graphflow/ops/cast.py`.

Floating-point numbers that an integer type cannot hold become what TensorFlow gives on x86-64, on
every machine: the conversion goes through int32 or int64, whose smallest number stands for what
they cannot hold, and keeps the low bits.
"""

import numpy as np

from graphflow.framework import errors

from ..registry import reference


def _to_signed(x, dtype):
    """`x` cut towards zero; the smallest number of `dtype` where that does not fit."""
    limit = -float(np.iinfo(dtype).min)
    fits = (x > -limit - 1) & (x < limit) if dtype is np.int32 else (x >= -limit) & (x < limit)
    return np.where(fits, np.where(fits, x, 0).astype(dtype), np.iinfo(dtype).min)


def _to_uint64(x):
    """What compilers make of the conversion, having only a signed one."""
    below = _to_signed(x, np.int64)
    above = _to_signed(x - 2.0**63, np.int64)
    return (below | (above & (below >> 63))).astype(np.uint64)


def float_to_integer(x, dtype):
    """Floating-point numbers as integers of `dtype`."""
    x = x.astype(np.float64)
    if dtype is np.uint64:
        return _to_uint64(x)
    if dtype in (np.int64, np.uint32):
        return _to_signed(x, np.int64).astype(dtype)
    return _to_signed(x, np.int32).astype(dtype)


def _towards_zero(x, narrow):
    """`narrow`, which is `x` rounded to fewer bits, corrected to be no larger than `x`."""
    outside = np.isfinite(narrow) & (np.abs(narrow.astype(x.dtype)) > np.abs(x))
    return np.where(outside, np.nextafter(narrow, np.zeros((), narrow.dtype)), narrow)


def _unsupported(source, target):
    return errors.UnimplementedError(
        None, None, f"Cast {source.name} to {target.name} is not supported"
    )


@reference.kernel("Cast")
def cast(ctx):
    """Conversion of every element."""
    source, target = ctx.input_dtypes[0], ctx.output_dtypes[0]
    dtype = target.as_numpy_dtype
    if source is not target and not all(
            d.is_floating or d.is_integer or d.is_complex or d.is_bool for d in (source, target)):
        raise _unsupported(source, target)
    truncate = ctx.attr("Truncate") and source.is_floating and target.is_floating

    def run(x):
        with np.errstate(all="ignore"):
            if source.is_complex and not target.is_complex:
                x = x.real
            if x.dtype == dtype:
                return x
            if target.is_integer and (source.is_floating or source.is_complex):
                return float_to_integer(x, dtype)
            result = x.astype(dtype)
            return _towards_zero(x, result).astype(dtype) if truncate else result

    return run


@reference.kernel("Bitcast")
def bitcast(ctx):
    """The same bytes, seen as another type."""
    source, target = (
        np.dtype(d.as_numpy_dtype) for d in (ctx.input_dtypes[0], ctx.output_dtypes[0])
    )

    def run(x):
        if source.itemsize > target.itemsize:
            shape = (*x.shape, source.itemsize // target.itemsize)
        elif source.itemsize < target.itemsize:
            ratio = target.itemsize // source.itemsize
            if not x.shape or x.shape[-1] != ratio:
                raise errors.InvalidArgumentError(
                    None,
                    None,
                    f"Cannot bitcast from {ctx.input_dtypes[0].name} to "
                    f"{ctx.output_dtypes[0].name}: the last dimension must be {ratio}, "
                    f"shape is {list(x.shape)}",
                )
            shape = x.shape[:-1]
        else:
            shape = x.shape
        return np.frombuffer(np.ascontiguousarray(x).tobytes(), target).reshape(shape)

    return run
