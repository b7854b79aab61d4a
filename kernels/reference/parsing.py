"""Reference kernels of `graphflow/ops/parsing.py`."""

import numpy as np

from graphflow import protobuf
from graphflow.io.compressed import inflated, window_bits

from ..registry import reference
from .array_checks import fail, product
from .string_ops import mapped, parsed_number

# Type of a feature -> (field of the message, NumPy's type).
FIELDS = {"float32": ("float_list", np.float32), "int64": ("int64_list", np.int64), "string": ("bytes_list", object)}


@reference.kernel("DecodeRaw")
def decode_raw(ctx):
    """Reads the memory of strings of one length."""
    dtype = np.dtype(ctx.output_dtypes[0].as_numpy_dtype)
    stored = dtype.newbyteorder("<" if ctx.attr("little_endian") else ">")

    def run(text):
        flat = text.reshape(-1)
        size = len(flat[0]) if len(flat) else 0
        for i, value in enumerate(flat):
            if len(value) != size:
                fail(f"DecodeRaw requires input strings to all be the same size, but element {i} has size {size} != "
                     f"{len(value)}")
        if size % dtype.itemsize:
            fail(f"Input to DecodeRaw has length {size} that is not a multiple of {dtype.itemsize}, the size of "
                 f"{dtype.name}")
        joined = b"".join(text.reshape(-1))
        return np.frombuffer(joined, stored).astype(dtype).reshape(*text.shape, size // dtype.itemsize)

    return run


@reference.kernel("DecodeCompressed")
def decode_compressed(ctx):
    """Inflates each string."""
    kind = ctx.attr("compression_type").decode()
    window_bits(kind)
    return lambda text: mapped(text, lambda value: inflated(value, kind))


def csv_fields(line, delimiter, quotes):
    """The fields of one CSV line."""
    fields, start = [], 0
    while True:
        if quotes and line[start:start + 1] == b'"':
            field, start = _quoted(line, start + 1, delimiter)
        else:
            end = line.find(delimiter, start)
            end = len(line) if end < 0 else end
            field, start = line[start:end], end
            if quotes and b'"' in field:
                fail("Unquoted fields cannot have quotes/CRLFs inside")
        fields.append(field)
        if start >= len(line):
            return fields
        start += 1
        if start == len(line):  # the line ends with a delimiter
            return [*fields, b""]


def _quoted(line, start, delimiter):
    """(content, end) of a field that begins after a quote; two quotes stand for one."""
    parts = []
    while True:
        end = line.find(b'"', start)
        if end < 0:
            fail("Quoted field has to end with quote followed by delim or end")
        parts.append(line[start:end])
        if line[end + 1:end + 2] != b'"':
            break
        parts.append(b'"')
        start = end + 2
    if end + 1 < len(line) and line[end + 1:end + 2] != delimiter:
        fail("Quote inside a string has to be escaped by another quote")
    return b"".join(parts), end + 1


def csv_value(field, kind, default, column, record):
    """The value of a field (bytes; None or empty: the default); InvalidArgumentError names column and record."""
    if not field:
        if not default.size:
            fail(f"Field {column} is required but missing in {record}!")
        return default.reshape(-1)[0]
    if kind.kind == "O":
        return field
    number = parsed_number(field, kind)
    if number is None:
        name = {"float32": "float", "float64": "double"}.get(kind.name, kind.name)
        fail(f"Field {column} in {record} is not a valid {name}: {field.decode(errors='replace')}")
    return number


@reference.kernel("DecodeCSV")
def decode_csv(ctx):
    """Splits each line, and converts the columns asked for."""
    delimiter, quotes, missing = ctx.attr("field_delim"), ctx.attr("use_quote_delim"), ctx.attr("na_value")
    chosen = ctx.attr("select_cols")
    kinds = [np.dtype(d.as_numpy_dtype) for d in ctx.output_dtypes]
    if len(delimiter) != 1:
        fail("field_delim should be only 1 char")

    def run(lines, *defaults):
        columns = [np.empty(lines.shape, kind) for kind in kinds]
        for row, line in enumerate(lines.reshape(-1)):
            fields = csv_fields(line.rstrip(b"\r\n"), delimiter, quotes)
            if chosen:
                fields = [fields[i] for i in chosen if i < len(fields)]
            if len(fields) != len(kinds):
                fail(f"Expect {len(kinds)} fields but have {len(fields)} in record {row}")
            for column, (field, default) in enumerate(zip(fields, defaults)):
                field = None if field == missing else field
                columns[column].reshape(-1)[row] = csv_value(field, kinds[column], default, column, f"record {row}")
        return tuple(columns)

    return run


class Which(str):
    """How messages name an example: its name, and its number in a batch."""

    __slots__ = ("index",)

    def __new__(cls, name, index=None):
        which = super().__new__(cls, f"Name: {name or '<unknown>'},")
        which.index = index
        return which


def _at(which):
    return "" if which.index is None else f", Index: {which.index}"


def type_name(kind, values=False):
    """What TensorFlow's messages call a type of features, or their values."""
    return {"float32": "float", "string": "bytes" if values else "string"}.get(kind, kind)


def debug_shape(shape):
    """A shape as messages write it."""
    return "[" + ",".join("?" if d is None else str(d) for d in shape) + "]"


def feature_values(feature, kind, where):
    """The values of a feature as an array, or None if it has none; fails for another type than `kind`."""
    field = feature.WhichOneof("kind")
    if field is None:
        return None
    wanted, dtype = FIELDS[kind]
    if field != wanted:
        fail(f"{where}.  Data types don't match. Expected type: {type_name(kind)}  Feature is: {feature}")
    found = list(getattr(feature, field).value)
    array = np.empty(len(found), dtype)
    array[:] = found
    return array


class FeatureParser:
    """Reads features from messages; made once for a node, from the names of its attributes."""

    def __init__(self, ctx, sparse_types="sparse_types", dense_types="Tdense", dense_shapes="dense_shapes"):
        self.sparse_types = [d.name for d in ctx.attr(sparse_types)]
        self.dense_types = [d.name for d in ctx.attr(dense_types)]
        self.dense_shapes = ctx.attr(dense_shapes)

    @staticmethod
    def message(text, which):
        """The features of a serialised message."""
        example = protobuf.Example()
        try:
            example.ParseFromString(text)
        except Exception as error:  # protobuf's DecodeError is in another module in each version
            fail(f"Could not parse example input, value: {text[:100]!r} ({which}): {error}")
        return example.features.feature

    @staticmethod
    def values(features, key, kind, which):
        """The values of a feature as an array, or None if it is missing."""
        key = key.decode()
        return feature_values(features[key], kind, f"{which} Key: {key}{_at(which)}") if key in features else None

    def dense(self, features, i, key, default, which):
        """A dense feature of one message."""
        kind, shape = self.dense_types[i], self.dense_shapes[i]
        found = self.values(features, key, kind, which)
        if shape and shape[0] is None:
            found = np.empty(0, FIELDS[kind][1]) if found is None else found
            item = product(shape[1:])
            if len(found) % item:
                fail(f"{which} Key: {key.decode()}{_at(which)}.  "
                     f"Number of {type_name(kind, values=True)} values is not a multiple of stride length. "
                     f"Saw {len(found)} values but output shape is {debug_shape(shape)}")
            return found.reshape(-1, *shape[1:])
        if found is None:
            if default.size != product(shape) or (not default.size and not product(shape) == 0):
                fail(f"{which} Feature: {key.decode()} (data type: {type_name(kind)}) is required but could not be "
                     "found.")
            return default.reshape(shape)
        if len(found) != product(shape):
            fail(f"{which} Key: {key.decode()}{_at(which)}.  Number of {type_name(kind)} values != expected.  "
                 f"Values size: {len(found)} but output shape: {debug_shape(shape)}")
        return found.reshape(shape)


def _stacked(rows, default, variable):
    """Dense values of several messages; those of variable length are padded."""
    if not variable:
        return np.stack(rows)
    longest = max(map(len, rows), default=0)
    result = np.full((len(rows), longest, *rows[0].shape[1:]), default.reshape(-1)[0], rows[0].dtype)
    for target, row in zip(result, rows):
        target[:len(row)] = row
    return result


@reference.kernel("ParseExample")
def parse_example(ctx):
    """Reads a batch of messages; keys are inputs."""
    parser = FeatureParser(ctx)
    sparse_count = len(parser.sparse_types)

    def run(serialized, names, *rest):
        sparse_keys, rest = [k.item() for k in rest[:sparse_count]], rest[sparse_count:]
        count = len(rest) // 2
        keys, defaults = [k.item() for k in rest[:count]], rest[count:]
        whiches = [Which(names[i].decode() if len(names) else None, i) for i in range(len(serialized))]
        messages = [parser.message(text, which) for text, which in zip(serialized, whiches)]
        indices, values, sizes, dense = [], [], [], []
        for key, kind in zip(sparse_keys, parser.sparse_types):
            empty = np.empty(0, FIELDS[kind][1])
            rows = [parser.values(m, key, kind, w) for m, w in zip(messages, whiches)]
            rows = [empty if row is None else row for row in rows]
            places = [(i, j) for i, row in enumerate(rows) for j in range(len(row))]
            indices.append(np.array(places, np.int64).reshape(-1, 2))
            values.append(np.concatenate([empty, *rows]))
            sizes.append(np.array([len(rows), max(map(len, rows), default=0)], np.int64))
        for i, (key, default) in enumerate(zip(keys, defaults)):
            shape = parser.dense_shapes[i]
            variable = bool(shape) and shape[0] is None
            rows = [parser.dense(m, i, key, default, w) for m, w in zip(messages, whiches)]
            if not rows:
                dense.append(np.empty((0, *(0 if d is None else d for d in shape)), FIELDS[parser.dense_types[i]][1]))
            else:
                dense.append(_stacked(rows, default, variable))
        return (*indices, *values, *sizes, *dense)

    return run


@reference.kernel("DecodePaddedRaw")
def decode_padded_raw(ctx):
    """Reads so many bytes of each string."""
    dtype = np.dtype(ctx.output_dtypes[0].as_numpy_dtype)
    stored = dtype.newbyteorder("<" if ctx.attr("little_endian") else ">")

    def run(text, length):
        width = int(length)
        if width <= 0 or width % dtype.itemsize:
            fail(f"fixed_length must be a positive multiple of {dtype.itemsize}, the size of {dtype.name}, "
                 f"but is {width}")
        joined = b"".join(value[:width].ljust(width, b"\0") for value in text.reshape(-1))
        return np.frombuffer(joined, stored).astype(dtype).reshape(*text.shape, width // dtype.itemsize)

    return run


@reference.kernel("ParseSingleExample")
def parse_single_example(ctx):
    """Reads one message; keys are attributes."""
    parser = FeatureParser(ctx)
    sparse_keys, keys = ctx.attr("sparse_keys"), ctx.attr("dense_keys")

    def run(serialized, *defaults):
        which = Which(None)
        features = parser.message(serialized.item(), which)
        found = []
        for key, kind in zip(sparse_keys, parser.sparse_types):
            values = parser.values(features, key, kind, which)
            found.append(np.empty(0, FIELDS[kind][1]) if values is None else values)
        indices = [np.arange(len(values)).reshape(-1, 1) for values in found]
        sizes = [np.array([len(values)]) for values in found]
        dense = [parser.dense(features, i, key, default, which) for i, (key, default) in enumerate(zip(keys, defaults))]
        return (*indices, *found, *sizes, *dense)

    return run
