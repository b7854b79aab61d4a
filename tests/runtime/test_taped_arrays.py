"""Gradients of TensorArrays that a body makes: nothing is recorded of their handles, which Python may ask for later."""

import os
from unittest import mock

import numpy as np
import pytest

import graphflow as tf
from graphflow.framework import op_def
from graphflow.runtime import branches, inner_loops, native_loop, tapes
from tests.runtime.loop_checks import check, seeded  # noqa: F401  (a fixture)
from tests.runtime.test_native_arrays import in_reference, outcomes
from tests.runtime.test_native_branches import looped, placeholder, with_gradients


def rows(*shape, seed=0):
    return placeholder(np.random.RandomState(seed).randn(*shape) * 0.7)


def test_gradients_of_maps_and_scans_within_each_other():
    x, w = rows(3, 4, 2), rows(2)
    mapped = tf.map_fn(lambda row: tf.map_fn(lambda v: tf.tanh(v) * w, row), x)
    scanned = tf.scan(lambda a, row: tf.scan(lambda b, v: tf.sin(b * w + v), row, initializer=a)[-1], x,
                      initializer=tf.zeros([2]))
    folded = tf.map_fn(lambda row: tf.foldr(lambda b, v: tf.sin(b * w + v), row, initializer=w), x)
    check([mapped, scanned, folded, *tf.gradients([mapped, scanned, folded], [x, w])])


def test_gradients_three_deep_and_in_branches():
    x, w = rows(2, 3, 2, 2), rows(2)
    deep = tf.map_fn(lambda a: tf.map_fn(lambda b: tf.map_fn(lambda v: tf.sin(v * w), b) + b, a), x)
    check([deep, *tf.gradients(deep, [x, w])])

    def step(i, s):
        either = tf.cond(tf.equal(i % 2, 0), lambda: tf.map_fn(lambda v: tf.tanh(v * w), s),
                         lambda: tf.cond(i > 2, lambda: s * w, lambda: tf.scan(lambda a, v: tf.sin(a) * v, s)))
        return (either + s * 0.5,)

    y = looped(step, x[0, 0], trips=6)
    check([*y, *tf.gradients(y, [x, w])])


def test_arrays_of_branches_alone():
    """The loop around makes none, and records what stands for their handles."""
    x, w = rows(2), rows(2)

    def step(i, s):
        def branch():
            array = tf.TensorArray(tf.float32, 3, element_shape=[2], clear_after_read=False).write(i % 3, tf.sin(s * w))
            return tf.tanh(array.read(0) + array.read(1))

        return (s + tf.cond(i > 1, branch, lambda: s),)

    y = looped(step, x, trips=5)
    check([*y, *tf.gradients(y, [x, w])])


def test_arrays_that_only_bodies_within_use():
    """Neither the body that makes the array nor its gradient reads or writes an element."""
    x, w = rows(3, 2), rows(2)

    def recurrent(row):
        array = tf.TensorArray(tf.float32, 3, clear_after_read=False)
        _, _, array = tf.while_loop(lambda i, *_: i < 3, lambda i, a, array: (
            i + 1, tf.tanh(a * w), array.write(i, a)), [0, row, array])
        read, = looped(lambda i, a: (a * 0.5 + array.read(2 - i),), row, trips=3)
        return tf.cond(read[0] > 0, lambda: read * array.read(0), lambda: tf.sin(read))

    y = tf.map_fn(recurrent, x)
    check([y, *tf.gradients(y, [x, w])])


@pytest.mark.parametrize("length, size", [(0, 3), (3, 0), (1, 1), (5, 2), (40, 3)])
def test_lengths_and_sizes(length, size):
    x = tf.placeholder(tf.float32, [None, None, 2])
    y = tf.map_fn(lambda row: tf.map_fn(lambda v: tf.sin(v) * tf.reduce_sum(row), row), x)
    values = np.random.RandomState(1).randn(length, size, 2)
    fetches = [y, *tf.gradients(y, x)]
    found = [outcomes(fetches, {x: values})[0]]
    with in_reference():
        found.append(outcomes(fetches, {x: values})[0])
    for one, other in zip(*found, strict=True):
        # Nobody knows the shape of what is stacked of no elements.
        assert isinstance(one, tuple) == isinstance(other, tuple) == (0 in (length, size))
        if isinstance(one, tuple):
            assert one[0] is other[0] is tf.errors.UnimplementedError and one[2] == other[2]
            continue
        for a, b in zip(one, other, strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-6)


def test_arrays_of_the_forward_loop_that_python_asks_for():
    """The gradient's body has a step that only Python runs."""
    x, w = placeholder([[0.5, 0.25], [0.125, 1.0]]), rows(2)
    lookups = rows(12, 2)       # looked up twice: Python joins the rows

    def looked_up(i, s):
        both = tf.map_fn(lambda v: tf.tanh(v * w), s)
        return (both + tf.cond(i > 1, lambda: tf.gather(lookups, [i, 3]), lambda: s) * tf.gather(lookups, i),)

    y = looped(looked_up, x, trips=4)
    slopes = [tf.convert_to_tensor(g) for g in tf.gradients(y, [x, w, lookups])]
    check([*y, *slopes], native=[True, False])


