"""Records a model that TensorFlow trained a few steps and saved, to be trained on elsewhere.

Runs where TensorFlow is installed: `python tools/golden/record_meta_graph.py`. Writes
tests/golden/meta_graph/: the checkpoint `m-3` with its meta graph, and `expected.json` with the
loss and the weights before and after one more step.
"""

import json
import os
import pathlib

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "2"

import numpy as np
import tensorflow.compat.v1 as tf

FOLDER = pathlib.Path(__file__).resolve().parents[2] / "tests" / "golden" / "meta_graph"


def record():
    """Writes all files."""
    tf.disable_v2_behavior()
    tf.disable_resource_variables()
    FOLDER.mkdir(parents=True, exist_ok=True)
    random = np.random.RandomState(5)
    x = tf.placeholder(tf.float32, [None, 3], name="x")
    y = tf.placeholder(tf.float32, [None, 2], name="y")
    with tf.variable_scope("layer"):
        kernel = tf.get_variable("kernel", initializer=random.randn(3, 2).astype(np.float32))
        bias = tf.get_variable("bias", [2], initializer=tf.zeros_initializer(), use_resource=True)
    logits = tf.add(tf.matmul(x, kernel), bias, name="logits")
    loss = tf.reduce_mean(tf.nn.softmax_cross_entropy_with_logits_v2(labels=y, logits=logits), name="loss")
    step = tf.train.get_or_create_global_step()
    train = tf.train.AdamOptimizer(0.1).minimize(loss, global_step=step)
    tf.add_to_collection("train", train)
    tf.add_to_collection("tensors", loss)
    tf.summary.scalar("loss_summary", loss)
    data = {"x:0": random.randn(4, 3).tolist(), "y:0": np.eye(2)[[0, 1, 1, 0]].tolist()}
    saver = tf.train.Saver()
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        for _ in range(3):
            session.run(train, data)
        saver.save(session, str(FOLDER / "m"), step)
        expected = {"feed": data, "before": [], "after": []}
        for key in ("before", "after"):
            values = session.run([loss, kernel, bias, step], data)
            expected[key] = [np.asarray(value).tolist() for value in values]
            session.run(train, data)
    (FOLDER / "checkpoint").unlink()
    (FOLDER / "expected.json").write_text(json.dumps(expected) + "\n")


if __name__ == "__main__":
    record()
