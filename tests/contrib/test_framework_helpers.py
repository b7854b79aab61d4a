"""tf.contrib.framework: shapes that are checked, graphs, functions with structures, deprecation, placement."""

import numpy as np
import pytest

import graphflow as tf

framework = tf.contrib.framework


def evaluate(fetches, feed_dict=None):
    with tf.Session() as sess:
        return sess.run(fetches, feed_dict)


# ---------------------------------------------------------------- tensors


@pytest.mark.parametrize("name", [
    "sort", "argsort", "is_numeric_tensor", "is_non_decreasing", "is_strictly_increasing",
    "convert_to_tensor_or_sparse_tensor", "assert_scalar", "assert_same_float_dtype", "TensorSpec"])
def test_names_that_are_elsewhere_too(name):
    assert getattr(framework, name) is getattr(tf, name)


def test_sums_of_all():
    a, b = tf.constant([1, 2], name="a"), tf.constant([[3], [4]], name="b")
    total = framework.reduce_sum_n([a, b], name="total")
    assert total.op.name == "total" and evaluate(total) == 10
    assert evaluate(framework.reduce_sum_n([b])) == 7
    with pytest.raises(ValueError, match="No tensors provided"):
        framework.reduce_sum_n([])


def test_scalars_of_integers():
    assert framework.assert_scalar_int(3).dtype == tf.int32
    with pytest.raises(ValueError, match="Expected integer type"):
        framework.assert_scalar_int(3.0)
    with pytest.raises(ValueError, match="Expected scalar shape"):
        framework.assert_scalar_int([3, 4])


@pytest.mark.parametrize("static", [True, False])
def test_squeezing(static):
    def fit(a, b):
        inputs = [tf.placeholder_with_default(np.zeros(s, "f"), s if static else None) for s in (a, b)]
        return [x.shape for x in evaluate(framework.remove_squeezable_dimensions(*inputs))]

    assert fit((3, 1), (3,)) == [(3,), (3,)] and fit((3,), (3, 1)) == [(3,), (3,)]
    assert fit((3, 1), (3, 1)) == [(3, 1), (3, 1)]


def test_shapes_that_are_known():
    x = tf.zeros([2, 3])
    assert framework.with_shape([2, 3], x) is x and framework.with_shape(tf.TensorShape([None, 3]), x) is x
    assert framework.with_same_shape(tf.ones([2, 3]), x) is x
    assert framework.with_shape([], tf.zeros([1])).shape.as_list() == []
    for wrong in ([3, 2], [2], [2, 3, 1], []):
        with pytest.raises(ValueError, match="Invalid shape for tensor zeros:0"):
            framework.with_shape(wrong, x)


def test_shapes_found_in_runs():
    x = tf.placeholder(tf.float32, name="x")
    checked = framework.with_shape(tf.TensorShape([None, 3]), x)
    assert checked.shape.as_list() == [None, 3] and checked.op.name.startswith("x/")
    assert evaluate(checked, {x: np.zeros([2, 3])}).shape == (2, 3)
    by_tensor = framework.with_shape(tf.constant([2, -1]), x)
    assert evaluate(by_tensor, {x: np.zeros([2, 5])}).shape == (2, 5)
    like = framework.with_same_shape(tf.placeholder_with_default(np.zeros([2, 2]), None), x)
    for tensor, wrong in ((checked, [2, 2]), (by_tensor, [3, 5]), (like, [4]), (checked, [3])):
        with pytest.raises(tf.errors.InvalidArgumentError, match="Wrong shape for x:0"):
            evaluate(tensor, {x: np.zeros(wrong)})
    assert framework.with_shape([], x).shape.as_list() == []


@pytest.mark.parametrize(("shape", "message"), [
    ([[1], [2]], "Invalid rank 2"), ([1.5], "Invalid dtype"), (np.array([1], np.int64), "Invalid dtype")])
