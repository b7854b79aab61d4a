"""A convolutional network on MNIST: three convolutions, ReLU, dropout, a learning rate that falls.

Shows `tf.nn.conv2d` with strides in place of pooling, `dropout` that keeps three of four numbers in
training and all in tests, and a learning rate that falls from 0.003 to 0.0001.
Expect at least 99.2 % on the test images within 10,000 steps of 100, in minutes.

    python examples/07_convolutional_network.py --data-dir MNIST_data
"""

import argparse

import graphflow as tf
from graphflow.examples.tutorials.mnist import input_data

BATCH_SIZE = 100
DISPLAY_STEP = 500
DROPPED = 0.25
MAX_RATE, MIN_RATE, DECAY_STEPS = 0.003, 0.0001, 2000


def weights(shape):
    return tf.Variable(tf.truncated_normal(shape, stddev=0.1))


def convolution(x, size, channels, outputs, stride):
    """A convolution of size x size, as many steps apart as `stride`, with bias and ReLU."""
    product = tf.nn.conv2d(x, weights([size, size, channels, outputs]), strides=[1, stride, stride, 1], padding="SAME")
    return tf.nn.relu(product + tf.Variable(tf.constant(0.1, shape=[outputs])))


def network(x, dropped):
    """Logits [batch, 10] of images [batch, 784]."""
    image = tf.reshape(x, [-1, 28, 28, 1])
    first = convolution(image, 6, 1, 12, stride=1)
    second = convolution(first, 5, 12, 24, stride=2)
    third = convolution(second, 4, 24, 48, stride=2)
    flat = tf.reshape(third, [-1, 7 * 7 * 48])
    dense = tf.nn.relu(tf.matmul(flat, weights([7 * 7 * 48, 200])) + tf.Variable(tf.constant(0.1, shape=[200])))
    return tf.matmul(tf.nn.dropout(dense, rate=dropped), weights([200, 10])) + tf.Variable(tf.constant(0.1, shape=[10]))


def accuracy_over(sess, accuracy, feeds, images, labels):
    """The share of images read rightly, found in parts of 1,000."""
    x, y = feeds
    parts = range(0, len(images), 1000)
    right = [len(images[i:i + 1000]) * sess.run(accuracy, {x: images[i:i + 1000], y: labels[i:i + 1000]})
             for i in parts]
    return sum(right) / len(images)


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data-dir", default="MNIST_data", help="folder of the four MNIST .gz files")
    parser.add_argument("--steps", type=int, default=10_000)
    return parser.parse_args()


def main():
    args = parse_arguments()
    mnist = input_data.read_data_sets(args.data_dir, one_hot=True, validation_size=0)

    x = tf.placeholder(tf.float32, [None, 784], name="x")
    y = tf.placeholder(tf.float32, [None, 10], name="y")
    dropped = tf.placeholder_with_default(0.0, [], name="dropped")
    step = tf.train.get_or_create_global_step()

    logits = network(x, dropped)
    loss = tf.reduce_mean(tf.nn.softmax_cross_entropy_with_logits_v2(logits=logits, labels=y))
    rate = MIN_RATE + tf.train.exponential_decay(MAX_RATE - MIN_RATE, step, DECAY_STEPS, 1 / 2.718281828)
    train = tf.train.AdamOptimizer(rate).minimize(loss, global_step=step)
    accuracy = tf.reduce_mean(tf.cast(tf.equal(tf.argmax(logits, 1), tf.argmax(y, 1)), tf.float32))

    best = 0.0
    with tf.Session() as sess:
        sess.run(tf.global_variables_initializer())
        for number in range(1, args.steps + 1):
            images, labels = mnist.train.next_batch(BATCH_SIZE)
            sess.run(train, {x: images, y: labels, dropped: DROPPED})
            if number % DISPLAY_STEP == 0 or number == args.steps:
                found = accuracy_over(sess, accuracy, (x, y), mnist.test.images, mnist.test.labels)
                best = max(best, found)
                print(f"step {number:5}: rate {sess.run(rate):.5f}, test accuracy: {found:.4f}")
    print(f"test accuracy: {found:.4f} (best {best:.4f})")


if __name__ == "__main__":
    main()
