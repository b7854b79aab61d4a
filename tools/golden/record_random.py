#!/usr/bin/env python3
"""Records TensorFlow's seeded random numbers in tests/golden/random.npz.

Runs in an environment with TensorFlow 2.x (tensorflow.compat.v1), on one thread. For every case
it stores two consecutive runs of one op in one session; long results as SHA-256 of their bytes.
"""

import hashlib
import os
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
import numpy as np
import tensorflow.compat.v1 as tf

tf.disable_v2_behavior()
TARGET = Path(__file__).resolve().parents[2] / "tests" / "golden" / "random.npz"
SHAPES = [(1,), (3,), (4,), (5,), (7, 11), (1000,), (100003,)]
STORED = 1000                     # results of more elements are stored as a digest
golden = {}


def storable(value):
    if value.dtype == tf.bfloat16.as_numpy_dtype:
        value = value.view(np.uint16)
    if value.size <= STORED:
        return value
    return np.array(hashlib.sha256(np.ascontiguousarray(value).tobytes()).hexdigest())


def record(key, build, graph_seed=None):
    config = tf.ConfigProto(intra_op_parallelism_threads=1, inter_op_parallelism_threads=1)
    with tf.Graph().as_default():
        if graph_seed is not None:
            tf.set_random_seed(graph_seed)
        tensor = build()
        with tf.Session(config=config) as session:
            for run in range(2):
                golden[f"{key}/{run}"] = storable(session.run(tensor))


def record_op(key, op, **arguments):
    """One op with NumPy arguments; the seeds are the tests' unless given."""
    arguments = {"seed": 12, "seed2": 34567, **arguments}
    record(key, lambda: getattr(tf.raw_ops, op)(**arguments))


def label(shape):
    return "x".join(map(str, shape))


def record_fixed_layout():
    for shape in SHAPES:
        for op in ("RandomUniform", "RandomStandardNormal", "TruncatedNormal"):
            for dtype in ("float16", "bfloat16", "float32", "float64"):
                record_op(f"{op}/{dtype}/{label(shape)}", op, shape=list(shape), dtype=dtype)
        for dtype, low, high in (("int32", -5, 1000), ("int32", -2**31, 2**31 - 1),
                                 ("int64", -5, 1000), ("int64", -2**62, 2**63 - 1)):
            record_op(f"RandomUniformInt/{dtype}/{low}/{high}/{label(shape)}", "RandomUniformInt",
                      shape=list(shape), minval=np.array(low, dtype), maxval=np.array(high, dtype))
        rows = np.arange(np.prod(shape), dtype=np.int32).reshape(shape)
        record_op(f"RandomShuffle/{label(shape)}", "RandomShuffle", value=rows)


def record_rejection():
    for shape in ((1,), (5,), (3, 4), (60,)):
        for dtype in ("float16", "float32", "float64"):
            record_op(f"RandomGamma/{dtype}/{label(shape)}", "RandomGamma", shape=list(shape),
                      alpha=np.array([0.5, 1, 2.5, 30], dtype))
        for dtype in ("float16", "float32", "float64", "int32", "int64"):
            record_op(f"RandomPoissonV2/{dtype}/{label(shape)}", "RandomPoissonV2",
                      shape=list(shape), rate=np.array([0.5, 3, 9.5, 11, 200], np.float32),
                      dtype=dtype)
    random = np.random.RandomState(0)
    for batch, classes, count in ((1, 3, 5), (4, 7, 6), (3, 5, 300), (64, 10, 3)):
        key = f"Multinomial/{batch}x{classes}x{count}"
        golden["logits/" + key] = random.randn(batch, classes).astype(np.float32)
        record_op(key, "Multinomial", logits=golden["logits/" + key], num_samples=count)
    alpha = np.exp(random.uniform(-4, 7, 200))
    sample = random.gamma(alpha) + 1e-300
    golden["RandomGammaGrad/alpha"], golden["RandomGammaGrad/sample"] = alpha, sample
    record("RandomGammaGrad", lambda: tf.raw_ops.RandomGammaGrad(alpha=alpha, sample=sample))


def record_seed_rules():
    """Streams depend on nothing but the two seeds: zero, negative and large ones."""
    for seed, seed2 in ((0, 1), (1, 0), (-3, -7), (2**31 - 1, 2**40), (2**62 + 3, -2**63)):
        record_op(f"seeds/{seed}/{seed2}", "RandomUniform", shape=[9], dtype="float32", seed=seed,
                  seed2=seed2)


def record_wrappers():
    wrappers = {
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
    for name, build in wrappers.items():
        record(f"wrapper/{name}", build)
        record(f"wrapper/{name}/graph_seed", build, graph_seed=1234)


if __name__ == "__main__":
    record_fixed_layout()
    record_rejection()
    record_seed_rules()
    record_wrappers()
    np.savez_compressed(TARGET, **golden)
    print(f"{len(golden)} results, {TARGET.stat().st_size // 1024} KiB")
