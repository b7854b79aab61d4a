"""Softmax, its logarithm, and cross entropies of logits.

The two cross entropy ops compute loss and gradient in one; wrappers bring logits into the matrices the ops
take, with TensorFlow 1.15's helper ops. Cross entropies of sigmoids stand in `sigmoid_loss`. Holds no state.
"""

from graphflow.framework import dtypes, errors, raw_ops, shapes, static_value
from graphflow.framework import public as tf
from graphflow.framework.api import tf_export
from graphflow.framework.convert import convert_to_tensor
from graphflow.framework.deprecation import renamed_argument, warn_once
from graphflow.framework.graph_scopes import control_dependencies, name_scope
from graphflow.framework.op_def import RegisterGradient, register_op
from graphflow.framework.tensor import Tensor

_FLOAT = "T: {half, bfloat16, float, double}"


def _softmax_shape(c):
    return [shapes.with_rank_at_least(c.shape(0), 1)]


def _cross_entropy_shape(c):
    logits = shapes.broadcast_shapes(c.shape(0), c.shape(1))
    if logits is not None and len(logits) != 2:
        raise ValueError(f"Shape must be broadcasted with rank 2, but is rank {len(logits)}")
    logits = shapes.with_rank(logits, 2)
    return [logits[:1], logits]


def _check_vectors(logits, labels):
    """What the kernel would say, in a run."""
    for name, shape, rank in (("logits", logits, 2), ("labels", labels, 1)):
        if shape is not None and len(shape) != rank:
            raise ValueError(f"{name} must be {rank}-D, but got shape {shapes.format_shape(shape)}")


def _sparse_cross_entropy_shape(c):
    if c.running:
        _check_vectors(*c.shapes)
    logits, labels = shapes.with_rank(c.shape(0), 2), shapes.with_rank(c.shape(1), 1)
    batch = shapes.merge_dim(logits[0], labels[0])
    return [(batch,), (batch, logits[1])]


# ---------------------------------------------------------------- softmax

register_op("Softmax", inputs="logits: T", outputs="softmax: T", attrs=_FLOAT, shape=_softmax_shape)


@RegisterGradient("Softmax")
def _softmax_grad(op, grad):
    softmax = op.outputs[0]
    total = tf.reduce_sum(grad * softmax, -1, keepdims=True)
    return (grad - total) * softmax


register_op("LogSoftmax", inputs="logits: T", outputs="logsoftmax: T", attrs=_FLOAT, shape=_softmax_shape)


@RegisterGradient("LogSoftmax")
def _log_softmax_grad(op, grad):
    softmax = tf.exp(op.outputs[0])
    return grad - tf.reduce_sum(grad, -1, keepdims=True) * softmax


@tf_export("nn.softmax", "math.softmax")
def softmax(logits, axis=None, name=None, dim=None):
    """`exp(logits) / reduce_sum(exp(logits), axis)`, without overflow.

    Args:
      logits: float tensor that is no scalar. axis: dimension of the classes, the last by default.
      dim: deprecated name of `axis`.
    Raises InvalidArgumentError if `axis` is out of range, ValueError for a scalar.

    Example:
      >>> import graphflow as tf
      >>> tf.nn.softmax(tf.zeros([2, 3])).shape
      TensorShape([Dimension(2), Dimension(3)])
    """
    axis = renamed_argument("nn.softmax", "axis", axis, "dim", dim)
    return _along_axis(logits, raw_ops.Softmax, -1 if axis is None else axis, name)


@tf_export("nn.log_softmax", "math.log_softmax")
def log_softmax(logits, axis=None, name=None, dim=None):
    """`logits - log(reduce_sum(exp(logits), axis))`, without overflow. Arguments as `softmax`."""
    axis = renamed_argument("nn.log_softmax", "axis", axis, "dim", dim)
    return _along_axis(logits, raw_ops.LogSoftmax, -1 if axis is None else axis, name)


def _along_axis(logits, compute, axis, name):
    logits = convert_to_tensor(logits)
    shape = logits.get_shape()
    ndims = shape.ndims
    if not isinstance(axis, Tensor) and axis in (-1, None if ndims is None else ndims - 1):
        return compute(logits, name=name)
    known = static_value.constant_value(axis) if isinstance(axis, Tensor) else axis
    if known is not None and ndims is not None and not -ndims <= known < ndims:
        raise errors.InvalidArgumentError(
            None, None, f"Dimension ({known}) must be in the range [{-ndims}, {ndims}) where {ndims} is the "
            "number of dimensions in the input.")
    rank = tf.rank(logits)
    if isinstance(axis, Tensor):
        axis = tf.where(tf.less(axis, 0), axis + rank, axis)
    elif axis < 0:
        axis += rank
    input_rank = tf.rank(logits)
    axis = axis % (input_rank if ndims is None else ndims)
    logits = _swap_axes(logits, axis, tf.subtract(input_rank, 1))
    output = _swap_axes(compute(logits), axis, tf.subtract(input_rank, 1), name)
    output.set_shape(shape)
    return output


