"""Shape rules shared by many ops, on shapes as plain tuples.

A shape is a tuple of int or None (an unknown size), or None (unknown rank). Rules that serve as an
op's `shape` take a ShapeContext and return the list of output shapes. Holds no state.
"""


def unchanged(c):
    """The output has the shape of the first input."""
    return [c.shape(0)] * c.num_outputs


def scalar(c):
    """Every output is a scalar."""
    return [()] * c.num_outputs


def unknown(c):
    """Nothing is known about the outputs."""
    return [None] * c.num_outputs


def no_outputs(c):
    """For ops without outputs."""
    return []


def broadcast(c):
    """Elementwise over two inputs with NumPy's broadcasting."""
    a, b = c.shapes
    return [a if a == b else broadcast_shapes(a, b)] * c.num_outputs


def reduction(c):
    """Reduction of input 0 over the axes in input 1, with attribute `keep_dims`."""
    shape, axes = c.shape(0), c.value(1)
    keep = c.attr("keep_dims")
    if c.shape(1) is not None and len(c.shape(1)) > 1:
        raise ValueError(f"Shape must be at most rank 1 but is rank {len(c.shape(1))}")
    if shape is None:
        return [None]
    if axes is None:
        return [(None,) * len(shape) if keep else None]
    axes = {normalize_axis(int(axis), len(shape)) for axis in axes.ravel()}
    if keep:
        return [tuple(1 if i in axes else d for i, d in enumerate(shape))]
    return [tuple(d for i, d in enumerate(shape) if i not in axes)]


def normalize_axis(axis, rank, what="axis"):
    """`axis` counted from the front; ValueError unless in [-rank, rank)."""
    if not -rank <= axis < rank:
        if what == "axis":
            raise ValueError(f"Invalid reduction dimension {axis} for input with {rank} dimensions.")
        raise ValueError(f"{what} = {axis} is not in [{-rank}, {rank})")
    return axis % rank if axis < 0 else axis


def broadcast_shapes(a, b):
    """The broadcast of two shapes; ValueError if they don't fit."""
    if a is None or b is None:
        return None
    if len(a) < len(b):
        a, b = b, a
    lead = len(a) - len(b)
    return a[:lead] + tuple(_broadcast_dim(x, y) for x, y in zip(a[lead:], b))


def _broadcast_dim(x, y):
    if x == y or y == 1:
        return x
    if x == 1:
        return y
    if x is None:
        return y
    if y is None:
        return x
    raise ValueError(f"Dimensions must be equal, but are {x} and {y}")


def merge_dim(x, y):
    """The one size that both may be; ValueError if they differ."""
    if x is None or x == y:
        return y
    if y is None:
        return x
    raise ValueError(f"Dimensions must be equal, but are {x} and {y}")


def merge_shapes(a, b, free=None):
    """The one shape that both may be; ValueError if they differ, but in the dimension `free`."""
    if a is None:
        return b
    if b is None or a == b:
        return a
    if len(a) != len(b):
        raise ValueError(f"Shapes must be equal rank, but are {len(a)} and {len(b)}")
    for i, (x, y) in enumerate(zip(a, b)):
        if i != free and None not in (x, y) and x != y:
            raise ValueError(f"Dimension {i} in both shapes must be equal, but are {x} and {y}. Shapes are "
                             f"{format_shape(a)} and {format_shape(b)}.")
    return tuple(y if x is None else x for x, y in zip(a, b))


def with_rank(shape, rank):
    """`shape` if it may have `rank` dimensions (made of unknowns if it is unknown)."""
    if shape is None:
        return (None,) * rank
    if len(shape) != rank:
        raise ValueError(f"Shape must be rank {rank} but is rank {len(shape)}")
    return shape


def with_rank_at_least(shape, rank):
    """`shape`, unless it is known to have fewer than `rank` dimensions."""
    if shape is not None and len(shape) < rank:
        raise ValueError(f"Shape must be at least rank {rank} but is rank {len(shape)}")
    return shape


def with_rank_at_most(shape, rank):
    """`shape`, unless it is known to have more than `rank` dimensions."""
    if shape is not None and len(shape) > rank:
        raise ValueError(f"Shape must be at most rank {rank} but is rank {len(shape)}")
    return shape


def compatible(a, b):
    """Whether two shapes may be the same."""
    if a is None or b is None:
        return True
    return len(a) == len(b) and all(x == y or x is None or y is None for x, y in zip(a, b))


def is_full(shape):
    """Whether rank and all sizes are known."""
    return shape is not None and None not in shape


def size(shape):
    """Number of elements, or None."""
    if not is_full(shape):
        return None
    total = 1
    for dim in shape:
        total *= dim
    return total


def format_shape(shape):
    """A shape as TensorFlow's messages write it: `[?,10]`, `<unknown>`."""
    if shape is None:
        return "<unknown>"
    return "[" + ",".join("?" if d is None else str(d) for d in shape) + "]"
