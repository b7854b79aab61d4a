"""Bodies of conditionals and loops as functions of a GraphDef's library, in TensorFlow's form.

`If`, `Case` and `While` nodes are written as TensorFlow's (`StatelessIf` and so on where nothing in them has
state): a loop's captured tensors become loop variables that its body returns as they are, and the tape for
gradients is an output behind all others, which TensorFlow never reads. Gradients' nodes have types of our
own; the attribute `_reads` says what their functions read from tapes. The way back: `import_bodies.py`.
Holds no state.
"""

from graphflow.framework.func_graph import INPUTS, WITH_BODIES, bodies_of

# How many inputs of a node stand before those that its functions take.
_LOOPS = {"While", "WhileGrad"}


def first_argument(op):
    """Position of the first input that the functions of `op` take."""
    tapes = op.attrs["N"] if "N" in op.attrs else 0
    return tapes if op.type in _LOOPS else 1 + tapes


def exported_type(op):
    """The op type that is written for `op`."""
    if op.type in ("If", "While", "Case") and not _has_state(op):
        return "Stateless" + op.type
    return op.type


def _has_state(op):
    waiting = [op]
    while waiting:
        for body in bodies_of(waiting.pop()):
            for inner in body._operations:
                if inner.type in WITH_BODIES:
                    waiting.append(inner)
                elif inner.op_def.is_stateful:
                    return True
    return False


def exported_attrs(op):
    """(name, value, kind) of the attributes that are written for an operation with bodies."""
    for name, value in op.attrs.items():
        kind = op.op_def.attrs[name].kind
        if name == "output_shapes":
            value = [t._shape for t in op.outputs[:-1]]
            if op.type == "While":
                value += [t._shape for t in op.inputs[len(value):]]
        if name != "Tout" or op.type != "While":
            yield name, value, kind
    if op.type == "While":
        yield "_loop_variables", len(op.outputs) - 1, "int"
    reads = _reads(op)
    if reads:
        yield "_reads", reads, "list(string)"


def _reads(op):
    """For each value that a function reads from a tape: function, argument, tape, and where it was made."""
    found = []
    for number, body in enumerate(bodies_of(op)):
        for i, (tape, source) in enumerate(getattr(body, "reads", {}).values()):
            place = op.inputs.index(tape)
            forward = source.op.graph
            made = argument_names(forward).get(source) or f"{source.op.name}:{source.value_index}"
            found.append(f"{number} read_{i} {place} {forward.name} {made}".encode())
    if op.type in ("IfGrad", "WhileGrad"):
        found += [f"{n} forward {op.inputs.index(b.tape) if b.tape in op.inputs else -1} {b.forward.name} -".encode()
                  for n, b in enumerate(bodies_of(op))]
    return found


def exported_index(tensor):
    """The number of an output as it is written: a loop's tape stands behind what TensorFlow's loop gives."""
    op = tensor.op
    if op.type == "While" and tensor.value_index == len(op.outputs) - 1:
        return len(op.inputs)
    return tensor.value_index


def argument_names(body):
    """{tensor of a body that comes from outside: name of the argument}."""
    names = getattr(body, "argument_names", None)
    return {} if names is None else names


def _arguments(op, body):
    """(name, tensor in the body or None, tensor outside or None) of all arguments, in the order of the inputs."""
    first = first_argument(op)
    loop_variables = body.inputs if op.type in _LOOPS else []
    for i, outside in enumerate(op.inputs[first:]):
        inside = loop_variables[i] if i < len(loop_variables) else body.captures.get(outside)
        yield f"arg_{i}", inside, outside
    for i, inside in enumerate(getattr(body, "reads", ())):
        yield f"read_{i}", inside, inside


def add_functions(message, operations, fill_node):
    """Adds the functions of all bodies in `operations` to the library of a GraphDef message.

    `fill_node(node message, operation, function from a tensor to its name)` writes one node.
    """
    waiting = [op for op in operations if op.type in WITH_BODIES]
    for op in waiting:
        for body in bodies_of(op):
            body.argument_names = {t: name for name, t, _ in _arguments(op, body) if t is not None}
    for op in waiting:
        for body in bodies_of(op):
            _fill_function(message.library.function.add(), op, body, fill_node)
        inner = [o for body in bodies_of(op) for o in body._operations if o.type in WITH_BODIES]
        for o in inner:
            for body in bodies_of(o):
                body.argument_names = {t: name for name, t, _ in _arguments(o, body) if t is not None}
        waiting.extend(inner)


def _fill_function(function, op, body, fill_node):
    function.signature.name = body.name
    arguments, names = list(_arguments(op, body)), {}
    for name, inside, outside in arguments:
        function.signature.input_arg.add(name=name, type=outside.dtype.base_dtype.as_datatype_enum,
                                         is_ref=outside.dtype._is_ref_dtype)
        if inside is not None:
            names.setdefault(inside, name)

    def name_of(tensor):
        return names.get(tensor) or _qualified(tensor)

    results = [(t, name_of(t)) for t in body.outputs]
    if op.type == "While" and body is op.attrs["body"]:
        results += [(t, name) for name, _, t in arguments[len(body.inputs):]]
    for i, (tensor, name) in enumerate(results):
        function.signature.output_arg.add(name=f"out_{i}", type=tensor.dtype.base_dtype.as_datatype_enum)
        function.ret[f"out_{i}"] = name
    for inner in body._operations:
        if inner.type not in INPUTS:
            fill_node(function.node_def.add(), inner, name_of)


def _qualified(tensor):
    """`node:output:index`, as functions name tensors."""
    op, position = tensor.op, tensor.value_index
    for arg in op.op_def.outputs:
        length = 1
        if arg.number_attr:
            length = op.attrs[arg.number_attr]
        elif arg.type_list_attr:
            length = len(op.attrs[arg.type_list_attr])
        if position < length:
            return f"{op.name}:{arg.name}:{position}"
        position -= length
    raise AssertionError(f"{tensor} is no output of its operation")