@pytest.mark.parametrize("python", ["While", "WhileGrad"])
def test_either_loop_run_by_python(python, monkeypatch):
    """Tapes pass from native loops to Python's and back."""
    x, w = rows(3, 4, 2), rows(2)
    y = tf.map_fn(lambda row: tf.scan(lambda a, v: tf.cond(
        tf.reduce_sum(a) > 0, lambda: tf.reduce_sum(tf.map_fn(lambda u: tf.sin(u) * w, row), 0) + a,
        lambda: tf.tanh(a + v)), row), x)
    asked = native_loop.can_run
    monkeypatch.setattr(inner_loops, "_MOST_COPIED", -1)
    with mock.patch.object(native_loop, "can_run", lambda node, specs: node.type != python and asked(node, specs)):
        check([y, *tf.gradients(y, [x, w])], native=[python != "While", python != "WhileGrad"])


def test_traced_runs_and_fetches_of_tapes_read_before():
    x, w = rows(3, 4, 2), rows(2)
    y = tf.map_fn(lambda row: tf.map_fn(lambda v: tf.tanh(v) * w, row), x)
    fetches = [y, *with_gradients([y], [x, w])]
    with mock.patch.dict(os.environ, {"GRAPHFLOW_EXECUTOR": "reference"}), tf.Session() as sess:
        expected = sess.run(fetches)
    with tf.Session() as sess:
        for trace in (False, True, False, True):
            options = tf.RunOptions(trace_level=tf.RunOptions.FULL_TRACE) if trace else None
            for a, b in zip(sess.run(fetches, options=options, run_metadata=tf.RunMetadata()), expected, strict=True):
                np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-5)


def test_several_derivatives_of_one_loop():
    """Each finds an array of gradients of its own beside that of an iteration."""
    x, w = rows(3, 4, 2), rows(2)
    y = tf.map_fn(lambda row: tf.map_fn(lambda v: tf.tanh(v) * w, row), x)
    check([y, *tf.gradients(y, x), *tf.gradients(y[0] * y[1], [x, w]), *tf.gradients(y[2, 1], w)])


# ---------------------------------------------------------------- second derivatives

def recurrent(x, w, steps):
    source = tf.TensorArray(tf.float32, tf.shape(x)[0], clear_after_read=False).unstack(x)
    target = tf.TensorArray(tf.float32, 0, dynamic_size=True)

    def body(i, s, target):
        s = tf.tanh(s * w + source.read(i) * source.read(0))
        return i + 1, s, target.write(i, s)

    return tf.while_loop(lambda i, *_: i < steps, body, [0, tf.ones([2]), target])[2].stack()


def test_second_derivatives_of_arrays_that_loops_are_given():
    """Each iteration records the handle of one array of gradients, under several names."""
    x, w, steps = tf.placeholder(tf.float32, [None, 2]), rows(2), tf.placeholder(tf.int32, [])
    y = recurrent(x, w, steps)
    first = tf.gradients(y, [x, w])
    values = np.random.RandomState(0).randn(40, 2)
    second = tf.gradients(tf.reduce_sum(first[0] ** 2) + tf.reduce_sum(first[1] ** 2), [x, w])
    for length, count in ((5, 5), (40, 40), (3, 1), (5, 4)):
        check([y, *first, *second], {x: values[:length], steps: count}, tolerance=1e-4)


@pytest.mark.parametrize("size", [0, 2])
def test_second_derivatives_where_nothing_is_stacked(size):
    x, w = rows(3, 2), rows(2)
    y = tf.map_fn(lambda row: row * w + tf.reduce_sum(tf.map_fn(lambda _: tf.sin(w), tf.zeros([size])), 0), x)
    fetches = with_gradients([y], [x, w])
    with in_reference():
        expected, _ = outcomes(fetches)
    found, _ = outcomes(fetches)
    for one, other in zip(found, expected, strict=True):
        assert isinstance(one, tuple) == isinstance(other, tuple) == (size == 0)
        if isinstance(one, tuple):
            assert one == other and one[0] is tf.errors.UnimplementedError
            continue
        for a, b in zip(one, other, strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-4)


def test_second_derivatives_of_arrays_of_one_iteration():
    x, w = rows(3, 2, 2), rows(2)

    def energy(row):
        array = tf.TensorArray(tf.float32, 2, clear_after_read=False).unstack(tf.sin(row * w))
        return array.read(0) * array.read(1) + tf.cos(array.read(0)) * row[1]

    y = tf.map_fn(energy, x)
    check([y, *with_gradients([y], [x, w])], tolerance=1e-4)
    either = tf.map_fn(lambda row: tf.cond(row[0, 0] > 0, lambda: energy(row), lambda: energy(-row) * w), x)
    check([either, *with_gradients([either], [x, w])], tolerance=1e-4)


