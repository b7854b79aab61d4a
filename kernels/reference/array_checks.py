"""Checks that array kernels make before they touch memory. Holds no state."""

import functools
import os

import numpy as np

from graphflow.framework import errors

_MAX_ELEMENTS = 2**63 - 1


def fail(message):
    """Raises InvalidArgumentError."""
    raise errors.InvalidArgumentError(None, None, message)


def product(dims):
    """Product as a Python int, which cannot overflow."""
    total = 1
    for dim in dims:
        total *= int(dim)
    return total


def debug(shape):
    """A shape as messages write it: [2,3]."""
    return "[" + ",".join(str(int(d)) for d in shape) + "]"


@functools.cache
def _memory():
    if not hasattr(os, "sysconf") or "SC_PHYS_PAGES" not in os.sysconf_names:
        return 2**47
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


def check_size(shape, dtype):
    """The shape as a tuple of ints, once it is known to be valid and to fit in this machine."""
    shape = tuple(int(d) for d in shape)
    for dim in shape:
        if dim < 0:
            fail(f"Dimension {dim} must be >= 0")
    elements = product(shape)
    if elements > _MAX_ELEMENTS:
        fail(f"Shape {debug(shape)} would have more than 2**63 - 1 elements")
    if elements * np.dtype(dtype).itemsize > _memory():
        raise errors.ResourceExhaustedError(
            None,
            None,
            f"OOM when allocating tensor with shape{debug(shape)} and type {np.dtype(dtype).name}",
        )
    return shape


def position(shape, flat):
    """Where the flat position `flat` is in an array of `shape`: "[1,2]", "" for a scalar."""
    return debug(np.unravel_index(flat, shape)) if shape else ""


def skips_empty_rows(ctx):
    """Whether a node's indices may be the smallest integer, for rows to leave alone."""
    return ctx.has_attr("_skips_empty")


def named_rows(indices, updates):
    """`indices` and `updates` without those of empty rows."""
    kept = indices != np.iinfo(indices.dtype).min
    return indices[kept], updates[kept]


def check_range(name, values, limit):
    """Fails at the first of `values` that is not in [0, limit)."""
    bad = (values < 0) | (values >= limit)
    if bad.any():
        first = int(np.flatnonzero(bad.ravel())[0])
        where = position(values.shape, first)
        fail(f"{name}{where} = {int(values.ravel()[first])} is not in [0, {limit})")
