"""Space moved to depth and to the batch, and patches of images: against the reference kernels."""

import numpy as np
import pytest

from graphflow.framework import dtypes
from tests.kernels.native_harness import bind, registry, run


def reference(family, op, inputs, attrs):
    """What the reference kernel gives."""
    given = [dtypes.as_dtype(a.dtype) for a in inputs]
    context = registry.KernelContext(op, op, attrs, given, given[:1])
    return registry.reference.find(op, family, attrs)(context)(*inputs)


def compare(family, op, inputs, attrs, constants=()):
    """Asserts that the compiled kernel gives what the reference kernel does; returns it."""
    attrs = {"T": dtypes.as_dtype(inputs[0].dtype), **attrs}
    want = reference(family, op, inputs, attrs)
    found = run(family, op, inputs, [(want.shape, inputs[0].dtype.name)], attrs, constants)
    np.testing.assert_array_equal(found, want)
    return found


def images(*shape, dtype="float32"):
    return np.arange(1, 1 + np.prod(shape)).reshape(shape).astype(dtype)


@pytest.mark.parametrize("dtype", ["float32", "int8"])
@pytest.mark.parametrize("data_format", [b"NHWC", b"NCHW"])
@pytest.mark.parametrize("shape, block", [((2, 4, 6, 3), 2), ((1, 6, 3, 1), 3), ((2, 2, 2, 2), 1), ((0, 4, 4, 1), 2)])
def test_depth(shape, block, data_format, dtype):
    attrs, x = {"block_size": block, "data_format": data_format}, images(*shape, dtype=dtype)
    x = np.ascontiguousarray(np.moveaxis(x, -1, 1)) if data_format == b"NCHW" else x
    deep = compare("space", "SpaceToDepth", [x], attrs)
    np.testing.assert_array_equal(compare("space", "DepthToSpace", [deep], attrs), x)


@pytest.mark.parametrize("shape, block, edges", [
    ((2, 4, 6, 3), [2, 2], [[0, 0], [0, 0]]), ((1, 5, 7, 2), [2, 3], [[1, 0], [2, 0]]), ((2, 7), [4], [[3, 2]]),
    ((3, 2, 2, 5), [1, 2], [[0, 0], [0, 2]]), ((2, 3, 4), [], np.zeros((0, 2))),
    ((1, 1, 1, 1), [3, 3], [[1, 1], [2, 0]])])
@pytest.mark.parametrize("dtype", ["float32", "complex128"])
def test_batch(shape, block, edges, dtype):
    x, rest = images(*shape, dtype=dtype), [np.array(block, np.int32), np.array(edges, np.int32)]
    moved = compare("space", "SpaceToBatchND", [x, *rest], {}, constants=(1, 2))
    np.testing.assert_array_equal(compare("space", "BatchToSpaceND", [moved, *rest], {}, constants=(1, 2)), x)


def test_what_does_not_fit_is_left_to_the_reference():
    x, block = images(1, 4, 4, 1), np.array([2, 2], np.int32)
    for edges in ([[1, 0], [0, 0]], [[-1, 1], [0, 0]]):
        inputs = [x, block, np.array(edges, np.int32)]
        assert bind("space", "SpaceToBatchND", inputs, [((4, 2, 2, 1), "float32")], {"T": "float32"}, (1, 2)) is None


@pytest.mark.parametrize("padding", [b"VALID", b"SAME"])
@pytest.mark.parametrize("size, stride, rate", [
    ((2, 2), (1, 1), (1, 1)), ((3, 2), (2, 3), (1, 2)), ((1, 1), (3, 3), (1, 1)), ((3, 3), (1, 2), (2, 1)),
    ((2, 4), (5, 5), (1, 1))])
def test_patches(size, stride, rate, padding):
    attrs = {name: [1, *value, 1] for name, value in (("ksizes", size), ("strides", stride), ("rates", rate))}
    for shape in ((2, 6, 7, 3), (1, 5, 5, 1)):
        compare("patches", "ExtractImagePatches", [images(*shape)], {**attrs, "padding": padding})
