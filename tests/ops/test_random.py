"""Random ops against TensorFlow's recorded numbers: equal seeds, equal bits.

Where the bits are the C library's (float64 log, sin, cos, pow), equality holds wherever the C
library rounds as the recording machine's glibc does; elsewhere a few ulp are allowed.
"""

import hashlib
import platform
import threading
from pathlib import Path

import numpy as np
import pytest

import graphflow as tf
from graphflow.framework import errors
from graphflow.framework.kernel_loader import kernels

GOLDEN = np.load(Path(__file__).parents[1] / "golden" / "random.npz", allow_pickle=False)
SEEDS = {"seed": 12, "seed2": 34567}
GLIBC = platform.libc_ver()[0] == "glibc"

philox = kernels("reference.philox")


class Resources(dict):
    """The part of a session's resources that random kernels use."""

    def get(self, key, factory):
        return self.setdefault(key, factory())


def dtype_of(name):
    if name == "bfloat16":
        import ml_dtypes

        return np.dtype(ml_dtypes.bfloat16)
    return np.dtype(name)


def kernel(op_type, inputs, dtype, resources=None, name="op", **attrs):
    registry = kernels("registry")
    attrs = {**SEEDS, **attrs}
    ctx = registry.KernelContext(op_type, name, attrs, [tf.as_dtype(x.dtype) for x in inputs],
                                 [tf.as_dtype(dtype)],
                                 resources=Resources() if resources is None else resources)
    return registry.reference.find(op_type, "random", attrs)(ctx)


def two_runs(op_type, inputs, dtype, **attrs):
    inputs = [np.asarray(x) for x in inputs]
    run = kernel(op_type, inputs, dtype, **attrs)
    return [run(*inputs) for _ in range(2)]


def check(key, runs, exact=True, rtol=1e-14):
    for i, value in enumerate(runs):
        expected = GOLDEN[f"{key}/{i}"]
        if value.dtype.name == "bfloat16":
            value = value.view(np.uint16)
        if expected.dtype.kind == "U":
            if exact:
                digest = hashlib.sha256(np.ascontiguousarray(value).tobytes()).hexdigest()
                assert digest == str(expected)
        elif exact:
            assert value.dtype == expected.dtype
            np.testing.assert_array_equal(value, expected)
        else:
            np.testing.assert_allclose(value, expected, rtol=rtol)


def cases(*ops):
    keys = {key.rpartition("/")[0] for key in GOLDEN.files if key.split("/")[0] in ops}
    return sorted(keys)


def dims(text):
    return np.array([int(d) for d in text.split("x")], np.int32)


@pytest.mark.parametrize("key", cases("RandomUniform", "RandomStandardNormal", "TruncatedNormal"))
def test_real_distributions(key):
    op, dtype, shape = key.split("/")
    dtype = dtype_of(dtype)
    exact = op == "RandomUniform" or dtype != np.float64 or GLIBC
    check(key, two_runs(op, [dims(shape)], dtype), exact)


@pytest.mark.parametrize("key", cases("RandomUniformInt"))
def test_integers(key):
    _, dtype, low, high, shape = key.split("/")
    bounds = [np.array(int(bound), dtype) for bound in (low, high)]
    check(key, two_runs("RandomUniformInt", [dims(shape), *bounds], np.dtype(dtype)))


@pytest.mark.parametrize("key", cases("RandomShuffle"))
def test_shuffle(key):
    shape = dims(key.split("/")[1])
    value = np.arange(np.prod(shape), dtype=np.int32).reshape(shape)
    check(key, two_runs("RandomShuffle", [value], np.int32))


@pytest.mark.parametrize("key", cases("RandomGamma"))
def test_gamma(key):
    _, dtype, shape = key.split("/")
    alpha = np.array([0.5, 1, 2.5, 30], dtype)
    check(key, two_runs("RandomGamma", [dims(shape), alpha], np.dtype(dtype)), GLIBC)


@pytest.mark.parametrize("key", cases("RandomPoissonV2"))
def test_poisson(key):
    _, dtype, shape = key.split("/")
    rate = np.array([0.5, 3, 9.5, 11, 200], np.float32)
    check(key, two_runs("RandomPoissonV2", [dims(shape), rate], np.dtype(dtype)))


@pytest.mark.parametrize("key", cases("Multinomial"))
def test_multinomial(key):
    count = np.array(int(key.split("x")[-1]), np.int32)
    check(key, two_runs("Multinomial", [GOLDEN["logits/" + key], count], np.int64))


