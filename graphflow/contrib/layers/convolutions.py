"""contrib's convolutions and pooling: like `tf.layers`', with other names of variables and defaults.

Shared arguments are described in `connected`. `data_format`: "NHWC", "NCHW", ... State: the graph's variables.
"""

import graphflow as tf
from graphflow.contrib.framework.argument_scopes import add_arg_scope
from graphflow.contrib.framework.model_variables import model_variable
from graphflow.contrib.layers import collected
from graphflow.framework.api import tf_export
from graphflow.layers import convolutional, pooling, separable, transposed

_xavier = tf.contrib.layers.xavier_initializer()
_zeros = tf.zeros_initializer()
_RENAMED = {"bias": "biases", "kernel": "weights"}


def _layer_format(data_format, allowed):
    """`tf.layers`' data format for one of `allowed`."""
    if data_format not in allowed:
        raise ValueError(f"data_format has to be either {' or '.join(a for a in allowed if a)}.")
    return "channels_first" if data_format and data_format.startswith("NC") else "channels_last"


def _applied(layer_class, inputs, sc, variables_collections, normalizer_fn, biases_initializer, **kwargs):
    """The layer's output for `inputs`, its variables in their collections."""
    layer = layer_class(use_bias=not normalizer_fn and bool(biases_initializer), bias_initializer=biases_initializer,
                        name=sc.name, dtype=inputs.dtype.base_dtype, _scope=sc, **kwargs)
    outputs = layer.apply(inputs)
    for kind in ("kernel", "depthwise_kernel", "pointwise_kernel"):
        if hasattr(layer, kind):
            collected.add_variable(getattr(layer, kind), variables_collections, "weights")
    if layer.bias is not None:
        collected.add_variable(layer.bias, variables_collections, "biases")
    return outputs


@tf_export("contrib.layers.convolution", "contrib.slim.convolution")
@add_arg_scope
def convolution(inputs, num_outputs, kernel_size, stride=1, padding="SAME", data_format=None, rate=1,
                activation_fn=tf.nn.relu, normalizer_fn=None, normalizer_params=None, weights_initializer=_xavier,
                weights_regularizer=None, biases_initializer=_zeros, biases_regularizer=None, reuse=None,
                variables_collections=None, outputs_collections=None, trainable=True, scope=None, conv_dims=None):
    """Convolution in 1, 2 or 3 dimensions, as many as `inputs` has; `rate` dilates.

    Raises ValueError for another rank, or if `conv_dims` is given and not the number of dimensions.
    """
    form = _layer_format(data_format, (None, "NWC", "NCW", "NHWC", "NCHW", "NDHWC", "NCDHW"))
    getter = collected.model_variable_getter(_RENAMED)
    with tf.variable_scope(scope, "Conv", [inputs], reuse=reuse, custom_getter=getter) as sc:
        inputs = tf.convert_to_tensor(inputs)
        rank = inputs.shape.ndims
        if conv_dims is not None and conv_dims + 2 != rank:
            raise ValueError(f"Convolution expects input with rank {conv_dims + 2}, got {rank}")
        layer_class = {3: convolutional.Conv1D, 4: convolutional.Conv2D, 5: convolutional.Conv3D}.get(rank)
        if layer_class is None:
            raise ValueError("Convolution not supported for input with rank", rank)
        outputs = _applied(
            layer_class, inputs, sc, variables_collections, normalizer_fn, biases_initializer, filters=num_outputs,
            kernel_size=kernel_size, strides=stride, padding=padding, data_format=form, dilation_rate=rate,
            kernel_initializer=weights_initializer, kernel_regularizer=weights_regularizer,
            bias_regularizer=biases_regularizer, trainable=trainable, _reuse=reuse)
        return collected.finished(outputs, normalizer_fn, normalizer_params, activation_fn, outputs_collections,
                                  sc.name)


@tf_export("contrib.layers.convolution1d", "contrib.layers.conv1d", "contrib.slim.convolution1d",
           "contrib.slim.conv1d")
