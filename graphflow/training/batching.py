"""`tf.train.batch` and its kin: tensors of single examples become batches, through a queue.

All eight functions are `_Batching` with different queues and sources. Sparse tensors travel as handles
(`sparse_batching.py`). Holds no state.
"""

from graphflow.framework import dtypes, tensor_shape
from graphflow.framework import public as tf
from graphflow.framework.api import tf_export
from graphflow.framework.convert import convert_n_to_tensor_or_indexed_slices, convert_to_tensor
from graphflow.framework.graph_scopes import name_scope
from graphflow.ops.case import smart_cond
from graphflow.training.queue_runner import QueueRunner, add_queue_runner
from graphflow.training.sparse_batching import restore_sparse, store_sparse


class _Batching:
    """One call. Args: kind: default name of the scope. tensors_list: list of structures (lists or dictionaries
    of tensors), of which each is enqueued by `threads` threads. shuffle: None or (capacity,
    min_after_dequeue, seed). The others: as the public functions'.
    """

    def __init__(self, kind, tensors_list, batch_size, keep_input=True, threads=1, capacity=32, enqueue_many=False,
                 shapes=None, dynamic_pad=False, smaller=False, shared_name=None, name=None, shuffle=None):
        self.kind, self.structures, self.batch_size = kind, tensors_list, batch_size
        self.keep_input, self.threads, self.capacity = keep_input, threads, capacity
        self.many, self.shapes, self.pad, self.smaller = enqueue_many, shapes, dynamic_pad, smaller
        self.shared_name, self.name, self.shuffle = shared_name, name, shuffle

    def build(self):
        """The batch, in the form of the tensors given."""
        lists = [as_list(structure) for structure in self.structures]
        with name_scope(self.name, self.kind, [t for tensors in lists for t in tensors]) as scope:
            if self.shuffle is not None and self.capacity <= self.shuffle[0]:
                raise ValueError(f"capacity {self.capacity} must be bigger than min_after_dequeue {self.shuffle[0]}.")
            lists = [convert_n_to_tensor_or_indexed_slices(tensors) for tensors in lists]
            if not lists[0]:
                raise ValueError("Expected at least one tensor in batch().")
            keep = checked_keep(self.keep_input, self.many)
            lists, sparse = store_sparse(lists, self.many, keep)
            queue = self._queue(common_dtypes(lists), common_shapes(lists, self.shapes, self.many))
            operations = [self._enqueue(queue, tensors, keep) for tensors in lists]
            add_queue_runner(QueueRunner(queue, operations * self.threads))
            self._summarize(queue)
            dequeue = queue.dequeue_up_to if self.smaller else queue.dequeue_many
            return in_form_of(self.structures[0], restore_sparse(dequeue(self.batch_size, name=scope), sparse))

    def _queue(self, types, shapes):
        arguments = {"capacity": self.capacity, "dtypes": types, "shapes": shapes, "shared_name": self.shared_name}
        if self.shuffle is not None:
            return tf.RandomShuffleQueue(min_after_dequeue=self.shuffle[0], seed=self.shuffle[1], **arguments)
        return (tf.PaddingFIFOQueue if self.pad else tf.FIFOQueue)(**arguments)

    def _enqueue(self, queue, tensors, keep):
        enqueue = queue.enqueue_many if self.many else queue.enqueue
        if keep.shape.ndims == 1:
            which = tf.cast(keep, dtypes.int32)
            return enqueue([tf.dynamic_partition(t, which, num_partitions=2)[1] for t in tensors])
        return smart_cond(keep, lambda: enqueue(tensors), tf.no_op)

    def _summarize(self, queue):
        from graphflow.summary.functions import scalar

        if self.shuffle is None:
            scalar(f"fraction_of_{self.capacity}_full", tf.cast(queue.size(), dtypes.float32) * (1.0 / self.capacity))
            return
        kept = self.shuffle[0]
        room = self.capacity - kept
        full = tf.cast(tf.maximum(0, queue.size() - kept), dtypes.float32) * (1.0 / room)
        scalar(f"fraction_over_{kept}_of_{room}_full", full)


