"""Hooks that watch and steer a training loop: log, count, stop, wait, feed.

Those that write checkpoints, summaries and profiles stand in `saving_hooks`. State: per hook, where it is
in the loop.
"""

import time

import numpy as np

from graphflow.framework import errors, scopes
from graphflow.framework.api import tf_export
from graphflow.platform import tf_logging as logging
from graphflow.summary.file_writer import FileWriterCache
from graphflow.training.hook_timer import NeverTriggerTimer, SecondOrStepTimer
from graphflow.training.session_run_hook import SessionRunArgs, SessionRunHook
from graphflow.training.training_util import get_global_step, get_or_create_global_step_read


def global_step_read(hook):
    """The tensor that reads the global step; RuntimeError, which names the hook, without one."""
    tensor = get_or_create_global_step_read()
    if tensor is None:
        raise RuntimeError(f"Global step should be created to use {type(hook).__name__}.")
    return tensor


@tf_export("train.LoggingTensorHook")
class LoggingTensorHook(SessionRunHook):
    """Logs values of tensors, at INFO (see `tf.logging.set_verbosity`).

    Args:
      tensors: {tag: tensor or its name}, or a list of tensors or names, which are their own tags.
      every_n_iter, every_n_secs: how often, counted in runs of this session.
      at_end: also at the end, or only then if neither is given.
      formatter: function from {tag: value} to the text to be logged.
    Raises ValueError unless exactly one of `every_n_iter` (positive) and `every_n_secs` is given.
    """

    def __init__(self, tensors, every_n_iter=None, every_n_secs=None, at_end=False, formatter=None):
        only_at_end = at_end and every_n_iter is None and every_n_secs is None
        if not only_at_end and (every_n_iter is None) == (every_n_secs is None):
            raise ValueError("either at_end and/or exactly one of every_n_iter and every_n_secs must be provided.")
        if every_n_iter is not None and every_n_iter <= 0:
            raise ValueError(f"invalid every_n_iter={every_n_iter}.")
        if isinstance(tensors, dict):
            self._tag_order = sorted(tensors)
        else:
            self._tag_order = tensors
            tensors = {item: item for item in tensors}
        self._tensors = tensors
        self._formatter = formatter
        self._timer = NeverTriggerTimer() if only_at_end else SecondOrStepTimer(every_n_secs, every_n_iter)
        self._log_at_end = at_end

    def begin(self):
        self._timer.reset()
        self._iter_count = 0
        # Names are looked up now: the graph may not have had these tensors before.
        self._current_tensors = {tag: _as_graph_element(tensor) for tag, tensor in self._tensors.items()}

    def before_run(self, run_context):
        self._should_trigger = self._timer.should_trigger_for_step(self._iter_count)
        return SessionRunArgs(self._current_tensors) if self._should_trigger else None

    def after_run(self, run_context, run_values):
        if self._should_trigger:
            self._log_tensors(run_values.results)
        self._iter_count += 1

    def end(self, session):
        if self._log_at_end:
            self._log_tensors(session.run(self._current_tensors))

    def _log_tensors(self, values):
        elapsed, _ = self._timer.update_last_triggered_step(self._iter_count)
        with np.printoptions(suppress=True):
            if self._formatter:
                logging.info(self._formatter(values))
                return
            text = ", ".join(f"{tag} = {values[tag]}" for tag in self._tag_order)
        if elapsed is not None:
            logging.info("%s (%.3f sec)", text, elapsed)
        else:
            logging.info("%s", text)


def _as_graph_element(item):
    """A tensor, or the one called `item`; an operation's name stands for its only output."""
    graph = scopes.get_default_graph()
    if not isinstance(item, str):
        if getattr(item, "graph", None) is not graph:
            raise ValueError(f"Passed {item} should have graph attribute that is equal to current graph {graph}.")
        return item
    if ":" in item:
        return graph.as_graph_element(item)
    element = graph.as_graph_element(item + ":0")
    if len(element.op.outputs) > 1:
        raise ValueError(f"Name {item} is ambiguous, as this `Operation` has multiple outputs (at least 2).")
    return element


@tf_export("train.StopAtStepHook")
class StopAtStepHook(SessionRunHook):
    """Ends the loop after `num_steps` more steps, or when the global step reaches `last_step`.

    Raises ValueError unless exactly one of them is given; RuntimeError in `begin` without a global step.
    """

    def __init__(self, num_steps=None, last_step=None):
        if num_steps is None and last_step is None:
            raise ValueError("One of num_steps or last_step must be specified.")
        if num_steps is not None and last_step is not None:
            raise ValueError("Only one of num_steps or last_step can be specified.")
        self._num_steps = num_steps
        self._last_step = last_step

    def begin(self):
        self._global_step_tensor = global_step_read(self)

    def after_create_session(self, session, coord):
        # A session made anew after a failure ends where the first one was to end.
        if self._last_step is None:
            self._last_step = session.run(self._global_step_tensor) + self._num_steps

    def before_run(self, run_context):
        return SessionRunArgs(self._global_step_tensor)

    def after_run(self, run_context, run_values):
        # The value was read before this run's increment. Only a run that may be the last one is asked again.
        if run_values.results + 1 < self._last_step:
            return
        if run_context.session.run(self._global_step_tensor) >= self._last_step:
            run_context.request_stop()


