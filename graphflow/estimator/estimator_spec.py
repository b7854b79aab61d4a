"""What a model function is asked and what it answers: ModeKeys, EstimatorSpec. Holds no state."""

import collections
import inspect

import graphflow as tf
from graphflow.estimator.export_outputs import get_export_outputs
from graphflow.framework.api import export_value, tf_export
from graphflow.training import (
    basic_session_run_hooks,
    hook_timer,
    saving_hooks,
    session_run_hook,
)

LOSS_METRIC_KEY = "loss"
AVERAGE_LOSS_METRIC_KEY = "average_loss"

# Hooks have a second public name here.
for _module, _names in (
        (session_run_hook, "SessionRunHook SessionRunArgs SessionRunContext SessionRunValues"),
        (basic_session_run_hooks, "LoggingTensorHook StopAtStepHook StepCounterHook NanTensorHook FinalOpsHook "
         "NanLossDuringTrainingError GlobalStepWaiterHook FeedFnHook"),
        (hook_timer, "SecondOrStepTimer"),
        (saving_hooks, "CheckpointSaverHook CheckpointSaverListener SummarySaverHook ProfilerHook")):
    for _name in _names.split():
        export_value("estimator." + _name, _module.__name__, _name)


@tf_export("estimator.ModeKeys")
class ModeKeys:
    """What a model function is called for: TRAIN, EVAL or PREDICT."""

    TRAIN = "train"
    EVAL = "eval"
    PREDICT = "infer"


def argument_names(function):
    """Names of the arguments of a function, without those a `functools.partial` has set, and `self`."""
    parameters = inspect.signature(function).parameters.values()
    bound = getattr(function, "keywords", None) or {}
    return tuple(p.name for p in parameters if p.kind is not p.VAR_POSITIONAL and p.kind is not p.VAR_KEYWORD
                 and p.name not in bound)


@tf_export("estimator.EstimatorSpec")
class EstimatorSpec(collections.namedtuple("EstimatorSpec", [
        "mode", "predictions", "loss", "train_op", "eval_metric_ops", "export_outputs", "training_chief_hooks",
        "training_hooks", "scaffold", "evaluation_hooks", "prediction_hooks"])):
    """What a model function returns.

    Args:
      mode: the ModeKeys it was called with. predictions: tensor or {name: tensor}, needed for PREDICT.
      loss: scalar, needed for TRAIN and EVAL. train_op: operation of one step, needed for TRAIN.
      eval_metric_ops: {name: (value, update)} as tf.metrics give. export_outputs: {name: ExportOutput} for serving.
      training_chief_hooks, training_hooks, evaluation_hooks, prediction_hooks: SessionRunHooks.
      scaffold: a tf.train.Scaffold.
    Raises ValueError for what is missing or of another graph, TypeError for other types.
    """

    __slots__ = ()

    def __new__(cls, mode, predictions=None, loss=None, train_op=None, eval_metric_ops=None, export_outputs=None,
                training_chief_hooks=None, training_hooks=None, scaffold=None, evaluation_hooks=None,
                prediction_hooks=None):
        predictions = _checked_predictions(predictions, mode)
        if mode == ModeKeys.PREDICT:
            export_outputs = get_export_outputs(export_outputs, predictions)
        if scaffold is not None and not isinstance(scaffold, tf.train.Scaffold):
            raise TypeError(f"scaffold must be tf.train.Scaffold. Given: {scaffold}")
        return super().__new__(
            cls, mode=mode, predictions=predictions, loss=_checked_loss(loss, mode),
            train_op=_checked_train_op(train_op, mode), eval_metric_ops=_checked_metrics(eval_metric_ops),
            export_outputs=export_outputs, training_chief_hooks=_checked_hooks(training_chief_hooks),
            training_hooks=_checked_hooks(training_hooks), scaffold=scaffold or tf.train.Scaffold(),
            evaluation_hooks=_checked_hooks(evaluation_hooks), prediction_hooks=_checked_hooks(prediction_hooks))


