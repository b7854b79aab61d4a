"""Meta graphs: graphs with their collections, written and read back."""

import os

import numpy as np
import pytest

import graphflow as tf
from graphflow import protobuf
from graphflow.framework.collection_protos import register_proto_function
from graphflow.framework.meta_graph import prepend_name_scope, strip_name_scope
from graphflow.training.meta_graph import import_scoped_meta_graph, read_meta_graph_file


@pytest.fixture(autouse=True)
def fresh_graph():
    """Every test has a default graph of its own."""
    with tf.Graph().as_default():
        yield


def model():
    x = tf.placeholder(tf.float32, [None, 2], name="x")
    w = tf.get_variable("w", initializer=tf.constant([[1.0], [2.0]]))
    tf.get_variable("r", initializer=3.0, use_resource=True, trainable=False)
    y = tf.matmul(x, w, name="y")
    tf.add_to_collection("outputs", y)
    tf.add_to_collection("ops", y.op)
    tf.add_to_collection("numbers", 5)
    tf.add_to_collection("floats", 0.5)
    tf.add_to_collection("texts", "some/text")
    return y


def trained(tmp_path):
    """Saves a model; returns the checkpoint."""
    model()
    saver = tf.train.Saver()
    with tf.Session() as sess:
        sess.run(tf.global_variables_initializer())
        return saver.save(sess, str(tmp_path / "m"), 1)


def test_model_from_its_file(tmp_path):
    path = trained(tmp_path)
    with tf.Graph().as_default(), tf.Session() as sess:
        saver = tf.train.import_meta_graph(path + ".meta")
        saver.restore(sess, path)
        y, = tf.get_collection("outputs")
        assert sess.run(y, {"x:0": [[1, 1]]}).tolist() == [[3]]
        assert tf.get_collection("ops") == [y.op]
        assert tf.get_collection("numbers") == [5] and tf.get_collection("floats") == [0.5]
        assert tf.get_collection("texts") == [b"some/text"]
        assert [v.op.name for v in tf.global_variables()] == ["w", "r"]
        assert tf.trainable_variables() == [tf.global_variables()[0]]
        assert saver.save(sess, str(tmp_path / "again"))
        assert y.shape.as_list() == [None, 1]


def test_below_a_scope(tmp_path):
    path = trained(tmp_path)
    with tf.Graph().as_default(), tf.Session() as sess:
        for scope in ("a", "b"):
            saver = tf.train.import_meta_graph(path + ".meta", import_scope=scope)
            assert saver.saver_def.restore_op_name == f"{scope}/save/restore_all"
            saver.restore(sess, path)
            assert sess.run(f"{scope}/y:0", {f"{scope}/x:0": [[1, 1]]}).tolist() == [[3]]
        assert [v.op.name for v in tf.global_variables()] == ["a/w", "a/r", "b/w", "b/r"]
        assert [t.name for t in tf.get_collection("outputs")] == ["a/y:0", "b/y:0"]


def test_without_saver():
    model()
    message = tf.train.export_meta_graph()
    assert message.meta_info_def.tensorflow_version.startswith("1.15")
    with tf.Graph().as_default():
        saver = tf.train.import_meta_graph(message)
        assert saver.saver_def.save_tensor_name == "save/control_dependency:0"
    with tf.Graph().as_default():
        tf.constant(1.0)
        empty = tf.train.export_meta_graph()
    with tf.Graph().as_default():
        assert tf.train.import_meta_graph(empty) is None


def test_text_and_binary_files(tmp_path):
    model()
    for as_text in (False, True):
        path = str(tmp_path / f"sub{as_text}" / "g.meta")
        message = tf.train.export_meta_graph(path, as_text=as_text)
        assert read_meta_graph_file(path) == message
        assert os.listdir(os.path.dirname(path)) == ["g.meta"]
    with pytest.raises(OSError, match="does not exist"):
        tf.train.import_meta_graph(str(tmp_path / "none"))
    (tmp_path / "bad").write_bytes(b"\xff\xfe what")
    with pytest.raises(OSError, match="Cannot parse file"):
        tf.train.import_meta_graph(str(tmp_path / "bad"))


