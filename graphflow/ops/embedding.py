"""Embeddings: rows of one tensor, or of a tensor split into partitions, looked up by number.

Built of gathers as in TensorFlow 1.15; gradients are IndexedSlices. Holds no state.
"""

from graphflow.framework import dtypes, raw_ops
from graphflow.framework import public as tf
from graphflow.framework.api import tf_export
from graphflow.framework.convert import (
    convert_n_to_tensor_or_indexed_slices,
    convert_to_tensor,
)
from graphflow.framework.deprecation import warn_once
from graphflow.framework.graph_scopes import colocate_with, name_scope
from graphflow.framework.sparse_tensor import SparseTensor
from graphflow.framework.static_value import constant_value_as_shape


@tf_export("nn.embedding_lookup")
def embedding_lookup(params, ids, partition_strategy="mod", name=None, validate_indices=True, max_norm=None):
    """Rows `ids` of `params`.

    Args:
      params: tensor or variable [rows, ...], or a list of partitions of one. ids: integer tensor.
      partition_strategy: "mod" (row i is in partition i % n) or "div" (partitions are consecutive).
      validate_indices: ignored, indices are always checked. max_norm: rows are clipped to this norm.
    Returns a tensor of shape `ids.shape + params.shape[1:]`.
    Raises ValueError for no params or an unknown strategy; InvalidArgumentError when run with an id
    that is no row.

    Example:
      >>> import graphflow as tf
      >>> table = tf.zeros([10, 4])
      >>> tf.nn.embedding_lookup(table, [[1, 2], [3, 4]]).shape
      TensorShape([Dimension(2), Dimension(2), Dimension(4)])
    """
    params = _partitions(params)
    with name_scope(name, "embedding_lookup", [*params, ids]) as scope:
        if not any(hasattr(p, "handle") for p in params):
            params = convert_n_to_tensor_or_indexed_slices(params, name="params")
        ids = convert_to_tensor(ids, name="ids")
        if len(params) == 1:
            with colocate_with(params[0]):
                result = _clip(tf.gather(params[0], ids, name=scope), ids, max_norm)
            return tf.identity(result)
        return _clip(_lookup_partitioned(params, ids, partition_strategy, scope), ids, max_norm)


def _partitions(params):
    if params is None:
        raise ValueError("params must be specified")
    if isinstance(params, (list, tuple)) and not params:
        raise ValueError("Need at least one param")
    if hasattr(params, "_get_variable_list"):  # a PartitionedVariable
        params = params._get_variable_list()
    return list(params) if isinstance(params, (list, tuple)) else [params]


def _clip(params, ids, max_norm):
    """Clips the rows that `ids` named to `max_norm`."""
    if max_norm is None:
        return params
    ids_rank, params_rank = ids.get_shape().ndims, params.get_shape().ndims
    if ids_rank and params_rank:
        axes = list(range(ids_rank, params_rank))
    else:
        axes = tf.range(ids_rank or tf.rank(ids), params_rank or tf.rank(params))
    return tf.clip_by_norm(params, max_norm, axes=axes)


def _lookup_partitioned(params, ids, strategy, scope):
    flat_ids = tf.reshape(ids, [-1])
    positions = tf.range(tf.size(flat_ids))
    assignments, new_ids = _assign(params, flat_ids, strategy)
    assignments = tf.cast(assignments, dtypes.int32)
    ids_by_part = tf.dynamic_partition(new_ids, assignments, len(params))
    positions_by_part = tf.dynamic_partition(positions, assignments, len(params))
    rows = []
    for part, part_ids in zip(params, ids_by_part):
        with colocate_with(part):
            rows.append(tf.gather(part, part_ids))
    result = raw_ops.ParallelDynamicStitch(positions_by_part, rows, name=scope)
    row_shape = params[0].get_shape()[1:]
    for part in params[1:]:
        row_shape = row_shape.merge_with(part.get_shape()[1:])
    if row_shape.is_fully_defined():
        sizes = row_shape
    else:
        with colocate_with(params[0]):
            sizes = tf.shape(params[0])
        sizes = sizes[1:]
    result = tf.reshape(result, tf.concat([tf.shape(ids), sizes], 0))
    result.set_shape(ids.get_shape().concatenate(row_shape))
    return result


