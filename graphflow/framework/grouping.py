"""Grouping: operations and tensors that finish together (`tf.group`, `tf.tuple`).

These add NoOp and Identity nodes with control inputs. Holds no state. The gradients need them, so
they stand below the op families; `graphflow/ops/control_flow.py` names them too.
"""

from graphflow.framework import raw_ops, scopes
from graphflow.framework.api import tf_export
from graphflow.framework.convert import convert_to_tensor, convert_to_tensor_or_indexed_slices
from graphflow.framework.graph_scopes import name_scope
from graphflow.framework.operation import Operation
from graphflow.framework.tensor import IndexedSlices, Tensor, TensorLike, is_tensor_like


@tf_export("group")
def group(*inputs, **kwargs):
    """An operation that finishes when all of `inputs` have.

    Args:
      *inputs: operations, tensors, variables, or nested lists of them. name: of the operation.
    Raises TypeError for an input that is not of the graph, ValueError for an unknown keyword.

    Example:
      >>> import graphflow as tf
      >>> tf.group(tf.no_op(), tf.no_op(), name="both").type
      'NoOp'
    """
    name = kwargs.pop("name", None)
    if kwargs:
        raise ValueError("Unknown keyword arguments: " + ", ".join(kwargs))
    flat = _flatten(inputs)
    with name_scope(name, "group_deps", flat) as scope:
        if not inputs:
            return raw_ops.NoOp(name=scope)
        on_device = {}
        for item in flat:
            if not hasattr(item, "device"):
                raise TypeError(
                    f"Expected tf.group() expected Tensor arguments not '{item}' with type "
                    f"'{type(item)}'"
                )
            on_device.setdefault(item.device, []).append(item)
        if len(on_device) == 1:
            ((device, items),) = on_device.items()
            return _after(items, device, scope)
        # One node per device, so that each device is waited for once.
        parts = [_after(on_device[device], device, None) for device in sorted(on_device)]
        return _after(parts, "", scope)


def _after(items, device, name):
    graph = scopes.get_default_graph()
    with graph.control_dependencies(items):
        if not device:
            return raw_ops.NoOp(name=name)
        with graph.device(device):
            return raw_ops.NoOp(name=name)


def _flatten(inputs):
    """Nested lists, tuples and dicts as one list; rows and indices of IndexedSlices apart."""
    flat, stack = [], list(reversed(inputs))
    while stack:
        item = stack.pop()
        if isinstance(item, (list, tuple)):
            stack.extend(reversed(item))
        elif isinstance(item, dict):
            stack.extend(item[key] for key in sorted(item, reverse=True))
        elif isinstance(item, TensorLike):
            parts = (item.values, item.indices, item.dense_shape)
            if not isinstance(item, IndexedSlices):
                parts = (item.indices, item.values, item.dense_shape)
            flat.extend(part for part in parts if part is not None)
        else:
            flat.append(item)
    return flat


def with_dependencies(dependencies, output_tensor, name=None):
    """`output_tensor` (a Tensor or IndexedSlices), given only after `dependencies` have run."""
    graph = scopes.get_default_graph()
    with name_scope(name, "control_dependency", [*dependencies, output_tensor]) as scope:
        with graph.colocate_with(output_tensor), graph.control_dependencies(dependencies):
            output_tensor = convert_to_tensor_or_indexed_slices(output_tensor)
            if isinstance(output_tensor, Tensor):
                return raw_ops.Identity(output_tensor, name=scope)
            values = raw_ops.Identity(output_tensor.values, name=scope)
            return IndexedSlices(values, output_tensor.indices, output_tensor.dense_shape)


@tf_export("tuple")
def tuple_op(tensors, name=None, control_inputs=None):
    """The same `tensors`, each given only after all of them have been computed.

    Args:
      tensors: Tensors, IndexedSlices, operations or None. control_inputs: further operations or
        tensors to wait for.
    Raises ValueError if there is nothing to wait for, TypeError for a wrong control input.
    """
    with name_scope(name, "tuple", tensors):
        tensors = [
            t
            if t is None or isinstance(t, Operation) or is_tensor_like(t)
            else convert_to_tensor(t)
            for t in tensors
        ]
        gates = {getattr(t, "op", t) for t in tensors if t is not None}
        for control in control_inputs or ():
            if not isinstance(control, (Operation, Tensor)):
                raise TypeError(f"Control input must be Operation or Tensor: {control}")
            gates.add(getattr(control, "op", control))
        if not gates:
            raise ValueError(f"Must have at least one Tensor: {tensors}")
        gate = group(*sorted(gates, key=lambda op: op._id))
        return [None if t is None else _gated(t, gate) for t in tensors]


def _gated(item, gate):
    if not isinstance(item, Operation):
        return with_dependencies([gate], item)
    with scopes.get_default_graph().control_dependencies([gate]):
        return group(item)
