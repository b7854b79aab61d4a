"""Random records of files: each once before any comes again, in batches, under a seed."""

import pytest

import graphflow as tf


@pytest.fixture
def files(tmp_path):
    for name, count in (("a", 5), ("b", 3)):
        with tf.python_io.TFRecordWriter(str(tmp_path / f"{name}.records")) as writer:
            for i in range(count):
                writer.write(b"%s%d" % (name.encode(), i))
    return str(tmp_path / "*.records")


ALL = sorted([*(b"a%d" % i for i in range(5)), *(b"b%d" % i for i in range(3))])


def test_each_record_once(files):
    records = tf.contrib.framework.RecordInput(files, batch_size=4, buffer_size=8, seed=7).get_yield_op()
    assert records.shape.as_list() == [4] and records.op.type == "RecordInput"
    orders = []
    with tf.Session() as sess:
        for _ in range(5):
            order = [*sess.run(records), *sess.run(records)]
            assert sorted(order) == ALL
            orders.append(tuple(order))
    assert len(set(orders)) > 1
    with tf.Session() as sess:
        assert tuple(sess.run(records)) == orders[0][:4]


def test_batches_may_reach_into_the_next_pass(files):
    records = tf.contrib.framework.RecordInput(files, batch_size=6, buffer_size=3).get_yield_op()
    with tf.Session() as sess:
        found = [record for _ in range(4) for record in sess.run(records)]
    assert [sorted(found[start:start + 8]) for start in (0, 8, 16)] == [ALL] * 3


def test_lists_of_batches(files):
    lists = tf.contrib.framework.RecordInput(files, batch_size=2, batches=4, buffer_size=8).get_yield_op()
    assert [len(batch) for batch in lists] == [2] * 4 and lists[0][0].shape.as_list() == []
    with tf.Session() as sess:
        assert sorted(record for batch in sess.run(lists) for record in batch) == ALL


def test_two_readers_have_places_of_their_own(files):
    first, second = (tf.contrib.framework.RecordInput(files, batch_size=8, name=name).get_yield_op()
                     for name in ("first", "second"))
    assert first.op.name == "first"
    with tf.Session() as sess:
        assert sorted(sess.run(first)) == sorted(sess.run(second)) == ALL


def test_compressed_files(tmp_path):
    kind = tf.python_io.TFRecordCompressionType.GZIP
    with tf.python_io.TFRecordWriter(str(tmp_path / "c"), tf.python_io.TFRecordOptions(kind)) as writer:
        writer.write(b"one")
    records = tf.contrib.framework.RecordInput(str(tmp_path / "c"), compression_type=kind).get_yield_op()
    with tf.Session() as sess:
        assert sess.run(records).tolist() == [b"one"]


def test_without_records(tmp_path):
    (tmp_path / "empty").write_bytes(b"")
    with tf.Session() as sess:
        with pytest.raises(tf.errors.NotFoundError, match="Found no files at .*none"):
            sess.run(tf.contrib.framework.RecordInput(str(tmp_path / "none")).get_yield_op())
        with pytest.raises(tf.errors.OutOfRangeError, match="hold no records"):
            sess.run(tf.contrib.framework.RecordInput(str(tmp_path / "empty")).get_yield_op())


def test_files_come_in_random_order(files):
    """A choice among one keeps records in their order, and files in that of the pass."""
    records = tf.contrib.framework.RecordInput(files, batch_size=8, buffer_size=1, shift_ratio=0.5).get_yield_op()
    with tf.Session() as sess:
        passes = {tuple(sess.run(records)) for _ in range(20)}
    assert passes == {tuple(ALL), tuple(ALL[5:] + ALL[:5])}
