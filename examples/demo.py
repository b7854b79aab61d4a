"""The demo behind `tools/demo`: trains a small network and leaves a TensorBoard log.

Uses MNIST where the folder given by `--data-dir` has it, else scikit-learn's handwritten digits, and says
which. A few thousand steps of Adam on a 256-unit network; expect about 97 % in under a minute.
"""

import argparse
import os
import sys

import offline_data

import graphflow as tf


def build():
    x = tf.placeholder(tf.float32, [None, 784], name="images")
    y = tf.placeholder(tf.float32, [None, 10], name="labels")
    with tf.variable_scope("hidden"):
        w = tf.get_variable("weights", [784, 256], initializer=tf.glorot_uniform_initializer())
        b = tf.get_variable("biases", [256], initializer=tf.zeros_initializer())
        hidden = tf.nn.relu(tf.matmul(x, w) + b)
        tf.summary.histogram("weight_values", w)
        tf.summary.histogram("activations", hidden)
    with tf.variable_scope("output"):
        w = tf.get_variable("weights", [256, 10], initializer=tf.glorot_uniform_initializer())
        b = tf.get_variable("biases", [10], initializer=tf.zeros_initializer())
        logits = tf.matmul(hidden, w) + b
        tf.summary.histogram("weight_values", w)
    with tf.name_scope("cross_entropy"):
        loss = tf.reduce_mean(tf.nn.softmax_cross_entropy_with_logits_v2(labels=y, logits=logits))
    with tf.name_scope("evaluation"):
        correct = tf.equal(tf.argmax(logits, 1), tf.argmax(y, 1))
        accuracy = tf.reduce_mean(tf.cast(correct, tf.float32))
    tf.summary.scalar("loss", loss)
    tf.summary.scalar("accuracy", accuracy)
    train = tf.train.AdamOptimizer(1e-3).minimize(loss)
    return x, y, train, loss, accuracy


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data-dir", default="MNIST_data", help="folder of the four MNIST .gz files, if you have them")
    parser.add_argument("--log-dir", default="demo_logs")
    parser.add_argument("--steps", type=int, default=2000)
    args = parser.parse_args()
    data = offline_data.load(args.data_dir, one_hot=True)
    x, y, train, loss, accuracy = build()
    summaries = tf.summary.merge_all()
    validation = {x: data.validation.images, y: data.validation.labels}
    with tf.Session() as sess:
        sess.run(tf.global_variables_initializer())
        with tf.summary.FileWriter(os.path.join(args.log_dir, "train"), sess.graph) as train_log, \
                tf.summary.FileWriter(os.path.join(args.log_dir, "validation")) as validation_log:
            for step in range(args.steps + 1):
                images, labels = data.train.next_batch(100)
                batch = {x: images, y: labels}
                if step % 50 == 0:
                    train_log.add_summary(sess.run(summaries, batch), step)
                    validation_log.add_summary(sess.run(summaries, validation), step)
                if step % 500 == 0:
                    current, acc = sess.run([loss, accuracy], validation)
                    print(f"step {step:5d}  validation loss {current:.4f}  accuracy {acc:.4f}")
                sess.run(train, batch)
        test = sess.run(accuracy, {x: data.test.images, y: data.test.labels})
    print(f"test accuracy: {test:.4f}")
    # By this interpreter: the environment of tools/demo is on nobody's PATH.
    print(f"see the curves: {sys.executable} -m tensorboard.main --logdir {args.log_dir}")


if __name__ == "__main__":
    main()
