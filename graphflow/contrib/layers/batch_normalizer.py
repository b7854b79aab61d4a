"""contrib's batch normalisation. State: the variables `beta`, `gamma`, `moving_mean` and `moving_variance`.

In the plain case it is `tf.layers`' layer. Other updates than through UPDATE_OPS, weights of examples and unbiased
averages are computed here.
"""

import graphflow as tf
from graphflow.contrib.framework.argument_scopes import add_arg_scope
from graphflow.contrib.layers import collected
from graphflow.contrib.layers.normalizers import parameter
from graphflow.framework.api import tf_export
from graphflow.layers.normalization import BatchNormalization
from graphflow.layers.utils import constant_value, smart_cond
from graphflow.training.moving_averages import assign_moving_average

_DEFAULTS = {"beta": tf.zeros_initializer(), "gamma": tf.ones_initializer(),
             "moving_mean": tf.zeros_initializer(), "moving_variance": tf.ones_initializer()}


@tf_export("contrib.layers.batch_norm", "contrib.slim.batch_norm")
@add_arg_scope
def batch_norm(inputs, decay=0.999, center=True, scale=False, epsilon=0.001, activation_fn=None,
               param_initializers=None, param_regularizers=None, updates_collections=tf.GraphKeys.UPDATE_OPS,
               is_training=True, reuse=None, variables_collections=None, outputs_collections=None, trainable=True,
               batch_weights=None, fused=None, data_format="NHWC", zero_debias_moving_mean=False, scope=None,
               renorm=False, renorm_clipping=None, renorm_decay=0.99, adjustment=None):
    """Batch normalisation of [batch, ..., channels].

    Args:
      decay: of the moving averages. updates_collections: to which their updates go; with None they run with the
        outputs. is_training: a bool or tensor: the batch's statistics, or the moving averages. param_initializers,
        param_regularizers: dicts from "beta", "gamma", "moving_mean", "moving_variance". batch_weights: what each
        example counts. zero_debias_moving_mean: an unbiased moving mean. Others: see
        `tf.layers.BatchNormalization`, and `connected`.
    Raises ValueError for unknown ranks and channels, and arguments that exclude each other.
    """
    if data_format not in ("NCHW", "NHWC"):
        raise ValueError("data_format has to be either NCHW or NHWC.")
    inputs = tf.convert_to_tensor(inputs)
    plain = (batch_weights is None and not zero_debias_moving_mean
             and updates_collections == tf.GraphKeys.UPDATE_OPS)
    rank = inputs.shape.ndims
    can_fuse = batch_weights is None and not renorm and rank in (2, 4) and adjustment is None
    use_fused = (fused is None or fused) and can_fuse and (rank == 2 or not plain)
    initial = {**_DEFAULTS, **(param_initializers or {})}
    if plain and not use_fused:
        layer_arguments = {
            "axis": 1 if data_format == "NCHW" else -1, "momentum": decay, "epsilon": epsilon, "center": center,
            "scale": scale, "trainable": trainable, "renorm": renorm, "renorm_clipping": renorm_clipping,
            "renorm_momentum": renorm_decay, "adjustment": adjustment, "fused": fused,
            **{f"{name}_initializer": value for name, value in initial.items()},
            **{f"{name}_regularizer": (param_regularizers or {}).get(name) for name in ("beta", "gamma")}}
        return _by_layer(inputs, layer_arguments, is_training, activation_fn, reuse, variables_collections,
                         outputs_collections, scope)
    if renorm:
        raise ValueError("renorm is not supported with batch_weights, updates_collections or "
                         "zero_debias_moving_mean")
    getter = None if use_fused else collected.model_variable_getter()
    with tf.variable_scope(scope, "BatchNorm", [inputs], reuse=reuse, custom_getter=getter) as sc:
        regularizers = param_regularizers or {}
        variables = _Parameters(inputs, data_format, center, scale, initial, regularizers if use_fused else {},
                                variables_collections, trainable)
        average = _Averages(variables, decay, zero_debias_moving_mean, is_training, updates_collections)
        if use_fused:
            outputs = _fused(inputs, variables, average, epsilon, data_format)
        else:
            outputs = _unfused(inputs, variables, average, epsilon, data_format, batch_weights)
        return collected.finished(outputs, None, None, activation_fn, outputs_collections, sc.name)


def _by_layer(inputs, layer_arguments, is_training, activation_fn, reuse, variables_collections, outputs_collections,
              scope):
    getter = collected.model_variable_getter()
    with tf.variable_scope(scope, "BatchNorm", [inputs], reuse=reuse, custom_getter=getter) as sc:
        layer = BatchNormalization(name=sc.name, _scope=sc, _reuse=reuse, **layer_arguments)
        outputs = layer.apply(inputs, training=is_training)
        for name in ("moving_mean", "moving_variance", "beta", "gamma"):
            if getattr(layer, name) is not None:
                collected.add_variable(getattr(layer, name), variables_collections, name)
        return collected.finished(outputs, None, None, activation_fn, outputs_collections, sc.name)


