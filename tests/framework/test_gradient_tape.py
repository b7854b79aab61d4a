"""Tapes: what is recorded counts, and nothing else."""

import numpy as np
import pytest

import graphflow as tf


def run(fetches):
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        return session.run(fetches)


def test_what_came_before_is_constant():
    x = tf.constant(3.0)
    before = x * x
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = before * x
    assert run(tape.gradient(y, x)) == 9.0


def test_what_is_not_watched_has_no_gradient():
    x, z = tf.constant(3.0), tf.constant(2.0)
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(x)
        y = x * z
    assert tape.gradient(y, {"z": z, "x": [x]})["z"] is None
    assert run(tape.gradient(y, [x, z], unconnected_gradients="zero")) == [2.0, 0.0]


@pytest.mark.parametrize("use_resource", [False, True])
def test_variables_are_watched(use_resource):
    v = tf.get_variable("v", initializer=4.0, use_resource=use_resource)
    w = tf.get_variable("w", initializer=1.0, use_resource=use_resource)
    with tf.GradientTape() as tape:
        y = v * v
    assert tape.watched_variables() == (v,) and w not in tape.watched_variables()
    assert run(tape.gradient(y, v)) == 8.0
    with tf.GradientTape(watch_accessed_variables=False) as tape:
        y = v * v
    assert tape.gradient(y, v) is None


def test_nested_tapes():
    x = tf.constant(2.0)
    with tf.GradientTape() as outer:
        outer.watch(x)
        with tf.GradientTape() as inner:
            inner.watch(x)
            y = x ** 3
        slope = inner.gradient(y, x)
    assert run([slope, outer.gradient(slope, x)]) == [12.0, 12.0]


def test_recording_stops_and_begins_anew():
    x = tf.constant(2.0)
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(x)
        with tape.stop_recording():
            hidden = x * x
        y = x * hidden
    assert run(tape.gradient(y, x)) == 4.0
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = x * x
        tape.reset()
        y = y * 1.0
    assert tape.gradient(y, x) is None


def test_output_gradients():
    x = tf.constant([1.0, 2.0])
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = x * x
    assert run(tape.gradient(y, x, output_gradients=tf.constant([3.0, 5.0]))).tolist() == [6.0, 20.0]


def test_jacobian():
    x = tf.constant([1.0, 2.0])
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = tf.stack([x[0] * x[1], x[0] + x[1], x[1] ** 2])
    np.testing.assert_array_equal(run(tape.jacobian(y, x)), [[2.0, 1.0], [1.0, 1.0], [0.0, 4.0]])
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = tf.boolean_mask(x, x > 1)
    with pytest.raises(ValueError, match="size is known"):
        tape.jacobian(y, x)


def test_tapes_are_used_once():
    x = tf.constant(2.0)
    tape = tf.GradientTape()
    with pytest.raises(RuntimeError, match="which is not recording"), tape.stop_recording():
        pass
    with tape:
        tape.watch(x)
        y = x * x
        with pytest.raises(ValueError, match="already recording"), tape:
            pass
    tape.gradient(y, x)
    with pytest.raises(RuntimeError, match="only be called once on non-persistent"):
        tape.gradient(y, x)
    with pytest.raises(ValueError, match="not tf.Tensor"):
        tape.watch(3.0)


def test_gradients_that_pass_through():
    x = tf.constant([0.4, 1.6])
    assert run(tf.gradients(tf.grad_pass_through(tf.round)(x) * 3.0, x)[0]).tolist() == [3.0, 3.0]
