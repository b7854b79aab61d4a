"""Layout: images with channels first are computed with channels last, which our kernels are written for.

Convolutions and batch normalisations that ask for channels first read, and make, a *twin* of each image: the
same numbers, channels last. What follows them element by element, or is told by constants where channels stand,
does so too. A node that needs the image itself gets it by a transpose; those that nobody needs are dropped
later (`drop_dead`). So only the borders of such a network are transposed. Holds no state.
"""

import numpy as np

from graphflow.compiler.plan import Value
from graphflow.framework import dtypes, shapes
from graphflow.framework.op_def import get_op_def

_TO_LAST, _TO_FIRST = (0, 2, 3, 1), (0, 3, 1, 2)
# Op -> (inputs that are images, constant inputs that have an entry for every axis, outputs that are images).
_IMAGE_OPS = {
    **dict.fromkeys(("Conv2D", "DepthwiseConv2dNative", "BiasAdd", "MaxPool", "AvgPool"), ((0,), (), (0,))),
    **{f"{kind}BackpropInput": ((2,), (0,), (0,)) for kind in ("Conv2D", "DepthwiseConv2dNative")},
    **{f"{kind}BackpropFilter": ((0, 2), (), ()) for kind in ("Conv2D", "DepthwiseConv2dNative")},
    **{f"FusedBatchNorm{version}": ((0,), (), (0,)) for version in ("", "V2", "V3")},
    **{f"FusedBatchNormGrad{version}": ((0, 1), (), (0,)) for version in ("", "V2", "V3")},
    "BiasAddGrad": ((0,), (), ()), "MaxPoolGrad": ((0, 1, 2), (), (0,)), "AvgPoolGrad": ((1,), (0,), (0,)),
}
# These have good kernels for channels first: they only follow others.
_FOLLOWING = {"BiasAdd", "BiasAddGrad", "MaxPool", "MaxPoolGrad", "AvgPool", "AvgPoolGrad"}
# The same for ops without the attribute.
_CONSTANT_OPS = {"Pad": (1,), "PadV2": (1,), "Slice": (1, 2)}
_REDUCTIONS = {"Sum", "Mean", "Max", "Min", "Prod"}
_ELEMENTWISE = {"unary", "activation", "binary", "comparison", "no_nan"}
# Attributes with an entry for every axis.
_AXIS_ATTRS = ("strides", "dilations", "ksize")
_FLOATS = {dtypes.float32, dtypes.float64}


def channels_last(shaped):
    """`shaped` with such nodes in the other layout."""
    if any(_leads(node) for node in shaped.nodes):
        layout = _Layout(shaped)
        for node in shaped.nodes:
            layout.take(node)
        shaped.nodes = layout.nodes
    return shaped


def _is_first(node):
    return node.type in _IMAGE_OPS and node.attrs.get("data_format") == b"NCHW" and node.attrs["T"] in _FLOATS


def _leads(node):
    return _is_first(node) and node.type not in _FOLLOWING


def _moved(entries, perm=_TO_LAST):
    return [entries[axis] for axis in perm]


