"""contrib's normalisation layers over examples and groups of channels. State: the variables `beta` and `gamma`.

Shared arguments are described in `connected`. `center`, `scale`: whether there is a beta, a gamma.
"""

import graphflow as tf
from graphflow.contrib.framework.argument_scopes import add_arg_scope
from graphflow.contrib.framework.model_variables import model_variable
from graphflow.contrib.layers import collected
from graphflow.framework.api import tf_export


def parameter(name, wanted, shape, dtype, initializer, variables_collections, trainable, regularizer=None):
    """The variable `name`, or None if it is not wanted."""
    if not wanted:
        return None
    return model_variable(
        name, shape=shape, dtype=dtype, initializer=initializer, regularizer=regularizer,
        collections=collected.collections_of(variables_collections, name), trainable=trainable)


def _known_rank(inputs):
    if inputs.shape.ndims is None:
        raise ValueError(f"Inputs {inputs.name} has undefined rank.")
    return inputs.shape.ndims


@tf_export("contrib.layers.layer_norm", "contrib.slim.layer_norm")
@add_arg_scope
def layer_norm(inputs, center=True, scale=True, activation_fn=None, reuse=None, variables_collections=None,
               outputs_collections=None, trainable=True, begin_norm_axis=1, begin_params_axis=-1, scope=None):
    """Normalises each example over the dimensions from `begin_norm_axis` on.

    Args: begin_params_axis: beta and gamma have the shape from this dimension on.
    Raises ValueError if dimensions are out of range or unknown.
    """
    with tf.variable_scope(scope, "LayerNorm", [inputs], reuse=reuse) as sc:
        inputs = tf.convert_to_tensor(inputs)
        rank = _known_rank(inputs)
        if begin_norm_axis < 0:
            begin_norm_axis += rank
        if begin_params_axis >= rank or begin_norm_axis >= rank:
            raise ValueError(f"begin_params_axis ({begin_params_axis}) and begin_norm_axis ({begin_norm_axis}) must "
                             f"be < rank(inputs) ({rank})")
        shape = inputs.shape[begin_params_axis:]
        if not shape.is_fully_defined():
            raise ValueError(f"Inputs {inputs.name}: shape(inputs)[{begin_params_axis}:] is not fully defined: "
                             f"{inputs.shape}")
        dtype = inputs.dtype.base_dtype
        beta = parameter("beta", center, shape, dtype, tf.zeros_initializer(), variables_collections, trainable)
        gamma = parameter("gamma", scale, shape, dtype, tf.ones_initializer(), variables_collections, trainable)
        mean, variance = tf.nn.moments(inputs, list(range(begin_norm_axis, rank)), keep_dims=True)
        epsilon = 1e-3 if dtype == tf.float16 else 1e-12
        outputs = tf.nn.batch_normalization(inputs, mean, variance, offset=beta, scale=gamma,
                                            variance_epsilon=epsilon)
        outputs.set_shape(inputs.shape)
        return collected.finished(outputs, None, None, activation_fn, outputs_collections, sc.name)


@tf_export("contrib.layers.instance_norm", "contrib.slim.instance_norm")
@add_arg_scope
def instance_norm(inputs, center=True, scale=True, epsilon=1e-6, activation_fn=None, param_initializers=None,
                  reuse=None, variables_collections=None, outputs_collections=None, trainable=True,
                  data_format="NHWC", scope=None):
    """Normalises each channel of each example."""
    inputs = tf.convert_to_tensor(inputs)
    rank = _known_rank(inputs)
    if data_format not in ("NCHW", "NHWC"):
        raise ValueError("data_format has to be either NCHW or NHWC.")
    with tf.variable_scope(scope, "InstanceNorm", [inputs], reuse=reuse) as sc:
        axis = 1 if data_format == "NCHW" else rank - 1
        shape = inputs.shape[axis:axis + 1]
        if not shape.is_fully_defined():
            raise ValueError(f"Inputs {inputs.name} has undefined channels dimension {shape}.")
        wide = [1, shape.as_list()[0], *[1] * (rank - 2)]
        initial = param_initializers or {}
        parameters = []
        for name, wanted, default in (("beta", center, tf.zeros_initializer()),
                                      ("gamma", scale, tf.ones_initializer())):
            made = parameter(name, wanted, shape, inputs.dtype.base_dtype, initial.get(name, default),
                             variables_collections, trainable)
            parameters.append(tf.reshape(made, wide) if wanted and data_format == "NCHW" else made)
        mean, variance = tf.nn.moments(inputs, [i for i in range(1, rank) if i != axis], keep_dims=True)
        outputs = tf.nn.batch_normalization(inputs, mean, variance, *parameters, epsilon, name="instancenorm")
        return collected.finished(outputs, None, None, activation_fn, outputs_collections, sc.name)


