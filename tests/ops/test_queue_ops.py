"""Queues: what programs may build, and runs that wait for each other. Values: `test_dataflow.py`."""

import threading
import time

import numpy as np
import pytest

import graphflow as tf
from graphflow.framework import raw_ops
from graphflow.runtime import waiting

TIMEOUT = 10


def _in_thread(function, *arguments):
    """Starts a thread that calls the function; its `outcome` gets the result or the exception."""
    outcome = []

    def call():
        try:
            outcome.append(function(*arguments))
        except Exception as error:  # noqa: BLE001 - looked at by the test
            outcome.append(error)

    thread = threading.Thread(target=call, daemon=True)
    thread.outcome = outcome
    thread.start()
    return thread


def _end(thread):
    thread.join(TIMEOUT)
    assert not thread.is_alive(), "it still waits"
    return thread.outcome[0]


def _wait_until_waiting(sess, count=1):
    limit = time.monotonic() + TIMEOUT
    while len(sess._resources.waits.waiting) < count:
        assert time.monotonic() < limit, "nobody waits"
        time.sleep(0.001)


# ---------------------------------------------------------------- building

def test_shared_shuffling_queues_agree_in_seeds_if_any_are_asked_for():
    first, same, other = (tf.RandomShuffleQueue(5, 0, tf.float32, shared_name="s", seed=seed) for seed in (1, 1, 2))
    any_seed = raw_ops.RandomShuffleQueueV2(component_types=[tf.float32], capacity=5, shared_name="s")
    with tf.Session() as sess:
        sess.run(first.enqueue(7.0))
        assert sess.run([same.size(), raw_ops.QueueSizeV2(any_seed)]) == [1, 1]
        with pytest.raises(tf.errors.InvalidArgumentError, match="has random seeds .* but requested random seeds"):
            sess.run(other.size())


def test_static_shapes():
    q = tf.FIFOQueue(10, [tf.float32, tf.int32], shapes=[(2, 3), ()])
    assert [t.shape.as_list() for t in q.dequeue()] == [[2, 3], []]
    assert [t.shape.as_list() for t in q.dequeue_many(5)] == [[5, 2, 3], [5]]
    assert [t.shape.as_list() for t in q.dequeue_many(tf.placeholder(tf.int32))] == [[None, 2, 3], [None]]
    assert [t.shape.as_list() for t in q.dequeue_up_to(5)] == [[None, 2, 3], [None]]
    assert q.size().shape == () and q.is_closed().shape == ()
    padding = tf.PaddingFIFOQueue(10, tf.float32, [(None, 3)])
    assert padding.dequeue_many(4).shape.as_list() == [4, None, 3]
    priority = tf.PriorityQueue(10, tf.string, [()])
    assert [t.shape.as_list() for t in priority.dequeue_many(4)] == [[4], [4]]
    assert tf.FIFOQueue(10, tf.float32).dequeue().shape.ndims is None


def test_names_of_operations():
    with tf.name_scope("scope"):
        q = tf.FIFOQueue(10, tf.float32, shapes=[()], name="q")
    ops = [q.enqueue(1.0), q.enqueue_many([[1.0]]), q.dequeue(), q.dequeue_many(1), q.dequeue_up_to(1), q.close(),
           q.is_closed(), q.size()]
    assert q.name == "scope/q"
    assert [op.name.split(":")[0] for op in ops] == [
        "q_enqueue", "q_EnqueueMany", "q_Dequeue", "q_DequeueMany", "q_DequeueUpTo", "q_Close", "q_Is_Closed", "q_Size"]


def test_a_graph_def_keeps_shapes():
    q = tf.FIFOQueue(10, [tf.float32], shapes=[(2,)], name="q")
    q.dequeue_many(3, name="out")
    graph_def = tf.get_default_graph().as_graph_def()
    with tf.Graph().as_default():
        (out,) = tf.import_graph_def(graph_def, return_elements=["out:0"])
        assert out.shape.as_list() == [3, 2]


