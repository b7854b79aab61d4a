"""Gradient descent with momentum. State: see `optimizer.py`."""

from graphflow.framework.api import tf_export
from graphflow.training.fused_optimizer import FusedOptimizer


@tf_export("train.MomentumOptimizer")
class MomentumOptimizer(FusedOptimizer):
    """`accumulation = momentum * accumulation + grad; var -= learning_rate * accumulation`.

    Args:
      learning_rate, momentum: numbers, scalar tensors, or functions that return one.
      use_nesterov: steps along `grad + momentum * accumulation` instead.
    The accumulation is the slot "momentum".
    """

    def __init__(self, learning_rate, momentum, use_locking=False, name="Momentum",
                 use_nesterov=False):
        super().__init__(use_locking, name)
        self._learning_rate = learning_rate
        self._momentum = momentum
        self._use_nesterov = use_nesterov
        self._learning_rate_tensor = self._momentum_tensor = None

    def _create_slots(self, var_list):
        for var in var_list:
            self._zeros_slot(var, "momentum", self._name)

    def _prepare(self):
        self._learning_rate_tensor = self._tensor(self._learning_rate, "learning_rate")
        self._momentum_tensor = self._tensor(self._momentum, "momentum")

    def _rule(self):
        return "Momentum"

    def _rule_slots(self):
        return ("momentum",)

    def _coefficients(self, var):
        return {"lr": self._learning_rate_tensor, "momentum": self._momentum_tensor}

    def _flags(self):
        return {"use_nesterov": self._use_nesterov}
