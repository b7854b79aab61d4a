"""Single cpu kernels against NumPy: dtypes, shapes (empty, odd, broadcast), special values."""

import math

import numpy as np
import pytest

from graphflow.framework import dtypes
from graphflow.framework.kernel_loader import kernels
from tests.kernels.native_harness import bind, execute, registry, run

elementwise = kernels("cpu.elementwise")
native = kernels("cpu.native")
F32 = {"T": "float32"}


def _random(shape, dtype="float32", seed=0):
    return (np.random.default_rng(seed).normal(size=shape) * 5).astype(dtype)


PAIRS = [((), ()), ((1,), ()), ((3, 4), (3, 4)), ((3, 4), (4,)), ((4,), (3, 4)), ((3, 1), (3, 4)),
         ((), (67,)), ((5, 1, 4, 1, 7), (1, 3, 4, 6, 1)), ((0, 3), (1, 3)), ((2, 0), (2, 1)),
         ((129, 33), (33,)), ((1, 1, 9), (8, 1, 1))]


@pytest.mark.parametrize("left, right", PAIRS)
@pytest.mark.parametrize("dtype", ["float32", "float64", "int32", "uint8"])
def test_broadcasting(left, right, dtype):
    x, y = abs(_random(left, dtype)), abs(_random(right, dtype, 1))
    for op, function in (("Sub", np.subtract), ("Maximum", np.maximum)):
        want = function(x, y)
        np.testing.assert_array_equal(
            run("binary", op, [x, y], [(want.shape, dtype)], {"T": dtype}), want)
    want = np.less(x, y)
    got = run("comparison", "Less", [x, y], [(want.shape, "bool")], {"T": dtype})
    np.testing.assert_array_equal(got, want)


def test_extremes_keep_nan():
    x, y = np.array([np.nan, 1, np.nan], "f"), np.array([1, np.nan, np.nan], "f")
    for op in ("Maximum", "Minimum"):
        assert np.isnan(run("binary", op, [x, y], [((3,), "float32")], F32)).all()


def test_integers_wrap():
    x = np.array([2 ** 31 - 1, -2 ** 31], np.int32)
    got = run("binary", "Add", [x, x], [((2,), "int32")], {"T": "int32"})
    assert got.tolist() == [-2, 0]


def test_select_by_rows():
    condition, x, y = np.array([True, False, True]), _random((3, 5)), _random((3, 5), seed=1)
    got = run("comparison", "Select", [condition, x, y], [((3, 5), "float32")], F32)
    np.testing.assert_array_equal(got, np.where(condition[:, None], x, y))


@pytest.mark.parametrize("count", [1, 2, 7])
@pytest.mark.parametrize("size", [0, 5, 5000])
def test_add_n(count, size):
    arrays = [_random(size, seed=i) for i in range(count)]
    got = run("binary", "AddN", arrays, [((size,), "float32")], F32)
    want = arrays[0]
    for array in arrays[1:]:
        want = want + array
    np.testing.assert_array_equal(got, want)


@pytest.mark.parametrize("op", ["Exp", "Neg", "Tanh"])
def test_in_place(op):
    x = _random(1003)
    want = run("unary", op, [x], [(x.shape, "float32")], F32)
    bound = bind("unary", op, [x], [(x.shape, "float32")], F32)
    execute(bound, [x], [x])
    np.testing.assert_array_equal(x, want)


def test_fused_equals_unfused():
    """One loop over three ops has the bits of three loops: nothing is contracted."""
    x, y = _random((37, 19)), _random(19, seed=1)
    shape = x.shape
    product = run("binary", "Mul", [x, y], [(shape, "float32")], F32)
    shifted = run("binary", "Add", [product, x], [(shape, "float32")], F32)
    want = run("unary", "Sigmoid", [shifted], [(shape, "float32")], F32)
    bound = elementwise.program(
        shape, [(registry.In(0), "float32", shape), (registry.In(1), "float32", (19,))],
        ["Mul 0 1", "Add 2 0", "Sigmoid 3"], [(registry.Out(0), 4), (registry.Out(1), 2)])
    outputs = [np.empty(shape, np.float32), np.empty(shape, np.float32)]
    execute(bound, [x, y], outputs)
    np.testing.assert_array_equal(outputs[0], want)
    np.testing.assert_array_equal(outputs[1], product)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("m, n, k", [(3, 4, 5), (1, 1, 1), (65, 10, 33), (0, 3, 2), (3, 2, 0)])
