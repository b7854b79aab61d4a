"""Reference kernel of `graphflow/ops/dataset_sql.py`. State: none; iterators hold an open database each."""

import contextlib
import sqlite3

import numpy as np

from graphflow.framework import errors

from ..registry import reference
from .pipeline import Stage, fail, scalar, variant

# SQLite's codes -> what TensorFlow makes of them; UnknownError for all others.
_ERRORS = {
    3: errors.PermissionDeniedError, 4: errors.AbortedError, 5: errors.UnavailableError, 6: errors.UnavailableError,
    7: errors.UnavailableError, 8: errors.FailedPreconditionError, 9: errors.CancelledError, 11: errors.DataLossError,
    12: errors.InvalidArgumentError, 13: errors.ResourceExhaustedError, 14: errors.InvalidArgumentError,
    15: errors.UnavailableError, 18: errors.ResourceExhaustedError, 19: errors.InvalidArgumentError,
    20: errors.FailedPreconditionError, 23: errors.PermissionDeniedError, 25: errors.OutOfRangeError,
    26: errors.InvalidArgumentError,
}
_COLUMNS = ("string", "int8", "int16", "int32", "int64", "uint8", "uint16", "bool", "float64")


@contextlib.contextmanager
def _translated():
    try:
        yield
    except sqlite3.Error as error:
        # Python 3.10 does not tell the code.
        kind = _ERRORS.get(getattr(error, "sqlite_errorcode", 0) & 0xFF, errors.UnknownError)
        raise kind(None, None, str(error)) from error


class _Rows:
    """The rows that a query gives, as tuples of scalars. What it would write is not kept."""

    def __init__(self, path, query, dtypes):
        self._path, self._query, self._dtypes = path, query, dtypes
        self._database = self._cursor = None

    def __iter__(self):
        return self

    def __next__(self):
        with _translated():
            if self._cursor is None:
                self._open()
            row = self._cursor.fetchone()
            if row is None:
                raise StopIteration
            return tuple([self._value(*item) for item in zip(row, self._dtypes)])

    def __del__(self):
        if self._database is not None:
            self._database.close()

    def _open(self):
        # The threads of a pipeline take turns.
        self._database = sqlite3.connect(self._path, isolation_level=None, check_same_thread=False)
        self._database.text_factory = bytes
        self._database.execute("BEGIN")
        cursor = self._database.execute(self._query)
        columns = len(cursor.description or ())
        if columns != len(self._dtypes):
            fail(f"The number of columns in query ({columns}) must match the number of elements in output_types "
                 f"({len(self._dtypes)}).")
        self._cursor = cursor

    def _value(self, value, dtype):
        """A column's value as a scalar; what has another type becomes what SQLite makes of it."""
        if dtype.kind == "O":
            array = np.empty((), object)
            array[()] = self._cast(value, bytes, "TEXT", b"")
            return array
        if dtype.kind == "f":
            return np.asarray(self._cast(value, float, "REAL", 0.0), dtype)
        return np.asarray(self._cast(value, int, "INTEGER", 0), np.int64).astype(dtype)

    def _cast(self, value, kind, name, missing):
        if value is None or isinstance(value, kind):
            return missing if value is None else value
        return self._database.execute(f"SELECT CAST(? AS {name})", [value]).fetchone()[0]


@reference.kernel("SqlDataset")
def rows(ctx):
    """The rows that a query gives."""
    names = [dtype.name for dtype in ctx.attr("output_types")]
    dtypes = [np.dtype(dtype.as_numpy_dtype) for dtype in ctx.attr("output_types")]

    def run(driver_name, data_source_name, query):
        driver = scalar(driver_name, "driver_name").decode()
        if not set(names) <= set(_COLUMNS):
            fail(f"Each element of `output_types` must be one of {', '.join(_COLUMNS)}, but they are "
                 f"{', '.join(names)}.")
        if driver != "sqlite":
            fail(f"The database type, {driver}, is not supported by SqlDataset. The set of supported databases is: "
                 "{'sqlite'}.")
        path, text = scalar(data_source_name, "data_source_name").decode(), scalar(query, "query").decode()
        return variant(Stage(lambda run: _Rows(path, text, dtypes)))

    return run
