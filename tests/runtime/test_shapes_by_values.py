"""Plans in which shapes depend on values: divided there, and that this changes no number."""

import sys
import threading

import numpy as np
import pytest

import graphflow as tf
from graphflow.runtime import executor
from graphflow.runtime.executor import Executor
from tests.runtime.loop_checks import is_native


def _last(sess):
    return list(sess._bound.values())[-1]


def _leaves(made):
    """The executors of all stages, those of divided stages in their place."""
    if made.divided is None:
        return [made]
    return [leaf for _, inner in made.divided.stages for leaf in _leaves(inner)]


def _both(monkeypatch, program, feeds):
    """What program() -> (fetches, placeholders) gives for one feed after the other, by stages and by the reference."""
    results = []
    monkeypatch.setenv("GRAPHFLOW_DETERMINISTIC", "1")
    for mode in ("", "reference"):
        monkeypatch.setenv("GRAPHFLOW_EXECUTOR", mode)
        with tf.Graph().as_default(), tf.Session() as sess:
            fetches, placeholders = program()
            sess.run(tf.global_variables_initializer())
            results.append([sess.run(fetches, dict(zip(placeholders, feed))) for feed in feeds])
            made = _last(sess)
            assert isinstance(made, Executor) == (mode == "")
            if not mode:
                leaves = _leaves(made)
    for ours, reference in zip(*results):
        for a, b in zip(ours, reference, strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-6)
    return leaves


def _masked_training():
    x, mask = tf.placeholder(tf.float32, [None, 6]), tf.placeholder(tf.bool, [None])
    w = tf.get_variable("w", [6, 3], initializer=tf.constant_initializer(0.1))
    kept = tf.boolean_mask(tf.tanh(tf.matmul(x, w)), mask)
    loss = tf.reduce_sum(tf.square(kept - 1.0))
    with tf.control_dependencies([tf.train.MomentumOptimizer(0.01, 0.9).minimize(loss)]):
        return [loss, tf.identity(w), kept], [x, mask]


def _batches(count, rows=12):
    rng = np.random.default_rng(1)
    for i in range(count):
        mask = rng.random(rows) < 0.5
        mask[:] = mask if i else False      # the first batch keeps nothing
        yield rng.normal(size=(rows, 6)).astype(np.float32), mask


def test_a_masked_loss_trains_by_native_kernels(monkeypatch):
    leaves = _both(monkeypatch, _masked_training, list(_batches(12)))
    assert len(leaves) == 2
    spec, _ = leaves[-1].latest()
    left = {bound.node.type for bound in spec.nodes if bound.native is None}
    assert left <= {"GatherNd", "ScatterNd"}, left


def test_a_mask_of_a_mask_is_divided_again(monkeypatch):
    def program():
        x, mask = tf.placeholder(tf.float32, [None]), tf.placeholder(tf.bool, [None])
        kept = tf.exp(tf.boolean_mask(x, mask))
        again = tf.boolean_mask(kept, kept > 1.0)
        return [tf.reduce_sum(tf.sqrt(again) * 2.0), kept, again], [x, mask]

    rng = np.random.default_rng(0)
    feeds = [(rng.normal(size=20).astype(np.float32), rng.random(20) < 0.7) for _ in range(5)]
    assert len(_both(monkeypatch, program, feeds)) == 3


def test_a_slice_from_a_computed_position(monkeypatch):
    def program():
        tf.set_random_seed(5)
        data = tf.constant(np.arange(60).reshape(3, 20) % 7)
        table = tf.get_variable("table", [7, 4], initializer=tf.random_uniform_initializer())
        at = tf.placeholder(tf.int32, [])
        x = tf.strided_slice(data, [0, at * 5], [3, (at + 1) * 5])
        x.set_shape([3, 5])
        found = tf.nn.embedding_lookup(table, x)
        outputs, state = tf.nn.dynamic_rnn(tf.nn.rnn_cell.BasicLSTMCell(4), found, dtype=tf.float32)
        loss = tf.reduce_sum(tf.square(outputs)) + tf.reduce_sum(state.h)
        with tf.control_dependencies([tf.train.GradientDescentOptimizer(0.1).minimize(loss)]):
            return [loss, tf.identity(table), x], [at]

    leaves = _both(monkeypatch, program, [(i % 4,) for i in range(8)])
    spec, _ = leaves[-1].latest()
    loops = [bound for bound in spec.nodes if bound.node.type in ("While", "WhileGrad")]
    assert len(loops) == 2 and all(map(is_native, loops))


