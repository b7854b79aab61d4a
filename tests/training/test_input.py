"""Input producers and batches: what comes out, the end of the input, failures. Graphs: `test_dataflow.py`."""

import contextlib

import numpy as np
import pytest

import graphflow as tf

TIMEOUT = 10


@contextlib.contextmanager
def _running(*initial):
    """A session with its queue runners started; joined at the end."""
    coord = tf.train.Coordinator()
    with tf.Session(config=tf.ConfigProto(operation_timeout_in_ms=TIMEOUT * 1000)) as sess:
        sess.run([tf.local_variables_initializer(), tf.global_variables_initializer(), *initial])
        threads = tf.train.start_queue_runners(sess, coord)
        try:
            yield sess
        finally:
            coord.request_stop()
            coord.join(threads, stop_grace_period_secs=TIMEOUT)


def _all(sess, fetches):
    """What running gives until the input ends."""
    found = []
    with contextlib.suppress(tf.errors.OutOfRangeError):
        while True:
            found.append(sess.run(fetches))
    return found


def test_epochs_end():
    names = tf.train.string_input_producer(["a", "b", "c"], num_epochs=2, shuffle=False)
    name = names.dequeue()
    with _running() as sess:
        assert _all(sess, name) == [b"a", b"b", b"c"] * 2


def test_each_epoch_is_shuffled_anew():
    numbers = tf.train.range_input_producer(20, num_epochs=3, seed=5, capacity=1).dequeue()
    with _running() as sess:
        found = np.reshape(_all(sess, numbers), (3, 20))
    assert all(sorted(epoch) == list(range(20)) for epoch in found.tolist())
    assert len({tuple(epoch) for epoch in found.tolist()}) == 3


def test_slices_stay_together():
    a, b = np.arange(10), np.arange(20.0).reshape(10, 2)
    row = tf.train.slice_input_producer([a, b], num_epochs=1)
    batch = tf.train.batch(row, 3, allow_smaller_final_batch=True)
    assert [t.shape.as_list() for t in batch] == [[None], [None, 2]]
    with _running() as sess:
        found = _all(sess, batch)
    assert [len(x) for x, _ in found] == [3, 3, 3, 1]
    for x, y in found:
        np.testing.assert_array_equal(b[x], y)
    assert sorted(np.concatenate([x for x, _ in found])) == list(range(10))


def test_without_a_smaller_batch_the_rest_is_dropped():
    rows = tf.train.slice_input_producer([tf.range(10)], num_epochs=1, shuffle=False)
    batch = tf.train.batch(rows, 4)
    with _running() as sess:
        assert np.concatenate(_all(sess, batch)).tolist() == list(range(8))


def test_shuffled_batches_of_dictionaries():
    (x,) = tf.train.slice_input_producer([tf.range(50)], num_epochs=1, shuffle=False)
    batch = tf.train.shuffle_batch({"x": x, "twice": 2 * x}, 10, capacity=40, min_after_dequeue=20, seed=3,
                                   num_threads=3)
    with _running() as sess:
        found = _all(sess, batch)
    assert len(found) == 5 and all((2 * v["x"] == v["twice"]).all() for v in found)
    order = np.concatenate([v["x"] for v in found]).tolist()
    assert sorted(order) == list(range(50)) and order != list(range(50))


def test_joined_sources():
    a = tf.train.range_input_producer(5, num_epochs=1).dequeue()
    b = tf.train.range_input_producer(5, num_epochs=1).dequeue() + 100
    batch = tf.train.batch_join([[a], [b]], 2)
    with _running() as sess:
        assert sorted(np.concatenate(_all(sess, batch)).tolist()) == [0, 1, 2, 3, 4, 100, 101, 102, 103, 104]


def test_batches_are_padded():
    n = tf.train.range_input_producer(4, num_epochs=1, shuffle=False).dequeue()
    batch = tf.train.batch([tf.range(n)], 4, dynamic_pad=True)
    assert batch.shape.as_list() == [4, None]
    with _running() as sess:
        assert _all(sess, batch)[0].tolist() == [[0, 0, 0], [0, 0, 0], [0, 1, 0], [0, 1, 2]]


@pytest.mark.parametrize("many", [False, True])
def test_what_is_kept(many):
    n = tf.train.range_input_producer(10, num_epochs=1, shuffle=False)
    n = n.dequeue_many(5) if many else n.dequeue()
    batch = tf.train.maybe_batch([n], tf.equal(n % 2, 0), 2, enqueue_many=many, allow_smaller_final_batch=True)
    with _running() as sess:
        assert np.concatenate(_all(sess, batch)).tolist() == [0, 2, 4, 6, 8]


