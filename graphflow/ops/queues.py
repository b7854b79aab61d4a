"""`tf.FIFOQueue` and its kin: queues of tensors as programs see them.

An object here knows the queue's handle, dtypes, shapes and names; the queue itself lives in the session.
"""

import functools
import hashlib

from graphflow.framework import dtypes as _dtypes
from graphflow.framework import public as tf
from graphflow.framework import random_seed, raw_ops, tensor_shape
from graphflow.framework.api import tf_export
from graphflow.framework.convert import convert_to_tensor
from graphflow.framework.graph_scopes import name_scope
from graphflow.framework.static_value import constant_value


@tf_export("QueueBase", "queue.QueueBase", "io.QueueBase")
class QueueBase:
    """A queue of elements, each a tuple of tensors: what all kinds of queues can do.

    Args: dtypes: list of the components' dtypes. shapes: list of their shapes, or None for any. names: list
      of their names, or None; a queue with names takes and gives dictionaries. queue_ref: the handle.
    Raises ValueError if the lists differ in length.
    """

    def __init__(self, dtypes, shapes, names, queue_ref):
        self._dtypes = dtypes
        for what, given in (("shapes", shapes), ("names", names)):
            if given is not None and len(given) != len(dtypes):
                raise ValueError(f"Queue {what} must have the same length as dtypes")
        self._shapes = [tensor_shape.TensorShape(s) for s in shapes or [None] * len(dtypes)]
        self._names = names
        self._queue_ref = queue_ref
        self._name = queue_ref.op.name.split("/")[-1]

    @staticmethod
    def from_list(index, queues):
        """The queue `queues[index]`, chosen at run time by a scalar tensor.

        Raises TypeError unless `queues` is a list of queues with the same dtypes and names.
        """
        if not queues or not isinstance(queues, list) or not all(isinstance(q, QueueBase) for q in queues):
            raise TypeError("A list of queues expected")
        first = queues[0]
        for what in ("dtypes", "names"):
            if any(getattr(q, what) != getattr(first, what) for q in queues):
                raise TypeError(f"Queues do not have matching component {what}.")
        common = [functools.reduce(_common_shape, group) for group in zip(*[q.shapes for q in queues])]
        chosen = tf.gather(tf.stack([q.queue_ref for q in queues]), index)
        return QueueBase(first.dtypes, common, first.names, chosen)

    @property
    def queue_ref(self):
        """The handle of the queue."""
        return self._queue_ref

    @property
    def name(self):
        """The name of the operation that makes the queue."""
        return self._queue_ref.op.name

    @property
    def dtypes(self):
        """The components' dtypes."""
        return self._dtypes

    @property
    def shapes(self):
        """The components' static shapes."""
        return self._shapes

    @property
    def names(self):
        """The components' names, or None."""
        return self._names

    # ---- in

    def _components(self, vals):
        """`vals` (a tensor, a list or a dictionary) as a list of tensors of the queue's dtypes."""
        if isinstance(vals, dict):
            if not self._names:
                raise ValueError("Queue must have names to enqueue a dictionary")
            if sorted(self._names, key=str) != sorted(vals, key=str):
                raise ValueError("Keys in dictionary to enqueue do not match names of Queue.  Dictionary: "
                                 f"({sorted(vals)}), Queue: ({sorted(self._names)})")
            vals = [vals[name] for name in self._names]
        elif self._names:
            raise ValueError("You must enqueue a dictionary in a Queue with names")
        elif not isinstance(vals, (list, tuple)):
            vals = [vals]
        return [convert_to_tensor(value, dtype=dtype, name=f"component_{i}")
                for i, (value, dtype) in enumerate(zip(vals, self._dtypes))]

    def _scope(self, name, suffix, vals):
        values = vals.values() if isinstance(vals, dict) else vals if isinstance(vals, (list, tuple)) else [vals]
        return name_scope(name, self._name + suffix, list(values))

    def enqueue(self, vals, name=None):
        """An operation that puts one element in, waiting while the queue is full.

        Args: vals: tensor, list of tensors, or dictionary of them if the queue has names.
        Raises ValueError for shapes or names that don't fit; in a run, CancelledError if the queue is closed.
        """
        with self._scope(name, "_enqueue", vals) as scope:
            components = self._components(vals)
            for value, shape in zip(components, self._shapes):
                value.get_shape().assert_is_compatible_with(shape)
            if self._queue_ref.dtype == _dtypes.resource:
                return raw_ops.QueueEnqueueV2(self._queue_ref, components, name=scope)
            return raw_ops.QueueEnqueue(self._queue_ref, components, name=scope)

    def enqueue_many(self, vals, name=None):
        """An operation that puts in one element for each slice of the tensors' first dimension."""
        with self._scope(name, "_EnqueueMany", vals) as scope:
            components = self._components(vals)
            length = tensor_shape.Dimension(None)
            for value, shape in zip(components, self._shapes):
                length = length.merge_with(value.get_shape().with_rank_at_least(1)[0])
                value.get_shape()[1:].assert_is_compatible_with(shape)
            if self._queue_ref.dtype == _dtypes.resource:
                return raw_ops.QueueEnqueueManyV2(self._queue_ref, components, name=scope)
            return raw_ops.QueueEnqueueMany(self._queue_ref, components, name=scope)

    # ---- out

    def _op(self, kind):
        return getattr(raw_ops, f"Queue{kind}{'V2' if self._queue_ref.dtype == _dtypes.resource else ''}")

    def _element(self, tensors, lead):
        """The outputs of a dequeue in the form that users get; `lead` stands before the components' shapes."""
        for tensor, shape in zip(tensors, self._shapes):
            tensor.set_shape(tensor_shape.TensorShape(lead).concatenate(shape))
        if self._names:
            return dict(zip(self._names, tensors))
        return tensors[0] if len(tensors) == 1 else tensors

    def dequeue(self, name=None):
        """Takes one element out, waiting until there is one.

        Returns a tensor, a list of tensors, or a dictionary of them if the queue has names.
        Raises, in a run, OutOfRangeError if the queue is closed and empty.
        """
        outputs = self._op("Dequeue")(self._queue_ref, component_types=self._dtypes,
                                      name=name or f"{self._name}_Dequeue")
        return self._element(outputs, [])

    def dequeue_many(self, n, name=None):
        """Takes `n` elements out, waiting until there are as many, and stacks each component.

        Raises, in a run, OutOfRangeError if the queue is closed and holds fewer; InvalidArgumentError if the
        components' shapes are not known.
        """
        outputs = self._op("DequeueMany")(self._queue_ref, n, component_types=self._dtypes,
                                          name=name or f"{self._name}_DequeueMany")
        return self._element(outputs, [constant_value(outputs[0].op.inputs[1])])

    def dequeue_up_to(self, n, name=None):
        """Like `dequeue_many`, but gives what is left once the queue is closed and holds fewer."""
        outputs = self._op("DequeueUpTo")(self._queue_ref, n, component_types=self._dtypes,
                                          name=name or f"{self._name}_DequeueUpTo")
        return self._element(outputs, [None])

    # ---- state

    def close(self, cancel_pending_enqueues=False, name=None):
        """An operation that closes the queue: nothing more comes in; what is in it can be taken out.

        Args: cancel_pending_enqueues: whether enqueues that wait for room fail, rather than go first.
        """
        return self._op("Close")(self._queue_ref, cancel_pending_enqueues=cancel_pending_enqueues,
                                 name=name or f"{self._name}_Close")

    def is_closed(self, name=None):
        """Whether the queue is closed, as a tensor."""
        return self._op("IsClosed")(self._queue_ref, name=name or f"{self._name}_Is_Closed")

    def size(self, name=None):
        """How many elements the queue holds, as a tensor."""
        return self._op("Size")(self._queue_ref, name=name or f"{self._name}_Size")


