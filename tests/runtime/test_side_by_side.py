"""Steps that run at once: which do, the same bits as one after the other, and nothing torn."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import graphflow as tf
from graphflow.framework.kernel_loader import kernels
from graphflow.runtime import side_by_side
from tests.property.test_plans import check_against_reference, programs, run_all


@pytest.fixture(autouse=True)
def two_processors(monkeypatch):
    """Kernels do not change in the middle, and there is a helper."""
    monkeypatch.setenv("GRAPHFLOW_DETERMINISTIC", "1")
    monkeypatch.setattr(kernels("cpu.pool"), "available_cpus", lambda: 2)


def numbers(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


def tower(x, name, layers=3, width=64):
    for i in range(layers):
        x = tf.layers.dense(x, width, tf.tanh, name=f"{name}{i}",
                            kernel_initializer=tf.constant_initializer(numbers(int(x.shape[1]), width, seed=i) / 8))
    return x


def two_towers():
    """(training op, feed) of two networks with one loss."""
    x = tf.placeholder(tf.float32, [None, 64], "x")
    loss = tf.reduce_mean(tf.square(tower(x, "a") - tower(x, "b") + 1.0))
    return tf.train.AdamOptimizer(.01).minimize(loss), {x: numbers(32, 64)}


def stretches(sess):
    """The names of the nodes of each step that runs several at once."""
    found = []
    for executor in sess._bound.values():
        for entry in getattr(executor, "_entries", {}).values():
            found += [[node.name for node in step.nodes] for step in entry.spec.nodes if step.native is not None
                      and kernels("cpu.pool").first_part(step.native)[0].template == "sequence.run"
                      and step.native.function.components()[0].template == "pool.run"]
    return found


def trained(threads, expected):
    """The variables after some steps with so many threads, which are to have so many stretches or more."""
    with tf.Graph().as_default():
        train, feed = two_towers()
        with tf.Session(config=tf.ConfigProto(intra_op_parallelism_threads=threads)) as sess:
            sess.run(tf.global_variables_initializer())
            for _ in range(20):
                sess.run(train, feed)
            assert min(expected, 1) <= len(stretches(sess)) <= expected
            return b"".join(value.tobytes() for value in sess.run(tf.global_variables()))


def test_towers_run_at_once_with_the_same_bits(monkeypatch):
    at_once, alone = trained(2, 4), trained(1, 0)
    monkeypatch.setattr(side_by_side, "_WORTH", 1e9)
    assert at_once == alone == trained(2, 0)


def test_both_towers_are_in_one_stretch():
    train, feed = two_towers()
    with tf.Session(config=tf.ConfigProto(intra_op_parallelism_threads=2)) as sess:
        sess.run(tf.global_variables_initializer())
        sess.run(train, feed)
        forward = next(names for names in stretches(sess) if "a0/MatMul" in names)
        assert {"a1/MatMul", "a2/MatMul", "b0/MatMul", "b1/MatMul", "b2/MatMul"} <= set(forward)
        assert "sequence.run x2" in str(sess.explain(train, feed))


def test_chains_and_large_results_stay_as_they_are(monkeypatch):
    x = tf.placeholder(tf.float32, [None, 64])
    chain, many = tower(x, "c", 8), tf.placeholder(tf.float32, [None, 64])
    large = tf.reduce_sum(tower(many, "d", 1), 0) + tf.reduce_sum(tower(many, "e", 1), 0)
    with tf.Session(config=tf.ConfigProto(intra_op_parallelism_threads=2)) as sess:
        sess.run(tf.global_variables_initializer())
        sess.run(chain, {x: numbers(32, 64)})
        sess.run(large, {many: numbers(20_000, 64)})
        assert stretches(sess) == []


def test_steps_that_may_fail_stay_as_they_are():
    x, rows = tf.placeholder(tf.float32, [None, 64]), tf.placeholder(tf.int32, [None])
    both = tower(tf.gather(x, rows), "f", 4), tower(tf.gather(x, rows, name="second"), "g", 4)
    with tf.Session(config=tf.ConfigProto(intra_op_parallelism_threads=2)) as sess:
        sess.run(tf.global_variables_initializer())
        sess.run(both, {x: numbers(32, 64), rows: np.arange(32)})
        assert stretches(sess) and not any("Gather" in name or "second" in name for s in stretches(sess) for name in s)
        with pytest.raises(tf.errors.InvalidArgumentError, match="is not in"):
            sess.run(both, {x: numbers(32, 64), rows: np.full(32, 40)})


def test_readers_of_a_variable_come_before_its_next_write(monkeypatch):
    monkeypatch.setattr(side_by_side, "_WORTH", -100.0)
    v = tf.Variable(np.zeros((200, 64), np.float32))
    shapes = [(200, 64), (100, 128), (50, 256), (400, 32), (800, 16)]   # steps of one shape would be one
    reads = [tf.tanh(tf.reshape(v, shape) * float(i)) for i, shape in enumerate(shapes, 1)]
    with tf.control_dependencies(reads):
        first = tf.assign_add(v, tf.ones([200, 64]))
    with tf.control_dependencies([first]):
        second = tf.assign(v, v.read_value() * 2.0)
    fetches = [*reads, second]
    with tf.Session(config=tf.ConfigProto(intra_op_parallelism_threads=2)) as sess:
        sess.run(v.initializer)
        value = 0.0
        for _ in range(20):
            *seen, last = sess.run(fetches)
            for i, array in enumerate(seen, 1):
                np.testing.assert_allclose(array, np.full(shapes[i - 1], np.tanh(i * value)), rtol=1e-5)
            value = (value + 1) * 2
            np.testing.assert_array_equal(last, np.full((200, 64), value))
        assert stretches(sess)


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(programs(), st.integers(0, 5), st.integers(0, 2**31))
def test_any_steps_may_run_at_once(monkeypatch, program, rows, seed):
    """All that can be is put side by side, however little it is."""
    with monkeypatch.context() as patch:
        patch.setattr(side_by_side, "_WORTH", -100.0)
        check_against_reference(patch, program, rows, seed)
        inputs = [np.random.default_rng(seed).normal(size=(rows + 1, 3)).astype(np.float32)] * 3
        at_once = run_all(program, inputs, None)
    alone = run_all(program, inputs, None)
    for step, other in zip(at_once, alone):
        for a, b in zip(step, other):
            assert a is b is None or np.asarray(a).tobytes() == np.asarray(b).tobytes()
