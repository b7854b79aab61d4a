"""The cpu tier's colours against the reference kernels, bit for bit."""

import itertools

import numpy as np
import pytest

from graphflow.framework import dtypes
from tests.kernels.native_harness import bind, registry, run

AMOUNTS = {"RGBToHSV": [()], "HSVToRGB": [()], "AdjustHue": [(0.0,), (0.3,), (-0.9,), (7.4,), (1e30,), (np.nan,)],
           "AdjustSaturation": [(0.0,), (0.5,), (2.5,), (-1.0,)]}


def _images():
    """Corners of the cube of colours, greys, numbers that are none, and many others."""
    corners = np.array(list(itertools.product([0.0, 0.5, 1.0], repeat=3)))
    special = np.array(list(itertools.product([np.nan, np.inf, -np.inf, -0.0, -2.0, 3.0], repeat=3)))
    return np.concatenate([corners, special, np.random.default_rng(3).random((20_000, 3))])


@pytest.mark.parametrize("op, dtype", [*((op, "float32") for op in AMOUNTS), ("RGBToHSV", "float64"),
                                       ("HSVToRGB", "float64")])
def test_colours(op, dtype):
    images, kind = _images().astype(dtype)[None], dtypes.as_dtype(dtype)
    for amount in AMOUNTS[op]:
        arrays = [images, *(np.float32(a) for a in amount)]
        context = registry.KernelContext(op, op, {"T": kind}, [dtypes.as_dtype(a.dtype) for a in arrays], [kind],
                                         [a.shape for a in arrays], [images.shape])
        with np.errstate(all="ignore"):
            want = registry.reference.find(op, "image_color", {"T": kind})(context)(*arrays)
        for threads in (1, 2):
            got = run("image_color", op, arrays, [(images.shape, dtype)], {"T": dtype}, threads=threads)
            np.testing.assert_array_equal(got, want)


def test_what_is_no_colour_is_left_to_the_reference_kernel():
    assert bind("image_color", "RGBToHSV", [np.zeros((5, 4), "f")], [((5, 4), "float32")], {"T": "float32"}) is None
    assert bind("image_color", "AdjustHue", [np.zeros((5, 3), "f"), np.zeros(1, "f")], [((5, 3), "float32")],
                {"T": "float32"}) is None
