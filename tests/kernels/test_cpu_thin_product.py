"""Products with few columns: against NumPy, at the borders of tiles and vectors, on any number of threads."""

import numpy as np
import pytest

from graphflow.framework.kernel_loader import kernels
from tests.kernels.native_harness import bind, run

ATTRS = {"T": "float32", "transpose_a": False, "transpose_b": False}


def _operands(m, n, k, left_transposed, right_transposed, dtype="float32"):
    random = np.random.default_rng(m * n * k)
    x, y = random.normal(size=(m, k)).astype(dtype), random.normal(size=(k, n)).astype(dtype)
    want = x.astype("float64") @ y.astype("float64")
    return [x.T if left_transposed else x, y.T if right_transposed else y], want


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("left, right", [(False, False), (False, True), (True, False)])
@pytest.mark.parametrize("m, n, k", [(128, 10, 64), (129, 4, 65), (131, 5, 95), (100, 10, 784), (8, 16, 79),
                                     (784, 10, 100), (160, 7, 1), (177, 16, 130), (300, 11, 3)])
def test_thin(m, n, k, left, right, dtype):
    inputs, want = _operands(m, n, k, left, right, dtype)
    attrs = {"T": dtype, "transpose_a": left, "transpose_b": right}
    got = run("matmul", "MatMul", inputs, [((m, n), dtype)], attrs)
    np.testing.assert_allclose(got, want, rtol=0, atol=np.finfo(dtype).eps * 4 * k)


def _is_thin(m, n, k, left=False, right=False):
    inputs, _ = _operands(m, n, k, left, right)
    bound = bind("matmul", "MatMul", inputs, [((m, n), "float32")],
                 {"T": "float32", "transpose_a": left, "transpose_b": right})
    return any("thin_product" in repr(part) for part in bound.function.components())


def test_what_is_thin():
    assert _is_thin(100, 10, 784) and _is_thin(784, 10, 100, left=True) and _is_thin(128, 16, 64, right=True)
    assert not _is_thin(100, 17, 784) and not _is_thin(100, 3, 784) and not _is_thin(128, 10, 10)
    assert not _is_thin(128, 10, 784, left=True, right=True) and not _is_thin(100, 10, 100, left=True)


@pytest.mark.parametrize("left", [False, True])
def test_threads_do_not_change_bits(left):
    m, n, k = 5000, 10, 300
    inputs, _ = _operands(m, n, k, left, False)
    attrs = {**ATTRS, "transpose_a": left}
    one, two = (run("matmul", "MatMul", inputs, [((m, n), "float32")], attrs, threads=t) for t in (1, 2))
    assert one.tobytes() == two.tobytes()


@pytest.mark.parametrize("vendor, family, avx512, zen, core", [
    ("AuthenticAMD", "25", True, 4, "Haswell"), ("AuthenticAMD", "26", True, 5, "SkylakeX"),
    ("GenuineIntel", "6", True, 0, "SkylakeX"), ("AuthenticAMD", "25", False, 0, None)])
def test_core_types(monkeypatch, vendor, family, avx512, zen, core):
    blas = kernels("cpu.blas")
    flags = "fpu avx2 avx512f avx512dq avx512bw avx512vl avx512cd" if avx512 else "fpu avx2"
    monkeypatch.setattr(blas, "_processor", lambda: {"vendor_id": vendor, "cpu family": family, "flags": flags})
    monkeypatch.delenv("OPENBLAS_CORETYPE", raising=False)
    assert blas._environment().get("OPENBLAS_CORETYPE") == core
    assert blas.zen() == zen
