"""Sorted string tables: round trips, lookups, damage."""

import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graphflow.framework import errors
from graphflow.io.crc32c import mask, masked_crc32c
from graphflow.io.table import TableReader, TableWriter, _separator, _successor
from graphflow.io.varint import decode_varint, encode_varint


def write(path, entries, **options):
    with open(path, "wb") as file:
        writer = TableWriter(file, **options)
        for key in sorted(entries):
            writer.add(key, entries[key])
        writer.finish()


def read(path):
    with TableReader(str(path)) as table:
        return dict(table.items())


KEYS = st.binary(max_size=20) | st.sampled_from([b"layer/w", b"layer/w/Adam", b"\xff\xff", b""])


@settings(max_examples=60, deadline=None)
@given(
    st.dictionaries(KEYS, st.binary(max_size=40), max_size=60), st.sampled_from([1, 64, 1 << 18])
)
def test_round_trip(tmp_path_factory, entries, block_size):
    path = tmp_path_factory.mktemp("table") / "t"
    write(path, entries, block_size=block_size)
    with TableReader(str(path)) as table:
        items = list(table.items())
        assert items == sorted(entries.items())
        for key in [*entries, b"missing", b"\xff\xff\xff"]:
            assert table.get(key) == entries.get(key)


@given(KEYS, KEYS)
def test_separators(one, other):
    low, high = min(one, other), max(one, other)
    if low < high:
        assert low <= _separator(low, high) < high
    assert _successor(low) >= low


@given(st.integers(0, 2**64 - 1))
def test_varint(value):
    code = encode_varint(value)
    assert decode_varint(b"x" + code + b"y", 1) == (value, 1 + len(code))


@pytest.mark.parametrize("code", [b"", b"\x80", b"\x80\x00", b"\xff" * 9 + b"\x02", b"\xff" * 11])
def test_bad_varint(code):
    with pytest.raises(errors.DataLossError):
        decode_varint(code, 0)


def test_many_blocks(tmp_path):
    entries = {b"name_%06d" % i: b"v" * (i % 50) for i in range(2000)}
    write(tmp_path / "t", entries, block_size=1000)
    assert read(tmp_path / "t") == entries


def test_keys_must_ascend(tmp_path):
    with open(tmp_path / "t", "wb") as file:
        writer = TableWriter(file)
        writer.add(b"b", b"")
        for key in (b"a", b"b"):
            with pytest.raises(errors.InvalidArgumentError, match="ascend"):
                writer.add(key, b"")


@pytest.mark.parametrize("block_size", [1, 1 << 18])
def test_bit_flips_in_every_byte_are_noticed(tmp_path, block_size):
    write(tmp_path / "t", {b"": b"head", b"a/b": b"1", b"a/c": b"22"}, block_size=block_size)
    data = (tmp_path / "t").read_bytes()
    for bit in range(0, 8 * len(data), 5):
        changed = bytearray(data)
        changed[bit // 8] ^= 1 << bit % 8
        (tmp_path / "t").write_bytes(changed)
        with pytest.raises(errors.DataLossError):
            read(tmp_path / "t")


def test_every_truncation_is_noticed(tmp_path):
    write(tmp_path / "t", {b"": b"head", b"a/b": b"1"})
    data = (tmp_path / "t").read_bytes()
    for size in range(len(data)):
        (tmp_path / "t").write_bytes(data[:size])
        with pytest.raises(errors.DataLossError):
            read(tmp_path / "t")


def with_block(path, block, kind=0):
    """A table whose one data block is `block`, with right checksums."""
    write(path, {b"k": b"v"})
    good = path.read_bytes()
    old = len(b"\0\1\1kv") + 8
    meta = good[old + 5 : old + 5 + 13]
    raw = block + bytes([kind])
    head = raw + struct.pack("<I", masked_crc32c(raw)) + meta
    handle = encode_varint(0) + encode_varint(len(block))
    entry = encode_varint(0) + encode_varint(1) + encode_varint(len(handle)) + b"z" + handle
    index = entry + struct.pack("<II", 0, 1)
    tail = index + b"\0" + struct.pack("<I", masked_crc32c(index + b"\0"))
    handles = encode_varint(len(raw) + 4) + encode_varint(8)
    handles += encode_varint(len(head)) + encode_varint(len(index))
    path.write_bytes(head + tail + handles.ljust(40, b"\0") + good[-8:])


def test_compressed_blocks_are_named(tmp_path):
    for kind, name in ((1, "snappy"), (9, "number 9")):
        with_block(tmp_path / "t", b"whatever", kind)
        with pytest.raises(errors.UnimplementedError, match=name):
            read(tmp_path / "t")


def test_the_forged_table_is_right(tmp_path):
    with_block(tmp_path / "t", b"\0\1\1kv" + struct.pack("<II", 0, 1))
    assert read(tmp_path / "t") == {b"k": b"v"}


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=40))
def test_garbage_with_right_checksums(tmp_path_factory, block):
    path = tmp_path_factory.mktemp("table") / "t"
    with_block(path, block + struct.pack("<II", 0, 1))
    try:
        read(path)
    except errors.DataLossError:
        pass


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=120))
def test_garbage(tmp_path_factory, data):
    path = tmp_path_factory.mktemp("table") / "t"
    write(path, {})
    path.write_bytes(data + path.read_bytes()[-8:])
    with pytest.raises(errors.DataLossError):
        read(path)


def test_missing_file(tmp_path):
    with pytest.raises(errors.NotFoundError, match="none"):
        TableReader(str(tmp_path / "none"))
    assert mask(0) == 0xA282EAD8
