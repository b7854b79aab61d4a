"""Conditionals and loops in GraphDefs: out and in again, and those of TensorFlow, 1 and 2."""

import base64
import gzip
import json
from pathlib import Path

import numpy as np
import pytest

import graphflow as tf

GOLDEN = json.loads(gzip.decompress((Path(__file__).parents[1] / "golden" / "control_flow.json.gz").read_bytes()))


@pytest.mark.parametrize("name", GOLDEN)
def test_graphs_of_tensorflow(name):
    recorded = GOLDEN[name]
    with tf.Graph().as_default() as graph:
        tf.import_graph_def(tf.GraphDef.FromString(base64.b64decode(recorded["graph_def"])), name="")
        types = {op.type for op in graph.get_operations()}
        assert types & {"If", "While"}
        assert not types & {"Switch", "Merge", "Enter", "Exit"}
        with tf.Session() as sess:
            sess.run(graph.get_operation_by_name(recorded["initializer"]))
            for feed_dict, answer in zip(recorded["feeds"], recorded["answers"]):
                np.testing.assert_allclose(sess.run("o:0", feed_dict), answer, rtol=1e-5, atol=1e-6)


def program():
    """A graph with branches, nested loops, a variable written in a branch, and gradients of two orders."""
    x, p = tf.placeholder(tf.float64, [], name="x"), tf.placeholder(tf.bool, [], name="p")
    v = tf.Variable(2.0, dtype=tf.float64, name="v")
    y = tf.cond(p, lambda: tf.square(x) * v, lambda: tf.sin(x))
    _, z = tf.while_loop(lambda i, a: i < 3, lambda i, a: (
        i + 1, tf.cond(a > 0, lambda: tf.sin(a) * x + a * v, lambda: a * a)), [0, x])
    w = tf.add(z, y, name="w")
    g = tf.identity(tf.gradients(w, x)[0], name="g")
    tf.identity(tf.gradients(g, x)[0], name="h")
    tf.identity(tf.cond(p, lambda: v.assign_add(1.0), lambda: v + 0.0), name="updated")
    tf.identity(tf.switch_case(tf.constant(1), [lambda: x, lambda: x * 3.0]), name="s")
    tf.global_variables_initializer()


def answers(graph, prefix=""):
    names = [prefix + name for name in ("w:0", "g:0", "h:0", "s:0", "updated:0", "w:0")]
    with tf.Session(graph=graph) as sess:
        sess.run(graph.get_operation_by_name(prefix + "init"))
        return [sess.run(name, {prefix + "x:0": x, prefix + "p:0": p})
                for x in (0.3, -0.7) for p in (True, False) for name in names]


def test_out_and_in_again():
    with tf.Graph().as_default() as first:
        program()
    graph_def = first.as_graph_def()
    with tf.Graph().as_default() as second:
        tf.import_graph_def(tf.GraphDef.FromString(graph_def.SerializeToString()), name="")
    assert {n.name: n for n in second.as_graph_def().node} == {n.name: n for n in graph_def.node}
    assert answers(second) == answers(first)
    with tf.Graph().as_default() as third:
        tf.import_graph_def(graph_def, name="a")
        tf.import_graph_def(graph_def, name="b")
    assert answers(third, "b/") == answers(first)


def test_gradients_of_what_was_imported():
    with tf.Graph().as_default() as first:
        program()
        expected = tf.gradients(first.get_tensor_by_name("h:0"), first.get_tensor_by_name("x:0"))[0]
    graph_def = first.as_graph_def()
    with tf.Graph().as_default() as second:
        tf.import_graph_def(graph_def, name="")
        found = tf.gradients(second.get_tensor_by_name("h:0"), second.get_tensor_by_name("x:0"))[0]
    values = []
    for graph, tensor in ((first, expected), (second, found)):
        with tf.Session(graph=graph) as sess:
            sess.run("v/Assign")
            values.append(sess.run(tensor, {"x:0": 0.3, "p:0": True}))
    assert values[0] == values[1]


def test_nodes_have_tensorflows_form():
    with tf.Graph().as_default() as graph:
        x = tf.placeholder(tf.float32, [], name="x")
        tf.while_loop(lambda i: i < x, lambda i: i + x, [1.0])
        tf.cond(x > 0, lambda: x, lambda: tf.print("no") and x)
    graph_def = graph.as_graph_def()
    nodes = {node.op: node for node in graph_def.node}
    functions = {f.signature.name: f for f in graph_def.library.function}
    loop = nodes["StatelessWhile"]
    assert len(loop.input) == len(loop.attr["T"].list.type) == 2
    body = functions[loop.attr["body"].func.name]
    assert dict(body.ret) == {"out_0": "while/add:z:0", "out_1": "arg_1"}
    assert "Tout" not in loop.attr
    assert nodes["If"].attr["then_branch"].func.name in functions


def test_what_cannot_be_turned_is_named():
    graph_def = tf.GraphDef()
    graph_def.node.add(name="p", op="Placeholder").attr["dtype"].type = tf.bool.as_datatype_enum
    switch = graph_def.node.add(name="only", op="Switch", input=["p", "p"])
    switch.attr["T"].type = tf.bool.as_datatype_enum
    use = graph_def.node.add(name="merge", op="Merge", input=["only:1", "p"])
    use.attr["T"].type, use.attr["N"].i = tf.bool.as_datatype_enum, 2
    with pytest.raises(ValueError, match="Node 'merge' .Merge. belongs to no conditional"):
        tf.import_graph_def(graph_def)
    graph_def = tf.GraphDef()
    graph_def.node.add(name="acc", op="StackPushV2")
    graph_def.node.add(name="e", op="Enter")
    with pytest.raises(ValueError, match="'acc' .StackPushV2. is part of the gradient of a loop"):
        tf.import_graph_def(graph_def)
