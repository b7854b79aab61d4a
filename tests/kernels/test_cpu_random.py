"""The cpu tier's random numbers: the reference kernels' bits, from the same streams."""

import numpy as np
import pytest

import graphflow as tf
from graphflow.framework import dtypes
from graphflow.framework.kernel_loader import kernels
from graphflow.runtime import resources
from tests.kernels.native_harness import aligned, registry, tape


def _context(op, shape, dtype, manager, seeds):
    attrs = {"seed": seeds[0], "seed2": seeds[1], "dtype": dtypes.as_dtype(dtype), "T": dtypes.int32}
    return attrs, registry.KernelContext(op, op, attrs, [dtypes.int32], [attrs["dtype"]], [(len(shape),)], [shape],
                                         resources=manager)


def _native(op, shape, dtype, manager, seeds):
    attrs, context = _context(op, shape, dtype, manager, seeds)
    bound = registry.cpu.find(op, "random", attrs)(context)
    out = np.empty(shape, dtype)
    block = tape.make_block(bound.words, [0], [out.ctypes.data])
    if bound.before_run is not None:
        bound.before_run(memoryview(block))
    assert tape.Tape([(bound.function.address, block)]).run() == -1
    return out


def _reference(op, shape, dtype, manager, seeds):
    attrs, context = _context(op, shape, dtype, manager, seeds)
    return registry.reference.find(op, "random", attrs)(context)(np.array(shape, np.int32))


def _compare(op, inputs, shape, dtype, attrs):
    """Two runs of the compiled kernel against two of the reference kernel, each in a session of its own; then whether
    the next number of the stream is the same."""
    ours, theirs = resources.ResourceManager(), resources.ResourceManager()
    attrs, kinds = {"seed": 3, "seed2": 9, **attrs}, [dtypes.as_dtype(array.dtype) for array in inputs]
    native, reference = (registry.KernelContext(op, op, attrs, kinds, [dtypes.as_dtype(dtype)],
                                                [array.shape for array in inputs], [shape], resources=manager)
                         for manager in (ours, theirs))
    bound = registry.cpu.find(op, "random", attrs)(native)
    draw = registry.reference.find(op, "random", attrs)(reference)
    scratch, owner = aligned(tape.scratch_bytes(bound.words))
    for _ in range(2):
        out = np.full(shape, 77, dtype)
        block = tape.make_block(bound.words, [array.ctypes.data for array in inputs], [out.ctypes.data], scratch)
        if bound.before_run is not None:
            bound.before_run(memoryview(block))
        assert tape.Tape([(bound.function.address, block)]).run() == -1
        np.testing.assert_array_equal(out, draw(*inputs))
    del owner
    streams = [kernels("streams").op_stream(context) for context in (native, reference)]
    assert streams[0].reserve_blocks(0) == streams[1].reserve_blocks(0)


@pytest.mark.parametrize("op, dtype", [("RandomUniform", "float32"), ("RandomUniform", "float64"),
                                       ("RandomStandardNormal", "float32"), ("RandomStandardNormal", "float64"),
                                       ("TruncatedNormal", "float32"), ("TruncatedNormal", "float64")])
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
    inputs = [np.array(shape, np.int32), *(np.array(bound, dtype) for bound in bounds)]
    _compare("RandomUniformInt", inputs, shape, dtype, {"Tout": dtypes.as_dtype(dtype), "T": dtypes.int32})


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


@pytest.mark.parametrize("index_type", ["int32", "int64"])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("rows, classes, draws", [(1, 1, 3), (3, 10, 1), (2, 7, 5), (40, 3, 2), (2, 1000, 33),
                                                  (0, 4, 2), (3, 4, 0)])
def test_classes(rows, classes, draws, dtype, index_type):
    logits = np.random.default_rng(0).normal(size=(rows, classes)).astype(dtype) * 3
    _compare("Multinomial", [logits, np.array(draws, np.int32)], (rows, draws), index_type,
             {"T": dtypes.as_dtype(dtype), "output_dtype": dtypes.as_dtype(index_type)})


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_classes_of_special_rows(dtype):
    """What is not finite is never drawn; of a row of nothing else comes the number of classes."""
    most = np.finfo(dtype).max
    rows = [[-np.inf, 0, np.inf, np.nan], [-np.nan, -np.inf, np.nan, np.inf], [0., -0., -3e-42, 1e-40],
            [most, -most, most, 0], [-most, -most, -np.inf, -np.nan], [-1e4, -1e4 - 1, -np.inf, -1e4 + 1]]
    _compare("Multinomial", [np.array(rows, dtype), np.array(50, np.int32)], (len(rows), 50), "int64",
             {"T": dtypes.as_dtype(dtype), "output_dtype": dtypes.int64})


@pytest.mark.parametrize("dtype", ["bool", "float32", "complex64", "complex128"])
@pytest.mark.parametrize("shape", [(2,), (5,), (6, 3), (1001,), (33, 2, 2), (1, 4), (4, 0), (0, 3), ()])
def test_shuffles(shape, dtype):
    x = np.arange(np.prod(shape, dtype=int)).reshape(shape).astype(dtype)
    _compare("RandomShuffle", [x], shape, dtype, {"T": dtypes.as_dtype(dtype)})


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("shape", [(), (1,), (300, 2), (0,)])
def test_gammas(shape, dtype):
    alphas = np.array([0.0, 0.2, 0.999, 1.0, 1.5, 30.0, 1e4, -1.0, np.nan], dtype)
    _compare("RandomGamma", [np.array(shape, np.int32), alphas], (*shape, 9), dtype,
             {"T": dtypes.as_dtype(dtype), "S": dtypes.int32})


@pytest.mark.parametrize("dtype", ["float32", "float64", "int32", "int64"])
@pytest.mark.parametrize("rate_type", ["float32", "float64", "int32"])
def test_poisson_numbers(rate_type, dtype):
    rates = [0, 1, 9, 10, 11, 200, 123456, 2**31 - 1, -3] if rate_type == "int32" else [
        0.0, 0.1, 9.99, 10.0, 77.7, 1e7, 2e9, np.nan, -2.0, np.inf]
    _compare("RandomPoissonV2", [np.array([200], np.int32), np.array(rates, rate_type)], (200, len(rates)), dtype,
             {"R": dtypes.as_dtype(rate_type), "dtype": dtypes.as_dtype(dtype), "S": dtypes.int32})


def test_rates_of_which_no_number_fits(monkeypatch):
    """TensorFlow draws for ever."""
    monkeypatch.setenv("GRAPHFLOW_DETERMINISTIC", "1")
    rate = tf.placeholder(tf.float32, [])
    drawn = tf.random.poisson(rate, [3], tf.int32)
    with tf.Session() as sess:
        assert (sess.run(drawn, {rate: 2e9}) > 1.9e9).all()
        with pytest.raises(tf.errors.InvalidArgumentError, match="rate 3e.09 is too large: the largest"):
            sess.run(drawn, {rate: 3e9})
        assert "random_rejection.poisson" in str(sess.explain(drawn, {rate: 1.0}))


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
