"""Records TensorFlow's summaries: what the summary ops return for given inputs, and events.

Runs where TensorFlow is installed: `python tools/golden/record_summaries.py`. Writes
tests/golden/summaries.json.gz: cases with inputs (as nested lists), attributes and the serialized
Summary in hexadecimal.
"""

import gzip
import json
import os
import pathlib

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "2"

import numpy as np
import tensorflow.compat.v1 as tf

TARGET = pathlib.Path(__file__).resolve().parents[2] / "tests" / "golden" / "summaries.json.gz"
RNG = np.random.RandomState(7)


def histograms():
    """Arrays with every kind of histogram."""
    yield np.array([], np.float32)
    yield np.array([0.0], np.float32)
    yield np.array(3.5, np.float32)
    yield np.array([-0.0, -1.0, 1.0, 1e-13, -1e-13, 1e25, -1e25], np.float64)
    yield np.zeros(5, np.float32)
    yield RNG.randn(200).astype(np.float32)
    yield RNG.randn(10, 7)
    yield np.exp(20 * RNG.randn(60))
    yield np.arange(-20, 20, dtype=np.int32)
    yield np.arange(0, 250, 5, dtype=np.uint8)
    yield np.array([2**40, -(2**40)], np.int64)
    yield np.array([1.1e-12, 1e-12, 1.0, 1.1], np.float64)
    yield RNG.randn(9).astype(np.float16)


def images():
    """(array, max_outputs) of image summaries."""
    yield RNG.randint(0, 256, [2, 3, 4, 3]).astype(np.uint8), 3
    yield RNG.randint(0, 256, [2, 3, 4, 1]).astype(np.uint8), 1
    yield RNG.rand(4, 5, 3, 3).astype(np.float32), 3
    yield RNG.randn(1, 5, 3, 4).astype(np.float32), 2
    yield np.zeros([1, 2, 2, 1], np.float32), 1
    bad = RNG.randn(2, 3, 3, 3).astype(np.float32)
    bad[0, 1, 1, 0], bad[1, 0, 0, 2] = np.nan, np.inf
    yield bad, 3
    yield np.full([1, 2, 2, 3], np.nan, np.float32), 1
    yield RNG.randn(1, 4, 4, 1), 1
    yield RNG.rand(1, 4, 4, 1).astype(np.float16), 1


def sounds():
    """(array, sample rate, max_outputs) of audio summaries."""
    yield (2.4 * RNG.rand(2, 10, 2) - 1.2).astype(np.float32), 44100.0, 3
    yield np.array([[0.5, -0.5, 1.0, -1.0, 0.5 / 32768, -0.5 / 32768, 1.5 / 32768]], np.float32), 8000.4, 1


def tensors():
    """Arrays of tensor summaries."""
    yield np.arange(6, dtype=np.float32).reshape(2, 3)
    yield np.float64(2.5)
    yield np.array([[b"a", b"\x00\xff"]], object)
    yield np.array([True, False])


def listed(array):
    """JSON of an array."""
    if array.dtype == object:
        return {"dtype": "string", "shape": array.shape, "hex": [x.hex() for x in array.ravel()]}
    return {"dtype": array.dtype.name, "shape": array.shape, "hex": np.ascontiguousarray(array).tobytes().hex()}


def cases():
    """(kind, input, arguments, summary tensor) of all cases."""
    for value in (0.5, np.float64(1e300), np.nan, np.inf, np.int64(2**60), np.uint8(3)):
        value = np.asarray(value)
        yield "scalar", value, {}, tf.summary.scalar("group/loss", tf.constant(value))
    for value in histograms():
        yield "histogram", value, {}, tf.summary.histogram("h", tf.constant(value))
    for value, count in images():
        yield "image", value, {"max_outputs": count}, tf.summary.image("i", tf.constant(value), count)
    for value, rate, count in sounds():
        arguments = {"sample_rate": rate, "max_outputs": count}
        yield "audio", value, arguments, tf.summary.audio("a", tf.constant(value), rate, count)
    for value in tensors():
        value = np.asarray(value)
        arguments = {"summary_description": "text", "display_name": "shown"}
        tensor = tf.constant(value.tolist(), tf.string) if value.dtype == object else tf.constant(value)
        yield "tensor_summary", value, arguments, tf.summary.tensor_summary("t", tensor, **arguments)
    text = np.array([b"*hello*", b"b"], object)
    yield "text", text, {}, tf.summary.text("x", tf.constant(text.tolist()))


def names():
    """Names and tags under scopes and families."""
    tf.reset_default_graph()
    made = [tf.summary.scalar("a b:0", 1.0), tf.summary.scalar("a b:0", 1.0), tf.summary.scalar("/lead", 1.0)]
    made.append(tf.summary.scalar("x", 1.0, family="fam"))
    with tf.name_scope("outer"):
        made.append(tf.summary.scalar("x", 1.0))
        made.append(tf.summary.scalar("x", 1.0, family="fam"))
        made.append(tf.summary.histogram(None, [1.0]))
    made.append(tf.summary.merge_all())
    made.append(tf.summary.merge([made[0]], name="mine"))
    nodes = [[op.name, op.type] for op in tf.get_default_graph().get_operations()]
    with tf.Session() as session:
        tags = [v.tag for s in session.run(made[:-2]) for v in tf.Summary.FromString(s).value]
    return {"tensors": [t.name for t in made], "tags": tags, "nodes": nodes}


def record():
    """Writes the file."""
    tf.disable_v2_behavior()
    result = []
    for kind, value, arguments, summary in cases():
        with tf.Session() as session:
            data = session.run(summary)
        result.append({"kind": kind, "input": listed(value), "arguments": arguments, "summary": data.hex()})
        tf.reset_default_graph()
    text = json.dumps({"cases": result, "names": names()}, indent=0)
    TARGET.write_bytes(gzip.compress(text.encode(), mtime=0))


if __name__ == "__main__":
    record()
