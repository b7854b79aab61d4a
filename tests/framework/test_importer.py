"""GraphDefs out of graphs and into graphs, and tf.graph_util."""

import numpy as np
import pytest

import graphflow as tf


def example():
    """A graph with scopes, control inputs, devices, colocation, strings and two outputs."""
    with tf.Graph().as_default() as graph:
        x = tf.placeholder(tf.float32, [None, 2], name="x")
        with tf.name_scope("scope"):
            w = tf.constant([[1.0, 2.0], [3.0, 4.0]], name="w")
            tf.matmul(x, w, name="mm")
        tf.constant(["a", "b"], name="text")
        tf.constant(np.arange(3, dtype=np.int64), name="numbers")
        with tf.control_dependencies([w]), tf.device("/device:CPU:0"):
            tf.identity(x, name="after")
        with graph.colocate_with(w):
            tf.identity_n([x, w], name="both")
        tf.identity(graph.get_tensor_by_name("both:1"), name="second")
    return graph


def by_name(graph_def):
    return {node.name: node for node in graph_def.node}


def test_exported_nodes():
    graph_def = example().as_graph_def()
    nodes = by_name(graph_def)
    assert graph_def.versions.producer == 134
    assert list(nodes["second"].input) == ["both:1"]
    assert list(nodes["after"].input) == ["x", "^scope/w"]
    assert nodes["after"].device == "/device:CPU:0"
    assert list(nodes["both"].attr["_class"].list.s) == [b"loc:@scope/w"]
    assert nodes["x"].attr["shape"].shape.dim[0].size == -1
    np.testing.assert_array_equal(
        tf.make_ndarray(nodes["scope/w"].attr["value"].tensor), [[1, 2], [3, 4]])
    assert nodes["scope/mm"].attr["transpose_a"].WhichOneof("value") == "b"


def test_add_shapes_and_from_version():
    graph = example()
    nodes = by_name(graph.as_graph_def(add_shapes=True))
    shape = nodes["scope/mm"].attr["_output_shapes"].list.shape[0]
    assert [dim.size for dim in shape.dim] == [-1, 2]
    before = graph.version
    with graph.as_default():
        tf.no_op(name="late")
    assert [node.name for node in graph.as_graph_def(from_version=before).node] == ["late"]


def test_round_trip_in_any_order():
    graph_def = example().as_graph_def(add_shapes=True)
    shuffled = tf.GraphDef()
    shuffled.node.extend(reversed(list(graph_def.node)))
    with tf.Graph().as_default() as graph:
        assert tf.import_graph_def(shuffled, name="") is None
    assert by_name(graph.as_graph_def(add_shapes=True)) == by_name(graph_def)


def test_return_elements_and_prefixes():
    graph_def = example().as_graph_def()
    with tf.Graph().as_default():
        op, tensor = tf.import_graph_def(graph_def, return_elements=["scope/mm", "both:1"])
        assert op.name == "import/scope/mm" and tensor.name == "import/both:1"
        assert tensor.op.colocation_groups() == [b"loc:@import/scope/w"]
        (op,) = tf.import_graph_def(graph_def, return_elements=["x"])
        assert op.name == "import_1/x"
        (op,) = tf.import_graph_def(graph_def, return_elements=["x"], name="mine")
        assert op.name == "mine/x"
        for expected in ("x", "x_1"):
            (op,) = tf.import_graph_def(graph_def, return_elements=["x"], name="")
            assert op.name == expected


def test_names_taken_by_imports_are_not_given_again():
    with tf.Graph().as_default():
        tf.import_graph_def(example().as_graph_def(), name="")
        assert tf.identity(tf.constant(1.0), name="x").op.name == "x_1"


