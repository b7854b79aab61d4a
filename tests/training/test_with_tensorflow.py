"""Models cross over: what TensorFlow saved trains on here (recorded), and what we save trains on there.

The second needs GRAPHFLOW_TF_PYTHON, a Python that has TensorFlow.
"""

import json
import os
import pathlib
import subprocess

import numpy as np
import pytest

import graphflow as tf

GOLDEN = pathlib.Path(__file__).parents[1] / "golden" / "meta_graph"
PYTHON = os.environ.get("GRAPHFLOW_TF_PYTHON")
ELEMENTS = ["loss:0", "layer/kernel:0", "layer/bias/Read/ReadVariableOp:0", "global_step:0"]


def close(got, expected):
    for a, b in zip(got, expected, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-6)


def test_model_of_tensorflow():
    expected = json.loads((GOLDEN / "expected.json").read_text())
    with tf.Graph().as_default(), tf.Session() as sess:
        saver = tf.train.import_meta_graph(str(GOLDEN / "m-3.meta"))
        saver.restore(sess, str(GOLDEN / "m-3"))
        assert [v.op.name for v in tf.trainable_variables()] == ["layer/kernel", "layer/bias"]
        assert tf.get_collection("tensors")[0].name == "loss:0"
        assert tf.train.get_global_step().name == "global_step:0"
        assert len(tf.get_collection(tf.GraphKeys.SUMMARIES)) == 1
        close(sess.run(ELEMENTS, expected["feed"]), expected["before"])
        sess.run(tf.get_collection("train")[0], expected["feed"])
        close(sess.run(ELEMENTS, expected["feed"]), expected["after"])


IN_TENSORFLOW = """
import json, sys
import tensorflow.compat.v1 as tf
tf.disable_v2_behavior()
prefix, feed, elements = sys.argv[1], json.loads(sys.argv[2]), json.loads(sys.argv[3])
saver = tf.train.import_meta_graph(prefix + ".meta")
with tf.Session() as sess:
    saver.restore(sess, prefix)
    before = sess.run(elements, feed)
    sess.run(tf.get_collection("train")[0], feed)
    after = sess.run(elements, feed)
    assert [v.op.name for v in tf.trainable_variables()] == ["layer/kernel", "layer/bias"]
    assert tf.train.latest_checkpoint(sys.argv[4]) == prefix
    saver.save(sess, prefix + "-tf")
print(json.dumps([[v.tolist() for v in values] for values in (before, after)]))
"""


@pytest.mark.skipif(not PYTHON, reason="GRAPHFLOW_TF_PYTHON names no Python with TensorFlow")
def test_model_in_tensorflow(tmp_path):
    expected = json.loads((GOLDEN / "expected.json").read_text())
    with tf.Graph().as_default(), tf.Session() as sess:
        x = tf.placeholder(tf.float32, [None, 3], name="x")
        y = tf.placeholder(tf.float32, [None, 2], name="y")
        with tf.variable_scope("layer"):
            kernel = tf.get_variable("kernel", [3, 2])
            bias = tf.get_variable("bias", [2], initializer=tf.zeros_initializer(), use_resource=True)
        logits = tf.add(tf.matmul(x, kernel), bias, name="logits")
        loss = tf.reduce_mean(tf.nn.softmax_cross_entropy_with_logits_v2(labels=y, logits=logits), name="loss")
        step = tf.train.get_or_create_global_step()
        tf.add_to_collection("train", tf.train.AdamOptimizer(0.1).minimize(loss, global_step=step))
        saver = tf.train.Saver()
        saver.restore(sess, str(GOLDEN / "m-3"))
        path = saver.save(sess, str(tmp_path / "m"), step)
        done = subprocess.run(
            [PYTHON, "-c", IN_TENSORFLOW, path, json.dumps(expected["feed"]), json.dumps(ELEMENTS), str(tmp_path)],
            capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        before, after = json.loads(done.stdout.splitlines()[-1])
        close(before, expected["before"])
        close(after, expected["after"])
        saver.restore(sess, path + "-tf")
        close(sess.run(ELEMENTS, expected["feed"]), expected["after"])
