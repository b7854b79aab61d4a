#!/usr/bin/env python3
"""Records GraphDefs with conditionals and loops, and TensorFlow's answers, in tests/golden/control_flow.json.gz.

Runs in an environment with TensorFlow 2.x: once with TensorFlow 1's Switch, Merge, Enter and Exit, once with
functional nodes. Each graph gives `o:0`.
"""

import base64
import gzip
import json
import os
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
import numpy as np
import tensorflow.compat.v1 as tf

tf.disable_v2_behavior()
TARGET = Path(__file__).resolve().parents[2] / "tests" / "golden" / "control_flow.json.gz"


def arrays():
    """A recurrent loop over TensorArrays."""
    x = tf.placeholder(tf.float32, [2, 5, 3], name="x")
    weights = tf.constant([[0.1 * i - 0.2 * j for j in range(3)] for i in range(3)])
    rows = tf.TensorArray(tf.float32, 5).unstack(tf.transpose(x, [1, 0, 2]))

    def step(t, h, out):
        return t + 1, tf.tanh(tf.matmul(h + rows.read(t), weights)), out.write(t, h)

    _, h, out = tf.while_loop(lambda t, h, o: t < 5, step, [0, tf.zeros([2, 3]), tf.TensorArray(tf.float32, 5)])
    tf.identity(tf.concat([out.stack(), [h]], 0), name="o")


def case():
    """A chain of conditionals, an assertion, two results, and the gradient of a conditional."""
    x, p = tf.placeholder(tf.float32, [], name="x"), tf.placeholder(tf.bool, [], name="p")
    r = tf.case([(x < 0, lambda: -x), (x < 1, lambda: x * x)],
                default=lambda: tf.cond(p, lambda: tf.exp(x), lambda: tf.constant(3.0)))
    with tf.control_dependencies([tf.Assert(x < 10, [x])]):
        r = tf.identity(r)
    a, b = tf.cond(p, lambda: (x, r + 1), lambda: (r, x))
    c = tf.cond(p, lambda: a * b, lambda: a - b)
    tf.identity(c + tf.gradients(c, x)[0], name="o")


def variable():
    """A branch that writes a variable."""
    x, p = tf.placeholder(tf.float32, [2, 3], name="x"), tf.placeholder(tf.bool, [], name="p")
    v = tf.get_variable("v", [3], initializer=tf.ones_initializer(), use_resource=False)
    updated = tf.cond(p, lambda: v.assign_add([1.0, 2.0, 3.0]), lambda: tf.identity(v))
    tf.identity(x * updated, name="o")


def nested():
    """Loops in a conditional in a loop."""
    x, p = tf.placeholder(tf.float64, [], name="x"), tf.placeholder(tf.bool, [], name="p")
    w = tf.constant(2.0, tf.float64, name="w")
    y = tf.cond(p, lambda: tf.square(x) * w, lambda: tf.sin(x))

    def inner(i, a):
        return tf.while_loop(lambda j, b: j < i, lambda j, b: (j + 1, b * b + x), [0, a])[1]

    def body(i, a):
        return [i + 1, tf.cond(a > 0, lambda: tf.sin(a) * x + a * w, lambda: inner(i, a))]

    _, z = tf.while_loop(lambda i, a: i < 3, body, [0, x], maximum_iterations=4)
    tf.identity(z + y, name="o")


FEEDS = {
    arrays: [{"x:0": np.linspace(-1, 1, 30).reshape(2, 5, 3).tolist()}],
    case: [{"x:0": v, "p:0": p} for v in (-1.5, 0.5, 2.0) for p in (True, False)],
    variable: [{"x:0": [[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]], "p:0": p} for p in (False, True, True, False)],
    nested: [{"x:0": v, "p:0": p} for v in (0.3, -0.7) for p in (True, False)],
}


def record(program, feeds):
    with tf.Graph().as_default() as graph:
        program()
        initializer = tf.global_variables_initializer()
        with tf.Session() as sess:
            sess.run(initializer)
            answers = [np.asarray(sess.run("o:0", feed_dict)).tolist() for feed_dict in feeds]
        graph_def = base64.b64encode(graph.as_graph_def().SerializeToString()).decode()
        return {"graph_def": graph_def, "initializer": initializer.name, "feeds": feeds, "answers": answers}


def main():
    found = {}
    tf.disable_control_flow_v2()
    for program, feeds in FEEDS.items():
        found[program.__name__] = record(program, feeds)
    tf.enable_control_flow_v2()
    found["nested_functions"] = record(nested, FEEDS[nested])
    text = json.dumps(found, separators=(",", ":"))
    TARGET.write_bytes(gzip.compress(text.encode(), 9, mtime=0))
    print(f"{len(found)} graphs; {TARGET.stat().st_size} bytes")


if __name__ == "__main__":
    main()