def test_what_is_no_shape(shape, message):
    with pytest.raises(ValueError, match=message):
        framework.with_shape(shape, tf.constant([1.0]))
    with pytest.raises(ValueError, match="SparseTensor not supported"):
        framework.with_shape([2], tf.SparseTensor([[0]], [1], [2]))


def test_bounded_specs():
    spec = framework.BoundedTensorSpec((1, 2, 3), tf.float32, 0, (5, 6, 7), name="x")
    np.testing.assert_array_equal(spec.maximum, np.array([5, 6, 7], "f"))
    assert spec.minimum.dtype == np.float32 and not spec.minimum.flags.writeable
    assert repr(spec).startswith("BoundedTensorSpec(shape=(1, 2, 3), dtype=tf.float32, name='x', minimum=array(0.")
    assert spec == framework.BoundedTensorSpec((1, 2, 3), tf.float32, 0.0, [5, 6, 7], name="x")
    assert spec != framework.BoundedTensorSpec((1, 2, 3), tf.float32, 0, [5, 6, 8], name="x")
    assert spec != tf.TensorSpec((1, 2, 3), tf.float32, "x") and spec.is_compatible_with(tf.zeros([1, 2, 3]))
    assert {spec: 1}[framework.BoundedTensorSpec.from_spec(spec)] == 1
    plain = framework.BoundedTensorSpec.from_spec(tf.TensorSpec([2], tf.int8))
    assert (plain.minimum, plain.maximum) == (-128, 127)
    with pytest.raises(ValueError, match="must be provided"):
        framework.BoundedTensorSpec([2], tf.int8, None, 1)
    with pytest.raises(ValueError, match="maximum is not compatible with shape"):
        framework.BoundedTensorSpec([2, 2], tf.int8, 0, [1, 2, 3])


def test_composites_are_sequences_of_a_kind():
    check = framework.nest.is_sequence_or_composite
    assert check([1]) and check({}) and check(tf.SparseTensor([[0]], [1], [2])) and not check(tf.constant(1))
    assert not check("text")


# ---------------------------------------------------------------- graphs


def test_graphs_of_inputs():
    x, v = tf.constant(1), tf.Variable(1)
    queue = tf.FIFOQueue(1, tf.int32)
    with tf.Graph().as_default() as other:
        y = tf.constant(1)
        assert framework.get_graph_from_inputs([x, v, 5]) is x.graph
        assert framework.get_graph_from_inputs([queue]) is other
        assert framework.get_graph_from_inputs([5]) is framework.get_graph_from_inputs([y.op], other) is other
    with pytest.raises(ValueError, match="must be from the same graph"):
        framework.get_graph_from_inputs([x, y])
    with pytest.raises(ValueError, match="not from the passed-in graph"):
        framework.get_graph_from_inputs([v], other)
    with pytest.raises(TypeError, match="needs to be a Graph"):
        framework.get_graph_from_inputs([x], "graph")


def test_scopes_and_placeholders():
    with tf.name_scope("a"), tf.name_scope("b"):
        assert framework.get_name_scope() == "a/b"
        x = tf.placeholder(tf.float32)
    tf.placeholder_with_default(1.0, [])
    assert framework.get_placeholders(tf.get_default_graph()) == [x]
    with pytest.raises(TypeError, match="needs to be a Graph"):
        framework.get_placeholders(x)
    assert framework.strip_name_scope("^a/b/x", "a") == "^b/x"
    assert framework.prepend_name_scope("loc:@x", "a") == "loc:@a/x"


def small_graph():
    x = tf.placeholder(tf.float32, [2], name="x")
    y = tf.square(tf.identity(x, name="in"), name="y")
    tf.negative(tf.identity(tf.add(y, 1.0, name="z"), name="out"), name="after")
    return tf.get_default_graph().as_graph_def()


def test_many_nodes_as_one():
    fused = framework.fuse_op(small_graph(), ["in"], ["out"], [tf.float32.as_datatype_enum], False, "all", "Mine")
    found = {node.name: (node.op, list(node.input)) for node in fused.node}
    assert found == {"x": ("Placeholder", []), "in": ("Identity", ["x"]), "all": ("Mine", ["in"]),
                     "out": ("Identity", ["all"]), "after": ("Neg", ["out"])}
    attributes = next(node.attr for node in fused.node if node.name == "all")
    assert list(attributes["_output_types"].list.type) == [1] and attributes["_output_quantized"].b is False


