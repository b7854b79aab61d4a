"""`tf.import_graph_def`: adds the nodes of a GraphDef to the default graph.

Everything that can be checked without touching the graph is checked before the first node is added.
Nodes may come in any order. Control flow: `functionalize.py`, `import_bodies.py`. Holds no state.
"""

import contextlib
import heapq

from graphflow.framework import apply_op, errors, import_bodies, import_node, scopes, shapes
from graphflow.framework.api import tf_export
from graphflow.framework.convert import convert_to_tensor
from graphflow.framework.functionalize import functionalize
from graphflow.framework.graph_scopes import name_scope
from graphflow.framework.node_def import LOWEST_PRODUCER, PRODUCER
from graphflow.framework.op_def import get_op_def
from graphflow.framework.tensor import Tensor


@tf_export("import_graph_def", "graph_util.import_graph_def")
def import_graph_def(
    graph_def, input_map=None, return_elements=None, name=None, op_dict=None, producer_op_list=None
):
    """Adds the nodes of `graph_def` to the default graph.

    Args:
      graph_def: a GraphDef message.
      input_map: {tensor name in graph_def: Tensor to use in its place}.
      return_elements: names of operations ("a/b") or tensors ("a/b:0") to return.
      name: prefix of all names, "import" by default; "" for none.
      op_dict: ignored, as in TensorFlow 1.15.
      producer_op_list: OpList of the graph's writer; attributes unknown here are dropped where they
        have their default there.

    Returns: the list of `return_elements`, or None if that is None.
    Raises TypeError for arguments of wrong types, NotFoundError for unknown op types, ValueError
    for a malformed graph or names that it doesn't have.
    """
    del op_dict
    graph_def = functionalize(_graph_def_param(graph_def))
    input_map = _input_map_param(input_map)
    wanted = _return_elements_param(return_elements)
    definitions = _op_definitions(graph_def)
    graph = scopes.get_default_graph()
    with name_scope(name, "import", list(input_map.values())) as scope:
        input_map = _as_tensors(name, input_map)
    lowest = graph.attachments.get(LOWEST_PRODUCER, PRODUCER)
    graph.attachments[LOWEST_PRODUCER] = min(lowest, graph_def.versions.producer)
    run = _Import(graph, graph_def, scope, input_map, definitions, producer_op_list)
    run.check_names()
    run.add_all()
    run.check_input_map()
    return None if wanted is None else [run.element(item) for item in wanted]


def _graph_def_param(graph_def):
    from graphflow import protobuf

    if isinstance(graph_def, protobuf.GraphDef):
        return graph_def
    # Messages of TensorFlow's or TensorBoard's own classes have the same wire format.
    if getattr(getattr(graph_def, "DESCRIPTOR", None), "name", None) != "GraphDef":
        raise TypeError("graph_def must be a GraphDef proto.")
    return protobuf.GraphDef.FromString(graph_def.SerializeToString())


def _text(value):
    return value.decode() if isinstance(value, bytes) else value


def _input_map_param(input_map):
    if input_map is None:
        return {}
    if not isinstance(input_map, dict) or not all(isinstance(k, (str, bytes)) for k in input_map):
        raise TypeError("input_map must be a dictionary mapping strings to Tensor objects.")
    return {_text(key): value for key, value in input_map.items()}


def _return_elements_param(names):
    if names is None:
        return None
    if isinstance(names, (str, bytes)) or not all(isinstance(n, (str, bytes)) for n in names):
        raise TypeError("return_elements must be a list of strings.")
    return [_text(name) for name in names]


def _as_tensors(name, input_map):
    if all(isinstance(value, Tensor) for value in input_map.values()):
        return input_map
    if name == "":
        raise ValueError(
            "tf.import_graph_def() requires a non-empty `name` if `input_map` contains non-Tensor "
            "values. Try calling tf.convert_to_tensor() on `input_map` values before calling "
            "tf.import_graph_def()."
        )
    with name_scope("_inputs"):
        return {key: convert_to_tensor(value) for key, value in input_map.items()}


def _op_definitions(graph_def):
    """OpDefs of all op types used; NotFoundError naming every unknown one."""
    found, missing = {}, []
    functions = {function.signature.name: function for function in graph_def.library.function}
    waiting, called = list(graph_def.node), set()
    while waiting:
        node = waiting.pop()
        if node.op in import_bodies.TYPES:
            for name in import_bodies.functions_of(node):
                if name in functions and name not in called:
                    called.add(name)
                    waiting.extend(functions[name].node_def)
        if node.op not in found:
            try:
                found[node.op] = get_op_def(import_bodies.TYPES.get(node.op, node.op))
            except errors.NotFoundError:
                found[node.op] = None
                missing.append(node.op)
    if missing:
        raise errors.NotFoundError(
            None,
            None,
            "Op type not registered "
            + ", ".join(f"'{op}'" for op in sorted(missing))
            + ": these ops of the graph are not part of GraphFlow.",
        )
    return found


