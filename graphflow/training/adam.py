"""Adam. State: see `optimizer.py`."""

from graphflow.framework import raw_ops, scopes
from graphflow.framework.api import tf_export
from graphflow.framework.grouping import group
from graphflow.ops import state, state_scatter
from graphflow.ops.cast import cast
from graphflow.ops.unary import sqrt
from graphflow.training.fused_optimizer import FusedOptimizer


@tf_export("train.AdamOptimizer")
class AdamOptimizer(FusedOptimizer):
    """Adam: steps along the running mean of gradients over the root of that of their squares.

    Args:
      learning_rate, beta1, beta2 (decays of the two means), epsilon: numbers, scalar tensors, or
        functions that return one.
    The slots are "m" and "v"; the powers of the betas are the variables `beta1_power` and
    `beta2_power`. With sparse gradients, the means of all rows decay and all rows move.

    Example:
      >>> import graphflow as tf
      >>> w = tf.Variable(1.0, name="w")
      >>> optimizer = tf.train.AdamOptimizer(0.1)
      >>> train = optimizer.minimize(w * w)
      >>> [v.op.name for v in optimizer.variables()]
      ['beta1_power', 'beta2_power', 'w/Adam', 'w/Adam_1']
    """

    def __init__(self, learning_rate=0.001, beta1=0.9, beta2=0.999, epsilon=1e-8,
                 use_locking=False, name="Adam"):
        super().__init__(use_locking, name)
        self._lr = learning_rate
        self._beta1 = beta1
        self._beta2 = beta2
        self._epsilon = epsilon
        self._lr_t = self._beta1_t = self._beta2_t = self._epsilon_t = None

    def _get_beta_accumulators(self):
        graph = scopes.get_default_graph()
        return (self._get_non_slot_variable("beta1_power", graph),
                self._get_non_slot_variable("beta2_power", graph))

    def _create_slots(self, var_list):
        first = min(var_list, key=lambda var: var.name)
        self._create_non_slot_variable(self._call_if_callable(self._beta1), "beta1_power", first)
        self._create_non_slot_variable(self._call_if_callable(self._beta2), "beta2_power", first)
        for var in var_list:
            self._zeros_slot(var, "m", self._name)
            self._zeros_slot(var, "v", self._name)

    def _prepare(self):
        self._lr_t = self._tensor(self._lr, "learning_rate")
        self._beta1_t = self._tensor(self._beta1, "beta1")
        self._beta2_t = self._tensor(self._beta2, "beta2")
        self._epsilon_t = self._tensor(self._epsilon, "epsilon")

    def _rule(self):
        return "Adam"

    def _rule_slots(self):
        return ("m", "v")

    def _coefficients(self, var):
        beta1_power, beta2_power = self._get_beta_accumulators()
        return {"beta1_power": beta1_power, "beta2_power": beta2_power, "lr": self._lr_t,
                "beta1": self._beta1_t, "beta2": self._beta2_t, "epsilon": self._epsilon_t}

    def _apply_rows(self, grad, var, indices, scatter_add):
        c = {name: cast(value, var.dtype.base_dtype)
             for name, value in self._coefficients(var).items()}
        lr = c["lr"] * sqrt(1 - c["beta2_power"]) / (1 - c["beta1_power"])
        m, v = self.get_slot(var, "m"), self.get_slot(var, "v")
        new_m = self._decayed(m, c["beta1"], grad * (1 - c["beta1"]), indices, scatter_add)
        new_v = self._decayed(v, c["beta2"], grad * grad * (1 - c["beta2"]), indices, scatter_add)
        root = sqrt(new_v)
        update = state.assign_sub(var, lr * new_m / (root + c["epsilon"]),
                                  use_locking=self._use_locking)
        return group(update, new_m, new_v)

    def _decayed(self, slot, decay, rows, indices, scatter_add):
        """The slot after all of it has decayed and rows have been added."""
        decayed = state.assign(slot, slot * decay, use_locking=self._use_locking)
        with scopes.get_default_graph().control_dependencies([decayed]):
            return scatter_add(slot, indices, rows)

    def _apply_sparse(self, grad, var):
        def scatter_add(slot, indices, rows):
            return state_scatter.scatter_add(slot, indices, rows, use_locking=self._use_locking)

        return self._apply_rows(grad.values, var, grad.indices, scatter_add)

    def _resource_apply_sparse(self, grad, handle, indices):
        def scatter_add(slot, indices, rows):
            added = raw_ops.ResourceScatterAdd(slot.handle, indices, rows)
            with scopes.get_default_graph().control_dependencies([added]):
                return slot.value()

        return self._apply_rows(grad, handle, indices, scatter_add)

    def _finish(self, update_ops, name_scope):
        graph = scopes.get_default_graph()
        with graph.control_dependencies(update_ops):
            beta1_power, beta2_power = self._get_beta_accumulators()
            with graph.colocate_with(beta1_power):
                powers = [power.assign(power * beta, use_locking=self._use_locking)
                          for power, beta in ((beta1_power, self._beta1_t),
                                              (beta2_power, self._beta2_t))]
        return group(*update_ops, *powers, name=name_scope)
