"""Checkpoints: TensorFlow's own (golden files), round trips, slices, merging, damage."""

import json
import os
import pathlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

import graphflow as tf
from graphflow import protobuf
from graphflow.framework import errors
from graphflow.io import bundle_format, tensor_slice
from graphflow.io.crc32c import masked_crc32c
from graphflow.io.tensor_bundle import BundleReader, BundleWriter, merge_bundles

GOLDEN = pathlib.Path(__file__).resolve().parents[1] / "golden" / "bundle"


def golden_values():
    with np.load(GOLDEN / "values.npz", allow_pickle=False) as file:
        values = dict(file)
    for name, text in json.loads((GOLDEN / "strings.json").read_text()).items():
        strings = np.array([bytes.fromhex(h) for h in text["hex"]], object)
        values[name] = strings.reshape(text["shape"])
    return values


def write(prefix, values):
    with BundleWriter(str(prefix)) as writer:
        for name, value in values.items():
            writer.add(name, value)


def read_all(prefix):
    reader = BundleReader(str(prefix))
    return {name: reader.read(name) for name in reader.keys()}


def assert_same(got, expected):
    assert got.shape == expected.shape
    if expected.dtype == object:
        assert got.dtype == object and got.ravel().tolist() == expected.ravel().tolist()
    else:
        np.testing.assert_array_equal(got, expected, strict=True)


def test_reads_tensorflows_checkpoint():
    expected = golden_values()
    reader = BundleReader(str(GOLDEN / "model"))
    assert reader.keys() == sorted(expected)
    for name, value in expected.items():
        assert reader.shape(name) == value.shape
        if name == "plain/bfloat16":
            assert reader.dtype(name) is tf.bfloat16
            value = value.astype(tf.bfloat16.as_numpy_dtype)
        else:
            assert reader.dtype(name) == value.dtype
        assert_same(reader.read(name), value)
    assert reader.entry("partitioned").slices and "partitioned" in reader
    assert "nothing" not in reader


def test_writes_tensorflows_bytes(tmp_path):
    """The same tensors in the same order give the same two files, byte for byte."""
    reader = BundleReader(str(GOLDEN / "model"))
    entries = sorted(reader.entries(), key=lambda item: (item[1].offset, item[1].size))
    parts = reader.entry("partitioned").slices
    keys = {
        tensor_slice.encode_slice_key(b"partitioned", extents(part)): extents(part)
        for part in parts
    }
    with BundleWriter(str(tmp_path / "model")) as writer:
        for key, entry in entries:
            if key in keys:
                value = reader.read_slice("partitioned", keys[key])
                writer.add_slice("partitioned", (4, 6), keys[key], value)
            elif not entry.slices:
                writer.add(key.decode(), reader.read(key.decode()))
    for suffix in (".index", ".data-00000-of-00001"):
        ours = (tmp_path / f"model{suffix}").read_bytes()
        assert ours == (GOLDEN / f"model{suffix}").read_bytes()


def extents(part):
    return tuple(
        (e.start, e.length if e.HasField("length") else tensor_slice.FULL) for e in part.extent
    )


def test_reads_shards_and_slices():
    reader = BundleReader(str(GOLDEN / "sharded"))
    assert reader.keys() == ["sliced", "v0", "v1"] and reader.num_shards == 2
    np.testing.assert_array_equal(reader.read("v1"), [1, 2])
    whole = np.arange(24, dtype=np.float32).reshape(4, 6)
    np.testing.assert_array_equal(reader.read("sliced"), whole)
    np.testing.assert_array_equal(reader.read_slice("sliced", [(1, 2), (2, 3)]), whole[1:3, 2:5])


NUMBERS = arrays.scalar_dtypes().filter(lambda t: t.kind in "biufc" and t.itemsize <= 16)
VALUES = st.one_of(
    arrays.arrays(
        NUMBERS.filter(lambda t: t.name not in ("longdouble", "float128", "clongdouble")),
        arrays.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=4),
    ),
    st.lists(st.binary(max_size=30), max_size=4).map(lambda v: np.array([*v, None], object)[:-1]),
    st.binary(max_size=300).map(lambda v: np.array(v, object)),
)


