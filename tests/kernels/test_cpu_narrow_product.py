"""Products of few rows with a large matrix against NumPy."""

import numpy as np
import pytest

from graphflow.framework.kernel_loader import kernels
from tests.kernels.native_harness import run


@pytest.mark.parametrize("transposed", [False, True])
@pytest.mark.parametrize(
    "m, n, k", [(50, 1024, 300), (12, 256, 1024), (13, 333, 1001), (96, 3000, 100), (31, 257, 1030)])
def test_narrow(m, n, k, transposed):
    rng = np.random.default_rng(0)
    left, right = rng.normal(size=(m, k)).astype("f"), rng.normal(size=(k, n)).astype("f")
    attrs = {"T": "float32", "transpose_a": False, "transpose_b": transposed}
    given = [left, right.T if transposed else right]
    got = run("matmul", "MatMul", given, [((m, n), "float32")], attrs)
    want = left.astype(np.float64) @ right
    np.testing.assert_allclose(got, want, rtol=1e-5, atol=2e-4)
    np.testing.assert_array_equal(run("matmul", "MatMul", given, [((m, n), "float32")], attrs, threads=2), got)


def test_what_is_narrow():
    matmul = kernels("cpu.matmul")
    assert not matmul._is_narrow("float32", 128, 4096, 4096)
    assert not matmul._is_narrow("float32", 50, 10, 784)
    assert not matmul._is_narrow("float64", 50, 1024, 3136)
