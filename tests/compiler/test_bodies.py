"""What bodies of loops have to do: each is looked into a few times, however deep they are nested."""

from unittest import mock

import numpy as np

import graphflow as tf
from graphflow.compiler import bodies


def nested(depth, x, w):
    """Loops within loops; which of their variables take part shows only when the body has been looked into."""
    if not depth:
        return tf.sin(x * w)

    def body(i, read, unread, acc):
        return i + 1, nested(depth - 1, acc, w), unread + 1.0, acc * 0.5 + read

    return tf.while_loop(lambda i, *_: i < 2, body, [0, x, 0.0, x])[1]


def test_loops_within_loops_are_looked_into_a_few_times():
    x, w = tf.placeholder(tf.float32, []), tf.Variable(0.5)
    y = nested(7, x, w)
    first = tf.gradients(y, [x, w])
    with mock.patch.object(bodies, "BodyNeed", wraps=bodies.BodyNeed) as looked, tf.Session() as sess:
        sess.run(w.initializer)
        found = sess.run([y, *first], {x: 0.4})
    assert looked.call_count < 200
    step = 1e-2
    with tf.Session() as sess:
        sess.run(w.initializer)
        ends = [sess.run(y, {x: 0.4 + s}) for s in (step, -step)]
    np.testing.assert_allclose(found[1], (ends[0] - ends[1]) / (2 * step), rtol=0.02)
