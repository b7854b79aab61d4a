"""Reading and writing by index."""

import numpy as np
import pytest

import graphflow as tf
from tests.ops.harness import Sample, fixed, normal, sample_tests

ANY = "float32 float64 int32 bool string complex64 bfloat16 uint8"
_NUMERIC = "float32 float64 int32 complex64 bfloat16"


def _batch_take(p, i, a):
    return np.stack([np.take(x, y, 0) for x, y in zip(p, i)])


def _scattered(update):
    def apply(x, i, u):
        x = x.copy()
        update(x, tuple(np.moveaxis(i, -1, 0)), u)
        return x

    return apply


def _add_at(x, i, u):
    np.add.at(x, i, u)


def _subtract_at(x, i, u):
    np.subtract.at(x, i, u)


ROWS = fixed([[0], [3], [0]])
SAMPLES = [
    Sample(
        "Gather",
        [normal(4, 3), fixed([3, 0, 3])],
        lambda p, i: p[i],
        dtypes=ANY,
        grad=(0,),
        second=True,
    ),
    Sample(
        "GatherV2",
        [normal(4, 3), fixed([[3, 0], [1, 1]]), fixed(0)],
        lambda p, i, a: p[i],
        dtypes=ANY,
        grad=(0,),
        second=True,
    ),
    Sample(
        "GatherV2",
        [normal(2, 4, 3), fixed([3, 0, 3]), fixed(-2)],
        lambda p, i, a: p[:, i],
        grad=(0,),
        second=True,
        id="axis",
    ),
    Sample(
        "GatherV2",
        [normal(4, 3), fixed(np.zeros(0, np.int64)), fixed(0)],
        lambda p, i, a: p[i],
        id="empty",
    ),
    Sample(
        "GatherV2",
        [normal(0, 3), fixed(np.zeros((2, 0), np.int32)), fixed(0)],
        lambda p, i, a: np.zeros((2, 0, 3), p.dtype),
        id="empty-params",
    ),
    Sample(
        "GatherV2",
        [normal(4, 3), fixed(2), fixed(1)],
        lambda p, i, a: p[:, 2],
        grad=(0,),
        id="scalar",
    ),
    Sample(
        "GatherV2",
        [normal(2, 4, 3), fixed([[0, 3, 3], [1, 2, 0]]), fixed(1)],
        _batch_take,
        attrs={"batch_dims": 1},
        grad=(0,),
        id="batch",
    ),
    Sample(
        "GatherNd",
        [normal(2, 3, 4), fixed([[1, 2], [0, 0]])],
        lambda p, i: p[i[:, 0], i[:, 1]],
        dtypes=ANY,
        grad=(0,),
        second=True,
    ),
    Sample(
        "GatherNd", [normal(3, 2), fixed([[1], [1]])], lambda p, i: p[[1, 1]], grad=(0,), id="rows"
    ),
    Sample(
        "GatherNd",
        [normal(3), fixed(np.zeros((2, 0), np.int32))],
        lambda p, i: np.stack([p, p]),
        id="whole",
    ),
    Sample(
        "ScatterNd",
        [ROWS, normal(3, 2), fixed([5, 2])],
        lambda i, u, s: _scattered(_add_at)(np.zeros(s, u.dtype), i, u),
        dtypes=_NUMERIC,
        grad=(1,),
        second=True,
        tol=1e-5,
    ),
    Sample(
        "ScatterNd",
        [fixed(np.zeros((0, 1), np.int64)), normal(0, 2), fixed(np.int64([3, 2]))],
        lambda i, u, s: np.zeros((3, 2), u.dtype),
        id="empty",
    ),
    Sample(
        "TensorScatterUpdate",
        [normal(5, 2), fixed([[0], [3]]), normal(2, 2)],
        _scattered(lambda x, i, u: x.__setitem__(i, u)),
        dtypes=ANY,
        grad=(0, 2),
        second=True,
    ),
    Sample(
        "TensorScatterAdd",
        [normal(5, 2), ROWS, normal(3, 2)],
        _scattered(_add_at),
        dtypes=_NUMERIC,
        grad=(0, 2),
        second=True,
    ),
    Sample(
        "TensorScatterSub",
        [normal(5, 2), ROWS, normal(3, 2)],
        _scattered(_subtract_at),
        dtypes=_NUMERIC,
        grad=(0, 2),
        second=True,
    ),
    Sample(
        "ScatterNdNonAliasingAdd",
        [normal(5, 2), ROWS, normal(3, 2)],
        _scattered(_add_at),
        dtypes=_NUMERIC,
        grad=(0, 2),
    ),
]
test_samples = sample_tests(SAMPLES)


