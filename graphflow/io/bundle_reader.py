"""Reading TensorFlow's V2 checkpoints; `bundle_format` describes the files.

A reader holds the index in memory and opens a data file for each read. Nothing in a file is
believed before it is checked: sizes against the file's length before memory is taken, contents
against checksums before they are returned.
"""

import difflib
import math
import os
import struct

import numpy as np

from graphflow.framework import dtypes, errors
from graphflow.io import bundle_format as layout
from graphflow.io import tensor_slice
from graphflow.io.crc32c import crc32c, mask
from graphflow.io.files import open_file, translated_errors
from graphflow.io.table import TableReader
from graphflow.io.varint import decode_varint


class BundleReader:
    """Reads a checkpoint.

        reader = BundleReader("/tmp/model.ckpt-1")
        for name in reader.keys():
            print(name, reader.dtype(name), reader.shape(name), reader.read(name))

    Raises NotFoundError for a missing checkpoint or name (saying which names are near),
    DataLossError for damage, OutOfRangeError where a data file is too short, and
    UnimplementedError for compressed, big-endian, variant and V1 checkpoints.
    """

    def __init__(self, prefix):
        self._prefix = prefix
        path = layout.index_path(prefix)
        if not os.path.exists(path):
            raise _missing(prefix)
        with TableReader(path) as table:
            self._raw = dict(table.items())
        self._check_header(path)
        whole = (key for key in self._raw if not key.startswith(b"\0"))
        self._names = sorted(map(layout.decode_name, whole))

    def _check_header(self, path):
        from graphflow import protobuf

        raw = self._raw.pop(b"", None)
        if raw is None:
            raise errors.DataLossError(None, None, f"{path}: the header entry is missing")
        header = _parse(protobuf.BundleHeaderProto, raw, path)
        if header.endianness != protobuf.BundleHeaderProto.LITTLE:
            raise errors.UnimplementedError(
                None, None, f"{path}: big-endian checkpoints are not supported"
            )
        if header.version.min_consumer > layout.VERSION:
            raise errors.InvalidArgumentError(
                None,
                None,
                f"Checkpoint min consumer version {header.version.min_consumer} above current "
                f"version {layout.VERSION}: {path} needs a newer reader",
            )
        if header.num_shards < 1:
            raise errors.DataLossError(None, None, f"{path}: {header.num_shards} shards")
        self.num_shards = header.num_shards

    def keys(self):
        """The names of the tensors, sorted; the parts of a sliced tensor are not listed."""
        return list(self._names)

    def __contains__(self, name):
        key = layout.encode_name(name)
        return key in self._raw and not key.startswith(b"\0")

    def entry(self, name):
        """The BundleEntryProto of a tensor."""
        return self._entry(layout.encode_name(name))

    def _entry(self, key):
        from graphflow import protobuf

        if key not in self._raw:
            raise self._unknown(layout.decode_name(key))
        what = f"{self._prefix}: entry '{layout.decode_name(key)}'"
        entry = _parse(protobuf.BundleEntryProto, self._raw[key], what)
        sizes = [dim.size for dim in entry.shape.dim]
        # An empty tensor may have large dimensions, but no larger than an array's.
        bound = math.prod(max(size, 1) for size in sizes) * 16
        if entry.shape.unknown_rank or min(sizes, default=0) < 0 or len(sizes) > 32 or bound >> 63:
            raise errors.DataLossError(None, None, f"{what}: invalid tensor shape {sizes}")
        if entry.dtype not in protobuf.DataType.values() or not 0 < entry.dtype < 100:
            raise errors.DataLossError(None, None, f"{what}: unknown dtype {entry.dtype}")
        return entry

    def entries(self):
        """Yields (key, BundleEntryProto) of everything in the index, parts of slices included."""
        return ((key, self._entry(key)) for key in self._raw)

    def used_shards(self):
        """The numbers of the data files that hold something."""
        return sorted({entry.shard_id for _, entry in self.entries() if not entry.slices})

    def _unknown(self, name):
        message = f"Key {name} not found in checkpoint {self._prefix}"
        near = difflib.get_close_matches(name, self._names, n=3, cutoff=0.5)
        if near:
            message += ". The nearest names there: " + ", ".join(near)
        return errors.NotFoundError(None, None, message)

    def shape(self, name):
        """The shape of a tensor, as a tuple."""
        return tuple(dim.size for dim in self.entry(name).shape.dim)

    def dtype(self, name):
        """The DType of a tensor."""
        return dtypes.as_dtype(self.entry(name).dtype)

    def read(self, name):
        """The value of a tensor as a new array; strings as an object array of bytes."""
        entry = self.entry(name)
        if not entry.slices:
            return self._value(entry, name)
        return self.read_slice(name, [(0, tensor_slice.FULL)] * len(entry.shape.dim))

    def read_slice(self, name, extents):
        """A part of a tensor, saved whole or in slices: (start, length) per dimension.

        Raises InvalidArgumentError if the part is out of bounds or the slices in the checkpoint do
        not cover it.
        """
        entry = self.entry(name)
        shape = tuple(dim.size for dim in entry.shape.dim)
        wanted = tensor_slice.bounds(extents, shape)
        if not entry.slices:
            return self._value(entry, name)[tuple(slice(a, b) for a, b in wanted)].copy()
        parts = [
            (self._part(entry, name, part, box), box, overlap)
            for part, box, overlap in self._overlaps(entry, name, shape, wanted)
        ]
        dtype = dtypes.as_dtype(entry.dtype)
        result = np.empty([b - a for a, b in wanted], layout.numpy_type(dtype))
        for part_entry, box, overlap in parts:
            source = _relative(overlap, box)
            result[_relative(overlap, wanted)] = self._value(part_entry, name)[source]
        return result

    def _part(self, entry, name, part, box):
        """The entry of a stored slice, checked but for its contents."""
        key = tensor_slice.encode_slice_key(layout.encode_name(name), part)
        if key not in self._raw:
            raise self._bad_slices(name)
        found = self._entry(key)
        if found.dtype != entry.dtype or [d.size for d in found.shape.dim] != [
            b - a for a, b in box
        ]:
            raise self._bad_slices(name)
        self._locate(found, name)
        return found

    def _overlaps(self, entry, name, shape, wanted):
        """(slice, its bounds, where it meets `wanted`) of the stored slices that do.

        Raises unless the stored slices are disjoint and cover what is wanted.
        """
        parts, boxes = [], np.empty([0, len(shape), 2], np.int64)
        for proto in entry.slices:
            part = tuple(
                (e.start, e.length if e.HasField("length") else tensor_slice.FULL)
                for e in proto.extent
            )
            try:
                bounds = tensor_slice.bounds(part, shape)
            except errors.InvalidArgumentError as error:
                raise self._bad_slices(name) from error
            box = np.array(bounds, np.int64).reshape(-1, 2)
            meets = (boxes[:, :, 0] < box[:, 1]) & (box[:, 0] < boxes[:, :, 1])
            if meets.all(axis=1).any():
                raise self._bad_slices(name)
            boxes = np.concatenate([boxes, box[None]])
            overlap = [
                (max(a, s), min(b, e)) for (a, b), (s, e) in zip(wanted, bounds, strict=True)
            ]
            if all(a < b for a, b in overlap):
                parts.append((part, bounds, overlap))
        covered = sum(math.prod(b - a for a, b in overlap) for *_, overlap in parts)
        if covered != math.prod(b - a for a, b in wanted):
            raise errors.InvalidArgumentError(
                None,
                None,
                f"Does not have sufficient slices for partitioned tensor {name} to restore in "
                f"slice_spec: {wanted}",
            )
        return parts

    def _bad_slices(self, name):
        return errors.DataLossError(
            None, None, f"{self._prefix}: the slices of '{name}' do not fit together"
        )

    def _locate(self, entry, name):
        """The path of the data file, after checking what the entry says about size and place."""
        dtype = dtypes.as_dtype(entry.dtype)
        if dtype in (dtypes.variant, dtypes.resource):
            raise errors.UnimplementedError(
                None, None, f"'{name}': {dtype.name} tensors in checkpoints are not supported"
            )
        count = math.prod(dim.size for dim in entry.shape.dim)
        needed = count if dtype is dtypes.string else count * layout.numpy_type(dtype).itemsize
        if entry.size < needed or dtype is not dtypes.string and entry.size != needed:
            raise errors.DataLossError(
                None,
                None,
                f"Invalid size in bundle entry: key {name}; stored size {entry.size}; "
                f"expected size {needed}",
            )
        if not 0 <= entry.shard_id < self.num_shards or entry.offset < 0:
            raise errors.DataLossError(None, None, f"{self._prefix}: '{name}' has a bad position")
        path = layout.data_path(self._prefix, entry.shard_id, self.num_shards)
        with translated_errors(path):
            length = os.path.getsize(path)
        if entry.offset + entry.size > length:
            raise errors.OutOfRangeError(
                None,
                None,
                f"Read fewer bytes than requested: {path} has {length} bytes, but '{name}' ends "
                f"at {entry.offset + entry.size}",
            )
        return path

    def _value(self, entry, name):
        """Reads and checks the bytes of one entry."""
        path = self._locate(entry, name)
        dtype = dtypes.as_dtype(entry.dtype)
        shape = tuple(dim.size for dim in entry.shape.dim)
        with open_file(path, "rb") as file, translated_errors(path):
            file.seek(entry.offset)
            if dtype is dtypes.string:
                return _read_strings(file, shape, entry, f"{path}: '{name}'")
            return _read_dense(file, shape, layout.numpy_type(dtype), entry, f"{path}: '{name}'")


