"""`tf.estimator.Estimator`: trains, evaluates, predicts with and exports what a model function builds.

Each call builds a graph of its own; what lasts is in the checkpoints of `model_dir`. State: the function, its
parameters and the settings.
"""

import copy
import os
import tempfile

import graphflow as tf
from graphflow.estimator.estimator_spec import (
    EstimatorSpec,
    ModeKeys,
    WarmStartSettings,
    argument_names,
)
from graphflow.estimator.exporting import export_saved_models
from graphflow.estimator.results import batches, chosen, eval_scaffold, examples, metric_ops, write_results
from graphflow.estimator.run_configuration import RunConfig
from graphflow.framework.api import tf_export
from graphflow.training.evaluation import StopAfterNEvalsHook, evaluate_once
from graphflow.training.training_util import get_or_create_global_step_read

_MODEL_FN_ARGUMENTS = {"features", "labels", "mode", "params", "self", "config"}


@tf_export("estimator.Estimator")
class Estimator:
    """A model that can be trained, evaluated, asked and exported.

    Args:
      model_fn: function of `features` and any of `labels`, `mode`, `params`, `config` that returns an EstimatorSpec.
      model_dir: folder of checkpoints and summaries; a temporary one by default.
      config: a RunConfig. params: dict handed to `model_fn`.
      warm_start_from: checkpoint, or WarmStartSettings, that a new model begins with.
    Raises ValueError for model functions with other arguments.

    Example:
      >>> import graphflow as tf, numpy as np
      >>> def model_fn(features, labels, mode):
      ...     w = tf.get_variable("w", initializer=0.0)
      ...     loss = tf.reduce_mean(tf.square(w * features["x"] - labels))
      ...     train = tf.train.GradientDescentOptimizer(0.1).minimize(loss, tf.train.get_global_step())
      ...     return tf.estimator.EstimatorSpec(mode, {"y": w * features["x"]}, loss, train)
      >>> x = np.array([1.0, 2.0], np.float32)
      >>> model = tf.estimator.Estimator(model_fn)
      >>> model = model.train(tf.estimator.inputs.numpy_input_fn({"x": x}, 3 * x, 2, None, shuffle=False), steps=50)
      >>> print(round(float(model.get_variable_value("w")), 3))
      3.0
    """

    def __init__(self, model_fn, model_dir=None, config=None, params=None, warm_start_from=None):
        if model_fn is None:
            raise ValueError("model_fn must be provided to Estimator.")
        _check_model_fn(model_fn, params)
        self._config = _config_with_folder(config, model_dir)
        tf.logging.info("Using config: %s", self._config)
        self._model_fn = model_fn
        self._params = copy.deepcopy(params or {})
        if isinstance(warm_start_from, (str, bytes)):
            warm_start_from = WarmStartSettings(ckpt_to_initialize_from=warm_start_from)
        elif warm_start_from is not None and not isinstance(warm_start_from, WarmStartSettings):
            raise ValueError("warm_start_from must be a string or a WarmStartSettings, instead got "
                             f"{type(warm_start_from)}")
        self._warm_start_settings = warm_start_from

    @property
    def model_dir(self):
        """Folder of checkpoints and summaries."""
        return self._config.model_dir

    @property
    def config(self):
        """A copy of the RunConfig."""
        return copy.deepcopy(self._config)

    @property
    def params(self):
        """A copy of the parameters."""
        return copy.deepcopy(self._params)

    @property
    def model_fn(self):
        """The model function, with `params` set."""
        return lambda features, labels, mode, config: self._call_model_fn(features, labels, mode, config)

    # ---- what was learnt

    def latest_checkpoint(self):
        """Prefix of the newest checkpoint, or None."""
        return tf.train.latest_checkpoint(self.model_dir)

    def _check_trained(self):
        if self.latest_checkpoint() is None:
            raise ValueError(f"Couldn't find trained model at {self.model_dir}.")

    def get_variable_value(self, name):
        """A variable's value in the newest checkpoint; ValueError without one."""
        self._check_trained()
        return tf.train.load_variable(self.model_dir, name)

    def get_variable_names(self):
        """Names of the variables in the newest checkpoint; ValueError without one."""
        self._check_trained()
        return [name for name, _ in tf.train.list_variables(self.model_dir)]

    # ---- training

    def train(self, input_fn, hooks=None, steps=None, max_steps=None, saving_listeners=None):
        """Trains from the newest checkpoint on, or from the start; returns self.

        Args:
          input_fn: function of any of `mode`, `params`, `config` that gives (features, labels): tensors, or a
            tf.data.Dataset of them. It is called in the graph of this call.
          hooks: SessionRunHooks. steps: how many steps; max_steps: until the global step is so high. Without both,
            until the input ends. saving_listeners: CheckpointSaverListeners.
        Raises ValueError for both or other than positive numbers of steps.
        """
        if steps is not None and max_steps is not None:
            raise ValueError("Can not provide both steps and max_steps.")
        for name, value in (("steps", steps), ("max_steps", max_steps)):
            if value is not None and value <= 0:
                raise ValueError(f"Must specify {name} > 0, given: {value}")
        if max_steps is not None and max_steps <= self._saved_step():
            tf.logging.info("Skipping training since max_steps has already saved.")
            return self
        hooks = _checked_hooks(hooks)
        if steps is not None or max_steps is not None:
            hooks.append(tf.train.StopAtStepHook(steps, max_steps))
        for listener in saving_listeners or ():
            if not isinstance(listener, tf.train.CheckpointSaverListener):
                raise TypeError("saving_listeners must be a list of CheckpointSaverListener instances, given: "
                                f"{listener}")
        with self._new_graph():
            features, labels, input_hooks = self._inputs(input_fn, ModeKeys.TRAIN)
            spec = self._call_model_fn(features, labels, ModeKeys.TRAIN, self.config)
            loss = self._train_steps(spec, input_hooks + hooks, list(saving_listeners or ()))
        tf.logging.info("Loss for final step: %s.", loss)
        return self

    def _saved_step(self):
        """The global step in the newest checkpoint, 0 without one."""
        path = self.latest_checkpoint()
        return 0 if path is None else int(tf.train.load_variable(path, tf.GraphKeys.GLOBAL_STEP))

    def _new_graph(self):
        """Context manager of a graph with the seed, the device and the global step."""
        return _Graph(self._config)

    def _train_steps(self, spec, hooks, saving_listeners):
        config = self._config
        self._maybe_warm_start(None)
        step = tf.train.get_global_step()
        if not any(summary.op.name == "loss" for summary in tf.get_collection(tf.GraphKeys.SUMMARIES)):
            tf.summary.scalar("loss", spec.loss)
        tf.add_to_collection(tf.GraphKeys.LOSSES, spec.loss)
        hooks = [*hooks, tf.train.NanTensorHook(spec.loss)]
        if config.log_step_count_steps is not None:
            hooks.append(tf.train.LoggingTensorHook({"loss": spec.loss, "step": step}, config.log_step_count_steps))
        hooks.extend(spec.training_hooks)
        if not (spec.scaffold.saver or tf.get_collection(tf.GraphKeys.SAVERS)):
            tf.add_to_collection(tf.GraphKeys.SAVERS, tf.train.Saver(
                sharded=True, max_to_keep=config.keep_checkpoint_max, defer_build=True, save_relative_paths=True,
                keep_checkpoint_every_n_hours=config.keep_checkpoint_every_n_hours))
        chief_hooks = self._saver_hooks(spec, hooks, saving_listeners)
        with tf.train.MonitoredTrainingSession(
                checkpoint_dir=self.model_dir, scaffold=spec.scaffold, hooks=hooks,
                chief_only_hooks=(*chief_hooks, *spec.training_chief_hooks), save_checkpoint_secs=0,
                save_summaries_steps=config.save_summary_steps, config=config.session_config,
                log_step_count_steps=config.log_step_count_steps) as session:
            loss = any_step_done = None
            while not session.should_stop():
                _, loss = session.run([spec.train_op, spec.loss])
                any_step_done = True
        if not any_step_done:
            tf.logging.warning("Training with estimator made no steps. Perhaps input is empty or misspecified.")
        return loss

    def _saver_hooks(self, spec, hooks, saving_listeners):
        """The hook that saves, unless there is one already; it gets the listeners."""
        config = self._config
        found = [hook for hook in (*hooks, *spec.training_chief_hooks)
                 if isinstance(hook, tf.train.CheckpointSaverHook)]
        made = []
        if not found and (config.save_checkpoints_secs or config.save_checkpoints_steps):
            made = found = [tf.train.CheckpointSaverHook(
                self.model_dir, config.save_checkpoints_secs, config.save_checkpoints_steps, scaffold=spec.scaffold)]
        if saving_listeners and not found:
            raise ValueError("There should be a CheckpointSaverHook to use saving_listeners. Please set one of the "
                             "RunConfig.save_checkpoints_steps or RunConfig.save_checkpoints_secs.")
        if saving_listeners:
            known = found[0]._listeners
            known.extend(listener for listener in saving_listeners if listener not in known)
        return made

    def _maybe_warm_start(self, checkpoint_path):
        if self._warm_start_settings and not checkpoint_path:
            tf.logging.info("Warm-starting with WarmStartSettings: %s", self._warm_start_settings)
            tf.train.warm_start(*self._warm_start_settings)

    # ---- evaluation

    def eval_dir(self, name=None):
        """Folder of the summaries of an evaluation."""
        return os.path.join(self.model_dir, f"eval_{name}" if name else "eval")

    def evaluate(self, input_fn, steps=None, hooks=None, checkpoint_path=None, name=None):
        """{name: value} of the metrics, the average loss and the global step.

        Args: input_fn: see `train`. steps: how many batches, all by default. hooks: SessionRunHooks.
          checkpoint_path: the newest by default; without one a model as initialised. name: tells evaluations apart.
        Raises ValueError for other than positive numbers of steps, and for metrics of reserved names.
        """
        hooks = _checked_hooks(hooks)
        if steps is not None:
            if steps <= 0:
                raise ValueError(f"Must specify steps > 0, given: {steps}")
            hooks.append(StopAfterNEvalsHook(num_evals=steps))
        checkpoint_path = checkpoint_path or self.latest_checkpoint()
        if not checkpoint_path:
            tf.logging.info("Could not find trained model in model_dir: %s, running initialization to evaluate.",
                            self.model_dir)
        with self._new_graph():
            features, labels, input_hooks = self._inputs(input_fn, ModeKeys.EVAL)
            spec = self._call_model_fn(features, labels, ModeKeys.EVAL, self.config)
            update, values = metric_ops(spec)
            self._maybe_warm_start(checkpoint_path)
            values[tf.GraphKeys.GLOBAL_STEP] = tf.train.get_global_step()
            results = evaluate_once(
                checkpoint_path, scaffold=eval_scaffold(spec.scaffold), eval_ops=update, final_ops=values,
                hooks=[*input_hooks, *hooks, *spec.evaluation_hooks], config=self._config.session_config)
        write_results(self.eval_dir(name), results, checkpoint_path)
        return results

    # ---- prediction

    def predict(self, input_fn, predict_keys=None, hooks=None, checkpoint_path=None, yield_single_examples=True):
        """Yields the predictions for the input, example by example.

        Args: input_fn: see `train`; labels are ignored. predict_keys: names of those predictions to give.
          hooks: SessionRunHooks. checkpoint_path: see `evaluate`. yield_single_examples: False yields batches.
        Raises ValueError for unknown keys, and for predictions of different batch sizes.
        """
        hooks = _checked_hooks(hooks)
        checkpoint_path = checkpoint_path or self.latest_checkpoint()
        if not checkpoint_path:
            tf.logging.info("Could not find trained model in model_dir: %s, running initialization to predict.",
                            self.model_dir)
        with self._new_graph():
            features, _, input_hooks = self._inputs(input_fn, ModeKeys.PREDICT)
            spec = self._call_model_fn(features, None, ModeKeys.PREDICT, self.config)
            self._maybe_warm_start(checkpoint_path)
            predictions = chosen(spec.predictions, predict_keys)
            creator = tf.train.ChiefSessionCreator(
                checkpoint_filename_with_path=checkpoint_path, scaffold=spec.scaffold,
                config=self._config.session_config)
            session = tf.train.MonitoredSession(creator, [*input_hooks, *hooks, *spec.prediction_hooks])
            graph = tf.get_default_graph()
        for values in batches(session, graph, predictions):
            if yield_single_examples:
                yield from examples(values)
            else:
                yield values

    # ---- export

    def export_saved_model(self, export_dir_base, serving_input_receiver_fn, assets_extra=None, as_text=False,
                           checkpoint_path=None, experimental_mode=ModeKeys.PREDICT):
        """Writes the model as a SavedModel to a new folder, named by the time, in `export_dir_base`; its path (bytes).

        Args: serving_input_receiver_fn: function that makes a ServingInputReceiver. assets_extra: {path below
          `assets.extra`: file}. as_text: writes text. checkpoint_path: the newest by default.
        Raises ValueError without a function or a checkpoint.
        """
        return export_saved_models(self, export_dir_base, {experimental_mode: serving_input_receiver_fn},
                                   assets_extra, as_text, checkpoint_path, strip_default_attrs=True)

    def export_savedmodel(self, export_dir_base, serving_input_receiver_fn, assets_extra=None, as_text=False,
                          checkpoint_path=None, strip_default_attrs=False):
        """`export_saved_model`, under its older name; `strip_default_attrs`: see `tf.saved_model.Builder`."""
        return export_saved_models(self, export_dir_base, {ModeKeys.PREDICT: serving_input_receiver_fn}, assets_extra,
                                   as_text, checkpoint_path, strip_default_attrs)

    def experimental_export_all_saved_models(self, export_dir_base, input_receiver_fn_map, assets_extra=None,
                                             as_text=False, checkpoint_path=None):
        """`export_saved_model` of several modes: {mode: function that makes a ServingInputReceiver}."""
        return export_saved_models(self, export_dir_base, input_receiver_fn_map, assets_extra, as_text,
                                   checkpoint_path, strip_default_attrs=True)

    # ---- calls of the user's functions

    def _inputs(self, input_fn, mode):
        """(features, labels, hooks that start the input)."""
        names = argument_names(input_fn)
        available = {"mode": mode, "params": self.params, "config": self.config}
        with tf.device("/cpu:0"):
            result = input_fn(**{name: value for name, value in available.items() if name in names})
        hooks = []
        if hasattr(result, "make_initializable_iterator"):  # a Dataset
            iterator = result.make_initializable_iterator()
            hooks.append(_InitializerHook(iterator.initializer))
            result = iterator.get_next()
        if not isinstance(result, (list, tuple)):
            return result, None, hooks
        if len(result) != 2:
            raise ValueError("input_fn should return (features, labels) as a len 2 tuple.")
        return (*result, hooks)

    def _call_model_fn(self, features, labels, mode, config):
        names = argument_names(self._model_fn)
        if labels is not None and "labels" not in names:
            raise ValueError("model_fn does not take labels, but input_fn returns labels.")
        available = {"labels": labels, "mode": mode, "params": self.params, "config": config}
        tf.logging.info("Calling model_fn.")
        spec = self._model_fn(features=features, **{k: v for k, v in available.items() if k in names})
        tf.logging.info("Done calling model_fn.")
        if not isinstance(spec, EstimatorSpec):
            raise ValueError("model_fn should return an EstimatorSpec.")  # noqa: TRY004 - TensorFlow's class
        return spec


