"""tf.estimator.Estimator: training, evaluation, prediction, export, and what they refuse."""

import glob
import os

import numpy as np
import pytest

import graphflow as tf
from graphflow.summary.event_file import summary_iterator

X = np.array([1.0, 2.0, 3.0, 4.0], np.float32)
Modes = tf.estimator.ModeKeys


def line(features, labels, mode, params=None):
    """y = w x, trained by gradient descent of rate `params`."""
    w = tf.get_variable("w", initializer=0.0)
    y = w * features["x"]
    if mode == Modes.PREDICT:
        return tf.estimator.EstimatorSpec(mode, {"y": y, "x": features["x"]})
    loss = tf.reduce_mean(tf.square(y - labels))
    train = tf.train.GradientDescentOptimizer((params or {}).get("rate", 0.05)).minimize(
        loss, tf.train.get_global_step())
    return tf.estimator.EstimatorSpec(
        mode, {"y": y}, loss, train, {"mae": tf.metrics.mean_absolute_error(labels, y)})


def batches(epochs=None, size=2):
    return tf.estimator.inputs.numpy_input_fn({"x": X}, 3 * X, size, epochs, shuffle=False)


def quiet_config(**settings):
    return tf.estimator.RunConfig(log_step_count_steps=None, **settings)


def test_trains_evaluates_predicts(tmp_path):
    model = tf.estimator.Estimator(line, str(tmp_path), quiet_config())
    assert model.train(batches(), steps=40) is model
    assert abs(model.get_variable_value("w") - 3) < 1e-3
    assert model.get_variable_names() == ["global_step", "w"]
    assert model.latest_checkpoint() == str(tmp_path / "model.ckpt-40")
    results = model.evaluate(batches(1))
    assert sorted(results) == ["global_step", "loss", "mae"]
    assert results["global_step"] == 40 and results["loss"] < 1e-4
    predictions = list(model.predict(batches(1)))
    np.testing.assert_allclose([p["y"] for p in predictions], 3 * X, rtol=1e-3)
    whole = list(model.predict(batches(1, 3), predict_keys=["x"], yield_single_examples=False))
    assert [batch["x"].tolist() for batch in whole] == [[1, 2, 3], [4]] and list(whole[0]) == ["x"]


def test_numbers_of_steps(tmp_path):
    model = tf.estimator.Estimator(line, str(tmp_path), quiet_config())

    def step():
        return int(model.get_variable_value("global_step"))

    model.train(batches(), steps=3)
    model.train(batches(), max_steps=5)
    assert step() == 5
    model.train(batches(), max_steps=4)
    assert step() == 5
    model.train(batches(epochs=2))
    assert step() == 5 + 4
    assert model.evaluate(batches(), steps=3)["global_step"] == 9
    for call in (lambda: model.train(batches(), steps=0), lambda: model.train(batches(), max_steps=-1),
                 lambda: model.evaluate(batches(), steps=0)):
        with pytest.raises(ValueError, match="steps > 0"):
            call()
    with pytest.raises(ValueError, match="both steps and max_steps"):
        model.train(batches(), steps=1, max_steps=1)


def test_evaluation_is_the_mean_over_batches(tmp_path):
    """Untrained, w is 0: losses are those of 3 x."""
    model = tf.estimator.Estimator(line, str(tmp_path), quiet_config())
    results = model.evaluate(batches(1, 2), name="test")
    assert results["loss"] == np.mean([(9 + 36) / 2, (81 + 144) / 2]) and results["mae"] == np.mean(3 * X)
    (path,) = glob.glob(str(tmp_path / "eval_test" / "events*"))
    tags = {value.tag: value.simple_value for event in summary_iterator(path) for value in event.summary.value}
    assert tags["mae"] == np.mean(3 * X)


