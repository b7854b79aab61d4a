"""tf.Variable: nodes, names, collections, methods, of both kinds."""

import numpy as np
import pytest

import graphflow as tf


@pytest.fixture(autouse=True)
def graph():
    with tf.Graph().as_default() as g:
        yield g


def nodes(graph):
    return [(op.name, op.type) for op in graph.get_operations()]


def test_reference_variable_has_tensorflows_nodes(graph):
    v = tf.Variable([1.0, 2.0], name="v")
    assert nodes(graph) == [
        ("v/initial_value", "Const"), ("v", "VariableV2"), ("v/Assign", "Assign"), ("v/read", "Identity")]
    assert graph.get_operation_by_name("v/Assign").colocation_groups() == [b"loc:@v"]
    assert graph.get_operation_by_name("v/read").colocation_groups() == [b"loc:@v"]
    assert (v.name, v.op.name, v.initializer.name, v.value().name) == ("v:0", "v", "v/Assign", "v/read:0")
    assert v.dtype.name == "float32_ref" and v.value().dtype == tf.float32
    assert repr(v) == "<tf.Variable 'v:0' shape=(2,) dtype=float32_ref>"
    assert v.get_shape().as_list() == [2] and v.initial_value.name == "v/initial_value:0"


def test_initial_value_functions(graph):
    v = tf.Variable(lambda: tf.zeros([2]), name="v", dtype=tf.float32)
    assert nodes(graph)[:2] == [("v/Initializer/zeros", "Const"), ("v", "VariableV2")]
    assert v.initial_value.op.colocation_groups() == [b"loc:@v"]


def test_resource_variable_has_tensorflows_nodes(graph):
    v = tf.Variable([1.0], name="v", use_resource=True)
    assert nodes(graph) == [
        ("v/Initializer/initial_value", "Const"), ("v", "VarHandleOp"),
        ("v/IsInitialized/VarIsInitializedOp", "VarIsInitializedOp"), ("v/Assign", "AssignVariableOp"),
        ("v/Read/ReadVariableOp", "ReadVariableOp")]
    assert v.dtype == tf.float32 and v.handle.dtype == tf.resource and v.name == "v:0"
    assert repr(v) == "<tf.Variable 'v:0' shape=(1,) dtype=float32>"
    assert isinstance(v, tf.Variable)


def test_enable_resource_variables():
    tf.enable_resource_variables()
    try:
        assert hasattr(tf.Variable(1.0), "handle") and hasattr(tf.get_variable("v", []), "handle")
    finally:
        tf.disable_resource_variables()
    assert not hasattr(tf.Variable(1.0), "handle")


def test_names_are_unique_and_collections_filled():
    first, second = tf.Variable(1.0), tf.Variable(2.0, trainable=False)
    local = tf.Variable(3.0, collections=[tf.GraphKeys.LOCAL_VARIABLES], trainable=False)
    assert [v.name for v in (first, second, local)] == ["Variable:0", "Variable_1:0", "Variable_2:0"]
    assert tf.global_variables() == [first, second] and tf.trainable_variables() == [first]
    assert tf.local_variables() == [local] and tf.global_variables("Variable_1") == [second]


@pytest.mark.parametrize("arguments, message", [
    ({}, "initial_value must be specified"),
    ({"initial_value": 1.0, "collections": "variables"}, "collections argument"),
    ({"initial_value": 1.0, "constraint": 3}, "constraint"),
])
@pytest.mark.parametrize("use_resource", [False, True])
def test_wrong_arguments(arguments, message, use_resource):
    with pytest.raises(ValueError, match=message):
        tf.Variable(use_resource=use_resource, **arguments)


def test_shape_must_be_known_unless_told_otherwise():
    unknown = tf.placeholder_with_default([1.0, 2.0], [None])
    with pytest.raises(ValueError, match="initial_value must have a shape specified"):
        tf.Variable(unknown)
    v = tf.Variable(unknown, validate_shape=False)
    assert v.get_shape().ndims is None
    with tf.Session() as session:
        session.run(v.initializer)
        assert session.run(tf.assign(v, [1.0, 2.0, 3.0], validate_shape=False)).tolist() == [1, 2, 3]


@pytest.mark.parametrize("use_resource", [False, True])
def test_operators_and_methods(use_resource):
    v = tf.Variable([4.0, 2.0], use_resource=use_resource)
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        got = session.run([v + 1.0, 1.0 - v, v * v, v / 2.0, -v, v[1], np.float32(2) * v, v ** 2.0, v > 3.0])
        want = [[5, 3], [-3, -1], [16, 4], [2, 1], [-4, -2], 2, [8, 4], [16, 4], [True, False]]
        for a, b in zip(got, want):
            np.testing.assert_array_equal(a, b)
        assert session.run(v.assign([1.0, 1.0])).tolist() == [1, 1]
        assert session.run(v.assign_sub([1.0, 0.0])).tolist() == [0, 1]
        assert session.run(v.assign_add([1.0, 0.0], read_value=False)) is None
        v.load([8.0, 9.0])
        assert v.eval().tolist() == [8, 9] == session.run(v).tolist()
        slices = tf.IndexedSlices(tf.constant([1.0]), tf.constant([1]))
        assert session.run(v.scatter_add(slices)).tolist() == [8, 10]
    with pytest.raises(TypeError, match="not iterable"):
        iter(v)
    with pytest.raises(TypeError, match="IndexedSlices"):
        v.scatter_add([1.0])


