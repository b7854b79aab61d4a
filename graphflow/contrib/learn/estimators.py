"""`tf.contrib.learn`'s estimators: tf.estimator's models with `fit`, `evaluate` and `predict` on arrays.

Each holds a tf.estimator.Estimator, which does the work. State: that one.
"""

import inspect

import numpy as np

import graphflow as tf
from graphflow.framework.api import tf_export

# The name of the only feature where features are an array.
_ARRAY = "features"
_BATCH = 128


@tf_export("contrib.learn.ModeKeys")
class ModeKeys:
    """What a model function is called for: TRAIN, EVAL or INFER."""

    TRAIN = "train"
    EVAL = "eval"
    INFER = "infer"


@tf_export("contrib.learn.RunConfig")
class RunConfig(tf.estimator.RunConfig):
    """`tf.estimator.RunConfig` with contrib.learn's arguments.

    Args: master, evaluation_master: must be "". num_cores, log_device_placement, gpu_memory_fraction: of the sessions'
      ConfigProto, unless `session_config` is given. The others are tf.estimator.RunConfig's.
    Raises ValueError for another master.
    """

    def __init__(self, master="", num_cores=0, log_device_placement=False, gpu_memory_fraction=1, tf_random_seed=None,
                 save_summary_steps=100, save_checkpoints_secs=600, save_checkpoints_steps=None,
                 keep_checkpoint_max=5, keep_checkpoint_every_n_hours=10000, log_step_count_steps=100, protocol=None,
                 evaluation_master="", model_dir=None, session_config=None, session_creation_timeout_secs=7200):
        if master or evaluation_master:
            raise ValueError(f"RunConfig(master={master or evaluation_master!r}): GraphFlow runs in this process only")
        if session_config is None:
            session_config = tf.ConfigProto(
                log_device_placement=log_device_placement, inter_op_parallelism_threads=num_cores,
                intra_op_parallelism_threads=num_cores,
                gpu_options=tf.GPUOptions(per_process_gpu_memory_fraction=gpu_memory_fraction))
        if save_checkpoints_steps is not None:
            save_checkpoints_secs = None
        super().__init__(
            model_dir=model_dir, tf_random_seed=tf_random_seed, save_summary_steps=save_summary_steps,
            save_checkpoints_secs=save_checkpoints_secs, save_checkpoints_steps=save_checkpoints_steps,
            session_config=session_config, keep_checkpoint_max=keep_checkpoint_max,
            keep_checkpoint_every_n_hours=keep_checkpoint_every_n_hours, log_step_count_steps=log_step_count_steps,
            protocol=protocol, session_creation_timeout_secs=session_creation_timeout_secs)


@tf_export("contrib.learn.infer_real_valued_columns_from_input")
def infer_real_valued_columns_from_input(x):
    """The feature columns of an array [examples, features], or of {name: array}: numeric ones.

    Example:
      >>> import graphflow as tf, numpy as np
      >>> columns = tf.contrib.learn.infer_real_valued_columns_from_input(np.zeros([5, 3]))
      >>> [column.shape for column in columns]
      [(3,)]
    """
    columns = []
    for name, array in sorted(_by_name(x).items()):
        dtype = tf.as_dtype(np.asarray(array).dtype)
        shape = np.shape(array)[1:] or (1,)
        columns.append(tf.feature_column.numeric_column(name, shape, dtype=dtype))
    return columns


def _by_name(x):
    return x if isinstance(x, dict) else {_ARRAY: np.asarray(x)}