def test_what_files_are_written(tmp_path):
    config = quiet_config(save_checkpoints_steps=2, save_summary_steps=1, keep_checkpoint_max=2)
    saved = []

    class Listener(tf.train.CheckpointSaverListener):
        def after_save(self, session, global_step_value):
            saved.append(int(global_step_value))

    tf.estimator.Estimator(line, str(tmp_path), config).train(batches(), steps=5, saving_listeners=[Listener()])
    tf.summary.FileWriterCache.clear()
    assert saved == [0, 2, 4, 5]
    assert sorted(os.path.basename(p) for p in glob.glob(str(tmp_path / "*.index"))) == [
        "model.ckpt-4.index", "model.ckpt-5.index"]
    (path,) = glob.glob(str(tmp_path / "events*"))
    losses = [value.simple_value for event in summary_iterator(path) for value in event.summary.value
              if value.tag == "loss"]
    assert len(losses) == 5 and losses[-1] < losses[0]


def test_seed(tmp_path):
    def noise(features, labels, mode):
        tf.get_variable("w", [3])
        loss = tf.constant(1.0)
        return tf.estimator.EstimatorSpec(mode, loss=loss, train_op=tf.assign_add(tf.train.get_global_step(), 1))

    values = []
    for name in "ab":
        model = tf.estimator.Estimator(noise, str(tmp_path / name), quiet_config(tf_random_seed=7))
        values.append(model.train(batches(), steps=1).get_variable_value("w").tolist())
    assert values[0] == values[1]


def test_params_and_input_arguments(tmp_path):
    seen = {}

    def input_fn(mode, params, config):
        seen[mode] = params["rate"], config.model_dir
        return batches()()

    model = tf.estimator.Estimator(line, str(tmp_path), quiet_config(), params={"rate": 0.0})
    model.train(input_fn, steps=1)
    assert model.get_variable_value("w") == 0 and seen == {"train": (0.0, str(tmp_path))}
    model.params["rate"] = 5
    assert model.params == {"rate": 0.0}


def test_hooks_and_scaffold(tmp_path):
    calls = []

    class Hook(tf.train.SessionRunHook):
        def __init__(self, name):
            self.name = name

        def begin(self):
            calls.append(self.name)

    def model_fn(features, labels, mode):
        spec = line(features, labels, mode)
        start = tf.train.Scaffold(init_fn=lambda scaffold, session: tf.trainable_variables()[0].load(9.0, session))
        return spec._replace(training_hooks=(Hook("train"),), evaluation_hooks=(Hook("eval"),),
                             prediction_hooks=(Hook("predict"),), scaffold=start)

    model = tf.estimator.Estimator(model_fn, str(tmp_path), quiet_config())
    model.train(batches(), steps=1, hooks=[Hook("mine")])
    assert model.get_variable_value("w") > 3
    model.evaluate(batches(1))
    list(model.predict(batches(1)))
    assert calls == ["mine", "train", "eval", "predict"]
    with pytest.raises(TypeError, match="must be a SessionRunHook"):
        model.train(batches(), steps=1, hooks=[1])


def test_warm_start(tmp_path):
    old = tf.estimator.Estimator(line, str(tmp_path / "old"), quiet_config()).train(batches(), steps=5)
    value = old.get_variable_value("w")
    new = tf.estimator.Estimator(line, str(tmp_path / "new"), quiet_config(), {"rate": 0.0},
                                 warm_start_from=str(tmp_path / "old"))
    new.train(batches(), steps=1)
    assert new.get_variable_value("w") == value
    with pytest.raises(ValueError, match="MUST be set"):
        tf.estimator.WarmStartSettings("")
    with pytest.raises(ValueError, match="must be a string or a WarmStartSettings"):
        tf.estimator.Estimator(line, warm_start_from=5)


def test_predict_leaves_the_callers_graph_alone(tmp_path):
    mine = tf.get_default_graph()
    model = tf.estimator.Estimator(line, str(tmp_path), quiet_config())
    for _ in model.predict(batches(1)):
        assert tf.get_default_graph() is mine
        break
    assert tf.get_default_graph() is mine
    tf.constant(1)


