"""Cells around a cell: dropout, residual connections, devices. State: the wrapped cell, and what the wrapper adds.

A wrapper makes no variable scope of its own: the wrapped cell's variables are called as without it.
"""

import hashlib

from graphflow.framework import nest
from graphflow.framework import public as tf
from graphflow.framework.api import tf_export
from graphflow.framework.convert import convert_to_tensor
from graphflow.framework.graph_scopes import device, name_scope
from graphflow.framework.nest_shallow import (
    flatten_up_to,
    get_traverse_shallow_structure,
)
from graphflow.framework.static_value import constant_value
from graphflow.framework.tensor_shape import as_shape
from graphflow.layers.base import Layer
from graphflow.nn.rnn_cell.base import RNNCell, assert_like_rnncell
from graphflow.nn.rnn_cell.lstm import LSTMStateTuple
from graphflow.ops.dropout import dropout
from graphflow.ops.tensor_array_class import TensorArray


class CellWrapper(RNNCell):
    """A cell that calls another one. Subclasses define `_wrapped_call`."""

    def __init__(self, cell, **kwargs):
        super().__init__(**kwargs)
        assert_like_rnncell("cell", cell)
        self.cell = cell

    @property
    def wrapped_cell(self):
        """The cell inside."""
        return self.cell

    @property
    def state_size(self):
        """The wrapped cell's."""
        return self.cell.state_size

    @property
    def output_size(self):
        """The wrapped cell's."""
        return self.cell.output_size

    @property
    def trainable_weights(self):
        """The wrapped cell's."""
        return self.cell.trainable_weights if self.trainable and isinstance(self.cell, Layer) else []

    @property
    def non_trainable_weights(self):
        """The wrapped cell's."""
        if not isinstance(self.cell, Layer):
            return []
        return self.cell.non_trainable_weights if self.trainable else self.cell.weights

    def zero_state(self, batch_size, dtype):
        """The wrapped cell's."""
        with name_scope(type(self).__name__ + "ZeroState", values=[batch_size]):
            return self.cell.zero_state(batch_size, dtype)

    def __call__(self, inputs, state, scope=None):
        """One step: (output, new state)."""
        return self._wrapped_call(inputs, state, scope)

    def _wrapped_call(self, inputs, state, scope):
        raise NotImplementedError(f"{type(self).__name__} does not say what it does with the cell")


def _dropped_by_default(state):
    """Which parts of a state are dropped: not the cell of an LSTM, nor TensorArrays."""
    if isinstance(state, LSTMStateTuple):
        return LSTMStateTuple(c=False, h=True)
    return not isinstance(state, TensorArray)


@tf_export("nn.rnn_cell.DropoutWrapper", "contrib.rnn.DropoutWrapper")
class DropoutWrapper(CellWrapper):
    """Dropout of a cell's inputs, outputs and states.

    Args:
      cell: an RNNCell. input_keep_prob, output_keep_prob, state_keep_prob: probability to keep a value, numbers
        or scalar tensors. variational_recurrent: whether the same is dropped at each step of a run; needs `dtype`,
        and `input_size` (size, or structure of them) where inputs are dropped. seed: int, or None.
        dropout_state_filter_visitor: function of a part of the state that says what of it may be dropped; by
        default everything but the cell of LSTMs.
    Raises TypeError or ValueError for arguments that don't fit.

    Example:
      >>> import graphflow as tf
      >>> cell = tf.nn.rnn_cell.DropoutWrapper(tf.nn.rnn_cell.GRUCell(4), output_keep_prob=0.5)
      >>> output, state = cell(tf.ones([2, 3]), cell.zero_state(2, tf.float32))
      >>> output.shape.as_list()
      [2, 4]
    """

    def __init__(self, cell, input_keep_prob=1.0, output_keep_prob=1.0, state_keep_prob=1.0,
                 variational_recurrent=False, input_size=None, dtype=None, seed=None,
                 dropout_state_filter_visitor=None, **kwargs):
        super().__init__(cell, dtype=dtype, **kwargs)
        if dropout_state_filter_visitor is not None and not callable(dropout_state_filter_visitor):
            raise TypeError("dropout_state_filter_visitor must be callable")
        self._dropout_state_filter = dropout_state_filter_visitor or _dropped_by_default
        with name_scope("DropoutWrapperInit"):
            self._input_keep_prob = _probability("input_keep_prob", input_keep_prob)
            self._state_keep_prob = _probability("state_keep_prob", state_keep_prob)
            self._output_keep_prob = _probability("output_keep_prob", output_keep_prob)
        self._seed = seed
        self._variational = variational_recurrent
        self._noise = {"input": None, "state": None, "output": None}
        if variational_recurrent:
            self._draw_noise(cell, input_size, dtype)

    def _draw_noise(self, cell, input_size, dtype):
        """One random tensor per part, for all steps of a run."""
        if dtype is None:
            raise ValueError("When variational_recurrent=True, dtype must be provided")
        if _drops(self._input_keep_prob):
            if input_size is None:
                raise ValueError("When variational_recurrent=True and input_keep_prob < 1.0 or is unknown, input_size "
                                 "must be provided")
            self._noise["input"] = self._noise_like("input", input_size, dtype)
        self._noise["state"] = self._noise_like("state", cell.state_size, dtype)
        self._noise["output"] = self._noise_like("output", cell.output_size, dtype)

    def _noise_like(self, part, sizes, dtype):
        noise = [tf.random_uniform(tf.concat(([1], as_shape(size).as_list()), 0), seed=self._gen_seed(part, i),
                                   dtype=dtype) for i, size in enumerate(nest.flatten(sizes))]
        return nest.pack_sequence_as(sizes, noise) if nest.is_nested(sizes) else noise[0]

    def _gen_seed(self, part, index):
        """A seed of its own for each thing dropped."""
        if self._seed is None:
            return None
        text = f"{self._seed}{part}_{index}".encode()
        return int(hashlib.md5(text, usedforsecurity=False).hexdigest()[:8], 16) & 0x7FFFFFFF

    def _dropout(self, values, part, keep_prob, which=None):
        """`values` with dropout where `which` (a shallow structure; by default all) says True."""
        which = values if which is None else which
        noise = self._noise[part] if self._variational else values
        groups = zip(nest.flatten(which), flatten_up_to(which, values), flatten_up_to(which, noise), strict=True)
        results = []
        for i, (wanted, value, drawn) in enumerate(groups):
            if wanted is False:
                results.append(value)
            elif self._variational:
                results.append(_with_noise(value, drawn, keep_prob))
            else:
                results.append(dropout(value, rate=1.0 - keep_prob, seed=self._gen_seed(part, i)))
        return nest.pack_sequence_as(which, results) if nest.is_nested(which) else results[0]

    def _wrapped_call(self, inputs, state, scope):
        if _drops(self._input_keep_prob):
            inputs = self._dropout(inputs, "input", self._input_keep_prob)
        output, new_state = self.cell(inputs, state, scope=scope)
        if _drops(self._state_keep_prob):
            which = get_traverse_shallow_structure(self._dropout_state_filter, new_state)
            new_state = self._dropout(new_state, "state", self._state_keep_prob, which)
        if _drops(self._output_keep_prob):
            output = self._dropout(output, "output", self._output_keep_prob)
        return output, new_state


