"""Normalisation ops: fused batch normalisation, local response normalisation, and the L2 loss.

What TensorFlow builds of elementwise ops (`moments`, `batch_normalization`, ...) stands in `moments`.
Holds no state.
"""

from graphflow.framework import dtypes, raw_ops, shapes
from graphflow.framework import public as tf
from graphflow.framework.api import tf_export
from graphflow.framework.convert import convert_to_tensor
from graphflow.framework.gradients import gradients
from graphflow.framework.op_def import RegisterGradient, register_op

# ---------------------------------------------------------------- fused batch normalisation

_FORMATS = "data_format: {'NHWC', 'NCHW'} = 'NHWC'"
_FORMATS_V3 = "data_format: {'NHWC', 'NCHW', 'NDHWC', 'NCDHW'} = 'NHWC'"
# version -> (type attributes, dtype of statistics, formats)
_VERSIONS = {
    "": ("T: {float}", "T", _FORMATS),
    "V2": ("T: {half, bfloat16, float}; U: {float}", "U", _FORMATS),
    "V3": ("T: {half, bfloat16, float}; U: {bfloat16, float}", "U", _FORMATS_V3),
}
# The smallest epsilon that cuDNN takes; TensorFlow uses it everywhere.
_MIN_EPSILON = 1.001e-5


def _with_channels(c, tensors, vectors):
    """(merged shape of the image tensors, channels): vectors must have one entry per channel."""
    data_format = c.attr("data_format")
    image = None
    for i in tensors:
        image = shapes.merge_shapes(image, shapes.with_rank(c.shape(i), len(data_format)))
    axis = data_format.index(b"C")
    channels = image[axis]
    for i in vectors:
        channels = shapes.merge_dim(channels, shapes.with_rank(c.shape(i), 1)[0])
    return (*image[:axis], channels, *image[axis + 1:]), channels


def _forward_shape(c):
    y, channels = _with_channels(c, (0,), (1, 2) if c.attr("is_training") else (1, 2, 3, 4))
    # What the last one is, only running tells: TensorFlow leaves its shape open.
    return [y, *[(channels,)] * 4, () if c.running else None][:c.num_outputs]


def _backward_shape(c):
    x, channels = _with_channels(c, (0, 1), (2, 3, 4))
    rest = (0,) if c.attr("is_training") else (channels,)
    return [x, (channels,), (channels,), rest, rest]


def _register_versions():
    for version, (types, u, formats) in _VERSIONS.items():
        third = f", reserve_space_3: {u}" if version == "V3" else ""
        training = f"{formats}; is_training: bool = true"
        register_op(
            "FusedBatchNorm" + version,
            inputs=f"x: T, scale: {u}, offset: {u}, mean: {u}, variance: {u}",
            outputs=f"y: T, batch_mean: {u}, batch_variance: {u}, reserve_space_1: {u}, "
                    f"reserve_space_2: {u}{third}",
            attrs=f"{types}; epsilon: float = 0.0001; {training}",
            shape=_forward_shape)
        first = 4 if version == "V3" else 3
        register_op(
            "FusedBatchNormGrad" + version,
            inputs=f"y_backprop: T, x: T, scale: {'float' if version else 'T'}, reserve_space_1: {u}, "
                   f"reserve_space_2: {u}{third}",
            outputs=f"x_backprop: T, scale_backprop: {u}, offset_backprop: {u}, "
                    f"reserve_space_{first}: {u}, reserve_space_{first + 1}: {u}",
            attrs=f"{types.replace('U: {bfloat16, float}', 'U: {float}')}; epsilon: float = 0.0001; {training}",
            shape=_backward_shape)


_register_versions()