def test_matmul(dtype, m, n, k):
    for ta in (False, True):
        for tb in (False, True):
            a = _random((k, m) if ta else (m, k), dtype)
            b = _random((n, k) if tb else (k, n), dtype, 1)
            got = run("matmul", "MatMul", [a, b], [((m, n), dtype)],
                      {"T": dtype, "transpose_a": ta, "transpose_b": tb})
            np.testing.assert_allclose(got, (a.T if ta else a) @ (b.T if tb else b), rtol=1e-4,
                                       atol=1e-3)


def test_batch_matmul_with_one_matrix():
    a, b = _random((2, 3, 4, 5)), _random((5, 6), seed=1)
    got = run("matmul", "BatchMatMulV2", [a, b], [((2, 3, 4, 6), "float32")],
              {"T": "float32", "adj_x": False, "adj_y": False})
    np.testing.assert_allclose(got, a @ b, rtol=1e-4, atol=1e-3)


REDUCTIONS = [((), ()), ((7,), (0,)), ((3, 5), (1,)), ((3, 5), (0,)), ((3, 5), (0, 1)),
              ((3, 70, 5), (1,)), ((3, 70, 5), (0, 2)), ((129, 1027), (0,)), ((129, 1027), (1,)),
              ((20003,), (0,)), ((2, 3, 4, 5), (1, 2)), ((0, 4), (0,)), ((4, 0), (1,))]


@pytest.mark.parametrize("shape, axes", REDUCTIONS)
@pytest.mark.parametrize("dtype", ["float32", "float64", "int32"])
def test_reductions(shape, axes, dtype):
    x = _random(shape, dtype)
    for op in ("Sum", "Prod", "Max", "Min", "Mean"):
        if (x.size == 0 and op != "Sum") or (op == "Mean" and dtype == "int32"):
            continue
        wide = x.astype(np.float64) if dtype == "float32" else x
        with np.errstate(all="ignore"):
            want = np.asarray(getattr(np, op.lower())(wide, axis=axes)).astype(dtype)
        got = run("reduction", op, [x, np.array(axes, np.int32)], [(want.shape, dtype)],
                  {"T": dtype}, constants=(1,))
        np.testing.assert_allclose(got, want, rtol=1e-5, atol=1e-5 * max(1, x.size) ** 0.5)


def test_sum_is_accurate():
    x = np.full(3_000_001, 0.1, np.float32)
    got = run("reduction", "Sum", [x, np.array([0])], [((), "float32")], F32, constants=(1,))
    assert abs(float(got) / x.astype(np.float64).sum() - 1) < 1e-6


def test_extremes_of_nan():
    x = np.ones((4, 50), np.float32)
    x[2, 33] = np.nan
    for axis, size in ((1, 4), (0, 50)):
        got = run("reduction", "Max", [x, np.array([axis])], [((size,), "float32")], F32,
                  constants=(1,))
        np.testing.assert_array_equal(got, x.max(axis))


