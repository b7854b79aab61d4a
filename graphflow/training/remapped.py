"""Initializers that load a matrix of a checkpoint whose rows or columns are for words, in the order of other words.

`tf.contrib.framework.load_embedding_initializer` and its kin; `tf.train.warm_start` uses them. Holds no state.
"""

import math

from graphflow.framework import dtypes, raw_ops
from graphflow.framework import public as tf
from graphflow.framework.api import tf_export


@tf_export("contrib.framework.load_and_remap_matrix_initializer")
def load_and_remap_matrix_initializer(ckpt_path, old_tensor_name, new_row_vocab_size, new_col_vocab_size,
                                      old_row_vocab_size=-1, old_row_vocab_file=None, new_row_vocab_file=None,
                                      old_col_vocab_file=None, new_col_vocab_file=None, num_row_oov_buckets=0,
                                      num_col_oov_buckets=0, initializer=None, max_rows_in_memory=-1):
    """An initializer of a matrix: row i is the old matrix's row for the word in line i of the new file.

    Args:
      ckpt_path, old_tensor_name: checkpoint and name of the old matrix.
      new_row_vocab_size, new_col_vocab_size: number of words for rows and for columns.
      old_row_vocab_size: how many words of the old file count, -1 for all.
      old_row_vocab_file, new_row_vocab_file: files with a word per line, or None where rows stay where they are.
      old_col_vocab_file, new_col_vocab_file: the same for columns.
      num_row_oov_buckets, num_col_oov_buckets: rows and columns after those for words.
      initializer: of what the old matrix doesn't have; zeros by default. max_rows_in_memory: has no effect.
    Returns a function of (shape, dtype, partition_info), for rows in slices, too. It raises ValueError for a shape that
    does not fit, and without any files.
    """
    initializer = tf.zeros_initializer() if initializer is None else initializer
    if not callable(initializer):
        raise TypeError(f"initializer must be callable, instead of being {initializer} of type {type(initializer)}.")
    columns = new_col_vocab_size + num_col_oov_buckets
    total = new_row_vocab_size + num_row_oov_buckets

    def initialize(shape, dtype=dtypes.float32, partition_info=None):
        _check_shape(shape, dtype, new_col_vocab_size, num_col_oov_buckets)
        offset = 0 if partition_info is None else partition_info.single_offset(shape)
        if offset + shape[0] > total:
            raise ValueError(
                f"Trying to initialize {shape[0]} additional rows after {offset} rows have already been initialized, "
                f"which would exceed expected total row count of new_row_vocab_size ({new_row_vocab_size}) + "
                f"num_row_oov_buckets ({num_row_oov_buckets}) = {total}.")
        more = min(shape[0], max(0, offset + shape[0] - new_row_vocab_size))
        rows = shape[0] - more
        if not rows:
            return initializer(shape)
        remapped = _Remapped(offset, rows, new_col_vocab_size)
        remapped.map_rows(new_row_vocab_file, old_row_vocab_file, old_row_vocab_size)
        remapped.map_columns(new_col_vocab_file, old_col_vocab_file)
        matrix = remapped.load(ckpt_path, old_tensor_name, initializer, max_rows_in_memory)
        if more:
            matrix = tf.concat([matrix, tf.convert_to_tensor(initializer([more, new_col_vocab_size]))], 0)
        if num_col_oov_buckets:
            matrix = tf.concat([matrix, tf.convert_to_tensor(initializer([shape[0], num_col_oov_buckets]))], 1)
        matrix.set_shape([shape[0], columns])
        return matrix

    return initialize


def _check_shape(shape, dtype, columns, more):
    if dtype != dtypes.float32:
        raise TypeError(f"Currently, only float32 is supported. Received dtype: {dtype}")
    if len(shape) != 2:
        raise ValueError(f"Expected 2-dim shape, but received: {shape}")
    if shape[0] <= 0:
        raise ValueError(f"Expected 1st dim of shape to be > 0, but received shape: {shape}")
    if shape[1] != columns + more:
        raise ValueError(f"Expected 2nd dim of shape to be new_col_vocab_size ({columns}) + num_col_oov_buckets "
                         f"({more}) = {columns + more}, but received shape: {shape}")


