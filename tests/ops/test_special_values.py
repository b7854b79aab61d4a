"""Zeros of both signs, infinities, NaN and denormals: both tiers give what TensorFlow gives, and the same."""

from pathlib import Path

import numpy as np
import pytest

import graphflow as tf
from graphflow.runtime.reference import ReferenceExecutor
from tests.ops import special_value_programs as programs

GOLDEN = Path(__file__).parent.parent / "golden" / "special_values.npz"
# The float64 error function of TensorFlow 2.21 is NaN at infinity, its 1 / sqrt has a gradient of +0: not followed.


def assert_same(actual, expected, what):
    """Equal to rounding, with the same NaN and the same signs of zero."""
    assert actual.dtype == expected.dtype, what
    least = 4 * float(np.finfo(actual.dtype).smallest_subnormal) if actual.dtype.kind == "f" else 0
    np.testing.assert_allclose(actual, expected, 1e-5 if actual.dtype == np.float32 else 1e-12, least, err_msg=what)
    zeros = expected == 0
    np.testing.assert_array_equal(np.signbit(actual[zeros]), np.signbit(expected[zeros]), f"{what}: signs of zero")


def run(monkeypatch, tier, program):
    """What a program of `sess.run`s gives in a tier."""
    with monkeypatch.context() as patch:
        patch.setenv("GRAPHFLOW_DETERMINISTIC", "1")        # waits for the compiled kernels
        if tier == "reference":
            patch.setenv("GRAPHFLOW_EXECUTOR", "reference")
        return program()


FLOAT32_FIRST = pytest.mark.parametrize("dtype", ["float32", pytest.param("float64", marks=pytest.mark.slow)])


@FLOAT32_FIRST
@pytest.mark.parametrize("tier", ["reference", "native"])
def test_as_in_tensorflow(monkeypatch, tier, dtype):
    found = run(monkeypatch, tier, lambda: programs.results(tf, dtype))
    with np.load(GOLDEN) as golden:
        assert {name for name in golden if name.endswith(dtype)} == set(found)
        for name, value in found.items():
            assert_same(value, golden[name], name)


def ends(dtype):
    """Numbers at the ends of a type, those below the normal ones among them."""
    limits = np.finfo(dtype)
    return [sign * number for sign in (1, -1) for number in (
        0.0, float(limits.smallest_subnormal), float(limits.tiny) / 4, float(limits.tiny), float(limits.eps), 1.0,
        1 + float(limits.eps), 88.5, 104.0, 745.0, float(limits.max), np.inf)] + [np.nan]


def all_ops(dtype):
    """Every op in one run, which fuses them."""
    feeds, fetches = {}, {}
    with tf.Graph().as_default(), tf.Session() as sess:
        for ops in (programs.UNARY, programs.BINARY):
            arrays = programs.inputs(ops, dtype, ends(dtype))
            tensors = [tf.placeholder(dtype, array.shape) for array in arrays]
            feeds.update(zip(tensors, arrays))
            fetches.update({op: getattr(tf.raw_ops, op)(*tensors) for op in ops})
        fetches.update({f"Pow {power}": next(iter(feeds)) ** power for power in programs.POWERS})
        results = sess.run(fetches, feeds)
        return results, set(map(type, sess._bound.values()))


@FLOAT32_FIRST
def test_reference_equals_native_at_the_ends(monkeypatch, dtype):
    expected, executors = run(monkeypatch, "reference", lambda: all_ops(dtype))
    assert executors == {ReferenceExecutor}
    actual, executors = run(monkeypatch, "native", lambda: all_ops(dtype))
    assert ReferenceExecutor not in executors
    for op, value in expected.items():
        assert_same(actual[op], value, op)


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_half_precision_keeps_signs_of_zero_and_nan(dtype):
    x = tf.constant([0.0, -0.0, np.inf, -np.inf, np.nan], dtype)
    with tf.Session() as sess:
        relu, capped, sign, root = sess.run([tf.nn.relu(x), tf.nn.relu6(x), tf.sign(x), x ** tf.constant(0.5, dtype)])
    for actual, expected in ((relu, [0, 0, np.inf, 0, np.nan]), (capped, [0, 0, 6, 0, np.nan]),
                             (sign, [0, 0, 1, -1, np.nan]), (root, [0, 0, np.inf, np.inf, np.nan])):
        assert_same(actual.astype(np.float32), np.array(expected, np.float32), dtype)