def _group_axes(inputs, groups, channels_axis, reduction_axes):
    """(channels axis, channels, axes of the grouped tensor to reduce); ValueError for what does not fit."""
    rank = _known_rank(inputs)
    sizes = inputs.shape.as_list()
    if channels_axis > rank - 1:
        raise ValueError("Axis is out of bounds.")
    channels_axis %= rank
    channels = sizes[channels_axis]
    if channels is None:
        raise ValueError(f"Inputs {inputs.name} has undefined channel dimension: {channels_axis}.")
    moved = [channels_axis + 1]
    for axis in (a + rank if a < 0 else a for a in reduction_axes):
        if axis >= rank:
            raise ValueError("Axis is out of bounds.")
        if sizes[axis] is None:
            raise ValueError(f"Inputs {inputs.name} has undefined dimensions {axis}.")
        if axis == channels_axis:
            raise ValueError("reduction_axis must be mutually exclusive with channels_axis")
        moved.append(axis + 1 if axis > channels_axis else axis)
    if groups > channels:
        raise ValueError(f"Invalid groups {groups} for {channels} channels.")
    if channels % groups:
        raise ValueError(f"{channels} channels is not commensurate with {groups} groups.")
    return channels_axis, channels, moved


@tf_export("contrib.layers.group_norm", "contrib.slim.group_norm")
@add_arg_scope
def group_norm(inputs, groups=32, channels_axis=-1, reduction_axes=(-3, -2), center=True, scale=True, epsilon=1e-6,
               activation_fn=None, param_initializers=None, reuse=None, variables_collections=None,
               outputs_collections=None, trainable=True, scope=None, mean_close_to_zero=False):
    """Normalises each group of channels of each example, over `reduction_axes` too."""
    inputs = tf.convert_to_tensor(inputs)
    axis, channels, axes = _group_axes(inputs, groups, channels_axis, reduction_axes)
    dynamic = tf.shape(inputs)
    sizes = [dynamic[i] if size is None else size for i, size in enumerate(inputs.shape.as_list())]
    rank = len(sizes)
    wide = [1] * axis + [groups, channels // groups] + [1] * (rank - axis - 1)
    inputs = tf.reshape(inputs, [*sizes[:axis], groups, channels // groups, *sizes[axis + 1:]])
    with tf.variable_scope(scope, "GroupNorm", [inputs], reuse=reuse) as sc:
        initial, dtype = param_initializers or {}, inputs.dtype.base_dtype
        beta = parameter("beta", center, [channels], dtype, initial.get("beta", tf.zeros_initializer()),
                         variables_collections, trainable)
        gamma = parameter("gamma", scale, [channels], dtype, initial.get("gamma", tf.ones_initializer()),
                          variables_collections, trainable)
        if mean_close_to_zero:
            count, means, variances, _ = tf.nn.sufficient_statistics(inputs, axes, keep_dims=True)
            mean, variance = tf.nn.normalize_moments(count, means, variances, shift=None)
        else:
            mean, variance = tf.nn.moments(inputs, axes, keep_dims=True)
        gain = tf.rsqrt(variance + epsilon)
        offset = -mean * gain
        if gamma is not None:
            gamma = tf.reshape(gamma, wide)
            gain, offset = gain * gamma, offset * gamma
        if beta is not None:
            offset += tf.reshape(beta, wide)
        outputs = tf.reshape(inputs * gain + offset, sizes)
        return collected.finished(outputs, None, None, activation_fn, outputs_collections, sc.name)
