"""Event files: what is written, in which order, and that TensorBoard reads it."""

import os
import re
import subprocess
import sys

import numpy as np
import pytest

import graphflow as tf
from graphflow import protobuf

pytest.importorskip("tensorboardX")


@pytest.fixture(autouse=True)
def fresh_graph():
    """Every test has a default graph of its own."""
    with tf.Graph().as_default():
        yield


def events(folder):
    return [event for name in sorted(os.listdir(folder))
            for event in tf.train.summary_iterator(os.path.join(folder, name))]


def summary(tag, value):
    return tf.Summary(value=[tf.Summary.Value(tag=tag, simple_value=value)])


def test_file_name_and_version(tmp_path):
    tf.summary.FileWriter(str(tmp_path / "a" / "b"), filename_suffix=".eval").close()
    name, = os.listdir(tmp_path / "a" / "b")
    assert re.fullmatch(r"events\.out\.tfevents\.\d{10}\..+\.eval", name)
    first, = events(tmp_path / "a" / "b")
    assert first.file_version == "brain.Event:2" and first.wall_time > 0


def test_summaries(tmp_path):
    loss = tf.summary.scalar("loss", 0.25)
    with tf.Session() as sess, tf.summary.FileWriter(str(tmp_path)) as writer:
        writer.add_summary(sess.run(loss), 3)
        writer.add_summary(summary("acc", 0.5), np.int64(4))
        writer.add_summary(summary("none", 1.0))
        assert writer.get_logdir() == str(tmp_path)
    _, a, b, c = events(tmp_path)
    assert (a.step, a.summary.value[0].tag, a.summary.value[0].simple_value) == (3, "loss", 0.25)
    assert (b.step, b.summary.value[0].tag, c.step) == (4, "acc", 0)
    assert b.wall_time >= a.wall_time > 1e9


def test_metadata_once_per_tag(tmp_path):
    text = tf.summary.text("t", tf.constant("hello"))
    with tf.Session() as sess, tf.summary.FileWriter(str(tmp_path)) as writer:
        for step in range(2):
            writer.add_summary(sess.run(text), step)
    _, first, second = events(tmp_path)
    assert first.summary.value[0].metadata.plugin_data.plugin_name == "text"
    assert not second.summary.value[0].HasField("metadata")
    assert second.summary.value[0].tensor.string_val[:] == [b"hello"]


def test_graph(tmp_path):
    tf.constant(np.arange(1000.0), name="large")
    tf.add(tf.constant([1.0, 2.0], name="small"), 1.0, name="sum")
    with tf.summary.FileWriter(str(tmp_path), tf.get_default_graph()):
        pass
    _, graph, meta = events(tmp_path)
    nodes = {n.name: n for n in protobuf.GraphDef.FromString(graph.graph_def).node}
    assert nodes["sum"].attr["_output_shapes"].list.shape[0].dim[0].size == 2
    assert tf.make_ndarray(nodes["small"].attr["value"].tensor).tolist() == [1, 2]
    large = nodes["large"].attr["value"].tensor
    assert large.tensor_shape.dim[0].size == 1000 and large.ByteSize() < 50
    assert len(graph.graph_def) < 3000
    assert protobuf.MetaGraphDef.FromString(meta.meta_graph_def).graph_def.node
    assert tf.get_default_graph().get_tensor_by_name("large:0").op.node_def.ByteSize() > 8000


def test_graph_arguments(tmp_path):
    graph = tf.get_default_graph()
    tf.constant(1)
    with tf.summary.FileWriter(str(tmp_path)) as writer:
        with pytest.raises(ValueError, match="not both"):
            writer.add_graph(graph, graph_def=graph.as_graph_def())
        with pytest.raises(TypeError, match="must be an instance of `Graph`"):
            writer.add_graph("graph")
        writer.add_graph(graph.as_graph_def(), 7)
        with pytest.raises(TypeError, match="MetaGraphDef"):
            writer.add_meta_graph(graph.as_graph_def())
        with pytest.raises(TypeError, match="Event"):
            writer.add_event(summary("x", 1.0))
    assert events(tmp_path)[1].step == 7


