"""Loops within loops and branches that run natively: the values of the reference executor, errors, and ends."""

import os
import threading
from unittest import mock

import numpy as np
import pytest

import graphflow as tf
from tests.runtime.loop_checks import are_native, by_python, check, seeded, without_calls  # noqa: F401  (fixtures)
from tests.runtime.test_native_branches import looped, placeholder, with_gradients


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
    check([*y, *tf.gradients(y, [x, w])])


def test_gradients_find_room():
    """What inner loops record takes as many rows as they run; there is room for 32 at first."""
    x, w = placeholder([0.5, -1.0]), placeholder([1.5, 0.25])
    outer, inner = tf.placeholder(tf.int32, []), tf.placeholder(tf.int32, [])
    step = lambda i, a: looped(lambda j, b: (tf.sin(b * w) * 0.9 + a * x * 0.1,), a, trips=inner - i % 2)  # noqa: E731
    y = looped(step, x, trips=outer)
    for counts in ((3, 4), (0, 5), (4, 0), (2, 31), (2, 32), (2, 33), (1, 34), (70, 3), (3, 200), (3, 4), (1, 1)):
        check([*y, *tf.gradients(y, [x, w])], dict(zip((outer, inner), counts)))


def test_runs_with_other_counts_in_one_session():
    x, outer, inner = tf.placeholder(tf.float32, [None]), tf.placeholder(tf.int32, []), tf.placeholder(tf.int32, [])
    y = looped(lambda i, a: looped(lambda j, b: (tf.tanh(b) + a * 0.3,), a, trips=inner + i), x, trips=outer)
    slope, = tf.gradients(y, x)
    bend, = tf.gradients(tf.reduce_sum(slope * slope), x)
    feeds = [{x: np.linspace(-1, 1, size), outer: i, inner: j} for size, i, j in (
        (3, 2, 3), (3, 5, 40), (2, 2, 0), (3, 0, 3), (3, 2, 3), (1000, 4, 9), (3, 60, 1), (3, 2, 3))]
    for fetches in ([*y, slope], [*y, slope, bend]):
        with mock.patch.dict(os.environ, {"GRAPHFLOW_EXECUTOR": "reference"}), tf.Session() as sess:
            expected = [sess.run(fetches, feed) for feed in feeds]
        with tf.Session() as sess:
            found = [sess.run(fetches, feed) for feed in feeds]
            assert bend in fetches or all(are_native(sess))
        for one, other in zip(found, expected, strict=True):
            for a, b in zip(one, other, strict=True):
                np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-5)


def test_gradients_three_deep_with_branches():
    x, w = placeholder([0.5, 0.25]), placeholder([1.5, -0.5])

    def innermost(k, c, j):
        return (tf.cond(tf.equal((j + k) % 2, 0), lambda: c * 0.5 + w, lambda: tf.sin(c * x)),)

    def inner(j, b):
        b, = looped(lambda k, c: innermost(k, c, j), b, trips=j + 1)
        return (tf.cond(j > 0, lambda: looped(lambda k, c: (tf.tanh(c * w),), b, trips=j)[0], lambda: tf.cos(b)),)

    y = looped(lambda i, a: looped(inner, a, trips=i), x, trips=5)
    check(with_gradients(y, [x, w]))


def test_gradients_taken_within_an_iteration():
    x, inner = placeholder([0.5, -0.25]), tf.placeholder(tf.int32, [])

    def body(i, a):
        def energy(point):
            last, = looped(lambda j, b: (tf.tanh(b * x) + point * 0.5,), point, trips=inner + i % 2)
            return tf.reduce_sum(last * last)

        either = tf.cond(tf.equal(i % 3, 0), lambda: tf.gradients(energy(a), a)[0], lambda: a * 0.5)
        return (a - 0.1 * tf.gradients(energy(a), a)[0] + 0.1 * either,)

    y = looped(body, x, trips=6)
    for count in (0, 3, 50):
        check(y, {inner: count})


