"""Single cuda kernels against the reference kernels: dtypes, shapes, special values.

They need a device, or Numba's simulator: test_cuda_simulator.py runs this file in one.
"""

import ast
from pathlib import Path

import numpy as np
import pytest

from graphflow.framework import dtypes
from graphflow.framework.kernel_loader import kernels
from graphflow.framework.op_def import get_op_def
from tests.kernels import cuda_harness
from tests.kernels.cuda_harness import bind, compare, execute

pytestmark = [
    pytest.mark.gpu,
    pytest.mark.filterwarnings("ignore::RuntimeWarning"),   # the simulator's NumPy on inf and NaN
]
if not cuda_harness.available():
    pytest.skip("no CUDA device; test_cuda_simulator.py runs these tests in Numba's simulator",
                allow_module_level=True)

FLOATS = ("float32", "float64")


@pytest.fixture(autouse=True)
def _small_blocks(monkeypatch):
    with cuda_harness.small_blocks(monkeypatch):
        yield


def _random(shape, dtype="float32", seed=0):
    return (np.random.default_rng(seed).normal(size=shape) * 5).astype(dtype)


PAIRS = [((), ()), ((3, 4), (3, 4)), ((3, 4), (4,)), ((4,), (3, 4)), ((3, 1), (1, 4)),
         ((), (7,)), ((2, 1, 3, 1, 2), (1, 3, 3, 2, 1)), ((0, 3), (1, 3)), ((1, 1, 5), (3, 1, 1))]


@pytest.mark.parametrize("left, right", PAIRS)
@pytest.mark.parametrize("dtype", ["float32", "int32", "uint8"])
def test_broadcasting(left, right, dtype):
    x, y = abs(_random(left, dtype)), abs(_random(right, dtype, 1))
    for op in ("Sub", "Maximum", "SquaredDifference"):
        compare("binary", op, [x, y])
    compare("comparison", "LessEqual", [x, y])


def _samples(op):
    """Inputs within an op's domain, with what is special to it."""
    special = [0.0, -0.0, 1.0, -1.0, 0.5, 1.5, 2.5, -2.5, 30.0, -30.0, 6.0]
    if op not in ("Sin", "Cos"):
        special += [np.inf, -np.inf, np.nan, 1000.0, -1000.0]
    return np.array(special)


@pytest.mark.parametrize("family, op", [
    *(("unary", op) for op in ("Neg", "Square", "Sign", "Abs", "Exp", "Expm1", "Log", "Log1p",
                               "Tanh", "Sigmoid", "Sqrt", "Rsqrt", "Reciprocal", "Inv", "Floor",
                               "Ceil", "Rint", "Round", "Sin", "Cos")),
    *(("activation", op) for op in ("Relu", "Relu6", "Elu", "Selu", "Softplus", "Softsign"))])
@pytest.mark.parametrize("dtype", FLOATS)
def test_functions(family, op, dtype):
    compare(family, op, [_samples(op).astype(dtype)])


@pytest.mark.parametrize("op", ["Neg", "Square", "Sign", "Abs"])
@pytest.mark.parametrize("dtype", ["int8", "int32", "int64", "uint8"])
def test_functions_of_integers(op, dtype):
    extremes = np.iinfo(dtype)
    if extremes.min == 0 and op == "Neg":
        pytest.skip("not an op of unsigned numbers")
    compare("unary", op, [np.array([0, 1, 3, extremes.max, extremes.min], dtype)])


@pytest.mark.parametrize("family, op", [
    *(("unary", op) for op in ("TanhGrad", "SigmoidGrad", "SqrtGrad", "RsqrtGrad", "InvGrad",
                               "ReciprocalGrad")),
    *(("activation", op) for op in ("ReluGrad", "Relu6Grad", "EluGrad", "SeluGrad",
                                    "SoftplusGrad", "SoftsignGrad")),
    *(("binary", op) for op in ("RealDiv", "Div", "FloorDiv", "Pow")), ("no_nan", "DivNoNan")])
@pytest.mark.parametrize("dtype", FLOATS)
def test_functions_of_two(family, op, dtype):
    x, y = _random(9, dtype), _random(9, dtype, 1)
    if op == "Pow":
        x = abs(x)
    y[3] = 0
    compare(family, op, [x, y])


@pytest.mark.parametrize("dtype", FLOATS)
def test_leaky_relu(dtype):
    x, y = _random(9, dtype), _random(9, dtype, 1)
    compare("activation", "LeakyRelu", [x], alpha=0.25)
    compare("activation", "LeakyReluGrad", [x, y], alpha=0.25)


def test_extremes_keep_nan():
    x, y = np.array([np.nan, 1, np.nan], "f"), np.array([1, np.nan, np.nan], "f")
    for op in ("Maximum", "Minimum"):
        assert np.isnan(compare("binary", op, [x, y])[0]).all()


