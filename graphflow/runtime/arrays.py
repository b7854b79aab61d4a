"""TensorArrays whose elements native kernels read and write.

That is possible in a body that is given the array's handle, or makes the array, where the compiler knows the one shape
of its elements (`compiler/array_shapes.py`): the array is then laid out as rows of one piece of memory
(`kernels/reference/tensor_store.py`), and the kernels look at its head. What a body makes itself is made once, with the
frame, and only forgets its elements each time the body runs; so is an array of gradients whose array another body made.
No Python step may ask for the handles of these; on tapes something stands in for them (`tapes.Handles`), if only arrays
of gradients are asked for there. Holds no state.
"""

from typing import NamedTuple

from graphflow.compiler.plan import Value
from graphflow.framework import shapes
from graphflow.framework.kernel_loader import kernels
from graphflow.runtime import tapes

_ELEMENTS = ("TensorArrayReadV3", "TensorArrayWriteV3", "TensorArrayGatherV3", "TensorArrayScatterV3")
_KINDS = ("TensorArrayV3", "TensorArrayGradV3", *_ELEMENTS)


class Made(NamedTuple):
    """What is known of an array that is made with the frame: name, size, shape of elements, as far as the program gives
    it, whether all are of one shape, whether reading clears, and whether what is written is added up."""

    name: str
    size: int
    element_shape: tuple
    identical: bool
    clear: bool
    sums: bool

    def gradient(self, source):
        """The same of its array of gradients. There is one only where something was written, so it knows its shape."""
        return Made(f"{self.name}@{source}", self.size, self.element_shape, self.identical, False, True)

    @property
    def known(self):
        """Whether the shape of elements is known before one is written; -1 if it never is, of those never written."""
        if self.sums or shapes.is_full(self.element_shape):
            return 1
        return 0 if self.identical else -1


class StandIn(NamedTuple):
    """What a tape has for a handle: the array (a Use), and of one made in a loop within the body that has the tape, how
    many loops are around it there: it is another array in each of their iterations."""

    use: "Use"
    loops: int


class Use:
    """An array as the nodes of a body use it.

    Attributes: value: its handle. origin, source: number of the feed that is its handle, or that of the array whose
    gradients it holds for `source`; of an array made with the frame, the handle instead. shape, dtype: of its elements.
    may_grow: whether writing may want Python to make room. made: a Made, or None.
    """

    __slots__ = ("dtype", "made", "may_grow", "origin", "shape", "source", "value")

    def __init__(self, value, origin, source, shape, dtype, may_grow, made=None):
        self.value = value
        self.origin = origin
        self.source = source
        self.shape = shape
        self.dtype = dtype
        self.may_grow = may_grow
        self.made = made

    def found(self, handle):
        """(handle, rows) of the array used, given the handle that is fed.

        None if it can't be used natively.
        """
        return handle[1].native(self.source, self.shape, self.dtype)

    def rows(self):
        """Rows for an array made with the frame."""
        made = self.made
        return kernels("reference.tensor_store").empty_rows(
            made.size, self.shape, self.dtype.as_numpy_dtype, made.clear, made.sums, made.known)

    def handle(self, rows):
        """The handle that reference kernels take for such an array."""
        made, store = self.made, kernels("reference.tensor_store").TensorStore
        return store.of_rows(made.name, self.dtype, made.element_shape, made.identical, rows).handle()

    def stand_in(self):
        """The handle of an array beside which there are the same arrays of gradients: it has no elements."""
        made, store = self.made, kernels("reference.tensor_store").TensorStore
        shape = self.shape if made.size else made.element_shape     # known once something was written
        return store(made.name, self.dtype, made.size, shape, made.identical, False, made.clear, made.sums).handle()


def uses(shaped, body, keyed, refused=()):
    """({handle: Use} for the arrays that nodes of a ShapedPlan use, {handle: (origin, source)} of all).

    Of what is made with the frame, the handles `refused` are left out. body: its BodyPlan, or None for what is no body.
    keyed: {key: origin} of arrays that are new in each iteration, which is added to.
    """
    found, origins = {}, {} if body is None else _fed(shaped, body, refused, keyed)
    for node in shaped.nodes:
        if node.type not in _KINDS:
            continue
        if node.type == "TensorArrayV3":
            use = _made(shaped, node, refused)
        else:
            use = _used(shaped, node, origins, found)
        if use is not None:
            origins.setdefault(use.value, (use.origin, use.source))
            found[use.value] = use
    return found, origins


