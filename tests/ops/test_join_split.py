"""Joining, splitting and repeating tensors."""

import numpy as np
import pytest

import graphflow as tf
from tests.ops.harness import Sample, fixed, normal, sample_tests

ANY = "float32 float64 int32 bool string complex64 bfloat16 uint8"


def _many_joined(*values):
    return tf.concat(list(values), 1)


SAMPLES = [
    Sample(
        "ConcatV2",
        [[normal(2, 3), normal(2, 1)], fixed(1)],
        lambda v, a: np.concatenate(v, 1),
        dtypes=ANY,
        grad=(0, 1),
        second=True,
    ),
    Sample(
        "ConcatV2",
        [[normal(2, 3), normal(0, 3), normal(1, 3)], fixed(-2)],
        lambda v, a: np.concatenate(v),
        grad=(0, 2),
        id="negative-empty",
    ),
    Sample(
        "Concat",
        [fixed(0), [normal(2, 3), normal(1, 3)]],
        lambda a, v: np.concatenate(v),
        dtypes=ANY,
        grad=(1, 2),
        second=True,
    ),
    Sample(
        _many_joined,
        [normal(2, i % 3 + 1) for i in range(18)],
        lambda *v: np.concatenate(v, 1),
        grad=(0, 17),
        id="many",
    ),
    Sample(
        "ConcatOffset",
        [fixed(1), [fixed([2, 3]), fixed([2, 5])]],
        lambda a, s: (np.int32([0, 0]), np.int32([0, 3])),
        dtypes="int32",
    ),
    Sample(
        "Pack",
        [[normal(2, 3), normal(2, 3)]],
        lambda v: np.stack(v),
        dtypes=ANY,
        grad=(0, 1),
        second=True,
    ),
    Sample(
        "Pack",
        [[normal(2), normal(2), normal(2)]],
        lambda v: np.stack(v, -1),
        attrs={"axis": -1},
        grad=(1,),
        id="last",
    ),
    Sample(
        "Unpack",
        [normal(3, 2)],
        lambda x: tuple(x),
        attrs={"num": 3},
        dtypes=ANY,
        grad=(0,),
        second=True,
    ),
    Sample("Unpack", [normal(3, 2)], lambda x: tuple(x.T), attrs={"num": 2, "axis": -1}, id="last"),
    Sample(
        "Split",
        [fixed(1), normal(2, 6)],
        lambda a, x: tuple(np.split(x, 3, 1)),
        attrs={"num_split": 3},
        dtypes=ANY,
        grad=(1,),
        second=True,
    ),
    Sample(
        "SplitV",
        [normal(5, 2), fixed([2, -1]), fixed(0)],
        lambda x, s, a: (x[:2], x[2:]),
        attrs={"num_split": 2},
        dtypes=ANY,
        grad=(0,),
        second=True,
    ),
    Sample(
        "SplitV",
        [normal(2, 3), fixed([0, 3]), fixed(-1)],
        lambda x, s, a: (x[:, :0], x),
        attrs={"num_split": 2},
        id="empty",
    ),
    Sample(
        "Tile",
        [normal(2, 3), fixed([2, 1])],
        lambda x, m: np.tile(x, (2, 1)),
        dtypes=ANY,
        grad=(0,),
        second=True,
    ),
    Sample("Tile", [normal(2, 3), fixed([0, 2])], lambda x, m: np.tile(x, (0, 2)), id="empty"),
]
test_samples = sample_tests(SAMPLES)


def _graph():
    return [f"{op.name}:{op.type}" for op in tf.get_default_graph().get_operations()]


@pytest.mark.parametrize(
    ("build", "names"),
    [
        (lambda x: tf.concat([x, x], 1), ["concat/axis:Const", "concat:ConcatV2"]),
        (lambda x: tf.concat([x], 0), ["concat/concat_dim:Const", "concat/concat:Identity"]),
        (lambda x: tf.stack([x, x]), ["stack:Pack"]),
        (lambda x: tf.stack([1, 2]), ["stack:Const"]),
        (lambda x: tf.stack([x, x], 1), ["stack:Pack"]),
        (lambda x: tf.unstack(x), ["unstack:Unpack"]),
        (lambda x: tf.split(x, 2), ["Const:Const", "split/split_dim:Const", "split:Split"]),
        (lambda x: tf.split(x, [1, 1]), ["Const:Const", "split/split_dim:Const", "split:SplitV"]),
        (lambda x: tf.tile(x, [1, 2]), ["Tile/multiples:Const", "Tile:Tile"]),
        (
            lambda x: tf.stack([[1, x[0, 0]], [2, 3]]),
            [
                "strided_slice/stack:Const",
                "strided_slice/stack_1:Const",
                "strided_slice/stack_2:Const",
                "strided_slice:StridedSlice",
                "stack/0/0:Const",
                "stack/0:Pack",
                "stack/1_1:Const",
                "stack:Pack",
            ],
        ),
    ],
)
def test_ops_made(build, names):
    with tf.Graph().as_default():
        x = tf.placeholder(tf.int32, [2, 3], name="x")
        build(x)
        assert _graph() == ["x:Placeholder", *names]


