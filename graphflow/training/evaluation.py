"""Evaluating a checkpoint: runs counted by a local variable, then final values.

State: the variable `eval_step`, in the collection `EVAL_STEP` of a graph.
"""

import time

from graphflow.framework import dtypes, public, scopes
from graphflow.framework.api import tf_export
from graphflow.framework.graph import GraphKeys
from graphflow.ops import state
from graphflow.ops.variable_scope import get_variable
from graphflow.platform import tf_logging as logging
from graphflow.training.basic_session_run_hooks import FinalOpsHook
from graphflow.training.monitored_session import MonitoredSession
from graphflow.training.session_creator import ChiefSessionCreator
from graphflow.training.session_run_hook import SessionRunArgs, SessionRunHook


@tf_export("contrib.training.get_or_create_eval_step")
def get_or_create_eval_step():
    """The variable that counts the runs of an evaluation; ValueError if the graph has several."""
    found = scopes.get_default_graph().get_collection(GraphKeys.EVAL_STEP)
    if len(found) > 1:
        raise ValueError("Multiple tensors added to tf.GraphKeys.EVAL_STEP")
    if found:
        return found[0]
    return get_variable("eval_step", shape=[], dtype=dtypes.int64, initializer=public.zeros_initializer(),
                        trainable=False, collections=[GraphKeys.LOCAL_VARIABLES, GraphKeys.EVAL_STEP])


@tf_export("contrib.training.StopAfterNEvalsHook")
class StopAfterNEvalsHook(SessionRunHook):
    """Ends an evaluation after `num_evals` runs (None: when the input ends), and logs how far it is.

    Args: num_evals: number of runs. log_progress: whether to log.
    """

    def __init__(self, num_evals, log_progress=True):
        self._num_evals = num_evals
        self._evals_completed = None
        self._log_progress = log_progress
        self._log_frequency = 1 if num_evals is None or num_evals < 20 else num_evals // 10

    def _set_evals_completed_tensor(self, updated_eval_step):
        self._evals_completed = updated_eval_step

    def before_run(self, run_context):
        return SessionRunArgs({"evals_completed": self._evals_completed})

    def after_run(self, run_context, run_values):
        done = run_values.results["evals_completed"]
        if self._log_progress and self._num_evals is None:
            logging.info("Evaluation [%d]", done)
        elif self._log_progress and (done % self._log_frequency == 0 or done == self._num_evals):
            logging.info("Evaluation [%d/%d]", done, self._num_evals)
        if self._num_evals is not None and done >= self._num_evals:
            run_context.request_stop()


def count_runs(eval_ops, hooks):
    """`eval_ops` with one more operation, which counts; tells StopAfterNEvalsHooks where the count is."""
    step = get_or_create_eval_step()
    update = state.assign_add(step, 1, use_locking=True)
    if isinstance(eval_ops, dict):
        eval_ops = {**eval_ops, "update_eval_step": update}
        last = list(eval_ops.values())
    else:
        eval_ops = [*(eval_ops if isinstance(eval_ops, (tuple, list)) else [eval_ops]), update]
        last = eval_ops
    with scopes.get_default_graph().control_dependencies(last):
        value = public.identity(step.read_value())
    for hook in hooks:
        if isinstance(hook, StopAfterNEvalsHook):
            hook._set_evals_completed_tensor(value)
    return eval_ops


@tf_export("contrib.training.evaluate_once")
def evaluate_once(checkpoint_path, master="", scaffold=None, eval_ops=None, feed_dict=None, final_ops=None,
                  final_ops_feed_dict=None, hooks=None, config=None):
    """Evaluates one checkpoint; returns the values of `final_ops`.

    Args:
      checkpoint_path: prefix of the checkpoint; None initialises the model instead.
      master: target of the session, "". scaffold: a Scaffold. config: ConfigProto.
      eval_ops: run, fed with `feed_dict`, until a hook or the end of the input stops; None runs nothing.
      final_ops: run once at the end, fed with `final_ops_feed_dict`. hooks: SessionRunHooks.
    """
    hooks = list(hooks or ())
    get_or_create_eval_step()
    if eval_ops is not None:
        eval_ops = count_runs(eval_ops, hooks)
    logging.info("Starting evaluation at %s", time.strftime("%Y-%m-%dT%H:%M:%SZ", time.localtime()))
    creator = ChiefSessionCreator(scaffold, master, config, checkpoint_filename_with_path=checkpoint_path)
    final = FinalOpsHook(final_ops, final_ops_feed_dict)
    with MonitoredSession(session_creator=creator, hooks=[*hooks, final]) as session:
        if eval_ops is not None:
            while not session.should_stop():
                session.run(eval_ops, feed_dict)
    logging.info("Finished evaluation at %s", time.strftime("%Y-%m-%d-%H:%M:%S", time.localtime()))
    return final.final_ops_values
