"""Programs on lookup tables that run in TensorFlow (to be recorded) and in GraphFlow (to be compared)."""

import tempfile
from pathlib import Path

import numpy as np

LINES = "brain\t7\nsalad\t8\nsurgery\t9\n"


def results(tf):
    """Name -> nested lists, or the class of the error and whether the run stopped there."""
    found = {}
    for program in (_static, _files, _vocabulary, _mutable, _dense, _saved):
        with tf.Graph().as_default(), tf.Session() as session, tempfile.TemporaryDirectory() as folder:
            for name, value in program(tf, session, Path(folder)):
                found[f"{program.__name__[1:]} {name}"] = _plain(value)
    return found


def _plain(value):
    value = value.tolist() if isinstance(value, (np.ndarray, np.generic)) else value
    if isinstance(value, (list, tuple)):
        return [_plain(v) for v in value]
    return value.decode() if isinstance(value, bytes) else value


def _error(tf, session, fetch):
    """The class of what running `fetch` raises."""
    try:
        session.run(fetch)
    except tf.errors.OpError as error:
        return type(error).__name__
    return "none"


def _static(tf, session, folder):
    words = tf.constant(["brain", "salad", "none"])
    initializer = tf.lookup.KeyValueTensorInitializer(["brain", "salad", "surgery"], np.arange(3))
    table = tf.lookup.StaticHashTable(initializer, -1)
    found = table.lookup(words)
    yield "early", _error(tf, session, found)
    yield "early size", session.run(table.size())
    session.run(tf.tables_initializer())
    session.run(table.initializer)
    yield "found", session.run(found)
    yield "size", session.run(table.size())
    yield "high rank", session.run(table.lookup(tf.constant([["salad"], ["x"]])))
    yield "export", sorted(zip(*[v.tolist() for v in session.run(table.export())]))
    sparse = tf.SparseTensor([[0, 0], [1, 1]], ["salad", "x"], [2, 2])
    yield "sparse", session.run(table.lookup(sparse)).values
    twice = tf.lookup.KeyValueTensorInitializer(["a", "a"], tf.constant([1, 2], tf.int64))
    yield "different values", _error(tf, session, tf.lookup.StaticHashTable(twice, -1).initializer)


def _files(tf, session, folder):
    path = folder / "words.txt"
    path.write_text(LINES)
    index, make = tf.lookup.TextFileIndex, tf.lookup.TextFileInitializer
    table = tf.lookup.StaticHashTable(make(str(path), tf.string, 0, tf.int64, 1), -1)
    session.run(tf.tables_initializer())
    yield "columns", session.run(table.lookup(tf.constant(["brain", "surgery", "x"])))
    numbers = tf.lookup.StaticHashTable(
        make(str(path), tf.int64, index.LINE_NUMBER, tf.string, 0, vocab_size=2), "UNK")
    session.run(numbers.initializer)
    yield "numbers", session.run(numbers.lookup(tf.constant([0, 1, 2], tf.int64)))
    for name, arguments in (("no integer", (tf.int64, 0, tf.int64, 1)), ("no column", (tf.string, 0, tf.int64, 2))):
        yield name, _error(tf, session, tf.lookup.StaticHashTable(make(str(path), *arguments), -1).initializer)
    short = make(str(path), tf.string, 0, tf.int64, 1, vocab_size=4)
    yield "too few lines", _error(tf, session, tf.lookup.StaticHashTable(short, -1).initializer)
    gone = make(str(path) + "x", tf.string, 0, tf.int64, 1)
    yield "no file", _error(tf, session, tf.lookup.StaticHashTable(gone, -1).initializer)


