"""TFRecord files: round trips, TensorBoard's bytes, damage."""

import gzip
import struct
import zlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graphflow.framework import errors
from graphflow.io.crc32c import masked_crc32c
from graphflow.io.record_io import RecordReader, RecordWriter

KINDS = [None, "", "GZIP", "ZLIB"]
RECORDS = [b"", b"a", b"hello" * 1000, bytes(range(256))]


def write(path, records, *arguments, **options):
    with RecordWriter(str(path), *arguments, **options) as writer:
        for record in records:
            writer.write(record)


def read(path, kind=None):
    with RecordReader(str(path), kind) as reader:
        return list(reader)


@pytest.mark.parametrize("kind", KINDS)
def test_round_trip(tmp_path, kind):
    write(tmp_path / "f", RECORDS, kind)
    assert read(tmp_path / "f", kind) == RECORDS


@settings(max_examples=30, deadline=None)
@given(st.lists(st.binary(max_size=300), max_size=8), st.sampled_from(KINDS))
def test_any_records(tmp_path_factory, records, kind):
    path = tmp_path_factory.mktemp("records") / "f"
    write(path, records, kind)
    assert read(path, kind) == records


def test_layout(tmp_path):
    write(tmp_path / "f", [b"abc"])
    length = struct.pack("<Q", 3)
    expected = length + struct.pack("<I", masked_crc32c(length))
    expected += b"abc" + struct.pack("<I", masked_crc32c(b"abc"))
    assert (tmp_path / "f").read_bytes() == expected


def test_tensorboard_reads_it(tmp_path):
    loader = pytest.importorskip(
        "tensorboard.compat.tensorflow_stub.pywrap_tensorflow", exc_type=ImportError
    )
    write(tmp_path / "f", RECORDS)
    reader = loader.PyRecordReader_New(str(tmp_path / "f").encode())
    found = []
    for _ in RECORDS:
        reader.GetNext()
        found.append(bytes(reader.record()))
    assert found == RECORDS
    with pytest.raises(Exception, match="No more events"):  # noqa: B017
        reader.GetNext()


def test_offset_and_end(tmp_path):
    write(tmp_path / "f", [b"abc", b"de"])
    with RecordReader(str(tmp_path / "f")) as reader:
        assert reader.read() == b"abc" and reader.offset == 19
        assert reader.read() == b"de" and reader.offset == 37
        assert reader.read() is None and reader.read() is None


def test_compressed_files_are_what_they_say(tmp_path):
    write(tmp_path / "plain", RECORDS)
    plain = (tmp_path / "plain").read_bytes()
    write(tmp_path / "gz", RECORDS, "GZIP", compression_level=9)
    write(tmp_path / "z", RECORDS, "ZLIB", compression_level=1, mem_level=9)
    assert gzip.decompress((tmp_path / "gz").read_bytes()) == plain
    assert zlib.decompress((tmp_path / "z").read_bytes()) == plain


def test_concatenated_gzip_files(tmp_path):
    write(tmp_path / "f", RECORDS, "GZIP")
    data = (tmp_path / "f").read_bytes()
    (tmp_path / "f").write_bytes(data + data)
    assert read(tmp_path / "f", "GZIP") == RECORDS * 2


def test_flush_makes_records_readable(tmp_path):
    writer = RecordWriter(str(tmp_path / "f"))
    writer.write(b"early")
    writer.flush()
    assert read(tmp_path / "f") == [b"early"]
    writer.close()
    writer.close()
    with pytest.raises(errors.FailedPreconditionError, match="closed"):
        writer.write(b"late")


@pytest.mark.parametrize("kind", [None, "GZIP", "ZLIB"])
def test_every_truncation_is_noticed(tmp_path, kind):
    write(tmp_path / "f", [b"abc", b"defg"], kind)
    data = (tmp_path / "f").read_bytes()
    whole = {0, 19} if kind is None else {0}  # ends between records are ends of files
    for size in set(range(len(data))) - whole:
        (tmp_path / "f").write_bytes(data[:size])
        with pytest.raises(errors.DataLossError, match="truncated"):
            read(tmp_path / "f", kind)


def test_every_bit_flip_is_noticed(tmp_path):
    write(tmp_path / "f", [b"abc", b"defg"])
    data = (tmp_path / "f").read_bytes()
    for bit in range(8 * len(data)):
        changed = bytearray(data)
        changed[bit // 8] ^= 1 << bit % 8
        (tmp_path / "f").write_bytes(changed)
        with pytest.raises(errors.DataLossError, match=r"corrupted record at (0|19)"):
            read(tmp_path / "f")


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=60), st.sampled_from(KINDS))
def test_garbage(tmp_path_factory, data, kind):
    path = tmp_path_factory.mktemp("garbage") / "f"
    path.write_bytes(data)
    try:
        read(path, kind)
    except errors.DataLossError:
        pass


def test_a_length_that_lies_allocates_nothing(tmp_path):
    length = struct.pack("<Q", 1 << 60)
    (tmp_path / "f").write_bytes(length + struct.pack("<I", masked_crc32c(length)) + b"x" * 50)
    with pytest.raises(errors.DataLossError, match="truncated record at 0"):
        read(tmp_path / "f")


def test_errors_of_opening(tmp_path):
    with pytest.raises(errors.NotFoundError, match="none"):
        read(tmp_path / "none")
    with pytest.raises(errors.NotFoundError):
        RecordWriter(str(tmp_path / "no" / "f"))
    with pytest.raises(errors.FailedPreconditionError):
        read(tmp_path)
    with pytest.raises(errors.InvalidArgumentError, match="SNAPPY"):
        RecordWriter(str(tmp_path / "f"), "SNAPPY")
