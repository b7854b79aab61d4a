"""Array shapes: what a plan knows of its TensorArrays, so that what is read from them has a shape.

All elements of an array have one shape, unless the program says otherwise: that which is given, or that of
what is written first. (The kernels check it at each write.) Where the program says so, they have one nevertheless if
all writes are seen, and write one shape. Holds no state.
"""

import numpy as np

from graphflow.framework import shapes


class Elements:
    """What is known of one TensorArray: shape of its elements, and their number; None where it is not.

    Attributes: alike: whether all elements have one shape. outside: for a body that may not run, what is known
    around it: what is learnt in the body counts for nothing there. Of a handle on a tape, key: if each run of the body
    that recorded it made another array, or found it beside such, what tells it from others of that run; lasts: whether
    it is one array in all iterations; around: in that case the key that it has, or would have, on the tape around.
    differs: whether the program lets elements have several shapes. written: the one shape of all that was seen to be
    written so far, None if that is nothing, False if it may be several.
    """

    __slots__ = ("alike", "around", "differs", "key", "lasts", "outside", "shape", "size", "written")

    def __init__(self, shape, size, alike, outside=None, key=None, lasts=False, differs=False, around=None):
        self.key = key
        self.lasts = lasts
        self.around = around
        self.shape = shape if shape is not None and shapes.is_full(shape) else None
        self.size = size
        self.alike = alike
        self.outside = outside
        self.differs = differs
        self.written = None

    def learn(self, shape):
        """Notes the shape of an element that is written, if it is known.

        Where another one was to be written, by a loop that may not run, nothing is known any more.
        """
        self.note(shape)
        if shape is None or not shapes.is_full(shape) or not self.alike:
            return
        if self.shape is not None and self.shape != shape:
            self._forget()
        elif self.outside is None:
            self.shape = shape

    def note(self, shape):
        """Notes that elements of a shape, or None if it is not known, may be written."""
        is_one = shape is not None and shapes.is_full(shape) and self.written in (None, shape)
        self.written = shape if is_one else False
        if self.outside is not None:
            self.outside.note(shape)

    def _forget(self):
        self.shape, self.alike = None, False
        if self.outside is not None:
            self.outside._forget()

    def handed_on(self):
        """The same for a body that is given the array: it is not new to that."""
        is_new = self.key or self.lasts
        return Elements(self.shape, self.size, self.alike, differs=self.differs) if is_new else self

    def of_gradients(self):
        """The same for its array of gradients: what is written to that says nothing of this one."""
        return Elements(self.shape, self.size, self.alike, differs=True) if self.differs else self

    def in_branch(self):
        """The same for a body that may not run."""
        return Elements(
            self.shape, self.size, self.alike, self, self.key, self.lasts, self.differs, self.around)


def settle(shaped, node):
    """Learns from a node of a TensorArray; notes shapes of what it makes, and sizes that do not change."""
    if node.type == "TensorArrayV3":
        _created(shaped, node)
        return
    elements = shaped.arrays.get(node.inputs[0]) if node.inputs else None
    if not node.bodies and node.type not in _UNDERSTOOD:
        unseen(shaped, node)
    if elements is None:
        return
    if node.type in ("TensorArrayGradV3", "Identity"):
        elements = elements.of_gradients() if node.type == "TensorArrayGradV3" else elements
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
    shape = shaped.alike.get(node.op)
    elements = Elements(node.attrs["element_shape"] if shape is None else shape, int(size) if fixed else None,
                        node.attrs["identical_element_shapes"] or shape is not None, differs=may_differ(node))
    if elements.differs:
        shaped.created[node.op] = elements
    for value in node.outputs:
        if value.index == 0:
            shaped.arrays[value] = elements


def _gathered(shaped, node, elements):
    count = shaped.shape[node.inputs[1]]
    return None if count is None or elements.shape is None else (*count, *elements.shape)


def may_differ(node):
    """Whether a node makes an array whose elements may have several shapes."""
    return node.type == "TensorArrayV3" and not node.attrs["identical_element_shapes"]


def unseen(shaped, node):
    """Notes that `node` may write anything to the arrays that it is given."""
    for value in node.inputs:
        if value in shaped.arrays:
            shaped.arrays[value].note(None)


def alike(shaped):
    """{operation: shape} of those arrays, made by operations of this plan, all elements of which have one shape.

    To others than nodes of the plan they are not known.
    """
    known = [shaped.arrays.get(value) for value in shaped.plan.fetches]
    return {op: elements.written for op, elements in shaped.created.items()
            if isinstance(elements.written, tuple) and not any(elements is other for other in known)}


_LEARN = {"TensorArrayWriteV3", "TensorArrayScatterV3"}
_MADE = {"TensorArrayReadV3": lambda shaped, node, elements: elements.shape, "TensorArrayGatherV3": _gathered}
# What handles are given to, and does not write but what it learns.
_UNDERSTOOD = {*_LEARN, *_MADE, "TensorArrayV3", "TensorArrayGradV3", "TensorArrayGradWithShape", "TensorArraySizeV3",
               "TensorArrayConcatV3", "TensorArrayCloseV3", "Identity"}


def on_tape(shaped, handle, outside):
    """What is known of an array whose handle a body records, for those who read it from its tape.

    outside: gives the key, on the tape around, of the array that a feed names; None without any.
    """
    elements = shaped.arrays.get(handle)
    if elements is None:
        return None
    root, sources = _beside(shaped, handle)
    lasts, around = False, None
    if root.node is None:
        lasts = shaped.arrays[root].lasts or root not in (shaped.varying or ())
        around = outside(root)
    key = key_of(shaped, root)
    return Elements(elements.shape, elements.size, elements.alike, None, key and (*key, *sources), lasts,
                    elements.differs, around and (*around, *sources))


def key_of(shaped, handle):
    """What tells an array from others of a run of the body, if each run makes it anew, or finds it beside such; else
    None."""
    root, sources = _beside(shaped, handle)
    if root.node is None:
        base = root in shaped.arrays and shaped.arrays[root].key
    else:
        base = root.node.type == "TensorArrayV3" and (root,)
    return (*base, *sources) if base else None


def _beside(shaped, handle):
    """The handle of the array beside which another is, and the sources of the gradients that this holds."""
    root, sources = shaped.root(handle), []
    while root.node is not None and root.node.type == "TensorArrayGradV3":
        sources.insert(0, root.node.attrs["source"])
        root = shaped.root(root.node.inputs[0])
    return root, sources


def known_size(shaped, node):
    """The size that a TensorArraySizeV3 gives at every run, as an array; None if it is not known or not that."""
    if node.type != "TensorArraySizeV3":
        return None
    elements = shaped.arrays.get(node.inputs[0])
    return None if elements is None or elements.size is None else np.array(elements.size, np.int32)
