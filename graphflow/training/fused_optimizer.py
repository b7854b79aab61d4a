"""Optimizers whose update of a variable is one op of `graphflow/ops/training_ops.py`.

A subclass names the rule, its slots in the op's order and its coefficients; the four forms of the
update (dense or rows, reference or resource variable) follow. Holds no state of its own.
"""

from graphflow.framework import raw_ops
from graphflow.framework.convert import convert_to_tensor
from graphflow.framework.tensor import Tensor
from graphflow.ops.cast import cast
from graphflow.training.optimizer import Optimizer


class FusedOptimizer(Optimizer):
    """Base of the optimizers with an op of their own."""

    _gradient_input = "grad"

    def _rule(self):
        """Name of the op after `Apply`."""
        raise NotImplementedError(f"{type(self).__name__} does not define _rule")

    def _rule_slots(self):
        """Names of the slots, in the order of the op's inputs."""
        return ()

    def _coefficients(self, var):
        """The op's other inputs by name, in its order; cast to the variable's dtype."""
        raise NotImplementedError(f"{type(self).__name__} does not define _coefficients")

    def _flags(self):
        """The op's attributes other than `use_locking`."""
        return {}

    def _tensor(self, value, name):
        """A hyperparameter (number, tensor or function) as a tensor called `name`."""
        return convert_to_tensor(self._call_if_callable(value), name=name)

    def _fused(self, form, var, **gradient):
        states = [var, *(self.get_slot(var, name) for name in self._rule_slots())]
        if "Resource" in form:
            states = [state.handle for state in states]
        dtype = var.dtype.base_dtype
        inputs = {name: value if name == "global_step" else cast(value, dtype)
                  for name, value in self._coefficients(var).items()}
        update = getattr(raw_ops, form + self._rule())
        result = update(*states, use_locking=self._use_locking, **inputs, **gradient,
                        **self._flags())
        return result.op if isinstance(result, Tensor) else result

    def _apply_dense(self, grad, var):
        return self._fused("Apply", var, **{self._gradient_input: grad})

    def _resource_apply_dense(self, grad, handle):
        return self._fused("ResourceApply", handle, **{self._gradient_input: grad})

    def _apply_sparse(self, grad, var):
        return self._fused("SparseApply", var, grad=grad.values, indices=grad.indices)

    def _resource_apply_sparse(self, grad, handle, indices):
        return self._fused("ResourceSparseApply", handle, grad=grad, indices=indices)