def test_writes_stay_in_order_around_a_mask(monkeypatch):
    def program():
        x, mask = tf.placeholder(tf.float32, [None]), tf.placeholder(tf.bool, [None])
        v = tf.Variable(1.0)
        before = v.assign_add(1.0)
        with tf.control_dependencies([before]):
            scaled = tf.boolean_mask(x * v.read_value(), mask)
        total = tf.reduce_sum(tf.square(scaled)) + tf.reduce_sum(tf.exp(-scaled))
        with tf.control_dependencies([total]):
            after = v.assign_add(total)
        return [total, after, scaled], [x, mask]

    rng = np.random.default_rng(0)
    feeds = [(rng.normal(size=9).astype(np.float32) * .1, rng.random(9) < 0.7) for _ in range(5)]
    _both(monkeypatch, program, feeds)


def test_randomness_does_not_depend_on_stages(monkeypatch):
    def program():
        tf.set_random_seed(7)
        x = tf.random_normal([30], seed=1)
        kept = tf.boolean_mask(x, x > 0.0)
        return [tf.reduce_sum(tf.tanh(kept) + tf.random_uniform(tf.shape(kept), seed=2)), kept], []

    _both(monkeypatch, program, [()] * 4)


@pytest.fixture
def switching_often():
    """Threads take turns in the middle of everything."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


def test_a_step_in_stages_is_not_torn(switching_often):
    """Each step reads what the one before wrote, whatever thread ran it."""
    x = tf.placeholder(tf.float32, [None])
    v = tf.Variable(tf.zeros([4]))
    more = v + 1.0      # computed before the mask, and written after it
    kept = tf.boolean_mask(x, x + tf.minimum(more[0], 0.0) > 0.0)
    step = v.assign(more - 1.0 + tf.reduce_mean(tf.square(tf.sqrt(kept))))
    with tf.Session() as sess:
        sess.run(tf.global_variables_initializer())

        def work(seed):
            rng = np.random.default_rng(seed)
            for _ in range(100):
                sess.run(step, {x: [1.0, *np.where(rng.random(7) < 0.4, -1.0, 1.0)]})

        threads = [threading.Thread(target=work, args=(seed,)) for seed in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert _leaves(_last(sess))[1:]
        np.testing.assert_array_equal(sess.run(v), np.full(4, 800.0))


def test_shapes_that_never_come_again_are_not_specialised(monkeypatch):
    monkeypatch.setattr(executor, "_MADE_AT_ONCE", 3)
    monkeypatch.delenv("GRAPHFLOW_DETERMINISTIC", raising=False)
    x = tf.placeholder(tf.float32, [None])
    v = tf.Variable(0.0)
    step = v.assign_add(tf.reduce_sum(tf.tanh(x)))
    with tf.Session() as sess:
        sess.run(tf.global_variables_initializer())
        for size in [*range(1, 10), 7, 8]:
            sess.run(step, {x: np.ones(size)})
        made = _last(sess)
        assert list(made._entries) == [((size,),) for size in (1, 2, 3, 7, 8)]
        np.testing.assert_allclose(sess.run(v), np.tanh(1) * (45 + 15), rtol=1e-5)
        sess.explain(step, {x: np.ones(5)})
        assert ((5,),) in made._entries


def test_the_plan_of_the_last_run_is_explained():
    fetches, (x, mask) = _masked_training()
    with tf.Session() as sess:
        sess.run(tf.global_variables_initializer())
        feed = dict(zip((x, mask), list(_batches(2))[1]))
        kept = int(feed[mask].sum())
        assert "later" in str(sess.explain(fetches, feed))
        sess.run(fetches, feed)
        text = str(sess.explain(fetches, feed, profile=True))
        assert f"float32[{kept},3]" in text and "2 stages" in text and "later" not in text
        (row,) = [line for line in text.splitlines() if line.startswith("0 ") and " Where " in line]
        assert float(row[18:26]) > 0


@pytest.mark.parametrize("rows", [0, 3])
def test_errors_in_a_stage_name_the_op(rows):
    x = tf.placeholder(tf.float32, [None])
    kept = tf.boolean_mask(x, x > 0.0)
    out = tf.reshape(tf.exp(tf.tanh(kept) * 2.0), [2, 2], name="square")
    with tf.Session() as sess, pytest.raises(tf.errors.InvalidArgumentError, match="square"):
        sess.run(out, {x: np.ones(rows)})


def test_constants_of_unknown_shape_do_not_divide_for_ever():
    table = tf.get_variable("t", initializer=np.arange(10.0).reshape(5, 2), use_resource=True)
    _, rows = tf.while_loop(lambda i, r: i < 3, lambda i, r: (i + 1, tf.concat([r, tf.gather(table, [i])], 0)),
                            [0, tf.zeros([0, 2], tf.float64)], [tf.TensorShape([]), tf.TensorShape([None, 2])])
    total = tf.reduce_sum(tf.sqrt(tf.exp(rows) + 1.0) * tf.tanh(rows))
    with tf.Session() as sess:
        sess.run(table.initializer)
        x = np.arange(6.0).reshape(3, 2)
        np.testing.assert_allclose(sess.run(total), (np.sqrt(np.exp(x) + 1) * np.tanh(x)).sum())