@RegisterGradient("FusedBatchNorm")
@RegisterGradient("FusedBatchNormV2")
@RegisterGradient("FusedBatchNormV3")
def _fused_batch_norm_grad(op, *grads):
    version = op.type[len("FusedBatchNorm"):]
    x, grad_y = op.inputs[0], grads[0]
    data_format, is_training = op.get_attr("data_format"), op.get_attr("is_training")
    first = not is_training and data_format in (b"NCHW", b"NCDHW")
    if is_training:
        mean, variance = op.outputs[3:5]
    else:
        mean, variance = op.inputs[3:5]
    if first:  # inference computes channels last
        x, grad_y = _moved(x, to_last=True), _moved(grad_y, to_last=True)
        data_format = {b"NCHW": "NHWC", b"NCDHW": "NDHWC"}[data_format]
    third = [op.outputs[5]] if version == "V3" else []
    dx, dscale, doffset, dmean, dvariance = getattr(raw_ops, "FusedBatchNormGrad" + version)(
        grad_y, x, op.inputs[1], mean, variance, *third, epsilon=op.get_attr("epsilon"),
        data_format=data_format, is_training=is_training)
    if is_training:
        return dx, dscale, doffset, dmean, dvariance
    return _moved(dx, to_last=False) if first else dx, dscale, doffset, None, None


def _moved(tensor, to_last):
    rank = tensor.shape.ndims
    order = [0, *range(2, rank), 1] if to_last else [0, rank - 1, *range(1, rank - 1)]
    return tf.transpose(tensor, order)


@RegisterGradient("FusedBatchNormGrad")
@RegisterGradient("FusedBatchNormGradV2")
@RegisterGradient("FusedBatchNormGradV3")
def _fused_batch_norm_grad_grad(op, *grads):
    """Differentiates the formulas of the gradient, written with plain ops."""
    # Fresh handles: the derivative is with respect to these, not to what they were computed from.
    grad_y, x, scale = (tf.identity(t) for t in op.inputs[:3])
    outputs = _plain_gradient(op, grad_y, x, scale)
    found = gradients(outputs, [grad_y, x, scale], list(grads[:3]))
    return [*found, *[None] * (len(op.inputs) - 3)]


def _plain_gradient(op, grad_y, x, scale):
    """(dx, dscale, doffset) of batch normalisation, for the attributes of `op`."""
    dtype, epsilon = x.dtype.base_dtype, op.get_attr("epsilon")
    if dtype in (dtypes.float16, dtypes.bfloat16):
        x, grad_y = tf.cast(x, dtypes.float32), tf.cast(grad_y, dtypes.float32)
    data_format = op.get_attr("data_format")
    axes = [i for i, letter in enumerate(data_format.decode()) if letter != "C"]
    channels_last = data_format.endswith(b"C")
    vector = [1 if i in axes else -1 for i in range(len(data_format))]

    def wide(tensor):
        return tensor if channels_last else tf.reshape(tensor, vector)

    doffset = tf.reduce_sum(grad_y, axes)
    if not op.get_attr("is_training"):
        root = tf.rsqrt(wide(op.inputs[4]) + epsilon)
        dscale = tf.reduce_sum(grad_y * (x - wide(op.inputs[3])) * root, axes)
        return tf.cast(grad_y * wide(scale) * root, dtype), dscale, doffset
    mean_x = tf.reduce_mean(x, axes, keepdims=True)
    variance = tf.reduce_mean(tf.squared_difference(x, tf.stop_gradient(mean_x)), axes, keepdims=True)
    root, centred = tf.rsqrt(variance + epsilon), x - mean_x
    covariance = tf.reduce_mean(grad_y * centred, axes, keepdims=True)
    inner = grad_y - tf.reduce_mean(grad_y, axes, keepdims=True)
    inner -= tf.reciprocal(variance + epsilon) * covariance * centred
    dscale = tf.reduce_sum(grad_y * centred * root, axes)
    return tf.cast(wide(scale) * root * inner, dtype), dscale, doffset


@tf_export("nn.fused_batch_norm")
def fused_batch_norm(x, scale, offset, mean=None, variance=None, epsilon=0.001, data_format="NHWC",
                     is_training=True, name=None):
    """Batch normalisation in one op.

    Args:
      x: 4-D float tensor. scale, offset: vectors of the channels' size. mean, variance: population
        statistics, for inference only. data_format: "NHWC" or "NCHW".
    Returns (y, mean, variance): of the batch if `is_training` (the variance being unbiased), else
    those given. Raises ValueError if statistics are given for training.
    """
    x = convert_to_tensor(x, name="input")
    scale = convert_to_tensor(scale, name="scale")
    offset = convert_to_tensor(offset, name="offset")
    if is_training and (mean is not None or variance is not None):
        raise ValueError("Both 'mean' and 'variance' must be None if is_training is True.")
    mean = tf.constant([]) if mean is None else mean
    variance = tf.constant([]) if variance is None else variance
    outputs = raw_ops.FusedBatchNormV3(
        x, scale, offset, mean, variance, epsilon=max(epsilon, _MIN_EPSILON), data_format=data_format,
        is_training=is_training, name=name)
    return outputs[0], outputs[1], outputs[2]


