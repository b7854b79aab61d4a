"""`AttentionWrapper`: a cell that attends to memories. State: the cell, the mechanisms and their layers."""

import collections

import graphflow as tf
from graphflow.contrib.seq2seq.attention import AttentionMechanism
from graphflow.framework.api import tf_export
from graphflow.nn.rnn_cell.base import RNNCell, assert_like_rnncell, zeros_of_size

_TILE = ("Are you using the BeamSearchDecoder?  You may need to tile your {} via the "
         "tf.contrib.seq2seq.tile_batch function with argument multiple=beam_width.")


@tf_export("contrib.seq2seq.AttentionWrapperState")
class AttentionWrapperState(collections.namedtuple("AttentionWrapperState", (
        "cell_state", "attention", "time", "alignments", "alignment_history", "attention_state"))):
    """State of an AttentionWrapper: the cell's, the last attention, the time, alignments and states of mechanisms."""

    __slots__ = ()

    def clone(self, **kwargs):
        """A state with other parts of the same shapes; ValueError for other shapes."""
        def checked(old, new):
            if isinstance(old, tf.Tensor) and isinstance(new, tf.Tensor):
                old.shape.assert_is_compatible_with(new.shape)
                new.set_shape(old.shape)
            return new

        return tf.nest.map_structure(checked, self, self._replace(**kwargs))


def _compute_attention(mechanism, cell_output, attention_state, attention_layer):
    """(attention, alignments, next state) of one mechanism."""
    alignments, next_state = mechanism(cell_output, state=attention_state)
    context = tf.squeeze(tf.matmul(tf.expand_dims(alignments, 1), mechanism.values), [1])
    if attention_layer is not None:
        context = attention_layer(tf.concat([cell_output, context], 1))
    return context, alignments, next_state


def _checked_mechanisms(given):
    multiple = isinstance(given, (list, tuple))
    for mechanism in given if multiple else [given]:
        if not isinstance(mechanism, AttentionMechanism):
            what = ("contain only instances of AttentionMechanism" if multiple else
                    "be an AttentionMechanism or list of multiple AttentionMechanism instances")
            raise TypeError(f"attention_mechanism must {what}, saw type: {type(mechanism).__name__}")
    return tuple(given) if multiple else (given,)


def _listed(value, count, name, unit):
    values = tuple(value) if isinstance(value, (list, tuple)) else (value,)
    if len(values) != count:
        raise ValueError(f"If provided, {name} must contain exactly one {unit} per attention_mechanism, saw: "
                         f"{len(values)} vs {count}")
    return values


