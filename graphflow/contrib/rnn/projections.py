"""Linear maps for cells, and cells whose inputs or outputs are projected or embedded.

State: the weights, made in the variable scope of the first call.
"""

import math

import graphflow as tf
from graphflow.framework.api import tf_export
from graphflow.nn.rnn_cell.base import RNNCell, assert_like_rnncell


def _columns(args):
    """How many columns the matrices `args` have together; ValueError if that is not known."""
    if args is None or (tf.nest.is_nested(args) and not args):
        raise ValueError("`args` must be specified")
    shapes = [arg.shape for arg in args]
    for shape in shapes:
        if shape.ndims != 2:
            raise ValueError(f"linear is expecting 2D arguments: {shapes}")
        if shape.as_list()[1] is None:
            raise ValueError(f"linear expects shape[1] to be provided for shape {shape}, but saw {shape[1]}")
    return sum(shape.as_list()[1] for shape in shapes)


def _weights(args, output_size, bias, bias_initializer, kernel_initializer):
    """(kernel, bias or None) in the current variable scope; no partitioner applies to biases."""
    dtype = args[0].dtype
    with tf.variable_scope(tf.get_variable_scope()) as outer:
        kernel = tf.get_variable("kernel", [_columns(args), output_size], dtype=dtype, initializer=kernel_initializer)
        if not bias:
            return kernel, None
        with tf.variable_scope(outer) as inner:
            inner.set_partitioner(None)
            return kernel, tf.get_variable("bias", [output_size], dtype=dtype,
                                           initializer=bias_initializer or tf.zeros_initializer(dtype=dtype))


def _product(args, kernel, bias):
    result = tf.matmul(args[0] if len(args) == 1 else tf.concat(args, 1), kernel)
    return result if bias is None else tf.nn.bias_add(result, bias)


def linear(args, output_size, bias, bias_initializer=None, kernel_initializer=None):
    """The matrices `args` side by side, times `kernel`, plus `bias` if asked for: [batch, output_size].

    Raises ValueError if there are none, or their columns are not known.
    """
    args = args if tf.nest.is_nested(args) else [args]
    _columns(args)
    return _product(args, *_weights(args, output_size, bias, bias_initializer, kernel_initializer))


class Linear:
    """`linear` with weights made once, for arguments like the first."""

    def __init__(self, args, output_size, build_bias, bias_initializer=None, kernel_initializer=None):
        args = args if tf.nest.is_nested(args) else [args]
        _columns(args)
        self._weights = _weights(args, output_size, build_bias, bias_initializer, kernel_initializer)

    def __call__(self, args):
        return _product(args if tf.nest.is_nested(args) else [args], *self._weights)


class _Around(RNNCell):
    """A cell around another, whose state is the other's."""

    def __init__(self, cell, reuse):
        super().__init__(_reuse=reuse)
        assert_like_rnncell("cell", cell)
        self._cell = cell
        self._linear = None

    @property
    def state_size(self):
        """The inner cell's."""
        return self._cell.state_size

    @property
    def output_size(self):
        """The inner cell's."""
        return self._cell.output_size

    def zero_state(self, batch_size, dtype):
        """The inner cell's."""
        with tf.name_scope(type(self).__name__ + "ZeroState", values=[batch_size]):
            return self._cell.zero_state(batch_size, dtype)

    def _projected(self, value, size, activation):
        if self._linear is None:
            self._linear = Linear(value, size, True)
        value = self._linear(value)
        return activation(value) if activation else value


@tf_export("contrib.rnn.EmbeddingWrapper")
class EmbeddingWrapper(_Around):
    """A cell whose inputs are symbols: it gets their embeddings, rows of the variable `embedding`.

    Args: embedding_classes: number of symbols. embedding_size: size of embeddings. initializer: by default the
      scope's, else uniform numbers of variance one.
    Raises ValueError unless both numbers are positive.
    """

    def __init__(self, cell, embedding_classes, embedding_size, initializer=None, reuse=None):
        super().__init__(cell, reuse)
        if embedding_classes <= 0 or embedding_size <= 0:
            raise ValueError("Both embedding_classes and embedding_size must be > 0: "
                             f"{embedding_classes}, {embedding_size}.")
        self._shape = [embedding_classes, embedding_size]
        self._initializer = initializer

    def call(self, inputs, state):
        """One step for symbols [batch] or [batch, 1]."""
        with tf.device("/cpu:0"):
            initializer = self._initializer or tf.get_variable_scope().initializer or (
                tf.random_uniform_initializer(-math.sqrt(3), math.sqrt(3)))
            dtype = (state[0] if isinstance(state, tuple) else state).dtype
            embedding = tf.get_variable("embedding", self._shape, initializer=initializer, dtype=dtype)
            return self._cell(tf.nn.embedding_lookup(embedding, tf.reshape(inputs, [-1])), state)


@tf_export("contrib.rnn.InputProjectionWrapper")
class InputProjectionWrapper(_Around):
    """A cell whose inputs are projected to `num_proj` columns, with an `activation` if given."""

    def __init__(self, cell, num_proj, activation=None, input_size=None, reuse=None):
        super().__init__(cell, reuse)
        self._num_proj = num_proj
        self._activation = activation

    def call(self, inputs, state):
        """One step."""
        return self._cell(self._projected(inputs, self._num_proj, self._activation), state)


@tf_export("contrib.rnn.OutputProjectionWrapper")
class OutputProjectionWrapper(_Around):
    """A cell whose outputs are projected to `output_size` columns, with an `activation` if given.

    Raises ValueError unless `output_size` is positive.
    """

    def __init__(self, cell, output_size, activation=None, reuse=None):
        super().__init__(cell, reuse)
        if output_size < 1:
            raise ValueError(f"Parameter output_size must be > 0: {output_size}.")
        self._output_size = output_size
        self._activation = activation

    @property
    def output_size(self):
        """That of the projection."""
        return self._output_size

    def call(self, inputs, state):
        """One step."""
        output, new_state = self._cell(inputs, state)
        return self._projected(output, self._output_size, self._activation), new_state
