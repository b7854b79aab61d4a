"""Queue ops: making queues, and what runs do with them. `queues.py` has the classes that users see.

Holds no state: the queue itself lives in the session.
"""

from graphflow.framework import shapes
from graphflow.framework.op_def import NotDifferentiable, register_op

_SHARED = "; container: string = ''; shared_name: string = ''"
_QUEUE = "component_types: list(type) >= 1; shapes: list(shape) >= 0 = []; capacity: int = -1"
_TIMEOUT = "; timeout_ms: int = -1"
_KINDS = {
    "FIFOQueue": _QUEUE + _SHARED,
    "PaddingFIFOQueue": _QUEUE + _SHARED,
    "RandomShuffleQueue": _QUEUE + "; min_after_dequeue: int = 0; seed: int = 0; seed2: int = 0" + _SHARED,
    "PriorityQueue": "component_types: list(type) >= 0 = []; shapes: list(shape) >= 0; capacity: int = -1" + _SHARED,
}


def _scalar_handle(c):
    return [()]


def _legacy_handle(c):
    return [(2,)]


def _element_shapes(c):
    """The shapes of the components, where the queue can be seen; else None for each."""
    unknown = [None] * c.num_outputs
    if c.running:
        return unknown
    queue = c._inputs[0].op
    kind = queue.type.removesuffix("V2")
    if kind not in _KINDS or not queue.attrs["shapes"]:
        return unknown
    known = [*([()] if kind == "PriorityQueue" else []), *queue.attrs["shapes"]]
    return known if len(known) == c.num_outputs else unknown


def _batch_shapes(c):
    n = c.value(1)
    first = None if n is None else int(n)
    return [None if shape is None else (first, *shape) for shape in _element_shapes(c)]


def _up_to_shapes(c):
    return [None if shape is None else (None, *shape) for shape in _element_shapes(c)]


def _register(suffix, handle, handle_shape):
    """The ops in one of their two forms: with resource handles, or with TensorFlow 0.x's references."""
    queue = "handle: " + handle
    for kind, attrs in _KINDS.items():
        register_op(kind + suffix, outputs=queue, attrs=attrs, shape=handle_shape, stateful=True)
    for name in ("QueueEnqueue", "QueueEnqueueMany"):
        register_op(name + suffix, inputs=queue + ", components: Tcomponents",
                    attrs="Tcomponents: list(type) >= 1" + _TIMEOUT, shape=shapes.no_outputs, stateful=suffix == "V2",
                    blocking=True)
    types = "component_types: list(type) >= 1" + _TIMEOUT
    register_op("QueueDequeue" + suffix, inputs=queue, outputs="components: component_types", attrs=types,
                shape=_element_shapes, stateful=suffix == "V2", blocking=True)
    for name, rule in (("QueueDequeueMany", _batch_shapes), ("QueueDequeueUpTo", _up_to_shapes)):
        register_op(name + suffix, inputs=queue + ", n: int32", outputs="components: component_types", attrs=types,
                    shape=rule, stateful=suffix == "V2", blocking=True)
    register_op("QueueClose" + suffix, inputs=queue, attrs="cancel_pending_enqueues: bool = false",
                shape=shapes.no_outputs, stateful=suffix == "V2", blocking=True)
    register_op("QueueIsClosed" + suffix, inputs=queue, outputs="is_closed: bool", shape=_scalar_handle,
                stateful=True)
    register_op("QueueSize" + suffix, inputs=queue, outputs="size: int32", shape=_scalar_handle, stateful=True)
    for name in (*_KINDS, "QueueEnqueue", "QueueEnqueueMany", "QueueDequeue", "QueueDequeueMany", "QueueDequeueUpTo",
                 "QueueClose", "QueueIsClosed", "QueueSize"):
        NotDifferentiable(name + suffix)


register_op("FakeQueue", inputs="resource: resource", outputs="handle: Ref(string)", shape=_scalar_handle,
            stateful=True)
NotDifferentiable("FakeQueue")
_register("V2", "resource", _scalar_handle)
_register("", "Ref(string)", _legacy_handle)
