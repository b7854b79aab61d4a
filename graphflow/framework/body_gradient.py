"""Gradients of bodies: what a gradient's own body reads from the run of the body that it differentiates.

The gradient of a conditional or loop is a node with bodies again, one for each body that it
differentiates (a `GradGraph`). Where these use a tensor of the forward body, they read it from the
forward node's *tape*; what the forward body captured they capture from outside themselves, and
constants are copied. The gradient of what was read from a tape is a `TapeGradient`: it says where, on the
tape of the node that computed them, gradients of recorded tensors stand. So gradients of any order are
built from the same two things. Holds no state beyond the graphs.
"""

import numpy as np

from graphflow.framework import dtypes, raw_ops
from graphflow.framework.apply_op import constant_node
from graphflow.framework.convert import convert_to_tensor
from graphflow.framework.func_graph import FuncGraph
from graphflow.framework.gradients import TRAINABLE, backpropagate
from graphflow.framework.graph_scopes import control_dependencies
from graphflow.framework.shapes import is_full
from graphflow.framework.tensor import IndexedSlices, Tensor, TensorLike


class TapeGradient(TensorLike):
    """The gradient of a tape.

    Attributes: parts: list of (tape, entries): tape: the tensor of a tape, recorded by a gradient's node;
    entries: {tensor recorded on the tape that this is the gradient of: tensor (or TapeGradient) whose values,
    on `tape`, are its gradient}.
    """

    dtype = dtypes.variant

    def __init__(self, parts):
        self.parts = parts

    @staticmethod
    def joined(gradients):
        """The sum of several."""
        return TapeGradient([part for gradient in gradients for part in gradient.parts])


class GradGraph(FuncGraph):
    """The body of a gradient inside `outer`.

    Attributes: forward: the body that it differentiates. tape: the forward node's tape, as a tensor of
    `outer`. reads: {tensor here: (tape it is read from, a tensor of `outer`; tensor recorded there)}.
    """

    def __init__(self, outer, forward, tape):
        super().__init__(outer, forward.kind, "grad")
        self.forward = forward
        self.tape = _in_graph(outer, tape)
        self.reads = {}
        self._known = {}  # tensor of `forward` -> tensor here

    def _parents(self):
        return (self.outer, self.forward)

    def capture(self, tensor):
        """`tensor`, also one of the forward body, as a tensor of this graph."""
        if tensor.op.graph is not self.forward:
            return super().capture(tensor)
        found = self._known.get(tensor)
        if found is None:
            found = self._known[tensor] = self._from_forward(tensor)
        return found

    def _from_forward(self, tensor):
        op = tensor.op
        if op.type in ("Captured", "RefCaptured"):
            return self.capture(op.inputs[0])
        if op.type == "TapeRead":
            tape, source = self.forward.reads[tensor]
            return self.read(tape, source)
        if op.type == "Const":
            with self.as_default(), control_dependencies([]), self._replaced("controllers", ()):
                return constant_node(op.attrs["value"], op.name.rpartition("/")[2])
        if tensor.dtype._is_ref_dtype or tensor.dtype == dtypes.resource and op.type == "Identity":
            return self.capture(op.inputs[op.op_def.writes[0] if op.op_def.writes else 0])
        return self.read(self.tape, tensor)

    def read(self, tape, source):
        """What the run recorded for `source` on `tape`, a tensor of `outer` or of the forward body's outer graph."""
        tape = _in_graph(self.outer, tape)
        key = (tape, source)
        inner = self._known.get(key)
        if inner is None:
            name = f"{source.name}@{len(self.reads)}"
            inner = self._known[key] = self._stand_in("TapeRead", name, source.dtype.base_dtype, source._shape, [])
            self.reads[inner] = key
        return inner

    def read_gradient(self, tape, found):
        """The gradient that stands on `tape` as `found`, a tensor or a TapeGradient."""
        if isinstance(found, TapeGradient):
            return TapeGradient([(self.read(tape, inner), entries) for inner, entries in found.parts])
        return self.read(tape, found)

    def differentiate(self, ys, grad_ys, tape_gradient):
        """Adds the gradients of the forward body: {its input: gradient here}, for those that have one.

        Args: ys, grad_ys: outputs of the forward body and gradients they receive. tape_gradient: the
        gradient of the forward node's tape, or None.
        """
        ys, grad_ys = list(ys), list(grad_ys)
        for tape, entries in tape_gradient.parts if tape_gradient is not None else ():
            for source, found in entries.items():
                if source.op.graph is self.forward:
                    ys.append(source)
                    grad_ys.append(self.read_gradient(tape, found))
        xs = [t for t in inputs_of(self.forward) if t.dtype in TRAINABLE]
        with self.as_default():
            found = backpropagate(ys, xs, grad_ys)
        return {x: self._inside(gradient) for x, gradient in zip(xs, found) if gradient is not None}

    def _inside(self, gradient):
        """A gradient all of whose tensors are of this graph."""
        if isinstance(gradient, Tensor):
            return self.capture(gradient)
        if isinstance(gradient, TapeGradient):
            return TapeGradient([(self.capture(tape), entries) for tape, entries in gradient.parts])
        shape = gradient.dense_shape
        return IndexedSlices(self._inside(gradient.values), self.capture(gradient.indices),
                             None if shape is None else self.capture(convert_to_tensor(shape)))

    def tape_gradients(self, found):
        """{tape that the forward body reads: {tensor recorded there: its gradient here}}."""
        result = {}
        for tensor, gradient in found.items():
            if tensor.op.type == "TapeRead":
                tape, source = self.forward.reads[tensor]
                if isinstance(gradient, IndexedSlices):
                    gradient = self.dense(gradient)
                result.setdefault(tape, {})[source] = gradient
        return result

    def dense(self, gradient):
        """A Tensor from a Tensor or IndexedSlices."""
        with self.as_default():
            return self.capture(convert_to_tensor(gradient))


