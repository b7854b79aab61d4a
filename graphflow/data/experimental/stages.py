"""Transformations for `Dataset.apply`: each function here returns a function from a dataset to a dataset.

Holds no state.
"""

import numpy as np

from graphflow.data import structure
from graphflow.data.function import StructuredFunction, stateful_function
from graphflow.data.mapping import derived, predicate
from graphflow.data.readers import interleaved_by_workers
from graphflow.data.seeds import seed_tensors
from graphflow.data.sources import new_dataset
from graphflow.data.transformations import batch_spec
from graphflow.framework import dtypes, raw_ops
from graphflow.framework import public as tf
from graphflow.framework.api import export_value, tf_export
from graphflow.framework.convert import convert_to_tensor
from graphflow.framework.tensor_shape import TensorShape
from graphflow.framework.type_spec import SparseTensorSpec

AUTOTUNE = -1
INFINITE_CARDINALITY = -1
UNKNOWN_CARDINALITY = -2
for _path in ("data.experimental.AUTOTUNE", "contrib.data.AUTOTUNE"):
    export_value(_path, __name__, "AUTOTUNE")
export_value("data.experimental.INFINITE_CARDINALITY", __name__, "INFINITE_CARDINALITY")
export_value("data.experimental.UNKNOWN_CARDINALITY", __name__, "UNKNOWN_CARDINALITY")


def _parallel_calls(batch_size, num_parallel_batches, num_parallel_calls):
    if num_parallel_batches is not None and num_parallel_calls is not None:
        raise ValueError("The `num_parallel_batches` and `num_parallel_calls` arguments are mutually exclusive.")
    if num_parallel_calls is not None:
        return num_parallel_calls
    return batch_size if num_parallel_batches is None else batch_size * num_parallel_batches


@tf_export("data.experimental.map_and_batch", "contrib.data.map_and_batch")
def map_and_batch(map_func, batch_size, num_parallel_batches=None, drop_remainder=False, num_parallel_calls=None):
    """`map` and `batch` in one: `map_func` runs for several elements at once.

    Args: num_parallel_batches, num_parallel_calls: how many batches, or elements, at once; not both.

    Example:
      >>> import graphflow as tf
      >>> dataset = tf.data.Dataset.range(4).apply(tf.data.experimental.map_and_batch(lambda x: x * x, 2))
      >>> print(dataset.output_shapes)
      (?,)
    """
    calls = _parallel_calls(batch_size, num_parallel_batches, num_parallel_calls)

    def apply(dataset):
        function = StructuredFunction(map_func, "tf.data.experimental.map_and_batch()", dataset.element_spec)
        size = convert_to_tensor(batch_size, dtypes.int64, name="batch_size")
        number = convert_to_tensor(calls, dtypes.int64, name="num_parallel_calls")
        drop = convert_to_tensor(drop_remainder, dtypes.bool, name="drop_remainder")
        spec = batch_spec(function.output_spec, size, drop)
        return derived(raw_ops.MapAndBatchDataset, dataset, function, spec, size, number, drop,
                       preserve_cardinality=True)

    return apply


@tf_export("data.experimental.map_and_batch_with_legacy_function")
def map_and_batch_with_legacy_function(map_func, batch_size, num_parallel_batches=None, drop_remainder=False,
                                       num_parallel_calls=None):
    """The same as `map_and_batch`."""
    return map_and_batch(map_func, batch_size, num_parallel_batches, drop_remainder, num_parallel_calls)


@tf_export("contrib.data.batch_and_drop_remainder")
def batch_and_drop_remainder(batch_size):
    """`Dataset.batch` without a last smaller batch."""
    return lambda dataset: dataset.batch(batch_size, drop_remainder=True)


@tf_export("contrib.data.padded_batch_and_drop_remainder")
def padded_batch_and_drop_remainder(batch_size, padded_shapes, padding_values=None):
    """`Dataset.padded_batch` without a last smaller batch."""
    return lambda dataset: dataset.padded_batch(batch_size, padded_shapes, padding_values, drop_remainder=True)


@tf_export("data.experimental.unbatch", "contrib.data.unbatch")
def unbatch():
    """`Dataset.unbatch`."""
    return lambda dataset: dataset.unbatch()


@tf_export("data.experimental.enumerate_dataset", "contrib.data.enumerate_dataset")
def enumerate_dataset(start=0):
    """`Dataset.enumerate`."""
    return lambda dataset: dataset.enumerate(start)


@tf_export("data.experimental.dense_to_sparse_batch", "contrib.data.dense_to_sparse_batch")
def dense_to_sparse_batch(batch_size, row_shape):
    """Elements of different shapes as batches that are SparseTensors.

    Args: row_shape: of the dense rows; None for the largest of a batch. Larger elements are an error in a run.
    Raises TypeError for elements of several parts.
    """

    def apply(dataset):
        types = dataset.output_types
        if not isinstance(types, dtypes.DType):
            raise TypeError("DenseToSparseDataset requires an input whose elements have a single component, whereas "
                            f"the input has {types!r}.")
        shape = TensorShape(row_shape)
        spec = SparseTensorSpec(TensorShape([None]).concatenate(shape), types)
        rows = convert_to_tensor([-1 if dim is None else dim for dim in shape.as_list()], dtypes.int64)
        variant = raw_ops.DenseToSparseBatchDataset(
            dataset._variant_tensor, convert_to_tensor(batch_size, dtypes.int64), rows, **structure.flat_attrs(spec))
        return new_dataset(variant, spec, [dataset])

    return apply


