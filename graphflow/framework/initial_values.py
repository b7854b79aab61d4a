"""Gradients asked for inside of a loop do not go through the initial values of its variables.

They would be the gradients of all iterations so far. TensorFlow refuses; so do we, instead of leaving that part
out. Holds no state.
"""


def check_unused(ys, xs, differentiable):
    """ValueError if, within loops, any of the operations `ys` depends on one of `xs` through an initial value.

    `differentiable`: the dtypes of tensors that gradients go through.
    """
    variables = [op for op in _ancestors(ys, xs, differentiable) if op.type == "LoopVariable"]
    initial = [tensor.op for op in variables for tensor in _initial_value(op)]
    wanted = set(xs)
    for op in _ancestors(initial, (), differentiable):
        if op in wanted:
            raise ValueError(
                f"Cannot compute gradient inside while loop with respect to op '{op.name}'. We do not support taking "
                "the gradient wrt or through the initial value of a loop variable. Gradients can be computed through "
                "loop invariants or wrt the input parameters to the loop body.")


def _initial_value(op):
    graph = op.graph
    return [tensor for inside, tensor in zip(graph.inputs, graph.initial) if inside is op.outputs[0]]


def _ancestors(operations, stops, differentiable):
    """Operations that `operations` depend on by what gradients go through, these included; not those behind `stops`."""
    found, waiting, stops = {}, list(operations), set(stops)
    while waiting:
        op = waiting.pop()
        if op not in found:
            found[op] = None
            if op not in stops:
                waiting.extend(tensor.op for tensor in op.inputs if tensor.dtype in differentiable)
    return found
