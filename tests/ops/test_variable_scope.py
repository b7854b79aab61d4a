"""Variable scopes: names, sharing, inheritance, templates, partitioners."""

import numpy as np
import pytest

import graphflow as tf


@pytest.fixture(autouse=True)
def graph():
    with tf.Graph().as_default() as g:
        yield g


def test_names_of_variables_and_ops():
    with tf.variable_scope("a"):
        assert tf.get_variable("v", [1]).name == "a/v:0" and tf.no_op().name == "a/NoOp"
        with tf.variable_scope("b") as inner:
            assert inner.name == "a/b" and inner.original_name_scope == "a/b/"
            assert tf.get_variable("v", [1]).name == "a/b/v:0"
    with tf.variable_scope("a", reuse=True) as again:
        assert again.name == "a" and again.original_name_scope == "a_1/"
        assert tf.get_variable("v").name == "a/v:0" and tf.no_op().name == "a_1/NoOp"
    with tf.name_scope("n"), tf.variable_scope("c"):
        assert tf.get_variable("v", [1]).name == "c/v:0" and tf.no_op().name == "n/c/NoOp"


def test_entering_a_scope_object_again():
    with tf.variable_scope("a") as scope:
        pass
    with tf.variable_scope("other"), tf.variable_scope(scope, auxiliary_name_scope=False) as again:
        assert again.name == "a" and tf.get_variable("v", [1]).name == "a/v:0"
        assert tf.no_op().name == "other/NoOp"
    with tf.variable_scope(scope), tf.name_scope(scope.original_name_scope):
        assert tf.no_op().name == "a/NoOp"


def test_default_names_are_made_unique():
    names = []
    for _ in range(2):
        with tf.variable_scope(None, "layer") as scope:
            names.append((scope.name, tf.get_variable("w", [1]).name))
    assert names == [("layer", "layer/w:0"), ("layer_1", "layer_1/w:0")]
    with pytest.raises(TypeError, match="name_or_scope is required"):
        tf.variable_scope(None)
    with pytest.raises(ValueError, match="cannot be used without"), tf.variable_scope(None, "x", reuse=True):
        pass


def test_sharing_needs_reuse():
    w = tf.get_variable("W", [2])
    with pytest.raises(ValueError) as error:
        tf.get_variable("W", [2])
    assert str(error.value).startswith(
        "Variable W already exists, disallowed. Did you mean to set reuse=True or reuse=tf.AUTO_REUSE in VarScope? "
        "Originally defined at:\n\n")
    assert "w = tf.get_variable" in str(error.value) and __file__ in str(error.value)
    with tf.variable_scope("", reuse=tf.AUTO_REUSE):
        assert tf.get_variable("W", [2]) is w
        assert tf.get_variable("new", [2]).name == "new:0"
    tf.get_variable_scope().reuse_variables()
    assert tf.get_variable("W") is w
    with pytest.raises(ValueError, match=r"Variable X does not exist, or was not created with tf.get_variable\(\)"):
        tf.get_variable("X", [2])


def test_shared_variables_must_fit():
    with tf.variable_scope("s", reuse=tf.AUTO_REUSE):
        tf.get_variable("v", [2])
        message = r"Trying to share variable s/v, but specified shape \(3,\) and found shape \(2,\)"
        with pytest.raises(ValueError, match=message):
            tf.get_variable("v", [3])
        with pytest.raises(ValueError, match="specified dtype int32 and found dtype float32_ref"):
            tf.get_variable("v", [2], tf.int32)


def test_reuse_is_inherited():
    with tf.variable_scope("a", reuse=True), tf.variable_scope("b") as inner:
        assert inner.reuse is True
    assert tf.get_variable_scope().reuse is False


def test_initializers():
    values = {
        "default": tf.get_variable("default", [50]), "integer": tf.get_variable("integer", [2], tf.int32),
        "constant": tf.get_variable("constant", initializer=[1.0, 2.0]),
        "class": tf.get_variable("class", [2], initializer=tf.ones_initializer),
        "function": tf.get_variable("function", initializer=lambda: tf.fill([2], 7.0)),
    }
    with tf.variable_scope("s", initializer=tf.constant_initializer(5.0)):
        values["inherited"] = tf.get_variable("v", [1])
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        got = session.run(values)
    assert np.abs(got["default"]).max() <= np.sqrt(6 / 100) and got["default"].std() > 0
    assert got["integer"].tolist() == [0, 0] and got["constant"].tolist() == [1, 2]
    assert got["class"].tolist() == [1, 1] and got["function"].tolist() == [7, 7] and got["inherited"].tolist() == [5]


