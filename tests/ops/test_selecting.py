"""Masks, positions, partitions, one-hot codes and searches."""

import numpy as np
import pytest

import graphflow as tf
from tests.ops.harness import Sample, fixed, normal, sample_tests

ANY = "float32 float64 int32 bool string complex64 bfloat16"


def _stitch(indices, data):
    out = np.zeros((5, 2), data[0].dtype)
    if data[0].dtype == object:
        out[:] = b""
    for i, d in zip(indices, data):
        out[i] = d
    return out


def _hot(i, depth, on, off):
    return np.where(i[..., None] == np.arange(depth), on, off)


SAMPLES = [
    Sample("OneHot", [fixed([0, 2, -1, 3]), fixed(3), normal(), normal()], _hot, dtypes=ANY),
    Sample(
        "OneHot",
        [fixed(np.uint8([[0], [1]])), fixed(2), fixed(1.0), fixed(0.0)],
        lambda i, d, *v: np.moveaxis(_hot(i, d, *v), -1, 0),
        attrs={"axis": 0},
        id="front",
    ),
    Sample("OneHot", [fixed(np.int64(1)), fixed(0), fixed(1.0), fixed(0.0)], _hot, id="empty"),
    Sample(
        "Where", [normal(3, 4)], lambda x: np.argwhere(x), dtypes="bool float32 int32 complex64"
    ),
    Sample("Where", [fixed(np.array(True))], lambda x: np.zeros((1, 0), np.int64), id="scalar"),
    Sample(
        "Where", [fixed(np.zeros((2, 0), bool))], lambda x: np.zeros((0, 2), np.int64), id="empty"
    ),
    Sample(
        "DynamicPartition",
        [normal(4, 2), fixed([1, 0, 1, 1])],
        lambda d, p: tuple(d[p == i] for i in range(3)),
        attrs={"num_partitions": 3},
        dtypes=ANY,
        grad=(0,),
    ),
    Sample(
        "DynamicPartition",
        [normal(2, 2), fixed([[1, 0], [0, 1]])],
        lambda d, p: (d[p == 0], d[p == 1]),
        attrs={"num_partitions": 2},
        grad=(0,),
        id="matrix",
    ),
    Sample(
        "DynamicStitch",
        [[fixed([4, 1]), fixed([[0, 2], [3, 1]])], [normal(2, 2), normal(2, 2, 2)]],
        _stitch,
        dtypes="float32 float64 int32 complex64",
    ),
    Sample(
        "DynamicStitch",
        [[fixed(1), fixed([0, 2, 3, 4])], [normal(2), normal(4, 2)]],
        _stitch,
        grad=(2, 3),
        second=True,
        id="scalar",
    ),
    Sample(
        "ParallelDynamicStitch",
        [[fixed([4, 1]), fixed([0, 2, 3])], [normal(2, 2), normal(3, 2)]],
        _stitch,
        dtypes="float32 float64 string",
        grad=(2, 3),
    ),
    Sample(
        "LowerBound",
        [fixed(np.array([[1.0, 2, 2, 5]])), fixed(np.array([[0.0, 2, 9]]))],
        lambda s, v: np.int32([[0, 1, 4]]),
        dtypes="float32 int32",
    ),
    Sample(
        "UpperBound",
        [fixed(np.array([[1.0, 2, 2, 5]])), fixed(np.array([[0.0, 2, 9]]))],
        lambda s, v: np.int32([[0, 3, 4]]),
        dtypes="float32 int32",
    ),
]
test_samples = sample_tests(SAMPLES)


def test_rows_without_entries_are_put_together():
    none = tf.placeholder(tf.float32)
    with tf.Session() as session:
        assert session.run(tf.dynamic_stitch([[2, 0], [1]], [none, none[:1]]), {none: np.zeros((2, 0))}).shape == (3, 0)


def test_boolean_mask():
    x = np.arange(24.0).reshape(2, 3, 4)
    with tf.Graph().as_default(), tf.Session() as session:
        t = tf.constant(x)
        rows, inner = np.array([True, False]), np.array([True, False, True])
        both = x[:, :, 0] > 3
        for mask, axis, expected in (
            (rows, None, x[rows]),
            (inner, 1, x[:, inner]),
            (both, 0, x[both]),
        ):
            y = tf.boolean_mask(t, mask, axis=axis)
            np.testing.assert_array_equal(session.run(y), expected)
            gradient = tf.convert_to_tensor(tf.gradients(y, t)[0])
            assert session.run(gradient).sum() == expected.size
        m = tf.placeholder(tf.bool, [None])
        assert tf.boolean_mask(t, m).shape.as_list() == [None, 3, 4]
        for mask in (True, tf.placeholder(tf.bool), [True] * 3):
            with pytest.raises(ValueError):
                tf.boolean_mask(t, mask)


def test_one_hot_dtypes():
    with tf.Graph().as_default() as graph:
        assert tf.one_hot([1], 2).dtype == tf.float32
        assert [op.name for op in graph.get_operations()] == [
            "one_hot/on_value",
            "one_hot/off_value",
            "one_hot/indices",
            "one_hot/depth",
            "one_hot",
        ]
        assert tf.one_hot([1], 2, on_value=5).dtype == tf.int32
        assert tf.one_hot([1], 2, dtype="int64").dtype == tf.int64
        assert tf.one_hot(tf.placeholder(tf.int32, [None]), 7).shape.as_list() == [None, 7]
        for arguments in ({"on_value": 1, "dtype": tf.float32}, {"on_value": 1, "off_value": 0.5}):
            with pytest.raises(TypeError, match="does not match"):
                tf.one_hot([1], 2, **arguments)


def test_sequence_mask_and_searchsorted():
    with tf.Graph().as_default(), tf.Session() as session:
        np.testing.assert_array_equal(
            session.run(tf.sequence_mask([1, 0, 2])), [[True, False], [False, False], [True, True]]
        )
        mask = tf.sequence_mask([[1]], 3, tf.float32)
        np.testing.assert_array_equal(session.run(mask), [[[1, 0, 0]]])
        assert tf.sequence_mask(tf.placeholder(tf.int32, [None]), 5).shape.as_list() == [None, 5]
        with pytest.raises(ValueError, match="maxlen must be scalar"):
            tf.sequence_mask([1], [2])
        found = tf.searchsorted([[1.0, 3.0], [2.0, 4.0]], [[3.0], [1.0]], side="right")
        np.testing.assert_array_equal(session.run(found), [[2], [0]])


def test_where_chooses():
    with tf.Graph().as_default(), tf.Session() as session:
        choice = tf.where([True, False], [1, 2], [3, 4])
        assert choice.op.type == "Select"
        np.testing.assert_array_equal(session.run(choice), [1, 4])
        with pytest.raises(ValueError, match="both be non-None"):
            tf.where([True], [1])


def test_refused_when_run():
    with tf.Graph().as_default(), tf.Session() as session:
        i = tf.placeholder(tf.int32)
        cases = [
            (tf.dynamic_partition([1.0, 2.0], i, 2)[0], r"partitions\[1\] = 2 is not in \[0, 2\)"),
            (tf.dynamic_stitch([i], [[1.0, 2.0]]), r"is not in \[0, "),
            (tf.one_hot(1, i[0]), "non-negative"),
        ]
        for (bad, message), fed in zip(cases, ([0, 2], [0, -1], [-1, 0])):
            with pytest.raises(tf.errors.InvalidArgumentError, match=message):
                session.run(bad, {i: fed})
