#!/usr/bin/env python3
"""Shows that each compiler pass pays: time and memory of a small program with all passes, and without that one.

Usage: python tools/bench/passes.py [part of a pass's name]

All others need the shapes that `fold` finds. `mark_dead` is measured on the reference executor, which knows no
other pass.
"""

import os
import pathlib
import sys
import time

import numpy as np

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2]))

import graphflow as tf  # noqa: E402
from graphflow.compiler import pipeline  # noqa: E402


def _fed(*shape):
    return tf.placeholder(tf.float32, shape), np.random.default_rng(0).normal(size=shape).astype(np.float32)


def _layers(count, width, resource=False, batch=64):
    """A training step of dense layers."""
    x, values = _fed(batch, width)
    h = x
    for _ in range(count):
        w = tf.Variable(np.eye(width, dtype=np.float32), use_resource=resource, dtype=tf.float32)
        h = tf.nn.relu(tf.matmul(h, w))
    return tf.train.GradientDescentOptimizer(1e-6).minimize(tf.reduce_mean(tf.square(h))), {x: values}


def _on(function, *shape):
    x, values = _fed(*shape)
    return tf.reduce_sum(function(x)), {x: values}


def _embeddings():
    """A training step over 64 rows of a large table, some of them twice."""
    rows = tf.placeholder(tf.int32, [64])
    table = tf.Variable(np.ones((10_000, 64), np.float32))
    loss = tf.reduce_sum(tf.square(tf.gather(table, rows)))
    return tf.train.AdagradOptimizer(1e-6).minimize(loss), {rows: np.arange(64) % 50}


def _often_used(count, width, batch=64):
    """Gradients of a weight used `count` times, of whose products only a part of the columns is read."""
    x, values = _fed(batch, width)
    h, w = x, tf.Variable(np.eye(2 * width, width, dtype=np.float32))
    for _ in range(count):
        h = tf.tanh(tf.matmul(tf.concat([x, h], 1), w))
    return tf.gradients(tf.reduce_sum(h), [w])[0], {x: values}


def _sampled():
    """A training step of two lists of rows looked up together and sliced apart, as `nce_loss` does."""
    rows, others = tf.placeholder(tf.int32, [256]), tf.placeholder(tf.int32, [256])
    table = tf.Variable(np.ones((10_000, 256), np.float32))
    both = tf.gather(table, tf.concat([rows, others], 0))
    loss = tf.reduce_sum(tf.slice(both, [0, 0], [256, -1]) * tf.tanh(tf.slice(both, [256, 0], [256, -1])))
    return tf.train.GradientDescentOptimizer(1e-6).minimize(loss), {rows: np.arange(256), others: np.arange(256)}


def _images():
    """A training step of two convolutions with channels first."""
    x, values = _fed(16, 3, 32, 32)
    h = x
    for count in (16, 32):
        h = tf.layers.conv2d(h, count, 3, padding="same", data_format="channels_first")
        h = tf.nn.relu(tf.layers.batch_normalization(h, axis=1, training=True, fused=True))
    return tf.train.GradientDescentOptimizer(1e-6).minimize(tf.reduce_mean(tf.square(h))), {x: values}


def _loop():
    """A loop over products of its parameters."""
    w, weights = _fed(64, 64)
    z, values = _fed(4, 64)

    def step(i, h):
        return i + 1, tf.tanh(h + tf.matmul(z, tf.matmul(w, tf.exp(w * 1e-3))))

    return tf.while_loop(lambda i, _: i < 100, step, [0, z])[1], {w: weights, z: values}


def _lookups():
    """A training step of a loop that looks up rows of a table."""
    rows = tf.placeholder(tf.int32, [50, 32])
    table = tf.Variable(np.ones((1000, 64), np.float32))

    def step(i, h):
        return i + 1, tf.tanh(h * 0.5 + tf.gather(table, rows[i]))

    _, h = tf.while_loop(lambda i, _: i < 50, step, [0, tf.zeros([32, 64])])
    return tf.train.GradientDescentOptimizer(1e-6).minimize(tf.reduce_sum(h)), {
        rows: np.arange(1600).reshape(50, 32) % 1000}


