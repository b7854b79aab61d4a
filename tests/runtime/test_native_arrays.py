"""TensorArrays in loops that run natively: the same values and the same errors as in the reference executor."""

import contextlib
import os
import re
from unittest import mock

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import graphflow as tf
from tests.runtime.loop_checks import are_native, seeded, without_calls  # noqa: F401  (a fixture)


def in_reference():
    return mock.patch.dict(os.environ, {"GRAPHFLOW_EXECUTOR": "reference"})


def outcomes(fetches, feed_dict=None):
    """What runs in a new session give: arrays, or the error's class and what it says, names of arrays left out."""
    found = []
    with tf.Session() as sess:
        for _ in range(2):
            try:
                found.append([np.asarray(value) for value in sess.run(fetches, feed_dict)])
            except tf.errors.OpError as error:
                found.append((type(error), error.op.name, re.sub(r"_\d+", "", str(error))))
        return found, are_native(sess)


def check(fetches, feed_dict=None, native=True):
    with in_reference():
        expected, _ = outcomes(fetches, feed_dict)
    found, used = outcomes(fetches, feed_dict)
    assert used and all(used) == native
    for one, other in zip(found, expected, strict=True):
        assert isinstance(one, list) == isinstance(other, list), (one, other)
        if isinstance(one, tuple):
            assert one[:2] == other[:2]
            assert one[2].split(" [op")[0] == other[2].split(" [op")[0]
            continue
        for a, b in zip(one, other, strict=True):
            assert a.shape == b.shape
            np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-6)
    return found


def walk(indices, count, shape, clear):
    """A loop that reads at indices[i, 0] of one array, writes at indices[i, 1] of another; what they hold then."""
    x = tf.placeholder_with_default(np.linspace(-1, 1, count * int(np.prod(shape)), dtype=np.float32)
                                    .reshape(count, *shape), [count, *shape])
    source = tf.TensorArray(tf.float32, count, clear_after_read=clear).unstack(x)
    target = tf.TensorArray(tf.float32, count, element_shape=shape)
    reads, writes = (tf.constant(part, tf.int32) for part in zip(*indices))

    def body(i, total, target):
        value = source.read(tf.gather(reads, i))
        return i + 1, total + value, target.write(tf.gather(writes, i), tf.sin(value) * total)

    _, total, target = tf.while_loop(lambda i, *_: i < len(indices), body, [0, tf.ones(shape), target])
    return x, total, target.stack()


@settings(max_examples=15, deadline=None)
@given(st.data())
def test_reads_and_writes_anywhere(data):
    with tf.Graph().as_default():
        tf.set_random_seed(1)
        count = data.draw(st.integers(1, 5))
        places = st.tuples(st.integers(-1, count), st.integers(-1, count))
        inside = st.permutations(range(count)).map(lambda order: list(zip(order, reversed(order))))
        indices = data.draw(st.one_of(inside, st.lists(places, min_size=1, max_size=6)))
        x, *made = walk(indices, count, data.draw(st.sampled_from([(), (2,), (2, 3)])), data.draw(st.booleans()))
        check([*made, tf.gradients(made, x)[0]])


@pytest.mark.parametrize("indices, message", [
    ([(0, 0), (0, 1)], "Could not read index 0 twice"),
    ([(0, 1), (1, 1)], "Could not write to TensorArray index 1 because it has already been written to"),
    ([(3, 0)], "Tried to read from index 3 but array size is: 3"),
    ([(0, -1)], "Tried to write to index -1"),
])
def test_errors_are_those_of_the_reference(indices, message):
    _, *made = walk(indices, 3, (2,), True)
    for kind, op, text in check(made):
        assert kind is tf.errors.InvalidArgumentError and "TensorArray" in op
        assert message in text and __file__ in text


def test_elements_that_were_never_written():
    for shape in ([2], None):
        array = tf.TensorArray(tf.float32, 3, element_shape=shape)
        seen = tf.TensorArray(tf.float32, 3)

        def body(i, array, seen):
            value = array.read(tf.gather([1, 2, 0], i))
            value.set_shape([2])
            return i + 1, array, seen.write(i, value + 1.0)

        seen = tf.while_loop(lambda i, *_: i < 3, body, [0, array.write(1, [3.0, 4.0]), seen])[2]
        check([seen.stack()])