@settings(max_examples=60, deadline=None)
@given(st.dictionaries(st.text(min_size=1, max_size=12).filter(lambda n: n[0] != "\0"), VALUES))
def test_round_trip(tmp_path_factory, values):
    prefix = tmp_path_factory.mktemp("bundle") / "m"
    values = {n: v for n, v in values.items() if n.encode("utf-8", "replace").decode() == n}
    write(prefix, values)
    got = read_all(prefix)
    assert got.keys() == values.keys()
    for name, value in values.items():
        assert_same(got[name], value.astype(value.dtype.newbyteorder("="), copy=False))


def test_other_dtypes_and_layouts(tmp_path):
    base = np.arange(12, dtype=np.float64).reshape(3, 4)
    quantized = np.array([1, -2], np.int8)
    values = {
        "transposed": base.T,
        "strided": base[::2, ::3],
        "big": base.astype(">f8"),
        "text": np.array(["ä", "b"]),
        "bytes": np.array([b"x", b"yz"]),
        "python": "hello",
        "bfloat16": base.astype(tf.bfloat16.as_numpy_dtype),
    }
    with BundleWriter(str(tmp_path / "m")) as writer:
        for name, value in values.items():
            writer.add(name, value)
        writer.add("quantized", quantized, tf.qint8)
    reader = BundleReader(str(tmp_path / "m"))
    np.testing.assert_array_equal(reader.read("transposed"), base.T)
    np.testing.assert_array_equal(reader.read("strided"), base[::2, ::3])
    np.testing.assert_array_equal(reader.read("big"), base)
    assert reader.read("text").tolist() == ["ä".encode(), b"b"]
    assert reader.read("bytes").tolist() == [b"x", b"yz"]
    assert reader.read("python")[()] == b"hello" and reader.shape("python") == ()
    assert reader.dtype("bfloat16") is tf.bfloat16
    assert reader.dtype("quantized") is tf.qint8
    np.testing.assert_array_equal(reader.read("quantized").view(np.int8), quantized)


def test_large_tensor(tmp_path):
    value = np.arange(3_000_000, dtype=np.float32)  # more than one piece
    write(tmp_path / "m", {"large": value})
    np.testing.assert_array_equal(read_all(tmp_path / "m")["large"], value)


def test_slices(tmp_path):
    whole = np.arange(35).reshape(5, 7)
    with BundleWriter(str(tmp_path / "m")) as writer:
        writer.add("before", np.float32(1))
        writer.add_slice("w", (5, 7), ((0, 2), (0, -1)), whole[:2])
        writer.add_slice("w", (5, 7), ((2, 3), (0, 4)), whole[2:, :4])
        writer.add_slice("w", (5, 7), ((2, 3), (4, 3)), whole[2:, 4:])
        writer.add_slice("full", (5, 7), ((0, 5), (0, 7)), whole)
        with pytest.raises(errors.InvalidArgumentError, match="disagree"):
            writer.add_slice("w", (6, 7), ((5, 1), (0, 7)), whole[:1])
        with pytest.raises(errors.InvalidArgumentError, match="shape"):
            writer.add_slice("w", (5, 7), ((0, 1), (0, 7)), whole)
        with pytest.raises(errors.InvalidArgumentError, match="duplicate"):
            writer.add_slice("full", (5, 7), ((0, 1), (0, 7)), whole[:1])
    reader = BundleReader(str(tmp_path / "m"))
    assert reader.keys() == ["before", "full", "w"] and not reader.entry("full").slices
    for name in ("w", "full"):
        np.testing.assert_array_equal(reader.read(name), whole)
        part = reader.read_slice(name, [(1, 3), (3, 2)])
        np.testing.assert_array_equal(part, whole[1:4, 3:5])
        assert reader.read_slice(name, [(1, 0), (3, 2)]).shape == (0, 2)
        for bad in ([(0, 6), (0, 7)], [(0, 5)], [(-1, 2), (0, 7)]):
            with pytest.raises(errors.InvalidArgumentError):
                reader.read_slice(name, bad)


def test_missing_and_overlapping_slices(tmp_path):
    with BundleWriter(str(tmp_path / "m")) as writer:
        writer.add_slice("gap", (4,), ((0, 1),), np.zeros(1))
        writer.add_slice("gap", (4,), ((2, 2),), np.zeros(2))
        writer.add_slice("over", (4,), ((0, 3),), np.zeros(3))
        writer.add_slice("over", (4,), ((2, 2),), np.zeros(2))
    reader = BundleReader(str(tmp_path / "m"))
    assert reader.read_slice("gap", [(2, 2)]).tolist() == [0, 0]
    with pytest.raises(errors.InvalidArgumentError, match="sufficient slices .* gap"):
        reader.read("gap")
    with pytest.raises(errors.DataLossError, match="over"):
        reader.read("over")


