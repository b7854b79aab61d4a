"""TensorArrays whose elements native kernels read and write.

That is possible in a body that is given the array's handle, where the compiler knows the one shape of its elements
(`compiler/array_shapes.py`): the array is then laid out as rows of one piece of memory
(`kernels/reference/tensor_store.py`), and the kernels look at its head. Holds no state.
"""

from graphflow.compiler.plan import Value

_KINDS = ("TensorArrayGradV3", "TensorArrayReadV3", "TensorArrayWriteV3")


class Use:
    """An array as the nodes of a body use it.

    Attributes: value: its handle. feed: number of the feed that is its handle, or that of the array whose gradients it
    holds for `source`. shape, dtype: of its elements. may_grow: whether writing may want Python to make room.
    """

    __slots__ = ("dtype", "feed", "may_grow", "shape", "source", "value")

    def __init__(self, value, feed, source, shape, dtype, may_grow):
        self.value = value
        self.feed = feed
        self.source = source
        self.shape = shape
        self.dtype = dtype
        self.may_grow = may_grow

    def found(self, handle):
        """(handle, rows) of the array used, given the handle that is fed.

        None if it can't be used natively.
        """
        return handle[1].native(self.source, self.shape, self.dtype)


def uses(shaped, given):
    """({handle: Use} for the arrays that nodes of a ShapedPlan use, {handle: (number of the feed, source)} of all).

    The feeds `given` (numbers) may be handles.
    """
    handles = {shaped.plan.feeds[number]: (number, None) for number in given}
    found = {}
    for node in shaped.nodes:
        handle = node.inputs[0] if node.type in _KINDS else None
        number, source = handles.get(shaped.root(handle), (None, None)) if handle is not None else (None, None)
        elements = None if number is None else shaped.arrays.get(handle)
        if elements is None or elements.shape is None or not elements.alike:
            continue
        if node.type == "TensorArrayGradV3":
            if source is None and len(node.outputs) == 2:
                handles[node.outputs[0]] = number, node.attrs["source"]
            continue
        value = node.outputs[0] if node.type == "TensorArrayReadV3" else node.inputs[2]
        if shaped.shape[value] == elements.shape:
            root = shaped.root(handle)
            found[root] = Use(root, number, source, elements.shape, value.dtype,
                              source is None and elements.size is None)
    return found, handles


def use_within(spec, inner, handle):
    """The Use in a body of what a body within it uses as `inner`, given there as `handle`; None if that can't be.

    spec: Specialization of the body.
    """
    number, source = spec.array_origins.get(spec.root(handle), (None, None))
    if number is None or source is not None and inner.source is not None:
        return None
    value, source = spec.root(handle), source if inner.source is None else inner.source
    for use in spec.arrays.values():
        if (use.feed, use.source) == (number, source):
            value = use.value
            if (use.shape, use.dtype) != (inner.shape, inner.dtype):
                return None
    if inner.source is not None and value is spec.root(handle):
        value = Value(handle.dtype, handle.shape, f"{handle.name}@{source}")
    return Use(value, number, source, inner.shape, inner.dtype, inner.may_grow)


def is_used(shaped, found, node):
    """Whether a node of a TensorArray may be native: all but those whose array is no Use."""
    if node.type not in _KINDS:
        return True
    if node.type == "TensorArrayGradV3":
        return node.outputs[0] in found
    use = found.get(shaped.root(node.inputs[0]))
    value = node.outputs[0] if node.type == "TensorArrayReadV3" else node.inputs[2]
    return use is not None and use.shape == shaped.shape[value] and use.dtype == value.dtype


def given(body):
    """Numbers of the feeds of a BodyPlan that are its node's inputs."""
    return [number for number, (kind, _, _) in enumerate(body.arguments) if kind == "input"]


def fit(spec, body, inputs):
    """Whether the arrays among the inputs of a node are as the Specialization of its body takes them to be."""
    return all(use.found(inputs[body.arguments[use.feed][1]]) is not None for use in spec.arrays.values())