def test_export(tmp_path):
    model = tf.estimator.Estimator(line, str(tmp_path / "model"), quiet_config()).train(batches(), steps=40)
    (tmp_path / "extra.txt").write_text("notes")
    receiver = tf.estimator.export.build_raw_serving_input_receiver_fn({"x": tf.placeholder(tf.float32, [None], "x")})
    path = model.export_savedmodel(str(tmp_path / "exports"), receiver, {"more/notes.txt": str(tmp_path / "extra.txt")})
    assert isinstance(path, bytes) and os.listdir(tmp_path / "exports") == [os.path.basename(path).decode()]
    assert (tmp_path / "exports" / os.path.basename(path).decode() / "assets.extra/more/notes.txt").exists()
    predict = tf.contrib.predictor.from_saved_model(path)
    np.testing.assert_allclose(predict({"x": X})["y"], 3 * X, rtol=1e-3)
    parsing = tf.estimator.export.build_parsing_serving_input_receiver_fn({"x": tf.FixedLenFeature([], tf.float32)})
    predict = tf.contrib.predictor.from_saved_model(model.export_saved_model(str(tmp_path / "parsed"), parsing))
    example = tf.train.Example()
    example.features.feature["x"].float_list.value.append(2.0)
    np.testing.assert_allclose(predict({"examples": [example.SerializeToString()]})["y"], [6.0], rtol=1e-3)
    with pytest.raises(ValueError, match="input_receiver_fn must be defined"):
        model.export_savedmodel(str(tmp_path / "none"), None)
    with pytest.raises(ValueError, match="Couldn't find trained model"):
        tf.estimator.Estimator(line, str(tmp_path / "new")).export_savedmodel(str(tmp_path / "none"), receiver)


def test_train_and_evaluate(tmp_path):
    receiver = tf.estimator.export.build_raw_serving_input_receiver_fn({"x": tf.placeholder(tf.float32, [None], "x")})
    exporters = [tf.estimator.FinalExporter("final", receiver), tf.estimator.BestExporter("best", receiver),
                 tf.estimator.LatestExporter("latest", receiver, exports_to_keep=1)]
    model = tf.estimator.Estimator(line, str(tmp_path), quiet_config(save_checkpoints_steps=5))
    train = tf.estimator.TrainSpec(batches(), max_steps=10)
    evaluation = tf.estimator.EvalSpec(batches(1), exporters=exporters, throttle_secs=600)
    metrics, exports = tf.estimator.train_and_evaluate(model, train, evaluation)
    assert metrics["global_step"] == 10
    assert [os.path.basename(os.path.dirname(path)).decode() for path in exports] == ["final", "best", "latest"]
    assert sorted(os.listdir(tmp_path / "export")) == ["best", "final", "latest"]
    for call, message in (
            (lambda: tf.estimator.train_and_evaluate(1, train, evaluation), "`estimator` must have type"),
            (lambda: tf.estimator.TrainSpec(1), "must be callable"),
            (lambda: tf.estimator.EvalSpec(batches(), exporters=[1]), "must be an Exporter"),
            (lambda: tf.estimator.TrainSpec(batches(), hooks=[1]), "must be `SessionRunHook`")):
        with pytest.raises(TypeError, match=message):
            call()
    for call, message in (
            (lambda: tf.estimator.TrainSpec(batches(), max_steps=0), "max_steps > 0"),
            (lambda: tf.estimator.EvalSpec(batches(), throttle_secs=-1), "throttle_secs >= 0"),
            (lambda: tf.estimator.EvalSpec(batches(), exporters=exporters[:1] * 2), "unique names")):
        with pytest.raises(ValueError, match=message):
            call()


def test_run_config(tmp_path, monkeypatch):
    config = tf.estimator.RunConfig(save_checkpoints_steps=7)
    assert (config.save_checkpoints_steps, config.save_checkpoints_secs, config.is_chief) == (7, None, True)
    other = config.replace(save_checkpoints_secs=5, model_dir="m")
    assert (other.save_checkpoints_steps, other.save_checkpoints_secs, other.model_dir) == (None, 5, "m")
    assert tf.estimator.RunConfig().save_checkpoints_secs == 600
    for call, message in (
            (lambda: tf.estimator.RunConfig(save_checkpoints_secs=1, save_checkpoints_steps=1), "cannot be both set"),
            (lambda: config.replace(unknown=1), "Replacing unknown is not supported"),
            (lambda: tf.estimator.RunConfig(keep_checkpoint_max=-1), "keep_checkpoint_max should be >= 0"),
            (lambda: tf.estimator.Estimator(line, "a", other), "different values"),
            (lambda: tf.estimator.Estimator(line, config=1), "instance of `RunConfig`")):
        with pytest.raises(ValueError, match=message):
            call()
    with pytest.raises(tf.errors.UnimplementedError, match="train_distribute"):
        tf.estimator.RunConfig(train_distribute=object())
    monkeypatch.setenv("TF_CONFIG", '{"cluster": {"worker": ["a:1", "b:1"]}}')
    with pytest.raises(tf.errors.UnimplementedError, match="cluster of 2 tasks"):
        tf.estimator.RunConfig()
    monkeypatch.setenv("TF_CONFIG", '{"model_dir": "there"}')
    assert tf.estimator.RunConfig().model_dir == "there"


