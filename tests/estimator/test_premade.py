"""Premade estimators and heads: they learn, and their losses and metrics are what NumPy says."""

import numpy as np
import pytest

import graphflow as tf

fc = tf.feature_column
RANDOM = np.random.RandomState(0)
X = RANDOM.randn(60, 2).astype(np.float32)
WORDS = np.array([b"a", b"b", b"c"], object)[RANDOM.randint(0, 3, 60)]
TWO = (X.sum(1) > 0).astype(np.int64)
THREE = (X[:, 0] > 0).astype(np.int64) + (X[:, 1] > 0)
NUMBERS = X.sum(1) + (WORDS == b"a")

NUMERIC = fc.numeric_column("x", shape=2)
WORD = fc.categorical_column_with_vocabulary_list("w", ["a", "b", "c"])
EMBEDDED = fc.embedding_column(WORD, 2)
CONFIG = tf.estimator.RunConfig(tf_random_seed=3, log_step_count_steps=None, save_summary_steps=1000)


def data(labels, epochs=None):
    return tf.estimator.inputs.numpy_input_fn({"x": X, "w": WORDS}, labels, 60, epochs, shuffle=False)


def trained(model, labels, steps=150):
    return model.train(data(labels), steps=steps).evaluate(data(labels, 1))


def test_linear_classifier():
    model = tf.estimator.LinearClassifier([NUMERIC, WORD], config=CONFIG)
    start = model.evaluate(data(TWO, 1))
    assert start["average_loss"] == pytest.approx(np.log(2)) and start["loss"] == pytest.approx(60 * np.log(2))
    assert start["label/mean"] == pytest.approx(TWO.mean()) and start["prediction/mean"] == 0.5
    assert start["accuracy_baseline"] == pytest.approx(max(TWO.mean(), 1 - TWO.mean()))
    results = trained(model, TWO)
    assert results["accuracy"] > 0.95 and results["auc"] > 0.95 and results["average_loss"] < 0.3
    assert {"linear/linear_model/x/weights", "linear/linear_model/w/weights",
            "linear/linear_model/bias_weights"} < set(model.get_variable_names())
    first = next(model.predict(data(None, 1)))
    assert sorted(first) == ["all_class_ids", "all_classes", "class_ids", "classes", "logistic", "logits",
                             "probabilities"]
    probability = 1 / (1 + np.exp(-first["logits"]))
    np.testing.assert_allclose(first["logistic"], probability, rtol=1e-5)
    np.testing.assert_allclose(first["probabilities"], [1 - probability[0], probability[0]], rtol=1e-4)
    assert first["classes"].tolist() == [str(first["class_ids"][0]).encode()]


def test_linear_of_several_classes_with_names():
    names = np.array([b"low", b"middle", b"high"], object)
    model = tf.estimator.LinearClassifier([NUMERIC], n_classes=3, label_vocabulary=["low", "middle", "high"],
                                          config=CONFIG)
    assert model.evaluate(data(names[THREE], 1))["average_loss"] == pytest.approx(np.log(3), rel=1e-5)
    results = trained(model, names[THREE])
    assert results["accuracy"] > 0.75
    first = next(model.predict(data(None, 1)))
    assert first["classes"][0] == names[first["class_ids"][0]] and first["all_classes"].tolist() == names.tolist()


def test_linear_regressor_with_weights():
    weights = np.linspace(0, 2, 60)
    model = tf.estimator.LinearRegressor([NUMERIC, WORD], weight_column="weight", optimizer="Adam", config=CONFIG)
    given = {"x": X, "w": WORDS, "weight": weights}

    def weighted(epochs):
        return tf.estimator.inputs.numpy_input_fn(given, NUMBERS, 60, epochs, shuffle=False)

    start = model.evaluate(weighted(1))
    assert start["loss"] == pytest.approx((weights * NUMBERS**2).sum(), rel=1e-4)
    assert start["average_loss"] == pytest.approx((weights * NUMBERS**2).sum() / weights.sum(), rel=1e-4)
    assert model.train(weighted(None), steps=100).evaluate(weighted(1))["average_loss"] < 1e-3


@pytest.mark.parametrize(("make", "labels", "good"), [
    (lambda: tf.estimator.DNNClassifier([8], [NUMERIC, EMBEDDED], n_classes=3, config=CONFIG), THREE,
     lambda r: r["accuracy"] > 0.8),
    (lambda: tf.estimator.DNNClassifier([8, 4], [NUMERIC], optimizer=lambda: tf.train.AdamOptimizer(0.02),
                                        activation_fn=tf.nn.tanh, dropout=0.1, batch_norm=True, config=CONFIG), TWO,
     lambda r: r["auc"] > 0.9),
    (lambda: tf.estimator.DNNRegressor([8], [NUMERIC, EMBEDDED], config=CONFIG), NUMBERS,
     lambda r: r["average_loss"] < 0.3),
    (lambda: tf.estimator.DNNLinearCombinedClassifier(
        linear_feature_columns=[WORD], dnn_feature_columns=[NUMERIC], dnn_hidden_units=[8], config=CONFIG), TWO,
     lambda r: r["accuracy"] > 0.9),
    (lambda: tf.estimator.DNNLinearCombinedRegressor(
        linear_feature_columns=[WORD, NUMERIC], linear_optimizer="Adam", config=CONFIG), NUMBERS,
     lambda r: r["global_step"] == 150),
    (lambda: tf.estimator.DNNEstimator(tf.estimator.RegressionHead(), [8], [NUMERIC], config=CONFIG), NUMBERS,
     lambda r: r["average_loss"] < 1),
    (lambda: tf.estimator.LinearEstimator(tf.estimator.BinaryClassHead(), [NUMERIC], config=CONFIG), TWO,
     lambda r: r["auc"] > 0.9 and r["loss"] == pytest.approx(r["average_loss"], rel=1e-5)),
])
def test_they_learn(make, labels, good):
    results = trained(make(), labels)
    assert good(results), results


