"""CSV files and files of tf.train.Examples as datasets of columns, ready for training. Holds no state."""

import collections

import numpy as np

from graphflow.data import structure
from graphflow.data.dataset import Dataset
from graphflow.data.experimental.csv_files import CSV_TYPES, CsvFiles, chosen_columns, matching_files
from graphflow.data.experimental.stages import ignore_errors as without_errors
from graphflow.data.experimental.stages import parallel_interleave, shuffle_and_repeat
from graphflow.data.readers import TFRecordDataset, tensor_or
from graphflow.framework import dtypes, raw_ops
from graphflow.framework import public as tf
from graphflow.framework.api import tf_export
from graphflow.framework.convert import convert_to_tensor
from graphflow.framework.type_spec import TensorSpec

_BUFFER_BYTES = 4 * 1024 * 1024


def _default(value):
    """A column's default: a dtype stands for a required column of it."""
    return tf.constant([], value) if any(value is dtype for dtype in CSV_TYPES) else value


@tf_export("data.experimental.CsvDataset", "contrib.data.CsvDataset")
class CsvDataset(Dataset):
    """The records of CSV files, a tuple of scalars each.

    Args:
      filenames: names of files. record_defaults: for each column a default value, or its dtype if it is required.
      compression_type: None, "", "ZLIB" or "GZIP". buffer_size: of TensorFlow's reader. header: whether files
      begin with a line of names. field_delim: one character. use_quote_delim: whether double quotes protect it.
      na_value: also counts as empty. select_cols: ascending numbers of the columns to read.
    """

    def __init__(self, filenames, record_defaults, compression_type=None, buffer_size=None, header=False,
                 field_delim=",", use_quote_delim=True, na_value="", select_cols=None):
        names = convert_to_tensor(filenames, dtypes.string, name="filenames")
        compression = tensor_or(compression_type, "", "compression_type", dtypes.string)
        defaults = [convert_to_tensor(_default(value), name=f"record_defaults_{i}")
                    for i, value in enumerate(record_defaults)]
        spec = tuple(TensorSpec([], value.dtype) for value in defaults)
        variant = raw_ops.CSVDataset(
            names, compression, tensor_or(buffer_size, _BUFFER_BYTES, "buffer_size"),
            convert_to_tensor(header, dtypes.bool, name="header"),
            convert_to_tensor(field_delim, dtypes.string, name="field_delim"),
            convert_to_tensor(use_quote_delim, dtypes.bool, name="use_quote_delim"),
            convert_to_tensor(na_value, dtypes.string, name="na_value"),
            tensor_or(select_cols, np.zeros(0, np.int64), "select_cols"), defaults,
            output_shapes=structure.flat_attrs(spec)["output_shapes"])
        self._set(variant, spec)


def _shuffled_and_repeated(dataset, num_epochs, shuffle, buffer_size, seed):
    if num_epochs != 1 and shuffle:
        return dataset.apply(shuffle_and_repeat(buffer_size, num_epochs, seed))
    if shuffle:
        return dataset.shuffle(buffer_size, seed)
    return dataset if num_epochs == 1 else dataset.repeat(num_epochs)


@tf_export("data.experimental.make_csv_dataset", "contrib.data.make_csv_dataset")
def make_csv_dataset(file_pattern, batch_size, column_names=None, column_defaults=None, label_name=None,
                     select_columns=None, field_delim=",", use_quote_delim=True, na_value="", header=True,
                     num_epochs=None, shuffle=True, shuffle_buffer_size=10000, shuffle_seed=None,
                     prefetch_buffer_size=None, num_parallel_reads=None, sloppy=False, num_rows_for_inference=100,
                     compression_type=None, ignore_errors=False):
    """Batches of CSV columns: an ordered dict by name, or a pair of that and the column `label_name`.

    Args:
      file_pattern: of the files, or a list. column_names: read from the header by default. column_defaults: as of
      `CsvDataset`; by default inferred from `num_rows_for_inference` rows. select_columns: names or numbers.
      num_epochs: None repeats without end. Others are as of `CsvDataset`, `Dataset.shuffle` and
      `parallel_interleave`.
    Raises ValueError for files that don't exist or contradict each other, and for arguments that contradict them.
    """
    files = matching_files(file_pattern)
    names = Dataset.from_tensor_slices(files)
    if shuffle:
        names = names.shuffle(len(files), shuffle_seed)
    looked_into = None
    if column_names is None or column_defaults is None:
        looked_into = CsvFiles(files, field_delim, use_quote_delim, header, compression_type)
    columns = list(looked_into.column_names() if column_names is None else column_names)
    if len(columns) != len(set(columns)):
        raise ValueError("Cannot have duplicate column names.")
    chosen = None if select_columns is None else chosen_columns(select_columns, columns)
    if column_defaults is None:
        defaults = looked_into.column_defaults(len(columns), chosen, na_value, num_rows_for_inference)
    else:
        defaults = [_default(value) for value in column_defaults]
    if chosen is not None:
        if len(defaults) != len(chosen):
            raise ValueError("If specified, column_defaults and select_columns must have same length.")
        columns = [columns[i] for i in chosen]
    if label_name is not None and label_name not in columns:
        raise ValueError("`label_name` provided must be one of the columns.")

    def read(filename):
        dataset = CsvDataset(filename, defaults, compression_type, header=header, field_delim=field_delim,
                             use_quote_delim=use_quote_delim, na_value=na_value, select_cols=chosen)
        return dataset.apply(without_errors()) if ignore_errors else dataset

    def named(*values):
        features = collections.OrderedDict(zip(columns, values))
        if label_name is None:
            return features
        label = features.pop(label_name)
        return features, label

    dataset = names.apply(parallel_interleave(read, cycle_length=num_parallel_reads or 1, sloppy=sloppy))
    dataset = _shuffled_and_repeated(dataset, num_epochs, shuffle, shuffle_buffer_size, shuffle_seed)
    dataset = dataset.batch(batch_size, drop_remainder=num_epochs is None).map(named)
    return dataset.prefetch(-1 if prefetch_buffer_size is None else prefetch_buffer_size)