def test_nodes_that_are_no_one():
    graph = small_graph()
    with pytest.raises(TypeError, match="Node .* uses input x not in input_nodes"):
        x = tf.get_default_graph().get_tensor_by_name("x:0")
        tf.identity(tf.square(x * tf.get_default_graph().get_tensor_by_name("y:0")), name="late")
        framework.fuse_op(tf.get_default_graph().as_graph_def(), ["y"], ["late"], [1], False, "all", "Mine")
    with pytest.raises(AssertionError, match="no is not in graph"):
        framework.fuse_op(graph, ["no"], ["out"], [1], False, "all", "Mine")
    with pytest.raises(ValueError, match="Output node z must have one input, but has 2"):
        framework.fuse_op(graph, ["in"], ["z"], [1], False, "all", "Mine")
    with pytest.raises(TypeError, match="input_nodes must be a list"):
        framework.fuse_op(graph, "in", ["out"], [1], False, "all", "Mine")


# ---------------------------------------------------------------- variables


def test_devices_for_variables():
    x = tf.constant(1)
    choose = framework.VariableDeviceChooser(2)
    assert [choose(x.op) for _ in range(3)] == [
        f"/job:ps/task:{task}/device:CPU:0" for task in (0, 1, 0)]
    assert framework.VariableDeviceChooser(device_type="GPU", device_index=1)(x.op) == "/device:GPU:1"
    assert framework.VariableDeviceChooser(1, "my", replica=2)(x.op) == "/job:my/replica:2/task:0/device:CPU:0"


@pytest.mark.parametrize("use_resource", [False, True])
def test_zeros_at_first_only(use_resource):
    v = tf.get_variable("v", [2, 3], tf.float64, use_resource=use_resource)
    zero = framework.zero_initializer(v)
    with tf.Session() as sess:
        sess.run(zero)
        assert not sess.run(v).any() and sess.run(v).shape == (2, 3)
        with pytest.raises(tf.errors.InvalidArgumentError, match="input is already initialized"):
            sess.run(zero)


def test_checkpoints_beside_folders_of_their_name(tmp_path):
    """A prefix may also be the name of a folder."""
    v = tf.get_variable("v", initializer=[1.0, 2.0])
    prefix = str(tmp_path / "model")
    (tmp_path / "model").mkdir()
    with tf.Session() as sess:
        sess.run(v.initializer)
        tf.train.Saver([v]).save(sess, prefix)
        sess.run(v.assign([0.0, 0.0]))
        operation, feeds = framework.assign_from_checkpoint(prefix, [v])
        sess.run(operation, feeds)
        assert sess.run(v).tolist() == [1, 2]
        tf.train.Saver([v]).save(sess, str(tmp_path / "in" / "model"))
        assert framework.assign_from_checkpoint(str(tmp_path / "in"), {"v": v})[1]


# ---------------------------------------------------------------- functions


def test_functions_with_structures():
    def function(x, parts, scale=1):
        return {"sum": x + parts["a"] + parts["b"], "scaled": [x * scale]}

    results = framework.py_func(
        function, [tf.constant(2), {"a": tf.constant(3), "b": tf.constant(4)}], {"scale": tf.constant(10)},
        output_types={"sum": tf.int32, "scaled": [tf.int32]}, output_shapes={"sum": [], "scaled": [[]]})
    assert results["sum"].shape.as_list() == results["scaled"][0].shape.as_list() == []
    assert evaluate(results) == {"sum": 9, "scaled": [20]}


def test_functions_whose_types_are_functions():
    x = tf.constant([1.0, 2.0])
    y = framework.py_func(np.negative, [x], output_types=lambda x: x.dtype, output_shapes=lambda x: x.shape,
                          stateful=False)
    assert y.shape.as_list() == [2] and evaluate(y).tolist() == [-1, -2] and y.op.type == "PyFuncStateless"


