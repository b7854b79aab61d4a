"""Writing TensorFlow's V2 checkpoints; `bundle_format` describes the files.

A writer holds one open temporary file and the index entries of what was added so far. It does not
know variables or graphs.
"""

import contextlib
import os
import shutil
import struct
import uuid

import numpy as np

from graphflow.framework import dtypes, errors
from graphflow.io import bundle_format as layout
from graphflow.io import tensor_slice
from graphflow.io.atomic_file import AtomicFile
from graphflow.io.crc32c import crc32c, mask
from graphflow.io.files import translated_errors
from graphflow.io.varint import encode_varint


class BundleWriter:
    """Writes a checkpoint; nothing appears under its final names before `finish()`.

        with BundleWriter("/tmp/model.ckpt-1") as writer:   # finish() on success, else discard()
            writer.add("weights", np.ones([2, 3], np.float32))
            writer.add("names", np.array([b"a", b"bc"], object))

    Takes every numeric dtype, bool, ml_dtypes' bfloat16 and strings (object arrays of bytes or
    str, and NumPy's own string types). Raises InvalidArgumentError for an empty or repeated name,
    TypeError for other dtypes, and the `tf.errors` class of what the file system refuses.
    """

    def __init__(self, prefix):
        self._prefix = prefix
        self._entries = {}
        folder = os.path.dirname(prefix)
        if folder and not os.path.isdir(folder):
            with translated_errors(folder), contextlib.suppress(FileExistsError):
                os.mkdir(folder)
        self._output = AtomicFile(layout.data_path(prefix))
        self._file = self._output.file

    def add(self, name, value, dtype=None):
        """Appends an array under `name`; `dtype` overrides what the array says (tf.qint8...)."""
        self._add(layout.encode_name(name), value, dtype)

    def add_slice(self, name, full_shape, extents, value, dtype=None):
        """Appends a part of the tensor `name` of `full_shape`: (start, length) per dimension."""
        from graphflow import protobuf

        key = layout.encode_name(name)
        if tensor_slice.is_full(extents, full_shape):
            return self._add(key, value, dtype)
        sizes = [b - a for a, b in tensor_slice.bounds(extents, full_shape)]
        if list(np.shape(value)) != sizes:
            raise errors.InvalidArgumentError(
                None, None, f"slice of '{name}' must have shape {sizes}, got {np.shape(value)}"
            )
        whole = self._entries.get(key)
        if whole and not whole.slices:
            raise errors.InvalidArgumentError(None, None, f"Adding duplicate key: {name}")
        part = self._add(tensor_slice.encode_slice_key(key, extents), value, dtype)
        if whole is None:
            whole = protobuf.BundleEntryProto(dtype=part.dtype)
            whole.shape.SetInParent()
            for size in full_shape:
                whole.shape.dim.add(size=size)
            self._entries[key] = whole
        elif whole.dtype != part.dtype or [d.size for d in whole.shape.dim] != list(full_shape):
            raise errors.InvalidArgumentError(
                None, None, f"slices of '{name}' disagree about its dtype or shape"
            )
        saved = whole.slices.add()
        for start, length in extents:
            extent = saved.extent.add(start=start)
            if length != tensor_slice.FULL:
                extent.length = length
        return part

    def _add(self, key, value, dtype):
        from graphflow import protobuf

        if not key or key in self._entries:
            what = "Adding duplicate key" if key else "Adding an empty key"
            raise errors.InvalidArgumentError(None, None, f"{what}: {layout.decode_name(key)}")
        if self._file.closed:
            raise errors.FailedPreconditionError(None, None, "BundleWriter is closed")
        array = np.asarray(value)
        dtype = dtypes.as_dtype(array.dtype if dtype is None else dtype).base_dtype
        if dtype in (dtypes.resource, dtypes.variant):
            raise TypeError(f"{dtype.name} tensors cannot be saved in a checkpoint")
        # Asked, not counted: a write that failed half way must not shift what follows.
        offset = self._file.tell()
        entry = protobuf.BundleEntryProto(dtype=dtype.as_datatype_enum, offset=offset)
        entry.shape.SetInParent()
        for size in array.shape:
            entry.shape.dim.add(size=size)
        pieces = _string_pieces(array) if dtype is dtypes.string else _dense_pieces(array, dtype)
        crc = 0
        with translated_errors(self._prefix):
            for piece, summed in pieces:
                crc = crc32c(summed, crc)
                entry.size += self._file.write(piece)
        entry.crc32c = mask(crc)
        self._entries[key] = entry
        return entry

    def finish(self):
        """Puts the checkpoint in place under its final names, replacing an older one.

        At every moment there is one whole checkpoint under the prefix, the old or the new one.
        """
        data = layout.data_path(self._prefix)
        if os.path.exists(layout.index_path(self._prefix)):
            self._replace(data)
        else:
            self._output.commit()
            layout.write_index(self._prefix, self._entries)
        layout.remove_other_data(self._prefix, {data})

    def _replace(self, data):
        """Replaces an existing checkpoint.

        Its index and its data cannot be exchanged in one step. So the new data first get a name of
        their own, as the last of several shards, then the index names that; when nothing refers to
        the old data any more, theirs becomes the new data's second name, then their only one.
        """
        shards = layout.free_shard_count(self._prefix, 2)
        beside = layout.data_path(self._prefix, shards - 1, shards)
        self._output.commit(beside)
        self._write_index(shards - 1, shards)
        second = data + ".tempstate" + uuid.uuid4().hex
        with translated_errors(data):
            try:
                os.link(beside, second)
            except OSError:  # a file system without links
                shutil.copyfile(beside, second)
            os.replace(second, data)
        self._write_index(0, 1)

    def _write_index(self, shard, shards):
        for entry in self._entries.values():
            if not entry.slices:
                entry.shard_id = shard
        layout.write_index(self._prefix, self._entries, shards)

    def discard(self):
        """Gives up and removes the temporary file."""
        self._output.discard()

    def __enter__(self):
        return self

    def __exit__(self, kind, *exception):
        if kind is None:
            self.finish()
        else:
            self.discard()


def _dense_pieces(array, dtype):
    """Yields (bytes to write, bytes to sum) of a numeric array."""
    wanted = layout.numpy_type(dtype)
    if array.dtype.itemsize != wanted.itemsize:
        raise TypeError(f"an array of {array.dtype} cannot be saved as {dtype.name}")
    if wanted.fields is None:
        little = wanted.newbyteorder("<") if wanted.isbuiltin == 1 else wanted
        array = array.astype(little, copy=False)
    # ravel first: ascontiguousarray turns a scalar into shape [1].
    flat = np.ascontiguousarray(array.ravel()).view(np.uint8)
    for start in range(0, flat.size, layout.CHUNK):
        piece = flat[start : start + layout.CHUNK].tobytes()
        yield piece, piece


def _string_pieces(array):
    """Yields (bytes to write, bytes to sum): lengths, their checksum, then the strings."""
    values = [v if isinstance(v, bytes) else _string_bytes(v) for v in array.ravel().tolist()]
    lengths = layout.length_words(map(len, values))
    yield b"".join(encode_varint(len(value)) for value in values), lengths
    check = struct.pack("<I", mask(crc32c(lengths)))
    yield check, check
    for value in values:
        yield value, value


def _string_bytes(value):
    if isinstance(value, str):
        return value.encode("utf-8")
    raise TypeError(f"a string tensor cannot hold {value!r} of {type(value)}")