def test_second_derivatives_of_maps_and_scans_within_each_other():
    """Bodies within have an array: they record handles of the same arrays of gradients on tapes of their own."""
    x, w = rows(3, 4, 2), rows(2)
    mapped = tf.map_fn(lambda row: tf.map_fn(lambda v: tf.tanh(v) * w, row) * row, x)
    check([mapped, *with_gradients([mapped], [x, w])], tolerance=1e-4)
    scanned = tf.map_fn(lambda row: tf.scan(lambda a, v: tf.sin(a * w + v), row)[-1], x)
    check([scanned, *with_gradients([scanned], [x, w])], tolerance=1e-4)


def test_second_derivatives_of_arrays_of_the_plan():
    """Python finds arrays of gradients of gradients beside these, also for what branches record."""
    x, w = rows(2), rows(2)
    array = tf.TensorArray(tf.float32, 2, clear_after_read=False).unstack(tf.stack([x, tf.sin(x * w)]))
    either = tf.cond(w[0] > -10.0, lambda: array.read(0) + array.read(1), lambda: array.read(0))
    check_values(with_gradients([either * either], [x, w]))
    both, = looped(lambda i, s: (tf.tanh(s * array.read(0)) + array.read(1) * w,), x, trips=3)
    check_values(with_gradients([both], [x, w]))


@pytest.mark.parametrize("refused", ["", "IfGrad", "WhileGrad"])
def test_second_derivatives_where_python_runs_some_bodies(refused, monkeypatch):
    """All who have an array find the same array of gradients beside it."""
    w, deep = rows(2), rows(2)

    def step(i, s):
        array = tf.TensorArray(tf.float32, 2, clear_after_read=False).unstack(tf.stack([s, tf.sin(s * w)]))
        inner, = looped(lambda j, t: (tf.tanh(t + array.read(0) * array.read(1)) + tf.cond(
            j > 0, lambda: array.read(0) * deep, lambda: t),), s * array.read(1), trips=2)
        return (tf.cond(i > 1, lambda: inner + array.read(0) * array.read(0), lambda: inner),)

    y = looped(step, w * 0.5, trips=4)
    fetches = [*y, *with_gradients(y, [w, deep])]
    for kind in (inner_loops, branches):
        monkeypatch.setattr(kind, "is_candidate", lambda spec, node, asked=kind.is_candidate: (
            node.type != refused and asked(spec, node)))
    check_values(fetches)


def check_values(fetches):
    """Compares with the reference executor, whatever runs natively; what came out."""
    with mock.patch.dict(os.environ, {"GRAPHFLOW_EXECUTOR": "reference"}), tf.Session() as sess:
        expected = sess.run(fetches)
    with tf.Session() as sess:
        for _ in range(3):
            found = sess.run(fetches)
            for a, b in zip(found, expected, strict=True):
                np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-4)
    return found


def test_second_derivatives_of_a_branch_that_records_handles_alone():
    """Its gradient is native, makes an array, and passes it on in a body that Python runs."""
    x, choice = rows(3, 2), tf.placeholder_with_default(True, [])

    def branch():
        y = tf.cond(choice, lambda: tf.foldl(tf.add, x, tf.zeros([2])), lambda: x[0])
        return y * tf.cast(tf.size(tf.boolean_mask(y, tf.greater(y, 0.0))), tf.float32)

    first = tf.gradients(tf.cond(choice, branch, lambda: x[1]), x)[0]
    second = tf.gradients(tf.sin(first), x)[0]
    with in_reference(), tf.Session() as sess:
        expected = sess.run([first, second])
    with tf.Session() as sess:
        np.testing.assert_allclose(sess.run([first, second]), expected, 1e-6)


def test_one_iteration_has_one_handle():
    made = []

    def make():
        made.append(object())
        return made[-1]

    column = tapes.Handles(make, 1)
    tape = tapes.boxed({("inner", "handle"): column, (tapes.COUNT,): np.array(3)}).item()
    first, again = (tapes.recorded(tape, 1, "inner", False).item() for _ in range(2))
    assert first.columns["handle"] is again.columns["handle"]
    assert tapes.recorded(first, None, "handle", False) is tapes.recorded(again, None, "handle", False) is made[0]
    other = tapes.recorded(tape, 2, "inner", False).item()
    assert tapes.recorded(other, None, "handle", False) is made[1] and len(made) == 2


def test_a_reader_of_elements_finds_them(monkeypatch):
    """A gradient that reads the forward array itself, which none of ours does, gets its elements: not a stand-in."""

    def _reads(op, flow):
        value = tf.raw_ops.TensorArrayReadV3(handle=op.inputs[0], index=op.inputs[1], flow_in=op.outputs[0],
                                             dtype=tf.float32)
        return [None, None, value * 2.0, flow]

    monkeypatch.setitem(op_def._GRADIENTS, "ReadsItsArray", _reads)
    x = rows(2)

    def body(i, s):
        array = tf.TensorArray(tf.float32, 1, element_shape=[2], clear_after_read=False)
        with tf.get_default_graph().gradient_override_map({"TensorArrayWriteV3": "ReadsItsArray"}):
            array = array.write(0, tf.sin(s) + tf.cast(i, tf.float32))
        return (s + array.read(0),)

    y = looped(body, x, trips=4)
    check([*y, *tf.gradients(y, x)], native=False)
