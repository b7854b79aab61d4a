"""SavedModels: written and read back, read from TensorFlow (recorded), read by TensorFlow.

The last needs GRAPHFLOW_TF_PYTHON, a Python that has TensorFlow.
"""

import json
import os
import pathlib
import shutil
import subprocess

import numpy as np
import pytest

import graphflow as tf

GOLDEN = pathlib.Path(__file__).parents[1] / "golden" / "saved_model"
PYTHON = os.environ.get("GRAPHFLOW_TF_PYTHON")
SERVE = [tf.saved_model.tag_constants.SERVING]


def model(words_file, scale=1.0):
    """The model of tools/golden/record_saved_model.py."""
    asset = tf.constant(str(words_file), name="words")
    tf.add_to_collection(tf.GraphKeys.ASSET_FILEPATHS, asset)
    table = tf.contrib.lookup.index_table_from_file(asset, name="table")
    words = tf.placeholder(tf.string, [None], name="in_words")
    sparse = tf.sparse_placeholder(tf.float32, name="in_sparse")
    weights = tf.get_variable("weights", initializer=scale * np.float32([[1, 2], [3, 4], [5, 6]]))
    bias = tf.get_variable("bias", initializer=scale * np.float32([0.5, -0.5]), use_resource=True)
    numbers = tf.identity(table.lookup(words), name="numbers")
    scores = tf.add(tf.matmul(tf.one_hot(numbers, 3), weights), bias, name="scores")
    total = tf.identity(tf.sparse_reduce_sum(sparse), name="total")
    return tf.saved_model.signature_def_utils.predict_signature_def(
        {"words": words, "sparse": sparse}, {"scores": scores, "numbers": numbers, "total": total})


def saved(tmp_path, as_text=False):
    """The folder of the model as we write it, and where its words were."""
    words_file = tmp_path / "words.txt"
    words_file.write_text("red\ngreen\nblue\n")
    folder = str(tmp_path / "model")
    builder = tf.saved_model.builder.SavedModelBuilder(folder)
    with tf.Graph().as_default(), tf.Session() as sess:
        signature = model(words_file)
        sess.run(tf.global_variables_initializer())
        builder.add_meta_graph_and_variables(
            sess, SERVE, {"serving_default": signature}, main_op=tf.tables_initializer(),
            assets_collection=tf.get_collection(tf.GraphKeys.ASSET_FILEPATHS))
    with tf.Graph().as_default():
        tf.multiply(tf.get_variable("bias", [2], use_resource=True), 2.0, name="doubled")
        builder.add_meta_graph([tf.saved_model.tag_constants.TRAINING, "double"])
    builder.save(as_text)
    words_file.unlink()
    return folder


def check(folder, scope=None):
    """Whether the model in a folder answers as TensorFlow's does."""
    expected = json.loads((GOLDEN / "expected.json").read_text())
    prefix = scope + "/" if scope else ""
    with tf.Graph().as_default(), tf.Session() as sess:
        meta_graph = tf.saved_model.loader.load(sess, SERVE, folder, import_scope=scope)
        signature = meta_graph.signature_def["serving_default"]
        assert tf.saved_model.signature_def_utils.is_valid_signature(signature)
        assert sorted(signature.inputs) == ["sparse", "words"]
        feed = {prefix + name: value for name, value in expected["feed"].items()}
        outputs = [prefix + signature.outputs[key].name for key in ("numbers", "scores")]
        numbers, scores = sess.run(outputs, feed)
        assert numbers.tolist() == expected["numbers"]
        np.testing.assert_allclose(scores, expected["scores"])
        sparse = tf.saved_model.utils.get_tensor_from_tensor_info(signature.inputs["sparse"], import_scope=scope)
        value = tf.SparseTensorValue([[0, 1], [1, 0]], [1.5, 2.0], [2, 2])
        assert sess.run(prefix + "total:0", {sparse: value}) == 3.5
    with tf.Graph().as_default(), tf.Session() as sess:
        tf.saved_model.load(sess, ["double", "train"], folder)
        assert sess.run("doubled:0").tolist() == [1.0, -1.0]


def test_reads_tensorflows(tmp_path):
    shutil.copytree(GOLDEN / "model", tmp_path / "elsewhere")
    check(str(tmp_path / "elsewhere"))
    check(str(tmp_path / "elsewhere"), scope="inner")


