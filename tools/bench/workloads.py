"""The measured programs: TF1 programs that run unchanged on any module with TF1's API.

Each takes a `Bench` (module, sizes, threads) and returns a `Steady`: a step that is repeated and
timed call by call. Programs that are measured once per process are in `once.py`. Holds no state.
"""

import dataclasses
from collections.abc import Callable

import numpy as np

from tools.bench import data


@dataclasses.dataclass
class Steady:
    """`step(i)` returns when repetition i is done; `check` must agree between modules."""

    step: Callable
    check: float | None = None


@dataclasses.dataclass
class Bench:
    """The module under test and how to use it."""

    tf: object
    sizes: data.Sizes = data.FULL
    threads: int = 0
    import_us: int = 0      # what the module's import took

    def session(self):
        """A session with the asked number of threads, variables initialised."""
        tf = self.tf
        config = tf.ConfigProto()
        if self.threads:
            config.intra_op_parallelism_threads = self.threads
            config.inter_op_parallelism_threads = self.threads
        session = tf.Session(config=config)
        if tf.global_variables():
            session.run(tf.global_variables_initializer())
        return session


def _fetching(bench, fetch, feed=None):
    """Repeats one run; checks the sum of some elements of what it returns."""
    session = bench.session()
    values = session.run(fetch, feed)
    values = values if isinstance(values, list) else [values]
    check = float(sum(np.sum(np.ravel(value)[:1000], dtype=np.float64) for value in values))
    return Steady(lambda i: session.run(fetch, feed), check)


def _training(bench, net, feeds, check_feed=None):
    """Repeats training steps over the feeds; checks the loss before the first."""
    loss, train = net
    session = bench.session()
    check = float(session.run(loss, check_feed or feeds[0]))
    return Steady(lambda i: session.run(train, feeds[i % len(feeds)]), check)


# ------------------------------------------------------------------------------ overhead

def run_overhead(bench):
    """Fetches a + b, two scalar feeds."""
    tf = bench.tf
    a, b = tf.placeholder(tf.float32, []), tf.placeholder(tf.float32, [])
    return _fetching(bench, a + b, {a: 1.0, b: 2.0})


