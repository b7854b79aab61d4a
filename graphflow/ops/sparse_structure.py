"""Sparse tensors made of sparse tensors: added, joined, cut, reshaped, reordered, filled.

Gradients pass to values. Holds no state.
"""

import numbers

import numpy as np

from graphflow.framework import dtypes, raw_ops, shapes
from graphflow.framework import public as tf
from graphflow.framework.api import lookup, tf_export
from graphflow.framework.convert import convert_to_tensor
from graphflow.framework.deprecation import renamed_argument
from graphflow.framework.graph_scopes import control_dependencies, name_scope
from graphflow.framework.op_def import NotDifferentiable, RegisterGradient, register_op
from graphflow.framework.sparse_tensor import SparseTensor, SparseTensorValue
from graphflow.framework.static_value import constant_value
from graphflow.framework.tensor import Tensor
from graphflow.framework.undefined_gradient import undefined_gradient
from graphflow.ops.sparse import as_sparse, check_sparse_shapes

_TWO = "a_indices: int64, a_values: T, a_shape: int64, b_indices: int64, b_values: T, b_shape: int64"


def _pair_shape(c):
    rank = shapes.merge_dim(check_sparse_shapes(c)[1], check_sparse_shapes(c, 3)[1])
    return [(None, rank), (None,), (rank,)][:c.num_outputs]


def _cut_shape(c):
    rank = check_sparse_shapes(c)[1]
    return [(None, rank), (None,), (rank,)]


register_op("SparseAdd", inputs=_TWO + ", thresh: Treal",
            outputs="sum_indices: int64, sum_values: T, sum_shape: int64",
            attrs="T: numbertype; Treal: realnumbertype", shape=_pair_shape, allocates=True)
register_op("SparseAddGrad", inputs="backprop_val_grad: T, a_indices: int64, b_indices: int64, sum_indices: int64",
            outputs="a_val_grad: T, b_val_grad: T", attrs="T: numbertype",
            shape=lambda c: [shapes.with_rank(c.shape(1), 2)[:1], shapes.with_rank(c.shape(2), 2)[:1]])
NotDifferentiable("SparseAddGrad")


@RegisterGradient("SparseAdd")
def _add_grad(op, _, grad, __):
    a_grad, b_grad = raw_ops.SparseAddGrad(grad, op.inputs[0], op.inputs[3], op.outputs[0])
    return None, a_grad, None, None, b_grad, None, None


for _name, _types in (("SparseSparseMaximum", "realnumbertype"), ("SparseSparseMinimum", "numbertype")):
    register_op(_name, inputs=_TWO, outputs="output_indices: int64, output_values: T", attrs=f"T: {_types}",
                shape=_pair_shape, allocates=True)
undefined_gradient("SparseSparseMaximum", "SparseSparseMinimum")

register_op("SparseReorder", inputs="input_indices: int64, input_values: T, input_shape: int64",
            outputs="output_indices: int64, output_values: T", attrs="T: type",
            shape=lambda c: [(check_sparse_shapes(c)[0], check_sparse_shapes(c)[1]), (check_sparse_shapes(c)[0],)])


@RegisterGradient("SparseReorder")
def _reorder_grad(op, _, grad):
    numbers_ = tf.range(tf.shape(op.inputs[0])[0])
    _, order = raw_ops.SparseReorder(op.inputs[0], numbers_, op.inputs[2])
    return None, tf.gather(grad, tf.invert_permutation(order)), None


def _reshape_shape(c):
    indices, new = shapes.with_rank(c.shape(0), 2), shapes.with_rank(c.shape(2), 1)
    return [(indices[0], new[0]), new]


register_op("SparseReshape", inputs="input_indices: int64, input_shape: int64, new_shape: int64",
            outputs="output_indices: int64, output_shape: int64", shape=_reshape_shape)
NotDifferentiable("SparseReshape")


def _concat_shape(c):
    count = c.attr("N")
    rank = None
    for i in range(count):
        rank = shapes.merge_dim(rank, shapes.with_rank(c.shape(i), 2)[1])
    rows = [shapes.with_rank(c.shape(count + i), 1)[0] for i in range(count)]
    total = None if None in rows else sum(rows)
    return [(total, rank), (total,), (rank,)]


