"""What tests of loops share: whether they run natively, and that this changes no number."""

import os
from unittest import mock

import numpy as np
import pytest

import graphflow as tf
from graphflow.framework.kernel_loader import kernels
from graphflow.runtime import calls, inner_loops
from graphflow.runtime.executor import Executor
from graphflow.runtime.staged import StagedExecutor


@pytest.fixture(autouse=True, params=["in the plan", "by themselves"])
def seeded(request, monkeypatch):
    """A seeded program waits for its compiled kernels. All loops are steps of the plan that may be, or none are."""
    tf.set_random_seed(1)
    monkeypatch.setattr(inner_loops, "_MOST_COPIED", 1 << 40 if request.param == "in the plan" else -1)


@pytest.fixture
def by_python(monkeypatch):
    """Some ops have no native kernel, whatever else has one by now."""
    cpu = kernels("registry").cpu
    find = cpu.find
    monkeypatch.setattr(cpu, "find", lambda op_type, *rest: None if op_type in ("MatrixInverse", "ScatterNd")
                        else find(op_type, *rest))


def _executors(found):
    """The Executors among `found`, and those of the parts into which others have divided their plans."""
    result = []
    for executor in found:
        divided = executor if isinstance(executor, StagedExecutor) else getattr(executor, "divided", None)
        if divided is not None:
            result += _executors(unit.executor for unit in divided._units)
        elif isinstance(executor, Executor):
            result.append(executor)
    return result


def is_native(bound):
    """Whether the step of a loop runs natively: as a row of the plan's tape, or by itself."""
    return bound.native is not None or bound.run.__self__._native is not None


def are_native(sess):
    """Whether the loops of the plans that `sess` has run are native, one after the other."""
    return [is_native(bound) for executor in _executors(sess._bound.values()) for entry in executor._entries.values()
            for bound in entry.spec.nodes if bound.node.type in ("While", "WhileGrad")]


def without_calls():
    """No step is called from native tapes: bodies with one that has no native kernel run in Python."""
    return mock.patch.object(calls, "call_back", lambda spec, bound, body, wait: bound)


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
        used = are_native(sess)
        assert used and used == (native if isinstance(native, list) else [native] * len(used))
    for one, other in zip(found, expected):
        for a, b in zip(one, other):
            np.testing.assert_allclose(a, b, rtol=tolerance, atol=tolerance)
    return found
