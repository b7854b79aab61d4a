"""The largest elements of rows, by all ways to find them, against NumPy's stable sort."""

import numpy as np
import pytest

from graphflow.framework import dtypes
from tests.kernels.native_harness import registry, run


def _rows(dtype, length):
    rng = np.random.default_rng(0)
    if dtype.startswith("float"):
        x = (rng.normal(size=(5, length)) * 3).astype(dtype)
        x[0, ::3], x[1, ::2], x[1, 1::2] = np.nan, -0.0, 0.0
        x[2, ::5], x[2, 1::5], x[2, 2::5] = np.inf, -np.inf, np.nan
        x[3] = np.round(x[3])
        x[4, :3] = -np.nan, 3e-42, -3e-42
        return x
    limits = np.iinfo(dtype)
    x = rng.integers(limits.min, limits.max, (5, length), dtype, endpoint=True)
    x[0], x[1] = limits.max, x[1] % 3
    x[2, :2] = limits.min, limits.max
    return x


def _expected(x, k):
    if x.dtype.kind != "f":     # what is largest has the smallest number, without overflow
        x = np.searchsorted(np.unique(x), x).astype(np.float64)
    return np.argsort(-x, axis=-1, kind="stable")[:, :k]


@pytest.mark.parametrize("dtype", ["float32", "float64", "int32", "int8", "uint8", "int16", "int64"])
@pytest.mark.parametrize("length, k", [(70, 70), (300, 65), (300, 300), (3000, 100), (9, 4), (66, 1)])
def test_largest(length, k, dtype):
    x, attrs = _rows(dtype, length), {"T": dtype, "sorted": True}
    places = _expected(x, k)
    outputs = [((5, k), dtype), ((5, k), "int32")]
    found = [run("top_k", "TopKV2", [x, np.array(k, np.int32)], outputs, attrs, threads=n) for n in (1, 2)]
    context = registry.KernelContext("TopKV2", "", {}, [dtypes.as_dtype(dtype)], [dtypes.as_dtype(dtype), dtypes.int32])
    found.append(registry.reference.find("TopKV2", "top_k", {})(context)(x, np.array(k)))
    for values, indices in found:
        np.testing.assert_array_equal(indices, places)
        np.testing.assert_array_equal(values, np.take_along_axis(x, places, 1))
