"""With a seed, training has the same bits with one thread and with two, and whoever else trains meanwhile."""

import threading

import numpy as np
import pytest

import graphflow as tf
from tools.bench import data, workloads


def _after(workload, threads, steps=3):
    """All variables after some steps of a workload of tools/bench."""
    with tf.Graph().as_default():
        tf.set_random_seed(3)
        made = []

        class Kept(workloads.Bench):
            def session(self):
                made.append(super().session())
                return made[-1]

        steady = getattr(workloads, workload)(Kept(tf, data.FULL, threads))
        for i in range(steps):
            steady.step(i)
        (session,) = made
        with session:
            return [array.tobytes() for array in session.run(tf.global_variables())]


@pytest.fixture(autouse=True)
def compiled(monkeypatch):
    """Kernels do not change in the middle."""
    monkeypatch.setenv("GRAPHFLOW_DETERMINISTIC", "1")


@pytest.mark.parametrize("workload", [
    "softmax_sgd", "mlp_adam", "word2vec", pytest.param("lstm", marks=pytest.mark.slow),
    pytest.param("cnn_mnist", marks=pytest.mark.slow), pytest.param("mlp_wide", marks=pytest.mark.slow)])
def test_one_thread_and_two(workload):
    one, two = _after(workload, 1), _after(workload, 2)
    assert one == two


def test_many_threads_on_one_session():
    """Every one of 32 threads gets what a single one gets."""
    rng = np.random.default_rng(0)
    with tf.Graph().as_default():
        x = tf.placeholder(tf.float32, [None, 300])
        w = tf.Variable(rng.normal(size=(300, 200)).astype(np.float32))
        y = tf.nn.softmax(tf.nn.relu(tf.matmul(x, w)))
        feeds = [rng.normal(size=(64 + i % 3, 300)).astype(np.float32) for i in range(32)]
        with tf.Session(config=tf.ConfigProto(intra_op_parallelism_threads=2)) as sess:
            sess.run(tf.global_variables_initializer())
            want = [sess.run(y, {x: feed}).tobytes() for feed in feeds]
            wrong = []

            def user(i):
                for _ in range(5):
                    if sess.run(y, {x: feeds[i]}).tobytes() != want[i]:
                        wrong.append(i)

            users = [threading.Thread(target=user, args=(i,)) for i in range(32)]
            for thread in users:
                thread.start()
            for thread in users:
                thread.join(60)
            assert not wrong and not any(thread.is_alive() for thread in users)