@tf_export("FIFOQueue", "queue.FIFOQueue")
class FIFOQueue(QueueBase):
    """A queue that gives its elements in the order in which they came.

    Args:
      capacity: how many elements fit. dtypes: dtype, or list of dtypes, of the components.
      shapes: their fully known shapes; without them elements may differ, and `dequeue_many` is no use.
      names: their names: elements are then dictionaries. shared_name: what queues with it share one storage.

    Example:
      >>> queue = tf.FIFOQueue(10, tf.int32, shapes=[()])
      >>> fill = queue.enqueue_many([[1, 2, 3]])
      >>> with tf.Session() as sess:
      ...     sess.run(fill)
      ...     print(sess.run(queue.dequeue_many(2)), sess.run(queue.size()))
      [1 2] 1
    """

    def __init__(self, capacity, dtypes, shapes=None, names=None, shared_name=None, name="fifo_queue"):
        dtypes = type_list(dtypes)
        shapes = shape_list(shapes)
        names = _name_list(names, dtypes)
        handle = raw_ops.FIFOQueueV2(component_types=dtypes, shapes=shapes or [], capacity=capacity,
                                     shared_name=shared_name or "", name=name)
        super().__init__(dtypes, shapes, names, handle)


@tf_export("RandomShuffleQueue", "queue.RandomShuffleQueue", "io.RandomShuffleQueue")
class RandomShuffleQueue(QueueBase):
    """A queue that gives its elements in random order.

    Args:
      capacity: how many elements fit. min_after_dequeue: how many must stay in until the queue is closed,
        so that they are well mixed. seed: see `tf.set_random_seed`.
      dtypes, shapes, names, shared_name: see `FIFOQueue`.
    """

    def __init__(self, capacity, min_after_dequeue, dtypes, shapes=None, names=None, seed=None, shared_name=None,
                 name="random_shuffle_queue"):
        dtypes = type_list(dtypes)
        shapes = shape_list(shapes)
        names = _name_list(names, dtypes)
        seed1, seed2 = random_seed.get_seed(seed)
        if seed1 is None and seed2 is None:
            seed1, seed2 = 0, 0
        elif seed is None and shared_name is not None:
            # Sessions that share the queue must agree: the op's number in its graph may not count.
            text = (str(seed1) + shared_name).encode("utf-8")
            seed2 = int(hashlib.md5(text).hexdigest()[:8], 16) & 0x7FFFFFFF
        handle = raw_ops.RandomShuffleQueueV2(
            component_types=dtypes, shapes=shapes or [], capacity=capacity, min_after_dequeue=min_after_dequeue,
            seed=seed1, seed2=seed2, shared_name=shared_name or "", name=name)
        super().__init__(dtypes, shapes, names, handle)


