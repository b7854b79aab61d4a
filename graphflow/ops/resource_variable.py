"""Resource variables: a handle instead of a reference, read by `ReadVariableOp` where written.

State: whether `tf.Variable` makes them by default (`tf.enable_resource_variables`).
"""

import contextlib

from graphflow.framework import dtypes, raw_ops, scopes
from graphflow.framework.api import tf_export
from graphflow.framework.convert import (
    convert_to_tensor,
    register_tensor_conversion_function,
)
from graphflow.framework.func_graph import init_scope
from graphflow.framework.graph_scopes import (
    colocate_with,
    control_dependencies,
    device,
    name_scope,
)
from graphflow.framework.tensor_shape import TensorShape, as_shape
from graphflow.ops import variable_properties
from graphflow.ops.initial_value import guarded, refuse_inner
from graphflow.ops.variables import Colocation, Variable, checked_collections

_default = {"use_resource": False}


@tf_export("enable_resource_variables")
def enable_resource_variables():
    """Makes resource variables the default kind."""
    _default["use_resource"] = True


@tf_export("disable_resource_variables")
def disable_resource_variables():
    """Makes reference variables the default kind, as they are at first."""
    _default["use_resource"] = False


@tf_export("resource_variables_enabled")
def resource_variables_enabled():
    """Whether resource variables are the default kind."""
    return _default["use_resource"]


class BaseResourceVariable(Variable):
    """What resource variables and what their updates return have in common.

    State: `_handle`, `_shape`, `_dtype`, `_graph_element` (a read), `_cached_value` (or None).
    """

    @property
    def handle(self):
        """The tensor that names the variable."""
        return self._handle

    @property
    def dtype(self):
        """DType of the value (never a ref)."""
        return self._dtype

    @property
    def shape(self):
        """Static shape."""
        return self._shape

    @property
    def name(self):
        """Name of the handle tensor."""
        return self._handle.name

    @property
    def device(self):
        """Device that was asked for."""
        return self._handle.device

    @property
    def graph(self):
        """Graph that holds it."""
        return self._handle.graph

    @property
    def op(self):
        """The operation that makes the handle."""
        return self._handle.op

    @property
    def create(self):
        """The operation that assigns the initial value."""
        return self._initializer_op

    def _as_graph_element(self):
        return self._graph_element

    def _snapshot_tensor(self):
        return self._graph_element if self._cached_value is None else self._cached_value

    def to_proto(self, export_scope=None):
        """The VariableDef that describes it, or None if it is not below `export_scope`."""
        result = super().to_proto(export_scope)
        if result is not None:
            result.is_resource = True
        return result

    # ---- reading

    def _read_variable_op(self):
        return raw_ops.ReadVariableOp(self._handle, dtype=self._dtype)

    def value(self):
        """A tensor that reads the variable."""
        if self._cached_value is not None:
            return self._cached_value
        with colocate_with(None, ignore_existing=True), device(self._handle.device):
            return self._read_variable_op()

    def read_value(self):
        """A tensor that reads the variable, under the control dependencies in scope."""
        with name_scope("Read"), device(self._handle.device):
            value = self._read_variable_op()
        return raw_ops.Identity(value)

    def sparse_read(self, indices, name=None):
        """Rows `indices` of the variable."""
        with name_scope("Gather" if name is None else name) as scope:
            value = raw_ops.ResourceGather(self._handle, indices, dtype=self._dtype, name=scope)
        return raw_ops.Identity(value)

    def gather_nd(self, indices, name=None):
        """Slices of the variable at index vectors `indices`."""
        with name_scope("GatherNd" if name is None else name) as scope:
            value = raw_ops.ResourceGatherNd(self._handle, indices, dtype=self._dtype, name=scope)
        return raw_ops.Identity(value)

    def is_initialized(self, name=None):
        """Whether there is a value: a scalar bool tensor."""
        return raw_ops.VarIsInitializedOp(self._handle, name=name)

    def set_shape(self, shape):
        """Not possible for this kind: raises NotImplementedError."""
        raise NotImplementedError("ResourceVariable does not implement set_shape()")

    def numpy(self):
        """Not possible in a graph: raises NotImplementedError."""
        raise NotImplementedError("numpy() is only available when eager execution is enabled.")

    def _to_tensor(self, dtype=None, name=None, as_ref=False):
        if dtype is not None and not dtype.is_compatible_with(self.dtype):
            raise ValueError(f"Incompatible type conversion requested to type {dtype.name!r} for variable of "
                             f"type {self.dtype.name!r}")
        return self.read_value().op.inputs[0] if as_ref else self.value()

    # ---- writing

    def _lazy_read(self, op):
        """What an update returns: the variable as it is after `op`."""
        return UnreadVariable(self._handle, self._dtype, self._shape, op)

    @contextlib.contextmanager
    def _after_cached_read(self):
        with control_dependencies([] if self._cached_value is None else [self._cached_value]):
            yield

    def assign(self, value, use_locking=None, name=None, read_value=True):
        """Sets the value. Returns the updated variable, or the operation if not `read_value`."""
        value = convert_to_tensor(value, dtype=self.dtype)
        self._shape.assert_is_compatible_with(value.shape)
        op = raw_ops.AssignVariableOp(self._handle, value, name=name)
        return self._lazy_read(op) if read_value else op

    def assign_add(self, delta, use_locking=None, name=None, read_value=True):
        """Adds `delta`; see `assign`."""
        with self._after_cached_read():
            op = raw_ops.AssignAddVariableOp(self._handle, convert_to_tensor(delta, dtype=self.dtype), name=name)
        return self._lazy_read(op) if read_value else op

    def assign_sub(self, delta, use_locking=None, name=None, read_value=True):
        """Subtracts `delta`; see `assign`."""
        with self._after_cached_read():
            op = raw_ops.AssignSubVariableOp(self._handle, convert_to_tensor(delta, dtype=self.dtype), name=name)
        return self._lazy_read(op) if read_value else op

    def _strided_slice_assign(self, begin, end, strides, value, name, **masks):
        value = convert_to_tensor(value, dtype=self.dtype)
        with self._after_cached_read():
            return self._lazy_read(raw_ops.ResourceStridedSliceAssign(
                self._handle, begin, end, strides, value, name=name, **masks))


