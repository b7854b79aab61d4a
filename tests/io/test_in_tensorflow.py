"""Real TensorFlow reads what we write. Needs GRAPHFLOW_TF_PYTHON, a Python that has TensorFlow."""

import os
import subprocess

import numpy as np
import pytest

import graphflow as tf
from graphflow.io.record_io import RecordWriter
from graphflow.io.tensor_bundle import BundleWriter

PYTHON = os.environ.get("GRAPHFLOW_TF_PYTHON")
pytestmark = pytest.mark.skipif(
    not PYTHON, reason="GRAPHFLOW_TF_PYTHON names no Python with TensorFlow"
)

READ_CHECKPOINT = """
import sys, numpy as np, tensorflow.compat.v1 as tf
tf.disable_v2_behavior()
prefix, expected = sys.argv[1], dict(np.load(sys.argv[2]))
reader = tf.train.NewCheckpointReader(prefix)
shapes, types = reader.get_variable_to_shape_map(), reader.get_variable_to_dtype_map()
assert set(shapes) == set(expected) | {"text", "scalar_text", "no_text", "half"}, shapes
for name, value in expected.items():
    got = reader.get_tensor(name)
    assert got.dtype == value.dtype and got.shape == value.shape, name
    np.testing.assert_array_equal(got, value)
assert reader.get_tensor("text").tolist() == [[b"", b"a"], [b"x" * 300, b"\\0"]]
assert reader.get_tensor("scalar_text") == b"one"
assert reader.get_tensor("no_text").shape == (0, 2)
assert types["half"] == tf.bfloat16
with tf.Session() as session:
    half, part = session.run([
        tf.cast(tf.raw_ops.RestoreV2(prefix=prefix, tensor_names=["half"],
                shape_and_slices=[""], dtypes=[tf.bfloat16])[0], tf.float32),
        tf.raw_ops.RestoreV2(prefix=prefix, tensor_names=["sliced"],
                shape_and_slices=["4 3 1,2:0,3"], dtypes=[tf.float64])[0]])
np.testing.assert_array_equal(half, [0.5, 3])
np.testing.assert_array_equal(part, expected["sliced"][1:3])
print("fine")
"""

READ_RECORDS = """
import sys, tensorflow.compat.v1 as tf
for kind in ("", "GZIP", "ZLIB"):
    options = tf.io.TFRecordOptions(kind)
    found = list(tf.io.tf_record_iterator(sys.argv[1] + kind, options))
    assert found == [b"", b"abc", b"x" * 5000], (kind, found)
print("fine")
"""


def run(program, *arguments):
    done = subprocess.run(
        [PYTHON, "-c", program, *map(str, arguments)], capture_output=True, text=True
    )
    assert done.stdout == "fine\n", done.stderr


def test_checkpoint(tmp_path):
    values = {f"v/{t}": np.arange(6).reshape(2, 3).astype(t) for t in "fdibhlBHILQ?FDe"}
    values |= {"scalar": np.float32(3), "empty": np.zeros([0, 2])}
    values |= {f"many/{i}": np.full([i], i) for i in range(100)}
    sliced = np.arange(12.0).reshape(4, 3)
    with BundleWriter(str(tmp_path / "m")) as writer:
        for name, value in values.items():
            writer.add(name, value)
        writer.add("text", np.array([[b"", b"a"], [b"x" * 300, b"\0"]], object))
        writer.add("scalar_text", "one")
        writer.add("no_text", np.zeros([0, 2], object))
        writer.add("half", np.array([0.5, 3], tf.bfloat16.as_numpy_dtype))
        for start in (0, 2):
            part = sliced[start : start + 2]
            writer.add_slice("sliced", (4, 3), ((start, 2), (0, 3)), part)
    np.savez(tmp_path / "values.npz", sliced=sliced, **values)
    run(READ_CHECKPOINT, tmp_path / "m", tmp_path / "values.npz")


def test_records(tmp_path):
    for kind in ("", "GZIP", "ZLIB"):
        with RecordWriter(str(tmp_path / f"f{kind}"), kind) as writer:
            for record in (b"", b"abc", b"x" * 5000):
                writer.write(record)
    run(READ_RECORDS, tmp_path / "f")