def test_logic_and_selection():
    x, y = np.array([True, True, False, False]), np.array([True, False, True, False])
    compare("comparison", "LogicalAnd", [x, y])
    compare("comparison", "LogicalOr", [x, y])
    compare("comparison", "LogicalNot", [x])
    then, other = _random((4, 3)), _random((4, 3), seed=1)
    compare("comparison", "Select", [x, then, other])
    compare("comparison", "Select", [then > 0, then, other])


@pytest.mark.parametrize("count", [1, 2, 5])
def test_add_n(count):
    compare("binary", "AddN", [_random((3, 2), seed=i) for i in range(count)])


@pytest.mark.parametrize("target", ["float32", "float64", "int32", "uint8", "bool"])
def test_casts(target):
    for source in ("int64", "uint8", "bool"):
        compare("cast", "Cast", [np.array([0, 1, 2, 100]).astype(source)], SrcT=source, DstT=target)
    if target in (*FLOATS, "bool"):
        compare("cast", "Cast", [_random(5)], SrcT="float32", DstT=target)


def test_bias():
    x, image = _random((3, 4)), _random((2, 3, 2, 2))
    compare("bias", "BiasAdd", [x, _random(4, seed=1)], data_format=b"NHWC")
    compare("bias", "BiasAdd", [image, _random(3, seed=1)], data_format=b"NCHW")
    compare("bias", "BiasAddGrad", [x], data_format=b"NHWC")
    compare("bias", "BiasAddGrad", [image], data_format=b"NCHW")


def test_fused_equals_unfused():
    """One pass over three ops has the bits of three passes: nothing is contracted."""
    program = kernels("cuda.elementwise").program
    x, y, shape = _random((7, 5)), _random(5, seed=1), (7, 5)

    def one(step, *operands):
        run = program(0, shape, [("float32", o.shape) for o in operands], [step], [len(operands)])
        return execute(run, operands, [(shape, "float32")])[0]

    product = one("Mul 0 1", x, y)
    want = one("Sigmoid 0", one("Add 0 1", product, x))
    run = program(0, shape, [("float32", shape), ("float32", (5,))],
                  ["Mul 0 1", "Add 2 0", "Sigmoid 3"], [4, 2])
    outputs = execute(run, [x, y], [(shape, "float32")] * 2)
    np.testing.assert_array_equal(outputs[0], want)
    np.testing.assert_array_equal(outputs[1], product)


def test_steps_end_in_their_own_dtype():
    """An int32 that wrapped around is what the next op sees, not the wider number."""
    x = np.array([2 ** 30, 5], np.int32)
    run = kernels("cuda.elementwise").program(
        0, (2,), [("int32", (2,))], ["Add 0 0", "Less 1 0", "Mul 1 #2", "Cast:float32 3"], [2, 4])
    less, wrapped = execute(run, [x], [((2,), "bool"), ((2,), "float32")])
    assert less.tolist() == [True, False]
    assert wrapped.tolist() == [0, 20]


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("m, n, k", [(3, 4, 5), (1, 1, 1), (7, 2, 4), (0, 3, 2), (3, 2, 0)])
def test_matmul(dtype, m, n, k):
    for ta in (False, True):
        for tb in (False, True):
            a, b = _random((k, m) if ta else (m, k), dtype), _random((n, k) if tb else (k, n), dtype)
            compare("matmul", "MatMul", [a, b], transpose_a=ta, transpose_b=tb, tolerance=1e-4)


def test_matmul_with_large_tiles(monkeypatch):
    monkeypatch.setattr(kernels("cuda.matmul"), "_SMALL", 0)
    compare("matmul", "MatMul", [_random((17, 20)), _random((18, 20))], tolerance=1e-4,
            transpose_a=False, transpose_b=True)


@pytest.mark.parametrize("left, right", [((2, 2, 3, 4), (2, 2, 4, 2)), ((3, 4), (3, 4, 2)),
                                         ((3, 2, 4), (4, 2)), ((0, 2, 4), (0, 4, 2))])
def test_batch_matmul(left, right):
    inputs = [_random(left), _random(right, seed=1)]
    compare("matmul", "BatchMatMulV2", inputs, adj_x=False, adj_y=False, tolerance=1e-4)
    turned = [np.ascontiguousarray(a.swapaxes(-1, -2)) for a in inputs]
    compare("matmul", "BatchMatMulV2", turned, adj_x=True, adj_y=True, tolerance=1e-4)


