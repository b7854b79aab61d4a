"""The executor: order of effects, memory shared with variables and callers, failures, threads, forks."""

import os
import threading

import numpy as np
import pytest

import graphflow as tf
from graphflow.framework import raw_ops
from graphflow.runtime.executor import wait_for_kernels


def warm(sess, *args):
    """Runs until the native kernels are there; returns the last result."""
    sess.run(*args)
    wait_for_kernels(30)
    for slot_run in sess._bound.values():
        for entry in getattr(slot_run, "_entries", {}).values():
            entry.next_poll = 0
    return sess.run(*args)


@pytest.mark.parametrize("check", ["numerics", "assert", "py_func"])
def test_a_check_comes_before_the_write_that_waits_for_it(check):
    x = tf.placeholder(tf.float32, [4])
    v = tf.Variable(tf.zeros([4]))
    doubled = x * 2.0
    if check == "numerics":
        op = tf.check_numerics(doubled, "bad")
    elif check == "assert":
        op = tf.Assert(tf.reduce_all(tf.is_finite(doubled)), [doubled])
    else:
        def refuse(array):
            if not np.isfinite(array).all():
                raise ValueError("bad")
            return array
        op = tf.py_func(refuse, [doubled], tf.float32)
    with tf.control_dependencies([op]):
        write = tf.assign_add(v, doubled + 1.0)
    after = doubled * 3.0 + 1.0
    with tf.Session() as sess:
        sess.run(tf.global_variables_initializer())
        warm(sess, [write, after], {x: np.zeros(4, "f")})
        before = sess.run(v)
        with pytest.raises(tf.errors.OpError):
            sess.run([write, after], {x: np.full(4, np.nan, "f")})
        np.testing.assert_array_equal(sess.run(v), before)


def test_fetching_pure_operations_only():
    x = tf.placeholder(tf.float32, [3])
    y = x * 2.0
    z = y + 1.0
    with tf.Session() as sess:
        assert warm(sess, [z.op], {x: np.ones(3, "f")}) == [None]


def test_scatter_of_a_variable_into_itself():
    v = tf.Variable([[0.0], [2.0], [4.0], [6.0]])
    update = tf.scatter_update(v, [3, 2, 1, 0], v)
    with tf.Session() as sess:
        for _ in range(3):
            sess.run(tf.global_variables_initializer())
            np.testing.assert_array_equal(sess.run(update), [[6], [4], [2], [0]])


def test_assignment_of_another_shape_in_a_run_that_reads():
    v = tf.Variable([1.0, 2.0, 3.0])
    total = tf.reduce_sum(v)
    fed = tf.placeholder(tf.float32)
    loose = tf.assign(v, fed, validate_shape=False)
    with tf.Session() as sess:
        sess.run(tf.global_variables_initializer())
        assert sess.run([total, loose], {fed: [7.0]})[0] == 6
        np.testing.assert_array_equal(sess.run(v), [7])


def test_operands_that_do_not_fit_never_reach_native_code():
    v = tf.Variable(tf.zeros([3000]))
    delta = tf.placeholder(tf.float32)
    step = raw_ops.ApplyGradientDescent(v._ref(), 1.0, delta)
    y, dy = tf.placeholder(tf.float32), tf.placeholder(tf.float32)
    grad = raw_ops.TanhGrad(y, dy)
    with tf.Session() as sess:
        sess.run(tf.global_variables_initializer())
        warm(sess, step.op, {delta: np.zeros(3000, "f")})
        with pytest.raises(tf.errors.InvalidArgumentError):
            sess.run(step.op, {delta: np.zeros(2, "f")})
        np.testing.assert_array_equal(sess.run(v), np.zeros(3000))
        warm(sess, grad, {y: np.zeros(500, "f"), dy: np.zeros(500, "f")})
        with pytest.raises(tf.errors.InvalidArgumentError):
            sess.run(grad, {y: np.zeros(500, "f"), dy: np.zeros(3, "f")})


def test_one_storage_has_one_dtype():
    a = raw_ops.VariableV2(shape=[2], dtype=tf.float32, shared_name="s", name="a")
    b = raw_ops.VariableV2(shape=[2], dtype=tf.float64, shared_name="s", name="b")
    with tf.Session() as sess:
        sess.run(raw_ops.Assign(a, tf.zeros([2])).op)
        with pytest.raises(tf.errors.InvalidArgumentError, match="shares"):
            sess.run(raw_ops.AssignAdd(b, tf.zeros([2], tf.float64)).op)