def _relative(box, origin):
    """Index that takes `box` from an array that begins at the corner of the box `origin`."""
    return tuple(slice(a - o, b - o) for (a, b), (o, _) in zip(box, origin, strict=True))


def _missing(prefix):
    if os.path.isfile(prefix):
        return errors.UnimplementedError(
            None, None, f"{prefix} is a file: V1 checkpoints are not supported, only V2"
        )
    return errors.NotFoundError(
        None,
        None,
        "Unsuccessful TensorSliceReader constructor: Failed to find any matching files for "
        f"{prefix}",
    )


def _parse(message_class, raw, what):
    from google.protobuf.message import DecodeError

    try:
        return message_class.FromString(raw)
    except DecodeError as error:
        raise errors.DataLossError(None, None, f"{what}: not parseable") from error


def _checksum_error(what, stored, actual):
    return errors.DataLossError(
        None, None, f"{what}: Checksum does not match: stored {stored:#010x}, read {actual:#010x}"
    )


def _read_dense(file, shape, numpy_type, entry, what):
    result = np.empty(shape, numpy_type)
    view = memoryview(result.reshape(-1).view(np.uint8)) if entry.size else memoryview(b"")
    crc = 0
    for start in range(0, len(view), layout.CHUNK):
        piece = view[start : start + layout.CHUNK]
        if file.readinto(piece) != len(piece):
            raise errors.OutOfRangeError(None, None, f"{what}: Read fewer bytes than requested")
        crc = crc32c(piece, crc)
    if mask(crc) != entry.crc32c:
        raise _checksum_error(what, entry.crc32c, mask(crc))
    return result


def _read_strings(file, shape, entry, what):
    count = math.prod(shape)
    raw = file.read(entry.size)
    if len(raw) != entry.size:
        raise errors.OutOfRangeError(None, None, f"{what}: Read fewer bytes than requested")
    result = np.empty(count, object)
    if count == 0 and not raw:  # real writers leave a checksum even here
        return result.reshape(shape)
    lengths, position = [], 0
    for _ in range(count):
        length, position = decode_varint(raw, position)
        lengths.append(length)
    words = layout.length_words(lengths)
    start = position + 4
    if start + sum(lengths) != len(raw):
        raise errors.DataLossError(None, None, f"{what}: string lengths do not add up")
    stored = struct.unpack_from("<I", raw, position)[0]
    if stored != mask(crc32c(words)):
        raise _checksum_error(f"{what}: lengths", stored, mask(crc32c(words)))
    crc = mask(crc32c(raw[position:], crc32c(words)))
    if crc != entry.crc32c:
        raise _checksum_error(what, entry.crc32c, crc)
    for i, length in enumerate(lengths):
        result[i] = raw[start : start + length]
        start += length
    return result.reshape(shape)
