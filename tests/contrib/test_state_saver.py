"""tf.contrib.training: sequences in segments, batched, with states from one to the next."""

import numpy as np
import pytest

import graphflow as tf
from graphflow.contrib.training.sequence_batches import padded

training = tf.contrib.training


class Inputs:
    """Placeholders of one example, and their feeds."""

    def __init__(self):
        self.key = tf.placeholder(tf.string, [], name="key")
        self.length = tf.placeholder(tf.int32, [], name="length")
        self.x = tf.placeholder(tf.float32, [None, 2], name="x")
        self.label = tf.placeholder(tf.int64, [3], name="label")
        self.start = tf.placeholder(tf.float32, [4], name="start")

    def saver(self, batch_size=2, num_unroll=3, **options):
        return training.SequenceQueueingStateSaver(
            batch_size, num_unroll, self.length, self.key, {"x": self.x}, {"label": self.label},
            {"s": self.start, "n": tf.constant(0)}, **options)

    def feed(self, key, steps, length):
        x = np.arange(2.0 * steps).reshape(-1, 2) + 100 * ord(key[0])
        return {self.key: key, self.x: x, self.length: length, self.label: [ord(key[0])] * 3,
                self.start: np.full(4, ord(key[0]))}


def test_segments_with_states():
    inputs = Inputs()
    saver = inputs.saver(capacity=2)
    batch = saver.next_batch
    assert batch is saver.next_batch and isinstance(batch, training.NextQueuedSequenceBatch)
    assert batch.sequences["x"].shape.as_list() == [2, 3, 2] and batch.context["label"].shape.as_list() == [2, 3]
    assert batch.state("s").shape.as_list() == [2, 4]
    saves = [batch.save_state("s", batch.state("s") + 1), batch.save_state("n", batch.state("n") + 10)]
    parts = [batch.key, batch.next_key, batch.length, batch.total_length, batch.sequence, batch.sequence_count,
             batch.sequences["x"], batch.context["label"], batch.state("s"), batch.state("n"), batch.insertion_index,
             batch.batch_size]
    with tf.Session() as sess:
        feeds = [inputs.feed("a", 6, 4), inputs.feed("b", 3, 3), inputs.feed("c", 3, 1)]
        for feed in feeds[:2]:
            sess.run(saver.prefetch_op, feed)
        first = sess.run([*parts, *saves])
        assert first[0].tolist() == [b"00000_of_00002:a", b"00000_of_00001:b"]
        assert first[1].tolist() == [b"00001_of_00002:a", b"STOP:b"]
        assert [value.tolist() for value in first[2:6]] == [[3, 3], [4, 3], [0, 0], [2, 1]]
        np.testing.assert_array_equal(first[6], [feeds[0][inputs.x][:3], feeds[1][inputs.x]])
        assert first[7].tolist() == [[97] * 3, [98] * 3] and first[8][:, 0].tolist() == [97, 98]
        assert first[9].tolist() == [0, 0] and first[11] == 2
        # "b" is over: there is room for another sequence, behind which the rest of "a" comes in its turn.
        sess.run(saver.prefetch_op, feeds[2])
        second = sess.run([*parts, *saves])
        assert second[0].tolist() == [b"00001_of_00002:a", b"00000_of_00001:c"]
        assert second[2].tolist() == [1, 1] and second[8][:, 0].tolist() == [98, 99]
        assert second[9].tolist() == [10, 0]
        np.testing.assert_array_equal(second[6][0], feeds[0][inputs.x][3:])
        assert second[10][0] == first[10][0] < first[10][1] < second[10][1]


def test_capacity_holds_sequences_back():
    inputs = Inputs()
    saver = inputs.saver(batch_size=1, capacity=1)
    with tf.Session(config=tf.ConfigProto(operation_timeout_in_ms=300)) as sess:
        sess.run(saver.prefetch_op, inputs.feed("a", 3, 3))
        with pytest.raises(tf.errors.DeadlineExceededError):
            sess.run(saver.prefetch_op, inputs.feed("b", 3, 3))


