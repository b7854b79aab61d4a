"""Sparse tensors on their way through the queues of `batching.py`: as handles to a map in the session.

Holds no state.
"""

from graphflow.framework import dtypes, tensor_shape
from graphflow.framework import public as tf
from graphflow.framework.grouping import with_dependencies
from graphflow.framework.sparse_tensor import SparseTensor
from graphflow.ops.case import smart_cond
from graphflow.ops.sparse_map import add_many_sparse_to_map, add_sparse_to_map, take_many_sparse_from_map


class _Stored:
    """What restoring a component needs: the op that stored it, and the rank of an example; no op if dense."""

    __slots__ = ("op", "rank")

    def __init__(self, op=None, rank=None):
        self.op = op
        self.rank = tensor_shape.Dimension(rank)

    def agrees(self, other):
        """Whether both are sparse, of a rank that may be the same, or both dense."""
        return (self.op is None) == (other.op is None) and self.rank.is_compatible_with(other.rank)


def store_sparse(lists, many, keep):
    """(lists with handles in place of sparse tensors, list of what restoring needs)."""
    first, stored = _store(lists[0], many, keep, None)
    result = [first]
    for tensors in lists[1:]:
        handles, others = _store(tensors, many, keep, stored)
        if len(others) != len(stored) or not all(a.agrees(b) for a, b in zip(stored, others)):
            raise ValueError(f"Inconsistent SparseTensors list: {lists[0]} vs. {tensors}")
        result.append(handles)
    return result, stored


def _store(tensors, many, keep, shared):
    handles, stored = [], []
    for i, tensor in enumerate(tensors):
        if not isinstance(tensor, SparseTensor):
            handles.append(tensor)
            stored.append(_Stored())
            continue
        rank = tensor.dense_shape.shape.with_rank(1)[0]
        op = shared[i].op if shared else None
        handle, made = _store_one(tensor, many, keep, op.name if op is not None else None)
        handles.append(tf.expand_dims(handle, [-1]))
        stored.append(_Stored(op or made, rank - 1 if many else rank))
    return handles, stored


def _store_one(tensor, many, keep, shared_name):
    """(handles of a sparse tensor, -1 for what is not kept; the op that makes them)."""
    made = []

    def noted(handle):
        made.append(handle.op)
        return handle

    if keep.shape.ndims == 1:
        tensor = tf.sparse_retain(tensor, tf.gather(keep, tensor.indices[:, 0]))
        return noted(add_many_sparse_to_map(tensor, shared_name=shared_name)), made[0]
    if not many:
        handle = smart_cond(
            keep, lambda: noted(add_sparse_to_map(tensor, shared_name=shared_name)),
            lambda: tf.constant(-1, dtypes.int64))
    else:
        handle = smart_cond(
            keep, lambda: noted(add_many_sparse_to_map(tensor, shared_name=shared_name)),
            lambda: -1 * tf.ones(tf.shape(tensor)[0:1], dtypes.int64))
        handle.set_shape([None])
    return handle, made[0]


def restore_sparse(dequeued, stored):
    """The dequeued tensors with sparse ones in place of handles; each waits until all are restored."""
    single = not isinstance(dequeued, (list, tuple))
    tensors = [_restore(t, s) for t, s in zip([dequeued] if single else dequeued, stored)]
    if any(s.op is not None for s in stored):
        values = [t.values if isinstance(t, SparseTensor) else t for t in tensors]
        tensors = [SparseTensor(*(with_dependencies(values, part) for part in (t.indices, t.values, t.dense_shape)))
                   if isinstance(t, SparseTensor) else with_dependencies(values, t) for t in tensors]
    return tensors[0] if single else tensors


def _restore(tensor, stored):
    if stored.op is None:
        return tensor
    return take_many_sparse_from_map(stored.op, tf.squeeze(tensor, [1]), rank=(stored.rank + 1).value)
