"""Reading files that may be compressed with zlib or gzip, as one stream of bytes.

State: per open file its place. What the bytes mean is the matter of `record_io` and of readers of lines.
"""

import io
import zlib

from graphflow.framework import errors
from graphflow.io.files import open_file, translated_errors

_CHUNK = 1 << 20
_WINDOW_BITS = {"": None, "ZLIB": 15, "GZIP": 31}


def window_bits(compression_type):
    """zlib's `wbits` for None, "", "ZLIB" or "GZIP" (None: no compression); InvalidArgumentError for others."""
    name = compression_type or ""
    if name not in _WINDOW_BITS:
        raise errors.InvalidArgumentError(
            None, None, f"Unsupported compression_type:{name}. Use '', 'ZLIB' or 'GZIP'."
        )
    return _WINDOW_BITS[name]


def open_bytes(path, compression_type=None):
    """A buffered binary file over the (uncompressed) bytes of `path`.

    Raises NotFoundError and its like when opened, DataLossError in a read of damaged data.
    """
    bits = window_bits(compression_type)
    file = open_file(path, "rb")
    return file if bits is None else io.BufferedReader(_Inflated(file, bits, path), _CHUNK)


def inflated(data, compression_type):
    """The uncompressed bytes of `data`; DataLossError if they are damaged."""
    bits = window_bits(compression_type)
    return data if bits is None else _Inflated(io.BytesIO(data), bits, "The string").read()


class _Inflated(io.RawIOBase):
    """The uncompressed bytes of a file of zlib or gzip data."""

    def __init__(self, file, bits, path):
        super().__init__()
        self._file, self._bits, self._path = file, bits, path
        self._decoder = zlib.decompressobj(bits)
        self._input = b""
        self._begun = False

    def readable(self):
        return True

    def readinto(self, buffer):
        piece = self._piece(len(buffer))
        buffer[:len(piece)] = piece
        return len(piece)

    def close(self):
        self._file.close()
        super().close()

    def _piece(self, limit):
        """At most `limit` and, but at the end of the data, at least one byte."""
        while True:
            if not self._input:
                with translated_errors(self._path):
                    self._input = self._file.read(_CHUNK)
            ended = not self._input
            if ended and (self._decoder.eof or not self._begun):
                return b""
            if self._decoder.eof:  # gzip files may be concatenated
                self._decoder = zlib.decompressobj(self._bits)
            self._begun = True
            try:
                piece = self._decoder.decompress(self._input, limit)
            except zlib.error as error:
                raise errors.DataLossError(
                    None, None, f"{self._path}: corrupted compressed data: {error}"
                ) from error
            self._input = self._decoder.unconsumed_tail or self._decoder.unused_data
            if piece:
                return piece
            if ended:
                raise errors.DataLossError(None, None, f"{self._path}: truncated compressed data")
