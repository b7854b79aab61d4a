"""Matrices of checkpoints whose rows and columns get new places: ops, initializers, partitioned variables."""

import numpy as np
import pytest

import graphflow as tf
from graphflow.framework import raw_ops
from graphflow.ops.partitioners import PartitionInfo

framework = tf.contrib.framework
OLD = np.arange(12, dtype="f").reshape(4, 3)


@pytest.fixture
def files(tmp_path):
    """(path of a checkpoint with "old", function that writes a vocabulary)."""
    with tf.Graph().as_default(), tf.Session() as sess:
        v, other = tf.Variable(OLD, name="old"), tf.Variable([1, 2], name="ints")
        vector = tf.Variable([1.0, 2.0], name="vector")
        sess.run(tf.global_variables_initializer())
        path = tf.train.Saver([v, other, vector]).save(sess, str(tmp_path / "model"))

    def vocabulary(text, end="\n"):
        file = tmp_path / (text.replace(" ", "_") + ".txt")
        file.write_bytes(end.join(text.split()).encode() + end.encode())
        return str(file)

    return path, vocabulary


def counting(shape, dtype=tf.float32, partition_info=None):
    """100, 101... in any shape."""
    return tf.reshape(tf.range(100.0, 100.0 + tf.cast(tf.reduce_prod(tf.stack(shape)), tf.float32)), shape)


def evaluate(tensors):
    with tf.Session() as sess:
        return sess.run(tensors)


def test_old_numbers_of_words(files):
    _, vocabulary = files
    old, new = vocabulary("mercury venus mars"), vocabulary("venus jupiter mercury", "\r\n")
    remapping, present = raw_ops.GenerateVocabRemapping(new, old, new_vocab_offset=0, num_new_vocab=3)
    assert remapping.shape.as_list() == [3] and present.shape.as_list() == []
    remapping, present = evaluate([remapping, present])
    assert remapping.tolist() == [1, -1, 0] and present == 2 and present.dtype == np.int32
    part = raw_ops.GenerateVocabRemapping(new, old, new_vocab_offset=2, num_new_vocab=1, old_vocab_size=1)
    assert [value.tolist() for value in evaluate(part)] == [[0], 1]
    none = raw_ops.GenerateVocabRemapping(new, old, new_vocab_offset=3, num_new_vocab=0)
    assert [value.tolist() for value in evaluate(none)] == [[], 0]


@pytest.mark.parametrize(("new", "old", "attributes", "error", "message"), [
    ("a b", "a b", {"num_new_vocab": 3}, tf.errors.InvalidArgumentError, "must be larger than last new vocab entry"),
    ("a b", "a b", {"old_vocab_size": 3}, tf.errors.InvalidArgumentError, "Invalid vocab_size .* expected 3 but got 2"),
    ("a b", "a a", {}, tf.errors.FailedPreconditionError, "twice in the vocabulary"),
    ("a b", None, {}, tf.errors.NotFoundError, "nowhere"), ("", "a", {}, tf.errors.InvalidArgumentError, "empty")])
def test_vocabularies_that_do_not_fit(files, new, old, attributes, error, message):
    _, vocabulary = files
    attributes = {"new_vocab_offset": 0, "num_new_vocab": 2, **attributes}
    result = raw_ops.GenerateVocabRemapping(
        vocabulary(new) if new else "", vocabulary(old) if old else "/nowhere/words", **attributes)
    with pytest.raises(error, match=message):
        evaluate(result[0])


def test_matrices(files):
    path, _ = files

    def load(rows, columns, values, **attributes):
        return evaluate(raw_ops.LoadAndRemapMatrix(
            path, "old", tf.constant(rows, tf.int64), tf.constant(columns, tf.int64), tf.constant(values, tf.float32),
            num_rows=len(rows), num_cols=len(columns) or 3, **attributes)).tolist()

    assert load([3, -1, 0], [], [7, 8, 9]) == [[9, 10, 11], [7, 8, 9], [0, 1, 2]]
    assert load([1, -1], [2, -1], [5, 6, 7], max_rows_in_memory=1) == [[5, 5], [6, 7]]
    assert load([-1], [-1, -1], [1, 2]) == [[1, 2]]
    assert load([], [], []) == []


@pytest.mark.parametrize(("arguments", "error", "message"), [
    ({"name": "none"}, tf.errors.NotFoundError, "Key none not found"),
    ({"name": "ints"}, tf.errors.InvalidArgumentError, "invalid type int32 instead of expected type float32"),
    ({"name": "vector"}, tf.errors.InvalidArgumentError, r"shape \[2\] of invalid rank 1"),
    ({"num_rows": 3}, tf.errors.InvalidArgumentError, "Size of row_remapping is 2"),
    ({"num_cols": 2}, tf.errors.InvalidArgumentError, "size of its 2nd dimension is 3"),
    ({"columns": [0]}, tf.errors.InvalidArgumentError, "Provided col_remapping, but its size is 1"),
    ({"rows": [1, 1]}, tf.errors.UnimplementedError, "old row is mapped to two new ones"),
    ({"rows": [0, 4]}, tf.errors.InvalidArgumentError, "There is no old row 4"),
    ({"values": [1.0]}, tf.errors.InvalidArgumentError, "1 elements, but 0 cells are missing")])
