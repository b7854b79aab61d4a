"""Records a SavedModel that TensorFlow wrote: variables, a table filled from a file, a sparse input, two graphs.

Runs where TensorFlow is installed: `python tools/golden/record_saved_model.py`. Writes
tests/golden/saved_model/: the model in `model/`, and `expected.json` with what it answers.
"""

import json
import os
import pathlib
import shutil
import tempfile

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "2"

import numpy as np
import tensorflow.compat.v1 as tf

FOLDER = pathlib.Path(__file__).resolve().parents[2] / "tests" / "golden" / "saved_model"
WORDS = ["red", "green", "blue"]


def build(words_file):
    """The signature of a model that scores words, and feeds for it."""
    asset = tf.constant(words_file, name="words")
    tf.add_to_collection(tf.GraphKeys.ASSET_FILEPATHS, asset)
    table = tf.lookup.StaticHashTable(
        tf.lookup.TextFileInitializer(asset, tf.string, tf.lookup.TextFileIndex.WHOLE_LINE, tf.int64,
                                      tf.lookup.TextFileIndex.LINE_NUMBER), default_value=-1)
    words = tf.placeholder(tf.string, [None], name="in_words")
    sparse = tf.sparse_placeholder(tf.float32, name="in_sparse")
    weights = tf.get_variable("weights", initializer=np.float32([[1, 2], [3, 4], [5, 6]]))
    bias = tf.get_variable("bias", initializer=np.float32([0.5, -0.5]), use_resource=True)
    numbers = tf.identity(table.lookup(words), name="numbers")
    scores = tf.add(tf.one_hot(numbers, 3) @ weights, bias, name="scores")
    total = tf.identity(tf.sparse_reduce_sum(sparse), name="total")
    signature = tf.saved_model.predict_signature_def(
        {"words": words, "sparse": sparse}, {"scores": scores, "numbers": numbers, "total": total})
    return signature


def record():
    """Writes all files."""
    tf.disable_v2_behavior()
    tf.disable_resource_variables()
    shutil.rmtree(FOLDER, ignore_errors=True)
    FOLDER.mkdir(parents=True)
    words_file = os.path.join(tempfile.mkdtemp(), "words.txt")
    pathlib.Path(words_file).write_text("\n".join(WORDS) + "\n")
    signature = build(words_file)
    builder = tf.saved_model.Builder(str(FOLDER / "model"))
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        builder.add_meta_graph_and_variables(
            session, [tf.saved_model.SERVING], {"serving_default": signature},
            assets_collection=tf.get_collection(tf.GraphKeys.ASSET_FILEPATHS), main_op=tf.tables_initializer())
    with tf.Graph().as_default():
        doubled = tf.multiply(tf.get_variable("bias", [2], use_resource=True), 2.0, name="doubled")
        builder.add_meta_graph([tf.saved_model.TRAINING, "double"])
        assert doubled.op.name == "doubled"
    builder.save()
    with tf.Graph().as_default(), tf.Session() as session:
        tf.saved_model.load(session, [tf.saved_model.SERVING], str(FOLDER / "model"))
        feed = {"in_words:0": ["blue", "red", "black"]}
        numbers, scores = session.run(["numbers:0", "scores:0"], feed)
    (FOLDER / "expected.json").write_text(json.dumps(
        {"feed": feed, "numbers": numbers.tolist(), "scores": scores.tolist()}) + "\n")


if __name__ == "__main__":
    record()
