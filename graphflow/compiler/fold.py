"""Fold: finds shapes in execution order, and computes what is the same at every run.

Constants, what follows from them, and what depends on shapes alone (`Shape`, `ZerosLike`) need not
run. Shapes and values are found together because each may need the other. Random and stateful ops
are never computed ahead. Holds no state.

A node that refuses the shapes of its inputs fails at once, before anything has run. Behind assertions it
fails in its turn, so that what the user asserts is told first; so does one whose kernel knows better words.
"""

import itertools

import numpy as np

from graphflow.compiler import array_shapes, body_shapes, derived_shapes
from graphflow.framework import errors, shapes
from graphflow.framework.shape_inference import BoundShapeContext

# Results that depend on the shapes of inputs only.
_SHAPE_ONLY = {"Shape", "ShapeN", "Size", "Rank", "ZerosLike", "OnesLike"}
# Results that have the static shape of their tensor: it is checked where they are stored.
_CHECKED_SHAPES = {"TensorArrayReadV3"}
# What they make may have a known shape though their input has not; passes take it that others' inputs then have one.
_REDUCTIONS = {"Sum", "Mean", "Prod", "Max", "Min", "All", "Any"}
# Fail with the user's own words.
_ASSERTIONS = {"Assert", "CheckNumerics", "EnsureShape"}
# Larger constants are not computed ahead: they would only take memory.
_MAX_FOLDED_BYTES = 1 << 20


def fold(shaped):
    """`shaped` with all shapes, and constants in place of the nodes that make them."""
    if not any(map(array_shapes.may_differ, shaped.nodes)):
        return _settled(shaped)
    alike = {}
    while True:
        # More may be seen of what is written where more is known of what is read.
        attempt = _settled(shaped.copy(alike))
        found = array_shapes.alike(attempt)
        if found == alike:
            return attempt
        if not alike.items() <= found.items():
            return _settled(shaped.copy({}))
        alike = found


def _settled(shaped):
    shaped.nodes = [node for node in shaped.nodes if not _settle(shaped, node)]
    return shaped


def _settle(shaped, node):
    """Finds a node's shapes; whether its results are known too, so that it need not run."""
    inputs = [shaped.shape[v] for v in node.inputs]
    constants = [shaped.constants.get(v) for v in node.inputs]
    if node.type == "Const":
        return _keep(shaped, node, [node.attrs["value"]])
    try:
        found = _infer(node, inputs, constants)
    except ValueError as error:
        _refuse(shaped, node, inputs, constants, error)
        found = [None] * len(node.outputs)
    for value, shape in zip(node.outputs, found):
        if shape is None and node.type in _CHECKED_SHAPES:
            shape = value.shape
        shaped.shape[value] = shape if shapes.is_full(shape) and not node.op_def.allocates else None
    derived_shapes.settle(shaped, node)
    if None in map(shaped.shape.get, node.outputs):
        _settle_in_part(shaped, node, inputs, constants)
    array_shapes.settle(shaped, node)
    size = array_shapes.known_size(shaped, node)
    if size is not None:
        return _keep(shaped, node, [size])
    for write in node.writes:
        shaped.shape[write.value] = shaped.shape[write.variable.start]
    if node.bodies:
        body_shapes.settle(shaped, node)
        return False
    if _is_foldable(shaped, node, inputs, constants):
        return _keep(shaped, node, shaped.evaluate(node, _stand_ins(node, inputs, constants)))
    return False


def _settle_in_part(shaped, node, inputs, constants):
    """Finds what is known of shapes that depend on values."""
    try:
        found = _infer(node, [shaped.partial.get(v) if shape is None else shape
                              for v, shape in zip(node.inputs, inputs)], constants)
    except ValueError:
        return      # it fails in its turn
    for value, shape in zip(node.outputs, found):
        if shape is not None and shaped.shape[value] is None:
            shaped.partial[value] = shape
            if node.type in _REDUCTIONS and shapes.is_full(shape):
                shaped.shape[value] = shape


def _infer(node, inputs, constants):
    if not node.outputs and not node.writes:
        return []
    context = BoundShapeContext(inputs, [v.dtype for v in node.inputs], constants, node.attrs, len(node.op.outputs))
    found = node.op_def.shape_fn(context)
    if len(node.outputs) == len(node.op.outputs):
        return found
    # Ref outputs are versions, not outputs of the plan's node.
    return [found[v.index] if v.index < len(found) else None for v in node.outputs]


def _stand_ins(node, inputs, constants):
    """An array for each input: its value, or zeros of its shape that take no memory."""
    return [np.broadcast_to(np.zeros((), v.dtype.as_numpy_dtype), shape or ()) if c is None else c
            for v, shape, c in zip(node.inputs, inputs, constants)]


def _refuse(shaped, node, inputs, constants, error):
    """Raises the failure of a shape rule, or notes it for the run where the node should fail in its turn."""
    stand_ins = _stand_ins(node, inputs, constants)
    # Integers may be sizes and positions, for which zeros are no stand-in: the kernel has to see them.
    known = all(c is not None or not v.dtype.is_integer for c, v in zip(constants, node.inputs))
    try:
        if known and sum(array.size for array in stand_ins) <= _MAX_FOLDED_BYTES:
            shaped.evaluate(node, stand_ins)
        shaped.evaluate.fail(node, error, stand_ins)
    except errors.OpError as refusal:
        before = itertools.takewhile(lambda other: other is not node, shaped.nodes)
        if node.bodies or known and not any(other.type in _ASSERTIONS for other in before):
            raise
        shaped.refusals[node] = refusal.with_traceback(None)


def _is_foldable(shaped, node, inputs, constants):
    if node.op_def.is_stateful or node.writes or not node.outputs or not node.inputs or node in shaped.refusals:
        return False
    if node.type in _SHAPE_ONLY:
        if any(shape is None for shape in inputs):
            return False
    elif any(c is None for c in constants):
        return False
    total = 0
    for value in node.outputs:
        size = shapes.size(shaped.shape[value])
        total += 0 if size is None else size * 8
    return total <= _MAX_FOLDED_BYTES


def _keep(shaped, node, results):
    for value, array in zip(node.outputs, results):
        if not array.flags.c_contiguous:
            array = array.copy()
        shaped.constants[value] = array
        shaped.shape[value] = array.shape
    return True
