"""Conditional accumulators: waiting, failures, sharing. Values: `test_dataflow.py`."""

import threading

import numpy as np
import pytest

import graphflow as tf
from graphflow.framework import raw_ops

TIMEOUT = 10


@pytest.fixture
def session():
    with tf.Session(config=tf.ConfigProto(operation_timeout_in_ms=TIMEOUT * 1000)) as sess:
        yield sess


def test_static_shapes():
    a = tf.ConditionalAccumulator(tf.float32, shape=[2, 3], name="acc")
    assert a.take_grad(1).shape.as_list() == [2, 3] and a.num_accumulated().shape == () and a.name == "acc"
    assert tf.ConditionalAccumulator(tf.float32).take_grad(1).shape.ndims is None
    indices, values, shape = tf.SparseConditionalAccumulator(tf.float32).take_grad(1)
    assert [indices.shape.ndims, values.shape.ndims, shape.shape.ndims] == [1, None, 1]


def test_take_waits_for_enough_gradients(session):
    a = tf.ConditionalAccumulator(tf.float32, shape=[])
    add, mean = a.apply_grad(2.0), a.take_grad(3)
    timers = [threading.Timer(0.03 * i, session.run, [add]) for i in range(1, 4)]
    for timer in timers:
        timer.start()
    assert session.run(mean) == 2
    for timer in timers:
        timer.join()
    with pytest.raises(tf.errors.DeadlineExceededError, match="3 gradients of accumulator 'conditional_accumulator'"):
        session.run(mean, options=tf.RunOptions(timeout_in_ms=30))


def test_gradients_of_rows_come_back_as_slices(session):
    a = tf.SparseConditionalAccumulator(tf.float32, shape=[5, 1])
    add = a.apply_indexed_slices_grad(tf.IndexedSlices(tf.constant([[1.0], [2.0]]), tf.constant([0, 4]),
                                                       tf.constant([5, 1])))
    session.run(add)
    found = session.run(a.take_indexed_slices_grad(1))
    assert found.indices.tolist() == [0, 4] and found.values.tolist() == [[1], [2]]
    assert found.dense_shape.tolist() == [5, 1]


def test_wrong_arguments(session):
    a = tf.ConditionalAccumulator(tf.float32, shape=[2])
    x = tf.placeholder(tf.float32)
    with pytest.raises(ValueError, match="not compatible|incompatible"):
        a.apply_grad([1.0])
    with pytest.raises(tf.errors.InvalidArgumentError, match=r"Shape mismatch: expected \[2\], got \[3\]"):
        session.run(a.apply_grad(x), {x: [1, 2, 3]})
    with pytest.raises(tf.errors.InvalidArgumentError, match="num_required must be positive"):
        session.run(a.take_grad(0))
    rows = tf.SparseConditionalAccumulator(tf.float32, shape=[3, 2])
    with pytest.raises(tf.errors.InvalidArgumentError, match="index of slice 0 exceeded limits of shape; index is 3"):
        session.run(rows.apply_grad([3], [[1.0, 2.0]]))
    with pytest.raises(tf.errors.InvalidArgumentError, match="index of slice 0 exceeded 0: it is -1"):
        session.run(rows.apply_grad([-1], [[1.0, 2.0]]))
    with pytest.raises(tf.errors.InvalidArgumentError, match="expected values dim 1 to be 2, got 1"):
        session.run(rows.apply_grad([1], [[1.0]]))
    with pytest.raises(tf.errors.InvalidArgumentError, match="expected values rank at least 2, got 1"):
        session.run(rows.apply_grad([1], [1.0]))
    with pytest.raises(tf.errors.InvalidArgumentError, match="expected shape dim 0 to be 3, got 4"):
        session.run(rows.apply_grad([1], [[1.0, 2.0]], [4, 2]))
    with pytest.raises(tf.errors.InvalidArgumentError, match="Expected 1 non-empty input values, got 2"):
        session.run(rows.apply_grad([1], [[1.0, 2.0], [1.0, 2.0]]))
    with pytest.raises(tf.errors.InvalidArgumentError, match="indices should be vector but received shape: \\[1,1\\]"):
        session.run(rows.apply_grad([[1]], [[1.0, 2.0]]))


def test_shapes_of_accumulators_of_rows_are_prefixes(session):
    loose, deep = tf.SparseConditionalAccumulator(tf.float32, shape=()), tf.SparseConditionalAccumulator(tf.float32)
    partial = tf.SparseConditionalAccumulator(tf.float32, shape=[2, None], reduction_type="SUM")
    session.run(loose.apply_grad([0, 1], [[1.0, 0.0], [0.0, 2.0]]))
    session.run(loose.apply_grad([0, 2], [[0.0, 1.0], [3.0, 0.0]], [3, 2]))
    with pytest.raises(tf.errors.InvalidArgumentError, match="expected values dim 1 to be 2, got 1"):
        session.run(loose.apply_grad([5], [[1.0]]))
    found = session.run(loose.take_indexed_slices_grad(1))
    assert found.indices.tolist() == [0, 1, 2] and found.values.tolist() == [[.5, .5], [0, 2], [3, 0]]
    assert found.dense_shape.tolist() == [-1, 2]
    session.run(partial.apply_grad([1], np.ones([1, 2, 2])))
    assert session.run(partial.take_indexed_slices_grad(1)).dense_shape.tolist() == [2, 2, 2]
    session.run(deep.apply_grad(np.zeros(0, np.int64), np.zeros([0, 4])))
    found = session.run(deep.take_indexed_slices_grad(1))
    assert found.values.shape == (0, 4) and found.dense_shape.tolist() == [-1, 4]


def test_shared_accumulators_must_agree(session):
    a, b = (tf.ConditionalAccumulator(tf.float32, shape=[], shared_name="s") for _ in range(2))
    session.run(a.apply_grad(4.0))
    assert session.run(b.take_grad(1)) == 4
    with pytest.raises(tf.errors.InvalidArgumentError, match="has dtype float32 but requested dtype was float64"):
        session.run(tf.ConditionalAccumulator(tf.float64, shape=[], shared_name="s").num_accumulated())


def test_reference_forms_of_old_graphs(session):
    handle = raw_ops.ConditionalAccumulator(dtype=tf.float32, shape=[], name="old")
    session.run(raw_ops.AccumulatorApplyGradient(handle, tf.constant(0, tf.int64), 6.0))
    assert session.run(raw_ops.AccumulatorNumAccumulated(handle)) == 1
    assert session.run(raw_ops.AccumulatorTakeGradient(handle, 1, dtype=tf.float32)) == 6
    session.run(raw_ops.AccumulatorSetGlobalStep(handle, tf.constant(5, tf.int64)))
