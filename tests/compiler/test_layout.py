"""Images with channels first: computed channels last, transposed at the borders only, with the same results."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import graphflow as tf
from graphflow.compiler import pipeline
from tests.compiler.test_shape_passes import left

SHAPE = (3, 4, 6, 5)


def numbers(*shape, seed=0):
    """Whole numbers: sums are exact in any order."""
    return np.random.default_rng(seed).integers(-3, 4, shape).astype(np.float32)


def conv(x, channels=4, window=3, seed=1, **options):
    weights = tf.constant(numbers(window, window, x.shape.as_list()[1], channels, seed=seed))
    options = {"strides": [1, 1, 1, 1], "padding": "SAME", **options}
    return tf.nn.conv2d(x, weights, data_format="NCHW", **options)


def pool(function, x):
    return function(x, [1, 1, 2, 2], [1, 1, 2, 2], "SAME", data_format="NCHW")


def norm(x, training=True):
    channels = x.shape.as_list()[1]
    scale, offset = tf.constant(numbers(channels)), tf.constant(numbers(channels, seed=1))
    given = {} if training else {"mean": tf.constant(numbers(channels)), "variance": tf.ones(channels)}
    return tf.nn.fused_batch_norm(x, scale, offset, data_format="NCHW", is_training=training, **given)


# What follows a convolution -> how many transposes are left of it, its input and its result.
FOLLOWERS = {
    "nothing": (lambda x: x, 2),
    "bias": (lambda x: tf.nn.bias_add(x, numbers(4), data_format="NCHW"), 2),
    "bias by shape": (lambda x: x + numbers(4, 1, 1) + numbers(1, 4, 1, 1), 2),
    "row": (lambda x: x * numbers(5), 2),
    "number": (lambda x: 2.0 * x - 1.0, 2),
    "image": (lambda x: x * numbers(4, 6, 5), 2),
    "relu": (tf.nn.relu, 2),
    "tanh": (tf.tanh, 2),
    "residual": (lambda x: x + tf.square(x), 2),
    "compared": (lambda x: tf.where(x > 1.0, x, -x), 2),
    "cast": (lambda x: tf.cast(tf.cast(x, tf.int32), tf.float32) * x, 2),
    "sum": (lambda x: tf.add_n([x, x * 2.0, x - 1.0]), 2),
    "max pool": (lambda x: pool(tf.nn.max_pool, x), 2),
    "average pool": (lambda x: pool(tf.nn.avg_pool, x), 2),
    "norm": (lambda x: norm(x)[0], 2),
    "norm with given statistics": (lambda x: norm(x, training=False)[0], 2),
    "statistics": (lambda x: norm(x)[2], 1),
    "joined": (lambda x: tf.concat([x, tf.nn.relu(x)], 1), 2),
    "joined in rows": (lambda x: tf.concat([x, x], -2), 2),
    "padded": (lambda x: tf.pad(x, [[0, 0], [1, 2], [0, 3], [4, 0]]), 2),
    "part": (lambda x: tf.slice(x, [0, 1, 2, 3], [2, 3, 4, 1]), 2),
    "mean of images": (lambda x: tf.reduce_mean(x, [2, 3]), 1),
    "mean of channels": (lambda x: tf.reduce_mean(x, [0, 2, 3]), 1),
    "means kept": (lambda x: x - tf.reduce_mean(x, [2, 3], keepdims=True), 2),
    "sum of pixels": (lambda x: tf.reduce_sum(x, 1), 1),
    "sum of columns": (lambda x: tf.reduce_sum(x, [3]), 2),      # channels and rows are left, in this order
    "flat": (lambda x: tf.reshape(x, [-1, 120]), 2),
    "convolution": (lambda x: conv(x, 2, seed=2), 2),
    "strides": (lambda x: conv(x, strides=[1, 1, 2, 3], padding="VALID"), 2),
    "dilations": (lambda x: conv(x, 3, 2, dilations=[1, 1, 1, 2]), 2),
    "explicit paddings": (lambda x: conv(x, padding=[[0, 0], [0, 0], [2, 1], [0, 3]]), 2),
    "depthwise": (lambda x: tf.nn.depthwise_conv2d(x, numbers(3, 2, 4, 2), [1, 1, 1, 1], "SAME",
                                                   data_format="NCHW"), 2),
    "softmax": (tf.nn.softmax, 2),
}


def both(monkeypatch, fetch, feed):
    """The values of `fetch` with the plan, and by the reference executor without passes for shapes."""
    results = []
    for executor in ("", "reference"):
        monkeypatch.setenv("GRAPHFLOW_EXECUTOR", executor)
        monkeypatch.setenv("GRAPHFLOW_DETERMINISTIC", "1")
        with tf.Session() as sess:
            results.append(sess.run(fetch, feed))
    return results


def close(results):
    for mine, reference in zip(*results):
        np.testing.assert_allclose(mine, reference, rtol=1e-4, atol=1e-3)


@pytest.mark.parametrize("name", FOLLOWERS)
def test_only_borders_are_transposed(name, monkeypatch):
    function, count = FOLLOWERS[name]
    monkeypatch.setenv("GRAPHFLOW_DETERMINISTIC", "1")
    x = tf.placeholder(tf.float32, (None, *SHAPE[1:]))
    result = function(conv(x))
    kinds, _ = left(result, {x: numbers(*SHAPE)})
    assert kinds.count("Transpose") == count
    gradient, = tf.gradients(tf.reduce_sum(result * numbers(*[d or 3 for d in result.shape.as_list()])), [x])
    close(both(monkeypatch, [result, gradient], {x: numbers(*SHAPE)}))


def test_one_channel_is_not_moved():
    x = tf.placeholder(tf.float32, (None, 1, 6, 5))
    kinds, _ = left(tf.reduce_sum(tf.nn.relu(conv(x)), [2, 3]), {x: numbers(3, 1, 6, 5)})
    assert "Transpose" not in kinds


def test_pools_alone_stay_as_they_are():
    x = tf.placeholder(tf.float32, SHAPE)
    kinds, _ = left(tf.nn.relu(pool(tf.nn.max_pool, x)), {x: numbers(*SHAPE)})
    assert sorted(kinds) == ["MaxPool", "Relu"]


def test_variables_that_the_step_writes(monkeypatch):
    images = tf.Variable(numbers(*SHAPE))
    before = conv(images)
    with tf.control_dependencies([before]):
        write = tf.assign_add(images, tf.ones(SHAPE))
    with tf.control_dependencies([write]):
        after = conv(images.read_value())
    results = []
    for executor in ("", "reference"):
        monkeypatch.setenv("GRAPHFLOW_EXECUTOR", executor)
        with tf.Session() as sess:
            sess.run(images.initializer)
            results.append([value for _ in range(3) for value in sess.run([before, after])])
    close(results)


def test_images_of_one_memory_and_other_shapes(monkeypatch):
    x = tf.placeholder(tf.float32, (None, 4, 6, 6))
    close(both(monkeypatch, [conv(tf.reshape(x, (-1, 4, 9, 4))), conv(x)], {x: numbers(3, 4, 6, 6)}))


@pytest.mark.parametrize("loop", [False, True])
def test_bodies(loop, monkeypatch):
    x, count = tf.placeholder(tf.float32, SHAPE), tf.placeholder(tf.int32, [])

    def body(h):
        return tf.nn.relu(conv(h)) * .1

    if loop:
        _, result = tf.while_loop(lambda i, h: i < count, lambda i, h: (i + 1, body(h)), (0, x))
    else:
        result = tf.cond(count > 2, lambda: body(x), lambda: x)
    gradient, = tf.gradients(tf.reduce_sum(tf.square(result)), [x])
    close(both(monkeypatch, [result, gradient], {x: numbers(*SHAPE), count: 3}))


def test_other_dtypes_are_left_alone():
    x = tf.placeholder(tf.float64, SHAPE)
    half = tf.nn.conv2d(tf.cast(x, tf.float16), tf.ones([1, 1, 4, 2], tf.float16), [1] * 4, "SAME", data_format="NCHW")
    kinds, _ = left(half, {x: numbers(*SHAPE).astype(np.float64)})
    assert kinds == ["Cast", "Conv2D"]


@st.composite
def networks(draw):
    """Names of FOLLOWERS that give images again, one after the other, and which earlier images are fetched.

    Only smooth functions: others turn a difference of rounding into one of signs.
    """
    names = ["number", "tanh", "residual", "sum", "average pool", "norm", "norm with given statistics",
             "joined in rows", "joined", "means kept", "nothing", "strides", "explicit paddings", "softmax"]
    return [(draw(st.sampled_from(names)), draw(st.booleans())) for _ in range(draw(st.integers(1, 6)))]


@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
@given(networks())
def test_networks(monkeypatch, names):
    with tf.Graph().as_default():
        x = tf.placeholder(tf.float32, (None, 4, 12, 14))
        h, fetches = conv(x) * .1, []
        for name, fetched in names:
            if min(h.shape.as_list()[2:]) < 3:
                break       # too small for windows
            h = FOLLOWERS[name][0](h) * .1
            if fetched:
                fetches.append(h)
        gradient, = tf.gradients(tf.reduce_sum(tf.square(h)), [x])
        close(both(monkeypatch, [*fetches, h, gradient], {x: numbers(2, 4, 12, 14)}))


def test_without_the_pass(monkeypatch):
    others = [pair for pair in pipeline.SHAPE_PASSES if pair[0].__name__ != "channels_last"]
    monkeypatch.setattr(pipeline, "SHAPE_PASSES", others)
    x = tf.placeholder(tf.float32, SHAPE)
    result = tf.nn.relu(norm(conv(x))[0])
    kinds, _ = left(result, {x: numbers(*SHAPE)})
    assert "Transpose" not in kinds
    close(both(monkeypatch, [result], {x: numbers(*SHAPE)}))