def _no_in_place(method, sign, advice):
    def refuse(self, other):
        raise RuntimeError(f"Variable {sign} value not supported. Use {advice} to modify the variable or "
                           f"variable = variable {sign[:-1]} value to get a new Tensor object.")

    refuse.__name__ = method
    return refuse


for _method, _sign, _advice in (
    ("__iadd__", "+=", "variable.assign_add(value)"), ("__isub__", "-=", "variable.assign_sub(value)"),
    ("__imul__", "*=", "`var.assign(var * value)`"), ("__itruediv__", "/=", "`var.assign(var / value)`"),
    ("__ipow__", "**=", "`var.assign(var ** value)`"),
):
    setattr(BaseResourceVariable, _method, _no_in_place(_method, _sign, _advice))


class ResourceVariable(BaseResourceVariable):
    """A variable behind a handle; made by `tf.Variable(..., use_resource=True)`.

    Each use reads the variable anew, so reads and writes are ordered by control dependencies.
    Arguments are those of `tf.Variable`.
    """

    def __init__(self, initial_value=None, trainable=None, collections=None, validate_shape=True,
                 caching_device=None, name=None, dtype=None, variable_def=None, import_scope=None,
                 constraint=None, synchronization=None, aggregation=None, shape=None):
        if variable_def is not None:
            if initial_value is not None:
                raise ValueError("variable_def and initial_value are mutually exclusive.")
            self._init_from_proto(variable_def, import_scope)
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
            self._add_nodes(scope, initial_value, dtype, shape)
            scopes.get_default_graph().add_to_collections(collections, self)

    def _add_nodes(self, scope, initial_value, dtype, shape):
        """Initial value, handle, test, assignment and read, in TensorFlow's order."""
        graph = scopes.get_default_graph()
        colocation = graph._scopes.colocation or (Colocation(scope[:-1]),)
        with graph._replaced("colocation", colocation):
            with name_scope("Initializer"), device(None):
                value = convert_to_tensor(initial_value() if callable(initial_value) else initial_value,
                                          dtype, "initial_value")
            self._initial_value = value
            self._dtype = value.dtype.base_dtype
            self._shape = self._checked_shape(value, shape)
            self._handle = raw_ops.VarHandleOp(
                shape=self._shape.as_tuple(), dtype=self._dtype, shared_name=scope[:-1], name=scope)
        with name_scope("IsInitialized"):
            self._is_initialized_op = raw_ops.VarIsInitializedOp(self._handle)
        with name_scope("Assign") as assign_name, colocate_with(None, ignore_existing=True), \
                device(self._handle.device):
            self._initializer_op = raw_ops.AssignVariableOp(
                self._handle, guarded(scope, value), name=assign_name)
        with name_scope("Read"):
            with device(self._handle.device):
                self._graph_element = self._read_variable_op()
            self._cached_value = None
            if self._caching_device is not None:
                with colocate_with(None, ignore_existing=True), device(self._caching_device):
                    self._cached_value = raw_ops.Identity(self._graph_element)

    @staticmethod
    def _checked_shape(value, shape):
        if shape is None:
            return value.shape
        shape = as_shape(shape)
        if not value.shape.is_compatible_with(shape):
            raise ValueError(f"The initial value's shape ({value.shape}) is not compatible with the explicitly "
                             f"supplied `shape` argument ({shape}).")
        return shape

    def _init_from_proto(self, variable_def, import_scope):
        if not variable_def.is_resource:
            raise ValueError("Trying to restore Variable as ResourceVariable.")
        element = self._read_proto(variable_def, import_scope)
        self._handle = element(variable_def.variable_name)
        self._shape = TensorShape.from_tuple(self._handle.op.attrs["shape"])
        self._dtype = dtypes.as_dtype(self._handle.op.attrs["dtype"])
        snapshot = element(variable_def.snapshot_name)
        if snapshot is None:
            snapshot = self._handle.graph.get_tensor_by_name(self._handle.op.name + "/Read/ReadVariableOp:0")
        self._cached_value = None if snapshot.op.type == "ReadVariableOp" else snapshot
        while snapshot.op.type != "ReadVariableOp":
            snapshot = snapshot.op.inputs[0]
        self._graph_element = snapshot


