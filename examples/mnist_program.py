"""The part that examples 05 and 06 share: training, evaluation, summaries, checkpoints.

Takes `inference` and `loss` of an example and runs the classic loop over epochs.
"""

import argparse
import os
import time

import graphflow as tf
from graphflow.examples.tutorials.mnist import input_data

BATCH_SIZE = 100


def training(cost, global_step, optimizer):
    tf.summary.scalar("cost", cost)
    return optimizer(global_step).minimize(cost, global_step=global_step)


def evaluate(output, y):
    correct_prediction = tf.equal(tf.argmax(output, 1), tf.argmax(y, 1))
    accuracy = tf.reduce_mean(tf.cast(correct_prediction, tf.float32))
    tf.summary.scalar("validation_error", 1.0 - accuracy)
    return accuracy


def parse_arguments(description, epochs, log_dir):
    parser = argparse.ArgumentParser(description=description.splitlines()[0])
    parser.add_argument("--data-dir", default="MNIST_data", help="folder of the four MNIST .gz files")
    parser.add_argument("--log-dir", default=log_dir, help="summaries and checkpoints go here")
    parser.add_argument("--epochs", type=int, default=epochs)
    return parser.parse_args()


def main(description, inference, loss, optimizer, epochs, log_dir):
    """Trains the example and prints its test accuracy; `optimizer(global_step)` makes the optimizer."""
    args = parse_arguments(description, epochs, log_dir)
    mnist = input_data.read_data_sets(args.data_dir, one_hot=True)
    with tf.Graph().as_default():
        x = tf.placeholder("float", [None, 784], name="x")
        y = tf.placeholder("float", [None, 10], name="y")
        output = inference(x)
        with tf.name_scope("loss"):
            cost = loss(output, y)
        global_step = tf.Variable(0, name="global_step", trainable=False)
        train_op = training(cost, global_step, optimizer)
        with tf.name_scope("evaluation"):
            eval_op = evaluate(output, y)
        summary_op = tf.summary.merge_all()
        saver = tf.train.Saver(max_to_keep=5)
        with tf.Session() as sess:
            writer = tf.summary.FileWriter(args.log_dir, sess.graph)
            sess.run(tf.global_variables_initializer())
            start = time.time()
            for epoch in range(args.epochs):
                run_epoch(sess, mnist, (x, y), train_op, cost, epoch, args.epochs)
                validation = {x: mnist.validation.images, y: mnist.validation.labels}
                accuracy, summary = sess.run([eval_op, summary_op], feed_dict=validation)
                writer.add_summary(summary, sess.run(global_step))
                saver.save(sess, os.path.join(args.log_dir, "model-checkpoint"), global_step=global_step)
                if (epoch + 1) % max(1, args.epochs // 20) == 0:
                    print(f"  validation error {1 - accuracy:.4f}  ({time.time() - start:.0f} s)")
            writer.close()
            test = sess.run(eval_op, feed_dict={x: mnist.test.images, y: mnist.test.labels})
            print(f"Test Accuracy: {test:.4f}")
    print("checkpoints kept:", len(saver.last_checkpoints))
    print(f"see the curves: tensorboard --logdir {args.log_dir}")


def run_epoch(sess, mnist, inputs, train_op, cost, epoch, epochs):
    """One pass over the training images; prints the average cost now and then."""
    x, y = inputs
    batches = mnist.train.num_examples // BATCH_SIZE
    average = 0.0
    for _ in range(batches):
        batch_x, batch_y = mnist.train.next_batch(BATCH_SIZE)
        _, batch_cost = sess.run([train_op, cost], feed_dict={x: batch_x, y: batch_y})
        average += batch_cost / batches
    if (epoch + 1) % max(1, epochs // 20) == 0:
        print(f"Epoch: {epoch + 1:04d} cost = {average:.6f}")