def test_gradient_of_rows_is_sparse():
    with tf.Graph().as_default() as graph, tf.Session() as session:
        table = tf.placeholder(tf.float32, [10, 4], name="table")
        rows = tf.gather(table, [1, 7, 1])
        gradient = tf.gradients(rows, table)[0]
        assert isinstance(gradient, tf.IndexedSlices)
        assert gradient.values.name == "gradients/GatherV2_grad/Reshape:0"
        assert gradient.indices.name == "gradients/GatherV2_grad/Reshape_1:0"
        assert graph.get_operation_by_name("gradients/GatherV2_grad/Cast").type == "Cast"
        assert session.run(gradient.indices).tolist() == [1, 7, 1]


def test_batch_gather():
    p, i = np.arange(24.0).reshape(2, 4, 3), np.array([[0, 3, 3], [1, 2, 0]])
    with tf.Graph().as_default(), tf.Session() as session:
        params = tf.constant(p)
        y = tf.batch_gather(params, i)
        np.testing.assert_array_equal(session.run(y), _batch_take(p, i, 1))
        gradient = session.run(tf.convert_to_tensor(tf.gradients(y, params)[0]))
        np.testing.assert_array_equal(gradient[..., 0], [[1, 0, 0, 2], [1, 1, 1, 0]])
        with pytest.raises(ValueError, match="unknown shape"):
            tf.batch_gather(p, tf.placeholder(tf.int32))


def test_gather_nd_within_batches():
    p = np.arange(24).reshape(2, 3, 4)
    with tf.Graph().as_default(), tf.Session() as session:
        result = session.run(tf.gather_nd(p, [[[2]], [[0]]], batch_dims=1))
        np.testing.assert_array_equal(result, [p[0, [2]], p[1, [0]]])
        result = session.run(tf.gather(p, [[1, 0], [2, 2]], axis=1, batch_dims=1))
        np.testing.assert_array_equal(result, [p[0, [1, 0]], p[1, [2, 2]]])


@pytest.mark.parametrize(
    ("indices", "message"),
    [
        ([0, 1, 2, 12], r"indices\[3\] = 12 is not in \[0, 10\)"),
        ([[0, 1], [-1, 0]], r"indices\[1,0\] = -1 is not in \[0, 10\)"),
        (10, r"indices = 10 is not in \[0, 10\)"),
    ],
)
def test_bad_index_of_gather(indices, message):
    with tf.Graph().as_default(), tf.Session() as session:
        i = tf.placeholder(tf.int32)
        for axis in (0, 1):
            y = tf.gather(tf.zeros([10, 10]), i, axis=axis)
            with pytest.raises(tf.errors.InvalidArgumentError, match=message):
                session.run(y, {i: indices})


def test_bad_index_vectors():
    with tf.Graph().as_default(), tf.Session() as session:
        x, i = tf.zeros([2, 2]), tf.placeholder(tf.int32, [None, None])
        for bad in (
            tf.gather_nd(x, i),
            tf.tensor_scatter_update(x, i, [[1.0, 2.0]]),
            tf.scatter_nd(i, [[1.0, 2.0]], [2, 2]),
        ):
            for index in ([[3]], [[-1]]):
                with pytest.raises(
                    tf.errors.InvalidArgumentError, match=r"indices\[0\] = \[-?\d\] does not index"
                ):
                    session.run(bad, {i: index})


@pytest.mark.parametrize(
    "build",
    [
        lambda: tf.gather(1.0, [0]),
        lambda: tf.gather_nd(tf.zeros([2]), [[0, 0]]),
        lambda: tf.scatter_nd([[0]], [[1.0, 2.0]], [4]),
        lambda: tf.tensor_scatter_update(tf.zeros([4]), [[0]], [1.0, 2.0]),
        lambda: tf.gather(tf.zeros([2, 3]), [[0]], axis=2),
        lambda: tf.batch_gather(tf.zeros([2]), [[0]]),
    ],
)
def test_refused_when_built(build):
    with tf.Graph().as_default(), pytest.raises(ValueError):
        build()


def test_empty_params_have_nothing_to_gather():
    params = tf.placeholder(tf.float32, [None, 3])
    with tf.Session() as session:
        picked = tf.gather_nd(params, tf.placeholder_with_default([[0, 0]], None))
        with pytest.raises(tf.errors.InvalidArgumentError, match=r"params is empty.  Params shape: \[0,3\]"):
            session.run(picked, {params: np.zeros((0, 3))})