class UnreadVariable(BaseResourceVariable):
    """A resource variable right after one of its updates: reading it waits for the update."""

    def __init__(self, handle, dtype, shape, parent_op):
        self._handle = handle
        self._dtype = dtype
        self._shape = shape
        self._parent_op = parent_op
        self._cached_value = None
        self._graph_element = self._read_variable_op()
        self._synchronization, self._aggregation, self._trainable = (
            variable_properties.checked_properties(None, None, None, handle.name))
        self._initial_value = self._initializer_op = None
        self._constraint = self._save_slice_info = self._caching_device = None

    @property
    def name(self):
        """Name of the updating operation."""
        return self._parent_op.name

    @property
    def op(self):
        """The updating operation."""
        return self._parent_op

    def _read_variable_op(self):
        with control_dependencies([self._parent_op]):
            return raw_ops.ReadVariableOp(self._handle, dtype=self._dtype)

    def value(self):
        """A tensor that reads the variable after the update."""
        return self._read_variable_op()

    def read_value(self):
        """A tensor that reads the variable after the update."""
        return self._read_variable_op()


register_tensor_conversion_function(BaseResourceVariable, BaseResourceVariable._to_tensor)


def is_resource_variable(value):
    """Whether `value` is a resource variable."""
    return isinstance(value, BaseResourceVariable)