@pytest.mark.parametrize("small", [True, False])
def test_the_end(small):
    inputs = Inputs()
    saver = inputs.saver(allow_small_batch=small)
    batch = saver.next_batch
    run = [batch.key, batch.save_state("s", batch.state("s")), batch.save_state("n", batch.state("n"))]
    close = saver.close()
    with tf.Session() as sess:
        for key in "abc":
            sess.run(saver.prefetch_op, inputs.feed(key, 3, 3))
        sess.run(close)
        assert len(sess.run(run)[0]) == 2
        if small:
            assert sess.run(run)[0].tolist() == [b"00000_of_00001:c"]
        with pytest.raises(tf.errors.OutOfRangeError):
            sess.run(run)
        with pytest.raises(tf.errors.CancelledError):
            sess.run(saver.prefetch_op, inputs.feed("d", 3, 3))


@pytest.mark.parametrize(("steps", "length", "message"), [
    (4, 4, "should be a multiple of: 3, but saw value: 4. Consider setting pad=True"),
    (0, 0, "should be a multiple of: 3, but saw value: 0"), (3, 5, "Input length should be <= than length")])
def test_inputs_are_checked_in_runs(steps, length, message):
    inputs = Inputs()
    saver = inputs.saver()
    with tf.Session() as sess, pytest.raises(tf.errors.InvalidArgumentError, match=message):
        sess.run(saver.prefetch_op, inputs.feed("a", steps, length))


def test_sequences_must_be_as_long():
    x, y = tf.zeros([6, 1]), tf.placeholder(tf.float32, [None])
    saver = training.SequenceQueueingStateSaver(2, 3, 6, "key", {"x": x, "y": y}, {}, {"s": 0.0})
    with tf.Session() as sess, pytest.raises(
            tf.errors.InvalidArgumentError, match="labeled sorted_sequences_y should be: 6, shape received: 3"):
        sess.run(saver.prefetch_op, {y: np.zeros(3)})


@pytest.mark.parametrize(("arguments", "error", "message"), [
    ({"initial_states": []}, TypeError, "initial_states must be a dictionary"),
    ({"initial_states": {}}, ValueError, "initial_states may not be empty"),
    ({"initial_states": {1: 0.0}}, TypeError, "state name must be a string: 1"),
    ({"initial_states": {"a:b": 0.0}}, ValueError, "state name may not have a colon: 'a:b'"),
    ({"input_sequences": []}, TypeError, "sequences must be a dict"),
    ({"input_sequences": {}}, ValueError, "must have at least one sequence tensor"),
    ({"input_sequences": {2: [0.0]}}, TypeError, "sequence key must be string: 2"),
    ({"input_sequences": {"a:": [0.0]}}, ValueError, "sequence key may not have a colon: 'a:'"),
    ({"input_context": [1]}, TypeError, "context must be a dict"),
    ({"input_context": {"c:": 1}}, ValueError, "context key may not have a colon"),
    ({"input_length": 3.0}, TypeError, "length dtype must be int32, but received: <dtype: 'float32'>"),
    ({"input_length": [3]}, ValueError, "Rank check failed for"),
    ({"input_key": 5}, TypeError, "key dtype must be string"),
    ({"capacity": 1}, ValueError, "capacity 1 needs to be >= batch_size 2")])
def test_refusals(arguments, error, message):
    good = {"input_length": 3, "input_key": "key", "input_sequences": {"x": [0.0] * 3}, "input_context": {},
            "initial_states": {"s": 0.0}}
    with pytest.raises(error, match=message):
        training.SequenceQueueingStateSaver(2, 3, **{**good, **arguments})