@pytest.mark.parametrize(("spec", "error", "message"), [
    (lambda t: {"mode": Modes.TRAIN, "loss": t}, ValueError, "Missing train_op"),
    (lambda t: {"mode": Modes.EVAL}, ValueError, "Missing loss"),
    (lambda t: {"mode": Modes.PREDICT}, ValueError, "Missing predictions"),
    (lambda t: {"mode": Modes.EVAL, "loss": 1.0}, TypeError, "loss must be Tensor"),
    (lambda t: {"mode": Modes.EVAL, "loss": tf.zeros([2])}, ValueError, "Loss must be scalar"),
    (lambda t: {"mode": Modes.TRAIN, "loss": t, "train_op": 1}, TypeError, "must be Operation or Tensor"),
    (lambda t: {"mode": Modes.EVAL, "loss": t, "eval_metric_ops": {"a": t}}, TypeError, "tuples"),
    (lambda t: {"mode": Modes.EVAL, "loss": t, "training_hooks": [1]}, TypeError, "All hooks must be"),
    (lambda t: {"mode": Modes.EVAL, "loss": t, "scaffold": 1}, TypeError, "tf.train.Scaffold"),
    (lambda t: {"mode": Modes.PREDICT, "predictions": {"a": 1}}, TypeError, r"predictions\[a\] must be Tensor"),
    (lambda t: {"mode": Modes.PREDICT, "predictions": t, "export_outputs": 1}, TypeError,
     "export_outputs must be dict"),
    (lambda t: {"mode": Modes.PREDICT, "predictions": t, "export_outputs": {
        k: tf.estimator.export.PredictOutput({"a": t}) for k in "ab"}}, ValueError, "none of them is specified"),
])
def test_spec_is_checked(spec, error, message):
    with pytest.raises(error, match=message):
        tf.estimator.EstimatorSpec(**spec(tf.constant(1.0)))


def test_model_functions_are_checked(tmp_path):
    for function, params, message in (
            (lambda labels: None, None, "must include features"),
            (lambda features: None, {}, "does not include params"),
            (lambda features, other: None, None, "not expected args: \\['other'\\]"), (None, None, "must be provided")):
        with pytest.raises(ValueError, match=message):
            tf.estimator.Estimator(function, params=params)
    with pytest.raises(ValueError, match="does not take labels"):
        tf.estimator.Estimator(lambda features: None, str(tmp_path)).train(batches(), steps=1)
    with pytest.raises(ValueError, match="should return an EstimatorSpec"):
        tf.estimator.Estimator(lambda features, labels: 1, str(tmp_path)).train(batches(), steps=1)
    with tf.Graph().as_default():
        foreign = tf.constant(1.0)
    with pytest.raises(ValueError, match="must be from the default graph"):
        tf.estimator.EstimatorSpec(Modes.EVAL, loss=foreign)


def test_input_from_a_dataset(tmp_path):
    def dataset(epochs):
        return lambda: tf.data.Dataset.from_tensor_slices(({"x": X}, 3 * X)).repeat(epochs).batch(2)

    model = tf.estimator.Estimator(line, str(tmp_path), quiet_config()).train(dataset(20))
    assert model.get_variable_value("global_step") == 40 and abs(model.get_variable_value("w") - 3) < 1e-3
    assert model.evaluate(dataset(1))["mae"] < 1e-2
    np.testing.assert_allclose([p["y"] for p in model.predict(dataset(1))], 3 * X, rtol=1e-3)
