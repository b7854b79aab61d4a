"""Moving averages of variables and tensors: `tf.train.ExponentialMovingAverage`.

State: which variable holds the average of what, per ExponentialMovingAverage object.
"""

from graphflow.framework import dtypes, scopes
from graphflow.framework.api import lookup, tf_export
from graphflow.framework.convert import convert_to_tensor
from graphflow.framework.graph import GraphKeys
from graphflow.framework.graph_scopes import name_scope
from graphflow.framework.grouping import group
from graphflow.ops import state
from graphflow.ops.binary import minimum
from graphflow.ops.binary import pow as power_of
from graphflow.ops.cast import cast
from graphflow.ops.variable_lists import (
    global_variables,
    moving_average_variables,
    trainable_variables,
)
from graphflow.ops.variable_scope import get_variable, get_variable_scope, variable_scope
from graphflow.ops.variables import Variable
from graphflow.training import slot_creator

_FLOATS = (dtypes.bfloat16, dtypes.float16, dtypes.float32, dtypes.float64)


def assign_moving_average(variable, value, decay, zero_debias=True, name=None):
    """`variable -= (1 - decay) * (variable - value)`; returns the variable's new value.

    Args:
      variable: the average so far. value: tensor of its shape. decay: number or scalar tensor.
      zero_debias: corrects for a start at zero, with two more variables below `variable`.
    """
    with name_scope(name, "AssignMovingAvg", [variable, value, decay]) as scope:
        dtype = variable.dtype.base_dtype
        decay = convert_to_tensor(1.0 - decay, name="decay")
        if decay.dtype != dtype:
            decay = cast(decay, dtype)
        if zero_debias:
            return _zero_debias(variable, value, decay)
        return state.assign_sub(variable, (variable - value) * decay, name=scope)


def _zero_debias(variable, value, decay):
    """The average of what came since the start at zero, divided by the weight it has so far."""
    zeros = lookup("zeros_initializer")()
    dtype = variable.dtype.base_dtype
    graph = scopes.get_default_graph()
    with variable_scope(variable.op.name, values=[variable, value, decay]):
        with graph.colocate_with(variable):
            with graph.control_dependencies(None):
                biased = get_variable(_unused("biased"), initializer=zeros, trainable=False,
                                      shape=variable.get_shape(), dtype=dtype)
                step = get_variable(_unused("local_step"), shape=[], dtype=dtype,
                                    initializer=zeros, trainable=False)
    new_biased = state.assign_sub(biased, (biased - value) * decay)
    weight = 1 - power_of(1.0 - decay, step.assign_add(1))
    return state.assign(variable, new_biased / weight, name=graph.get_name_scope() + "/")


def _unused(name):
    """`name`, with a suffix if the present variable scope has a variable called so."""
    scope = get_variable_scope()
    if scope.reuse:
        return name
    taken = {variable.op.name for variable in scope.global_variables()}
    candidate, count = name, 0
    while f"{scope.name}/{candidate}" in taken:
        count += 1
        candidate = f"{name}_{count}"
    return candidate


@tf_export("train.ExponentialMovingAverage")
class ExponentialMovingAverage:
    """Averages of variables in which older values count less and less.

    Args:
      decay: near 1; each update keeps this share of the average.
      num_updates: count of updates so far; with it, decay is at most
        `(1 + num_updates) / (10 + num_updates)`, so that early values are soon forgotten.
      zero_debias: corrects averages of tensors for their start at zero.
      name: prefix of the averages' names.

    Example:
      >>> import graphflow as tf
      >>> w = tf.Variable(1.0, name="w")
      >>> ema = tf.train.ExponentialMovingAverage(0.9)
      >>> update = ema.apply([w])
      >>> ema.average(w).op.name
      'w/ExponentialMovingAverage'
    """

    def __init__(self, decay, num_updates=None, zero_debias=False,
                 name="ExponentialMovingAverage"):
        self._decay = decay
        self._num_updates = num_updates
        self._zero_debias = zero_debias
        self._name = name
        self._averages = {}

    @property
    def name(self):
        """The name given to the constructor."""
        return self._name

    def apply(self, var_list=None):
        """The operation that updates the averages of `var_list` (default: what is trained).

        The first call for a variable or tensor makes its average: of a variable it starts with the
        variable's initial value, of a tensor at zero.
        Raises TypeError for other dtypes than floats.
        """
        var_list = trainable_variables() if var_list is None else var_list
        debiased = [var for var in var_list if self._make_average(var)]
        with name_scope(self.name) as scope:
            decay = convert_to_tensor(self._decay, name="decay")
            if self._num_updates is not None:
                count = cast(self._num_updates, dtypes.float32, name="num_updates")
                decay = minimum(decay, (1.0 + count) / (10.0 + count))
            updates = [
                assign_moving_average(self._averages[var], var, decay,
                                      any(var is other for other in debiased))
                for var in var_list
            ]
            return group(*updates, name=scope)

    def _make_average(self, var):
        """Makes the average of `var` if need be; whether it is to be corrected for its start."""
        if var.dtype.base_dtype not in _FLOATS:
            raise TypeError(f"The variables must be half, float, or double: {var.name}")
        if var in self._averages:
            return False
        graph = scopes.get_default_graph()
        # Averages belong to the graph, not to what runs around the call.
        with graph.control_dependencies(None):
            if isinstance(var, Variable):
                average = slot_creator.create_slot(var, var.initialized_value(), self.name)
                graph.add_to_collection(GraphKeys.MOVING_AVERAGE_VARIABLES, var)
            else:
                average = slot_creator.create_zeros_slot(
                    var, self.name, colocate_with_primary=var.op.type in
                    ("Variable", "VariableV2", "VarHandleOp"))
        self._averages[var] = average
        return self._zero_debias and not isinstance(var, Variable)

    def average(self, var):
        """The variable that holds the average of `var`, or None."""
        return self._averages.get(var)

    def average_name(self, var):
        """The name of the variable that holds, or would hold, the average of `var`."""
        if var in self._averages:
            return self._averages[var].op.name
        return scopes.get_default_graph().unique_name(f"{var.op.name}/{self.name}",
                                                      mark_as_used=False)

    def variables_to_restore(self, moving_avg_variables=None):
        """For a Saver that loads averages into the variables themselves: {name: variable}.

        Args: moving_avg_variables: those with averages; by default the trainable ones and those in
          the collection `MOVING_AVERAGE_VARIABLES`. All other variables keep their own names.
        """
        if moving_avg_variables is None:
            moving_avg_variables = trainable_variables() + moving_average_variables()
        averaged = dict.fromkeys(moving_avg_variables)
        names = {self.average_name(var): var for var in averaged}
        averaged_names = {var.name for var in averaged}
        for var in dict.fromkeys(global_variables()):
            if var.name not in averaged_names and var.op.name not in names:
                names[var.op.name] = var
        return names
