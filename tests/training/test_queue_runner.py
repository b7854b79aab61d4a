"""QueueRunner: threads that run operations until the end of the input, a stop or a failure."""

import pytest

import graphflow as tf


def _counter(limit, name):
    v = tf.get_variable(name, initializer=0)
    return v, v.count_up_to(limit)


def _runner(ops, **arguments):
    queue, close, cancel = (tf.no_op(name=name) for name in ("queue", "close", "cancel"))
    return tf.train.QueueRunner(queue, ops, close, cancel, **arguments)


def test_threads_run_each_operation_to_the_end_of_its_input():
    (a, count_a), (b, count_b) = _counter(3, "a"), _counter(30, "b")
    runner = _runner([count_a, count_b])
    with tf.Session() as sess:
        sess.run(tf.global_variables_initializer())
        threads = runner.create_threads(sess)
        assert [t.name for t in threads] == [f"QueueRunnerThread-queue-{op.name}" for op in (count_a, count_b)]
        assert runner.create_threads(sess) == []
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(10)
        assert runner.exceptions_raised == []
        assert sess.run([a, b]) == [3, 30]
        assert len(runner.create_threads(sess)) == 2


def test_a_stop_ends_the_threads_and_cancels():
    v, count = _counter(10**9, "v")
    runner = _runner([count])
    coord = tf.train.Coordinator()
    with tf.Session() as sess:
        sess.run(tf.global_variables_initializer())
        threads = runner.create_threads(sess, coord, daemon=True, start=True)
        assert [t.name.rpartition("-")[2] for t in threads] == [count.name, "close_on_stop"]
        assert all(t.daemon for t in threads)
        while not sess.run(v):
            pass
        coord.request_stop()
        coord.join(stop_grace_period_secs=10)


def test_failures_reach_the_coordinator():
    bad = tf.Print(tf.check_numerics(tf.constant(float("nan")), "bad number"), [])
    runner = _runner([bad])
    coord = tf.train.Coordinator()
    with tf.Session() as sess:
        runner.create_threads(sess, coord, start=True)
        with pytest.raises(tf.errors.InvalidArgumentError, match="bad number"):
            coord.join(stop_grace_period_secs=10)
    assert runner.exceptions_raised == []


def test_failures_without_a_coordinator_are_kept(caplog):
    runner = _runner([tf.check_numerics(tf.constant(float("nan")), "bad number")])
    with tf.Session() as sess:
        for thread in runner.create_threads(sess, start=True):
            thread.join(10)
    assert len(runner.exceptions_raised) == 1
    assert "bad number" in str(runner.exceptions_raised[0])


def test_start_queue_runners():
    v, count = _counter(3, "v")
    tf.train.add_queue_runner(_runner([count]))
    with pytest.raises(ValueError, match="No default session is registered"):
        tf.train.start_queue_runners()
    with pytest.raises(TypeError, match="sess must be a `tf.Session` object"):
        tf.train.start_queue_runners("session")
    with tf.Session() as sess:
        sess.run(tf.global_variables_initializer())
        coord = tf.train.Coordinator()
        threads = tf.train.start_queue_runners(sess, coord, start=False)
        assert len(threads) == 2 and not any(t.is_alive() for t in threads)
        for thread in threads:
            thread.start()
        threads[0].join(10)
        assert sess.run(v) == 3
        coord.request_stop()
        coord.join(threads)


def test_checks_its_arguments():
    op = tf.no_op()
    with pytest.raises(ValueError, match="Must provide queue and enqueue_ops."):
        tf.train.QueueRunner()
    with pytest.raises(ValueError, match="queue_runner_def and queue are mutually exclusive."):
        tf.train.QueueRunner(op, [op], queue_runner_def=_runner([op]).to_proto())
    for bad in ((), [tf.errors.OutOfRangeError], (ValueError,), (1,)):
        with pytest.raises(TypeError, match="must be a tuple of tf.error types"):
            _runner([op], queue_closed_exception_types=bad)


def test_message_round_trip():
    with tf.name_scope("scope"):
        ends = (tf.errors.OutOfRangeError, tf.errors.CancelledError)
        runner = _runner([tf.no_op(name="fill"), tf.constant(1, name="value")], queue_closed_exception_types=ends)
    message = runner.to_proto()
    assert message.queue_name == "scope/queue" and list(message.enqueue_op_name) == ["scope/fill", "scope/value:0"]
    again = tf.train.QueueRunner.from_proto(message)
    assert again.enqueue_ops == runner.enqueue_ops and again.queue_closed_exception_types == ends
    assert (again.close_op, again.cancel_op, again.name) == (runner.close_op, runner.cancel_op, "scope/queue")
    inner = runner.to_proto("scope")
    assert inner.queue_name == "queue" and runner.to_proto("other") is None
    assert tf.train.QueueRunner.from_proto(inner, import_scope="scope").to_proto() == message
    del message.queue_closed_exception_types[:]
    assert tf.train.QueueRunner.from_proto(message).queue_closed_exception_types == (tf.errors.OutOfRangeError,)


def test_collected_runners_travel_in_a_meta_graph():
    tf.train.add_queue_runner(_runner([tf.no_op(name="fill")]))
    meta_graph = tf.train.export_meta_graph()
    with tf.Graph().as_default() as graph:
        tf.train.import_meta_graph(meta_graph)
        (runner,) = graph.get_collection(tf.GraphKeys.QUEUE_RUNNERS)
        assert runner.name == "queue" and runner.enqueue_ops == [graph.get_operation_by_name("fill")]
