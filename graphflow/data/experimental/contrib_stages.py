"""What only `tf.contrib.data` has: windows in batches, checked shapes, and two older names. Holds no state."""

import numpy as np

from graphflow.data import nest
from graphflow.data.dataset import Dataset
from graphflow.data.experimental.stages import parallel_interleave
from graphflow.framework import public as tf
from graphflow.framework.api import tf_export
from graphflow.framework.tensor_shape import as_shape


@tf_export("contrib.data.sliding_window_batch")
def sliding_window_batch(window_size, stride=None, window_shift=None, window_stride=1):
    """Batches of `window_size` elements, each `window_shift` (1) elements after the one before; whole ones only.

    Args: window_shift, or its old name stride: from the first element of a batch to that of the next. window_stride:
      from one element of a batch to the next.
    Raises ValueError if both `stride` and `window_shift` are given.

    Example:
      >>> import graphflow as tf
      >>> windows = tf.data.Dataset.range(5).apply(tf.contrib.data.sliding_window_batch(3, window_shift=2))
      >>> element = windows.make_one_shot_iterator().get_next()
      >>> with tf.Session() as sess:
      ...     print(sess.run(element), sess.run(element))
      [0 1 2] [2 3 4]
    """
    if stride is not None and window_shift is not None:
        raise ValueError("Cannot specify both `stride` and `window_shift`")
    shift = 1 if stride is None and window_shift is None else stride if window_shift is None else window_shift

    def batched(*parts):
        return Dataset.zip(parts if len(parts) > 1 else parts[0]).batch(window_size)

    return lambda dataset: dataset.window(window_size, shift, window_stride, drop_remainder=True).flat_map(batched)


@tf_export("contrib.data.sloppy_interleave")
def sloppy_interleave(map_func, cycle_length, block_length=1):
    """`parallel_interleave` that passes over a dataset that has nothing ready."""
    return parallel_interleave(map_func, cycle_length, block_length, sloppy=True)


@tf_export("contrib.data.reduce_dataset")
def reduce_dataset(dataset, reducer):
    """The last state of a `Reducer` over all elements: `Dataset.reduce`. TypeError if `dataset` is none."""
    if not isinstance(dataset, Dataset):
        raise TypeError("`dataset` must be a `tf.data.Dataset` object.")
    return dataset.reduce(reducer.init_func(np.int64(0)), reducer.reduce_func)


@tf_export("contrib.data.assert_element_shape")
def assert_element_shape(expected_shapes):
    """The same elements, of which it is known that they have these shapes; those that have not are errors.

    Args: expected_shapes: structure of shapes, unknown sizes left open.
    Raises ValueError (when applied) if the dataset's shapes cannot be these, InvalidArgumentError in a run.
    """
    def apply(dataset):
        wanted = [as_shape(shape) for shape in nest.flatten_up_to(dataset.output_shapes, expected_shapes)]
        merged = [known.merge_with(shape) for known, shape in zip(nest.flatten(dataset.output_shapes), wanted)]

        def checked(*parts):
            element = parts if len(parts) > 1 else parts[0]
            tensors = [tf.ensure_shape(tensor, shape) for tensor, shape in zip(nest.flatten(element), merged)]
            return nest.pack_sequence_as(element, tensors)

        return dataset.map(checked)

    return apply
