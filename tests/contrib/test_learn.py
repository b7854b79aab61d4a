"""tf.contrib.learn: vocabularies and small data sets."""

import numpy as np
import pytest

import graphflow as tf
from graphflow.contrib.learn import preprocessing

TEXTS = ["abc ABC", "it's HTMLParser-like DNNClassifier", "été naïve"]


def test_tokens():
    assert list(preprocessing.tokenizer(TEXTS)) == [
        ["abc", "ABC"], ["it's", "HTML", "Parser-like", "DNN", "Classifier"], ["été", "naïve"]]


def test_rows():
    processor = tf.contrib.learn.preprocessing.VocabularyProcessor(3)
    rows = np.array(list(processor.fit_transform(["a b a", "c"])))
    assert rows.dtype == np.int64 and rows.tolist() == [[1, 2, 1], [3, 0, 0]]
    assert len(processor.vocabulary_) == 4
    assert np.array(list(processor.transform(["c new b a"]))).tolist() == [[3, 0, 2]]
    assert list(processor.reverse([[3, 0]])) == ["c <UNK>"]


def test_rare_words_are_unknown():
    """The frequent ones are numbered by how often they occur, then by name."""
    processor = preprocessing.VocabularyProcessor(5, min_frequency=1)
    rows = [row.tolist() for row in processor.fit_transform(["b a b a c c c", "once"])]
    assert rows == [[3, 2, 3, 2, 1], [0, 0, 0, 0, 0]]
    assert processor.vocabulary_.reverse(1) == "c"
    assert [processor.vocabulary_.get(word) for word in "ab"] == [2, 3]


def test_vocabulary_limits():
    words = preprocessing.CategoricalVocabulary(support_reverse=False)
    for word, count in (("a", 5), ("b", 2), ("c", 1)):
        words.add(word, count)
    words.trim(1, max_frequency=5)
    words.freeze()
    assert [words.get(word) for word in "abc"] == [0, 1, 0]
    with pytest.raises(ValueError, match="support_reverse"):
        words.reverse(1)


def test_saved(tmp_path):
    processor = preprocessing.VocabularyProcessor(4, min_frequency=0)
    processor.fit(["one two", "two three"])
    processor.save(str(tmp_path / "vocab"))
    again = preprocessing.VocabularyProcessor.restore(str(tmp_path / "vocab"))
    assert [row.tolist() for row in again.transform(["three four one"])] == [[3, 0, 1, 0]]
    assert list(again.reverse([[2]])) == ["two"]
    (tmp_path / "pickle").write_bytes(b"\x80\x03ctensorflow\n")
    with pytest.raises(ValueError, match="pickles, which are not read"):
        preprocessing.VocabularyProcessor.restore(str(tmp_path / "pickle"))
    own = preprocessing.VocabularyProcessor(4, tokenizer_fn=lambda texts: (t.split() for t in texts))
    with pytest.raises(ValueError, match="tokenizer_fn cannot be saved"):
        own.save(str(tmp_path / "own"))


def test_bytes():
    processor = preprocessing.ByteProcessor(4)
    rows = list(processor.transform(["ab", "é", b"abcdef"]))
    assert [row.tolist() for row in rows] == [[97, 98, 0, 0], [195, 169, 0, 0], [97, 98, 99, 100]]
    assert list(processor.reverse([*rows, np.array([255])])) == ["ab", "é", "abcd", ""]


def test_csv(tmp_path):
    (tmp_path / "with.csv").write_text("2,2,no,yes\n1.5,2.5,0\n3.5,4.5,1\n")
    data = tf.contrib.learn.datasets.base.load_csv_with_header(str(tmp_path / "with.csv"), np.int32, np.float32)
    assert data.data.tolist() == [[1.5, 2.5], [3.5, 4.5]] and data.target.tolist() == [0, 1]
    assert (data.data.dtype, data.target.dtype) == (np.float32, np.int32)
    (tmp_path / "without.csv").write_text("7,1.5\n8,2.5\n")
    data = tf.contrib.learn.datasets.base.load_csv_without_header(
        str(tmp_path / "without.csv"), np.int64, np.float64, target_column=0)
    assert data.data.tolist() == [[1.5], [2.5]] and data.target.tolist() == [7, 8]
    (tmp_path / "short.csv").write_text("3,1\n1.5,0\n")
    with pytest.raises(ValueError, match="announces 3 samples and has 1"):
        tf.contrib.learn.datasets.base.load_csv_with_header(str(tmp_path / "short.csv"), int, float)
    with pytest.raises(ValueError, match="Name of dataset is not found: moons"):
        tf.contrib.learn.datasets.load_dataset("moons")


