"""Ops that change shapes or the order of axes."""

import numpy as np
import pytest

import graphflow as tf
from tests.ops.harness import Sample, fixed, normal, sample_tests

ANY = "float32 float64 int32 bool string complex64 bfloat16 uint8"


def _op_names():
    return [f"{op.name}:{op.type}" for op in tf.get_default_graph().get_operations()]


SAMPLES = [
    Sample(
        "Reshape",
        [normal(2, 6), fixed([3, -1])],
        lambda x, s: x.reshape(3, 4),
        dtypes=ANY,
        grad=(0,),
        second=True,
    ),
    Sample("Reshape", [normal(0, 3), fixed([3, 0])], lambda x, s: x.reshape(3, 0), id="empty"),
    Sample(
        "Reshape",
        [normal(1), fixed(np.zeros(0, np.int64))],
        lambda x, s: x.reshape(()),
        id="scalar",
    ),
    Sample(
        "ExpandDims",
        [normal(2, 3), fixed(1)],
        lambda x, a: x[:, None],
        dtypes=ANY,
        grad=(0,),
        second=True,
    ),
    Sample("ExpandDims", [normal(2, 3), fixed(-1)], lambda x, a: x[..., None], id="last"),
    Sample(
        "Squeeze", [normal(1, 2, 1)], lambda x: x.reshape(2), dtypes=ANY, grad=(0,), second=True
    ),
    Sample(
        "Squeeze",
        [normal(1, 2, 1)],
        lambda x: x.reshape(1, 2),
        attrs={"squeeze_dims": [-1]},
        id="axis",
    ),
    Sample(
        "Transpose",
        [normal(2, 3, 4), fixed([2, 0, 1])],
        lambda x, p: x.transpose(2, 0, 1),
        dtypes=ANY,
        grad=(0,),
        second=True,
    ),
    Sample("Transpose", [normal(0, 3), fixed([1, 0])], lambda x, p: x.T, id="empty"),
    Sample(
        "ConjugateTranspose",
        [normal(2, 3), fixed([1, 0])],
        lambda x, p: np.conj(x).T,
        dtypes="complex64 complex128 float32",
    ),
    Sample(
        "InvertPermutation",
        [fixed([2, 0, 1])],
        lambda p: np.array([1, 2, 0], np.int32),
        dtypes="int32",
    ),
    Sample(
        "BroadcastTo",
        [normal(3, 1), fixed([2, 3, 4])],
        lambda x, s: np.broadcast_to(x, (2, 3, 4)),
        dtypes=ANY,
        grad=(0,),
        second=True,
    ),
    Sample(
        "BroadcastTo", [normal(), fixed([0, 2])], lambda x, s: np.zeros((0, 2), x.dtype), id="empty"
    ),
    Sample(
        "EnsureShape",
        [normal(2, 3)],
        lambda x: x,
        attrs={"shape": (None, 3)},
        dtypes=ANY,
        grad=(0,),
        second=True,
    ),
    Sample(tf.transpose, [normal(2, 3, 4)], lambda x: x.T, grad=(0,), id="reversed"),
    Sample(tf.linalg.matrix_transpose, [normal(2, 3, 4)], lambda x: x.swapaxes(1, 2), grad=(0,)),
]
test_samples = sample_tests(SAMPLES)


@pytest.mark.parametrize(
    ("given", "wanted", "result"),
    [
        ([None, 3], [-1, 3], [None, 3]),
        ([2, 3], [-1], [6]),
        ([None, 4, 5], [-1, 20], [None, 20]),
        ([None, 3], [2, -1, 3], [2, None, 3]),
        (None, [-1, 2], [None, 2]),
        ([0, 3], [0, -1], [0, None]),
    ],
)
def test_reshape_infers(given, wanted, result):
    with tf.Graph().as_default():
        assert tf.reshape(tf.placeholder(tf.float32, given), wanted).shape.as_list() == result


