"""`tf.nn.rnn_cell` and the functions that run cells: TensorFlow's recorded answers, names, and refusals."""

import gzip
import json
import pathlib

import numpy as np
import pytest

import graphflow as tf
from tests.nn import programs

cells = tf.nn.rnn_cell
GOLDEN = json.loads(gzip.decompress(
    (pathlib.Path(__file__).parents[1] / "golden" / "rnn.json.gz").read_bytes()))


@pytest.fixture(autouse=True)
def graph():
    with tf.Graph().as_default() as graph:
        yield graph


@pytest.mark.filterwarnings("ignore:.*concatenated state")
@pytest.mark.parametrize("name", GOLDEN)
def test_as_tensorflow(name):
    expected, found = GOLDEN[name], programs.answers(tf, programs.programs(tf)[name])
    assert found["variables"] == expected["variables"]
    assert found["shapes"] == expected["shapes"]
    for kind in ("values", "gradients"):
        for value, wanted in zip(found[kind], expected[kind], strict=True):
            np.testing.assert_allclose(value, wanted, rtol=1e-4, atol=1e-5)


def test_programs_are_all_recorded():
    assert set(programs.programs(tf)) == set(GOLDEN)


def test_variables_are_shared_by_scope():
    x = tf.ones([2, 3])
    for reuse in (None, True):
        with tf.variable_scope("net", reuse=reuse):
            cell = cells.BasicLSTMCell(4)
            cell(x, cell.zero_state(2, tf.float32))
    assert [v.op.name for v in tf.global_variables()] == ["net/basic_lstm_cell/kernel", "net/basic_lstm_cell/bias"]


def test_cell_of_a_user(graph):
    class Scaled(cells.RNNCell):
        state_size = output_size = 3

        def call(self, inputs, state):
            output = inputs * tf.get_variable("scale", [3], initializer=tf.ones_initializer()) + state
            return output, output

    cell = Scaled()
    outputs, state = tf.nn.static_rnn(cell, [tf.ones([2, 3])] * 3, dtype=tf.float32)
    assert [v.op.name for v in cell.trainable_weights] == ["rnn/scaled/scale"]
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        np.testing.assert_array_equal(session.run(state), np.full((2, 3), 3.0))


def test_states():
    assert cells.LSTMCell(4, num_proj=2).state_size == cells.LSTMStateTuple(4, 2)
    batch = tf.placeholder(tf.int32, [])
    state = cells.BasicLSTMCell(4).zero_state(batch, tf.float32)
    assert state.c.shape.as_list() == [None, 4] and state.dtype == tf.float32
    with tf.Session() as session:
        assert session.run(state.h, {batch: 5}).shape == (5, 4)
    cell = cells.GRUCell(3)
    assert cell.get_initial_state(inputs=tf.ones([2, 7])).shape.as_list() == [2, 3]
    with pytest.raises(ValueError, match="batch size from input tensor is different"):
        cell.get_initial_state(inputs=tf.ones([2, 7]), batch_size=3)
    with pytest.raises(ValueError, match="batch_size and dtype cannot be None"):
        cell.get_initial_state(batch_size=3)
    with pytest.raises(TypeError, match="Inconsistent internal state"):
        print(cells.LSTMStateTuple(tf.ones([1]), tf.ones([1], tf.float64)).dtype)


def test_state_saving():
    class Saver:
        def __init__(self):
            self.variables = {"c": tf.Variable(tf.zeros([2, 4])), "h": tf.Variable(tf.zeros([2, 4]))}

        def state(self, name):
            return self.variables[name].value()

        def save_state(self, name, value):
            return tf.assign(self.variables[name], value)

    saver = Saver()
    outputs, state = tf.nn.static_state_saving_rnn(
        cells.BasicLSTMCell(4), [tf.ones([2, 3])] * 2, saver, state_name=("c", "h"))
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        first, second = session.run([outputs[-1], state.c]), session.run([outputs[-1], saver.variables["c"]])
    assert np.abs(second[1]).sum() > np.abs(first[1]).sum() > 0
    with pytest.raises(ValueError, match="state_name should be the same type"):
        tf.nn.static_state_saving_rnn(cells.BasicLSTMCell(4), [tf.ones([2, 3])], saver, state_name="c")


def test_residual_function_and_device():
    cell = cells.DeviceWrapper(cells.ResidualWrapper(cells.GRUCell(3), residual_fn=lambda x, y: x * 0 + y), "/cpu:0")
    output, _ = cell(tf.ones([2, 3]), cell.zero_state(2, tf.float32))
    assert output.device == "/device:CPU:0" and len(cell.trainable_weights) == 4
    with pytest.raises(ValueError, match="not compatible|incompatible"):
        cell = cells.ResidualWrapper(cells.GRUCell(3))
        cell(tf.ones([2, 5]), cell.zero_state(2, tf.float32))


@pytest.mark.parametrize(("error", "message", "build"), [
    (TypeError, "is not an RNNCell: 'output_size' property is missing, 'state_size'",
     lambda: tf.nn.static_rnn(abs, [tf.ones([2, 3])], dtype=tf.float32)),
    (TypeError, r"'cell' is the class GRUCell, not an RNNCell made from it: GRUCell\(\.\.\.\)",
     lambda: tf.nn.dynamic_rnn(cells.GRUCell, tf.ones([2, 3, 4]), dtype=tf.float32)),
    (ValueError, r"rank at least 3: inputs of a dynamic RNN are \[batch, time, depth\], but saw .*'?rows:0.*\(2, 3\)",
     lambda: tf.nn.dynamic_rnn(cells.GRUCell(2), tf.ones([2, 3], name="rows"), dtype=tf.float32)),
    (TypeError, "inputs must be a sequence", lambda: tf.nn.static_rnn(cells.GRUCell(2), tf.ones([2, 3]))),
    (ValueError, "inputs must not be empty", lambda: tf.nn.static_rnn(cells.GRUCell(2), [])),
    (ValueError, "dtype must be specified", lambda: tf.nn.static_rnn(cells.GRUCell(2), [tf.ones([2, 3])])),
    (ValueError, r"Input size \(dimension 0 of inputs\) must be accessible",
     lambda: tf.nn.static_rnn(cells.GRUCell(2), [tf.placeholder(tf.float32, [2, None])], dtype=tf.float32)),
    (ValueError, "only supports floating point inputs, but saw dtype",
     lambda: tf.nn.static_rnn(cells.GRUCell(2), [tf.ones([2, 3], tf.int32)], dtype=tf.float32)),
    (ValueError, "must specify at least one cell", lambda: cells.MultiRNNCell([])),
    (TypeError, "cells must be a list or tuple", lambda: cells.MultiRNNCell(cells.GRUCell(2))),
    (ValueError, "the flag state_is_tuple is not set",
     lambda: cells.MultiRNNCell([cells.LSTMCell(2)], state_is_tuple=False)),
    (ValueError, "input_keep_prob must be between 0 and 1", lambda: cells.DropoutWrapper(cells.GRUCell(2), 2.0)),
    (ValueError, "dtype must be provided",
     lambda: cells.DropoutWrapper(cells.GRUCell(2), variational_recurrent=True)),
    (TypeError, "dropout_state_filter_visitor must be callable",
     lambda: cells.DropoutWrapper(cells.GRUCell(2), dropout_state_filter_visitor=3)),
])
def test_refusals(error, message, build):
    with pytest.raises(error, match=f"(?i){message}"):
        build()
