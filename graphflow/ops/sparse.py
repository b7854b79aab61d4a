"""Sparse tensors and dense ones: conversions, products, sums, softmax.

What changes sparse tensors only is in `sparse_structure`. Gradients pass to the values of sparse
tensors, never to their indices or shapes. Holds no state.
"""

from graphflow.framework import dtypes, raw_ops, shapes
from graphflow.framework import public as tf
from graphflow.framework.api import tf_export
from graphflow.framework.convert import convert_to_tensor
from graphflow.framework.deprecation import renamed_argument
from graphflow.framework.graph_scopes import name_scope
from graphflow.framework.op_def import NotDifferentiable, RegisterGradient, register_op
from graphflow.framework.sparse_tensor import SparseTensor, SparseTensorValue
from graphflow.ops.reduction import reduced_shape


def as_sparse(value):
    """`value` as a SparseTensor; TypeError if it is neither that nor a SparseTensorValue."""
    if isinstance(value, SparseTensorValue):
        return SparseTensor.from_value(value)
    if not isinstance(value, SparseTensor):
        raise TypeError("Input must be a SparseTensor.")
    return value


def check_sparse_shapes(c, first=0):
    """(rows, rank) of the sparse tensor in inputs `first` to `first + 2`, as far as known."""
    indices = shapes.with_rank(c.shape(first), 2)
    values, shape = shapes.with_rank(c.shape(first + 1), 1), shapes.with_rank(c.shape(first + 2), 1)
    return shapes.merge_dim(indices[0], values[0]), shapes.merge_dim(indices[1], shape[0])


# ---------------------------------------------------------------- ops

def _to_dense_shape(c):
    shapes.with_rank_at_most(c.shape(0), 2)
    shapes.with_rank_at_most(c.shape(2), 1)
    shapes.with_rank(c.shape(3), 0)
    return [c.shape_value(1)]


register_op("SparseToDense",
            inputs="sparse_indices: Tindices, output_shape: Tindices, sparse_values: T, default_value: T",
            outputs="dense: T", attrs="validate_indices: bool = true; T: type; Tindices: {int32, int64}",
            shape=_to_dense_shape)


@RegisterGradient("SparseToDense")
def _to_dense_grad(op, grad):
    indices, shape = op.inputs[:2]
    values_grad = tf.gather_nd(grad, indices)
    default_grad = tf.reduce_sum(grad) - tf.reduce_sum(values_grad)
    return tf.zeros_like(indices), tf.zeros_like(shape), values_grad, default_grad


def _matmul_shape(c):
    shapes.with_rank(c.shape(0), 2)
    shapes.with_rank(c.shape(1), 1)
    b = shapes.with_rank(c.shape(3), 2)
    a = c.shape_value(2)
    if a is None:
        a = (None, None)
    a = shapes.with_rank(a, 2)
    inner, outer = a if c.attr("adjoint_a") else a[::-1]
    rows, columns = b[::-1] if c.attr("adjoint_b") else b
    shapes.merge_dim(inner, rows)
    return [(outer, columns)]


register_op("SparseTensorDenseMatMul", inputs="a_indices: Tindices, a_values: T, a_shape: int64, b: T",
            outputs="product: T", attrs="T: type; Tindices: {int32, int64} = int64; adjoint_a: bool = false; "
            "adjoint_b: bool = false", shape=_matmul_shape)


@RegisterGradient("SparseTensorDenseMatMul")
def _matmul_grad(op, grad):
    indices, values, shape, b = op.inputs
    adjoint_a, adjoint_b = op.get_attr("adjoint_a"), op.get_attr("adjoint_b")
    if values.dtype.is_complex:
        raise NotImplementedError("SparseTensorDenseMatMul op does not support complex gradients.")
    b_grad = raw_ops.SparseTensorDenseMatMul(indices, values, shape, grad, adjoint_a=not adjoint_a)
    if adjoint_b:
        b_grad = tf.transpose(b_grad)
    rows, columns = indices[:, 0], indices[:, 1]
    if adjoint_a:
        rows, columns = columns, rows
    products = tf.gather(grad, rows) * tf.gather(tf.transpose(b) if adjoint_b else b, columns)
    return None, tf.reduce_sum(products, axis=1), None, b_grad


def _reduction_shape(c):
    check_sparse_shapes(c)
    shape, axes = c.shape_value(2), c.value(3)
    if shape is None:
        return [None]
    if axes is None:
        return [(None,) * len(shape) if c.attr("keep_dims") else None]
    # No axes: all of them.
    axes = {shapes.normalize_axis(int(a), len(shape)) for a in axes.ravel()} or set(range(len(shape)))
    if c.attr("keep_dims"):
        return [tuple(1 if i in axes else d for i, d in enumerate(shape))]
    return [tuple(d for i, d in enumerate(shape) if i not in axes)]