def test_wrong_arguments():
    q = tf.FIFOQueue(10, [tf.int32, tf.float32], shapes=[(), (2,)], names=["i", "x"])
    with pytest.raises(ValueError, match="You must enqueue a dictionary in a Queue with names"):
        q.enqueue((1, [1.0, 2.0]))
    with pytest.raises(ValueError, match="Keys in dictionary to enqueue do not match names of Queue"):
        q.enqueue({"i": 1})
    with pytest.raises(ValueError, match="Shapes .* are incompatible|not compatible"):
        q.enqueue({"i": 1, "x": [1.0]})
    with pytest.raises(ValueError, match="List of names must have the same length"):
        tf.FIFOQueue(10, tf.int32, names=["a", "b"])
    with pytest.raises(ValueError, match="Queue shapes must have the same length as dtypes"):
        tf.FIFOQueue(10, [tf.int32, tf.int32], shapes=[()])
    with pytest.raises(ValueError, match="All shapes must be fully defined"):
        tf.FIFOQueue(10, tf.int32, shapes=[(None,)])
    with pytest.raises(ValueError, match="When providing partial shapes, a list of shapes must be provided"):
        tf.PaddingFIFOQueue(10, tf.int32, (None,))
    with pytest.raises(ValueError, match="Shapes must be provided for all components, but received 2 dtypes and 1"):
        tf.PaddingFIFOQueue(10, [tf.int32, tf.int32], [(None,)])
    with pytest.raises(TypeError, match="A list of queues expected"):
        tf.QueueBase.from_list(0, [])
    with pytest.raises(TypeError, match="do not have matching component dtypes"):
        tf.QueueBase.from_list(0, [tf.FIFOQueue(1, tf.int32), tf.FIFOQueue(1, tf.float32)])
    with pytest.raises(ValueError, match="Queue must have names to enqueue a dictionary"):
        tf.FIFOQueue(1, tf.int32).enqueue({"a": 1})


def test_handles_have_no_value_outside():
    q = tf.FIFOQueue(1, tf.int32)
    with tf.Session() as sess, pytest.raises(TypeError, match="of dtype resource has no value outside"):
        sess.run(q.queue_ref)


def test_reference_forms_of_old_graphs():
    """GraphDefs of TensorFlow 0.x have these ops."""
    from graphflow.framework import raw_ops

    handle = raw_ops.FIFOQueue(component_types=[tf.int32], shapes=[()], capacity=3, name="old")
    q = tf.QueueBase([tf.int32], [()], None, handle)
    steps = [q.enqueue(1), raw_ops.QueueEnqueueMany(handle, [[2, 3]]), q.dequeue(), q.dequeue_many(2), q.size(),
             q.is_closed(), q.close(), q.is_closed()]
    with tf.Session() as sess:
        found = [sess.run(step) for step in steps]
    assert found[2] == 1 and found[3].tolist() == [2, 3] and [found[4], found[5], found[7]] == [0, False, True]


# ---------------------------------------------------------------- waiting

def test_a_waiting_op_lets_all_others_go_first():
    q = tf.FIFOQueue(1, tf.int32)
    taken = q.dequeue()
    other = tf.FIFOQueue(1, tf.int32)
    with tf.Session() as sess:
        assert sess.run([taken, q.enqueue(7)])[0] == 7
        # Through a second queue: what is put there depends on what is taken here.
        there = other.dequeue()
        assert sess.run([there, other.enqueue(taken * 2), q.enqueue(4)])[0] == 8


def test_dequeue_waits_for_an_enqueue_in_another_thread():
    q = tf.FIFOQueue(5, tf.int32, shapes=[()])
    many = q.dequeue_many(3)
    with tf.Session() as sess:
        thread = _in_thread(sess.run, many)
        _wait_until_waiting(sess)
        sess.run(q.enqueue_many([[1, 2]]))
        sess.run(tf.constant(1))  # others run meanwhile
        assert thread.is_alive()
        sess.run(q.enqueue(3))
        assert _end(thread).tolist() == [1, 2, 3]


def test_enqueue_waits_for_room():
    q = tf.FIFOQueue(2, tf.int32, shapes=[()])
    with tf.Session() as sess:
        thread = _in_thread(sess.run, q.enqueue_many([[1, 2, 3, 4, 5]]))
        _wait_until_waiting(sess)
        assert sess.run(q.dequeue_many(4)).tolist() == [1, 2, 3, 4]
        assert _end(thread) is None
        assert sess.run(q.dequeue()) == 5