def test_functions_refuse():
    with pytest.raises(TypeError, match="args must be list"):
        framework.py_func(np.negative, tf.constant(1), output_types=tf.int32)
    with pytest.raises(TypeError, match="kwargs must be dict"):
        framework.py_func(np.negative, [tf.constant(1)], [1], output_types=tf.int32)
    wrong = framework.py_func(lambda: 1, output_types=[tf.int32])
    with pytest.raises(tf.errors.OpError):
        evaluate(wrong)


# ---------------------------------------------------------------- deprecation


@pytest.fixture
def logged(monkeypatch):
    messages = []
    monkeypatch.setattr(tf.logging, "warning", lambda text, *args: messages.append(text % args))
    return messages


def test_deprecated_functions(logged):
    @framework.deprecated("2099-01-01", "Use g.")
    def f(x):
        """The first line.

        More.
        """
        return x + 1

    assert f(1) == f.__wrapped__(1) == 2 and f(x=4) == 5
    (message,) = logged
    assert f"From {__file__}:" in message and "<locals>.f (from tests.contrib.test_framework_helpers) is" in message
    assert "will be removed after 2099-01-01.\nInstructions for updating:\nUse g." in message
    assert f.__doc__ == ("The first line. (deprecated)\n\nWarning: THIS FUNCTION IS DEPRECATED. It will be removed "
                         "after 2099-01-01.\nInstructions for updating:\nUse g.\n\nMore.")


def test_deprecated_each_time(logged):
    f = framework.deprecated(None, "Don't.", warn_once=False)(lambda: 1)
    assert f() == f() == 1 and len(logged) == 2 and "in a future version" in logged[0]
    assert f.__doc__.startswith("DEPRECATED FUNCTION\n\nWarning: THIS FUNCTION")


def test_deprecated_arguments(logged):
    @framework.deprecated_args(None, "Leave them.", "a", ("b", None), warn_once=False)
    def f(x, a=1, b=2, *more, **options):
        """One line."""
        return x, a, b

    assert f(1) == (1, 1, 2) and f(1, b=None) == (1, 1, None) and not logged
    f(1, 5)
    f(1, b=np.ones(2))
    assert len(logged) == 2 and "with a is deprecated" in logged[0] and "with b is deprecated" in logged[1]
    assert f.__doc__.splitlines()[0] == "One line. (deprecated arguments)"
    assert "SOME ARGUMENTS ARE DEPRECATED: `(a, b)`." in f.__doc__
    with pytest.raises(ValueError, match=r"not present in the function signature: \['c'\]"):
        framework.deprecated_args(None, "No.", "c")(lambda x: x)
    with pytest.raises(ValueError, match="Illegal argument"):
        framework.deprecated_args(None, "No.", "c", wrong=1)
    with pytest.raises(ValueError, match="Specify which argument"):
        framework.deprecated_args(None, "No.")


def test_deprecated_values(logged):
    @framework.deprecated_arg_values(None, "Say no.", flag=True)
    def f(x, flag=True):
        return x

    f(1, flag=False)
    assert not logged
    f(1)
    f(1, True)
    assert len(logged) == 1 and "with flag=True is deprecated" in logged[0]
    assert "`(flag=True)`" in f.__doc__
    with pytest.raises(ValueError, match="Specify which argument values"):
        framework.deprecated_arg_values(None, "No.")


@pytest.mark.parametrize("decorator", [
    framework.deprecated, lambda *args: framework.deprecated_args(*args, "x"),
    lambda *args: framework.deprecated_arg_values(*args, x=1)])
def test_decorators_refuse(decorator):
    with pytest.raises(ValueError, match="Date must be"):
        decorator("soon", "Use g.")
    with pytest.raises(ValueError, match="without conversion instructions"):
        decorator(None, "")
    with pytest.raises(ValueError, match="is not a function"):
        decorator(None, "Use g.")(property(lambda self: 1))
