"""Embedding lookups: partitions, norms, sparse ids, gradients, errors."""

import numpy as np
import pytest

import graphflow as tf

TABLE = np.arange(20.0).reshape(10, 2)
IDS = [[3, 9], [0, 3]]


def _run(tensor):
    with tf.Session() as sess:
        return sess.run(tensor)


def _parts(strategy, known=True):
    rows = [TABLE[i::3] for i in range(3)] if strategy == "mod" else [TABLE[:4], TABLE[4:7], TABLE[7:]]
    if known:
        return [tf.constant(part) for part in rows]
    return [tf.placeholder_with_default(part, [None, 2]) for part in rows]


def test_one_table():
    rows = tf.nn.embedding_lookup(tf.constant(TABLE), IDS)
    assert rows.op.type == "Identity"
    assert rows.shape.as_list() == [2, 2, 2]
    np.testing.assert_array_equal(_run(rows), TABLE[IDS])


@pytest.mark.parametrize("strategy", ["mod", "div"])
@pytest.mark.parametrize("known", [True, False])
def test_partitions(strategy, known):
    rows = tf.nn.embedding_lookup(_parts(strategy, known), IDS, partition_strategy=strategy)
    assert rows.shape.as_list() == [2, 2, 2]
    np.testing.assert_array_equal(_run(rows), TABLE[IDS])


def test_max_norm():
    rows = _run(tf.nn.embedding_lookup(tf.constant(TABLE), [0, 9], max_norm=1.0))
    np.testing.assert_allclose(np.sqrt((rows ** 2).sum(1)), [1, 1])


def test_gradient_is_sparse():
    table = tf.constant(TABLE)
    gradient = tf.gradients(tf.nn.embedding_lookup(table, [1, 3, 1]), table)[0]
    assert isinstance(gradient, tf.IndexedSlices)
    np.testing.assert_array_equal(_run(gradient.indices), [1, 3, 1])


@pytest.mark.parametrize("combiner", ["sum", "mean", "sqrtn"])
@pytest.mark.parametrize("weighted", [False, True])
def test_sparse_ids(combiner, weighted):
    places, ids = [[0, 0], [0, 1], [1, 0]], [3, 5, 5]
    weights = np.array([1.0, 2.0, 0.5]) if weighted else np.ones(3)
    sp_ids = tf.SparseTensor(places, tf.constant(ids, tf.int64), [2, 2])
    sp_weights = tf.SparseTensor(places, tf.constant(weights), [2, 2]) if weighted else None
    found = _run(tf.nn.embedding_lookup_sparse(tf.constant(TABLE), sp_ids, sp_weights, combiner=combiner))
    sums = np.stack([weights[0] * TABLE[3] + weights[1] * TABLE[5], weights[2] * TABLE[5]])
    scale = {"sum": np.ones(2), "mean": np.array([weights[:2].sum(), weights[2]]),
             "sqrtn": np.sqrt([(weights[:2] ** 2).sum(), weights[2] ** 2])}[combiner]
    np.testing.assert_allclose(found, sums / scale[:, None])


def test_errors():
    with pytest.raises(ValueError, match="params must be specified"):
        tf.nn.embedding_lookup(None, [1])
    with pytest.raises(ValueError, match="Need at least one param"):
        tf.nn.embedding_lookup([], [1])
    with pytest.raises(ValueError, match="Unrecognized partition strategy: other"):
        tf.nn.embedding_lookup(_parts("mod"), [1], partition_strategy="other")
    with pytest.raises(TypeError, match="sp_ids must be SparseTensor"):
        tf.nn.embedding_lookup_sparse(tf.constant(TABLE), tf.constant([1]), None, combiner="sum")
    with pytest.raises(ValueError, match="combiner must be one of"):
        tf.nn.embedding_lookup_sparse(tf.constant(TABLE), None, None, combiner="max")
    with pytest.raises(tf.errors.InvalidArgumentError, match="10"):
        _run(tf.nn.embedding_lookup(tf.constant(TABLE), [10]))


def test_safe_lookup_forgives():
    """As TensorFlow 2.21: rows without valid ids give zeros, or the default's embedding."""
    table = tf.reshape(tf.range(6.0), [3, 2])
    places = [[0, 0], [0, 1], [2, 0], [2, 1]]
    ids = tf.SparseTensor(places, tf.constant([0, -1, 2, 1], tf.int64), [4, 2])
    weights = tf.SparseTensor(places, [1.0, 2.0, 0.0, 3.0], [4, 2])
    mean, total = [[0, 1], [2, 3], [2, 3], [2, 3]], [[0, 1], [2, 3], [6, 9], [2, 3]]
    with tf.Session() as session:
        for combiner, expected in (("mean", mean), ("sum", total)):
            found = tf.nn.safe_embedding_lookup_sparse(table, ids, weights, combiner, default_id=1)
            assert session.run(found).tolist() == expected
            found = tf.nn.safe_embedding_lookup_sparse(table, ids, weights, combiner)
            assert found.shape.as_list() == [4, 2]
            assert session.run(found).tolist() == [expected[0], [0, 0], expected[2], [0, 0]]
        deep = tf.SparseTensor([[0, 1, 0], [1, 0, 1]], tf.constant([2, 1], tf.int64), [2, 2, 2])
        assert session.run(tf.nn.safe_embedding_lookup_sparse(table, deep)).tolist() == [
            [[0, 0], [4, 5]], [[2, 3], [0, 0]]]
