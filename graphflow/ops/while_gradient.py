"""Gradients of loops: a `WhileGrad` node, which runs the gradient of the body once per iteration, backwards.

Its loop variables are the gradients of the loop variables, and sums of the gradients of what the body
captured. It takes the number of iterations, and intermediate values, from the first of its tapes, that
of the node it differentiates. It has a tape of its own, counted by the same iterations, so that it can be
differentiated in turn: the gradient of a `WhileGrad` is one that runs in the other direction.
Holds no state.
"""

from graphflow.framework import dtypes, raw_ops, scopes
from graphflow.framework.apply_op import constant_node
from graphflow.framework.body_gradient import GradGraph, add_tape_gradients, no_rows, shape_of, zeros_for
from graphflow.framework.convert import convert_to_tensor
from graphflow.framework.gradients import TRAINABLE
from graphflow.framework.op_def import RegisterGradient, register_op
from graphflow.framework.tensor import IndexedSlices
from graphflow.framework.tensor_util import to_ndarray
from graphflow.ops.cond import branch_node, output_types


def _shape(c):
    return [*[tensor._shape for tensor in c.attr("body").inputs], ()]


register_op("WhileGrad", inputs="tapes: N * variant, input: T", outputs="output: Tout, tape: variant",
            attrs="N: int >= 1; T: list(type) >= 0; Tout: list(type) >= 0; body: func; backwards: bool",
            shape=_shape, stateful=True)


@RegisterGradient("WhileGrad")
def loop_grad(op, *grads):
    """One gradient per input: initial values of loop variables, and what the body captures."""
    results = [None] * len(op.inputs)
    if (op._extra or {}).get("_no_back_prop"):
        return results
    loop = _LoopGradient(op, grads)
    if not loop.varying and not loop.sums:
        return results
    new = loop.add_node()
    return add_tape_gradients(loop.fill(results, new), op, new.outputs[-1], [loop.tape_gradients])


class _LoopGradient:
    """The gradient of one loop while it is being built.

    State: `graph`: the GradGraph. `varying`: numbers of the loop variables that have a gradient.
    `initial`: initial values of its own loop variables. `sums`: list of (captured tensor outside, whether its
    gradient has the form of IndexedSlices). `tape_gradients`: as `GradGraph.tape_gradients` gives them.
    """

    def __init__(self, op, grads):
        self.op = op
        self.body = op.attrs["body"]
        self.first = op.attrs["N"] if op.type == "WhileGrad" else 0
        *self.grads, tape_gradient = grads
        self.graph = GradGraph(scopes.get_default_graph(), self.body, op.outputs[-1])
        self.varying = self._varying(tape_gradient)
        self.initial = [self._initial(i) for i in self.varying]
        self.sums = []
        gg = self.graph
        inside = [gg.add_input(self.body.inputs[i].dtype, self.body.inputs[i]._shape, "grad") for i in self.varying]
        found = gg.differentiate([self.body.outputs[i] for i in self.varying], inside, tape_gradient)
        self.tape_gradients = gg.tape_gradients(found)
        for i, before in zip(self.varying, inside):
            gradient = found.get(self.body.inputs[i])
            with gg.as_default():
                gg.outputs.append(gg.dense(zeros_for(before) if gradient is None else gradient))
        for source, tensor in self.body.captures.items():
            if tensor in found:
                self._add_sum(source, found[tensor])

    def _varying(self, tape_gradient):
        """Loop variables that have a gradient: those that get one, and what they are computed from."""
        body = self.body
        influence = _influence(body)
        waiting = [i for i, gradient in enumerate(self.grads) if gradient is not None]
        for _, entries in tape_gradient.parts if tape_gradient is not None else ():
            waiting.extend(_bits(influence.get(tensor.op, 0) for tensor in entries if tensor.op.graph is body))
        found = set()
        while waiting:
            i = waiting.pop()
            if i not in found and body.inputs[i].dtype in TRAINABLE:
                found.add(i)
                waiting.extend(_bits([influence.get(body.outputs[i].op, 0)]))
        return sorted(found)

    def _initial(self, i):
        gradient = self.grads[i]
        return zeros_for(self.op.outputs[i]) if gradient is None else convert_to_tensor(gradient)

    def _add_sum(self, source, gradient):
        """A loop variable that adds up `gradient`, of the captured tensor `source`."""
        sparse = isinstance(gradient, IndexedSlices)
        self.sums.append((source, sparse))
        if not sparse:
            # A handle's own shape is none of its variable's.
            shape = gradient._shape if source.dtype == dtypes.resource else source._shape
            self._accumulate(zeros_for(source), shape, lambda before: raw_ops.AddN([before, gradient]))
            return
        rows = None if gradient.values._shape is None else (None, *gradient.values._shape[1:])
        self._accumulate(no_rows(source, gradient.dtype.base_dtype)[0], rows,
                         lambda before: raw_ops.ConcatV2([before, gradient.values], _axis(0)))
        indices = constant_node(to_ndarray([], gradient.indices.dtype.base_dtype), "no_rows")
        self._accumulate(indices, (None,), lambda before: raw_ops.ConcatV2([before, gradient.indices], _axis(0)))

    def _accumulate(self, initial, shape, step):
        gg = self.graph
        self.initial.append(initial)
        before = gg.add_input(initial.dtype.base_dtype, shape, "sum")
        with gg.as_default():
            gg.outputs.append(gg.capture(step(before)))

    def add_node(self):
        """The WhileGrad operation."""
        gg, op = self.graph, self.op
        tapes = list(dict.fromkeys([gg.tape, *(tape for tape, _ in gg.reads.values())]))
        backwards = op.type == "While" or not op.attrs["backwards"]
        return branch_node([gg], lambda inputs: raw_ops.WhileGrad(
            tapes, [*self.initial, *inputs], Tout=output_types(gg), body=gg, backwards=backwards,
            name="while_context"))

    def fill(self, results, new):
        """Puts the outputs of the node `new` where they belong among the gradients of op's inputs."""
        outputs = list(new.outputs[:-1])
        for i in self.varying:
            results[self.first + i] = outputs.pop(0)
        captured = self.first + len(self.body.inputs)
        for source, sparse in self.sums:
            position = self.op.inputs.index(source, captured)
            results[position] = outputs.pop(0)
            if sparse:
                results[position] = IndexedSlices(results[position], outputs.pop(0), shape_of(source))
        return results


def _axis(number):
    return constant_node(to_ndarray(number, dtypes.int32), "axis")


def _influence(body):
    """Operation of a body -> bit set of the loop variables that it depends on, through what has gradients."""
    found = {tensor.op: 1 << i for i, tensor in enumerate(body.inputs)}
    for op in body._operations:
        mask = 0
        for tensor in op.inputs:
            if tensor.op.graph is body and tensor.dtype in TRAINABLE:
                mask |= found.get(tensor.op, 0)
        if mask:
            found[op] = mask
    return found


def _bits(masks):
    """Numbers of the bits set in any of `masks`."""
    joined = 0
    for mask in masks:
        joined |= mask
    return [i for i in range(joined.bit_length()) if joined >> i & 1]