@tf_export("train.StepCounterHook")
class StepCounterHook(SessionRunHook):
    """Logs and summarises how many steps are made per second.

    Args: every_n_steps, every_n_secs: how often; exactly one of them. output_dir: folder of the summaries.
      summary_writer: writes them, instead of `output_dir`.
    Raises ValueError unless one interval is given.
    """

    def __init__(self, every_n_steps=100, every_n_secs=None, output_dir=None, summary_writer=None):
        if (every_n_steps is None) == (every_n_secs is None):
            raise ValueError("exactly one of every_n_steps and every_n_secs should be provided.")
        self._timer = SecondOrStepTimer(every_n_secs, every_n_steps)
        self._summary_writer = summary_writer
        self._output_dir = output_dir
        self._last_global_step = None
        self._steps_per_run = 1

    def _set_steps_per_run(self, steps_per_run):
        self._steps_per_run = steps_per_run

    def begin(self):
        if self._summary_writer is None and self._output_dir:
            self._summary_writer = FileWriterCache.get(self._output_dir)
        self._global_step_tensor = global_step_read(self)
        self._summary_tag = get_global_step().op.name + "/sec"

    def before_run(self, run_context):
        return SessionRunArgs(self._global_step_tensor)

    def after_run(self, run_context, run_values):
        stale_step = run_values.results
        if self._timer.should_trigger_for_step(stale_step + self._steps_per_run):
            # What was fetched was read before the increment.
            step = run_context.session.run(self._global_step_tensor)
            if self._timer.should_trigger_for_step(step):
                seconds, steps = self._timer.update_last_triggered_step(step)
                if seconds is not None:
                    self._log_and_record(steps, seconds, step)
        if stale_step == self._last_global_step:
            logging.log_first_n(
                logging.WARN, "It seems that global step (tf.train.get_global_step) has not been increased. Current "
                "value (could be stable): %s vs previous value: %s. You could increase the global step by passing "
                "tf.train.get_global_step() to Optimizer.apply_gradients or Optimizer.minimize.",
                5, stale_step, self._last_global_step)
        self._last_global_step = stale_step

    def _log_and_record(self, elapsed_steps, elapsed_time, global_step):
        from graphflow import protobuf

        rate = elapsed_steps / elapsed_time
        if self._summary_writer is not None:
            value = protobuf.Summary.Value(tag=self._summary_tag, simple_value=rate)
            self._summary_writer.add_summary(protobuf.Summary(value=[value]), global_step)
        logging.info("%s: %g", self._summary_tag, rate)


@tf_export("train.NanLossDuringTrainingError")
class NanLossDuringTrainingError(RuntimeError):
    """Raised by NanTensorHook: the loss is not a number any more."""

    def __str__(self):
        return "NaN loss during training."


@tf_export("train.NanTensorHook")
class NanTensorHook(SessionRunHook):
    """Watches a loss: NanLossDuringTrainingError when it is NaN, or the end of the loop.

    Args: loss_tensor: a scalar. fail_on_nan_loss: False ends the loop instead of raising.
    """

    def __init__(self, loss_tensor, fail_on_nan_loss=True):
        self._loss_tensor = loss_tensor
        self._fail_on_nan_loss = fail_on_nan_loss

    def before_run(self, run_context):
        return SessionRunArgs(self._loss_tensor)

    def after_run(self, run_context, run_values):
        if not np.isnan(run_values.results):
            return
        message = "Model diverged with loss = NaN."
        if self._fail_on_nan_loss:
            logging.error(message)
            raise NanLossDuringTrainingError
        logging.warning(message)
        run_context.request_stop()


@tf_export("train.GlobalStepWaiterHook")
class GlobalStepWaiterHook(SessionRunHook):
    """Lets the loop begin only when the global step, which others increment, reaches `wait_until_step`."""

    _PAUSE = 0.5

    def __init__(self, wait_until_step):
        self._wait_until_step = wait_until_step

    def begin(self):
        self._worker_is_started = self._wait_until_step <= 0
        self._global_step_tensor = global_step_read(self)

    def before_run(self, run_context):
        if self._worker_is_started:
            return
        logging.info("Waiting for global step %d before starting training.", self._wait_until_step)
        logged = 0
        while True:
            step = run_context.session.run(self._global_step_tensor)
            if step >= self._wait_until_step:
                self._worker_is_started = True
                return
            if step - logged > 1000:
                logging.info("Waiting for global step %d before starting training. Current step is %d.",
                             self._wait_until_step, step)
                logged = step
            time.sleep(self._PAUSE)


@tf_export("train.FinalOpsHook")
class FinalOpsHook(SessionRunHook):
    """Runs something at the end of the loop, as for the values of metrics.

    Args: final_ops: what to fetch (any nesting). final_ops_feed_dict: what to feed for it.
    """

    def __init__(self, final_ops, final_ops_feed_dict=None):
        self._final_ops = final_ops
        self._final_ops_feed_dict = final_ops_feed_dict
        self._final_ops_values = None

    @property
    def final_ops_values(self):
        """The values fetched at the end; None before."""
        return self._final_ops_values

    def end(self, session):
        if self._final_ops is None:
            return
        try:
            self._final_ops_values = session.run(self._final_ops, feed_dict=self._final_ops_feed_dict)
        except (errors.OutOfRangeError, StopIteration):
            logging.warning(
                "The operations given to FinalOpsHook ran out of input. They run when the loop's input is used up, so "
                "they may not depend on it: of the two results of a tf.metrics function, give it the first, which "
                "reads variables only; the second one, the update, belongs into the loop.")
            raise


@tf_export("train.FeedFnHook")
class FeedFnHook(SessionRunHook):
    """Adds the feed_dict that `feed_fn()` returns to every run."""

    def __init__(self, feed_fn):
        self.feed_fn = feed_fn

    def before_run(self, run_context):
        return SessionRunArgs(fetches=None, feed_dict=self.feed_fn())
