"""`tf.graph_util`: cutting, freezing and cleaning GraphDefs. Holds no state."""

from graphflow.framework.api import tf_export
from graphflow.framework.operation import Operation
from graphflow.framework.tensor_util import make_tensor_proto

_VARIABLE_OPS = {
    "Assign",
    "AssignAdd",
    "AssignSub",
    "Queue",
    "ScatterAdd",
    "ScatterSub",
    "ScatterUpdate",
    "TruncatedNormal",
    "Variable",
    "VariableV2",
}
_HANDLE_PASSED_BY = {"Switch", "Enter", "Exit", "Identity", "Merge", "NextIteration"}


def node_name(text):
    return text[1:] if text.startswith("^") else text.split(":")[0]


def check_graph_def(graph_def):
    from graphflow import protobuf

    if not isinstance(graph_def, protobuf.GraphDef):
        raise TypeError("graph_def must be a graph_pb2.GraphDef proto.")


@tf_export("graph_util.extract_sub_graph")
def extract_sub_graph(graph_def, dest_nodes):
    """The GraphDef of the nodes that `dest_nodes` (a list of names) depend on, in their order.

    Raises TypeError for arguments of wrong types, AssertionError for a name that is not there.
    """
    check_graph_def(graph_def)
    if isinstance(dest_nodes, str):
        raise TypeError("dest_nodes must be a list.")
    inputs = {}
    for node in graph_def.node:
        names = [node_name(text) for text in node.input]
        if "_class" in node.attr:
            groups = [item.decode() for item in node.attr["_class"].list.s]
            names += [group[5:] for group in groups if group.startswith("loc:@")]
        inputs[node.name] = names
    for name in dest_nodes:
        if name not in inputs:
            raise AssertionError(f"{name} is not in graph")
    kept, stack = set(), list(dest_nodes)
    while stack:
        name = stack.pop()
        if name not in kept:
            kept.add(name)
            stack.extend(inputs.get(name, ()))
    result = type(graph_def)()
    result.node.extend(node for node in graph_def.node if node.name in kept)
    result.library.CopyFrom(graph_def.library)
    result.versions.CopyFrom(graph_def.versions)
    return result


@tf_export("graph_util.tensor_shape_from_node_def_name")
def tensor_shape_from_node_def_name(graph, input_name):
    """The static shape of the tensor that a NodeDef's input ("a" or "a:1") names in `graph`."""
    return graph.get_tensor_by_name(
        input_name if ":" in input_name else input_name + ":0"
    ).get_shape()


@tf_export("graph_util.must_run_on_cpu")
def must_run_on_cpu(node, pin_variables_on_cpu=False):
    """Whether an Operation or NodeDef must run on the CPU, as TensorFlow 1.15 decides it."""
    node = node.node_def if isinstance(node, Operation) else node
    if pin_variables_on_cpu and node.op in _VARIABLE_OPS:
        return True
    from graphflow import protobuf

    kind = {
        "Const": "dtype",
        "DynamicStitch": "T",
        "ParallelDynamicStitch": "T",
        "Cast": "SrcT",
    }.get(node.op)
    on_cpu = {protobuf.DT_INT32, protobuf.DT_STRING} if node.op == "Const" else {protobuf.DT_INT32}
    return kind is not None and node.attr[kind].type in on_cpu


def _const(name, dtype, value):
    from graphflow import protobuf

    node = protobuf.NodeDef(name=name, op="Const")
    node.attr["dtype"].CopyFrom(dtype)
    node.attr["value"].tensor.CopyFrom(make_tensor_proto(value, dtype=dtype.type))
    return node