_REDUCED = "input_indices: int64, input_values: T, input_shape: int64, reduction_axes: int32"
for _name, _types in (("SparseReduceSum", "numbertype"), ("SparseReduceMax", "realnumbertype")):
    register_op(_name, inputs=_REDUCED, outputs="output: T", attrs=f"keep_dims: bool = false; T: {_types}",
                shape=_reduction_shape)
    register_op(_name + "Sparse", inputs=_REDUCED,
                outputs="output_indices: int64, output_values: T, output_shape: int64",
                attrs=f"keep_dims: bool = false; T: {_types}", allocates=True,
                shape=lambda c: [(None, None), (None,), (None,)])
    NotDifferentiable(_name + "Sparse")
NotDifferentiable("SparseReduceMax")


@RegisterGradient("SparseReduceSum")
def _reduce_sum_grad(op, grad):
    indices, _, shape, axes = op.inputs
    kept = reduced_shape(shape, axes)
    scale = shape // tf.cast(kept, dtypes.int64)
    return None, tf.gather_nd(tf.reshape(grad, kept), indices // scale), None, None


register_op("SparseTensorDenseAdd", inputs="a_indices: Tindices, a_values: T, a_shape: Tindices, b: T",
            outputs="output: T", attrs="T: numbertype; Tindices: {int32, int64}", shape=lambda c: [c.shape(3)])
RegisterGradient("SparseTensorDenseAdd")(
    lambda op, grad: (None, tf.gather_nd(grad, op.inputs[0]), None, grad))


def _values_shape(c):
    return [(check_sparse_shapes(c)[0],)]


for _name in ("SparseDenseCwiseAdd", "SparseDenseCwiseMul", "SparseDenseCwiseDiv"):
    register_op(_name, inputs="sp_indices: int64, sp_values: T, sp_shape: int64, dense: T", outputs="output: T",
                attrs="T: numbertype", shape=_values_shape)


@RegisterGradient("SparseDenseCwiseAdd")
def _cwise_add_grad(op, grad):
    raise NotImplementedError("Gradient for SparseDenseCwiseAdd is currently not implemented yet.")


@RegisterGradient("SparseDenseCwiseMul")
def _cwise_mul_grad(op, grad):
    picked, to_dense = _broadcast_dense(op)
    return None, grad * picked, None, to_dense(grad * op.inputs[1])


@RegisterGradient("SparseDenseCwiseDiv")
def _cwise_div_grad(op, grad):
    picked, to_dense = _broadcast_dense(op)
    return None, grad / picked, None, to_dense(grad * (-op.inputs[1] / tf.square(picked)))


def _broadcast_dense(op):
    """(dense values that each sparse one met, function that adds a gradient up to the dense shape)."""
    indices, _, shape, dense = op.inputs
    dense_shape = tf.cast(tf.shape(dense), dtypes.int64)
    added = tf.expand_dims(tf.size(shape) - tf.size(dense_shape), 0)
    scaling = shape // tf.concat([tf.ones(added, dtypes.int64), dense_shape], 0)
    places = tf.slice(indices // scaling, tf.concat([[0], added], 0), [-1, -1])
    return tf.gather_nd(dense, places), lambda values: tf.scatter_nd(places, values, dense_shape)


register_op("SparseSoftmax", inputs="sp_indices: int64, sp_values: T, sp_shape: int64", outputs="output: T",
            attrs="T: {float, double}", shape=_values_shape)


@RegisterGradient("SparseSoftmax")
def _softmax_grad(op, grad):
    indices, _, shape = op.inputs
    result = op.outputs[0]
    total = -sparse_reduce_sum(SparseTensor(indices, result * grad, shape), [-1], keepdims=True)
    return None, raw_ops.SparseDenseCwiseAdd(indices, grad, shape, total) * result, None


# ---------------------------------------------------------------- wrappers

@tf_export("sparse.placeholder", "sparse_placeholder")
def sparse_placeholder(dtype, shape=None, name=None):
    """A sparse tensor to be fed with a SparseTensorValue or a tuple (indices, values, dense shape).

    Args: shape: of the dense tensor, or None for any; with None for a size, only the rank is known.
    """
    shape_name = None if name is None else name + "/shape"
    rank = None
    if shape is not None and not isinstance(shape, tf.Tensor):
        dims = [getattr(d, "value", d) for d in shape]
        rank = len(dims)
        known = all(d is not None and d != -1 for d in dims)
        shape = convert_to_tensor(dims, dtypes.int64, name=shape_name) if known else None
    if shape is None:
        shape = tf.placeholder(dtypes.int64, shape=[rank], name=shape_name)
    values = tf.placeholder(dtype, shape=[None], name=None if name is None else name + "/values")
    indices = tf.placeholder(dtypes.int64, shape=[None, rank], name=None if name is None else name + "/indices")
    return SparseTensor(indices, values, shape)


@tf_export("sparse_to_dense")
def sparse_to_dense(sparse_indices, output_shape, sparse_values, default_value=0, validate_indices=True, name=None):
    """A dense tensor of `output_shape` with `sparse_values` at `sparse_indices`.

    Args:
      sparse_indices: [n, rank], or [n] for a vector, or a scalar. sparse_values: [n], or a scalar for all places.
      default_value: everywhere else. validate_indices: whether they must be in order, without repetition.
    Raises InvalidArgumentError in a run with indices that are outside, or not in order.

    Example:
      >>> import graphflow as tf
      >>> with tf.Session() as sess:
      ...     print(sess.run(tf.sparse_to_dense([1, 3], [4], 7)))
      [0 7 0 7]
    """
    return raw_ops.SparseToDense(sparse_indices, output_shape, sparse_values, default_value,
                                 validate_indices=validate_indices, name=name)


@tf_export("sparse.to_dense", "sparse_tensor_to_dense")
def sparse_tensor_to_dense(sp_input, default_value=None, validate_indices=True, name=None):
    """The dense tensor that `sp_input` stands for, with `default_value` (zero) where it has nothing."""
    sp_input = as_sparse(sp_input)
    if default_value is None:
        default_value = tf.zeros([], dtype=sp_input.dtype)
    return raw_ops.SparseToDense(sp_input.indices, sp_input.dense_shape, sp_input.values, default_value,
                                 validate_indices=validate_indices, name=name)


@tf_export("sparse.sparse_dense_matmul", "sparse.matmul", "sparse_tensor_dense_matmul")
def sparse_tensor_dense_matmul(sp_a, b, adjoint_a=False, adjoint_b=False, name=None):
    """The product of a sparse and a dense matrix.

    Args: adjoint_a, adjoint_b: whether to transpose (and conjugate) first.
    Gradients go to the values of `sp_a` and to `b`.
    """
    sp_a = as_sparse(sp_a)
    with name_scope(name, "SparseTensorDenseMatMul", [sp_a.indices, sp_a.values, b]):
        b = convert_to_tensor(b, name="b")
        return raw_ops.SparseTensorDenseMatMul(sp_a.indices, sp_a.values, sp_a.dense_shape, b,
                                               adjoint_a=adjoint_a, adjoint_b=adjoint_b)


def _reduced(op, function, sp_input, axis, keepdims, reduction_axes, keep_dims):
    axis = renamed_argument(function, "axis", axis, "reduction_axes", reduction_axes)
    keepdims = renamed_argument(function, "keepdims", keepdims, "keep_dims", keep_dims)
    sp_input = as_sparse(sp_input)
    if axis is None:
        rank = sp_input.dense_shape.get_shape()[0].value
        axis = tf.range(0, tf.rank(sp_input)) if rank is None else list(range(rank))
    return op(sp_input.indices, sp_input.values, sp_input.dense_shape, convert_to_tensor(axis, dtypes.int32),
              keep_dims=bool(keepdims))


@tf_export("sparse.reduce_sum", "sparse_reduce_sum")
def sparse_reduce_sum(sp_input, axis=None, keepdims=None, reduction_axes=None, keep_dims=None):
    """Sums of a sparse tensor over `axis`, as a dense tensor."""
    return _reduced(raw_ops.SparseReduceSum, "sparse_reduce_sum", sp_input, axis, keepdims, reduction_axes, keep_dims)


@tf_export("sparse.reduce_max", "sparse_reduce_max")
def sparse_reduce_max(sp_input, axis=None, keepdims=None, reduction_axes=None, keep_dims=None):
    """The largest of the values over `axis`, as a dense tensor; 0 where there is none. Not differentiable."""
    return _reduced(raw_ops.SparseReduceMax, "sparse_reduce_max", sp_input, axis, keepdims, reduction_axes, keep_dims)


@tf_export("sparse.reduce_sum_sparse", "sparse_reduce_sum_sparse")
def sparse_reduce_sum_sparse(sp_input, axis=None, keepdims=None, reduction_axes=None, keep_dims=None):
    """Like `sparse_reduce_sum`, as a SparseTensor; not differentiable."""
    return SparseTensor(*_reduced(raw_ops.SparseReduceSumSparse, "sparse_reduce_sum_sparse", sp_input, axis, keepdims,
                                  reduction_axes, keep_dims))


@tf_export("sparse.reduce_max_sparse", "sparse_reduce_max_sparse")
def sparse_reduce_max_sparse(sp_input, axis=None, keepdims=None, reduction_axes=None, keep_dims=None):
    """Like `sparse_reduce_max`, as a SparseTensor."""
    return SparseTensor(*_reduced(raw_ops.SparseReduceMaxSparse, "sparse_reduce_max_sparse", sp_input, axis, keepdims,
                                  reduction_axes, keep_dims))


@tf_export("sparse.softmax", "sparse_softmax")
def sparse_softmax(sp_input, name=None):
    """Softmax over the last dimension; what is not there has no share."""
    with name_scope(name, "SparseSoftmax", [sp_input.indices, sp_input.values]):
        values = raw_ops.SparseSoftmax(sp_input.indices, sp_input.values, sp_input.dense_shape)
        return SparseTensor(sp_input.indices, values, sp_input.dense_shape)
