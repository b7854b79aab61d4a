"""Names, tags and collections of summaries are TensorFlow's, recorded or told."""

import gzip
import json
import logging
import pathlib
import warnings

import pytest

import graphflow as tf
from graphflow.framework import raw_ops

GOLDEN = pathlib.Path(__file__).parents[1] / "golden" / "summaries.json.gz"


@pytest.fixture(autouse=True)
def fresh_graph():
    """Every test has a default graph of its own."""
    with tf.Graph().as_default():
        yield


def test_recorded_names():
    recorded = json.loads(gzip.decompress(GOLDEN.read_bytes()))["names"]
    made = [tf.summary.scalar("a b:0", 1.0), tf.summary.scalar("a b:0", 1.0)]
    made.append(tf.summary.scalar("/lead", 1.0))
    made.append(tf.summary.scalar("x", 1.0, family="fam"))
    with tf.name_scope("outer"):
        made.append(tf.summary.scalar("x", 1.0))
        made.append(tf.summary.scalar("x", 1.0, family="fam"))
        made.append(tf.summary.histogram(None, [1.0]))
    made.append(tf.summary.merge_all())
    made.append(tf.summary.merge([made[0]], name="mine"))
    assert [t.name for t in made] == recorded["tensors"]
    assert [[op.name, op.type] for op in tf.get_default_graph().get_operations()] == recorded["nodes"]
    with tf.Session() as sess:
        tags = [v.tag for s in sess.run(made[:-2]) for v in tf.Summary.FromString(s).value]
    assert tags == recorded["tags"]


def test_illegal_names_are_logged(caplog):
    with caplog.at_level(logging.INFO, "graphflow"):
        tf.summary.scalar("W:0", 1.0)
    assert "Summary name W:0 is illegal; using W_0 instead." in caplog.text


def test_collections():
    assert tf.summary.merge_all() is None
    a = tf.summary.scalar("a", 1.0)
    tf.summary.scalar("b", 1.0, collections=["mine"])
    assert tf.get_collection(tf.GraphKeys.SUMMARIES) == [a]
    assert len(tf.get_collection("mine")) == 1
    assert tf.summary.merge_all("nothing") is None
    merged = tf.summary.merge([a], collections=["merged"])
    assert tf.get_collection("merged") == [merged]
    tf.summary.scalar("scope/c", 1.0)
    assert len(tf.summary.merge_all(scope="scope").op.inputs) == 1


def test_text_takes_strings_only():
    with pytest.raises(ValueError, match="dtype string"):
        tf.summary.text("t", tf.constant(1.0))


def test_names_of_tensorflow_0():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        scalar = tf.scalar_summary("my tag", 2.0)
        tf.histogram_summary("h", [1.0])
        tf.image_summary("i", tf.zeros([1, 1, 1, 1]))
        tf.audio_summary("a", tf.zeros([1, 2]), 1.0)
        merged = tf.merge_all_summaries()
        assert tf.train.SummaryWriter is tf.summary.FileWriter
    with tf.Session() as sess:
        summary = tf.Summary.FromString(sess.run(merged))
    assert [v.tag for v in summary.value] == ["my tag", "h", "i/image/0", "a/audio/0"]
    assert scalar.op.name == "ScalarSummary"


def test_description():
    node = raw_ops.TensorSummary(tensor=1.0, description='{"typeHint": "text"}').op.node_def
    assert tf.summary.get_summary_description(node).type_hint == "text"
    with pytest.raises(ValueError, match="Can't get_summary_description on Const"):
        tf.summary.get_summary_description(tf.constant(1).op.node_def)
