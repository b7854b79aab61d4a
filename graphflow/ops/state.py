"""Variables as ops: declaring, reading, assigning, counting; reference and resource kind.

What users handle are the classes of `variables.py` and `resource_variable.py`; updates of parts of
a variable stand in `state_scatter.py`. Values live in the session (`runtime/resources.py`): nothing
is stored here.
"""

from graphflow.framework import dtypes, raw_ops, shapes
from graphflow.framework.api import lookup, tf_export
from graphflow.framework.graph_scopes import name_scope
from graphflow.framework.op_def import NotDifferentiable, RegisterGradient, register_op
from graphflow.framework.tensor import IndexedSlices
from graphflow.framework.tensor_shape import as_shape

# ---------------------------------------------------------------- reference variables

_DECLARATION = "shape: shape; dtype: type; container: string = ''; shared_name: string = ''"

register_op("VariableV2", outputs="ref: Ref(dtype)", attrs=_DECLARATION,
            shape=lambda c: [c.attr("shape")], stateful=True)
NotDifferentiable("VariableV2")


def _old_variable_shape(c):
    # The first kind of variable wrote "shape unknown" as a scalar's shape.
    return [c.attr("shape") or None]


register_op("Variable", outputs="ref: Ref(dtype)", attrs=_DECLARATION, shape=_old_variable_shape,
            stateful=True)
NotDifferentiable("Variable")

register_op("IsVariableInitialized", inputs="ref: Ref(dtype)", outputs="is_initialized: bool",
            attrs="dtype: type", shape=shapes.scalar, writes=(), accepts_uninitialized=True)
NotDifferentiable("IsVariableInitialized")


# TensorFlow branches on IsVariableInitialized here; an op of our own says it without a branch.
register_op("InitializedValue", inputs="ref: Ref(dtype), initial: dtype", outputs="value: dtype",
            attrs="dtype: type", shape=lambda c: [c.shape(1)], writes=(), stateful=True, accepts_uninitialized=True)
register_op("ResourceInitializedValue", inputs="resource: resource, initial: dtype", outputs="value: dtype",
            attrs="dtype: type", shape=lambda c: [c.shape(1)], stateful=True, accepts_uninitialized=True)
NotDifferentiable("InitializedValue")
NotDifferentiable("ResourceInitializedValue")


def initialized_value(variable):
    """The value of `variable` if it has one, else its initial value."""
    if variable.dtype._is_ref_dtype:
        return raw_ops.InitializedValue(variable._ref(), variable.initial_value)
    return raw_ops.ResourceInitializedValue(variable.handle, variable.initial_value)


def _merged(c):
    return [shapes.merge_shapes(c.shape(0), c.shape(1))]


def _assign_shape(c):
    return _merged(c) if c.attr("validate_shape") else [c.shape(1)]


register_op("Assign", inputs="ref: Ref(T), value: T", outputs="output_ref: Ref(T)",
            attrs="T: type; validate_shape: bool = true; use_locking: bool = true",
            shape=_assign_shape, writes=(0,), accepts_uninitialized=True)
NotDifferentiable("Assign")

for _op in ("AssignAdd", "AssignSub"):
    register_op(_op, inputs="ref: Ref(T), value: T", outputs="output_ref: Ref(T)",
                attrs="T: numbertype; use_locking: bool = false", shape=_merged, writes=(0,))
    NotDifferentiable(_op)


def _counter_shape(c):
    return [shapes.with_rank(c.shape(0), 0)]


register_op("CountUpTo", inputs="ref: Ref(T)", outputs="output: T",
            attrs="limit: int; T: {int32, int64}", shape=_counter_shape, writes=(0,))
NotDifferentiable("CountUpTo")


# ---------------------------------------------------------------- resource variables

register_op("VarHandleOp", outputs="resource: resource",
            attrs="container: string = ''; shared_name: string = ''; dtype: type; shape: shape",
            shape=shapes.scalar, stateful=True)
NotDifferentiable("VarHandleOp")


