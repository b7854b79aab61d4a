"""Groups: elements with one key together, in windows, in buckets by length, or reduced. Holds no state."""

import numpy as np

from graphflow.data import nest, structure
from graphflow.data.dataset_spec import DatasetSpec
from graphflow.data.function import StructuredFunction, stateful_function
from graphflow.data.mapping import nested_spec
from graphflow.data.sources import new_dataset
from graphflow.framework import dtypes, raw_ops
from graphflow.framework import public as tf
from graphflow.framework.api import tf_export
from graphflow.framework.convert import convert_to_tensor
from graphflow.framework.graph_scopes import control_dependencies, name_scope
from graphflow.framework.tensor_shape import TensorShape, dimension_value
from graphflow.framework.type_spec import TensorSpec

_KEY = TensorSpec([], dtypes.int64)


@tf_export("data.experimental.group_by_window", "contrib.data.group_by_window")
def group_by_window(key_func, reduce_func, window_size=None, window_size_func=None):
    """Windows of elements with one key, each turned into a dataset whose elements follow each other.

    Args:
      key_func: from an element to its int64 key. reduce_func: from a key and the dataset of a window to a
        dataset, often `lambda key, window: window.batch(n)`. window_size: elements in a window, or window_size_func:
        from a key to that.
    Raises ValueError unless one of the sizes is given.
    """
    if (window_size is None) == (not window_size_func):
        raise ValueError("Must pass either window_size or window_size_func.")
    if window_size is not None:
        def window_size_func(key):
            return convert_to_tensor(window_size, dtypes.int64)

    return lambda dataset: _windows(dataset, key_func, reduce_func, window_size_func)


def _windows(dataset, key_func, reduce_func, window_size_func):
    name = "tf.data.experimental.group_by_window()"

    def as_key(*element):
        return convert_to_tensor(key_func(*element), dtypes.int64)

    key = StructuredFunction(as_key, name, dataset.element_spec)
    if not key.output_spec.is_compatible_with(_KEY):
        raise ValueError("`key_func` must return a single tf.int64 scalar tensor.")
    reduce = StructuredFunction(reduce_func, name, (_KEY, DatasetSpec(dataset.element_spec)))
    spec = nested_spec(reduce, "`reduce_func` must return a `Dataset` object.")
    size = StructuredFunction(lambda key: convert_to_tensor(window_size_func(key), dtypes.int64), name, _KEY)
    if not size.output_spec.is_compatible_with(_KEY):
        raise ValueError("`window_size_func` must return a single tf.int64 scalar tensor.")
    variant = raw_ops.GroupByWindowDataset(
        dataset._variant_tensor, key.captured, reduce.captured, size.captured, key_func=key.body,
        reduce_func=reduce.body, window_size_func=size.body, **structure.flat_attrs(spec))
    return new_dataset(variant, spec, [dataset], [key, reduce, size])


@tf_export("data.experimental.bucket_by_sequence_length", "contrib.data.bucket_by_sequence_length")
def bucket_by_sequence_length(element_length_func, bucket_boundaries, bucket_batch_sizes, padded_shapes=None,
                              padding_values=None, pad_to_bucket_boundary=False, no_padding=False,
                              drop_remainder=False):
    """Padded batches of elements of similar length.

    Args:
      element_length_func: from an element to its int32 length. bucket_boundaries: upper limits of the buckets.
      bucket_batch_sizes: one for each bucket, and one for what is longer. padded_shapes, padding_values: as of
      `Dataset.padded_batch`. pad_to_bucket_boundary: whether unknown dimensions become the limit less one. no_padding:
      for elements that need none. drop_remainder: whether smaller batches at the end go.
    Raises ValueError if there isn't one batch size more than boundaries.
    """
    if len(bucket_batch_sizes) != len(bucket_boundaries) + 1:
        raise ValueError("len(bucket_batch_sizes) must equal len(bucket_boundaries) + 1")
    with name_scope("bucket_by_seq_length"):
        sizes = tf.constant(bucket_batch_sizes, dtypes.int64)
    limits = np.iinfo(np.int32)

    def bucket(*element):
        length = element_length_func(*element)
        lower, upper = [limits.min, *bucket_boundaries], [*bucket_boundaries, limits.max]
        return tf.reduce_min(tf.where(tf.logical_and(tf.less_equal(lower, length), tf.less(length, upper))))

    def batched(number, group):
        size = sizes[number]
        if no_padding:
            return group.batch(size, drop_remainder=drop_remainder)
        filler = None
        if pad_to_bucket_boundary:
            check = tf.assert_less(
                number, tf.constant(len(bucket_batch_sizes) - 1, dtypes.int64),
                message="When pad_to_bucket_boundary=True, elements must have length < max(bucket_boundaries).")
            with control_dependencies([check]):
                filler = tf.constant(bucket_boundaries, dtypes.int64)[number] - 1
        shapes = _filled(padded_shapes or group.output_shapes, filler)
        return group.padded_batch(size, shapes, padding_values, drop_remainder=drop_remainder)

    return lambda dataset: dataset.apply(group_by_window(bucket, batched, window_size_func=lambda n: sizes[n]))


def _filled(shapes, filler):
    """Shapes with `filler` for unknown dimensions."""
    filled = [[filler if dimension_value(dim) is None else dim for dim in TensorShape(shape)]
              for shape in nest.flatten(shapes)]
    return nest.pack_sequence_as(shapes, filled)


@tf_export("data.experimental.Reducer", "contrib.data.Reducer")
class Reducer:
    """Three functions: from a key to a state, from a state and an element to the next, from the last to a result."""

    def __init__(self, init_func, reduce_func, finalize_func):
        self._functions = init_func, reduce_func, finalize_func

    @property
    def init_func(self):
        """From a key to a state."""
        return self._functions[0]

    @property
    def reduce_func(self):
        """From a state and an element to a state."""
        return self._functions[1]

    @property
    def finalize_func(self):
        """From a state to an element."""
        return self._functions[2]


@tf_export("data.experimental.group_by_reducer", "contrib.data.group_by_reducer")
def group_by_reducer(key_func, reducer):
    """One element for each key: what a Reducer makes of the elements that have it."""
    return lambda dataset: _reduced(dataset, key_func, reducer)


def _reduced(dataset, key_func, reducer):
    name = "tf.data.experimental.group_by_reducer()"
    key = StructuredFunction(key_func, name, dataset.element_spec)
    if not key.output_spec.is_compatible_with(_KEY):
        raise ValueError("`key_func` must return a single tf.int64 tensor. Got "
                         f"type={structure.output_types(key.output_spec)} and "
                         f"shape={structure.output_shapes(key.output_spec)}")
    init = StructuredFunction(reducer.init_func, name, _KEY)
    reduce, state = stateful_function(reducer.reduce_func, name, init.output_spec, dataset.element_spec,
                                      lambda output: output)
    finish = StructuredFunction(reducer.finalize_func, name, state)
    spec = finish.output_spec
    variant = raw_ops.ExperimentalGroupByReducerDataset(
        dataset._variant_tensor, key.captured, init.captured, reduce.captured, finish.captured, key_func=key.body,
        init_func=init.body, reduce_func=reduce.body, finalize_func=finish.body, **structure.flat_attrs(spec))
    return new_dataset(variant, spec, [dataset], [key, init, reduce, finish])
