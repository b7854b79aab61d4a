"""Records a small checkpoint written by TensorFlow itself, with the values it must hold.

Runs where TensorFlow is installed: `python tools/golden/record_bundle.py`. Writes
tests/golden/bundle/: a Saver's checkpoint with many dtypes, shapes and a partitioned variable
(`model`), the same cut into two shards (`sharded`), and the values (`values.npz`, strings in
`strings.json`).
"""

import json
import os
import pathlib

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "2"

import numpy as np
import tensorflow.compat.v1 as tf

FOLDER = pathlib.Path(__file__).resolve().parents[2] / "tests" / "golden" / "bundle"
NUMERIC = "float32 float64 int32 uint8 int16 int8 int64 uint16 float16 uint32 uint64".split()


def values():
    """Returns name -> array of everything that is saved."""
    result = {f"plain/{name}": np.arange(1, 7).reshape(2, 3).astype(name) for name in NUMERIC}
    result["plain/complex64"] = np.array([1 + 2j, -3.5j], np.complex64)
    result["plain/complex128"] = np.array([[1e100 + 2j]], np.complex128)
    result["plain/bool"] = np.array([True, False, True])
    result["plain/bfloat16"] = np.array([0.5, -2.0, 3.0], tf.bfloat16.as_numpy_dtype)
    result["scalar"] = np.float32(2.5)
    result["scalar_int"] = np.int64(-7)
    result["empty"] = np.zeros([0, 3], np.float32)
    result["long/" + "x" * 300] = np.arange(5, dtype=np.int32)
    result["text"] = np.array([[b"", b"a"], [b"\x00\xff", b"z" * 200]], object)
    result["text_scalar"] = np.array("grüße".encode(), object)
    result["text_empty"] = np.zeros([0], object)
    for i in range(40):
        result[f"layer_{i:02d}/kernel"] = np.full([2], i, np.float32)
    return result


def record():
    """Writes all files."""
    tf.disable_v2_behavior()
    FOLDER.mkdir(parents=True, exist_ok=True)
    saved = values()
    variables = {}
    for name, value in saved.items():
        dtype = tf.string if value.dtype == object else tf.as_dtype(value.dtype)
        with tf.device("/cpu:0"):
            variables[name] = tf.Variable(tf.constant(value.tolist(), dtype, value.shape))
    parts = np.arange(24, dtype=np.float32).reshape(4, 6)
    whole = tf.get_variable(
        "partitioned",
        initializer=tf.constant(parts),
        partitioner=tf.fixed_size_partitioner(2, axis=1),
    )
    variables["partitioned"] = whole
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        tf.train.Saver(variables).save(session, str(FOLDER / "model"), write_meta_graph=False)
        shards = [str(FOLDER / f"part{i}") for i in range(2)]
        save = [
            tf.raw_ops.SaveV2(
                prefix=prefix,
                tensor_names=[f"v{i}", "sliced"],
                shape_and_slices=["", f"4 6 {2 * i},2:-"],
                tensors=[tf.constant([i, i + 1]), tf.constant(parts[2 * i : 2 * i + 2])],
            )
            for i, prefix in enumerate(shards)
        ]
        with tf.control_dependencies(save):
            merge = tf.raw_ops.MergeV2Checkpoints(
                checkpoint_prefixes=shards,
                destination_prefix=str(FOLDER / "sharded"),
                delete_old_dirs=False,
            )
        session.run(merge)
    (FOLDER / "checkpoint").unlink()
    saved["partitioned"] = parts
    texts = {n: v for n, v in saved.items() if v.dtype == object}
    numbers = {n: v for n, v in saved.items() if v.dtype != object}
    numbers["plain/bfloat16"] = numbers["plain/bfloat16"].astype(np.float32)
    np.savez_compressed(FOLDER / "values.npz", **numbers)
    strings = {
        name: {"shape": value.shape, "hex": [text.hex() for text in value.ravel().tolist()]}
        for name, value in texts.items()
    }
    (FOLDER / "strings.json").write_text(json.dumps(strings, indent=1) + "\n")


if __name__ == "__main__":
    record()
