"""`tf.Dimension`: one size of a static shape, known or not. Shapes are in `tensor_shape.py`.

Holds no state.
"""

from graphflow.framework import dtypes
from graphflow.framework.api import tf_export


def dim_value(value):
    """int or None of what a user may write for a dimension; TypeError or ValueError for anything else."""
    if value is None or (value.__class__ is int and value >= 0):
        return value
    if value.__class__ is Dimension:
        return value.value
    if isinstance(value, dtypes.DType):
        raise TypeError(f"Cannot convert {value} to Dimension")
    size = int(value)
    if size != value and not isinstance(value, (str, bytes)):
        raise ValueError(f"Ambiguous dimension: {value}")
    if size < 0:
        raise ValueError(f"Dimension {size} must be >= 0")
    return size


def _arithmetic(compute):
    """A binary operator of Dimension; unknown in, unknown out."""

    def operate(self, other):
        try:
            other = dim_value(other)
        except (TypeError, ValueError):
            return NotImplemented
        if self.value is None or other is None:
            return Dimension(None)
        return Dimension(compute(self.value, other))

    return operate


def _comparison(compare):
    """A comparison of Dimension; None (neither true nor false) if one of the two is unknown."""

    def operate(self, other):
        try:
            other = dim_value(other)
        except (TypeError, ValueError):
            return NotImplemented
        if self.value is None or other is None:
            return None
        return compare(self.value, other)

    return operate


def _no_division(self, other):
    raise TypeError(
        f"unsupported operand type(s) for /: 'Dimension' and '{type(other).__name__}', "
        "please use // instead"
    )


def _no_right_division(self, other):
    raise TypeError(
        f"unsupported operand type(s) for /: '{type(other).__name__}' and 'Dimension', "
        "please use // instead"
    )


@tf_export("Dimension")
class Dimension:
    """One dimension of a TensorShape: a size, or unknown (`Dimension(None)`).

    Arithmetic with ints and Dimensions gives Dimensions; comparisons with an unknown one give
    None. Raises ValueError for negative and fractional sizes.
    """

    __slots__ = ("value",)

    def __init__(self, value):
        self.value = dim_value(value)

    __add__ = __radd__ = _arithmetic(lambda a, b: a + b)
    __mul__ = __rmul__ = _arithmetic(lambda a, b: a * b)
    __sub__ = _arithmetic(lambda a, b: a - b)
    __rsub__ = _arithmetic(lambda a, b: b - a)
    __floordiv__ = _arithmetic(lambda a, b: a // b)
    __rfloordiv__ = _arithmetic(lambda a, b: b // a)
    __mod__ = _arithmetic(lambda a, b: a % b)
    __rmod__ = _arithmetic(lambda a, b: b % a)
    __truediv__, __rtruediv__ = _no_division, _no_right_division
    __eq__ = _comparison(lambda a, b: a == b)
    __ne__ = _comparison(lambda a, b: a != b)
    __lt__ = _comparison(lambda a, b: a < b)
    __le__ = _comparison(lambda a, b: a <= b)
    __gt__ = _comparison(lambda a, b: a > b)
    __ge__ = _comparison(lambda a, b: a >= b)

    def __hash__(self):
        return hash(self.value)

    def __int__(self):
        return self.value

    __index__ = __int__

    def __repr__(self):
        return f"Dimension({self.value!r})"

    def __str__(self):
        return "?" if self.value is None else str(self.value)

    def __reduce__(self):
        return Dimension, (self.value,)

    def is_compatible_with(self, other):
        """True if both can be the same size: they are equal, or one is unknown."""
        other = dim_value(other)
        return self.value is None or other is None or self.value == other

    def assert_is_compatible_with(self, other):
        """Raises ValueError unless `is_compatible_with(other)`."""
        if not self.is_compatible_with(other):
            raise ValueError(f"Dimensions {self} and {as_dimension(other)} are not compatible")

    def merge_with(self, other):
        """The Dimension that both are; ValueError if they are known and differ."""
        self.assert_is_compatible_with(other)
        return Dimension(other if self.value is None else self.value)


def as_dimension(value):
    """`value` itself if it is a Dimension, else `Dimension(value)`."""
    return value if isinstance(value, Dimension) else Dimension(value)


@tf_export("dimension_value", "compat.dimension_value")
def dimension_value(dimension):
    """The int or None of a Dimension; other values are returned as they are."""
    return dimension.value if isinstance(dimension, Dimension) else dimension


@tf_export("dimension_at_index", "compat.dimension_at_index")
def dimension_at_index(shape, index):
    """The Dimension `shape[index]`, unknown if the rank of the TensorShape is."""
    return Dimension(None if shape.rank is None else shape.as_tuple()[index])
