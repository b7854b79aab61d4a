"""Losses of independent logits, against their plain formulas."""

import numpy as np
import pytest

import graphflow as tf

LOGITS = np.array([[-3.0, 0.0, 2.0]])
LABELS = np.array([[0.0, 0.5, 1.0]])


def _run(tensor):
    with tf.Session() as sess:
        return sess.run(tensor)


@pytest.fixture(autouse=True)
def _own_graph():
    with tf.Graph().as_default():
        yield


def _plain(x, z, weight=1.0):
    p = 1 / (1 + np.exp(-x))
    return -weight * z * np.log(p) - (1 - z) * np.log(1 - p)


def test_sigmoid_cross_entropy_and_its_gradient_at_zero():
    logits = tf.constant(LOGITS)
    loss = tf.nn.sigmoid_cross_entropy_with_logits(labels=tf.constant(LABELS), logits=logits)
    assert loss.op.name == "logistic_loss"
    np.testing.assert_allclose(_run(loss), _plain(LOGITS, LABELS), rtol=1e-12)
    gradient = _run(tf.gradients(loss, logits)[0])
    np.testing.assert_allclose(gradient, 1 / (1 + np.exp(-LOGITS)) - LABELS, rtol=1e-12, atol=1e-12)


def test_large_logits_do_not_overflow():
    loss = tf.nn.sigmoid_cross_entropy_with_logits(labels=[1.0, 0.0], logits=[-500.0, 500.0])
    np.testing.assert_allclose(_run(loss), [500, 500])


def test_weighted_cross_entropy():
    loss = tf.nn.weighted_cross_entropy_with_logits(tf.constant(LABELS), tf.constant(LOGITS), 3.0)
    np.testing.assert_allclose(_run(loss), _plain(LOGITS, LABELS, 3.0), rtol=1e-12)


def test_log_poisson_loss():
    targets, log_input = np.array([0.0, 1.0, 4.0]), np.array([0.5, -0.5, 1.0])
    plain = np.exp(log_input) - log_input * targets
    loss = tf.nn.log_poisson_loss(tf.constant(targets), tf.constant(log_input))
    np.testing.assert_allclose(_run(loss), plain, rtol=1e-12)
    full = tf.nn.log_poisson_loss(tf.constant(targets), tf.constant(log_input), compute_full_loss=True)
    plain[2] += 4 * np.log(4) - 4 + 0.5 * np.log(2 * np.pi * 4)
    np.testing.assert_allclose(_run(full), plain, rtol=1e-12)


def test_shapes_must_agree():
    for function in (tf.nn.sigmoid_cross_entropy_with_logits, tf.nn.weighted_cross_entropy_with_logits):
        with pytest.raises(ValueError, match="logits and labels must have the same shape"):
            function(labels=tf.zeros([2]), logits=tf.zeros([3]))
