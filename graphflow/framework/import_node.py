"""One NodeDef against its op's definition: attributes in memory forms, and the inputs' number and dtypes.

`importer` adds the nodes. Holds no state.
"""

from graphflow.framework import attr_value
from graphflow.framework.node_def import attr_from_proto

# Attributes that TensorFlow 2 added to op types of TensorFlow 1 and that change no result.
_WITHOUT_MEANING = {
    ("VarHandleOp", "debug_name"),
    ("AssignVariableOp", "validate_shape"),
    *((op, f"grad_{i}") for op in ("MatMul", "BatchMatMul", "BatchMatMulV2") for i in "abxy"),
}


def attributes(node, op_def, producer_op):
    """(declared attributes complete with defaults, other attributes), in memory forms.

    Attributes that have their default in `producer_op`, the writer's OpDef or None, may be unknown here.
    """
    attrs, extra = {}, {}
    for name, message in node.attr.items():
        attr = op_def.attrs.get(name)
        if attr is not None:
            if message.WhichOneof("value") is None and attr.has_default:
                continue
            try:
                attrs[name] = attr_value.checked(
                    op_def, attr, attr_from_proto(message, attr.kind)
                )
            except (TypeError, ValueError) as error:
                raise ValueError(f"Node '{node.name}': {error}") from None
        elif name.startswith("_"):
            extra[name] = attr_from_proto(message)
        elif (node.op, name) not in _WITHOUT_MEANING and not _is_default(
            producer_op, name, message
        ):
            raise ValueError(
                f"NodeDef mentions attr '{name}' not in {_signature(op_def)}; NodeDef: "
                f"{_summary(node)}. "
                "(Check whether your GraphDef-interpreting binary is up to date with your "
                "GraphDef-generating binary.)."
            )
    for name, attr in op_def.attrs.items():
        if name not in attrs:
            if not attr.has_default:
                raise ValueError(
                    f"NodeDef missing attr '{name}' from {_signature(op_def)}; NodeDef: "
                    f"{_summary(node)}"
                )
            attrs[name] = attr.default
    return attrs, extra


def _is_default(producer_op, name, message):
    for attr in getattr(producer_op, "attr", ()):
        if attr.name == name:
            return attr.HasField("default_value") and attr.default_value == message
    return False


def check_inputs(node, op_def, attrs, inputs):
    """Number and dtypes of the inputs against the op's definition; ValueError naming both."""
    expected = input_dtypes(op_def, attrs)
    if len(expected) != len(inputs):
        names = ", ".join(dtype.name for dtype in expected)
        raise ValueError(
            f"NodeDef expected inputs '{names}' do not match {len(inputs)} inputs specified; "
            f"{_signature(op_def)}; NodeDef: {_summary(node)}"
        )
    for i, (dtype, tensor) in enumerate(zip(expected, inputs)):
        found = tensor.dtype
        if found is not dtype and (dtype._is_ref_dtype or found.base_dtype is not dtype):
            raise ValueError(
                f"Input {i} of node {node.name} was passed {found.name} from {tensor.name} "
                f"incompatible with expected {dtype.name}."
            )


def input_dtypes(op_def, attrs):
    """DTypes of all inputs of a node with these attributes, lists flattened; ref where declared."""
    result = []
    for arg in op_def.inputs:
        if arg.type_list_attr is not None:
            result.extend(attrs[arg.type_list_attr])
            continue
        dtype = arg.type if arg.type is not None else attrs[arg.type_attr]
        dtype = dtype._as_ref if arg.is_ref else dtype
        result.extend([dtype] * (attrs[arg.number_attr] if arg.number_attr else 1))
    return result


def output_length(arg, node):
    """How many tensors the declared output `arg` of a NodeDef stands for."""
    if arg.number_attr:
        return node.attr[arg.number_attr].i
    if arg.type_list_attr:
        key = arg.type_list_attr
        if key not in node.attr and node.op in ("While", "StatelessWhile"):
            key = "T"  # which is what TensorFlow calls both
        return len(node.attr[key].list.type)
    return 1


def _signature(op_def):
    inputs, outputs, attrs = op_def._source
    return f"Op<name={op_def.name}; signature={inputs} -> {outputs}; attr={attrs}>"


def _summary(node):
    return f"{{{{node {node.name}}}}} = {node.op}({', '.join(node.input)})"
