"""Losses of logits that each stand for one yes-or-no question, and of Poisson rates.

They are built of elementwise ops as in TensorFlow 1.15. Holds no state.
"""

import math

from graphflow.framework import public as tf
from graphflow.framework.api import tf_export
from graphflow.framework.convert import convert_to_tensor
from graphflow.framework.deprecation import renamed_argument
from graphflow.framework.graph_scopes import name_scope
from graphflow.ops.softmax import xent_arguments


def _check_same_shape(first, second, what):
    try:
        second.get_shape().merge_with(first.get_shape())
    except ValueError:
        raise ValueError(f"{what} must have the same shape ({first.get_shape()} vs {second.get_shape()})") from None


@tf_export("nn.sigmoid_cross_entropy_with_logits")
def sigmoid_cross_entropy_with_logits(_sentinel=None, labels=None, logits=None, name=None):
    """Cross entropy of `labels` and `sigmoid(logits)`, element by element, without overflow.

    Args: labels: probabilities, of the dtype and shape of `logits`. Name the arguments; TensorFlow
    0.x's order `(logits, labels)` works too and warns once.
    Raises ValueError if the shapes differ.
    """
    labels, logits = xent_arguments("sigmoid_cross_entropy_with_logits", _sentinel, labels, logits)
    with name_scope(name, "logistic_loss", [logits, labels]) as scope:
        logits = convert_to_tensor(logits, name="logits")
        labels = convert_to_tensor(labels, name="labels")
        _check_same_shape(logits, labels, "logits and labels")
        # max(x, 0) - x * z + log(1 + exp(-|x|)), with max and abs whose gradient at 0 is right.
        zeros = tf.zeros_like(logits, dtype=logits.dtype)
        positive = logits >= zeros
        relu_logits = tf.where(positive, logits, zeros)
        neg_abs_logits = tf.where(positive, -logits, logits)
        return tf.add(relu_logits - logits * labels, tf.log1p(tf.exp(neg_abs_logits)), name=scope)


@tf_export("nn.weighted_cross_entropy_with_logits")
def weighted_cross_entropy_with_logits(labels=None, logits=None, pos_weight=None, name=None, targets=None):
    """`sigmoid_cross_entropy_with_logits` whose positive part is multiplied by `pos_weight`.

    Args: pos_weight: number or tensor; above 1 it raises recall. targets: deprecated name of `labels`.
    Raises ValueError if the shapes of `labels` and `logits` differ.
    """
    labels = renamed_argument("nn.weighted_cross_entropy_with_logits", "labels", labels, "targets", targets)
    with name_scope(name, "logistic_loss", [logits, labels]) as scope:
        logits = convert_to_tensor(logits, name="logits")
        labels = convert_to_tensor(labels, name="labels")
        _check_same_shape(logits, labels, "logits and labels")
        log_weight = 1 + (pos_weight - 1) * labels
        return tf.add((1 - labels) * logits,
                      log_weight * (tf.log1p(tf.exp(-tf.abs(logits))) + _relu(-logits)), name=scope)


def _relu(x):
    from graphflow.ops.activation import relu

    return relu(x)


@tf_export("nn.log_poisson_loss")
def log_poisson_loss(targets, log_input, compute_full_loss=False, name=None):
    """Log-likelihood loss of counts `targets` under Poisson rates `exp(log_input)`.

    Args: compute_full_loss: add Stirling's approximation of `log(targets!)` for targets above 1.
    Raises ValueError if the shapes differ.
    """
    with name_scope(name, "log_poisson_loss", [log_input, targets]):
        log_input = convert_to_tensor(log_input, name="log_input")
        targets = convert_to_tensor(targets, name="targets")
        _check_same_shape(log_input, targets, "log_input and targets")
        result = tf.exp(log_input) - log_input * targets
        if compute_full_loss:
            half = tf.constant(0.5, dtype=targets.dtype)
            two_pi = tf.constant(2 * math.pi, dtype=targets.dtype)
            stirling = (targets * tf.log(targets)) - targets + (half * tf.log(two_pi * targets))
            zeros = tf.zeros_like(targets, dtype=targets.dtype)
            ones = tf.ones_like(targets, dtype=targets.dtype)
            small = tf.logical_and(targets >= zeros, targets <= ones)
            result += tf.where(small, zeros, stirling)
        return result
