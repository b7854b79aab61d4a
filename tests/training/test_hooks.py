"""Hooks of training loops: when they act, what they log and write, how they end a loop."""

import glob
import logging
import os

import numpy as np
import pytest

import graphflow as tf
from graphflow.summary.event_file import summary_iterator


@pytest.fixture
def log(caplog, monkeypatch):
    """The lines logged, at INFO."""
    logger = logging.getLogger("graphflow")
    monkeypatch.setattr(logger, "propagate", True)
    caplog.set_level(logging.INFO, logger="graphflow")
    return lambda: [record.getMessage() for record in caplog.records]


def counting():
    """An operation that makes one step."""
    return tf.assign_add(tf.train.get_or_create_global_step(), 1)


def run(train, hooks, limit=20, **arguments):
    """Runs `train` in a monitored session until a hook ends it; the values it gave."""
    values = []
    with tf.train.SingularMonitoredSession(hooks=hooks, **arguments) as sess:
        while not sess.should_stop() and len(values) < limit:
            values.append(sess.run(train))
    return values


def events(folder):
    tf.summary.FileWriterCache.clear()
    return [event for path in sorted(glob.glob(os.path.join(folder, "events*"))) for event in summary_iterator(path)]


@pytest.mark.parametrize(("arguments", "start", "last"), [
    ({"last_step": 5}, 0, 5), ({"num_steps": 3}, 0, 3), ({"num_steps": 3}, 4, 7), ({"last_step": 5}, 9, 10)])
def test_stop_at_step(arguments, start, last):
    train = counting()
    step = tf.train.get_global_step()
    scaffold = tf.train.Scaffold(init_fn=lambda _, sess: step.load(start, sess))
    assert run(train, [tf.train.StopAtStepHook(**arguments)], scaffold=scaffold)[-1] == last


def test_stop_at_step_asks_for_what_it_needs():
    with pytest.raises(ValueError, match="One of num_steps or last_step"):
        tf.train.StopAtStepHook()
    with pytest.raises(ValueError, match="Only one of num_steps or last_step"):
        tf.train.StopAtStepHook(num_steps=1, last_step=2)
    with pytest.raises(RuntimeError, match="Global step should be created to use StopAtStepHook"):
        tf.train.StopAtStepHook(num_steps=1).begin()


def test_timer_by_time(monkeypatch):
    now = [100.0]
    monkeypatch.setattr("time.time", lambda: now[0])
    timer = tf.train.SecondOrStepTimer(every_secs=2.0)
    assert timer.should_trigger_for_step(1)
    assert timer.update_last_triggered_step(1) == (None, None)
    now[0] = 101.9
    assert not timer.should_trigger_for_step(2)
    now[0] = 102.0
    assert not timer.should_trigger_for_step(1)
    assert timer.should_trigger_for_step(4)
    assert timer.update_last_triggered_step(4) == (2.0, 3)
    assert timer.last_triggered_step() == 4
    for arguments in ({}, {"every_secs": 1, "every_steps": 1}):
        with pytest.raises(ValueError, match="every_secs"):
            tf.train.SecondOrStepTimer(**arguments)


def test_logging(log):
    x = tf.identity(counting(), name="x")
    run(x, [tf.train.LoggingTensorHook({"x": x}, every_n_iter=3), tf.train.StopAtStepHook(last_step=5)])
    lines = [line for line in log() if line.startswith("x = ")]
    assert len(lines) == 2
    assert lines[0] == "x = 1"
    assert lines[1].startswith("x = 4 (") and lines[1].endswith(" sec)")


def test_logging_at_end_and_formatter(log):
    x = tf.identity(tf.train.get_or_create_global_step() * 1, name="x")
    hook = tf.train.LoggingTensorHook(["x"], at_end=True, formatter=lambda values: f"at end: {values['x']}")
    run(counting(), [hook, tf.train.StopAtStepHook(last_step=2)])
    assert [line for line in log() if line.startswith("at end")] == ["at end: 2"]
    assert x.op.type == "Identity"


def test_logging_refuses():
    for arguments in ({}, {"every_n_iter": 1, "every_n_secs": 1}, {"every_n_iter": 0}):
        with pytest.raises(ValueError, match="every_n_iter"):
            tf.train.LoggingTensorHook({}, **arguments)
    tf.split([1, 2], 2, name="two")
    with pytest.raises(ValueError, match="two is ambiguous"):
        tf.train.LoggingTensorHook(["two"], every_n_iter=1).begin()
    with tf.Graph().as_default():
        other = tf.constant(1)
    with pytest.raises(ValueError, match="current graph"):
        tf.train.LoggingTensorHook([other], every_n_iter=1).begin()


def test_step_counter(tmp_path, log, monkeypatch):
    now = [0.0]
    monkeypatch.setattr("graphflow.training.hook_timer.time.time", lambda: now[0])
    train = counting()
    writer = tf.summary.FileWriter(str(tmp_path))
    hook = tf.train.StepCounterHook(every_n_steps=2, summary_writer=writer)
    with tf.train.SingularMonitoredSession(hooks=[hook]) as sess:
        for _ in range(5):
            sess.run(train)
            now[0] += 0.5
    writer.close()
    found = [(event.step, value.tag, value.simple_value) for event in events(tmp_path)
             for value in event.summary.value]
    assert found == [(3, "global_step/sec", 2.0), (5, "global_step/sec", 2.0)]
    assert "global_step/sec: 2" in log()


def test_step_counter_warns_of_a_step_that_stands(log):
    tf.train.get_or_create_global_step()
    run(tf.constant(0), [tf.train.StepCounterHook(every_n_steps=1)], limit=3)
    assert any("global step (tf.train.get_global_step) has not been increased" in line for line in log())


