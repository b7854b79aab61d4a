"""Nothing hangs in silence: every op that may wait, with nobody who would end its waiting.

Each is run with a time limit, in a session that is closed, and beside a producer that failed: each time an
error ends it that says what it was waiting for.
"""

import threading
import time

import pytest

import graphflow as tf
from graphflow import api_index
from graphflow.framework import raw_ops
from graphflow.framework.op_def import get_op_def
from graphflow.ops.barrier import Barrier

TIMEOUT = 10


def _queue(method, *arguments):
    return lambda: getattr(tf.FIFOQueue(2, tf.float32, shapes=[()], name="culprit"), method)(*arguments)


def _full(method):
    def build():
        q = tf.FIFOQueue(0, tf.float32, shapes=[()], name="culprit")
        return q.enqueue(1.0) if method == "enqueue" else q.enqueue_many([[1.0]])
    return build


def _close_behind_a_producer():
    q = tf.FIFOQueue(0, tf.float32, shapes=[()], name="culprit")
    return [q.enqueue(1.0), q.close()]


def _mutex():
    handle = raw_ops.MutexV2(shared_name="culprit", name="culprit")
    return [raw_ops.MutexLock(handle).op, raw_ops.MutexLock(handle).op]


def _staging(kind, method, *arguments):
    def build():
        area = getattr(tf.contrib.staging, kind)([tf.float32], shared_name="culprit")
        found = getattr(area, method)(*arguments)
        return found[1] if isinstance(found, tuple) else found
    return build


def _full_staging():
    area = tf.contrib.staging.StagingArea([tf.float32], shared_name="culprit", capacity=1)
    return [area.put([tf.constant(1.0)]), area.put([tf.constant(1.0)])]


def _full_map_staging(ordered):
    def build():
        area = tf.contrib.staging.MapStagingArea([tf.float32], shared_name="culprit", capacity=1, ordered=ordered)
        return [area.put(tf.constant(k, tf.int64), [tf.constant(1.0)], [0]) for k in range(2)]
    return build


def _ordered(method, *arguments):
    def build():
        area = tf.contrib.staging.MapStagingArea([tf.float32], shared_name="culprit", ordered=True)
        found = getattr(area, method)(*arguments)
        return found[1] if isinstance(found, tuple) else found
    return build


def _names():
    return tf.FIFOQueue(2, tf.string, shapes=[()], name="culprit")


# op type -> what builds something that waits in it for ever.
WAITING = {
    "QueueDequeueV2": _queue("dequeue"),
    "QueueDequeueManyV2": _queue("dequeue_many", 2),
    "QueueDequeueUpToV2": _queue("dequeue_up_to", 2),
    "QueueEnqueueV2": _full("enqueue"),
    "QueueEnqueueManyV2": _full("enqueue_many"),
    "QueueCloseV2": _close_behind_a_producer,
    "ReaderReadV2": lambda: list(tf.TextLineReader().read(_names())),
    "ReaderReadUpToV2": lambda: list(tf.TextLineReader().read_up_to(_names(), 3)),
    "BarrierTakeMany": lambda: Barrier(tf.float32, shapes=((),), name="culprit").take_many(1)[0],
    "ResourceAccumulatorTakeGradient": lambda: tf.ConditionalAccumulator(tf.float32, [], name="culprit").take_grad(1),
    "SparseAccumulatorTakeGradient": lambda: list(tf.SparseConditionalAccumulator(
        tf.float32, name="culprit").take_grad(1)),
    "Unstage": _staging("StagingArea", "get"),
    "StagePeek": _staging("StagingArea", "peek", 0),
    "Stage": _full_staging,
    "MapUnstage": _staging("MapStagingArea", "get", 1),
    "MapUnstageNoKey": _staging("MapStagingArea", "get"),
    "MapPeek": _staging("MapStagingArea", "peek", 1),
    "MapStage": _full_map_staging(False),
    "OrderedMapUnstage": _ordered("get", 1),
    "OrderedMapUnstageNoKey": _ordered("get"),
    "OrderedMapPeek": _ordered("peek", 1),
    "OrderedMapStage": _full_map_staging(True),
    "MutexLock": _mutex,
}