def test_merge(tmp_path):
    whole = np.arange(8.0)
    for i in range(2):
        with BundleWriter(str(tmp_path / f"part{i}")) as writer:
            writer.add_slice("w", (8,), ((4 * i, 4),), whole[4 * i : 4 * i + 4])
            writer.add(f"v{i}", np.int32(i))
    merge_bundles([str(tmp_path / "part0"), str(tmp_path / "part1")], str(tmp_path / "all" / "m"))
    got = read_all(tmp_path / "all" / "m")
    np.testing.assert_array_equal(got["w"], whole)
    assert (got["v0"], got["v1"]) == (0, 1)
    assert sorted(os.listdir(tmp_path)) == ["all"]
    for i in range(2):
        write(tmp_path / f"same{i}", {"x": np.zeros(1)})
    with pytest.raises(errors.InvalidArgumentError, match="Duplicate tensor keyed by x"):
        merge_bundles([str(tmp_path / f"same{i}") for i in range(2)], str(tmp_path / "bad"))
    assert "same1.index" in os.listdir(tmp_path)


def test_nothing_appears_before_the_end(tmp_path):
    write(tmp_path / "m", {"x": np.zeros(2)})
    writer = BundleWriter(str(tmp_path / "m"))
    writer.add("x", np.ones(2))
    assert read_all(tmp_path / "m")["x"].tolist() == [0, 0]
    writer.finish()
    assert read_all(tmp_path / "m")["x"].tolist() == [1, 1]
    with pytest.raises(errors.FailedPreconditionError):
        writer.add("y", np.ones(2))
    with pytest.raises(RuntimeError), BundleWriter(str(tmp_path / "m")) as writer:
        raise RuntimeError
    assert sorted(os.listdir(tmp_path)) == ["m.data-00000-of-00001", "m.index"]


def test_bad_names_and_values(tmp_path):
    with BundleWriter(str(tmp_path / "m")) as writer:
        writer.add("x", 1.0)
        with pytest.raises(errors.InvalidArgumentError, match="duplicate key: x"):
            writer.add("x", 1.0)
        with pytest.raises(errors.InvalidArgumentError, match="empty"):
            writer.add("", 1.0)
        with pytest.raises(TypeError, match="string tensor"):
            writer.add("o", np.array([object()], object))
        with pytest.raises(TypeError):
            writer.add("d", np.array(["2020-01-01"], "datetime64[D]"))
        with pytest.raises(TypeError, match="int8"):
            writer.add("q", np.zeros(2, np.int32), tf.int8)
    assert read_all(tmp_path / "m")["x"] == 1.0


def test_missing(tmp_path):
    with pytest.raises(errors.NotFoundError, match="Failed to find any matching files for .*none"):
        BundleReader(str(tmp_path / "none"))
    (tmp_path / "v1").write_bytes(b"old")
    with pytest.raises(errors.UnimplementedError, match="V1"):
        BundleReader(str(tmp_path / "v1"))
    write(tmp_path / "m", {"layer/weights": 1.0, "layer/biases": 2.0})
    reader = BundleReader(str(tmp_path / "m"))
    with pytest.raises(errors.NotFoundError, match="Key layer/weight not found.*layer/weights"):
        reader.read("layer/weight")
    os.remove(tmp_path / "m.data-00000-of-00001")
    with pytest.raises(errors.NotFoundError, match="data-00000"):
        reader.read("layer/weights")


@pytest.fixture
def tiny(tmp_path):
    """A checkpoint with every kind of entry, and its files."""
    with BundleWriter(str(tmp_path / "m")) as writer:
        writer.add("n", np.array([1, 2], np.int16))
        writer.add("t", np.array([b"ab", b"", b"c"], object))
        writer.add_slice("s", (2,), ((0, 1),), np.array([5], np.int8))
        writer.add_slice("s", (2,), ((1, 1),), np.array([6], np.int8))
    return tmp_path / "m", sorted(p for p in tmp_path.iterdir() if p.name != "m")