def test_nan(log):
    x = tf.placeholder(tf.float32)
    with pytest.raises(tf.train.NanLossDuringTrainingError, match="NaN loss during training"):
        with tf.train.SingularMonitoredSession(hooks=[tf.train.NanTensorHook(x)]) as sess:
            sess.run(x, {x: 1.0})
            sess.run(x, {x: np.nan})
    with tf.train.SingularMonitoredSession(hooks=[tf.train.NanTensorHook(x, fail_on_nan_loss=False)]) as sess:
        sess.run(x, {x: 1.0})
        assert not sess.should_stop()
        sess.run(x, {x: np.nan})
        assert sess.should_stop()
    assert "Model diverged with loss = NaN." in log()


def test_checkpoints(tmp_path):
    train = counting()
    heard = []

    class Listener(tf.train.CheckpointSaverListener):
        def begin(self):
            heard.append("begin")

        def before_save(self, session, global_step_value):
            heard.append(("before", int(global_step_value)))

        def after_save(self, session, global_step_value):
            heard.append(("after", int(global_step_value)))

        def end(self, session, global_step_value):
            heard.append(("end", int(global_step_value)))

    scaffold = tf.train.Scaffold()
    hook = tf.train.CheckpointSaverHook(str(tmp_path), save_steps=2, scaffold=scaffold, listeners=[Listener()])
    run(train, [hook, tf.train.StopAtStepHook(last_step=5)], scaffold=scaffold)
    assert heard == ["begin", *((w, s) for s in (0, 2, 4, 5) for w in ("before", "after")), ("end", 5)]
    assert tf.train.latest_checkpoint(str(tmp_path)).endswith("model.ckpt-5")
    assert tf.train.load_variable(str(tmp_path), "global_step") == 5
    logs = [event.session_log for event in events(tmp_path) if event.HasField("session_log")]
    assert [log.status for log in logs] == [tf.SessionLog.CHECKPOINT] * 4
    assert (tmp_path / "graph.pbtxt").exists()


def test_listener_ends_the_loop(tmp_path):
    class Enough(tf.train.CheckpointSaverListener):
        def after_save(self, session, global_step_value):
            return global_step_value >= 3

    train, scaffold = counting(), tf.train.Scaffold()
    hook = tf.train.CheckpointSaverHook(str(tmp_path), save_steps=1, scaffold=scaffold, listeners=[Enough()])
    assert run(train, [hook], scaffold=scaffold)[-1] == 3


def test_checkpoint_saver_needs_one_saver(tmp_path):
    with pytest.raises(ValueError, match="both saver and scaffold"):
        tf.train.CheckpointSaverHook(str(tmp_path), save_steps=1, saver=object(), scaffold=object())
    counting()
    hook = tf.train.CheckpointSaverHook(str(tmp_path), save_steps=1)
    hook.begin()
    with pytest.raises(RuntimeError, match="No items in collection savers"):
        hook._get_saver()


def test_summaries(tmp_path):
    train = counting()
    summary = tf.summary.scalar("x", tf.cast(tf.train.get_global_step(), tf.float32))
    hook = tf.train.SummarySaverHook(save_steps=3, output_dir=str(tmp_path), summary_op=summary)
    run(train, [hook, tf.train.StopAtStepHook(last_step=7)])
    found = [event.step for event in events(tmp_path) if event.summary.value]
    assert found == [1, 4, 7]
    assert [event.session_log.status for event in events(tmp_path) if event.HasField("session_log")] == [
        tf.SessionLog.START]
    with pytest.raises(ValueError, match="Exactly one of scaffold or summary_op"):
        tf.train.SummarySaverHook(save_steps=1)


def test_final_ops_and_feeds():
    x = tf.placeholder(tf.float32)
    final = tf.train.FinalOpsHook({"double": x * 2}, {x: 4.0})
    feeds = iter([1.0, 2.0])
    feed = tf.train.FeedFnHook(lambda: {x: next(feeds)})
    y = x + 1
    with tf.train.SingularMonitoredSession(hooks=[final, feed]) as sess:
        assert [sess.run(y), sess.run(y)] == [2.0, 3.0]
    assert final.final_ops_values == {"double": 8.0}


def test_final_ops_without_input(log):
    def fail():
        raise tf.errors.OutOfRangeError(None, None, "the end")

    final, nothing = tf.train.FinalOpsHook(tf.py_func(fail, [], tf.float32)), tf.no_op()
    with pytest.raises(tf.errors.OutOfRangeError), tf.train.SingularMonitoredSession(hooks=[final]) as sess:
        sess.run(nothing)
    assert any("ran out of input" in line for line in log())


def test_waiter(monkeypatch):
    step = tf.train.get_or_create_global_step()
    hook = tf.train.GlobalStepWaiterHook(wait_until_step=2)
    waits = []
    with tf.train.SingularMonitoredSession(hooks=[hook]) as sess:
        def sleep(seconds):
            waits.append(seconds)
            step.load(len(waits), sess.raw_session())

        monkeypatch.setattr("time.sleep", sleep)
        sess.run(step)
        sess.run(step)
    assert len(waits) == 2


def test_profiler(tmp_path):
    train = counting()
    hook = tf.train.ProfilerHook(save_steps=2, output_dir=str(tmp_path), show_memory=True)
    run(train, [hook, tf.train.StopAtStepHook(last_step=5)])
    assert sorted(p.name for p in tmp_path.glob("timeline-*")) == ["timeline-2.json", "timeline-4.json"]
    tags = [event.tagged_run_metadata.tag for event in events(tmp_path) if event.HasField("tagged_run_metadata")]
    assert tags == ["step_2", "step_4"]