def test_every_blocking_op_is_here():
    """Of the families about queues and their kin; old forms share the kernels of the new ones."""
    families = {"ops." + name for name in ("queue_ops", "reader_ops", "barrier", "accumulators", "staging", "mutex")}
    blocking = {name for name, module in api_index.OPS.items() if module in families and get_op_def(name).blocking}
    old = {name for name in blocking if name + "V2" in blocking or "Resource" + name in blocking}
    assert blocking - old == set(WAITING)


@pytest.mark.parametrize("op_type", WAITING)
def test_a_time_limit_ends_it(op_type):
    fetches = WAITING[op_type]()
    with tf.Session() as sess:
        start = time.monotonic()
        with pytest.raises(tf.errors.DeadlineExceededError, match="'culprit'") as caught:
            sess.run(fetches, options=tf.RunOptions(timeout_in_ms=40))
        assert time.monotonic() - start < TIMEOUT
    assert "timed out after 40 ms, waiting for" in caught.value.message


@pytest.mark.parametrize("op_type", WAITING)
def test_closing_the_session_ends_it(op_type):
    fetches = WAITING[op_type]()
    sess = tf.Session()
    outcome = []

    def run():
        try:
            sess.run(fetches)
        except tf.errors.OpError as error:
            outcome.append(error)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    limit = time.monotonic() + TIMEOUT
    while not sess._resources.waits.waiting and time.monotonic() < limit:
        time.sleep(0.001)
    sess.close()
    thread.join(TIMEOUT)
    assert not thread.is_alive()
    (error,) = outcome
    assert isinstance(error, tf.errors.CancelledError) and error.op is not None
    assert "was cancelled: its session was closed" in error.message


def test_a_run_whose_session_is_closed_does_not_miss_its_variables():
    """A function of the user in between closes it; the variables change before and after, so each node is a stage."""
    v, late, sess = tf.Variable([1.0, 2.0]), tf.Variable([1.0, 2.0]), tf.Session()
    sess.run(tf.global_variables_initializer())

    def close(x):
        sess.close()
        return x

    closing = tf.py_func(close, [tf.assign_add(v, [1.0, 1.0]) * 1.0], tf.float32)
    with tf.control_dependencies([closing]):
        again = tf.assign_add(v, closing)
    with tf.control_dependencies([again]), pytest.raises(tf.errors.CancelledError, match="its session was closed"):
        sess.run([tf.tanh(v) + late * closing, again])


def test_ctrl_c_wakes_the_main_thread():
    """Python tells the main thread only, which must not sleep through it."""
    import _thread

    take = tf.FIFOQueue(1, tf.float32).dequeue()
    with tf.Session() as sess:
        timer = threading.Timer(0.1, _thread.interrupt_main)
        timer.start()
        with pytest.raises(KeyboardInterrupt):
            sess.run(take)
        timer.join()
        assert not sess._resources.waits.running


@pytest.mark.parametrize("coordinated", [False, True])
def test_a_killed_pipeline_ends_with_the_first_cause(coordinated):
    """The file of the producer's producer is missing: three stages down, the consumer learns which."""
    names = tf.train.string_input_producer(["no-such-file"], shuffle=False, name="names")
    _, line = tf.TextLineReader().read(names)
    batch = tf.train.batch([line], 2, name="batch")
    coord = tf.train.Coordinator() if coordinated else None
    with tf.Session() as sess:
        threads = tf.train.start_queue_runners(sess, coord)
        if coordinated:
            with pytest.raises(tf.errors.OutOfRangeError, match="the run that was to fill it failed: no-such-file"):
                sess.run(batch)
            with pytest.raises(tf.errors.NotFoundError, match="no-such-file"):
                coord.join(threads, stop_grace_period_secs=TIMEOUT)
            return
        # The thread that reads ends with its error; the one that gives names goes on.
        limit = time.monotonic() + TIMEOUT
        while all(t.is_alive() for t in threads) and time.monotonic() < limit:
            time.sleep(0.01)
        with pytest.raises(tf.errors.DeadlineExceededError, match="the last run that was to fill it failed: no-such"):
            sess.run(batch, options=tf.RunOptions(timeout_in_ms=100))
