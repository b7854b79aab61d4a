"""Looking at graphs: where they come from, what they are fed, and parts of them as one operation. Holds no state."""

import graphflow as tf
from graphflow import protobuf
from graphflow.framework.api import tf_export
from graphflow.framework.graph_util import check_graph_def, node_name


@tf_export("contrib.framework.get_graph_from_inputs")
def get_graph_from_inputs(op_input_list, graph=None):
    """The graph of all tensors and operations in a list: `graph`, if it is given, else theirs, or the default one.

    Raises TypeError if `graph` is none, ValueError if something belongs to another graph.
    """
    if graph is not None and not isinstance(graph, tf.Graph):
        raise TypeError(f"Input graph needs to be a Graph: {graph}")
    first = None
    for value in op_input_list:
        element = value if isinstance(value, (tf.Operation, tf.Tensor)) else _element_of(value)
        if element is None:
            continue
        if graph is None:
            first, graph = element, element.graph
        elif element.graph is not graph:
            raise ValueError(f"{element} is not from the passed-in graph." if first is None else
                             f"{element} must be from the same graph as {first}.")
    return graph or tf.get_default_graph()


def _element_of(value):
    """The tensor that stands for `value` (a variable, a queue) in its graph, or None."""
    convert = getattr(value, "_as_graph_element", None)
    return convert() if callable(convert) else None


@tf_export("contrib.framework.get_name_scope")
def get_name_scope():
    """The present name scope of the default graph, without a slash at its end."""
    return tf.get_default_graph().get_name_scope()


@tf_export("contrib.framework.get_placeholders")
def get_placeholders(graph):
    """List of the tensors of all placeholders; TypeError if `graph` is none."""
    if not isinstance(graph, tf.Graph):
        raise TypeError(f"Input graph needs to be a Graph: {graph}")
    return [op.outputs[0] for op in graph.get_operations() if op.type == "Placeholder"]


@tf_export("contrib.framework.fuse_op")
def fuse_op(graph_def, input_nodes, output_nodes, output_dtypes, output_quantized, op_name, op_type):
    """A GraphDef in which one node stands for all nodes between some others.

    Args:
      graph_def: GraphDef. input_nodes, output_nodes: lists of names; both stay, but that the latter read the new node.
      output_dtypes: enum values of its outputs' dtypes, which go into its attribute `_output_types`.
      output_quantized: bool, for its attribute `_output_quantized`. op_name, op_type: of the new node.
    Raises TypeError if a node between them reads another one before, AssertionError for a name that is not there,
    ValueError if an output node hasn't one input.
    """
    check_graph_def(graph_def)
    for name, names in (("input_nodes", input_nodes), ("output_nodes", output_nodes)):
        if isinstance(names, str):
            raise TypeError(f"{name} must be a list.")
    nodes = {node_name(node.name): node for node in graph_def.node}
    for name in (*input_nodes, *output_nodes):
        if name not in nodes:
            raise AssertionError(f"{name} is not in graph")
    before, up_to_outputs = _reached(nodes, input_nodes), _reached(nodes, output_nodes)
    between = up_to_outputs - before - set(output_nodes)
    _check_closed(nodes, between, before - set(input_nodes))
    result = protobuf.GraphDef()
    result.node.extend(node for name, node in nodes.items() if name in before)
    fused = result.node.add(name=op_name, op=op_type, input=input_nodes)
    fused.attr["_output_types"].list.type[:] = output_dtypes
    fused.attr["_output_quantized"].b = output_quantized
    for index, name in enumerate(output_nodes):
        if len(nodes[name].input) != 1:
            raise ValueError(f"Output node {name} must have one input, but has {len(nodes[name].input)}.")
        result.node.add().CopyFrom(nodes[name])
        result.node[-1].input[:] = [f"{op_name}:{index}" if index else op_name]
    result.node.extend(node for name, node in nodes.items() if name not in before | up_to_outputs)
    result.library.CopyFrom(graph_def.library)
    result.versions.CopyFrom(graph_def.versions)
    return result


def _reached(nodes, names):
    """Names of the nodes that those of `names` depend on, with them."""
    found, waiting = set(), list(names)
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting.extend(node_name(text) for text in nodes[name].input)
    return found


def _check_closed(nodes, between, outside):
    for name in between:
        for text in nodes[name].input:
            if node_name(text) in outside:
                raise TypeError(f"Node {name} uses input {node_name(text)} not in input_nodes.")
