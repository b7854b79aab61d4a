"""Batch normalisation: values, moving averages and their updates, fused and not, `training` known or fed."""

import numpy as np
import pytest

import graphflow as tf

_rng = np.random.RandomState(1)
IMAGES = _rng.normal(1.0, 2.0, (4, 3, 3, 2)).astype(np.float32)
ROWS = _rng.normal(1.0, 2.0, (6, 3)).astype(np.float32)


@pytest.fixture(autouse=True)
def graph():
    with tf.Graph().as_default() as graph:
        yield graph


def _normalized(x, axes):
    return (x - x.mean(axes)) / np.sqrt(x.var(axes) + 1e-3)


@pytest.mark.parametrize("training", [True, "fed"])
@pytest.mark.parametrize(("x", "kwargs"), [
    (IMAGES, {}), (IMAGES, {"fused": False}), (ROWS, {}), (IMAGES, {"center": False, "scale": False})])
def test_training_and_inference(x, kwargs, training):
    axes = tuple(range(x.ndim - 1))
    flag = tf.placeholder(tf.bool, []) if training == "fed" else True
    fed = {flag: True} if training == "fed" else {}
    layer = tf.layers.BatchNormalization(momentum=0.9, **kwargs)
    y = layer.apply(tf.constant(x), training=flag)
    updates = tf.get_collection(tf.GraphKeys.UPDATE_OPS)
    assert [op.name for op in updates] == ["batch_normalization/AssignMovingAvg",
                                           "batch_normalization/AssignMovingAvg_1"]
    z = layer.apply(tf.constant(x), training=False)
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        np.testing.assert_allclose(session.run(y, fed), _normalized(x, axes), rtol=1e-4, atol=1e-5)
        np.testing.assert_allclose(session.run(z), x / np.sqrt(1.001), rtol=1e-4, atol=1e-5)
        session.run(updates, fed)
        mean, variance = session.run([layer.moving_mean, layer.moving_variance])
        fused = x.ndim == 4 and kwargs.get("fused") is not False
        count = x.size // x.shape[-1]
        unbiased = x.var(axes) * (count / (count - 1) if fused else 1)
        np.testing.assert_allclose(mean, 0.1 * x.mean(axes), rtol=1e-4)
        np.testing.assert_allclose(variance, 0.9 + 0.1 * unbiased, rtol=1e-4)
        if training == "fed":
            session.run(updates, {flag: False})
            np.testing.assert_array_equal(session.run(layer.moving_mean), mean)
            expected = (x - mean) / np.sqrt(variance + 1e-3)
            np.testing.assert_allclose(session.run(y, {flag: False}), expected, rtol=1e-4, atol=1e-5)


def test_names_and_collections():
    tf.layers.batch_normalization(tf.constant(IMAGES), training=True, name="bn")
    assert [v.op.name for v in tf.global_variables()] == [
        "bn/gamma", "bn/beta", "bn/moving_mean", "bn/moving_variance"]
    assert [v.op.name for v in tf.trainable_variables()] == ["bn/gamma", "bn/beta"]
    tf.layers.batch_normalization(tf.constant(ROWS), training=True, trainable=False, name="frozen")
    assert len(tf.get_collection(tf.GraphKeys.UPDATE_OPS)) == 2


def test_other_axes():
    y = tf.layers.batch_normalization(tf.constant(IMAGES), axis=1, training=True, fused=False)
    z = tf.layers.batch_normalization(tf.constant(IMAGES), axis=[1, 3], training=True)
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        first = IMAGES - IMAGES.mean((0, 2, 3), keepdims=True)
        first /= np.sqrt(IMAGES.var((0, 2, 3), keepdims=True) + 1e-3)
        np.testing.assert_allclose(session.run(y), first, rtol=1e-4, atol=1e-5)
        second = (IMAGES - IMAGES.mean((0, 2), keepdims=True)) / np.sqrt(IMAGES.var((0, 2), keepdims=True) + 1e-3)
        np.testing.assert_allclose(session.run(z), second, rtol=1e-4, atol=1e-5)
    with pytest.raises(ValueError, match="Invalid axis: 7"):
        tf.layers.batch_normalization(tf.constant(ROWS), axis=7)


def test_virtual_batches_and_adjustment():
    y = tf.layers.batch_normalization(tf.constant(ROWS), training=True, virtual_batch_size=3)
    z = tf.layers.batch_normalization(
        tf.constant(ROWS), training=True, adjustment=lambda shape: (tf.constant(2.0), tf.constant(1.0)))
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        groups = ROWS.reshape(3, 2, 3)
        wanted = (groups - groups.mean(0)) / np.sqrt(groups.var(0) + 1e-3)
        np.testing.assert_allclose(session.run(y), wanted.reshape(6, 3), rtol=1e-4, atol=1e-5)
        np.testing.assert_allclose(session.run(z), 2 * _normalized(ROWS, 0) + 1, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("fed", [False, True])
def test_renorm(fed):
    """Without limits, renormalising gives what the averages before the step would; then they move."""
    flag = tf.placeholder(tf.bool, []) if fed else True
    layer = tf.layers.BatchNormalization(renorm=True, renorm_momentum=0.5, momentum=0.5)
    y = layer.apply(tf.constant(ROWS), training=flag)
    feeds = {flag: True} if fed else {}
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        before = session.run([layer.renorm_mean, layer.renorm_stddev])
        value = session.run([y, *tf.get_collection(tf.GraphKeys.UPDATE_OPS)], feeds)[0]
        np.testing.assert_allclose(value, (ROWS - before[0]) / before[1], rtol=1e-4, atol=1e-4)
        mean = session.run(layer.renorm_mean)
        np.testing.assert_allclose(mean, 0.5 * ROWS.mean(0), rtol=1e-4)
        if fed:
            session.run([y, *tf.get_collection(tf.GraphKeys.UPDATE_OPS)], {flag: False})
            np.testing.assert_array_equal(session.run(layer.renorm_mean), mean)
    with pytest.raises(ValueError, match="contains keys not in"):
        tf.layers.BatchNormalization(renorm=True, renorm_clipping={"max": 1.0})
