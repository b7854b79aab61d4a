"""Feature columns: recorded inputs, specs, errors that say which column."""

import gzip
import json
import pathlib

import numpy as np
import pytest

import graphflow as tf
from tests.feature_column import programs

GOLDEN = pathlib.Path(__file__).parents[1] / "golden" / "feature_columns.json.gz"
fc = tf.feature_column


def close(got, expected):
    assert len(got) == len(expected)
    for ours, theirs in zip(got, expected):
        np.testing.assert_allclose(ours, theirs, rtol=1e-5, atol=1e-6)


def test_inputs_are_tensorflows(tmp_path):
    """Values, gradients, shapes, and the names of tensors and variables."""
    (tmp_path / "words.txt").write_text("red\nblue\n")
    recorded = json.loads(gzip.decompress(GOLDEN.read_bytes()))
    found = json.loads(json.dumps(programs.results(tf, str(tmp_path / "words.txt"))))
    assert sorted(found) == sorted(recorded)
    for name, ours in found.items():
        theirs = recorded[name]
        if name != "spec":
            close(ours.pop("value"), theirs.pop("value"))
            close(ours.pop("gradients"), theirs.pop("gradients"))
        assert ours == theirs, name


def test_variables_by_column():
    x, color = fc.numeric_column("x"), fc.categorical_column_with_identity("c", 3)
    embedded = fc.embedding_column(color, 2)
    features, found, outputs = {"x": [[1.0]], "c": [[0]]}, {}, {}
    fc.input_layer(features, [x, embedded], cols_to_vars=found, cols_to_output_tensors=outputs)
    assert [v.op.name for v in found[embedded]] == ["input_layer/c_embedding/embedding_weights"] and found[x] == []
    assert {column: t.shape.as_list() for column, t in outputs.items()} == {x: [1, 1], embedded: [1, 2]}
    fc.linear_model(features, [x, color], cols_to_vars=found, weight_collections=["mine"], trainable=False)
    assert [v.op.name for v in found[color]] == ["linear_model/c/weights"]
    assert [v.op.name for v in found["bias"]] == ["linear_model/bias_weights"]
    assert len(tf.get_collection("mine")) == 3 and len(tf.trainable_variables()) == 1
    assert set(tf.get_collection("mine")) < set(tf.get_collection(tf.GraphKeys.MODEL_VARIABLES))


def test_input_layer_object_shares_variables():
    from graphflow.feature_column.inputs import InputLayer

    layer = InputLayer([fc.embedding_column(fc.categorical_column_with_identity("c", 3), 2)], name="net")
    first, second = layer({"c": [[0], [2]]}), layer({"c": [[0], [2]]})
    assert [v.op.name for v in layer.variables] == ["net/c_embedding/embedding_weights"]
    with tf.Session() as sess:
        sess.run(tf.global_variables_initializer())
        a, b = sess.run([first, second])
    np.testing.assert_array_equal(a, b)


def test_parsed_examples():
    """Columns say how to read messages, and then read what was parsed."""
    columns = [fc.numeric_column("x", shape=2, default_value=7.0), fc.indicator_column(
        fc.categorical_column_with_vocabulary_list("c", ["a", "b"]))]
    messages = []
    for x, c in (([1.0, 2.0], [b"b", b"b"]), (None, [b"a"])):
        features = {"c": tf.train.Feature(bytes_list=tf.train.BytesList(value=c))}
        if x:
            features["x"] = tf.train.Feature(float_list=tf.train.FloatList(value=x))
        messages.append(tf.train.Example(features=tf.train.Features(feature=features)).SerializeToString())
    parsed = tf.parse_example(messages, fc.make_parse_example_spec(columns))
    inputs = fc.input_layer(parsed, columns)
    with tf.Session() as sess:
        sess.run(tf.tables_initializer())
        assert sess.run(inputs).tolist() == [[0, 2, 1, 2], [1, 0, 7, 7]]


def test_features_of_unknown_rank():
    x = tf.placeholder(tf.float32)
    inputs = fc.input_layer({"x": x}, [fc.numeric_column("x")])
    with tf.Session() as sess:
        assert sess.run(inputs, {x: [1.0, 2.0]}).tolist() == [[1.0], [2.0]]
        assert sess.run(inputs, {x: [[3.0]]}).tolist() == [[3.0]]
        with pytest.raises(tf.errors.InvalidArgumentError, match="cannot have rank 0"):
            sess.run(inputs, {x: 1.0})


def test_identity_checks_range():
    ids = tf.placeholder(tf.int32, [None, 1])
    inputs = fc.input_layer({"c": ids}, [fc.indicator_column(fc.categorical_column_with_identity("c", 3))])
    with tf.Session() as sess:
        assert sess.run(inputs, {ids: [[2]]}).tolist() == [[0, 0, 1]]
        with pytest.raises(tf.errors.InvalidArgumentError, match="assert_less_than_num_buckets"):
            sess.run(inputs, {ids: [[5]]})


X = fc.numeric_column("x")
COLOR = fc.categorical_column_with_identity("c", 3)


