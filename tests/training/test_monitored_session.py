"""Monitored sessions: initialising, restoring, hooks' order, recovery, ends of all kinds."""

import pytest

import graphflow as tf


class Recorder(tf.train.SessionRunHook):
    """Notes which of its methods are called."""

    def __init__(self, request=None):
        self.calls = []
        self.results = []
        self.request = request

    def begin(self):
        self.calls.append("begin")

    def after_create_session(self, session, coord):
        self.calls.append("create")

    def before_run(self, run_context):
        self.calls.append("before")
        return self.request

    def after_run(self, run_context, run_values):
        self.calls.append("after")
        self.results.append(run_values.results)

    def end(self, session):
        self.calls.append("end")


class Failing(tf.train.SessionRunHook):
    """Raises an error in its n-th run."""

    def __init__(self, n, error):
        self.n, self.error, self.runs = n, error, 0

    def before_run(self, run_context):
        self.runs += 1
        if self.runs == self.n:
            raise self.error


def test_hooks_are_called_in_order():
    x, hook = tf.constant(1.0), Recorder()
    with tf.train.MonitoredSession(hooks=[hook]) as sess:
        sess.run(x)
        sess.run(x)
    assert hook.calls == ["begin", "create", "before", "after", "before", "after", "end"]
    assert hook.results == [None, None]


def test_hooks_fetch_and_feed():
    x, y = tf.placeholder(tf.float32), tf.placeholder(tf.float32)
    hook = Recorder(tf.train.SessionRunArgs([x, y], {y: 2.0}))
    total = x + y
    with tf.train.SingularMonitoredSession(hooks=[hook]) as sess:
        assert sess.run(total, {x: 1.0}) == 3.0
        with pytest.raises(RuntimeError, match="fed by a SessionRunHook and user"):
            sess.run(x, {x: 1.0, y: 1.0})
        assert hook.results == [[1.0, 2.0]]
    other = Recorder(tf.train.SessionRunArgs(None, {y: 2.0}))
    with pytest.raises(RuntimeError, match="fed by two hooks"):
        with tf.train.SingularMonitoredSession(hooks=[hook, other]) as sess:
            sess.run(x, {x: 1.0})


def test_run_options_are_merged():
    x = tf.constant([1.0]) * 2
    full = tf.RunOptions(trace_level=tf.RunOptions.FULL_TRACE)
    hook = Recorder(tf.train.SessionRunArgs(None, options=full))
    seen = []
    hook.after_run = lambda context, values: seen.append(values)
    with tf.train.SingularMonitoredSession(hooks=[hook]) as sess:
        sess.run(x, options=tf.RunOptions(timeout_in_ms=60000))
    assert (seen[0].options.trace_level, seen[0].options.timeout_in_ms) == (3, 60000)
    assert len(seen[0].run_metadata.step_stats.dev_stats) == 1


@pytest.mark.parametrize("error", [tf.errors.OutOfRangeError(None, None, "the end"), StopIteration()])
def test_the_end_of_input_ends_cleanly(error):
    x, hook = tf.constant(1.0), Recorder()
    with tf.train.MonitoredSession(hooks=[Failing(2, error), hook]) as sess:
        while not sess.should_stop():
            sess.run(x)
    assert hook.calls[-1] == "end"


def test_other_errors_are_raised_without_end():
    x, hook = tf.constant(1.0), Recorder()
    with pytest.raises(ZeroDivisionError):
        with tf.train.MonitoredSession(hooks=[hook, Failing(2, ZeroDivisionError())]) as sess:
            while not sess.should_stop():
                sess.run(x)
    assert "end" not in hook.calls


def test_recovers_from_preemption(tmp_path):
    """A new session is made, restored, and the run repeated in it."""
    step = tf.train.get_or_create_global_step()
    train, hook = tf.assign_add(step, 1), Recorder()
    lost = Failing(3, tf.errors.AbortedError(None, None, "lost"))
    values = []
    with tf.train.MonitoredTrainingSession(checkpoint_dir=str(tmp_path), hooks=[lost, hook], save_checkpoint_steps=2,
                                           save_checkpoint_secs=None) as sess:
        for _ in range(4):
            values.append(int(sess.run(train)))
    assert values == [1, 2, 3, 4]
    assert hook.calls.count("create") == 2
    with pytest.raises(tf.errors.AbortedError), tf.train.SingularMonitoredSession(
            hooks=[Failing(1, tf.errors.AbortedError(None, None, "lost"))]) as sess:
        sess.run(train)


