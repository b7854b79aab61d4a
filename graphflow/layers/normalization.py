"""Batch normalisation as a layer. State: the variables `gamma`, `beta`, `moving_mean`, `moving_variance`."""

from graphflow.framework import dtypes
from graphflow.framework import public as tf
from graphflow.framework.api import lookup, tf_export
from graphflow.framework.convert import convert_to_tensor
from graphflow.framework.graph_scopes import colocate_with, control_dependencies, name_scope
from graphflow.framework.tensor_shape import TensorShape
from graphflow.layers import utils
from graphflow.layers.base import InputSpec, Layer
from graphflow.ops.init_ops import Ones, Zeros
from graphflow.ops.variable_properties import VariableAggregation, VariableSynchronization


@tf_export("layers.BatchNormalization")
class BatchNormalization(Layer):
    """`gamma * (x - mean) / sqrt(variance + epsilon) + beta`, per entry of a dimension (the channels).

    Called with `training` (a bool or a tensor) the mean and variance are the batch's, and UPDATE_OPS gets the
    operations that update the moving averages; else they are the moving averages.

    Args:
      axis: the dimension, or a list of them. momentum: of the moving averages. center, scale: whether there is a
        beta, a gamma. renorm, renorm_clipping, renorm_momentum: batch renormalisation. fused: whether the fused op
        is used; None: where possible. virtual_batch_size: examples are normalised in groups of that size.
        adjustment: function from the input's shape to a (scale, bias) used in training.
    Raises ValueError or TypeError for arguments and inputs that don't fit.
    """

    def __init__(self, axis=-1, momentum=0.99, epsilon=1e-3, center=True, scale=True, beta_initializer=Zeros(),
                 gamma_initializer=Ones(), moving_mean_initializer=Zeros(), moving_variance_initializer=Ones(),
                 beta_regularizer=None, gamma_regularizer=None, beta_constraint=None, gamma_constraint=None,
                 renorm=False, renorm_clipping=None, renorm_momentum=0.99, fused=None, trainable=True,
                 virtual_batch_size=None, adjustment=None, name=None, **kwargs):
        super().__init__(trainable=trainable, name=name, **kwargs)
        if not isinstance(axis, (int, list, tuple)):
            raise TypeError(f"axis must be int or list, type given: {type(axis)}")
        self.axis = [axis] if isinstance(axis, int) else list(axis)
        self.momentum, self.epsilon = momentum, epsilon
        self.center, self.scale = center, scale
        self.beta_initializer = utils.initializer(beta_initializer)
        self.gamma_initializer = utils.initializer(gamma_initializer)
        self.moving_mean_initializer = utils.initializer(moving_mean_initializer)
        self.moving_variance_initializer = utils.initializer(moving_variance_initializer)
        self.beta_regularizer = utils.function_or_none(beta_regularizer, "regularizer")
        self.gamma_regularizer = utils.function_or_none(gamma_regularizer, "regularizer")
        self.beta_constraint = utils.function_or_none(beta_constraint, "constraint")
        self.gamma_constraint = utils.function_or_none(gamma_constraint, "constraint")
        self.renorm, self.renorm_momentum = renorm, renorm_momentum
        self.renorm_clipping = renorm_clipping or {}
        if renorm and set(self.renorm_clipping) - {"rmax", "rmin", "dmax"}:
            raise ValueError(f"renorm_clipping {renorm_clipping} contains keys not in ['rmax', 'rmin', 'dmax']")
        self.virtual_batch_size = virtual_batch_size
        self.adjustment = adjustment
        self.fused = True if fused is None else fused

    # ---- variables

    def _check_axes(self, rank):
        self.axis = [rank + axis if axis < 0 else axis for axis in self.axis]
        for axis in self.axis:
            if not 0 <= axis < rank:
                raise ValueError(f"Invalid axis: {axis}")
        if len(set(self.axis)) != len(self.axis):
            raise ValueError(f"Duplicate axis: {self.axis}")
        if self.virtual_batch_size is not None:
            if self.virtual_batch_size <= 0:
                raise ValueError("virtual_batch_size must be a positive integer that divides the true batch size of "
                                 "the input Tensor")
            if 0 in self.axis:
                raise ValueError("When using virtual_batch_size, the batch dimension must be 0 and thus axis cannot "
                                 "include 0")
            if self.adjustment is not None:
                raise ValueError("When using virtual_batch_size, adjustment cannot be specified")

    def _set_fused(self, rank):
        self.fused = (self.fused and rank == 4 and len(self.axis) == 1 and not self.renorm
                      and self.virtual_batch_size is None and self.adjustment is None)
        if self.fused:
            if self.axis not in ([1], [3]):
                raise ValueError("Unsupported axis, fused batch norm only supports axis == [1] or axis == [3]")
            self._data_format = "NCHW" if self.axis == [1] else "NHWC"

    def _parameter_shape(self, sizes):
        """Shape of the variables; with virtual batches `self.axis` moves by the dimension they add."""
        sizes_of_axes = {axis: sizes[axis] for axis in self.axis}
        if None in sizes_of_axes.values():
            raise ValueError("Input has undefined `axis` dimension. Input shape: ", TensorShape(sizes))
        self.input_spec = InputSpec(ndim=len(sizes), axes=sizes_of_axes)
        if len(self.axis) == 1 and self.virtual_batch_size is None:
            return (sizes[self.axis[0]],)
        shape = [sizes_of_axes.get(i, 1) for i in range(len(sizes))]
        if self.virtual_batch_size is not None:
            shape.insert(1, 1)
            self.axis = [axis + 1 for axis in self.axis]
        return shape

    def _average(self, name, shape, initializer):
        return self.add_weight(
            name, shape, dtype=self._parameter_dtype, initializer=initializer, trainable=False,
            synchronization=VariableSynchronization.ON_READ, aggregation=VariableAggregation.MEAN)

    def build(self, input_shape):
        input_shape = TensorShape(input_shape)
        if not input_shape.ndims:
            raise ValueError("Input has undefined rank:", input_shape)
        self._check_axes(input_shape.ndims)
        self._set_fused(input_shape.ndims)
        dtype = self._dtype or dtypes.float32
        self._parameter_dtype = dtypes.float32 if dtype in (dtypes.float16, dtypes.bfloat16) else dtype
        shape = self._parameter_shape(input_shape.as_list())
        self.gamma = self.beta = None
        if self.scale:
            self.gamma = self.add_weight(
                "gamma", shape, dtype=self._parameter_dtype, initializer=self.gamma_initializer,
                regularizer=self.gamma_regularizer, constraint=self.gamma_constraint)
        elif self.fused:
            self._gamma = tf.constant(1.0, dtype=self._parameter_dtype, shape=shape)
        if self.center:
            self.beta = self.add_weight(
                "beta", shape, dtype=self._parameter_dtype, initializer=self.beta_initializer,
                regularizer=self.beta_regularizer, constraint=self.beta_constraint)
        elif self.fused:
            self._beta = tf.constant(0.0, dtype=self._parameter_dtype, shape=shape)
        partitioner = self._scope.partitioner
        self._scope.set_partitioner(None)  # averages are never cut into parts
        try:
            self._build_averages(shape)
        finally:
            self._scope.set_partitioner(partitioner)

    def _build_averages(self, shape):
        self.moving_mean = self._average("moving_mean", shape, self.moving_mean_initializer)
        self.moving_variance = self._average("moving_variance", shape, self.moving_variance_initializer)
        if not self.renorm:
            return

        def stddev_initializer(*args, **kwargs):
            return tf.sqrt(self.moving_variance_initializer(*args, **kwargs))

        self.moving_stddev = self._average("moving_stddev", shape, stddev_initializer)
        self.renorm_mean = self._average("renorm_mean", shape, self.moving_mean_initializer)
        self.renorm_stddev = self._average("renorm_stddev", shape, stddev_initializer)

    # ---- calls

    def _assign_moving_average(self, variable, value, momentum):
        with name_scope("AssignMovingAvg") as scope, colocate_with(variable.op):
            decay = convert_to_tensor(1.0 - momentum, name="decay")
            dtype = variable.dtype.base_dtype
            if decay.dtype.base_dtype != dtype:
                decay = tf.cast(decay, dtype)
            return tf.assign_sub(variable, (variable - tf.cast(value, dtype)) * decay, name=scope)

    def _fused_batch_norm(self, inputs, training):
        beta = self.beta if self.center else self._beta
        gamma = self.gamma if self.scale else self._gamma
        fused = lookup("nn.fused_batch_norm")

        def of_batch():
            return fused(inputs, gamma, beta, epsilon=self.epsilon, data_format=self._data_format)

        def of_averages():
            return fused(inputs, gamma, beta, mean=self.moving_mean, variance=self.moving_variance,
                         epsilon=self.epsilon, is_training=False, data_format=self._data_format)

        output, mean, variance = utils.smart_cond(training, of_batch, of_averages)
        known = utils.constant_value(training)
        if known is None or known:
            momentum = (convert_to_tensor(self.momentum) if known
                        else utils.smart_cond(training, lambda: self.momentum, lambda: 1.0))
            self.add_update(lambda: self._assign_moving_average(self.moving_mean, mean, momentum))
            self.add_update(lambda: self._assign_moving_average(self.moving_variance, variance, momentum))
        return output

    def _renorm_correction(self, mean, variance, training):
        """(r, d, mean, variance): the factors that turn the batch's statistics into the averages'."""
        stddev = tf.sqrt(variance + self.epsilon)
        average = tf.maximum(self.renorm_stddev, tf.sqrt(self.epsilon))
        r, d = stddev / average, (mean - self.renorm_mean) / average
        with control_dependencies([r, d]):  # they see the averages before the update
            mean, stddev = tf.identity(mean), tf.identity(stddev)
        low, high, largest = (self.renorm_clipping.get(key) for key in ("rmin", "rmax", "dmax"))
        r = r if low is None else tf.maximum(r, low)
        r = r if high is None else tf.minimum(r, high)
        d = d if largest is None else tf.minimum(tf.maximum(d, -largest), largest)
        plain_r, plain_d = r, d
        r = utils.smart_cond(training, lambda: plain_r, lambda: tf.ones_like(plain_r))
        d = utils.smart_cond(training, lambda: plain_d, lambda: tf.zeros_like(plain_d))
        updates = [self._renorm_update(self.renorm_mean, mean, training),
                   self._renorm_update(self.renorm_stddev, stddev, training)]
        with control_dependencies(updates):
            return r, d, tf.identity(mean), tf.identity(variance)

    def _renorm_update(self, variable, value, training):
        value = utils.smart_cond(training, lambda: tf.identity(value), lambda: tf.identity(variable))
        return self._assign_moving_average(variable, value, self.renorm_momentum)

    def _variance_update(self, variance, training):
        if not self.renorm:
            return self._assign_moving_average(self.moving_variance, variance, self.momentum)
        target = utils.smart_cond(training, lambda: tf.sqrt(variance + self.epsilon),
                                  lambda: tf.identity(self.moving_stddev))
        stddev = self._assign_moving_average(self.moving_stddev, target, self.momentum)
        value = utils.smart_cond(training, lambda: lookup("nn.relu")(stddev * stddev - self.epsilon),
                                 lambda: tf.identity(self.moving_variance))
        with name_scope("AssignNewValue") as scope, colocate_with(self.moving_variance.op):
            return tf.assign(self.moving_variance, value, name=scope)

    def _batch_statistics(self, inputs, axes, training):
        """(mean, variance) to normalise with, and those that the averages move to."""
        keep = self.virtual_batch_size is not None or len(self.axis) > 1
        batch = lookup("nn.moments")(tf.cast(inputs, self._parameter_dtype), axes, keep_dims=keep)
        # Where `training` turns out False these are the averages, whose updates then change nothing.
        mean = utils.smart_cond(training, lambda: batch[0], lambda: convert_to_tensor(self.moving_mean))
        variance = utils.smart_cond(training, lambda: batch[1], lambda: convert_to_tensor(self.moving_variance))
        if self.virtual_batch_size is None:
            return mean, variance, mean, variance
        return (mean, variance, tf.reduce_mean(mean, axis=1, keepdims=True),
                tf.reduce_mean(variance, axis=1, keepdims=True))

    def _adjusted(self, inputs, training, scale, offset):
        """`scale` and `offset` after the adjustment function's."""
        factor, bias = self.adjustment(tf.shape(inputs))
        own_factor = utils.smart_cond(training, lambda: factor, lambda: tf.ones_like(factor))
        own_bias = utils.smart_cond(training, lambda: bias, lambda: tf.zeros_like(bias))
        return _composed(own_factor, own_bias, scale, offset)

    def call(self, inputs, training=False):
        if self.fused:
            return self._fused_batch_norm(inputs, training)
        original = [-1, *inputs.shape.as_list()[1:]]
        if self.virtual_batch_size is not None:
            inputs = tf.reshape(inputs, [self.virtual_batch_size, -1, *original[1:]])
        outputs = self._normalized(inputs, training)
        return outputs if self.virtual_batch_size is None else tf.reshape(outputs, original)

    def _normalized(self, inputs, training):
        rank = inputs.shape.ndims
        axes = [i for i in range(rank) if i not in self.axis]
        if self.virtual_batch_size is not None:
            del axes[1]
        wide = [1] * rank
        wide[self.axis[0]] = inputs.shape.as_list()[self.axis[0]]

        def broadcast(vector):
            if vector is None or vector.shape.ndims == rank or axes == list(range(rank - 1)):
                return vector
            return tf.reshape(vector, wide)

        scale, offset = broadcast(self.gamma), broadcast(self.beta)
        if utils.constant_value(training) is False:
            mean, variance = self.moving_mean, self.moving_variance
        else:
            if self.adjustment:
                scale, offset = self._adjusted(inputs, training, scale, offset)
            mean, variance, new_mean, new_variance = self._batch_statistics(inputs, axes, training)
            if self.renorm:
                r, d, new_mean, new_variance = self._renorm_correction(new_mean, new_variance, training)
                r = broadcast(tf.stop_gradient(r, name="renorm_r"))
                d = broadcast(tf.stop_gradient(d, name="renorm_d"))
                scale, offset = _composed(r, d, scale, offset)
            self.add_update(lambda: self._assign_moving_average(self.moving_mean, new_mean, self.momentum))
            self.add_update(lambda: self._variance_update(new_variance, training))
        dtype = inputs.dtype.base_dtype
        mean, variance = tf.cast(mean, dtype), tf.cast(variance, dtype)
        offset, scale = (None if value is None else tf.cast(value, dtype) for value in (offset, scale))
        outputs = lookup("nn.batch_normalization")(inputs, broadcast(mean), broadcast(variance), offset, scale,
                                                   self.epsilon)
        outputs.set_shape(inputs.shape)
        return outputs

    def compute_output_shape(self, input_shape):
        return TensorShape(input_shape)


