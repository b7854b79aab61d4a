"""Text and messages read into tensors: raw bytes, CSV, tf.train.Example.

Holds no state.
"""

import collections
import re

from graphflow.framework import dtypes, raw_ops, shapes
from graphflow.framework import public as tf
from graphflow.framework.api import tf_export
from graphflow.framework.convert import convert_to_tensor
from graphflow.framework.deprecation import renamed_argument
from graphflow.framework.graph_scopes import name_scope
from graphflow.framework.op_def import NotDifferentiable, register_op
from graphflow.framework.sparse_tensor import SparseTensor
from graphflow.framework.tensor_shape import as_shape

# ---------------------------------------------------------------- raw bytes and CSV

def _raw_shape(c):
    shape = c.shape(0)
    return [None if shape is None else (*shape, None)]


def _padded_raw_shape(c):
    shape, length, width = c.shape(0), c.value(1), c.attr("out_type").size
    shapes.with_rank(c.shape(1), 0)
    if length is not None and (length <= 0 or length % width):
        raise ValueError(f"fixed_length must be a positive multiple of {width}, the size of "
                         f"{c.attr('out_type').name}, but is {length}")
    return [None if shape is None else (*shape, None if length is None else int(length) // width)]


def _csv_shape(c):
    for i in range(1, len(c.shapes)):
        shapes.with_rank_at_most(c.shape(i), 1)
    return [c.shape(0)] * c.num_outputs


register_op("DecodeRaw", inputs="bytes: string", outputs="output: out_type",
            attrs="out_type: {half, float, double, int32, uint16, uint8, int16, int8, int64, complex64, complex128, "
            "bool}; little_endian: bool = true", shape=_raw_shape, allocates=True)
register_op("DecodeCSV", inputs="records: string, record_defaults: OUT_TYPE", outputs="output: OUT_TYPE",
            attrs="OUT_TYPE: list({float, double, int32, int64, string}) >= 1; field_delim: string = ','; "
            "use_quote_delim: bool = true; na_value: string = ''; select_cols: list(int) = []", shape=_csv_shape)
register_op("DecodePaddedRaw", inputs="input_bytes: string, fixed_length: int32", outputs="output: out_type",
            attrs="out_type: {half, float, double, int32, uint16, uint8, int16, int8, int64}; "
            "little_endian: bool = true", shape=_padded_raw_shape, allocates=True)
register_op("DecodeCompressed", inputs="bytes: string", outputs="output: string",
            attrs="compression_type: string = ''", shape=shapes.unchanged)
NotDifferentiable("DecodeCompressed")
NotDifferentiable("DecodeRaw")
NotDifferentiable("DecodePaddedRaw")
NotDifferentiable("DecodeCSV")


@tf_export("decode_raw", "io.decode_raw")
def decode_raw(input_bytes=None, out_type=None, little_endian=True, name=None, bytes=None):  # noqa: A002
    """The bytes of strings as numbers of `out_type`; adds a dimension for the numbers of a string.

    Raises InvalidArgumentError in a run with strings of different lengths, or no whole numbers.
    """
    input_bytes = renamed_argument("decode_raw", "input_bytes", input_bytes, "bytes", bytes)
    if out_type is None:
        raise ValueError("decode_raw_v1() missing 1 positional argument: 'out_type'")
    return raw_ops.DecodeRaw(input_bytes, out_type=out_type, little_endian=little_endian, name=name)


@tf_export("compat.v2.io.decode_raw")
def decode_raw_v2(input_bytes, out_type, little_endian=True, fixed_length=None, name=None):
    """`tf.decode_raw`, of the first `fixed_length` bytes of each string if that is given; zeros follow shorter ones."""
    if fixed_length is None:
        return raw_ops.DecodeRaw(input_bytes, out_type=out_type, little_endian=little_endian, name=name)
    return raw_ops.DecodePaddedRaw(input_bytes, fixed_length, out_type=out_type, little_endian=little_endian,
                                   name=name)


@tf_export("decode_compressed", "io.decode_compressed")
def decode_compressed(bytes, compression_type="", name=None):  # noqa: A002 - TensorFlow's name
    """Strings uncompressed, each by itself.

    Args: bytes: strings of any shape. compression_type: "ZLIB", "GZIP" or "" (they are what they are).
    Raises in a run: DataLossError for damaged data, InvalidArgumentError for another `compression_type`.

        import zlib
        with tf.Session() as sess:
            print(sess.run(tf.io.decode_compressed(zlib.compress(b"abc"), "ZLIB")))  # b'abc'
    """
    return raw_ops.DecodeCompressed(bytes, compression_type=compression_type, name=name)


@tf_export("decode_csv", "io.decode_csv")
def decode_csv(records, record_defaults, field_delim=",", use_quote_delim=True, name=None, na_value="",
               select_cols=None):
    """Columns of CSV lines.

    Args:
      records: strings of any shape, one line each. record_defaults: one tensor per column, whose type is the
        column's; a value in it stands for empty fields, an empty vector makes the field required.
      field_delim: one character. use_quote_delim: whether double quotes protect it. na_value: also counts as empty.
      select_cols: ascending numbers of the columns to read, all by default.
    Returns a list of tensors of the shape of `records`.
    """
    if select_cols is not None:
        if any(a >= b for a, b in zip(select_cols, select_cols[1:])):
            raise ValueError("select_cols is not strictly increasing.")
        if select_cols[0] < 0:
            raise ValueError("select_cols contains negative values.")
        if len(select_cols) != len(record_defaults):
            raise ValueError("Length of select_cols and record_defaults do not match.")
    return raw_ops.DecodeCSV(records, list(record_defaults), field_delim=field_delim, use_quote_delim=use_quote_delim,
                             na_value=na_value, select_cols=select_cols, name=name)


# ---------------------------------------------------------------- examples

def _feature_shapes(c, batch):
    """Shapes of the outputs of the ops that parse examples; `batch` is a shape of rank 0 or 1."""
    count = len(c.attr("sparse_types"))
    rank = len(batch) + 1
    dense = []
    for shape in c.attr("dense_shapes"):
        dense.append(None if shape is None else (*batch, *shape))
    return [(None, rank)] * count + [(None,)] * count + [(rank,)] * count + dense


register_op("ParseExample",
            inputs="serialized: string, names: string, sparse_keys: Nsparse * string, dense_keys: Ndense * string, "
            "dense_defaults: Tdense",
            outputs="sparse_indices: Nsparse * int64, sparse_values: sparse_types, sparse_shapes: Nsparse * int64, "
            "dense_values: Tdense",
            attrs="Nsparse: int >= 0; Ndense: int >= 0; sparse_types: list({float, int64, string}) >= 0; "
            "Tdense: list({float, int64, string}) >= 0; dense_shapes: list(shape) >= 0",
            shape=lambda c: _feature_shapes(c, shapes.with_rank(c.shape(0), 1)), allocates=True)
register_op("ParseSingleExample", inputs="serialized: string, dense_defaults: Tdense",
            outputs="sparse_indices: num_sparse * int64, sparse_values: sparse_types, "
            "sparse_shapes: num_sparse * int64, dense_values: Tdense",
            attrs="num_sparse: int >= 0; sparse_keys: list(string) >= 0; dense_keys: list(string) >= 0; "
            "sparse_types: list({float, int64, string}) >= 0; Tdense: list({float, int64, string}) >= 0; "
            "dense_shapes: list(shape) >= 0",
            shape=lambda c: _feature_shapes(c, shapes.with_rank(c.shape(0), 0)), allocates=True)
NotDifferentiable("ParseExample")
NotDifferentiable("ParseSingleExample")


@tf_export("FixedLenFeature", "io.FixedLenFeature")
class FixedLenFeature(collections.namedtuple("FixedLenFeature", ["shape", "dtype", "default_value"])):
    """A feature with as many values in every example as `shape` has; required if `default_value` is None."""

    def __new__(cls, shape, dtype, default_value=None):
        return super().__new__(cls, shape, dtype, default_value)


@tf_export("VarLenFeature", "io.VarLenFeature")
class VarLenFeature(collections.namedtuple("VarLenFeature", ["dtype"])):
    """A feature with any number of values, which becomes a SparseTensor."""


@tf_export("FixedLenSequenceFeature", "io.FixedLenSequenceFeature")
class FixedLenSequenceFeature(
        collections.namedtuple("FixedLenSequenceFeature", ["shape", "dtype", "allow_missing", "default_value"])):
    """A feature with any number of items of `shape`; batches are padded with `default_value`."""

    def __new__(cls, shape, dtype, allow_missing=False, default_value=None):
        return super().__new__(cls, shape, dtype, allow_missing, default_value)


@tf_export("SparseFeature", "io.SparseFeature")
class SparseFeature(
        collections.namedtuple("SparseFeature", ["index_key", "value_key", "dtype", "size", "already_sorted"])):
    """A sparse vector whose indices and values are two features."""

    def __new__(cls, index_key, value_key, dtype, size, already_sorted=False):
        return super().__new__(cls, index_key, value_key, dtype, size, already_sorted)


class WantedFeatures:
    """What features ask for: sparse keys with types, and dense keys with shapes and defaults.

    Args: kinds: classes of features that may be there. lists: whether the features are those of lists, whose
      items have the shapes; then `optional` lists the dense keys that may be missing.
    """

    def __init__(self, features, kinds=(VarLenFeature, SparseFeature, FixedLenFeature, FixedLenSequenceFeature),
                 lists=False):
        self.sparse, self.dense = {}, {}
        self.optional = []
        self._kinds, self._lists = kinds, lists
        for key in sorted(features):
            self._add(key, features[key])

    def _add(self, key, feature):
        if not isinstance(feature, (VarLenFeature, SparseFeature, FixedLenFeature, FixedLenSequenceFeature)):
            raise ValueError(f"Invalid feature {key}:{feature}.")
        if not isinstance(feature, self._kinds):
            raise ValueError(f"Unsupported {type(feature).__name__} {feature}.")
        if not feature.dtype:
            raise ValueError(f"Missing type for feature {key}.")
        if isinstance(feature, VarLenFeature):
            self._add_sparse(key, feature.dtype)
        elif isinstance(feature, SparseFeature):
            index_keys = [feature.index_key] if isinstance(feature.index_key, str) else feature.index_key
            for index_key in sorted(index_keys):
                self._add_sparse(index_key, dtypes.int64)
            self._add_sparse(feature.value_key, feature.dtype)
        else:
            self._add_dense(key, feature)

    def _add_sparse(self, key, dtype):
        dtype = dtypes.as_dtype(dtype)
        known = self.sparse.setdefault(key, dtype)
        if known != dtype:
            raise ValueError(f"Conflicting type {known} vs {dtype} for feature {key}.")

    def _add_dense(self, key, feature):
        if feature.shape is None:
            raise ValueError(f"Missing shape for feature {key}.")
        if self._lists:
            self._add_list(key, feature)
            return
        sequence = isinstance(feature, FixedLenSequenceFeature)
        if sequence and not feature.allow_missing:
            raise ValueError("Unsupported: FixedLenSequenceFeature requires allow_missing to be True.")
        shape = as_shape(feature.shape)
        if not sequence and shape.ndims and shape.as_list()[0] is None:
            raise ValueError(f"First dimension of shape for feature {key} unknown. "
                             "Consider using FixedLenSequenceFeature.")
        if not shape.is_fully_defined():
            raise ValueError(f"All dimensions of shape for feature {key} need to be known but received "
                             f"{feature.shape}.")
        dims = ([None] if sequence else []) + shape.as_list()
        self.dense[key] = (tuple(dims), _default(key, feature, dims, sequence))

    def _add_list(self, key, feature):
        if feature.default_value is not None:
            raise ValueError(f"Value feature_list_dense_defaults[{key}] must be None")
        if feature.allow_missing:
            self.optional.append(key)
        self.dense[key] = (tuple(as_shape(feature.shape).as_list()), dtypes.as_dtype(feature.dtype))


def _default(key, feature, dims, sequence):
    """The default of a dense feature as a tensor; an empty one makes the feature required."""
    dtype, value = dtypes.as_dtype(feature.dtype), feature.default_value
    if value is None:
        if sequence:
            return convert_to_tensor("" if dtype == dtypes.string else 0, dtype=dtype)
        return tf.constant([], dtype=dtype)
    prefix = "padding_" if sequence else "key_"
    value = convert_to_tensor(value, dtype=dtype, name=prefix + re.sub("[^A-Za-z0-9_.\\-/]", "_", key))
    return tf.reshape(value, [] if sequence else dims)


def _check_features(features):
    if not features:
        raise ValueError(f"Missing: features was {features}.")
    return WantedFeatures(features)


def _as_dict(features, wanted, outputs):
    """The outputs of a parsing op by feature, with SparseFeatures put together."""
    indices, values, sizes, dense = outputs
    found = {key: SparseTensor(*parts) for key, parts in zip(wanted.sparse, zip(indices, values, sizes))}
    found.update(zip(wanted.dense, dense))
    for key, feature in sorted(features.items()):
        if isinstance(feature, SparseFeature):
            single = isinstance(feature.index_key, str)
            ids = found[feature.index_key] if single else [found[k] for k in feature.index_key]
            found[key] = tf.sparse_merge(ids, found[feature.value_key], vocab_size=feature.size,
                                         already_sorted=feature.already_sorted)
    return {key: found[key] for key in features}


@tf_export("parse_example", "io.parse_example")
def parse_example(serialized, features, name=None, example_names=None):
    """Features of serialised tf.train.Example messages.

    Args:
      serialized: string vector. features: dict from names to FixedLenFeature, VarLenFeature,
        FixedLenSequenceFeature or SparseFeature. example_names: string vector for messages.
    Returns a dict of tensors [batch, ...], sparse ones for VarLenFeature and SparseFeature.
    Raises ValueError for features that say too little; InvalidArgumentError in a run for messages without a
    required feature, or with one of another type or size.
    """
    wanted = _check_features(features)
    with name_scope(name, "ParseExample", [serialized, example_names]):
        outputs = raw_ops.ParseExample(
            serialized, tf.constant([], dtypes.string) if example_names is None else example_names,
            list(wanted.sparse), list(wanted.dense), [default for _, default in wanted.dense.values()],
            sparse_types=list(wanted.sparse.values()), dense_shapes=[shape for shape, _ in wanted.dense.values()],
            name=name)
        return _as_dict(features, wanted, outputs)


@tf_export("parse_single_example", "io.parse_single_example")
def parse_single_example(serialized, features, name=None, example_names=None):
    """Like `parse_example` for one message, a string scalar; tensors have no batch dimension."""
    wanted = _check_features(features)
    with name_scope(name, "ParseSingleExample", [serialized]):
        serialized = convert_to_tensor(serialized, name="serialized")
        outputs = raw_ops.ParseSingleExample(
            serialized, [default for _, default in wanted.dense.values()], num_sparse=len(wanted.sparse),
            sparse_keys=list(wanted.sparse), dense_keys=list(wanted.dense), sparse_types=list(wanted.sparse.values()),
            dense_shapes=[shape for shape, _ in wanted.dense.values()], name=name)
        return _as_dict(features, wanted, outputs)