def test_input_map():
    graph_def = example().as_graph_def()
    with tf.Graph().as_default():
        mine = tf.ones([5, 2])
        mm, x = tf.import_graph_def(graph_def, {"x:0": mine}, ["scope/mm:0", "x:0"])
        assert mm.shape.as_list() == [5, 2] and x is mine
        tf.import_graph_def(graph_def, {"x": np.ones((3, 2), np.float32)})
        tf.import_graph_def(graph_def, {"^scope/w": mine}, name="controls")
        after = tf.get_default_graph().get_operation_by_name("controls/after")
        assert after.control_inputs == [mine.op]
        with pytest.raises(ValueError, match=r"not found in graph_def: \[nothing:0\]"):
            tf.import_graph_def(graph_def, {"nothing:0": mine})
        with pytest.raises(ValueError, match="passed int32 .* incompatible with expected float"):
            tf.import_graph_def(graph_def, {"x:0": tf.constant([[1, 2]])})
        with pytest.raises(ValueError, match="non-empty `name`"):
            tf.import_graph_def(graph_def, {"x": [[1.0, 2.0]]}, name="")


def test_wrong_arguments():
    with tf.Graph().as_default():
        with pytest.raises(TypeError, match="graph_def must be a GraphDef proto"):
            tf.import_graph_def("x")
        with pytest.raises(TypeError, match="input_map must be a dictionary"):
            tf.import_graph_def(tf.GraphDef(), [1])
        with pytest.raises(TypeError, match="return_elements must be a list of strings"):
            tf.import_graph_def(tf.GraphDef(), return_elements=[7])
        with pytest.raises(ValueError, match="return tensor 'a:0' not found in graph def"):
            tf.import_graph_def(tf.GraphDef(), return_elements=["a:0"])
        with pytest.raises(ValueError, match="Requested return node 'a' not found in graph def"):
            tf.import_graph_def(tf.GraphDef(), return_elements=["a"])


def node(name, op="Identity", *inputs, **attrs):
    result = tf.NodeDef(name=name, op=op, input=inputs)
    for key, dtype in {**({"T": tf.float32} if op == "Identity" else {}), **attrs}.items():
        result.attr[key].type = dtype.as_datatype_enum
    return result


P = node("p", "Placeholder", dtype=tf.float32)


@pytest.mark.parametrize(("nodes", "error", "message"), [
    ([node("a", "Strange"), node("b", "Odd")], tf.errors.NotFoundError, "'Odd', 'Strange'"),
    ([node("a", "Identity", "b")], ValueError, "Node 'a': Unknown input node 'b'"),
    ([node("a", "Identity", "^b")], ValueError, "Unknown input node '\\^b'"),
    ([P, P], ValueError, "Node 'p' is not unique"),
    ([P, node("a", "Identity", "^p", "p")], ValueError, "must come after regular dependencies"),
    ([P, node("a", "Identity", "p:1")], ValueError, "invalid output 1 of source node p"),
    ([P, node("a", "Identity", "p", "p")], ValueError, "do not match 2 inputs specified"),
    ([P, node("a", "Identity")], ValueError, "expected inputs 'float32' do not match 0"),
    ([P, node("a", "Identity", "p", T=tf.int32)], ValueError, "incompatible with expected int32"),
    ([P, node("a", "Identity", "p", odd=tf.int32)], ValueError, "mentions attr 'odd' not in Op"),
    ([node("p", "Placeholder")], ValueError, "missing attr 'dtype'"),
    ([node("a", "Identity", "b"), node("b", "Identity", "a")], ValueError, "cycle.*a, b"),
])
def test_malformed_graphs(nodes, error, message):
    with tf.Graph().as_default() as graph:
        with pytest.raises(error, match=message):
            tf.import_graph_def(tf.GraphDef(node=nodes))
    assert not any(op.type == "Strange" for op in graph.get_operations())


def test_attributes_unknown_here_but_default_there():
    extra = node("a", "Identity", "p")
    extra.attr["new"].i = 3
    from graphflow import protobuf

    ops = protobuf.OpList()
    op = ops.op.add(name="Identity")
    op.attr.add(name="new", type="int").default_value.i = 3
    with tf.Graph().as_default() as graph:
        tf.import_graph_def(tf.GraphDef(node=[P, extra]), producer_op_list=ops, name="")
    assert [op.name for op in graph.get_operations()] == ["p", "a"]


def test_gradient_type_survives():
    tf.RegisterGradient("TestImportedGradient")(lambda op, grad: grad * 10.0)
    with tf.Graph().as_default() as graph:
        x = tf.placeholder(tf.float32, [], name="x")
        with graph.gradient_override_map({"Exp": "TestImportedGradient"}):
            tf.exp(x, name="y")
    with tf.Graph().as_default():
        x, y = tf.import_graph_def(graph.as_graph_def(), return_elements=["x:0", "y:0"])
        assert tf.gradients(y, x)[0].op.type == "Mul"


