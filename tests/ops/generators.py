"""Input generators of sample rows: what kind of numbers, and in what shape.

A generator makes an array for a dtype; equal seeds give equal arrays. Those that `keep` their dtype
(integers for axes, indices, shapes) are not cast to the row's dtype.
"""

import numpy as np

from graphflow.framework import dtypes


class Generator:
    """Makes one input of a sample.

    `draw(rng)` gives float64 numbers. `dtype` is set for inputs that stay as they are made.
    """

    def __init__(self, draw, dtype=None):
        self._draw = draw
        self.dtype = dtype

    @property
    def keep(self):
        """The same input, not cast to the row's dtype."""
        array = np.asarray(self._draw(np.random.default_rng(0)))
        return Generator(self._draw, self.dtype or array.dtype.name)

    @property
    def cast(self):
        """The same input, cast to the row's dtype."""
        return Generator(self._draw)

    def make(self, dtype, seed):
        """The array for a row's dtype (its name) and a seed."""
        rng = np.random.default_rng(seed)
        values = np.asarray(self._draw(rng))
        return cast_to(values, self.dtype or dtype, rng)


def cast_to(values, dtype, rng):
    """Floats as numbers of another dtype, in a way that keeps them varied."""
    target = dtypes.as_dtype(dtype)
    numpy_type = target.as_numpy_dtype
    if values.dtype == object or values.dtype == numpy_type:
        return values
    if target == dtypes.string:
        flat = [str(round(v * 3, 2)).encode() for v in values.ravel().tolist()]
        result = np.empty(len(flat), object)
        result[:] = flat
        return result.reshape(values.shape)
    if values.dtype.kind != "f":
        return values.astype(numpy_type)
    if target == dtypes.bool:
        return values > np.median(values) if values.size else values.astype(bool)
    if target.is_integer:
        whole = np.rint(values * 3)
        return (abs(whole) if target.is_unsigned else whole).astype(numpy_type)
    if target.is_complex:
        imaginary = rng.permutation(values.ravel()).reshape(values.shape)
        return (values + 1j * imaginary).astype(numpy_type)
    return values.astype(numpy_type)


def normal(*shape):
    """Normal numbers; as integers about -9..9."""
    return Generator(lambda rng: rng.standard_normal(shape))


def positive(*shape):
    """Numbers in [0.5, 3); as integers 2..9."""
    return Generator(lambda rng: rng.uniform(0.5, 3, shape))


def unit(*shape):
    """Numbers in [0.1, 0.9); as integers 0..3."""
    return Generator(lambda rng: rng.uniform(0.1, 0.9, shape))


def apart(*shape, gap=0.3):
    """Distinct numbers around zero, `gap` from each other: differences don't meet kinks."""

    def draw(rng):
        count = int(np.prod(shape))
        values = (np.arange(count) - count // 2 + 0.5) * gap
        return rng.permutation(values).reshape(shape)

    return Generator(draw)


def ints(low, high, *shape, dtype="int32"):
    """Integers in [low, high) of their own dtype, not cast."""
    return Generator(lambda rng: rng.integers(low, high, shape), dtype)


def bools(*shape):
    """Booleans, not cast."""
    return Generator(lambda rng: rng.integers(0, 2, shape).astype(bool), "bool")


def fixed(array, dtype=None):
    """A given array. Floats are cast to the row's dtype; integers, booleans and strings stay.

    A Python list of integers is int32, as in TensorFlow.
    """
    values = np.asarray(array)
    if values.dtype.kind in "SU":
        flat = [v if isinstance(v, bytes) else v.encode() for v in values.ravel().tolist()]
        values = np.array([*flat, None], object)[:-1].reshape(values.shape)
    if dtype is None and values.dtype.kind not in "fc":
        python = not isinstance(array, (np.ndarray, np.generic))
        dtype = "int32" if python and values.dtype.kind == "i" else None
        dtype = dtype or dtypes.as_dtype(values.dtype).name
    return Generator(lambda rng: values, dtype)


def as_generator(value):
    """`value` if it is a generator, else `fixed(value)`."""
    return value if isinstance(value, Generator) else fixed(value)