def _swap_axes(tensor, axis, last, name=None):
    order = tf.concat([tf.range(axis), [last], tf.range(axis + 1, last), [axis]], 0)
    return tf.transpose(tensor, order, name=name)


# ---------------------------------------------------------------- cross entropy with distributions

register_op("SoftmaxCrossEntropyWithLogits", inputs="features: T, labels: T",
            outputs="loss: T, backprop: T", attrs=_FLOAT, shape=_cross_entropy_shape)


@RegisterGradient("SoftmaxCrossEntropyWithLogits")
def _softmax_cross_entropy_grad(op, grad_loss, grad_grad):
    logits, softmax_grad = op.inputs[0], op.outputs[1]
    grad = _rows_times(grad_loss, softmax_grad)
    if grad_grad is not None and not _is_zero(grad_grad):
        probability = softmax(logits)
        inner = tf.squeeze(tf.matmul(tf.expand_dims(grad_grad, 1), tf.expand_dims(probability, 2)), axis=1)
        grad += (grad_grad - inner) * probability
    return grad, _rows_times(grad_loss, -log_softmax(logits))


def _rows_times(vector, matrix):
    return tf.expand_dims(vector, -1) * matrix


def _is_zero(gradient):
    if gradient.op.type in ("ZerosLike", "Zeros"):
        return True
    value = static_value.constant_value(gradient)
    return value is not None and not value.any()


def xent_arguments(function, sentinel, labels, logits):
    """`labels` and `logits` as given, also in TensorFlow 0.x's positional order (logits, labels).

    Raises ValueError if one is missing or the orders are mixed.
    """
    if sentinel is not None:
        if labels is None or logits is not None:
            raise ValueError(f"Only call `{function}` with named arguments (labels=..., logits=..., ...)")
        warn_once((function, "positional"),
                  f"tf.nn.{function}(logits, labels) is TensorFlow 0.x's order: name the arguments, "
                  "labels=..., logits=....")
        logits = sentinel
    if labels is None or logits is None:
        raise ValueError("Both labels and logits must be provided.")
    return labels, logits


@tf_export("compat.v2.nn.softmax_cross_entropy_with_logits")
def softmax_cross_entropy_with_logits_of_2(labels, logits, axis=-1, name=None):
    """`tf.nn.softmax_cross_entropy_with_logits_v2` under TensorFlow 2's name."""
    return _softmax_cross_entropy(labels, logits, axis, name)


@tf_export("nn.softmax_cross_entropy_with_logits_v2")
def softmax_cross_entropy_with_logits_v2(labels, logits, axis=None, name=None, dim=None):
    """Cross entropy of the distributions `labels` and `softmax(logits)`; gradients flow into both.

    Args:
      labels: tensor of probabilities that sum to 1 along `axis`. logits: float tensor of its shape.
      axis: dimension of the classes, the last by default. dim: deprecated name of `axis`.
    Returns a tensor of the shape of `logits` without `axis`. Half types are computed in float32.
    """
    axis = renamed_argument("nn.softmax_cross_entropy_with_logits_v2", "axis", axis, "dim", dim)
    return _softmax_cross_entropy(labels, logits, -1 if axis is None else axis, name)


def _softmax_cross_entropy(labels, logits, axis, name):
    with name_scope(name, "softmax_cross_entropy_with_logits", [logits, labels]) as scope:
        logits = convert_to_tensor(logits, name="logits")
        labels = convert_to_tensor(labels, name="labels")
        is_half = logits.dtype in (dtypes.float16, dtypes.bfloat16)
        precise = tf.cast(logits, dtypes.float32) if is_half else logits
        labels = tf.cast(labels, precise.dtype)
        rank = tf.rank(precise)
        shape = logits.get_shape()
        if axis != -1:
            precise, labels = _move_to_end(precise, axis, rank), _move_to_end(labels, axis, rank)
        input_shape = tf.shape(precise)
        precise, labels = _flatten_outer_dims(precise), _flatten_outer_dims(labels)
        cost = raw_ops.SoftmaxCrossEntropyWithLogits(precise, labels, name=scope)[0]
        cost = tf.reshape(cost, tf.slice(input_shape, [0], [tf.subtract(rank, 1)]))
        if shape.dims is not None:
            sizes = shape.as_list()
            del sizes[axis]
            cost.set_shape(sizes)
        return tf.cast(cost, logits.dtype) if is_half else cost


def _move_to_end(tensor, axis, rank):
    order = tf.concat([tf.range(axis), tf.range(axis + 1, rank), [axis]], 0)
    return tf.transpose(tensor, order)


def _flatten_outer_dims(logits):
    """`logits` as a matrix that keeps the last dimension."""
    rank = tf.rank(logits)
    last = tf.slice(tf.shape(logits), [tf.subtract(rank, 1)], [1])
    output = tf.reshape(logits, tf.concat([[-1], last], 0))
    static = logits._shape
    if static is not None and shapes.is_full(static[:-1]):
        output.set_shape([shapes.size(static[:-1]), static[-1]])
    return output


