"""The cpu tier's padding with mirror images against the reference kernels."""

import numpy as np
import pytest

from graphflow.framework import dtypes
from tests.kernels.native_harness import bind, registry, run

CASES = [
    ((3,), [(2, 2)]), ((2, 7, 9, 3), [(0, 0), (4, 4), (4, 5), (0, 0)]), ((4, 5), [(3, 0), (0, 4)]),
    ((2, 3, 4), [(1, 1), (2, 1), (3, 3)]), ((3, 4), [(0, 0), (0, 0)]), ((), []), ((1, 6, 1), [(0, 0), (5, 2), (0, 0)]),
    ((2, 2, 2, 2), [(1, 1)] * 4),
]


def _reference(op, inputs, attrs):
    named = {**attrs, "T": dtypes.as_dtype(attrs["T"])}
    context = registry.KernelContext(op, op, named, [named["T"], dtypes.int32], [named["T"]])
    return registry.reference.find(op, "padding", named)(context)(*inputs)


@pytest.mark.parametrize("mode", [b"REFLECT", b"SYMMETRIC"])
@pytest.mark.parametrize("shape, pads", CASES, ids=str)
def test_mirror_images(shape, pads, mode):
    pads = np.array(pads, np.int32).reshape(-1, 2)
    rng = np.random.default_rng(0)
    whole = tuple(int(n) for n in np.array(shape, int) + pads.sum(1))
    for dtype in ("float32", "int8", "complex128"):
        x, attrs = (rng.normal(size=shape) * 50).astype(dtype), {"T": dtype, "mode": mode}
        found = run("padding", "MirrorPad", [x, pads], [(whole, dtype)], attrs, constants=(1,))
        np.testing.assert_array_equal(found, _reference("MirrorPad", [x, pads], attrs))
    for dtype in ("float32", "float64"):
        dy, attrs = rng.normal(size=whole).astype(dtype), {"T": dtype, "mode": mode}
        found = run("padding", "MirrorPadGrad", [dy, pads], [(shape, dtype)], attrs, constants=(1,))
        np.testing.assert_allclose(found, _reference("MirrorPadGrad", [dy, pads], attrs), rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("pads, whole", [([[2, 0]], 4), ([[0, 2]], 4), ([[-1, 1]], 2), ([[1, 1], [0, 0]], 4)], ids=str)
def test_left_to_the_reference(pads, whole):
    """Images longer than what they mirror, and other errors."""
    attrs, pads = {"T": "float32", "mode": b"REFLECT"}, np.array(pads, np.int32)
    x, dy = np.ones(2, "f"), np.ones(whole, "f")
    assert bind("padding", "MirrorPad", [x, pads], [((whole,), "float32")], attrs, constants=(1,)) is None
    assert bind("padding", "MirrorPadGrad", [dy, pads], [((2,), "float32")], attrs, constants=(1,)) is None
    assert bind("padding", "MirrorPad", [x, pads], [((whole,), "float32")], attrs) is None
