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
from graphflow.runtime.executor import Executor


@pytest.fixture(autouse=True)
def seeded():
    tf.set_random_seed(1)  # a seeded program waits for its compiled kernels


def are_native(sess):
    """Whether the loops of the plans that `sess` has run are native, one after the other."""
    return [bound.run.__self__._native is not None
            for executor in sess._bound.values() if isinstance(executor, Executor)
            for entry in executor._entries.values() for bound in entry.spec.nodes
            if bound.node.type in ("While", "WhileGrad")]


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
    # Gradients of arrays of gradients are Python's.
    check([total, first, *tf.gradients(first, x)], native=False)


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
