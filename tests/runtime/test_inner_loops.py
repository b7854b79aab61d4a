"""Loops within loops and branches that run natively: the values of the reference executor, errors, and ends."""

import threading

import numpy as np
import pytest

import graphflow as tf
from tests.runtime.test_native_branches import looped, placeholder
from tests.runtime.test_native_loop import check, seeded  # noqa: F401  (a fixture)


def test_loops_within_loops():
    x, w = placeholder([0.5, -1.0, 2.0]), placeholder([1.5, 0.25, -0.5])
    y = looped(lambda i, a: looped(lambda j, b: (tf.tanh(b * w) + a * x,), a, trips=4), x)
    check(y)


def test_trips_that_depend_on_the_outer_iteration():
    x = placeholder([0.5, 0.25])
    y = looped(lambda i, a: looped(lambda j, b: (b * 0.5 + x,), a, trips=i), x)
    check(y)


def test_three_deep_with_a_branch():
    x = placeholder([0.5, 0.25])

    def innermost(k, c, j):
        return (tf.cond(tf.equal((j + k) % 2, 0), lambda: c * 0.5 + x, lambda: tf.sin(c)),)

    def inner(j, b):
        return looped(lambda k, c: innermost(k, c, j), b, trips=3)

    check(looped(lambda i, a: looped(inner, a, trips=2), x))
    check(looped(lambda i, a: (tf.cond(i > 2, lambda: looped(inner, a, trips=2)[0], lambda: a + x),), x))


def test_variables_that_change_places_or_are_given():
    x, w = placeholder([1.0, 2.0]), placeholder([3.0, 4.0])

    def inner(a, b):
        first = looped(lambda j, c, d: (d, c), a, b, trips=3)
        second = looped(lambda j, c, d: (w, c * 0.5), *first, trips=2)
        return looped(lambda j, c, d: (a, tf.constant([0.5, 0.25])), *second, trips=1)

    y = looped(lambda i, a, b: inner(a * 0.9, b + i_as(a, i)), x, w)
    check(y)


def i_as(like, i):
    return tf.cast(i, like.dtype) * 0.1


def test_the_test_is_given():
    x, flag = placeholder([1.0, 2.0]), placeholder(False, np.bool_)
    check(looped(lambda i, a: (tf.while_loop(lambda b: flag, lambda b: b * 2.0, [a]) + 1.0,), x))


@pytest.mark.parametrize("use_resource", [False, True])
def test_variables_of_the_session(use_resource):
    v = tf.get_variable("v", initializer=[1.0, 2.0], use_resource=use_resource)
    x = placeholder([1.0, 1.0])

    def step(j, b):
        with tf.control_dependencies([v.assign_add(b * 0.1)]):
            return (v.read_value() * 0.5,)

    y = looped(lambda i, a: looped(step, a, trips=3), x)
    check(y)
    read = looped(lambda i, a: looped(lambda j, b: (b * v.read_value() * 0.5,), a, trips=3), x)
    check(read)


def test_gradients_of_inner_loops():
    x, w = placeholder([0.5, -1.0]), placeholder([1.5, 0.25])
    y = looped(lambda i, a: looped(lambda j, b: (tf.tanh(b * w) + a * x,), a, trips=4), x, trips=3)
    check([*y, *tf.gradients(y, [x, w])], native=[False, False])


def test_errors_name_the_op_and_the_line():
    x = placeholder([1, 2, 3], np.int32)

    def step(i, a):
        return looped(lambda j, b: (tf.gather(x, [i, j, i + j], name="lookup") + b,), a, trips=2)

    with tf.Session() as sess, pytest.raises(
            tf.errors.InvalidArgumentError, match=r"\[2\] = 3 .*lookup") as info:
        sess.run(looped(step, x))
    assert "test_inner_loops.py" in str(info.value)


def test_many_iterations_are_paused_and_go_on():
    x = placeholder([0.0], np.float64)
    y = looped(lambda i, a: looped(lambda j, b: (b + 1.0,), a, trips=100_000), x, trips=7)
    z = looped(lambda i, a: looped(lambda j, b: looped(lambda k, c: (c + 1.0,), b, trips=300), a, trips=300), x,
               trips=3)
    branch = tf.cond(x[0] < 1.0, lambda: looped(lambda j, b: (b + 1.0,), x, trips=123_456)[0], lambda: x)
    with tf.Session() as sess:
        for _ in range(2):
            assert sess.run(y)[0] == [700_000.0]
            assert sess.run(z)[0] == [270_000.0]
            assert sess.run(branch) == [123_456.0]


def endless(i, a):
    inner = tf.while_loop(lambda b: b < 5.0, lambda b: tf.minimum(b + 1.0, 3.0), [tf.reduce_sum(a)])
    return (a + inner,)


@pytest.mark.parametrize("around", ["loop", "branch", "python"])
def test_endless_loops_end_with_their_session_or_deadline(around):
    x = placeholder([[1.0]])
    if around == "loop":
        y = looped(endless, x)[0]
    elif around == "branch":
        y = tf.cond(x[0, 0] < 2.0, lambda: endless(0, x)[0], lambda: x)
    else:
        y = looped(lambda i, a: endless(i, tf.matrix_inverse(a)), x)[0]
    impatient = tf.ConfigProto(operation_timeout_in_ms=300)
    with tf.Session(config=impatient) as sess, pytest.raises(tf.errors.DeadlineExceededError):
        sess.run(y)
    sess = tf.Session()
    caught = []

    def target():
        with pytest.raises(tf.errors.CancelledError) as info:
            sess.run(y)
        caught.append(info.value)

    thread = threading.Thread(target=target)
    thread.start()
    threading.Event().wait(0.3)
    sess.close()
    thread.join(10)
    assert caught
