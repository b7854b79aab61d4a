"""Reference variables, the usual kind: ops read and write the variable through a reference tensor.

Holds no state: a variable is four nodes of the graph (initial value, VariableV2, Assign, Identity).
"""

import warnings

from graphflow.framework import raw_ops, scopes
from graphflow.framework.convert import (
    convert_to_tensor,
    register_tensor_conversion_function,
)
from graphflow.framework.func_graph import init_scope
from graphflow.framework.graph_scopes import colocate_with, device, name_scope
from graphflow.framework.tensor_shape import TensorShape
from graphflow.ops import state, variable_properties
from graphflow.ops.initial_value import guarded, refuse_inner
from graphflow.ops.variables import Colocation, Variable, checked_collections


class RefVariable(Variable):
    """The usual kind of variable: a reference that ops read and write (dtype `float32_ref`)."""

    def __init__(self, initial_value=None, trainable=None, collections=None, validate_shape=True,
                 caching_device=None, name=None, variable_def=None, dtype=None, expected_shape=None,
                 import_scope=None, constraint=None, synchronization=None, aggregation=None, shape=None):
        if variable_def is not None:
            if initial_value is not None:
                raise ValueError("variable_def and initial_value are mutually exclusive.")
            element = self._read_proto(variable_def, import_scope)
            self._variable = element(variable_def.variable_name)
            self._snapshot = element(variable_def.snapshot_name)
            return
        if initial_value is None:
            raise ValueError("initial_value must be specified.")
        properties = variable_properties.checked_properties(synchronization, aggregation, trainable, name)
        self._synchronization, self._aggregation, self._trainable = properties
        collections = checked_collections(collections, self._trainable, constraint)
        self._constraint = constraint
        self._save_slice_info = None
        self._caching_device = caching_device
        refuse_inner(initial_value, name)
        with init_scope(), name_scope(name, "Variable", [] if callable(initial_value) else [initial_value]) as scope:
            self._add_nodes(scope, initial_value, dtype, shape, validate_shape)
            scopes.get_default_graph().add_to_collections(collections, self)

    def _add_nodes(self, scope, initial_value, dtype, shape, validate_shape):
        """Initial value, variable, assignment and read, in TensorFlow's order."""
        graph = scopes.get_default_graph()
        if callable(initial_value):
            colocation = graph._scopes.colocation or (Colocation(scope[:-1]),)
            with graph._replaced("colocation", colocation):
                with name_scope("Initializer"), device(None):
                    value = convert_to_tensor(initial_value(), dtype, "initial_value")
                self._variable = self._declared(scope, value, shape, validate_shape)
        else:
            value = convert_to_tensor(initial_value, dtype, "initial_value")
            self._variable = self._declared(scope, value, shape, validate_shape)
        self._initial_value = value
        if validate_shape and not value.shape.is_fully_defined():
            raise ValueError(f"initial_value must have a shape specified: {value}")
        self._initializer_op = state.assign(
            self._variable, guarded(scope, value), validate_shape=validate_shape).op
        place = device(self._caching_device) if self._caching_device else colocate_with(self._variable.op)
        with place:
            self._snapshot = raw_ops.Identity(self._variable, name="read")

    @staticmethod
    def _declared(scope, value, shape, validate_shape):
        if shape is None:
            shape = value.shape if validate_shape else TensorShape(None)
        return state.variable_op(shape, value.dtype.base_dtype, name=scope)

    def _as_graph_element(self):
        return self._variable

    def _snapshot_tensor(self):
        return self._snapshot

    def value(self):
        """The tensor with the variable's value: the node `name/read`."""
        return self._snapshot

    def read_value(self):
        """A tensor with the value as of the control dependencies in scope."""
        return raw_ops.Identity(self._variable, name="read")

    def _ref(self):
        """The reference tensor."""
        return self._variable

    def is_initialized(self, name=None):
        """Whether there is a value: a scalar bool tensor."""
        return raw_ops.IsVariableInitialized(self._variable, name=name)

    def set_shape(self, shape):
        """Refines the static shape."""
        self._variable.set_shape(shape)
        self._snapshot.set_shape(shape)

    def assign(self, value, use_locking=False, name=None, read_value=True):
        """Sets the value. Returns the variable's reference, or the operation if not `read_value`."""
        result = raw_ops.Assign(self._variable, value, use_locking=use_locking, name=name)
        return result if read_value else result.op

    def assign_add(self, delta, use_locking=False, name=None, read_value=True):
        """Adds `delta`; see `assign`."""
        result = raw_ops.AssignAdd(self._variable, delta, use_locking=use_locking, name=name)
        return result if read_value else result.op

    def assign_sub(self, delta, use_locking=False, name=None, read_value=True):
        """Subtracts `delta`; see `assign`."""
        result = raw_ops.AssignSub(self._variable, delta, use_locking=use_locking, name=name)
        return result if read_value else result.op

    def _strided_slice_assign(self, begin, end, strides, value, name, **masks):
        return raw_ops.StridedSliceAssign(self._variable, begin, end, strides, value, name=name, **masks)

    @property
    def name(self):
        """Name of the reference tensor."""
        return self._variable.name

    @property
    def device(self):
        """Device that was asked for."""
        return self._variable.device

    @property
    def dtype(self):
        """Reference dtype of the value."""
        return self._variable.dtype

    @property
    def op(self):
        """The operation that declares it."""
        return self._variable.op

    @property
    def graph(self):
        """Graph that holds it."""
        return self._variable.graph

    @property
    def shape(self):
        """Static shape."""
        return self._variable.shape


def _in_place(method, advice):
    operator = method.replace("__i", "__")

    def warn_and_compute(self, other):
        warnings.warn(f"Variable {advice} makes a new tensor and leaves the variable as it is; use "
                      "variable.assign(...) to change it.", UserWarning, stacklevel=2)
        return getattr(self, operator)(other)

    warn_and_compute.__name__ = method
    return warn_and_compute


for _method, _sign in (("__iadd__", "+="), ("__isub__", "-="), ("__imul__", "*="),
                       ("__itruediv__", "/="), ("__ipow__", "**=")):
    setattr(RefVariable, _method, _in_place(_method, _sign))


def _to_tensor(variable, dtype=None, name=None, as_ref=False):
    if dtype is not None and not dtype.is_compatible_with(variable.dtype):
        raise ValueError(f"Incompatible type conversion requested to type '{dtype.name}' for variable of type "
                         f"'{variable.dtype.name}'")
    return variable._ref() if as_ref else variable.value()


register_tensor_conversion_function(RefVariable, _to_tensor)