@pytest.mark.parametrize("use_resource", [False, True])
def test_integer_and_bool_variables(use_resource):
    flag, count = tf.Variable(True, use_resource=use_resource), tf.Variable(3, use_resource=use_resource)
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        assert session.run(flag) and session.run(count.assign_add(4)) == 7


def test_in_place_operators():
    v = tf.Variable(1.0)
    with pytest.warns(UserWarning, match="makes a new tensor"):
        v += 1.0
    assert isinstance(v, tf.Tensor)
    resource = tf.Variable(1.0, use_resource=True)
    with pytest.raises(RuntimeError, match="assign_add"):
        resource += 1.0


def test_slices_can_be_assigned():
    v = tf.Variable(np.zeros([2, 3], np.float32))
    with tf.Session() as session:
        session.run(v.initializer)
        assert session.run(v[1, :2].assign([5.0, 6.0])).tolist() == [[0, 0, 0], [5, 6, 0]]


def test_conversion_checks_dtypes():
    with pytest.raises(ValueError, match="Incompatible type conversion requested to type 'int32'"):
        tf.convert_to_tensor(tf.Variable(1.0), dtype=tf.int32)


def test_report_uninitialized_variables():
    one, two = tf.Variable(1.0, name="one"), tf.Variable(2.0, name="two")
    report = tf.report_uninitialized_variables()
    with tf.Session() as session:
        assert session.run(report).tolist() == [b"one", b"two"]
        session.run(one.initializer)
        assert session.run(report).tolist() == [b"two"]
        with pytest.raises(tf.errors.FailedPreconditionError, match="uninitialized value two"):
            session.run(tf.assert_variables_initialized())
        session.run(two.initializer)
        assert session.run(report).tolist() == []


def test_variables_initializer():
    v = tf.Variable(1.0)
    assert tf.variables_initializer([], name="nothing").type == "NoOp"
    init = tf.global_variables_initializer()
    assert init.name == "init" and init.control_inputs == [v.initializer]


def test_creators_see_and_change_arguments():
    def creator(next_creator, **kwargs):
        kwargs["name"] = "made_" + kwargs["name"]
        return next_creator(**kwargs)

    with tf.variable_creator_scope(creator):
        assert tf.Variable(1.0, name="v").name == "made_v:0"
    assert tf.Variable(1.0, name="v").name == "v:0"


@pytest.mark.parametrize("use_resource", [False, True])
def test_proto_round_trip(use_resource):
    v = tf.Variable([1.0], name="scope/v", trainable=False, use_resource=use_resource)
    proto = v.to_proto()
    assert proto.variable_name == "scope/v:0" and proto.is_resource == use_resource
    again = tf.Variable.from_proto(proto)
    assert again.op is v.op and again.initializer is v.initializer and not again.trainable
    assert v.to_proto(export_scope="scope").variable_name == "v:0"
    assert v.to_proto(export_scope="other") is None
    assert tf.Variable.from_proto(v.to_proto(export_scope="scope"), import_scope="scope").op is v.op


def test_save_slice_info():
    info = tf.Variable.SaveSliceInfo("whole", [10, 4], [5, 0], [5, 4])
    assert info.spec == "10 4 5,5:0,4"
    assert tf.Variable.SaveSliceInfo(save_slice_info_def=info.to_proto()).spec == info.spec


def test_partitioned_variable():
    whole = tf.get_variable("p", [5, 2], partitioner=tf.fixed_size_partitioner(2), initializer=tf.ones_initializer())
    assert [v.name for v in whole] == ["p/part_0:0", "p/part_1:0"] and len(whole) == 2
    assert [v.get_shape().as_list() for v in whole] == [[3, 2], [2, 2]]
    assert [v._get_save_slice_info().spec for v in whole] == ["5 2 0,3:0,2", "5 2 3,2:0,2"]
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        assert session.run(tf.identity(whole)).shape == (5, 2)
        session.run(whole.assign(np.arange(10, dtype=np.float32).reshape(5, 2)))
        assert session.run(whole.as_tensor())[4].tolist() == [8, 9]


def test_initial_values_from_other_variables():
    """Both are initialized in one step, whatever the order."""
    v = tf.Variable(3.0, name="v")
    w = tf.Variable(v * 2.0, name="w")
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        assert session.run([v, w]) == [3.0, 6.0]