@pytest.mark.parametrize(("make", "error", "message"), [
    (lambda: fc.numeric_column("x", shape=(1.5,)), TypeError, "shape dimensions must be integer"),
    (lambda: fc.numeric_column("x", shape=(0,)), ValueError, "must be greater than 0"),
    (lambda: fc.numeric_column("x", dtype=tf.string), ValueError, "convertible to float"),
    (lambda: fc.numeric_column("x", default_value="a"), TypeError, "compatible with dtype"),
    (lambda: fc.numeric_column("x", (2,), default_value=[1.0]), ValueError, "equal to given shape"),
    (lambda: fc.numeric_column("x", normalizer_fn=1), TypeError, "must be a callable"),
    (lambda: fc.numeric_column(1), ValueError, "key must be a string"),
    (lambda: fc.bucketized_column(COLOR, [1]), ValueError, "generated with numeric_column"),
    (lambda: fc.bucketized_column(X, [2, 1]), ValueError, "must be a sorted list"),
    (lambda: fc.bucketized_column(X, []), ValueError, "must not be empty"),
    (lambda: fc.bucketized_column(fc.numeric_column("x", (2, 2)), [1]), ValueError, "one-dimensional"),
    (lambda: fc.categorical_column_with_hash_bucket("c", None), ValueError, "must be set"),
    (lambda: fc.categorical_column_with_hash_bucket("c", 0), ValueError, "at least 1"),
    (lambda: fc.categorical_column_with_hash_bucket("c", 2, tf.float32), ValueError, "must be string or integer"),
    (lambda: fc.categorical_column_with_vocabulary_list("c", []), ValueError, "must be non-empty"),
    (lambda: fc.categorical_column_with_vocabulary_list("c", ["a", "a"]), ValueError, "Duplicate keys"),
    (lambda: fc.categorical_column_with_vocabulary_list("c", ["a"], tf.int64), ValueError, "do not match"),
    (lambda: fc.categorical_column_with_vocabulary_list("c", ["a"], None, 0, 1), ValueError, "Can't specify both"),
    (lambda: fc.categorical_column_with_vocabulary_file("c", "no such file"), ValueError, "does not exist"),
    (lambda: fc.categorical_column_with_vocabulary_file("c", ""), ValueError, "Missing vocabulary_file"),
    (lambda: fc.categorical_column_with_identity("c", 0), ValueError, "num_buckets 0 < 1"),
    (lambda: fc.categorical_column_with_identity("c", 3, 3), ValueError, "not in range"),
    (lambda: fc.crossed_column(["a"], 3), ValueError, "length > 1"),
    (lambda: fc.crossed_column(["a", X], 3), ValueError, "Unsupported key type"),
    (lambda: fc.crossed_column(["a", fc.categorical_column_with_hash_bucket("c", 2)], 3), ValueError, "collision"),
    (lambda: fc.crossed_column(["a", "b"], 0), ValueError, "hash_bucket_size must be > 1"),
    (lambda: fc.embedding_column(COLOR, 0), ValueError, "Invalid dimension 0"),
    (lambda: fc.embedding_column(COLOR, 2, initializer=1), ValueError, "must be callable.*column_name: c"),
    (lambda: fc.embedding_column(COLOR, 2, ckpt_to_load_from="c"), ValueError, "both `ckpt_to_load_from`"),
    (lambda: fc.weighted_categorical_column(COLOR, "w", tf.string), ValueError, "not convertible to float"),
    (lambda: fc.shared_embedding_columns([COLOR, fc.categorical_column_with_identity("d", 4)], 2), ValueError,
     "same number of buckets"),
    (lambda: fc.shared_embedding_columns([COLOR, fc.categorical_column_with_hash_bucket("d", 3)], 2), ValueError,
     "must have the same type"),
    (lambda: fc.input_layer({"c": [[1]]}, [COLOR]), ValueError, "wrap a categorical column"),
    (lambda: fc.input_layer({"x": [[1.0]]}, [X, X]), ValueError, "Duplicate feature column name"),
    (lambda: fc.input_layer({"x": [[1.0]]}, []), ValueError, "must not be empty"),
    (lambda: fc.input_layer({"x": [[1.0]]}, {"x": X}), ValueError, "found dict"),
    (lambda: fc.input_layer({"x": [[1.0]]}, ["x"]), ValueError, "must be a _FeatureColumn"),
    (lambda: fc.input_layer({"y": [[1.0]]}, [X]), ValueError, "Feature x is not in features"),
    (lambda: fc.input_layer({"x": 1.0}, [X]), ValueError, "cannot have rank 0"),
    (lambda: fc.input_layer({"x": [[1.0]], "y": [[1.0], [2.0]]}, [X, fc.numeric_column("y")]), ValueError,
     r"\(x, y\): \(1, 2\)"),
    (lambda: fc.linear_model({"x": [[1.0]]}, [5]), ValueError, "must be a _FeatureColumn"),
    (lambda: fc.linear_model({"c": [[1.0]]}, [COLOR]), ValueError, "Invalid input, not integer. key: c"),
    (lambda: fc.make_parse_example_spec([5]), ValueError, "must be _FeatureColumn instances"),
    (lambda: fc.make_parse_example_spec([X, fc.numeric_column("x", (3,))]), ValueError, "different parse_spec"),
])
def test_refused(make, error, message):
    with pytest.raises(error, match=message):
        make()