register_op("SparseConcat", inputs="indices: N * int64, values: N * T, shapes: N * int64",
            outputs="output_indices: int64, output_values: T, output_shape: int64",
            attrs="concat_dim: int; N: int >= 2; T: type", shape=_concat_shape)
undefined_gradient("SparseConcat")


def _split_shape(c):
    rank = check_sparse_shapes(c, 1)[1]
    count = c.attr("num_split")
    return [(None, rank)] * count + [(None,)] * count + [(rank,)] * count


register_op("SparseSplit", inputs="split_dim: int64, indices: int64, values: T, shape: int64",
            outputs="output_indices: num_split * int64, output_values: num_split * T, "
            "output_shape: num_split * int64", attrs="num_split: int >= 1; T: type", shape=_split_shape,
            allocates=True)
undefined_gradient("SparseSplit")
register_op("SparseSlice", inputs="indices: int64, values: T, shape: int64, start: int64, size: int64",
            outputs="output_indices: int64, output_values: T, output_shape: int64", attrs="T: type", shape=_cut_shape,
            allocates=True)
register_op("SparseSliceGrad",
            inputs="backprop_val_grad: T, input_indices: int64, input_start: int64, output_indices: int64",
            outputs="val_grad: T", attrs="T: numbertype", shape=lambda c: [shapes.with_rank(c.shape(1), 2)[:1]])
NotDifferentiable("SparseSliceGrad")
RegisterGradient("SparseSlice")(lambda op, _, grad, __: (
    None, raw_ops.SparseSliceGrad(grad, op.inputs[0], op.inputs[3], op.outputs[0]), None, None, None))


def _fill_shape(c):
    rows, rank = check_sparse_shapes(c)
    shapes.with_rank(c.shape(3), 0)
    size = c.shape_value(2)
    return [(None, rank), (None,), (None if not size else size[0],), (rows,)]


register_op("SparseFillEmptyRows", inputs="indices: int64, values: T, dense_shape: int64, default_value: T",
            outputs="output_indices: int64, output_values: T, empty_row_indicator: bool, reverse_index_map: int64",
            attrs="T: type", shape=_fill_shape, allocates=True)
register_op("SparseFillEmptyRowsGrad", inputs="reverse_index_map: int64, grad_values: T",
            outputs="d_values: T, d_default_value: T", attrs="T: type", shape=lambda c: [c.shape(0), ()])
NotDifferentiable("SparseFillEmptyRowsGrad")


@RegisterGradient("SparseFillEmptyRows")
def _fill_grad(op, _, grad, *others):
    values, default = raw_ops.SparseFillEmptyRowsGrad(op.outputs[3], grad)
    return None, values, None, default


# ---------------------------------------------------------------- added and compared

@tf_export("sparse.add", "sparse_add")
def sparse_add(a, b, threshold=None, thresh=None):
    """The sum of two sparse tensors, or of a sparse and a dense one (then dense).

    Args: threshold: sums of smaller size are left out of a sparse result.
    """
    threshold = renamed_argument("sparse_add", "threshold", threshold, "thresh", thresh) or 0
    sparse = (SparseTensor, SparseTensorValue)
    if not isinstance(a, sparse) and not isinstance(b, sparse):
        raise TypeError("At least one input should be SparseTensor; do you mean to use tf.add()?")
    if not (isinstance(a, sparse) and isinstance(b, sparse)):
        if isinstance(b, sparse):
            a, b = b, a
        a = as_sparse(a)
        return raw_ops.SparseTensorDenseAdd(a.indices, a.values, a.dense_shape, b)
    a, b = as_sparse(a), as_sparse(b)
    a.get_shape().assert_is_compatible_with(b.get_shape())
    threshold = convert_to_tensor(threshold, dtype=a.dtype.real_dtype.base_dtype, name="threshold")
    return SparseTensor(*raw_ops.SparseAdd(a.indices, a.values, a.dense_shape, b.indices, b.values, b.dense_shape,
                                           threshold))


def _compared(op, default_name, a, b, name):
    with name_scope(name, default_name, [a.indices, a.values, b.indices, b.values]) as name:
        indices, values = op(a.indices, a.values, a.dense_shape, b.indices, b.values, b.dense_shape, name=name)
    return SparseTensor(indices, values, a.dense_shape)


