"""Static shapes as the user sees them: `tf.TensorShape`.

Inside the framework a shape is a tuple of int or None (None for an unknown rank); TensorShape
wraps such a tuple (`from_tuple`, `as_tuple`) and makes Dimension objects when they are asked for.
State: the switch of `tf.enable_v2_tensorshape`. Shape inference itself is in `shapes.py`.
"""

import math

from graphflow.framework.api import tf_export
from graphflow.framework.dimension import (  # noqa: F401 - TensorFlow has all of these here
    Dimension,
    as_dimension,
    dim_value,
    dimension_at_index,
    dimension_value,
)

_v2_behavior = False


@tf_export("enable_v2_tensorshape")
def enable_v2_tensorshape():
    """Makes indexing and iterating a TensorShape give int or None instead of Dimension."""
    global _v2_behavior
    _v2_behavior = True


@tf_export("disable_v2_tensorshape")
def disable_v2_tensorshape():
    """Makes indexing and iterating a TensorShape give Dimension objects (the default)."""
    global _v2_behavior
    _v2_behavior = False


def _dims_tuple(dims):
    """The tuple of int or None (None: unknown rank) for anything `TensorShape()` takes."""
    if dims is None:
        return None
    if isinstance(dims, TensorShape):
        return dims.as_tuple()
    if isinstance(dims, (str, bytes)):
        raise TypeError(
            "A string has ambiguous TensorShape, please wrap in a list or convert to an int: "
            f"{dims}"
        )
    if hasattr(dims, "unknown_rank"):  # a TensorShapeProto
        if dims.unknown_rank:
            return None
        return tuple(None if dim.size == -1 else dim_value(dim.size) for dim in dims.dim)
    try:
        items = iter(dims)
    except TypeError:
        return (dim_value(dims),)
    return tuple([dim_value(dim) for dim in items])


