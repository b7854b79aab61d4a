"""freeze_graph: variables become constants, from a GraphDef, a MetaGraphDef or a SavedModel."""

import pytest

import graphflow as tf
from graphflow.saved_model.freezing import freeze_graph


@pytest.fixture(params=[False, True], ids=["ref", "resource"])
def saved(request, tmp_path):
    """The folder of a model 3 x + 1, saved in all three ways."""
    with tf.Graph().as_default(), tf.Session() as sess:
        x = tf.placeholder(tf.float32, name="x")
        w = tf.get_variable("w", initializer=3.0, use_resource=request.param)
        b = tf.get_variable("b", initializer=1.0, use_resource=request.param)
        y = tf.add(w * x, b, name="y")
        tf.get_variable("unused", initializer=1.0)
        sess.run(tf.global_variables_initializer())
        tf.train.Saver().save(sess, str(tmp_path / "m"))
        tf.train.write_graph(sess.graph, str(tmp_path), "graph.pbtxt")
        tf.train.write_graph(sess.graph, str(tmp_path), "graph.pb", as_text=False)
        tf.saved_model.simple_save(sess, str(tmp_path / "saved"), {"x": x}, {"y": y})
    return tmp_path


def check(graph_def):
    assert not any(node.op.startswith(("Var", "Save", "Restore")) for node in graph_def.node)
    with tf.Graph().as_default(), tf.Session() as sess:
        tf.import_graph_def(graph_def, name="")
        assert sess.run("y:0", {"x:0": 2.0}) == 7.0


@pytest.mark.parametrize("way", ["text", "binary", "meta graph", "saved model"])
def test_frozen(saved, way):
    arguments = {"input_graph": "", "input_checkpoint": str(saved / "m"), "input_binary": way == "binary"}
    if way in ("text", "binary"):
        arguments["input_graph"] = str(saved / ("graph.pbtxt" if way == "text" else "graph.pb"))
    elif way == "meta graph":
        arguments["input_meta_graph"] = str(saved / "m.meta")
    else:
        arguments.update(input_saved_model_dir=str(saved / "saved"), input_checkpoint=None)
    output = saved / "frozen.pb"
    check(freeze_graph(input_saver="", output_node_names="y", restore_op_name="", filename_tensor_name="",
                       output_graph=str(output), clear_devices=True, initializer_nodes="", **arguments))
    check(tf.GraphDef.FromString(output.read_bytes()))


def test_refused(saved):
    for graph, checkpoint, names, message in (
            ("graph.pb", "none", "y", "Input checkpoint .*none' doesn't exist"),
            ("graph.pb", "m", "", "name of a node"),
            ("", "m", "y", "needs one of input_graph")):
        with pytest.raises(ValueError, match=message):
            freeze_graph(graph and str(saved / graph), "", True, str(saved / checkpoint), names, "", "", "", True, "")
