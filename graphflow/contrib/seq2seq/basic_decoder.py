"""`BasicDecoder`: a cell, and a helper that says what it is fed. Holds no state beyond its arguments."""

import collections

import graphflow as tf
from graphflow.contrib.seq2seq.decoder import Decoder
from graphflow.contrib.seq2seq.helpers import Helper
from graphflow.framework.api import tf_export
from graphflow.nn.rnn_cell.base import assert_like_rnncell


def check_output_layer(layer):
    """Raises TypeError unless `layer` is a Layer or None."""
    if layer is not None and not isinstance(layer, tf.layers.Layer):
        raise TypeError(f"output_layer must be a Layer, received: {type(layer)}")


def output_size_of(cell, layer):
    """Size of a cell's output after an output layer, which may be None."""
    if layer is None:
        return cell.output_size
    shapes = tf.nest.map_structure(lambda size: tf.TensorShape([None]).concatenate(size), cell.output_size)
    return tf.nest.map_structure(lambda shape: shape[1:], layer.compute_output_shape(shapes))


@tf_export("contrib.seq2seq.BasicDecoderOutput")
class BasicDecoderOutput(collections.namedtuple("BasicDecoderOutput", ("rnn_output", "sample_id"))):
    """What a BasicDecoder gives out: the cell's output, and the helper's samples."""

    __slots__ = ()


@tf_export("contrib.seq2seq.BasicDecoder")
class BasicDecoder(Decoder):
    """A decoder of a cell whose inputs a helper makes.

    Args: cell: an RNNCell. helper: a Helper. initial_state: the cell's. output_layer: a layer on top of the cell's
      outputs, from which the helper samples; or None.
    Raises TypeError for arguments of other types.
    """

    def __init__(self, cell, helper, initial_state, output_layer=None):
        assert_like_rnncell("cell", cell)
        if not isinstance(helper, Helper):
            raise TypeError(f"helper must be a Helper, received: {type(helper)}")
        check_output_layer(output_layer)
        self._cell = cell
        self._helper = helper
        self._initial_state = initial_state
        self._output_layer = output_layer

    @property
    def batch_size(self):
        """The helper's."""
        return self._helper.batch_size

    @property
    def output_size(self):
        """BasicDecoderOutput of sizes."""
        return BasicDecoderOutput(output_size_of(self._cell, self._output_layer), self._helper.sample_ids_shape)

    @property
    def output_dtype(self):
        """BasicDecoderOutput of DTypes; outputs have that of the state."""
        dtype = tf.nest.flatten(self._initial_state)[0].dtype
        return BasicDecoderOutput(tf.nest.map_structure(lambda _: dtype, self.output_size.rnn_output),
                                  self._helper.sample_ids_dtype)

    def initialize(self, name=None):
        """(finished, first inputs, initial state)."""
        return (*self._helper.initialize(), self._initial_state)

    def step(self, time, inputs, state, name=None):
        """(outputs, next state, next inputs, finished)."""
        with tf.name_scope(name, "BasicDecoderStep", (time, inputs, state)):
            outputs, cell_state = self._cell(inputs, state)
            if self._output_layer is not None:
                outputs = self._output_layer(outputs)
            samples = self._helper.sample(time=time, outputs=outputs, state=cell_state)
            finished, next_inputs, next_state = self._helper.next_inputs(
                time=time, outputs=outputs, state=cell_state, sample_ids=samples)
        return BasicDecoderOutput(outputs, samples), next_state, next_inputs, finished
