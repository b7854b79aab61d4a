"""Initializers of convolutions that keep norms: against TensorFlow's numbers, and by what they promise."""

import numpy as np
import pytest

import graphflow as tf

framework = tf.contrib.framework
MAKERS = {1: framework.convolutional_orthogonal_1d, 2: framework.convolutional_orthogonal_2d,
          3: framework.convolutional_orthogonal_3d}


def evaluate(*tensors):
    with tf.Session() as sess:
        return sess.run(tensors)


# What TensorFlow gives for gain 2, seed 7, sizes 3, two inputs, three outputs: some numbers, and a sum in which each
# number counts as often as its place says; of a first call, and of a second one.
@pytest.mark.parametrize(("dims", "seed_after", "first", "second", "sums"), [
    (1, 17, [-0.307312, -0.084508, 0.07027, 0.51342, 0.141186, -0.1174, 0.206426],
     [0.316882, 0.451184, 0.785857, 0.3396, 0.483531, 0.842198, -0.581824], [23.896339, -0.914903]),
    (2, 25, [-0.123849, -0.200629, 0.060803, 0.206913, 0.335188, -0.101582, -0.226113],
     [-0.01524, 0.047234, 0.026207, 0.044987, -0.139427, -0.077359, 0.01089], [38.447859, -8.572613]),
    (3, 33, [0] * 7, [-0.234304, 0.036009, -0.321094, -0.338149, 0.051968, -0.463405, 0.188819],
     [216.680207, 160.027518])])
def test_tensorflows_numbers(dims, seed_after, first, second, sums):
    initializer = MAKERS[dims](gain=2.0, seed=7)
    shape = [3] * dims + [2, 3]
    made = [initializer(shape) for _ in range(2)]
    assert all(kernel.shape.as_list() == shape for kernel in made)
    assert initializer.get_config() == {"gain": 2.0, "seed": seed_after, "dtype": "float32"}
    for kernel, expected, total in zip(evaluate(*made), (first, second), sums):
        np.testing.assert_allclose(kernel.ravel()[:7], expected, atol=2e-6)
        np.testing.assert_allclose(kernel.ravel() @ np.arange(kernel.size), total, atol=1e-4)


@pytest.mark.parametrize(("dims", "total"), [(1, 22.659593), (2, 54.353158), (3, 149.433854)])
def test_tensorflows_numbers_in_the_middle(dims, total):
    shape = [3] * dims + [2, 3]
    initializer = framework.convolutional_delta_orthogonal(gain=2.0, seed=7)
    kernel, again = evaluate(initializer(shape), initializer(shape))
    np.testing.assert_allclose(kernel.ravel() @ np.arange(kernel.size), total, atol=1e-4)
    np.testing.assert_array_equal(kernel, again)
    middle = kernel[(1,) * dims]
    np.testing.assert_allclose(middle @ middle.T, 4 * np.eye(2), atol=1e-5)
    assert np.count_nonzero(kernel) == np.count_nonzero(middle)


@pytest.mark.parametrize("dims", [1, 2, 3])
@pytest.mark.parametrize("size", [1, 2, 4])
def test_norms_are_kept(dims, size):
    """On inputs that go round in a circle, the outputs' norm is the inputs', times the gain."""
    kernel, = evaluate(MAKERS[dims](gain=3.0, dtype=tf.float64)([size] * dims + [2, 3]))
    assert kernel.dtype == np.float64
    x = np.random.RandomState(0).normal(size=[5] * dims + [2])
    y = sum(np.roll(x, at, tuple(range(dims))) @ kernel[at] for at in np.ndindex(*[size] * dims))
    np.testing.assert_allclose(np.linalg.norm(y), 3 * np.linalg.norm(x), rtol=1e-6)


def test_variables_begin_so():
    v = tf.get_variable("v", [3, 3, 2, 2], initializer=framework.convolutional_orthogonal_2d())
    with tf.Session() as sess:
        sess.run(v.initializer)
        kernel = sess.run(v)
    total = kernel.sum((0, 1))
    np.testing.assert_allclose(total @ total.T, np.eye(2), atol=1e-5)


def test_refusals():
    for dims, name in ((1, "three"), (2, "four"), (3, "five")):
        with pytest.raises(ValueError, match=f"must be {name}-dimensional"):
            MAKERS[dims]()([3] * (dims + 1))
    for initializer in (MAKERS[2](), framework.convolutional_delta_orthogonal()):
        with pytest.raises(ValueError, match="In_filters cannot be greater"):
            initializer([3, 3, 3, 2])
    with pytest.raises(ValueError, match="Kernel sizes must be equal"):
        MAKERS[2]()([3, 2, 2, 2])
    with pytest.raises(ValueError, match="at most five-dimensional"):
        framework.convolutional_delta_orthogonal()([3, 3])
    with pytest.raises(ValueError, match="Expected floating point"):
        MAKERS[1](dtype=tf.int32)
