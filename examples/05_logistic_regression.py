"""Logistic regression on MNIST with `tf.get_variable`, summaries, a global step and checkpoints.

Shows the layout of a TF1 program: `inference`, `loss`, `training`, `evaluate`, then a loop over epochs
that writes merged summaries for TensorBoard and keeps the latest five checkpoints.
Expect at least 91.9 % on the test images after 100 epochs, in about a minute.

    python examples/05_logistic_regression.py --data-dir MNIST_data --log-dir logistic_logs
    tensorboard --logdir logistic_logs
"""

import mnist_program

import graphflow as tf


def inference(x):
    init = tf.constant_initializer(value=0)
    W = tf.get_variable("W", [784, 10], initializer=init)
    b = tf.get_variable("b", [10], initializer=init)
    tf.summary.histogram("W", W)
    tf.summary.histogram("b", b)
    return tf.nn.softmax(tf.matmul(x, W) + b)


def loss(output, y):
    dot_product = y * tf.log(output + 1e-10)
    return tf.reduce_mean(-tf.reduce_sum(dot_product, reduction_indices=1))


def optimizer(global_step):
    return tf.train.GradientDescentOptimizer(0.01)


if __name__ == "__main__":
    mnist_program.main(__doc__, inference, loss, optimizer, epochs=100, log_dir="logistic_logs")