@pytest.mark.parametrize("shape", [(100, 10), (3, 5000), (1, 1), (0, 5), (5, 16), (4, 17), (7, 64), (3, 99)])
def test_softmax_and_cross_entropy(shape):
    x, labels = _random(shape), abs(_random(shape, seed=1))
    shifted = x.astype(np.float64) - x.max(1, keepdims=True, initial=-np.inf)
    powers = np.exp(shifted)
    want = powers / powers.sum(1, keepdims=True)
    np.testing.assert_allclose(run("softmax", "Softmax", [x], [(shape, "float32")], F32), want,
                               rtol=1e-5, atol=1e-12)
    got = run("softmax", "LogSoftmax", [x], [(shape, "float32")], F32)
    np.testing.assert_allclose(got, shifted - np.log(powers.sum(1, keepdims=True)), rtol=1e-5,
                               atol=1e-5)
    loss, gradient = run("softmax", "SoftmaxCrossEntropyWithLogits", [x, labels],
                         [(shape[:1], "float32"), (shape, "float32")], F32)
    np.testing.assert_allclose(loss, -(labels * np.log(want)).sum(1), rtol=1e-4)
    np.testing.assert_allclose(gradient, want - labels, rtol=1e-4, atol=1e-6)
    classes = np.random.default_rng(2).integers(0, shape[1], shape[0])
    loss, gradient = run("softmax", "SparseSoftmaxCrossEntropyWithLogits", [x, classes],
                         [(shape[:1], "float32"), (shape, "float32")], F32)
    lines = np.arange(shape[0])
    np.testing.assert_allclose(loss, -np.log(want[lines, classes]), rtol=1e-4, atol=1e-5)
    want[lines, classes] -= 1
    np.testing.assert_allclose(gradient, want, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("length", [3, 16, 40])
def test_softmax_of_special_rows(length):
    x = np.zeros((6, length), np.float32)
    x[1, -1], x[2, 0], x[3, 1], x[5, -1] = np.nan, np.inf, -np.inf, 1e30
    x[4] = -np.inf
    with np.errstate(all="ignore"):
        powers = np.exp(x.astype(np.float64) - x.max(1, keepdims=True))
        want = powers / powers.sum(1, keepdims=True)
    np.testing.assert_allclose(run("softmax", "Softmax", [x], [(x.shape, "float32")], F32), want, rtol=1e-6)
    got = run("softmax", "LogSoftmax", [x], [(x.shape, "float32")], F32)
    np.testing.assert_array_equal(np.isnan(got), np.isnan(want))
    assert got[3, 1] == -np.inf and got[5, -1] == 0


def test_softmax_in_place_and_misaligned():
    x = _random((3, 37))
    for op in ("Softmax", "LogSoftmax"):
        want = run("softmax", op, [x], [(x.shape, "float32")], F32)
        place = np.empty(x.size + 1, np.float32)[1:].reshape(x.shape)
        place[...] = x
        assert execute(bind("softmax", op, [place], [(x.shape, "float32")], F32), [place], [place])[0] == -1
        assert place.tobytes() == want.tobytes()


def test_sparse_labels_are_checked():
    x, classes = _random((3, 4)), np.array([0, 4, 1])
    bound = bind("softmax", "SparseSoftmaxCrossEntropyWithLogits", [x, classes],
                 [((3,), "float32"), ((3, 4), "float32")], F32)
    failed, code, block = execute(bound, [x, classes], [np.empty(3, "f"), np.empty((3, 4), "f")])
    assert (failed, code, block[0], block[1]) == (0, native.INDEX_OUT_OF_RANGE, 1, 4)


def _scalars(*numbers):
    return [np.array(number, np.float32) for number in numbers]


@pytest.mark.parametrize("op, states, rest, flags, rule", [
    ("ApplyGradientDescent", 1, [0.1, "grad"], {}, "_gradient_descent"),
    ("ApplyMomentum", 2, [0.1, "grad", 0.9], {"use_nesterov": True}, "_momentum"),
    ("ApplyMomentum", 2, [0.1, "grad", 0.9], {"use_nesterov": False}, "_momentum"),
    ("ApplyAdam", 3, [0.9, 0.99, 0.001, 0.9, 0.999, 1e-8, "grad"], {"use_nesterov": False},
     "_adam"),
    ("ApplyAdagrad", 2, [0.1, "grad"], {"update_slots": True}, "_adagrad"),
    ("ApplyAdadelta", 3, [0.1, 0.95, 1e-6, "grad"], {}, "_adadelta"),
    ("ApplyRMSProp", 3, [0.1, 0.9, 0.5, 1e-6, "grad"], {}, "_rms_prop"),
])
def test_updates_have_the_reference_bits_also_in_place(op, states, rest, flags, rule):
    shape = (13, 11)
    arrays = [_random(shape) ** 2 for _ in range(states)]
    arrays += [_random(shape, seed=5) if item == "grad" else _scalars(item)[0] for item in rest]
    reference = getattr(kernels("reference.training_ops"), rule)
    want = reference(*[a if a.shape else a[()] for a in arrays], *flags.values())
    attrs = {**F32, **flags}
    outputs = [(shape, "float32")] * states
    got = run("training_ops", op, arrays, outputs, attrs)
    for g, w in zip(got if states > 1 else [got], want, strict=True):
        np.testing.assert_array_equal(g, w)
    execute(bind("training_ops", op, arrays, outputs, attrs), arrays, arrays[:states])
    for array, w in zip(arrays, want):
        np.testing.assert_array_equal(array, w)


@pytest.mark.parametrize("shape, perm", [
    ((3, 4), (1, 0)), ((2, 3, 4), (2, 0, 1)), ((2, 3, 4), (0, 2, 1)), ((2, 3, 4), (1, 0, 2)),
    ((100, 37), (1, 0)), ((), ()), ((3, 0), (1, 0)), ((2, 3, 4, 5), (3, 1, 2, 0))])
@pytest.mark.parametrize("dtype", ["float32", "int8", "complex128"])
def test_transpose(shape, perm, dtype):
    x = _random(shape).astype(dtype)
    want = x.transpose(perm)
    got = run("shape_ops", "Transpose", [x, np.array(perm, np.int32)], [(want.shape, dtype)],
              {"T": dtype}, constants=(1,))
    np.testing.assert_array_equal(got, want)


def test_joins_and_splits():
    x, y = _random((2, 3, 4)), _random((2, 5, 4), seed=1)
    got = run("join_split", "ConcatV2", [x, y, np.array(1)], [((2, 8, 4), "float32")], F32,
              constants=(2,))
    np.testing.assert_array_equal(got, np.concatenate([x, y], 1))
    got = run("join_split", "Pack", [x, x], [((2, 3, 2, 4), "float32")], {**F32, "axis": 2})
    np.testing.assert_array_equal(got, np.stack([x, x], 2))
    parts = run("join_split", "Split", [np.array(2), x], [((2, 3, 2), "float32")] * 2, F32,
                constants=(0,))
    for got, want in zip(parts, np.split(x, 2, 2), strict=True):
        np.testing.assert_array_equal(got, want)
    got = run("join_split", "Tile", [x, np.array([2, 1, 3])], [((4, 3, 12), "float32")], F32,
              constants=(1,))
    np.testing.assert_array_equal(got, np.tile(x, (2, 1, 3)))


def test_strided_slice():
    x = _random((2, 3, 4))
    attrs = {**F32, "begin_mask": 2, "end_mask": 2, "ellipsis_mask": 0, "new_axis_mask": 0,
             "shrink_axis_mask": 1}
    got = run("slicing", "StridedSlice",
              [x, np.array([1, 0, 3]), np.array([2, 0, 0]), np.array([1, 1, -2])],
              [((3, 2), "float32")], attrs, constants=(1, 2, 3))
    np.testing.assert_array_equal(got, x[1, :, 3:0:-2])


def test_scatter_adds_repeated_rows():
    x, updates, rows = _random((6, 3)), _random((3, 3), seed=1), np.array([2, 2, 5])
    want = x.copy()
    np.add.at(want, rows, updates)
    got = run("state_scatter", "ScatterAdd", [x, rows, updates], [((6, 3), "float32")], F32)
    np.testing.assert_array_equal(got, want)
    execute(bind("state_scatter", "ScatterAdd", [x, rows, updates], [((6, 3), "float32")], F32),
            [x, rows, updates], [x])
    np.testing.assert_array_equal(x, want)


@pytest.mark.parametrize("kind", ["Sum", "Prod", "Max", "Min"])
@pytest.mark.parametrize("dtype", ["float32", "float64", "int32", "uint8"])
def test_unsorted_segments(dtype, kind):
    x, ids = abs(_random((30, 3))).astype(dtype), np.arange(30) % 5
    ids[7] = -2
    if dtype.startswith("float"):
        x[3, 1], x[4, 0], x[9, 2] = np.nan, np.inf, -np.inf
    context = registry.KernelContext(f"UnsortedSegment{kind}", "", {}, [], [dtypes.as_dtype(dtype)])
    want = registry.reference.find(context.op_type, "segment", {})(context)(x, ids, np.array(6))
    found = run("segment", context.op_type, [x, ids, np.array(6)], [((6, 3), dtype)], {"T": dtype})
    np.testing.assert_allclose(found, want, rtol=1e-6)


def test_segments_and_top_k():
    x, ids = _random((50, 10)), np.random.default_rng(0).integers(-1, 7, 50)
    want = np.zeros((7, 10), np.float32)
    np.add.at(want, ids[ids >= 0], x[ids >= 0])
    got = run("segment", "UnsortedSegmentSum", [x, ids, np.array(7)], [((7, 10), "float32")], F32)
    np.testing.assert_array_equal(got, want)
    values, indices = run("top_k", "TopKV2", [x, np.array(3)],
                          [((50, 3), "float32"), ((50, 3), "int32")], F32)
    order = np.argsort(-x, axis=1, kind="stable")[:, :3]
    np.testing.assert_array_equal(indices, order)
    np.testing.assert_array_equal(values, np.take_along_axis(x, order, 1))
    got = run("reduction", "ArgMax", [x, np.array(1)], [((50,), "int64")], F32, constants=(1,))
    np.testing.assert_array_equal(got, x.argmax(1))


def test_constants_and_casts():
    assert (run("fill", "Fill", [np.array([3, 4]), np.float32(2.5)], [((3, 4), "float32")], F32)
            == 2.5).all()
    x = _random((3, 4))
    assert (run("fill", "OnesLike", [x], [(x.shape, "float32")], F32) == 1).all()
    numbers = np.arange(-2, 3)
    for target in ("float32", "bool", "uint8", "float64"):
        got = run("cast", "Cast", [numbers], [((5,), target)], {"SrcT": "int64", "DstT": target})
        np.testing.assert_array_equal(got, numbers.astype(target))


@pytest.mark.parametrize("dtype", ["int32", "int64"])
@pytest.mark.parametrize("op, rule", [
    ("TruncateDiv", lambda x, y: int(x / y)), ("Div", lambda x, y: int(x / y)), ("FloorDiv", lambda x, y: x // y),
    ("TruncateMod", math.fmod), ("Mod", math.fmod), ("FloorMod", lambda x, y: x % y)])
def test_integer_division(op, rule, dtype):
    x, y = np.meshgrid(np.arange(-9, 10), [-5, -3, -2, -1, 1, 2, 3, 5])
    x, y = x.ravel().astype(dtype), y.ravel().astype(dtype)
    for left, right in ((x, y), (x, y[:1]), (x[7], y)):
        expected = [rule(int(a), int(b)) for a, b in np.broadcast(left, right)]
        found = run("binary", op, [left, right], [((len(expected),), dtype)], {"T": dtype})
        np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("dtype", ["int32", "int64"])
def test_division_of_integers_wraps_and_fails_at_zero(dtype):
    least = np.full(2, np.iinfo(dtype).min, dtype)
    for op, expected in (("FloorDiv", least), ("TruncateDiv", least), ("FloorMod", [0, 0]), ("Mod", [0, 0])):
        attrs, outputs = {"T": dtype}, [((2,), dtype)]
        np.testing.assert_array_equal(run("binary", op, [least, np.array(-1, dtype)], outputs, attrs), expected)
        inputs = [least, np.array([1, 0], dtype)]
        failed, code, block = execute(bind("binary", op, inputs, outputs, attrs), inputs, [np.zeros(2, dtype)])
        assert (failed, code, block[0]) == (0, native.DIVISION_BY_ZERO, 1)


@pytest.mark.parametrize("dtype", ["float32", "uint8", "complex128"])
@pytest.mark.parametrize("index_type", ["int32", "int64"])
def test_slices_from_begins_that_change(index_type, dtype):
    x = np.arange(4 * 5 * 6).reshape(4, 5, 6).astype(dtype)
    attrs = {"T": dtype, "Index": index_type}
    for begin, size in (([1, 2, 3], [2, 3, 3]), ([0, 0, 0], [4, 5, 6]), ([3, 0, 5], [1, 5, 1]), ([2, 5, 1], [2, 0, 5])):
        begin = np.array(begin, index_type)
        expected = x[tuple(slice(b, b + n) for b, n in zip(begin, size))]
        found = run("slicing", "Slice", [x, begin, np.array(size, index_type)], [(expected.shape, dtype)], attrs,
                    constants=(2,))
        np.testing.assert_array_equal(found, expected)
    bound = bind("slicing", "Slice", [x, begin, np.array(size, index_type)], [((2, 3, 3), dtype)], attrs, (2,))
    for outside in ([3, 0, 0], [0, 3, 0], [0, 0, -1], [0, 0, 2 ** 31 - 1]):
        failed, code, block = execute(bound, [x, np.array(outside, index_type), begin], [np.zeros((2, 3, 3), dtype)])
        assert failed == 0 and code == native.INDEX_OUT_OF_RANGE
        assert outside[block[0]] == block[1]
    assert bind("slicing", "Slice", [x, begin, begin], [((5, 5, 6), dtype)], attrs, (2,)) is None


@pytest.mark.parametrize("axes", [[0], [-1], [1, 0], [], [0, 1, 2]], ids=str)
def test_reversals(axes):
    x = np.arange(24, dtype=np.int16).reshape(2, 3, 4)
    attrs = {"T": "int16", "Tidx": "int32"}
    found = run("padding", "ReverseV2", [x, np.array(axes, np.int32)], [(x.shape, "int16")], attrs, constants=(1,))
    np.testing.assert_array_equal(found, np.flip(x, axes))
    for wrong in ([3], [0, -3]):
        assert bind("padding", "ReverseV2", [x, np.array(wrong, np.int32)], [(x.shape, "int16")], attrs, (1,)) is None


@pytest.mark.parametrize("index_type", ["int32", "int64"])
def test_parts_at_indices_that_change(index_type):
    x = _random((3, 4, 5))
    attrs = {"T": "float32", "ellipsis_mask": 0, "new_axis_mask": 0}
    for mask, key in ((1, np.s_[-1]), (2, np.s_[:, 2]), (4, np.s_[:, :, -5]), (3, np.s_[0, 3]), (6, np.s_[:, -1, 4])):
        key = (*np.atleast_1d(np.array(key, object)),) if isinstance(key, tuple) else (key,)
        begin = np.array([0 if isinstance(k, slice) else k for k in key], index_type)
        masks = {"shrink_axis_mask": mask, "begin_mask": 7 & ~mask, "end_mask": 7 & ~mask}
        inputs = [x, begin, begin + 1, np.ones_like(begin)]
        found = run("slicing", "StridedSlice", inputs, [(x[key].shape, "float32")], {**attrs, **masks}, constants=(3,))
        np.testing.assert_array_equal(found, x[key])
    begin[1] = 4
    bound = bind("slicing", "StridedSlice", inputs, [((3,), "float32")], {**attrs, **masks}, (3,))
    failed, code, block = execute(bound, inputs, [np.zeros(3, np.float32)])
    assert (failed, code, block[0], block[1]) == (0, native.INDEX_OUT_OF_RANGE, 0, 4)
