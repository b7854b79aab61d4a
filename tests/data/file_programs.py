"""Pipelines over files, which are written to the working directory: more of `programs.py`.

Used by tools/golden/record_datasets.py in TensorFlow's environment and by test_golden.py in ours.
"""

import gzip
import os
import zlib

PIPELINES = {}


def pipeline(function):
    """Registers a pipeline under its name."""
    PIPELINES[function.__name__] = function
    return function


def _write(name, data):
    with open(name, "wb") as file:
        file.write(data)
    return os.path.abspath(name)


@pipeline
def lines(tf):
    paths = [_write("a.txt", b"one\ntwo\r\n\nlast"), _write("b.txt", b""), _write("c.txt", b"more\n")]
    return tf.data.TextLineDataset(paths)


@pipeline
def compressed_lines(tf):
    paths = [_write("a.gz", gzip.compress(b"one\ntwo\n")), _write("b.gz", gzip.compress(b"three"))]
    return tf.data.TextLineDataset(paths, compression_type="GZIP").skip(1)


@pipeline
def records(tf):
    with tf.python_io.TFRecordWriter("r.tfrecord") as writer:
        for text in (b"first", b"", b"third" * 3):
            writer.write(text)
    return tf.data.TFRecordDataset([os.path.abspath("r.tfrecord")] * 2, num_parallel_reads=2)


@pipeline
def fixed_length_records(tf):
    path = _write("f.bin", b"HEAD" + b"aabbcc" + b"FOO")
    zipped = _write("f.zlib", zlib.compress(b"HEADddeeFOO"))
    plain = tf.data.FixedLengthRecordDataset(path, 2, header_bytes=4, footer_bytes=3)
    return plain.concatenate(tf.data.FixedLengthRecordDataset(zipped, 2, 4, 3, compression_type="ZLIB"))


@pipeline
def columns(tf):
    path = _write("c.csv", b'n,x,s\n1,0.5,"a,b"\n2,,"say ""hi"""\n3,1e3,\n4,bad,z\n5,7,"two\nlines"\n')
    return tf.data.experimental.CsvDataset(path, [tf.int32, [9.0], [""]], header=True)


@pipeline
def chosen_columns(tf):
    path = _write("d.csv", b"1|2|NA|4\n5|6|7|8\n")
    return tf.data.experimental.CsvDataset(path, [[0], [-1]], field_delim="|", na_value="NA", select_cols=[1, 2])


@pipeline
def csv_features(tf):
    path = _write("e.csv", b"a,b,label\n1,x,0.5\n2,y,1.5\n3,z,2.5\n")
    dataset = tf.data.experimental.make_csv_dataset(path, 2, label_name="label", shuffle=False, num_epochs=1)
    return dataset.map(lambda features, label: (dict(features), label))


@pipeline
def files_by_pattern(tf):
    for name in ("x1.dat", "x2.dat", "x3.dat"):
        _write(name, b"")
    names = tf.data.Dataset.list_files(os.path.abspath("x*.dat"), shuffle=False)
    return names.map(lambda path: tf.string_split([path], "/").values[-1])


@pipeline
def missing_file(tf):
    return tf.data.TextLineDataset(os.path.abspath("nowhere.txt")).take(0).concatenate(
        tf.data.TextLineDataset(_write("g.txt", b"g\n")))
