"""Reference kernels of `graphflow/ops/remapping.py`: old numbers of words, and matrices in a new order."""

import itertools
import os

import numpy as np

from graphflow.framework import errors
from graphflow.io.files import open_file
from graphflow.io.tensor_bundle import BundleReader

from ..registry import reference


def _fail(message):
    raise errors.InvalidArgumentError(None, None, message)


def _text(array, name):
    if array.size != 1:
        _fail(f"{name} should be a single string, but got shape {array.shape}")
    text = os.fsdecode(array.ravel()[0])
    if not text:
        _fail(f"{name} cannot be empty.")
    return text


def _words(path, limit=None):
    with open_file(path, "rb") as file:
        return [line.rstrip(b"\n").removesuffix(b"\r") for line in itertools.islice(file, limit)]


@reference.kernel("GenerateVocabRemapping")
def vocabulary_remapping(ctx):
    """The old number of each new word, -1 for words that are new."""
    first, count, old_size = (ctx.attr(name) for name in ("new_vocab_offset", "num_new_vocab", "old_vocab_size"))

    def run(new_file, old_file):
        new = _words(_text(new_file, "new_vocab_file"))
        if first + count > len(new):
            _fail("lookup table size must be larger than last new vocab entry's line")
        path = _text(old_file, "old_vocab_file")
        words = _words(path, None if old_size < 0 else old_size)
        if old_size > len(words):
            _fail(f"Invalid vocab_size in {path}: expected {old_size} but got {len(words)}")
        old = {word: number for number, word in enumerate(words)}
        if len(old) < len(words):
            raise errors.FailedPreconditionError(None, None, f"A word is twice in the vocabulary {path}")
        remapping = np.array([old.get(word, -1) for word in new[first:first + count]], np.int64)
        return remapping, np.array((remapping >= 0).sum(), np.int32)

    return run


def _check_once(remapping, size, kind):
    present = remapping[remapping >= 0]
    if len(np.unique(present)) < len(present):
        raise errors.UnimplementedError(None, None, f"An old {kind} is mapped to two new ones, which is not supported.")
    if present.size and present.max() >= size:
        _fail(f"There is no old {kind} {present.max()}: there are {size}.")


@reference.kernel("LoadAndRemapMatrix")
def load_and_remap(ctx):
    """A matrix of a checkpoint with its rows and columns at new places, and given values where it has none."""
    rows, columns = ctx.attr("num_rows"), ctx.attr("num_cols")

    def check(name, kind, shape, row_map, column_map):
        if kind.name != "float32":
            _fail(f"Tensor {name} has invalid type {kind.name} instead of expected type float32")
        if len(shape) != 2:
            _fail(f"Tensor {name} has shape {list(shape)} of invalid rank {len(shape)} instead of expected shape of "
                  "rank 2.")
        if len(row_map) != rows:
            _fail(f"Size of row_remapping is {len(row_map)} instead of being equal to num_rows={rows}")
        if column_map.size and len(column_map) != columns:
            _fail(f"Provided col_remapping, but its size is {len(column_map)} instead of being equal to "
                  f"num_cols={columns}")
        if not column_map.size and shape[1] != columns:
            _fail(f"Tensor {name} has shape {list(shape)}, where the size of its 2nd dimension is {shape[1]} instead "
                  f"of being equal to num_cols={columns}")
        _check_once(row_map, shape[0], "row")
        _check_once(column_map, shape[1], "column")

    def run(path, name, row_map, column_map, values):
        path, name = _text(path, "ckpt_path"), _text(name, "old_tensor_name")
        reader = BundleReader(path)
        if name not in reader:
            raise errors.NotFoundError(None, None, f"Key {name} not found in checkpoint {path}")
        check(name, reader.dtype(name), reader.shape(name), row_map, column_map)
        if not column_map.size:
            column_map = np.arange(columns)
        there = np.ix_(row_map >= 0, column_map >= 0)
        missing = np.ones((rows, columns), bool)
        missing[there] = False
        if values.size != missing.sum():
            _fail(f"initializing_values has {values.size} elements, but {missing.sum()} cells are missing")
        matrix = np.empty((rows, columns), np.float32)
        if not missing.all():
            matrix[there] = reader.read(name)[np.ix_(row_map[row_map >= 0], column_map[column_map >= 0])]
        matrix[missing] = values.ravel()
        return matrix

    return run
