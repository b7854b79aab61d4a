"""The fully connected MNIST model of the TensorFlow 1.x tutorials, in four functions.

`inference` makes the logits, `loss` the number to lower, `training` the op that lowers it, and
`evaluation` counts right answers. Names of scopes, variables and summaries are the tutorial's, so
its checkpoints fit. Adds to the default graph; holds no state and reads no data, as `input_data`
does.

    images = tf.placeholder(tf.float32, [100, IMAGE_PIXELS])
    labels = tf.placeholder(tf.int32, [100])
    logits = inference(images, hidden1_units=128, hidden2_units=32)
    total = loss(logits, labels)
    train_op = training(total, learning_rate=0.01)
"""

import math

import graphflow as tf

NUM_CLASSES = 10
IMAGE_SIZE = 28
IMAGE_PIXELS = IMAGE_SIZE * IMAGE_SIZE


def _linear(inputs, num_inputs, num_outputs):
    """`inputs @ weights + biases`; weights start so as to keep the inputs' variance."""
    stddev = 1.0 / math.sqrt(float(num_inputs))
    weights = tf.Variable(
        tf.truncated_normal([num_inputs, num_outputs], stddev=stddev), name="weights")
    biases = tf.Variable(tf.zeros([num_outputs]), name="biases")
    return tf.matmul(inputs, weights) + biases


def inference(images, hidden1_units, hidden2_units):
    """The logits of a network with two hidden ReLU layers.

    Args:
      images: float32 `[batch, IMAGE_PIXELS]`.
      hidden1_units, hidden2_units: widths of the hidden layers.

    Returns:
      float32 `[batch, NUM_CLASSES]`.
    """
    with tf.name_scope("hidden1"):
        hidden1 = tf.nn.relu(_linear(images, IMAGE_PIXELS, hidden1_units))
    with tf.name_scope("hidden2"):
        hidden2 = tf.nn.relu(_linear(hidden1, hidden1_units, hidden2_units))
    with tf.name_scope("softmax_linear"):
        return _linear(hidden2, hidden2_units, NUM_CLASSES)


def loss(logits, labels):
    """The mean cross-entropy, a float32 scalar.

    Args:
      logits: float32 `[batch, NUM_CLASSES]`.
      labels: integers `[batch]`, each in `[0, NUM_CLASSES)`.
    """
    labels = tf.cast(labels, dtype=tf.int64)
    return tf.losses.sparse_softmax_cross_entropy(labels=labels, logits=logits)


def training(loss, learning_rate):
    """An op that makes one step of gradient descent on `loss` and counts it in `global_step`.

    Also adds the scalar summary "loss".
    """
    tf.summary.scalar("loss", loss)
    optimizer = tf.train.GradientDescentOptimizer(learning_rate)
    global_step = tf.Variable(0, name="global_step", trainable=False)
    return optimizer.minimize(loss, global_step=global_step)


def evaluation(logits, labels):
    """How many rows of `logits` are largest at their label, an int32 scalar.

    Args:
      logits: float32 `[batch, NUM_CLASSES]`.
      labels: int32 `[batch]`, each in `[0, NUM_CLASSES)`.
    """
    correct = tf.nn.in_top_k(logits, labels, 1)
    return tf.reduce_sum(tf.cast(correct, tf.int32))
