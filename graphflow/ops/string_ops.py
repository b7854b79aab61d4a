"""Strings taken apart, searched, converted and hashed.

Strings are bytes; positions count bytes unless `unit` is "UTF8_CHAR". Patterns are Python's regular expressions,
which agree with RE2 in what both have. Holds no state.
"""

from graphflow.framework import dtypes, raw_ops, shapes
from graphflow.framework import public as tf
from graphflow.framework.api import tf_export
from graphflow.framework.convert import convert_to_tensor
from graphflow.framework.deprecation import either_argument, renamed_argument
from graphflow.framework.graph_scopes import name_scope
from graphflow.framework.op_def import NotDifferentiable, register_op
from graphflow.framework.sparse_tensor import SparseTensor


def _split_shape(c):
    shapes.with_rank(c.shape(0), 1)
    shapes.with_rank(c.shape(1), 0)
    return [(None, 2), (None,), (2,)]


def _substr_shape(c):
    text, start, length = c.shapes
    shapes.merge_shapes(start, length)
    return [shapes.broadcast_shapes(text, start)]


def _pattern_shape(c):
    for i in range(1, len(c.shapes)):
        shapes.with_rank(c.shape(i), 0)
    return [c.shape(0)]


_SPLIT = "indices: int64, values: string, shape: int64"
_UNIT = "unit: {'BYTE', 'UTF8_CHAR'} = 'BYTE'"
register_op("StringSplit", inputs="input: string, delimiter: string", outputs=_SPLIT,
            attrs="skip_empty: bool = true", shape=_split_shape, allocates=True)
register_op("StringSplitV2", inputs="input: string, sep: string", outputs=_SPLIT, attrs="maxsplit: int = -1",
            shape=_split_shape, allocates=True)
register_op("AsString", inputs="input: T", outputs="output: string",
            attrs="T: {int8, int16, int32, int64, complex64, complex128, float, double, bool}; precision: int = -1; "
            "scientific: bool = false; shortest: bool = false; width: int = -1; fill: string = ''",
            shape=shapes.unchanged)
register_op("StringToNumber", inputs="string_tensor: string", outputs="output: out_type",
            attrs="out_type: {float, double, int32, int64} = DT_FLOAT", shape=shapes.unchanged)
register_op("StringToHashBucket", inputs="string_tensor: string", outputs="output: int64",
            attrs="num_buckets: int >= 1", shape=shapes.unchanged)
register_op("StringToHashBucketFast", inputs="input: string", outputs="output: int64", attrs="num_buckets: int >= 1",
            shape=shapes.unchanged)
register_op("StringToHashBucketStrong", inputs="input: string", outputs="output: int64",
            attrs="num_buckets: int >= 1; key: list(int)", shape=shapes.unchanged)
register_op("Substr", inputs="input: string, pos: T, len: T", outputs="output: string",
            attrs="T: {int32, int64}; " + _UNIT, shape=_substr_shape)
register_op("RegexReplace", inputs="input: string, pattern: string, rewrite: string", outputs="output: string",
            attrs="replace_global: bool = true", shape=_pattern_shape)
register_op("StaticRegexReplace", inputs="input: string", outputs="output: string",
            attrs="pattern: string; rewrite: string; replace_global: bool = true", shape=shapes.unchanged)
register_op("RegexFullMatch", inputs="input: string, pattern: string", outputs="output: bool", shape=_pattern_shape)
register_op("StaticRegexFullMatch", inputs="input: string", outputs="output: bool", attrs="pattern: string",
            shape=shapes.unchanged)
register_op("ReduceJoin", inputs="inputs: string, reduction_indices: int32", outputs="output: string",
            attrs="keep_dims: bool = false; separator: string = ''", shape=shapes.reduction)
register_op("DecodeBase64", inputs="input: string", outputs="output: string", shape=shapes.unchanged)
register_op("EncodeBase64", inputs="input: string", outputs="output: string", attrs="pad: bool = false",
            shape=shapes.unchanged)
register_op("StringLength", inputs="input: string", outputs="output: int32", attrs=_UNIT, shape=shapes.unchanged)
for _name in ("StringLower", "StringUpper"):
    register_op(_name, inputs="input: string", outputs="output: string", attrs="encoding: string = ''",
                shape=shapes.unchanged)
