"""Sparse updates touch their rows only, natively, and give what the reference executor gives."""

import numpy as np
import pytest

import graphflow as tf

OPTIMIZERS = {
    "sgd": lambda: tf.train.GradientDescentOptimizer(0.5),
    "adagrad": lambda: tf.train.AdagradOptimizer(0.5),
    "momentum": lambda: tf.train.MomentumOptimizer(0.5, 0.9),
    "nesterov": lambda: tf.train.MomentumOptimizer(0.5, 0.9, use_nesterov=True),
    "adadelta": lambda: tf.train.AdadeltaOptimizer(0.5),
    "adam": lambda: tf.train.AdamOptimizer(0.5),
}


def train(make, resource, monkeypatch, executor=""):
    """(variables after three steps over rows 4, 1, 4; the steps that ran by reference kernels)."""
    monkeypatch.setenv("GRAPHFLOW_EXECUTOR", executor)
    monkeypatch.setenv("GRAPHFLOW_DETERMINISTIC", "1")
    with tf.Graph().as_default(), tf.Session() as sess:
        start = np.random.default_rng(0).normal(size=(6, 40)).astype(np.float32)
        v = tf.get_variable("v", initializer=start, use_resource=resource)
        rows = tf.placeholder(tf.int32, [None])
        step = make().minimize(tf.reduce_sum(tf.square(tf.gather(v, rows) - 1.0)))
        sess.run(tf.global_variables_initializer())
        feed = {rows: [4, 1, 4]}
        for _ in range(3):
            sess.run(step, feed)
        table = "" if executor else sess.explain(step, feed)
        return sess.run(tf.global_variables()), [line for line in table.split("\n") if line.startswith("reference")]


@pytest.mark.parametrize("resource", [False, True])
@pytest.mark.parametrize("make", OPTIMIZERS.values(), ids=OPTIMIZERS)
def test_rows_are_updated_in_order(make, resource, monkeypatch):
    ours, left = train(make, resource, monkeypatch)
    theirs, _ = train(make, resource, monkeypatch, "reference")
    for a, b in zip(ours, theirs):
        np.testing.assert_array_equal(a, b)
    assert not left, left


def test_an_index_out_of_range_writes_nothing(monkeypatch):
    monkeypatch.setenv("GRAPHFLOW_DETERMINISTIC", "1")
    v = tf.Variable(np.ones((3, 2), np.float32))
    rows = tf.placeholder(tf.int32, [None])
    gradient = tf.IndexedSlices(tf.ones([2, 2]), rows, tf.constant([3, 2]))
    step = tf.train.AdagradOptimizer(0.5).apply_gradients([(gradient, v)])
    with tf.Session() as sess:
        sess.run(tf.global_variables_initializer())
        sess.run(step, {rows: [0, 1]})
        before = sess.run(v)
        with pytest.raises(tf.errors.InvalidArgumentError, match="[Ii]nd"):
            sess.run(step, {rows: [1, 3]})
        np.testing.assert_array_equal(sess.run(v), before)


def test_rows_that_somebody_looks_at_are_counted(monkeypatch):
    monkeypatch.setenv("GRAPHFLOW_DETERMINISTIC", "1")
    v = tf.Variable(np.ones((5, 2), np.float32))
    rows = tf.placeholder(tf.int32, [None])
    named, places = tf.unique(rows)
    summed = tf.unsorted_segment_sum(tf.ones([4, 2]), places, tf.shape(named)[0])
    step = tf.scatter_add(v, named, summed * 2.0)
    count, mean = tf.size(named), tf.reduce_mean(summed)
    feed = {rows: [3, 1, 3, 3]}
    with tf.Session() as sess:
        sess.run(tf.global_variables_initializer())
        for _ in range(2):
            sess.run(v.initializer)
            assert sess.run([step, count, mean, named], feed)[1:3] == [2, 2.0]
            np.testing.assert_array_equal(sess.run(v)[:, 0], [1, 3, 1, 7, 1])
            sess.run(v.initializer)
            np.testing.assert_array_equal(sess.run(step, feed)[:, 1], [1, 3, 1, 7, 1])
        assert "UniqueRows" in sess.explain(step, feed)
        assert "UniqueRows" not in sess.explain([step, mean], feed)


def test_negative_rows_are_refused(monkeypatch):
    monkeypatch.setenv("GRAPHFLOW_DETERMINISTIC", "1")
    v = tf.Variable(np.ones((5, 2), np.float32))
    rows = tf.placeholder(tf.int32, [None])
    gradient = tf.IndexedSlices(tf.ones([2, 2]), rows, tf.constant([5, 2]))
    step = tf.train.AdagradOptimizer(0.5).apply_gradients([(gradient, v)])
    with tf.Session() as sess:
        sess.run(tf.global_variables_initializer())
        sess.run(step, {rows: [4, 4]})
        with pytest.raises(tf.errors.InvalidArgumentError):
            sess.run(step, {rows: [1, -1]})