@tf_export("data.experimental.parse_example_dataset", "contrib.data.parse_example_dataset")
def parse_example_dataset(features, num_parallel_calls=1):
    """For `Dataset.apply`: batches of serialised Examples as dicts of tensors; `features` as of `tf.parse_example`.

    Raises ValueError without features, TypeError for a dataset of anything but vectors of strings.
    """
    if features is None:
        raise ValueError("Missing: features was None.")

    def apply(dataset):
        if dataset.output_types != dtypes.string or dataset.output_shapes.ndims != 1:
            raise TypeError("Input dataset should be a dataset of vectors of strings")
        return dataset.map(lambda texts: tf.parse_example(texts, features),
                           None if num_parallel_calls == 1 else num_parallel_calls)

    return apply


@tf_export("data.experimental.make_batched_features_dataset", "contrib.data.make_batched_features_dataset")
def make_batched_features_dataset(file_pattern, batch_size, features, reader=TFRecordDataset, label_key=None,
                                  reader_args=None, num_epochs=None, shuffle=True, shuffle_buffer_size=10000,
                                  shuffle_seed=None, prefetch_buffer_size=None, reader_num_threads=None,
                                  parser_num_threads=None, sloppy_ordering=False, drop_final_batch=False):
    """Batches of Examples in files: a dict of tensors, or a pair of that and the feature `label_key`.

    Args:
      file_pattern: of the files. features: as of `tf.parse_example`. reader: makes the dataset of one file.
      num_epochs: None repeats without end. Others are as of `make_csv_dataset`.
    Raises ValueError if `label_key` is none of the features.
    """
    if label_key and label_key not in features:
        raise ValueError(f"The `label_key` provided ({label_key!r}) must be one of the `features` keys.")
    dataset = Dataset.list_files(file_pattern, shuffle=shuffle, seed=shuffle_seed)
    arguments = reader_args or []
    dataset = dataset.apply(parallel_interleave(
        lambda name: reader(name, *arguments), cycle_length=reader_num_threads or 1, sloppy=sloppy_ordering))
    if dataset.output_types == (dtypes.string, dtypes.string):
        dataset = dataset.map(lambda _, value: value)
    dataset = _shuffled_and_repeated(dataset, num_epochs, shuffle, shuffle_buffer_size, shuffle_seed)
    dataset = dataset.batch(batch_size, drop_remainder=drop_final_batch or num_epochs is None)
    dataset = dataset.apply(parse_example_dataset(features, num_parallel_calls=parser_num_threads or 2))
    if label_key:
        dataset = dataset.map(lambda parsed: (parsed, parsed.pop(label_key)))
    return dataset.prefetch(-1 if prefetch_buffer_size is None else prefetch_buffer_size)


@tf_export("data.experimental.prefetch_to_device", "contrib.data.prefetch_to_device")
def prefetch_to_device(device, buffer_size=None):
    """`Dataset.prefetch`; runs copy to the memory of a device themselves."""
    return lambda dataset: dataset.prefetch(buffer_size)


@tf_export("data.experimental.copy_to_device", "contrib.data.copy_to_device")
def copy_to_device(target_device, source_device="/cpu:0"):
    """The dataset as it is; runs copy to the memory of a device themselves."""
    return lambda dataset: dataset
