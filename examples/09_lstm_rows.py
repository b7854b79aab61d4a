"""An LSTM that reads MNIST's images row by row, as sequences of 28 steps.

Shows `tf.nn.dynamic_rnn` with a cell in a dropout wrapper, the last state as what the network has seen, gradients
clipped by their global norm, and `sequence_length`: how much the network makes of images cut off in the middle.
Expect at least 97.5 % on the test images after 4 epochs, in a minute or two.

    python examples/09_lstm_rows.py --data-dir MNIST_data
"""

import argparse
import time

from offline_data import load

import graphflow as tf

ROWS = COLUMNS = 28
BATCH_SIZE = 100


def network(images, rows_seen, keep_prob, units):
    """Logits of `images` [batch, 784], of which only the first `rows_seen` [batch] rows are read."""
    rows = tf.reshape(images, [-1, ROWS, COLUMNS])
    cell = tf.nn.rnn_cell.DropoutWrapper(tf.nn.rnn_cell.LSTMCell(units), output_keep_prob=keep_prob)
    _, state = tf.nn.dynamic_rnn(cell, rows, sequence_length=rows_seen, dtype=tf.float32)
    return tf.layers.dense(tf.nn.dropout(state.h, rate=1 - keep_prob), 10, name="logits")


def training(loss, steps):
    """Adam with a rate that falls, on gradients of bounded length."""
    step = tf.train.get_or_create_global_step()
    rate = tf.train.polynomial_decay(3e-3, step, steps, end_learning_rate=1e-4)
    optimizer = tf.train.AdamOptimizer(rate)
    gradients, variables = zip(*optimizer.compute_gradients(loss))
    clipped, _ = tf.clip_by_global_norm(gradients, 1.0)
    return optimizer.apply_gradients(zip(clipped, variables), global_step=step)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data-dir", default="MNIST_data", help="folder of the four MNIST .gz files")
    parser.add_argument("--epochs", type=int, default=4)
    parser.add_argument("--units", type=int, default=128)
    args = parser.parse_args()
    mnist = load(args.data_dir, one_hot=True)
    batches = mnist.train.num_examples // BATCH_SIZE

    images = tf.placeholder(tf.float32, [None, ROWS * COLUMNS], name="images")
    labels = tf.placeholder(tf.float32, [None, 10], name="labels")
    rows = tf.placeholder_with_default(ROWS, [], name="rows")
    keep_prob = tf.placeholder_with_default(1.0, [], name="keep_prob")
    logits = network(images, tf.fill([tf.shape(images)[0]], rows), keep_prob, args.units)
    loss = tf.reduce_mean(tf.nn.softmax_cross_entropy_with_logits_v2(labels=labels, logits=logits))
    train = training(loss, args.epochs * batches)
    right = tf.equal(tf.argmax(logits, 1), tf.argmax(labels, 1))
    accuracy = tf.reduce_mean(tf.cast(right, tf.float32))

    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        start = time.time()
        for epoch in range(args.epochs):
            total = 0.0
            for _ in range(batches):
                x, y = mnist.train.next_batch(BATCH_SIZE)
                total += session.run([loss, train], {images: x, labels: y, keep_prob: 0.8})[0]
            valid = session.run(accuracy, {images: mnist.validation.images, labels: mnist.validation.labels})
            print(f"epoch {epoch + 1}: loss {total / batches:.4f}, validation accuracy {valid:.4f} "
                  f"({time.time() - start:.0f} s)")
        test = {images: mnist.test.images, labels: mnist.test.labels}
        for seen in (7, 14, 21):
            print(f"with {seen} rows of 28: {session.run(accuracy, {**test, rows: seen}):.4f}")
        print(f"test accuracy: {session.run(accuracy, test):.4f}")


if __name__ == "__main__":
    main()
