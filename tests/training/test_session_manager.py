"""SessionManager and Supervisor: sessions that are initialised, restored or waited for; services; ends."""

import glob

import pytest

import graphflow as tf
from graphflow.summary.event_file import summary_iterator


def saved(folder, value):
    """A checkpoint of variable `v`."""
    with tf.Graph().as_default(), tf.Session() as sess:
        v = tf.Variable(value, name="v")
        sess.run(v.initializer)
        return tf.train.Saver().save(sess, str(folder / "m"), global_step=1)


def test_initialises_and_restores(tmp_path):
    v = tf.Variable(1.0, name="v")
    manager = tf.train.SessionManager(ready_op=tf.report_uninitialized_variables())
    init, saver = tf.global_variables_initializer(), tf.train.Saver()
    called = []
    with manager.prepare_session("", init, saver, checkpoint_dir=str(tmp_path), init_fn=called.append) as sess:
        assert sess.run(v) == 1.0 and called == [sess]
    path = saved(tmp_path, 7.0)
    with manager.prepare_session("", init, saver, checkpoint_dir=str(tmp_path)) as sess:
        assert sess.run(v) == 7.0 and saver.last_checkpoints == [path]
    with manager.prepare_session("", init, saver, checkpoint_filename_with_path=path) as sess:
        assert sess.run(v) == 7.0
    with pytest.raises(ValueError, match="both checkpoint_dir and"):
        manager.prepare_session("", init, saver, checkpoint_dir="x", checkpoint_filename_with_path="y")


def test_says_what_is_not_ready():
    tf.Variable(1.0, name="v")
    w = tf.Variable(1.0, name="w")
    manager = tf.train.SessionManager(ready_op=tf.report_uninitialized_variables())
    with pytest.raises(RuntimeError, match="no init_op or init_fn or local_init_op"):
        manager.prepare_session("")
    with pytest.raises(RuntimeError, match="did not make model ready.*Variables not initialized: v$"):
        manager.prepare_session("", w.initializer)
    with pytest.raises(ValueError, match="must also pass a local_init_op"):
        tf.train.SessionManager(ready_for_local_init_op=tf.constant(0))
    local = tf.train.SessionManager(local_init_op=tf.no_op(),
                                    ready_for_local_init_op=tf.report_uninitialized_variables())
    with pytest.raises(RuntimeError, match="ready for local_init.*not initialized: v$"):
        local.prepare_session("", w.initializer)


def test_recovers(tmp_path):
    v = tf.Variable(1.0, name="v")
    w = tf.Variable(2.0, name="w", collections=[tf.GraphKeys.LOCAL_VARIABLES])
    manager = tf.train.SessionManager(ready_op=tf.report_uninitialized_variables(), local_init_op=w.initializer)
    saver = tf.train.Saver([v])
    sess, restored = manager.recover_session("", saver, checkpoint_dir=str(tmp_path))
    assert not restored
    sess.close()
    saved(tmp_path, 7.0)
    sess, restored = manager.recover_session("", saver, checkpoint_dir=str(tmp_path))
    assert restored and sess.run([v, w]) == [7.0, 2.0]
    sess.close()


def test_waits_for_a_checkpoint(tmp_path, monkeypatch):
    v = tf.Variable(1.0, name="v")
    manager = tf.train.SessionManager(recovery_wait_secs=5)
    waits = []

    def sleep(seconds):
        waits.append(seconds)
        if len(waits) == 2:
            saved(tmp_path, 3.0)

    monkeypatch.setattr("time.sleep", sleep)
    with manager.prepare_session("", None, tf.train.Saver(), checkpoint_dir=str(tmp_path),
                                 wait_for_checkpoint=True) as sess:
        assert sess.run(v) == 3.0
    assert waits == [5, 5]


def test_waits_for_a_session(monkeypatch):
    w = tf.Variable(2.0, name="w")
    manager = tf.train.SessionManager(ready_op=tf.report_uninitialized_variables(), recovery_wait_secs=1)
    monkeypatch.setattr("time.sleep", lambda seconds: None)
    with pytest.raises(tf.errors.DeadlineExceededError, match="after waiting 0 secs"):
        manager.wait_for_session("", max_wait_secs=0)
    ready = tf.train.SessionManager(ready_op=tf.report_uninitialized_variables(), local_init_op=w.initializer)
    with ready.wait_for_session("", max_wait_secs=5) as sess:
        assert sess.run(w) == 2.0


def test_supervisor_saves_and_continues(tmp_path):
    step = tf.train.get_or_create_global_step()
    train = tf.assign_add(step, 1)
    tf.summary.scalar("s", 1.0)
    for start in (0, 2):
        sv = tf.train.Supervisor(logdir=str(tmp_path), save_model_secs=0, save_summaries_secs=0)
        with sv.managed_session() as sess:
            assert [int(sess.run(train)) for _ in range(2)] == [start + 1, start + 2]
            sv.summary_computed(sess, sess.run(sv.summary_op))
            sv.saver.save(sess, sv.save_path, global_step=step)
        assert sv.should_stop()
        tf.get_default_graph()._unsafe_unfinalize()
    found = [event for path in glob.glob(str(tmp_path / "events*")) for event in summary_iterator(path)]
    assert sorted(event.step for event in found if event.summary.value) == [2, 4]
    statuses = [event.session_log.status for event in found if event.HasField("session_log")]
    assert statuses.count(tf.SessionLog.START) == statuses.count(tf.SessionLog.STOP) == 2
    assert (tmp_path / "graph.pbtxt").exists()


def test_supervisor_services(tmp_path):
    """Threads save and summarise beside the loop."""
    import time

    step = tf.train.get_or_create_global_step()
    tf.summary.scalar("s", tf.cast(step, tf.float32))
    sv = tf.train.Supervisor(logdir=str(tmp_path), save_model_secs=0.02, save_summaries_secs=0.02)
    with sv.managed_session() as sess:
        ticks = []
        sv.loop(0.01, ticks.append, args=(1,))
        limit = time.time() + 20
        while time.time() < limit and not (ticks and tf.train.latest_checkpoint(str(tmp_path))):
            sess.run(step)
            time.sleep(0.01)
    assert ticks and tf.train.latest_checkpoint(str(tmp_path)) == str(tmp_path / "model.ckpt-0")


def test_supervisor_raises_at_the_end():
    tf.train.get_or_create_global_step()
    sv = tf.train.Supervisor(stop_grace_secs=1)
    with pytest.raises(ZeroDivisionError), sv.managed_session():
        raise ZeroDivisionError
    with sv.managed_session():
        raise tf.errors.OutOfRangeError(None, None, "the end of the input is no error")
    with pytest.raises(RuntimeError, match="requires a summary writer"):
        sv.summary_computed(None, b"")


def test_supervisor_of_a_worker():
    with tf.Graph().as_default():
        tf.Variable(1.0, name="v")
        with pytest.raises(ValueError, match="must have their device set"):
            tf.train.Supervisor(is_chief=False)
    sv = tf.train.Supervisor(is_chief=False)
    assert sv.summary_writer is None and sv.save_path is None
    with pytest.raises(RuntimeError, match="Only chief supervisor"):
        sv.start_standard_services(None)