def test_variables_of_networks():
    model = tf.estimator.DNNLinearCombinedClassifier(
        linear_feature_columns=[WORD], dnn_feature_columns=[EMBEDDED], dnn_hidden_units=[4], batch_norm=True,
        config=CONFIG).train(data(TWO), steps=1)
    own = {name for name in model.get_variable_names() if "Adagrad" not in name and "Ftrl" not in name}
    assert own == {
        "global_step", "linear/linear_model/w/weights", "linear/linear_model/bias_weights",
        "dnn/input_from_feature_columns/input_layer/w_embedding/embedding_weights", "dnn/hiddenlayer_0/kernel",
        "dnn/hiddenlayer_0/bias", "dnn/logits/kernel", "dnn/logits/bias",
        *(f"dnn/hiddenlayer_0/batchnorm_0/{name}" for name in ("beta", "gamma", "moving_mean", "moving_variance"))}


def test_served(tmp_path):
    model = tf.estimator.LinearClassifier([NUMERIC, WORD], config=CONFIG).train(data(TWO), steps=20)
    receiver = tf.estimator.export.build_parsing_serving_input_receiver_fn(fc.make_parse_example_spec([NUMERIC, WORD]))
    path = model.export_savedmodel(str(tmp_path), receiver)
    example = tf.train.Example()
    example.features.feature["x"].float_list.value.extend(X[0])
    example.features.feature["w"].bytes_list.value.append(WORDS[0])
    first = next(model.predict(data(None, 1)))
    for key, outputs in (("serving_default", ["classes", "scores"]), ("classification", ["classes", "scores"]),
                         ("regression", ["outputs"]), ("predict", sorted(first))):
        served = tf.contrib.predictor.from_saved_model(path, key)
        assert sorted(served.fetch_tensors) == outputs
        (name,) = served.feed_tensors
        found = served({name: [example.SerializeToString()]})
    for key, value in first.items():
        got = found[key][0]
        np.testing.assert_allclose(got, value, rtol=1e-5) if value.dtype != object else np.testing.assert_array_equal(
            got, value)


def test_thresholds():
    head = tf.estimator.BinaryClassHead(thresholds=[0.25, 0.75])
    logits, labels = tf.constant([[-2.0], [0.0], [2.0]]), tf.constant([[0], [1], [1]])
    tf.train.create_global_step()
    metrics = head.create_estimator_spec({}, "eval", logits, labels).eval_metric_ops
    with tf.Session() as sess:
        sess.run(tf.local_variables_initializer())
        sess.run([update for _, update in metrics.values()])
        got = sess.run({key: value for key, (value, _) in metrics.items()})
    assert got["accuracy/positive_threshold_0.25"] == 1.0
    assert got["recall/positive_threshold_0.75"] == pytest.approx(0.5)
    assert got["precision/positive_threshold_0.75"] == pytest.approx(1.0)


@pytest.mark.parametrize(("call", "error", "message"), [
    (lambda: tf.estimator.MultiClassHead(2), ValueError, "n_classes must be > 2"),
    (lambda: tf.estimator.RegressionHead(0), ValueError, "Invalid label_dimension"),
    (lambda: tf.estimator.BinaryClassHead(thresholds=[1.0]), ValueError, "thresholds not in"),
    (lambda: tf.estimator.BinaryClassHead(loss_reduction="none"), ValueError, "Invalid loss_reduction"),
    (lambda: tf.estimator.BinaryClassHead(label_vocabulary="ab"), ValueError, "list or a tuple"),
    (lambda: tf.estimator.RegressionHead(loss_fn=lambda logits: 1), ValueError, "must contain argument: labels"),
    (lambda: tf.estimator.LinearRegressor([NUMERIC], optimizer="Unknown").train(data(NUMBERS), steps=1), ValueError,
     "Unsupported optimizer name: Unknown"),
    (lambda: tf.estimator.LinearClassifier([NUMERIC], n_classes=3).train(data(NUMBERS), steps=1), ValueError,
     "Labels dtype should be integer"),
    (lambda: tf.estimator.LinearRegressor([NUMERIC], label_dimension=2).train(data(NUMBERS), steps=1), ValueError,
     "Mismatched label shape"),
    (lambda: tf.estimator.LinearClassifier([NUMERIC]).train(data(THREE), steps=1), tf.errors.InvalidArgumentError,
     "n_classes - 1"),
    (lambda: tf.estimator.LinearClassifier([NUMERIC]).train(data(None), steps=1), ValueError, "provide a labels"),
    (lambda: tf.estimator.DNNLinearCombinedRegressor().train(data(NUMBERS), steps=1), ValueError,
     "Either linear_feature_columns"),
])
def test_refused(call, error, message):
    with pytest.raises(error, match=message):
        call()
