"""Graph: names, look-ups, collections, scopes, and the limits of a finished graph."""

import threading

import pytest

import graphflow as tf
from graphflow.framework import raw_ops


@pytest.fixture(autouse=True)
def graph():
    with tf.Graph().as_default() as graph:
        yield graph


def test_unique_names(graph):
    assert [graph.unique_name("a") for _ in range(3)] == ["a", "a_1", "a_2"]
    assert graph.unique_name("A") == "A_3"
    assert graph.unique_name("a_1") == "a_1_1"
    assert graph.unique_name("b", mark_as_used=False) == graph.unique_name("b") == "b"


def test_name_scopes(graph):
    with tf.name_scope("a") as a:
        assert a == "a/"
        with tf.name_scope("b") as b:
            assert b == "a/b/"
            with tf.name_scope(None):
                assert tf.no_op(name="top").name == "top"
    with tf.name_scope("a") as again:
        assert again == "a_1/"
    with tf.name_scope(a):
        assert tf.no_op(name="x").name == "a/x"
    with tf.name_scope(None, "default", []) as default:
        assert default == "default/"
    for wrong in ("_a", "a b", "/a"):
        with pytest.raises(ValueError, match="not a valid scope name"):
            with graph.name_scope(wrong):
                pass
    with pytest.raises(TypeError, match="is not a string type"):
        tf.name_scope("a", [])


def test_looking_up_elements(graph):
    x = tf.constant(1.0, name="x")
    assert graph.get_operation_by_name("x") is x.op
    assert graph.get_tensor_by_name("x:0") is x
    assert graph.as_graph_element("x") is x.op and graph.as_graph_element(x) is x
    with pytest.raises(KeyError, match="'y:0' refers to a Tensor which does not exist"):
        graph.get_tensor_by_name("y:0")
    with pytest.raises(KeyError, match="exists but only has 1 outputs"):
        graph.get_tensor_by_name("x:1")
    with pytest.raises(KeyError, match="refers to an Operation not in the graph"):
        graph.get_operation_by_name("y")
    with pytest.raises(ValueError, match="refers to an Operation, not a Tensor"):
        graph.get_tensor_by_name("x")
    with pytest.raises(ValueError, match="refers to a Tensor, not an Operation"):
        graph.get_operation_by_name("x:0")
    with pytest.raises(TypeError, match="Operation names are strings"):
        graph.get_operation_by_name(3)
    with pytest.raises(TypeError, match="Can not convert a float into a Tensor or Operation"):
        graph.as_graph_element(1.0)
    with tf.Graph().as_default() as other, pytest.raises(ValueError, match="not an element"):
        other.as_graph_element(x)


def test_collections(graph):
    graph.add_to_collection("c", 1)
    graph.add_to_collections(["c", "d", "c"], 2)
    assert graph.get_collection("c") == [1, 2] and graph.get_collection("d") == [2]
    graph.get_collection("c").append(3)
    assert graph.get_collection("c") == [1, 2]
    graph.get_collection_ref("c").append(3)
    assert tf.get_collection("c") == [1, 2, 3]
    x, y = tf.constant(1, name="in/x"), tf.constant(1, name="out/y")
    tf.add_to_collection("t", x)
    tf.add_to_collection("t", y)
    assert tf.get_collection("t", scope="in") == [x]
    assert set(graph.get_all_collection_keys()) == {"c", "d", "t"}
    graph.clear_collection("c")
    assert graph.get_collection("c") == []


def test_finalized(graph):
    x = tf.constant(1.0)
    graph.finalize()
    assert graph.finalized
    with pytest.raises(RuntimeError, match="Graph is finalized and cannot be modified"):
        tf.identity(x)
    with pytest.raises(RuntimeError, match="Graph is finalized"):
        graph.add_to_collection("c", 1)


def test_default_graphs(graph):
    assert tf.get_default_graph() is graph
    with tf.Graph().as_default() as inner:
        assert tf.get_default_graph() is inner
        with pytest.raises(AssertionError, match="nested graphs"):
            tf.reset_default_graph()
    assert tf.get_default_graph() is graph
    seen = []
    thread = threading.Thread(target=lambda: seen.append(tf.get_default_graph()))
    thread.start()
    thread.join()
    assert seen[0] is not graph


def test_graphs_do_not_mix(graph):
    x = tf.constant(1.0)
    with tf.Graph().as_default():
        y = tf.constant(1.0)
        assert tf.identity(x).graph is graph
        with pytest.raises(ValueError, match="must be from the same graph"):
            tf.add(x, y)


def test_control_dependencies():
    a, b = tf.constant(1.0, name="a"), tf.constant(2.0, name="b")
    with tf.control_dependencies([a, b.op]):
        c = tf.identity(a, name="c")
        d = tf.identity(c, name="d")
        with tf.control_dependencies(None):
            free = tf.no_op(name="free")
    assert [op.name for op in c.op.control_inputs] == ["b"]
    assert d.op.control_inputs == [] and free.control_inputs == []
    with pytest.raises(TypeError):
        with tf.control_dependencies([3.5]):
            pass