@pytest.mark.parametrize("cancel", [False, True])
def test_closing_with_producers_in_line(cancel):
    q = tf.FIFOQueue(1, tf.int32, shapes=[()])
    with tf.Session() as sess:
        sess.run(q.enqueue(1))
        producer = _in_thread(sess.run, q.enqueue(2))
        _wait_until_waiting(sess)
        closing = _in_thread(sess.run, q.close(cancel_pending_enqueues=cancel))
        if cancel:
            assert isinstance(_end(producer), tf.errors.CancelledError)
            assert "Enqueue operation was cancelled" in str(producer.outcome[0])
            _end(closing)
        else:
            _wait_until_waiting(sess, 2)
            assert not sess.run(q.is_closed())
        assert sess.run(q.dequeue()) == 1
        if not cancel:
            assert _end(producer) is None and _end(closing) is None
            assert sess.run(q.dequeue()) == 2
        with pytest.raises(tf.errors.OutOfRangeError, match="is closed and has insufficient elements"):
            sess.run(q.dequeue())


def test_a_partial_batch_goes_back_in_order():
    q = tf.FIFOQueue(5, tf.int32, shapes=[()])
    with tf.Session() as sess:
        sess.run(q.enqueue_many([[1, 2, 3]]))
        thread = _in_thread(sess.run, q.dequeue_many(4))
        _wait_until_waiting(sess)
        sess.run(q.close())
        assert isinstance(_end(thread), tf.errors.OutOfRangeError)
        assert sess.run(q.dequeue_up_to(5)).tolist() == [1, 2, 3]


def test_what_a_timed_out_batch_had_taken_goes_back():
    q = tf.FIFOQueue(5, tf.int32, shapes=[()])
    many = q.dequeue_many(4)
    with tf.Session() as sess:
        sess.run(q.enqueue_many([[1, 2, 3]]))
        with pytest.raises(tf.errors.DeadlineExceededError):
            sess.run(many, options=tf.RunOptions(timeout_in_ms=50))
        sess.run(q.enqueue(4))
        assert sess.run(many).tolist() == [1, 2, 3, 4]


@pytest.mark.parametrize("kind", ["fifo", "shuffle", "padding", "priority"])
def test_many_threads_lose_nothing(kind):
    q = {"fifo": lambda: tf.FIFOQueue(7, tf.int64, shapes=[()]),
         "shuffle": lambda: tf.RandomShuffleQueue(7, 2, tf.int64, shapes=[()]),
         "padding": lambda: tf.PaddingFIFOQueue(7, tf.int64, [()]),
         "priority": lambda: tf.PriorityQueue(7, tf.int64, [()])}[kind]()
    x = tf.placeholder(tf.int64, [None])
    put = q.enqueue_many((x, x) if kind == "priority" else x)
    take = q.dequeue_up_to(5)
    got = []

    def consume(sess):
        while True:
            try:
                batch = sess.run(take)
            except tf.errors.OutOfRangeError:
                return
            got.extend((batch[1] if kind == "priority" else batch).tolist())

    with tf.Session() as sess:
        consumers = [_in_thread(consume, sess) for _ in range(3)]
        producers = [_in_thread(sess.run, put, {x: np.arange(20) + 20 * i}) for i in range(4)]
        for thread in producers:
            assert _end(thread) is None
        sess.run(q.close())
        for thread in consumers:
            assert _end(thread) is None
    assert sorted(got) == list(range(80))


def test_what_was_fed_or_fetched_is_not_shared_with_the_queue():
    q = tf.FIFOQueue(5, tf.float32, shapes=[(2,)])
    x = tf.placeholder(tf.float32, [2])
    fed = np.ones(2, np.float32)
    with tf.Session() as sess:
        sess.run(q.enqueue(x), {x: fed})
        fed[:] = 5
        assert sess.run(q.dequeue()).tolist() == [1, 1]


def test_a_priority_queue_gives_the_rest():
    q = tf.PriorityQueue(5, tf.string, [()])
    with tf.Session() as sess:
        sess.run(q.enqueue((tf.constant(3, tf.int64), "a")))
        sess.run(q.close())
        assert [v.tolist() for v in sess.run(q.dequeue_up_to(5))] == [[3], [b"a"]]


# ---------------------------------------------------------------- nothing hangs in silence

