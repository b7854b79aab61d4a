"""What serves while kernels compile gives the reference kernels' numbers."""

import threading

import numpy as np
import pytest

from graphflow.framework import dtypes, windows
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


def four(pair, channels_first):
    return [1, 1, *pair] if channels_first else [1, *pair, 1]


@pytest.mark.parametrize("channels_first", [False, True])
@pytest.mark.parametrize("window, strides, padding", [
    ((2, 2), (2, 2), b"SAME"), ((3, 3), (2, 2), b"SAME"), ((3, 2), (1, 2), b"VALID"), ((2, 3), (4, 4), b"VALID")])
def test_largest_entries(window, strides, padding, channels_first):
    shape = (3, 4, 9, 10) if channels_first else (3, 9, 10, 4)
    attrs = {"T": "float32", "ksize": four(window, channels_first), "strides": four(strides, channels_first),
             "padding": padding, "data_format": b"NCHW" if channels_first else b"NHWC"}
    result = windows.pooled_shape(shape, attrs["ksize"], attrs["strides"], padding)
    images = numbers(*shape)                                            # with ties
    images[RNG.random(shape) < .2] = -np.inf
    images[RNG.random(shape) < .2] = np.nan
    gradient = numbers(*result)
    gradient.flat[::7] = np.inf
    for op, arrays, made in (("MaxPool", [images], result),
                             ("MaxPoolGrad", [images, np.zeros(result, np.float32), gradient], shape)):
        kernel = bind("pooling", op, arrays, [(made, "float32")], attrs)
        with np.errstate(invalid="ignore"):     # inf - inf, where windows overlap
            np.testing.assert_array_equal(kernel.meanwhile(*arrays), reference("pooling", op, arrays, [made], attrs))


def rounded(*shape):
    return RNG.standard_normal(shape, np.float32)      # so that the order of sums shows


def convolution():
    """(op, arrays, result's shape) of a convolution and its gradients, and their attributes."""
    images, filters, gradient = rounded(7, 9, 10, 3), rounded(3, 3, 3, 8), rounded(7, 9, 10, 8)
    sizes = [np.array(x.shape, np.int32) for x in (images, filters)]
    attrs = {"T": "float32", "padding": b"SAME", "data_format": b"NHWC", "strides": [1] * 4, "dilations": [1] * 4,
             "explicit_paddings": [], "use_cudnn_on_gpu": True}
    return attrs, [("Conv2D", [images, filters], gradient.shape),
                   ("Conv2DBackpropFilter", [images, sizes[1], gradient], filters.shape),
                   ("Conv2DBackpropInput", [sizes[0], filters, gradient], images.shape)]


def test_threads_change_no_bit_of_convolutions(monkeypatch):
    monkeypatch.setattr(kernels("cpu.stand_ins"), "_PATCH_BYTES", 1)
    monkeypatch.setattr(kernels("cpu.pool"), "available_cpus", lambda: 4)
    attrs, cases = convolution()
    for op, arrays, result in cases:
        runs = [bind("conv", op, arrays, [(result, "float32")], attrs, threads=n).meanwhile for n in (1, 2, 3)]
        one, *others = (run(*arrays) for run in runs)
        assert all(other.tobytes() == one.tobytes() for other in others)
        np.testing.assert_allclose(one, reference("conv", op, arrays, [result], attrs), rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("transposes", [(False, False), (True, False), (False, True), (True, True)])
@pytest.mark.parametrize("m, n", [(50, 700), (700, 50)])
def test_threads_change_no_bit_of_products(transposes, m, n, monkeypatch):
    monkeypatch.setattr(kernels("cpu.stand_ins"), "_WORTH_SPLITTING", 1)
    monkeypatch.setattr(kernels("cpu.pool"), "available_cpus", lambda: 4)
    a = rounded(*((300, m) if transposes[0] else (m, 300)))
    b = rounded(*((n, 300) if transposes[1] else (300, n)))
    attrs = {"T": "float32", "transpose_a": transposes[0], "transpose_b": transposes[1]}
    one, two = (bind("matmul", "MatMul", [a, b], [((m, n), "float32")], attrs, threads=threads).meanwhile(a, b)
                for threads in (1, 2))
    assert one.tobytes() == two.tobytes()
    left, right = (x.T if t else x for x, t in zip((a, b), transposes))
    np.testing.assert_allclose(one, left @ right, rtol=1e-4, atol=1e-4)


def test_failures_of_helpers_are_raised(monkeypatch):
    monkeypatch.setattr(kernels("cpu.pool"), "available_cpus", lambda: 4)
    barrier, done = threading.Barrier(3, timeout=10), []

    def work(item):
        barrier.wait()                  # all three threads are at it
        done.append(item)
        if threading.current_thread() is not threading.main_thread():
            raise MemoryError(item)

    with pytest.raises(MemoryError):
        kernels("cpu.stand_ins")._together(work, [(i,) for i in range(3)], 3)
    assert sorted(done) == [0, 1, 2]
