"""`python -m graphflow warmup`: fills the kernel cache, so that first programs start fast.

Runs one step of small typical programs and waits for the kernels of each; compiled code is never per shape,
so they serve programs of other sizes. What a program uses beyond them is compiled behind its back when it
first runs. Holds no state.
"""

import os
import time

import numpy as np

import graphflow as tf


def _dense(activation, optimizer):
    x, labels = tf.placeholder(tf.float32, [None, 784]), tf.placeholder(tf.float32, [None, 10])
    h = x
    for wide, narrow in ((784, 256), (256, 128), (128, 10)):
        weights = tf.Variable(tf.truncated_normal([wide, narrow], stddev=0.1))
        h = tf.matmul(h, weights) + tf.Variable(tf.zeros([narrow]))
        h = activation(h) if narrow > 10 else h
    loss = tf.reduce_mean(tf.nn.softmax_cross_entropy_with_logits_v2(labels=labels, logits=h))
    right = tf.equal(tf.argmax(h, 1), tf.argmax(labels, 1))
    accuracy = tf.reduce_mean(tf.cast(right, tf.float32))
    return {x: (128, 784), labels: (128, 10)}, [loss, accuracy], optimizer.minimize(loss)


def _regression():
    x, y = tf.placeholder(tf.float32, [None, 1]), tf.placeholder(tf.float32, [None, 1])
    h = tf.layers.dense(tf.layers.dense(x, 20, tf.nn.tanh), 1)
    loss = tf.losses.mean_squared_error(y, h) + 1e-4 * sum(tf.nn.l2_loss(v) for v in tf.trainable_variables())
    return {x: (50, 1), y: (50, 1)}, [loss, h], tf.train.RMSPropOptimizer(0.01).minimize(loss)


def _convolutions(normalise):
    images, labels = tf.placeholder(tf.float32, [None, 28, 28, 1]), tf.placeholder(tf.int32, [None])
    h = images
    for size, filters in ((5, 32), (3, 64)):
        h = tf.layers.conv2d(h, filters, size, padding="same", activation=None if normalise else tf.nn.relu)
        h = tf.nn.relu(tf.layers.batch_normalization(h, training=True)) if normalise else h
        h = tf.layers.max_pooling2d(h, 2, 2)
    h = tf.layers.dropout(tf.layers.dense(tf.layers.flatten(h), 128, tf.nn.relu), 0.4, training=True)
    logits = tf.layers.dense(h, 10)
    loss = tf.losses.sparse_softmax_cross_entropy(labels, logits)
    with tf.control_dependencies(tf.get_collection(tf.GraphKeys.UPDATE_OPS)):
        train = tf.train.AdamOptimizer(1e-3).minimize(loss)
    return {images: (32, 28, 28, 1), labels: (32,)}, [loss, tf.nn.softmax(logits)], train


def _recurrent():
    x, labels = tf.placeholder(tf.float32, [64, 4, 28]), tf.placeholder(tf.int32, [64])
    state, _ = tf.nn.static_rnn(tf.nn.rnn_cell.BasicLSTMCell(64), tf.unstack(x, axis=1), dtype=tf.float32)
    loss = tf.losses.sparse_softmax_cross_entropy(labels, tf.layers.dense(state[-1], 10))
    optimizer = tf.train.AdamOptimizer(1e-3)
    gradients, variables = zip(*optimizer.compute_gradients(loss))
    clipped, _ = tf.clip_by_global_norm(gradients, 5.0)
    return {x: (64, 4, 28), labels: (64,)}, [loss], optimizer.apply_gradients(zip(clipped, variables))


def _embeddings():
    words, labels = tf.placeholder(tf.int32, [None]), tf.placeholder(tf.int32, [None, 1])
    vectors = tf.Variable(tf.random_uniform([1000, 64], -1.0, 1.0))
    weights, biases = tf.Variable(tf.truncated_normal([1000, 64])), tf.Variable(tf.zeros([1000]))
    loss = tf.reduce_mean(tf.nn.nce_loss(weights, biases, labels, tf.nn.embedding_lookup(vectors, words), 16, 1000))
    return {words: (32,), labels: (32, 1)}, [loss], tf.train.GradientDescentOptimizer(1.0).minimize(loss)


PROGRAMS = {
    "softmax regression and dense layers": lambda: _dense(tf.nn.relu, tf.train.GradientDescentOptimizer(0.5)),
    "dense layers, Adam": lambda: _dense(tf.nn.relu, tf.train.AdamOptimizer(1e-3)),
    "dense layers, momentum": lambda: _dense(tf.nn.sigmoid, tf.train.MomentumOptimizer(0.01, 0.9)),
    "regression": _regression,
    "convolutions": lambda: _convolutions(normalise=False),
    "convolutions, batch normalisation": lambda: _convolutions(normalise=True),
    "recurrent cells": _recurrent,
    "word embeddings": _embeddings,
}


def warm_up(make):
    """Runs a training step of the program that `make` builds, with its kernels compiled first."""
    with tf.Graph().as_default():
        shapes, fetches, train = make()
        feed = {tensor: np.ones(shape, tensor.dtype.as_numpy_dtype) for tensor, shape in shapes.items()}
        with tf.Session() as session:
            session.run(tf.global_variables_initializer())
            session.run([*fetches, train], feed)
            session.run(train, feed)


def main(arguments):
    """The command; `arguments` must be empty."""
    if arguments:
        raise SystemExit("usage: python -m graphflow warmup")
    from graphflow.framework.kernel_loader import kernels

    cache = kernels("cpu.native").cache()
    if not cache.writable:
        raise SystemExit("There is no directory for compiled kernels that only you can write; "
                         "set GRAPHFLOW_CACHE_DIR to one that is.")
    os.environ["GRAPHFLOW_DETERMINISTIC"] = "1"     # wait for kernels
    start = time.monotonic()
    for name, make in PROGRAMS.items():
        print(f"{name} ...", flush=True)
        warm_up(make)
    count = len(os.listdir(cache.directory))
    print(f"{count} compiled kernels in {cache.directory}, after {time.monotonic() - start:.0f} s")
