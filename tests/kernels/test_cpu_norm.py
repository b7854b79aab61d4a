"""The cpu tier's normalisations against the reference kernels."""

import numpy as np
import pytest

from graphflow.framework import dtypes
from tests.kernels.native_harness import bind, registry, run

SHAPES = [(2, 3, 4, 5), (8, 28, 28, 32), (1, 1, 1, 3), (4, 9, 7, 67), (3, 40, 40, 16)]


def _reference(op, inputs, outputs, attrs):
    named = {**attrs, "T": dtypes.float32}
    context = registry.KernelContext(op, op, named, [dtypes.float32] * len(inputs), [dtypes.float32] * len(outputs),
                                     [a.shape for a in inputs], [shape for shape, _ in outputs])
    return registry.reference.find(op, "norm", named)(context)(*inputs)


def _check(op, inputs, shapes, attrs):
    outputs = [(shape, "float32") for shape in shapes]
    want = _reference(op, inputs, outputs, attrs)
    got = run("norm", op, inputs, outputs, attrs)
    for mine, theirs in zip(got, want, strict=True):
        np.testing.assert_allclose(mine, theirs, rtol=2e-4, atol=2e-4 * max(1, abs(theirs).max(initial=0)))
    for one, two in zip(got, run("norm", op, inputs, outputs, attrs, threads=2), strict=True):
        np.testing.assert_array_equal(one, two)


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("shape", SHAPES)
def test_batch_normalisation(shape, training):
    rng = np.random.default_rng(0)
    x = (rng.normal(size=shape) * 3 + 1).astype("f")
    scale, offset, mean = (rng.normal(size=shape[-1]).astype("f") for _ in range(3))
    variance = rng.uniform(.5, 2, shape[-1]).astype("f")
    attrs = {"T": "float32", "epsilon": .001, "data_format": b"NHWC", "is_training": training}
    channels = scale.shape
    _check("FusedBatchNormV3", [x, scale, offset, mean, variance], [shape, *[channels] * 4, ()], attrs)
    dy, third = rng.normal(size=shape).astype("f"), np.zeros((), "f")
    rest = (0,) if training else channels
    _check("FusedBatchNormGradV3", [dy, x, scale, mean, variance, third], [shape, channels, channels, rest, rest],
           attrs)


@pytest.mark.parametrize("beta", [0.0, 0.5, 0.6, 0.75, 1.0])
@pytest.mark.parametrize("shape, radius", [((2, 3, 5, 1), 5), ((1, 2, 2, 7), 0), ((2, 5, 3, 16), 2), ((3, 9, 7, 33), 5),
                                           ((8, 24, 24, 64), 4), ((1, 3, 3, 5), 70), ((0, 3, 3, 5), 1)], ids=str)
def test_local_normalisation(shape, radius, beta):
    rng = np.random.default_rng(0)
    x, y, dy = (rng.normal(size=shape).astype("f") for _ in range(3))
    attrs = {"T": "float32", "depth_radius": radius, "bias": 1.5, "alpha": .4, "beta": beta}
    for op, inputs in (("LRN", [x]), ("LRNGrad", [dy, x, y])):
        want = _reference(op, inputs, [(shape, "float32")], attrs)
        got = run("norm", op, inputs, [(shape, "float32")], attrs)
        np.testing.assert_allclose(got, want, rtol=1e-5, atol=1e-5)
        np.testing.assert_array_equal(run("norm", op, inputs, [(shape, "float32")], attrs, threads=2), got)


@pytest.mark.parametrize("beta", [0.5, 0.6, 0.75, 1.0])
def test_local_normalisation_of_special_numbers(beta):
    x = np.array([[0, 1, np.inf, 2, 3, 0, 0, 0, np.nan, 4, 5, 1e30, 6, 0]], "f").reshape(1, 1, 1, 14)
    for bias in (0.0, 1.0, -2.0):
        attrs = {"T": "float32", "depth_radius": 1, "bias": bias, "alpha": 1.0, "beta": beta}
        want = _reference("LRN", [x], [(x.shape, "float32")], attrs)
        np.testing.assert_allclose(run("norm", "LRN", [x], [(x.shape, "float32")], attrs), want, rtol=1e-5)


def test_left_to_the_reference():
    x = np.ones((1, 1, 1, 3), "f")      # minus one may be taken to whole powers
    attrs = {"T": "float32", "depth_radius": 1, "bias": -2.0, "alpha": 1.0, "beta": 2.0}
    assert bind("norm", "LRN", [x], [(x.shape, "float32")], attrs) is None
    vectors = [np.ones(4, "f")] * 4
    attrs = {"T": "float32", "epsilon": .001, "data_format": b"NCHW", "is_training": True}
    outputs = [((2, 4, 3, 3), "float32"), *[((4,), "float32")] * 4]
    assert bind("norm", "FusedBatchNorm", [np.ones((2, 4, 3, 3), "f"), *vectors], outputs, attrs) is None