@tf_export("nn.softmax_cross_entropy_with_logits")
def softmax_cross_entropy_with_logits(_sentinel=None, labels=None, logits=None, dim=-1, name=None, axis=None):
    """Cross entropy of the distributions `labels` and `softmax(logits)`; `labels` get no gradient.

    Name the arguments; TensorFlow 0.x's `(logits, labels)` by position works too and warns once.
    Otherwise as `softmax_cross_entropy_with_logits_v2`.

    Example:
      >>> import graphflow as tf
      >>> loss = tf.nn.softmax_cross_entropy_with_logits(labels=[[0.0, 1.0]], logits=[[1.0, 3.0]])
      >>> loss.shape
      TensorShape([Dimension(1)])
    """
    if axis is not None:
        if dim != -1:
            raise ValueError("Cannot specify both 'dim' and 'axis'")
        dim = axis
    labels, logits = xent_arguments("softmax_cross_entropy_with_logits", _sentinel, labels, logits)
    with name_scope(name, "softmax_cross_entropy_with_logits_sg", [logits, labels]) as scope:
        labels = tf.stop_gradient(labels, name="labels_stop_gradient")
    return _softmax_cross_entropy(labels, logits, dim, scope)


# ---------------------------------------------------------------- cross entropy with class numbers

register_op("SparseSoftmaxCrossEntropyWithLogits", inputs="features: T, labels: Tlabels",
            outputs="loss: T, backprop: T", attrs=f"{_FLOAT}; Tlabels: {{int32, int64}} = int64",
            shape=_sparse_cross_entropy_shape)


@RegisterGradient("SparseSoftmaxCrossEntropyWithLogits")
def _sparse_softmax_cross_entropy_grad(op, grad_loss, _):
    backprop = raw_ops.PreventGradient(
        op.outputs[1],
        message="Currently there is no way to take the second derivative of "
        "sparse_softmax_cross_entropy_with_logits due to the fused implementation's interaction with "
        "tf.gradients()")
    return _rows_times(grad_loss, backprop), None


@tf_export("nn.sparse_softmax_cross_entropy_with_logits")
def sparse_softmax_cross_entropy_with_logits(_sentinel=None, labels=None, logits=None, name=None):
    """Cross entropy of `softmax(logits)` and the class numbers `labels`.

    Args:
      labels: int32 or int64 tensor [d0, ..., dn] of numbers in [0, classes); others raise
        InvalidArgumentError when run. logits: float tensor [d0, ..., dn, classes].
    Returns a tensor of the shape of `labels`. Name the arguments; TensorFlow 0.x's order
    `(logits, labels)` works too and warns once.
    Raises ValueError if ranks or sizes don't fit.
    """
    labels, logits = xent_arguments("sparse_softmax_cross_entropy_with_logits", _sentinel, labels, logits)
    with name_scope(name, "SparseSoftmaxCrossEntropyWithLogits", [labels, logits]):
        labels, logits = convert_to_tensor(labels), convert_to_tensor(logits)
        is_half = logits.dtype.base_dtype == dtypes.float16
        precise = tf.cast(logits, dtypes.float32) if is_half else logits
        shape, labels_shape = labels.get_shape(), tf.shape(labels)
        known = _check_sparse_shapes(shape, logits.get_shape())
        if logits.get_shape().ndims == 2:
            cost = raw_ops.SparseSoftmaxCrossEntropyWithLogits(precise, labels, name=name)[0]
        else:
            checks = [] if known else [tf.assert_equal(tf.shape(labels), tf.shape(logits)[:-1])]
            with control_dependencies(checks):
                classes = tf.shape(logits)[tf.rank(logits) - 1]
                precise = tf.reshape(precise, [-1, classes])
                flat = tf.reshape(labels, [-1])
                cost = raw_ops.SparseSoftmaxCrossEntropyWithLogits(precise, flat, name=name)[0]
                cost = tf.reshape(cost, labels_shape)
                cost.set_shape(shape)
        return tf.cast(cost, dtypes.float16) if is_half else cost


def _check_sparse_shapes(labels, logits):
    """Whether both shapes are known to fit; ValueError if they are known not to."""
    if logits.ndims == 0:
        raise ValueError(f"Logits cannot be scalars - received shape {logits}.")
    if logits.ndims is not None and labels.ndims is not None and labels.ndims != logits.ndims - 1:
        raise ValueError(f"Rank mismatch: Rank of labels (received {labels.ndims}) should equal rank of logits "
                         f"minus 1 (received {logits.ndims}).")
    known = labels.is_fully_defined() and logits.ndims is not None and logits[:-1].is_fully_defined()
    if known and labels.as_list() != logits[:-1].as_list():
        raise ValueError(f"Shape mismatch: The shape of labels (received {labels}) should equal the shape of "
                         f"logits except for the last dimension (received {logits}).")
    return known