def _composed(scale, offset, then_scale, then_offset):
    """Scale and offset of one affine transform after another."""
    if then_scale is not None:
        scale, offset = scale * then_scale, offset * then_scale
    if then_offset is not None:
        offset += then_offset
    return scale, offset


@tf_export("layers.batch_normalization")
def batch_normalization(inputs, axis=-1, momentum=0.99, epsilon=1e-3, center=True, scale=True,
                        beta_initializer=Zeros(), gamma_initializer=Ones(), moving_mean_initializer=Zeros(),
                        moving_variance_initializer=Ones(), beta_regularizer=None, gamma_regularizer=None,
                        beta_constraint=None, gamma_constraint=None, training=False, trainable=True, name=None,
                        reuse=None, renorm=False, renorm_clipping=None, renorm_momentum=0.99, fused=None,
                        virtual_batch_size=None, adjustment=None):
    """Batch normalisation; arguments as of `tf.layers.BatchNormalization`, and `training`.

    The operations in `tf.GraphKeys.UPDATE_OPS` must run with the training step:

      >>> import graphflow as tf
      >>> y = tf.layers.batch_normalization(tf.ones([2, 3]), training=True)
      >>> [op.name for op in tf.get_collection(tf.GraphKeys.UPDATE_OPS)]
      ['batch_normalization/AssignMovingAvg', 'batch_normalization/AssignMovingAvg_1']
    """
    layer = BatchNormalization(
        axis=axis, momentum=momentum, epsilon=epsilon, center=center, scale=scale, beta_initializer=beta_initializer,
        gamma_initializer=gamma_initializer, moving_mean_initializer=moving_mean_initializer,
        moving_variance_initializer=moving_variance_initializer, beta_regularizer=beta_regularizer,
        gamma_regularizer=gamma_regularizer, beta_constraint=beta_constraint, gamma_constraint=gamma_constraint,
        renorm=renorm, renorm_clipping=renorm_clipping, renorm_momentum=renorm_momentum, fused=fused,
        trainable=trainable, virtual_batch_size=virtual_batch_size, adjustment=adjustment, name=name, _reuse=reuse,
        _scope=name)
    return layer.apply(inputs, training=training)
