"""Parts of arrays that lie where the run says, and ranges that begin there, against NumPy."""

import numpy as np
import pytest

from graphflow.framework.kernel_loader import kernels
from tests.kernels.native_harness import bind, execute, run

native = kernels("cpu.native")
# key of an array of shape (5, 6, 4); None stands for a new axis
KEYS = [np.s_[1:4], np.s_[-3:-1, 2], np.s_[:, 1:5:2], np.s_[2, ::-1, 1:3], np.s_[4:0:-2, ..., 1:], np.s_[:3, None, -2:],
        np.s_[..., -9:99], np.s_[3:3], np.s_[1:2, 2:4, 3], np.s_[0:5, 5:1:-1]]


def _spec(key):
    """(begin, end, strides, masks) of what NumPy indexes by `key`, none of the bounds left out in arrays."""
    rows, masks = [], dict.fromkeys(("begin_mask", "end_mask", "ellipsis_mask", "new_axis_mask", "shrink_axis_mask"), 0)
    for i, entry in enumerate(key if isinstance(key, tuple) else (key,)):
        begin, end, step = 0, 0, 1
        if entry is Ellipsis:
            masks["ellipsis_mask"] |= 1 << i
        elif entry is None:
            masks["new_axis_mask"] |= 1 << i
        elif isinstance(entry, slice):
            masks["begin_mask"] |= (entry.start is None) << i
            masks["end_mask"] |= (entry.stop is None) << i
            begin, end, step = entry.start or 0, entry.stop or 0, entry.step or 1
        else:
            masks["shrink_axis_mask"] |= 1 << i
            begin, end = entry, entry + 1
        rows.append((begin, end, step))
    return *np.array(rows).T, masks


@pytest.mark.parametrize("dtype, index_type", [("float32", "int32"), ("complex128", "int64"), ("int8", "int32")])
@pytest.mark.parametrize("key", KEYS, ids=str)
def test_slices_that_begin_and_end_anywhere(key, dtype, index_type):
    x = np.arange(120).reshape(5, 6, 4).astype(dtype)
    *bounds, masks = _spec(key)
    bounds, attrs = [bound.astype(index_type) for bound in bounds], {"T": dtype, "Index": index_type, **masks}
    want = x[key]
    found = run("slicing", "StridedSlice", [x, *bounds], [(want.shape, dtype)], attrs, constants=(3,))
    np.testing.assert_array_equal(found, want)
    whole, gradient = np.zeros_like(x), want + 1
    whole[key] = gradient
    inputs = [np.array(x.shape, index_type), *bounds, gradient]
    found = run("slicing", "StridedSliceGrad", inputs, [(x.shape, dtype)], attrs, constants=(3,))
    np.testing.assert_array_equal(found, whole)


@pytest.mark.parametrize("begin, end", [([2, 6], [4, 0]), ([2, -7], [4, 0]), ([4, 0], [6, 0]), ([-9, 0], [1, 0])])
def test_slices_of_other_sizes_are_refused(begin, end):
    x, masks = np.zeros((5, 6)), _spec(np.s_[0:2, 0])[-1]
    inputs = [x, np.array(begin), np.array(end), np.array([1, 1])]
    bound = bind("slicing", "StridedSlice", inputs, [((2,), "float64")], {"T": "float64", **masks}, constants=(3,))
    assert execute(bound, inputs, [np.zeros(2)])[:2] == (0, native.INDEX_OUT_OF_RANGE)
    assert bind("slicing", "StridedSlice", inputs, [((2, 2), "float64")], {"T": "float64", **masks}, (3,)) is None


@pytest.mark.parametrize("dtype", ["float32", "uint8"])
def test_paddings_that_change(dtype):
    x = np.arange(1, 13).reshape(3, 4).astype(dtype)
    attrs, outputs = {"T": dtype, "Tpaddings": "int32"}, [((5, 9), dtype)]
    for pads in ([[0, 2], [5, 0]], [[2, 0], [0, 5]], [[1, 1], [2, 3]]):
        inputs = [x, np.array(pads, np.int32)]
        np.testing.assert_array_equal(run("padding", "Pad", inputs, outputs, attrs), np.pad(x, pads))
        inputs.append(np.array(7, dtype))
        want = np.pad(x, pads, constant_values=7)
        np.testing.assert_array_equal(run("padding", "PadV2", inputs, outputs, attrs), want)
    for pads in ([[-1, 3], [5, 0]], [[3, -1], [5, 0]], [[0, 2], [0, 0]], [[0, 2], [0, 6]]):
        inputs = [x, np.array(pads, np.int32)]
        assert execute(bind("padding", "Pad", inputs, outputs, attrs), inputs, [np.zeros((5, 9), dtype)])[0] == 0


@pytest.mark.parametrize("dtype", ["int32", "int64"])
def test_ranges(dtype):
    for ends in ((3, 11, 1), (-2, 7, 3), (-2, 10, 3), (5, -4, -2), (5, 5, 1), (5, 5, -3)):
        inputs, want = [np.array(number, dtype) for number in ends], np.arange(*ends, dtype=dtype)
        found = run("fill", "Range", inputs, [(want.shape, dtype)], {"Tidx": dtype})
        np.testing.assert_array_equal(found, want)
    for ends in ((0, 5, 1), (0, 3, 1), (4, 0, 1), (0, 4, -1), (0, 4, 0)):
        inputs = [np.array(number, dtype) for number in ends]
        bound = bind("fill", "Range", inputs, [((4,), dtype)], {"Tidx": dtype})
        assert execute(bound, inputs, [np.zeros(4, dtype)])[:2] == (0, native.EMPTY_RANGE)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("count", [1, 2, 7, 50])
def test_numbers_at_equal_distances(count, dtype):
    ends = [np.array(0.1, dtype), np.array(-3.7, dtype)]
    reference = kernels("reference.fill")._lin_space(*ends, np.int32(count))
    found = run("fill", "LinSpace", [*ends, np.int32(count)], [((count,), dtype)], {"T": dtype}, constants=(2,))
    assert found.tobytes() == reference.tobytes()
    assert found[0] == ends[0] and (count == 1 or found[-1] == ends[1])