class _Layout:
    """Attributes: nodes: what is left to run, so far."""

    def __init__(self, shaped):
        self._shaped = shaped
        self.nodes = []
        self._twins = {}        # root of an image -> the same, channels last

    # ---- values

    def _value(self, dtype, shape, name, node=None, index=0):
        value = Value(dtype, shape, name, node, index)
        self._shaped.shape[value] = shape
        return value

    def _constant(self, array, name):
        value = self._value(dtypes.as_dtype(array.dtype), array.shape, name)
        self._shaped.constants[value] = array
        return value

    def _known(self, value):
        """The twin of an image, or None if it has none yet."""
        root, shape = self._shaped.root(value), self._shaped.shape[value]
        return self._twins.get(root) if self._shaped.shape[root] == shape else None

    def _twin(self, value, node):
        """The twin of what `node` reads, of four axes or fewer (as if ones came before); made if need be."""
        found = self._known(value)
        if found is not None:
            return found
        shape = self._shaped.shape[value]
        whole = (1,) * (4 - len(shape)) + shape
        if value in self._shaped.constants:
            array = self._shaped.constants[value].reshape(whole).transpose(_TO_LAST)
            return self._constant(np.ascontiguousarray(array), f"{value.name}/channels_last")
        twin = self._value(value.dtype, tuple(_moved(whole)), f"{value.name}/channels_last")
        moved = [axis for axis in _TO_LAST if whole[axis] != 1]
        if moved == sorted(moved) and self._shaped.rename(twin, value):
            return twin
        if len(shape) < 4:
            return None
        self._transpose(node, value, _TO_LAST, twin)
        root = self._shaped.root(value)
        if self._shaped.shape[root] == shape:
            self._twins[root] = twin
        return twin

    def _transpose(self, node, source, perm, target):
        """Appends a step, on behalf of `node`."""
        order = self._constant(np.array(perm, np.int32), f"{node.name}/perm")
        step = node.rewritten([source, order], get_op_def("Transpose"), {"T": source.dtype, "Tperm": dtypes.int32})
        step.outputs, step.writes, target.node, target.index = [target], [], step, 0
        self.nodes.append(step)

    # ---- nodes

    def take(self, node):
        """Appends what stands for `node`."""
        changes = self._changes(node) if self._is_settled(node) else None
        inputs = None if changes is None else self._inputs(node, *changes[:2])
        if inputs is None:
            self.nodes.append(node)
            return
        images = changes[2]
        step = node.rewritten(inputs, attrs=changes[3])
        step.outputs = list(node.outputs)
        self.nodes.append(step)
        for i in images:
            value = node.outputs[i]
            twin = self._value(value.dtype, tuple(_moved(self._shaped.shape[value])), f"{value.name}/channels_last",
                               step, value.index)
            step.outputs[i] = twin
            self._twins[value] = twin
            self._transpose(node, twin, _TO_FIRST, value)

    def _is_settled(self, node):
        shape = self._shaped.shape
        return (node not in self._shaped.refusals and not node.has_effects and bool(node.inputs) and
                all(shape[value] is not None for value in (*node.inputs, *node.outputs)))

    def _inputs(self, node, images, constants):
        """`node`'s inputs, with twins for `images` and {position: array} for constants; None if that is impossible."""
        inputs = list(node.inputs)
        for i, array in constants.items():
            inputs[i] = self._constant(array, f"{node.name}/channels_last")
        for i in images:
            inputs[i] = self._twin(inputs[i], node)
        return None if None in inputs else inputs

    def _changes(self, node):
        """(inputs that become twins, {input: constant instead}, outputs that become twins, attributes) of a node
        that is to be computed channels last, else None."""
        if _is_first(node):
            return self._of_image_op(node)
        rank = {len(self._shaped.shape[value]) for value in (*node.inputs, *node.outputs)}
        if 4 not in rank or max(rank) > 4 or not any(self._known(value) for value in node.inputs):
            return None
        if node.type in _CONSTANT_OPS and self._known(node.inputs[0]):
            constants = self._constants(node, _CONSTANT_OPS[node.type])
            return None if constants is None else ((0,), constants, (0,), None)
        if node.type in _REDUCTIONS:
            return self._of_reduction(node)
        if node.type == "ConcatV2":
            return self._of_concat(node)
        if node.op_def.family in _ELEMENTWISE and node.type != "AccumulateNV2" or node.type == "Cast":
            return self._of_elementwise(node)
        return None

    def _constants(self, node, positions):
        """{position: the constant there, for the other layout}, or None if one is not known."""
        arrays = {i: self._shaped.constants.get(node.inputs[i]) for i in positions}
        if any(array is None or len(array) != 4 for array in arrays.values()):
            return None
        return {i: np.ascontiguousarray(array[list(_TO_LAST)]) for i, array in arrays.items()}

    def _of_image_op(self, node):
        images, positions, outputs = _IMAGE_OPS[node.type]
        if any(len(self._shaped.shape[node.inputs[i]]) != 4 for i in images):
            return None
        if node.type in _FOLLOWING and not any(self._known(node.inputs[i]) for i in images):
            return None
        constants = self._constants(node, positions)
        if constants is None:
            return None
        attrs = {**node.attrs, "data_format": b"NHWC"}
        for name in _AXIS_ATTRS:
            if name in attrs:
                attrs[name] = _moved(attrs[name])
        pads = attrs.get("explicit_paddings")
        if pads:
            attrs["explicit_paddings"] = [pads[2 * axis + side] for axis in _TO_LAST for side in (0, 1)]
        return images, constants, outputs, attrs

    def _of_elementwise(self, node):
        """One of whose inputs has a twin: its result's shape is theirs, or repeats them."""
        shape, given = self._shaped.shape, [self._shaped.shape[value] for value in node.inputs]
        wanted = shape[node.outputs[0]]
        same = node.type in ("Select", "AddN")      # takes a vector of conditions otherwise, one for each row
        if len(wanted) != 4 or any(s != wanted and (same or not _repeats(s, wanted)) for s in given):
            return None
        return [i for i, s in enumerate(given) if s], {}, (0,), None

    def _of_reduction(self, node):
        axes = self._shaped.constants.get(node.inputs[1])
        if axes is None or not self._known(node.inputs[0]):
            return None
        gone = {int(axis) % 4 for axis in axes.reshape(-1)}
        left = [axis for axis in _TO_LAST if axis not in gone]
        if not node.attrs["keep_dims"] and left != sorted(left):
            return None     # its result would need a transpose itself
        array = np.array([_TO_LAST.index(axis) for axis in sorted(gone)], axes.dtype)
        return (0,), {1: array}, (0,) if node.attrs["keep_dims"] else (), None

    def _of_concat(self, node):
        axis = self._shaped.constants.get(node.inputs[-1])
        images = range(len(node.inputs) - 1)
        if axis is None or any(len(self._shaped.shape[node.inputs[i]]) != 4 for i in images):
            return None
        return images, {len(images): np.array(_TO_LAST.index(int(axis) % 4), axis.dtype)}, (0,), None


def _repeats(small, shape):
    try:
        return shapes.broadcast_shapes(small, shape) == shape
    except ValueError:
        return False
