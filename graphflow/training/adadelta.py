"""Adadelta. State: see `optimizer.py`."""

from graphflow.framework.api import tf_export
from graphflow.training.fused_optimizer import FusedOptimizer


@tf_export("train.AdadeltaOptimizer")
class AdadeltaOptimizer(FusedOptimizer):
    """Adadelta: steps in proportion to a running size of past steps over one of gradients.

    Args:
      learning_rate, rho (decay of the running sizes), epsilon: numbers, scalar tensors, or
        functions that return one.
    The slots are "accum" (squared gradients) and "accum_update" (squared steps).
    """

    def __init__(self, learning_rate=0.001, rho=0.95, epsilon=1e-8, use_locking=False,
                 name="Adadelta"):
        super().__init__(use_locking, name)
        self._lr = learning_rate
        self._rho = rho
        self._epsilon = epsilon
        self._lr_t = self._rho_t = self._epsilon_t = None

    def _create_slots(self, var_list):
        for var in var_list:
            self._zeros_slot(var, "accum", self._name)
            self._zeros_slot(var, "accum_update", self._name)

    def _prepare(self):
        self._lr_t = self._tensor(self._lr, "lr")
        self._rho_t = self._tensor(self._rho, "rho")
        self._epsilon_t = self._tensor(self._epsilon, "epsilon")

    def _rule(self):
        return "Adadelta"

    def _rule_slots(self):
        return ("accum", "accum_update")

    def _coefficients(self, var):
        return {"lr": self._lr_t, "rho": self._rho_t, "epsilon": self._epsilon_t}
