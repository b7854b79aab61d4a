#!/usr/bin/env python3
"""Does prefetching overlap with training? Times input alone, training alone, and both.

The input side waits for what stands for a disk and decodes batches (NumPy, which lets other threads run); the
training side is a network of two layers. With `prefetch` the loop should take little longer than the slower of
the two sides alone.

Usage: python tools/bench/overlap.py [milliseconds the input waits per batch]
"""

import pathlib
import sys
import time

import numpy as np

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2]))

import graphflow as tf  # noqa: E402
from graphflow.runtime.executor import wait_for_kernels  # noqa: E402

BATCH, WIDTH = 256, 512


def batches(milliseconds):
    """A dataset whose elements take some time to make."""
    source = np.random.default_rng(0).normal(size=(BATCH, WIDTH)).astype(np.float32)

    def read(_):
        time.sleep(milliseconds / 1000)
        return source * np.float32(0.5)

    def parse(number):
        x = tf.py_func(read, [number], tf.float32)
        x.set_shape([BATCH, WIDTH])
        return x

    return tf.data.Dataset.range(10**9).map(parse)


def seconds(function, steps):
    """Fastest of three rounds of `steps` calls, per call."""
    best = float("inf")
    for _ in range(3):
        start = time.perf_counter()
        for _ in range(steps):
            function()
        best = min(best, (time.perf_counter() - start) / steps)
    return best


def training(x):
    """A step of training on `x`."""
    hidden = tf.layers.dense(x, 512, tf.nn.relu)
    loss = tf.reduce_mean(tf.square(tf.layers.dense(hidden, 10)))
    return tf.train.GradientDescentOptimizer(0.01).minimize(loss)


def measure(milliseconds, prefetch, steps=60):
    """Seconds per step of (input alone, training alone, the loop)."""
    with tf.Graph().as_default():
        dataset = batches(milliseconds)
        iterator = (dataset.prefetch(2) if prefetch else dataset).make_initializable_iterator()
        alone = dataset.make_initializable_iterator()
        element, value = alone.get_next(), tf.Variable(tf.zeros([BATCH, WIDTH]), trainable=False)
        with tf.variable_scope("net"):
            train = training(iterator.get_next())
        with tf.variable_scope("net", reuse=True):
            dense = training(value)
        with tf.Session() as sess:
            sess.run([tf.global_variables_initializer(), iterator.initializer, alone.initializer])
            for step in (train, dense):
                for _ in range(5):
                    sess.run(step)
            wait_for_kernels(60)
            for step in (train, dense):
                for _ in range(10):
                    sess.run(step)
            fetch = element.op
            return tuple(seconds(lambda op=op: sess.run(op), steps) for op in (fetch, dense, train))


def main():
    milliseconds = float(sys.argv[1]) if len(sys.argv) > 1 else None
    for wait in [milliseconds] if milliseconds is not None else [0.5, 2, 8]:
        for prefetch in (False, True):
            inputs, dense, loop = (1000 * t for t in measure(wait, prefetch))
            print(f"input {inputs:6.2f} ms, training {dense:6.2f} ms, loop {loop:6.2f} ms"
                  f" = {loop / max(inputs, dense):.2f} x the slower, prefetch {'on' if prefetch else 'off'}")


if __name__ == "__main__":
    main()
