"""Summary ops give TensorFlow's bytes (recorded by tools/golden/record_summaries.py)."""

import gzip
import io
import json
import math
import pathlib

import numpy as np
import pytest

import graphflow as tf
from graphflow.framework import raw_ops

GOLDEN = pathlib.Path(__file__).parents[1] / "golden" / "summaries.json.gz"
RECORDED = json.loads(gzip.decompress(GOLDEN.read_bytes()))


@pytest.fixture(autouse=True)
def fresh_graph():
    """Every test has a default graph of its own."""
    with tf.Graph().as_default():
        yield


def run(tensor):
    with tf.Session() as sess:
        return tf.Summary.FromString(sess.run(tensor))


def array_of(saved):
    if saved["dtype"] == "string":
        result = np.empty(len(saved["hex"]), object)
        result[:] = [bytes.fromhex(text) for text in saved["hex"]]
        return result.reshape(saved["shape"])
    data = bytes.fromhex(saved["hex"])
    return np.frombuffer(data, saved["dtype"]).reshape(saved["shape"])


def without_images(summary):
    """(summary whose images have no contents, the contents as arrays)."""
    image = pytest.importorskip("PIL.Image")
    pixels = []
    for value in summary.value:
        with image.open(io.BytesIO(value.image.encoded_image_string)) as opened:
            pixels.append(np.array(opened))
        value.image.encoded_image_string = b""
    return summary, pixels


NAMES = {"scalar": "group/loss", "histogram": "h", "image": "i", "audio": "a", "tensor_summary": "t",
         "text": "x"}


@pytest.mark.parametrize("case", RECORDED["cases"], ids=lambda case: case["kind"])
def test_recorded(case):
    value, arguments = array_of(case["input"]), case["arguments"]
    made = getattr(tf.summary, case["kind"])(NAMES[case["kind"]], tf.constant(value), **arguments)
    assert made.shape == () and made.dtype == tf.string
    with tf.Session() as sess:
        data = sess.run(made)
    expected = bytes.fromhex(case["summary"])
    if case["kind"] != "image":
        assert data == expected
        return
    # Compressors differ in their bytes; the pixels must not.
    got, pixels = without_images(tf.Summary.FromString(data))
    wanted, wanted_pixels = without_images(tf.Summary.FromString(expected))
    assert got == wanted
    for a, b in zip(pixels, wanted_pixels, strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("bad, message", [(math.nan, "Nan in summary histogram for: scope/h"),
                                          (math.inf, "Infinity in summary histogram for: scope/h")])
def test_histograms_of_what_is_not_finite(bad, message):
    with tf.name_scope("scope"):
        summary = tf.summary.histogram("h", [1.0, bad])
    with pytest.raises(tf.errors.InvalidArgumentError, match=message):
        run(summary)


def test_merge_refuses_duplicates_and_garbage():
    same = raw_ops.ScalarSummary(tags="x", values=1.0)
    with pytest.raises(tf.errors.InvalidArgumentError, match="Duplicate tag x found in summary"):
        run(tf.summary.merge([same, same]))
    with pytest.raises(tf.errors.InvalidArgumentError, match="Could not parse"):
        run(tf.summary.merge([tf.constant(b"\xff\xff")]))
    both = run(tf.summary.merge([same, raw_ops.ScalarSummary(tags="y", values=2.0)]))
    assert [(v.tag, v.simple_value) for v in both.value] == [("x", 1.0), ("y", 2.0)]


def test_scalars_with_several_tags():
    summary = run(raw_ops.ScalarSummary(tags=[["a", "b"]], values=[[1.0, 2.0]]))
    assert [(v.tag, v.simple_value) for v in summary.value] == [("a", 1.0), ("b", 2.0)]
    with pytest.raises(tf.errors.InvalidArgumentError,
                       match=r"tags and values not the same shape: \[\] != \[2\] \(tag 'x'\)"):
        run(raw_ops.ScalarSummary(tags="x", values=[1.0, 2.0]))


def test_wrong_images_and_sounds():
    with pytest.raises(tf.errors.InvalidArgumentError, match="must be 4-D with last dim 1, 3, or 4"):
        run(tf.summary.image("i", tf.zeros([1, 2, 2, 2])))
    with pytest.raises(tf.errors.InvalidArgumentError, match="non-zero dims"):
        run(tf.summary.image("i", tf.zeros([1, 0, 2, 3])))
    with pytest.raises(tf.errors.InvalidArgumentError, match="sample_rate must be > 0"):
        run(tf.summary.audio("a", tf.zeros([1, 4]), 0.0))
    with pytest.raises(tf.errors.InvalidArgumentError, match="3-D or 2-D"):
        run(tf.summary.audio("a", tf.zeros([4]), 1.0))


def test_old_ops():
    audio = run(raw_ops.AudioSummary(tag="a", tensor=np.zeros([1, 4], np.float32), sample_rate=8.0))
    assert audio.value[0].tag == "a/audio/0" and audio.value[0].audio.length_frames == 4
    tensor = run(raw_ops.TensorSummary(tensor=[1, 2], name="node"))
    assert tensor.value[0].node_name == "node"
    np.testing.assert_array_equal(tf.make_ndarray(tensor.value[0].tensor), [1, 2])


def test_image_default_of_bad_color():
    summary = tf.summary.image("i", tf.zeros([1, 1, 1, 3]))
    np.testing.assert_array_equal(
        tf.make_ndarray(summary.op.get_attr("bad_color")), [255, 0, 0, 255])


def test_values_at_a_limit_belong_above_it():
    limits = np.cumprod([1e-12, *[1.1] * 400])
    values = np.concatenate([limits, -limits, [0.0, 0.0, 1e300, -1e300]])
    summary = tf.summary.histogram("h", tf.constant(values))
    with tf.Session() as session:
        histogram = tf.Summary.FromString(session.run(summary)).value[0].histo
    assert sum(histogram.bucket) == histogram.num == len(values)
    upper = np.array(histogram.bucket_limit)
    lower = np.concatenate([[-np.inf], upper[:-1]])
    for bound, above, count in zip(lower, upper, histogram.bucket):
        assert count == np.sum((values >= bound) & (values < above))