@add_arg_scope
def convolution1d(inputs, num_outputs, kernel_size, stride=1, padding="SAME", data_format=None, rate=1,
                  activation_fn=tf.nn.relu, normalizer_fn=None, normalizer_params=None, weights_initializer=_xavier,
                  weights_regularizer=None, biases_initializer=_zeros, biases_regularizer=None, reuse=None,
                  variables_collections=None, outputs_collections=None, trainable=True, scope=None):
    """`tf.contrib.layers.convolution` of 1 dimension."""
    return convolution(inputs, num_outputs, kernel_size, stride, padding, data_format, rate, activation_fn,
                       normalizer_fn, normalizer_params, weights_initializer, weights_regularizer,
                       biases_initializer, biases_regularizer, reuse, variables_collections, outputs_collections,
                       trainable, scope, conv_dims=1)


@tf_export("contrib.layers.convolution2d", "contrib.layers.conv2d", "contrib.slim.convolution2d",
           "contrib.slim.conv2d")
@add_arg_scope
def convolution2d(inputs, num_outputs, kernel_size, stride=1, padding="SAME", data_format=None, rate=1,
                  activation_fn=tf.nn.relu, normalizer_fn=None, normalizer_params=None, weights_initializer=_xavier,
                  weights_regularizer=None, biases_initializer=_zeros, biases_regularizer=None, reuse=None,
                  variables_collections=None, outputs_collections=None, trainable=True, scope=None):
    """`tf.contrib.layers.convolution` of 2 dimensions."""
    return convolution(inputs, num_outputs, kernel_size, stride, padding, data_format, rate, activation_fn,
                       normalizer_fn, normalizer_params, weights_initializer, weights_regularizer,
                       biases_initializer, biases_regularizer, reuse, variables_collections, outputs_collections,
                       trainable, scope, conv_dims=2)


@tf_export("contrib.layers.convolution3d", "contrib.layers.conv3d", "contrib.slim.convolution3d",
           "contrib.slim.conv3d")
@add_arg_scope
def convolution3d(inputs, num_outputs, kernel_size, stride=1, padding="SAME", data_format=None, rate=1,
                  activation_fn=tf.nn.relu, normalizer_fn=None, normalizer_params=None, weights_initializer=_xavier,
                  weights_regularizer=None, biases_initializer=_zeros, biases_regularizer=None, reuse=None,
                  variables_collections=None, outputs_collections=None, trainable=True, scope=None):
    """`tf.contrib.layers.convolution` of 3 dimensions."""
    return convolution(inputs, num_outputs, kernel_size, stride, padding, data_format, rate, activation_fn,
                       normalizer_fn, normalizer_params, weights_initializer, weights_regularizer,
                       biases_initializer, biases_regularizer, reuse, variables_collections, outputs_collections,
                       trainable, scope, conv_dims=3)


@tf_export("contrib.layers.convolution2d_transpose", "contrib.layers.conv2d_transpose",
           "contrib.slim.convolution2d_transpose", "contrib.slim.conv2d_transpose")
@add_arg_scope
def convolution2d_transpose(inputs, num_outputs, kernel_size, stride=1, padding="SAME", data_format="NHWC",
                            activation_fn=tf.nn.relu, normalizer_fn=None, normalizer_params=None,
                            weights_initializer=_xavier, weights_regularizer=None, biases_initializer=_zeros,
                            biases_regularizer=None, reuse=None, variables_collections=None,
                            outputs_collections=None, trainable=True, scope=None):
    """Transposed convolution of 2 dimensions."""
    form = _layer_format(data_format, ("NCHW", "NHWC"))
    getter = collected.model_variable_getter(_RENAMED)
    with tf.variable_scope(scope, "Conv2d_transpose", [inputs], reuse=reuse, custom_getter=getter) as sc:
        outputs = _applied(
            transposed.Conv2DTranspose, tf.convert_to_tensor(inputs), sc, variables_collections, normalizer_fn,
            biases_initializer, filters=num_outputs, kernel_size=kernel_size, strides=stride, padding=padding,
            data_format=form, kernel_initializer=weights_initializer, kernel_regularizer=weights_regularizer,
            bias_regularizer=biases_regularizer, trainable=trainable, _reuse=reuse)
        return collected.finished(outputs, normalizer_fn, normalizer_params, activation_fn, outputs_collections,
                                  sc.name)


