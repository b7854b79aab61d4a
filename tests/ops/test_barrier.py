"""Barriers: shapes, waiting, failures. What they give: `test_dataflow.py`."""

import threading

import pytest

import graphflow as tf
from graphflow.ops.barrier import Barrier

TIMEOUT = 10


@pytest.fixture
def session():
    with tf.Session(config=tf.ConfigProto(operation_timeout_in_ms=TIMEOUT * 1000)) as sess:
        yield sess


def test_static_shapes():
    b = Barrier((tf.float32, tf.string), shapes=((2,), ()), name="b")
    indices, keys, values = b.take_many(3)
    assert [t.shape.as_list() for t in (indices, keys, *values)] == [[3], [3], [3, 2], [3]]
    assert b.take_many(3, allow_small_batch=True)[0].shape.as_list() == [None]
    assert b.name == "b" and b.ready_size().shape == ()


def test_take_waits_for_the_last_component(session):
    b = Barrier((tf.int32, tf.int32), shapes=((), ()), name="b")
    session.run(b.insert_many(0, ["a", "b"], [1, 2]))
    take = b.take_many(2)
    timer = threading.Timer(0.05, session.run, [b.insert_many(1, ["b", "a"], [20, 10])])
    timer.start()
    indices, keys, values = session.run(take)
    timer.join()
    assert keys.tolist() == [b"a", b"b"] and [v.tolist() for v in values] == [[1, 2], [10, 20]]
    assert indices.tolist() == [-2**63] * 2
    with pytest.raises(tf.errors.DeadlineExceededError, match="2 complete elements of barrier 'b'"):
        session.run(take, options=tf.RunOptions(timeout_in_ms=30))


def test_closing_ends_the_wait(session):
    b = Barrier(tf.int32, name="b")
    timer = threading.Timer(0.05, session.run, [b.close()])
    timer.start()
    with pytest.raises(tf.errors.OutOfRangeError, match=r"has insufficient elements \(requested 1, total"):
        session.run(b.take_many(1))
    timer.join()


def test_wrong_arguments(session):
    with pytest.raises(ValueError, match="Empty tensors are not supported, but received shape"):
        Barrier(tf.int32, shapes=((0,),))
    b = Barrier((tf.int32,), shapes=((2,),), name="b")
    keys, values = tf.placeholder(tf.string), tf.placeholder(tf.int32)
    insert = b.insert_many(0, keys, values)
    with pytest.raises(tf.errors.InvalidArgumentError, match="Number of keys .* and values .* differ"):
        session.run(insert, {keys: ["a"], values: [[1, 2], [3, 4]]})
    with pytest.raises(tf.errors.InvalidArgumentError, match="Shape mismatch in tuple component 0"):
        session.run(insert, {keys: ["a"], values: [[1]]})
    with pytest.raises(tf.errors.InvalidArgumentError, match="component ID is out of range"):
        session.run(b.insert_many(3, ["a"], [[1, 2]]))
    loose = Barrier((tf.int32,), name="loose")
    with pytest.raises(tf.errors.InvalidArgumentError, match="Tensors with no elements are not supported"):
        session.run(loose.insert_many(0, ["a"], tf.zeros([1, 0], tf.int32)))


def test_nothing_can_still_be_inserted():
    """States of segments of which all are the last ones are no states: a closed barrier takes that."""
    b = Barrier(tf.int32, shapes=((),), name="b")
    nothing = b.insert_many(0, tf.constant([], tf.string), tf.constant([], tf.int32))
    with tf.Session() as sess:
        sess.run(b.close())
        sess.run(nothing)
        sess.run(b.close(cancel_pending_enqueues=True))
        with pytest.raises(tf.errors.CancelledError, match="is closed"):
            sess.run(nothing)


def test_small_batches_do_not_wait_for_what_is_incomplete():
    """What is incomplete may be completed from the batch itself."""
    b = Barrier((tf.int32, tf.int32), shapes=((), ()), name="b")
    first, second = b.insert_many(0, ["a", "c"], [1, 3]), b.insert_many(1, ["a"], [2])
    keys = b.take_many(2, allow_small_batch=True)[1]
    with tf.Session() as sess:
        sess.run([first, second])
        sess.run(b.close())
        assert sess.run(keys).tolist() == [b"a"]
        with pytest.raises(tf.errors.OutOfRangeError, match=r"requested 2, total size 0"):
            sess.run(keys)
        sess.run(b.insert_many(1, ["c"], [4]))
        assert sess.run(keys).tolist() == [b"c"]