# ---------------------------------------------------------------- structures and checks

def as_list(tensors):
    return [tensors[k] for k in sorted(tensors, key=str)] if isinstance(tensors, dict) else tensors


def in_form_of(structure, tensors):
    if not isinstance(structure, dict):
        return tensors
    return dict(zip(sorted(structure, key=str), [tensors] if len(structure) == 1 else tensors, strict=True))


def _structures(tensors_list):
    """The structures to join, which must be alike."""
    if not tensors_list:
        raise ValueError("Expected at least one set of tensors")
    first = tensors_list[0]
    if isinstance(first, dict) and any(set(tensors) != set(first) for tensors in tensors_list):
        raise ValueError("All dictionaries in tensors_list must have the same keys")
    return tensors_list


def checked_keep(keep_input, many):
    keep = convert_to_tensor(keep_input)
    if keep.shape.ndims is None:
        raise ValueError("`keep_input` dimensions must be known at graph construction.")
    if not many and keep.shape.ndims == 1:
        raise ValueError("`keep_input` cannot be a vector when `enqueue_many=False`.")
    if keep.shape.ndims > 1:
        raise ValueError("`keep_input` must be 0 or 1 dimensions.")
    return keep


def common_dtypes(lists):
    types = [t.dtype for t in lists[0]]
    for tensors in lists[1:]:
        others = [t.dtype for t in tensors]
        if others != types:
            raise TypeError("Expected types to be consistent: "
                            f"{', '.join(t.name for t in types)} vs. {', '.join(t.name for t in others)}.")
    return [t.base_dtype for t in types]


def common_shapes(lists, shapes, many):
    """The shapes of an example, that of the first list where all are compatible."""
    if shapes is not None:
        return shapes
    for tensors in lists:
        for tensor in tensors:
            if tensor.shape.ndims is None:
                raise ValueError(f"Cannot infer Tensor's rank: {tensor}")
    found = []
    for group in zip(*lists):
        first, *others = [t.shape.with_rank_at_least(1)[1:] if many else t.shape for t in group]
        for other in others:
            first.merge_with(other)
        found.append(tensor_shape.TensorShape(first).as_list())
    return found


# ---------------------------------------------------------------- public functions

@tf_export("train.batch")
def batch(tensors, batch_size, num_threads=1, capacity=32, enqueue_many=False, shapes=None, dynamic_pad=False,
          allow_smaller_final_batch=False, shared_name=None, name=None):
    """Batches of `batch_size` examples.

    Args:
      tensors: list or dictionary of tensors (dense or sparse) of one example; with `enqueue_many`, of several
        along the first dimension. num_threads: threads that compute and enqueue them.
      capacity: most examples in the queue. shapes: of an example, by default the tensors' own.
      dynamic_pad: lets dimensions that are not known differ; batches are padded.
      allow_smaller_final_batch: gives what is left when the input ends; else it is dropped.
      shared_name: of the queue.
    Returns tensors in the same form. The queue is filled by a QueueRunner in the collection QUEUE_RUNNERS:
    call `tf.train.start_queue_runners` before running them.
    Raises ValueError if shapes can not be inferred; OutOfRangeError in a run when the input has ended.

    Example:
      >>> rows = tf.train.slice_input_producer([tf.range(6)], shuffle=False)
      >>> (numbers,) = [tf.train.batch(rows, batch_size=4)]
      >>> with tf.Session() as sess:
      ...     coord = tf.train.Coordinator()
      ...     threads = tf.train.start_queue_runners(sess, coord)
      ...     print(sess.run(numbers))
      ...     coord.request_stop()
      ...     coord.join(threads)
      [0 1 2 3]
    """
    return _Batching("batch", [tensors], batch_size, True, num_threads, capacity, enqueue_many, shapes, dynamic_pad,
                     allow_smaller_final_batch, shared_name, name).build()