@tf_export("contrib.seq2seq.AttentionWrapper")
class AttentionWrapper(RNNCell):
    """A cell whose inputs are joined with what it attended to, and which then attends with its output.

    Args:
      cell: an RNNCell. attention_mechanism: mechanism, or list of them. attention_layer_size: size of a dense layer
        over output and context (one each), or None for the context itself. alignment_history: whether the state keeps
        all alignments in TensorArrays. cell_input_fn: function (inputs, attention) -> the cell's inputs; joins them by
        default. output_attention: whether the output is the attention, or the cell's output. initial_cell_state: the
        cell's state in `zero_state`. attention_layer: layer, or list of them, instead of attention_layer_size.
        attention_fn: function (mechanism, cell output, attention state, layer) -> (attention, alignments, state).
    Raises TypeError or ValueError for arguments that don't fit; while running, InvalidArgumentError if batch sizes of
    memory and cell differ.
    """

    def __init__(self, cell, attention_mechanism, attention_layer_size=None, alignment_history=False,
                 cell_input_fn=None, output_attention=True, initial_cell_state=None, name=None, attention_layer=None,
                 attention_fn=None, dtype=None):
        super().__init__(name=name, dtype=dtype)
        assert_like_rnncell("cell", cell)
        self._is_multi = isinstance(attention_mechanism, (list, tuple))
        self._mechanisms = _checked_mechanisms(attention_mechanism)
        if cell_input_fn is not None and not callable(cell_input_fn):
            raise TypeError(f"cell_input_fn must be callable, saw type: {type(cell_input_fn).__name__}")
        self._cell = cell
        self._cell_input_fn = cell_input_fn or (lambda inputs, attention: tf.concat([inputs, attention], -1))
        self._set_layers(attention_layer_size, attention_layer)
        self._attention_fn = attention_fn or _compute_attention
        self._output_attention = output_attention
        self._alignment_history = alignment_history
        self._initial_cell_state = None
        with tf.name_scope(name, "AttentionWrapperInit"):
            if initial_cell_state is not None:
                self._initial_cell_state = self._checked(
                    initial_cell_state, f"When constructing AttentionWrapper {self._base_name}: Non-matching batch "
                    "sizes between the memory (encoder output) and initial_cell_state.  "
                    + _TILE.format("initial state"), "check_initial_cell_state")

    def _set_layers(self, sizes, layers):
        count = len(self._mechanisms)
        if sizes is not None and layers is not None:
            raise ValueError("Only one of attention_layer_size and attention_layer should be set")
        depths = [mechanism.values.shape.as_list()[-1] for mechanism in self._mechanisms]
        if sizes is not None:
            sizes = _listed(sizes, count, "attention_layer_size", "integer")
            layers = tuple(tf.layers.Dense(size, name="attention_layer", use_bias=False, dtype=mechanism.dtype)
                           for size, mechanism in zip(sizes, self._mechanisms, strict=True))
        elif layers is not None:
            layers = _listed(layers, count, "attention_layer", "layer")
            sizes = [layer.compute_output_shape([None, self._cell.output_size + depth]).as_list()[-1]
                     for layer, depth in zip(layers, depths, strict=True)]
        self._attention_layers = layers
        self._attention_layer_size = sum(depths if layers is None else sizes)

    def _size_checks(self, batch_size, message):
        return [tf.assert_equal(batch_size, mechanism.batch_size, message=message) for mechanism in self._mechanisms]

    def _checked(self, state, message, name):
        """`state`, once its batch size is known to be the memories'."""
        last = tf.nest.flatten(state)[-1]
        with tf.control_dependencies(self._size_checks(last.shape.as_list()[0] or tf.shape(last)[0], message)):
            return tf.nest.map_structure(lambda part: tf.identity(part, name=name), state)

    def _one_or_all(self, values):
        values = tuple(values)
        return values if self._is_multi else values[0]

    @property
    def output_size(self):
        """Size of the attention, or of the cell's output."""
        return self._attention_layer_size if self._output_attention else self._cell.output_size

    @property
    def state_size(self):
        """AttentionWrapperState of sizes."""
        sizes = [mechanism.alignments_size for mechanism in self._mechanisms]
        return AttentionWrapperState(
            cell_state=self._cell.state_size, time=tf.TensorShape([]), attention=self._attention_layer_size,
            alignments=self._one_or_all(sizes),
            attention_state=self._one_or_all(mechanism.state_size for mechanism in self._mechanisms),
            alignment_history=self._one_or_all(size if self._alignment_history else () for size in sizes))

    def zero_state(self, batch_size, dtype):
        """A state of zeros, with the initial cell state if there is one."""
        with tf.name_scope(type(self).__name__ + "ZeroState", values=[batch_size]):
            state = self._initial_cell_state
            if state is None:
                state = self._cell.get_initial_state(batch_size=batch_size, dtype=dtype)
            message = (f"When calling zero_state of AttentionWrapper {self._base_name}: Non-matching batch sizes "
                       "between the memory (encoder output) and the requested batch size.  Are you using the "
                       "BeamSearchDecoder?  If so, make sure your encoder output has been tiled to beam_width via "
                       "tf.contrib.seq2seq.tile_batch, and the batch_size= argument passed to zero_state is batch_size "
                       "* beam_width.")
            with tf.control_dependencies(self._size_checks(batch_size, message)):
                state = tf.nest.map_structure(lambda part: tf.identity(part, name="checked_cell_state"), state)
            alignments = [mechanism.initial_alignments(batch_size, dtype) for mechanism in self._mechanisms]
            return AttentionWrapperState(
                cell_state=state, time=tf.zeros([], dtype=tf.int32),
                attention=zeros_of_size(self._attention_layer_size, batch_size, dtype),
                alignments=self._one_or_all(alignments),
                attention_state=self._one_or_all(mechanism.initial_state(batch_size, dtype)
                                                 for mechanism in self._mechanisms),
                alignment_history=self._one_or_all(
                    tf.TensorArray(dtype, size=0, dynamic_size=True, element_shape=value.shape)
                    if self._alignment_history else () for value in alignments))

    def call(self, inputs, state):
        """One step: (output, next state); TypeError unless `state` is an AttentionWrapperState."""
        if not isinstance(state, AttentionWrapperState):
            raise TypeError("Expected state to be instance of AttentionWrapperState. Received type "
                            f"{type(state)} instead.")
        output, cell_state = self._cell(self._cell_input_fn(inputs, state.attention), state.cell_state)
        message = (f"When applying AttentionWrapper {self.name}: Non-matching batch sizes between the memory (encoder "
                   "output) and the query (decoder output).  " + _TILE.format("memory input"))
        output = self._checked(output, message, "checked_cell_output")
        states, histories = ((state.attention_state, state.alignment_history) if self._is_multi else
                             ([state.attention_state], [state.alignment_history]))
        found = [self._attention_fn(mechanism, output, states[i],
                                    self._attention_layers[i] if self._attention_layers else None)
                 for i, mechanism in enumerate(self._mechanisms)]
        attentions, alignments, states = zip(*found, strict=True)
        attention = tf.concat(attentions, 1)
        next_state = AttentionWrapperState(
            time=state.time + 1, cell_state=cell_state, attention=attention, attention_state=self._one_or_all(states),
            alignments=self._one_or_all(alignments), alignment_history=self._one_or_all(
                history.write(state.time, value) if self._alignment_history else ()
                for history, value in zip(histories, alignments, strict=True)))
        return attention if self._output_attention else output, next_state