def test_errors_of_threads_reach_the_loop():
    import time

    x = tf.constant(1.0)

    class Starter(tf.train.SessionRunHook):
        def after_create_session(self, session, coord):
            coord.request_stop(ValueError("from a thread"))

    with pytest.raises(ValueError, match="from a thread"):
        with tf.train.MonitoredSession(hooks=[Starter()], stop_grace_period_secs=1) as sess:
            limit = time.time() + 10
            while not sess.should_stop() and time.time() < limit:
                sess.run(x)
            assert sess.should_stop()


def test_run_after_the_end():
    x = tf.constant(1.0)

    class Stop(tf.train.SessionRunHook):
        def after_run(self, run_context, run_values):
            run_context.request_stop()

    sess = tf.train.MonitoredSession(hooks=[Stop()])
    sess.run(x)
    assert sess.should_stop()
    with pytest.raises(RuntimeError, match="after should_stop"):
        sess.run(x)
    sess.close()
    assert sess.should_stop() and sess.graph is None
    with pytest.raises(RuntimeError, match="already closed"):
        sess.close()
    with pytest.raises(RuntimeError, match="already closed"):
        sess.run(x)


def test_graph_is_final_while_it_runs():
    graph = tf.get_default_graph()
    tf.Variable(1.0)
    with tf.train.MonitoredSession() as sess:
        assert sess.graph is graph and graph.finalized
        with pytest.raises(RuntimeError, match="finalized"):
            tf.constant(1)
    assert not graph.finalized


def test_step_fn():
    x = tf.placeholder(tf.float32)
    hook = Recorder()

    def step(step_context):
        value = step_context.session.run(x, {x: 1.0})
        return step_context.run_with_hooks(x * 2, {x: value})

    def last(step_context):
        step_context.request_stop()

    with tf.train.MonitoredSession(hooks=[hook]) as sess:
        with pytest.raises(RuntimeError, match="finalized"):
            sess.run_step_fn(step)
    double = x * 2
    with tf.train.MonitoredSession(hooks=[hook]) as sess:
        assert sess.run_step_fn(lambda step_context: step_context.run_with_hooks(double, {x: 3.0})) == 6.0
        with pytest.raises(ValueError, match="`step_fn` may either have one"):
            sess.run_step_fn(lambda: None)
        sess.run_step_fn(last)
    assert hook.calls.count("after") == 1


def test_scaffold_defaults_and_collections():
    tf.Variable(1.0, name="w")
    tf.summary.scalar("s", 1.0)
    scaffold = tf.train.Scaffold().finalize()
    for key, value in [("init_op", scaffold.init_op), ("ready_op", scaffold.ready_op),
                       ("local_init_op", scaffold.local_init_op), ("summary_op", scaffold.summary_op),
                       ("ready_for_local_init_op", scaffold.ready_for_local_init_op), ("savers", scaffold.saver)]:
        assert tf.get_collection(key) == [value]
    assert tf.train.Scaffold().finalize().init_op is scaffold.init_op
    assert tf.train.Scaffold(copy_from_scaffold=scaffold).saver is scaffold.saver
    with pytest.raises(TypeError, match="not a Scaffold"):
        tf.train.Scaffold(copy_from_scaffold=1)
    tf.get_default_graph()._unsafe_unfinalize()
    tf.add_to_collection("init_op", tf.no_op())
    with pytest.raises(RuntimeError, match="More than one item in the collection \"init_op\""):
        tf.train.Scaffold().finalize()


def test_worker_waits_for_the_chief():
    tf.Variable(1.0)
    creator = tf.train.WorkerSessionCreator(max_wait_secs=0)
    with pytest.raises(tf.errors.DeadlineExceededError, match="not ready after waiting 0 secs"):
        tf.train.MonitoredSession(creator)


def test_training_session_continues(tmp_path):
    step = tf.train.get_or_create_global_step()
    train = tf.assign_add(step, 1)
    for start in (0, 3):
        with tf.train.MonitoredTrainingSession(checkpoint_dir=str(tmp_path)) as sess:
            assert [int(sess.run(train)) for _ in range(3)] == [start + 1, start + 2, start + 3]