# ---------------------------------------------------------------- local response normalisation

_LRN_ATTRS = ("depth_radius: int = 5; bias: float = 1.0; alpha: float = 1.0; beta: float = 0.5; "
              "T: {half, bfloat16, float} = float")


def _same_images(c):
    merged = shapes.with_rank(None, 4)
    for shape in c.shapes:
        merged = shapes.merge_shapes(merged, shape)
    return [merged]


register_op("LRN", inputs="input: T", outputs="output: T", attrs=_LRN_ATTRS, shape=_same_images)
register_op("LRNGrad", inputs="input_grads: T, input_image: T, output_image: T", outputs="output: T",
            attrs=_LRN_ATTRS, shape=_same_images)


@RegisterGradient("LRN")
def _lrn_grad(op, grad):
    attrs = {name: op.get_attr(name) for name in ("depth_radius", "bias", "alpha", "beta")}
    return raw_ops.LRNGrad(grad, op.inputs[0], op.outputs[0], **attrs)


@RegisterGradient("LRNGrad")
def _lrn_grad_grad(op, grad):
    raise LookupError("No gradient defined for operation of type 'LRNGrad': local response normalisation "
                      "has no second derivative")


@tf_export("nn.local_response_normalization", "nn.lrn")
def local_response_normalization(input, depth_radius=5, bias=1, alpha=1, beta=0.5, name=None):
    """Divides by `(bias + alpha * sum of squares of 2 * depth_radius + 1 near channels) ** beta`.

    Args: input: 4-D float tensor, channels last.
    """
    return raw_ops.LRN(input, depth_radius=depth_radius, bias=bias, alpha=alpha, beta=beta, name=name)


# ---------------------------------------------------------------- the first batch normalisation

def _global_shape(c):
    x = shapes.with_rank(c.shape(0), 4)
    channels = x[3]
    for i in range(1, 5 if len(c.shapes) == 5 and c.num_outputs == 1 else 4):
        channels = shapes.merge_dim(channels, shapes.with_rank(c.shape(i), 1)[0])
    if c.num_outputs > 1:
        x = shapes.merge_shapes(x, c.shape(4))
    return [(*x[:3], channels), *[(channels,)] * 4][:c.num_outputs]


_GLOBAL_ATTRS = "T: numbertype; variance_epsilon: float; scale_after_normalization: bool"
register_op("BatchNormWithGlobalNormalization", inputs="t: T, m: T, v: T, beta: T, gamma: T", outputs="result: T",
            attrs=_GLOBAL_ATTRS, shape=_global_shape)
register_op("BatchNormWithGlobalNormalizationGrad", inputs="t: T, m: T, v: T, gamma: T, backprop: T",
            outputs="dx: T, dm: T, dv: T, db: T, dg: T", attrs=_GLOBAL_ATTRS, shape=_global_shape)


@RegisterGradient("BatchNormWithGlobalNormalization")
def _global_norm_grad(op, grad):
    t, m, v, _, gamma = op.inputs
    attrs = {name: op.get_attr(name) for name in ("variance_epsilon", "scale_after_normalization")}
    return tuple(raw_ops.BatchNormWithGlobalNormalizationGrad(t, m, v, gamma, grad, **attrs))


@RegisterGradient("BatchNormWithGlobalNormalizationGrad")
def _global_norm_grad_grad(op, *grads):
    raise LookupError("No gradient defined for operation of type 'BatchNormWithGlobalNormalizationGrad'")


# ---------------------------------------------------------------- L2 loss

register_op("L2Loss", inputs="t: T", outputs="output: T", attrs="T: {half, bfloat16, float, double}",
            shape=shapes.scalar)
RegisterGradient("L2Loss")(lambda op, grad: op.inputs[0] * grad)


@tf_export("nn.l2_loss")
def l2_loss(t, name=None):
    """`sum(t ** 2) / 2`, a scalar."""
    return raw_ops.L2Loss(t, name=name)
