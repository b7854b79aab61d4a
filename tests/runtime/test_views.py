"""Splits, slices and joins in place: the same bits as with copies, and none where others need the copy."""

import numpy as np
import pytest

import graphflow as tf
from graphflow.runtime import views
from graphflow.runtime.reference import ReferenceExecutor

RNG = np.random.default_rng(0)


@pytest.fixture(autouse=True)
def compiled(monkeypatch):
    """No waiting for kernels in the background."""
    monkeypatch.setenv("GRAPHFLOW_DETERMINISTIC", "1")


def _normal(*shape):
    return RNG.normal(size=shape).astype(np.float32)


def _gates(x):
    bias = tf.Variable(_normal(x.shape[1].value))
    i, j, f, o = tf.split(x + bias, 4, axis=1)
    return tf.tanh(i) * tf.sigmoid(j) + f * tf.sigmoid(o + 1.0)


def _split_rows(x):
    a, b = tf.split(x, 2, axis=0)
    return tf.exp(a) - b * a


def _uneven(x):
    a, b, c = tf.split(x, [2, 5, x.shape[1].value - 7], axis=1)
    return [tf.tanh(a) + 1.0, tf.exp(b) * 2.0, c * c]


def _slice(x):
    return tf.tanh(tf.slice(x, [1, 2], [4, 7])) * 2.0


def _join(x):
    return tf.matmul(tf.concat([tf.tanh(x), x * 2.0, tf.exp(x) - 1.0], axis=1), tf.ones([3 * x.shape[1].value, 2]))


def _join_rows(x):
    return tf.matmul(tf.concat([tf.tanh(x), x * 2.0], axis=0), tf.ones([x.shape[1].value, 2]))


def _join_then_split(x):
    a, b = tf.split(tf.concat([tf.tanh(x), x * 2.0], axis=1), 2, axis=1)
    return tf.exp(a) + b


def _cube(x):
    cube = tf.reshape(x, [2, x.shape[0].value // 2, x.shape[1].value])
    a, b = tf.split(cube, 2, axis=2)
    return tf.reduce_sum(tf.sigmoid(a) * b, axis=2)


def _lstm(x):
    weights = tf.Variable(_normal(x.shape[1].value, 16) * np.float32(.3))
    i, j, f, o = tf.split(tf.matmul(x, weights) + tf.Variable(_normal(16)), 4, axis=1)
    h = tf.tanh(tf.sigmoid(f + 1.0) * 0.5 + tf.sigmoid(i) * tf.tanh(j)) * tf.sigmoid(o)
    return tf.gradients(tf.reduce_sum(h * h), tf.trainable_variables())


IN_PLACE = {"gates": _gates, "rows": _split_rows, "uneven": _uneven, "slice": _slice, "join": _join,
            "join_rows": _join_rows, "join_then_split": _join_then_split, "cube": _cube, "lstm": _lstm}


def _kept_output(x):
    a, b = tf.split(x, 2, axis=1)
    return [a, tf.tanh(a) + b]


def _other_reader(x):
    a, b = tf.split(x, 2, axis=1)
    return tf.matmul(a, tf.tanh(b), transpose_b=True)


def _joined_twice(x):
    y = tf.tanh(x)
    return tf.concat([y, y], axis=1)


def _joined_and_read(x):
    y = tf.tanh(x)
    return [tf.concat([y, x * 2.0], axis=1), tf.matmul(y, y, transpose_b=True)]


def _narrow(x):
    return [tf.tanh(part) for part in tf.split(x, x.shape[1].value, axis=1)]


COPIED = {"kept_output": _kept_output, "other_reader": _other_reader, "joined_twice": _joined_twice,
          "joined_and_read": _joined_and_read, "narrow": _narrow}


def _run(make, shape, threads=1):
    """(what three runs fetch, the ops that run by themselves); None for those in the reference executor."""
    global RNG
    RNG = np.random.default_rng(1)
    with tf.Graph().as_default():
        x = tf.placeholder(tf.float32, shape)
        fetch, feed = make(x), _normal(*shape)
        with tf.Session(config=tf.ConfigProto(intra_op_parallelism_threads=threads)) as sess:
            sess.run(tf.global_variables_initializer())
            results = [np.asarray(r) for _ in range(3) for r in tf.contrib.framework.nest.flatten(
                sess.run(fetch, {x: feed}))]
            if {type(executor) for executor in sess._bound.values()} == {ReferenceExecutor}:
                return results, None
            lines = [line.split() for line in str(sess.explain(fetch, {x: feed})).splitlines()[2:]]
            return results, {word for line in lines if line[0] == "native" for word in line}


def _reference(make, shape):
    """What three runs fetch in the reference executor."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GRAPHFLOW_EXECUTOR", "reference")
        results, ops = _run(make, shape)
    assert ops is None
    return results


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("name", IN_PLACE)
def test_in_place(monkeypatch, name, threads):
    shape = (300, 96) if threads > 1 else (6, 12)
    together, ops = _run(IN_PLACE[name], shape, threads)
    assert ops.isdisjoint({"Split", "SplitV", "Slice", "ConcatV2"})
    with monkeypatch.context() as patch:
        patch.setattr(views, "_FINDERS", {})
        apart, others = _run(IN_PLACE[name], shape, threads)
    assert others & {"Split", "SplitV", "Slice", "ConcatV2"}
    for a, b, c in zip(together, apart, _reference(IN_PLACE[name], shape)):
        assert a.tobytes() == b.tobytes()
        np.testing.assert_allclose(a, c, rtol=2e-4, atol=2e-4)


@pytest.mark.parametrize("name", COPIED)
def test_copied_where_others_need_it(name):
    results, ops = _run(COPIED[name], (6, 12))
    assert ops & {"Split", "ConcatV2"}
    for got, want in zip(results, _reference(COPIED[name], (6, 12))):
        np.testing.assert_allclose(got, want, rtol=1e-5, atol=1e-5)


def test_a_bias_that_is_written_in_the_step():
    """Readers that compute the sum with a variable come before the variable's update."""
    with tf.Graph().as_default():
        x = tf.placeholder(tf.float32, [4, 8])
        bias = tf.Variable(np.zeros(8, np.float32))
        a, b = tf.split(x + bias, 2, axis=1)
        result = tf.tanh(a) * b
        with tf.control_dependencies([a]):
            write = bias.assign_add(np.ones(8, np.float32))
        with tf.Session() as sess:
            sess.run(tf.global_variables_initializer())
            feed = _normal(4, 8)
            for step in range(3):
                got = sess.run([result, write.op], {x: feed})[0]
                left, right = np.split(feed + np.float32(step), 2, axis=1)
                np.testing.assert_allclose(got, np.tanh(left) * right, rtol=1e-5, atol=1e-6)