def test_iris():
    pytest.importorskip("sklearn")
    iris = tf.contrib.learn.datasets.load_dataset("iris")
    assert iris.data.shape == (150, 4) and np.bincount(iris.target).tolist() == [50, 50, 50]


def test_projector(tmp_path):
    from google.protobuf import text_format

    from graphflow.contrib.tensorboard.plugins import projector

    config = projector.ProjectorConfig()
    embedding = config.embeddings.add()
    embedding.tensor_name, embedding.metadata_path = "words:0", "words.tsv"
    embedding.sprite.single_image_dim.extend([28, 28])
    with tf.summary.FileWriter(str(tmp_path)) as writer:
        projector.visualize_embeddings(writer, config)
    text = (tmp_path / "projector_config.pbtxt").read_text()
    assert text_format.Parse(text, projector.ProjectorConfig()) == config
    assert text.startswith('embeddings {\n  tensor_name: "words:0"')


RANDOM = np.random.RandomState(1)
X = RANDOM.randn(50, 2).astype(np.float32)
LABELS = (X[:, 0] > 0).astype(np.int64)
learn = tf.contrib.learn


def test_classifiers_on_arrays(tmp_path):
    columns = learn.infer_real_valued_columns_from_input(X)
    for model in (learn.LinearClassifier(columns, str(tmp_path / "linear")),
                  learn.DNNClassifier([8], columns, optimizer=tf.train.AdamOptimizer(0.05),
                                      config=learn.RunConfig(tf_random_seed=2))):
        assert model.fit(X, LABELS, steps=100) is model
        assert model.evaluate(X, LABELS)["accuracy"] > 0.9
        found = list(model.predict(X))
        assert np.mean(found == LABELS) > 0.9 and found[0].dtype == np.int64
        probabilities = model.predict_proba(X, as_iterable=False)
        assert probabilities.shape == (50, 2) and (probabilities.argmax(1) == found).all()
    assert model.partial_fit(X, LABELS).get_variable_value("global_step") == 101


def test_regressor_and_scikit_learns_methods():
    y = X @ np.float32([1.0, -2.0])
    model = learn.SKCompat(learn.LinearRegressor(
        learn.infer_real_valued_columns_from_input(X), optimizer=tf.train.AdamOptimizer(0.1)))
    model.fit(X, y, steps=200)
    assert sorted(model.score(X, y)) == ["average_loss", "label/mean", "loss", "prediction/mean"]
    np.testing.assert_allclose(model.predict(X)["predictions"][:, 0], y, atol=0.1)


def test_estimator_of_a_function():
    modes = []

    def model_fn(features, labels, mode, params):
        modes.append(mode)
        w = tf.get_variable("w", [2, 1])
        y = tf.squeeze(tf.matmul(features, w), 1)
        if mode == learn.ModeKeys.INFER:
            return y, None, None
        loss = tf.losses.mean_squared_error(labels, y)
        train = tf.contrib.layers.optimize_loss(loss, tf.train.get_global_step(), params["rate"], "SGD")
        return y, loss, train

    y = X @ np.float32([1.0, -2.0])
    model = learn.Estimator(model_fn, params={"rate": 0.3}).fit(X, y, steps=150, batch_size=50)
    assert model.evaluate(X, y)["loss"] < 1e-3
    np.testing.assert_allclose(model.predict(X, as_iterable=False), y, atol=0.05)
    assert modes == ["train", "eval", "infer"]
    for call, message in ((lambda: model.fit(), "x and y, or input_fn"),
                          (lambda: learn.Estimator(), "must be provided"),
                          (lambda: model.evaluate(X, y, metrics={}), "metrics=...\\) is not supported"),
                          (lambda: learn.RunConfig(master="grpc://"), "this process only")):
        with pytest.raises(ValueError, match=message):
            call()