def _fed(shaped, body, refused, keyed):
    """{handle that is fed: (origin, None)}. Of an array that is new in each iteration, the origin is the first of its
    handles."""
    origins = {}
    for number, (feed, (kind, _, _)) in enumerate(zip(shaped.plan.feeds, body.arguments, strict=True)):
        elements = shaped.arrays.get(feed)
        is_taped = kind == "tape" and elements is not None
        if kind == "input" or is_taped and elements.lasts and elements.key is None:
            origins[feed] = number, None
        elif is_taped and elements.key is not None:
            origin = keyed.setdefault(elements.key, feed)
            if origin not in refused:
                origins[feed] = origin, None
    return origins


def _made(shaped, node, refused):
    """The Use of the array that a node makes, or None."""
    handle, *flow = node.outputs or (None,)
    elements = shaped.arrays.get(handle)
    if not flow or elements is None or handle in refused:
        return None
    attrs, dtype = node.attrs, node.attrs["dtype"]
    if elements.size is None or elements.shape is None or not elements.alike:
        return None
    if kernels("reference.tensor_store").rows_bytes(elements.size, elements.shape, dtype) is None:
        return None
    made = Made(attrs["tensor_array_name"].decode() or node.name, elements.size, attrs["element_shape"],
                attrs["identical_element_shapes"], attrs["clear_after_read"], False)
    return Use(handle, handle, None, elements.shape, dtype, False, made)


def _used(shaped, node, origins, found):
    """The Use of the array that a node takes, or makes beside it; None if there is none or it is known."""
    handle = shaped.root(node.inputs[0])
    origin, source = origins.get(handle, (None, None))
    elements = None if origin is None else shaped.arrays.get(node.inputs[0])
    if elements is None or elements.shape is None or not elements.alike or handle in found and node.type in _ELEMENTS:
        return None
    if node.type == "TensorArrayGradV3":
        if not _may_have_gradients(found.get(handle)):
            return None
        if source is None and len(node.outputs) == 2:
            origins[node.outputs[0]] = origin, node.attrs["source"]
            if handle in found and found[handle].made is not None:
                return _gradients(found[handle], node.outputs[0], node.attrs["source"])
        return None
    shape, dtype = _elements_of(shaped, node)
    if shape != elements.shape:
        return None
    if isinstance(origin, int):
        return Use(handle, origin, source, shape, dtype, source is None and elements.size is None)
    return None if source is None else _gradients_of_taped(origin, elements, handle, source, shape, dtype)


def _may_have_gradients(use):
    """Whether an array may have native gradients: not where some of its elements may have no shape, and others one."""
    return use is None or use.made is None or use.made.identical


def _gradients(use, handle, source):
    return Use(handle, use.origin, source, use.shape, use.dtype, False, use.made.gradient(source))


def _gradients_of_taped(origin, elements, handle, source, shape, dtype):
    """The Use of the gradients of an array whose handle is on a tape, or None."""
    if not elements.size or kernels("reference.tensor_store").rows_bytes(elements.size, shape, dtype) is None:
        return None     # of no elements nothing was written: nobody may know their shape
    made = Made(origin.name, elements.size, shape, True, True, False).gradient(source)
    return Use(handle, origin, source, shape, dtype, False, made)


def _elements_of(shaped, node):
    """(shape, dtype) of the elements that a node reads or writes."""
    value = node.outputs[0] if node.type in ("TensorArrayReadV3", "TensorArrayGatherV3") else node.inputs[2]
    shape = shaped.shape[value]
    if node.type in ("TensorArrayGatherV3", "TensorArrayScatterV3"):
        shape = shape and shape[1:]
    return shape, value.dtype


def use_within(spec, inner, handle):
    """The Use in a body of what a body within it uses as `inner`, given there as `handle`; None if that can't be.

    spec: Specialization of the body.
    """
    root = spec.root(handle)
    origin, source = spec.array_origins.get(root, (None, None))
    if origin is None or source is not None and inner.source is not None:
        return None
    source = inner.source if source is None else source
    for use in spec.arrays.values():
        if use.origin == origin and use.source == source:
            return use if (use.shape, use.dtype) == (inner.shape, inner.dtype) else None
    value = root if inner.source is None else Value(handle.dtype, handle.shape, f"{handle.name}@{source}")
    if isinstance(origin, int):
        return Use(value, origin, source, inner.shape, inner.dtype, inner.may_grow)
    base, elements = spec.arrays.get(origin), spec.elements.get(origin)
    if not _may_have_gradients(base):
        return None
    if base is not None:
        return _gradients(base, value, source) if (base.shape, base.dtype) == (inner.shape, inner.dtype) else None
    if source is None or elements is None or not elements.alike or elements.shape != inner.shape:
        return None
    return _gradients_of_taped(origin, elements, value, source, inner.shape, inner.dtype)


