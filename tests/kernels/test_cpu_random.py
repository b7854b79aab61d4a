"""The cpu tier's random numbers: the reference kernels' bits, from the same streams."""

import numpy as np
import pytest

import graphflow as tf
from graphflow.framework import dtypes
from graphflow.framework.kernel_loader import kernels
from graphflow.runtime import resources
from tests.kernels.native_harness import registry, tape


def _context(op, shape, dtype, manager, seeds):
    attrs = {"seed": seeds[0], "seed2": seeds[1], "dtype": dtypes.as_dtype(dtype), "T": dtypes.int32}
    return attrs, registry.KernelContext(op, op, attrs, [dtypes.int32], [attrs["dtype"]], [(len(shape),)], [shape],
                                         resources=manager)


def _native(op, shape, dtype, manager, seeds):
    attrs, context = _context(op, shape, dtype, manager, seeds)
    bound = registry.cpu.find(op, "random", attrs)(context)
    out = np.empty(shape, dtype)
    block = tape.make_block(bound.words, [0], [out.ctypes.data])
    bound.before_run(memoryview(block))
    assert tape.Tape([(bound.function.address, block)]).run() == -1
    return out


def _reference(op, shape, dtype, manager, seeds):
    attrs, context = _context(op, shape, dtype, manager, seeds)
    return registry.reference.find(op, "random", attrs)(context)(np.array(shape, np.int32))


@pytest.mark.parametrize("op, dtype", [("RandomUniform", "float32"), ("RandomUniform", "float64"),
                                       ("RandomStandardNormal", "float32"), ("TruncatedNormal", "float32")])
@pytest.mark.parametrize("shape", [(), (0,), (3,), (4, 5), (1001,), (50, 1024)])
def test_bits_and_streams(op, dtype, shape):
    ours, theirs = resources.ResourceManager(), resources.ResourceManager()
    for seeds in ((87654321, 7), (-3, 2 ** 62)):
        for first, second in ((_native, _reference), (_reference, _native), (_native, _native)):
            got = [draw(op, shape, dtype, ours, seeds) for draw in (first, second)]
            want = [_reference(op, shape, dtype, theirs, seeds) for _ in range(2)]
            np.testing.assert_array_equal(got, want)


@pytest.mark.parametrize("dtype", ["int32", "int64"])
@pytest.mark.parametrize("bounds", [(0, 1), (-7, 12), (-2 ** 31, 2 ** 31 - 1), (2 ** 31 - 2, 2 ** 31 - 1)], ids=str)
@pytest.mark.parametrize("shape", [(), (3,), (4, 5), (1001,)])
def test_integers(shape, bounds, dtype):
    bounds = [bound << 32 if dtype == "int64" else bound for bound in bounds]
    ours, theirs = resources.ResourceManager(), resources.ResourceManager()
    attrs = {"seed": 3, "seed2": 9, "Tout": dtypes.as_dtype(dtype), "T": dtypes.int32}
    kinds, arrays = [dtypes.int32, attrs["Tout"], attrs["Tout"]], [np.array(bound, dtype) for bound in bounds]
    native, reference = (registry.KernelContext(
        "RandomUniformInt", "x", attrs, kinds, [attrs["Tout"]], [(len(shape),), (), ()], [shape], resources=manager)
        for manager in (ours, theirs))
    bound = registry.cpu.find("RandomUniformInt", "random", attrs)(native)
    draw = registry.reference.find("RandomUniformInt", "random", attrs)(reference)
    for _ in range(2):
        out = np.full(shape, 77, dtype)
        block = tape.make_block(bound.words, [0, *(a.ctypes.data for a in arrays)], [out.ctypes.data])
        bound.before_run(memoryview(block))
        assert tape.Tape([(bound.function.address, block)]).run() == -1
        np.testing.assert_array_equal(out, draw(np.array(shape, np.int32), *arrays))


def test_no_integer_between_is_an_error(monkeypatch):
    monkeypatch.setenv("GRAPHFLOW_DETERMINISTIC", "1")
    low = tf.placeholder(tf.int32, [])
    drawn = tf.random_uniform([2], low, 5, tf.int32, name="drawn") + 1
    with tf.Session() as sess:
        assert set(sess.run(drawn, {low: 4})) == {5}
        with pytest.raises(tf.errors.InvalidArgumentError, match="Need minval < maxval, got 5 >= 5") as caught:
            sess.run(drawn, {low: 5})
        assert caught.value.op.name == "drawn"
        assert "random.uniform_int" in str(sess.explain(drawn, {low: 4}))


def test_carry_into_the_counters_upper_half():
    kernel_streams = kernels("streams")
    streams = []
    for _ in range(2):
        manager = resources.ResourceManager()
        stream = manager.get(("rng", "RandomUniform"), lambda: kernel_streams.Stream(5, 6))
        stream.reserve_blocks((1 << 64) - 3)
        streams.append(manager)
    np.testing.assert_array_equal(_native("RandomUniform", (40,), "float32", streams[0], (5, 6)),
                                  _reference("RandomUniform", (40,), "float32", streams[1], (5, 6)))


def test_runs_differ_and_sessions_agree():
    tf.set_random_seed(4)
    drawn = tf.random_uniform([6]) + 0.
    runs = []
    for _ in range(2):
        with tf.Session() as session:
            runs.append([session.run(drawn) for _ in range(2)])
    np.testing.assert_array_equal(runs[0], runs[1])
    assert (runs[0][0] != runs[0][1]).all()
