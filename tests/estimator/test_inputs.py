"""tf.estimator.inputs: batches from arrays and tables."""

import numpy as np
import pytest

import graphflow as tf

numpy_input_fn = tf.estimator.inputs.numpy_input_fn


def batches(input_fn, limit=100):
    """What an input function gives, batch by batch."""
    found = []
    with tf.Graph().as_default():
        given = input_fn()
        with tf.train.MonitoredSession() as sess:
            while not sess.should_stop() and len(found) < limit:
                found.append(sess.run(given))
    return found


def test_in_order():
    x = {"a": np.arange(5), "b": np.arange(10.0).reshape(5, 2)}
    found = batches(numpy_input_fn(x, np.arange(5) * 10, 2, 1, shuffle=False))
    assert [y.tolist() for _, y in found] == [[0, 10], [20, 30], [40]]
    assert found[1][0]["b"].tolist() == [[4, 5], [6, 7]] and found[1][0]["a"].dtype == np.int64


def test_epochs_run_into_each_other():
    found = batches(numpy_input_fn(np.arange(3), None, 2, 2, shuffle=False))
    assert [x.tolist() for x in found] == [[0, 1], [2, 0], [1, 2]]
    endless = batches(numpy_input_fn(np.arange(3), None, 2, None, shuffle=False), limit=4)
    assert [x.tolist() for x in endless] == [[0, 1], [2, 0], [1, 2], [0, 1]]


def test_shuffled():
    found = batches(numpy_input_fn({"a": np.arange(50)}, {"t": np.arange(50)}, 16, 1, shuffle=True))
    order = np.concatenate([features["a"] for features, _ in found])
    assert sorted(order) == list(range(50)) and order.tolist() != list(range(50))
    assert all((features["a"] == labels["t"]).all() for features, labels in found)


def test_refused():
    x = np.arange(3)
    for arguments in ({}, {"shuffle": None}, {"shuffle": 1}):
        with pytest.raises(ValueError, match="shuffle must be provided"):
            numpy_input_fn(x, **arguments)
    for features, labels, error, message in (
            ({}, x, ValueError, "x cannot be an empty dict"), ([1], x, TypeError, "must be a dict or array"),
            (np.zeros(0), x, ValueError, "empty array"), (x, {}, ValueError, "y cannot be empty dict"),
            ({"a": x}, {"a": x}, ValueError, "1 duplicate keys"), (x, np.arange(4), ValueError, "mismatched")):
        with pytest.raises(error, match=message):
            numpy_input_fn(features, labels, shuffle=False)()


def test_pandas():
    pandas = pytest.importorskip("pandas")
    table = pandas.DataFrame({"a": np.arange(4), "b": np.arange(4) / 2}, index=np.arange(10, 14))
    labels = pandas.Series(np.arange(4) * 10, index=np.arange(10, 14))
    found = batches(tf.estimator.inputs.pandas_input_fn(table, labels, 3, 1, shuffle=False))
    assert [y.tolist() for _, y in found] == [[0, 10, 20], [30]]
    assert found[0][0]["b"].tolist() == [0, 0.5, 1]
    (features, targets), = batches(tf.estimator.inputs.pandas_input_fn(table, table[["b"]], 4, 1, shuffle=False))
    assert sorted(features) == ["a", "b"] and targets["b"].tolist() == features["b"].tolist()
    with pytest.raises(ValueError, match="Index for x and y are mismatched"):
        tf.estimator.inputs.pandas_input_fn(table, labels.reset_index(drop=True), shuffle=False)
    with pytest.raises(ValueError, match="Cannot use name a"):
        tf.estimator.inputs.pandas_input_fn(table, labels, shuffle=False, target_column="a")