@tf_export("sparse.maximum", "sparse_maximum")
def sparse_maximum(sp_a, sp_b, name=None):
    """The larger of the elements of two sparse tensors; what is not there counts as 0."""
    return _compared(raw_ops.SparseSparseMaximum, "SparseSparseMaximum", sp_a, sp_b, name)


@tf_export("sparse.minimum", "sparse_minimum")
def sparse_minimum(sp_a, sp_b, name=None):
    """The smaller of the elements of two sparse tensors; what is not there counts as 0."""
    return _compared(raw_ops.SparseSparseMinimum, "SparseSparseMinimum", sp_a, sp_b, name)


# ---------------------------------------------------------------- reordered and reshaped

@tf_export("sparse.reorder", "sparse_reorder")
def sparse_reorder(sp_input, name=None):
    """The same tensor with its elements in row-major order."""
    sp_input = as_sparse(sp_input)
    indices, values = raw_ops.SparseReorder(sp_input.indices, sp_input.values, sp_input.dense_shape, name=name)
    return SparseTensor(indices, values, tf.identity(sp_input.dense_shape))


@tf_export("sparse.reshape", "sparse_reshape")
def sparse_reshape(sp_input, shape, name=None):
    """The same elements in row-major order in another shape, of which one size may be -1."""
    sp_input = as_sparse(sp_input)
    shape = tf.cast(shape, dtypes.int64)
    with name_scope(name, "SparseReshape", [sp_input]) as name:
        indices, new = raw_ops.SparseReshape(sp_input.indices, sp_input.dense_shape, shape, name=name)
        known, old = constant_value(shape), sp_input.get_shape()
        if known is not None and old.is_fully_defined():
            new = tf.constant(_full_shape(known.tolist(), old.num_elements()), dtypes.int64)
        return SparseTensor(indices, tf.identity(sp_input.values), new)