class _OnArrays:
    """What contrib.learn's estimators share; subclasses set `_estimator`."""

    # Which prediction `predict` gives when no outputs are named.
    _default_output = None

    @property
    def model_dir(self):
        """Folder of checkpoints and summaries."""
        return self._estimator.model_dir

    @property
    def config(self):
        """The RunConfig."""
        return self._estimator.config

    def get_variable_names(self):
        """Names of the variables in the newest checkpoint."""
        return self._estimator.get_variable_names()

    def get_variable_value(self, name):
        """A variable's value in the newest checkpoint."""
        return self._estimator.get_variable_value(name)

    @staticmethod
    def _input(x, y, input_fn, batch_size, epochs, shuffle):
        """The input function, or one made of arrays; ValueError for both or none."""
        if (x is None) == (input_fn is None):
            raise ValueError("Either x and y, or input_fn must be provided.")
        if input_fn is not None:
            return input_fn
        features = {name: np.asarray(array) for name, array in _by_name(x).items()}
        if isinstance(y, dict):
            labels = {name: np.asarray(array) for name, array in y.items()}
        else:
            labels = None if y is None else np.asarray(y)
        size = min(batch_size or _BATCH, len(next(iter(features.values()))))
        return tf.estimator.inputs.numpy_input_fn(features, labels, size, epochs, shuffle=shuffle)

    def fit(self, x=None, y=None, input_fn=None, steps=None, batch_size=None, monitors=None, max_steps=None):
        """Trains on arrays or an input function; returns self.

        Args: x, y: arrays, or {name: array}, of features and labels; or input_fn: see `tf.estimator.Estimator.train`.
          steps, max_steps: how long. batch_size: examples per step, 128 by default. monitors: SessionRunHooks.
        """
        epochs = None if steps or max_steps else 1
        given = self._input(x, y, input_fn, batch_size, epochs, True)
        self._estimator.train(given, hooks=monitors, steps=steps, max_steps=max_steps)
        return self

    def partial_fit(self, x=None, y=None, input_fn=None, steps=1, batch_size=None, monitors=None):
        """`fit` for a few steps."""
        return self.fit(x, y, input_fn, steps, batch_size, monitors)

    def evaluate(self, x=None, y=None, input_fn=None, feed_fn=None, batch_size=None, steps=None, metrics=None,
                 name=None, checkpoint_path=None, hooks=None, log_progress=True):
        """{name: value} of the metrics; see `tf.estimator.Estimator.evaluate`.

        Raises ValueError for `feed_fn` and `metrics`, which are not supported.
        """
        for what, value in (("feed_fn", feed_fn), ("metrics", metrics)):
            if value is not None:
                raise ValueError(f"evaluate({what}=...) is not supported")
        given = self._input(x, y, input_fn, batch_size, 1, False)
        return self._estimator.evaluate(given, steps, hooks, checkpoint_path, name)

    def predict(self, x=None, input_fn=None, batch_size=None, outputs=None, as_iterable=True):
        """Predictions, example by example, or as one array.

        Args: x, input_fn, batch_size: see `fit`. outputs: names of predictions, given as dicts; without them classes,
          or numbers. as_iterable: False gives an array, or {name: array}.
        """
        given = self._input(x, None, input_fn, batch_size, 1, False)
        found = self._estimator.predict(given, predict_keys=outputs)
        if outputs is None and self._default_output:
            found = (self._plain(example) for example in found)
        if as_iterable:
            return found
        examples = list(found)
        if examples and isinstance(examples[0], dict):
            return {key: np.stack([example[key] for example in examples]) for key in examples[0]}
        return np.array(examples)

    def _plain(self, example):
        """The one prediction of an example that `predict` gives."""
        value = example[self._default_output]
        return value[0] if np.shape(value) == (1,) else value

    def export_savedmodel(self, export_dir_base, serving_input_fn, assets_extra=None, as_text=False,
                          checkpoint_path=None):
        """See `tf.estimator.Estimator.export_savedmodel`."""
        return self._estimator.export_savedmodel(export_dir_base, serving_input_fn, assets_extra, as_text,
                                                 checkpoint_path)


class _Classifies(_OnArrays):
    """Predictions of classifiers."""

    _default_output = "class_ids"

    def predict_classes(self, x=None, input_fn=None, batch_size=None, as_iterable=True):
        """Numbers of the classes."""
        return self.predict(x, input_fn, batch_size, None, as_iterable)

    def predict_proba(self, x=None, input_fn=None, batch_size=None, as_iterable=True):
        """Probabilities of the classes."""
        found = self.predict(x, input_fn, batch_size, ["probabilities"], True)
        values = (example["probabilities"] for example in found)
        return values if as_iterable else np.array(list(values))


class _Regresses(_OnArrays):
    """Predictions of regressors."""

    _default_output = "predictions"

    def predict_scores(self, x=None, input_fn=None, batch_size=None, as_iterable=True):
        """The predicted numbers."""
        return self.predict(x, input_fn, batch_size, None, as_iterable)


