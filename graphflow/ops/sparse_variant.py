"""Sparse tensors as one tensor of three strings or variants, so that they can be stored and batched.

Holds no state.
"""

from graphflow.framework import dtypes, raw_ops, shapes
from graphflow.framework.api import tf_export
from graphflow.framework.op_def import NotDifferentiable, register_op
from graphflow.framework.sparse_tensor import SparseTensor
from graphflow.ops.sparse import as_sparse

_INPUTS = "sparse_indices: int64, sparse_values: T, sparse_shape: int64"
_ATTRS = "T: type; out_type: {string, variant} = DT_STRING"


def _one_shape(c):
    shapes.with_rank(c.shape(0), 2)
    shapes.with_rank(c.shape(1), 1)
    shapes.with_rank(c.shape(2), 1)
    return [(3,)]


def _many_shape(c):
    _one_shape(c)
    return [(None, 3)]


register_op("SerializeSparse", inputs=_INPUTS, outputs="serialized_sparse: out_type", attrs=_ATTRS, shape=_one_shape)
register_op("SerializeManySparse", inputs=_INPUTS, outputs="serialized_sparse: out_type", attrs=_ATTRS,
            shape=_many_shape, allocates=True)
register_op("DeserializeSparse", inputs="serialized_sparse: Tserialized",
            outputs="sparse_indices: int64, sparse_values: dtype, sparse_shape: int64",
            attrs="dtype: type; Tserialized: {string, variant} = DT_STRING",
            shape=lambda c: [(None, None), (None,), (None,)], allocates=True)
register_op("DeserializeManySparse", inputs="serialized_sparse: string",
            outputs="sparse_indices: int64, sparse_values: dtype, sparse_shape: int64", attrs="dtype: type",
            shape=lambda c: [(None, None), (None,), (None,)], allocates=True)
for _name in ("DeserializeManySparse", "SerializeSparse", "SerializeManySparse", "DeserializeSparse"):
    NotDifferentiable(_name)


@tf_export("serialize_sparse", "io.serialize_sparse")
def serialize_sparse(sp_input, name=None, out_type=dtypes.string):
    """A SparseTensor as a vector of three strings (or variants): indices, values and shape."""
    sparse = as_sparse(sp_input)
    return raw_ops.SerializeSparse(sparse.indices, sparse.values, sparse.dense_shape, out_type=out_type, name=name)


@tf_export("serialize_many_sparse", "io.serialize_many_sparse")
def serialize_many_sparse(sp_input, name=None, out_type=dtypes.string):
    """The slices of a SparseTensor along its first dimension, serialised: `[N, 3]` strings (or variants)."""
    sparse = as_sparse(sp_input)
    return raw_ops.SerializeManySparse(sparse.indices, sparse.values, sparse.dense_shape, out_type=out_type,
                                       name=name)


@tf_export("deserialize_many_sparse", "io.deserialize_many_sparse")
def deserialize_many_sparse(serialized_sparse, dtype, rank=None, name=None):
    """The SparseTensor of `dtype` that joins serialised ones along a new first dimension.

    Args: serialized_sparse: `[N, 3]` strings. rank: of the tensors that were serialised, if known.
    """
    indices, values, shape = raw_ops.DeserializeManySparse(serialized_sparse, dtype=dtype, name=name)
    total = None if rank is None else rank + 1
    indices.set_shape([None, total])
    shape.set_shape([total])
    return SparseTensor(indices, values, shape)