@pytest.mark.parametrize("kind", ["sequence", "context", "state"])
def test_shapes_must_be_known(kind):
    parts = {"sequence": {"x": [0.0] * 3}, "context": {}, "state": {"s": 0.0}}
    parts[kind] = {"p": tf.placeholder(tf.float32, [3, None])}
    with pytest.raises(ValueError, match=f"Shape for {kind} p is not fully defined"):
        training.SequenceQueueingStateSaver(2, 3, 3, "key", *parts.values())


def test_states_that_do_not_fit():
    batch = Inputs().saver().next_batch
    with pytest.raises(KeyError, match="state was not declared: t"):
        batch.save_state("t", 0.0)
    with pytest.raises(KeyError):
        batch.state("t")
    with pytest.raises(ValueError, match="Rank check failed for .*convert_s"):
        batch.save_state("s", tf.zeros([2]))
    with pytest.raises(ValueError, match="Shape check failed for .*convert_s"):
        batch.save_state("s", tf.zeros([2, 5]))


# ---------------------------------------------------------------- batch_sequences_with_states


def batched(fetch=lambda batch: [], keys=2, steps=5, runs=3, end=False, sequences=dict, context=dict, length=None,
            num_unroll=2, **options):
    """[(what `fetch(batch)` gives, sum of all of "x" so far)] of some runs, in a graph of their own.

    Args: sequences, context: functions that make more of them. length: of the input, if it is given.
    """
    with tf.Graph().as_default():
        number = tf.train.range_input_producer(keys, num_epochs=1, shuffle=False).dequeue()
        batch = training.batch_sequences_with_states(
            tf.as_string(number), {"x": tf.range(steps) + number, **sequences()}, context(),
            None if length is None else tf.constant(length), {"sum": tf.constant(0)}, num_unroll, 2, num_threads=1,
            **options)
        total = batch.state("sum") + tf.reduce_sum(batch.sequences["x"], 1)
        fetches = [fetch(batch), total, batch.save_state("sum", total)]
        with tf.train.MonitoredSession() as sess:
            results = [sess.run(fetches)[:2] for _ in range(runs)]
            if end:
                with pytest.raises(tf.errors.OutOfRangeError):
                    sess.run(fetches)
    return results


def test_padding_and_sums():
    results = batched(lambda batch: [batch.length, batch.total_length, batch.key], end=True)
    assert [total.tolist() for _, total in results] == [[1, 3], [6, 10], [10, 15]]
    assert [parts[0].tolist() for parts, _ in results] == [[2, 2], [2, 2], [1, 1]]
    assert results[0][0][1].tolist() == [5, 5]
    assert results[2][0][2].tolist() == [b"00002_of_00003:0", b"00002_of_00003:1"]


def test_padding_of_texts_and_given_lengths():
    results = batched(lambda batch: [batch.sequences["t"], batch.length], length=3,
                      sequences=lambda: {"t": tf.constant(["a", "b", "c", "d", "e"])})
    assert results[2][0][0].tolist() == [[b"e", b""]] * 2
    assert [parts[1].tolist() for parts, _ in results] == [[2, 2], [1, 1], [0, 0]]


def test_the_last_batch_is_smaller():
    results = batched(keys=3, steps=2, runs=2, end=True)
    assert [total.tolist() for _, total in results] == [[1, 3], [5]]
    results = batched(keys=3, steps=4, runs=4, end=True)
    assert [total.tolist() for _, total in results] == [[1, 3], [6, 10], [5], [14]]
    assert len(batched(keys=3, steps=2, runs=1, end=True, allow_small_batch=False)) == 1


def test_without_padding():
    assert [total.tolist() for _, total in batched(steps=4, runs=2, pad=False, length=4)] == [
        [1, 3], [6, 10]]
    with pytest.raises(tf.errors.InvalidArgumentError, match="Tensor x first dimension should be a multiple of: 2"):
        batched(pad=False, length=5)
    with pytest.raises(TypeError, match="Unsupported input_sequences expected Tensor or SparseTensor values, got: .*y"):
        batched(steps=4, pad=False, sequences=lambda: {"y": object()}, length=4)


