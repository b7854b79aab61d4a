"""Reference kernels of `graphflow/ops/string_ops.py`. Strings are object arrays of bytes."""

import base64
import binascii
import re

import numpy as np

from ..registry import reference
from .array_checks import debug, fail
from .string_hash import farm64, murmur64, sip64


def mapped(array, function, dtype=object):
    """`function` of each element, in the same shape."""
    result = np.empty(array.shape, dtype)
    flat = result.reshape(-1)
    for i, value in enumerate(array.reshape(-1)):
        flat[i] = function(value)
    return result


def _text(value):
    """Bytes as text; what is not UTF-8 survives the way back."""
    return value.decode("utf-8", "surrogateescape")


def _bytes(value):
    return value.encode("utf-8", "surrogateescape")


# ---------------------------------------------------------------- splitting and joining

def _sparse(parts):
    """Rows of parts as indices, values and shape of a sparse matrix."""
    indices = [(i, j) for i, row in enumerate(parts) for j in range(len(row))]
    values = np.empty(len(indices), object)
    values[:] = [part for row in parts for part in row]
    widest = max(map(len, parts), default=0)
    return np.array(indices, np.int64).reshape(-1, 2), values, np.array([len(parts), widest], np.int64)


@reference.kernel("StringSplit")
def split(ctx):
    """At each of the characters of the delimiter; into bytes if there is none."""
    skip_empty = ctx.attr("skip_empty")

    def run(text, delimiter):
        if text.ndim != 1:
            fail(f"input must be a vector, got shape: {debug(text.shape)}")
        if delimiter.ndim:
            fail(f"delimiter must be a scalar, got shape: {debug(delimiter.shape)}")
        marks = delimiter.item()
        if not marks:
            return _sparse([[value[i:i + 1] for i in range(len(value))] for value in text])
        pattern = re.compile(b"[" + b"".join(re.escape(marks[i:i + 1]) for i in range(len(marks))) + b"]")
        rows = [pattern.split(value) for value in text]
        return _sparse([[part for part in row if part] for row in rows] if skip_empty else rows)

    return run


@reference.kernel("StringSplitV2")
def split_v2(ctx):
    """As Python does."""
    limit = ctx.attr("maxsplit")

    def run(text, sep):
        if text.ndim != 1:
            fail(f"input must be a vector, got shape: {debug(text.shape)}")
        if sep.ndim:
            fail(f"sep must be a scalar, got shape: {debug(sep.shape)}")
        return _sparse([value.split(sep.item() or None, limit) for value in text])

    return run


@reference.kernel("ReduceJoin")
def reduce_join(ctx):
    """Over one axis after the other."""
    keep, separator = ctx.attr("keep_dims"), ctx.attr("separator")

    def run(text, axes):
        axes = axes.reshape(-1).tolist()
        for axis in axes:
            if not -text.ndim <= axis < text.ndim:
                fail(f"Invalid reduction dimension {axis} for input with {text.ndim} dimension(s)")
        axes = [a % text.ndim for a in axes]
        for i, axis in enumerate(axes):
            if axis in axes[:i]:
                fail(f"Duplicate reduction dimension {axis}")
        result = text
        for axis in axes:
            rows = np.moveaxis(result, axis, -1)
            joined = np.empty(rows.shape[:-1], object)
            joined.reshape(-1)[:] = [separator.join(row) for row in rows.reshape(joined.size, rows.shape[-1])]
            result = np.expand_dims(joined, axis)
        return result if keep else result.reshape([n for i, n in enumerate(text.shape) if i not in axes])

    return run


