"""Barriers: maps from keys to tuples whose components arrive one by one. The map lives in the session.

`tensorflow.python.ops.data_flow_ops.Barrier` is this module's Barrier; TensorFlow has no public name for it.
"""

from graphflow.framework import raw_ops, shapes, tensor_shape
from graphflow.framework.op_def import NotDifferentiable, register_op
from graphflow.framework.static_value import constant_value
from graphflow.ops.queues import shape_list, type_list

_TYPES = "component_types: list(type) >= 1"


def _handle(c):
    return [(2,)]


register_op("Barrier", outputs="handle: Ref(string)", attrs=_TYPES + "; shapes: list(shape) >= 0 = []; "
            "capacity: int = -1; container: string = ''; shared_name: string = ''", shape=_handle, stateful=True)
register_op("BarrierInsertMany", inputs="handle: Ref(string), keys: string, values: T",
            attrs="T: type; component_index: int", shape=shapes.no_outputs, stateful=True)
register_op("BarrierTakeMany", inputs="handle: Ref(string), num_elements: int32",
            outputs="indices: int64, keys: string, values: component_types",
            attrs=_TYPES + "; allow_small_batch: bool = false; wait_for_incomplete: bool = false; timeout_ms: int = -1",
            shape=shapes.unknown, blocking=True)
register_op("BarrierClose", inputs="handle: Ref(string)", attrs="cancel_pending_enqueues: bool = false",
            shape=shapes.no_outputs, stateful=True)
for _name in ("BarrierReadySize", "BarrierIncompleteSize"):
    register_op(_name, inputs="handle: Ref(string)", outputs="size: int32", shape=shapes.scalar, stateful=True)
for _name in ("Barrier", "BarrierInsertMany", "BarrierTakeMany", "BarrierClose", "BarrierReadySize",
              "BarrierIncompleteSize"):
    NotDifferentiable(_name)


class Barrier:
    """A map from keys (strings) to tuples, which can be taken once all their components are there.

    Args: types: dtype, or list of dtypes, of the components. shapes: their fully known shapes, or None.
      shared_name: barriers with it are one.
    Raises ValueError for a shape without elements.
    """

    def __init__(self, types, shapes=None, shared_name=None, name="barrier"):
        self._types = type_list(types)
        self._shapes = shape_list(shapes) or [tensor_shape.unknown_shape() for _ in self._types]
        for i, shape in enumerate(self._shapes):
            if shape.num_elements() == 0:
                raise ValueError(f"Empty tensors are not supported, but received shape '{shape}' at index {i}")
        self._barrier_ref = raw_ops.Barrier(component_types=self._types, shapes=self._shapes,
                                            shared_name=shared_name or "", name=name)
        self._name = self._barrier_ref.op.name.split("/")[-1]

    @property
    def barrier_ref(self):
        """The handle of the barrier."""
        return self._barrier_ref

    @property
    def name(self):
        """The name of the operation that makes the barrier."""
        return self._barrier_ref.op.name

    def insert_many(self, component_index, keys, values, name=None):
        """An operation that brings component `component_index` of the elements `keys` (vector of strings).

        Raises, in a run, InvalidArgumentError for a component that is there; CancelledError if it is closed.
        """
        return raw_ops.BarrierInsertMany(self._barrier_ref, keys, values, component_index=component_index,
                                         name=name or f"{self._name}_BarrierInsertMany")

    def take_many(self, num_elements, allow_small_batch=False, timeout=None, name=None):
        """Takes complete elements, first inserted first, waiting for them: (indices, keys, list of components).

        Args: allow_small_batch: whether to give what there is once the barrier is closed. timeout: must be None.
        """
        found = raw_ops.BarrierTakeMany(
            self._barrier_ref, num_elements, component_types=self._types, allow_small_batch=allow_small_batch,
            timeout_ms=-1 if timeout is None else timeout, name=name or f"{self._name}_BarrierTakeMany")
        op = found[0].op
        lead = [None if allow_small_batch else constant_value(op.inputs[1])]
        for output, shape in zip(op.outputs, [[], [], *self._shapes]):
            output.set_shape(tensor_shape.TensorShape(lead).concatenate(shape))
        return found

    def close(self, cancel_pending_enqueues=False, name=None):
        """An operation that closes the barrier: no new keys; with `cancel_pending_enqueues`, no components either."""
        return raw_ops.BarrierClose(self._barrier_ref, cancel_pending_enqueues=cancel_pending_enqueues,
                                    name=name or f"{self._name}_BarrierClose")

    def ready_size(self, name=None):
        """How many elements are complete, as a tensor."""
        return raw_ops.BarrierReadySize(self._barrier_ref, name=name or f"{self._name}_BarrierReadySize")

    def incomplete_size(self, name=None):
        """How many elements lack components, as a tensor."""
        return raw_ops.BarrierIncompleteSize(self._barrier_ref, name=name or f"{self._name}_BarrierIncompleteSize")
