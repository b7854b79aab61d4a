"""Softmax regression on MNIST: one layer, 784 inputs to 10 classes, written out by hand.

Shows placeholders, variables, a loss spelled with `tf.log`, plain gradient descent, and how accuracy
and loss on training and test images are collected while training. 10,000 steps of 100 images.
Expect about 92.4 % on the test images, in well under a minute.

    python examples/01_softmax_regression.py --data-dir MNIST_data --plot curves.png
"""

import argparse

import graphflow as tf
from graphflow.examples.tutorials.mnist import input_data


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data-dir", default="MNIST_data", help="folder of the four MNIST .gz files")
    parser.add_argument("--steps", type=int, default=10000)
    parser.add_argument("--plot", help="write the curves to this picture (needs matplotlib)")
    return parser.parse_args()


def build():
    images = tf.placeholder(tf.float32, [None, 784], name="images")
    labels = tf.placeholder(tf.float32, [None, 10], name="labels")
    weights = tf.Variable(tf.truncated_normal([784, 10], stddev=0.1), name="weights")
    biases = tf.Variable(tf.zeros([10]), name="biases")

    predicted = tf.nn.softmax(tf.matmul(images, weights) + biases)
    loss = -tf.reduce_sum(labels * tf.log(predicted))
    train_step = tf.train.GradientDescentOptimizer(0.003).minimize(loss)
    is_correct = tf.equal(tf.argmax(predicted, 1), tf.argmax(labels, 1))
    accuracy = tf.reduce_mean(tf.cast(is_correct, tf.float32))
    return images, labels, train_step, loss, accuracy


def plot(history, path):
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    steps, *series = zip(*history)
    figure, (left, right) = plt.subplots(1, 2, figsize=(10, 4))
    left.plot(steps, series[0], label="training batch")
    left.plot(steps, series[2], label="test")
    left.set(title="accuracy", ylim=(0.7, 1), xlabel="step")
    right.plot(steps, series[1], label="training batch")
    right.plot(steps, series[3], label="test")
    right.set(title="cross entropy per 100 images", ylim=(0, 100), xlabel="step")
    left.legend()
    right.legend()
    figure.tight_layout()
    figure.savefig(path)
    print("curves written to", path)


def main():
    args = parse_arguments()
    mnist = input_data.read_data_sets(args.data_dir, one_hot=True, validation_size=0)
    images, labels, train_step, loss, accuracy = build()
    test = {images: mnist.test.images, labels: mnist.test.labels}
    history = []
    with tf.Session() as sess:
        sess.run(tf.global_variables_initializer())
        for step in range(args.steps + 1):
            batch_images, batch_labels = mnist.train.next_batch(100)
            batch = {images: batch_images, labels: batch_labels}
            if step % 200 == 0 or step == args.steps:
                train_accuracy, train_loss = sess.run([accuracy, loss], batch)
                test_accuracy, test_loss = sess.run([accuracy, loss], test)
                test_loss *= 100 / mnist.test.num_examples
                history.append((step, train_accuracy, train_loss, test_accuracy, test_loss))
                if step % 1000 == 0:
                    print(f"step {step:5d}  batch: {train_accuracy:.2f} {train_loss:6.2f}  "
                          f"test: {test_accuracy:.4f} {test_loss:6.2f}")
            sess.run(train_step, batch)
        final = sess.run(accuracy, test)
        best = max(final, *(entry[3] for entry in history))
        print(f"test accuracy: {final:.4f} (best {best:.4f})")
    if args.plot:
        plot(history, args.plot)


if __name__ == "__main__":
    main()
