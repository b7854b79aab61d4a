"""`tf.cond`: values, structures, side effects, captures, errors."""

import collections

import numpy as np
import pytest

import graphflow as tf
from graphflow.runtime.executor import Executor


def run(fetches, feed_dict=None):
    with tf.Session() as sess:
        sess.run(tf.global_variables_initializer())
        return sess.run(fetches, feed_dict)


@pytest.fixture
def p():
    return tf.placeholder(tf.bool, [], name="p")


def test_names_and_values_are_tensorflows(p):
    x = tf.constant(2.0, name="x")
    r = tf.cond(p, lambda: tf.square(x) + 1.0, lambda: x + 10.0)
    assert r.name == "cond/Merge:0"
    assert run(r, {p: True}) == 5.0
    assert run(r, {p: False}) == 12.0
    graph = tf.get_default_graph()
    assert graph.get_operation_by_name("cond/Square").type == "Square"
    assert graph.get_tensor_by_name("cond/add_1:0").shape == []


def test_structures(p):
    Pair = collections.namedtuple("Pair", "a b")
    x = tf.constant([1.0, 2.0])
    r = tf.cond(p, lambda: {"k": Pair(x, (1, 2))}, lambda: {"k": Pair(x * 2, (3, 4))})
    assert isinstance(r["k"], Pair)
    value = run(r, {p: False})
    np.testing.assert_array_equal(value["k"].a, [2.0, 4.0])
    assert value["k"].b == (3, 4)


def test_a_single_result_is_unpacked_unless_strict(p):
    assert run(tf.cond(p, lambda: [1], lambda: (2,)), {p: True}) == 1
    assert run(tf.cond(p, lambda: [1], lambda: [2], strict=True), {p: True}) == [1]


def test_composites(p):
    sparse = tf.SparseTensor([[0]], [1.0], [2])
    slices = tf.IndexedSlices(tf.constant([1.0]), tf.constant([0]))
    other = tf.IndexedSlices(tf.constant([2.0]), tf.constant([1], tf.int64))
    s = tf.cond(p, lambda: sparse, lambda: tf.SparseTensor([[1]], [5.0], [2]))
    t = tf.cond(p, lambda: slices, lambda: other)
    assert t.indices.dtype == tf.int64
    s_value, t_values = run([s, t.values], {p: False})
    assert (s_value.values, t_values) == (5.0, 2.0)


def test_only_the_branch_taken_runs(p):
    calls = []
    r = tf.cond(p, lambda: tf.py_func(lambda: calls.append("t") or np.float32(1), [], tf.float32),
                lambda: tf.py_func(lambda: calls.append("f") or np.float32(2), [], tf.float32))
    assert run(r, {p: False}) == 2.0
    assert calls == ["f"]


@pytest.mark.parametrize("use_resource", [False, True])
def test_assignments_in_branches(p, use_resource):
    v = tf.Variable(1.0, use_resource=use_resource)
    r = tf.cond(p, lambda: tf.identity(v.assign_add(10.0)), lambda: tf.identity(v.assign(-1.0)))
    with tf.control_dependencies([r]):
        after = v.read_value()
    with tf.Session() as sess:
        sess.run(tf.global_variables_initializer())
        for _ in range(3):  # the first runs on the reference tier
            sess.run(v.initializer)
            assert sess.run([r, after], {p: True}) == [11.0, 11.0]
            assert sess.run([r, after], {p: False}) == [-1.0, -1.0]
            assert sess.run(v) == -1.0


def test_an_operation_as_result(p):
    v = tf.Variable(0)
    r = tf.cond(p, lambda: tf.group(v.assign_add(1)), lambda: tf.no_op())
    with tf.Session() as sess:
        sess.run(v.initializer)
        assert sess.run(r, {p: True}) and not sess.run(r, {p: False})
        assert sess.run(v) == 1


def test_a_branch_runs_only_what_its_result_needs(p):
    v = tf.Variable(0)

    def unused():
        v.assign_add(1)
        return tf.constant(1)

    with tf.Session() as sess:
        sess.run(v.initializer)
        sess.run(tf.cond(p, unused, lambda: tf.constant(2)), {p: True})
        assert sess.run(v) == 0


def test_initialised_only_where_it_is_read(p):
    v = tf.Variable(3.0)
    w = tf.Variable(4.0, use_resource=True)
    r = tf.cond(p, lambda: v.read_value() + w.read_value(), lambda: tf.constant(0.0))
    with tf.Session() as sess:
        assert sess.run(r, {p: False}) == 0.0
        with pytest.raises(tf.errors.FailedPreconditionError, match="Variable"):
            sess.run(r, {p: True})
        sess.run(tf.global_variables_initializer())
        assert sess.run(r, {p: True}) == 7.0


@pytest.mark.parametrize("executor", ["", "reference"])
@pytest.mark.parametrize("pred", ["itself", "read"])
def test_a_variable_chooses_the_branch_that_changes_it(monkeypatch, pred, executor):
    monkeypatch.setenv("GRAPHFLOW_EXECUTOR", executor)
    v = tf.get_variable("v", initializer=True)
    changed = tf.cond(v if pred == "itself" else v.value(), lambda: tf.assign(v, False), lambda: True)
    with tf.Session() as sess:
        with pytest.raises(tf.errors.FailedPreconditionError, match="v"):
            sess.run(changed)
        sess.run(v.initializer)
        assert [bool(sess.run(changed)) for _ in range(3)] == [False, True, True]