def test_reshape_uses_sizes_read_off_shapes():
    with tf.Graph().as_default():
        x = tf.placeholder(tf.float32, [None, 4, 5])
        assert tf.reshape(x, [tf.shape(x)[0], 20]).shape.as_list() == [None, 20]
        assert tf.reshape(x, [-1, x.shape[1] * x.shape[2]]).shape.as_list() == [None, 20]
        assert tf.reshape(x, tf.stack([-1, tf.shape(x)[1]])).shape.as_list() == [None, 4]


def test_names_of_transpose():
    with tf.Graph().as_default():
        tf.transpose(tf.placeholder(tf.float32, [2, 3], name="x"))
        assert _op_names() == ["x:Placeholder", "transpose/perm:Const", "transpose:Transpose"]


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (
            lambda x: tf.reshape(x, [4, 2]),
            r"Cannot reshape a tensor with 6 elements to shape \[4,2\] \(8 ",
        ),
        (
            lambda x: tf.squeeze(x, [0]),
            r"Can not squeeze dim\[0\], expected a dimension of 1, got 2",
        ),
        (lambda x: tf.expand_dims(x, 4), r"dim 4 not in the interval \[-3, 2\]"),
        (lambda x: tf.transpose(x, [0, 1, 2]), "Dimension must be 2 but is 3"),
        (lambda x: tf.broadcast_to(x, [3]), "Shape must be at most rank 1"),
        (lambda x: tf.expand_dims(x, 0, dim=1), "Cannot specify both"),
        (lambda x: tf.linalg.matrix_transpose(x[0]), "rank >= 2"),
    ],
)
def test_refused_when_built(build, message):
    with tf.Graph().as_default(), pytest.raises(ValueError, match=message):
        build(tf.zeros([2, 3]))


@pytest.mark.parametrize(
    ("build", "value", "message"),
    [
        (
            tf.reshape,
            [5, -1],
            "Input to reshape is a tensor with 6 values, but the requested shape requires a "
            "multiple",
        ),
        (
            tf.reshape,
            [4],
            "Input to reshape is a tensor with 6 values, but the requested shape has 4",
        ),
        (tf.reshape, [-1, -1], "Only one input size may be -1, not both 0 and 1"),
        (tf.reshape, [-3, 2], "must be non-negative"),
        (tf.transpose, [0, 0], "is missing from"),
        (tf.broadcast_to, [2**40, 2, 3], None),
    ],
)
def test_refused_when_run(build, value, message):
    with tf.Graph().as_default():
        y = build(tf.ones([2, 3]), tf.placeholder_with_default(value, [len(value)]))
        error = (
            tf.errors.ResourceExhaustedError if message is None else tf.errors.InvalidArgumentError
        )
        with tf.Session() as session, pytest.raises(error, match=message):
            session.run(y)


def test_ensure_shape_and_permutations_are_checked():
    with tf.Graph().as_default(), tf.Session() as session:
        x = tf.placeholder(tf.float32)
        with pytest.raises(tf.errors.InvalidArgumentError):
            session.run(tf.ensure_shape(x, [2, None]), {x: np.zeros([3, 2])})
        p = tf.placeholder(tf.int32, [None])
        with pytest.raises(tf.errors.InvalidArgumentError, match="duplicated"):
            session.run(tf.math.invert_permutation(p), {p: [0, 0]})


def test_arithmetic_on_known_sizes_of_partly_known_shapes():
    with tf.Graph().as_default():
        x = tf.placeholder(tf.float32, [None, 4, 5])
        size = tf.shape(x)
        flat = size[1] * size[2]
        assert tf.reshape(x, [-1, flat]).shape.as_list() == [None, 20]
        assert tf.reshape(x, [size[0], flat + 0]).shape.as_list() == [None, 20]
        assert tf.zeros([size[0], size[-1]]).shape.as_list() == [None, 5]
        assert tf.fill(tf.shape_n([x, x])[1], 1.0).shape.as_list() == [None, 4, 5]
        assert tf.contrib.util.constant_value(size[0]) is None