@reference.kernel("Substr")
def substr(ctx):
    """Parts by position and length, of bytes or of characters."""
    characters = ctx.attr("unit") == b"UTF8_CHAR"

    def run(text, start, length):
        if start.shape != length.shape:
            fail("pos and len should have the same shape, got: "
                 f"{debug(start.shape)} vs. {debug(length.shape)}")
        try:
            text, start, length = np.broadcast_arrays(text, start, length)
        except ValueError:
            fail(f"Substr can't broadcast {debug(text.shape)} and {debug(start.shape)}")
        result = np.empty(text.shape, object)
        for i in np.ndindex(text.shape):
            value = _text(text[i]) if characters else text[i]
            first, size = int(start[i]), int(length[i])
            if not -len(value) <= first <= len(value):
                fail(f"pos {first} out of range for string b'{text[i].decode(errors='replace')}' at index "
                     f"{int(np.ravel_multi_index(i, text.shape)) if text.shape else 0}")
            first += len(value) if first < 0 else 0
            part = value[first:first + max(size, 0)]
            result[i] = _bytes(part) if characters else part
        return result

    return run


# ---------------------------------------------------------------- patterns

def _compiled(pattern):
    try:
        return re.compile(_text(pattern), re.ASCII)
    except re.error as error:
        fail(f"Invalid pattern: {_text(pattern)}, error: {error}")


def _expansion(rewrite):
    """A function from a match to its replacement: \\1 is a group, \\\\ a backslash."""
    pieces = re.split(r"\\([0-9\\])", _text(rewrite))

    def expand(match):
        return "".join(piece if i % 2 == 0 else "\\" if piece == "\\" else match.group(int(piece)) or ""
                       for i, piece in enumerate(pieces))

    return expand


def _replaced(text, pattern, rewrite, everywhere):
    pattern, expand = _compiled(pattern), _expansion(rewrite)
    try:
        return mapped(text, lambda v: _bytes(pattern.sub(expand, _text(v), count=0 if everywhere else 1)))
    except IndexError:
        fail(f"Invalid rewrite: {_text(rewrite)}")


@reference.kernel("RegexReplace")
def regex_replace(ctx):
    """Pattern and replacement are tensors."""
    everywhere = ctx.attr("replace_global")
    return lambda text, pattern, rewrite: _replaced(text, pattern.item(), rewrite.item(), everywhere)


@reference.kernel("StaticRegexReplace")
def static_regex_replace(ctx):
    """Pattern and replacement are attributes."""
    pattern, rewrite, everywhere = ctx.attr("pattern"), ctx.attr("rewrite"), ctx.attr("replace_global")
    return lambda text: _replaced(text, pattern, rewrite, everywhere)


def _matches(text, pattern):
    pattern = _compiled(pattern)
    return mapped(text, lambda v: pattern.fullmatch(_text(v)) is not None, bool)


@reference.kernel("StaticRegexFullMatch")
def static_regex_match(ctx):
    """The pattern is an attribute."""
    pattern = ctx.attr("pattern")
    return lambda text: _matches(text, pattern)


reference.function("RegexFullMatch", lambda text, pattern: _matches(text, pattern.item()))


# ---------------------------------------------------------------- single strings

@reference.kernel("StringLength")
def length(ctx):
    """Of bytes or of characters."""
    if ctx.attr("unit") == b"BYTE":
        return lambda text: mapped(text, len, np.int32)
    # Bytes that do not continue a character.
    return lambda text: mapped(text, lambda v: sum(b & 0xC0 != 0x80 for b in v), np.int32)


def _case(op_type, of_bytes, of_text):
    @reference.kernel(op_type)
    def make(ctx):
        encoding = ctx.attr("encoding")
        if encoding not in (b"", b"utf-8"):
            fail(f"only utf-8 or '' (no encoding) is supported, received {_text(encoding)}")
        if not encoding:
            return lambda text: mapped(text, of_bytes)
        return lambda text: mapped(text, lambda v: _bytes(of_text(_text(v))))


_case("StringLower", bytes.lower, str.lower)
_case("StringUpper", bytes.upper, str.upper)
reference.function("StringStrip", lambda text: mapped(text, bytes.strip))


