"""Maps of sparse tensors: they stay in the session, and integer handles travel in their place.

Holds no state.
"""

import contextlib

from graphflow.framework import raw_ops, scopes, shapes
from graphflow.framework.graph_scopes import colocate_with
from graphflow.framework.op_def import NotDifferentiable, register_op
from graphflow.framework.sparse_tensor import SparseTensor

_SHARED = "container: string = ''; shared_name: string = ''"
_SPARSE = "sparse_indices: int64, sparse_values: T, sparse_shape: int64"


def _vector(c):
    return [(None,)]


def _taken(c):
    return [(None, None), (None,), (None,)]


register_op("AddSparseToTensorsMap", inputs=_SPARSE, outputs="sparse_handle: int64", attrs="T: type; " + _SHARED,
            shape=shapes.scalar, stateful=True)
register_op("AddManySparseToTensorsMap", inputs=_SPARSE, outputs="sparse_handles: int64", attrs="T: type; " + _SHARED,
            shape=_vector, stateful=True)
register_op("TakeManySparseFromTensorsMap", inputs="sparse_handles: int64",
            outputs="sparse_indices: int64, sparse_values: dtype, sparse_shape: int64",
            attrs="dtype: type; " + _SHARED, shape=_taken, stateful=True, allocates=True)
for _name in ("AddSparseToTensorsMap", "AddManySparseToTensorsMap", "TakeManySparseFromTensorsMap"):
    NotDifferentiable(_name)


def add_sparse_to_map(sp_input, container=None, shared_name=None, name=None):
    """Keeps a SparseTensor in the session; its handle, a scalar of int64."""
    return raw_ops.AddSparseToTensorsMap(sp_input.indices, sp_input.values, sp_input.dense_shape,
                                         container=container or "", shared_name=shared_name or "", name=name)


def add_many_sparse_to_map(sp_input, container=None, shared_name=None, name=None):
    """Keeps each row (of the first dimension) of a SparseTensor; a vector of handles."""
    return raw_ops.AddManySparseToTensorsMap(sp_input.indices, sp_input.values, sp_input.dense_shape,
                                             container=container or "", shared_name=shared_name or "", name=name)


def take_many_sparse_from_map(sparse_map_op, sparse_handles, rank=None, name=None):
    """Takes what handles of `sparse_map_op` (an operation of one of the above) stand for, as one SparseTensor.

    Its first dimension counts the handles. rank: of the result, if known.
    """
    outside = sparse_map_op.graph is scopes.get_default_graph()  # and not in a branch of a conditional
    with colocate_with(sparse_map_op) if outside else contextlib.nullcontext():
        shared_name = sparse_map_op.get_attr("shared_name").decode() or sparse_map_op.name
        indices, values, shape = raw_ops.TakeManySparseFromTensorsMap(
            sparse_handles, dtype=sparse_map_op.get_attr("T"), container=sparse_map_op.get_attr("container").decode(),
            shared_name=shared_name, name=name)
    indices.set_shape([None, rank])
    shape.set_shape([rank])
    return SparseTensor(indices, values, shape)
