"""The ways in which a loop over elements is written: all of them give the same bits."""

import numpy as np
import pytest

from graphflow.framework.kernel_loader import kernels
from tests.kernels.native_harness import execute, registry

elementwise = kernels("cpu.elementwise")
lanes_of = kernels("cpu.vector_unit").lanes_of
functions = kernels("scalar.functions")
UNARY = ["Exp", "Log", "Log1p", "Expm1", "Tanh", "Sigmoid", "Softplus", "Sqrt", "Rsqrt", "Floor", "Ceil", "Rint", "Erf",
         "Abs", "Neg", "Square", "Reciprocal", "Sign", "Relu", "Relu6", "Elu", "Selu", "Softsign"]
BINARY = ["Add", "Sub", "Mul", "RealDiv", "Maximum", "Minimum", "SquaredDifference", "DivNoNan", "FloorDiv", "TanhGrad",
          "MulNoNan", "Xdivy", "Xlogy", "SigmoidGrad", "SqrtGrad", "RsqrtGrad",
          "ReluGrad", "EluGrad", "SeluGrad", "SoftplusGrad", "SoftsignGrad"]


def _numbers(dtype, count=70_001):
    """Numbers of every sign and exponent, then ordinary ones."""
    bits = np.uint32 if dtype == "float32" else np.uint64
    span = 2 ** (8 * np.dtype(dtype).itemsize)
    every = np.array([span * i // count for i in range(count)], bits).view(dtype)
    return np.concatenate([every, np.linspace(-110, 110, count, dtype=dtype)])


def _run(monkeypatch, form, shape, arrays, steps, result, out, parameters=()):
    dtype = out.dtype.name
    monkeypatch.setattr(elementwise, "_form", lambda *_: form if form == "loop" else f"{form}:{lanes_of(dtype)}")
    operands = [(registry.In(i), a.dtype.name, a.shape) for i, a in enumerate(arrays)]
    native = elementwise.program(shape, operands, steps, [(registry.Out(0), result)], parameters)
    assert execute(native, arrays, [out])[0] == -1
    return out


def _same(a, b):
    """Whether bits agree, but for which NaN it is."""
    return ((a == b) & (np.signbit(a) == np.signbit(b)) | np.isnan(a) & np.isnan(b)).all()


@pytest.mark.parametrize("op, dtype", [*((op, "float32") for op in UNARY + BINARY),
                                       *((op, "float64") for op in UNARY[:7])])
def test_functions(monkeypatch, op, dtype):
    x = _numbers(dtype)
    arrays = [x] if op in UNARY else [x, x[::-1].copy()]
    step = " ".join([op, *map(str, range(len(arrays)))])
    want, got = (_run(monkeypatch, form, x.shape, arrays, [step], len(arrays), np.empty_like(x))
                 for form in ("loop", "vectors"))
    assert _same(got, want)


def test_every_function_is_of_one_kind():
    known = {*UNARY, *BINARY, *elementwise._CONDITIONS, *elementwise._SCALAR_ONLY}
    others = {"Identity", "AddV2", "Div", "Inv", "Round", "Select", "SelectV2", "BitwiseAnd", "BitwiseOr", "BitwiseXor",
              "Invert", "LeftShift", "RightShift",
              "Relu6Grad", "LeakyRelu", "LeakyReluGrad", "ReciprocalGrad", "InvGrad"}
    assert functions.supported() <= known | others


@pytest.mark.parametrize("form", ["vectors", "stream"])
@pytest.mark.parametrize("shift", [0, 1, 3, 15])
@pytest.mark.parametrize("size", [0, 1, 7, 15, 16, 17, 33, 1000])
def test_ends_and_misalignment(monkeypatch, form, shift, size):
    memory = np.random.default_rng(0).normal(size=(3, size + 64)).astype("f")
    x, y = memory[0, 2:2 + size], memory[1, 5:5 + size]
    steps, guard = ["Mul 0 1", "Exp 3", "Greater 4 1", "Select 5 4 2"], np.full(size + 64, 77, np.float32)
    first = -guard.ctypes.data % 64 // 4 + shift
    got = _run(monkeypatch, form, (size,), [x, y], steps, 6, guard[first:first + size], [(0.5, "float32")])
    want = _run(monkeypatch, "loop", (size,), [x, y], steps, 6, np.empty(size, np.float32), [(0.5, "float32")])
    assert got.tobytes() == want.tobytes()
    assert (guard[:first] == 77).all() and (guard[first + size:] == 77).all()


@pytest.mark.parametrize("form", ["vectors", "stream"])
@pytest.mark.parametrize("shapes", [[(5, 37), (37,)], [(5, 37), (5, 1)], [(3, 4, 19), (3, 1, 1), (19,)],
                                    [(6, 1), (1, 21)]])
def test_broadcasting(monkeypatch, form, shapes):
    arrays = [np.random.default_rng(i).normal(size=shape).astype("f") for i, shape in enumerate(shapes)]
    shape, count = np.broadcast_shapes(*shapes), len(shapes)
    steps = ["Add 0 1", f"Tanh {count}", f"Mul {count + 1} {count - 1}"]
    want, got = (_run(monkeypatch, how, shape, arrays, steps, count + 2, np.empty(shape, np.float32))
                 for how in ("loop", form))
    assert got.tobytes() == want.tobytes()


@pytest.mark.parametrize("form", ["vectors", "stream"])
def test_in_place(monkeypatch, form):
    x = np.linspace(-3, 3, 1001, dtype="f")
    want = _run(monkeypatch, "loop", x.shape, [x], ["Exp 0", "Mul 1 0"], 2, np.empty_like(x))
    assert _run(monkeypatch, form, x.shape, [x], ["Exp 0", "Mul 1 0"], 2, x).tobytes() == want.tobytes()


def _chosen(shape, steps, result, dtypes=("float32", "float32")):
    operands = [(registry.In(i), dtype, shape) for i, dtype in enumerate(dtypes)]
    native = elementwise.program(shape, operands, steps, [(registry.Out(0), result)])
    return native.function.arguments[3].split(":")[0]


def test_what_is_chosen(monkeypatch):
    monkeypatch.setattr(elementwise, "lanes_of", lambda dtype: 64 // elementwise.SIZES[dtype])
    large = (5_000_000,)
    assert _chosen((100,), ["Exp 0"], 2) == "vectors" and _chosen((100,), ["Add 0 1"], 2) == "loop"
    assert _chosen(large, ["Add 0 1"], 2) == "stream" and _chosen((1 << 20,), ["Add 0 1"], 2) == "loop"
    assert _chosen(large, ["Less 0 1"], 2) == _chosen(large, ["Pow 0 1"], 2) == "loop"
    assert _chosen(large, ["Add 0 1"], 2, ("int32", "int32")) == "loop"
    assert _chosen((9,), ["Cast:float32 1", "Exp 2"], 3, ("float32", "int32")) == "loop"
    monkeypatch.setattr(elementwise, "lanes_of", lambda dtype: 32 // elementwise.SIZES[dtype])
    assert _chosen((100,), ["Exp 0"], 2) == "loop"
