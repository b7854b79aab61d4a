"""Datasets of numbers, datasets chosen among others, and datasets as tensors. Holds no state."""

from graphflow.data import nest, structure
from graphflow.data.dataset import Dataset
from graphflow.data.experimental.stages import scan
from graphflow.data.function import StructuredFunction
from graphflow.data.mapping import derived
from graphflow.data.sources import is_dataset, new_dataset, random_numbers
from graphflow.framework import dtypes, raw_ops
from graphflow.framework import public as tf
from graphflow.framework.api import tf_export
from graphflow.framework.convert import convert_to_tensor
from graphflow.framework.graph_scopes import name_scope
from graphflow.framework.type_spec import TensorSpec


@tf_export("data.experimental.RandomDataset", "contrib.data.RandomDataset")
class RandomDataset(Dataset):
    """Random numbers from 0 to 2**32 - 1, as int64, without end; see `tf.set_random_seed` for `seed`."""

    def __init__(self, seed=None):
        self._set(*random_numbers(seed))


@tf_export("data.experimental.Counter", "contrib.data.Counter")
def Counter(start=0, step=1, dtype=dtypes.int64):  # noqa: N802 - TensorFlow's public name
    """The numbers `start`, `start + step`, ... without end.

    Example:
      >>> import graphflow as tf
      >>> numbers = tf.data.experimental.Counter(start=10, step=-3).batch(3)
      >>> with tf.Session() as sess:
      ...     print(sess.run(numbers.make_one_shot_iterator().get_next()))
      [10  7  4]
    """
    with name_scope("counter"):
        start = convert_to_tensor(start, dtype, name="start")
        step = convert_to_tensor(step, dtype, name="step")
        return Dataset.from_tensors(0).repeat(None).apply(scan(start, lambda state, _: (state + step, state)))


def _directed(selector, datasets):
    """Elements of the datasets that the numbers of `selector` name."""
    first = datasets[0]
    shapes = nest.flatten(first.output_shapes)
    for dataset in datasets[1:]:
        if dataset.output_types != first.output_types or dataset.output_classes != first.output_classes:
            raise TypeError("All datasets must have the same type and class.")
        shapes = [a.most_specific_compatible_shape(b) for a, b in zip(shapes, nest.flatten(dataset.output_shapes))]
    spec = structure.from_legacy(first.output_types, nest.pack_sequence_as(first.output_shapes, shapes),
                                 first.output_classes)
    variant = raw_ops.DirectedInterleaveDataset(
        selector._variant_tensor, [d._variant_tensor for d in datasets], **structure.flat_attrs(spec))
    return new_dataset(variant, spec, [selector, *datasets])


@tf_export("data.experimental.choose_from_datasets", "contrib.data.choose_from_datasets")
def choose_from_datasets(datasets, choice_dataset):
    """The next element of the dataset that each number of `choice_dataset` (int64) names, until all are at an end.

    Raises TypeError for other choices, or datasets of different types.
    """
    if not (isinstance(choice_dataset.element_spec, TensorSpec)
            and choice_dataset.element_spec.is_compatible_with(TensorSpec([], dtypes.int64))):
        raise TypeError("`choice_dataset` must be a dataset of scalar `tf.int64` tensors.")
    return _directed(choice_dataset, list(datasets))


@tf_export("data.experimental.sample_from_datasets", "contrib.data.sample_from_datasets")
def sample_from_datasets(datasets, weights=None, seed=None):
    """Elements of several datasets in random order, until all are at an end.

    Args:
      weights: probabilities of the datasets, a vector of floats or a dataset of them; all alike by default. seed: of
        the choices.
    """
    if is_dataset(weights):
        logits = weights.map(lambda p: tf.log(p, name="logits"))
        pairs = Dataset.zip((logits, RandomDataset(seed).batch(2)))
        return _directed(_selector(pairs, lambda p, numbers: _drawn(p, numbers)), list(datasets))
    if weights is None:
        logits = [[1.0] * len(datasets)]
    else:
        weights = convert_to_tensor(weights, name="weights")
        if weights.dtype not in (dtypes.float32, dtypes.float64):
            raise TypeError("`weights` must be convertible to a tensor of `tf.float32` or `tf.float64` elements.")
        if not weights.shape.is_compatible_with([len(datasets)]):
            raise ValueError("`weights` must be a vector of length `len(datasets)`.")
        logits = tf.expand_dims(tf.log(weights, name="logits"), 0)
    if len(datasets) == 1:
        return datasets[0]
    return _directed(_selector(RandomDataset(seed).batch(2), lambda numbers: _drawn(logits, numbers)), list(datasets))


def _selector(dataset, choose):
    function = StructuredFunction(choose, "tf.data.experimental.sample_from_datasets()", dataset.element_spec)
    return derived(raw_ops.MapDataset, dataset, function, function.output_spec, use_inter_op_parallelism=False)


def _drawn(logits, numbers):
    """One draw from the classes, by a pair of random numbers."""
    return tf.squeeze(raw_ops.StatelessMultinomial(logits, 1, seed=numbers), axis=[0, 1])


# ---------------------------------------------------------------- datasets as tensors

@tf_export("data.experimental.cardinality")
def cardinality(dataset):
    """The number of elements as an int64 tensor; INFINITE_CARDINALITY or UNKNOWN_CARDINALITY where it is no number."""
    return raw_ops.DatasetCardinality(dataset._variant_tensor)


@tf_export("data.experimental.get_single_element", "contrib.data.get_single_element")
def get_single_element(dataset):
    """The only element of `dataset`, as tensors. A run raises InvalidArgumentError if it has none, or more.

    Example:
      >>> import graphflow as tf
      >>> total = tf.data.experimental.get_single_element(tf.data.Dataset.range(5).batch(5).map(tf.reduce_sum))
      >>> with tf.Session() as sess:
      ...     print(sess.run(total))
      10
    """
    if not is_dataset(dataset):
        raise TypeError("`dataset` must be a `tf.data.Dataset` object.")
    flat = raw_ops.DatasetToSingleElement(dataset._variant_tensor, **structure.flat_attrs(dataset.element_spec))
    return structure.from_tensors(dataset.element_spec, flat)


@tf_export("data.experimental.to_variant")
def to_variant(dataset):
    """The variant tensor that stands for a dataset."""
    return dataset._variant_tensor


@tf_export("data.experimental.from_variant")
def from_variant(variant, structure):
    """The dataset in a variant tensor, with elements of the spec `structure`."""
    return new_dataset(variant, structure)


@tf_export("data.experimental.TFRecordWriter", "contrib.data.TFRecordWriter")
class TFRecordWriter:
    """Writes a dataset of strings to a TFRecord file.

    Args: filename: string tensor. compression_type: None, "", "ZLIB" or "GZIP".
    """

    def __init__(self, filename, compression_type=None):
        self._filename = convert_to_tensor(filename, dtypes.string, name="filename")
        self._compression_type = convert_to_tensor(compression_type or "", dtypes.string, name="compression_type")

    def write(self, dataset):
        """An operation that writes all elements. Raises TypeError for what is no dataset of strings."""
        if not is_dataset(dataset):
            raise TypeError("`dataset` must be a `tf.data.Dataset` object.")
        spec = dataset.element_spec
        if not (isinstance(spec, TensorSpec) and spec.is_compatible_with(TensorSpec([], dtypes.string))):
            raise TypeError(f"`dataset` must produce scalar `DT_STRING` tensors whereas it produces shape "
                            f"{dataset.output_shapes} and types {dataset.output_types}")
        return raw_ops.DatasetToTFRecord(dataset._variant_tensor, self._filename, self._compression_type)