def test_bit_flips_in_every_byte_are_noticed(tiny):
    prefix, files = tiny
    for path in files:
        data = path.read_bytes()
        for bit in range(0, 8 * len(data), 5):
            changed = bytearray(data)
            changed[bit // 8] ^= 1 << bit % 8
            path.write_bytes(changed)
            with pytest.raises(errors.DataLossError):
                read_all(prefix)
        path.write_bytes(data)


def test_every_truncation_is_noticed(tiny):
    prefix, files = tiny
    for path in files:
        data = path.read_bytes()
        for size in range(len(data)):
            path.write_bytes(data[:size])
            with pytest.raises((errors.DataLossError, errors.OutOfRangeError)):
                read_all(prefix)
        path.write_bytes(data)


def forge(prefix, data=b"", header=None, **entries):
    """A checkpoint with any entries and right checksums in the index."""
    (prefix.parent / f"{prefix.name}.data-00000-of-00001").write_bytes(data)
    bundle_format.write_index(
        str(prefix), {n.encode(): entry for n, entry in entries.items()}, **header or {}
    )


def entry(sizes, dtype=protobuf.DT_FLOAT, **fields):
    made = protobuf.BundleEntryProto(dtype=dtype, **fields)
    for size in sizes:
        made.shape.dim.add(size=size)
    return made


@pytest.mark.parametrize(
    "bad",
    [
        entry([-1], size=4),
        entry([2**40, 2**40], size=4),
        entry([2**62, 2**62, 0], size=0),
        entry([2**40], size=2**42),
        entry([1] * 100, size=4),
        entry([1], size=5),
        entry([1], size=4, shard_id=3),
        entry([1], size=4, shard_id=-1),
        entry([1], size=4, offset=-4),
        entry([1], size=4, offset=1),
        entry([1], size=4, crc32c=1),
        entry([1], dtype=0, size=4),
        entry([1], dtype=77, size=4),
        entry([1], dtype=101, size=4),
        entry([1], dtype=protobuf.DT_STRING, size=4),
        entry([1], dtype=protobuf.DT_STRING, size=0),
        entry([2**40], dtype=protobuf.DT_STRING, size=4),
        entry([1], dtype=protobuf.DT_VARIANT, size=4),
        entry([1], size=4, slices=[protobuf.TensorSliceProto()]),
        entry([2**40], slices=[protobuf.TensorSliceProto(extent=[{"start": 0}])]),
        entry([4], slices=[protobuf.TensorSliceProto(extent=[{"start": 9, "length": 2}])]),
    ],
)
def test_lying_entries(tmp_path, bad):
    forge(tmp_path / "m", b"\0\0\0\0", x=bad)
    reader = BundleReader(str(tmp_path / "m"))
    with pytest.raises((errors.DataLossError, errors.OutOfRangeError, errors.UnimplementedError)):
        reader.read("x")


def test_headers(tmp_path):
    forge(tmp_path / "m", header={"shards": 0})
    with pytest.raises(errors.DataLossError, match="shards"):
        BundleReader(str(tmp_path / "m"))
    from graphflow.io.table import TableWriter

    big = protobuf.BundleHeaderProto(num_shards=1, endianness="BIG")
    new = protobuf.BundleHeaderProto(num_shards=1)
    new.version.min_consumer = 9
    for header, kind in ((big, errors.UnimplementedError), (new, errors.InvalidArgumentError)):
        with open(tmp_path / "m.index", "wb") as file:
            table = TableWriter(file)
            table.add(b"", header.SerializeToString())
            table.finish()
        with pytest.raises(kind):
            BundleReader(str(tmp_path / "m"))


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=30), st.integers(0, 5))
def test_garbage_strings(tmp_path_factory, data, count):
    prefix = tmp_path_factory.mktemp("bundle") / "m"
    made = entry([count], protobuf.DT_STRING, size=len(data), crc32c=masked_crc32c(data))
    forge(prefix, data, x=made)
    with pytest.raises(errors.DataLossError):
        value = BundleReader(str(prefix)).read("x")
        assert count == 0 and value.size == 0
        raise errors.DataLossError(None, None, "an empty tensor is as good as any")


@settings(max_examples=100, deadline=None)
@given(st.binary(min_size=1, max_size=60))
def test_garbage_entries(tmp_path_factory, raw):
    from graphflow.io.table import TableWriter

    prefix = tmp_path_factory.mktemp("bundle") / "m"
    forge(prefix, b"data")
    with open(f"{prefix}.index", "wb") as file:
        table = TableWriter(file)
        table.add(b"", protobuf.BundleHeaderProto(num_shards=1).SerializeToString())
        table.add(b"x", raw)
        table.finish()
    try:
        read_all(prefix)
    except (errors.DataLossError, errors.OutOfRangeError, errors.UnimplementedError):
        pass
