"""A network with two hidden layers of 256, trained by Adam, in the style of many TF1 tutorials.

Shows `tf.placeholder("float", ...)`, variables kept in dictionaries, `softmax_cross_entropy_with_logits`
and printing minibatch loss and accuracy. With `--pictures DIR` it also draws how the weights of each
layer change over the steps: as image grids, as differences to their start, and as densities.
Expect about 97 % on the test images after 3,000 steps of 128.

    python examples/02_two_layer_adam.py --data-dir MNIST_data --pictures weights
"""

import argparse
import os

import graphflow as tf
from graphflow.examples.tutorials.mnist import input_data

LEARNING_RATE = 0.001
BATCH_SIZE = 128
DISPLAY_STEP = 100
HIDDEN_1 = HIDDEN_2 = 256
INPUTS = 784
CLASSES = 10


def neural_net(x, weights, biases):
    layer_1 = tf.nn.relu(tf.add(tf.matmul(x, weights["h1"]), biases["b1"]))
    layer_2 = tf.nn.relu(tf.add(tf.matmul(layer_1, weights["h2"]), biases["b2"]))
    return tf.matmul(layer_2, weights["out"]) + biases["out"]


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data-dir", default="MNIST_data", help="folder of the four MNIST .gz files")
    parser.add_argument("--steps", type=int, default=3000)
    parser.add_argument("--pictures", help="folder for pictures of the weights (needs matplotlib)")
    return parser.parse_args()


def main():
    args = parse_arguments()
    mnist = input_data.read_data_sets(args.data_dir, one_hot=True)

    X = tf.placeholder("float", [None, INPUTS])
    Y = tf.placeholder("float", [None, CLASSES])
    weights = {
        "h1": tf.Variable(tf.random_normal([INPUTS, HIDDEN_1], stddev=0.05)),
        "h2": tf.Variable(tf.random_normal([HIDDEN_1, HIDDEN_2], stddev=0.08)),
        "out": tf.Variable(tf.random_normal([HIDDEN_2, CLASSES], stddev=0.08)),
    }
    biases = {
        "b1": tf.Variable(tf.zeros([HIDDEN_1])),
        "b2": tf.Variable(tf.zeros([HIDDEN_2])),
        "out": tf.Variable(tf.zeros([CLASSES])),
    }
    logits = neural_net(X, weights, biases)
    loss_op = tf.reduce_mean(tf.nn.softmax_cross_entropy_with_logits(logits=logits, labels=Y))
    train_op = tf.train.AdamOptimizer(learning_rate=LEARNING_RATE).minimize(loss_op)
    correct = tf.equal(tf.argmax(tf.nn.softmax(logits), 1), tf.argmax(Y, 1))
    accuracy = tf.reduce_mean(tf.cast(correct, tf.float32))
    init = tf.global_variables_initializer()

    snapshots = []
    with tf.Session() as sess:
        sess.run(init)
        for step in range(1, args.steps + 1):
            if args.pictures and (step == 1 or step % (args.steps // 4) == 0):
                snapshots.append((step, sess.run(weights)))
            batch_x, batch_y = mnist.train.next_batch(BATCH_SIZE)
            sess.run(train_op, feed_dict={X: batch_x, Y: batch_y})
            if step % DISPLAY_STEP == 0 or step == 1:
                loss, acc = sess.run([loss_op, accuracy], feed_dict={X: batch_x, Y: batch_y})
                print(f"Step {step}, Minibatch Loss= {loss:.4f}, Training Accuracy= {acc:.3f}")
        print("Optimization finished!")
        test = sess.run(accuracy, feed_dict={X: mnist.test.images, Y: mnist.test.labels})
        print(f"Testing Accuracy: {test:.4f}")
    if args.pictures:
        import weight_pictures

        os.makedirs(args.pictures, exist_ok=True)
        weight_pictures.draw(snapshots, args.pictures)


if __name__ == "__main__":
    main()
