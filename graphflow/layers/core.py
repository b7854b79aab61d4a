"""Layers without spatial structure: dense, dropout, flatten. State: see `base`."""

import math

from graphflow.framework import dtypes, raw_ops
from graphflow.framework import public as tf
from graphflow.framework.api import lookup, tf_export
from graphflow.framework.convert import convert_to_tensor
from graphflow.framework.sparse_tensor import SparseTensor
from graphflow.framework.tensor_shape import TensorShape
from graphflow.layers import utils
from graphflow.layers.base import InputSpec, Layer
from graphflow.ops.init_ops import Zeros


@tf_export("layers.Dense")
class Dense(Layer):
    """`activation(inputs x kernel + bias)` over the last dimension.

    Args:
      units: size of the output's last dimension. activation: function, or None. use_bias: whether there is a
        bias. kernel_initializer, bias_initializer: None for the variable scope's. kernel_regularizer,
        bias_regularizer, activity_regularizer: functions whose results become losses. kernel_constraint,
        bias_constraint: functions that optimizers apply to updated weights.
    Variables: `kernel` [inputs, units] and `bias` [units].
    Raises ValueError if the last dimension is unknown, TypeError for inputs that are not of floats.
    """

    def __init__(self, units, activation=None, use_bias=True, kernel_initializer=None, bias_initializer=Zeros(),
                 kernel_regularizer=None, bias_regularizer=None, activity_regularizer=None, kernel_constraint=None,
                 bias_constraint=None, trainable=True, name=None, **kwargs):
        super().__init__(trainable=trainable, name=name, activity_regularizer=activity_regularizer, **kwargs)
        self.units = int(units)
        self.activation = utils.activation_function(activation)
        self.use_bias = use_bias
        self.kernel_initializer = utils.initializer(kernel_initializer)
        self.bias_initializer = utils.initializer(bias_initializer)
        self.kernel_regularizer = utils.function_or_none(kernel_regularizer, "regularizer")
        self.bias_regularizer = utils.function_or_none(bias_regularizer, "regularizer")
        self.kernel_constraint = utils.function_or_none(kernel_constraint, "constraint")
        self.bias_constraint = utils.function_or_none(bias_constraint, "constraint")
        self.input_spec = InputSpec(min_ndim=2)

    def build(self, input_shape):
        dtype = self._dtype or dtypes.float32
        if not (dtype.is_floating or dtype.is_complex):
            raise TypeError(f"Unable to build `Dense` layer with non-floating point dtype {dtype!r}")
        last = TensorShape(input_shape).as_list()[-1]
        if last is None:
            raise ValueError("The last dimension of the inputs to `Dense` should be defined. Found `None`.")
        self.input_spec = InputSpec(min_ndim=2, axes={-1: last})
        self.kernel = self.add_weight(
            "kernel", [last, self.units], initializer=self.kernel_initializer, regularizer=self.kernel_regularizer,
            constraint=self.kernel_constraint)
        self.bias = None
        if self.use_bias:
            self.bias = self.add_weight(
                "bias", [self.units], initializer=self.bias_initializer, regularizer=self.bias_regularizer,
                constraint=self.bias_constraint)

    def call(self, inputs):
        outputs = self._product(inputs)
        if self.use_bias:
            outputs = lookup("nn.bias_add")(outputs, self.bias)
        return outputs if self.activation is None else self.activation(outputs)

    def _product(self, inputs):
        rank = inputs.shape.ndims
        if isinstance(inputs, SparseTensor):
            return lookup("sparse.sparse_dense_matmul")(inputs, self.kernel)
        if rank > 2:
            outputs = tf.tensordot(inputs, self.kernel, [[rank - 1], [0]])
            outputs.set_shape([*inputs.shape.as_list()[:-1], self.units])
            return outputs
        return raw_ops.MatMul(tf.cast(inputs, self._dtype or dtypes.float32), self.kernel)

    def compute_output_shape(self, input_shape):
        shape = TensorShape(input_shape).with_rank_at_least(2)
        if shape.as_list()[-1] is None:
            raise ValueError(f"The innermost dimension of input_shape must be defined, but saw: {input_shape}")
        return shape[:-1].concatenate(self.units)


