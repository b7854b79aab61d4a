"""The cpu tier's batch normalisation against the reference kernels."""

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


def test_left_to_the_reference():
    vectors = [np.ones(4, "f")] * 4
    attrs = {"T": "float32", "epsilon": .001, "data_format": b"NCHW", "is_training": True}
    outputs = [((2, 4, 3, 3), "float32"), *[((4,), "float32")] * 4]
    assert bind("norm", "FusedBatchNorm", [np.ones((2, 4, 3, 3), "f"), *vectors], outputs, attrs) is None