def test_gradients_of_one_element_are_added_up():
    x = tf.placeholder_with_default(np.arange(6, dtype=np.float32).reshape(3, 2), [3, 2])
    source = tf.TensorArray(tf.float32, 3, clear_after_read=False).unstack(x)
    order = tf.constant([0, 1, 2, 0, 1, 2, 0])
    _, total = tf.while_loop(lambda i, _: i < 7, lambda i, t: (i + 1, t + source.read(tf.gather(order, i)) * t),
                             [0, tf.ones([2])])
    first, = tf.gradients(total, x)
    check([total, first])
    check([total, first, *tf.gradients(first, x)])


@pytest.mark.parametrize("dtype", ["int32", "float64", "uint8", "bool"])
def test_elements_of_other_types(dtype):
    values = np.array([[1, 0], [0, 1], [1, 1]], dtype)
    source = tf.TensorArray(dtype, 3).unstack(tf.placeholder_with_default(values, [3, 2]))
    total = tf.while_loop(lambda i, _: i < 3, lambda i, t: (i + 1, t + tf.cast(source.read(i), tf.float32)),
                          [0, tf.zeros([2])])
    check([total[1]])


def test_arrays_in_rows_serve_python_steps_too():
    array = tf.TensorArray(tf.float32, 4, clear_after_read=False, element_shape=[2])
    array = tf.while_loop(lambda i, _: i < 3, lambda i, a: (i + 1, a.write(i, tf.ones([2]) * tf.cast(i, tf.float32))),
                          [tf.placeholder_with_default(0, []), array])[1]
    read = array.read(1)
    with tf.control_dependencies([read]):
        array = array.write(3, [7.0, 8.0])
    check([read, array.stack(), array.concat(), array.gather([2, 0]), array.size()])


def test_dynamic_rnn_and_its_gradient_run_natively():
    x = tf.placeholder_with_default(np.linspace(-1, 1, 60, dtype=np.float32).reshape(3, 4, 5), [3, 4, 5])
    outputs, _ = tf.nn.dynamic_rnn(tf.nn.rnn_cell.GRUCell(6, kernel_initializer=tf.ones_initializer()), x,
                                   dtype=tf.float32)
    mapped = tf.map_fn(lambda row: tf.tanh(row) * 2.0, outputs)
    gradients = tf.gradients(mapped, [x, *tf.trainable_variables()])
    values = {v: np.full(v.shape.as_list(), 0.1, np.float32) for v in tf.trainable_variables()}
    results = []
    for context in (in_reference(), contextlib.nullcontext()):
        with context, tf.Session() as sess:
            for v, value in values.items():
                v.load(value, sess)
            results.append(sess.run([outputs, mapped, *gradients]))
            native = are_native(sess)
    assert native == [True] * 4
    for a, b in zip(*results, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-5)


# ---------------------------------------------------------------- arrays that become longer

@pytest.mark.parametrize("first", [0, 3])
def test_arrays_that_become_longer(first):
    x, steps = tf.placeholder(tf.float32, [2]), tf.placeholder(tf.int32, [])
    array = tf.TensorArray(tf.float32, first, dynamic_size=True, clear_after_read=False)

    def body(i, a, array):
        return i + 1, tf.sin(a) + array.read(tf.maximum(i - 2, 0)), array.write(i + 1, a * 0.5)

    _, y, array = tf.while_loop(lambda i, *_: i < steps, body, [0, x, array.write(0, x)])
    made = [y, array.stack(), array.size()]
    slope = tf.gradients(made[:2], x)
    for count in (0, 5, 100, 31, 32, 33):       # there is room for 32 at first
        check([*made, *slope], {x: [0.5, -0.25], steps: count})


