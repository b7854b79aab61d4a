"""tf.contrib.opt: SciPy's optimizers, and Adam that leaves rows alone."""

import numpy as np
import pytest

import graphflow as tf


def minimized(optimizer, variables, **arguments):
    with tf.Session() as sess:
        sess.run(tf.global_variables_initializer())
        optimizer.minimize(sess, **arguments)
        return sess.run(variables)


def test_unconstrained():
    """Rosenbrock's function has its minimum 0 at ones."""
    v, w = tf.Variable([0.0, 0.5], name="v"), tf.Variable([[0.3]], name="w")
    x = tf.concat([v, tf.reshape(w, [-1])], 0)
    loss = tf.reduce_sum(100 * tf.square(x[1:] - tf.square(x[:-1])) + tf.square(1 - x[:-1]))
    got = minimized(tf.contrib.opt.ScipyOptimizerInterface(loss, options={"maxiter": 500}), [v, w])
    np.testing.assert_allclose(got[0], [1, 1], atol=2e-2)
    np.testing.assert_allclose(got[1], [[1]], atol=4e-2)


def test_constraints_and_bounds():
    v = tf.Variable([7.0, 7.0])
    loss = tf.reduce_sum(tf.square(v))
    got = minimized(tf.contrib.opt.ScipyOptimizerInterface(
        loss, equalities=[v[1] - 1.0], inequalities=[v[0] - 2.0], method="SLSQP"), v)
    np.testing.assert_allclose(got, [2.0, 1.0], atol=1e-4)
    got = minimized(tf.contrib.opt.ScipyOptimizerInterface(loss, var_to_bounds={v: ([1, -3], 5)}), v)
    np.testing.assert_allclose(got, [1.0, 0.0], atol=1e-4)


def test_feeds_callbacks_and_untouched_variables():
    x, v = tf.placeholder(tf.float32), tf.Variable(3.0, name="v")
    other = tf.Variable(5.0, name="other")
    losses, steps = [], []
    optimizer = tf.contrib.opt.ScipyOptimizerInterface(tf.square(v - x), var_list=[v, other])
    loss = optimizer._loss
    got = minimized(optimizer, [v, other], feed_dict={x: 1.5}, fetches=[loss], loss_callback=losses.append,
                    step_callback=lambda at: steps.append(at.copy()))
    np.testing.assert_allclose(got, [1.5, 5.0], atol=1e-5)
    assert losses[0] == 2.25 and losses[-1] < 1e-6 and len(steps) >= 1


def test_what_is_set_here_is_refused():
    v = tf.Variable(3.0)
    for name, message in (("bounds", "var_to_bounds"), ("jac", "'jac' is set automatically")):
        with pytest.raises(ValueError, match=message):
            minimized(tf.contrib.opt.ScipyOptimizerInterface(v * v, **{name: None}), v)
    with pytest.raises(NotImplementedError):
        minimized(tf.contrib.opt.ExternalOptimizerInterface(v * v), v)


@pytest.mark.parametrize("use_resource", [False, True])
def test_lazy_adam(use_resource):
    """Rows that are looked up move as Adam moves them; the others, and their means, stay."""
    start = np.arange(8, dtype=np.float32).reshape(4, 2)
    v = tf.get_variable("v", initializer=start, use_resource=use_resource)
    optimizer = tf.contrib.opt.LazyAdamOptimizer(0.1)
    train = optimizer.minimize(tf.reduce_sum(tf.square(tf.gather(v, [1, 3]))))
    expected, m, s = start.astype(np.float64), np.zeros((4, 2)), np.zeros((4, 2))
    rows = [1, 3]
    with tf.Session() as sess:
        sess.run(tf.global_variables_initializer())
        for step in range(1, 4):
            grad = 2 * expected[rows]
            m[rows] = 0.9 * m[rows] + 0.1 * grad
            s[rows] = 0.999 * s[rows] + 0.001 * grad * grad
            rate = 0.1 * np.sqrt(1 - 0.999**step) / (1 - 0.9**step)
            expected[rows] -= rate * m[rows] / (np.sqrt(s[rows]) + 1e-8)
            sess.run(train)
        np.testing.assert_allclose(sess.run(v), expected, rtol=1e-5)
        np.testing.assert_allclose(sess.run(optimizer.get_slot(v, "m")), m, rtol=1e-5)