def _full_shape(sizes, total):
    """`sizes` with -1 replaced; ValueError unless `total` elements fit."""
    if sizes.count(-1) > 1:
        raise ValueError(f"At most one dimension can be inferred (-1). Found: {sizes}")
    rest = int(np.prod([n for n in sizes if n != -1]))
    full = [total // max(rest, 1) if n == -1 else n for n in sizes]
    if int(np.prod(full)) != total:
        raise ValueError(f"Cannot reshape a tensor with {total} elements to shape {sizes} ({int(np.prod(full))} "
                         "elements).")
    return full


@tf_export("sparse.transpose", "sparse_transpose")
def sparse_transpose(sp_input, perm=None, name=None):
    """The tensor with its dimensions in the order `perm`, by default reversed."""
    with name_scope(name, "SparseTranspose", [sp_input]):
        if perm is None:
            rank = tf.size(sp_input.dense_shape)
            perm = (rank - 1) - tf.range(0, rank, 1)
        indices = tf.transpose(tf.gather(tf.transpose(sp_input.indices), perm))
        return sparse_reorder(SparseTensor(indices, sp_input.values, tf.gather(sp_input.dense_shape, perm)))


@tf_export("sparse.expand_dims")
def sparse_expand_dims(sp_input, axis=None, name=None):
    """The tensor with a dimension of size 1 inserted at `axis`, an int, by default at the end."""
    rank = sp_input.dense_shape.get_shape()[0].value
    axis = -1 if axis is None else axis
    if not isinstance(axis, numbers.Integral) or rank is None:
        raise ValueError("tf.sparse.expand_dims needs an axis that is an int, and a tensor of known rank")
    axis = shapes.normalize_axis(axis, rank + 1, "axis ")
    with name_scope(name, "expand_dims", [sp_input]):
        column = tf.zeros([tf.shape(sp_input.indices)[0], 1], dtype=dtypes.int64)
        indices = tf.concat([sp_input.indices[:, :axis], column, sp_input.indices[:, axis:]], axis=1)
        one = tf.constant([1], dtypes.int64)
        shape = tf.concat([sp_input.dense_shape[:axis], one, sp_input.dense_shape[axis:]], axis=0)
        return SparseTensor(indices, sp_input.values, shape)


# ---------------------------------------------------------------- joined and cut

@tf_export("sparse.concat", "sparse_concat")
def sparse_concat(axis, sp_inputs, name=None, expand_nonconcat_dim=False, concat_dim=None,
                  expand_nonconcat_dims=None):
    """Joins a list of sparse tensors along `axis`.

    Args: expand_nonconcat_dims: whether other dimensions may differ, and become the largest.
    """
    axis = renamed_argument("sparse_concat", "axis", axis, "concat_dim", concat_dim)
    expand = expand_nonconcat_dim if expand_nonconcat_dims is None else expand_nonconcat_dims
    if not isinstance(sp_inputs, (list, tuple)):
        raise TypeError("Inputs must be a list or tuple.")
    sp_inputs = [as_sparse(sp) for sp in sp_inputs]
    if len(sp_inputs) == 1:
        return sp_inputs[0]
    sizes = [sp.dense_shape for sp in sp_inputs]
    if expand:
        largest = tf.reduce_max(tf.stack(sizes), 0)
        after = axis + 1 or tf.size(largest)
        sizes = [tf.concat([largest[:axis], size[axis:after], largest[after:]], 0) for size in sizes]
    return SparseTensor(*raw_ops.SparseConcat([sp.indices for sp in sp_inputs], [sp.values for sp in sp_inputs], sizes,
                                              concat_dim=axis, name=name))


class _KeywordRequired:
    def __repr__(self):
        return "KeywordRequired()"


@tf_export("sparse.split", "sparse_split")
def sparse_split(keyword_required=_KeywordRequired(), sp_input=None, num_split=None, axis=None,  # noqa: B008
                 name=None, split_dim=None):
    """A list of `num_split` parts of a sparse tensor along `axis`; first parts are larger if they can't be equal."""
    if not isinstance(keyword_required, _KeywordRequired):
        raise ValueError("Keyword arguments are required for this function.")
    axis = renamed_argument("sparse_split", "axis", axis, "split_dim", split_dim)
    for what, value in (("sp_input", sp_input), ("num_split", num_split), ("axis", axis)):
        if value is None:
            raise ValueError(f"{what} is required")
    sp_input = as_sparse(sp_input)
    parts = raw_ops.SparseSplit(axis, sp_input.indices, sp_input.values, sp_input.dense_shape, num_split=num_split,
                                name=name)
    return [SparseTensor(*part) for part in zip(*parts)]


@tf_export("sparse.slice", "sparse_slice")
def sparse_slice(sp_input, start, size, name=None):
    """The part of a sparse tensor from `start` on, of `size`."""
    sp_input = as_sparse(sp_input)
    start, size = convert_to_tensor(start, dtypes.int64), convert_to_tensor(size, dtypes.int64)
    with name_scope(name, "SparseSlice", [sp_input]) as name:
        return SparseTensor(*raw_ops.SparseSlice(sp_input.indices, sp_input.values, sp_input.dense_shape, start, size,
                                                 name=name))


@tf_export("sparse.retain", "sparse_retain")
def sparse_retain(sp_input, to_retain):
    """Only the elements for which the bool vector `to_retain` is true."""
    sp_input = as_sparse(sp_input)
    to_retain = convert_to_tensor(to_retain)
    to_retain.get_shape().assert_has_rank(1)
    sp_input.values.get_shape()[:1].merge_with(to_retain.get_shape())
    kept = tf.reshape(tf.where(to_retain), [-1])
    return SparseTensor(tf.gather(sp_input.indices, kept), tf.gather(sp_input.values, kept),
                        tf.identity(sp_input.dense_shape))


# ---------------------------------------------------------------- made and filled

@tf_export("sparse.from_dense")
def from_dense(tensor, name=None):
    """The elements of a dense tensor that are not 0 (or empty)."""
    with name_scope(name, "dense_to_sparse"):
        tensor = convert_to_tensor(tensor)
        zero = tf.constant("" if tensor.dtype == dtypes.string else 0, tensor.dtype)
        indices = tf.where(tf.not_equal(tensor, zero))
        return SparseTensor(indices, tf.gather_nd(tensor, indices), tf.shape(tensor, out_type=dtypes.int64))


@tf_export("sparse.eye")
def sparse_eye(num_rows, num_columns=None, dtype=dtypes.float32, name=None):
    """A sparse matrix with ones on its diagonal."""
    with name_scope(name, "eye", [num_rows, num_columns]):
        rows = tf.cast(num_rows, dtypes.int64)
        columns = rows if num_columns is None else tf.cast(num_columns, dtypes.int64)
        places = tf.range(tf.minimum(rows, columns))
        return SparseTensor(tf.stack([places, places], axis=1), tf.ones(tf.shape(places), dtype=dtype),
                            tf.stack([rows, columns]))


@tf_export("sparse.fill_empty_rows", "sparse_fill_empty_rows")
def sparse_fill_empty_rows(sp_input, default_value, name=None):
    """(a matrix with `default_value` first in rows that had nothing, which rows those were)."""
    sp_input = as_sparse(sp_input)
    with name_scope(name, "SparseFillEmptyRows", [sp_input]):
        default_value = convert_to_tensor(default_value, dtype=sp_input.dtype)
        indices, values, empty, _ = raw_ops.SparseFillEmptyRows(
            sp_input.indices, sp_input.values, sp_input.dense_shape, default_value)
        return SparseTensor(indices, values, sp_input.dense_shape), empty


@tf_export("sparse.reset_shape", "sparse_reset_shape")
def sparse_reset_shape(sp_input, new_shape=None):
    """The same elements in a larger shape, by default the smallest that has room for them."""
    sp_input = as_sparse(sp_input)
    indices, values = tf.identity(sp_input.indices), tf.identity(sp_input.values)
    shape = tf.identity(sp_input.dense_shape)
    if new_shape is None:
        highest = tf.reduce_max(indices, axis=0)
        return SparseTensor(indices, values, tf.maximum(tf.constant(0, dtypes.int64), highest + tf.ones_like(shape)))
    new_shape = tf.cast(convert_to_tensor(new_shape), dtypes.int64)
    new_shape.get_shape().assert_has_rank(1)
    new_shape.get_shape().merge_with(shape.get_shape())
    with control_dependencies([lookup("assert_less_equal")(shape, new_shape)]):
        return SparseTensor(indices, values, tf.identity(new_shape))


@tf_export("sparse.to_indicator", "sparse_to_indicator")
def sparse_to_indicator(sp_input, vocab_size, name=None):
    """A dense bool tensor [..., vocab_size] that is true at the ids that are the values of `sp_input`."""
    sp_input = as_sparse(sp_input)
    with name_scope(name, "SparseToIndicator", [sp_input]) as name:
        true = tf.fill(tf.expand_dims(tf.shape(sp_input.indices)[0], 0), True)
        merged = sparse_merge(sp_input, SparseTensor(sp_input.indices, true, sp_input.dense_shape), vocab_size)
        return tf.sparse_tensor_to_dense(merged, default_value=False, validate_indices=False, name=name)


@tf_export("sparse.merge", "sparse_merge")
def sparse_merge(sp_ids, sp_values, vocab_size, name=None, already_sorted=False):
    """`sp_values` at the ids in `sp_ids`, instead of at their places in the last dimension.

    Args: sp_ids: a SparseTensor, or a list of them for several dimensions. vocab_size: sizes of these dimensions.
    """
    if isinstance(sp_ids, (SparseTensor, SparseTensorValue)):
        if not isinstance(vocab_size, (Tensor, numbers.Integral)):
            raise TypeError(f"vocab_size has to be a Tensor or Python int. Found {type(vocab_size)}")
        sp_ids, vocab_size = [sp_ids], [vocab_size]
    if len(sp_ids) != len(vocab_size):
        raise ValueError("sp_ids and vocab_size have to have equal lengths.")
    with name_scope(name, "SparseMerge", [sp_values]):
        sp_ids, sp_values = [as_sparse(ids) for ids in sp_ids], as_sparse(sp_values)
        columns = [tf.expand_dims(tf.cast(ids.values, dtypes.int64), axis=1) for ids in sp_ids]
        indices = tf.concat([sp_ids[0].indices[:, :-1], *columns], 1)
        sizes = [tf.cast(size, dtypes.int64) for size in vocab_size]
        shape = tf.concat([sp_ids[0].dense_shape[:-1], tf.stack(sizes)], 0)
        result = SparseTensor(indices, sp_values.values, shape)
        return result if already_sorted else sparse_reorder(result)