@tf_export("layers.dense")
def dense(inputs, units, activation=None, use_bias=True, kernel_initializer=None, bias_initializer=Zeros(),
          kernel_regularizer=None, bias_regularizer=None, activity_regularizer=None, kernel_constraint=None,
          bias_constraint=None, trainable=True, name=None, reuse=None):
    """`activation(inputs x kernel + bias)` over the last dimension; arguments as of `tf.layers.Dense`.

    Args: name: variable scope. reuse: whether it shares the variables of a layer of that name.

    Example:
      >>> import graphflow as tf
      >>> tf.layers.dense(tf.ones([2, 3]), 4, activation=tf.nn.relu).op.name
      'dense/Relu'
    """
    layer = Dense(
        units, activation=activation, use_bias=use_bias, kernel_initializer=kernel_initializer,
        bias_initializer=bias_initializer, kernel_regularizer=kernel_regularizer, bias_regularizer=bias_regularizer,
        activity_regularizer=activity_regularizer, kernel_constraint=kernel_constraint,
        bias_constraint=bias_constraint, trainable=trainable, name=name, _scope=name, _reuse=reuse)
    return layer.apply(inputs)


@tf_export("layers.Dropout")
class Dropout(Layer):
    """`tf.nn.dropout` in training, else its input.

    Args: rate: share of elements set to 0. noise_shape: see `tf.nn.dropout`; None for the input's size.
    """

    def __init__(self, rate=0.5, noise_shape=None, seed=None, name=None, **kwargs):
        super().__init__(name=name, **kwargs)
        self.rate = rate
        self.noise_shape = noise_shape
        self.seed = seed

    def _noise_shape(self, inputs):
        if self.noise_shape is None:
            return None
        shape = tf.shape(inputs)
        return convert_to_tensor([shape[i] if size is None else size for i, size in enumerate(self.noise_shape)])

    def call(self, inputs, training=False):
        def dropped():
            return lookup("nn.dropout")(inputs, noise_shape=self._noise_shape(inputs), seed=self.seed, rate=self.rate)

        return utils.smart_cond(training, dropped, lambda: tf.identity(inputs))

    def compute_output_shape(self, input_shape):
        return TensorShape(input_shape)


@tf_export("layers.dropout")
def dropout(inputs, rate=0.5, noise_shape=None, seed=None, training=False, name=None):
    """Drops a share `rate` of the elements if `training` (a bool or a tensor), else returns `inputs`."""
    return Dropout(rate, noise_shape=noise_shape, seed=seed, name=name).apply(inputs, training=training)


@tf_export("layers.Flatten")
class Flatten(Layer):
    """[batch, d1, d2, ...] as [batch, d1 * d2 * ...]; "channels_first" moves channels last before."""

    def __init__(self, data_format=None, **kwargs):
        super().__init__(**kwargs)
        self.data_format = utils.normalize_data_format(data_format)
        self.input_spec = InputSpec(min_ndim=1)

    def call(self, inputs):
        rank = inputs.shape.ndims
        if self.data_format == "channels_first" and rank > 1:
            inputs = tf.transpose(inputs, [0, *range(2, rank), 1])
        batch = inputs.shape.as_list()[0] or tf.shape(inputs)[0]
        outputs = tf.reshape(inputs, (batch, -1))
        outputs.set_shape(self.compute_output_shape(inputs.shape))
        return outputs

    def compute_output_shape(self, input_shape):
        batch, *rest = TensorShape(input_shape).as_list()
        return TensorShape([batch, math.prod(rest) if all(rest) else None])


@tf_export("layers.flatten")
def flatten(inputs, name=None, data_format="channels_last"):
    """[batch, d1, d2, ...] as [batch, d1 * d2 * ...].

    Example:
      >>> import graphflow as tf
      >>> tf.layers.flatten(tf.placeholder(tf.float32, [None, 4, 4, 3])).shape
      TensorShape([Dimension(None), Dimension(48)])
    """
    return Flatten(name=name, data_format=data_format).apply(inputs)
