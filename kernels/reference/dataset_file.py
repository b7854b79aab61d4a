"""Reference kernels of `graphflow/ops/dataset_file.py`. State: none; iterators hold an open file each.

A file that fails (missing, damaged) is left behind: whoever asks again gets what the next file holds.
"""

import os

import numpy as np

from graphflow.io.compressed import open_bytes
from graphflow.io.files import translated_errors
from graphflow.io.record_io import RecordReader, RecordWriter

from ..registry import reference
from .parsing import csv_fields, csv_value
from .pipeline import Stage, fail, own_pass, scalar, stage_of, variant

_CHUNK = 1 << 20


class _Files:
    """The elements of one file after the other; `read` makes them, given a path."""

    def __init__(self, paths, read):
        self._paths, self._read, self._elements = iter(paths), read, iter(())

    def __iter__(self):
        return self

    def __next__(self):
        while True:
            for element in self._elements:
                return element
            self._elements = self._read(next(self._paths))


def _paths(filenames):
    if filenames.ndim > 1:
        fail("`filenames` must be a scalar or a vector.")
    return [name.decode() for name in filenames.reshape(-1)]


def _text(array, name):
    return scalar(array, name).decode()


def _file_stage(filenames, read):
    paths = _paths(filenames)
    return variant(Stage(lambda run: _Files(paths, read)))


def text(value):
    """Bytes as a scalar tensor's value."""
    array = np.empty((), object)
    array[()] = value
    return array


def lines(path, compression):
    """The lines of a file without their ends; carriage returns go, as in TensorFlow."""
    with open_bytes(path, compression) as file:
        for line in file:
            yield line.rstrip(b"\n").replace(b"\r", b"")


@reference.kernel("TextLineDataset")
def text_lines(ctx):
    """The lines of files."""

    def run(filenames, compression_type, buffer_size):
        compression = _text(compression_type, "compression_type")
        return _file_stage(filenames, lambda path: ((text(line),) for line in lines(path, compression)))

    return run


def _records(path, compression):
    with RecordReader(path, compression) as reader:
        for record in reader:
            yield (text(record),)


@reference.kernel("TFRecordDataset")
def records(ctx):
    """The records of TFRecord files."""

    def run(filenames, compression_type, buffer_size):
        compression = _text(compression_type, "compression_type")
        return _file_stage(filenames, lambda path: _records(path, compression))

    return run


def _fixed(path, compression, header, size, footer):
    """Records of `size` bytes; what may be the footer is held back."""
    if not compression:
        with translated_errors(path):
            body = os.path.getsize(path) - header - footer
        if body < 0 or body % size:
            fail(f'Excluding the header ({header} bytes) and footer ({footer} bytes), input file "{path}" has body '
                 f"length {body} bytes, which is not an exact multiple of the record length ({size} bytes).")
    with open_bytes(path, compression) as file:
        if len(file.read(header)) < header:
            fail(f'Input file "{path}" is shorter than its header of {header} bytes')
        held = b""
        while piece := file.read(_CHUNK):
            held += piece
            whole = max(0, len(held) - footer) // size * size
            for start in range(0, whole, size):
                yield (text(held[start:start + size]),)
            held = held[whole:]
        if len(held) != footer:
            fail(f'Excluding the header ({header} bytes) and footer ({footer} bytes), the body of input file "{path}" '
                 f"is not an exact multiple of the record length ({size} bytes).")


@reference.kernel("FixedLengthRecordDataset", "FixedLengthRecordDatasetV2")
def fixed_length_records(ctx):
    """Records of one size."""

    def run(filenames, header_bytes, record_bytes, footer_bytes, buffer_size, compression_type=None):
        header, size = scalar(header_bytes, "header_bytes"), scalar(record_bytes, "record_bytes")
        footer = scalar(footer_bytes, "footer_bytes")
        compression = "" if compression_type is None else _text(compression_type, "compression_type")
        if header < 0 or footer < 0:
            fail("`header_bytes` and `footer_bytes` must be >= 0")
        if size < 1:
            fail("`record_bytes` must be > 0")
        return _file_stage(filenames, lambda path: _fixed(path, compression, header, size, footer))

    return run


class _Columns:
    """Turns the records of CSV files into elements."""

    def __init__(self, delimiter, quotes, missing, columns, defaults):
        if len(delimiter) != 1:
            fail("field_delim should be only 1 char")
        if any(b <= a for a, b in zip(columns, columns[1:])):
            fail("select_cols should be strictly increasing indices")
        if columns and columns[0] < 0:
            fail("select_cols should be non-negative indices")
        if columns and len(columns) != len(defaults):
            fail("select_cols should match output size")
        self._delimiter, self._quotes, self._missing = delimiter, quotes, missing
        self._columns, self._defaults = columns, defaults

    def elements(self, path, compression, header):
        """An iterator over the elements of one file, which goes on behind a record that fails."""
        return map(self._element, self._records(path, compression, header))

    def _records(self, path, compression, header):
        """Lines, joined where a quoted field holds their end."""
        with open_bytes(path, compression) as file:
            if header and not file.readline():
                fail("Can't read header of empty file")
            for line in file:
                while self._quotes and line.count(b'"') % 2 and (more := file.readline()):
                    line += more
                yield line.rstrip(b"\r\n")

    def _element(self, record):
        fields = csv_fields(record, self._delimiter, self._quotes)
        found = len(fields)
        if self._columns:
            fields = [fields[i] for i in self._columns if i < found]
        if len(fields) != len(self._defaults):
            fail(f"Expect {len(self._defaults)} fields but have {len(fields)} in record")
        return tuple([self._value(*item) for item in zip(fields, self._defaults, range(len(fields)))])

    def _value(self, field, default, column):
        field = None if field == self._missing else field
        array = np.empty((), default.dtype)
        array[()] = csv_value(field, default.dtype, default, column, "record")
        return array


@reference.kernel("CSVDataset")
def csv(ctx):
    """The columns of CSV files."""

    def run(filenames, compression_type, buffer_size, header, delimiter, quotes, missing, columns, *defaults):
        reader = _Columns(scalar(delimiter, "field_delim"), bool(quotes), scalar(missing, "na_value"),
                          columns.tolist(), defaults)
        compression = _text(compression_type, "compression_type")
        return _file_stage(filenames, lambda path: reader.elements(path, compression, bool(header)))

    return run


@reference.kernel("DatasetToTFRecord")
def to_records(ctx):
    """Writes the elements of a dataset of strings to a TFRecord file."""

    def run(source, filename, compression_type):
        path, compression = _text(filename, "filename"), _text(compression_type, "compression_type")
        with own_pass(ctx.resources) as run, RecordWriter(path, compression) as writer:
            for element in stage_of(source).elements(run):
                run.check_open()
                writer.write(element[0].item())

    return run
