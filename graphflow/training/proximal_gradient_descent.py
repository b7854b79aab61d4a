"""Proximal gradient descent. State: see `optimizer.py`."""

from graphflow.framework.api import tf_export
from graphflow.training.fused_optimizer import FusedOptimizer


@tf_export("train.ProximalGradientDescentOptimizer")
class ProximalGradientDescentOptimizer(FusedOptimizer):
    """Gradient descent followed by shrinking towards zero.

    Args:
      learning_rate: number or scalar tensor.
      l1_regularization_strength: sets weights smaller than `learning_rate * l1` to zero.
      l2_regularization_strength: divides weights by `1 + learning_rate * l2`.
    """

    _gradient_input = "delta"

    def __init__(self, learning_rate, l1_regularization_strength=0.0,
                 l2_regularization_strength=0.0, use_locking=False,
                 name="ProximalGradientDescent"):
        super().__init__(use_locking, name)
        self._learning_rate = learning_rate
        self._l1 = l1_regularization_strength
        self._l2 = l2_regularization_strength
        self._tensors = None

    def _prepare(self):
        self._tensors = {
            "alpha": self._tensor(self._learning_rate, "learning_rate"),
            "l1": self._tensor(self._l1, "l1_regularization_strength"),
            "l2": self._tensor(self._l2, "l2_regularization_strength"),
        }

    def _rule(self):
        return "ProximalGradientDescent"

    def _coefficients(self, var):
        return self._tensors
