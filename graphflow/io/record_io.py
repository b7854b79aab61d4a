"""TFRecord files: a sequence of byte strings, each with two checksums, perhaps compressed.

A record is its length (8 bytes, little endian), the masked CRC of these, the data, and the masked
CRC of the data. The readers and writers here hold one open file each. They know nothing of what
the records mean.
"""

import struct
import zlib

from graphflow.framework import errors
from graphflow.io.compressed import open_bytes, window_bits
from graphflow.io.crc32c import masked_crc32c
from graphflow.io.files import open_file, translated_errors

_HEADER = struct.Struct("<QI")
_FOOTER = struct.Struct("<I")
# A length that lies must not make us allocate more than the file can fill.
_CHUNK = 1 << 20


class RecordReader:
    """Reads the records of one file in order.

        with RecordReader("train.tfrecord", "GZIP") as reader:
            for record in reader: ...

    `compression_type` is None or "", "GZIP" or "ZLIB". Raises NotFoundError for a missing file,
    DataLossError for a record that is cut short or damaged, InvalidArgumentError for another
    compression. `offset` is the position after the last record, in uncompressed bytes.
    """

    def __init__(self, path, compression_type=None):
        self._path = path
        self._file = open_bytes(path, compression_type)
        self.offset = 0

    def read(self):
        """Returns the next record as bytes, or None at the end of the file."""
        header = self._take(_HEADER.size)
        if not header:
            return None
        if len(header) < _HEADER.size:
            raise self._loss("truncated")
        length, crc = _HEADER.unpack(header)
        if masked_crc32c(header[:8]) != crc:
            raise self._loss("corrupted")
        data = self._take(length)
        footer = self._take(_FOOTER.size)
        if len(data) < length or len(footer) < _FOOTER.size:
            raise self._loss("truncated")
        if masked_crc32c(data) != _FOOTER.unpack(footer)[0]:
            raise self._loss("corrupted")
        self.offset += _HEADER.size + length + _FOOTER.size
        return data

    def _take(self, size):
        with translated_errors(self._path):
            if size <= _CHUNK:
                return self._file.read(size)
            result = bytearray()
            while len(result) < size:
                piece = self._file.read(min(_CHUNK, size - len(result)))
                if not piece:
                    break
                result += piece
            return bytes(result)

    def _loss(self, what):
        message = f"{what} record at {self.offset} in {self._path}"
        return errors.DataLossError(None, None, message)

    def __iter__(self):
        return iter(self.read, None)

    def close(self):
        """Closes the file."""
        self._file.close()

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self.close()


class RecordWriter:
    """Writes records to a new file.

        with RecordWriter("train.tfrecord", "GZIP") as writer:
            writer.write(b"one record")

    `compression_type` is None or "", "GZIP" or "ZLIB"; the level, memory level and strategy are
    zlib's. The file is complete once `close()` has returned. Raises the `tf.errors` class of what
    the file system refuses, and FailedPreconditionError for a write after `close()`.
    """

    def __init__(self, path, compression_type=None, compression_level=-1, mem_level=8, strategy=0):
        bits = window_bits(compression_type)
        self._deflater = None
        if bits is not None:
            self._deflater = zlib.compressobj(
                compression_level, zlib.DEFLATED, bits, mem_level, strategy
            )
        self._path = path
        self._file = open_file(path, "wb")

    def write(self, record):
        """Appends one bytes-like record."""
        record = bytes(record)
        length = struct.pack("<Q", len(record))
        self._put(_HEADER.pack(len(record), masked_crc32c(length)))
        self._put(record)
        self._put(_FOOTER.pack(masked_crc32c(record)))

    def _put(self, data):
        if self._file.closed:
            raise errors.FailedPreconditionError(None, None, f"{self._path}: writer is closed")
        with translated_errors(self._path):
            self._file.write(self._deflater.compress(data) if self._deflater else data)

    def flush(self):
        """Hands everything written so far to the file system."""
        with translated_errors(self._path):
            if self._deflater:
                self._file.write(self._deflater.flush(zlib.Z_SYNC_FLUSH))
            self._file.flush()

    def close(self):
        """Finishes and closes the file; closing twice is harmless."""
        if self._file.closed:
            return
        with translated_errors(self._path), self._file:
            if self._deflater:
                self._file.write(self._deflater.flush())

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self.close()
