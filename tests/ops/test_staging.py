"""Staging areas: what was put in comes out, and both sides wait."""

import threading

import numpy as np
import pytest

import graphflow as tf

TIMEOUT = 10


@pytest.fixture
def session():
    with tf.Session(config=tf.ConfigProto(operation_timeout_in_ms=TIMEOUT * 1000)) as sess:
        yield sess


def test_first_in_first_out(session):
    x = tf.placeholder(tf.float32, [2])
    area = tf.contrib.staging.StagingArea([tf.float32, tf.int32], shapes=[[2], []], names=["x", "n"])
    put = area.put({"x": x, "n": tf.cast(x[0], tf.int32)})
    got, peeked, size = area.get(), area.peek(1), area.size()
    assert got["x"].shape.as_list() == [2] and got["n"].shape == ()
    for i in range(3):
        session.run(put, {x: [i, i]})
    assert session.run(size) == 3 and session.run(peeked["n"]) == 1
    assert session.run(got)["x"].tolist() == [0, 0]
    # The usual loop: the step takes what the last one staged.
    assert session.run([got["n"], put], {x: [7, 7]})[0] == 1
    session.run(area.clear())
    assert session.run(size) == 0


def test_a_step_takes_what_it_stages_itself(session):
    area = tf.contrib.staging.StagingArea([tf.int32])
    assert session.run([area.get()[0], area.put([tf.constant(5)])])[0] == 5


@pytest.mark.parametrize("limit", [{"capacity": 1}, {"memory_limit": 8}])
def test_put_waits_for_room(session, limit):
    area = tf.contrib.staging.StagingArea([tf.int64], shapes=[[]], **limit)
    put, (got,) = area.put([tf.constant(5, tf.int64)]), area.get()
    session.run(put)
    with pytest.raises(tf.errors.DeadlineExceededError, match="room of staging area 'StagingArea'"):
        session.run(put, options=tf.RunOptions(timeout_in_ms=30))
    thread = threading.Thread(target=session.run, args=(put,), daemon=True)
    thread.start()
    assert session.run(got) == 5 and session.run(got) == 5
    thread.join(TIMEOUT)
    assert not thread.is_alive()


def test_what_can_never_fit_is_refused(session):
    area = tf.contrib.staging.StagingArea([tf.int64], memory_limit=8)
    with pytest.raises(tf.errors.ResourceExhaustedError, match="combined size of '16' bytes .* limit of '8'"):
        session.run(area.put([tf.constant([1, 2], tf.int64)]))


@pytest.mark.parametrize("ordered", [False, True])
def test_by_key(session, ordered):
    area = tf.contrib.staging.MapStagingArea([tf.int32, tf.string], shapes=[[], []], names=["n", "s"], ordered=ordered)
    key, n = tf.placeholder(tf.int64, []), tf.placeholder(tf.int32, [])
    whole, first, second = area.put(key, {"n": n, "s": tf.as_string(n)}), area.put(key, {"n": n}), area.put(
        key, {"s": tf.constant("later")})
    for k in (5, 3):
        session.run(whole, {key: k, n: k})
    session.run(first, {key: 9, n: 9})
    assert session.run([area.size(), area.incomplete_size()]) == [2, 1]
    session.run(second, {key: 9})
    assert session.run(area.peek(key, ["s"]), {key: 9}) == {"s": b"later"}
    assert session.run(area.get(key)[1], {key: 9}) == {"n": 9, "s": b"later"}
    found, values = area.get()
    pairs = [session.run([found, values]) for _ in range(2)]
    assert [p[0] for p in pairs] == ([3, 5] if ordered else [5, 3])
    assert all(p[1] == {"n": p[0], "s": str(p[0]).encode()} for p in pairs)
    # A component at a time; what is taken is gone.
    session.run(whole, {key: 1, n: 1})
    assert session.run(area.get(key, ["n"])[1], {key: 1}) == {"n": 1}
    with pytest.raises(tf.errors.InvalidArgumentError, match="index '0' for key '1' has already been removed"):
        session.run(area.get(key, ["n"])[1], {key: 1})
    with pytest.raises(tf.errors.InvalidArgumentError, match="already been staged"):
        session.run(whole, {key: 1, n: 1})
    session.run(first, {key: 2, n: 2})
    with pytest.raises(tf.errors.InvalidArgumentError, match="index '0' for key '2' was already initialized"):
        session.run(first, {key: 2, n: 2})
    session.run(area.clear())
    assert session.run([area.size(), area.incomplete_size()]) == [0, 0]
    with pytest.raises(tf.errors.DeadlineExceededError, match="element 4 of staging area"):
        session.run(area.peek(key), {key: 4}, options=tf.RunOptions(timeout_in_ms=30))


def test_wrong_arguments():
    area = tf.contrib.staging.StagingArea([tf.int32])
    with pytest.raises(ValueError, match="must have names to enqueue a dictionary"):
        area.put({"a": 1})
    with pytest.raises(ValueError, match="Datatypes do not match"):
        area.put([tf.constant(1.0)])
    with pytest.raises(ValueError, match="Unexpected number of inputs"):
        area.put([np.int32(1), np.int32(2)])
    with pytest.raises(ValueError, match="shared_name must be a string"):
        tf.contrib.staging.StagingArea([tf.int32], shared_name=1)
    area = tf.contrib.staging.MapStagingArea([tf.int32])
    with pytest.raises(ValueError, match="Empty indices"):
        area.get(1, [])
    with pytest.raises(TypeError, match="Mixed types in indices"):
        area.get(1, [0, "a"])
    with pytest.raises(ValueError, match="Indices must be supplied"):
        area.put(1, [np.int32(1)])