def test_matrices_that_do_not_fit(files, arguments, error, message):
    given = {"name": "old", "rows": [0, 1], "columns": [], "values": [], "num_rows": 2, "num_cols": 3, **arguments}
    matrix = raw_ops.LoadAndRemapMatrix(
        files[0], given["name"], tf.constant(given["rows"], tf.int64), tf.constant(given["columns"], tf.int64),
        tf.constant(given["values"], tf.float32), num_rows=given["num_rows"], num_cols=given["num_cols"])
    with pytest.raises(error, match=message):
        evaluate(matrix)


@pytest.mark.parametrize("slices", [1, 2, 3, 5])
def test_initializers_of_rows(files, slices):
    path, vocabulary = files
    initializer = framework.load_embedding_initializer(
        path, "old", 4, 3, vocabulary("a b c d"), vocabulary("d x a c"), num_oov_buckets=1,
        initializer=lambda shape, **_: tf.fill(shape, -1.0))
    v = tf.get_variable("v", [5, 3], initializer=initializer,
                        partitioner=tf.fixed_size_partitioner(slices) if slices > 1 else None)
    with tf.Session() as sess:
        sess.run(tf.global_variables_initializer())
        found = sess.run(v if slices == 1 else v.as_tensor())
    np.testing.assert_array_equal(found, [OLD[3], [-1] * 3, OLD[0], OLD[2], [-1] * 3])


def test_initializers_of_rows_and_columns(files):
    """What is missing is filled row by row; then come the rows, then the columns for other words."""
    path, vocabulary = files
    initializer = framework.load_and_remap_matrix_initializer(
        path, "old", 3, 3, old_row_vocab_file=vocabulary("a b c d"), new_row_vocab_file=vocabulary("b x a"),
        old_col_vocab_file=vocabulary("good better best"), new_col_vocab_file=vocabulary("good best fantastic"),
        num_row_oov_buckets=1, num_col_oov_buckets=1, initializer=counting)
    matrix = initializer([4, 4])
    assert matrix.shape.as_list() == [4, 4]
    np.testing.assert_array_equal(evaluate(matrix), [
        [3, 5, 100, 100], [101, 102, 103, 101], [0, 2, 104, 102], [100, 101, 102, 103]])


def test_only_columns(files):
    path, vocabulary = files
    initializer = framework.load_and_remap_matrix_initializer(
        path, "old", 4, 2, old_col_vocab_file=vocabulary("a b c"), new_col_vocab_file=vocabulary("c x"))
    np.testing.assert_array_equal(evaluate(initializer([2, 2], partition_info=PartitionInfo([4, 2], [2, 0]))),
                                  [[OLD[2, 2], 0], [OLD[3, 2], 0]])


def test_new_words_are_drawn(files):
    path, vocabulary = files
    initializer = framework.load_embedding_initializer(path, "old", 2, 3, vocabulary("a b"), vocabulary("x y"))
    found = evaluate(initializer([2, 3]))
    assert found.any() and abs(found).max() < 2 / 3**0.5 + 1e-6


def test_biases_and_slots(files):
    path, vocabulary = files
    with tf.Graph().as_default(), tf.Session() as sess:
        v = tf.Variable([[0.0], [1.0], [2.0]], name="bias")
        sess.run(v.initializer)
        path = tf.train.Saver([v]).save(sess, path + "_bias")
    old, new = vocabulary("knitting flask eminem"), vocabulary("eminem knitting jeans flask")
    fill = lambda shape, **_: tf.fill(shape, 42.0)  # noqa: E731
    whole = framework.load_linear_multiclass_bias_initializer(
        path, "bias", 4, old, new, num_class_oov_buckets=1, initializer=fill)
    assert evaluate(whole([5, 1]))[:, 0].tolist() == [2, 0, 42, 1, 42]
    slot = framework.load_variable_slot_initializer(
        path, "bias", PartitionInfo([5, 1], [3, 0]), 4, 1, old_row_vocab_file=old, new_row_vocab_file=new,
        num_row_oov_buckets=1, initializer=fill)
    assert evaluate(slot([2, 1]))[:, 0].tolist() == [1, 42]


@pytest.mark.parametrize(("arguments", "shape", "error", "message"), [
    ({"initializer": 5}, [3, 3], TypeError, "initializer must be callable"),
    ({}, [3], ValueError, "Expected 2-dim shape"), ({}, [0, 3], ValueError, "Expected 1st dim of shape to be > 0"),
    ({}, [3, 4], ValueError, "Expected 2nd dim of shape to be"), ({}, [4, 3], ValueError, "Trying to initialize 4"),
    ({"old_row_vocab_file": None}, [3, 3], ValueError, "must both be specified"),
    ({"old_row_vocab_file": None, "new_row_vocab_file": None}, [3, 3], ValueError, "Must provide either")])
def test_initializers_refuse(arguments, shape, error, message):
    arguments = {"old_row_vocab_file": "a", "new_row_vocab_file": "b", **arguments}
    with pytest.raises(error, match=message):
        framework.load_and_remap_matrix_initializer("path", "old", 3, 3, **arguments)(shape)
    with pytest.raises(TypeError, match="only float32 is supported"):
        framework.load_embedding_initializer("path", "old", 3, 3, "a", "b")([3, 3], tf.float64)