def test_closing_the_session_wakes_all():
    empty, full = tf.FIFOQueue(1, tf.int32, name="empty"), tf.FIFOQueue(1, tf.int32, name="full")
    take, put = empty.dequeue(), full.enqueue(1)
    sess = tf.Session()
    sess.run(put)
    threads = [_in_thread(sess.run, take), _in_thread(sess.run, put)]
    _wait_until_waiting(sess, 2)
    sess.close()
    for thread, word in zip(threads, ("Dequeue", "Enqueue")):
        error = _end(thread)
        assert isinstance(error, tf.errors.CancelledError) and f"{word} operation was cancelled" in error.message


@pytest.mark.parametrize("how", ["options", "config"])
def test_time_limits_name_the_queue(how):
    q = tf.FIFOQueue(3, tf.int32, name="my_queue")
    take = q.dequeue()
    config = tf.ConfigProto(operation_timeout_in_ms=50) if how == "config" else None
    options = tf.RunOptions(timeout_in_ms=50) if how == "options" else None
    with tf.Session(config=config) as sess:
        with pytest.raises(tf.errors.DeadlineExceededError) as caught:
            sess.run(take, options=options)
        sess.run(q.enqueue(1))
        assert sess.run(take, options=options) == 1
    assert "timed out after 50 ms" in caught.value.message
    assert "FIFOQueue 'my_queue', which holds 0 of at most 3; nothing was ever enqueued" in caught.value.message
    assert caught.value.op is take.op


@pytest.fixture
def warnings_seen(monkeypatch):
    """Warnings logged, with a grace period that tests have the time for."""
    seen = []
    monkeypatch.setattr(waiting, "GRACE_SECONDS", 0.05)
    monkeypatch.setattr(waiting.tf_logging, "warning", lambda text, *values: seen.append(text % values))
    return seen


def _until_warned(seen):
    limit = time.monotonic() + TIMEOUT
    while not seen:
        assert time.monotonic() < limit, "no warning"
        time.sleep(0.01)


def test_a_missing_producer_is_warned_of(warnings_seen):
    q = tf.FIFOQueue(3, tf.int32, name="lonely")
    with tf.Session() as sess:
        thread = _in_thread(sess.run, q.dequeue())
        _until_warned(warnings_seen)
        sess.run(q.enqueue(1))
        assert _end(thread) == 1
    assert len(warnings_seen) == 1
    assert "'lonely_Dequeue' for 1 more element of FIFOQueue 'lonely'" in warnings_seen[0]
    assert "was tf.train.start_queue_runners() called" in warnings_seen[0]


def test_a_failed_producer_is_named(warnings_seen):
    q = tf.FIFOQueue(3, tf.float32, name="q")
    bad = tf.check_numerics(tf.placeholder_with_default(float("nan"), ()), "broken input", name="culprit")
    runner = tf.train.QueueRunner(q, [q.enqueue(bad)])
    with tf.Session() as sess:
        for thread in runner.create_threads(sess, start=True):
            thread.join(TIMEOUT)
        thread = _in_thread(sess.run, q.dequeue())
        _until_warned(warnings_seen)
        assert "the last run that was to fill it failed: broken input" in warnings_seen[0]
        sess.run(q.close())
        error = _end(thread)
    assert isinstance(error, tf.errors.OutOfRangeError)
    assert "broken input" in error.message and "culprit" in error.message


def test_a_busy_producer_is_waited_for_quietly(warnings_seen):
    q = tf.FIFOQueue(3, tf.int32)
    slow = tf.py_func(lambda: time.sleep(0.3) or np.int32(5), [], tf.int32)
    slow.set_shape(())
    with tf.Session() as sess:
        producer = _in_thread(sess.run, q.enqueue(slow))
        assert sess.run(q.dequeue()) == 5
        _end(producer)
    assert warnings_seen == []


def test_an_enqueue_that_waits_in_a_thread_is_no_cause_for_alarm(warnings_seen):
    q = tf.FIFOQueue(1, tf.int32)
    with tf.Session() as sess:
        thread = _in_thread(sess.run, q.enqueue_many([[1, 2]]))
        time.sleep(0.2)
        assert warnings_seen == []
        sess.run(q.dequeue())
        _end(thread)