REDUCTIONS = [((7,), (0,)), ((3, 5), (1,)), ((3, 5), (0,)), ((3, 5), (-1, 0)),
              ((2, 7, 3), (1,)), ((2, 3, 2), (0, 2)), ((2, 2, 2, 3), (0, 2)),
              ((2, 3, 1, 3), (1, 3)), ((0, 4), (0,)), ((4, 0), (1,)), ((2, 21), (1,))]


@pytest.mark.parametrize("shape, axes", REDUCTIONS)
@pytest.mark.parametrize("variant", ["threads", "blocks", "parts"])
def test_reductions(shape, axes, variant, monkeypatch):
    reduction = kernels("cuda.reduction")
    if variant != "threads":
        monkeypatch.setattr(reduction, "_SHORT", 0)
    if variant == "parts":
        monkeypatch.setattr(reduction, "_CHUNK", 5)
    for op, dtype in (("Sum", "float32"), ("Mean", "float64"), ("Max", "int32"), ("Min", "float32"),
                      ("Prod", "uint8")):
        compare("reduction", op, [_random(shape, dtype), np.array(axes, np.int32)], constants=(1,))


@pytest.mark.parametrize("op", ["All", "Any"])
def test_reductions_of_bools(op):
    x = np.array([[True, True], [True, False], [False, False]])
    compare("reduction", op, [x, np.array([1])], constants=(1,))


def test_many_columns(monkeypatch):
    monkeypatch.setattr(kernels("cuda.reduction"), "_SHORT", 0)
    monkeypatch.setattr(kernels("cuda.reduction"), "_MANY", 4)
    compare("reduction", "Sum", [_random((6, 5)), np.array([0])], constants=(1,))


def test_extremes_of_nan():
    x = np.ones((2, 40), np.float32)
    x[1, 33] = np.nan
    result, = compare("reduction", "Max", [x, np.array([1])], constants=(1,))
    assert np.isnan(result[1])


def test_axes_that_are_no_constants_or_wrong_are_left_to_the_reference():
    x = _random((2, 3))
    attrs = {"T": dtypes.float32, "keep_dims": False}
    for axes, constants in (([0], ()), ([2], (1,)), ([0, 0], (1,))):
        assert bind("reduction", "Sum", [x, np.array(axes)], [((3,), "float32")], attrs,
                    constants) is None


@pytest.mark.parametrize("shape", [(3, 5), (2, 11), (1, 1), (0, 5), (2, 2, 3)])
@pytest.mark.parametrize("dtype", FLOATS)
def test_softmax(shape, dtype):
    x = _random(shape, dtype) * 20
    compare("softmax", "Softmax", [x])
    compare("softmax", "LogSoftmax", [x], tolerance=1e-4)


@pytest.mark.parametrize("shape", [(3, 5), (1, 11), (0, 5)])
@pytest.mark.parametrize("dtype", FLOATS)
def test_cross_entropies(shape, dtype):
    x, labels = _random(shape, dtype), abs(_random(shape, dtype, 1))
    compare("softmax", "SoftmaxCrossEntropyWithLogits", [x, labels], tolerance=1e-4)
    classes = np.arange(shape[0], dtype=np.int32)
    compare("softmax", "SparseSoftmaxCrossEntropyWithLogits", [x, classes])


def test_labels_are_checked_before_memory_is_touched():
    """A label that is no class gives NaN in its row, and nothing else."""
    x, labels = _random((3, 4)), np.array([1, 4, -1])
    outputs = [((3,), "float32"), ((3, 4), "float32")]
    run = bind("softmax", "SparseSoftmaxCrossEntropyWithLogits", [x, labels], outputs,
               {"T": dtypes.float32})
    loss, gradient = execute(run, [x, labels], outputs)
    assert np.isnan(loss).tolist() == [False, True, True]
    assert np.isnan(gradient).all(axis=1).tolist() == [False, True, True]
    assert not np.isnan(gradient[0]).any()


def test_two_bound_kernels_keep_their_own_launch():
    attrs, shapes = {"T": dtypes.float32}, ((3,), (40,))
    arrays = [_random(shape) for shape in shapes]
    bound = [bind("unary", "Neg", [a], [(a.shape, "float32")], attrs) for a in arrays]
    for run, array in zip(bound, arrays, strict=True):
        result, = execute(run, [array], [(array.shape, "float32")])
        np.testing.assert_array_equal(result, -array)


def test_full_blocks(monkeypatch):
    """Blocks as large as on a device, in more than one of them."""
    monkeypatch.undo()
    compare("unary", "Neg", [_random(300)])
    compare("softmax", "Softmax", [_random((1, 70))])


def test_every_kernel_is_of_its_family():
    """A kernel in another family's file would never be asked for."""
    folder = Path(kernels("cuda").__file__).parent
    for path in folder.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "cuda.kernel":
                for argument in node.args:
                    assert get_op_def(argument.value).family == path.stem, argument.value
