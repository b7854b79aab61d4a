"""Blocks of space moved to the batch or the depth axis."""

import numpy as np
import pytest

import graphflow as tf
from tests.ops.harness import Sample, fixed, normal, sample_tests

ANY = "float32 float64 int32 bool string complex64"


def _to_batch(x, blocks, pads):
    """Block offset by block offset, every block-th element."""
    value = b"" if x.dtype == object else np.zeros((), x.dtype)[()]
    x = np.pad(x, [(0, 0), *map(tuple, pads), (0, 0)], constant_values=value)
    return np.concatenate(
        [x[:, i :: blocks[0], j :: blocks[1]] for i in range(blocks[0]) for j in range(blocks[1])]
    )


def _to_space(x, blocks, crops):
    batch = len(x) // int(np.prod(blocks))
    out = np.empty((batch, x.shape[1] * blocks[0], x.shape[2] * blocks[1], x.shape[3]), x.dtype)
    for n, (i, j) in enumerate(np.ndindex(*blocks)):
        out[:, i :: blocks[0], j :: blocks[1]] = x[n * batch : (n + 1) * batch]
    (top, bottom), (left, right) = crops
    return out[:, top : out.shape[1] - bottom, left : out.shape[2] - right]


def _to_depth(x):
    return np.concatenate([x[:, i::2, j::2] for i in (0, 1) for j in (0, 1)], -1)


SAMPLES = [
    Sample(
        "SpaceToBatchND",
        [normal(2, 3, 4, 2), fixed([2, 2]), fixed([[1, 0], [0, 2]])],
        _to_batch,
        dtypes=ANY,
        grad=(0,),
        second=True,
    ),
    Sample(
        "SpaceToBatchND",
        [normal(2, 3), fixed(np.zeros(0, np.int32)), fixed(np.zeros((0, 2), np.int32))],
        lambda x, b, p: x,
        id="none",
    ),
    Sample(
        "BatchToSpaceND",
        [normal(12, 2, 2, 1), fixed([2, 3]), fixed([[0, 1], [2, 0]])],
        _to_space,
        dtypes=ANY,
        grad=(0,),
        second=True,
    ),
    Sample(
        "SpaceToDepth",
        [normal(2, 4, 6, 3)],
        _to_depth,
        attrs={"block_size": 2},
        dtypes=ANY,
        grad=(0,),
        second=True,
    ),
    Sample(
        "SpaceToDepth",
        [normal(2, 3, 4, 6)],
        lambda x: np.moveaxis(_to_depth(np.moveaxis(x, 1, -1)), -1, 1),
        attrs={"block_size": 2, "data_format": "NCHW"},
        grad=(0,),
        id="nchw",
    ),
    Sample(
        "DepthToSpace",
        [normal(1, 2, 1, 8)],
        lambda x: x.reshape(1, 2, 1, 2, 2, 2).transpose(0, 1, 3, 2, 4, 5).reshape(1, 4, 2, 2),
        attrs={"block_size": 2},
        dtypes=ANY,
        grad=(0,),
        second=True,
    ),
]
test_samples = sample_tests(SAMPLES)


def test_required_paddings():
    with tf.Graph().as_default(), tf.Session() as session:
        paddings, crops = session.run(
            tf.required_space_to_batch_paddings([5, 8], [4, 4], [[1, 0], [0, 0]])
        )
        assert paddings.tolist() == [[1, 2], [0, 0]]
        assert crops.tolist() == [[0, 2], [0, 0]]
        size = tf.placeholder(tf.int32, [2])
        paddings, crops = tf.required_space_to_batch_paddings(size, [4, 4])
        assert session.run(paddings, {size: [5, 8]}).tolist() == [[0, 3], [0, 0]]


def test_there_and_back():
    x = np.arange(32.0).reshape(1, 4, 8, 1)
    with tf.Graph().as_default(), tf.Session() as session:
        batched = tf.space_to_batch(x, [[0, 0], [0, 0]], 2)
        assert batched.shape.as_list() == [4, 2, 4, 1]
        np.testing.assert_array_equal(
            session.run(tf.batch_to_space(batched, [[0, 0], [0, 0]], 2)), x
        )
        np.testing.assert_array_equal(session.run(tf.depth_to_space(tf.space_to_depth(x, 2), 2)), x)


@pytest.mark.parametrize(
    "build",
    [
        lambda: tf.space_to_batch_nd(tf.zeros([1, 3]), [2], [[0, 0]]),
        lambda: tf.batch_to_space_nd(tf.zeros([3, 3]), [2], [[0, 0]]),
        lambda: tf.batch_to_space_nd(tf.zeros([2, 1]), [2], [[2, 1]]),
        lambda: tf.space_to_depth(tf.zeros([1, 3, 4, 1]), 2),
        lambda: tf.depth_to_space(tf.zeros([1, 3, 4, 1]), 2),
    ],
)
def test_refused(build):
    with tf.Graph().as_default(), pytest.raises(ValueError):
        build()


def test_the_batch_is_known_without_paddings():
    images, paddings = tf.placeholder(tf.float32, [3, None, None, 2]), tf.placeholder(tf.int32)
    assert tf.space_to_batch_nd(images, [2, 3], paddings).shape.as_list() == [18, None, None, 2]
    crops = tf.placeholder(tf.int32)
    batch = tf.placeholder(tf.float32, [18, None, None, 2])
    assert tf.batch_to_space_nd(batch, [2, 3], crops).shape.as_list() == [3, None, None, 2]
    blocks = tf.placeholder(tf.int32, [2])
    assert tf.batch_to_space_nd(batch, blocks, crops).shape.as_list() == [None, None, None, 2]
    assert tf.space_to_batch_nd(batch, tf.placeholder(tf.int32), crops).shape.as_list() == [None] * 4
