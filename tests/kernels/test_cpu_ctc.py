"""The cpu tier's CTC loss against the reference kernel."""

import numpy as np
import pytest

from graphflow.framework import dtypes
from graphflow.framework.kernel_loader import kernels
from tests.kernels.native_harness import bind, execute, registry, run

native = kernels("cpu.native")
FLAGS = [(False, True, False), (True, True, False), (False, False, False), (False, True, True)]


def _attrs(flags, dtype="float32"):
    names = "preprocess_collapse_repeated", "ctc_merge_repeated", "ignore_longer_outputs_than_inputs"
    return {"T": dtype, **dict(zip(names, flags, strict=True))}


def _reference(inputs, attrs):
    named = {**attrs, "T": dtypes.as_dtype(attrs["T"])}
    context = registry.KernelContext("CTCLoss", "", named, [], [named["T"]])
    return registry.reference.find("CTCLoss", "ctc", named)(context)(*inputs)


def _labels(rows):
    places = [(i, j) for i, row in enumerate(rows) for j in range(len(row))]
    return np.array(places, np.int64).reshape(-1, 2), np.array([n for row in rows for n in row], np.int32)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("flags", FLAGS)
def test_losses(flags, dtype):
    rng = np.random.default_rng(0)
    for time, classes, lengths, counts in ((6, 4, [6, 5, 1, 0, 6], [2, 2, 1, 0, 0]), (40, 9, [40] * 7, [9] * 7),
                                           (3, 2, [3, 3], [1, 2]), (1, 3, [1], [0])):
        rows = [rng.integers(0, classes - 1, count) for count in counts]
        if classes == 2 and not flags[0]:
            rows[1] = [0] if flags[1] else [0, 0]
        if flags[2]:
            rows[0] = rng.integers(0, classes - 1, time + 3)        # no sequence is long enough
        inputs = [(rng.normal(size=(time, len(rows), classes)) * 4).astype(dtype), *_labels(rows),
                  np.array(lengths, np.int32)]
        want = _reference(inputs, _attrs(flags, dtype))
        outputs = [(array.shape, dtype) for array in want]
        for threads in (1, 2):
            for found, expected in zip(run("ctc", "CTCLoss", inputs, outputs, _attrs(flags, dtype), threads=threads),
                                       want, strict=True):
                np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-6)


def test_numbers_without_bounds():
    """Steps that are next to impossible, and impossible ones."""
    x = np.array([[0, -3000, 1000], [2000, 0, -2000], [0, 0, 5000], [-np.inf, 0, 0]], "f")
    x = np.repeat(x[:, None], 3, 1)
    inputs = [x, *_labels([[0], [0, 1], [1, 1]]), np.array([3, 4, 4], np.int32)]
    attrs = _attrs(FLAGS[0])
    want = _reference(inputs, attrs)
    found = run("ctc", "CTCLoss", inputs, [((3,), "float32"), (x.shape, "float32")], attrs)
    for one, other in zip(found, want, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("rows, values, lengths", [
    ([[0, 0], [2, 0]], [0, 0], [4, 4]), ([[0, 1], [0, 0]], [0, 0], [4, 4]), ([[0, 0], [0, 0]], [0, 1], [4, 4]),
    ([[0, 0], [1, 0]], [0, 2], [4, 4]), ([[0, 0], [1, 0]], [-1, 0], [4, 4]), ([[0, 0], [1, 0]], [0, 0], [4, 5]),
    ([[0, 0], [1, 0]], [0, 0], [-1, 4]), ([[0, 0], [0, 1]], [1, 1], [2, 4]), ([[-1, 0], [0, 1]], [1, 1], [2, 4])])
def test_what_fails(rows, values, lengths):
    inputs = [np.zeros((4, 2, 3), "f"), np.array(rows), np.array(values, np.int32), np.array(lengths, np.int32)]
    bound = bind("ctc", "CTCLoss", inputs, [((2,), "float32"), ((4, 2, 3), "float32")], _attrs(FLAGS[0]))
    assert execute(bound, inputs, [np.zeros(2, "f"), np.zeros((4, 2, 3), "f")])[1] == native.INDEX_OUT_OF_RANGE
    with pytest.raises(Exception, match="abel|order|repeated|sequence_length|time|row"):
        _reference(inputs, _attrs(FLAGS[0]))


def test_left_to_the_reference():
    inputs = [np.zeros((4, 2, 3), "f"), np.zeros((1, 2), np.int64), np.zeros(2, np.int32), np.zeros(2, np.int32)]
    assert bind("ctc", "CTCLoss", inputs, [((2,), "float32"), ((4, 2, 3), "float32")], _attrs(FLAGS[0])) is None
