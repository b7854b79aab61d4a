"""Slices of tensors as checkpoints name them: "4 6 0,2:-" and the binary keys of their entries.

A slice is a tuple with a pair (start, length) per dimension; FULL as length means the whole
dimension. Holds no state.
"""

from graphflow.framework import errors

FULL = -1


def parse_shape_and_slice(spec):
    """Parses SaveV2's and RestoreV2's "shape slice", as in "4 6 0,2:-".

    Returns (shape, slice): ((4, 6), ((0, 2), (0, FULL))). Raises InvalidArgumentError if `spec` is
    malformed or the slice does not lie in the shape.
    """
    *sizes, extents = spec.split(" ")
    try:
        shape = tuple(int(size) for size in sizes)
        parts = tuple(_parse_extent(part) for part in extents.split(":")) if extents else ()
    except ValueError:
        shape, parts = (), (None,)
    if len(shape) != len(parts) or any(size < 0 for size in shape):
        raise errors.InvalidArgumentError(
            None, None, f"Expected 'dim dim... start,length:-:...' as shape and slice, got '{spec}'"
        )
    bounds(parts, shape)
    return shape, parts


def _parse_extent(text):
    if text == "-":
        return 0, FULL
    start, length = text.split(",")
    start, length = int(start), int(length)
    if start < 0 or length < 0:
        raise ValueError(text)
    return start, length


def bounds(extents, shape):
    """Returns [(start, stop), ...] of a slice in `shape`; InvalidArgumentError if outside."""
    if len(extents) != len(shape):
        raise errors.InvalidArgumentError(
            None, None, f"a slice of {len(extents)} dimensions does not fit the shape {shape}"
        )
    result = []
    for (start, length), size in zip(extents, shape, strict=True):
        stop = size if length == FULL else start + length
        if not 0 <= start <= stop <= size:
            raise errors.InvalidArgumentError(
                None, None, f"Extent {start},{length} is out of bounds: the dimension has {size}"
            )
        result.append((start, stop))
    return result


def is_full(extents, shape):
    """True if the slice is all of a tensor of `shape`."""
    return all(pair == (0, size) for pair, size in zip(bounds(extents, shape), shape, strict=True))


def encode_slice_key(name, extents):
    """Returns the key under which a bundle keeps a slice of the tensor `name` (bytes).

    The encoding preserves order: keys compare as the tuples (0, name, rank, start, length...).
    """
    # Two bytes are escaped so that the terminator sorts below every continuation.
    escapes = {0x00: b"\0\xff", 0xFF: b"\xff\0"}
    escaped = b"".join(escapes.get(byte, bytes([byte])) for byte in name)
    key = bytearray(_unsigned(0) + escaped + b"\0\1" + _unsigned(len(extents)))
    for start, length in extents:
        key += _signed(start) + _signed(length)
    return bytes(key)


def _unsigned(value):
    """A byte that counts the bytes that follow, then the value's bytes, highest first."""
    size = (value.bit_length() + 7) // 8
    return bytes([size]) + value.to_bytes(size, "big")


def _signed(value):
    """Seven bits a byte, highest first; the leading ones of the whole give its length.

    Negative values are the complement of the code of their complement.
    """
    positive = ~value if value < 0 else value
    size = positive.bit_length() // 7 + 1
    code = ((1 << size) - 1) << (7 * size) ^ positive
    if value < 0:
        code ^= (1 << (8 * size)) - 1
    return code.to_bytes(size, "big")
