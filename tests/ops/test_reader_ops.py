"""Readers: shapes, sharing, failures, waiting. What they read: `test_dataflow.py`."""

import gzip
import threading
import zlib

import pytest

import graphflow as tf
from graphflow.framework import raw_ops

TIMEOUT = 10


@pytest.fixture
def session():
    with tf.Session(config=tf.ConfigProto(operation_timeout_in_ms=TIMEOUT * 1000)) as sess:
        yield sess


def _names(sess, *paths, close=True):
    queue = tf.FIFOQueue(99, tf.string, shapes=[()], name="names")
    sess.run(queue.enqueue_many([[str(p) for p in paths]]))
    if close:
        sess.run(queue.close())
    return queue


def test_static_shapes():
    names = tf.FIFOQueue(9, tf.string, shapes=[()])
    reader = tf.TextLineReader(name="r")
    assert [t.shape.as_list() for t in (*reader.read(names), *reader.read_up_to(names, 3))] == [[], [], [None], [None]]
    assert reader.num_records_produced().dtype == tf.int64 and reader.serialize_state().shape == ()
    with pytest.raises(ValueError, match="Shape must be rank 0 but is rank 1"):
        reader.restore_state(["a"])
    assert not reader.supports_serialize and tf.IdentityReader().supports_serialize


def test_many_threads_read_every_record_once(session, tmp_path):
    files = [tmp_path / f"{i}.txt" for i in range(6)]
    for i, path in enumerate(files):
        path.write_text("".join(f"{i}-{j}\n" for j in range(50)))
    record = tf.TextLineReader().read(_names(session, *files))
    found = []

    def work():
        while True:
            try:
                found.append(session.run(record)[1])
            except tf.errors.OutOfRangeError:
                return

    threads = [threading.Thread(target=work, daemon=True) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(TIMEOUT)
    assert sorted(found) == sorted(f"{i}-{j}".encode() for i in range(6) for j in range(50))


def test_a_read_waits_for_a_name(session, tmp_path):
    (tmp_path / "empty").write_text("")
    (tmp_path / "full").write_text("line")
    names = _names(session, tmp_path / "empty", close=False)
    record = tf.TextLineReader().read(names)
    timer = threading.Timer(0.1, session.run, [names.enqueue(str(tmp_path / "full"))])
    timer.start()
    assert session.run(record)[1] == b"line"
    timer.join()
    with pytest.raises(tf.errors.DeadlineExceededError, match="1 more element of FIFOQueue 'names'"):
        session.run(record, options=tf.RunOptions(timeout_in_ms=20))


def test_a_partial_run_reads_too(session, tmp_path):
    """There ops wait one after the other."""
    (tmp_path / "empty").write_text("")
    (tmp_path / "full").write_text("line")
    record = tf.TextLineReader().read(_names(session, tmp_path / "empty", tmp_path / "full"))
    handle = session.partial_run_setup([record[1]], [])
    assert session.partial_run(handle, record[1]) == b"line"


@pytest.mark.parametrize("encoding", ["ZLIB", "GZIP"])
def test_compressed_records(session, tmp_path, encoding):
    content = b"Haabbcc"
    (tmp_path / "f").write_bytes(zlib.compress(content) if encoding == "ZLIB" else gzip.compress(content))
    (tmp_path / "bad").write_bytes(b"no such thing")
    reader = tf.FixedLengthRecordReader(2, header_bytes=1, encoding=encoding)
    keys, values = reader.read_up_to(_names(session, tmp_path / "f", tmp_path / "bad"), 9)
    assert session.run(values).tolist() == [b"aa", b"bb", b"cc"]
    with pytest.raises(tf.errors.DataLossError, match="bad"):
        session.run(values)


def test_compressed_tf_records(session, tmp_path):
    options = tf.python_io.TFRecordOptions(tf.python_io.TFRecordCompressionType.GZIP)
    with tf.python_io.TFRecordWriter(str(tmp_path / "f"), options) as writer:
        writer.write(b"record")
    (tmp_path / "cut").write_bytes(b"12345678")
    key, value = tf.TFRecordReader(options=options).read(_names(session, tmp_path / "f"))
    assert session.run(value) == b"record"
    key, value = tf.TFRecordReader().read(_names(session, tmp_path / "cut"))
    with pytest.raises(tf.errors.DataLossError, match="truncated record at 0 in .*cut"):
        session.run(value)


def test_wrong_arguments(session):
    names = tf.FIFOQueue(9, [tf.string, tf.int32], name="pairs")
    with pytest.raises(tf.errors.InvalidArgumentError, match="Expect queue of single strings: FIFOQueue 'pairs'"):
        session.run(tf.TextLineReader().read(names))
    with pytest.raises(tf.errors.InvalidArgumentError, match="num_records must be positive, not 0"):
        session.run(tf.TextLineReader().read_up_to(tf.FIFOQueue(9, tf.string), 0))
    with pytest.raises(tf.errors.InvalidArgumentError, match="header_bytes must be >= 0 not -1"):
        session.run(tf.FixedLengthRecordReader(2, header_bytes=-1).num_records_produced())
    with pytest.raises(tf.errors.InvalidArgumentError, match="The handle is not one of a reader"):
        session.run(raw_ops.ReaderNumRecordsProducedV2(names.queue_ref))
    with pytest.raises(tf.errors.UnimplementedError, match="LMDB files are not supported"):
        session.run(tf.LMDBReader().read(names))


def test_reference_forms_of_old_graphs(session, tmp_path):
    (tmp_path / "f").write_text("line")
    handle = raw_ops.TextLineReader(name="old")
    reader = tf.ReaderBase(handle)
    assert session.run(reader.read(_names(session, tmp_path / "f")))[1] == b"line"
    assert session.run(reader.num_records_produced()) == 1
    session.run(reader.reset())
    assert session.run(reader.num_records_produced()) == 0