def scalar_chain(tf, length):
    """Placeholders (x, w, b) and the end of a chain of `length` scalar products and sums."""
    x, w, b = inputs = [tf.placeholder(tf.float32, []) for _ in range(3)]
    for _ in range(length // 2):
        x = x * w + b
    return inputs, x


def chain(bench):
    """1,000 scalar operations, each needing the one before."""
    inputs, y = scalar_chain(bench.tf, bench.sizes.chain)
    return _fetching(bench, y, dict(zip(inputs, (1.0, .5, 1.0))))


# ------------------------------------------------------------------------------ dense networks

def _loss(tf, labels, logits):
    return tf.reduce_mean(tf.nn.softmax_cross_entropy_with_logits_v2(labels=labels, logits=logits))


def dense_network(tf, sizes, optimizer, scale=1):
    """A ReLU network: placeholders (x, labels), (loss, train op)."""
    x, labels = tf.placeholder(tf.float32, [None, sizes[0]]), tf.placeholder(tf.float32, [None, sizes[-1]])
    h, layers = x, data.dense_layers(sizes)
    for k, (weights, biases) in enumerate(layers):
        h = tf.matmul(h, tf.Variable(weights * np.float32(scale))) + tf.Variable(biases)
        if k < len(layers) - 1:
            h = tf.nn.relu(h)
    loss = _loss(tf, labels, h)
    return (x, labels), (loss, optimizer.minimize(loss))


def _dense(bench, sizes, batch, optimizer, scale=1):
    inputs, net = dense_network(bench.tf, sizes, optimizer, scale)
    return _training(bench, net, [dict(zip(inputs, arrays)) for arrays in data.digits(batch)])


def softmax_sgd(bench):
    """Softmax regression 784 -> 10, batches of 100."""
    return _dense(bench, bench.sizes.softmax, min(100, bench.sizes.batch),
                  bench.tf.train.GradientDescentOptimizer(.5), scale=.01)


def mlp_adam(bench):
    """784-256-256-10, batches of 128, Adam."""
    return _dense(bench, bench.sizes.mlp, bench.sizes.batch, bench.tf.train.AdamOptimizer(1e-3))


def mlp_wide(bench):
    """784-2048-2048-10, batches of 256, momentum."""
    return _dense(bench, bench.sizes.wide, bench.sizes.wide_batch, bench.tf.train.MomentumOptimizer(.01, .9))


def two_networks(bench):
    """Policy and value, tanh networks of two layers of 64 with one loss, batches of 128, Adam."""
    tf, sizes, batch = bench.tf, bench.sizes.policy, bench.sizes.batch
    x, target = tf.placeholder(tf.float32, [None, sizes[0]]), tf.placeholder(tf.float32, [None])
    outputs = []
    for units in (6, 1):
        h, layers = x, data.dense_layers((*sizes, units))
        for k, (weights, biases) in enumerate(layers):
            h = tf.matmul(h, tf.Variable(weights * np.float32(.5))) + tf.Variable(biases)
            h = tf.tanh(h) if k < len(layers) - 1 else h
        outputs.append(h)
    policy, value = outputs
    surprise = target - tf.reduce_sum(value, 1)
    loss = tf.reduce_mean(tf.square(surprise)) + tf.reduce_mean(tf.reduce_sum(tf.square(policy), 1) * target)
    feeds = [{x: data.normal(batch, sizes[0], seed=i), target: data.normal(batch, seed=i)} for i in range(8)]
    return _training(bench, (loss, tf.train.AdamOptimizer(1e-3).minimize(loss)), feeds)


# ------------------------------------------------------------------------------ convolutions

def cnn_network(tf, sizes):
    """The tutorials' MNIST network: placeholders (x, labels, keep_prob), (loss, train op)."""
    x, labels = tf.placeholder(tf.float32, [None, 784]), tf.placeholder(tf.float32, [None, 10])
    keep = tf.placeholder(tf.float32, [])
    first, second = sizes.cnn_filters

    def weights(*shape):
        fan_in = np.prod(shape[:-1])
        return tf.Variable(data.normal(*shape, seed=shape[-1]) * np.float32(fan_in ** -.5))

    def biases(n):
        return tf.Variable(np.full(n, .1, np.float32))

    def convolve(h, *shape):
        h = tf.nn.conv2d(h, weights(*shape), strides=[1, 1, 1, 1], padding="SAME")
        h = tf.nn.relu(h + biases(shape[-1]))
        return tf.nn.max_pool(h, ksize=[1, 2, 2, 1], strides=[1, 2, 2, 1], padding="SAME")

    h = convolve(tf.reshape(x, [-1, 28, 28, 1]), 5, 5, 1, first)
    h = tf.reshape(convolve(h, 5, 5, first, second), [-1, 49 * second])
    h = tf.nn.relu(tf.matmul(h, weights(49 * second, sizes.cnn_dense)) + biases(sizes.cnn_dense))
    h = tf.nn.dropout(h, keep_prob=keep)
    loss = _loss(tf, labels, tf.matmul(h, weights(sizes.cnn_dense, 10)) + biases(10))
    return (x, labels, keep), (loss, tf.train.AdamOptimizer(1e-4).minimize(loss))


def cnn_mnist(bench):
    """Two 5x5 convolutions with pools, dropout, Adam; batches of 50."""
    inputs, net = cnn_network(bench.tf, bench.sizes)
    batches = data.digits(bench.sizes.cnn_batch)
    return _training(bench, net, [dict(zip(inputs, (*arrays, .5))) for arrays in batches],
                     dict(zip(inputs, (*batches[0], 1.0))))     # without dropout, which is random


# ------------------------------------------------------------------------------ recurrent

def _lstm(bench, unrolled):
    tf, batch, hidden = bench.tf, bench.sizes.batch, bench.sizes.hidden
    kernel = tf.Variable(data.normal(28 + hidden, 4 * hidden, seed=3) * np.float32(.08))
    bias, biases = tf.Variable(np.zeros(4 * hidden, np.float32)), tf.Variable(np.zeros(10, np.float32))
    weights = tf.Variable(data.normal(hidden, 10, seed=4) * np.float32(.1))
    x, labels = tf.placeholder(tf.float32, [batch, 784]), tf.placeholder(tf.float32, [batch, 10])

    def cell(row, c, h):
        i, j, f, o = tf.split(tf.matmul(tf.concat([row, h], 1), kernel) + bias, 4, axis=1)
        c = c * tf.sigmoid(f + 1.0) + tf.sigmoid(i) * tf.tanh(j)
        return c, tf.tanh(c) * tf.sigmoid(o)

    rows = tf.reshape(x, [batch, 28, 28])
    c = h = tf.zeros([batch, hidden])
    if unrolled:
        for row in tf.unstack(rows, axis=1):
            c, h = cell(row, c, h)
    else:
        array = tf.TensorArray(tf.float32, 28).unstack(tf.transpose(rows, [1, 0, 2]))
        _, c, h = tf.while_loop(lambda t, c, h: t < 28, lambda t, c, h: (t + 1, *cell(array.read(t), c, h)),
                                (tf.constant(0), c, h))
    loss = _loss(tf, labels, tf.matmul(h, weights) + biases)
    train = tf.train.AdamOptimizer(1e-3).minimize(loss)
    return _training(bench, (loss, train), [{x: images, labels: y} for images, y in data.digits(batch)])


def lstm(bench):
    """An LSTM over 28 rows, unrolled in the graph, Adam."""
    return _lstm(bench, unrolled=True)


def lstm_while(bench):
    """The same in tf.while_loop."""
    return _lstm(bench, unrolled=False)


def lstm_queue(bench):
    """A language model fed by a queue: positions come out of it, the text is sliced there; clipped gradients."""
    tf, sizes = bench.tf, bench.sizes
    batch, steps, hidden = 20, 20, sizes.hidden
    text = tf.constant(data.text(batch, 20 * steps + 1, sizes.words))
    at = tf.train.range_input_producer(20, shuffle=False).dequeue() * steps
    words, labels = (tf.strided_slice(text, [0, start], [batch, start + steps]) for start in (at, at + 1))
    words.set_shape([batch, steps])
    kernel = tf.Variable(data.normal(2 * hidden, 4 * hidden, seed=3) * np.float32(.08))
    bias = tf.Variable(np.zeros(4 * hidden, np.float32))
    weights = tf.Variable(data.normal(hidden, sizes.words, seed=4) * np.float32(.1))
    c = h = tf.zeros([batch, hidden])
    outputs = []
    for row in tf.unstack(tf.nn.embedding_lookup(tf.Variable(data.normal(sizes.words, hidden, seed=5)), words), axis=1):
        i, j, f, o = tf.split(tf.matmul(tf.concat([row, h], 1), kernel) + bias, 4, axis=1)
        c = c * tf.sigmoid(f) + tf.sigmoid(i) * tf.tanh(j)
        h = tf.tanh(c) * tf.sigmoid(o)
        outputs.append(h)
    logits = tf.matmul(tf.reshape(tf.stack(outputs, 1), [-1, hidden]), weights)
    loss = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(
        labels=tf.reshape(labels, [-1]), logits=logits))
    variables = tf.trainable_variables()
    gradients, _ = tf.clip_by_global_norm(tf.gradients(loss, variables), 5.0)
    train = tf.train.GradientDescentOptimizer(.1).apply_gradients(zip(gradients, variables))
    session = bench.session()
    tf.train.start_queue_runners(session)
    return Steady(lambda i: session.run(train), float(session.run(loss)))