class _Remapped:
    """`rows` rows from `offset` on, and all `columns`, of a matrix in its new order."""

    def __init__(self, offset, rows, columns):
        self._offset, self._rows, self._columns = offset, rows, columns
        self._any = False

    def map_rows(self, new_file, old_file, old_size):
        """Finds the old rows; without files they are where they were."""
        self._row_map, self._rows_there = tf.range(
            self._offset, self._offset + self._rows, dtype=dtypes.int64), self._rows
        if self._both("row", new_file, old_file):
            self._row_map, self._rows_there = raw_ops.GenerateVocabRemapping(
                new_file, old_file, new_vocab_offset=self._offset, num_new_vocab=self._rows, old_vocab_size=old_size)

    def map_columns(self, new_file, old_file):
        """Finds the old columns; without files they are where they were."""
        self._column_map, self._columns_there = tf.constant([], dtypes.int64), self._columns
        if self._both("col", new_file, old_file):
            self._column_map, self._columns_there = raw_ops.GenerateVocabRemapping(
                new_file, old_file, new_vocab_offset=0, num_new_vocab=self._columns)

    def _both(self, kind, new_file, old_file):
        given = [file is not None and not (isinstance(file, str) and not file) for file in (new_file, old_file)]
        if given[0] != given[1]:
            raise ValueError(f"old_{kind}_vocab_file and new_{kind}_vocab_file must both be specified or left "
                             f"unspecified. old_{kind}_vocab_file='{old_file}', new_{kind}_vocab_file='{new_file}'")
        self._any = self._any or given[0]
        return given[0]

    def load(self, path, name, initializer, max_rows_in_memory):
        """The matrix."""
        if not self._any:
            raise ValueError("Must provide either row or column vocab files. If no remapping is necessary, consider "
                             "using `tf.contrib.framework.init_from_checkpoint` instead.")
        values = initializer([self._rows * self._columns - self._rows_there * self._columns_there, 1])
        return raw_ops.LoadAndRemapMatrix(
            path, name, self._row_map, self._column_map, values, num_rows=self._rows, num_cols=self._columns,
            max_rows_in_memory=max_rows_in_memory)


@tf_export("contrib.framework.load_embedding_initializer")
def load_embedding_initializer(ckpt_path, embedding_tensor_name, new_vocab_size, embedding_dim, old_vocab_file,
                               new_vocab_file, old_vocab_size=-1, num_oov_buckets=0, initializer=None,
                               max_rows_in_memory=-1):
    """An initializer of embeddings [words, embedding_dim]; see `load_and_remap_matrix_initializer`.

    Args: initializer: of words that are new, truncated normal numbers by default.
    """
    if initializer is None:
        initializer = tf.truncated_normal_initializer(stddev=1.0 / math.sqrt(embedding_dim))
    return load_and_remap_matrix_initializer(
        ckpt_path, embedding_tensor_name, new_vocab_size, embedding_dim, old_vocab_size, old_vocab_file, new_vocab_file,
        num_row_oov_buckets=num_oov_buckets, initializer=initializer, max_rows_in_memory=max_rows_in_memory)


@tf_export("contrib.framework.load_linear_multiclass_bias_initializer")
def load_linear_multiclass_bias_initializer(ckpt_path, bias_tensor_name, new_class_vocab_size, old_class_vocab_file,
                                            new_class_vocab_file, num_class_oov_buckets=0, initializer=None,
                                            max_rows_in_memory=-1):
    """An initializer of biases [classes, 1]; see `load_and_remap_matrix_initializer`."""
    return load_and_remap_matrix_initializer(
        ckpt_path, bias_tensor_name, new_class_vocab_size, 1, old_row_vocab_file=old_class_vocab_file,
        new_row_vocab_file=new_class_vocab_file, num_row_oov_buckets=num_class_oov_buckets, initializer=initializer,
        max_rows_in_memory=max_rows_in_memory)


@tf_export("contrib.framework.load_variable_slot_initializer")
def load_variable_slot_initializer(ckpt_path, old_tensor_name, primary_partition_info, new_row_vocab_size,
                                   new_col_vocab_size, old_row_vocab_file=None, new_row_vocab_file=None,
                                   old_col_vocab_file=None, new_col_vocab_file=None, num_row_oov_buckets=0,
                                   num_col_oov_buckets=0, initializer=None, max_rows_in_memory=-1):
    """`load_and_remap_matrix_initializer` for what an optimizer keeps for a slice of a variable.

    Args: primary_partition_info: which slice, as initializers of variables get it.
    """
    initialize = load_and_remap_matrix_initializer(
        ckpt_path, old_tensor_name, new_row_vocab_size, new_col_vocab_size, old_row_vocab_file=old_row_vocab_file,
        new_row_vocab_file=new_row_vocab_file, old_col_vocab_file=old_col_vocab_file,
        new_col_vocab_file=new_col_vocab_file, num_row_oov_buckets=num_row_oov_buckets,
        num_col_oov_buckets=num_col_oov_buckets, initializer=initializer, max_rows_in_memory=max_rows_in_memory)
    return lambda shape, dtype=dtypes.float32, partition_info=None: initialize(shape, dtype, primary_partition_info)
