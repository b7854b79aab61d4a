"""Ops on checkpoints and files."""

import os
import re

import numpy as np
import pytest

import graphflow as tf
from graphflow.framework import raw_ops
from graphflow.io.tensor_bundle import BundleReader, BundleWriter

VALUES = {"w": np.arange(6, dtype=np.float32).reshape(2, 3), "n": np.int64(7),
          "text": np.array([b"a", b"\xff\0"], object), "flag": np.array([True, False])}


@pytest.fixture(autouse=True)
def fresh_graph():
    """Every test has a default graph of its own."""
    with tf.Graph().as_default():
        yield


def run(fetches):
    with tf.Session() as sess:
        return sess.run(fetches)


def save(prefix, values, slices=None):
    return raw_ops.SaveV2(str(prefix), list(values), slices or [""] * len(values),
                          [tf.constant(v) for v in values.values()])


def restore(prefix, names, dtypes, slices=None):
    return raw_ops.RestoreV2(str(prefix), names, slices or [""] * len(names), dtypes=dtypes)


def test_round_trip(tmp_path):
    run(save(tmp_path / "m", VALUES))
    names = sorted(VALUES)
    got = run(restore(tmp_path / "m", names, [tf.as_dtype(np.asarray(VALUES[n]).dtype) for n in names]))
    for name, value in zip(names, got, strict=True):
        np.testing.assert_array_equal(value, VALUES[name])
    assert sorted(os.listdir(tmp_path)) == ["m.data-00000-of-00001", "m.index"]


def test_narrow_types(tmp_path):
    values = {name: tf.cast(tf.constant([0.5, 2.0]), name) for name in ("bfloat16", "float16")}
    run(raw_ops.SaveV2(str(tmp_path / "m"), list(values), ["", ""], list(values.values())))
    assert BundleReader(str(tmp_path / "m")).dtype("bfloat16") == tf.bfloat16
    got = run([tf.cast(v, tf.float32) for v in restore(tmp_path / "m", list(values), list(values))])
    np.testing.assert_array_equal(got, [[0.5, 2], [0.5, 2]])


def test_static_shapes():
    whole, part = restore("p", ["a", "b"], [tf.float32, tf.float32], ["", "4 6 0,2:-"])
    assert whole.shape.ndims is None
    assert part.shape.as_list() == [2, 6]
    with pytest.raises(ValueError, match="Dimension must be 2 but is 1"):
        raw_ops.RestoreV2("p", ["a"], ["", ""], dtypes=[tf.float32, tf.float32])
    with pytest.raises(ValueError, match="out of bounds"):
        restore("p", ["a"], [tf.float32], ["4 3,2"])


def test_slices(tmp_path):
    value = np.arange(12.0).reshape(4, 3)
    parts = [raw_ops.SaveV2(str(tmp_path / f"p{i}" / "x"), ["s"], [f"4 3 {2 * i},2:-"],
                            [value[2 * i : 2 * i + 2]]) for i in range(2)]
    with tf.control_dependencies(parts):
        merge = raw_ops.MergeV2Checkpoints([str(tmp_path / f"p{i}" / "x") for i in range(2)],
                                           str(tmp_path / "m"))
    run(merge)
    assert sorted(os.listdir(tmp_path)) == [
        "m.data-00000-of-00002", "m.data-00001-of-00002", "m.index"]
    middle, = run(restore(tmp_path / "m", ["s"], [tf.float64], ["4 3 1,2:0,2"]))
    np.testing.assert_array_equal(middle, value[1:3, :2])
    with pytest.raises(tf.errors.InvalidArgumentError, match="does not match the shape in the save"):
        run(restore(tmp_path / "m", ["s"], [tf.float64], ["5 3 1,2:0,2"]))


def test_missing_names(tmp_path):
    with BundleWriter(str(tmp_path / "m")) as writer:
        for name in ("layer/kernel", "layer/bias", "W"):
            writer.add(name, np.float32(1))
    wanted = ["W_1", "layer/kernels", "other", "layer/bias"]
    with pytest.raises(tf.errors.NotFoundError) as caught:
        run(restore(tmp_path / "m", wanted, [tf.float32] * 4))
    message = caught.value.message
    assert message.splitlines()[0].startswith(f"Key W_1 not found in checkpoint {tmp_path / 'm'} [op 'RestoreV2'")
    assert "not in the checkpoint: W_1, layer/kernels, other\n" in message
    assert "in the checkpoint, but not asked for: W, layer/kernel\n" in message
    assert "nearest to W_1: W\n" in message and "nearest to layer/kernels: layer/kernel" in message
    assert "tf.reset_default_graph()" in message
    assert "test_save_restore.py" in str(caught.value).splitlines()[1]


def test_no_hint_without_reason(tmp_path):
    run(save(tmp_path / "m", {"a": np.float32(1)}))
    with pytest.raises(tf.errors.NotFoundError, match="Key zebra not found") as caught:
        run(restore(tmp_path / "m", ["zebra"], [tf.float32]))
    assert "reset_default_graph" not in caught.value.message


def test_wrong_dtypes(tmp_path):
    run(save(tmp_path / "m", VALUES))
    with pytest.raises(tf.errors.InvalidArgumentError, match=re.escape(
            "tensor_name = w; expected dtype float64 does not equal original dtype float32")):
        run(restore(tmp_path / "m", ["w"], [tf.float64]))


def test_missing_checkpoint(tmp_path):
    with pytest.raises(tf.errors.NotFoundError, match="Failed to find any matching files"):
        run(restore(tmp_path / "none", ["w"], [tf.float32]))
    with pytest.raises(tf.errors.NotFoundError):
        run(save(tmp_path / "a" / "b" / "m", VALUES))


def test_old_format_is_refused():
    old = [raw_ops.Save("f", ["a"], [1.0]), raw_ops.SaveSlices("f", ["a"], [""], [1.0]),
           raw_ops.Restore("f", "a", dt=tf.float32), raw_ops.RestoreSlice("f", "a", "", dt=tf.float32)]
    for op in old:
        with pytest.raises(tf.errors.UnimplementedError, match="V1 checkpoints.*not supported"):
            run(op)


def test_sharded_names():
    assert run(raw_ops.ShardedFilename("a/b", 3, 12)) == b"a/b-00003-of-00012"
    assert run(raw_ops.ShardedFilespec("a/b", 12)) == b"a/b-?????-of-00012"


def test_whole_files(tmp_path):
    path = str(tmp_path / "x" / "y" / "file")
    run(tf.write_file(path, b"\0abc\xff"))
    assert run(tf.read_file(path)) == b"\0abc\xff"
    assert tf.io.read_file(path).shape == ()
    with pytest.raises(tf.errors.NotFoundError, match="none"):
        run(tf.read_file(str(tmp_path / "none")))
    with pytest.raises(tf.errors.FailedPreconditionError):
        run(tf.write_file(str(tmp_path), b""))


def test_matching_files(tmp_path):
    for name in ("b1", "a1", "a2", "c"):
        (tmp_path / name).write_bytes(b"")
    found = tf.matching_files(str(tmp_path / "a?"))
    assert found.shape.as_list() == [None]
    assert run(found).tolist() == [os.fsencode(tmp_path / n) for n in ("a1", "a2")]
    both = run(tf.io.matching_files([str(tmp_path / "b*"), str(tmp_path / "a1")]))
    assert both.tolist() == [os.fsencode(tmp_path / n) for n in ("a1", "b1")]
    assert run(tf.matching_files(str(tmp_path / "z*"))).shape == (0,)