@tf_export("contrib.layers.convolution3d_transpose", "contrib.layers.conv3d_transpose",
           "contrib.slim.convolution3d_transpose", "contrib.slim.conv3d_transpose")
@add_arg_scope
def convolution3d_transpose(inputs, num_outputs, kernel_size, stride=1, padding="SAME", data_format="NDHWC",
                            activation_fn=tf.nn.relu, normalizer_fn=None, normalizer_params=None,
                            weights_initializer=_xavier, weights_regularizer=None, biases_initializer=_zeros,
                            biases_regularizer=None, reuse=None, variables_collections=None,
                            outputs_collections=None, trainable=True, scope=None):
    """Transposed convolution of 3 dimensions."""
    form = _layer_format(data_format, ("NCDHW", "NDHWC"))
    getter = collected.model_variable_getter(_RENAMED)
    with tf.variable_scope(scope, "Conv3d_transpose", [inputs], reuse=reuse, custom_getter=getter) as sc:
        outputs = _applied(
            transposed.Conv3DTranspose, tf.convert_to_tensor(inputs), sc, variables_collections, normalizer_fn,
            biases_initializer, filters=num_outputs, kernel_size=kernel_size, strides=stride, padding=padding,
            data_format=form, kernel_initializer=weights_initializer, kernel_regularizer=weights_regularizer,
            bias_regularizer=biases_regularizer, trainable=trainable, _reuse=reuse)
        return collected.finished(outputs, normalizer_fn, normalizer_params, activation_fn, outputs_collections,
                                  sc.name)


@tf_export("contrib.layers.separable_convolution2d", "contrib.layers.separable_conv2d",
           "contrib.slim.separable_convolution2d", "contrib.slim.separable_conv2d")
@add_arg_scope
def separable_convolution2d(inputs, num_outputs, kernel_size, depth_multiplier=1, stride=1, padding="SAME",
                            data_format="NHWC", rate=1, activation_fn=tf.nn.relu, normalizer_fn=None,
                            normalizer_params=None, weights_initializer=_xavier, pointwise_initializer=None,
                            weights_regularizer=None, biases_initializer=_zeros, biases_regularizer=None, reuse=None,
                            variables_collections=None, outputs_collections=None, trainable=True, scope=None):
    """Separable convolution; each channel by itself only, if `num_outputs` is None."""
    form = _layer_format(data_format, ("NCHW", "NHWC"))
    getter = collected.model_variable_getter({
        "bias": "biases", "depthwise_kernel": "depthwise_weights", "pointwise_kernel": "pointwise_weights"})
    with tf.variable_scope(scope, "SeparableConv2d", [inputs], reuse=reuse, custom_getter=getter) as sc:
        inputs = tf.convert_to_tensor(inputs)
        if num_outputs is None:
            outputs = _depthwise(
                inputs, kernel_size, depth_multiplier, stride, padding, data_format, rate, normalizer_fn,
                (weights_initializer, biases_initializer), (weights_regularizer, biases_regularizer),
                variables_collections, trainable)
        else:
            outputs = _applied(
                separable.SeparableConv2D, inputs, sc, variables_collections, normalizer_fn, biases_initializer,
                filters=num_outputs, kernel_size=kernel_size, strides=stride, padding=padding, data_format=form,
                dilation_rate=collected.two_element_tuple(rate), depth_multiplier=depth_multiplier,
                depthwise_initializer=weights_initializer,
                pointwise_initializer=weights_initializer if pointwise_initializer is None else pointwise_initializer,
                depthwise_regularizer=weights_regularizer, pointwise_regularizer=weights_regularizer,
                bias_regularizer=biases_regularizer, trainable=trainable, _reuse=reuse)
        return collected.finished(outputs, normalizer_fn, normalizer_params, activation_fn, outputs_collections,
                                  sc.name)