def test_keys_with_numbers():
    results = batched(lambda batch: batch.key, runs=1, make_keys_unique=True, make_keys_unique_seed=3)
    assert all(len(key) > len(b"00000_of_00003:0") for key in results[0][0])


def sparse_rows(steps):
    """A sequence [steps, 3] of which row t has t + 1 at column t % 3, but for every other row."""
    rows = np.arange(0, steps, 2)
    return tf.SparseTensor(np.stack([rows, rows % 3], 1), rows + 1, [steps, 3])


@pytest.mark.parametrize("pad", [True, False])
def test_sparse_sequences_and_contexts(pad):
    steps = 5 if pad else 4
    def context():
        return {"c": tf.SparseTensor([[0, 1], [2, 0]], [7, 8], [3, 2]), "d": tf.constant(5)}

    results = batched(
        lambda batch: [tf.sparse_tensor_to_dense(batch.sequences["s"]), tf.sparse_tensor_to_dense(batch.context["c"]),
                       batch.context["d"]],
        steps=steps, runs=(steps + 1) // 2, sequences=lambda: {"s": sparse_rows(steps)}, context=context, pad=pad,
        length=None if pad else steps, end=True)
    whole = np.zeros((6, 3), int)
    for row in range(0, steps, 2):
        whole[row, row % 3] = row + 1
    for segment, ((rows, contexts, dense), _) in enumerate(results):
        np.testing.assert_array_equal(rows, [whole[2 * segment:2 * segment + 2]] * 2)
        np.testing.assert_array_equal(contexts, [[[0, 7], [0, 0], [8, 0]]] * 2)
        assert dense.tolist() == [5, 5]


def test_sparse_sequences_that_are_too_short():
    with pytest.raises(tf.errors.InvalidArgumentError, match="SparseTensor s first dimension should be a multiple"):
        batched(steps=4, sequences=lambda: {"s": sparse_rows(3)}, pad=False, length=4)
    with pytest.raises(tf.errors.InvalidArgumentError, match="All sequence lengths must match"):
        batched(sequences=lambda: {"y": tf.zeros([3])})


@pytest.mark.parametrize(("sequences", "unroll", "error", "message"), [
    ({"x": [1]}, 2.5, ValueError, "Unsupported num_unroll expected int, got: 2.5"),
    ([1], 2, TypeError, "Unsupported sequences expected dict"),
    ({1: [1]}, 2, TypeError, "Unsupported sequences key expected string, got: 1")])
def test_what_cannot_be_padded(sequences, unroll, error, message):
    with pytest.raises(error, match=message):
        padded(sequences, unroll)


def test_state_saving_networks():
    """A cell that adds up inputs goes on from segment to segment."""
    class Sum(tf.nn.rnn_cell.RNNCell):
        state_size = output_size = 1

        def call(self, inputs, state):
            return inputs + state, inputs + state

    number = tf.train.range_input_producer(2, num_epochs=1, shuffle=False).dequeue()
    x = tf.cast(tf.reshape(tf.range(6), [6, 1]) * (number + 1), tf.float32)
    batch = training.batch_sequences_with_states(
        tf.as_string(number), {"x": x}, {}, None, {"sum": tf.zeros([1])}, num_unroll=3, batch_size=2)
    outputs, _ = tf.contrib.rnn.static_state_saving_rnn(
        Sum(), tf.unstack(batch.sequences["x"], axis=1), state_saver=batch, state_name="sum")
    with tf.train.MonitoredSession() as sess:
        found = {}
        for _ in range(2):
            keys, last = sess.run([batch.key, outputs[-1]])
            found.update(zip(keys.tolist(), last[:, 0].tolist()))
    assert found == {b"00000_of_00002:0": 3, b"00001_of_00002:0": 15, b"00000_of_00002:1": 6, b"00001_of_00002:1": 30}
