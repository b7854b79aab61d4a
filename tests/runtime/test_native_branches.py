"""Conditionals in loops that run natively: the values of the reference executor, and its errors."""

import threading

import numpy as np
import pytest

import graphflow as tf
from tests.runtime.loop_checks import by_python, check, seeded, without_calls  # noqa: F401  (fixtures)


def placeholder(value, dtype=np.float32):
    value = np.array(value, dtype)
    return tf.placeholder_with_default(value, value.shape)


def looped(step, *state, trips=7):
    return tf.while_loop(lambda i, *_: i < trips, lambda i, *a: (i + 1, *step(i, *a)), [0, *state])[1:]


def with_gradients(ys, xs):
    first = tf.gradients(ys, xs)
    second = [g for g in tf.gradients(first, xs) if g is not None]
    return [*ys, *first, *second]


def test_either_branch():
    x, w = placeholder([0.5, -1.0, 2.0]), placeholder([1.5, 0.25, -0.5])
    y = looped(lambda i, a: (tf.cond(tf.equal(i % 3, 0), lambda: tf.tanh(a) * w, lambda: a - w * a),), x)
    check(with_gradients(y, [x, w]))


def test_the_predicate_is_computed_from_what_changes():
    x = placeholder([0.9, 0.8])
    y = looped(lambda i, a: (tf.cond(tf.reduce_sum(a) > 1.0, lambda: a * a, lambda: a + 0.3),), x)
    check(with_gradients(y, [x]))


@pytest.mark.parametrize("first", [0, -3, 5])
def test_cases_out_of_range_are_the_last(first):
    x = placeholder([0.5, 1.5])
    branches = [lambda a=None: tf.sin(x), lambda: x * 2.0, lambda: tf.exp(-x)]
    y = looped(lambda i, a: (tf.switch_case(i + first, branches) + a,), x)
    check(with_gradients(y, [x]))


def test_branches_hand_on_what_they_are_given():
    x, y = placeholder([1.0, 2.0]), placeholder([3.0, 4.0])

    def step(i, a, b):
        return tf.cond(tf.equal(i % 2, 0), lambda: (b, a), lambda: (a, a))

    check(looped(step, x, y))
    check(looped(lambda i, a, b: tf.cond(tf.equal(i % 2, 0), lambda: (b, tf.constant([7.0, 8.0])), lambda: (y, a * b)),
                 x, y))


def test_one_value_is_several_results():
    x = placeholder([1.0, 2.0])

    def twice(a):
        b = tf.tanh(a)
        return b, b

    y = looped(lambda i, a, b: tf.cond(tf.equal(i % 2, 0), lambda: twice(a), lambda: (a + b, b)), x, x)
    check(with_gradients(y, [x]))


def test_large_values():
    x = placeholder(np.linspace(-1, 1, 20000).reshape(100, 200))
    w = placeholder(np.eye(200))
    y = looped(lambda i, a: (tf.cond(tf.equal(i % 2, 0), lambda: tf.matmul(a, w), lambda: tf.sin(a) + x),), x)
    check([*y, *tf.gradients(y, [x, w])], tolerance=1e-4)


def test_nested_conditionals():
    x = placeholder([0.5, -0.25])

    def step(i, a):
        def inner():
            return tf.cond(tf.reduce_sum(a) > 0, lambda: tf.sin(a) - x, lambda: tf.cos(a) * tf.exp(a * x))

        return (tf.cond(tf.equal(i % 3, 0), lambda: a * 1.5, inner),)

    check(with_gradients(looped(step, x), [x]))


def test_branches_of_different_tapes():
    x = placeholder([[0.5, -0.25], [1.0, 2.0]])

    def step(i, a):
        return (tf.cond(tf.equal(i % 2, 0), lambda: tf.matmul(tf.sigmoid(a), tf.tanh(a)),
                        lambda: a * tf.reduce_sum(tf.square(tf.reduce_mean(tf.sin(a), 0)))),)

    check(with_gradients(looped(step, x), [x]))


def test_recorded_values_find_room():
    x = placeholder([0.5, 1.5])
    y = looped(lambda i, a: (tf.cond(tf.equal(i % 2, 0), lambda: tf.sin(a) * x, lambda: a + 0.5),), x, trips=70)
    check(with_gradients(y, [x]))


@pytest.mark.parametrize("use_resource", [False, True])
def test_variables_in_branches(use_resource):
    v = tf.get_variable("v", initializer=[1.0, 2.0], use_resource=use_resource)
    x = placeholder([1.0, 1.0])

    def write(a):
        with tf.control_dependencies([v.assign_add(a)]):
            return v.read_value() * 0.5

    written = looped(lambda i, a: (tf.cond(tf.equal(i % 2, 0), lambda: write(a), lambda: a * v.read_value()),), x)
    read = looped(lambda i, a: (tf.cond(tf.equal(i % 2, 0), lambda: a * v.read_value(), lambda: a + 1.0),), x)
    check(written)
    check([*read, *tf.gradients(read, [x])])
    variable_gradient = tf.gradients(read, v)
    check(variable_gradient)
    with tf.Session() as sess:
        for _ in range(2):
            sess.run(v.initializer)
            sess.run(written)
            found = sess.run(v)
        value, a = np.array([1.0, 2.0]), np.ones(2)
        for i in range(7):
            value = value + a if i % 2 == 0 else value
            a = value * 0.5 if i % 2 == 0 else a * value
        np.testing.assert_allclose(found, value, rtol=1e-5)