def test_a_python_function_may_run_the_session():
    v = tf.Variable(0.0)
    add = tf.assign_add(v, 1.0)
    with tf.Session() as sess:
        sess.run(tf.global_variables_initializer())
        call = tf.py_func(lambda: np.float32(sess.run(add)), [], tf.float32)
        both = [tf.assign_add(v, 10.0), call]
        done = threading.Thread(target=lambda: sess.run(both), daemon=True)
        done.start()
        done.join(20)
        assert not done.is_alive()
        assert sess.run(v) == 11


def test_interrupted_runs_leave_the_session_usable():
    v = tf.Variable(tf.zeros([4]))
    x = tf.placeholder(tf.float32, [None])
    step = tf.assign_add(v, tf.reshape(x, [4]))
    with tf.Session() as sess:
        sess.run(tf.global_variables_initializer())
        for _ in range(3):
            with pytest.raises(tf.errors.InvalidArgumentError):
                sess.run(step, {x: np.ones(3, "f")})
        np.testing.assert_array_equal(sess.run(step, {x: np.ones(4, "f")}), np.ones(4))
        assert sess._resources.gate.acquire(blocking=False)
        sess._resources.gate.release()


def test_named_tuples_are_told_from_tuples():
    import collections

    pair = collections.namedtuple("pair", "a b")
    a, b = tf.constant(1), tf.constant(2)
    with tf.Session() as sess:
        assert type(sess.run((a, b))) is tuple
        assert type(sess.run(pair(a, b))) is pair
        assert type(sess.run([(a, b)])[0]) is tuple
        assert type(sess.run([pair(a, b)])[0]) is pair


def test_order_of_feeds_does_not_matter():
    a, b = tf.placeholder(tf.float32, []), tf.placeholder(tf.float32, [])
    c = a - b
    with tf.Session() as sess:
        assert sess.run(c, {a: 3, b: 1}) == 2
        assert sess.run(c, {b: 1, a: 3}) == 2
        assert len(sess._bound) == 1


def test_counts_are_exact_under_threads():
    v, x = tf.Variable(0.0), tf.placeholder(tf.float32, [None])
    add, read = tf.assign_add(v, tf.reduce_sum(x)), v * 2.0
    with tf.Session() as sess:
        sess.run(tf.global_variables_initializer())

        def work(n):
            for i in range(40):
                sess.run(add, {x: np.ones(1 + (n + i) % 3, "f")})
                sess.run(read)
        threads = [threading.Thread(target=work, args=(n,)) for n in range(8)]
        for t in threads:
            t.start()
        for t in threads:
            t.join()
        expected = sum(1 + (n + i) % 3 for n in range(8) for i in range(40))
        assert sess.run(v) == expected


def test_profile_leaves_variables_alone():
    x = tf.placeholder(tf.float32, [20000])
    v = tf.Variable(1.0)
    step = tf.assign_add(v, 1.0)
    y = tf.exp(x)
    with tf.Session() as sess:
        sess.run(tf.global_variables_initializer())
        feed = {x: np.ones(20000, "f")}
        warm(sess, [y, step], feed)
        before = sess.run(v)
        assert "us" in sess.explain([y, step], feed, profile=True)
        assert sess.run(v) == before


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_a_forked_child_may_run():
    x = tf.placeholder(tf.float32, [2])
    v = tf.Variable([1.0, 2.0])
    y = x * v
    with tf.Session() as sess:
        sess.run(tf.global_variables_initializer())
        warm(sess, y, {x: [1, 1]})
        with sess._resources.gate:  # held by another thread than the child's
            child = os.fork()
            if child == 0:
                ok = threading.Thread(target=lambda: os._exit(0 if sess.run(y, {x: [1, 1]})[1] == 2 else 1))
                ok.start()
                ok.join(20)
                os._exit(2)
        assert os.waitpid(child, 0)[1] == 0


def test_rows_are_selected_in_fused_steps_too():
    """A vector condition means rows, also where it would fit the columns."""
    x, chosen = tf.placeholder(tf.float32, [3, 3]), tf.placeholder(tf.bool, [3])
    y = tf.where(chosen, x * 2.0, x - 1.0) + 1.0
    fed, mask = np.arange(9, dtype=np.float32).reshape(3, 3), np.array([True, False, True])
    expected = np.where(mask[:, None], fed * 2, fed - 1) + 1
    with tf.Session() as session:
        np.testing.assert_array_equal(session.run(y, {x: fed, chosen: mask}), expected)
        np.testing.assert_array_equal(warm(session, y, {x: fed, chosen: mask}), expected)