def _in_graph(graph, tensor):
    return graph.capture(tensor) if graph.is_body else tensor


def inputs_of(body):
    """The tensors of a body that come from outside."""
    return [*body.inputs, *body.captures.values(), *getattr(body, "reads", ())]


def add_tape_gradients(results, op, tape, found):
    """Puts the TapeGradients of the tapes that `op` reads in their places among `results`.

    `found`: one `GradGraph.tape_gradients` per body; `tape`: of the node that computes them.
    """
    for i, tensor in enumerate(op.inputs):
        entries = {source: gradient for one in found for source, gradient in one.get(tensor, {}).items()}
        if entries and results[i] is None:
            results[i] = TapeGradient([(tape, entries)])
    return results


def zeros_for(source):
    """Zeros like the value of `source`, a tensor or what names a variable."""
    if source.dtype == dtypes.resource:
        from graphflow.framework import api

        return api.lookup("zeros")(shape_of(source), dtype=handle_dtype(source))
    return raw_ops.ZerosLike(source, name="zeros_like")


def shape_of(source):
    """The shape, a tensor, of the value of `source`."""
    if source.dtype != dtypes.resource:
        return raw_ops.Shape(source)
    declared = _declaration(source)
    shape = None if declared is None else declared.attrs["shape"]
    if is_full(shape):
        return constant_node(np.array(shape, np.int32), "shape")
    return raw_ops.VariableShape(source)


def handle_dtype(handle):
    """DType of the variable that `handle` names (float32 if that cannot be found)."""
    declared = _declaration(handle)
    return dtypes.float32 if declared is None else declared.attrs["dtype"]


def _declaration(handle):
    """The VarHandleOp behind a handle, or None."""
    while handle.op.type in ("Identity", "Captured"):
        handle = handle.op.inputs[0]
    return handle.op if handle.op.type == "VarHandleOp" else None


def no_rows(source, dtype):
    """IndexedSlices without rows, for a gradient of `source`."""
    shape = shape_of(source)
    tail = raw_ops.ConcatV2([constant_node(np.zeros(1, np.int32), "none"), raw_ops.Slice(shape, [1], [-1])], 0)
    values = raw_ops.Fill(tail, constant_node(np.zeros((), dtype.as_numpy_dtype), "zero"))
    return values, shape