def test_options():
    model()
    tf.train.Saver()
    second = tf.train.Saver()
    with tf.device("/gpu:0"):
        tf.constant(1.0, name="placed")
    message = second.export_meta_graph(clear_extraneous_savers=True, clear_devices=True, strip_default_attrs=True,
                                       collection_list=["numbers"])
    names = {node.name: node for node in message.graph_def.node}
    assert "save/SaveV2" not in names and "save_1/SaveV2" in names
    assert not any(node.device for node in message.graph_def.node)
    assert "transpose_a" not in names["y"].attr and "T" in names["y"].attr
    assert message.meta_info_def.stripped_default_attrs
    assert list(message.collection_def) == ["numbers"]
    with tf.Graph().as_default():
        tf.train.import_meta_graph(message)
        assert tf.get_default_graph().get_operation_by_name("y").get_attr("transpose_a") is False
    with pytest.raises(tf.errors.UnimplementedError, match="save_debug_info"):
        tf.train.export_meta_graph(save_debug_info=True)
    with pytest.raises(TypeError, match="SaverDef"):
        tf.train.export_meta_graph(saver_def="x")


def test_part_of_a_graph():
    x = tf.constant(2.0, name="x")
    with tf.variable_scope("inner"):
        w = tf.get_variable("w", initializer=3.0)
        tf.multiply(x, w, name="y")
    message = tf.train.export_meta_graph(export_scope="inner")
    assert {"w", "y"} <= {node.name for node in message.graph_def.node}
    with tf.Graph().as_default():
        with pytest.raises(ValueError, match="unbound inputs.*unbound_inputs_x"):
            tf.train.import_meta_graph(message)
        variables = import_scoped_meta_graph(
            message, import_scope="new", input_map={"$unbound_inputs_x": tf.constant(5.0)})
        assert set(variables) == {"w:0"} and variables["w:0"].name == "new/w:0"
        with tf.Session() as sess:
            sess.run(tf.global_variables_initializer())
            assert sess.run("new/y:0") == 15.0


def test_what_cannot_be_written_is_left_out(caplog):
    model()
    tf.add_to_collection("objects", object())
    tf.add_to_collection(("tuple",), 1)
    message = tf.train.export_meta_graph()
    assert "objects" not in message.collection_def and "objects" in caplog.text


def test_messages_of_the_user():
    class Item:
        def __init__(self, tag):
            self.tag = tag

    register_proto_function(
        "my_items", proto_type=protobuf.Summary.Value,
        to_proto=lambda item, export_scope=None: protobuf.Summary.Value(tag=item.tag),
        from_proto=lambda proto, import_scope=None: Item(proto.tag))
    tf.constant(1)
    tf.add_to_collection("my_items", Item("hello"))
    message = tf.train.export_meta_graph()
    with tf.Graph().as_default():
        tf.train.import_meta_graph(message)
        assert tf.get_collection("my_items")[0].tag == "hello"
    with pytest.raises(TypeError, match="to_proto"):
        register_proto_function("x", to_proto=1)


@pytest.mark.parametrize("name, shown", [("a/b", "b"), ("^a/b", "^b"), ("loc:@a/b", "loc:@b"), ("ab/c", "ab/c"),
                                         ("a/b:1", "b:1")])
def test_scopes_of_names(name, shown):
    assert strip_name_scope(name, "a") == strip_name_scope(name, "a/") == shown
    assert strip_name_scope(name, None) == prepend_name_scope(name, "") == name
    if shown != name:
        assert prepend_name_scope(shown, "a/") == name


def test_training_goes_on(tmp_path):
    x = tf.placeholder(tf.float32, [None, 1], name="x")
    w = tf.get_variable("w", initializer=[[0.0]])
    loss = tf.reduce_mean(tf.square(tf.matmul(x, w) - 2 * x), name="loss")
    train = tf.train.AdamOptimizer(0.1).minimize(loss)
    tf.add_to_collection("train", train)
    feed = {"x:0": np.ones((4, 1), np.float32)}
    with tf.Session() as sess:
        sess.run(tf.global_variables_initializer())
        sess.run(train, feed)
        path = tf.train.Saver().save(sess, str(tmp_path / "m"))
        sess.run(train, feed)
        expected = sess.run(w)
    with tf.Graph().as_default(), tf.Session() as sess:
        tf.train.import_meta_graph(path + ".meta").restore(sess, path)
        sess.run(tf.get_collection("train")[0], feed)
        np.testing.assert_array_equal(sess.run("w:0"), expected)
