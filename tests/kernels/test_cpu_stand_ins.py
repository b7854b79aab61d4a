"""What serves while kernels compile gives the reference kernels' numbers."""

import numpy as np
import pytest

from graphflow.framework import dtypes
from graphflow.framework.kernel_loader import kernels
from tests.kernels.native_harness import bind

RNG = np.random.default_rng(0)


def numbers(*shape):
    return RNG.integers(-4, 5, shape).astype(np.float32)      # whole numbers: any order of sums gives the same


def reference(family, op, arrays, outputs, attrs):
    registry, attrs = kernels("registry"), {**attrs, "T": dtypes.float32}
    context = registry.KernelContext(
        op, op, attrs, [dtypes.as_dtype(a.dtype) for a in arrays], [dtypes.float32] * len(outputs),
        [a.shape for a in arrays], outputs)
    return registry.reference.find(op, family, attrs)(context)(*arrays)


@pytest.mark.parametrize("transposes", [(False, False), (True, False), (False, True), (True, True)])
@pytest.mark.parametrize("batch", [(), (3,), (2, 2)])
@pytest.mark.parametrize("m, n, k", [(5, 7, 3), (1, 1, 1), (4, 2, 0), (0, 3, 2)])
def test_products(transposes, batch, m, n, k):
    a = numbers(*batch, *((k, m) if transposes[0] else (m, k)))
    b = numbers(*batch, *((n, k) if transposes[1] else (k, n)))
    names = ("adj_x", "adj_y") if batch else ("transpose_a", "transpose_b")
    op, attrs = "BatchMatMul" if batch else "MatMul", {"T": "float32", **dict(zip(names, transposes))}
    run = bind("matmul", op, [a, b], [((*batch, m, n), "float32")], attrs).meanwhile
    left, right = (x.swapaxes(-1, -2) if t else x for x, t in zip((a, b), transposes))
    np.testing.assert_array_equal(run(a, b), left @ right)


@pytest.mark.parametrize("padding", [b"SAME", b"VALID"])
@pytest.mark.parametrize("strides, dilations", [((1, 1), (1, 1)), ((2, 3), (1, 1)), ((1, 1), (2, 3)), ((2, 1), (1, 2))])
@pytest.mark.parametrize("at_once", [1 << 25, 1])
def test_convolutions(padding, strides, dilations, at_once, monkeypatch):
    monkeypatch.setattr(kernels("cpu.stand_ins"), "_PATCH_BYTES", at_once)
    images, filters = numbers(3, 9, 10, 2), numbers(3, 2, 2, 5)
    attrs = {"T": "float32", "padding": padding, "data_format": b"NHWC", "strides": [1, *strides, 1],
             "dilations": [1, *dilations, 1], "explicit_paddings": [], "use_cudnn_on_gpu": True}
    shape = (3, *(-(-size // s) if padding == b"SAME" else -(-(size - (w - 1) * d) // s)
                  for size, s, w, d in zip((9, 10), strides, (3, 2), dilations)), 5)
    gradient = numbers(*shape)
    cases = (("Conv2D", [images, filters], shape), ("Conv2DBackpropFilter", [
        images, np.array(filters.shape, np.int32), gradient], filters.shape), ("Conv2DBackpropInput", [
            np.array(images.shape, np.int32), filters, gradient], images.shape))
    for op, arrays, result in cases:
        kernel = bind("conv", op, arrays, [(result, "float32")], attrs)
        if kernel is not None:      # some gradients are the reference kernel's
            np.testing.assert_array_equal(kernel.meanwhile(*arrays), reference("conv", op, arrays, [result], attrs))


@pytest.mark.parametrize("block", [1 << 15, 7])
@pytest.mark.parametrize("nesterov", [False, True])
def test_updates(block, nesterov, monkeypatch):
    monkeypatch.setattr(kernels("cpu.stand_ins"), "_BLOCK", block)
    states = [np.abs(RNG.normal(size=(5, 6))).astype(np.float32) for _ in range(3)]
    inputs = [*states, *(np.array(v, np.float32) for v in (.9, .999, .01, .9, .999, 1e-8)), numbers(5, 6)]
    attrs = {"T": "float32", "use_nesterov": nesterov}
    expected = reference("training_ops", "ApplyAdam", inputs, [(5, 6)] * 3, attrs)
    kernel = bind("training_ops", "ApplyAdam", inputs, [((5, 6), "float32")] * 3, attrs)
    for state, result, value in zip(states, kernel.meanwhile(*inputs), expected):
        assert result is state
        np.testing.assert_array_equal(result, value)
