"""`tf.hessians`: values against derivations by hand."""

import numpy as np
import pytest

import graphflow as tf


def _run(fetches, feed_dict=None):
    with tf.Session() as sess:
        return sess.run(fetches, feed_dict)


def test_of_a_quadratic_form_is_its_matrix():
    with tf.Graph().as_default():
        a = np.float32([[2, 1, 0], [1, 3, -1], [0, -1, 4]])
        x = tf.placeholder(tf.float32, [3])
        form = tf.reduce_sum(x * tf.squeeze(tf.matmul(a, x[:, None]), 1)) / 2
        (found,) = tf.hessians(form, x)
        assert found.shape.as_list() == [3, 3]
        np.testing.assert_allclose(_run(found, {x: [5, 6, 7]}), a, rtol=1e-6)


def test_of_matrices_scalars_and_several():
    with tf.Graph().as_default():
        x, y = tf.constant([[1.0, 2.0], [3.0, 4.0]]), tf.constant(3.0)
        of_x, of_y = _run(tf.hessians([tf.reduce_sum(x ** 3) * y, y ** 3], [x, y]))
        expected = np.diag([18.0, 36.0, 54.0, 72.0]).reshape(2, 2, 2, 2)
        np.testing.assert_allclose(of_x, expected, rtol=1e-5)
        np.testing.assert_allclose(of_y, 18.0, rtol=1e-6)


def test_of_nothing_is_empty():
    with tf.Graph().as_default():
        x = tf.zeros([0, 2])
        assert _run(tf.hessians(tf.reduce_sum(x * x), x))[0].shape == (0, 2, 0, 2)


def test_of_sizes_known_when_run():
    with tf.Graph().as_default():
        x = tf.placeholder(tf.float64, [None])
        (found,) = tf.hessians(tf.reduce_prod(x), x)
        for size in (2, 3):
            values = np.arange(1.0, size + 1)
            expected = np.prod(values) / np.outer(values, values) * (1 - np.eye(size))
            np.testing.assert_allclose(_run(found, {x: values}), expected, rtol=1e-12)


def test_of_a_variable():
    with tf.Graph().as_default(), tf.Session() as sess:
        v = tf.get_variable("v", initializer=[1.0, 2.0])
        (found,) = tf.hessians(tf.reduce_sum(v ** 3), v)
        sess.run(v.initializer)
        np.testing.assert_allclose(sess.run(found), np.diag([6.0, 12.0]), rtol=1e-6)


def test_what_does_not_depend_on_x():
    with tf.Graph().as_default():
        fixed = tf.constant([1.0, 2.0])
        with pytest.raises(ValueError, match="None"):
            tf.hessians(tf.reduce_sum(fixed), fixed)


def test_arrays_around_the_loop_are_refused():
    """The rows would add up; TensorFlow refuses this, too."""
    with tf.Graph().as_default():
        x = tf.placeholder(tf.float32, [2])
        cubes = tf.map_fn(lambda v: v ** 3, x)
        with pytest.raises(ValueError, match="in the body of a while loop and goes through"):
            tf.hessians(tf.reduce_sum(cubes), x)
        slopes = tf.gradients(cubes, x)[0]
        rows = [tf.gradients(slopes[i], x)[0] for i in range(2)]
        assert np.array_equal(_run(rows, {x: [1, 2]}), [[6, 0], [0, 12]])
        factors = tf.constant([1.0, 2.0])
        inside = tf.map_fn(lambda v: tf.gradients(tf.map_fn(lambda u: u ** 3, v * x), x)[0], factors)
        assert np.array_equal(_run(inside, {x: [1, 2]}), [[3, 12], [24, 96]])
