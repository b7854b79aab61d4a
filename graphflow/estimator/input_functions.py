"""Input functions from arrays and tables in memory: `tf.estimator.inputs`.

They put batches into a queue, as TensorFlow 1.15's do. State: that of the queue's threads, where they are in the data.
"""

import random

import numpy as np

import graphflow as tf
from graphflow.framework import errors
from graphflow.framework.api import tf_export

_TARGET = "__target_key__"


class _Rows:
    """Numbers of the next rows, batch by batch, epoch by epoch; OutOfRangeError after the last one.

    Args: count: number of rows. size: rows per batch. random_start: whether to begin anywhere. num_epochs: how often
      each row comes, None for ever.
    """

    def __init__(self, count, size, random_start, num_epochs):
        self._count = count
        self._size = size
        self._next = random.randrange(count) if random_start else 0
        self._left = None if num_epochs is None else num_epochs * count

    def __call__(self):
        if self._left == 0:
            raise errors.OutOfRangeError(None, None, "Already emitted all epochs.")
        size = self._size if self._left is None else min(self._size, self._left)
        rows = np.arange(self._next, self._next + size) % self._count
        self._next = int(rows[-1] + 1) % self._count
        if self._left is not None:
            self._left -= size
        return rows


@tf_export("contrib.training.FeedingQueueRunner")
class FeedingQueueRunner(tf.train.QueueRunner):
    """A QueueRunner whose operations are fed by functions.

    Args: feed_fns: for each of `enqueue_ops` a function that returns the `feed_dict` of its next run, or None; by
      default nothing is fed. The others: see QueueRunner.
    Raises ValueError unless there are as many functions as operations.
    """

    def __init__(self, queue=None, enqueue_ops=None, close_op=None, cancel_op=None, feed_fns=None,
                 queue_closed_exception_types=None):
        super().__init__(queue, enqueue_ops, close_op, cancel_op, queue_closed_exception_types)
        if feed_fns is None:
            feed_fns = [None] * len(enqueue_ops)
        if len(feed_fns) != len(enqueue_ops):
            raise ValueError("If feed_fns is not None, it must have the same length as enqueue_ops.")
        self._feed_fns = dict(zip(enqueue_ops, feed_fns))

    def _run(self, sess, enqueue_op, coord=None):
        super()._run(_FedSession(sess, self._feed_fns), enqueue_op, coord)

    def _count_down(self, sess):
        return super()._count_down(getattr(sess, "session", sess))

    def to_proto(self, export_scope=None):
        """NotImplementedError: functions have no form as a message."""
        raise NotImplementedError("FeedingQueueRunner has no form as a QueueRunnerDef: its feed_fns are functions.")


def _enqueue(columns, queue_capacity, shuffle, num_threads, batch_size, num_epochs, min_after_dequeue=None):
    """The queue that gets rows of {name: array}, with the rows' numbers as first component."""
    arrays = list(columns.values())
    count = len(arrays[0])
    types = [tf.int64, *(tf.as_dtype(array.dtype) for array in arrays)]
    sizes = [(), *(array.shape[1:] for array in arrays)]
    with tf.name_scope("enqueue_input"):
        held_back = 0
        if shuffle:
            held_back = int(queue_capacity / 4 if min_after_dequeue is None else min_after_dequeue)
            queue = tf.RandomShuffleQueue(queue_capacity, held_back, dtypes=types, shapes=sizes)
        else:
            queue = tf.FIFOQueue(queue_capacity, dtypes=types, shapes=sizes)
        operations, feeds = [], []
        for _ in range(num_threads):
            placeholders = [tf.placeholder(dtype) for dtype in types]
            operations.append(queue.enqueue_many(placeholders))
            feeds.append(_feeder(placeholders, arrays, _Rows(count, batch_size, shuffle, num_epochs)))
        tf.train.add_queue_runner(FeedingQueueRunner(queue, operations, feed_fns=feeds))
        full = tf.cast(tf.maximum(0, queue.size() - held_back), tf.float32) * (1.0 / (queue_capacity - held_back))
        tf.summary.scalar(
            f"queue/{queue.name}fraction_over_{held_back}_of_{queue_capacity - held_back}_full", full)
    return queue


def _feeder(placeholders, arrays, rows):
    def feed():
        numbers = rows()
        return dict(zip(placeholders, [numbers, *(array[numbers] for array in arrays)]))

    return feed


class _FedSession:
    """A session as a QueueRunner's thread sees it: what it runs is fed."""

    def __init__(self, session, feed_fns):
        self.session = session
        self._feed_fns = feed_fns

    def make_callable(self, operation):
        feed = self._feed_fns[operation]
        return lambda: self.session.run(operation, feed_dict=feed and feed())

    def __getattr__(self, name):
        return getattr(self.session, name)


def _check_shuffle(shuffle):
    if not isinstance(shuffle, bool):
        raise ValueError("shuffle must be provided and explicitly set as boolean "  # noqa: TRY004 - TensorFlow's class
                         f"(it is recommended to set it as True for training); got {shuffle}")