# Pass -> a program that lives on it: () -> (what to run, feed).
PROGRAMS = {
    "mark_dead": lambda: _layers(1, 256),
    "collect_pieces": _lookups,
    "fix_row_counts": _embeddings,
    "rename": lambda: _on(lambda x: tf.exp(tf.reshape(tf.identity(tf.reshape(x, [-1])), [500, 200])), 200, 500),
    "simplify": lambda: _on(lambda x: tf.pow(x, 2.0) * 1.0, 100_000),
    "channels_last": _images,
    "separate_joins": _sampled,
    "merge_equal": lambda: _on(lambda x: tf.matmul(x, x) + tf.matmul(x, x), 256, 256),
    "fold_transposes": lambda: _on(lambda x: tf.matmul(tf.transpose(x), x), 512, 512),
    "squeeze": lambda: _on(lambda x: tf.reshape(tf.expand_dims(x, 1) * tf.expand_dims(x, 1), [500, 200]) + x, 500, 200),
    "absorb": lambda: _on(lambda x: x * tf.tile(tf.reduce_mean(x, 1, keepdims=True), [1, 500]), 500, 500),
    "multiply_parts": lambda: _often_used(8, 256),
    "accumulate": lambda: _often_used(16, 256),
    "expand": lambda: _on(lambda x: tf.add_n([tf.tanh(x), x * 2.0, tf.clip_by_value(x, -1.0, 1.0)]), 100_000),
    "share_reads": lambda: _layers(2, 512, resource=True, batch=4),
    "drop_dead": lambda: _on(lambda x: x + tf.zeros_like(tf.matmul(x, x), optimize=False), 256, 256),
    "update_early": lambda: _layers(16, 512),
    "hoist": _loop,
}


def fastest(target, feed, seconds=0.5):
    """(microseconds of the fastest of many runs, kilobytes that a run keeps)."""
    with tf.Session() as sess:
        sess.run(tf.global_variables_initializer())
        sess.run(target, feed)
        best, end = 1e9, time.perf_counter() + seconds
        while time.perf_counter() < end:
            start = time.perf_counter()
            sess.run(target, feed)
            best = min(best, time.perf_counter() - start)
        frames = [frame for made in sess._bound.values() for entry in getattr(made, "_entries", {}).values()
                  for frame in entry.frames]
        return best * 1e6, sum(frame.nbytes for frame in frames) / 1024


def measure(name):
    """`fastest` with all passes, and without the pass `name`."""
    os.environ["GRAPHFLOW_EXECUTOR"] = "reference" if name == "mark_dead" else ""
    with tf.Graph().as_default():
        target, feed = PROGRAMS[name]()
        with_it = fastest(target, feed)
        kept = pipeline.PASSES, pipeline.SHAPE_PASSES
        pipeline.PASSES, pipeline.SHAPE_PASSES = (
            [pair for pair in pairs if pair[0].__name__ != name] for pairs in kept)
        try:
            return with_it, fastest(target, feed)
        finally:
            pipeline.PASSES, pipeline.SHAPE_PASSES = kept


def main():
    """Prints a row per pass whose name contains the argument."""
    os.environ["GRAPHFLOW_DETERMINISTIC"] = "1"     # wait for kernels
    wanted = sys.argv[1] if len(sys.argv) > 1 else ""
    print(f"{'pass':18} {'µs':>9} {'without':>9} {'ratio':>6} {'kB':>8} {'without':>8}  why")
    for apply, why in (*pipeline.PASSES, *pipeline.SHAPE_PASSES):
        if wanted in apply.__name__ and apply.__name__ in PROGRAMS:
            (mine, memory), (without, more) = measure(apply.__name__)
            print(f"{apply.__name__:18} {mine:9.1f} {without:9.1f} {mine / without:6.2f} {memory:8.0f} {more:8.0f}  "
                  f"{why}", flush=True)


if __name__ == "__main__":
    main()
