"""`tf.train.Optimizer`: from a loss to the operation that trains.

The base class computes gradients, makes slot variables, and adds one update per variable; what an
update is, subclasses say in `_apply_dense` and its sparse and resource forms. State: the slots and
other variables that this optimizer has made, by graph.
"""

from graphflow.framework import dtypes, nest, raw_ops, scopes
from graphflow.framework.api import tf_export
from graphflow.framework.convert import convert_to_tensor, convert_to_tensor_or_indexed_slices
from graphflow.framework.gradients import gradients
from graphflow.framework.graph import GraphKeys
from graphflow.framework.graph_scopes import name_scope
from graphflow.framework.grouping import group, tuple_op
from graphflow.framework.tensor import IndexedSlices, Tensor
from graphflow.ops import state
from graphflow.ops.shape_ops import shape as shape_of
from graphflow.ops.variable_lists import trainable_variables
from graphflow.ops.variables import Variable
from graphflow.training import slot_creator


@tf_export("train.Optimizer")
class Optimizer:
    """Base class of optimizers; use one of its subclasses, or derive your own.

    A subclass overrides `_apply_dense(grad, var)` and, for gradients with few rows,
    `_apply_sparse(grad, var)` (their `_resource_*` forms for resource variables), and where it
    needs them `_create_slots(var_list)`, `_prepare()` and `_finish(update_ops, name_scope)`.

    Args:
      use_locking: passed on to the ops; updates are always atomic.
      name: prefix of the names of ops and slots.
    Raises ValueError if `name` is empty.

    Example:
      >>> import graphflow as tf
      >>> w = tf.Variable(1.0, name="w")
      >>> train = tf.train.GradientDescentOptimizer(0.1).minimize(w * w)
      >>> train.name
      'GradientDescent'
    """

    GATE_NONE = 0
    GATE_OP = 1
    GATE_GRAPH = 2

    def __init__(self, use_locking, name):
        if not name:
            raise ValueError("Must specify the optimizer name")
        self._use_locking = use_locking
        self._name = name
        self._slots = {}  # slot name -> {key of a variable: its slot}
        self._non_slot_dict = {}  # (name, graph) -> variable

    def get_name(self):
        """The name given to the constructor."""
        return self._name

    # ---- what users call

    def minimize(self, loss, global_step=None, var_list=None, gate_gradients=GATE_OP,
                 aggregation_method=None, colocate_gradients_with_ops=False, name=None,
                 grad_loss=None):
        """The operation that makes one step down `loss`; counts it in `global_step` if given.

        `compute_gradients` and `apply_gradients` in one; see there for the arguments.
        Raises ValueError if no variable has a gradient.
        """
        pairs = self.compute_gradients(
            loss, var_list=var_list, gate_gradients=gate_gradients,
            aggregation_method=aggregation_method,
            colocate_gradients_with_ops=colocate_gradients_with_ops, grad_loss=grad_loss)
        if all(grad is None for grad, _ in pairs):
            raise ValueError(
                "No gradients provided for any variable, check your graph for ops that do not "
                f"support gradients, between variables {[str(v) for _, v in pairs]} and loss "
                f"{loss}.")
        return self.apply_gradients(pairs, global_step=global_step, name=name)

    def compute_gradients(self, loss, var_list=None, gate_gradients=GATE_OP,
                          aggregation_method=None, colocate_gradients_with_ops=False,
                          grad_loss=None):
        """Gradients of `loss`: a list of (gradient, variable) pairs; a gradient may be None.

        Args:
          loss: tensor, or a function without arguments that makes it.
          var_list: variables to differentiate for; the trainable ones by default.
          gate_gradients: `GATE_NONE`; `GATE_OP`, which uses the gradients of an op only once all of
            them are there; or `GATE_GRAPH`, which waits for all gradients.
          aggregation_method: one of `tf.AggregationMethod`.
          colocate_gradients_with_ops: places gradients with the ops they belong to.
          grad_loss: gradient that `loss` receives; ones by default.
        Raises ValueError for wrong arguments, dtypes or no variables at all, NotImplementedError
        for something in `var_list` that is not a variable.
        """
        loss = loss() if callable(loss) else loss
        if gate_gradients not in (self.GATE_NONE, self.GATE_OP, self.GATE_GRAPH):
            raise ValueError("gate_gradients must be one of: Optimizer.GATE_NONE, "
                             "Optimizer.GATE_OP, Optimizer.GATE_GRAPH.  Not "
                             f"{gate_gradients}")
        self._assert_valid_dtypes([loss] if grad_loss is None else [loss, grad_loss])
        variables = trainable_variables() if var_list is None else nest.flatten(var_list)
        variables += scopes.get_default_graph().get_collection(GraphKeys._STREAMING_MODEL_PORTS)
        for variable in variables:
            _check_optimizable(variable)
        if not variables:
            raise ValueError("No variables to optimize.")
        grads = gradients(loss, variables, grad_ys=grad_loss,
                          gate_gradients=gate_gradients == self.GATE_OP,
                          aggregation_method=aggregation_method,
                          colocate_gradients_with_ops=colocate_gradients_with_ops)
        if gate_gradients == self.GATE_GRAPH:
            grads = tuple_op(grads)
        pairs = list(zip(grads, variables))
        self._assert_valid_dtypes([v for g, v in pairs
                                   if g is not None and v.dtype != dtypes.resource])
        return pairs

    def apply_gradients(self, grads_and_vars, global_step=None, name=None):
        """The operation that updates variables by gradients, and then counts in `global_step`.

        Args:
          grads_and_vars: pairs as `compute_gradients` returns them; a gradient is a Tensor, an
            IndexedSlices or None.
          name: of the operation; the optimizer's name by default.
        Raises TypeError for a gradient that isn't one, ValueError if there is none.
        """
        pairs = [(_as_gradient(grad), var) for grad, var in grads_and_vars]
        if not pairs:
            raise ValueError("No variables provided.")
        for _, var in pairs:
            _check_optimizable(var)
        var_list = [var for grad, var in pairs if grad is not None]
        if not var_list:
            raise ValueError("No gradients provided for any variable: "
                             f"{[str(var) for _, var in pairs]}.")
        # Slots belong to the graph, not to what runs around the call.
        with scopes.get_default_graph().control_dependencies(None):
            self._create_slots(var_list)
        with name_scope(name, self._name) as scope:
            self._prepare()
            updates = [self._update(grad, var) for grad, var in pairs if grad is not None]
            train_op = self._finish_and_count(updates, global_step, scope)
        train_ops = scopes.get_default_graph().get_collection_ref(GraphKeys.TRAIN_OP)
        if train_op not in train_ops:
            train_ops.append(train_op)
        return train_op

    def get_slot(self, var, name):
        """The slot `name` of variable `var`, or None."""
        return self._slots.get(name, {}).get(_key(var))

    def get_slot_names(self):
        """Sorted names of the slots that exist."""
        return sorted(self._slots)

    def variables(self):
        """The variables this optimizer has made in the default graph, sorted by name."""
        graph = scopes.get_default_graph().root
        made = list(self._non_slot_variables())
        for slots in self._slots.values():
            made.extend(slots.values())
        return sorted((v for v in made if v.op.graph is graph), key=lambda v: v.name)

    # ---- steps of apply_gradients

    def _update(self, grad, var):
        graph = scopes.get_default_graph()
        with graph.name_scope("update_" + var.op.name), graph.colocate_with(var):
            if isinstance(var, Tensor) and not _is_resource(var):
                raise NotImplementedError("Trying to update a Tensor ", var)
            if isinstance(grad, Tensor):
                apply = self._resource_apply_dense if _is_resource(var) else self._apply_dense
                update = apply(grad, var)
                if var.constraint is None:
                    return update
                with graph.control_dependencies([update]):
                    return var.assign(var.constraint(var))
            if var.constraint is not None:
                raise RuntimeError("Cannot use a constraint function on a sparse variable.")
            if _is_resource(var):
                return self._resource_apply_sparse_duplicate_indices(grad.values, var,
                                                                     grad.indices)
            return self._apply_sparse_duplicate_indices(grad, var)

    def _finish_and_count(self, updates, global_step, scope):
        if global_step is None:
            finished = self._finish(updates, scope)
            return finished.op if isinstance(finished, Tensor) else finished
        graph = scopes.get_default_graph()
        with graph.control_dependencies([self._finish(updates, "update")]):
            with graph.colocate_with(global_step):
                if _is_resource(global_step):
                    one = convert_to_tensor(1, dtype=global_step.dtype)
                    return raw_ops.AssignAddVariableOp(global_step.handle, one, name=scope)
                return state.assign_add(global_step, 1, name=scope).op

    # ---- what subclasses override

    def _valid_dtypes(self):
        """DTypes that losses, variables and gradients may have."""
        return {dtypes.float16, dtypes.bfloat16, dtypes.float32, dtypes.float64}

    def _create_slots(self, var_list):
        """Makes the slots that `var_list` needs; none by default."""

    def _prepare(self):
        """Makes the tensors that all updates share, within the optimizer's name scope."""

    def _apply_dense(self, grad, var):
        """The operation that updates `var` by the Tensor `grad`."""
        raise NotImplementedError(f"{type(self).__name__} does not define _apply_dense")

    def _resource_apply_dense(self, grad, handle):
        """`_apply_dense` for a resource variable."""
        raise NotImplementedError(f"{type(self).__name__} does not define _resource_apply_dense")

    def _apply_sparse(self, grad, var):
        """The operation that updates `var` by IndexedSlices whose indices are unique."""
        raise NotImplementedError(f"{type(self).__name__} does not define _apply_sparse")

    def _resource_apply_sparse(self, grad, handle, indices):
        """`_apply_sparse` for a resource variable: rows `grad` at unique `indices`."""
        raise NotImplementedError(f"{type(self).__name__} does not define _resource_apply_sparse")

    def _apply_sparse_duplicate_indices(self, grad, var):
        """Updates by IndexedSlices that may name a row twice; adds such rows first."""
        values, indices = _deduplicate(grad.values, grad.indices)
        return self._apply_sparse(IndexedSlices(values, indices, grad.dense_shape), var)

    def _resource_apply_sparse_duplicate_indices(self, grad, handle, indices):
        """`_apply_sparse_duplicate_indices` for a resource variable."""
        return self._resource_apply_sparse(*_resource_rows(grad, handle, indices))

    def _finish(self, update_ops, name_scope):
        """The operation, called `name_scope`, that finishes after all updates."""
        return group(*update_ops, name=name_scope)

    # ---- what subclasses use

    def _assert_valid_dtypes(self, tensors):
        valid = self._valid_dtypes()
        for tensor in tensors:
            dtype = tensor.dtype.base_dtype
            if dtype not in valid:
                raise ValueError(f"Invalid type {dtype!r} for {tensor.name}, expected: "
                                 f"{list(valid)}.")

    def _create_non_slot_variable(self, initial_value, name, colocate_with):
        """A variable of the optimizer as a whole, made once per graph."""
        key = (name, colocate_with.graph)
        if key not in self._non_slot_dict:
            with scopes.get_default_graph().colocate_with(colocate_with):
                self._non_slot_dict[key] = Variable(
                    initial_value, name=name, trainable=False,
                    use_resource=_is_resource(colocate_with))
        return self._non_slot_dict[key]

    def _get_non_slot_variable(self, name, graph=None):
        return self._non_slot_dict.get((name, getattr(graph, "root", graph)))

    def _non_slot_variables(self):
        return self._non_slot_dict.values()

    def _slot_dict(self, slot_name):
        return self._slots.setdefault(slot_name, {})

    def _slot(self, var, slot_name, make):
        slots = self._slot_dict(slot_name)
        if _key(var) not in slots:
            slots[_key(var)] = make()
        return slots[_key(var)]

    def _get_or_make_slot(self, var, val, slot_name, op_name):
        """The slot of `var`, made with the tensor `val` as initial value if need be."""
        return self._slot(var, slot_name, lambda: slot_creator.create_slot(var, val, op_name))

    def _get_or_make_slot_with_initializer(self, var, initializer, shape, dtype, slot_name,
                                           op_name):
        """The slot of `var`, made by an initializer if need be."""
        return self._slot(var, slot_name, lambda: slot_creator.create_slot_with_initializer(
            var, initializer, shape, dtype, op_name))

    def _zeros_slot(self, var, slot_name, op_name):
        """The slot of `var`, made of zeros if need be."""
        return self._slot(var, slot_name, lambda: slot_creator.create_zeros_slot(var, op_name))

    def _call_if_callable(self, param):
        """`param`, or what it returns if it is a function."""
        return param() if callable(param) else param


def _is_resource(var):
    return var.op.type == "VarHandleOp"


def _key(var):
    return var.op.graph, var.op.name


def _check_optimizable(var):
    if not isinstance(var, (Variable, Tensor)):
        raise NotImplementedError("Trying to optimize unsupported type ", var)


def _as_gradient(grad):
    if grad is None:
        return None
    try:
        converted = convert_to_tensor_or_indexed_slices(grad)
    except TypeError:
        raise TypeError("Gradient must be convertible to a Tensor or IndexedSlices, or None: "
                        f"{grad}") from None
    if not isinstance(converted, (Tensor, IndexedSlices)):
        raise TypeError(f"Gradient must be a Tensor, IndexedSlices, or None: {converted}")
    return converted


def _resource_rows(grad, handle, indices):
    values, indices = _deduplicate(grad, indices)
    return values, handle, indices


def _deduplicate(values, indices):
    """(values, indices) with the rows of equal indices added up."""
    unique, positions = raw_ops.Unique(indices)
    count = shape_of(unique)[0]
    return raw_ops.UnsortedSegmentSum(values, positions, count), unique