@tf_export("estimator.inputs.numpy_input_fn")
def numpy_input_fn(x, y=None, batch_size=128, num_epochs=1, shuffle=None, queue_capacity=1000, num_threads=1):
    """An input function that gives batches of arrays.

    Args:
      x: array, or {name: array}, of the features. y: array, or {name: array}, of the labels; None gives features only.
      batch_size: rows per batch. num_epochs: how often to go through the rows, None for ever; only with a number the
        last batch may be smaller. shuffle: whether to shuffle; must be given. queue_capacity: rows that wait.
      num_threads: threads that fill the queue, each with all rows.
    Raises ValueError without `shuffle`, and in the function for empty arrays, different lengths and names that are
    both features and labels; TypeError for other types.

    Example:
      >>> import graphflow as tf, numpy as np
      >>> input_fn = tf.estimator.inputs.numpy_input_fn({"x": np.arange(3)}, batch_size=2, shuffle=False)
      >>> features = input_fn()
      >>> with tf.train.MonitoredSession() as sess:
      ...     while not sess.should_stop():
      ...         print(sess.run(features)["x"])
      [0 1]
      [2]
    """
    _check_shuffle(shuffle)

    def input_fn():
        features = _arrays(x, "x")
        labels = {} if y is None else _arrays(y, "y") if isinstance(y, dict) else {_unused(features): y}
        twice = set(features) & set(labels)
        if twice:
            raise ValueError(f"{len(twice)} duplicate keys are found in both x and y: {twice}")
        columns = {**features, **labels}
        if len({len(array) for array in columns.values()}) != 1:
            raise ValueError("Length of tensors in x and y is mismatched. All elements in x and y must have the same "
                             f"length.\nShapes in x: { {k: v.shape for k, v in features.items()} }\n"
                             f"Shapes in y: { {k: v.shape for k, v in labels.items()} }\n")
        queue = _enqueue(columns, queue_capacity, shuffle, num_threads, batch_size, num_epochs)
        _, *batch = _dequeued(queue, batch_size, num_epochs)
        by_name = dict(zip(columns, batch))
        given = {name: by_name[name] for name in features} if isinstance(x, dict) else batch[0]
        if y is None:
            return given
        return given, {name: by_name[name] for name in labels} if isinstance(y, dict) else batch[-1]

    return input_fn


def _arrays(values, name):
    """{name: array}, in the order of the names."""
    if isinstance(values, dict):
        if not values:
            raise ValueError("y cannot be empty dict, use None instead." if name == "y" else
                             f"{name} cannot be an empty dict")
        return dict(sorted(values.items()))
    if not isinstance(values, np.ndarray):
        raise TypeError(f"{name} must be a dict or array; got {type(values).__name__}")
    if not values.size:
        raise ValueError(f"{name} cannot be an empty array")
    return {"__direct_np_input__": values}


def _unused(features):
    key = _TARGET
    while key in features:
        key += "_n"
    return key


def _dequeued(queue, batch_size, num_epochs):
    """The components of a batch."""
    return queue.dequeue_many(batch_size) if num_epochs is None else queue.dequeue_up_to(batch_size)


@tf_export("estimator.inputs.pandas_input_fn")
def pandas_input_fn(x, y=None, batch_size=128, num_epochs=1, shuffle=None, queue_capacity=1000, num_threads=1,
                    target_column="target"):
    """An input function that gives batches of a pandas DataFrame's columns.

    Args: x: DataFrame of the features. y: Series or DataFrame of the labels, with the same index. queue_capacity: rows
      that wait; None fits `x`. target_column: name that `x` has none of. The others are those of `numpy_input_fn`.
    Raises ValueError without `shuffle`, for another index, and for a taken name; TypeError for a name of another type.
    """
    _check_shuffle(shuffle)
    if not isinstance(target_column, str):
        raise TypeError("target_column must be a string type")
    columns = {name: x[name].to_numpy() for name in x.columns}
    labels = {}
    if y is not None:
        if target_column in columns:
            raise ValueError(f"Cannot use name {target_column} for target column: DataFrame already has a column with "
                             f"that name: {x.columns}")
        if not np.array_equal(x.index, y.index):
            raise ValueError(f"Index for x and y are mismatched.\nIndex for x: {x.index}\nIndex for y: {y.index}\n")
        is_table = hasattr(y, "columns")
        labels = {name: y[name].to_numpy() for name in y.columns} if is_table else {target_column: y.to_numpy()}
    capacity = queue_capacity or (4 * len(x) if shuffle else len(x))

    def input_fn():
        # Names may be both features' and labels'.
        both = {("x", name): array for name, array in columns.items()}
        both.update({("y", name): array for name, array in labels.items()})
        queue = _enqueue(both, capacity, shuffle, num_threads, batch_size, num_epochs, max(capacity / 4, 1))
        _, *batch = _dequeued(queue, batch_size, num_epochs)
        by_name = dict(zip(both, batch))
        features = {name: by_name["x", name] for name in columns}
        if y is None:
            return features
        targets = {name: by_name["y", name] for name in labels}
        return features, targets if is_table else targets[target_column]

    return input_fn
