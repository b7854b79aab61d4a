"""Slices of tensors, against NumPy's."""

import numpy as np
import pytest

import graphflow as tf
from tests.ops.harness import Sample, fixed, normal, sample_tests

ANY = "float32 float64 int32 bool string complex64 bfloat16 uint8"
_SHRINK = {"shrink_axis_mask": 1}


def _scatter_slice(shape, begin, end, strides, dy):
    out = np.full(shape, b"", object) if dy.dtype == object else np.zeros(shape, dy.dtype)
    out[1:4:2] = dy
    return out


def _updated(x, begin, end, strides, value):
    x = x.copy()
    x[1:4:2] = value
    return x


SAMPLES = [
    Sample(
        "Slice",
        [normal(4, 5), fixed([1, 0]), fixed([2, -1])],
        lambda x, b, s: x[1:3],
        dtypes=ANY,
        grad=(0,),
        second=True,
    ),
    Sample(
        "Slice", [normal(4, 5), fixed([4, 0]), fixed([0, 5])], lambda x, b, s: x[4:], id="empty"
    ),
    Sample(
        "StridedSlice",
        [normal(4, 5), fixed([0, 3]), fixed([3, 0]), fixed([2, -1])],
        lambda x, *s: x[0:3:2, 3:0:-1],
        dtypes=ANY,
        grad=(0,),
        second=True,
    ),
    Sample(
        "StridedSlice",
        [normal(4, 5), fixed([-1]), fixed([0]), fixed([1])],
        lambda x, *s: x[-1],
        attrs=_SHRINK,
        grad=(0,),
        second=True,
        id="index",
    ),
    Sample(
        "StridedSliceGrad",
        [fixed([5, 2]), fixed([1]), fixed([4]), fixed([2]), normal(2, 2)],
        _scatter_slice,
        dtypes=ANY,
        grad=(4,),
        second=True,
    ),
    Sample(
        "TensorStridedSliceUpdate",
        [normal(5, 2), fixed([1]), fixed([4]), fixed([2]), normal(2, 2)],
        _updated,
        dtypes=ANY,
        grad=(0, 4),
        second=True,
    ),
    Sample(
        "StridedSliceAssign",
        [normal(5, 2), fixed([1]), fixed([4]), fixed([2]), normal(2, 2)],
        _updated,
    ),
]
test_samples = sample_tests(SAMPLES)

INDICES = [
    np.s_[1],
    np.s_[-1],
    np.s_[1:],
    np.s_[:-1],
    np.s_[::2],
    np.s_[::-1],
    np.s_[2:0:-1],
    np.s_[5:2],
    np.s_[...],
    np.s_[..., 1],
    np.s_[1, ..., 2],
    np.s_[None],
    np.s_[:, None, 1],
    np.s_[..., None],
    np.s_[0, 1, 2],
    np.s_[:, 1:3, ::-2],
    np.s_[-100:100],
    np.s_[1:2, ..., None, 0],
    np.s_[:, :0],
    np.s_[None, ..., None],
    np.s_[()],
    np.s_[100:-100:-1],
    np.s_[-2:, 0],
]


@pytest.mark.parametrize("index", INDICES, ids=str)
def test_indexing_is_numpys(index):
    x = np.arange(60).reshape(3, 4, 5)
    with tf.Graph().as_default(), tf.Session() as session:
        fed = tf.placeholder(tf.int64, [None, 4, None])
        y, z = tf.constant(x)[index], fed[index]
        assert y.shape.as_list() == list(x[index].shape)
        assert z.shape.is_compatible_with(x[index].shape) and z.shape.ndims == x[index].ndim
        for result in session.run([y, z], {fed: x}):
            np.testing.assert_array_equal(result, x[index])


@pytest.mark.parametrize("index", INDICES[:12], ids=str)
def test_gradient_of_indexing(index):
    with tf.Graph().as_default(), tf.Session() as session:
        x = tf.constant(np.zeros([3, 4, 5], np.float32))
        expected = np.zeros([3, 4, 5])
        expected[index] = 1
        np.testing.assert_array_equal(session.run(tf.gradients(x[index], x)[0]), expected)