@tf_export("train.maybe_batch")
def maybe_batch(tensors, keep_input, batch_size, num_threads=1, capacity=32, enqueue_many=False, shapes=None,
                dynamic_pad=False, allow_smaller_final_batch=False, shared_name=None, name=None):
    """`batch` of those examples for which `keep_input` (a bool tensor, a vector with `enqueue_many`) is true."""
    return _Batching("batch", [tensors], batch_size, keep_input, num_threads, capacity, enqueue_many, shapes,
                     dynamic_pad, allow_smaller_final_batch, shared_name, name).build()


@tf_export("train.batch_join")
def batch_join(tensors_list, batch_size, capacity=32, enqueue_many=False, shapes=None, dynamic_pad=False,
               allow_smaller_final_batch=False, shared_name=None, name=None):
    """`batch` of several sources, each a list or dictionary of tensors with a thread of its own."""
    return _Batching("batch_join", _structures(tensors_list), batch_size, True, 1, capacity, enqueue_many, shapes,
                     dynamic_pad, allow_smaller_final_batch, shared_name, name).build()


@tf_export("train.maybe_batch_join")
def maybe_batch_join(tensors_list, keep_input, batch_size, capacity=32, enqueue_many=False, shapes=None,
                     dynamic_pad=False, allow_smaller_final_batch=False, shared_name=None, name=None):
    """`batch_join` of those examples for which `keep_input` is true."""
    return _Batching("batch_join", _structures(tensors_list), batch_size, keep_input, 1, capacity, enqueue_many,
                     shapes, dynamic_pad, allow_smaller_final_batch, shared_name, name).build()


@tf_export("train.shuffle_batch")
def shuffle_batch(tensors, batch_size, capacity, min_after_dequeue, num_threads=1, seed=None, enqueue_many=False,
                  shapes=None, allow_smaller_final_batch=False, shared_name=None, name=None):
    """`batch` in random order.

    Args: min_after_dequeue: how many examples stay in the queue, for mixing; less than `capacity`. seed: of
      the shuffling.
    Raises ValueError if `capacity` is not bigger than `min_after_dequeue`.
    """
    return _Batching("shuffle_batch", [tensors], batch_size, True, num_threads, capacity, enqueue_many, shapes, False,
                     allow_smaller_final_batch, shared_name, name, (min_after_dequeue, seed)).build()


@tf_export("train.maybe_shuffle_batch")
def maybe_shuffle_batch(tensors, batch_size, capacity, min_after_dequeue, keep_input, num_threads=1, seed=None,
                        enqueue_many=False, shapes=None, allow_smaller_final_batch=False, shared_name=None,
                        name=None):
    """`shuffle_batch` of those examples for which `keep_input` is true."""
    return _Batching("shuffle_batch", [tensors], batch_size, keep_input, num_threads, capacity, enqueue_many, shapes,
                     False, allow_smaller_final_batch, shared_name, name, (min_after_dequeue, seed)).build()


@tf_export("train.shuffle_batch_join")
def shuffle_batch_join(tensors_list, batch_size, capacity, min_after_dequeue, seed=None, enqueue_many=False,
                       shapes=None, allow_smaller_final_batch=False, shared_name=None, name=None):
    """`shuffle_batch` of several sources, each a list or dictionary of tensors with a thread of its own."""
    return _Batching("shuffle_batch_join", _structures(tensors_list), batch_size, True, 1, capacity, enqueue_many,
                     shapes, False, allow_smaller_final_batch, shared_name, name, (min_after_dequeue, seed)).build()


@tf_export("train.maybe_shuffle_batch_join")
def maybe_shuffle_batch_join(tensors_list, batch_size, capacity, min_after_dequeue, keep_input, seed=None,
                             enqueue_many=False, shapes=None, allow_smaller_final_batch=False, shared_name=None,
                             name=None):
    """`shuffle_batch_join` of those examples for which `keep_input` is true."""
    return _Batching("shuffle_batch_join", _structures(tensors_list), batch_size, keep_input, 1, capacity,
                     enqueue_many, shapes, False, allow_smaller_final_batch, shared_name, name,
                     (min_after_dequeue, seed)).build()