def test_variables_made_in_a_branch_belong_to_the_graph(p):
    def branch():
        with tf.variable_scope("inner"):
            return tf.get_variable("w", [], initializer=tf.ones_initializer()) * 2.0

    r = tf.cond(p, branch, lambda: tf.constant(0.0))
    assert [v.name for v in tf.trainable_variables()] == ["inner/w:0"]
    assert tf.trainable_variables()[0].graph is tf.get_default_graph()
    assert run(r, {p: True}) == 2.0
    with pytest.raises(ValueError, match="use a lambda as the initializer"):
        tf.cond(p, lambda: tf.Variable(tf.constant(1.0)) + 0.0, lambda: tf.constant(0.0))


def test_nested(p):
    x = tf.placeholder(tf.float32, [])
    r = tf.cond(p, lambda: tf.cond(x > 0, lambda: x * 2, lambda: tf.cond(x < -5.0, lambda: -x, lambda: x)),
                lambda: tf.constant(100.0))
    for value, expected in ((3.0, 6.0), (-2.0, -2.0), (-7.0, 7.0)):
        assert run(r, {p: True, x: value}) == expected
    assert run(r, {p: False, x: 1.0}) == 100.0


def test_control_dependencies_cross_the_border(p):
    v = tf.Variable(1)
    outer = v.assign_add(5)

    def branch():
        with tf.control_dependencies([outer]):
            return v.read_value()

    assert run(tf.cond(p, branch, lambda: tf.constant(0)), {p: True}) == 6
    with tf.control_dependencies([v.assign(42)]):
        r = tf.cond(p, lambda: v.read_value(), lambda: tf.constant(0))
    assert run(r, {p: True}) == 42


def test_a_fed_constant_is_seen_in_the_body(p):
    c = tf.constant(1.0)
    r = tf.cond(p, lambda: c + 1.0, lambda: c)
    assert run(r, {p: True}) == 2.0
    assert run(r, {p: True, c: 5.0}) == 6.0


def test_static_shapes_merge(p):
    r = tf.cond(p, lambda: tf.zeros([2, 3]), lambda: tf.zeros([2, 4]))
    assert r.shape.as_list() == [2, None]
    assert tf.cond(p, lambda: tf.zeros([2]), lambda: tf.zeros([2, 4])).shape.ndims is None
    assert run(r, {p: False}).shape == (2, 4)


def test_runs_in_the_specialised_executor(p):
    x = tf.placeholder(tf.float32, [None])
    r = tf.cond(p, lambda: x * 2.0, lambda: tf.exp(x)) + 1.0
    with tf.Session() as sess:
        for _ in range(3):
            np.testing.assert_allclose(sess.run(r, {p: True, x: [1.0, 2.0]}), [3.0, 5.0])
        assert {type(e) for e in sess._bound.values()} == {Executor}


def test_tensors_inside_can_be_neither_used_nor_fetched_outside(p):
    leaked = []
    tf.cond(p, lambda: leaked.append(tf.constant(1.0) + 1.0) or leaked[0], lambda: tf.constant(0.0))
    with pytest.raises(ValueError, match="is in a cond branch"):
        leaked[0] + 1.0
    with pytest.raises(ValueError, match="not fetchable"):
        run(leaked[0])


def test_errors_in_a_body_name_the_op(p):
    zero = tf.placeholder_with_default(0, [])
    r = tf.cond(p, lambda: tf.div(tf.constant(1), zero, name="bad"), lambda: tf.constant(1))
    with pytest.raises(tf.errors.InvalidArgumentError, match="cond/bad.*\n.*test_cond.py"):
        run(r, {p: True})


@pytest.mark.parametrize(("arguments", "error", "message"), [
    ((True, lambda: 1, lambda: 2), TypeError, "pred must not be a Python bool"),
    ((1, lambda: 1, lambda: 2), TypeError, "type int32 that does not match expected type of bool"),
    (([True], lambda: 1, lambda: 2), ValueError, "must be rank 0 but is rank 1"),
    ((None, 1, lambda: 2), TypeError, "true_fn must be callable"),
    ((None, lambda: 1, None), TypeError, "false_fn argument required"),
    ((None, lambda: 1, lambda: 2.0), ValueError, "same type: int32, float32"),
    ((None, lambda: [1, 2], lambda: [2.0]), ValueError, "Incompatible return values of true_fn and false_fn"),
    ((None, lambda: [1, 2], lambda: (2, 3)), TypeError, "Incompatible return types of true_fn and false_fn"),
    ((None, lambda: None, lambda: 1), ValueError, "true_fn must have a return value"),
    ((None, lambda: [], lambda: []), ValueError, "at least one result"),
])
def test_refused(p, arguments, error, message):
    pred, true_fn, false_fn = arguments
    pred = p if pred is None else pred if pred is True else tf.constant(pred)
    with pytest.raises(error, match=message):
        tf.cond(pred, true_fn, false_fn)


def test_old_argument_names(p):
    with pytest.warns(DeprecationWarning, match="fn1/fn2 are deprecated"):
        r = tf.cond(p, fn1=lambda: 1, fn2=lambda: 2)
    assert run(r, {p: False}) == 2
    with pytest.raises(TypeError, match="may not be set simultaneously"):
        tf.cond(p, lambda: 1, lambda: 2, fn1=lambda: 1)


@pytest.mark.parametrize("use_resource", [False, True])
def test_training_in_a_branch(p, use_resource):
    v = tf.Variable(1.0, use_resource=use_resource)
    step = tf.cond(p, lambda: tf.train.AdamOptimizer(0.1).minimize(tf.square(v.read_value()), var_list=[v]),
                   lambda: tf.no_op())
    with tf.Session() as sess:
        sess.run(tf.global_variables_initializer())
        for _ in range(2):
            sess.run(step, {p: True})
            sess.run(step, {p: False})
        assert sess.run(v) == pytest.approx(0.8004, abs=1e-3)
