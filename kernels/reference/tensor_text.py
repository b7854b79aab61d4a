"""Tensors as text, in the two ways of TensorFlow. Holds no state and registers no kernels.

`summarize` (Print, Assert) shows the first entries, `summarize_ends` (tf.print, tf.strings.format) the
first and last ones of each dimension.
"""

import numpy as np


def element(value, quoted):
    """One entry. Strings are escaped; floats have as many digits as tell them apart."""
    if isinstance(value, bytes):
        text = _escaped(value)
        return f'"{text}"' if quoted else text
    if isinstance(value, (bool, np.bool_)):
        return str(int(value))
    dtype = np.asarray(value).dtype
    if dtype.kind in "iu":
        return str(int(value))
    if dtype.kind == "c":
        return "?"
    short, long = (15, 17) if dtype == np.float64 else (6, 9)
    number = float(value)
    text = f"{number:.{short}g}"
    same = float(text) == number if dtype == np.float64 else np.float32(text) == np.float32(number)
    return text if same or np.isnan(number) else f"{number:.{long}g}"


_ESCAPES = {9: "\\t", 10: "\\n", 13: "\\r", 34: '\\"', 39: "\\'", 92: "\\\\"}


def _escaped(value):
    return "".join(_ESCAPES.get(b) or (chr(b) if 32 <= b < 127 else f"\\{b:03o}") for b in value)


def summarize(array, entries):
    """The first `entries` entries (-1: all), inner dimensions in brackets."""
    array = np.asarray(array)
    limit = array.size if entries < 0 else min(entries, array.size)
    flat = array.ravel()
    cut = "..." if array.size > limit else ""
    if array.ndim == 0 or array.dtype.kind == "c":
        return " ".join(element(v, False) for v in flat[:limit]) + cut
    written = 0

    def inner(shape, depth):
        nonlocal written
        if written >= limit:
            return ""
        if len(shape) == 1:
            shown = [element(v, False) for v in flat[written:min(written + shape[0], limit)]]
            written += len(shown)
            return " ".join(shown) + ("..." if depth and len(shown) < shape[0] else "")
        parts = []
        for _ in range(shape[0]):
            if written < limit:
                parts.append("[" + inner(shape[1:], depth + 1) + "]")
        return "".join(parts)

    return inner(array.shape, 0) + cut


def summarize_ends(array, entries):
    """All dimensions with their first and last `entries` entries (-1: all)."""
    array = np.asarray(array)
    if array.ndim == 0 and array.dtype == object:
        return f'"{_escaped(array[()])}"'
    count = max(array.shape, default=1) if entries < 0 else entries

    def spacing(dim):
        left = array.ndim - dim - 1
        return " " if not left else "\n" * left + " " * (dim + 1)

    def inner(part, dim):
        if dim == array.ndim:
            return element(part, True)
        size = part.shape[0]
        shown = [inner(part[i], dim + 1) for i in range(min(count, size))]
        if size > 2 * count:
            shown.append("...")
        shown += [inner(part[i], dim + 1) for i in range(max(count, size - count), size)]
        return "[" + spacing(dim).join(shown) + "]"

    return inner(array, 0)
