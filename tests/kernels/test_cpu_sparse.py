"""The cpu tier's products of sparse matrices against dense products."""

import numpy as np
import pytest

import graphflow as tf
from tests.kernels.native_harness import bind, execute, native, run

ATTRS = {"T": "float32", "Tindices": "int64", "adjoint_a": False, "adjoint_b": False}


@pytest.mark.parametrize("dtype, index_type", [("float32", "int64"), ("float64", "int64"), ("float32", "int32")])
@pytest.mark.parametrize("turned", [False, True])
@pytest.mark.parametrize("outer, inner, width, entries", [
    (5, 7, 3, 20), (1, 4, 16, 9), (30, 20, 37, 200), (3, 3, 300, 5), (4, 4, 8, 0), (6, 2, 0, 4), (200, 300, 130, 9000)])
def test_products(outer, inner, width, entries, turned, dtype, index_type):
    rng = np.random.default_rng(0)
    rows, columns = rng.integers(0, outer, entries), rng.integers(0, inner, entries)     # some of them twice
    values, dense = rng.normal(size=entries).astype(dtype), rng.normal(size=(inner, width)).astype(dtype)
    matrix = np.zeros((outer, inner))
    np.add.at(matrix, (rows, columns), values)
    pairs, size = np.stack([rows, columns], 1), [outer, inner]
    if turned:
        pairs, size = pairs[:, ::-1], size[::-1]
    attrs = {**ATTRS, "T": dtype, "Tindices": index_type, "adjoint_a": turned}
    inputs = [pairs.astype(index_type), values, np.array(size), dense]
    found = [run("sparse", "SparseTensorDenseMatMul", inputs, [((outer, width), dtype)], attrs, (2,), threads)
             for threads in (1, 2)]
    np.testing.assert_allclose(found[0], matrix @ dense, rtol=1e-4, atol=1e-4)
    np.testing.assert_array_equal(*found)


@pytest.mark.parametrize("entry", [[3, 0], [0, 4], [-1, 0], [0, -1], [2 ** 62, 0]])
def test_entries_outside(entry):
    inputs = [np.array([[0, 0], entry]), np.ones(2, np.float32), np.array([3, 4]), np.ones((4, 5), np.float32)]
    bound = bind("sparse", "SparseTensorDenseMatMul", inputs, [((3, 5), "float32")], ATTRS, (2,))
    failed, code, block = execute(bound, inputs, [np.zeros((3, 5), np.float32)])
    assert (failed, code, block[0]) == (0, native.INDEX_OUT_OF_RANGE, 1)
    with pytest.raises(tf.errors.InvalidArgumentError, match="out of bounds"), tf.Session() as sess:
        sess.run(tf.sparse_tensor_dense_matmul(
            tf.SparseTensor(inputs[0], tf.placeholder_with_default(inputs[1], [2]), [3, 4]), inputs[3]))


def test_what_does_not_fit_is_left_to_the_reference_kernel():
    inputs = [np.zeros((2, 2), np.int64), np.ones(2, np.float32), np.array([3, 4]), np.ones((5, 5), np.float32)]
    for attrs in (ATTRS, {**ATTRS, "adjoint_a": True}, {**ATTRS, "adjoint_b": True}):
        assert bind("sparse", "SparseTensorDenseMatMul", inputs, [((3, 5), "float32")], attrs, (2,)) is None
