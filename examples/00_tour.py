"""The tour: everything GraphFlow does, in one short program you can read top to bottom.

Builds a graph, looks at it, runs it, differentiates it, trains a variable with it, and prints the plan
that a session makes of it. Needs no data and takes a second. Expect the fitted line y = 3x + 2.

    python examples/00_tour.py
"""

import numpy as np

import graphflow as tf


def section(title):
    print(f"\n--- {title}")


def build_and_run():
    section("1. A graph is built first; nothing is computed yet")
    a = tf.placeholder(tf.float32, [None, 2], name="a")
    b = tf.constant([[1.0], [10.0]], name="b")
    product = tf.matmul(a, b, name="product")
    print(product)  # a symbolic Tensor: name, static shape, dtype
    print("operations:", [op.name for op in tf.get_default_graph().get_operations()])

    section("2. A session runs the part of it that you fetch, with what you feed")
    with tf.Session() as sess:
        print(sess.run(product, feed_dict={a: [[1, 2], [3, 4]]}))
        print(sess.run({"any": [product, "b:0"], "nesting": a}, {a: [[0, 0]]}))


def differentiate():
    section("3. gradients() adds the derivative to the graph, as more operations")
    x = tf.placeholder(tf.float32, [], name="x")
    y = x * x * x
    slope = tf.gradients(y, x)[0]
    curvature = tf.gradients(slope, x)[0]
    with tf.Session() as sess:
        print("y, y', y'' at 2:", sess.run([y, slope, curvature], {x: 2.0}))


def train():
    section("4. Variables keep their value between runs; optimizers change them")
    xs = np.linspace(-1, 1, 50, dtype=np.float32)
    ys = 3 * xs + 2
    x, target = tf.placeholder(tf.float32, [None], name="x"), tf.placeholder(tf.float32, [None], name="y")
    with tf.name_scope("line"):
        slope = tf.Variable(0.0, name="slope")
        offset = tf.Variable(0.0, name="offset")
        loss = tf.reduce_mean(tf.square(slope * x + offset - target))
    step = tf.train.GradientDescentOptimizer(0.3).minimize(loss)
    with tf.Session() as sess:
        sess.run(tf.global_variables_initializer())
        for _ in range(60):
            sess.run(step, {x: xs, target: ys})
        print("y = {:.3f} x + {:.3f}".format(*sess.run([slope, offset])))
        return sess.explain(step, {x: xs, target: ys})


def fail_well():
    section("5. Mistakes are reported with the operation and your own line")
    with tf.Session() as sess:
        try:
            sess.run(tf.gather(tf.constant([1, 2, 3]), tf.constant([0, 7])))
        except tf.errors.InvalidArgumentError as error:
            print(error)


def main():
    build_and_run()
    differentiate()
    plan = train()
    fail_well()
    section("6. What a session makes of one training step: its plan")
    print(plan)


if __name__ == "__main__":
    main()