@reference.kernel("AsString")
def as_string(ctx):
    """C's formats, which are Python's."""
    dtype = ctx.input_dtypes[0]
    width, precision, fill = ctx.attr("width"), ctx.attr("precision"), ctx.attr("fill").decode()
    scientific, shortest = ctx.attr("scientific"), ctx.attr("shortest")
    if not (dtype.is_floating or dtype.is_complex):
        if scientific or shortest:
            fail(f"scientific and shortest format not supported for datatype {dtype.name}")
        if precision >= 0:
            fail(f"precision not supported for datatype {dtype.name}")
    if len(fill) > 1:
        fail("Fill string must be one or fewer characters")
    if fill not in "0+- ":
        fail(f"Fill argument not supported: {fill!r}")
    if scientific and shortest:
        fail("Cannot select both scientific and shortest notation")
    if dtype.name == "bool":
        return lambda x: mapped(x, lambda v: b"true" if v else b"false")
    form = "%" + (f"{fill}{width}" if width > -1 else "") + (f".{precision}" if precision > -1 else "")
    form += "d" if dtype.is_integer else "g" if shortest else "e" if scientific else "f"
    if dtype.is_complex:
        return lambda x: mapped(x, lambda v: f"({form % v.real},{form % v.imag})".encode())
    return lambda x: mapped(x, lambda v: (form % v).encode())


_INTEGER = re.compile(rb"\s*[+-]?[0-9]+\s*")
_HEXADECIMAL = re.compile(rb"\s*[+-]?0[xX][0-9a-fA-F]+\.?[0-9a-fA-F]*([pP][+-]?[0-9]+)?\s*")


@reference.kernel("StringToNumber")
def to_number(ctx):
    """Decimal numbers, with white space around them."""
    dtype = np.dtype(ctx.output_dtypes[0].as_numpy_dtype)

    def convert(value):
        number = parsed_number(value, dtype)
        if number is None:
            fail(f"StringToNumberOp could not correctly convert string: {_text(value)}")
        return number

    return lambda text: mapped(text, convert, dtype)


def parsed_number(value, dtype):
    """`value` as a number of `dtype`, or None if it is none."""
    if dtype.kind == "i":
        if not _INTEGER.fullmatch(value):
            return None
        number, limits = int(value), np.iinfo(dtype)
        return number if limits.min <= number <= limits.max else None
    if _HEXADECIMAL.fullmatch(value):
        return float.fromhex(value.strip().decode())
    try:
        return None if b"_" in value else float(value)
    except ValueError:
        return None


def _bucket(op_type, maker):
    @reference.kernel(op_type)
    def make(ctx):
        count, digest = ctx.attr("num_buckets"), maker(ctx)
        return lambda text: mapped(text, lambda v: digest(v) % count, np.int64)


def _strong(ctx):
    key = ctx.attr("key")
    if len(key) != 2:
        fail(f"Key must have 2 elements, got {len(key)}")
    return lambda value: sip64(value, key)


_bucket("StringToHashBucket", lambda ctx: murmur64)
_bucket("StringToHashBucketFast", lambda ctx: farm64)
_bucket("StringToHashBucketStrong", _strong)


def _decoded(value):
    try:
        if b"+" in value or b"/" in value:
            raise ValueError("not web-safe")
        core = value.rstrip(b"=")
        if len(core) % 4 == 1:
            fail("Base64 string length (with padding removed) cannot be 1 modulo 4.")
        return base64.b64decode(core + b"=" * (-len(core) % 4), b"-_", validate=True)
    except (ValueError, binascii.Error):
        fail("Invalid character found in base64.")


reference.function("DecodeBase64", lambda text: mapped(text, _decoded))


@reference.kernel("EncodeBase64")
def encode_base64(ctx):
    """Web-safe, padded if asked for."""
    if ctx.attr("pad"):
        return lambda text: mapped(text, base64.urlsafe_b64encode)
    return lambda text: mapped(text, lambda v: base64.urlsafe_b64encode(v).rstrip(b"="))