def test_gradients_of_conditionals_that_run_in_python(by_python):  # noqa: F811
    x = placeholder([[2.0, 0.5], [0.25, 1.5]])

    def step(i, a):
        return (tf.cond(tf.equal(i % 2, 0), lambda: tf.matrix_inverse(a) * 0.5, lambda: tf.tanh(a)),)

    y = looped(step, x)
    fetches = [*y, *tf.gradients(y, [x])]
    check(fetches)
    with without_calls():
        check(fetches, native=[False, True])


def test_gradients_of_native_conditionals_in_loops_that_run_in_python(by_python):  # noqa: F811
    x = placeholder([[2.0, 0.5], [0.25, 1.5]])

    def step(i, a):
        a = tf.cond(tf.equal(i % 2, 0), lambda: tf.sin(a) * 0.5, lambda: tf.tanh(a))
        return (tf.matrix_inverse(a + 2.0 * tf.eye(2)),)

    y = looped(step, x)
    fetches = with_gradients(y, [x])
    check(fetches)
    with without_calls():
        check(fetches, native=[False, True, True, True])


def test_tapes_without_values_are_read_in_python(by_python):  # noqa: F811
    """The loop runs natively, its gradient does not; the inner conditional records shapes only."""
    x = tf.placeholder_with_default(np.array([2.0, 0.5, 1.5], np.float32), [None])

    def inner(i, a):
        return tf.cond(i > 2, lambda: a + tf.reduce_sum(a, keepdims=True) * 0.1, lambda: a)

    @tf.custom_gradient
    def doubled(a):
        return a * 2.0, lambda grad: tf.polygamma(tf.ones([3]), grad)

    y = looped(lambda i, a: (tf.cond(i > 4, lambda: doubled(a), lambda: inner(i, a)),), x)
    fetches = [*y, *tf.gradients(y, [x])]
    check(fetches)
    with without_calls():
        check(fetches, native=[True, False])


def test_outside_of_loops():
    x, flag = placeholder([0.5, -2.0]), tf.placeholder(tf.bool, [])
    inner = tf.cond(x[0] > 0, lambda: tf.sin(x) * x, lambda: x)
    y = tf.cond(flag, lambda: tf.cond(x[1] > 0, lambda: inner, lambda: tf.exp(inner) * x), lambda: tf.square(x))
    dx, = tf.gradients(y, x)
    ddx, = tf.gradients(dx, x)
    with tf.Session() as sess:
        for value in (True, False):
            found, first, second = sess.run([y, dx, ddx], {flag: value})
            a = np.array([0.5, -2.0])
            e = np.exp(np.sin(a) * a)
            d = np.sin(a) + a * np.cos(a)
            np.testing.assert_allclose(found, e * a if value else a * a, rtol=1e-5)
            np.testing.assert_allclose(first, e + a * e * d if value else 2 * a, rtol=1e-5)
            curve = 2 * e * d + a * e * (d * d + 2 * np.cos(a) - a * np.sin(a))
            np.testing.assert_allclose(second, curve if value else [2.0, 2.0], rtol=1e-4)
        table = str(sess.explain(y, {flag: True}))
    assert "tape.choose" in table


def test_errors_in_branches_name_the_op_and_the_line():
    x = placeholder([1, 2, 3], np.int32)

    def step(i, a):
        inner = lambda: tf.cond(a[0] > 0, lambda: tf.gather(x, [i, i, i], name="lookup"), lambda: x)  # noqa: E731
        return (tf.cond(i > 1, inner, lambda: a),)

    with tf.Session() as sess, pytest.raises(
            tf.errors.InvalidArgumentError, match=r"\[0\] = 3 .*cond/lookup") as info:
        sess.run(looped(step, x))
    assert "test_native_branches.py" in str(info.value)


def test_variables_that_only_an_untaken_branch_reads():
    v = tf.get_variable("v", initializer=1.0)
    x, flag = placeholder([1.0]), tf.placeholder_with_default(False, [])
    y = tf.cond(flag, lambda: x * v.read_value(), lambda: x * 2.0)
    z = looped(lambda i, a: (tf.cond(flag, lambda: a * v.read_value(), lambda: a * 2.0),), x)[0]
    with tf.Session() as sess:
        assert sess.run(y) == 2.0
        assert sess.run(z) == [2.0 ** 7]
        with pytest.raises(tf.errors.FailedPreconditionError, match="'v'|Variable v|uninitialized value v"):
            sess.run(z, {flag: True})
        sess.run(v.initializer)
        assert sess.run(z, {flag: True}) == [1.0]


def test_threads_have_branches_of_their_own():
    x = tf.placeholder(tf.float32, [8])
    y = looped(lambda i, a: (tf.cond(tf.equal(i % 2, 0), lambda: a * 0.99 + x, lambda: a - 0.5 * x),), x, trips=2000)[0]
    results = {}
    with tf.Session() as sess:
        expected = {k: sess.run(y, {x: np.full(8, k)}) for k in range(4)}

        def work(k):
            results[k] = [sess.run(y, {x: np.full(8, k)}) for _ in range(10)]

        threads = [threading.Thread(target=work, args=(k,)) for k in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    for k, found in results.items():
        for value in found:
            np.testing.assert_array_equal(value, expected[k])


def test_endless_loops_of_conditionals_end_with_their_deadline():
    step = lambda i: tf.cond(i > 2, lambda: i - 1, lambda: i + 1)  # noqa: E731
    loop = tf.while_loop(lambda i: i < 5, step, [tf.placeholder_with_default(0, [])])
    impatient = tf.ConfigProto(operation_timeout_in_ms=300)
    with tf.Session(config=impatient) as sess, pytest.raises(tf.errors.DeadlineExceededError, match="while"):
        sess.run(loop)