def parse_tensor_name(name):
    """("op", index) of "op:index" or "op"; ValueError if malformed."""
    parts = name.split(":")
    if len(parts) == 1:
        return name, 0
    if len(parts) == 2 and parts[1].isdigit():
        return parts[0], int(parts[1])
    raise ValueError(f"Cannot convert {name!r} to a tensor name.")


class _Import:
    """One import.

    State: nodes by name, their inputs taken apart, the operations added so far, and which entries
    of the input map were used.
    """

    def __init__(self, graph, graph_def, scope, input_map, definitions, producer_op_list):
        self.graph = graph
        self.nodes = graph_def.node
        self.outputs = {}  # of nodes with bodies: node name -> tensors as the GraphDef counts them
        self.functions = {function.signature.name: function for function in graph_def.library.function}
        self.bodies = {}  # function name -> the body made of it last
        self.made = {}  # (function name, "node:index" or an argument) -> tensor of that body
        self.scope = scope
        self.definitions = definitions
        self.tensor_map = {parse_tensor_name(k): v for k, v in input_map.items() if k[0] != "^"}
        self.control_map = {k[1:]: v for k, v in input_map.items() if k[0] == "^"}
        self.used = set()
        self.producer_ops = {}
        if producer_op_list is not None:
            self.producer_ops = {op.name: op for op in producer_op_list.op}
        self.position = {}
        self.inputs = []
        self.ops = {}

    def check_names(self):
        """Takes apart names and inputs; ValueError for duplicates and unknown inputs."""
        for i, node in enumerate(self.nodes):
            if not self.graph.is_valid_op_name(node.name):
                raise ValueError(f"Node '{node.name}': Node name contains invalid characters")
            if self.position.setdefault(node.name, i) != i:
                raise ValueError(f"Node '{node.name}' is not unique")
        for node in self.nodes:
            data, controls = [], []
            for text in node.input:
                if text[:1] == "^":
                    controls.append(text[1:])
                    source = text[1:]
                    mapped = source in self.control_map
                elif controls:
                    raise ValueError(
                        f"Node '{node.name}': Control dependencies must come after regular "
                        "dependencies"
                    )
                else:
                    data.append(parse_tensor_name(text))
                    source = data[-1][0]
                    mapped = data[-1] in self.tensor_map
                if not mapped and source not in self.position:
                    raise ValueError(f"Node '{node.name}': Unknown input node '{text}'")
            self.inputs.append((data, controls))
            self._check_colocation(node)

    def _check_colocation(self, node):
        if "_class" in node.attr and not self.graph.is_body:
            for item in node.attr["_class"].list.s:
                name = _text(item)
                if name.startswith("loc:@") and name[5:] not in self.position:
                    raise ValueError(
                        f"Node '{node.name}' expects to be colocated with unknown node '{name[5:]}'"
                    )

    def add_all(self):
        """Adds the nodes, each after its inputs, otherwise in the order given."""
        waiting, users = [], {}
        for i, (data, controls) in enumerate(self.inputs):
            sources = {name for name, index in data if (name, index) not in self.tensor_map}
            sources.update(name for name in controls if name not in self.control_map)
            waiting.append(len(sources))
            for name in sources:
                users.setdefault(name, []).append(i)
        ready = [i for i, count in enumerate(waiting) if not count]
        names = self._final_names()
        added = 0
        while ready:
            i = heapq.heappop(ready)
            node = self.nodes[i]
            self.ops[node.name] = self._add(node, *self.inputs[i], names)
            added += 1
            for user in users.get(node.name, ()):
                waiting[user] -= 1
                if not waiting[user]:
                    heapq.heappush(ready, user)
        if added < len(self.nodes):
            stuck = [node.name for node in self.nodes if node.name not in self.ops]
            raise ValueError(
                f"The graph has a cycle (a tf.while_loop of TensorFlow 1?): {len(stuck)} nodes "
                f"wait for each other, among them {', '.join(stuck[:5])}"
            )

    def _final_names(self):
        """Prefixed names; a name that is taken gets a suffix."""
        taken, names = self.graph._by_name, {}
        mine = {self.scope + node.name for node in self.nodes}
        for node in self.nodes:
            name = full = self.scope + node.name
            count = 0
            while name in taken or (count and name in mine):
                count += 1
                name = f"{full}_{count}"
            names[node.name] = name
            mine.add(name)
        return names

    def _source(self, node, name, index):
        key = (name, index)
        if key in self.tensor_map:
            self.used.add(key)
            return self.tensor_map[key]
        outputs = self.outputs.get(name) or self.ops[name].outputs
        if index >= len(outputs):
            raise ValueError(
                f"Node '{node.name}': Connecting to invalid output {index} of source node {name} "
                f"which has {len(outputs)} outputs."
            )
        return outputs[index]

    def _add(self, node, data, controls, names):
        if node.op in import_bodies.TYPES:
            return self._add_with_bodies(node, data, controls, names)
        op_def = self.definitions[node.op]
        attrs, extra = import_node.attributes(node, op_def, self.producer_ops.get(node.op))
        inputs = [self._source(node, *source) for source in data]
        import_node.check_inputs(node, op_def, attrs, inputs)
        name = names[node.name]
        self.graph._names_in_use.setdefault(name.lower(), 1)
        device = self.graph.device(node.device) if node.device else contextlib.nullcontext()
        with device:
            op = apply_op.create(self.graph, op_def, name, inputs, attrs)
        if controls:
            op._add_control_inputs([self._control(name) for name in controls])
        self._finish(op, extra)
        return op

    def _add_with_bodies(self, node, data, controls, names):
        inputs = [self._source(node, *source) for source in data]
        self.graph._names_in_use.setdefault(names[node.name].lower(), 1)
        op, self.outputs[node.name] = import_bodies.add(self, node, inputs, names[node.name])
        if controls:
            op._add_control_inputs([self._control(name) for name in controls])
        return op

    def function(self, name):
        """The function `name` of the library; ValueError if there is none."""
        if name not in self.functions:
            raise ValueError(f"The graph uses a function {name!r} that its library does not have.")
        return self.functions[name]

    def inside(self, body, function, arguments):
        """An import of the nodes of a function into `body`; `arguments`: {name: tensor}."""
        from graphflow import protobuf

        nodes = {node.name: node for node in function.node_def}
        graph_def = protobuf.GraphDef()
        for node in function.node_def:
            copy = graph_def.node.add()
            copy.CopyFrom(node)
            copy.input[:] = [self._flat_name(text, nodes) for text in node.input]
        run = _Import(body, graph_def, self.scope, arguments, self.definitions, None)
        run.functions, run.bodies, run.made, run.producer_ops = (
            self.functions, self.bodies, self.made, self.producer_ops)
        run.nodes_of_function = nodes
        return run

    def _flat_name(self, text, nodes):
        """ "node:output:index", as functions name tensors, as "node:index"."""
        parts = text.split(":")
        if text[:1] == "^" or len(parts) < 3 or parts[0] not in nodes:
            return text
        node, position = nodes[parts[0]], int(parts[2])
        op_def = self.definitions[node.op]
        for arg in op_def.outputs:
            if arg.name == parts[1]:
                return f"{parts[0]}:{position}"
            position += import_node.output_length(arg, node)
        raise ValueError(f"Node '{node.name}' ({node.op}) has no output {parts[1]!r}.")

    def element_of_function(self, text):
        """The tensor that a function's result names."""
        name, index = parse_tensor_name(self._flat_name(text, self.nodes_of_function))
        key = (name, index)
        if key in self.tensor_map:
            return self.tensor_map[key]
        return (self.outputs.get(name) or self.ops[name].outputs)[index]

    def _control(self, name):
        if name in self.control_map:
            self.used.add("^" + name)
            return getattr(self.control_map[name], "op", self.control_map[name])
        return self.ops[name]

    def _finish(self, op, extra):
        """Attributes that no definition declares: colocation, gradient type, shapes, and others."""
        groups = [_text(item) for item in extra.pop("_class", ())]
        if groups:
            op._colocation = sorted({self.scope + g[5:] for g in groups if g.startswith("loc:@")})
        output_shapes = extra.pop("_output_shapes", ())
        for tensor, shape in zip(op.outputs, output_shapes):
            try:
                tensor._shape = shapes.merge_shapes(tensor._shape, shape)
            except ValueError:
                raise ValueError(
                    f"Node '{op.name}' has an _output_shapes attribute inconsistent with the "
                    "GraphDef for "
                    f"output #{tensor.value_index}: {shapes.format_shape(shape)} and "
                    f"{shapes.format_shape(tensor._shape)}"
                ) from None
        if "_gradient_op_type" in extra:
            op._gradient_type = _text(extra["_gradient_op_type"])
        if extra:
            op._extra = {**(op._extra or {}), **extra}

    def check_input_map(self):
        """ValueError for entries of the input map that name nothing in the graph."""
        unused = [f"^{n}" for n in self.control_map if n not in self.position]
        unused += [
            f"{name}:{index}"
            for name, index in self.tensor_map
            if (name, index) not in self.used and not self._exists(name, index)
        ]
        if unused:
            raise ValueError(
                f"Attempted to map inputs that were not found in graph_def: [{', '.join(unused)}]"
            )

    def _exists(self, name, index):
        return name in self.ops and index < len(self.ops[name].outputs)

    def element(self, text):
        """The operation or tensor that a return element names."""
        if ":" not in text:
            if text not in self.ops:
                raise ValueError(f"Requested return node '{text}' not found in graph def")
            return self.ops[text]
        key = parse_tensor_name(text)
        if key in self.tensor_map:
            return self.tensor_map[key]
        if key[0] not in self.ops:
            raise ValueError(f"Requested return tensor '{text}' not found in graph def")
        if not self._exists(*key):
            raise ValueError(
                f"Invalid return output {key[1]} of node '{key[0]}', which has "
                f"{len(self.ops[key[0]].outputs)} output(s)"
            )
        return self.ops[key[0]].outputs[key[1]]