@tf_export("data.experimental.shuffle_and_repeat", "contrib.data.shuffle_and_repeat")
def shuffle_and_repeat(buffer_size, count=None, seed=None):
    """`shuffle` and `repeat` in one: the buffer stays full from one round to the next."""

    def apply(dataset):
        size = convert_to_tensor(buffer_size, dtypes.int64, name="buffer_size")
        rounds = convert_to_tensor(-1 if count is None else count, dtypes.int64, name="count")
        return dataset._same(raw_ops.ShuffleAndRepeatDataset, size, *seed_tensors(seed), rounds)

    return apply


@tf_export("data.experimental.parallel_interleave", "contrib.data.parallel_interleave")
def parallel_interleave(map_func, cycle_length, block_length=1, sloppy=False, buffer_output_elements=None,
                        prefetch_input_elements=None):
    """`interleave` with a thread for each open dataset.

    Args: sloppy: whether a dataset that has nothing ready is passed over. buffer_output_elements: how many
      elements each thread makes ahead. prefetch_input_elements: taken for compatibility.
    """
    return lambda dataset: interleaved_by_workers(
        dataset, map_func, cycle_length, block_length, sloppy, buffer_output_elements, prefetch_input_elements)


@tf_export("data.experimental.ignore_errors", "contrib.data.ignore_errors")
def ignore_errors():
    """Leaves out the elements whose making fails.

    Example:
      >>> import graphflow as tf
      >>> dataset = tf.data.Dataset.from_tensor_slices([1.0, 0.0, 2.0])
      >>> dataset = dataset.map(lambda x: tf.check_numerics(1.0 / x, "infinite"))
      >>> dataset = dataset.apply(tf.data.experimental.ignore_errors()).batch(3)
      >>> with tf.Session() as sess:
      ...     print(sess.run(dataset.make_one_shot_iterator().get_next()))
      [1.  0.5]
    """
    return lambda dataset: dataset._same(raw_ops.IgnoreErrorsDataset)


@tf_export("data.experimental.unique", "contrib.data.unique")
def unique():
    """Each element once. Raises TypeError unless elements are single int32, int64 or string tensors."""

    def apply(dataset):
        if dataset.output_types not in (dtypes.int32, dtypes.int64, dtypes.string):
            raise TypeError("`tf.data.experimental.unique()` only supports inputs with a single `tf.int32`, "
                            "`tf.int64`, or `tf.string` component.")
        return dataset._same(raw_ops.UniqueDataset)

    return apply


@tf_export("data.experimental.take_while")
def take_while(predicate):
    """The elements before the first for which `predicate` is false."""
    return lambda dataset: _taken_while(dataset, predicate)


def _taken_while(dataset, function):
    wrapped = predicate(function, "tf.data.experimental.take_while()", dataset,
                        "`predicate` must return a scalar boolean tensor.")
    variant = raw_ops.TakeWhileDataset(dataset._variant_tensor, wrapped.captured, predicate=wrapped.body,
                                       **structure.flat_attrs(dataset.element_spec))
    return new_dataset(variant, dataset.element_spec, [dataset], [wrapped])


def _check_pair(output):
    if not (isinstance(output, tuple) and len(output) == 2):
        raise TypeError("The scan function must return a pair comprising the new state and the output value.")
    return output[0]


@tf_export("data.experimental.scan", "contrib.data.scan")
def scan(initial_state, scan_func):
    """The outputs of `scan_func(state, element)`, which returns the next state and an output.

    Example:
      >>> import graphflow as tf
      >>> import numpy as np
      >>> sums = tf.data.experimental.scan(np.int64(0), lambda total, x: (total + x, total + x))
      >>> dataset = tf.data.Dataset.range(5).apply(sums).batch(5)
      >>> with tf.Session() as sess:
      ...     print(sess.run(dataset.make_one_shot_iterator().get_next()))
      [ 0  1  3  6 10]
    """

    def apply(dataset):
        state = structure.normalized(initial_state)
        function, spec = stateful_function(scan_func, "tf.data.experimental.scan()", structure.spec_of_element(state),
                                           dataset.element_spec, _check_pair)
        output = function.output_spec[1]
        variant = raw_ops.ScanDataset(dataset._variant_tensor, structure.to_tensors(spec, state), function.captured,
                                      f=function.body, preserve_cardinality=True, **structure.flat_attrs(output))
        return new_dataset(variant, output, [dataset], [function])

    return apply


@tf_export("data.experimental.rejection_resample", "contrib.data.rejection_resample")
def rejection_resample(class_func, target_dist, initial_dist=None, seed=None):
    """Pairs (class, element), so many of each class left out that the classes come as in `target_dist`.

    Args:
      class_func: from an element to its class, an int32. target_dist: float probabilities of the classes.
      initial_dist: those in the dataset; counted on the way if None, so that the result nears the target. seed: of
        the random numbers.
    """

    def apply(dataset):
        target = convert_to_tensor(target_dist, name="target_dist")
        classes = dataset.map(class_func)
        if initial_dist is None:
            counts = tf.zeros_like(target, dtypes.int64)
            seen = scan(counts, lambda total, c: _counted(total, c, target))
            initial = classes.apply(seen)
        else:
            given = convert_to_tensor(initial_dist, name="initial_dist")
            initial = type(dataset).from_tensors(given).repeat()
        rows = type(dataset).zip((initial, classes, dataset))

        def accepted(initial, label, element):
            tiny = np.finfo(target.dtype.as_numpy_dtype).tiny
            ratio = target / tf.maximum(initial, tiny)
            return tf.random_uniform([], seed=seed, dtype=target.dtype) < ratio[label] / tf.reduce_max(ratio)

        return rows.filter(accepted).map(lambda initial, label, element: (label, element))

    return apply


def _counted(total, label, target):
    total = total + tf.one_hot(label, target.shape.as_list()[0], dtype=dtypes.int64)
    share = tf.cast(total, target.dtype) / tf.cast(tf.reduce_sum(total), target.dtype)
    return total, share