def _probability(name, value):
    """A float where it is known, else a tensor."""
    tensor = convert_to_tensor(value)
    known = constant_value(tensor)
    if known is None:
        return tensor
    if not 0 <= known <= 1:
        raise ValueError(f"Parameter {name} must be between 0 and 1: {known}")
    return float(known)


def _drops(keep_prob):
    return not isinstance(keep_prob, float) or keep_prob < 1


def _with_noise(value, noise, keep_prob):
    result = tf.div(value, keep_prob) * tf.floor(keep_prob + noise)
    result.set_shape(value.shape)
    return result


@tf_export("nn.rnn_cell.ResidualWrapper", "contrib.rnn.ResidualWrapper")
class ResidualWrapper(CellWrapper):
    """Adds a cell's inputs to its outputs.

    Args: cell: an RNNCell. residual_fn: function (inputs, outputs) -> outputs to use instead of the sum.
    Raises TypeError or ValueError if inputs and outputs are not alike.

    Example:
      >>> import graphflow as tf
      >>> cell = tf.nn.rnn_cell.ResidualWrapper(tf.nn.rnn_cell.GRUCell(3))
      >>> output, state = cell(tf.ones([2, 3]), cell.zero_state(2, tf.float32))
      >>> output.shape.as_list()
      [2, 3]
    """

    def __init__(self, cell, residual_fn=None, **kwargs):
        super().__init__(cell, **kwargs)
        self._residual_fn = residual_fn

    def _wrapped_call(self, inputs, state, scope):
        outputs, new_state = self.cell(inputs, state, scope=scope)
        return (self._residual_fn or _sum_of_both)(inputs, outputs), new_state


def _sum_of_both(inputs, outputs):
    nest.assert_same_structure(inputs, outputs)
    for value, output in zip(nest.flatten(inputs), nest.flatten(outputs), strict=True):
        value.shape.assert_is_compatible_with(output.shape)
    return nest.map_structure(lambda value, output: value + output, inputs, outputs)


@tf_export("nn.rnn_cell.DeviceWrapper", "contrib.rnn.DeviceWrapper")
class DeviceWrapper(CellWrapper):
    """Places the operations of a cell on `device` (name or function, as for `tf.device`).

    Example:
      >>> import graphflow as tf
      >>> cell = tf.nn.rnn_cell.DeviceWrapper(tf.nn.rnn_cell.GRUCell(3), "/cpu:0")
      >>> output, state = cell(tf.ones([2, 3]), cell.zero_state(2, tf.float32))
      >>> output.device
      '/device:CPU:0'
    """

    def __init__(self, cell, device, **kwargs):
        super().__init__(cell, **kwargs)
        self._device = device

    def zero_state(self, batch_size, dtype):
        """The wrapped cell's, on the device."""
        with device(self._device):
            return super().zero_state(batch_size, dtype)

    def _wrapped_call(self, inputs, state, scope):
        with device(self._device):
            return self.cell(inputs, state, scope=scope)
