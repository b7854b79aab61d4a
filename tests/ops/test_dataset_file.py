"""Datasets of files: damage, missing files, compression, what is written."""

import gzip

import pytest

import graphflow as tf
from tests.data.helpers import elements


def _write(path, content):
    path.write_bytes(content)
    return str(path)


def test_a_missing_file_is_left_behind(tmp_path):
    good = _write(tmp_path / "good.txt", b"a\nb\n")
    iterator = tf.data.TextLineDataset([str(tmp_path / "none.txt"), good]).make_initializable_iterator()
    line = iterator.get_next()
    with tf.Session() as sess:
        sess.run(iterator.initializer)
        with pytest.raises(tf.errors.NotFoundError, match="none.txt"):
            sess.run(line)
        assert [sess.run(line), sess.run(line)] == [b"a", b"b"]


@pytest.mark.parametrize("count", [None, 1, 3, tf.data.experimental.AUTOTUNE])
def test_files_read_in_parallel(tmp_path, count):
    names = [_write(tmp_path / f"{i}.txt", b"".join(b"%d-%d\n" % (i, j) for j in range(5))) for i in range(4)]
    found = elements(tf.data.TextLineDataset(names, num_parallel_reads=count))
    assert sorted(found) == sorted(b"%d-%d" % (i, j) for i in range(4) for j in range(5))


def test_names_of_files_come_from_a_dataset(tmp_path):
    _write(tmp_path / "a.txt", b"x\n")
    _write(tmp_path / "b.txt", b"y\n")
    dataset = tf.data.Dataset.list_files(str(tmp_path / "*.txt"), seed=1)
    assert sorted(elements(dataset.flat_map(tf.data.TextLineDataset))) == [b"x", b"y"]
    with pytest.raises(TypeError, match="elements"):
        tf.data.TextLineDataset(tf.data.Dataset.range(3))
    with pytest.raises(tf.errors.InvalidArgumentError, match="No files matched pattern"):
        elements(tf.data.Dataset.list_files(str(tmp_path / "*.none")))


def test_damaged_records(tmp_path):
    path = tmp_path / "r.tfrecord"
    with tf.python_io.TFRecordWriter(str(path)) as writer:
        writer.write(b"first")
        writer.write(b"second")
    data = bytearray(path.read_bytes())
    data[-6] ^= 1
    path.write_bytes(data)
    with pytest.raises(tf.errors.DataLossError, match="corrupted record"):
        elements(tf.data.TFRecordDataset(str(path)))
    assert elements(tf.data.TFRecordDataset(str(path)).apply(tf.data.experimental.ignore_errors())) == [b"first"]


@pytest.mark.parametrize(("make", "message"), [
    (lambda path: tf.data.TextLineDataset(path, compression_type="LZ4"), "Unsupported compression_type"),
    (lambda path: tf.data.FixedLengthRecordDataset(path, 4), "not an exact multiple of the record length"),
    (lambda path: tf.data.FixedLengthRecordDataset(path, 0), "`record_bytes` must be > 0"),
    (lambda path: tf.data.FixedLengthRecordDataset(path, 1, header_bytes=99), "not an exact multiple"),
    (lambda path: tf.data.experimental.CsvDataset(path, [tf.int32, tf.int32]), "Expect 2 fields but have 1"),
    (lambda path: tf.data.experimental.CsvDataset(path, [tf.int32], field_delim="::"), "should be only 1 char"),
    (lambda path: tf.data.experimental.CsvDataset(path, [[0], [0]], select_cols=[2, 1]), "strictly increasing"),
])
def test_refusals(tmp_path, make, message):
    with pytest.raises(tf.errors.InvalidArgumentError, match=message):
        elements(make(_write(tmp_path / "f", b"hello\n")))


def test_damaged_compression(tmp_path):
    path = _write(tmp_path / "f.gz", gzip.compress(b"line\n" * 1000)[:-20])
    with pytest.raises(tf.errors.DataLossError, match="truncated"):
        elements(tf.data.TextLineDataset(path, compression_type="GZIP"))


def test_datasets_are_written(tmp_path):
    path = str(tmp_path / "out.tfrecord")
    texts = tf.data.Dataset.from_tensor_slices(["a", "bb"])
    write = tf.data.experimental.TFRecordWriter(path, "GZIP").write(texts)
    with tf.Session() as sess:
        sess.run(write)
    assert elements(tf.data.TFRecordDataset(path, "GZIP")) == [b"a", b"bb"]
    with pytest.raises(TypeError, match="DT_STRING"):
        tf.data.experimental.TFRecordWriter(path).write(tf.data.Dataset.range(3))


def test_csv_columns_are_inferred(tmp_path):
    path = _write(tmp_path / "f.csv", b"a,b,c,d,e\n1,3000000000,1.5,1e300,x\n2,3,4,,\n")
    dataset = tf.data.experimental.make_csv_dataset(path, 2, num_epochs=1, shuffle=False)
    assert {name: dtype.name for name, dtype in dataset.output_types.items()} == {
        "a": "int32", "b": "int64", "c": "float32", "d": "float64", "e": "string"}
    some = tf.data.experimental.make_csv_dataset(path, 1, select_columns=["c", 0], label_name="a", num_epochs=1)
    assert list(some.output_types[0]) == ["c"]
    for arguments, message in (({"label_name": "z"}, "must be one of the columns"),
                               ({"select_columns": ["z"]}, "not a valid column"),
                               ({"column_names": ["a"] * 5}, "duplicate column names"),
                               ({"header": False}, "Cannot infer column names")):
        with pytest.raises(ValueError, match=message):
            tf.data.experimental.make_csv_dataset(path, 1, **arguments)


def test_batched_features(tmp_path):
    path = str(tmp_path / "e.tfrecord")
    with tf.python_io.TFRecordWriter(path) as writer:
        for i in range(5):
            feature = {"x": tf.train.Feature(float_list=tf.train.FloatList(value=[i, -i])),
                       "y": tf.train.Feature(int64_list=tf.train.Int64List(value=[i]))}
            writer.write(tf.train.Example(features=tf.train.Features(feature=feature)).SerializeToString())
    features = {"x": tf.FixedLenFeature([2], tf.float32), "y": tf.FixedLenFeature([], tf.int64)}
    found = elements(tf.data.experimental.make_batched_features_dataset(
        path, 2, features, label_key="y", num_epochs=1, shuffle=False))
    assert [label.tolist() for _, label in found] == [[0, 1], [2, 3], [4]]
    assert found[1][0]["x"].tolist() == [[2.0, -2.0], [3.0, -3.0]]