def test_tensor_indices_and_masks():
    x = np.arange(12).reshape(3, 4)
    with tf.Graph().as_default(), tf.Session() as session:
        t = tf.constant(x)
        for dtype in (tf.int32, tf.int64):
            i = tf.placeholder(dtype, [])
            np.testing.assert_array_equal(session.run(t[i], {i: 1}), x[1])
            np.testing.assert_array_equal(session.run(t[i:, -i], {i: 1}), x[1:, -1])
            assert t[i].shape.as_list() == [4]
            assert t[:, i:].shape.as_list() == [3, None]
        np.testing.assert_array_equal(session.run(t[t > 5]), x[x > 5])
        np.testing.assert_array_equal(session.run(t[np.array([True, False, True])]), x[[0, 2]])
        assert t[tf.newaxis].shape.as_list() == [1, 3, 4]
        assert t[np.int64(1)].shape.as_list() == [4]
        assert t[t.shape[0] - 1].shape.as_list() == [4]


@pytest.mark.parametrize(
    ("build", "names"),
    [
        (
            lambda x, i: x[1:2],
            [
                "strided_slice/stack:Const",
                "strided_slice/stack_1:Const",
                "strided_slice/stack_2:Const",
                "strided_slice:StridedSlice",
            ],
        ),
        (
            lambda x, i: x[i, 0],
            [
                "add/y:Const",
                "add:AddV2",
                "strided_slice/stack/1:Const",
                "strided_slice/stack:Pack",
                "strided_slice/stack_1/1:Const",
                "strided_slice/stack_1:Pack",
                "strided_slice/stack_2:Const",
                "strided_slice:StridedSlice",
            ],
        ),
        (
            lambda x, i: tf.slice(x, [0, 0], [1, 1]),
            ["Slice/begin:Const", "Slice/size:Const", "Slice:Slice"],
        ),
        (
            lambda x, i: tf.strided_slice(x, [0], [1]),
            [
                "ones_like/tensor:Const",
                "ones_like/Shape:Const",
                "ones_like/Const:Const",
                "ones_like:Fill",
                "StridedSlice/begin:Const",
                "StridedSlice/end:Const",
                "StridedSlice:StridedSlice",
            ],
        ),
    ],
)
def test_ops_made(build, names):
    with tf.Graph().as_default() as graph:
        build(tf.placeholder(tf.float32, [4, 5], name="x"), tf.placeholder(tf.int32, [], name="i"))
        assert [f"{op.name}:{op.type}" for op in graph.get_operations()][2:] == names


@pytest.mark.parametrize(
    ("build", "error", "message"),
    [
        (lambda x: x[5], ValueError, "slice index 5 of dimension 0 out of bounds"),
        (
            lambda x: x[0, 0, 0],
            ValueError,
            "Index out of range using input dim 2; input has only 2 dims",
        ),
        (lambda x: x[::0], ValueError, r"strides\[0\] must be non-zero"),
        (lambda x: x[..., ...], ValueError, "Multiple ellipses in slice spec not allowed"),
        (lambda x: x[1.5], TypeError, "Only integers, slices"),
        (lambda x: x["a"], TypeError, "Only integers, slices"),
        (lambda x: x[[1, 2], 0:1.5], TypeError, "Only integers, slices"),
        (lambda x: x[True], ValueError, "mask cannot be scalar"),
        (lambda x: tf.slice(x, [0], [1]), ValueError, "Shape must be rank 1 but is rank 2"),
        (lambda x: tf.slice(x, [3, 0], [2, 1]), ValueError, "exceed the dimension 4"),
    ],
)
def test_refused_when_built(build, error, message):
    with tf.Graph().as_default(), pytest.raises(error, match=message):
        build(tf.placeholder(tf.float32, [4, 5]))


def test_refused_when_run():
    with tf.Graph().as_default(), tf.Session() as session:
        x = tf.placeholder(tf.float32)
        i = tf.placeholder(tf.int32, [])
        feeds = {x: np.zeros([2, 3]), i: 4}
        for bad in (
            x[i],
            x[0, 0, 0],
            x[:: i - 4],
            tf.slice(x, [0, i], [1, 1]),
            tf.slice(x, [0, 0], [i, 1]),
            tf.slice(x, [0], [1]),
        ):
            with pytest.raises(tf.errors.InvalidArgumentError):
                session.run(bad, feeds)
        with pytest.raises(ValueError, match="only supported for variables"):
            x[0].assign(1.0)
