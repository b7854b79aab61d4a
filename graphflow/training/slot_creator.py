"""Slots: variables that accompany another one, such as its momentum or its moving average.

A slot is called `<variable>/<name>`, made unique, lives on the device of its variable and is saved
with it slice by slice. Holds no state.
"""

from graphflow.framework import scopes
from graphflow.framework.api import lookup
from graphflow.ops.shape_ops import shape as shape_of
from graphflow.ops.variable_scope import get_variable, get_variable_scope, variable_scope
from graphflow.ops.variables import Variable


def create_slot(primary, val, name, colocate_with_primary=True):
    """A slot of `primary` that starts as the tensor `val`.

    Args:
      primary: variable or tensor it belongs to. name: of the slot.
      colocate_with_primary: whether it lives on the device of `primary`.
    """
    return _create(primary, val, name, colocate_with_primary,
                   validate_shape=val.get_shape().is_fully_defined())


def create_slot_with_initializer(primary, initializer, shape, dtype, name,
                                 colocate_with_primary=True):
    """A slot of `primary` with the given TensorShape and dtype, filled by an initializer."""
    return _create(primary, initializer, name, colocate_with_primary, dtype=dtype,
                   shape=shape if callable(initializer) else None,
                   validate_shape=shape.is_fully_defined())


def create_zeros_slot(primary, name, dtype=None, colocate_with_primary=True):
    """A slot of zeros in the shape of `primary`, which need not be known."""
    dtype = (primary.dtype if dtype is None else dtype).base_dtype
    shape = primary.get_shape()
    if shape.is_fully_defined():
        return create_slot_with_initializer(primary, lookup("zeros_initializer")(), shape, dtype,
                                            name, colocate_with_primary)
    value = primary.initialized_value() if isinstance(primary, Variable) else primary
    return create_slot(primary, lookup("zeros")(shape_of(value), dtype=dtype), name,
                       colocate_with_primary)


def _create(primary, initializer, name, colocate, **settings):
    with variable_scope(None, f"{primary.op.name}/{name}"):
        if not colocate:
            return _variable(primary, initializer, settings)
        with scopes.get_default_graph().colocate_with(primary):
            return _variable(primary, initializer, settings)


def _variable(primary, initializer, settings):
    # A slot is cut as its variable is: what would cut variables made here must not cut it again.
    scope = get_variable_scope()
    partitioner = scope.partitioner
    scope.set_partitioner(None)
    use_resource = primary.op.type == "VarHandleOp" if isinstance(primary, Variable) else None
    slot = get_variable("", initializer=initializer, trainable=False, use_resource=use_resource,
                        **settings)
    scope.set_partitioner(partitioner)
    info = primary._save_slice_info if isinstance(primary, Variable) else None
    if info:
        own_name = slot.op.name[len(primary.op.name) + 1:]
        slot._set_save_slice_info(Variable.SaveSliceInfo(
            f"{info.full_name}/{own_name}", info.full_shape[:], info.var_offset[:],
            info.var_shape[:]))
    return slot