@tf_export("contrib.learn.DNNClassifier")
class DNNClassifier(_Classifies):
    """`tf.estimator.DNNClassifier` on arrays. Args: as there; weight_column_name: name of the weights' feature.

    Example:
      >>> import graphflow as tf, numpy as np
      >>> x, y = np.array([[0.0], [1.0], [2.0], [3.0]]), np.array([0, 0, 1, 1])
      >>> columns = tf.contrib.learn.infer_real_valued_columns_from_input(x)
      >>> model = tf.contrib.learn.DNNClassifier([8], columns, optimizer=tf.train.AdamOptimizer(0.1),
      ...                                        config=tf.contrib.learn.RunConfig(tf_random_seed=1))
      >>> print(model.fit(x, y, steps=100).predict(x, as_iterable=False))
      [0 0 1 1]
    """

    def __init__(self, hidden_units, feature_columns, model_dir=None, n_classes=2, weight_column_name=None,
                 optimizer=None, activation_fn=tf.nn.relu, dropout=None, config=None, label_keys=None):
        self._estimator = tf.estimator.DNNClassifier(
            hidden_units, feature_columns, model_dir, n_classes, weight_column_name, label_keys,
            optimizer=optimizer or "Adagrad", activation_fn=activation_fn, dropout=dropout, config=config)


@tf_export("contrib.learn.DNNRegressor")
class DNNRegressor(_Regresses):
    """`tf.estimator.DNNRegressor` on arrays. Args: as there."""

    def __init__(self, hidden_units, feature_columns, model_dir=None, weight_column_name=None, optimizer=None,
                 activation_fn=tf.nn.relu, dropout=None, config=None, label_dimension=1):
        self._estimator = tf.estimator.DNNRegressor(
            hidden_units, feature_columns, model_dir, label_dimension, weight_column_name,
            optimizer=optimizer or "Adagrad", activation_fn=activation_fn, dropout=dropout, config=config)


@tf_export("contrib.learn.LinearClassifier")
class LinearClassifier(_Classifies):
    """`tf.estimator.LinearClassifier` on arrays. Args: as there."""

    def __init__(self, feature_columns, model_dir=None, n_classes=2, weight_column_name=None, optimizer=None,
                 config=None, label_keys=None):
        self._estimator = tf.estimator.LinearClassifier(
            feature_columns, model_dir, n_classes, weight_column_name, label_keys,
            optimizer=optimizer or "Ftrl", config=config)


@tf_export("contrib.learn.LinearRegressor")
class LinearRegressor(_Regresses):
    """`tf.estimator.LinearRegressor` on arrays. Args: as there."""

    def __init__(self, feature_columns, model_dir=None, weight_column_name=None, optimizer=None, config=None,
                 label_dimension=1):
        self._estimator = tf.estimator.LinearRegressor(
            feature_columns, model_dir, label_dimension, weight_column_name, optimizer=optimizer or "Ftrl",
            config=config)


@tf_export("contrib.learn.Estimator")
class Estimator(_OnArrays):
    """A model function's model, on arrays.

    Args:
      model_fn: function of `(features, labels)` and any of `mode`, `params` that returns (predictions, loss, train_op)
        or an EstimatorSpec. model_dir, config, params: see `tf.estimator.Estimator`.
    """

    def __init__(self, model_fn=None, model_dir=None, config=None, params=None):
        if model_fn is None:
            raise ValueError("model_fn must be provided to Estimator.")
        names = set(inspect.signature(model_fn).parameters)

        def wrapped(features, labels, mode, params):
            if isinstance(features, dict) and set(features) == {_ARRAY}:
                features = features[_ARRAY]
            more = {name: value for name, value in (("mode", mode), ("params", params)) if name in names}
            result = model_fn(features, labels, **more)
            if isinstance(result, tf.estimator.EstimatorSpec):
                return result
            predictions, loss, train_op = result
            return tf.estimator.EstimatorSpec(mode, predictions, loss, train_op)

        self._estimator = tf.estimator.Estimator(wrapped, model_dir, config, params or {})


@tf_export("contrib.learn.SKCompat")
class SKCompat:
    """An estimator of this package with scikit-learn's methods."""

    def __init__(self, estimator):
        self._estimator = estimator

    def fit(self, x, y, batch_size=128, steps=None, max_steps=None, monitors=None):
        """Trains; returns self."""
        self._estimator.fit(x, y, batch_size=batch_size, steps=steps, max_steps=max_steps, monitors=monitors)
        return self

    def score(self, x, y, batch_size=128, steps=None, metrics=None, name=None):
        """The metrics, without the global step."""
        found = self._estimator.evaluate(x, y, batch_size=batch_size, steps=steps, metrics=metrics, name=name)
        return {key: value for key, value in found.items() if key != tf.GraphKeys.GLOBAL_STEP}

    def predict(self, x, batch_size=128, outputs=None):
        """{name: array} of the predictions, or one array."""
        found = list(self._estimator._estimator.predict(
            self._estimator._input(x, None, None, batch_size, 1, False), predict_keys=outputs))
        if found and isinstance(found[0], dict):
            return {key: np.stack([example[key] for example in found]) for key in found[0]}
        return np.array(found)