def _vocabulary(tf, session, folder):
    initializer = tf.lookup.KeyValueTensorInitializer(["a", "b"], tf.constant([0, 1], tf.int64))
    table = tf.lookup.StaticVocabularyTable(initializer, num_oov_buckets=5)
    session.run(tf.tables_initializer())
    yield "found", session.run(table.lookup(tf.constant(["a", "b", "c", "dd", "eee", "ffff"])))
    yield "size", session.run(table.size())
    numbers = tf.lookup.KeyValueTensorInitializer(tf.constant([7, 9], tf.int64), tf.constant([0, 1], tf.int64))
    table = tf.lookup.StaticVocabularyTable(numbers, num_oov_buckets=3, lookup_key_dtype=tf.int32)
    session.run(tf.tables_initializer())
    yield "integers", session.run(table.lookup(tf.constant([9, 7, 1, -2])))
    buckets = tf.lookup.StaticVocabularyTable(None, num_oov_buckets=4)
    yield "buckets", session.run(buckets.lookup(tf.constant(["a", "b", "c"])))


def _mutable(tf, session, folder):
    table = tf.lookup.experimental.MutableHashTable(tf.string, tf.float32, -1.0)
    session.run(table.insert(["a", "b", "a"], [1.0, 2.0, 3.0]))
    yield "found", session.run(table.lookup([["a", "b"], ["c", "a"]]))
    session.run(table.remove(tf.constant(["b", "zz"])))
    yield "size", session.run(table.size())
    yield "after", session.run(table.lookup(tf.constant(["a", "b"])))
    yield "short values", _error(tf, session, table.insert(["a", "b"], [1.0]))
    vectors = tf.lookup.experimental.MutableHashTable(tf.int64, tf.int64, [-1, -2])
    session.run(vectors.insert([5, 6], [[1, 2], [3, 4]]))
    yield "vectors", session.run(vectors.lookup(tf.constant([[5], [7]], tf.int64)))
    yield "export", sorted(zip(*[v.tolist() for v in session.run(vectors.export())]))
    matrix = tf.lookup.experimental.MutableHashTable(tf.int64, tf.int64, [[1]])
    yield "matrix", _error(tf, session, matrix.size())


def _dense(tf, session, folder):
    make = tf.lookup.experimental.DenseHashTable
    table = make(tf.int64, tf.int64, -1, empty_key=0, deleted_key=-1, initial_num_buckets=4)
    session.run(table.insert([11, 12, 13], [0, 1, 2]))
    session.run(table.erase(tf.constant([12, 99], tf.int64)))
    yield "buckets", sorted(zip(*[v.tolist() for v in session.run(table.export())]))
    session.run(table.insert([13, 14, 15, 16, 17], [3, 4, 5, 6, 7]))
    yield "more buckets", len(session.run(table.export())[0])
    yield "found", session.run(table.lookup(tf.range(tf.constant(10, tf.int64), 19)))
    yield "empty key", _error(tf, session, table.lookup([0]))
    yield "deleted key", _error(tf, session, table.insert([-1], [1]))
    yield "matrix", _error(tf, session, table.lookup([[1, 2], [3, 4]]))
    pairs = make(tf.int64, tf.float32, [-1.0], empty_key=[0, 0], deleted_key=[-1, 0], initial_num_buckets=8)
    session.run(pairs.insert([[1, 2], [2, 1]], [[0.5], [1.5]]))
    yield "vector keys", session.run(pairs.lookup([[2, 1], [2, 2]]))
    for name, given in (("buckets not 2**n", {"initial_num_buckets": 12}), ("equal marks", {"deleted_key": 0})):
        bad = make(tf.int64, tf.int64, -1, **{"empty_key": 0, "deleted_key": -1, **given})
        yield name, _error(tf, session, bad.size())


def _saved(tf, session, folder):
    table = tf.lookup.experimental.MutableHashTable(tf.string, tf.int64, -1, name="t", checkpoint=True)
    saver = tf.train.Saver()
    session.run(table.insert(["a", "b"], [1, 2]))
    path = saver.save(session, str(folder / "model"))
    yield "in file", sorted(name for name, _ in tf.train.list_variables(path))
    session.run(table.insert(["a", "c"], [5, 6]))
    saver.restore(session, path)
    yield "restored", session.run(table.lookup(["a", "b", "c"]))