def _read_shape(c):
    dtype, shape = c.handle(0)
    if dtype is not None and dtype is not c.attr("dtype"):
        raise ValueError(f"Trying to read variable with wrong dtype. Expected {dtype.name} "
                         f"got {c.attr('dtype').name}")
    return [shape]


register_op("ReadVariableOp", inputs="resource: resource", outputs="value: dtype",
            attrs="dtype: type", shape=_read_shape, stateful=True)
RegisterGradient("ReadVariableOp")(lambda op, grad: grad)


def _resource_assign_shape(c):
    shapes.merge_shapes(c.handle(0)[1], c.shape(1))
    return []


register_op("AssignVariableOp", inputs="resource: resource, value: dtype", attrs="dtype: type",
            shape=_resource_assign_shape, stateful=True, writes=(0,), accepts_uninitialized=True)
NotDifferentiable("AssignVariableOp")

for _op in ("AssignAddVariableOp", "AssignSubVariableOp"):
    register_op(_op, inputs="resource: resource, value: dtype", attrs="dtype: type",
                shape=_resource_assign_shape, stateful=True, writes=(0,))
    NotDifferentiable(_op)

register_op("VarIsInitializedOp", inputs="resource: resource", outputs="is_initialized: bool",
            shape=shapes.scalar, stateful=True, accepts_uninitialized=True)
NotDifferentiable("VarIsInitializedOp")


def _variable_shape_shape(c):
    shape = c.handle(0)[1]
    return [(None if shape is None else len(shape),)]


register_op("VariableShape", inputs="input: resource", outputs="output: out_type",
            attrs="out_type: {int32, int64} = int32", shape=_variable_shape_shape, stateful=True)
NotDifferentiable("VariableShape")

register_op("ResourceCountUpTo", inputs="resource: resource", outputs="output: T",
            attrs="limit: int; T: {int32, int64}",
            shape=lambda c: [shapes.with_rank(c.handle(0)[1], 0)], stateful=True, writes=(0,))
NotDifferentiable("ResourceCountUpTo")


def _gather_shape(c):
    params, indices, batch = c.handle(0)[1], c.shape(1), c.attr("batch_dims")
    if batch < 0:
        raise ValueError(f"batch_dims is negative ({batch})")
    shapes.with_rank_at_least(params, batch + 1)
    shapes.with_rank_at_least(indices, batch)
    if params is None or indices is None:
        return [None]
    return [params[:batch] + indices[batch:] + params[batch + 1:]]


register_op("ResourceGather", inputs="resource: resource, indices: Tindices",
            outputs="output: dtype",
            attrs="batch_dims: int = 0; validate_indices: bool = true; dtype: type;"
                  "Tindices: {int32, int64}",
            shape=_gather_shape, stateful=True)


@RegisterGradient("ResourceGather")
def _resource_gather_grad(op, grad):
    """Only the gathered rows have a gradient."""
    handle, indices = op.inputs
    params_shape = variable_shape(handle)
    size = raw_ops.ExpandDims(lookup("size")(indices), 0)
    values = raw_ops.Reshape(grad, lookup("concat")([size, params_shape[1:]], 0))
    return IndexedSlices(values, raw_ops.Reshape(indices, size), params_shape), None


def _gather_nd_shape(c):
    params, indices = c.handle(0)[1], shapes.with_rank_at_least(c.shape(1), 1)
    if params is None or indices is None or indices[-1] is None:
        return [None]
    if indices[-1] > len(params):
        raise ValueError(f"indices.shape[-1] must be <= params.rank, but saw indices shape "
                         f"{shapes.format_shape(indices)} and params shape "
                         f"{shapes.format_shape(params)}")
    return [indices[:-1] + params[indices[-1]:]]


register_op("ResourceGatherNd", inputs="resource: resource, indices: Tindices",
            outputs="output: dtype", attrs="dtype: type; Tindices: {int32, int64}",
            shape=_gather_nd_shape, stateful=True)


