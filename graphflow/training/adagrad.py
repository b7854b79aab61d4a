"""Adagrad. State: see `optimizer.py`."""

from graphflow.framework import raw_ops
from graphflow.framework.api import lookup, tf_export
from graphflow.ops.cast import cast
from graphflow.ops.shape_ops import shape as shape_of
from graphflow.training.fused_optimizer import FusedOptimizer


@tf_export("train.AdagradOptimizer")
class AdagradOptimizer(FusedOptimizer):
    """`accumulator += grad ** 2; var -= learning_rate * grad / sqrt(accumulator)`.

    Args:
      learning_rate: number, scalar tensor, or a function that returns one.
      initial_accumulator_value: positive start of the slot "accumulator"; ValueError otherwise.
    """

    def __init__(self, learning_rate, initial_accumulator_value=0.1, use_locking=False,
                 name="Adagrad"):
        if initial_accumulator_value <= 0.0:
            raise ValueError("initial_accumulator_value must be positive: "
                             f"{initial_accumulator_value}")
        super().__init__(use_locking, name)
        self._learning_rate = learning_rate
        self._initial_accumulator_value = initial_accumulator_value
        self._learning_rate_tensor = None

    def _create_slots(self, var_list):
        for var in var_list:
            dtype, shape = var.dtype.base_dtype, var.get_shape()
            if shape.is_fully_defined():
                start = lookup("constant_initializer")(self._initial_accumulator_value,
                                                       dtype=dtype)
            else:
                start = self._filled_like(var, dtype)
            self._get_or_make_slot_with_initializer(var, start, shape, dtype, "accumulator",
                                                    self._name)

    def _filled_like(self, var, dtype):
        value = self._initial_accumulator_value
        return lambda: cast(raw_ops.Fill(shape_of(var), value), dtype)

    def _prepare(self):
        self._learning_rate_tensor = self._tensor(self._learning_rate, "learning_rate")

    def _rule(self):
        return "Adagrad"

    def _rule_slots(self):
        return ("accumulator",)

    def _coefficients(self, var):
        return {"lr": self._learning_rate_tensor}
