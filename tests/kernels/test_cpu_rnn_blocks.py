"""The cpu tier's steps of recurrent cells against the reference kernels."""

import numpy as np
import pytest

import graphflow as tf
from graphflow.framework import dtypes
from graphflow.framework.kernel_loader import kernels
from tests.kernels.native_harness import bind, execute, registry, run
from tests.runtime.loop_checks import are_native

native = kernels("cpu.native")
# rows of the batch, columns of inputs, units
SIZES = [(1, 1, 1), (2, 3, 4), (5, 16, 16), (33, 40, 37), (40, 20, 128)]


def _normal(*shapes):
    rng = np.random.default_rng(0)
    return [(rng.normal(size=shape) * 0.5).astype("f") for shape in shapes]


def _check(op, inputs, attrs):
    named = {**attrs, "T": dtypes.float32}
    context = registry.KernelContext(op, op, named, [dtypes.as_dtype(a.dtype) for a in inputs], [])
    want = registry.reference.find(op, "rnn_blocks", named)(context)(*inputs)
    outputs = [(array.shape, "float32") for array in want]
    found, again = (run("rnn_blocks", op, inputs, outputs, named, threads=threads) for threads in (1, 2))
    for one, other, more in zip(found, want, again, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-4 * max(1, abs(other).max()))
        np.testing.assert_array_equal(one, more)


def _lstm(batch, columns, units, steps=None):
    state = (batch, units)
    x = (batch, columns) if steps is None else (steps, batch, columns)
    return _normal(x, state, state, (columns + units, 4 * units), *[(units,)] * 3, (4 * units,))


@pytest.mark.parametrize("peephole", [False, True])
@pytest.mark.parametrize("clip", [-1.0, 0.3])
@pytest.mark.parametrize("sizes", SIZES, ids=str)
def test_lstm(sizes, clip, peephole):
    attrs = {"forget_bias": 0.5, "cell_clip": clip, "use_peephole": peephole}
    _check("LSTMBlockCell", _lstm(*sizes), attrs)
    _check("LSTMBlockCellGrad", [*_lstm(*sizes), *_normal(*[(sizes[0], sizes[2])] * 8)], {"use_peephole": peephole})
    for steps, limit in ((1, 1), (5, 5), (4, 2), (3, 0)):
        inputs = [np.array(limit, np.int64), *_lstm(*sizes, steps)]
        inputs[1][limit:] = np.nan      # nobody looks there
        _check("BlockLSTM", inputs, attrs)
        _check("BlockLSTMGrad", [*inputs, *_normal(*[(steps, sizes[0], sizes[2])] * 9)], {"use_peephole": peephole})


@pytest.mark.parametrize("sizes", SIZES, ids=str)
def test_gru(sizes):
    batch, columns, units = sizes
    inputs = _normal((batch, columns), (batch, units), (columns + units, 2 * units), (columns + units, units),
                     (2 * units,), (units,))
    _check("GRUBlockCell", inputs, {})
    _check("GRUBlockCellGrad", [*inputs, *_normal(*[(batch, units)] * 4)], {})


@pytest.mark.parametrize("limit", [-1, 4])
def test_wrong_limits(limit):
    inputs = [np.array(limit, np.int64), *_lstm(2, 3, 4, 3)]
    attrs = {"T": "float32", "forget_bias": 1.0, "cell_clip": 0.0, "use_peephole": False}
    states = [np.zeros((3, 2, 4), "f") for _ in range(7)]
    bound = bind("rnn_blocks", "BlockLSTM", inputs, [((3, 2, 4), "float32")] * 7, attrs)
    assert execute(bound, inputs, states)[1] == native.INDEX_OUT_OF_RANGE
    inputs += states + _normal((3, 2, 4), (3, 2, 4))
    outputs = [np.zeros(shape, "f") for shape in ((3, 2, 3), (2, 4), (2, 4), (7, 16), (4,), (4,), (4,), (16,))]
    bound = bind("rnn_blocks", "BlockLSTMGrad", inputs, [(a.shape, "float32") for a in outputs], attrs)
    assert execute(bound, inputs, outputs)[1] == native.INDEX_OUT_OF_RANGE


def test_left_to_the_reference():
    attrs = {"T": "float32", "forget_bias": 1.0, "cell_clip": 0.0, "use_peephole": False}
    for sizes, wrong in (((2, 3, 4), 3), ((0, 3, 4), None)):
        inputs = _lstm(*sizes)
        if wrong:
            inputs[wrong] = inputs[wrong][1:]
        assert bind("rnn_blocks", "LSTMBlockCell", inputs, [((sizes[0], 4), "float32")] * 7, attrs) is None


def test_cells_train_in_native_loops():
    tf.set_random_seed(1)
    x = tf.constant(_normal((3, 6, 5))[0])
    losses = []
    for cell in (tf.contrib.rnn.LSTMBlockCell(4), tf.contrib.rnn.GRUBlockCellV2(4)):
        with tf.variable_scope(type(cell).__name__):
            losses.append(tf.reduce_mean(tf.nn.dynamic_rnn(cell, x, dtype=tf.float32)[0] ** 2))
    train = tf.train.GradientDescentOptimizer(0.1).minimize(tf.add_n(losses))
    with tf.Session() as sess:
        sess.run(tf.global_variables_initializer())
        first = sess.run(losses)
        for _ in range(20):
            sess.run(train)
        assert all(after < before for after, before in zip(sess.run(losses), first, strict=True))
        assert len(are_native(sess)) == 6 and all(are_native(sess))   # in each plan two forward, in one two back
