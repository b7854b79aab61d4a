"""Cumulative sums and products against NumPy: axes, directions, empty and single elements, special values."""

import numpy as np
import pytest

from tests.kernels.native_harness import bind, run


def _expected(op, x, axis, exclusive, reverse):
    x = np.flip(np.moveaxis(x, axis, 0), 0) if reverse else np.moveaxis(x, axis, 0)
    with np.errstate(all="ignore"):
        done = (np.cumsum if op == "Cumsum" else np.cumprod)(x, 0, dtype=x.dtype)
    if exclusive:
        done = np.concatenate([np.full_like(x[:1], op == "Cumprod"), done[:-1]])
    return np.moveaxis(np.flip(done, 0) if reverse else done, 0, axis)


@pytest.mark.parametrize("dtype", ["float32", "int8"])
@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("exclusive", [False, True])
@pytest.mark.parametrize("op", ["Cumsum", "Cumprod"])
def test_scans(op, exclusive, reverse, dtype):
    for shape, axis in (((7,), 0), ((3, 5), 1), ((3, 5), 0), ((2, 3, 4), -2), ((1,), 0), ((4, 1), 1), ((1, 6), 0),
                        ((2, 2), -1), ((0,), 0), ((0, 3), 1), ((3, 0), 0)):
        x = (np.random.default_rng(0).normal(size=shape) * 5).astype(dtype)
        x.ravel()[4:5] = -0.0 if dtype == "int8" else np.nan
        attrs = {"T": dtype, "exclusive": exclusive, "reverse": reverse}
        got = run("scan", op, [x, np.int32(axis)], [(shape, dtype)], attrs, constants=(1,))
        np.testing.assert_array_equal(got, _expected(op, x, axis, exclusive, reverse))


def test_negative_zeros_stay():
    attrs = {"T": "float32", "exclusive": False, "reverse": False}
    got = run("scan", "Cumsum", [np.float32([-0.0, -0.0, 1]), np.int32(0)], [((3,), "float32")], attrs, constants=(1,))
    assert np.signbit(got).tolist() == [True, True, False]


@pytest.mark.parametrize("dtype, rtol", [("float32", 2e-6), ("float64", 1e-14)])
@pytest.mark.parametrize("exclusive", [False, True])
def test_sums_of_powers(exclusive, dtype, rtol):
    x = (np.random.default_rng(0).normal(size=(3, 9, 4)) * 30).astype(dtype)
    x[0, :3], x[1, 2], x[2, 4], x[1, 5, 1] = -np.inf, np.inf, x[2, 3], np.nan
    with np.errstate(all="ignore"):
        want = np.logaddexp.accumulate(x, 1)
    if exclusive:
        want = np.concatenate([np.full_like(x[:, :1], -np.inf), want[:, :-1]], 1)
    attrs = {"T": dtype, "exclusive": exclusive, "reverse": False}
    for axis, turned in ((1, lambda a: a), (2, lambda a: np.ascontiguousarray(np.moveaxis(a, 1, 2)))):
        given, expected = turned(x), turned(want)
        inputs, outputs = [given, np.int32(axis)], [(given.shape, dtype)]
        found = run("scan", "CumulativeLogsumexp", inputs, outputs, attrs, constants=(1,))
        np.testing.assert_allclose(found, expected, rtol=rtol)


@pytest.mark.parametrize("shape, axis", [((64, 4096), 1), ((64, 64, 64), 1)])
def test_threads_leave_the_bits(shape, axis):
    x = np.random.default_rng(0).normal(size=shape).astype("f")
    attrs, outputs = {"T": "float32", "exclusive": False, "reverse": True}, [(shape, "float32")]
    one, two = (run("scan", "Cumsum", [x, np.int32(axis)], outputs, attrs, (1,), threads) for threads in (1, 2))
    assert one.tobytes() == two.tobytes()
    np.testing.assert_array_equal(one, _expected("Cumsum", x, axis, False, True))


def test_wrong_axes_are_left_to_the_reference():
    attrs = {"T": "float32", "exclusive": False, "reverse": False}
    for axis in (2, -3):
        inputs = [np.zeros((2, 3), "f"), np.int32(axis)]
        assert bind("scan", "Cumsum", inputs, [((2, 3), "float32")], attrs, constants=(1,)) is None