def use_on_tape(spec, inner, tape, tensor):
    """The Use of what a body within uses as `inner`, given its handle as `tensor` on a tape of this run.

    None if that can't be: the array must be new in this run.
    """
    info = spec.tape_infos.get(tape, {}).get(tensor)
    elements = info and info.array
    if elements is None or elements.around is None or inner.source is None:
        return None
    if not elements.alike or elements.shape != inner.shape:
        return None
    origin = spec.keyed.setdefault(elements.around, Value(inner.value.dtype, inner.value.shape, f"{tensor.name}@tape"))
    if origin in spec.refused:
        return None
    for use in spec.arrays.values():
        if use.origin == origin and use.source == inner.source:
            return use if (use.shape, use.dtype) == (inner.shape, inner.dtype) else None
    value = Value(origin.dtype, origin.shape, f"{origin.name}@{inner.source}")
    return _gradients_of_taped(origin, elements, value, inner.source, inner.shape, inner.dtype)


def is_used(shaped, found, node):
    """Whether a node of a TensorArray may be native: all but those whose array is no Use."""
    if node.type not in _KINDS:
        return True
    if node.type in ("TensorArrayV3", "TensorArrayGradV3"):
        return bool(node.outputs) and node.outputs[0] in found
    use = found.get(shaped.root(node.inputs[0]))
    if use is None or node.type == "TensorArrayScatterV3" and use.may_grow:
        return False
    return (use.shape, use.dtype) == _elements_of(shaped, node)


def asked_for(spec, bound):
    """The arrays made with the frame whose handles Python would have to know, given the steps that were bound."""
    read = [v for step in bound if step.native is None for v in step.inputs]
    fetched = [v for v in map(spec.root, spec.plan.fetches) if v not in spec.stand_ins]
    origins = {spec.array_origins.get(spec.root(v), (None, None))[0] for v in (*read, *fetched)}
    taped = [array for v in map(spec.root, read) if v in spec.tape_infos for array in _within(spec.tape_infos[v])]
    keys = spec.keyed if any(array.around is None for array in taped) else {array.around for array in taped}
    keyed = {spec.keyed[key] for key in keys if key in spec.keyed}
    keyed.intersection_update(use.origin for use in spec.arrays.values())
    return {origin for origin in (*origins, *keyed) if isinstance(origin, Value)}


def _within(tape):
    """What is known of the arrays on a tape, and on tapes that are there, that are not new to the bodies there."""
    for info in tape.values():
        if info.array is not None and info.array.lasts and info.array.key is None:
            yield info.array
        if info.tape is not None:
            yield from _within(info.tape)


def stand_ins(spec, body):
    """{handle: StandIn} of what is on the tape of a BodyPlan for those who ask for arrays of gradients, and for nobody
    else."""
    if body is None:
        return {}
    outputs = len(body.plan.fetches) - len(body.recorded)
    fetches, kept = list(map(spec.root, body.plan.fetches)), [True] * outputs + [whole for _, whole in body.recorded]
    asked = {value for value, whole in zip(fetches, kept, strict=True) if whole}
    return {value: StandIn(spec.arrays[value], 0) for value in fetches if value in spec.arrays and value not in asked}


def renewal(spec, kind):
    """The steps, BoundNodes of this kind, that make the arrays anew which are made with the frame: one or none."""
    made = {(use.origin, use.source): use for use in spec.arrays.values() if use.made is not None}
    if not made:
        return []
    native = kernels("cpu.tensor_array").renewal([use.made.known for use in made.values()])
    step = kind(next(node for node in spec.plan.nodes if node.type in _KINDS or node.bodies), native, None)
    step.inputs, step.outputs, step.writes = [use.value for use in made.values()], [], []
    return [step]


def fit(spec, body, inputs):
    """Whether the arrays among the inputs of a node are as the Specialization of its body takes them to be."""
    for use in spec.arrays.values():
        if use.made is None:
            handle = fed(body, use.origin, inputs)
            if handle is None or use.found(handle) is None:
                return False
    return True


def fed(body, number, inputs):
    """The handle that is feed `number` of a body of a node with these inputs, in any iteration; None without any."""
    kind, index, reading = body.arguments[number]
    if kind == "input":
        return inputs[index]
    tape = inputs[index].item()
    return None if tape.count == 0 else tapes.recorded(tape, None if tape.count is None else 0, reading[0], False)