def test_writers_of_a_session_share_a_file(tmp_path):
    with tf.Session() as sess, tf.Session() as other:
        first = tf.summary.FileWriter(str(tmp_path), session=sess)
        second = tf.summary.FileWriter(str(tmp_path), session=sess)
        third = tf.summary.FileWriter(str(tmp_path / "other"), session=sess)
        fourth = tf.summary.FileWriter(str(tmp_path), session=other, filename_suffix=".mine")
        for writer, tag in ((first, "a"), (second, "b"), (third, "c"), (fourth, "d")):
            writer.add_summary(summary(tag, 1.0))
        second.close()
        first.add_summary(summary("e", 1.0))
        first.close()
        first.reopen()
        first.close()
        third.close()
        fourth.close()

    def tags(path):
        return [v.tag for event in tf.train.summary_iterator(str(path)) for v in event.summary.value]

    paths = sorted(tmp_path.glob("events*"))
    found = [tags(path) for path in paths if not str(path).endswith(".mine")]
    assert sorted(found) == [[], ["a", "b", "e"]]
    assert [tags(path) for path in paths if str(path).endswith(".mine")] == [["d"]]


def test_run_metadata_and_session_log(tmp_path):
    with tf.summary.FileWriter(str(tmp_path)) as writer:
        writer.add_run_metadata(tf.RunMetadata(), "step1", 1)
        with pytest.raises(ValueError, match="already used"):
            writer.add_run_metadata(tf.RunMetadata(), "step1")
        writer.add_session_log(tf.SessionLog(status=tf.SessionLog.START), 2)
    _, metadata, log = events(tmp_path)
    assert metadata.tagged_run_metadata.tag == "step1" and log.session_log.status == 1


def test_flush_close_reopen(tmp_path):
    writer = tf.summary.FileWriter(str(tmp_path), max_queue=2)
    for step in range(50):
        writer.add_summary(summary("x", step), step)
    writer.flush()
    assert len(events(tmp_path)) == 51
    writer.close()
    writer.close()
    with pytest.warns(UserWarning, match="closed FileWriter"):
        writer.add_summary(summary("x", 1.0), 51)
    writer.reopen()
    writer.add_summary(summary("x", 1.0), 52)
    writer.close()
    assert len(os.listdir(tmp_path)) == 2
    assert sorted(e.step for e in events(tmp_path))[-1] == 52


def test_cache(tmp_path):
    tf.constant(1)
    cache = tf.summary.FileWriterCache
    assert cache.get(str(tmp_path)) is cache.get(str(tmp_path))
    cache.clear()
    cache.clear()
    assert len(events(tmp_path)) == 3


FORGETFUL = """
import sys, graphflow as tf
writer = tf.summary.FileWriter(sys.argv[1])
for step in range(5):
    writer.add_summary(tf.Summary(value=[tf.Summary.Value(tag="x", simple_value=step)]), step)
"""


def test_nothing_is_lost_without_close(tmp_path):
    subprocess.run([sys.executable, "-c", FORGETFUL, str(tmp_path)], check=True, timeout=60)
    assert [e.step for e in events(tmp_path)] == [0, 0, 1, 2, 3, 4]


def test_damaged_and_missing_files(tmp_path):
    with pytest.raises(tf.errors.NotFoundError):
        list(tf.train.summary_iterator(str(tmp_path / "none")))
    with tf.summary.FileWriter(str(tmp_path)) as writer:
        writer.add_summary(summary("x", 1.0))
    path = tmp_path / os.listdir(tmp_path)[0]
    path.write_bytes(path.read_bytes()[:-3])
    with pytest.raises(tf.errors.DataLossError):
        events(tmp_path)


def test_tensorboard_reads_it(tmp_path):
    accumulators = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")
    merged = tf.summary.merge([
        tf.summary.scalar("loss", 0.25), tf.summary.histogram("h", [1.0, 2.0]),
        tf.summary.image("i", tf.zeros([1, 2, 3, 3])), tf.summary.audio("a", tf.zeros([1, 4]), 8000.0),
        tf.summary.text("t", tf.constant("hello"))])
    with tf.Session() as sess, tf.summary.FileWriter(str(tmp_path), sess.graph) as writer:
        for step in range(3):
            writer.add_summary(sess.run(merged), step)
    found = accumulators.EventAccumulator(str(tmp_path)).Reload()
    assert [(e.step, e.value) for e in found.Scalars("loss")] == [(0, 0.25), (1, 0.25), (2, 0.25)]
    assert found.Histograms("h")[0].histogram_value.num == 2
    assert (found.Images("i/image/0")[0].width, found.Images("i/image/0")[0].height) == (3, 2)
    assert found.Audio("a/audio/0")[0].sample_rate == 8000
    assert [e.tensor_proto.string_val[0] for e in found.Tensors("t")] == [b"hello"] * 3
    assert {node.name for node in found.Graph().node} >= {"loss", "h/values"}
