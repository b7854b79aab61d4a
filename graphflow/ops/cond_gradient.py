"""Gradients of conditionals: an `IfGrad` node, whose branches are the gradients of the branches.

It reads from the tape of the node it differentiates, and the same branch runs; it has a tape of its own, so
that it can be differentiated in turn. Holds no state.
"""

from graphflow.framework import dtypes, raw_ops, scopes
from graphflow.framework.apply_op import constant_node
from graphflow.framework.body_gradient import GradGraph, add_tape_gradients, no_rows, zeros_for
from graphflow.framework.func_graph import bodies_of
from graphflow.framework.op_def import RegisterGradient, register_op
from graphflow.framework.tensor import IndexedSlices
from graphflow.framework.tensor_util import to_ndarray
from graphflow.ops.cond import branch_node, branch_output_shapes, output_types


def _shape(c):
    return [*branch_output_shapes(c.attr("branches"), len(c.attr("Tout"))), ()]


register_op("IfGrad", inputs="cond: Tcond, tapes: N * variant, input: Tin", outputs="output: Tout, tape: variant",
            attrs="Tcond: {bool, int32}; N: int >= 0; Tin: list(type) >= 0; Tout: list(type) >= 0;"
                  "branches: list(func) >= 1", shape=_shape, stateful=True)


@RegisterGradient("IfGrad")
def conditional_grad(op, *grads):
    """One gradient per input: nothing for the predicate."""
    *grads, tape_gradient = grads
    graph, tape = scopes.get_default_graph(), op.outputs[-1]
    graphs, found = [], []
    for body in bodies_of(op):
        gg = GradGraph(graph, body, tape)
        received = [(y, g) for y, g in zip(body.outputs, grads) if g is not None]
        graphs.append(gg)
        found.append(gg.differentiate([y for y, _ in received], [g for _, g in received], tape_gradient))
    tape_gradients = [gg.tape_gradients(gradients) for gg, gradients in zip(graphs, found)]
    positions, packers = [], []
    for position, source in enumerate(op.inputs):
        gradients = [gradients.get(body.captures.get(source)) for body, gradients in zip(bodies_of(op), found)]
        if all(g is None for g in gradients) or position in positions or op.inputs.index(source) != position:
            continue
        positions.append(position)
        packers.append(_add_outputs(graphs, source, gradients))
    results = [None] * len(op.inputs)
    if not positions and not any(tape_gradients):
        return results
    new = _node(op, graphs)
    outputs = list(new.outputs[:-1])
    for position, pack in zip(positions, packers):
        results[position] = pack(outputs)
    return add_tape_gradients(results, op, new.outputs[-1], tape_gradients)


def _node(op, graphs):
    tapes = list(dict.fromkeys(tape for gg in graphs for tape, _ in gg.reads.values()))
    return branch_node(graphs, lambda inputs: raw_ops.IfGrad(
        op.inputs[0], tapes, inputs, Tout=output_types(graphs[0]), branches=graphs, name="cond_text"))


def _add_outputs(graphs, source, gradients):
    """Makes the gradients of `source`, one per branch or None, outputs of all branches.

    Returns a function that takes their values off a list of the node's outputs.
    """
    sparse = all(g is None or isinstance(g, IndexedSlices) for g in gradients)
    if not sparse:
        for gg, gradient in zip(graphs, gradients):
            gg.outputs.append(gg.dense(_zeros(gg, source) if gradient is None else gradient))
        return lambda outputs: outputs.pop(0)
    indices = {g.indices.dtype.base_dtype for g in gradients if g is not None}
    index_dtype = indices.pop() if len(indices) == 1 else dtypes.int64
    for gg, gradient in zip(graphs, gradients):
        gg.outputs.extend(_slices(gg, source, gradient, index_dtype, gradients))
    return lambda outputs: IndexedSlices(outputs.pop(0), outputs.pop(0), outputs.pop(0))


def _zeros(gg, source):
    with gg.as_default():
        return gg.capture(zeros_for(gg.capture(source)))


def _slices(gg, source, gradient, index_dtype, gradients):
    """Rows, indices and shape of an IndexedSlices gradient; no rows where there is none."""
    with gg.as_default():
        inside = gg.capture(source)
        if gradient is None:
            dtype = next(g.dtype.base_dtype for g in gradients if g is not None)
            values, shape = no_rows(inside, dtype)
            return [values, constant_node(to_ndarray([], index_dtype), "no_rows"), shape]
        indices = gradient.indices
        if indices.dtype.base_dtype != index_dtype:
            indices = raw_ops.Cast(indices, DstT=index_dtype)
        shape = no_rows(inside, gradient.dtype.base_dtype)[1]
        return [gg.capture(gradient.values), gg.capture(indices), shape]