class _Parameters:
    """The variables: beta and gamma (None if not wanted), moving_mean, moving_variance."""

    def __init__(self, inputs, data_format, center, scale, initial, regularizers, variables_collections, trainable):
        rank = inputs.shape.ndims
        if rank is None:
            raise ValueError(f"Inputs {inputs.name} has undefined rank.")
        axis = 1 if data_format == "NCHW" else rank - 1
        shape = inputs.shape[axis:axis + 1]
        if not shape.is_fully_defined():
            raise ValueError(f"Inputs {inputs.name} has undefined channels dimension {shape}.")
        self.size = shape.as_list()[0]
        self.dtype = inputs.dtype.base_dtype
        if self.dtype in (tf.float16, tf.bfloat16):
            self.dtype = tf.float32

        def make(name, wanted=True, is_trained=trainable):
            return parameter(name, wanted, shape, self.dtype, initial[name], variables_collections, is_trained,
                             regularizers.get(name))

        self.beta, self.gamma = make("beta", center), make("gamma", scale)
        with tf.variable_scope(tf.get_variable_scope()) as local_scope:
            local_scope.set_partitioner(None)  # averages are never cut into parts
            self.moving_mean = make("moving_mean", is_trained=False)
            self.moving_variance = make("moving_variance", is_trained=False)


class _Averages:
    """The updates of the moving averages, and when they run."""

    def __init__(self, variables, decay, zero_debias, is_training, updates_collections):
        self.variables, self.decay, self.zero_debias = variables, decay, zero_debias
        self.is_training, self.updates_collections = is_training, updates_collections
        self.known = constant_value(is_training)
        if self.known is None and zero_debias:
            raise ValueError("zero_debias_moving_mean needs an is_training that is known when the graph is built")

    def updated(self, mean, variance, outputs):
        """`outputs` (a list), after the updates if these are in no collection.

        Where `is_training` is a tensor and False, `mean` and `variance` are the averages: nothing changes.
        """
        if self.known is False:
            return outputs
        variables = self.variables
        updates = [assign_moving_average(variables.moving_mean, mean, self.decay, zero_debias=self.zero_debias),
                   assign_moving_average(variables.moving_variance, variance, self.decay, zero_debias=False)]
        if self.updates_collections is not None:
            for update in updates:
                tf.add_to_collections(self.updates_collections, update)
            return outputs
        with tf.control_dependencies(updates):
            return [tf.identity(tensor) for tensor in outputs]


def _fused(inputs, variables, average, epsilon, data_format):
    original = inputs
    if inputs.shape.ndims == 2:
        wide = [-1, 1, 1, variables.size] if data_format == "NHWC" else [-1, variables.size, 1, 1]
        inputs = tf.reshape(inputs, wide)
    shape = [variables.size]
    beta = tf.constant(0.0, dtype=variables.dtype, shape=shape) if variables.beta is None else variables.beta
    gamma = tf.constant(1.0, dtype=variables.dtype, shape=shape) if variables.gamma is None else variables.gamma

    def of_batch():
        return tf.nn.fused_batch_norm(inputs, gamma, beta, epsilon=epsilon, data_format=data_format)

    def of_averages():
        return tf.nn.fused_batch_norm(
            inputs, gamma, beta, mean=variables.moving_mean, variance=variables.moving_variance, epsilon=epsilon,
            is_training=False, data_format=data_format)

    outputs, mean, variance = smart_cond(average.is_training, of_batch, of_averages)
    outputs = average.updated(mean, variance, [outputs])[0]
    outputs.set_shape(inputs.shape)
    return tf.reshape(outputs, tf.shape(original)) if original.shape.ndims == 2 else outputs


def _unfused(inputs, variables, average, epsilon, data_format, batch_weights):
    rank = inputs.shape.ndims
    axes = [0, *range(2, rank)] if data_format == "NCHW" else list(range(rank - 1))
    wide = [1, variables.size, *[1] * (rank - 2)] if data_format == "NCHW" else None
    if average.known is False:
        mean, variance = variables.moving_mean, variables.moving_variance
    else:
        if batch_weights is None:
            batch = tf.nn.moments(inputs, axes)
        else:
            weights = tf.reshape(tf.convert_to_tensor(batch_weights), [-1, *[1] * (rank - 1)])
            batch = [tf.reshape(moment, [-1]) for moment in tf.nn.weighted_moments(inputs, axes, weights)]
        averages = (variables.moving_mean, variables.moving_variance)
        mean, variance = smart_cond(average.is_training, lambda: tuple(batch),
                                    lambda: tuple(tf.convert_to_tensor(value) for value in averages))
        mean, variance = average.updated(mean, variance, [mean, variance])
    values = [mean, variance, variables.beta, variables.gamma]
    if wide is not None:
        values = [None if value is None else tf.reshape(value, wide) for value in values]
    outputs = tf.nn.batch_normalization(inputs, *values, epsilon)
    outputs.set_shape(inputs.shape)
    return outputs
