"""Sorted string tables (the LevelDB file format), in which checkpoints keep their index.

A file is data blocks, an empty metadata block, an index block (last key of each data block ->
where it lies) and a footer of 48 bytes. A block is entries whose keys share prefixes with the key
before, "restart points" where they do not, and a trailer of one compression byte and a masked
CRC. Reading keeps one block in memory; writing keeps one block and the index. There are no
filters and no compression: a snappy-compressed block is refused by name.
"""

import bisect
import collections
import struct

from graphflow.framework import errors
from graphflow.io.crc32c import crc32c, mask
from graphflow.io.files import open_file, translated_errors
from graphflow.io.varint import decode_varint, encode_varint

_MAGIC = struct.pack("<Q", 0xDB4775248B80FB57)
_FOOTER_SIZE = 48
_TRAILER_SIZE = 5
_COMPRESSIONS = {1: "snappy", 2: "zlib", 4: "zstd"}
# Entries per full key and bytes per block, as TensorFlow writes them.
_RESTART_INTERVAL = 16
_BLOCK_SIZE = 1 << 18
# Shared prefixes let a few bytes stand for a long key: more than this is an attack, not a table.
_MAX_EXPANSION = 1 << 10

# Where a block lies: its offset and its size without the trailer.
_Handle = collections.namedtuple("_Handle", "offset size")


def _loss(path, what):
    return errors.DataLossError(None, None, f"{path}: {what}: the file is damaged or no table")


class _BlockBuilder:
    """Collects the entries of one block."""

    def __init__(self, restart_interval):
        self._interval = restart_interval
        self.clear()

    def clear(self):
        self._data, self._restarts, self._count, self._key = bytearray(), [0], 0, b""

    @property
    def size(self):
        """The bytes the block would have now; 0 without entries."""
        return len(self._data) + 4 * len(self._restarts) + 4 if self._count else 0

    def add(self, key, value):
        shared = 0
        if self._count and self._count % self._interval == 0:
            self._restarts.append(len(self._data))
        else:
            limit = min(len(key), len(self._key))
            while shared < limit and key[shared] == self._key[shared]:
                shared += 1
        for number in (shared, len(key) - shared, len(value)):
            self._data += encode_varint(number)
        self._data += key[shared:]
        self._data += value
        self._key = key
        self._count += 1

    def finish(self):
        count = len(self._restarts)
        return bytes(self._data) + struct.pack(f"<{count}II", *self._restarts, count)


def _separator(low, high):
    """A short key with low <= key < high, given low < high."""
    common = 0
    while common < min(len(low), len(high)) and low[common] == high[common]:
        common += 1
    if common < min(len(low), len(high)) and low[common] + 1 < high[common]:
        return low[:common] + bytes([low[common] + 1])
    return low


def _successor(key):
    """A short key that is not below `key`."""
    for i, byte in enumerate(key):
        if byte != 0xFF:
            return key[:i] + bytes([byte + 1])
    return key


class TableWriter:
    """Writes a table to a binary file object that the caller opens and closes.

        with open(path, "wb") as file:
            writer = TableWriter(file)
            writer.add(b"apple", b"1")
            writer.add(b"banana", b"2")
            writer.finish()

    Keys (bytes) must come in strictly ascending order, else InvalidArgumentError.
    """

    def __init__(self, file, block_size=_BLOCK_SIZE):
        self._file, self._block_size, self._offset = file, block_size, 0
        self._block, self._index = _BlockBuilder(_RESTART_INTERVAL), _BlockBuilder(1)
        self._last = None
        self._pending = None  # the handle of a block whose index key awaits the next key

    def add(self, key, value):
        """Appends an entry; both are bytes."""
        if self._last is not None and key <= self._last:
            raise errors.InvalidArgumentError(
                None, None, f"table keys must ascend: {key!r} after {self._last!r}"
            )
        if self._pending:
            self._index.add(_separator(self._last, key), self._pending)
            self._pending = None
        self._block.add(key, value)
        self._last = key
        if self._block.size >= self._block_size:
            self._flush()

    def _flush(self):
        if self._block.size:
            self._pending = self._write_block(self._block.finish())
            self._block.clear()

    def _write_block(self, data):
        """Writes a block; returns its encoded handle."""
        self._file.write(data + b"\0" + struct.pack("<I", mask(crc32c(data + b"\0"))))
        handle = encode_varint(self._offset) + encode_varint(len(data))
        self._offset += len(data) + _TRAILER_SIZE
        return handle

    def finish(self):
        """Writes all that is left. The writer must not be used afterwards."""
        self._flush()
        meta = self._write_block(_BlockBuilder(_RESTART_INTERVAL).finish())
        if self._pending:
            self._index.add(_successor(self._last), self._pending)
        handles = meta + self._write_block(self._index.finish())
        self._file.write(handles.ljust(_FOOTER_SIZE - len(_MAGIC), b"\0") + _MAGIC)


