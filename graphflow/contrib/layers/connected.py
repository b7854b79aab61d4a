"""contrib's layers without windows: fully connected, bias, dropout, flatten, softmax, stacks of layers.

Shared arguments: `activation_fn`, `normalizer_fn` (then there is no bias) with `normalizer_params`; initializers and
regularizers; `reuse` and `scope`, of variables; `variables_collections`, a list, or a dict from "weights" and
"biases" to lists; `outputs_collections`; `trainable`. State: the graph's variables.
"""

import functools
import numbers

import graphflow as tf
from graphflow.contrib.framework.argument_scopes import add_arg_scope
from graphflow.contrib.framework.model_variables import model_variable
from graphflow.contrib.layers import collected
from graphflow.framework.api import export_value, tf_export
from graphflow.layers.core import Dense, Dropout

_xavier = tf.contrib.layers.xavier_initializer()
_zeros = tf.zeros_initializer()


@tf_export("contrib.layers.fully_connected", "contrib.slim.fully_connected")
@add_arg_scope
def fully_connected(inputs, num_outputs, activation_fn=tf.nn.relu, normalizer_fn=None, normalizer_params=None,
                    weights_initializer=_xavier, weights_regularizer=None, biases_initializer=_zeros,
                    biases_regularizer=None, reuse=None, variables_collections=None, outputs_collections=None,
                    trainable=True, scope=None):
    """`activation_fn(inputs x weights + biases)` over the last dimension.

    Raises ValueError if `num_outputs` is no integer or the last dimension is unknown.

    Example:
      >>> import graphflow as tf
      >>> tf.contrib.layers.fully_connected(tf.ones([2, 3]), 4).op.name
      'fully_connected/Relu'
    """
    if not isinstance(num_outputs, numbers.Integral):
        raise ValueError(f"num_outputs type should be one of [<class 'int'>], got {type(num_outputs)}.")  # noqa: TRY004
    getter = collected.model_variable_getter({"bias": "biases", "kernel": "weights"})
    with tf.variable_scope(scope, "fully_connected", [inputs], reuse=reuse, custom_getter=getter) as sc:
        inputs = tf.convert_to_tensor(inputs)
        layer = Dense(
            units=num_outputs, use_bias=not normalizer_fn and bool(biases_initializer),
            kernel_initializer=weights_initializer, bias_initializer=biases_initializer,
            kernel_regularizer=weights_regularizer, bias_regularizer=biases_regularizer, trainable=trainable,
            name=sc.name, dtype=inputs.dtype.base_dtype, _scope=sc, _reuse=reuse)
        outputs = layer.apply(inputs)
        collected.add_variable(layer.kernel, variables_collections, "weights")
        if layer.bias is not None:
            collected.add_variable(layer.bias, variables_collections, "biases")
        return collected.finished(outputs, normalizer_fn, normalizer_params, activation_fn, outputs_collections,
                                  sc.name)


relu = functools.partial(fully_connected, activation_fn=tf.nn.relu)
relu6 = functools.partial(fully_connected, activation_fn=tf.nn.relu6)
elu = functools.partial(fully_connected, activation_fn=tf.nn.elu)
linear = functools.partial(fully_connected, activation_fn=None)
for _name in ("relu", "relu6", "elu", "linear"):
    export_value(f"contrib.layers.{_name}", __name__, _name)
    export_value(f"contrib.slim.{_name}", __name__, _name)


@tf_export("contrib.layers.bias_add", "contrib.slim.bias_add")
@add_arg_scope
def bias_add(inputs, activation_fn=None, initializer=_zeros, regularizer=None, reuse=None,
             variables_collections=None, outputs_collections=None, trainable=True, data_format="NHWC", scope=None):
    """Adds a variable `biases` to the channels."""
    if data_format not in ("NCHW", "NHWC"):
        raise ValueError("data_format has to be either NCHW or NHWC.")
    with tf.variable_scope(scope, "BiasAdd", [inputs], reuse=reuse) as sc:
        inputs = tf.convert_to_tensor(inputs)
        if inputs.shape.ndims is None:
            raise ValueError("Dims of shape must be known but is None")
        if inputs.shape.ndims != 4 and data_format == "NCHW":
            raise ValueError("Data format NCHW only supports 4D Tensor")
        size = inputs.shape.as_list()[1 if data_format == "NCHW" else -1]
        if size is None:
            raise ValueError("`C` dimension must be known but is None")
        biases = model_variable(
            "biases", shape=[size], dtype=inputs.dtype.base_dtype, initializer=initializer, regularizer=regularizer,
            collections=collected.collections_of(variables_collections, "biases"), trainable=trainable)
        outputs = tf.nn.bias_add(inputs, biases, data_format=data_format)
        return collected.finished(outputs, None, None, activation_fn, outputs_collections, sc.name)


@tf_export("contrib.layers.dropout", "contrib.slim.dropout")
@add_arg_scope
def dropout(inputs, keep_prob=0.5, noise_shape=None, is_training=True, outputs_collections=None, scope=None,
            seed=None):
    """Keeps a share `keep_prob` of the elements, scaled by its inverse, if `is_training`; else the inputs."""
    getter = collected.model_variable_getter()
    with tf.variable_scope(scope, "Dropout", [inputs], custom_getter=getter) as sc:
        layer = Dropout(rate=1 - keep_prob, noise_shape=noise_shape, seed=seed, name=sc.name, _scope=sc)
        outputs = layer.apply(tf.convert_to_tensor(inputs), training=is_training)
        return collected.collect_named_outputs(outputs_collections, sc.name, outputs)