def test_initializer_errors():
    with pytest.raises(ValueError, match="If initializer is a constant, do not specify shape"):
        tf.get_variable("a", [2], initializer=[1.0, 2.0])
    with pytest.raises(ValueError, match="don't match"):
        tf.get_variable("b", dtype=tf.int32, initializer=[1.0])
    with pytest.raises(ValueError, match="The initializer passed is not valid"):
        tf.get_variable("c", [None], initializer=tf.ones_initializer())
    with pytest.raises(ValueError, match="An initializer for variable d of .*complex64.* is required"):
        tf.get_variable("d", [2], tf.complex64)
    for shape, text in ((None, "<unknown>"), ([None, 2], r"\(\?, 2\)")):
        with pytest.raises(ValueError, match=rf"new variable \(e\) must be fully defined, but instead was {text}"):
            tf.get_variable("e", shape)


def test_settings_are_inherited():
    with tf.variable_scope("s", regularizer=lambda v: tf.reduce_sum(v * v), dtype=tf.float64, use_resource=True):
        v = tf.get_variable("v", [2])
        tf.get_variable("free", [2], regularizer=tf.no_regularizer)
    assert v.dtype == tf.float64 and hasattr(v, "handle")
    losses = tf.get_collection(tf.GraphKeys.REGULARIZATION_LOSSES)
    assert len(losses) == 1 and losses[0].name.startswith("s/v/Regularizer/")


def test_local_variables():
    v = tf.get_local_variable("v", [2])
    assert tf.local_variables() == [v] and not tf.global_variables() and not v.trainable


def test_custom_getters_nest():
    calls = []

    def recorder(label):
        def getter(getter, name, *args, **kwargs):
            calls.append((label, name))
            return getter(name, *args, **kwargs)
        return getter

    outer, inner = recorder("outer"), recorder("inner")
    with tf.variable_scope("a", custom_getter=outer), tf.variable_scope("b", custom_getter=inner):
        tf.get_variable("v", [1])
    assert calls == [("inner", "a/b/v"), ("outer", "a/b/v")]


def test_scopes_list_their_variables():
    with tf.variable_scope("a") as scope:
        v = tf.get_variable("v", [1])
    tf.get_variable("v", [1])
    assert scope.global_variables() == scope.trainable_variables() == [v] and scope.local_variables() == []


def test_variable_op_scope_takes_values_first():
    with tf.variable_op_scope([tf.constant(1.0)], None, "named") as scope:
        assert scope.name == "named"


def test_templates_share_variables():
    def scaled(x, power):
        return (x * tf.get_variable("s", [], initializer=tf.ones_initializer())) ** power

    scale = tf.make_template("scale", scaled, power=2.0)
    first, second = scale(2.0), scale(3.0)
    assert [v.name for v in scale.variables] == ["scale/s:0"]
    assert first.op.name.startswith("scale/") and second.op.name.startswith("scale_1/")
    other = tf.make_template("scale", lambda: tf.get_variable("s", []), create_scope_now_=True)
    assert other.variable_scope_name == "scale_1/" and other().name == "scale_1/s:0"
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        assert session.run([first, second]) == [4.0, 9.0]


def test_templates_refuse_new_trainable_variables():
    template = tf.make_template("t", lambda: tf.Variable(1.0))
    template()
    with pytest.raises(ValueError, match="Trainable variable created(.|\n)*originally defined at:(.|\n)*make_template"):
        template()


@pytest.mark.parametrize("partitioner, shape, expected", [
    (tf.fixed_size_partitioner(3), [7, 2], [3, 1]),
    (tf.fixed_size_partitioner(3, axis=1), [7, 2], [1, 2]),
    (tf.variable_axis_size_partitioner(64), [4, 8], [2, 1]),
    (tf.variable_axis_size_partitioner(64, max_shards=1), [4, 8], [1, 1]),
    (tf.min_max_variable_partitioner(4, min_slice_size=64), [4, 8], [2, 1]),
])
def test_partitioners(partitioner, shape, expected):
    assert partitioner(shape=tf.TensorShape(shape), dtype=tf.float32) == expected


def test_partitioned_variables_are_shared_as_such():
    with tf.variable_scope("s", partitioner=tf.fixed_size_partitioner(2)):
        whole = tf.get_variable("p", [4])
        scalar = tf.get_variable("scalar", [])
    assert len(list(whole)) == 2 and scalar.name == "s/scalar:0"
    with tf.variable_scope("s", reuse=True):
        assert tf.get_variable("p", [4]) is whole
    with tf.variable_scope("s"), pytest.raises(ValueError, match="a partitioned version of the variable was found"):
        tf.get_variable("p", [4])
    with tf.variable_scope("s", partitioner=tf.fixed_size_partitioner(2)):
        with pytest.raises(ValueError, match="Partitioned variable with name s/p already exists"):
            tf.get_variable("p", [4])
        with pytest.raises(ValueError, match="must have rank at least 1|fully defined"):
            tf.get_variable("q", [None])


def test_a_scope_that_others_are_open_in_stays_open():
    with tf.variable_scope("a"):
        scope = tf.variable_scope("b")
        scope.__enter__()
        with tf.variable_scope("c"), pytest.raises(RuntimeError, match="Improper nesting"):
            scope.__exit__(None, None, None)
        assert tf.get_variable_scope().name == "a/b"
        scope.__exit__(None, None, None)
        assert tf.get_variable_scope().name == "a"