def _is_tensor(item):
    return isinstance(item, (tf.Tensor, tf.Variable))


def _check_graph(item, what, name):
    if item.graph is not tf.get_default_graph():
        raise ValueError(f'{what} with "{name}" must be from the default graph. Possible causes of this error '
                         f"include: \n\n1) {what} was created outside the context of the default graph.\n\n2) The "
                         'object passed through to EstimatorSpec was not created in the most recent call to '
                         '"model_fn".')


def _checked_train_op(train_op, mode):
    if train_op is None:
        if mode == ModeKeys.TRAIN:
            raise ValueError("Missing train_op.")
        return None
    if not isinstance(train_op, tf.Operation) and not _is_tensor(train_op):
        raise TypeError(f"train_op must be Operation or Tensor, given: {train_op}")
    _check_graph(train_op, "train_op", train_op.name)
    return train_op.op if isinstance(train_op, tf.Variable) else train_op


def _checked_loss(loss, mode):
    if loss is None:
        if mode in (ModeKeys.TRAIN, ModeKeys.EVAL):
            raise ValueError("Missing loss.")
        return None
    if not _is_tensor(loss):
        raise TypeError(f"loss must be Tensor, given: {loss}")
    if loss.get_shape().num_elements() not in (None, 1):
        raise ValueError(f"Loss must be scalar, given: {loss}")
    if not loss.get_shape().is_compatible_with(tf.TensorShape([])):
        loss = tf.reshape(loss, [])
    _check_graph(loss, "loss", loss.name)
    return loss


def _checked_predictions(predictions, mode):
    if predictions is None:
        if mode == ModeKeys.PREDICT:
            raise ValueError("Missing predictions.")
        return {}
    by_name = predictions if isinstance(predictions, dict) else {None: predictions}
    for key, value in by_name.items():
        what = "predictions" if key is None else f"predictions[{key}]"
        if not _is_tensor(value):
            raise TypeError(f"{what} must be Tensor, given: {value}")
        _check_graph(value, "prediction values", value.name if key is None else f"{key}: {value.name}")
    return predictions


def _checked_hooks(hooks):
    hooks = tuple(hooks or ())
    for hook in hooks:
        if not isinstance(hook, tf.train.SessionRunHook):
            raise TypeError(f"All hooks must be SessionRunHook instances, given: {hook}")
    return hooks


def _checked_metrics(metrics):
    metrics = {} if metrics is None else metrics
    if not isinstance(metrics, dict):
        raise TypeError(f"eval_metric_ops must be a dict, given: {metrics}")
    for key, value in metrics.items():
        if not isinstance(value, tuple) or len(value) != 2:
            raise TypeError("Values of eval_metric_ops must be (metric_value, update_op) tuples, given: "
                            f"{value} for key: {key}")
        for item in tf.contrib.framework.nest.flatten(value):
            _check_graph(item, "eval_metric_ops", f"{key}: {item.name}")
    return metrics


@tf_export("estimator.WarmStartSettings")
class WarmStartSettings(collections.namedtuple("WarmStartSettings", [
        "ckpt_to_initialize_from", "vars_to_warm_start", "var_name_to_vocab_info", "var_name_to_prev_var_name"])):
    """What `tf.train.warm_start` is to do; ValueError without a checkpoint."""

    __slots__ = ()

    def __new__(cls, ckpt_to_initialize_from, vars_to_warm_start=".*", var_name_to_vocab_info=None,
                var_name_to_prev_var_name=None):
        if not ckpt_to_initialize_from:
            raise ValueError("`ckpt_to_initialize_from` MUST be set in WarmStartSettings")
        return super().__new__(cls, ckpt_to_initialize_from, vars_to_warm_start, var_name_to_vocab_info or {},
                               var_name_to_prev_var_name or {})