@tf_export("PaddingFIFOQueue", "queue.PaddingFIFOQueue", "io.PaddingFIFOQueue")
class PaddingFIFOQueue(QueueBase):
    """A FIFOQueue whose elements may differ in the dimensions that `shapes` gives as None.

    `dequeue_many` pads with zeros (or empty strings) to the largest element of the batch.

    Args: capacity, dtypes, names, shared_name: see `FIFOQueue`. shapes: list of one shape per component.
    Raises ValueError unless there is a shape of known rank for each component.
    """

    def __init__(self, capacity, dtypes, shapes, names=None, shared_name=None, name="padding_fifo_queue"):
        dtypes = type_list(dtypes)
        shapes = shape_list(shapes, partial=True)
        names = _name_list(names, dtypes)
        if len(dtypes) != len(shapes):
            raise ValueError(f"Shapes must be provided for all components, but received {len(dtypes)} dtypes and "
                             f"{len(shapes)} shapes.")
        handle = raw_ops.PaddingFIFOQueueV2(component_types=dtypes, shapes=shapes, capacity=capacity,
                                            shared_name=shared_name or "", name=name)
        super().__init__(dtypes, shapes, names, handle)


@tf_export("PriorityQueue", "queue.PriorityQueue", "io.PriorityQueue")
class PriorityQueue(QueueBase):
    """A queue that gives the element of the smallest priority first.

    The priority is a first component of int64 in what is enqueued and dequeued; it is not among `types`.

    Args: capacity, shapes, names, shared_name: see `FIFOQueue`. types: dtypes of the other components.
    """

    def __init__(self, capacity, types, shapes=None, names=None, shared_name=None, name="priority_queue"):
        types = type_list(types)
        shapes = shape_list(shapes)
        handle = raw_ops.PriorityQueueV2(component_types=types, shapes=shapes or [], capacity=capacity,
                                         shared_name=shared_name or "", name=name)
        super().__init__([_dtypes.int64, *types], [(), *shapes] if shapes else shapes, names, handle)


# ---------------------------------------------------------------- arguments

def type_list(dtypes):
    """Dtypes as a list; a single one may stand for a list of it."""
    given = dtypes if isinstance(dtypes, (list, tuple)) else [dtypes]
    return [_dtypes.as_dtype(dtype) for dtype in given]


def _is_dimension(value):
    return value is None or isinstance(value, int)


def shape_list(shapes, partial=False):
    """Shapes as a list of TensorShapes; a single one may stand for a list of it, unless `partial`."""
    if partial and (not isinstance(shapes, (list, tuple)) or not shapes or any(map(_is_dimension, shapes))):
        raise ValueError("When providing partial shapes, a list of shapes must be provided.")
    if shapes is None:
        return None
    if isinstance(shapes, tensor_shape.TensorShape):
        shapes = [shapes]
    if not isinstance(shapes, (tuple, list)):
        raise TypeError("shapes must be a TensorShape or a list or tuple of TensorShapes.")
    if all(map(_is_dimension, shapes)):
        shapes = [shapes]
    shapes = [tensor_shape.as_shape(shape) for shape in shapes]
    if not partial and not all(shape.is_fully_defined() for shape in shapes):
        raise ValueError(f"All shapes must be fully defined: {shapes}")
    if any(shape.ndims is None for shape in shapes):
        raise ValueError(f"All shapes must have a defined rank: {shapes}")
    return shapes


def _name_list(names, dtypes):
    if names is None:
        return None
    names = list(names) if isinstance(names, (list, tuple)) else [names]
    if len(names) != len(dtypes):
        raise ValueError("List of names must have the same length as the list of dtypes")
    return names


def _common_shape(a, b):
    """The most specific shape that both are compatible with."""
    if a.ndims is None or b.ndims is None or a.ndims != b.ndims:
        return tensor_shape.unknown_shape()
    return tensor_shape.TensorShape([x if x is not None and x == y else None for x, y in zip(a.as_list(), b.as_list())])
