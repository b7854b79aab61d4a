"""What tests of loops share: whether they run natively, and that this changes no number."""

import os
from unittest import mock

import numpy as np
import pytest

import graphflow as tf
from graphflow.framework.kernel_loader import kernels
from graphflow.runtime import calls
from graphflow.runtime.executor import Executor


@pytest.fixture(autouse=True)
def seeded():
    tf.set_random_seed(1)  # a seeded program waits for its compiled kernels


@pytest.fixture
def by_python(monkeypatch):
    """Some ops have no native kernel, whatever else has one by now."""
    cpu = kernels("registry").cpu
    find = cpu.find
    monkeypatch.setattr(cpu, "find", lambda op_type, *rest: None if op_type in ("MatrixInverse", "ScatterNd")
                        else find(op_type, *rest))


def loops(sess):
    """The loops of the plans that `sess` has run, by type: NativeLoop or None each."""
    found = []
    for executor in sess._bound.values():
        if isinstance(executor, Executor):
            for entry in executor._entries.values():
                found += [bound.run.__self__._native for bound in entry.spec.nodes
                          if bound.node.type in ("While", "WhileGrad")]
    return found


def without_calls():
    """No step is called from native tapes: bodies with one that has no native kernel run in Python."""
    return mock.patch.object(calls, "call_back", lambda spec, bound, body: bound)


def check(fetches, feed_dict=None, native=True, tolerance=1e-5):
    """What `fetches` give, three times natively, is what the reference executor gives.

    `native`: whether the loops run natively; a list of one answer each, if they differ.
    """
    with mock.patch.dict(os.environ, {"GRAPHFLOW_EXECUTOR": "reference"}), tf.Session() as sess:
        sess.run(tf.global_variables_initializer())
        expected = [sess.run(fetches, feed_dict) for _ in range(3)]
    with tf.Session() as sess:
        sess.run(tf.global_variables_initializer())
        found = [sess.run(fetches, feed_dict) for _ in range(3)]
        used = loops(sess)
        expectation = native if isinstance(native, list) else [native] * len(used)
        assert used and [loop is not None for loop in used] == expectation
    for one, other in zip(found, expected):
        for a, b in zip(one, other):
            np.testing.assert_allclose(a, b, rtol=tolerance, atol=tolerance)
    return found
