#!/usr/bin/env python3
"""Times single cpu kernels: microseconds, and the ratio to NumPy doing the same.

Usage: python tools/bench/micro.py [part of a name]
"""

import pathlib
import sys
import time

import numpy as np

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2]))

from tests.kernels.native_harness import aligned, bind, kernels  # noqa: E402

tape = kernels("cpu.tape")
In, Out = kernels("registry").In, kernels("registry").Out
F32 = {"T": "float32"}


def random(*shape, seed=0):
    """Positive float32 numbers."""
    return np.abs(np.random.default_rng(seed).normal(size=shape)).astype(np.float32)


def median(function, seconds=0.2):
    """Median time of a call in microseconds."""
    times, end = [], time.perf_counter() + seconds
    while time.perf_counter() < end or len(times) < 5:
        start = time.perf_counter()
        function()
        times.append(time.perf_counter() - start)
    return float(np.median(times)) * 1e6


def native(family, op, inputs, outputs, attrs, constants=()):
    """A function that runs one kernel through a tape."""
    return tape_of(bind(family, op, inputs, outputs, attrs, constants), inputs, outputs)


def tape_of(bound, inputs, outputs):
    """A function that runs a Native through a tape."""
    results = [np.empty(shape, dtype) for shape, dtype in outputs]
    scratch, owner = aligned(tape.scratch_bytes(bound.words))
    block = tape.make_block(bound.words, [a.ctypes.data for a in inputs],
                            [a.ctypes.data for a in results], scratch)
    machine = tape.Tape([(bound.function.address, block)])
    keep = inputs, results, owner
    return lambda: keep and machine.run()


def _elementwise():
    functions = {"Neg": np.negative, "Exp": np.exp, "Log": np.log, "Tanh": np.tanh,
                 "Sqrt": np.sqrt, "Sigmoid": lambda x, out: np.divide(1, 1 + np.exp(-x), out=out)}
    for size in (10, 1000, 100_000, 4_000_000):
        x, out = random(size), np.empty(size, np.float32)
        for op, function in functions.items():
            yield (f"{op} {size}", native("unary", op, [x], [(x.shape, "float32")], F32),
                   lambda f=function, x=x, out=out: f(x, out=out))
    for left, right in (((4_000_000,), (4_000_000,)), ((128, 256), (256,)), ((100, 10), (100, 1))):
        x, y = random(*left), random(*right, seed=1)
        yield (f"Add {left} {right}", native("binary", "Add", [x, y], [(left, "float32")], F32),
               lambda x=x, y=y, out=np.empty(left, np.float32): np.add(x, y, out=out))


def _matmul():
    attrs = {**F32, "transpose_a": False, "transpose_b": False}
    for m, n, k in ((2, 2, 2), (100, 10, 784), (128, 10, 256), (128, 64, 128), (128, 256, 784), (1024, 1024, 1024)):
        a, b = random(m, k), random(k, n)
        yield (f"MatMul {m}x{k}x{n}", native("matmul", "MatMul", [a, b], [((m, n), "float32")],
                                             attrs),
               lambda a=a, b=b, out=np.empty((m, n), np.float32): np.matmul(a, b, out=out))
    for m, n, k in ((784, 10, 100), (256, 10, 128), (784, 256, 128)):
        a, b = random(k, m), random(k, n)
        yield (f"MatMul {k}x{m} turned x{n}", native("matmul", "MatMul", [a, b], [((m, n), "float32")],
                                                     {**attrs, "transpose_a": True}),
               lambda a=a, b=b, out=np.empty((m, n), np.float32): np.matmul(a.T, b, out=out))


def _reductions():
    for shape, axes in (((100, 10), (1,)), ((128, 256), (0,)), ((4096, 1024), (1,)),
                        ((4096, 1024), (0,)), ((4096, 1024), (0, 1)),
                        ((32, 28, 28, 32), (0, 1, 2))):
        x = random(*shape)
        for op, function in (("Sum", np.sum), ("Max", np.max)):
            result = function(x, axis=axes)
            yield (f"{op} {shape} {axes}",
                   native("reduction", op, [x, np.array(axes, np.int32)],
                          [(result.shape, "float32")], F32, (1,)),
                   lambda f=function, x=x, axes=axes: f(x, axis=axes))


