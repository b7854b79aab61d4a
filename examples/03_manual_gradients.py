"""Gradient descent by hand: `tf.gradients` and `W.assign(W - lr * grad)`, no optimizer.

Shows what an optimizer does underneath: ask the graph for the derivatives of the cost with respect to
the parameters and add assignments to the graph. Logistic regression on MNIST.
Expect about 91.5 % on the test images after 5 epochs.

    python examples/03_manual_gradients.py --data-dir MNIST_data --pictures weights
"""

import argparse
import os

import graphflow as tf
from graphflow.examples.tutorials.mnist import input_data

LEARNING_RATE = 0.5
BATCH_SIZE = 100


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data-dir", default="MNIST_data", help="folder of the four MNIST .gz files")
    parser.add_argument("--epochs", type=int, default=5)
    parser.add_argument("--pictures", help="folder for pictures of the weights (needs matplotlib)")
    return parser.parse_args()


def main():
    args = parse_arguments()
    mnist = input_data.read_data_sets(args.data_dir, one_hot=True)

    x = tf.placeholder(tf.float32, [None, 784])
    y = tf.placeholder(tf.float32, [None, 10])
    W = tf.Variable(tf.zeros([784, 10]))
    b = tf.Variable(tf.zeros([10]))
    predicted = tf.nn.softmax(tf.matmul(x, W) + b)
    cost = tf.reduce_mean(-tf.reduce_sum(y * tf.log(tf.clip_by_value(predicted, 1e-10, 1.0)), reduction_indices=1))

    grad_W, grad_b = tf.gradients(xs=[W, b], ys=cost)
    new_W = W.assign(W - LEARNING_RATE * grad_W)
    new_b = b.assign(b - LEARNING_RATE * grad_b)

    correct = tf.equal(tf.argmax(predicted, 1), tf.argmax(y, 1))
    accuracy = tf.reduce_mean(tf.cast(correct, tf.float32))
    snapshots = []
    with tf.Session() as sess:
        sess.run(tf.global_variables_initializer())
        batches = mnist.train.num_examples // BATCH_SIZE
        for epoch in range(args.epochs):
            average = 0.0
            for _ in range(batches):
                batch_x, batch_y = mnist.train.next_batch(BATCH_SIZE)
                _, _, c = sess.run([new_W, new_b, cost], feed_dict={x: batch_x, y: batch_y})
                average += c / batches
            snapshots.append((epoch + 1, {"W": sess.run(W)}))
            print(f"Epoch: {epoch + 1:04d} cost= {average:.9f}")
        test = accuracy.eval({x: mnist.test.images, y: mnist.test.labels})
        print(f"Accuracy: {test:.4f}")
    if args.pictures:
        import weight_pictures

        os.makedirs(args.pictures, exist_ok=True)
        weight_pictures.draw(snapshots, args.pictures)


if __name__ == "__main__":
    main()