register_op("StringStrip", inputs="input: string", outputs="output: string", shape=shapes.unchanged)
for _name in ("StringSplit", "StringSplitV2", "AsString", "StringToNumber", "StringToHashBucket",
              "StringToHashBucketFast", "StringToHashBucketStrong", "Substr", "RegexReplace", "StaticRegexReplace",
              "RegexFullMatch", "StaticRegexFullMatch", "ReduceJoin", "DecodeBase64", "EncodeBase64", "StringLength",
              "StringLower", "StringUpper", "StringStrip"):
    NotDifferentiable(_name)


# ---------------------------------------------------------------- taken apart and joined

def _sparse_only(result_type, function):
    if result_type != "SparseTensor":
        raise ValueError(f"tf.{function} gives SparseTensors only: result_type={result_type!r} is not supported")


@tf_export("string_split")
def string_split(source, sep=None, skip_empty=True, delimiter=None, result_type="SparseTensor", name=None):
    """Splits each string of a vector at any of the characters of `sep` (default: a space).

    Args: skip_empty: whether empty parts are left out. An empty `sep` gives single bytes.
    Returns a SparseTensor [n, longest], with the parts of string i in row i.

    Example:
      >>> import graphflow as tf
      >>> with tf.Session() as sess:
      ...     print(sess.run(tf.string_split(["a b", "c"])).values)
      [b'a' b'b' b'c']
    """
    _sparse_only(result_type, "string_split")
    sep = renamed_argument("string_split", "sep", sep, "delimiter", delimiter)
    with name_scope(name, "StringSplit", [source]):
        sep = convert_to_tensor(" " if sep is None else sep, dtype=dtypes.string)
        source = convert_to_tensor(source, dtype=dtypes.string)
        return SparseTensor(*raw_ops.StringSplit(source, sep, skip_empty=skip_empty))


@tf_export("strings.split")
def string_split_v2(input=None, sep=None, maxsplit=-1, result_type="SparseTensor",  # noqa: A002
                    source=None, name=None):
    """Splits each string of a vector as Python's `str.split(sep, maxsplit)` does, into a SparseTensor."""
    _sparse_only(result_type, "strings.split")
    source = renamed_argument("strings.split", "input", input, "source", source)
    with name_scope(name, "StringSplit", [source]):
        sep = convert_to_tensor("" if sep is None else sep, dtype=dtypes.string)
        source = convert_to_tensor(source, dtype=dtypes.string)
        if source.get_shape().ndims == 0:
            source = tf.expand_dims(source, 0)
        return SparseTensor(*raw_ops.StringSplitV2(source, sep, maxsplit=maxsplit))


@tf_export("strings.substr", "substr")
def substr(input, pos, len, name=None, unit="BYTE"):  # noqa: A002 - TensorFlow's names
    """`len` bytes (or characters) of each string from `pos` on; negative positions count from the end.

    Raises InvalidArgumentError in a run with a position outside of a string.
    """
    return raw_ops.Substr(input, pos, len, unit=unit, name=name)


@tf_export("strings.reduce_join", "reduce_join")
def reduce_join(inputs, axis=None, keep_dims=None, separator="", name=None, reduction_indices=None, keepdims=None):
    """Joins strings over `axis` (default: all, the last axis first)."""
    keepdims = either_argument("keepdims", keepdims, "keep_dims", keep_dims)
    axis = either_argument("axis", axis, "reduction_indices", reduction_indices)
    with name_scope(None, "ReduceJoin", [inputs, axis]):
        inputs = convert_to_tensor(inputs)
        if axis is None:
            rank = inputs.get_shape().ndims
            known = None if rank is None else list(range(rank - 1, -1, -1))
            axis = tf.range(tf.rank(inputs) - 1, -1, -1) if known is None else convert_to_tensor(known, dtypes.int32)
        return raw_ops.ReduceJoin(inputs, axis, keep_dims=bool(keepdims), separator=separator, name=name)


# ---------------------------------------------------------------- searched and changed

def _is_text(*values):
    return all(isinstance(value, (str, bytes)) for value in values)


@tf_export("strings.regex_replace", "regex_replace")
def regex_replace(input, pattern, rewrite, replace_global=True, name=None):  # noqa: A002
    r"""Replaces what matches `pattern` by `rewrite`, in which \1 stands for the first group.

    Args: replace_global: whether to replace all matches, rather than the first.
    """
    if _is_text(pattern, rewrite):
        return raw_ops.StaticRegexReplace(input, pattern=pattern, rewrite=rewrite, replace_global=replace_global,
                                          name=name)
    return raw_ops.RegexReplace(input, pattern, rewrite, replace_global=replace_global, name=name)