@tf_export("contrib.layers.flatten", "contrib.slim.flatten")
@add_arg_scope
def flatten(inputs, outputs_collections=None, scope=None):
    """[batch, d1, d2, ...] as [batch, d1 * d2 * ...]."""
    with tf.name_scope(scope, "Flatten", [inputs]) as sc:
        outputs = tf.layers.flatten(tf.convert_to_tensor(inputs))
        return collected.collect_named_outputs(outputs_collections, sc, outputs)


@tf_export("contrib.layers.one_hot_encoding", "contrib.slim.one_hot_encoding")
@add_arg_scope
def one_hot_encoding(labels, num_classes, on_value=1.0, off_value=0.0, outputs_collections=None, scope=None):
    """Class numbers as one-hot rows; see `tf.one_hot`."""
    with tf.name_scope(scope, "OneHotEncoding", [labels, num_classes]) as sc:
        labels = tf.convert_to_tensor(labels)
        if labels.dtype == tf.int32:
            labels = tf.cast(labels, tf.int64, name="ToInt64")
        outputs = tf.one_hot(labels, num_classes, on_value=on_value, off_value=off_value)
        return collected.collect_named_outputs(outputs_collections, sc, outputs)


@tf_export("contrib.layers.softmax", "contrib.slim.softmax")
@add_arg_scope
def softmax(logits, scope=None):
    """`tf.nn.softmax` over the last dimension, which must be known."""
    with tf.variable_scope(scope, "softmax", [logits]):
        size = collected.last_dimension(logits.get_shape(), min_rank=2)
        predictions = tf.nn.softmax(tf.reshape(logits, [-1, size]))
        predictions = tf.reshape(predictions, tf.shape(logits))
        predictions.set_shape(logits.get_shape())
        return predictions


@tf_export("contrib.layers.maxout", "contrib.slim.maxout")
@add_arg_scope
def maxout(inputs, num_units, axis=-1, scope=None):
    """Maxima of groups of channels; `num_units` remain, which must divide their number."""
    with tf.variable_scope(scope, "MaxOut", [inputs]):
        inputs = tf.convert_to_tensor(inputs)
        shape = inputs.shape.as_list()
        channels = shape[axis]
        if channels % num_units:
            raise ValueError(f"number of features({channels}) is not a multiple of num_units({num_units})")
        shape[axis] = num_units
        shape.append(channels // num_units)
        shape = [tf.shape(inputs)[i] if size is None else size for i, size in enumerate(shape)]
        return tf.reduce_max(tf.reshape(inputs, shape), -1, keepdims=False)


@tf_export("contrib.layers.unit_norm", "contrib.slim.unit_norm")
@add_arg_scope
def unit_norm(inputs, dim, epsilon=1e-7, scope=None):
    """`inputs / sqrt(epsilon + sum(inputs ** 2))` over dimension `dim`; ValueError if it is out of range."""
    with tf.variable_scope(scope, "UnitNorm", [inputs]):
        if inputs.get_shape().ndims is None:
            raise ValueError("The input rank must be known.")
        if not 0 <= dim < inputs.get_shape().ndims:
            raise ValueError("dim must be positive but smaller than the input rank.")
        lengths = tf.sqrt(epsilon + tf.reduce_sum(tf.square(inputs), dim, True))
        return tf.div(inputs, lengths)


def _layer_name(layer, default):
    for function in (layer, getattr(layer, "func", None)):
        if hasattr(function, "__name__"):
            return function.__name__
    return default


@tf_export("contrib.layers.repeat", "contrib.slim.repeat")
def repeat(inputs, repetitions, layer, *args, **kwargs):
    """Applies `layer(inputs, *args, **kwargs)` several times, in scopes with numbers.

    Example:
      >>> import graphflow as tf
      >>> slim = tf.contrib.slim
      >>> slim.repeat(tf.ones([2, 3]), 2, slim.fully_connected, 4, scope="fc").op.name
      'fc/fc_2/Relu'
    """
    scope = kwargs.pop("scope", None)
    with tf.variable_scope(scope, "Repeat", [inputs]):
        outputs = tf.convert_to_tensor(inputs)
        scope = scope or _layer_name(layer, "repeat")
        for i in range(repetitions):
            kwargs["scope"] = f"{scope}_{i + 1}"
            outputs = layer(outputs, *args, **kwargs)
        return outputs


@tf_export("contrib.layers.stack", "contrib.slim.stack")
def stack(inputs, layer, stack_args, **kwargs):
    """Applies `layer` once for each entry of the list `stack_args`, which gives its further arguments."""
    scope = kwargs.pop("scope", None)
    if not isinstance(stack_args, (list, tuple)):
        raise ValueError("stack_args need to be a list or tuple")  # noqa: TRY004 - TensorFlow's class
    with tf.variable_scope(scope, "Stack", [inputs]):
        outputs = tf.convert_to_tensor(inputs)
        scope = scope or _layer_name(layer, "stack")
        for i, arguments in enumerate(stack_args):
            kwargs["scope"] = f"{scope}_{i + 1}"
            arguments = arguments if isinstance(arguments, (list, tuple)) else [arguments]
            outputs = layer(outputs, *arguments, **kwargs)
        return outputs