def _depthwise(inputs, kernel_size, depth_multiplier, stride, padding, data_format, rate, normalizer_fn, initializers,
               regularizers, variables_collections, trainable):
    """A depthwise convolution with a bias, if there is no normaliser."""
    first = data_format == "NCHW"
    channels = inputs.shape.as_list()[1 if first else -1]
    weights = model_variable(
        "depthwise_weights", [*collected.two_element_tuple(kernel_size), channels, depth_multiplier],
        dtype=inputs.dtype.base_dtype, initializer=initializers[0], regularizer=regularizers[0], trainable=trainable,
        collections=collected.collections_of(variables_collections, "weights"))
    steps = collected.two_element_tuple(stride)
    outputs = tf.nn.depthwise_conv2d(
        inputs, weights, [1, 1, *steps] if first else [1, *steps, 1], padding,
        rate=collected.two_element_tuple(rate), data_format=data_format)
    if normalizer_fn is not None or initializers[1] is None:
        return outputs
    biases = model_variable(
        "biases", [depth_multiplier * channels], dtype=inputs.dtype.base_dtype, initializer=initializers[1],
        regularizer=regularizers[1], trainable=trainable,
        collections=collected.collections_of(variables_collections, "biases"))
    return tf.nn.bias_add(outputs, biases, data_format=data_format)


@tf_export("contrib.layers.max_pool2d", "contrib.slim.max_pool2d")
@add_arg_scope
def max_pool2d(inputs, kernel_size, stride=2, padding="VALID", data_format="NHWC", outputs_collections=None,
               scope=None):
    """Maxima of windows in 2 dimensions."""
    return _pooled(pooling.MaxPooling2D, "MaxPool2D", inputs, kernel_size, stride, padding,
                   _layer_format(data_format, ("NCHW", "NHWC")), outputs_collections, scope)


@tf_export("contrib.layers.max_pool3d", "contrib.slim.max_pool3d")
@add_arg_scope
def max_pool3d(inputs, kernel_size, stride=2, padding="VALID", data_format="NDHWC", outputs_collections=None,
               scope=None):
    """Maxima of windows in 3 dimensions."""
    return _pooled(pooling.MaxPooling3D, "MaxPool3D", inputs, kernel_size, stride, padding,
                   _layer_format(data_format, ("NCDHW", "NDHWC")), outputs_collections, scope)


@tf_export("contrib.layers.avg_pool2d", "contrib.slim.avg_pool2d")
@add_arg_scope
def avg_pool2d(inputs, kernel_size, stride=2, padding="VALID", data_format="NHWC", outputs_collections=None,
               scope=None):
    """Means of windows in 2 dimensions."""
    return _pooled(pooling.AveragePooling2D, "AvgPool2D", inputs, kernel_size, stride, padding,
                   _layer_format(data_format, ("NCHW", "NHWC")), outputs_collections, scope)


@tf_export("contrib.layers.avg_pool3d", "contrib.slim.avg_pool3d")
@add_arg_scope
def avg_pool3d(inputs, kernel_size, stride=2, padding="VALID", data_format="NDHWC", outputs_collections=None,
               scope=None):
    """Means of windows in 3 dimensions."""
    return _pooled(pooling.AveragePooling3D, "AvgPool3D", inputs, kernel_size, stride, padding,
                   _layer_format(data_format, ("NCDHW", "NDHWC")), outputs_collections, scope)


def _pooled(layer_class, default_name, inputs, kernel_size, stride, padding, form, outputs_collections, scope):
    with tf.name_scope(scope, default_name, [inputs]) as sc:
        layer = layer_class(pool_size=kernel_size, strides=stride, padding=padding, data_format=form, _scope=sc)
        outputs = layer.apply(tf.convert_to_tensor(inputs))
        return collected.collect_named_outputs(outputs_collections, sc, outputs)