@tf_export("TensorShape")
class TensorShape:
    """The static shape of a tensor: fully known, partly known, or of unknown rank.

    `TensorShape([None, 256])` has an unknown first dimension, `TensorShape(None)` an unknown rank.
    Raises TypeError or ValueError for what is no shape.

        s = tf.TensorShape([None, 10])
        s.as_list(), s.ndims, str(s)  # [None, 10], 2, "(?, 10)"
        s.merge_with([32, None])      # TensorShape([Dimension(32), Dimension(10)])
    """

    __slots__ = ("_dims",)

    def __init__(self, dims):
        self._dims = _dims_tuple(dims)

    @classmethod
    def from_tuple(cls, dims):
        """Wraps a tuple of int or None (or None) without checking or copying it."""
        shape = object.__new__(cls)
        shape._dims = dims
        return shape

    def as_tuple(self):
        """The tuple of int or None that this shape wraps; None if the rank is unknown."""
        return self._dims

    @property
    def rank(self):
        """The number of dimensions, or None if it is unknown."""
        return None if self._dims is None else len(self._dims)

    ndims = rank

    @property
    def dims(self):
        """A list of Dimension, or None if the rank is unknown."""
        return None if self._dims is None else [Dimension(dim) for dim in self._dims]

    def as_list(self):
        """A list of int or None; ValueError if the rank is unknown."""
        if self._dims is None:
            raise ValueError("as_list() is not defined on an unknown TensorShape.")
        return list(self._dims)

    def num_elements(self):
        """The number of elements, or None unless the shape is fully defined."""
        return math.prod(self._dims) if self.is_fully_defined() else None

    def is_fully_defined(self):
        """True if the rank and every dimension are known."""
        return self._dims is not None and None not in self._dims

    def is_compatible_with(self, other):
        """True if some fully defined shape is an instance of both."""
        other = as_shape(other)._dims
        if self._dims is None or other is None:
            return True
        return len(self._dims) == len(other) and all(
            a is None or b is None or a == b for a, b in zip(self._dims, other)
        )

    def merge_with(self, other):
        """The shape with what both know; ValueError if they are not compatible."""
        other = as_shape(other)
        if not self.is_compatible_with(other):
            raise ValueError(f"Shapes {self} and {other} are not compatible")
        if self._dims is None:
            return other
        if other._dims is None:
            return TensorShape.from_tuple(self._dims)
        merged = tuple([b if a is None else a for a, b in zip(self._dims, other._dims)])
        return TensorShape.from_tuple(merged)

    def most_specific_compatible_shape(self, other):
        """The most detailed shape of which both are instances."""
        other = as_shape(other)
        if self.rank is None or self.rank != other.rank:
            return unknown_shape()
        common = tuple([a if a == b else None for a, b in zip(self._dims, other._dims)])
        return TensorShape.from_tuple(common)

    def concatenate(self, other):
        """This shape's dimensions followed by the other's; unknown if one of the two is."""
        other = as_shape(other)
        if self._dims is None or other._dims is None:
            return unknown_shape()
        return TensorShape.from_tuple(self._dims + other._dims)

    def __add__(self, other):
        return self.concatenate(other)

    def __radd__(self, other):
        return as_shape(other).concatenate(self)

    def with_rank(self, rank):
        """This shape, which must have the rank; an unknown one becomes `[None] * rank`."""
        self.assert_has_rank(rank)
        return unknown_shape(rank) if self._dims is None else self.merge_with(None)

    def with_rank_at_least(self, rank):
        """This shape; ValueError if it is known to have fewer than `rank` dimensions."""
        if self._dims is not None and len(self._dims) < rank:
            raise ValueError(f"Shape {self} must have rank at least {rank}")
        return self

    def with_rank_at_most(self, rank):
        """This shape; ValueError if it is known to have more than `rank` dimensions."""
        if self._dims is not None and len(self._dims) > rank:
            raise ValueError(f"Shape {self} must have rank at most {rank}")
        return self

    def assert_has_rank(self, rank):
        """Raises ValueError if the rank is known and is not `rank`."""
        if self.rank not in (None, rank):
            raise ValueError(f"Shape {self} must have rank {rank}")

    def assert_same_rank(self, other):
        """Raises ValueError if both ranks are known and differ."""
        other = as_shape(other)
        if None not in (self.rank, other.rank) and self.rank != other.rank:
            raise ValueError(f"Shapes {self} and {other} must have the same rank")

    def assert_is_compatible_with(self, other):
        """Raises ValueError unless `is_compatible_with(other)`."""
        if not self.is_compatible_with(other):
            raise ValueError(f"Shapes {self} and {as_shape(other)} are incompatible")

    def assert_is_fully_defined(self):
        """Raises ValueError unless `is_fully_defined()`."""
        if not self.is_fully_defined():
            raise ValueError(f"Shape {self} is not fully defined")

    def as_proto(self):
        """This shape as a TensorShapeProto."""
        from graphflow.protobuf import TensorShapeProto

        if self._dims is None:
            return TensorShapeProto(unknown_rank=True)
        sizes = [-1 if dim is None else dim for dim in self._dims]
        return TensorShapeProto(dim=[TensorShapeProto.Dim(size=size) for size in sizes])

    def __len__(self):
        if self._dims is None:
            raise ValueError("Cannot take the length of shape with unknown rank.")
        return len(self._dims)

    def __bool__(self):
        return self._dims is not None

    def __iter__(self):
        if self._dims is None:
            raise ValueError("Cannot iterate over a shape with unknown rank.")
        return iter(self._dims if _v2_behavior else self.dims)

    def __getitem__(self, key):
        if isinstance(key, slice):
            if self._dims is None:
                return _slice_of_unknown(key)
            return TensorShape.from_tuple(self._dims[key])
        dim = None if self._dims is None else self._dims[key]
        return dim if _v2_behavior else Dimension(dim)

    def __eq__(self, other):
        try:
            other = _dims_tuple(other)
        except TypeError:
            return NotImplemented
        if self._dims is other:
            return True
        # As with Dimension, an unknown size equals nothing, not even another unknown one.
        return self._dims == other and self.is_fully_defined()

    def __ne__(self, other):
        try:
            other = as_shape(other)
        except TypeError:
            return NotImplemented
        if self._dims is None or other._dims is None:
            raise ValueError("The inequality of unknown TensorShapes is undefined.")
        return not self == other

    def __hash__(self):
        return hash(self._dims)

    def __repr__(self):
        if _v2_behavior:
            return f"TensorShape({None if self._dims is None else self.as_list()})"
        return f"TensorShape({self.dims})"

    def __str__(self):
        if self._dims is None:
            return "<unknown>"
        unknown = "None" if _v2_behavior else "?"
        items = [unknown if dim is None else str(dim) for dim in self._dims]
        return f"({items[0]},)" if len(items) == 1 else f"({', '.join(items)})"

    def __copy__(self):
        return TensorShape.from_tuple(self._dims)

    def __reduce__(self):
        return TensorShape, (self.dims,)


def _slice_of_unknown(key):
    """The shape of a slice of a shape of unknown rank: of known rank if both ends are counted."""
    if key.step is not None:
        raise ValueError("Steps are not yet handled")
    start = key.start or 0
    if key.stop is None or start < 0 or key.stop < 0:
        return unknown_shape()
    return unknown_shape(rank=key.stop - start)


def as_shape(shape):
    """`shape` itself if it is a TensorShape, else `TensorShape(shape)`."""
    return shape if isinstance(shape, TensorShape) else TensorShape(shape)


def unknown_shape(rank=None, ndims=None):
    """A shape of unknown rank, or of `rank` (older name: `ndims`) unknown dimensions."""
    rank = ndims if rank is None else rank
    return TensorShape.from_tuple(None if rank is None else (None,) * rank)


def scalar():
    """The shape of a scalar, `TensorShape([])`."""
    return TensorShape.from_tuple(())


def vector(length):
    """The shape of a vector, `TensorShape([length])`."""
    return TensorShape([length])


def matrix(rows, cols):
    """The shape of a matrix, `TensorShape([rows, cols])`."""
    return TensorShape([rows, cols])