@RegisterGradient("ResourceGatherNd")
def _resource_gather_nd_grad(op, grad):
    """Rows if one index selects each, else a dense tensor with the gradients scattered in."""
    handle, indices = op.inputs
    params_shape = variable_shape(handle, indices.dtype)
    if indices._shape is not None and len(indices._shape) == 2 and indices._shape[-1] == 1:
        return IndexedSlices(grad, raw_ops.Squeeze(indices, squeeze_dims=[-1]), params_shape), None
    return raw_ops.ScatterNd(indices, grad, params_shape), None


# ---------------------------------------------------------------- wrappers

def variable_op(shape, dtype, name="Variable", container="", shared_name=""):
    """A VariableV2 node: the reference to a variable of `shape` (None: unknown) and `dtype`."""
    return raw_ops.VariableV2(shape=as_shape(shape).as_tuple(), dtype=dtypes.as_dtype(dtype),
                              container=container, shared_name=shared_name, name=name)


def variable_shape(handle, out_type=dtypes.int32):
    """Shape of the variable behind `handle`: a constant if it is known, else a VariableShape."""
    op = handle.op
    shape = op.attrs["shape"] if op.type == "VarHandleOp" else None
    if shapes.is_full(shape):
        return lookup("constant")(list(shape), dtype=out_type)
    return raw_ops.VariableShape(handle, out_type=out_type)


@tf_export("is_variable_initialized")
def is_variable_initialized(variable):
    """Whether a variable has a value: a scalar bool tensor."""
    if variable.dtype._is_ref_dtype:
        return raw_ops.IsVariableInitialized(variable)
    return variable.is_initialized()


@tf_export("assign")
def assign(ref, value, validate_shape=None, use_locking=None, name=None):
    """Sets a variable; the result is the variable with its new value.

    Args:
      ref: a variable or the tensor of one. value: tensor of the variable's dtype and shape.
      validate_shape: False lets `value` have any shape. use_locking: updates are always atomic.
    Raises InvalidArgumentError in a run if the shapes differ.

    Example:
      >>> import graphflow as tf
      >>> v = tf.Variable(1.0, name="v")
      >>> tf.assign(v, 2.0).dtype
      tf.float32_ref
    """
    if ref.dtype._is_ref_dtype:
        return raw_ops.Assign(ref, value, use_locking=use_locking, name=name,
                              validate_shape=validate_shape)
    return ref.assign(value, name=name)


@tf_export("assign_add")
def assign_add(ref, value, use_locking=None, name=None):
    """Adds `value`, of the variable's shape, to a variable; see `tf.assign`."""
    if ref.dtype._is_ref_dtype:
        return raw_ops.AssignAdd(ref, value, use_locking=use_locking, name=name)
    return ref.assign_add(value)


@tf_export("assign_sub")
def assign_sub(ref, value, use_locking=None, name=None):
    """Subtracts `value`, of the variable's shape, from a variable; see `tf.assign`."""
    if ref.dtype._is_ref_dtype:
        return raw_ops.AssignSub(ref, value, use_locking=use_locking, name=name)
    return ref.assign_sub(value)


@tf_export("count_up_to")
def count_up_to(ref, limit, name=None):
    """The value of an integer scalar variable, which then grows by one.

    Raises OutOfRangeError in a run if the value has reached `limit`.
    """
    if ref.dtype._is_ref_dtype:
        return raw_ops.CountUpTo(ref, limit=limit, name=name)
    return raw_ops.ResourceCountUpTo(ref.handle, limit=limit, T=ref.dtype, name=name)


def init_variable(v, init, name="init"):
    """An op that sets variable `v` to `init`, a tensor or an initializer function."""
    with name_scope(None, v.op.name + "/", [v, init]), name_scope(name) as scope:
        graph = v.graph
        with graph.colocate_with(v.op):
            if callable(init):
                if not v.get_shape().is_fully_defined():
                    raise ValueError(f"Variable shape unknown: {v.name}")
                init = init(v.get_shape().as_list(), v.dtype.base_dtype)
            return raw_ops.Assign(v, init, name=scope)