def _assign(params, flat_ids, strategy):
    """(partition, row within it) of each id."""
    count = len(params)
    if strategy == "mod":
        return flat_ids % count, flat_ids // count
    if strategy != "div":
        raise ValueError(f"Unrecognized partition strategy: {strategy}")
    total = _total_rows(params, flat_ids.dtype)
    per_part, extras = total // count, total % count
    assignments = tf.maximum(flat_ids // (per_part + 1), (flat_ids - extras) // per_part)
    return assignments, tf.where(assignments < extras, flat_ids % (per_part + 1), (flat_ids - extras) % per_part)


def _total_rows(params, dtype):
    sizes = [part.get_shape()[0].value for part in params]
    if None not in sizes:
        return tf.constant(sum(sizes), dtype)
    for i, part in enumerate(params):
        if sizes[i] is None:
            with colocate_with(part):
                sizes[i] = tf.shape(part)[0]
    return tf.reduce_sum(tf.cast(tf.stack(sizes), dtype))


@tf_export("nn.embedding_lookup_sparse")
def embedding_lookup_sparse(params, sp_ids, sp_weights, partition_strategy="mod", name=None, combiner=None,
                            max_norm=None):
    """Combines, for each row of `sp_ids`, the embeddings of its ids.

    Args:
      params, partition_strategy, max_norm: as in `embedding_lookup`. sp_ids: SparseTensor of ids, rows
        in order, none empty. sp_weights: SparseTensor of weights of the same places, or None for 1.
      combiner: "sum", "mean" (the default) or "sqrtn" (the sum over the root of squared weights).
    Raises TypeError if `sp_ids` or `sp_weights` is not sparse, ValueError for another combiner.
    """
    if combiner is None:
        warn_once("embedding_lookup_sparse", "tf.nn.embedding_lookup_sparse: combiner defaults to 'mean'; name it.")
        combiner = "mean"
    if combiner not in ("mean", "sqrtn", "sum"):
        raise ValueError("combiner must be one of 'mean', 'sqrtn' or 'sum'")
    params = _partitions(params)
    _check_sparse(sp_ids, sp_weights)
    with name_scope(name, "embedding_lookup_sparse", [*params, sp_ids]) as scope:
        segments = sp_ids.indices[:, 0]
        if segments.dtype != dtypes.int32:
            segments = tf.cast(segments, dtypes.int32)
        ids, index = tf.unique(sp_ids.values)
        rows = embedding_lookup(params, ids, partition_strategy=partition_strategy, max_norm=max_norm)
        if rows.dtype in (dtypes.float16, dtypes.bfloat16):
            rows = tf.cast(rows, dtypes.float32)
        if sp_weights is None:
            combine = {"sum": tf.sparse_segment_sum, "mean": tf.sparse_segment_mean,
                       "sqrtn": tf.sparse_segment_sqrt_n}[combiner]
            return combine(rows, index, segments, name=scope)
        rows, weights = _weighted(tf.gather(rows, index), index, sp_weights.values)
        return _combine(rows, weights, segments, combiner, scope)


def _check_sparse(sp_ids, sp_weights):
    if not isinstance(sp_ids, SparseTensor):
        raise TypeError("sp_ids must be SparseTensor")
    if sp_weights is None:
        return
    if not isinstance(sp_weights, SparseTensor):
        raise TypeError("sp_weights must be either None or SparseTensor")
    for part in ("values", "indices", "dense_shape"):
        getattr(sp_ids, part).get_shape().assert_is_compatible_with(getattr(sp_weights, part).get_shape())


def _weighted(rows, index, weights):
    """Rows times their weights, and the weights with the rows' rank."""
    if weights.dtype != rows.dtype:
        weights = tf.cast(weights, rows.dtype)
    ones = tf.fill(tf.expand_dims(tf.rank(rows) - 1, 0), 1)
    static = weights.get_shape()
    weights = tf.reshape(weights, tf.concat([tf.shape(weights), ones], 0))
    if rows.get_shape().ndims is not None:
        weights.set_shape(static.concatenate([1] * (rows.get_shape().ndims - 1)))
    return rows * weights, weights


def _combine(rows, weights, segments, combiner, scope):
    if combiner == "sum":
        return tf.segment_sum(rows, segments, name=scope)
    rows = tf.segment_sum(rows, segments)
    if combiner == "mean":
        return tf.div(rows, tf.segment_sum(weights, segments), name=scope)
    squares = tf.segment_sum(tf.pow(weights, 2), segments)
    return tf.div(rows, tf.sqrt(squares), name=scope)


@tf_export("nn.safe_embedding_lookup_sparse")
def safe_embedding_lookup_sparse(embedding_weights, sparse_ids, sparse_weights=None, combiner="mean", default_id=None,
                                 name=None, partition_strategy="div", max_norm=None):
    """`embedding_lookup_sparse` that forgives: rows without ids, negative ids, weights that are not positive.

    Args:
      embedding_weights: variable [rows, ...] or a list of partitions. sparse_ids: SparseTensor of rank 2 or more; its
        last dimension is combined. sparse_weights: SparseTensor of weights, or None.
      default_id: what a row without ids looks up; None gives zeros. combiner, partition_strategy, max_norm: see there.
    Returns: a tensor of shape `sparse_ids.shape[:-1] + embedding_weights.shape[1:]`.
    Raises ValueError without `embedding_weights`.
    """
    if embedding_weights is None:
        raise ValueError(f"Missing embedding_weights {embedding_weights}.")
    params = _partitions(embedding_weights)
    dtype = sparse_weights.dtype if sparse_weights is not None else None
    params = [p if hasattr(p, "handle") else convert_to_tensor(p, dtype=dtype) for p in params]
    with name_scope(name, "embedding_lookup", [*params, sparse_ids, sparse_weights]) as scope:
        original = sparse_ids.dense_shape
        rank = original.get_shape()[0].value
        kept = tf.size(original) - 1 if rank is None else rank - 1
        sparse_ids = tf.sparse_reshape(sparse_ids, tf.stack(
            [tf.reduce_prod(tf.slice(original, [0], [kept])), tf.gather(original, kept)]))
        if sparse_weights is not None:
            sparse_weights = SparseTensor(sparse_ids.indices, sparse_weights.values, sparse_ids.dense_shape)
        sparse_ids, sparse_weights = _pruned(sparse_ids, sparse_weights, combiner)
        sparse_ids, is_empty = tf.sparse_fill_empty_rows(sparse_ids, default_id or 0)
        if sparse_weights is not None:
            sparse_weights, _ = tf.sparse_fill_empty_rows(sparse_weights, 1.0)
        result = embedding_lookup_sparse(params, sparse_ids, sparse_weights, combiner=combiner,
                                         partition_strategy=partition_strategy, max_norm=max_norm,
                                         name=None if default_id is None else scope)
        if default_id is None:
            is_empty = tf.tile(tf.reshape(is_empty, [-1, 1]), tf.stack([1, tf.shape(result)[1]]))
            result = tf.where(is_empty, tf.zeros_like(result), result, name=scope)
        sizes = tf.concat([tf.slice(tf.cast(original, dtypes.int32), [0], [kept]), tf.slice(
            tf.shape(result), [1], [tf.size(tf.shape(result)) - 1])], 0)
        final = tf.reshape(result, sizes)
        known = constant_value_as_shape(original)
        final.set_shape(known[:-1].concatenate(result.get_shape()[1:]) if known.ndims is not None else None)
        return final


def _pruned(ids, weights, combiner):
    """Without negative ids and, unless they are only added up, without weights that are not positive."""
    valid = tf.greater_equal(ids.values, 0)
    if weights is not None:
        valid = tf.logical_and(valid, tf.ones_like(weights.values, dtype=dtypes.bool))
        weights = tf.sparse_retain(weights, valid)
    ids = tf.sparse_retain(ids, valid)
    if weights is not None and combiner != "sum":
        positive = tf.greater(weights.values, 0)
        ids, weights = tf.sparse_retain(ids, positive), tf.sparse_retain(weights, positive)
    return ids, weights
