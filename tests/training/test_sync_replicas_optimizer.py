"""`tf.train.SyncReplicasOptimizer`: what it makes, and replicas as threads on one session."""

import threading

import numpy as np
import pytest

import graphflow as tf

TIMEOUT = 30


def _run(work):
    """Calls each function of `work` in a thread; their errors are raised here."""
    failed = []

    def guarded(function):
        try:
            function()
        except Exception as error:  # noqa: BLE001 - raised below
            failed.append(error)

    threads = [threading.Thread(target=guarded, args=(function,), daemon=True) for function in work]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(TIMEOUT)
    assert not any(thread.is_alive() for thread in threads), "replicas still wait"
    if failed:
        raise failed[0]


def test_what_is_made():
    w, table = tf.Variable([1.0, 2.0], name="w"), tf.Variable(tf.ones([4, 2]), name="table")
    unused = tf.Variable(1.0, name="unused")
    step = tf.train.create_global_step()
    inner = tf.train.MomentumOptimizer(0.1, 0.9)
    opt = tf.train.SyncReplicasOptimizer(inner, 2)
    with pytest.raises(ValueError, match="Should be called after apply_gradients"):
        opt.get_chief_queue_runner()
    with pytest.raises(ValueError, match="should be called after apply_gradients"):
        opt.get_init_tokens_op()
    with pytest.raises(ValueError, match="should be called before using the hook"):
        opt.make_session_run_hook(True).begin()
    pairs = opt.compute_gradients(tf.reduce_sum(w) + tf.reduce_sum(tf.gather(table, [1, 1])), [w, table, unused])
    with pytest.raises(ValueError, match="Must supply at least one variable"):
        opt.apply_gradients([], step)
    with pytest.raises(ValueError, match="Global step is required"):
        opt.apply_gradients(pairs)
    train = opt.apply_gradients(pairs, step)
    assert train.op.type == "Assign" and [v.name for v in tf.local_variables()] == ["sync_rep_local_step:0"]
    types = {op.type: op for op in tf.get_default_graph().get_operations()}
    assert types["ResourceConditionalAccumulator"].get_attr("shared_name") == b"w:0/grad_accum"
    assert types["ResourceConditionalAccumulator"].name.startswith("sync_replicas/")
    assert types["SparseConditionalAccumulator"].get_attr("shared_name") == b"table:0/grad_accum"
    assert {"sync_token_q", "dummy_queue"} <= {op.name for op in tf.get_default_graph().get_operations()}
    assert opt.get_chief_queue_runner().name == "dummy_queue"
    assert opt.get_slot_names() == ["momentum"] and opt.get_slot(w, "momentum") is inner.get_slot(w, "momentum")
    assert opt.variables() == inner.variables() and len(opt.variables()) == 2


def test_too_few_tokens():
    w, step = tf.Variable(1.0), tf.train.create_global_step()
    opt = tf.train.SyncReplicasOptimizer(tf.train.GradientDescentOptimizer(0.1), 5, total_num_replicas=2)
    opt.minimize(w * w, step)
    with pytest.raises(ValueError, match=r"2 \(given\) vs 3 \(needed\)"):
        opt.get_init_tokens_op(2)
    assert opt.get_init_tokens_op(3).type == "QueueEnqueueManyV2"


def test_two_replicas_make_one_update_of_their_average():
    w, table = tf.Variable(10.0, name="w"), tf.Variable(tf.zeros([3]), name="table")
    step = tf.train.create_global_step()
    inner = tf.train.GradientDescentOptimizer(0.5)
    replicas = [tf.train.SyncReplicasOptimizer(inner, 2) for _ in range(2)]
    trains = [opt.minimize(slope * w + tf.reduce_sum(slope * tf.gather(table, [row])), step)
              for opt, slope, row in zip(replicas, (1.0, 3.0), (0, 2))]
    hooks = [opt.make_session_run_hook(is_chief=i == 0, num_tokens=0) for i, opt in enumerate(replicas)]
    with tf.train.MonitoredTrainingSession(hooks=hooks) as sess:
        raw = sess._tf_sess()
        for _ in range(4):
            _run([lambda op=op: raw.run(op) for op in trains])
        count, weight, rows = raw.run([step, w, table])
    assert (count, weight) == (4, 10 - 4 * 0.5 * 2)
    np.testing.assert_array_equal(rows, [-2, 0, -6])        # each row is the average of those who had it


def test_gradients_of_earlier_steps_are_dropped():
    w, step, slope = tf.Variable(0.0), tf.train.create_global_step(), tf.placeholder(tf.float32, [])
    opt = tf.train.SyncReplicasOptimizer(tf.train.GradientDescentOptimizer(1.0), 1, total_num_replicas=2)
    train = opt.minimize(slope * w, step)
    late = opt._local_step.assign(-1)
    with tf.train.MonitoredTrainingSession(hooks=[opt.make_session_run_hook(True, num_tokens=0)]) as sess:
        sess.run(train, {slope: 1.0})       # each update gives two tokens: the second is left
        sess.run(late)
        sess.run(train, {slope: 100.0})
        sess.run(train, {slope: 1.0})
        assert sess.run([w, step]) == [-2, 2]


def test_averages_of_variables_follow_each_update():
    w, step = tf.Variable(8.0), tf.train.create_global_step()
    averages = tf.train.ExponentialMovingAverage(0.5)
    opt = tf.train.SyncReplicasOptimizer(tf.train.GradientDescentOptimizer(1.0), 1, variable_averages=averages,
                                         variables_to_average=[w])
    train = opt.minimize(4.0 * w, step)
    with tf.train.MonitoredTrainingSession(hooks=[opt.make_session_run_hook(True, num_tokens=0)]) as sess:
        sess.run(train)
        while sess.run(averages.average(w)) == 8:
            pass
        assert sess.run([w, averages.average(w)]) == [4, 6]


def test_without_a_chief_the_step_says_what_it_waits_for():
    w, step = tf.Variable(1.0), tf.train.create_global_step()
    opt = tf.train.SyncReplicasOptimizer(tf.train.GradientDescentOptimizer(0.1), 1)
    train = opt.minimize(w * w, step)
    with tf.Session(config=tf.ConfigProto(operation_timeout_in_ms=200)) as sess:
        sess.run([tf.global_variables_initializer(), tf.local_variables_initializer()])
        with pytest.raises(tf.errors.DeadlineExceededError, match="sync_token_q"):
            sess.run(train)
