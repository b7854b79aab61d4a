"""What is known about a tensor's value while the graph is being built.

Shape functions need it (`reshape(x, [-1, 10])`, `tf.shape(x)[0]`). Small constant subgraphs are
evaluated with the ops' reference kernels. State: found values are remembered on the tensor.
"""

import numpy as np

from graphflow.framework import shapes
from graphflow.framework.api import tf_export
from graphflow.framework.tensor_shape import TensorShape

# Larger results are not folded at graph-building time, nor are deep expressions.
_MAX_ELEMENTS = 4096
_MAX_NODES = 64
_FEEDABLE = {"Placeholder", "PlaceholderV2", "PlaceholderWithDefault"}


@tf_export("get_static_value", "contrib.util.constant_value")
def constant_value(tensor, partial=False):
    """The value of `tensor` as an ndarray if the graph alone determines it, else None.

    What is no tensor is its own value. With `partial`, a stack along axis 0 whose parts are known in part
    is an array of objects, with None for those that are not.
    """
    op = getattr(tensor, "op", None)
    if op is None:
        return tensor
    if partial and op.type == "Pack" and op.attrs["axis"] == 0:
        parts = [constant_value(part, partial=True) for part in op.inputs]
        if any(part is None for part in parts):
            known = np.empty(len(parts), object)
            known[:] = parts
            return known
    if op.type == "Const":
        return op.attrs["value"]
    known = tensor.__dict__.get("static_value")
    if known is None:
        known = _evaluate(tensor)
        if known is not None:
            tensor.static_value = known
    return known


def _evaluate(tensor):
    """Evaluates the subgraph of `tensor` if it is small and constant (no recursion)."""
    values, stack = {}, [tensor.op]
    visited = 0
    while stack:
        op = stack[-1]
        if op in values:
            stack.pop()
            continue
        result = _known_outputs(op)
        if result is None:
            visited += 1
            if visited > _MAX_NODES or not _foldable(op):
                return None
            missing = [t.op for t in op.inputs if t.op not in values]
            if missing:
                stack.extend(missing)
                continue
            result = _run(op, [values[t.op][t.value_index] for t in op.inputs])
            if result is None:
                return None
        values[op] = result
        stack.pop()
    return values[tensor.op][tensor.value_index]


def _known_outputs(op):
    """Outputs of constants, and of Shape, Size and Rank where static shapes suffice."""
    if op.type == "Const":
        return [op.attrs["value"]]
    if op.type in ("Shape", "Size", "Rank"):
        shape = op.inputs[0]._shape
        if op.type == "Rank" and shape is not None:
            return [np.asarray(len(shape), np.int32)]
        if shapes.is_full(shape):
            dtype = op.attrs["out_type"].as_numpy_dtype if op.type != "Rank" else np.int32
            value = shape if op.type == "Shape" else shapes.size(shape)
            return [np.asarray(value, dtype)]
    if op.type == "ShapeN" and all(shapes.is_full(t._shape) for t in op.inputs):
        return [np.asarray(t._shape, op.attrs["out_type"].as_numpy_dtype) for t in op.inputs]
    if op.type == "StridedSlice" and op.inputs[0].op.type == "Shape":
        size = _shape_entry(op, op.inputs[0].op.inputs[0]._shape)
        return None if size is None else [np.asarray(size, op.outputs[0].dtype.as_numpy_dtype)]
    return None


def _shape_entry(op, shape):
    """The size that `shape[i]`, the StridedSlice `op`, takes out of a partly known shape."""
    begin = op.inputs[1].op
    masks = ("begin_mask", "ellipsis_mask", "new_axis_mask")
    if shape is None or op.attrs["shrink_axis_mask"] != 1 or begin.type != "Const" or any(
            op.attrs[mask] for mask in masks):
        return None
    index = begin.attrs["value"]
    if index.shape != (1,) or not -len(shape) <= index[0] < len(shape):
        return None
    return shape[int(index[0])]


def _foldable(op):
    if op.op_def.is_stateful or op.type in _FEEDABLE or not op.inputs or op.op_def.writes:
        return False
    if op.type in ("Shape", "Size", "Rank"):
        return False
    for tensor in op.outputs:
        size = shapes.size(tensor._shape)
        if tensor.dtype._is_ref_dtype or (size is not None and size > _MAX_ELEMENTS):
            return False
    return True


def _run(op, inputs):
    from graphflow.framework.kernel_loader import kernels

    registry = kernels("registry")
    maker = registry.reference.find(op.type, op.op_def.family, op.attrs)
    if maker is None or sum(value.size for value in inputs) > _MAX_ELEMENTS:
        return None
    context = registry.KernelContext(
        op.type, op.name, op.attrs, [t.dtype.base_dtype for t in op.inputs],
        [t.dtype.base_dtype for t in op.outputs], [v.shape for v in inputs],
        [t._shape for t in op.outputs])
    try:
        result = maker(context)(*inputs)
    except Exception:  # noqa: BLE001 - a bad constant is reported when the op runs, with its line
        return None
    if not isinstance(result, (tuple, list)):
        result = (result,)
    return [np.asarray(value) for value in result]


def as_shape_tuple(value):
    """A 1-D integer array read as a shape; negative entries are unknown sizes."""
    return tuple(int(v) if v >= 0 else None for v in np.ravel(value))


def constant_shape(tensor):
    """`tensor`, a 1-D integer tensor, read as a shape: tuple with None where unknown, or None."""
    parts, op = [], tensor.op
    value = constant_value(tensor)
    if value is not None:
        return as_shape_tuple(value)
    if op.type in ("Shape", "ShapeN"):
        return op.inputs[tensor.value_index]._shape
    if op.type == "Pack":
        return tuple(_scalar_size(t) for t in op.inputs)
    if op.type in ("Cast", "Identity", "Captured"):
        return constant_shape(op.inputs[0])
    if op.type == "ConcatV2":
        for part in op.inputs[:-1]:
            known = constant_shape(part)
            if known is None:
                return None
            parts.extend(known)
        return tuple(parts)
    if op.type == "StridedSlice":
        known = _sliced_shape(op)
        if known is not None:
            return known
    length = tensor._shape
    return (None,) * length[0] if shapes.is_full(length) and len(length) == 1 else None


def _scalar_size(tensor):
    value = constant_value(tensor)
    if value is not None:
        return int(value) if value >= 0 else None
    op = tensor.op
    if op.type == "Cast":
        return _scalar_size(op.inputs[0])
    if op.type == "StridedSlice" and op.attrs["shrink_axis_mask"] == 1:
        source, begin = constant_shape(op.inputs[0]), constant_value(op.inputs[1])
        if source is not None and begin is not None and -len(source) <= begin[0] < len(source):
            return source[int(begin[0])]
    return None


def _sliced_shape(op):
    source = constant_shape(op.inputs[0])
    begin, end, stride = (constant_value(t) for t in op.inputs[1:])
    masks = [op.attrs[m] for m in ("begin_mask", "end_mask", "shrink_axis_mask", "ellipsis_mask", "new_axis_mask")]
    if source is None or any(v is None or v.size != 1 for v in (begin, end, stride)) or any(masks[2:]):
        return None
    return source[slice(None if masks[0] else int(begin[0]), None if masks[1] else int(end[0]), int(stride[0]))]


@tf_export("contrib.util.constant_value_as_shape")
def constant_value_as_shape(tensor):
    """`tensor` read as a TensorShape, as far as the graph determines it."""
    return TensorShape.from_tuple(constant_shape(tensor))
