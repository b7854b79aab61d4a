"""The arithmetic of strided slices: sparse specifications, masks, and the ranges they mean.

Shape functions and kernels share it, so that both agree to the last corner case. Holds no state.
"""


class Dim:
    """What a slice does to one dimension of its input.

    Attributes: begin, length and stride of the range taken (length None while unknown); shrink: the
    dimension disappears (an integer index).
    """

    __slots__ = ("begin", "length", "stride", "shrink")

    def __init__(self, begin, length, stride, shrink):
        self.begin = begin
        self.length = length
        self.stride = stride
        self.shrink = shrink

    @property
    def slice(self):
        """The Python slice that takes this range."""
        if self.length == 0:
            return slice(0, 0)
        end = self.begin + self.stride * self.length
        return slice(self.begin, None if end < 0 else end, self.stride)


class Spec:
    """A slice resolved against a shape.

    Attributes: dims, one Dim per input dimension; final, the output's dimensions in order:
    positions in `dims`, or None for a new axis.
    """

    __slots__ = ("dims", "final")

    def __init__(self, dims, final):
        self.dims = dims
        self.final = final

    @property
    def taken_shape(self):
        """Shape before indexed dimensions are dropped and new axes are added."""
        return tuple(d.length for d in self.dims)

    @property
    def output_shape(self):
        """Shape of the result; None where unknown."""
        return tuple(1 if i is None else self.dims[i].length for i in self.final)

    @property
    def slices(self):
        """One Python slice per input dimension."""
        return tuple(d.slice for d in self.dims)


def resolve(shape, begin, end, strides, attrs, count):
    """The Spec of a slice of a tensor of `shape`.

    Args:
      shape: tuple of int or None. begin, end, strides: sequences of ints, or None where unknown.
      attrs: mapping with the five mask attributes. count: number of entries in the specification.
    Raises ValueError in TensorFlow's wording.
    """
    begin_mask, end_mask = attrs["begin_mask"], attrs["end_mask"]
    dims, final = [], []
    for entry in entries(attrs, count, len(shape)):
        if entry is None:
            final.append(None)
            continue
        i = len(dims)
        if i >= len(shape):
            raise ValueError(
                f"Index out of range using input dim {i}; input has only {len(shape)} dims"
            )
        if entry == "whole":
            dims.append(Dim(0, shape[i], 1, False))
        else:
            bit = 1 << entry
            first = 0 if begin_mask & bit else None if begin is None else int(begin[entry])
            last = 0 if end_mask & bit else None if end is None else int(end[entry])
            stride = None if strides is None else int(strides[entry])
            dims.append(
                _resolve_dim(
                    i,
                    shape[i],
                    (first, bool(begin_mask & bit)),
                    (last, bool(end_mask & bit)),
                    stride,
                    bool(attrs["shrink_axis_mask"] & bit),
                )
            )
        if not dims[-1].shrink:
            final.append(i)
    return Spec(dims, final)


def entries(attrs, count, rank):
    """What a specification of `count` entries says of each dimension: the number of its entry, or "whole", in order;
    None for a new axis.
    """
    ellipsis_mask, new_axis_mask = attrs["ellipsis_mask"], attrs["new_axis_mask"]
    if ellipsis_mask & (ellipsis_mask - 1):
        raise ValueError("Multiple ellipses in slice spec not allowed")
    found, at = [], None
    for i in range(count):
        if ellipsis_mask >> i & 1:
            at = len(found)
        else:
            found.append(None if new_axis_mask >> i & 1 else i)
    used = sum(entry is not None for entry in found)
    at = len(found) if at is None else at
    return found[:at] + ["whole"] * (rank - used) + found[at:]


def _resolve_dim(i, size, begin, end, stride, shrink):
    if stride == 0:
        raise ValueError(f"strides[{i}] must be non-zero")
    if shrink and stride is not None and stride <= 0:
        raise ValueError("only stride 1 allowed on non-range indexing.")
    (first, first_open), (last, last_open) = begin, end
    if shrink:
        return _single(i, size, first)
    if size is None or None in (first, last, stride):
        return Dim(None, None, stride, False)
    low, high = (0, size) if stride > 0 else (-1, size - 1)

    def canonical(value, is_open, default):
        return default if is_open else max(low, min(high, value + size if value < 0 else value))

    start = canonical(first, first_open, low if stride > 0 else high)
    stop = canonical(last, last_open, high if stride > 0 else low)
    length = max(0, -((start - stop) // stride) if stride > 0 else -((stop - start) // -stride))
    return Dim(start, length, stride, False)


def _single(i, size, index):
    if size is None or index is None:
        return Dim(None, 1, 1, True)
    if not -size <= index < size:
        raise ValueError(f"slice index {index} of dimension {i} out of bounds.")
    return Dim(index + size if index < 0 else index, 1, 1, True)