@pytest.mark.parametrize("as_text", [False, True])
def test_reads_ours(tmp_path, as_text):
    folder = saved(tmp_path, as_text)
    assert tf.saved_model.contains_saved_model(folder)
    assert not tf.saved_model.loader.maybe_saved_model_directory(str(tmp_path))
    check(folder)


IN_TENSORFLOW = """
import json, sys
import tensorflow.compat.v1 as tf
tf.disable_v2_behavior()
folder, expected = sys.argv[1], json.loads(sys.argv[2])
with tf.Session() as sess:
    signature = tf.saved_model.load(sess, ["serve"], folder).signature_def["serving_default"]
    names = [signature.outputs[key].name for key in ("numbers", "scores")]
    numbers, scores = sess.run(names, expected["feed"])
    assert numbers.tolist() == expected["numbers"] and scores.tolist() == expected["scores"], (numbers, scores)
with tf.Graph().as_default(), tf.Session() as sess:
    tf.saved_model.load(sess, ["train", "double"], folder)
    assert sess.run("doubled:0").tolist() == [1.0, -1.0]
"""


@pytest.mark.skipif(not PYTHON, reason="GRAPHFLOW_TF_PYTHON names no Python with TensorFlow")
def test_tensorflow_reads_ours(tmp_path):
    expected = (GOLDEN / "expected.json").read_text()
    done = subprocess.run([PYTHON, "-c", IN_TENSORFLOW, saved(tmp_path), expected], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_simple_save(tmp_path):
    folder = str(tmp_path / "simple")
    x = tf.placeholder(tf.float32, [None], name="x")
    y = x * tf.get_variable("w", initializer=2.0)
    with tf.Session() as sess:
        sess.run(tf.global_variables_initializer())
        tf.saved_model.simple_save(sess, folder, {"x": x}, {"y": y})
    with tf.Session(graph=tf.Graph()) as sess:
        signature = tf.saved_model.load(sess, SERVE, folder).signature_def["serving_default"]
        assert signature.method_name == "tensorflow/serving/predict"
        assert sess.run(signature.outputs["y"].name, {signature.inputs["x"].name: [1, 2]}).tolist() == [2.0, 4.0]


def test_assets_of_one_name(tmp_path):
    """Files of one name and other contents get names of their own; equal ones share a copy."""
    texts = {"a": "one", "b": "two", "c": "one"}
    assets = []
    for folder, text in texts.items():
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "words.txt").write_text(text)
        assets.append(tf.constant(str(tmp_path / folder / "words.txt")))
    builder = tf.saved_model.Builder(str(tmp_path / "model"))
    with tf.Session() as sess:
        builder.add_meta_graph_and_variables(sess, SERVE, assets_collection=assets)
    copied = {p.name: p.read_text() for p in (tmp_path / "model" / "assets").iterdir()}
    assert copied == {"words.txt": "one", "words.txt_1": "two"}


def test_what_is_refused(tmp_path):
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "file").write_text("")
    with pytest.raises(AssertionError, match="isn't empty"):
        tf.saved_model.Builder(str(tmp_path / "full"))
    tf.get_variable("w", initializer=2.0)
    builder = tf.saved_model.Builder(str(tmp_path / "model"))
    with pytest.raises(AssertionError, match="has not been saved yet"):
        builder.add_meta_graph(["a"])
    with tf.Session() as sess:
        sess.run(tf.global_variables_initializer())
        no_name = tf.saved_model.build_signature_def({"x": tf.TensorInfo(dtype=1)})
        no_type = tf.saved_model.build_signature_def({"x": tf.TensorInfo(name="x:0")})
        for signature, message in ((no_name, "one of the 'encoding' fields"), (no_type, "must have the dtype")):
            with pytest.raises(AssertionError, match=message):
                builder.add_meta_graph_and_variables(sess, SERVE, {"s": signature})
        with pytest.raises(KeyError, match="reserved for initialization"):
            builder.add_meta_graph_and_variables(
                sess, SERVE, {"__saved_model_init_op": tf.saved_model.build_signature_def()})
        with pytest.raises(TypeError, match="main_op needs to be an Operation"):
            builder.add_meta_graph_and_variables(sess, SERVE, main_op=tf.constant(1))
        for asset, message in (("path", "must be a Tensor"), (tf.constant(1), "of dtype string"),
                               (tf.identity("path"), "of type constant"), (tf.constant(["a", "b"]), "a scalar")):
            with pytest.raises(TypeError, match=message):
                builder.add_meta_graph_and_variables(sess, SERVE, assets_collection=[asset])
        builder.add_meta_graph_and_variables(sess, SERVE)
        with pytest.raises(AssertionError, match="already been saved"):
            builder.add_meta_graph_and_variables(sess, SERVE)
    builder.save()
    with tf.Session(graph=tf.Graph()) as sess:
        with pytest.raises(RuntimeError, match="tags 'other' could not be found.*\n.*serve"):
            tf.saved_model.load(sess, ["other"], str(tmp_path / "model"))
        with pytest.raises(IOError, match="SavedModel file does not exist at"):
            tf.saved_model.load(sess, SERVE, str(tmp_path / "nowhere"))
        (tmp_path / "model" / "saved_model.pb").write_bytes(b"\xff\xff")
        with pytest.raises(IOError, match="Cannot parse file"):
            tf.saved_model.load(sess, SERVE, str(tmp_path / "model"))


