"""Datasets of what SQLite answers: types, conversions, errors."""

import sqlite3

import numpy as np
import pytest

import graphflow as tf
from tests.data.helpers import elements

NUMBERS = (tf.int8, tf.int16, tf.int32, tf.int64, tf.uint8, tf.uint16)


@pytest.fixture
def path(tmp_path):
    database = sqlite3.connect(tmp_path / "test.sqlite")
    database.execute("CREATE TABLE people (name TEXT, born INTEGER, size REAL, note)")
    database.executemany("INSERT INTO people VALUES (?, ?, ?, ?)", [
        ("Ada", 1815, 1.5, "12 and more"), ("n\0ull", -2**63, 1e300, b"\xff"), ("Alan", 70000, None, None)])
    database.commit()
    database.close()
    return str(tmp_path / "test.sqlite")


def rows(path, query, types, driver="sqlite"):
    return elements(tf.data.experimental.SqlDataset(driver, path, query, types))


def test_rows(path):
    dataset = tf.data.experimental.SqlDataset(
        "sqlite", path, "SELECT name, born FROM people ORDER BY name", (tf.string, tf.int64)).repeat(2)
    assert dataset.output_types == (tf.string, tf.int64) and dataset.output_shapes == (tf.TensorShape([]),) * 2
    assert elements(dataset) == [(b"Ada", 1815), (b"Alan", 70000), (b"n\0ull", -2**63)] * 2
    assert rows(path, "SELECT name FROM people WHERE born = 0", (tf.string,)) == []


def test_integers_of_all_sizes(path):
    (found,) = rows(path, "SELECT " + ", ".join(["born"] * 6) + " FROM people WHERE name = 'Alan'", NUMBERS)
    assert [value.dtype for value in found] == [dtype.as_numpy_dtype for dtype in NUMBERS]
    assert list(found) == [np.int64(70000).astype(dtype.as_numpy_dtype) for dtype in NUMBERS]


def test_what_has_another_type(path):
    query = "SELECT size, born, note, note, note, born FROM people ORDER BY rowid"
    types = (tf.int32, tf.float64, tf.int64, tf.string, tf.bool, tf.string)
    first, second, third = rows(path, query, types)
    assert first == (1, 1815.0, 12, b"12 and more", True, b"1815")
    assert second[1:] == (-2.0**63, 0, b"\xff", False, b"-9223372036854775808")
    assert third == (0, 70000.0, 0, b"", False, b"70000")
    assert rows(path, "SELECT size FROM people WHERE size = 1.5", (tf.string,)) == [(b"1.5",)]


def test_nothing_is_written(path):
    with pytest.raises(tf.errors.InvalidArgumentError, match=r"number of columns in query \(0\)"):
        rows(path, "DELETE FROM people", (tf.string,))
    assert rows(path, "SELECT COUNT(*) FROM people", (tf.int32,)) == [(3,)]


@pytest.mark.parametrize(("arguments", "error", "message"), [
    ({"driver": "mysql"}, tf.errors.InvalidArgumentError, "The database type, mysql, is not supported by SqlDataset"),
    ({"query": "SELECT name, born FROM people"}, tf.errors.InvalidArgumentError, r"\(2\) must match .* \(1\)"),
    ({"query": "SELEKT"}, tf.errors.UnknownError, "syntax error"),
    ({"query": "SELECT age FROM people"}, tf.errors.UnknownError, "no such column: age")])
def test_errors(path, arguments, error, message):
    arguments = {"path": path, "query": "SELECT name FROM people", "types": (tf.string,), **arguments}
    with pytest.raises(error, match=message):
        rows(**arguments)


def test_files_that_are_none(tmp_path):
    (tmp_path / "text").write_text("no database at all " * 100)
    with pytest.raises(tf.errors.OpError, match="file is not a database"):
        rows(str(tmp_path / "text"), "SELECT a FROM b", (tf.int32,))


def test_dtypes_without_meaning_for_columns(path):
    with pytest.raises(tf.errors.InvalidArgumentError, match="must be one of string, .* but they are float32"):
        rows(path, "SELECT 1", (tf.float32,))


def test_pipelines_go_on(path):
    dataset = tf.data.experimental.SqlDataset("sqlite", path, "SELECT born FROM people", (tf.int64,))
    batch, = elements(dataset.map(lambda born: born // 2).batch(3).prefetch(1))
    assert batch.tolist() == [907, -2**62, 35000]
