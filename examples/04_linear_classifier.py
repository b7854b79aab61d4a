"""A linear classifier for two clusters of points, with a hand-written cross entropy.

Shows `tf.to_double`, float64 variables, `tf.sigmoid`, and drawing the decision line.
Expect an accuracy of 1.00 (the clusters hardly overlap) and a line between them.

    python examples/04_linear_classifier.py --plot clusters.png
"""

import argparse

import numpy as np

import graphflow as tf


def make_clusters(per_class=200, seed=0):
    rng = np.random.RandomState(seed)
    negative = rng.multivariate_normal([0, 3], [[1, 0.5], [0.5, 1]], per_class)
    positive = rng.multivariate_normal([4, 0], [[1, 0.5], [0.5, 1]], per_class)
    points = np.vstack([negative, positive]).astype(np.float32)
    targets = np.repeat([0.0, 1.0], per_class).astype(np.float32)[:, None]
    return points, targets


def draw(points, targets, weights, offset, path):
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    figure, axis = plt.subplots(figsize=(6, 5))
    axis.scatter(points[:, 0], points[:, 1], c=targets[:, 0], cmap="coolwarm", s=12)
    xs = np.linspace(points[:, 0].min(), points[:, 0].max(), 2)
    axis.plot(xs, -(weights[0, 0] * xs + offset) / weights[1, 0], "k--", label="decision line")
    axis.set(ylim=(points[:, 1].min() - 1, points[:, 1].max() + 1), title="linear classifier")
    axis.legend()
    figure.savefig(path)
    print("picture written to", path)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--steps", type=int, default=400)
    parser.add_argument("--plot", help="write the points and the decision line to this picture (needs matplotlib)")
    args = parser.parse_args()
    points, targets = make_clusters()

    x = tf.to_double(tf.placeholder(tf.float32, [None, 2], name="points"), name="x")
    t = tf.to_double(tf.placeholder(tf.float32, [None, 1], name="targets"), name="t")
    w = tf.Variable(tf.zeros([2, 1], dtype=tf.float64), name="w")
    b = tf.Variable(tf.to_double(0.0), name="b")
    p = tf.sigmoid(tf.matmul(x, w) + b)
    tiny = 1e-12
    cross_entropy = -tf.reduce_mean(t * tf.log(p + tiny) + (1 - t) * tf.log(1 - p + tiny))
    train = tf.train.GradientDescentOptimizer(0.5).minimize(cross_entropy)
    accuracy = tf.reduce_mean(tf.to_double(tf.equal(p > 0.5, t > 0.5)))

    with tf.Session() as sess:
        sess.run(tf.global_variables_initializer())
        feed = {"points:0": points, "targets:0": targets}
        for step in range(args.steps + 1):
            if step % 100 == 0:
                loss, acc = sess.run([cross_entropy, accuracy], feed)
                print(f"step {step:4d}  cross entropy {loss:.4f}  accuracy {acc:.3f}")
            sess.run(train, feed)
        weights, offset = sess.run([w, b])
    print(f"decision line: {weights[0, 0]:.3f} x + {weights[1, 0]:.3f} y + {offset:.3f} = 0")
    if args.plot:
        draw(points, targets, weights, offset, args.plot)


if __name__ == "__main__":
    main()
