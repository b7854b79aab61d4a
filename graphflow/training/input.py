"""Input producers: queues that a QueueRunner fills, time and again, with the rows of a tensor.

Holds no state: queues live in sessions, epochs are counted in local variables.
"""

from graphflow.framework import dtypes
from graphflow.framework import public as tf
from graphflow.framework.api import tf_export
from graphflow.framework.convert import convert_n_to_tensor_or_indexed_slices, convert_to_tensor
from graphflow.framework.graph import GraphKeys
from graphflow.framework.graph_scopes import control_dependencies, name_scope
from graphflow.framework.tensor import Tensor
from graphflow.training.queue_runner import QueueRunner, add_queue_runner


@tf_export("train.match_filenames_once", "io.match_filenames_once")
def match_filenames_once(pattern, name=None):
    """A local variable of the names of files that match a glob `pattern`, looked up when it is initialised.

    Args: pattern: glob pattern, or vector of them.
    """
    with name_scope(name, "matching_filenames", [pattern]) as name:
        return tf.Variable(tf.matching_files(pattern), trainable=False, validate_shape=False,
                           collections=[GraphKeys.LOCAL_VARIABLES], name=name)


@tf_export("train.limit_epochs")
def limit_epochs(tensor, num_epochs=None, name=None):
    """`tensor`, which can be computed `num_epochs` times (None: without end); then OutOfRangeError is raised.

    Counts in a local variable `epochs`, which `tf.local_variables_initializer()` sets to zero.
    Raises ValueError if `num_epochs` is not positive.
    """
    if num_epochs is None:
        return tensor
    if num_epochs <= 0:
        raise ValueError(f"num_epochs must be > 0 not {num_epochs}.")
    with name_scope(name, "limit_epochs", [tensor]) as name:
        zero = tf.constant(0, dtype=dtypes.int64)
        epochs = tf.Variable(zero, name="epochs", trainable=False, collections=[GraphKeys.LOCAL_VARIABLES])
        with control_dependencies([epochs.count_up_to(num_epochs)]):
            return tf.identity(tensor, name=name)


@tf_export("train.input_producer")
def input_producer(input_tensor, element_shape=None, num_epochs=None, shuffle=True, seed=None, capacity=32,
                   shared_name=None, summary_name=None, name=None, cancel_op=None):
    """A queue of the rows of `input_tensor`, in random order (anew each time) if `shuffle`.

    Args:
      element_shape: shape of a row, where the tensor's is not known. num_epochs: see `limit_epochs`.
      seed: of the shuffling. capacity, shared_name: of the queue. summary_name: adds a scalar summary of
        how full the queue is. cancel_op: see `QueueRunner`.
    Returns a FIFOQueue, whose QueueRunner is added to the collection QUEUE_RUNNERS.
    Raises ValueError if the shape of the rows is not known.
    """
    with name_scope(name, "input_producer", [input_tensor]):
        input_tensor = convert_to_tensor(input_tensor, name="input_tensor")
        element_shape = input_tensor.shape[1:].merge_with(element_shape)
        if not element_shape.is_fully_defined():
            raise ValueError("Either `input_tensor` must have a fully defined shape or `element_shape` must be "
                             "specified")
        if shuffle:
            input_tensor = tf.random_shuffle(input_tensor, seed=seed)
        input_tensor = limit_epochs(input_tensor, num_epochs)
        queue = tf.FIFOQueue(capacity=capacity, dtypes=[input_tensor.dtype.base_dtype], shapes=[element_shape],
                             shared_name=shared_name, name=name or "fifo_queue")
        add_queue_runner(QueueRunner(queue, [queue.enqueue_many([input_tensor])], cancel_op=cancel_op))
        if summary_name is not None:
            _add_scalar(summary_name, tf.cast(queue.size(), dtypes.float32) * (1.0 / capacity))
        return queue


def _add_scalar(name, value):
    from graphflow.summary.functions import scalar

    scalar(name, value)


@tf_export("train.string_input_producer")
def string_input_producer(string_tensor, num_epochs=None, shuffle=True, seed=None, capacity=32, shared_name=None,
                          name=None, cancel_op=None):
    """A queue of strings (file names, mostly): `input_producer` of a vector of strings.

    Raises ValueError for an empty list; InvalidArgumentError in a run for an empty tensor.

    Example:
      >>> names = tf.train.string_input_producer(["a", "b"], num_epochs=1, shuffle=False)
      >>> name = names.dequeue()
      >>> with tf.Session() as sess:
      ...     sess.run(tf.local_variables_initializer())
      ...     coord = tf.train.Coordinator()
      ...     threads = tf.train.start_queue_runners(sess, coord)
      ...     print(sess.run(name), sess.run(name))
      ...     coord.request_stop()
      ...     coord.join(threads)
      b'a' b'b'
    """
    message = "string_input_producer requires a non-null input tensor"
    if not isinstance(string_tensor, Tensor) and not string_tensor:
        raise ValueError(message)
    with name_scope(name, "input_producer", [string_tensor]) as name:
        string_tensor = convert_to_tensor(string_tensor, dtype=dtypes.string)
        with control_dependencies([tf.Assert(tf.greater(tf.size(string_tensor), 0), [message])]):
            string_tensor = tf.identity(string_tensor)
        return input_producer(string_tensor, [], num_epochs, shuffle, seed, capacity, shared_name,
                              f"fraction_of_{capacity}_full", name, cancel_op)


@tf_export("train.range_input_producer")
def range_input_producer(limit, num_epochs=None, shuffle=True, seed=None, capacity=32, shared_name=None, name=None):
    """A queue of the integers from 0 to `limit - 1`: `input_producer` of a range."""
    with name_scope(name, "input_producer", [limit]) as name:
        return input_producer(tf.range(limit), [], num_epochs, shuffle, seed, capacity, shared_name,
                              f"fraction_of_{capacity}_full", name)


@tf_export("train.slice_input_producer")
def slice_input_producer(tensor_list, num_epochs=None, shuffle=True, seed=None, capacity=32, shared_name=None,
                         name=None):
    """One row of each tensor, all of the same number: `[images[i], labels[i]]` for one i after the other.

    Args: tensor_list: list of tensors with the same first dimension; the others: see `input_producer`.
    Returns a list of tensors.
    Raises ValueError for an empty list.
    """
    with name_scope(name, "input_producer", tensor_list):
        tensor_list = convert_n_to_tensor_or_indexed_slices(tensor_list)
        if not tensor_list:
            raise ValueError("Expected at least one tensor in slice_input_producer().")
        rows = tf.shape(tensor_list[0])[0]
        queue = range_input_producer(rows, num_epochs=num_epochs, shuffle=shuffle, seed=seed, capacity=capacity,
                                     shared_name=shared_name)
        index = queue.dequeue()
        return [tf.gather(tensor, index) for tensor in tensor_list]