def test_elements_are_left_out():
    steps = tf.placeholder(tf.int32, [])
    array = tf.TensorArray(tf.float32, 0, dynamic_size=True, element_shape=[2])
    array = tf.while_loop(lambda i, _: i < steps,
                          lambda i, a: (i + 1, a.write(i * i, tf.fill([2], tf.cast(i, tf.float32)))), [0, array])[1]
    for count in (2, 12):
        check([array.size(), array.stack()], {steps: count})


@pytest.mark.parametrize("indices", [[0, -1], [40, 40], [70, 3, 70], [1000, 2, 1]])
def test_errors_of_arrays_that_become_longer(indices):
    array, places = tf.TensorArray(tf.float32, 0, dynamic_size=True, element_shape=[2]), tf.constant(indices)
    array = tf.while_loop(lambda i, _: i < len(indices),
                          lambda i, a: (i + 1, a.write(places[i], tf.ones([2]))), [0, array])[1]
    check([array.size(), array.stack()])


def test_numbers_are_drawn_once_where_room_is_made():
    """Python makes room in the middle of an iteration, which then goes on with its own numbers."""
    steps = tf.placeholder(tf.int32, [])

    def body(i, a, array):
        before = tf.random_uniform([2])
        array = array.write(i, before)
        with tf.control_dependencies([array.flow]):
            return i + 1, a + before * tf.random_normal([2]), array

    array = tf.TensorArray(tf.float32, 0, dynamic_size=True)
    _, y, array = tf.while_loop(lambda i, *_: i < steps, body, [0, tf.zeros([2]), array])
    for count in (100, 0, 7):
        check([y, array.stack()] if count else [y], {steps: count})


# ---------------------------------------------------------------- in branches and inner loops

def branching(x, w, steps):
    """A decoder that is given its inputs, or its own outputs, and writes every other of these down."""
    source = tf.TensorArray(tf.float32, 0, dynamic_size=True).unstack(x)
    seen, target = (tf.TensorArray(tf.float32, tf.shape(x)[0], element_shape=[3, 2]) for _ in range(2))

    def body(i, s, seen, target):
        given = tf.cond(tf.reduce_sum(s) > 0, lambda: source.read(i), lambda: s * 2.0)
        s = tf.tanh(tf.matmul(given, w) + s - 0.3)
        seen = tf.cond(tf.equal(i % 2, 0), lambda: seen.write(i, s * s), lambda: seen)
        return i + 1, s, seen, target.write(i, s)

    _, s, seen, target = tf.while_loop(lambda i, *_: i < steps, body, [0, x[0], seen, target])
    return s, seen.read(0), target.read(steps - 1)


def test_arrays_in_branches():
    x, w = tf.placeholder(tf.float32, [None, 3, 2]), tf.placeholder_with_default([[0.5, -1.0], [1.5, 0.5]], [2, 2])
    steps = tf.placeholder(tf.int32, [])
    made = branching(x, w, steps)
    values = np.random.RandomState(0).randn(40, 3, 2)
    for length, count in ((5, 5), (40, 40), (9, 3), (5, 1)):
        check([*made, *tf.gradients(made, [x, w])], {x: values[:length], steps: count})


@pytest.mark.parametrize("clear", [False, True])
def test_arrays_in_inner_loops(clear):
    x, trips = tf.placeholder(tf.float32, [None, 2]), tf.placeholder(tf.int32, [])
    rows = tf.TensorArray(tf.float32, tf.shape(x)[0], clear_after_read=clear).unstack(x)
    out = tf.TensorArray(tf.float32, 0, dynamic_size=True)

    def body(i, s, out):
        def inner(j, s, out):
            return j + 1, tf.cos(s) + rows.read(i * 3 + j), out.write(i * 3 + j, s)
        _, s, out = tf.while_loop(lambda j, *_: j < tf.minimum(trips, 3), inner, [0, s, out])
        return i + 1, s, out

    _, s, out = tf.while_loop(lambda i, *_: i < 4, body, [0, tf.zeros([2]), out])
    values = np.random.RandomState(0).randn(12, 2)
    for length, count in ((12, 3), (12, 0), (12, 2), (7, 3)):      # the last reads behind the end
        check([s, out.size()], {x: values[:length], trips: count})


