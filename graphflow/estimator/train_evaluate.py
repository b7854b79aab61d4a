"""`tf.estimator.train_and_evaluate`: training with evaluations and exports between. State: the newest results."""

import collections
import os

import graphflow as tf
from graphflow.estimator.core import Estimator
from graphflow.estimator.estimator_spec import argument_names
from graphflow.estimator.exporters import Exporter
from graphflow.framework.api import tf_export


def _check_input_fn(input_fn):
    if not callable(input_fn):
        raise TypeError(f"`input_fn` must be callable, given: {input_fn}")
    argument_names(input_fn)


def _checked_hooks(hooks):
    hooks = tuple(hooks or ())
    for hook in hooks:
        if not isinstance(hook, tf.train.SessionRunHook):
            raise TypeError(f"All hooks must be `SessionRunHook` instances, given: {hook}")
    return hooks


def _checked_exporters(exporters):
    exporters = (exporters,) if isinstance(exporters, Exporter) else tuple(exporters or ())
    names = set()
    for exporter in exporters:
        if not isinstance(exporter, Exporter):
            raise TypeError(f"`exporters` must be an Exporter, an iterable of Exporter, or `None`, found {exporter}.")
        if not exporter.name:
            raise ValueError("An Exporter cannot have a name that is `None` or empty. All exporter names: "
                             f"{sorted(names)}")
        if exporter.name in names:
            raise ValueError(f"`exporters` must have unique names. Such a name cannot be `None`. All exporter names: "
                             f"{[e.name for e in exporters]}")
        names.add(exporter.name)
    return exporters


@tf_export("estimator.TrainSpec")
class TrainSpec(collections.namedtuple("TrainSpec", ["input_fn", "max_steps", "hooks"])):
    """How to train: see `Estimator.train`. Raises ValueError and TypeError for other values."""

    __slots__ = ()

    def __new__(cls, input_fn, max_steps=None, hooks=None):
        _check_input_fn(input_fn)
        if max_steps is not None and max_steps <= 0:
            raise ValueError(f"Must specify max_steps > 0, given: {max_steps}")
        return super().__new__(cls, input_fn, max_steps, _checked_hooks(hooks))


@tf_export("estimator.EvalSpec")
class EvalSpec(collections.namedtuple("EvalSpec", [
        "input_fn", "steps", "name", "hooks", "exporters", "start_delay_secs", "throttle_secs"])):
    """How to evaluate: see `Estimator.evaluate`.

    Args: exporters: an Exporter, or several. start_delay_secs: for compatibility. throttle_secs: least time between
      two evaluations. Raises ValueError and TypeError for other values.
    """

    __slots__ = ()

    def __new__(cls, input_fn, steps=100, name=None, hooks=None, exporters=None, start_delay_secs=120,
                throttle_secs=600):
        _check_input_fn(input_fn)
        if steps is not None and steps <= 0:
            raise ValueError(f"Must specify steps > 0, given: {steps}")
        if name is not None and not isinstance(name, str):
            raise TypeError(f"`name` must be string, given: {name}")
        for what, value in (("start_delay_secs", start_delay_secs), ("throttle_secs", throttle_secs)):
            if value < 0:
                raise ValueError(f"Must specify {what} >= 0, given: {value}")
        return super().__new__(cls, input_fn, steps, name, _checked_hooks(hooks), _checked_exporters(exporters),
                               start_delay_secs, throttle_secs)


@tf_export("estimator.train_and_evaluate")
def train_and_evaluate(estimator, train_spec, eval_spec):
    """Trains an Estimator, and evaluates and exports it when it saves checkpoints, and at the end.

    Args: train_spec: a TrainSpec. eval_spec: an EvalSpec.
    Returns: (what the last evaluation gave, list of what the exporters gave then).
    Raises TypeError for other types.
    """
    for name, value, kind in (("estimator", estimator, Estimator), ("train_spec", train_spec, TrainSpec),
                              ("eval_spec", eval_spec, EvalSpec)):
        if not isinstance(value, kind):
            raise TypeError(f"`{name}` must have type `tf.estimator.{kind.__name__}`. Got: {type(value)}")
    evaluator = _Evaluator(estimator, eval_spec, train_spec.max_steps)
    estimator.train(train_spec.input_fn, hooks=train_spec.hooks, max_steps=train_spec.max_steps,
                    saving_listeners=[evaluator])
    return evaluator.metrics, evaluator.exports


class _Evaluator(tf.train.CheckpointSaverListener):
    """Evaluates and exports after checkpoints."""

    def __init__(self, estimator, eval_spec, max_steps):
        self._estimator = estimator
        self._spec = eval_spec
        self._max_steps = max_steps
        self.metrics = None
        self.exports = None

    def begin(self):
        self._timer = tf.train.SecondOrStepTimer(every_secs=self._spec.throttle_secs)
        self._is_first = True

    def after_save(self, session, global_step_value):
        if self._is_first:
            # The checkpoint of the start.
            self._is_first = False
        elif self._timer.should_trigger_for_step(global_step_value):
            self._evaluate(global_step_value)
        else:
            tf.logging.info("Skip the current checkpoint eval due to throttle secs (%s secs).",
                            self._spec.throttle_secs)

    def end(self, session, global_step_value):
        if global_step_value != self._timer.last_triggered_step():
            self._evaluate(global_step_value)

    def _evaluate(self, global_step_value):
        self._timer.update_last_triggered_step(global_step_value)
        spec, path = self._spec, self._estimator.latest_checkpoint()
        self.metrics = self._estimator.evaluate(spec.input_fn, spec.steps, spec.hooks, path, spec.name)
        is_final = bool(self._max_steps) and self.metrics[tf.GraphKeys.GLOBAL_STEP] >= self._max_steps
        self.exports = [
            exporter.export(self._estimator, os.path.join(self._estimator.model_dir, "export", exporter.name), path,
                            self.metrics, is_final) for exporter in spec.exporters]