def test_output_shapes_are_believed():
    graph_def = example().as_graph_def(add_shapes=True)
    nodes = by_name(graph_def)
    nodes["second"].attr["_output_shapes"].list.shape[0].dim[0].size = 7
    with tf.Graph().as_default(), pytest.raises(ValueError, match="_output_shapes attribute"):
        tf.import_graph_def(graph_def)


def test_extract_sub_graph():
    graph_def = example().as_graph_def()
    cut = tf.graph_util.extract_sub_graph(graph_def, ["scope/mm"])
    assert [n.name for n in cut.node] == ["x", "scope/w", "scope/mm"]
    assert [n.name for n in tf.graph_util.extract_sub_graph(graph_def, ["after"]).node] == [
        "x", "scope/w", "after"]
    with pytest.raises(TypeError, match="dest_nodes must be a list"):
        tf.graph_util.extract_sub_graph(graph_def, "x")
    with pytest.raises(AssertionError, match="nothing is not in graph"):
        tf.graph_util.extract_sub_graph(graph_def, ["nothing"])
    with pytest.raises(TypeError, match="graph_def must be"):
        tf.graph_util.extract_sub_graph(3, ["x"])


def test_remove_training_nodes():
    nodes = [P, node("a", "Identity", "p"), node("b", "Identity", "a"),
             node("c", "Identity", "b", "^a"), node("d", "Identity", "c")]
    kept = tf.graph_util.remove_training_nodes(tf.GraphDef(node=nodes), protected_nodes=["d"])
    # a is waited for and c waits: neither can be spliced out; d is protected.
    assert {n.name: list(n.input) for n in kept.node} == {
        "p": [], "a": ["p"], "c": ["a", "^a"], "d": ["c"]}


@pytest.mark.parametrize("use_resource", [False, True])
def test_convert_variables_to_constants(use_resource):
    with tf.Graph().as_default() as graph:
        x = tf.placeholder(tf.float32, [None, 2], name="x")
        v = tf.Variable([[1.0], [2.0]], name="v", use_resource=use_resource)
        tf.matmul(x, v, name="out")
        init = tf.global_variables_initializer()
    with tf.Session(graph=graph) as session:
        session.run(init)
        frozen = tf.graph_util.convert_variables_to_constants(
            session, graph.as_graph_def(), ["out"])
    assert {n.op for n in frozen.node} == {"Placeholder", "Const", "Identity", "MatMul"}
    with tf.Graph().as_default() as graph:
        (out,) = tf.import_graph_def(frozen, return_elements=["out:0"], name="")
        with tf.Session() as session:
            np.testing.assert_array_equal(session.run(out, {"x:0": [[3.0, 4.0]]}), [[11]])


def test_other_utilities():
    graph = example()
    shape = tf.graph_util.tensor_shape_from_node_def_name(graph, "scope/mm")
    assert shape.as_list() == [None, 2]
    assert tf.graph_util.must_run_on_cpu(graph.get_operation_by_name("text"))
    assert not tf.graph_util.must_run_on_cpu(graph.get_operation_by_name("scope/w"))


@pytest.mark.parametrize("as_text", [True, False])
def test_write_graph(tmp_path, as_text):
    graph = example()
    path = tf.train.write_graph(graph, str(tmp_path / "new"), "graph.pb", as_text)
    data = (tmp_path / "new" / "graph.pb").read_bytes()
    assert path == str(tmp_path / "new" / "graph.pb")
    if as_text:
        from google.protobuf import text_format

        assert text_format.Parse(data.decode(), tf.GraphDef()) == graph.as_graph_def()
    else:
        assert tf.GraphDef.FromString(data) == graph.as_graph_def()


def test_public_messages():
    assert tf.train.Example is not None and tf.Summary is tf.summary.Summary
    config = tf.ConfigProto(gpu_options=tf.GPUOptions(allow_growth=True))
    assert config.gpu_options.allow_growth