def test_gradients_that_python_takes(by_python):  # noqa: F811
    """It reads the tapes of inner loops that ran natively, and native loops those that it made."""
    rows = placeholder(np.random.RandomState(0).randn(12, 2))       # their gradient is sparse: Python joins it
    y = looped(lambda i, a: looped(
        lambda j, b: (tf.cond(tf.equal(j % 2, 0), lambda: tf.tanh(b + tf.gather(rows, 3 * i + j)), lambda: b * 0.5),),
        a, trips=3), tf.zeros([2]), trips=4)
    check([*y, tf.convert_to_tensor(tf.gradients(y, rows)[0])], native=[True, False])
    seldom = lambda i, a: (tf.cond(tf.equal(i, 2), lambda: looped(  # noqa: E731
        lambda j, b: (tf.tanh(b + tf.gather(rows, i + j)),), a, trips=3)[0], lambda: a * tf.cos(a)),)
    y = looped(seldom, tf.zeros([2]) + 0.5, trips=4)
    check([*y, tf.convert_to_tensor(tf.gradients(y, rows)[0])], native=[True, False])
    x = placeholder([[0.5, 0.25], [0.125, 1.0]])

    def body(i, a):
        inverse = tf.stop_gradient(tf.matrix_inverse(a + 3.0 * tf.eye(2)))
        inner = lambda j, b: (tf.cond(j > 0, lambda: tf.tanh(b), lambda: tf.sin(b * x)),)  # noqa: E731
        return looped(inner, a * 0.5 + inverse, trips=i)

    y = looped(body, x, trips=4)
    fetches = [*y, *tf.gradients(y, x)]
    check(fetches)
    with without_calls():
        check(fetches, native=[False, True])
    deep = lambda i, a: looped(lambda j, b: looped(lambda k, c: (tf.tanh(c * x),), b, trips=j), a, trips=3)  # noqa: E731
    y = looped(lambda i, a: body(i, *deep(i, a)), x, trips=4)
    fetches = [*y, *tf.gradients(y, x)]
    check(fetches)
    with without_calls():
        check(fetches, native=[False, True])


@pytest.mark.parametrize("deep", [False, True])
def test_gradients_of_what_is_taken_at_an_index(deep):
    x, w = placeholder(np.random.RandomState(0).randn(3, 4, 2)), placeholder(np.random.RandomState(1).randn(5, 3, 2))
    if deep:
        y = looped(lambda i, a: looped(lambda j, b: (tf.tanh(b + x[i, -1 - j] * x[-1, j]),), a, trips=4), x[0, 0],
                   trips=3)
        z = looped(lambda i, a: looped(lambda j, b: (tf.sin(b * w[:, j, 1])[::-1],), a, trips=3), w[:, 0, 0], trips=2)
    else:
        y = looped(lambda i, a: (tf.tanh(a + x[i]) * x[:, i, :][0],), x[0], trips=3)
        z = looped(lambda i, a: (tf.sin(a + w[:, :, i]),), w[:, :, 0], trips=2)
    check([*y, *z, *tf.gradients([*y, *z], [x, w])])


def test_errors_where_a_tape_is_written():
    x = placeholder([1.0, 2.0, 3.0])
    y = looped(lambda i, a: looped(lambda j, b: (b * tf.gather(x, i + j, name="lookup"),), a, trips=3), x, trips=3)
    with tf.Session() as sess:
        for _ in range(2):
            with pytest.raises(tf.errors.InvalidArgumentError, match="lookup") as info:
                sess.run(tf.gradients(y, x))
            assert "test_inner_loops.py" in str(info.value)


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
def test_endless_loops_end_with_their_session_or_deadline(around, by_python):  # noqa: F811
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


def test_random_numbers_in_branches_and_inner_loops():
    """Those of the reference executor: a kernel that does not run draws nothing."""
    x, flag, trips = placeholder([0.5, -1.0]), tf.placeholder(tf.bool, []), tf.placeholder(tf.int32, [])

    def body(i, a):
        a = tf.cond(tf.logical_and(flag, i > 1), lambda: tf.nn.dropout(a, 0.5) + tf.random_normal([2]), lambda: a * 0.5)
        a, = looped(lambda j, b: (b * tf.random_uniform([2]) + tf.cond(j > 1, lambda: tf.truncated_normal([2]),
                                                                        lambda: b),), a, trips=trips)
        return (tf.tanh(a) + tf.random_uniform([2]),)

    y = looped(body, x, trips=5)
    outside = tf.cond(flag, lambda: tf.random_normal([2]) * x, lambda: x)
    fetches = [*y, *tf.gradients(y, [x]), outside]
    feeds = [{flag: f, trips: count} for f, count in (
        (True, 3), (False, 3), (True, 0), (True, 50), (False, 1), (True, 3))]
    with mock.patch.dict(os.environ, {"GRAPHFLOW_EXECUTOR": "reference"}), tf.Session() as sess:
        expected = [sess.run(fetches, feed) for feed in feeds]
    with tf.Session() as sess:
        found = [sess.run(fetches, feed) for feed in feeds]
        assert all(are_native(sess))
    for one, other in zip(found, expected, strict=True):
        for a, b in zip(one, other, strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-5)


def test_runs_at_once_draw_other_numbers():
    y = looped(lambda i, a: looped(lambda j, b: (b + tf.random_uniform([]) * 0.0 + tf.random_uniform([]),), a, trips=3),
               tf.zeros([]), trips=50)[0]
    found = []
    with tf.Session() as sess:
        sess.run(y)
        threads = [threading.Thread(target=lambda: found.extend(sess.run(y) for _ in range(20))) for _ in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert len(set(map(float, found))) == 60
