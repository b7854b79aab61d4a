"""Nodes and graphs as protobuf messages: NodeDef, AttrValue, GraphDef.

The inverse, messages to nodes, is `importer.py`; only attribute values go both ways here.
Holds no state. The forms that attributes have in memory are described in `attr_value.py`.
"""

import numpy as np

from graphflow.framework import dtypes
from graphflow.framework.tensor_shape import TensorShape
from graphflow.framework.tensor_util import MakeNdarray, make_tensor_proto

# Operations with bodies: see `func_graph.py`.
WITH_BODIES = frozenset(("If", "Case", "IfGrad", "While", "WhileGrad"))
# TensorFlow 1.15's TF_GRAPH_DEF_VERSION.
PRODUCER = 134
LOWEST_PRODUCER = "lowest_producer"  # Graph.attachments key: the oldest producer that was imported


def shape_proto(shape):
    """A shape (tuple or None) as a TensorShapeProto."""
    return TensorShape.from_tuple(shape).as_proto()


def attr_for_user(kind, value):
    """What `get_attr` gives for kinds whose public form is a message: shapes and tensors."""
    if kind == "shape":
        return shape_proto(value)
    if kind == "list(shape)":
        return [shape_proto(shape) for shape in value]
    return make_tensor_proto(value)


def _shape_from_proto(proto):
    if proto.unknown_rank:
        return None
    return tuple(None if dim.size < 0 else dim.size for dim in proto.dim)


def tensor_from_proto(proto):
    """The value of a TensorProto as an array that nobody writes to."""
    array = MakeNdarray(proto)
    array.flags.writeable = False
    return array


_FROM_FIELD = {
    "type": dtypes.as_dtype,
    "shape": _shape_from_proto,
    "tensor": tensor_from_proto,
}


def attr_from_proto(value, kind=None):
    """An AttrValue message in its in-memory form.

    `kind` is the declared kind; it matters for an empty list, and for a list of another kind.
    Raises ValueError for a placeholder (the attribute of a function's body).
    """
    field = value.WhichOneof("value")
    if field is None:
        return [] if kind is not None and kind.startswith("list(") else None
    if field == "placeholder":
        raise ValueError(f"Attribute is a placeholder of a function body: {value.placeholder!r}")
    if field != "list":
        convert = _FROM_FIELD.get(field)
        found = getattr(value, field)
        return convert(found) if convert else found
    for field, items in value.list.ListFields():
        convert = _FROM_FIELD.get(field.name)
        return [convert(item) for item in items] if convert else list(items)
    return []


def _kind_of(value):
    """The kind of an attribute that no op definition declares (`_gradient_op_type`)."""
    if isinstance(value, bool):
        return "bool"
    if isinstance(value, int):
        return "int"
    if isinstance(value, float):
        return "float"
    if isinstance(value, (bytes, str)):
        return "string"
    if isinstance(value, dtypes.DType):
        return "type"
    if value is None or isinstance(value, (tuple, TensorShape)):
        return "shape"
    if isinstance(value, np.ndarray):
        return "tensor"
    if isinstance(value, list):
        return f"list({_kind_of(value[0]) if value else 'int'})"
    return "func"


def _function_proto(value):
    """A NameAttrList for whatever names a function: a message, a name, or an object with one."""
    from graphflow import protobuf

    if hasattr(value, "SerializeToString"):
        return value
    name = value if isinstance(value, (str, bytes)) else value.name
    return protobuf.NameAttrList(name=name.decode() if isinstance(name, bytes) else name)


# kind -> (field of AttrValue, conversion to what the field takes)
_TO_FIELD = {
    "int": ("i", int),
    "float": ("f", float),
    "bool": ("b", bool),
    "string": ("s", lambda value: value.encode() if isinstance(value, str) else value),
    "type": ("type", lambda value: value.as_datatype_enum),
    "shape": (
        "shape",
        lambda value: value.as_proto() if isinstance(value, TensorShape) else shape_proto(value),
    ),
    "tensor": ("tensor", make_tensor_proto),
    "func": ("func", _function_proto),
}
_MESSAGE_FIELDS = {"shape", "tensor", "func"}


def set_attr_value(message, value, kind=None):
    """Fills an AttrValue message with an in-memory value of the given kind."""
    kind = kind or _kind_of(value)
    if kind.startswith("list("):
        field, convert = _TO_FIELD[kind[5:-1]]
        message.list.SetInParent()
        getattr(message.list, field).extend(convert(item) for item in value)
        return
    field, convert = _TO_FIELD[kind]
    if field in _MESSAGE_FIELDS:
        target = getattr(message, field)
        target.SetInParent()
        target.CopyFrom(convert(value))
    else:
        setattr(message, field, convert(value))


def to_node_def(op):
    """The NodeDef of an operation, with all its attributes."""
    from graphflow import protobuf

    node = protobuf.NodeDef()
    _fill_node(node, op, _tensor_name)
    return node


def _tensor_name(tensor):
    """How a node of a GraphDef names an input."""
    index = tensor.value_index
    if tensor.op.type in WITH_BODIES:
        from graphflow.framework.function_def import exported_index

        index = exported_index(tensor)
    return f"{tensor.op.name}:{index}" if index else tensor.op.name


def _fill_node(node, op, name_of):
    node.name = op.name
    node.op = op.type
    node.device = op.device
    node.input.extend(map(name_of, op.inputs))
    node.input.extend(sorted(f"^{control.name}" for control in op.control_inputs))
    if op.type in WITH_BODIES:
        from graphflow.framework import function_def

        node.op = function_def.exported_type(op)
        for name, value, kind in function_def.exported_attrs(op):
            set_attr_value(node.attr[name], value, kind)
    else:
        declared = op.op_def.attrs
        for name, value in op.attrs.items():
            set_attr_value(node.attr[name], value, declared[name].kind if name in declared else None)
    for name, value in (op._extra or {}).items():
        set_attr_value(node.attr[name], value)
    if op._colocation:
        names = [b"loc:@" + name.encode() for name in op._colocation]
        set_attr_value(node.attr["_class"], names, "list(string)")


def to_graph_def(graph, from_version=None, add_shapes=False):
    """The GraphDef of a graph.

    Args:
      from_version: only operations created after the graph had this `version`.
      add_shapes: adds the static shapes of outputs as `_output_shapes` attributes.
    """
    from graphflow import protobuf

    message = protobuf.GraphDef()
    message.versions.producer = graph.attachments.get(LOWEST_PRODUCER, PRODUCER)
    operations = graph.get_operations()[from_version or 0 :]
    if any(op.type in WITH_BODIES for op in operations):
        from graphflow.framework.function_def import add_functions

        add_functions(message, operations, _fill_node)
    for op in operations:
        node = message.node.add()
        _fill_node(node, op, _tensor_name)
        if add_shapes and op.outputs:
            shapes = [tensor._shape for tensor in op.outputs if op.type not in WITH_BODIES]
            set_attr_value(node.attr["_output_shapes"], shapes, "list(shape)")
    return message
