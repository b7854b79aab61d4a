"""Cells of `tf.contrib.rnn` that make all steps at once: against `tf.nn.dynamic_rnn` with the same weights."""

import numpy as np
import pytest

import graphflow as tf

rnn = tf.contrib.rnn
X = np.random.RandomState(1).normal(0, 1, (5, 3, 2)).astype(np.float32)
LENGTHS = [5, 0, 3]


def start(count=4):
    return tuple(tf.constant(np.random.RandomState(i).normal(0, 1, (3, count)), tf.float32) for i in range(2))


def fetched(*tensors):
    with tf.Session() as sess:
        sess.run(tf.global_variables_initializer())
        return sess.run(list(tensors))


@pytest.mark.parametrize("lengths", [None, LENGTHS])
@pytest.mark.parametrize("options", [{}, {"use_peephole": True, "cell_clip": 0.3}])
def test_as_an_lstm_cell(options, lengths):
    fused = rnn.LSTMBlockFusedCell(4, forget_bias=0.5, name="cell", **options)
    outputs, state = fused(tf.constant(X), start(), sequence_length=lengths)
    assert outputs.shape.as_list() == [5, 3, 4] and isinstance(state, rnn.LSTMStateTuple)
    with tf.variable_scope("rnn", reuse=tf.AUTO_REUSE):
        cell = tf.nn.rnn_cell.LSTMCell(4, forget_bias=0.5, use_peepholes="use_peephole" in options,
                                       cell_clip=options.get("cell_clip"), name="cell")
        expected, last = tf.nn.dynamic_rnn(cell, tf.constant(X), lengths, rnn.LSTMStateTuple(*start()),
                                           time_major=True, scope="rnn")
    theirs = {v.op.name.rsplit("/", 1)[1]: v for v in cell.weights}
    assert set(theirs) == {v.op.name.rsplit("/", 1)[1] for v in fused.weights}
    losses = [tf.reduce_sum(tf.square(out) + end.c * end.h) for out, end in ((outputs, state), (expected, last))]
    grads = [tf.gradients(losses[0], fused.weights),
             tf.gradients(losses[1], [theirs[v.op.name.rsplit("/", 1)[1]] for v in fused.weights])]
    with tf.Session() as sess:
        sess.run(tf.global_variables_initializer())
        for variable in fused.weights:
            theirs[variable.op.name.rsplit("/", 1)[1]].load(sess.run(variable), sess)
        found, wanted = sess.run([[outputs, state], [expected, last]])
        for a, b in zip(tf.nest.flatten(found), tf.nest.flatten(wanted)):
            np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-6)
        if "cell_clip" not in options:      # the op's gradient passes over what is clipped
            for a, b in zip(*sess.run(grads)):
                np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-5)


def test_lists_and_defaults():
    fused = rnn.LSTMBlockFusedCell(4)
    outputs, state = fused([tf.constant(x) for x in X], dtype=tf.float32)
    assert isinstance(outputs, list) and len(outputs) == 5
    assert [v.op.name for v in fused.weights] == ["lstm_fused_cell/kernel", "lstm_fused_cell/bias"]
    last, h = fetched(outputs[-1], state.h)
    np.testing.assert_array_equal(last, h)
    with pytest.raises(ValueError, match="Either initial_state or dtype"):
        fused(tf.constant(X))
    with pytest.raises(ValueError, match="tuple with length 2"):
        fused(tf.constant(X), start() + start())
    with pytest.raises(ValueError, match="inputs_shape"):
        rnn.LSTMBlockFusedCell(4, name="other").call(tf.placeholder(tf.float32, [5, 3, None]), dtype=tf.float32)


def test_too_many_steps():
    outputs, _ = rnn.LSTMBlockFusedCell(4)(tf.constant(X), dtype=tf.float32, sequence_length=[6, 1, 1])
    with pytest.raises(tf.errors.InvalidArgumentError, match=r"seq_len_max must be in \[0, 5\]"):
        fetched(outputs)


@pytest.mark.parametrize("dynamic", [True, False])
@pytest.mark.parametrize("listed", [True, False])
def test_adaptors(dynamic, listed):
    cell = tf.nn.rnn_cell.BasicRNNCell(4)
    inputs = [tf.constant(x) for x in X] if listed else tf.constant(X)
    backward = rnn.TimeReversedFusedRNN(rnn.FusedRNNCellAdaptor(cell, use_dynamic_rnn=dynamic))
    outputs, state = backward(inputs, dtype=tf.float32, scope="rnn")
    expected, last = tf.nn.dynamic_rnn(cell, tf.constant(X[::-1]), dtype=tf.float32, time_major=True, scope="rnn")
    assert isinstance(outputs, list) == listed
    found = fetched(tf.stack(outputs) if listed else outputs, state, expected, last)
    np.testing.assert_allclose(found[0], found[2][::-1], rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(found[1], found[3], rtol=1e-5, atol=1e-6)


def test_reversed_sequences_of_their_own_lengths():
    forward = rnn.FusedRNNCellAdaptor(tf.nn.rnn_cell.BasicRNNCell(4), use_dynamic_rnn=True)
    outputs, state = rnn.TimeReversedFusedRNN(forward)(tf.constant(X), dtype=tf.float32, sequence_length=LENGTHS)
    out, last = fetched(outputs, state)
    np.testing.assert_array_equal(out[0], last)         # ends with the first element
    assert not out[3:, 2].any() and not out[:, 1].any()
