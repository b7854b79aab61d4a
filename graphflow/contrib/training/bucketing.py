"""Batches of examples that belong together: `tf.contrib.training.bucket`, through one queue per bucket.

State: that of the queues, in the session.
"""

from functools import partial

import graphflow as tf
from graphflow.framework.api import tf_export
from graphflow.framework.convert import convert_n_to_tensor_or_indexed_slices
from graphflow.framework.static_value import constant_value
from graphflow.ops.case import smart_cond
from graphflow.training.batching import as_list, checked_keep, common_dtypes, common_shapes, in_form_of
from graphflow.training.sparse_batching import restore_sparse, store_sparse

_ENDS = (tf.errors.OutOfRangeError, tf.errors.CancelledError)


@tf_export("contrib.training.bucket")
def bucket(tensors, which_bucket, batch_size, num_buckets, num_threads=1, capacity=32, bucket_capacities=None,
           shapes=None, dynamic_pad=False, allow_smaller_final_batch=False, keep_input=True, shared_name=None,
           name=None):
    """Batches whose examples all come from one of `num_buckets` buckets.

    Args:
      tensors: list or dictionary of tensors (dense or sparse) of one example. which_bucket: the number of its bucket,
        an int32 scalar. batch_size: of every bucket, or a list with one for each. num_threads: how many threads
        compute and enqueue examples.
      capacity: most batches that wait, and most examples in a bucket unless the list `bucket_capacities` says it.
      shapes: of an example, by default the tensors' own. dynamic_pad: lets dimensions that are not known differ;
        batches are padded. allow_smaller_final_batch: gives what is left when the input ends; else it is dropped.
      keep_input: bool scalar: whether the example is kept at all. shared_name: of the queues.
    Returns (number of the bucket, batch in the form of `tensors`). QueueRunners in the collection QUEUE_RUNNERS fill
    the queues: call `tf.train.start_queue_runners` before running them.
    Raises ValueError if shapes can not be inferred, or a list hasn't one element for each bucket.

    Example:
      >>> import graphflow as tf
      >>> (number,) = tf.train.slice_input_producer([tf.range(6)], shuffle=False)
      >>> which, batch = tf.contrib.training.bucket([number], number % 2, batch_size=3, num_buckets=2)
      >>> with tf.Session() as sess:
      ...     coord = tf.train.Coordinator()
      ...     threads = tf.train.start_queue_runners(sess, coord)
      ...     odd, numbers = sess.run([which, batch])
      ...     assert all(numbers % 2 == odd)
      ...     coord.request_stop()
      ...     coord.join(threads)
    """
    sizes = _one_each(batch_size, num_buckets)
    capacities = [capacity] * num_buckets if bucket_capacities is None else bucket_capacities
    if len(capacities) != num_buckets:
        raise ValueError(f"The list bucket_capacities ({capacities}) must have exactly num_buckets ({num_buckets}) "
                         "elements.")
    given = as_list(tensors)
    with tf.name_scope(name, "bucket", given):
        parts = convert_n_to_tensor_or_indexed_slices(given)
        if not parts:
            raise ValueError("Expected at least one tensor in bucket().")
        keep = checked_keep(keep_input, False)
        (parts,), sparse = store_sparse([parts], False, keep)
        sizes = [_known(size) for size in sizes]
        which = tf.convert_to_tensor(which_bucket, dtype=tf.int32, name="which_bucket")
        queues = _buckets(capacities, common_dtypes([parts]), common_shapes([parts], shapes, False), dynamic_pad,
                          shared_name)
        one_size = not allow_smaller_final_batch and not isinstance(batch_size, (list, tuple))
        top = _batch_queue(queues[0], capacity, sizes[0] if one_size else None, shared_name)
        enqueue = smart_cond(keep, lambda: _enqueue(queues, which, parts), tf.no_op)
        _run(queues, top, [enqueue] * num_threads, _forward(queues, top, sizes, allow_smaller_final_batch))
        _summarize(queues, top, capacity)
        number, *batch = top.dequeue(name="dequeue_top")
        batch = restore_sparse(batch[0] if len(batch) == 1 else batch, sparse)
        return number, in_form_of(tensors, batch)


def _one_each(batch_size, num_buckets):
    if not isinstance(batch_size, (list, tuple)):
        return [batch_size] * num_buckets
    if len(batch_size) != num_buckets:
        raise ValueError("If batch_size is a list it must have num_buckets elements")
    return list(batch_size)


def _known(size):
    """A size as a number where it is known, else as a tensor."""
    size = tf.convert_to_tensor(size, dtype=tf.int32, name="batch_size")
    value = constant_value(size)
    return size if value is None else int(value)


