"""`switch` and `merge` of `tensorflow.python.ops.control_flow_ops`."""

import numpy as np
import pytest

import graphflow as tf
from graphflow.ops.raw_switch import merge, switch


def test_the_selector_of_image_preprocessing():
    x = tf.placeholder(tf.float32, [2])
    chosen = tf.placeholder(tf.int32, [])
    functions = [lambda v: v + 1.0, lambda v: v * 10.0, tf.negative]
    value, index = merge([f(switch(x, tf.equal(chosen, i))[1]) for i, f in enumerate(functions)])
    with tf.Session() as sess:
        for i, expected in enumerate(([2.0, 3.0], [10.0, 20.0], [-1.0, -2.0])):
            found, number = sess.run([value, index], {x: [1.0, 2.0], chosen: i})
            np.testing.assert_array_equal(found, expected)
            assert number == i


def test_only_what_exists_runs():
    calls = []
    p = tf.placeholder(tf.bool, [])
    no, yes = switch(tf.constant(3.0), p)
    result = merge([tf.py_func(lambda v: calls.append(0) or v, [no], tf.float32),
                    tf.py_func(lambda v: calls.append(1) or v * np.float32(2), [yes], tf.float32)])[0]
    with tf.Session() as sess:
        assert sess.run(result, {p: True}) == 6.0
    assert calls == [1]


def test_refused():
    with pytest.raises(ValueError, match="depend on what switch returned"):
        merge([tf.constant(1), tf.constant(2)])
    with pytest.raises(ValueError, match="is None"):
        merge([tf.constant(1), None])
