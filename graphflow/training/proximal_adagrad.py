"""Proximal Adagrad. State: see `optimizer.py`."""

from graphflow.framework import scopes
from graphflow.framework.api import tf_export
from graphflow.ops.constant import constant
from graphflow.training.fused_optimizer import FusedOptimizer


@tf_export("train.ProximalAdagradOptimizer")
class ProximalAdagradOptimizer(FusedOptimizer):
    """An Adagrad step followed by shrinking towards zero, at Adagrad's learning rates.

    Args:
      learning_rate: number or scalar tensor.
      initial_accumulator_value: positive start of the slot "accumulator"; ValueError otherwise.
      l1_regularization_strength, l2_regularization_strength: numbers.
    """

    def __init__(self, learning_rate, initial_accumulator_value=0.1,
                 l1_regularization_strength=0.0, l2_regularization_strength=0.0,
                 use_locking=False, name="ProximalAdagrad"):
        if initial_accumulator_value <= 0.0:
            raise ValueError("initial_accumulator_value must be positive: "
                             f"{initial_accumulator_value}")
        super().__init__(use_locking, name)
        self._learning_rate = learning_rate
        self._initial_accumulator_value = initial_accumulator_value
        self._l1 = l1_regularization_strength
        self._l2 = l2_regularization_strength
        self._tensors = None

    def _create_slots(self, var_list):
        for var in var_list:
            with scopes.get_default_graph().colocate_with(var):
                start = constant(self._initial_accumulator_value, shape=var.get_shape(),
                                 dtype=var.dtype.base_dtype)
            self._get_or_make_slot(var, start, "accumulator", self._name)

    def _prepare(self):
        self._tensors = {
            "lr": self._tensor(self._learning_rate, "learning_rate"),
            "l1": self._tensor(self._l1, "l1_regularization_strength"),
            "l2": self._tensor(self._l2, "l2_regularization_strength"),
        }

    def _rule(self):
        return "ProximalAdagrad"

    def _rule_slots(self):
        return ("accumulator",)

    def _coefficients(self, var):
        return self._tensors