class _Graph:
    """A new default graph with a seed, a device function and a global step."""

    def __init__(self, config):
        self._config = config
        self._graph = tf.Graph()

    def __enter__(self):
        self._contexts = [self._graph.as_default(), self._graph.device(self._config.device_fn)]
        for context in self._contexts:
            context.__enter__()
        tf.set_random_seed(self._config.tf_random_seed)
        tf.train.create_global_step()
        get_or_create_global_step_read(self._graph)

    def __exit__(self, *error):
        for context in reversed(self._contexts):
            context.__exit__(*error)


class _InitializerHook(tf.train.SessionRunHook):
    """Starts a Dataset's iterator in every new session."""

    def __init__(self, initializer):
        self._initializer = initializer

    def after_create_session(self, session, coord):
        session.run(self._initializer)


def _check_model_fn(model_fn, params):
    names = set(argument_names(model_fn))
    if "features" not in names:
        raise ValueError(f"model_fn ({model_fn}) must include features argument.")
    if params is not None and "params" not in names:
        raise ValueError(f"model_fn ({model_fn}) does not include params argument, but params ({params}) is passed to "
                         "Estimator.")
    if params is None and "params" in names:
        tf.logging.warning("Estimator's model_fn (%s) includes params argument, but params are not passed to "
                           "Estimator.", model_fn)
    if names - _MODEL_FN_ARGUMENTS:
        raise ValueError(f"model_fn ({model_fn}) has following not expected args: "
                         f"{sorted(names - _MODEL_FN_ARGUMENTS)}")


def _config_with_folder(config, model_dir):
    """The RunConfig, with the folder in it."""
    config = RunConfig() if config is None else config
    if not isinstance(config, RunConfig):
        raise ValueError(f"config must be an instance of `RunConfig`, but provided {config}.")  # noqa: TRY004
    model_dir = None if model_dir is None else os.fspath(model_dir)
    if model_dir is not None and config.model_dir is not None and config.model_dir != model_dir:
        raise ValueError("`model_dir` are set both in constructor and `RunConfig`, but with different values. In "
                         f"constructor: '{model_dir}', in `RunConfig`: '{config.model_dir}' ")
    if not model_dir and config.model_dir is None:
        model_dir = tempfile.mkdtemp()
        tf.logging.warning("Using temporary folder as model directory: %s", model_dir)
    return config.replace(model_dir=model_dir) if model_dir else config


def _checked_hooks(hooks):
    hooks = list(hooks or ())
    for hook in hooks:
        if not isinstance(hook, tf.train.SessionRunHook):
            raise TypeError(f"Hooks must be a SessionRunHook, given: {hook}")
    return hooks
