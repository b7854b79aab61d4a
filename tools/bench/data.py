"""What the workloads compute on: their sizes, and arrays that are the same in every process.

Holds no state; needs NumPy only.
"""

import dataclasses

import numpy as np


@dataclasses.dataclass(frozen=True)
class Sizes:
    """Sizes of all workloads; the defaults are what the goals are set for."""

    chain: int = 1000
    softmax: tuple = (784, 10)
    mlp: tuple = (784, 256, 256, 10)
    wide: tuple = (784, 2048, 2048, 10)
    wide_batch: int = 256
    policy: tuple = (17, 64, 64)
    batch: int = 128
    cnn_batch: int = 50
    cnn_filters: tuple = (32, 64)
    cnn_dense: int = 1024
    hidden: int = 128
    words: int = 1000
    trips: int = 1000
    vocabulary: int = 50_000
    embedding: int = 128
    negatives: int = 64
    elements: int = 4 << 20
    matrix: tuple = (4096, 1024)
    square: int = 1024
    nodes: int = 10_000
    layers: int = 64
    layer: tuple = (1024, 1024)     # batch, width
    long_chain: int = 100_000


FULL = Sizes()
TINY = Sizes(chain=20, mlp=(784, 8, 8, 10), wide=(784, 16, 16, 10), wide_batch=4, batch=4, cnn_batch=2,
             policy=(3, 4, 4), cnn_filters=(2, 3), cnn_dense=8, hidden=4, words=9, trips=7, vocabulary=50, embedding=4,
             negatives=3, elements=100, matrix=(8, 16), square=8, nodes=30, layers=2, layer=(4, 8), long_chain=200)


def normal(*shape, seed):
    """Standard normal float32 numbers."""
    return np.random.default_rng(seed).standard_normal(shape, dtype=np.float32)


def digits(batch, count=8):
    """`count` batches of (images [batch, 784] in 0..1, one-hot labels [batch, 10])."""
    random = np.random.default_rng(1)
    return [(random.random((batch, 784), dtype=np.float32),
             np.eye(10, dtype=np.float32)[random.integers(0, 10, batch)]) for _ in range(count)]


def text(rows, columns, words):
    """A matrix of the numbers of words."""
    return np.random.default_rng(4).integers(0, words, (rows, columns)).astype(np.int32)


def dense_layers(sizes):
    """(weights, biases) of a stack of dense layers, scaled for ReLU."""
    return [(normal(rows, columns, seed=rows + columns) * np.float32((2 / rows) ** .5),
             np.full(columns, .1, np.float32)) for rows, columns in zip(sizes, sizes[1:])]


def skip_grams(sizes, count=16):
    """Batches of (centres, labels, negatives, expected counts of the labels, of the negatives).

    Ids follow the log-uniform law that tf.nn.nce_loss samples from, frequent ones first.
    """
    random = np.random.default_rng(2)
    top = np.log(sizes.vocabulary + 1)

    def draw(n):
        return np.minimum(np.exp(random.random(n) * top).astype(np.int64) - 1, sizes.vocabulary - 1)

    def expected(ids):
        return (np.log((ids + 2) / (ids + 1)) / top * sizes.negatives).astype(np.float32)

    batches = []
    for _ in range(count):
        centres, labels, negatives = draw(sizes.batch), draw(sizes.batch)[:, None], draw(sizes.negatives)
        batches.append((centres.astype(np.int32), labels, negatives, expected(labels), expected(negatives)))
    return batches