def test_devices(graph):
    with tf.device("/job:worker"), tf.device("/cpu:0"):
        assert tf.no_op().device == "/job:worker/device:CPU:0"
        with tf.device(None):
            assert tf.no_op().device == ""
        with tf.device(lambda op: "/device:GPU:0" if op.type == "NoOp" else None):
            assert tf.no_op().device.endswith("GPU:0")
    with pytest.raises(ValueError):
        with tf.device("/nonsense:3:4"):
            pass


def test_containers(graph):
    with graph.container("box"):
        made = [tf.Variable(1.0).op, tf.get_variable("r", [], use_resource=True).handle.op,
                tf.FIFOQueue(1, tf.float32).queue_ref.op, tf.TextLineReader().reader_ref.op]
    assert [op.get_attr("container") for op in made] == [b"box"] * 4
    assert tf.FIFOQueue(1, tf.float32).queue_ref.op.get_attr("container") == b""


def test_colocation(graph):
    with tf.device("/cpu:0"):
        a = tf.constant(1.0, name="a")
    with graph.colocate_with(a), tf.device("/gpu:0"):
        b = tf.identity(a, name="b")
    assert b.op.colocation_groups() == [b"loc:@a"]
    with pytest.raises(ValueError, match="ignore_existing"):
        with graph.colocate_with(None):
            pass


def test_creation_order_and_version(graph):
    ops = [tf.no_op() for _ in range(3)]
    assert graph.get_operations() == ops and graph.version == 3
    assert [op.name for op in ops] == ["NoOp", "NoOp_1", "NoOp_2"]


def test_create_op(graph):
    x = tf.constant([1.0, 2.0])
    op = graph.create_op("Identity", [x], name="mine")
    assert op.outputs[0].shape.as_list() == [2] and op.name == "mine"
    with pytest.raises(tf.errors.NotFoundError, match="not registered: 'Nothing'"):
        graph.create_op("Nothing", [])


def test_operations_describe_themselves():
    x = tf.placeholder(tf.float32, [None, 3], name="x")
    y = tf.identity(x, name="y")
    assert y.op.inputs == [x] and x.consumers() == [y.op] and y.op.values() == (y,)
    assert str(y) == 'Tensor("y:0", shape=(?, 3), dtype=float32)'
    assert repr(y.op) == "<tf.Operation 'y' type=Identity>"
    assert y.op.get_attr("T") is tf.float32
    with pytest.raises(ValueError, match="has no attr named 'U'"):
        y.op.get_attr("U")
    file, _, source = y.op.user_line()
    assert file == __file__ and "tf.identity" in source


def test_static_shapes():
    x = tf.placeholder(tf.float32, [None, 3])
    x.set_shape([2, None])
    assert x.shape.as_list() == [2, 3]
    with pytest.raises(ValueError, match="not compatible"):
        x.set_shape([3, 3])


def test_failed_ops_leave_no_trace(graph):
    x, y = tf.zeros([2, 3]), tf.zeros([4, 5])
    before = graph.version
    with pytest.raises(ValueError, match=r"\(op: 'MatMul'\) with input shapes: \[2,3\]"):
        raw_ops.MatMul(x, y)
    assert graph.version == before and x.consumers() == []


def test_networkx(graph):
    x = tf.constant(1.0, name="x")
    with tf.control_dependencies([tf.no_op(name="n")]):
        tf.identity(x, name="y")
    drawn = graph.to_networkx()
    assert drawn.nodes["y"]["type"] == "Identity"
    assert {(a, b, d["control"]) for a, b, d in drawn.edges(data=True)} == {
        ("x", "y", False), ("n", "y", True)}


@pytest.mark.parametrize("name", ["my var", "a:0", "_x", "/x", "-x", "ä"])
def test_names_no_node_can_have(graph, name):
    x = tf.placeholder(tf.float32)
    before = len(graph.get_operations())
    with pytest.raises(ValueError, match=f"'{name}' is not a valid node name"):
        tf.constant(1.0, name=name)
    for build in (tf.identity, tf.nn.relu, lambda x, name: tf.add(x, 1.0, name=name),
                  lambda x, name: tf.placeholder(x.dtype, name=name), lambda x, name: tf.Variable(1.0, name=name)):
        with pytest.raises(ValueError, match=f"'{name}' is not a valid scope name"):
            build(x, name=name)
    assert len(graph.get_operations()) == before


def test_names_inside_of_scopes_may_begin_with_more(graph):
    x = tf.placeholder(tf.float32)
    with tf.name_scope("s"):
        assert tf.identity(x, name="_x").name == "s/_x:0" and tf.constant(1.0, name="-x").name == "s/-x:0"
        with pytest.raises(ValueError, match="'s/a:0' is not a valid node name"):
            tf.constant(1.0, name="a:0")
        with pytest.raises(ValueError, match="'a:0' is not a valid scope name"):
            tf.identity(x, name="a:0")
    with pytest.raises(ValueError, match="'_x' is not a valid scope name"):
        tf.identity(x, name="_x")


def test_empty_names(graph):
    with pytest.raises(ValueError, match="'' is not a valid node name"):
        tf.constant(1.0, name="")
    assert tf.identity(1.0, name="").name == "Identity:0" and tf.placeholder(tf.int32, name="").name == "Placeholder:0"