def test_sparse_tensors_are_batched():
    n = tf.train.range_input_producer(6, num_epochs=1, shuffle=False).dequeue()
    sparse = tf.SparseTensor([[tf.cast(n, tf.int64)]], [n], [10])
    batch, numbers = tf.train.batch([sparse, n], 3)
    with _running() as sess:
        found = _all(sess, [batch, numbers])
    assert [v.values.tolist() for v, _ in found] == [[0, 1, 2], [3, 4, 5]]
    assert found[1][0].indices.tolist() == [[0, 3], [1, 4], [2, 5]]
    assert found[1][0].dense_shape.tolist() == [3, 10]


def test_a_failing_reader_is_named_by_who_waits():
    names = tf.train.string_input_producer(["/no/such/file"], shuffle=False)
    batch = tf.train.batch([tf.read_file(names.dequeue())], 2, shapes=[()])
    with pytest.raises(tf.errors.NotFoundError, match="/no/such/file"), _running() as sess:
        with pytest.raises(tf.errors.OutOfRangeError, match="the run that was to fill it failed: .*/no/such/file") as e:
            sess.run(batch)
    first, *places = str(e.value).split("\n")
    assert "(ReadFile)" in first and first.endswith("[] int32]") and f"[op '{batch.op.name}' " in first
    assert len(places) == 2 and all("defined at" in place and "[op" not in place for place in places)


def test_files_are_looked_up_once(tmp_path):
    for name in ("b.txt", "a.txt"):
        (tmp_path / name).write_text(name)
    found = tf.train.match_filenames_once(str(tmp_path / "*.txt"))
    names = tf.train.string_input_producer(found, shuffle=False, num_epochs=1).dequeue()
    with _running() as sess:
        assert [name.decode()[-5:] for name in _all(sess, names)] == ["a.txt", "b.txt"]


def test_wrong_arguments():
    x = tf.placeholder(tf.float32)
    with pytest.raises(ValueError, match="requires a non-null input tensor"):
        tf.train.string_input_producer([])
    with pytest.raises(ValueError, match="Either `input_tensor` must have a fully defined shape"):
        tf.train.input_producer(tf.placeholder(tf.float32, [3, None]))
    with pytest.raises(ValueError, match="num_epochs must be > 0 not 0."):
        tf.train.limit_epochs(x, 0)
    with pytest.raises(ValueError, match="Expected at least one tensor"):
        tf.train.slice_input_producer([])
    with pytest.raises(ValueError, match="Cannot infer Tensor's rank"):
        tf.train.batch([x], 2)
    with pytest.raises(ValueError, match="capacity 5 must be bigger than min_after_dequeue 5."):
        tf.train.shuffle_batch([tf.constant(1)], 2, 5, 5)
    with pytest.raises(ValueError, match="All dictionaries in tensors_list must have the same keys"):
        tf.train.batch_join([{"a": x}, {"b": x}], 2)
    with pytest.raises(ValueError, match="`keep_input` cannot be a vector when `enqueue_many=False`."):
        tf.train.maybe_batch([tf.constant(1)], [True], 2)
    with pytest.raises(TypeError, match="Expected types to be consistent: int32 vs. float32."):
        tf.train.batch_join([[tf.constant(1)], [tf.constant(1.0)]], 2)


def test_an_empty_tensor_of_names_is_reported():
    names = tf.train.string_input_producer(tf.placeholder_with_default(np.zeros(0, object), [None]))
    with pytest.raises(tf.errors.InvalidArgumentError, match="requires a non-null input tensor"), _running() as sess:
        with pytest.raises(tf.errors.OutOfRangeError):
            sess.run(names.dequeue())


def test_queues_in_a_row_hand_on_why_they_are_empty():
    names = tf.train.string_input_producer(["a", "b"], num_epochs=1)
    batch = tf.train.batch([names.dequeue()], 2)
    with tf.Session() as sess:      # without tf.local_variables_initializer()
        for runner in tf.get_collection(tf.GraphKeys.QUEUE_RUNNERS):
            with pytest.raises(tf.errors.OpError):
                sess.run(runner.enqueue_ops[0])
            sess.run(runner.close_op)
        with pytest.raises(tf.errors.OutOfRangeError, match=(
                "batch/fifo_queue' is closed .*failed: FIFOQueue 'input_producer' is closed .*failed: Attempting to "
                "use uninitialized value input_producer/limit_epochs/epochs")) as caught:
            sess.run(batch)
        assert isinstance(caught.value.__cause__.__cause__, tf.errors.FailedPreconditionError)