def test_signatures():
    text, number = tf.placeholder(tf.string, name="t"), tf.placeholder(tf.float32, name="n")
    utils, constants = tf.saved_model.signature_def_utils, tf.saved_model.signature_constants
    regression = utils.regression_signature_def(text, number)
    assert regression.method_name == constants.REGRESS_METHOD_NAME
    assert regression.outputs[constants.REGRESS_OUTPUTS].name == "n:0"
    classification = utils.classification_signature_def(text, text, number)
    assert classification.method_name == constants.CLASSIFY_METHOD_NAME
    assert set(classification.outputs) == {"classes", "scores"}
    assert all(map(utils.is_valid_signature, (regression, classification)))
    classification.outputs["more"].name = "n:0"
    regression.inputs["inputs"].dtype = 1
    assert not any(map(utils.is_valid_signature, (regression, classification, None, utils.build_signature_def())))
    for call, message in (
            (lambda: utils.regression_signature_def(None, number), "examples cannot be None"),
            (lambda: utils.regression_signature_def(number, number), "must be a string Tensor"),
            (lambda: utils.regression_signature_def(text, None), "predictions cannot be None"),
            (lambda: utils.regression_signature_def(text, text), "output must be a float Tensor"),
            (lambda: utils.classification_signature_def(text, None, None), "cannot both be None"),
            (lambda: utils.classification_signature_def(text, number, None), "classes must be a string"),
            (lambda: utils.predict_signature_def({}, {"y": number}), "inputs cannot be None or empty"),
            (lambda: utils.predict_signature_def({"x": number}, {}), "outputs cannot be None or empty")):
        with pytest.raises(ValueError, match=message):
            call()


def test_main_op_with_restore(tmp_path):
    v, w = tf.Variable(1.0, name="v"), tf.Variable(2.0, name="w")
    restore = tf.assign(v, 5.0)
    op = tf.saved_model.main_op.main_op_with_restore(restore.op)
    with tf.Session() as sess:
        sess.run(op)
        assert sess.run([v, w]) == [5.0, 2.0]


def test_predictor(tmp_path):
    folder = str(tmp_path / "simple")
    x, more = tf.placeholder(tf.float32, name="x"), tf.placeholder_with_default(1.0, [], name="more")
    y = tf.add(x * 2, more, name="y")
    with tf.Session() as sess:
        tf.saved_model.simple_save(sess, folder, {"x": x, "more": more}, {"y": y})
    predict = tf.contrib.predictor.from_saved_model(folder)
    assert predict({"x": 3.0}) == {"y": 7.0} and predict({"x": 3.0, "more": 2.0}) == {"y": 8.0}
    by_name = tf.contrib.predictor.from_saved_model(folder, input_names={"in": "x:0"}, output_names={"out": "y:0"})
    assert by_name({"in": 1.0}) == {"out": 3.0}
    with pytest.raises(ValueError, match="unexpected keys"):
        predict({"z": 1.0})
    with pytest.raises(ValueError, match="Available signatures are \\['serving_default'\\]"):
        tf.contrib.predictor.from_saved_model(folder, "other")
    with pytest.raises(ValueError, match="must both be specified"):
        tf.contrib.predictor.from_saved_model(folder, input_names={"in": "x:0"})
    with pytest.raises(ValueError, match="at most one of"):
        tf.contrib.predictor.from_saved_model(folder, "a", input_names={}, output_names={})
