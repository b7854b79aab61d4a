"""tf.python_io: options, writer and iterator of TFRecord files."""

import pytest

import graphflow as tf

RECORDS = [b"", b"abc", b"x" * 5000]
Kind = tf.python_io.TFRecordCompressionType


@pytest.mark.parametrize("options", [None, "", "GZIP", Kind.ZLIB, Kind.NONE, tf.python_io.TFRecordOptions("ZLIB"),
                                     tf.io.TFRecordOptions(Kind.GZIP, compression_level=9)])
def test_round_trip(tmp_path, options):
    path = str(tmp_path / "records")
    with tf.python_io.TFRecordWriter(path, options) as writer:
        for record in RECORDS:
            writer.write(record)
            writer.flush()
        writer.write("text")
    assert list(tf.python_io.tf_record_iterator(path, options)) == [*RECORDS, b"text"]


def test_options():
    names = tf.io.TFRecordOptions.get_compression_type_string
    assert [names(x) for x in (None, "", Kind.NONE, Kind.ZLIB, "GZIP", tf.io.TFRecordOptions(Kind.GZIP))] == [
        "", "", "", "ZLIB", "GZIP", "GZIP"]
    with pytest.raises(ValueError, match='Not a valid compression_type: "LZ4"'):
        tf.python_io.TFRecordOptions("LZ4")
    assert tf.python_io.TFRecordWriter is tf.io.TFRecordWriter


def test_errors(tmp_path):
    with pytest.raises(tf.errors.NotFoundError):
        list(tf.python_io.tf_record_iterator(str(tmp_path / "none")))
    writer = tf.python_io.TFRecordWriter(str(tmp_path / "f"))
    writer.close()
    writer.close()
    with pytest.raises(tf.errors.FailedPreconditionError):
        writer.write(b"late")