@tf_export("strings.regex_full_match")
def regex_full_match(input, pattern, name=None):  # noqa: A002 - TensorFlow's name
    """Whether all of each string matches `pattern`."""
    if _is_text(pattern):
        return raw_ops.StaticRegexFullMatch(input, pattern=pattern, name=name)
    return raw_ops.RegexFullMatch(input, pattern, name=name)


@tf_export("strings.length")
def string_length(input, name=None, unit="BYTE"):  # noqa: A002 - TensorFlow's name
    """How many bytes (or characters, with unit "UTF8_CHAR") each string has."""
    return raw_ops.StringLength(input, unit=unit, name=name)


@tf_export("strings.strip", "string_strip")
def string_strip(input, name=None):  # noqa: A002 - TensorFlow's name
    """Strings without white space at both ends."""
    return raw_ops.StringStrip(input, name=name)


@tf_export("strings.lower")
def string_lower(input, encoding="", name=None):  # noqa: A002 - TensorFlow's name
    """Strings in lower case: of ASCII, or of Unicode with encoding "utf-8"."""
    return raw_ops.StringLower(input, encoding=encoding, name=name)


@tf_export("strings.upper")
def string_upper(input, encoding="", name=None):  # noqa: A002 - TensorFlow's name
    """Strings in upper case: of ASCII, or of Unicode with encoding "utf-8"."""
    return raw_ops.StringUpper(input, encoding=encoding, name=name)


# ---------------------------------------------------------------- converted

@tf_export("strings.as_string", "as_string", "dtypes.as_string")
def as_string(input, precision=-1, scientific=False, shortest=False, width=-1, fill="", name=None):  # noqa: A002
    """Numbers and truth values as text.

    Args:
      precision: digits after the point. scientific, shortest: forms of floats, as C's %e and %g.
      width: pad to so many characters, with `fill` (a space, "0", "+" or "-").
    """
    return raw_ops.AsString(input, precision=precision, scientific=scientific, shortest=shortest, width=width,
                            fill=fill, name=name)


@tf_export("strings.to_number", "string_to_number")
def string_to_number(string_tensor=None, out_type=dtypes.float32, name=None, input=None):  # noqa: A002
    """Text as numbers of `out_type`; InvalidArgumentError in a run for text that is no number."""
    string_tensor = either_argument("input", input, "string_tensor", string_tensor)
    return raw_ops.StringToNumber(string_tensor, out_type=out_type, name=name)


@tf_export("strings.to_hash_bucket", "string_to_hash_bucket")
def string_to_hash_bucket(string_tensor=None, num_buckets=None, name=None, input=None):  # noqa: A002
    """A number in [0, num_buckets) for each string, by TensorFlow's oldest hash (a MurmurHash)."""
    string_tensor = either_argument("input", input, "string_tensor", string_tensor)
    return raw_ops.StringToHashBucket(string_tensor, num_buckets=num_buckets, name=name)


@tf_export("strings.to_hash_bucket_fast", "string_to_hash_bucket_fast")
def string_to_hash_bucket_fast(input, num_buckets, name=None):  # noqa: A002 - TensorFlow's name
    """A number in [0, num_buckets) for each string, by FarmHash's Fingerprint64."""
    return raw_ops.StringToHashBucketFast(input, num_buckets=num_buckets, name=name)


@tf_export("strings.to_hash_bucket_strong", "string_to_hash_bucket_strong")
def string_to_hash_bucket_strong(input, num_buckets, key, name=None):  # noqa: A002 - TensorFlow's name
    """A number in [0, num_buckets) for each string, by SipHash with `key`, two integers."""
    return raw_ops.StringToHashBucketStrong(input, num_buckets=num_buckets, key=key, name=name)


@tf_export("io.decode_base64", "decode_base64")
def decode_base64(input, name=None):  # noqa: A002 - TensorFlow's name
    """Decodes web-safe Base64 (with - and _), padded or not."""
    return raw_ops.DecodeBase64(input, name=name)


@tf_export("io.encode_base64", "encode_base64")
def encode_base64(input, pad=False, name=None):  # noqa: A002 - TensorFlow's name
    """Encodes as web-safe Base64 (with - and _)."""
    return raw_ops.EncodeBase64(input, pad=pad, name=name)
