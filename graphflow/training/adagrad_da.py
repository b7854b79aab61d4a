"""Adagrad with dual averaging. State: see `optimizer.py`."""

from graphflow.framework import raw_ops, scopes
from graphflow.framework.api import tf_export
from graphflow.ops.constant import constant
from graphflow.training.fused_optimizer import FusedOptimizer


@tf_export("train.AdagradDAOptimizer")
class AdagradDAOptimizer(FusedOptimizer):
    """Adagrad Dual Averaging, which regularises by all gradients so far; for sparse linear models.

    Args:
      learning_rate: number or scalar tensor.
      global_step: int64 scalar that counts the steps made.
      initial_gradient_squared_accumulator_value: positive start of the squares; ValueError
        otherwise.
      l1_regularization_strength, l2_regularization_strength: numbers.
    The slots are "gradient_accumulator" and "gradient_squared_accumulator".
    """

    def __init__(self, learning_rate, global_step, initial_gradient_squared_accumulator_value=0.1,
                 l1_regularization_strength=0.0, l2_regularization_strength=0.0, use_locking=False,
                 name="AdagradDA"):
        if initial_gradient_squared_accumulator_value <= 0.0:
            raise ValueError("initial_gradient_squared_accumulator_value must be positive: "
                             f"{initial_gradient_squared_accumulator_value}")
        super().__init__(use_locking, name)
        self._learning_rate = learning_rate
        self._initial_square = initial_gradient_squared_accumulator_value
        self._l1 = l1_regularization_strength
        self._l2 = l2_regularization_strength
        self._global_step = global_step
        self._learning_rate_tensor = self._global_step_on_worker = None

    def _create_slots(self, var_list):
        for var in var_list:
            with scopes.get_default_graph().colocate_with(var):
                shape, dtype = var.get_shape(), var.dtype.base_dtype
                zeros = constant(0.0, shape=shape, dtype=dtype)
                squares = constant(self._initial_square, shape=shape, dtype=dtype)
            self._get_or_make_slot(var, zeros, "gradient_accumulator", self._name)
            self._get_or_make_slot(var, squares, "gradient_squared_accumulator", self._name)

    def _prepare(self):
        self._learning_rate_tensor = self._tensor(self._learning_rate, "learning_rate")
        with scopes.get_default_graph().colocate_with(self._learning_rate_tensor):
            self._global_step_on_worker = raw_ops.Identity(self._global_step) + 1

    def _rule(self):
        return "AdagradDA"

    def _rule_slots(self):
        return ("gradient_accumulator", "gradient_squared_accumulator")

    def _coefficients(self, var):
        with scopes.get_default_graph().device(var.device):
            step = raw_ops.Identity(self._global_step_on_worker)
        return {"lr": self._learning_rate_tensor, "l1": self._l1, "l2": self._l2,
                "global_step": step}
