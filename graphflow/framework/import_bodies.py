"""Conditionals and loops of a GraphDef: functions of its library become the bodies of nodes.

The inverse of `function_def.py`; reads what TensorFlow writes for `If`, `While` and `Case`, too. A loop
variable that the loop's body returns as it is becomes a captured tensor. Holds no state.
"""

from graphflow.framework import apply_op, raw_ops
from graphflow.framework.body_gradient import GradGraph
from graphflow.framework.func_graph import WITH_BODIES, FuncGraph
from graphflow.framework.node_def import attr_from_proto
from graphflow.framework.op_def import get_op_def

TYPES = {**{name: name for name in WITH_BODIES}, "StatelessIf": "If", "StatelessWhile": "While",
         "StatelessCase": "Case"}


def add(run, node, inputs, name):
    """Adds the operation of `node` (see `importer._Import`, which `run` is); (operation, its outputs as the
    GraphDef counts them).
    """
    attrs = {key: attr_from_proto(value) for key, value in node.attr.items()}
    op_type = TYPES[node.op]
    reads = [text.decode().split(" ") for text in attrs.get("_reads", ())]
    if op_type == "While":
        return _add_while(run, attrs, inputs, name)
    tapes = attrs.get("N", 0)
    first = tapes + (op_type != "WhileGrad")
    bodies = []
    for number, key in enumerate(functions_of(node)):
        mine = [read[1:] for read in reads if int(read[0]) == number]
        body = _body(run, op_type, inputs, mine)
        function = run.function(key)
        arguments = [arg.name for arg in function.signature.input_arg if not arg.name.startswith("read_")]
        tensors = dict(zip(arguments, _inside(body, op_type, attrs, inputs[first:])))
        tensors.update(_tape_reads(run, body, mine, inputs))
        _fill(run, body, function, tensors)
        bodies.append(body)
    values = {"Tout": [t.dtype.base_dtype for t in bodies[0].outputs], **_body_attrs(op_type, bodies)}
    values["T" if op_type == "WhileGrad" else "Tin"] = [t.dtype.base_dtype for t in inputs[first:]]
    values.update({key: attrs[key] for key in ("N", "backwards") if key in attrs})
    if op_type in ("If", "IfGrad"):
        values["Tcond"] = inputs[0].dtype.base_dtype
    if op_type in ("If", "Case"):
        values["output_shapes"] = []
    op = _create(run, op_type, name, inputs, values, bodies)
    return op, op.outputs


def functions_of(node):
    """Names of the functions that a NodeDef with bodies calls."""
    names = []
    for key in WITH_BODIES[TYPES[node.op]]:
        value = node.attr[key]
        names += [f.name for f in value.list.func] if value.HasField("list") else [value.func.name]
    return names


def _body_attrs(op_type, bodies):
    keys = WITH_BODIES[op_type]
    return {keys[0]: bodies} if keys == ("branches",) else dict(zip(keys, bodies))


def _body(run, op_type, inputs, reads):
    """An empty body; for gradients, one that knows what it is the gradient of."""
    kind = "a while loop" if "While" in op_type else "a cond branch"
    for name, place, forward, _ in reads:
        if name == "forward":
            known = run.bodies[forward]
            return GradGraph(run.graph, known, inputs[int(place)] if int(place) >= 0 else inputs[0])
    return FuncGraph(run.graph, kind)


def _inside(body, op_type, attrs, inputs):
    """Tensors of the body for its arguments: loop variables, then what is captured."""
    count = len(attrs["Tout"]) if op_type == "WhileGrad" else 0
    for i, tensor in enumerate(inputs):
        if i < count:
            yield body.add_input(tensor.dtype.base_dtype, None, "grad")
        else:
            yield body.capture(tensor)


def _tape_reads(run, body, reads, inputs):
    """{argument: tensor of the body} for what it reads from tapes."""
    for name, place, forward, made in reads:
        if name != "forward":
            source = run.made[forward, made]
            yield name, body.read(inputs[int(place)], source)


def _add_while(run, attrs, inputs, name):
    """A loop: its variables first, then what goes in and comes out the same."""
    function, condition = run.function(attrs["body"].name), run.function(attrs["cond"].name)
    names = [arg.name for arg in function.signature.input_arg]
    results = [function.ret[arg.name] for arg in function.signature.output_arg]
    count = attrs.get("_loop_variables")
    same = [i >= count if count is not None else result == names[i] for i, result in enumerate(results)]
    varying = [i for i, unchanged in enumerate(same) if not unchanged]
    shapes = attrs.get("output_shapes") or [None] * len(names)
    bodies = []
    for one, kind in ((condition, "Merge"), (function, "Identity")):
        body = FuncGraph(run.graph, "a while loop")
        arguments = [arg.name for arg in one.signature.input_arg]
        tensors = {}
        for i in varying:
            tensors[arguments[i]] = body.add_input(inputs[i].dtype.base_dtype, shapes[i], kind)
        for i, unchanged in enumerate(same):
            if unchanged:
                tensors[arguments[i]] = body.capture(inputs[i])
        _fill(run, body, one, tensors, None if one is condition else varying)
        bodies.append(body)
    ordered = [inputs[i] for i in varying] + [inputs[i] for i, unchanged in enumerate(same) if unchanged]
    values = {"T": [t.dtype.base_dtype for t in ordered], "Tout": [inputs[i].dtype.base_dtype for i in varying],
              "cond": bodies[0], "body": bodies[1], "output_shapes": [],
              "parallel_iterations": attrs.get("parallel_iterations", 10)}
    op = _create(run, "While", name, ordered, values, bodies)
    made = iter(op.outputs)
    outputs = [tensor if unchanged else next(made) for tensor, unchanged in zip(inputs, same)]
    return op, [*outputs, op.outputs[-1]]


def _create(run, op_type, name, inputs, attrs, bodies):
    for body in bodies:
        body.close()
    op = apply_op.create(run.graph, get_op_def(op_type), name, inputs, attrs)
    waits = [wait for body in bodies for wait in body.control_captures]
    if waits:
        op._add_control_inputs(waits)
    return op


def _fill(run, body, function, tensors, results=None):
    """Adds the nodes of `function` to `body`, whose arguments are `tensors`, and its outputs (`results`: which)."""
    body.rename(run.scope + function.signature.name)
    inner = run.inside(body, function, tensors)
    inner.check_names()
    inner.add_all()
    names = [function.ret[arg.name] for arg in function.signature.output_arg]
    found = [inner.element_of_function(name) for name in names]
    found = found if results is None else [found[i] for i in results]
    waits = [inner.ops[name] for name in function.control_ret.values()]
    with body.as_default():
        if waits:
            with body.control_dependencies(waits):
                found = [raw_ops.Identity(tensor) for tensor in found]
        body.outputs = [body.capture(tensor) for tensor in found]
    run.bodies[function.signature.name] = body
    for name, tensor in tensors.items():
        run.made[function.signature.name, name] = tensor
    for name, op in inner.ops.items():
        for i, tensor in enumerate(inner.outputs.get(name, op.outputs)):
            run.made[function.signature.name, f"{name}:{i}"] = tensor
