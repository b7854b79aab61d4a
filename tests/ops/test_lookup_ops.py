"""Lookup tables: what TensorFlow answered to the programs in `lookup_programs`, graphs, sessions, errors."""

import json
from pathlib import Path

import numpy as np
import pytest

import graphflow as tf
from tests.ops import lookup_programs

GOLDEN = Path(__file__).parent.parent / "golden" / "lookup.json"
lookup = tf.contrib.lookup


def test_tables_are_tensorflows():
    results, recorded = json.loads(json.dumps(lookup_programs.results(tf))), json.loads(GOLDEN.read_text())
    assert sorted(results) == sorted(recorded)
    assert {k: v for k, v in results.items() if v != recorded[k]} == {}


def test_graph_of_a_vocabulary():
    table = lookup.index_table_from_tensor(["a", "b"], num_oov_buckets=1)
    ids = table.lookup(tf.placeholder(tf.string, [None, 3]))
    assert [op.type for op in tf.get_default_graph().get_operations() if "Table" in op.type] == [
        "HashTableV2", "LookupTableImportV2", "LookupTableFindV2", "LookupTableSizeV2"]
    assert table.initializer.name == "string_to_index/hash_table/table_init/LookupTableImportV2"
    assert ids.shape.as_list() == [None, 3] and ids.dtype == tf.int64
    assert tf.get_collection(tf.GraphKeys.TABLE_INITIALIZERS) == [table.initializer]


def test_shapes():
    keys = tf.placeholder(tf.int64, [None, 2])
    scalars = lookup.MutableHashTable(tf.int64, tf.float32, 0.0)
    vectors = lookup.MutableHashTable(tf.int64, tf.float32, [0.0, 0.0, 0.0])
    dense = lookup.MutableDenseHashTable(tf.int64, tf.float32, 0.0, empty_key=[0, 0], deleted_key=[1, 0])
    assert scalars.lookup(keys).shape.as_list() == [None, 2]
    assert vectors.lookup(keys).shape.as_list() == [None, 2, 3]
    assert dense.lookup(keys).shape.as_list() == [None]
    assert [t.shape.as_list() for t in vectors.export()] == [[None], [None, 3]]
    with pytest.raises(ValueError, match="Dimension 0 in both shapes must be equal, but are 2 and 1"):
        lookup.HashTable(lookup.KeyValueTensorInitializer([1, 2], [1.0]), 0.0)


def test_files_name_their_tables(tmp_path):
    path = tmp_path / "words.txt"
    path.write_text("a\nb\r\n")
    first, second = (lookup.index_table_from_file(str(path)) for _ in range(2))
    assert first.resource_handle.op.attrs["shared_name"] == f"hash_table_{path}_-2_-1".encode()
    names = tf.get_collection(tf.GraphKeys.ASSET_FILEPATHS)
    with tf.Session() as session:
        session.run(first.initializer)
        assert session.run(second.lookup(tf.constant(["b"]))) == [1]
    with tf.Session() as session:
        with pytest.raises(tf.errors.NotFoundError, match="elsewhere"):
            session.run(first.initializer, {names[0]: "elsewhere"})
        with pytest.raises(tf.errors.FailedPreconditionError, match="Table not initialized.*Run tf.tables_init"):
            session.run(first.lookup(tf.constant(["b"])))


def test_reverse_vocabularies():
    table = lookup.index_to_string_table_from_tensor(["a", "b"])
    direct = lookup.index_to_string(tf.constant([1, 5], tf.int64), ["x", "y"], "none")
    back = lookup.string_to_index(tf.constant(["y", "z"]), ["x", "y"])
    with tf.Session() as session:
        session.run(tf.tables_initializer())
        assert session.run(table.lookup(tf.constant([1, 2], tf.int64))).tolist() == [b"b", b"UNK"]
        assert session.run(direct).tolist() == [b"y", b"none"]
        assert session.run(back).tolist() == [1, -1]


def test_a_table_feeds_an_embedding():
    words = tf.placeholder(tf.string, [None])
    table = lookup.index_table_from_tensor(["a", "b"], num_oov_buckets=1)
    rows = tf.nn.embedding_lookup(tf.constant([[0.0], [1.0], [2.0]]), table.lookup(words)) * 2.0
    with tf.Session() as session:
        session.run(tf.tables_initializer())
        for given, wanted in ((["b"], [[2.0]]), (["zz", "a", "b"], [[4.0], [0.0], [2.0]]), ([], np.zeros((0, 1)))):
            np.testing.assert_array_equal(session.run(rows, {words: given}), wanted)


def test_shared_tables_agree_on_their_types():
    make = lookup.HashTable
    make(lookup.KeyValueTensorInitializer(["a"], [1]), 0, shared_name="t")
    other = make(lookup.KeyValueTensorInitializer(["a"], [1.0]), 0.0, shared_name="t")
    with tf.Session() as session:
        session.run(tf.get_collection(tf.GraphKeys.TABLE_INITIALIZERS)[0])
        with pytest.raises(tf.errors.InvalidArgumentError, match="Conflicting key/value dtypes"):
            session.run(other.initializer)


def test_a_single_table_is_saved(tmp_path):
    table = lookup.MutableDenseHashTable(tf.string, tf.int64, -1, empty_key="", deleted_key="-", initial_num_buckets=4)
    saver = tf.train.Saver([table])
    with tf.Session() as session:
        session.run(table.insert(["a", "b"], [1, 2]))
        path = saver.save(session, str(tmp_path / "table"))
    with tf.Session() as session:
        saver.restore(session, path)
        assert session.run([table.size(), table.lookup(["b", "c"])])[1].tolist() == [2, -1]


@pytest.mark.parametrize("make, error, message", [
    (lambda: lookup.TextFileInitializer("f", tf.string, -1, tf.int64, -1), ValueError, "Keys must be dtype tf.int64"),
    (lambda: lookup.TextFileInitializer("f", tf.float32, -2, tf.int64, -1), ValueError, "Keys must be integer"),
    (lambda: lookup.TextFileInitializer("f", tf.string, -3, tf.int64, -1), ValueError, "Invalid key index -3"),
    (lambda: lookup.TextFileInitializer("", tf.string, -2, tf.int64, -1), ValueError, "Filename required"),
    (lambda: lookup.index_table_from_file(""), ValueError, "vocabulary_file must be specified"),
    (lambda: lookup.index_table_from_file("f", vocab_size=0), ValueError, "got 0. vocabulary_file: f"),
    (lambda: lookup.index_table_from_tensor(["a"], num_oov_buckets=-1), ValueError, "greater or equal than 0, got -1"),
    (lambda: lookup.index_table_from_tensor([1.0], dtype=tf.float32), TypeError, "Only integer and string"),
    (lambda: lookup.IdTableWithHashBuckets(None, 0), ValueError, "oov_buckets must be > 0"),
    (lambda: lookup.IdTableWithHashBuckets(None, 1, hasher_spec=3), TypeError, "must be of type HasherSpec"),
    (lambda: lookup.StrongHashSpec((1,)), ValueError, "key must have size 2"),
    (lambda: lookup.index_table_from_tensor(["a"]).lookup(tf.constant([1])), TypeError, "Signature mismatch"),
    (lambda: lookup.MutableHashTable(tf.int64, tf.int64, 0).remove(tf.constant(["a"])), TypeError, "Signature"),
])
def test_errors(make, error, message):
    with pytest.raises(error, match=message):
        make()
