"""Changing shapes and growing graphs: what was compiled once stays; memory stays bounded."""

import gc
import os
from pathlib import Path

import numpy as np
import pytest

import graphflow as tf
from graphflow.client.bound_run import BoundRun
from graphflow.runtime import executor
from graphflow.runtime.specialize import Specialization


@pytest.fixture
def counted(monkeypatch):
    """{what was made: how often}."""
    counts = {"plans": 0, "specialisations": 0}
    make, init = BoundRun.make_executor, Specialization.__init__

    def make_executor(*args):
        counts["plans"] += 1
        return make(*args)

    def specialise(self, *args):
        counts["specialisations"] += 1
        init(self, *args)

    monkeypatch.setattr(BoundRun, "make_executor", staticmethod(make_executor))
    monkeypatch.setattr(Specialization, "__init__", specialise)
    monkeypatch.setenv("GRAPHFLOW_DETERMINISTIC", "1")
    return counts


def network():
    x = tf.placeholder(tf.float32, [None, 3])
    w = tf.Variable(np.ones((3, 2), np.float32))
    y = tf.tanh(tf.matmul(x, w))
    return x, y, tf.train.GradientDescentOptimizer(0.0).minimize(tf.reduce_mean(y))


def test_changing_batch_sizes_do_not_thrash(counted):
    x, y, train = network()
    with tf.Session() as sess:
        sess.run(tf.global_variables_initializer())
        counted.update(plans=0, specialisations=0)
        for _ in range(5):
            for batch in (32, 32, 7, 100):     # full batches, the last one of an epoch, the test set
                _, result = sess.run([train, y], {x: np.ones((batch, 3))})
                np.testing.assert_allclose(result, np.full((batch, 2), np.tanh(3)), rtol=1e-6)
    assert counted == {"plans": 1, "specialisations": 3}


def test_growth_recompiles_nothing(counted):
    x, y, train = network()
    feed = {x: np.ones((4, 3))}
    with tf.Session() as sess:
        sess.run(tf.global_variables_initializer())
        sess.run(train, feed)
        counted.update(plans=0, specialisations=0)
        for i in range(3):
            z = y + float(i)
            sess.run(train, feed)
            assert counted == {"plans": i, "specialisations": i}
            sess.run(z, feed)
    assert counted == {"plans": 3, "specialisations": 3}


def test_idle_memory_is_bounded(monkeypatch):
    monkeypatch.setattr(executor, "_IDLE_BYTES", 100_000)
    x = tf.placeholder(tf.float32, [None])
    y = tf.reduce_sum(tf.cumsum(tf.exp(x)) * 2.0)
    with tf.Session() as sess:
        for size in (100, *range(3000, 4000, 50), 100):
            np.testing.assert_allclose(sess.run(y, {x: np.zeros(size)}), size * (size + 1), rtol=1e-4)
        (made,) = [e for e in sess._bound.values() if isinstance(e, executor.Executor)]
        gc.collect()
        kept = [frame.nbytes for entry in made._entries.values() for frame in entry.frames]
    assert sum(kept) <= 100_000 + max(kept) and len(made._entries) == 21


def resident_bytes():
    pages = Path("/proc/self/statm").read_text().split()[1]
    return int(pages) * os.sysconf("SC_PAGE_SIZE")


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="needs /proc")
def test_a_hundred_thousand_steps_take_no_memory(monkeypatch):
    monkeypatch.setenv("GRAPHFLOW_DETERMINISTIC", "1")
    x, y, train = network()
    batches = [np.ones((n, 3), np.float32) for n in (32, 32, 7)]
    with tf.Session() as sess:
        sess.run(tf.global_variables_initializer())
        for i in range(2000):
            sess.run([train, y], {x: batches[i % 3]})
        gc.collect()
        before = resident_bytes()
        for i in range(100_000):
            sess.run([train, y], {x: batches[i % 3]})
        gc.collect()
        assert resident_bytes() - before < 1 << 20