def test_errors_in_branches_are_those_of_the_reference():
    x = tf.placeholder_with_default(np.ones((3, 2), np.float32), [3, 2])
    rows = tf.TensorArray(tf.float32, 3).unstack(x)

    def body(i, s):
        return i + 1, tf.cond(i > 1, lambda: tf.cond(i > 0, lambda: rows.read(i - 2), lambda: s), lambda: rows.read(i))

    for kind, op, text in check(tf.while_loop(lambda i, _: i < 5, body, [0, tf.zeros([2])])):
        assert kind is tf.errors.InvalidArgumentError and "TensorArrayRead" in op
        assert "Could not read index 0 twice" in text and __file__ in text


def test_decoders_run_natively():
    from graphflow.contrib import seq2seq

    lengths, x = tf.placeholder(tf.int32, [3]), tf.placeholder(tf.float32, [3, None, 4])
    cell, words = tf.nn.rnn_cell.GRUCell(4, kernel_initializer=tf.constant_initializer(0.2)), tf.eye(4) * 0.5
    fetches = []
    for number, helper in enumerate((seq2seq.TrainingHelper(x, lengths),
                                     seq2seq.GreedyEmbeddingHelper(words, [0, 1, 2], 3),
                                     seq2seq.ScheduledOutputTrainingHelper(x, lengths, 0.5, seed=3))):
        decoder = seq2seq.BasicDecoder(cell, helper, cell.zero_state(3, tf.float32))
        outputs, _, sizes = seq2seq.dynamic_decode(decoder, maximum_iterations=50, scope=f"decoder_{number}")
        fetches.append([outputs.rnn_output, sizes])
    slope, = tf.gradients(fetches[0][0], x)
    values = np.random.RandomState(0).randn(3, 40, 4)
    for longest in (40, 2):
        feed = {x: values[:, :longest], lengths: [longest, longest // 2, 1]}
        check_with_variables([*fetches[0], slope], feed)
        check_with_variables(fetches[1], feed)
        check_with_variables(fetches[2], feed)


def check_with_variables(fetches, feed_dict):
    def run():
        with tf.Session() as sess:
            sess.run(tf.global_variables_initializer())
            return [sess.run(fetches, feed_dict) for _ in range(2)], are_native(sess)

    with in_reference():
        expected, _ = run()
    found, used = run()
    assert used and all(used)
    for one, other in zip(found, expected, strict=True):
        for a, b in zip(one, other, strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-5)


# ---------------------------------------------------------------- arrays that a body makes

def test_maps_within_maps():
    x = tf.placeholder(tf.float32, [None, None, 3])
    y = tf.map_fn(lambda row: tf.map_fn(lambda v: tf.sin(v) * tf.reduce_sum(row), row), x)
    z = tf.scan(lambda a, row: tf.scan(lambda b, v: tf.tanh(b + v), row, initializer=a)[-1], x,
                initializer=tf.zeros([3]))
    w = tf.map_fn(lambda row: (tf.map_fn(lambda v: (v[0], v * 2.0), row, dtype=(tf.float32, tf.float32))), x,
                  dtype=(tf.float32, tf.float32))
    values = np.random.RandomState(0).randn(5, 4, 3)
    for rows, columns in ((5, 4), (1, 1), (3, 2), (0, 2), (5, 4)):
        check([y, z, *w], {x: values[:rows, :columns]})


def test_maps_of_nothing():
    x = tf.placeholder(tf.float32, [None, None, 3])
    y = tf.map_fn(lambda row: tf.map_fn(tf.sin, row), x)
    check([y], {x: np.zeros((4, 0, 3))})


def test_maps_three_deep_and_in_branches():
    x = tf.placeholder_with_default(np.random.RandomState(0).randn(2, 3, 4, 2).astype(np.float32), [2, 3, 4, 2])
    check([tf.map_fn(lambda a: tf.map_fn(lambda b: tf.map_fn(tf.sin, b) + b, a), x)])

    def step(i, s):
        return i + 1, tf.cond(tf.reduce_sum(s) > i_as(s, i), lambda: tf.map_fn(lambda v: v * 0.5, s),
                              lambda: tf.map_fn(lambda v: tf.cos(v) + 1.0, s))

    check(tf.while_loop(lambda i, _: i < 6, step, [0, x[0, 0]]))


def i_as(like, i):
    return tf.cast(i, like.dtype) * 0.1


@pytest.mark.parametrize("clear", [False, True])
@pytest.mark.parametrize("indices", [[0, 1, 2], [2, 0, 1], [1, 1, 0], [0, 3, 1], [-1, 0, 1]])
def test_arrays_of_one_iteration(indices, clear):
    """Whatever happens to an array, the next iteration begins with one of which nothing is written."""
    x, top = tf.placeholder_with_default([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]], [3, 2]), tf.placeholder(tf.int32, [])

    def body(i, s):
        array = tf.TensorArray(tf.float32, 3, element_shape=[2], clear_after_read=clear).write(i % 3, s)
        array = array.write((i + 1) % 3, array.read(i % 3) + x[0] if not clear else x[0])
        if not clear:
            s = s + array.read((i + 2) % 3)
        other = tf.TensorArray(tf.float32, 3, clear_after_read=clear).scatter(indices, x * tf.reduce_sum(s))
        _, s = tf.while_loop(lambda j, _: j < top, lambda j, s: (j + 1, s * 0.5 + other.read(j)), [0, s])
        return i + 1, s + array.read((i + 1) % 3) + other.gather([1, 0])[1]

    for count in (0, 1, 4):
        check(tf.while_loop(lambda i, _: i < 4, body, [0, tf.ones([2])]), {top: count})


def test_arrays_of_one_iteration_that_python_steps_use():
    x = tf.placeholder_with_default([[1.0, 2.0], [3.0, 4.0]], [2, 2])

    def body(i, s):
        array = tf.TensorArray(tf.float32, 2).unstack(x * s[0])
        return i + 1, tf.reduce_sum(tf.reshape(array.concat(), [2, 2]), 0)

    with without_calls():
        check(tf.while_loop(lambda i, _: i < 4, body, [0, tf.ones([2])]), native=False)


def test_gradients_within_an_iteration():
    x = tf.placeholder_with_default([[1.0, 2.0], [3.0, 4.0]], [2, 2])

    def body(i, s):
        array = tf.TensorArray(tf.float32, 2, clear_after_read=False).unstack(tf.sin(x * s))
        energy = tf.reduce_sum(array.read(0) * array.read(1) + tf.cos(array.read(0)))
        return i + 1, s - 0.1 * tf.gradients(energy, s)[0]

    check(tf.while_loop(lambda i, _: i < 5, body, [0, tf.ones([2])]))


@pytest.mark.parametrize("executor", ["", "reference"])
def test_elements_that_were_never_written_are_zeros_where_their_shape_is_known_to_the_reader(executor, monkeypatch):
    monkeypatch.setenv("GRAPHFLOW_EXECUTOR", executor)
    x, trips = tf.placeholder(tf.float32, [2]), tf.placeholder(tf.int32, [])

    def filled(value):
        return tf.while_loop(lambda i, array: i < trips, lambda i, array: (i + 1, array.write(i, value * 2.0)),
                             [0, tf.TensorArray(tf.float32, 3)])[1].stack()

    y = filled(x)
    inner = tf.while_loop(lambda i, _: i < 2, lambda i, a: (i + 1, a + tf.reduce_sum(filled(a), 0)), [0, x])[1]
    with tf.Session() as sess:
        for count in (0, 2, 0):
            found = sess.run([y, inner, *tf.gradients(y, x), *tf.gradients(inner, x)], {x: [1, 3], trips: count})
            np.testing.assert_array_equal(found[0], [[2, 6]] * count + [[0, 0]] * (3 - count))
            growth = (1 + 2 * count) ** 2
            np.testing.assert_array_equal(found[1], [growth, 3 * growth])
            np.testing.assert_array_equal(found[2:], [[2 * count] * 2, [growth] * 2])