def cond_while(bench):
    """A loop that runs one of two branches in each step, and its gradient."""
    tf, trips = bench.tf, bench.sizes.trips
    x = tf.placeholder(tf.float32, [64])

    def step(i, h):
        return i + 1, tf.cond(tf.equal(i % 2, 0), lambda: tf.tanh(h) * x, lambda: h - 0.5 * x)

    _, h = tf.while_loop(lambda i, _: i < trips, step, [0, x])
    return _fetching(bench, [h, *tf.gradients(h, x)], {x: data.normal(64, seed=1)})


def scan_short(bench):
    """A small recurrent net over 6 rows by tf.scan, and tf.map_fn: what a loop costs besides its steps."""
    tf = bench.tf
    inputs = tf.placeholder(tf.float32, [6, 4, 8])
    rows, recurrent = tf.Variable(data.normal(8, 16, seed=1)), tf.Variable(data.normal(16, 16, seed=2))
    outputs = tf.scan(lambda h, row: tf.tanh(tf.matmul(row, rows) + tf.matmul(h, recurrent) * .1), inputs,
                      initializer=tf.zeros([4, 16]))
    loss = tf.reduce_mean(tf.map_fn(lambda h: tf.reduce_sum(tf.square(h)), outputs))
    train = tf.train.GradientDescentOptimizer(.01).minimize(loss)
    return _training(bench, (loss, train), [{inputs: data.normal(6, 4, 8, seed=seed)} for seed in range(4)])