def _softmax(x):
    powers = np.exp(x - x.max(1, keepdims=True))
    return powers / powers.sum(1, keepdims=True)


def _rows():
    for shape in ((100, 10), (4096, 1024)):
        x = random(*shape)
        yield (f"Softmax {shape}", native("softmax", "Softmax", [x], [(shape, "float32")], F32),
               lambda x=x: _softmax(x))
        yield (f"CrossEntropy {shape}",
               native("softmax", "SoftmaxCrossEntropyWithLogits", [x, _softmax(x)],
                      [(shape[:1], "float32"), (shape, "float32")], F32),
               lambda x=x: _softmax(x))


def _fused():
    """What the runtime's fusion makes kernels for."""
    elementwise, reduction, layout = kernels("cpu.elementwise"), kernels("cpu.reduction"), kernels("layout")
    x, mean, row, matrix = random(4096, 1024), random(4096, 1), (128, 128), random(128, 512)
    operands = [(In(0), "float32", x.shape), (In(1), "float32", mean.shape)]
    yield ("Mean of SquaredDifference (4096, 1024)",
           tape_of(reduction.of_program("Sum", "float32", x.shape, {1}, operands, ["SquaredDifference 0 1"], "2",
                                        mean=True), [x, mean], [((4096,), "float32")]),
           lambda: np.mean((x - mean) ** 2, axis=1))
    gates = [(In(0), "float32", layout.View.slice(matrix.shape, (0, 128 * k), row)) for k in range(4)]
    steps = ["Sigmoid 0", "Tanh 1", "Sigmoid 2", "Sigmoid 3", "Mul 4 5", "Add 8 6", "Tanh 9", "Mul 10 7"]
    i, j, f, o = np.split(matrix, 4, axis=1)

    def sigmoid(v):
        return 1 / (1 + np.exp(-v))

    yield ("Gates in parts of (128, 512)",
           tape_of(elementwise.program(row, gates, steps, [(Out(0), 11)]), [matrix], [(row, "float32")]),
           lambda: np.tanh(sigmoid(i) * np.tanh(j) + sigmoid(f)) * sigmoid(o))


def _updates():
    shape = (784, 256)
    inputs = [random(*shape) for _ in range(3)]
    inputs += [np.array(v, np.float32) for v in (.9, .999, .001, .9, .999, 1e-8)]
    inputs.append(random(*shape, seed=1))
    var, m, v, grad = *inputs[:3], inputs[-1]

    def adam():
        nonlocal m, v
        m = m + (grad - m) * np.float32(.1)
        v = v + (grad * grad - v) * np.float32(.001)
        return var - m * np.float32(.001) / (np.sqrt(v) + np.float32(1e-8))

    yield (f"ApplyAdam {shape}", native("training_ops", "ApplyAdam", inputs,
                                        [(shape, "float32")] * 3,
                                        {**F32, "use_nesterov": False}), adam)


def _copies():
    for shape in ((1024, 1024), (128, 256)):
        x, out = random(*shape), np.empty(shape[::-1], np.float32)
        yield (f"Transpose {shape}",
               native("shape_ops", "Transpose", [x, np.array([1, 0], np.int32)],
                      [(shape[::-1], "float32")], F32, (1,)),
               lambda x=x, out=out: np.copyto(out, x.T))
    params, rows = random(10_000, 128), np.random.default_rng(0).integers(0, 10_000, 128)
    yield ("Gather 128 of 10000x128",
           native("gather_scatter", "Gather", [params, rows], [((128, 128), "float32")], {}),
           lambda: np.take(params, rows, 0))


def main():
    """Prints a row per kernel whose name contains the argument."""
    wanted = sys.argv[1] if len(sys.argv) > 1 else ""
    print(f"{'kernel':40} {'µs':>10} {'numpy µs':>10} {'ratio':>7}")
    for group in (_elementwise, _matmul, _reductions, _rows, _fused, _updates, _copies):
        for name, ours, numpys in group():
            if wanted.lower() in name.lower():
                mine, theirs = median(ours), median(numpys)
                print(f"{name:40} {mine:10.2f} {theirs:10.2f} {mine / theirs:7.2f}")


if __name__ == "__main__":
    main()
