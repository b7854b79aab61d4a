"""FTRL-Proximal. State: see `optimizer.py`."""

from graphflow.framework import scopes
from graphflow.framework.api import tf_export
from graphflow.ops.constant import constant
from graphflow.training.fused_optimizer import FusedOptimizer


@tf_export("train.FtrlOptimizer")
class FtrlOptimizer(FusedOptimizer):
    """Follow the regularized leader, for sparse linear models.

    Args:
      learning_rate: number or scalar tensor. learning_rate_power: at most zero.
      initial_accumulator_value, l1_regularization_strength, l2_regularization_strength,
        l2_shrinkage_regularization_strength: not negative; the last one penalises weights where
        the gradient is.
      accum_name, linear_name: names of the slots' variables; the optimizer's name by default.
    Raises ValueError for arguments out of range. The slots are "accum" and "linear".
    """

    def __init__(self, learning_rate, learning_rate_power=-0.5, initial_accumulator_value=0.1,
                 l1_regularization_strength=0.0, l2_regularization_strength=0.0, use_locking=False,
                 name="Ftrl", accum_name=None, linear_name=None,
                 l2_shrinkage_regularization_strength=0.0):
        super().__init__(use_locking, name)
        if learning_rate_power > 0.0:
            raise ValueError(f"learning_rate_power {learning_rate_power:f} needs to be negative "
                             "or zero")
        for what, value in (
            ("initial_accumulator_value", initial_accumulator_value),
            ("l1_regularization_strength", l1_regularization_strength),
            ("l2_regularization_strength", l2_regularization_strength),
            ("l2_shrinkage_regularization_strength", l2_shrinkage_regularization_strength),
        ):
            if value < 0.0:
                raise ValueError(f"{what} {value:f} needs to be positive or zero")
        self._learning_rate = learning_rate
        self._learning_rate_power = learning_rate_power
        self._initial_accumulator_value = initial_accumulator_value
        self._l1 = l1_regularization_strength
        self._l2 = l2_regularization_strength
        self._l2_shrinkage = l2_shrinkage_regularization_strength
        self._accum_name = accum_name
        self._linear_name = linear_name
        self._tensors = None

    def _create_slots(self, var_list):
        for var in var_list:
            with scopes.get_default_graph().colocate_with(var):
                start = constant(self._initial_accumulator_value, dtype=var.dtype.base_dtype,
                                 shape=var.get_shape())
                self._get_or_make_slot(var, start, "accum", self._accum_name or self._name)
                self._zeros_slot(var, "linear", self._linear_name or self._name)

    def _prepare(self):
        self._tensors = {
            "lr": self._tensor(self._learning_rate, "learning_rate"),
            "l1": self._tensor(self._l1, "l1_regularization_strength"),
            "l2": self._tensor(self._l2, "l2_regularization_strength"),
            "l2_shrinkage": self._tensor(self._l2_shrinkage,
                                         "l2_shrinkage_regularization_strength"),
            "lr_power": self._tensor(self._learning_rate_power, "learning_rate_power"),
        }

    def _rule(self):
        return "FtrlV2" if self._l2_shrinkage > 0.0 else "Ftrl"

    def _rule_slots(self):
        return ("accum", "linear")

    def _coefficients(self, var):
        if self._l2_shrinkage > 0.0:
            return self._tensors
        return {name: value for name, value in self._tensors.items() if name != "l2_shrinkage"}
