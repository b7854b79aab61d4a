"""Array shapes: what a plan knows of its TensorArrays, so that what is read from them has a shape.

All elements of an array have one shape, unless the program says otherwise: that which is given, or that of
what is written first. (The kernels check it at each write.) Holds no state.
"""

import numpy as np

from graphflow.framework import shapes


class Elements:
    """What is known of one TensorArray: shape of its elements, and their number; None where it is not.

    Attributes: alike: whether all elements have one shape. outside: for a body that may not run, what is known
    around it: what is learnt in the body counts for nothing there. is_new: of a handle on a tape, whether each run of
    the body that recorded it made another array.
    """

    __slots__ = ("alike", "is_new", "outside", "shape", "size")

    def __init__(self, shape, size, alike, outside=None, is_new=False):
        self.is_new = is_new
        self.shape = shape if shape is not None and shapes.is_full(shape) else None
        self.size = size
        self.alike = alike
        self.outside = outside

    def learn(self, shape):
        """Notes the shape of an element that is written, if it is known.

        Where another one was to be written, by a loop that may not run, nothing is known any more.
        """
        if shape is None or not shapes.is_full(shape) or not self.alike:
            return
        if self.shape is not None and self.shape != shape:
            self._forget()
        elif self.outside is None:
            self.shape = shape

    def _forget(self):
        self.shape, self.alike = None, False
        if self.outside is not None:
            self.outside._forget()

    def handed_on(self):
        """The same for a body that is given the array: it is not new to that."""
        return Elements(self.shape, self.size, self.alike) if self.is_new else self

    def in_branch(self):
        """The same for a body that may not run."""
        return Elements(self.shape, self.size, self.alike, self, self.is_new)


def settle(shaped, node):
    """Learns from a node of a TensorArray; notes shapes of what it makes, and sizes that do not change."""
    if node.type == "TensorArrayV3":
        _created(shaped, node)
        return
    elements = shaped.arrays.get(node.inputs[0]) if node.inputs else None
    if elements is None:
        return
    if node.type in ("TensorArrayGradV3", "Identity"):
        for value in node.outputs:
            if value.index == 0:
                shaped.arrays[value] = elements
    elif node.type in _LEARN:
        shape = shaped.shape[node.inputs[2]]
        elements.learn(shape if shape is None or node.type == "TensorArrayWriteV3" else shape[1:])
    elif node.type in _MADE and node.outputs:
        shape = _MADE[node.type](shaped, node, elements)
        if shape is not None:
            shaped.shape[node.outputs[0]] = shape


def _created(shaped, node):
    size = shaped.constants.get(node.inputs[0])
    fixed = size is not None and size.ndim == 0 and not node.attrs["dynamic_size"]
    elements = Elements(node.attrs["element_shape"], int(size) if fixed else None,
                        node.attrs["identical_element_shapes"])
    for value in node.outputs:
        if value.index == 0:
            shaped.arrays[value] = elements


def _gathered(shaped, node, elements):
    count = shaped.shape[node.inputs[1]]
    return None if count is None or elements.shape is None else (*count, *elements.shape)


_LEARN = {"TensorArrayWriteV3", "TensorArrayScatterV3"}
_MADE = {"TensorArrayReadV3": lambda shaped, node, elements: elements.shape, "TensorArrayGatherV3": _gathered}


def on_tape(shaped, handle, recorded):
    """What is known of an array whose handle is among the values `recorded`, for those who read it from there.

    Arrays of gradients are not told to be new: they may be on the tape under several names.
    """
    elements, root = shaped.arrays.get(handle), shaped.root(handle)
    is_new = root.node is not None and root.node.type == "TensorArrayV3"
    if elements is None or not is_new or sum(shaped.root(v) is root for v in recorded) > 1:
        return elements and elements.handed_on()
    return Elements(elements.shape, elements.size, elements.alike, is_new=True)


def known_size(shaped, node):
    """The size that a TensorArraySizeV3 gives at every run, as an array; None if it is not known or not that."""
    if node.type != "TensorArraySizeV3":
        return None
    elements = shaped.arrays.get(node.inputs[0])
    return None if elements is None or elements.size is None else np.array(elements.size, np.int32)
