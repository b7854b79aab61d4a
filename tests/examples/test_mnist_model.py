"""The tutorial's fully connected model: its names, and that it learns."""

import numpy as np

import graphflow as tf
from graphflow.examples.tutorials.mnist import mnist


def _build():
    images = tf.placeholder(tf.float32, [20, mnist.IMAGE_PIXELS])
    labels = tf.placeholder(tf.int32, [20])
    logits = mnist.inference(images, 16, 8)
    loss = mnist.loss(logits, labels)
    return images, labels, logits, loss, mnist.evaluation(logits, labels)


def test_names_and_shapes():
    with tf.Graph().as_default():
        _, _, logits, loss, correct = _build()
        mnist.training(loss, 0.1)
        names = [v.op.name for v in tf.global_variables()]
    scopes = ("hidden1", "hidden2", "softmax_linear")
    assert names == [f"{s}/{v}" for s in scopes for v in ("weights", "biases")] + ["global_step"]
    assert logits.name == "softmax_linear/add:0"
    assert logits.shape.as_list() == [20, mnist.NUM_CLASSES]
    assert loss.shape.as_list() == [] and correct.dtype == tf.int32


def test_it_learns():
    rng = np.random.RandomState(0)
    labels = np.arange(20) % 10
    images = (rng.rand(10, mnist.IMAGE_PIXELS) > 0.5).astype(np.float32)[labels]
    with tf.Graph().as_default(), tf.Session() as sess:
        tf.set_random_seed(1)
        image_input, label_input, _, loss, correct = _build()
        train = mnist.training(loss, 0.05)
        sess.run(tf.global_variables_initializer())
        feed = {image_input: images, label_input: labels}
        first = sess.run(loss, feed)
        for _ in range(200):
            sess.run(train, feed)
        last, right, step = sess.run([loss, correct, "global_step:0"], feed)
    assert last < first / 4 and right == 20 and step == 200