def test_gamma_sample_gradient():
    inputs = [GOLDEN["RandomGammaGrad/alpha"], GOLDEN["RandomGammaGrad/sample"]]
    value = kernel("RandomGammaGrad", inputs, np.float64)(*inputs)
    np.testing.assert_allclose(value, GOLDEN["RandomGammaGrad/0"], rtol=1e-11)


@pytest.mark.parametrize("key", cases("seeds"))
def test_seeds_of_every_kind(key):
    seed, seed2 = map(int, key.split("/")[1:])
    runs = two_runs("RandomUniform", [dims("9")], np.float32, seed=seed, seed2=seed2)
    check(key, runs)


# ---------------------------------------------------------------- the stream

def test_philox_known_answers():
    """The published test vectors of Philox4x32-10."""
    ones = 0xFFFFFFFF
    for counter, key, expected in (
        (0, 0, (0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8)),
        (ones | ones << 32 | ones << 64 | ones << 96, ones | ones << 32,
         (0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD)),
        (0x243F6A88 | 0x85A308D3 << 32 | 0x13198A2E << 64 | 0x03707344 << 96,
         0xA4093822 | 0x299F31D0 << 32, (0xD16CFE09, 0x94FDCCEB, 0x5001E420, 0x24126EA1)),
    ):
        assert tuple(philox.words_at(philox.Position(key, counter), 4)) == expected


def test_counter_carries_into_its_upper_half():
    start = philox.Position(5, (7 << 64) - 2)
    words = philox.words_at(start, 16).reshape(4, 4)
    for block in range(4):
        np.testing.assert_array_equal(words[block], philox.words_at(start.skip(block), 4))


def test_few_blocks_are_the_first_of_many():
    """Few are made another way."""
    for counter in ((1 << 128) - 2, (3 << 96) - 1, (5 << 32) - 1):
        start = philox.Position((9 << 32) - 1, counter)
        for count in (1, 2, 3):
            np.testing.assert_array_equal(philox.words_at(start, 4 * count), philox.words_at(start, 80)[:4 * count])
    assert philox.blocks_at(start, np.zeros(0, np.uint64)).shape == (0, 4)


@pytest.mark.skipif(not GLIBC, reason="compares with glibc")
def test_single_precision_functions_are_glibcs():
    import ctypes

    libm = ctypes.CDLL("libm.so.6")
    single_math = kernels("reference.single_math")
    steps = np.random.RandomState(0).randint(1, 1 << 23, 3000)
    x = (steps / 2**23).astype(np.float32)
    angle = (steps * (2 * np.pi / 2**23)).astype(np.float32)
    results = (single_math.log(x), *single_math.sincos(angle))
    names, arguments = ("logf", "sinf", "cosf"), (x, angle, angle)
    for name, argument, result in zip(names, arguments, results, strict=True):
        function = getattr(libm, name)
        function.restype, function.argtypes = ctypes.c_float, [ctypes.c_float]
        np.testing.assert_array_equal(result, np.array([function(v) for v in argument], np.float32))