@tf_export("graph_util.convert_variables_to_constants")
def convert_variables_to_constants(
    sess,
    input_graph_def,
    output_node_names,
    variable_names_whitelist=None,
    variable_names_blacklist=None,
):
    """A GraphDef in which variables are replaced by constants of their values: a frozen graph.

    Args:
      sess: session that holds the variables. input_graph_def: GraphDef of the network.
      output_node_names: names of the nodes to keep, with what they depend on.
      variable_names_whitelist, variable_names_blacklist: which variables to convert (default: all).
    Raises ValueError for a variable read whose variable cannot be found.
    """
    graph_def = extract_sub_graph(input_graph_def, output_node_names)
    nodes = {node.name: node for node in graph_def.node}
    reads = {}
    for node in graph_def.node:
        chosen = variable_names_whitelist is None or node.name in variable_names_whitelist
        if variable_names_blacklist is not None and node.name in variable_names_blacklist:
            chosen = False
        if chosen and node.op in ("Variable", "VariableV2"):
            reads[node.name] = node.name + ":0"
        elif chosen and node.op == "VarHandleOp":
            reads[node.name] = node.name + "/Read/ReadVariableOp:0"
    handles = _handle_types(graph_def, nodes)
    values = dict(zip(reads, sess.run(list(reads.values())))) if reads else {}
    result = type(graph_def)()
    for node in graph_def.node:
        if node.name in values:
            result.node.append(_const(node.name, node.attr["dtype"], values[node.name]))
        else:
            result.node.extend(_without_handles(node, handles))
    result.library.CopyFrom(graph_def.library)
    return result


def _handle_types(graph_def, nodes):
    """{name: AttrValue of the dtype} of the nodes between a variable's handle and its reads."""
    types = {}
    for node in graph_def.node:
        if node.op not in ("ReadVariableOp", "ResourceGather"):
            continue
        stack = [node_name(node.input[0])]
        while stack:
            source = nodes[stack.pop()]
            if source.op in _HANDLE_PASSED_BY and source.name not in types:
                types[source.name] = node.attr["dtype"]
                count = 2 if source.op == "Merge" else 1
                stack.extend(node_name(text) for text in source.input[:count])
            elif source.op not in _HANDLE_PASSED_BY and source.op != "VarHandleOp":
                raise ValueError("Cannot find the variable that is an input to the ReadVariableOp.")
    return types


def _without_handles(node, handles):
    """The node (or nodes) that does to a constant what `node` did to a variable's handle."""
    copy = type(node)()
    copy.CopyFrom(node)
    if node.name in handles:
        copy.attr.pop("_output_shapes", None)
        copy.attr["T"].CopyFrom(handles[node.name])
        return [copy]
    if node.op == "ReadVariableOp":
        attrs = {"T": node.attr["dtype"]}
        copy = type(node)(name=node.name, op="Identity", input=node.input[:1])
    elif node.op == "ResourceGather":
        if node.attr["batch_dims"].i != 0:
            raise ValueError("batch_dims != 0 is not supported by freeze_graph.")
        axis = _const(node.name + "/axis", node.attr["Tindices"], 0)
        copy = type(node)(name=node.name, op="GatherV2", input=[*node.input[:2], axis.name])
        attrs = {
            "Tparams": node.attr["dtype"],
            "Tindices": node.attr["Tindices"],
            "Taxis": node.attr["Tindices"],
        }
    else:
        return [copy]
    for name, value in attrs.items():
        copy.attr[name].CopyFrom(value)
    if "_class" in node.attr:
        copy.attr["_class"].CopyFrom(node.attr["_class"])
    return [copy] if node.op == "ReadVariableOp" else [axis, copy]


@tf_export("graph_util.remove_training_nodes")
def remove_training_nodes(input_graph, protected_nodes=None):
    """A GraphDef without CheckNumerics, and without Identity nodes that no control edge touches.

    Nodes named in `protected_nodes` stay.
    """
    protected = set(protected_nodes or ())
    removed = {
        n.name for n in input_graph.node if n.op == "CheckNumerics" and n.name not in protected
    }
    nodes = [
        _with_inputs(node, [text for text in node.input if text.lstrip("^") not in removed])
        for node in input_graph.node
        if node.name not in removed
    ]
    waited_for = {text[1:] for node in nodes for text in node.input if text.startswith("^")}
    spliced = {
        node.name: node.input[0]
        for node in nodes
        if node.op == "Identity"
        and node.name not in protected
        and node.name not in waited_for
        and not any(text.startswith("^") for text in node.input)
    }
    result = type(input_graph)()
    for node in nodes:
        if node.name not in spliced:
            inputs = []
            for text in node.input:
                while text.lstrip("^") in spliced:
                    text = spliced[text.lstrip("^")]
                inputs.append(text)
            result.node.append(_with_inputs(node, inputs))
    return result


def _with_inputs(node, inputs):
    copy = type(node)()
    copy.CopyFrom(node)
    del copy.input[:]
    copy.input.extend(inputs)
    return copy
