"""Initial values that depend on other variables.

`w = tf.Variable(2 * v)` must not fail because `v` has no value yet: what the value is computed from
is copied, reading `v` if it has a value and its initial value otherwise. Holds no state.
"""

from graphflow.framework.graph import GraphKeys

_KEEP = ("IsVariableInitialized", "VarIsInitializedOp", "ReadVariableOp", "If", "InitializedValue",
         "ResourceInitializedValue")
_DECLARATIONS = ("Variable", "VariableV2", "VarHandleOp")


def refuse_inner(initial_value, name):
    """ValueError if `initial_value` is a tensor in the body of a conditional or loop."""
    graph = getattr(initial_value, "graph", None)
    if getattr(graph, "is_body", False):
        raise ValueError(f"Initializer for variable {name or 'Variable'}/ is from inside a control-flow construct, "
                         "such as a loop or conditional. When creating a variable inside a loop or conditional, use a "
                         "lambda as the initializer.")


def guarded(name, initial_value):
    """A tensor equal to `initial_value` that needs no variable to be initialized.

    `name` is the new variable's scope ("w/"). Returns `initial_value` itself where nothing it
    depends on is a variable known to its graph.
    """
    variables = _variables_behind(initial_value)
    if not variables:
        return initial_value
    replaced = {}  # Operation -> Operation or Tensor that stands for it
    stack = [initial_value.op]
    while stack:
        op = stack[-1]
        if op in replaced:
            stack.pop()
            continue
        if op in variables:
            replaced[op] = variables[op].initialized_value()
            continue
        if op.type in _KEEP or op.type in _DECLARATIONS:
            replaced[op] = op
            continue
        waiting = [tensor.op for tensor in op.inputs if tensor.op not in replaced]
        if waiting:
            stack.append(waiting[0])
            continue
        replaced[op] = _copied(op, [_output(replaced, tensor) for tensor in op.inputs], name)
    return _output(replaced, initial_value)


def _output(replaced, tensor):
    found = replaced[tensor.op]
    return found.outputs[tensor.value_index] if hasattr(found, "outputs") else found


def _copied(op, inputs, name):
    """`op` on other inputs, or `op` itself if they are its own."""
    if all(new is old for new, old in zip(inputs, op.inputs)):
        return op
    return op.graph.create_op(op.type, inputs, name=f"{op.name}_{name}".replace(":", "_"),
                              attrs=op.attrs)


def _variables_behind(tensor):
    """{declaring Operation: variable} for the variables that `tensor` is computed from."""
    found, known = {}, None
    seen, stack = {tensor.op}, [tensor.op]
    while stack:
        op = stack.pop()
        if op.type in _DECLARATIONS:
            known = _known_variables(op.graph) if known is None else known
            if op.name in known:
                found[op] = known[op.name]
        if op.type in _KEEP:
            continue
        for source in op.inputs:
            if source.op not in seen:
                seen.add(source.op)
                stack.append(source.op)
    return found


def _known_variables(graph):
    known = {}
    for key in (GraphKeys.GLOBAL_VARIABLES, GraphKeys.LOCAL_VARIABLES):
        for variable in graph.get_collection(key):
            if hasattr(variable, "initialized_value"):
                known.setdefault(variable.name.partition(":")[0], variable)
    return known