# ------------------------------------------------------------------------------ embeddings

def word2vec(bench):
    """Skip-gram with noise-contrastive estimation; sparse gradients; negatives are fed."""
    tf, sizes = bench.tf, bench.sizes
    vectors = tf.Variable(data.normal(sizes.vocabulary, sizes.embedding, seed=5))
    weights = tf.Variable(data.normal(sizes.vocabulary, sizes.embedding, seed=6) * np.float32(sizes.embedding ** -.5))
    biases = tf.Variable(np.zeros(sizes.vocabulary, np.float32))
    centres, labels = tf.placeholder(tf.int32, [sizes.batch]), tf.placeholder(tf.int64, [sizes.batch, 1])
    negatives = (tf.placeholder(tf.int64, [sizes.negatives]), tf.placeholder(tf.float32, [sizes.batch, 1]),
                 tf.placeholder(tf.float32, [sizes.negatives]))
    loss = tf.reduce_mean(tf.nn.nce_loss(
        weights=weights, biases=biases, labels=labels, inputs=tf.nn.embedding_lookup(vectors, centres),
        num_sampled=sizes.negatives, num_classes=sizes.vocabulary, sampled_values=negatives))
    train = tf.train.GradientDescentOptimizer(.05).minimize(loss)
    ids, label_counts, counts = negatives
    inputs = centres, labels, ids, label_counts, counts
    return _training(bench, (loss, train), [dict(zip(inputs, batch)) for batch in data.skip_grams(sizes)])


# ------------------------------------------------------------------------------ kernels

def elementwise(bench):
    """One expression over five vectors of four million numbers."""
    tf = bench.tf
    a, b, c, d, e = [tf.Variable(data.normal(bench.sizes.elements, seed=seed)) for seed in range(5)]
    return _fetching(bench, tf.tanh(a * b + c) * tf.sigmoid(d) - tf.exp(-e * e))


def reduce(bench):
    """Row means, variances and softmax of a 4096x1024 matrix."""
    tf = bench.tf
    x = tf.Variable(data.normal(*bench.sizes.matrix, seed=7))
    return _fetching(bench, [*tf.nn.moments(x, axes=[1]), tf.nn.softmax(x)])


def matmul(bench):
    """The product of two 1024x1024 matrices."""
    n = bench.sizes.square
    a, b = [bench.tf.Variable(data.normal(n, n, seed=seed)) for seed in (8, 9)]
    return _fetching(bench, bench.tf.matmul(a, b))


# ------------------------------------------------------------------------------ graphs

def graph_build(bench):
    """Builds 10,000 nodes (products, sums, tanh in turn) and their gradients."""
    tf, sizes = bench.tf, bench.sizes

    def step(i):
        with tf.Graph().as_default():
            x, w, b = inputs = [tf.placeholder(tf.float32, [32]) for _ in range(3)]
            for _ in range(sizes.nodes // 3):
                x = tf.tanh(tf.add(tf.multiply(x, w), b))
            return tf.gradients(x, inputs)

    return Steady(step)