def test_concurrent_runs_never_share_numbers():
    resources, shape, drawn = Resources(), np.array([64], np.int32), []
    runs = [kernel("RandomUniform", [shape], np.float32, resources) for _ in range(4)]
    threads = [threading.Thread(target=lambda run=run: drawn.extend(run(shape) for _ in range(20)))
               for run in runs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    serial = kernel("RandomUniform", [shape], np.float32)
    expected = {serial(shape).tobytes() for _ in range(80)}
    assert {value.tobytes() for value in drawn} == expected


def test_unseeded_streams_differ():
    shape = np.array([4], np.int32)
    drawn = {kernel("RandomUniform", [shape], np.float64, seed=0, seed2=0)(shape).tobytes()
             for _ in range(5)}
    assert len(drawn) == 5


# ---------------------------------------------------------------- moments and ranges

def unseeded(op_type, inputs, dtype):
    inputs = [np.asarray(x) for x in inputs]
    return kernel(op_type, inputs, dtype, seed=0, seed2=0)(*inputs).astype(np.float64)


MANY = np.array([200_000], np.int32)


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32", "float64"])
def test_moments(dtype):
    # Bounds are seven standard errors, plus the grid of the small types.
    dtype = dtype_of(dtype)
    grid = 2.0**-7 if dtype.itemsize == 2 else 0.0
    uniform = unseeded("RandomUniform", [MANY], dtype)
    assert 0 <= uniform.min() and uniform.max() < 1
    assert abs(uniform.mean() - 0.5) < 0.005 + grid
    normal = unseeded("RandomStandardNormal", [MANY], dtype)
    assert abs(normal.mean()) < 0.016 and abs(normal.var() - 1) < 0.023
    truncated = unseeded("TruncatedNormal", [MANY], dtype)
    assert np.abs(truncated).max() <= 2 and abs(truncated.var() - 0.7737) < 0.02


def test_moments_of_parametrised_distributions():
    count = np.array([20_000], np.int32)
    alpha = np.array([0.3, 1.0, 5.0])
    gamma = unseeded("RandomGamma", [count, alpha], np.float64)
    np.testing.assert_allclose(gamma.mean(0), alpha, atol=0.13)
    rate = np.array([0.4, 7.0, 40.0])
    poisson = unseeded("RandomPoissonV2", [count, rate], np.float64)
    np.testing.assert_allclose(poisson.mean(0), rate, atol=0.35)
    np.testing.assert_allclose(poisson.var(0), rate, rtol=0.1)
    logits = np.log([[0.1, 0.6, 0.3]])
    classes = unseeded("Multinomial", [logits, np.array(20_000, np.int32)], np.int64)
    frequencies = np.bincount(classes.ravel().astype(int)) / 20_000
    np.testing.assert_allclose(frequencies, [0.1, 0.6, 0.3], atol=0.03)


def test_integers_cover_their_range():
    drawn = unseeded("RandomUniformInt", [MANY, np.int32(-3), np.int32(4)], np.int32)
    assert set(drawn) == set(range(-3, 4))


# ---------------------------------------------------------------- errors

@pytest.mark.parametrize("op, inputs, message", [
    ("RandomUniform", [[2, -1]], "Dimension -1 must be >= 0"),
    ("RandomUniform", [3], "shape must be a vector"),
    ("RandomUniformInt", [[2], 5, 5], "Need minval < maxval, got 5 >= 5"),
    ("RandomUniformInt", [[2], [1], 5], "minval must be 0-D"),
    ("Multinomial", [[1.0, 2.0], 3], "logits should be a matrix"),
    ("Multinomial", [[[1.0, 2.0]], -1], "num_samples should be nonnegative, got -1"),
    ("Multinomial", [np.zeros((2, 0)), 1], "num_classes should be positive, got 0"),
])
def test_bad_inputs(op, inputs, message):
    inputs = [np.array(x) for x in inputs]
    with pytest.raises(errors.InvalidArgumentError, match=message):
        kernel(op, inputs, np.float32 if op == "RandomUniform" else np.int32)(*inputs)


def test_empty_results_draw_nothing():
    empty, one = np.array([0, 3], np.int32), np.array([1], np.int32)
    run = kernel("RandomUniform", [empty], np.float32)
    assert run(empty).shape == (0, 3)
    np.testing.assert_array_equal(run(one), kernel("RandomUniform", [one], np.float32)(one))
    run = kernel("RandomUniformInt", [empty, np.int32(5), np.int32(5)], np.int32)
    assert run(empty, np.array(5), np.array(5)).shape == (0, 3)


def test_invalid_rates_give_nan():
    shape, rate = np.array([2], np.int32), np.array([-1.0, np.inf, np.nan, 0.0])
    drawn = kernel("RandomPoissonV2", [shape, rate], np.float64)(shape, rate)
    np.testing.assert_array_equal(np.isnan(drawn), [[True, True, True, False]] * 2)


def test_edges_of_gamma():
    shape, alpha = np.array([2], np.int32), np.array([-0.5, np.nan, 0.0, 1e-310])
    drawn = kernel("RandomGamma", [shape, alpha], np.float64)(shape, alpha)
    np.testing.assert_array_equal(drawn, [[np.nan, np.nan, 0.0, 0.0]] * 2)


# ---------------------------------------------------------------- graphs and sessions

def ops_made(build):
    with tf.Graph().as_default() as graph:
        build()
    return [(op.name, op.type) for op in graph.get_operations()]


def test_ops_and_names_are_tensorflow_1_15s():
    assert ops_made(lambda: tf.random_uniform([2])) == [
        ("random_uniform/shape", "Const"), ("random_uniform/min", "Const"),
        ("random_uniform/max", "Const"), ("random_uniform/RandomUniform", "RandomUniform"),
        ("random_uniform/sub", "Sub"), ("random_uniform/mul", "Mul"), ("random_uniform", "Add")]
    assert ops_made(lambda: tf.random_normal([2], name="n")) == [
        ("n/shape", "Const"), ("n/mean", "Const"), ("n/stddev", "Const"),
        ("n/RandomStandardNormal", "RandomStandardNormal"), ("n/mul", "Mul"), ("n", "Add")]
    assert ops_made(lambda: tf.random_uniform([2], 0, 9, tf.int32))[-1] == (
        "random_uniform", "RandomUniformInt")
    assert ops_made(lambda: tf.random_poisson(2.0, [3])) == [
        ("random_poisson/shape", "Const"),
        ("random_poisson/RandomPoissonV2/rate", "Const"),
        ("random_poisson/RandomPoissonV2", "RandomPoissonV2")]


def test_seed_rule():
    with tf.Graph().as_default():
        assert tf.get_seed(None) == (None, None)
        assert tf.get_seed(3) == (87654321, 3)
        tf.set_random_seed(0)
        assert tf.get_seed(0) == (0, 2**31 - 1)
        assert tf.get_seed(None) == (0, 2**31 - 1)
        tf.constant(1)
        assert tf.get_seed(None) == (0, 1)
        tf.set_random_seed(2**31 + 5)
        assert tf.get_seed(-1) == (6, 2**31 - 2)


def test_static_shapes():
    with tf.Graph().as_default():
        assert tf.random_gamma([2, 3], [0.5, 1.0]).shape.as_list() == [2, 3, 2]
        assert tf.random_poisson([[1.0]], [4]).shape.as_list() == [4, 1, 1]
        assert tf.multinomial(tf.zeros([3, 9]), 5).shape.as_list() == [3, 5]
        assert tf.random_normal([]).shape.as_list() == []
        assert tf.random_uniform(tf.TensorShape([2, 4])).shape.as_list() == [2, 4]


WRAPPERS = {
    "random_uniform": lambda: tf.random_uniform([5], -2.0, 3.0, seed=5),
    "random_uniform_int": lambda: tf.random_uniform([5], 3, 90, tf.int64, seed=5),
    "random_normal": lambda: tf.random_normal([5], 1.5, 0.1, seed=5),
    "truncated_normal": lambda: tf.truncated_normal([5], stddev=0.1, seed=5),
    "random_shuffle": lambda: tf.random_shuffle(tf.range(9), seed=5),
    "random_crop": lambda: tf.random_crop(tf.reshape(tf.range(42), [6, 7]), [2, 3], seed=5),
    "multinomial": lambda: tf.multinomial(tf.zeros([2, 9]), 6, seed=5),
    "random_gamma": lambda: tf.random_gamma([3], [0.5, 2.0], 3.0, seed=5),
    "random_poisson": lambda: tf.random_poisson([2.0, 30.0], [4], seed=5),
}


@pytest.mark.parametrize("suffix", ["", "/graph_seed"])
@pytest.mark.parametrize("name", WRAPPERS)
def test_seeded_runs_are_tensorflows(name, suffix):
    with tf.Graph().as_default():
        if suffix:
            tf.set_random_seed(1234)
        tensor = WRAPPERS[name]()
        for _ in range(2):                     # a new session starts the stream again
            with tf.Session() as session:
                # TensorFlow's optimizer multiplies by 1 / beta where the graph divides by beta.
                check(f"wrapper/{name}{suffix}", [session.run(tensor) for _ in range(2)],
                      exact=name != "random_gamma", rtol=2e-7)


def test_gamma_gradient_reaches_alpha():
    with tf.Graph().as_default():
        alpha = tf.constant([0.5, 2.0])
        gradient, = tf.gradients(tf.random_gamma([50], alpha, seed=3), [alpha])
        with tf.Session() as session:
            # The mean of a gamma variable is alpha: one per sample, on average.
            np.testing.assert_allclose(session.run(gradient) / 50, [1.0, 1.0], atol=0.6)


def test_shuffle_has_no_gradient():
    with tf.Graph().as_default():
        x = tf.constant([1.0, 2.0])
        with pytest.raises(LookupError, match="No gradient defined"):
            tf.gradients(tf.random_shuffle(x), [x])
