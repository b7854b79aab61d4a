"""What a Saver saves: variables, whole or in slices, and objects of the user. Holds no state."""

from graphflow.framework import public
from graphflow.framework.convert import convert_to_tensor
from graphflow.framework.graph import GraphKeys, get_collection
from graphflow.framework.graph_scopes import device as on_device
from graphflow.framework.saveable_object import SaveableObject, SaveSpec
from graphflow.framework.tensor import Tensor
from graphflow.ops import state
from graphflow.ops.mutable_tables import MutableTable
from graphflow.ops.partitioned_variable import PartitionedVariable
from graphflow.ops.resource_variable import BaseResourceVariable
from graphflow.ops.variables import Variable

_REFERENCES = ("Variable", "VariableV2")
_VARIABLE_OPS = (*_REFERENCES, "VarHandleOp", "ReadVariableOp", "ResourceGather")


class ReferenceVariableSaveable(SaveableObject):
    """A ref variable (its tensor), or a slice of a partitioned one."""

    def __init__(self, var, slice_spec, name):
        super().__init__(var, [SaveSpec(var, slice_spec, name, dtype=var.dtype)], name)

    def restore(self, restored_tensors, restored_shapes):
        """Assigns; the shape must be the variable's if that is known and no reshaping was asked for."""
        value = restored_tensors[0]
        if restored_shapes is not None:
            value = public.reshape(value, restored_shapes[0])
        validate = restored_shapes is None and self.op.get_shape().is_fully_defined()
        return state.assign(self.op, value, validate_shape=validate)


class ResourceVariableSaveable(SaveableObject):
    """A resource variable, or a tensor read from one."""

    def __init__(self, var, slice_spec, name):
        self._device, self._shape = var.device, var.shape
        if isinstance(var, Tensor):
            self.handle_op, tensor = var.op.inputs[0], var
        elif isinstance(var, BaseResourceVariable):
            self.handle_op, tensor = var.handle, self._reader(var)
        else:
            raise ValueError(f"Saveable is neither a resource variable nor a read operation. Got: {var!r}")
        super().__init__(var, [SaveSpec(tensor, slice_spec, name, dtype=var.dtype, device=var.device)], name)

    @staticmethod
    def _reader(variable):
        def read():
            with on_device(variable.device):
                value = variable.read_value()
                with on_device("/device:CPU:0"):
                    return public.identity(value)

        return read

    def restore(self, restored_tensors, restored_shapes):
        """Assigns through the handle."""
        from graphflow.framework import raw_ops

        value = restored_tensors[0]
        if restored_shapes is not None:
            value = public.reshape(value, restored_shapes[0])
        with on_device(self._device):
            value = public.identity(value)
            self._shape.assert_is_compatible_with(value.shape)
            return raw_ops.AssignVariableOp(self.handle_op, value)


def all_saveable_objects(scope=None):
    """What a Saver without `var_list` saves: global variables and SAVEABLE_OBJECTS."""
    return get_collection(GraphKeys.GLOBAL_VARIABLES, scope) + get_collection(GraphKeys.SAVEABLE_OBJECTS, scope)


def _slices_of(variables, name):
    """The saveables of the parts of one partitioned variable."""
    full_name = None
    for variable in variables:
        if not isinstance(variable, Variable):
            raise ValueError(f"Slices must all be Variables: {variable}")
        info = variable._save_slice_info
        if not info:
            raise ValueError(f"Slices must all be slices: {variable}")
        if full_name not in (None, info.full_name):
            raise ValueError(f"Slices must all be from the same tensor: {full_name} != {info.full_name}")
        full_name = info.full_name
        kind = ReferenceVariableSaveable if variable.op.type in _REFERENCES else ResourceVariableSaveable
        yield kind(variable, info.spec, name)


def saveable_objects_for_op(op, name):
    """The SaveableObjects that stand for a variable, a list of slices, or a saveable object.

    Raises TypeError if `name` is no string or `op` is nothing that can be saved.
    """
    if not isinstance(name, str):
        raise TypeError(
            "names_to_saveables must be a dict mapping string names to trackable operations. Name "
            "is not a "
            f"string: {name}"
        )
    if isinstance(op, SaveableObject):
        return [op]
    if isinstance(op, MutableTable):
        return op.saveables()
    if isinstance(op, (list, tuple, PartitionedVariable)):
        return list(_slices_of(op, name))
    if isinstance(op, BaseResourceVariable):
        return [ResourceVariableSaveable(op._graph_element, "", name)]
    tensor = _variable_tensor(
        op, "names_to_saveables must be a dict mapping string names to Tensors/Variables. Not a variable:"
    )
    kind = ReferenceVariableSaveable if tensor.op.type in _REFERENCES else ResourceVariableSaveable
    return [kind(tensor, "", name)]


def _variable_tensor(op, complaint):
    tensor = convert_to_tensor(op, as_ref=True)
    if tensor.op.type not in _VARIABLE_OPS:
        raise TypeError(f"{complaint} {tensor}")
    return tensor


def _expanded(op_list):
    """The list, with tables replaced by what a Saver saves of them."""
    for item in op_list:
        if isinstance(item, MutableTable):
            yield from item.saveables()
        else:
            yield item


def op_list_to_dict(op_list, convert_variable_to_tensor=True):
    """{name in checkpoint: what to save} of a list of variables and saveable objects.

    Slices of one variable come together under the whole's name. Raises TypeError for what cannot be
    saved, ValueError for a name used twice.
    """
    if not isinstance(op_list, (list, tuple, set)):
        raise TypeError(f"Variables to save should be passed in a dict or a list: {op_list}")
    result = {}
    for item in sorted(_expanded(op_list), key=lambda item: item.name):
        slice_info = item._save_slice_info if isinstance(item, Variable) else None
        if slice_info:
            slices = result.setdefault(slice_info.full_name, [])
            if not isinstance(slices, list):
                raise ValueError(f"Mixing slices and non-slices with the same name: {slice_info.full_name}")
            slices.append(item)
            continue
        name = item.name
        if not isinstance(item, (SaveableObject, PartitionedVariable)):
            if isinstance(item, BaseResourceVariable):
                tensor = item._graph_element
            else:
                tensor = _variable_tensor(item, "Variable to save is not a Variable:")
            name = tensor.op.inputs[0].op.name if tensor.op.type == "ReadVariableOp" else tensor.op.name
            item = tensor if convert_variable_to_tensor else item
        if name in result:
            raise ValueError(f"At least two variables have the same name: {name}")
        result[name] = item
    return result


def validate_and_slice_inputs(names_to_saveables):
    """The SaveableObjects of a dict {name: variable} or a list of variables, sorted by name.

    Raises TypeError and ValueError as `op_list_to_dict`, and ValueError for a variable given twice.
    """
    if not isinstance(names_to_saveables, dict):
        names_to_saveables = op_list_to_dict(names_to_saveables)
    saveables, seen = [], set()
    for name, op in sorted(names_to_saveables.items(), key=lambda pair: pair[0]):
        for saveable in saveable_objects_for_op(op, name):
            if id(saveable.op) in seen:
                raise ValueError(f"The same saveable will be restored with two names: {saveable.name}")
            seen.add(id(saveable.op))
            saveables.append(saveable)
    return saveables