def _buckets(capacities, types, shapes, pad, shared_name):
    """A queue of examples for each bucket."""
    make = tf.PaddingFIFOQueue if pad else tf.FIFOQueue
    return [make(capacity, types, shapes, shared_name=None if shared_name is None else f"{shared_name}_{i}",
                 name=f"bucket_queue_{i}") for i, capacity in enumerate(capacities)]


def _batch_queue(queue, capacity, size, shared_name):
    """The queue of (number of the bucket, *batch), for batches from queues like `queue`."""
    lead = None if isinstance(size, tf.Tensor) else size
    shapes = [tf.TensorShape([]), *(tf.TensorShape([lead]).concatenate(shape) for shape in queue.shapes)]
    # A queue that pads is one that takes shapes which aren't fully known: nothing is padded.
    return tf.PaddingFIFOQueue(capacity, [tf.int32, *queue.dtypes], shapes, shared_name=shared_name, name="top_queue")


def _enqueue(queues, which, tensors):
    """An operation that puts an example into the queue of number `which`."""
    return tf.group(*(tf.cond(tf.equal(which, i), partial(queue.enqueue, tensors), tf.no_op)
                      for i, queue in enumerate(queues)), name="group_enqueues")


def _forward(queues, top, sizes, smaller):
    """For each bucket, an operation that puts a batch of it into the queue of batches."""
    operations = []
    for i, (queue, size) in enumerate(zip(queues, sizes)):
        dequeue = queue.dequeue_up_to if smaller else queue.dequeue_many
        batch = dequeue(size, name=f"read_bucket_{i}")
        batch = list(batch) if isinstance(batch, (list, tuple)) else [batch]
        operations.append(top.enqueue([tf.constant(i), *batch], name=f"enqueue_from_bucket_{i}"))
    return operations


def _run(queues, top, enqueues, forwards):
    """Registers the threads that fill the buckets, and those that empty them, which end when the first ones did."""
    for queue, operations, to_close in ((queues[0], forwards, [top]), (top, enqueues, queues)):
        tf.train.add_queue_runner(tf.train.QueueRunner(
            queue, operations, close_op=tf.group(*(each.close() for each in to_close)),
            cancel_op=tf.group(*(each.close(cancel_pending_enqueues=True) for each in to_close)),
            queue_closed_exception_types=_ENDS))


def _summarize(queues, top, capacity):
    for queue in queues:
        tf.summary.scalar(f"bucket/{queue.name}/size", tf.cast(queue.size(), tf.float32))
    full = tf.cast(top.size(), tf.float32) * (1.0 / capacity)
    tf.summary.scalar(f"bucket/{top.name}/fraction_of_{capacity}_full", full)


@tf_export("contrib.training.bucket_by_sequence_length")
def bucket_by_sequence_length(input_length, tensors, batch_size, bucket_boundaries, num_threads=1, capacity=32,
                              bucket_capacities=None, shapes=None, dynamic_pad=False, allow_smaller_final_batch=False,
                              keep_input=True, shared_name=None, name=None):
    """Batches of examples of similar lengths; see `bucket`.

    Args:
      input_length: length of the example, an int32 scalar. bucket_boundaries: list of increasing ints, between which
        the buckets lie; the first one holds what is shorter than all, the last one the rest.
    Returns (lengths [batch], batch in the form of `tensors`).
    Raises TypeError unless the boundaries are ints in a list, ValueError unless there are some and they increase.
    """
    _check_boundaries(bucket_boundaries)
    parts = as_list(tensors)
    with tf.name_scope(name, "bucket_by_sequence_length", [input_length, *parts]):
        length = tf.convert_to_tensor(input_length, dtype=tf.int32, name="input_length")
        least, most = [tf.int32.min, *bucket_boundaries], [*bucket_boundaries, tf.int32.max]
        inside = tf.logical_and(tf.less_equal(least, length), tf.less(length, most))
        which = tf.cast(tf.reduce_min(tf.where(inside)), tf.int32)
        if shapes is not None:
            shapes = [tf.TensorShape([]), *shapes]
        _, (lengths, *batch) = bucket(
            [length, *parts], which, batch_size, len(bucket_boundaries) + 1, num_threads, capacity, bucket_capacities,
            shapes, dynamic_pad, allow_smaller_final_batch, keep_input, shared_name)
        return lengths, in_form_of(tensors, batch[0] if isinstance(tensors, dict) and len(batch) == 1 else batch)


def _check_boundaries(boundaries):
    if not isinstance(boundaries, (list, tuple)):
        raise TypeError(f"bucket_boundaries must be a list or tuple, but received: {boundaries}")
    if not boundaries:
        raise ValueError("bucket_boundaries must not be empty")
    for before, after in zip(boundaries[:-1], boundaries[1:]):
        if not isinstance(before, int) or not isinstance(after, int):
            raise TypeError(f"bucket boundaries must be integers, but saw: {before} and {after}")
        if before >= after:
            raise ValueError(f"Buckets must contain sequential increasing lengths, but saw: {before} before {after}")
