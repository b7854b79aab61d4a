"""The layout of TensorFlow's V2 checkpoints: file names, index, how names and lengths are coded.

`PREFIX.index` is a table (`table.py`) from tensor names to BundleEntryProto messages, with a
BundleHeaderProto under the empty name; `PREFIX.data-00000-of-00001` holds the bytes, little
endian and without gaps. A tensor saved in slices has an entry that lists the slices and one entry
per slice under a binary key that begins with a zero byte. A string tensor is its lengths as
variable-length integers, their masked checksum, and the strings. Holds no state.
"""

import contextlib
import glob
import os
import struct

import numpy as np

from graphflow.io.atomic_file import AtomicFile
from graphflow.io.files import translated_errors
from graphflow.io.table import TableWriter

VERSION = 1
CHUNK = 1 << 22


def index_path(prefix):
    """The path of a bundle's index file."""
    return f"{prefix}.index"


def data_path(prefix, shard=0, shards=1):
    """The path of one of a bundle's data files."""
    return f"{prefix}.data-{shard:05d}-of-{shards:05d}"


def write_index(prefix, entries, shards=1):
    """Writes the index of a bundle: `entries` maps keys (bytes) to BundleEntryProto."""
    from graphflow import protobuf

    header = protobuf.BundleHeaderProto(num_shards=shards)
    header.version.producer = VERSION
    path = index_path(prefix)
    output = AtomicFile(path)
    try:
        with translated_errors(path):
            table = TableWriter(output.file)
            table.add(b"", header.SerializeToString())
            for key in sorted(entries):
                table.add(key, entries[key].SerializeToString())
            table.finish()
    except BaseException:
        output.discard()
        raise
    output.commit()


def free_shard_count(prefix, least):
    """The smallest number of shards, from `least`, of which no data file exists yet."""
    count = least
    while glob.glob(f"{glob.escape(prefix)}.data-?????-of-{count:05d}"):
        count += 1
    return count


def remove_other_data(prefix, used):
    """Removes the data files of a bundle that its index does not name any more."""
    for path in glob.glob(f"{glob.escape(prefix)}.data-?????-of-?????"):
        if path not in used:
            with contextlib.suppress(OSError):
                os.remove(path)


def encode_name(name):
    """The key of a tensor name; any bytes survive the way through `decode_name` and back."""
    return name.encode("utf-8", "surrogateescape")


def decode_name(key):
    """The tensor name of a key."""
    return key.decode("utf-8", "surrogateescape")


def numpy_type(dtype):
    """The np.dtype of a DType."""
    return np.dtype(dtype.as_numpy_dtype)


def length_words(lengths):
    """What the checksum of string lengths runs over: 4 bytes each, 8 where that is too few."""
    return b"".join(struct.pack("<I" if n <= 0xFFFFFFFF else "<Q", n) for n in lengths)
