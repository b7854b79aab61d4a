"""`tf.case`, `tf.switch_case` and predicates known while the graph is built."""

import pytest

import graphflow as tf


def run(fetches, feed_dict=None):
    with tf.Session() as sess:
        return sess.run(fetches, feed_dict)


@pytest.fixture
def x():
    return tf.placeholder(tf.int32, [])


def pairs(x):
    return [(x < 2, lambda: tf.constant(17)), (x < 5, lambda: tf.constant(23)), (x < 9, lambda: x + 1)]


def test_the_first_true_predicate_counts(x):
    r = tf.case(pairs(x), default=lambda: tf.constant(-1))
    assert [run(r, {x: v}) for v in (1, 3, 7, 20)] == [17, 23, 8, -1]


def test_exclusive(x):
    r = tf.case(pairs(x), default=lambda: tf.constant(-1), exclusive=True)
    assert run(r, {x: 7}) == 8
    with pytest.raises(tf.errors.InvalidArgumentError, match="more than 1 conditions"):
        run(r, {x: 1})


def test_without_default(x):
    r = tf.case(pairs(x))
    assert run(r, {x: 7}) == 8
    with pytest.raises(tf.errors.InvalidArgumentError, match="None of conditions evaluated as True"):
        run(r, {x: 20})


def test_dictionary(x):
    first, second = tf.less(x, 2, name="a"), tf.less(x, 5, name="b")
    with pytest.warns(UserWarning, match="exclusive=False"):
        r = tf.case({second: lambda: tf.constant(2), first: lambda: tf.constant(1)}, default=lambda: tf.constant(3))
    assert [run(r, {x: v}) for v in (1, 4, 6)] == [1, 2, 3]


@pytest.mark.parametrize(("argument", "message"), [
    (3, "fns must be a list"), ([1], "must be a 2-tuple"), ([(True, 1)], "pred must be a Tensor, got"),
])
def test_case_refuses(argument, message):
    with pytest.raises(TypeError, match=message):
        tf.case(argument)


def test_switch_case(x):
    functions = [lambda: tf.constant(17), lambda: x * 2, lambda: tf.constant(-1)]
    r = tf.switch_case(x, functions)
    assert [run(r, {x: v}) for v in (0, 1, 2, 9, -4)] == [17, 2, -1, -1, -1]
    shuffled = tf.switch_case(x, {1: functions[1], 0: functions[0]}, default=functions[2])
    assert [run(shuffled, {x: v}) for v in (0, 1, 2, 9)] == [17, 2, -1, -1]


@pytest.mark.parametrize(("functions", "error", "message"), [
    ([], ValueError, "at least one item"),
    ({2: lambda: 1}, ValueError, "contiguous range of \\[0 to 1\\) but found \\{2\\}"),
    ([(0, 1)], TypeError, "fn for key 0 must be callable"), (["a"], TypeError, "must be a 2-tuple"),
])
def test_switch_case_refuses(x, functions, error, message):
    with pytest.raises(error, match=message):
        tf.switch_case(x, functions)


def test_smart_cond():
    framework = tf.contrib.framework
    assert framework.smart_cond(True, lambda: "a", lambda: "b") == "a"
    assert framework.smart_cond(tf.constant(False), lambda: "a", lambda: "b") == "b"
    p = tf.placeholder(tf.bool, [])
    assert run(framework.smart_cond(p, lambda: 1, lambda: 2), {p: False}) == 2
    assert framework.smart_constant_value(p) is None
    with pytest.raises(TypeError, match="must be a Tensor, or a Python bool"):
        framework.smart_cond("x", lambda: 1, lambda: 2)
    assert framework.smart_case([(False, lambda: "a"), (True, lambda: "b")], default=lambda: "c") == "b"