def test_old_argument_orders():
    with tf.Graph().as_default():
        x = tf.placeholder(tf.float32, [2, 6])
        with pytest.warns(DeprecationWarning, match="0.x"):
            assert tf.concat(1, [x, x]).shape.as_list() == [2, 12]
        with pytest.warns(DeprecationWarning, match="0.x"):
            assert [y.shape.as_list() for y in tf.split(1, 3, x)] == [[2, 2]] * 3
        with pytest.warns(DeprecationWarning):
            assert tf.pack([x, x]).shape.as_list() == [2, 2, 6]
        with pytest.warns(DeprecationWarning):
            assert len(tf.unpack(x)) == 2


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (
            lambda x: tf.concat([x, x[:1]], 1),
            r"Dimension 0 in both shapes must be equal, but are 2 and 1. Shapes are "
            r"\[2,3\] and \[1,3\].",
        ),
        (lambda x: tf.stack([x[0], x[:, 0]]), r"Dimension 0 in both shapes must be equal, but are 3 and 2"),
        (lambda x: tf.concat([x, x], 2), r"in the range \[-2, 2\), but got 2"),
        (lambda x: tf.concat([x[0, 0], x[0, 0]], 0), "Can't concatenate scalars"),
        (lambda x: tf.stack([x, x], 3), r"axis = 3 not in \[-3, 3\)"),
        (lambda x: tf.unstack(tf.placeholder(tf.float32, [None])), "Cannot infer num from shape"),
        (lambda x: tf.unstack(x, num=3), "Dimension must be 3 but is 2"),
        (lambda x: tf.split(x, 2, 1), "Dimension size must be evenly divisible by 2 but is 3"),
        (lambda x: tf.split(x, [1, 1], 1), "can't split axis of size 3"),
        (lambda x: tf.tile(x, [2]), "Expected multiples argument to be a vector of length 2 but got length 1"),
    ],
)
def test_refused_when_built(build, message):
    with tf.Graph().as_default(), pytest.raises(ValueError, match=message):
        build(tf.placeholder(tf.float32, [2, 3]))


def test_refused_when_run():
    with tf.Graph().as_default(), tf.Session() as session:
        x, y = tf.placeholder(tf.float32), tf.placeholder(tf.float32)
        feeds = {x: np.zeros([2, 3]), y: np.zeros([1, 2])}
        m = tf.placeholder_with_default([2**31 - 1, 2**31 - 1], [2])
        for bad, error in (
            (tf.concat([x, y], 0), tf.errors.InvalidArgumentError),
            (tf.stack([x, y]), tf.errors.InvalidArgumentError),
            (tf.unstack(x, 3)[0], tf.errors.InvalidArgumentError),
            (tf.tile(x, -m), tf.errors.InvalidArgumentError),
            (tf.tile(x, m), (tf.errors.ResourceExhaustedError, tf.errors.InvalidArgumentError)),
        ):
            with pytest.raises(error):
                session.run(bad, feeds)


def test_indexed_slices_flow_through_concat():
    """Rows gathered from a joined table give each table its own rows."""
    with tf.Graph().as_default(), tf.Session() as session:
        a, b = tf.constant(np.ones([3, 2], np.float32)), tf.constant(np.ones([2, 2], np.float32))
        for axis, tables in ((0, (a, b)), (1, (a, a + 1.0))):
            y = tf.gather(tf.concat(list(tables), axis), [1, 2, 2]) * 3.0
            for gradient, table in zip(tf.gradients(y, list(tables)), tables):
                dense = session.run(tf.convert_to_tensor(gradient))
                assert dense.shape == tuple(table.shape.as_list())
        grads = tf.gradients(tf.gather(tf.concat([a, b], 0), [1, 4, 4]), [a, b])
        dense = session.run([tf.convert_to_tensor(g) for g in grads])
        np.testing.assert_array_equal(dense[0], [[0, 0], [1, 1], [0, 0]])
        np.testing.assert_array_equal(dense[1], [[0, 0], [2, 2]])


@pytest.mark.parametrize("first, second, message", [
    ([[2, 3]], [[2, 3]], "input 0 should be a vector"),
    ([2, 3], [2, 3, 4], "input 1 should contain 2 elements, but got 3"),
    ([2, 3], [4, 3], r"except 1 must match. Input 1 has shape \[4 3\] and doesn't match input 0 with shape \[2 3\]"),
])
def test_offsets_of_shapes_that_do_not_fit(first, second, message):
    with tf.Graph().as_default(), tf.Session() as sess:
        shapes = [tf.placeholder_with_default(shape, None) for shape in (first, second)]
        with pytest.raises(tf.errors.InvalidArgumentError, match=message):
            sess.run(tf.raw_ops.ConcatOffset(1, shapes))
