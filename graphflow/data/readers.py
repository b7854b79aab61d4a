"""Datasets of files: lines, TFRecords, records of one size. Holds no state."""

from graphflow.data.dataset import Dataset
from graphflow.data.function import StructuredFunction
from graphflow.data.mapping import AUTOTUNE, derived, nested_spec
from graphflow.data.sources import is_dataset, new_dataset
from graphflow.framework import dtypes, raw_ops
from graphflow.framework import public as tf
from graphflow.framework.api import tf_export
from graphflow.framework.convert import convert_to_tensor
from graphflow.framework.type_spec import TensorSpec

_BUFFER_BYTES = 256 * 1024
_TEXT = TensorSpec([], dtypes.string)


def tensor_or(value, default, name, dtype=dtypes.int64):
    """An optional argument as a tensor."""
    return convert_to_tensor(default if value is None else value, dtype, name=name)


def _names(filenames):
    """File names as a dataset; TypeError for a dataset of anything else."""
    if is_dataset(filenames):
        if filenames.output_types != dtypes.string:
            raise TypeError("`filenames` must be a `tf.data.Dataset` of `tf.string` elements.")
        if not filenames.output_shapes.is_compatible_with([]):
            raise TypeError("`filenames` must be a `tf.data.Dataset` of scalar `tf.string` elements.")
        return filenames
    filenames = convert_to_tensor(filenames, dtypes.string)
    return Dataset.from_tensor_slices(tf.reshape(filenames, [-1], name="flat_filenames"))


def interleaved_by_workers(dataset, map_func, cycle_length, block_length, sloppy, buffered, prefetched):
    """The dataset of `tf.data.experimental.parallel_interleave`."""
    function = StructuredFunction(map_func, "tf.data.experimental.parallel_interleave()", dataset.element_spec)
    spec = nested_spec(function, "`map_func` must return a `Dataset` object.")
    return derived(
        raw_ops.ParallelInterleaveDataset, dataset, function, spec,
        convert_to_tensor(cycle_length, dtypes.int64, name="cycle_length"),
        convert_to_tensor(block_length, dtypes.int64, name="block_length"),
        convert_to_tensor(sloppy, dtypes.bool, name="sloppy"),
        tensor_or(buffered, 2 * block_length, "buffer_output_elements"),
        tensor_or(prefetched, 2 * cycle_length, "prefetch_input_elements"))


class _Files(Dataset):
    """What the datasets of files have in common: one per file, in turn or several at once."""

    def _read(self, filenames, num_parallel_reads, make):
        def read(filename):
            return new_dataset(make(convert_to_tensor(filename, dtypes.string, name="filename")), _TEXT)

        names = _names(filenames)
        self._filenames = filenames
        if num_parallel_reads is None:
            dataset = names.flat_map(read)
        elif num_parallel_reads == AUTOTUNE:
            dataset = names.interleave(read, num_parallel_calls=num_parallel_reads)
        else:
            dataset = interleaved_by_workers(names, read, num_parallel_reads, 1, False, None, None)
        self._set(dataset._variant_tensor, _TEXT, dataset._inputs, dataset._functions)


@tf_export("data.TextLineDataset", "contrib.data.TextLineDataset")
class TextLineDataset(_Files):
    """The lines of text files, without their ends.

    Args:
      filenames: names of files, or a dataset of them. compression_type: None, "", "ZLIB" or "GZIP".
      buffer_size: of TensorFlow's reader. num_parallel_reads: how many files are read at once; their lines
        then come by turns.
    """

    def __init__(self, filenames, compression_type=None, buffer_size=None, num_parallel_reads=None):
        self._read(filenames, num_parallel_reads, lambda name: raw_ops.TextLineDataset(
            name, tensor_or(compression_type, "", "compression_type", dtypes.string),
            tensor_or(buffer_size, _BUFFER_BYTES, "buffer_size")))


@tf_export("data.TFRecordDataset", "contrib.data.TFRecordDataset")
class TFRecordDataset(_Files):
    """The records of TFRecord files, as strings.

    Args: as of `TextLineDataset`.
    """

    def __init__(self, filenames, compression_type=None, buffer_size=None, num_parallel_reads=None):
        self._read(filenames, num_parallel_reads, lambda name: raw_ops.TFRecordDataset(
            name, tensor_or(compression_type, "", "compression_type", dtypes.string),
            tensor_or(buffer_size, _BUFFER_BYTES, "buffer_size")))


@tf_export("data.FixedLengthRecordDataset", "contrib.data.FixedLengthRecordDataset")
class FixedLengthRecordDataset(_Files):
    """The records of binary files in which all have `record_bytes` bytes, as strings.

    Args:
      filenames, buffer_size, compression_type, num_parallel_reads: as of `TextLineDataset`. header_bytes,
        footer_bytes: what is left out at a file's start and end.
    """

    def __init__(self, filenames, record_bytes, header_bytes=None, footer_bytes=None, buffer_size=None,
                 compression_type=None, num_parallel_reads=None):
        def make(name):
            size = convert_to_tensor(record_bytes, dtypes.int64, name="record_bytes")
            header, footer = tensor_or(header_bytes, 0, "header_bytes"), tensor_or(footer_bytes, 0, "footer_bytes")
            return raw_ops.FixedLengthRecordDatasetV2(
                name, header, size, footer, tensor_or(buffer_size, _BUFFER_BYTES, "buffer_size"),
                tensor_or(compression_type, "", "compression_type", dtypes.string))

        self._read(filenames, num_parallel_reads, make)
