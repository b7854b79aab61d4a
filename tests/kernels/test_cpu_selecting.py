"""Updates of rows, largest elements, places in sorted rows, dense forms: against the reference kernels."""

import numpy as np
import pytest

from graphflow.framework import dtypes
from graphflow.framework.kernel_loader import kernels
from tests.kernels.native_harness import bind, execute, registry, run

native = kernels("cpu.native")


def compare(family, op, inputs, attrs, outputs, constants=()):
    """Asserts that the compiled kernel gives what the reference kernel does; outputs: names of dtypes."""
    attrs = {name: v if name in ("k", "validate_indices") else dtypes.as_dtype(v) for name, v in attrs.items()}
    given = [dtypes.as_dtype(a.dtype) for a in inputs]
    context = registry.KernelContext(op, op, attrs, given, [dtypes.as_dtype(name) for name in outputs])
    with np.errstate(all="ignore"):
        want = registry.reference.find(op, family, attrs)(context)(*inputs)
    want = want if isinstance(want, tuple) else (want,)
    found = run(family, op, inputs, [(w.shape, name) for w, name in zip(want, outputs)], attrs, constants)
    for one, other in zip([found] if len(want) == 1 else found, want):
        np.testing.assert_array_equal(one, other)


def numbers(*shape, dtype="float32"):
    x = (np.random.default_rng(0).normal(size=shape) * 5).astype(dtype)
    if dtype.startswith("float") and x.size > 9:
        x.flat[[3, 7, 8]] = np.nan, np.inf, -np.inf
    return x


@pytest.mark.parametrize("dtype", ["float32", "int32"])
@pytest.mark.parametrize("kind", ["Mul", "Min", "Max", "Div"])
def test_updates_of_rows(kind, dtype):
    x, rows = numbers(5, 4, dtype=dtype), np.array([3, 0, 3, 3])
    for updates in (numbers(4, 4, dtype=dtype)[::-1].copy(), np.array(3, dtype)):
        inputs = [x, rows, updates]
        if kind == "Div" and dtype == "int32":      # division by zero is an error
            assert bind("state_scatter", "ScatterDiv", inputs, [(x.shape, dtype)], {"T": dtype}) is None
            continue
        compare("state_scatter", f"Scatter{kind}", inputs, {"T": dtype}, [dtype])
        compare("state_scatter", f"ResourceScatter{kind}", inputs, {"dtype": dtype}, [dtype])


@pytest.mark.parametrize("dtype", ["float32", "float64", "int8", "uint8"])
@pytest.mark.parametrize("shape, k", [((3, 100), 70), ((1, 65), 65), ((2, 300), 299), ((0, 80), 80)])
def test_many_of_the_largest(shape, k, dtype):
    x = numbers(*shape, dtype="float32").round() if dtype[0] == "f" else abs(numbers(*shape, dtype="int8"))
    compare("top_k", "TopKV2", [x.astype(dtype), np.int32(k)], {"T": dtype}, [dtype, "int32"], (1,))


@pytest.mark.parametrize("index_type", ["int32", "int64"])
def test_classes_among_the_largest(index_type):
    x = abs(numbers(7, 5)).round()
    x[3:5], targets = x[0], np.array([0, 4, 2, -1, 5, 1, 3], index_type)
    for k in (1, 2, 5, 0):
        compare("top_k", "InTopK", [x, targets], {"k": k, "T": index_type}, ["bool"])
        compare("top_k", "InTopKV2", [x, targets, np.array(k, index_type)], {"T": index_type}, ["bool"])
    compare("top_k", "InTopK", [numbers(3, 0), targets[:3]], {"k": 1, "T": index_type}, ["bool"])


@pytest.mark.parametrize("dtype", ["float32", "int32", "uint8"])
@pytest.mark.parametrize("op", ["LowerBound", "UpperBound"])
def test_places_in_sorted_rows(op, dtype):
    rows = np.sort(abs(numbers(3, 20, dtype="float32" if dtype == "float32" else "int8")).round(), 1).astype(dtype)
    values = np.concatenate([rows[:, ::3], rows[:, 4:9] + 1, rows[:, :2] - 1, rows[:, -1:]], 1).astype(dtype)
    for out_type in ("int32", "int64"):
        compare("selecting", op, [rows, values], {"T": dtype, "out_type": out_type}, [out_type])
        compare("selecting", op, [rows[:, :0], values], {"T": dtype, "out_type": out_type}, [out_type])


@pytest.mark.parametrize("dtype", ["float32", "bool", "complex128"])
@pytest.mark.parametrize("validate", [True, False])
def test_dense_forms(validate, dtype):
    attrs = {"validate_indices": validate, "T": dtype, "Tindices": "int64"}
    cases = [([[0, 1], [1, 0], [1, 3]], [2, 4], 3), ([2, 5], [7], 2), (3, [4], 1), (np.zeros((0, 2), int), [2, 2], 0)]
    for indices, shape, count in cases if validate else [*cases, ([[1, 0], [0, 1], [1, 0]], [2, 4], 3)]:
        for values in (np.arange(2, 2 + count), np.array(9)):
            inputs = [np.array(indices), np.array(shape), values.astype(dtype), np.array(5).astype(dtype)]
            compare("sparse", "SparseToDense", inputs, attrs, [dtype])
    wrong = [[[0, 4]], [[-1, 0]], *([[[1, 0], [0, 1]], [[1, 0], [1, 0]]] if validate else [])]
    for indices in wrong:
        inputs = [np.array(indices), np.array([2, 4]), np.array(1).astype(dtype), np.array(5).astype(dtype)]
        bound = bind("sparse", "SparseToDense", inputs, [((2, 4), dtype)], attrs)
        assert execute(bound, inputs, [np.zeros((2, 4), dtype)])[1] == native.INDEX_OUT_OF_RANGE
