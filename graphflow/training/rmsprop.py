"""RMSProp. State: see `optimizer.py`."""

from graphflow.framework.api import lookup, tf_export
from graphflow.training.fused_optimizer import FusedOptimizer


@tf_export("train.RMSPropOptimizer")
class RMSPropOptimizer(FusedOptimizer):
    """RMSProp: gradients divided by a running root of their mean square, with momentum.

    Args:
      learning_rate, decay, momentum, epsilon: numbers, scalar tensors, or functions that return
        one.
      centered: divides by the root of the estimated variance instead.
    The slots are "rms" (which starts at one), "momentum" and, if centered, "mg".
    """

    def __init__(self, learning_rate, decay=0.9, momentum=0.0, epsilon=1e-10, use_locking=False,
                 centered=False, name="RMSProp"):
        super().__init__(use_locking, name)
        self._learning_rate = learning_rate
        self._decay = decay
        self._momentum = momentum
        self._epsilon = epsilon
        self._centered = centered
        self._tensors = None

    def _create_slots(self, var_list):
        for var in var_list:
            dtype, shape = var.dtype.base_dtype, var.get_shape()
            if shape.is_fully_defined():
                ones = lookup("ones_initializer")(dtype=dtype)
            else:
                ones = lookup("ones_like")(var)
            self._get_or_make_slot_with_initializer(var, ones, shape, dtype, "rms", self._name)
            if self._centered:
                self._zeros_slot(var, "mg", self._name)
            self._zeros_slot(var, "momentum", self._name)

    def _prepare(self):
        self._tensors = {
            "lr": self._tensor(self._learning_rate, "learning_rate"),
            "rho": self._tensor(self._decay, "decay"),
            "momentum": self._tensor(self._momentum, "momentum"),
            "epsilon": self._tensor(self._epsilon, "epsilon"),
        }

    def _rule(self):
        return "CenteredRMSProp" if self._centered else "RMSProp"

    def _rule_slots(self):
        return ("mg", "rms", "momentum") if self._centered else ("rms", "momentum")

    def _coefficients(self, var):
        return self._tensors