def test_biases_of_first_channels_are_fused_too():
    """As many columns as channels: biases still belong to channels."""
    x = tf.placeholder(tf.float32, [2, 3, 4, 3])
    y = tf.nn.relu(tf.nn.bias_add(x * 2.0, tf.constant([1.0, 10.0, 100.0]), data_format="NCHW"))
    fed = np.arange(72, dtype=np.float32).reshape(2, 3, 4, 3)
    with tf.Session() as session:
        np.testing.assert_array_equal(warm(session, y, {x: fed}), fed * 2 + np.array([1, 10, 100])[:, None, None])


def storage(sess, variable):
    """The slot of a variable."""
    return next(slot for key, slot in sess._resources._slots.items() if variable.op.name in key)


@pytest.mark.parametrize("resource", [False, True])
def test_the_first_write_after_initialisation_is_in_place(resource):
    v = tf.get_variable("v", initializer=tf.constant([1.0, 2.0]), use_resource=resource)
    add = tf.assign_add(v, [1.0, 1.0])
    with tf.Session() as sess:
        sess.run(v.initializer)
        array = storage(sess, v).value
        sess.run(add)
        assert storage(sess, v).value is array
        np.testing.assert_array_equal(array, [2, 3])


def test_runs_that_ended_share_no_variable():
    v, fed = tf.Variable([1.0, 2.0]), tf.placeholder(tf.float32, [2])
    product, add = v * fed, tf.assign_add(v, fed)
    bad = tf.check_numerics(product, "bad")
    trace = tf.RunOptions(trace_level=tf.RunOptions.FULL_TRACE)
    with tf.Session() as sess:
        sess.run(v.initializer)
        slot = storage(sess, v)
        assert not slot.shared
        sess.run([product, add], {fed: [1, 1]}, options=trace, run_metadata=tf.RunMetadata())
        assert not slot.shared
        for value in ([1, 1], [np.nan, 1]):
            handle = sess.partial_run_setup([bad, add], [fed])
            assert slot.shared == 1
            try:
                np.testing.assert_array_equal(sess.partial_run(handle, bad, {fed: value}), [2, 3])
                sess.partial_run(handle, add)
            except tf.errors.InvalidArgumentError:
                assert np.isnan(value[0])
            assert not slot.shared


def test_what_is_assigned_is_not_written_to_later():
    fed, loose = tf.placeholder(tf.float32), tf.Variable(0.0, validate_shape=False)
    resource = tf.get_variable("r", [2], use_resource=True)
    writes = [tf.assign(loose, fed, validate_shape=False), tf.assign(resource, fed)]
    adds = [tf.assign_add(loose, [1.0, 1.0]), tf.assign_add(resource, [1.0, 1.0])]
    given = np.array([1.0, 2.0], "f")
    with tf.Session() as sess:
        for write, add in zip(writes, adds):
            sess.run(write, {fed: given})
            np.testing.assert_array_equal(sess.run(add), [2, 3])
            np.testing.assert_array_equal(given, [1, 2])


def test_truths_are_not_made_in_a_row_of_as_many_bytes():
    """Each row is compared with the same four floats, whose memory would hold all sixteen answers."""
    table, row = tf.placeholder(tf.float32, [4, 4]), tf.placeholder(tf.float32, [4])
    total = tf.reduce_sum(tf.stack([row, row]), 0)          # no part of the loop that compares
    answer = tf.reverse(table, [0]) >= total
    values = np.arange(16, dtype="f").reshape(4, 4)
    with tf.Session() as sess:
        given = warm(sess, answer, {table: values, row: [3, 3, 3, 3]})
    np.testing.assert_array_equal(given, values[::-1] >= 6)


def test_memory_that_nobody_has_is_refused_with_the_op_that_asks_for_it():
    huge = tf.add(tf.fill([1 << 22, 1 << 22], 1.0, name="ask"), 1.0)
    with tf.Session() as sess, pytest.raises(tf.errors.ResourceExhaustedError) as caught:
        sess.run(huge)
    assert "OOM when allocating tensor with shape[4194304,4194304] and type float32" in caught.value.message
    assert caught.value.op.name == "ask" and "defined at" in str(caught.value)
