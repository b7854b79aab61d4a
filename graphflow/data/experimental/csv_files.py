"""What can be learnt of CSV files before they are read as datasets: names and types of columns.

Holds no state.
"""

import csv
import gzip

import numpy as np

from graphflow.framework import dtypes
from graphflow.framework import public as tf
from graphflow.framework.static_value import constant_value
from graphflow.framework.tensor import Tensor
from graphflow.platform import gfile

# From the narrowest to the widest.
CSV_TYPES = (dtypes.int32, dtypes.int64, dtypes.float32, dtypes.float64, dtypes.string)


class CsvFiles:
    """CSV files of one format, looked into.

    Args: names: of files. delimiter, quotes, header, compression: as of `CsvDataset`.
    """

    def __init__(self, names, delimiter, quotes, header, compression):
        self._names, self._header = names, header
        self._reading = {"delimiter": delimiter, "quoting": csv.QUOTE_MINIMAL if quotes else csv.QUOTE_NONE}
        self._open = _opener(compression)

    def column_names(self):
        """The first line, which must be the same in all files; ValueError if it is not."""
        if not self._header:
            raise ValueError("Cannot infer column names without a header line.")
        names = None
        for path in self._names:
            with self._open(path) as file:
                found = next(csv.reader(file, **self._reading), None)
            if found is None:
                raise ValueError(f"Received StopIteration when reading the header line of {path}.  Empty file?")
            if names is not None and found != names:
                raise ValueError("Files have different column names in the header row.")
            names = found
        return names

    def column_defaults(self, columns, chosen, missing, rows):
        """Defaults of the narrowest types that hold the first `rows` rows of the columns `chosen` (None: all)."""
        chosen = range(columns) if chosen is None else chosen
        types = [None] * len(chosen)
        for number, row in enumerate(self._rows(columns)):
            if rows is not None and number >= rows:
                break
            types = [_widened(kind, row[i], missing) for kind, i in zip(types, chosen)]
        types = [kind or dtypes.string for kind in types]
        return [tf.constant([""] if kind is dtypes.string else [0], kind) for kind in types]

    def _rows(self, columns):
        for path in self._names:
            with self._open(path) as file:
                rows = csv.reader(file, **self._reading)
                if self._header:
                    next(rows)
                for row in rows:
                    if len(row) != columns:
                        raise ValueError(
                            "Problem inferring types: CSV row has different number of fields than expected.")
                    yield row


def _opener(compression):
    kind = compression or ""
    if isinstance(kind, Tensor):
        kind = constant_value(kind)
        if kind is None:
            raise ValueError("Received unkown compression_type")
        kind = kind.item().decode()
    if kind == "GZIP":
        return lambda path: gzip.open(path, "rt", newline="", encoding="utf-8")
    if kind == "ZLIB":
        raise ValueError(f"compression_type ({kind}) is not supported for probing columns")
    if kind:
        raise ValueError(f"compression_type ({kind}) is not supported")
    return lambda path: open(path, newline="", encoding="utf-8")


def _widened(kind, text, missing):
    """The narrowest type from `kind` on that holds `text`."""
    if text in ("", missing):
        return kind
    first = 0 if kind is None else CSV_TYPES.index(kind)
    return next(t for t in CSV_TYPES[first:] if t is dtypes.string or _holds(t.as_numpy_dtype, text))


def _holds(kind, text):
    try:
        if np.issubdtype(kind, np.integer):
            return np.iinfo(kind).min <= int(text) <= np.iinfo(kind).max
        with np.errstate(over="ignore"):
            return bool(kind(text) < np.inf)
    except ValueError:
        return False


def chosen_columns(chosen, names):
    """Ascending numbers of columns given by name or number; ValueError for unknown and repeated ones."""
    numbers = []
    for column in chosen:
        if isinstance(column, int):
            if not 0 <= column < len(names):
                raise ValueError(f"Column index {column} specified in select_columns out of valid range.")
            numbers.append(column)
        elif column in names:
            numbers.append(names.index(column))
        else:
            raise ValueError(f"Value '{column}' specified in select_columns not a valid column index or name.")
    if len(set(numbers)) != len(numbers):
        raise ValueError("select_columns contains duplicate columns")
    return sorted(numbers)


def matching_files(patterns):
    """The names of files that match a pattern or a list of them, sorted; ValueError if there are none."""
    if isinstance(patterns, list) and not patterns:
        raise ValueError("File pattern is empty.")
    names = [name for pattern in (patterns if isinstance(patterns, list) else [patterns])
             for name in gfile.glob(pattern)]
    if not names:
        raise ValueError(f"No files match {patterns}.")
    return sorted(names)