class TableReader:
    """Reads a table: `items()` in key order, `get(key)` by key.

        with TableReader("model.ckpt.index") as table:
            header = table.get(b"")

    Raises NotFoundError for a missing file, DataLossError for anything that is not a whole and
    undamaged table, UnimplementedError for compressed blocks. The footer, the index and the
    metadata are checked on opening, data blocks as they are read.
    """

    def __init__(self, path):
        self._path = path
        self._file = open_file(path, "rb")
        try:
            self._open()
        except BaseException:
            self._file.close()
            raise

    def _open(self):
        with translated_errors(self._path):
            self._size = self._file.seek(0, 2)
        if self._size < _FOOTER_SIZE:
            raise _loss(self._path, f"a table has at least {_FOOTER_SIZE} bytes, not {self._size}")
        footer = self._read(self._size - _FOOTER_SIZE, _FOOTER_SIZE)
        if not footer.endswith(_MAGIC):
            raise _loss(self._path, "the footer has not the magic number of a table")
        meta, position = self._handle(footer, 0)
        index, position = self._handle(footer, position)
        if any(footer[position : -len(_MAGIC)]):
            raise _loss(self._path, "the footer's padding is not zero")
        self._entries(meta)
        self._keys, self._handles = [], []
        for key, value in self._entries(index):
            handle, end = self._handle(value, 0)
            if end != len(value):
                raise _loss(self._path, "an index entry has extra bytes")
            self._keys.append(key)
            self._handles.append(handle)

    def _read(self, offset, size):
        with translated_errors(self._path):
            self._file.seek(offset)
            data = self._file.read(size)
        if len(data) != size:
            raise _loss(self._path, "the file shrank while it was read")
        return data

    def _handle(self, data, position):
        offset, position = decode_varint(data, position)
        size, position = decode_varint(data, position)
        if offset + size + _TRAILER_SIZE > self._size - _FOOTER_SIZE:
            raise _loss(self._path, f"block at {offset} of {size} bytes lies outside the file")
        return _Handle(offset, size), position

    def _entries(self, handle):
        """The (key, value) list of the block at `handle`, after all checks."""
        raw = self._read(handle.offset, handle.size + _TRAILER_SIZE)
        data, kind = raw[: handle.size], raw[handle.size]
        if struct.unpack_from("<I", raw, handle.size + 1)[0] != mask(crc32c(raw[:-4])):
            raise _loss(self._path, f"checksum mismatch in the block at {handle.offset}")
        if kind:
            name = _COMPRESSIONS.get(kind, f"number {kind}")
            raise errors.UnimplementedError(
                None, None, f"{self._path}: blocks compressed with {name} are not supported"
            )
        end = handle.size - 4
        if end >= 0:
            end -= 4 * struct.unpack_from("<I", data, end)[0]
        if end < 0:
            raise _loss(self._path, f"bad restart points in the block at {handle.offset}")
        return self._decode(data, end)

    def _decode(self, data, end):
        entries, position, key = [], 0, b""
        budget = _MAX_EXPANSION * self._size
        while position < end:
            shared, position = decode_varint(data, position)
            fresh, position = decode_varint(data, position)
            length, position = decode_varint(data, position)
            budget -= shared + fresh
            if shared > len(key) or position + fresh + length > end or budget < 0:
                raise _loss(self._path, "malformed entry")
            previous, key = key, key[:shared] + data[position : position + fresh]
            if entries and key <= previous:
                raise _loss(self._path, "keys out of order")
            position += fresh
            entries.append((key, data[position : position + length]))
            position += length
        return entries

    def items(self):
        """Yields (key, value) pairs of bytes in ascending order of the keys."""
        last = None
        for bound, handle in zip(self._keys, self._handles, strict=True):
            entries = self._entries(handle)
            if entries and (entries[-1][0] > bound or last is not None and entries[0][0] <= last):
                raise _loss(self._path, "keys out of order")
            yield from entries
            last = bound

    def get(self, key):
        """Returns the value of `key`, or None."""
        number = bisect.bisect_left(self._keys, key)
        if number == len(self._keys):
            return None
        entries = self._entries(self._handles[number])
        place = bisect.bisect_left(entries, (key,))
        if place < len(entries) and entries[place][0] == key:
            return entries[place][1]
        return None

    def close(self):
        """Closes the file."""
        self._file.close()

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self.close()
