"""`tf.contrib.training`: training operations, the loop around them, and repeated evaluation.

State: none but the graph's.
"""

import time

import graphflow as tf
from graphflow.contrib.layers.optimizing import after
from graphflow.framework.api import tf_export
from graphflow.training.evaluation import count_runs, get_or_create_eval_step

_USE_GLOBAL_STEP = 0


@tf_export("contrib.training.clip_gradient_norms", "contrib.slim.learning.clip_gradient_norms")
def clip_gradient_norms(gradients_to_variables, max_norm):
    """Pairs (gradient, variable), each gradient clipped to a norm."""
    pairs = []
    for grad, var in gradients_to_variables:
        if isinstance(grad, tf.IndexedSlices):
            grad = tf.IndexedSlices(tf.clip_by_norm(grad.values, max_norm), grad.indices, grad.dense_shape)
        elif grad is not None:
            grad = tf.clip_by_norm(grad, max_norm)
        pairs.append((grad, var))
    return pairs


@tf_export("contrib.training.clip_gradient_norms_fn")
def clip_gradient_norms_fn(max_norm):
    """`clip_gradient_norms` to `max_norm`, as a `transform_grads_fn`."""
    return lambda gradients_to_variables: clip_gradient_norms(gradients_to_variables, max_norm)


@tf_export("contrib.training.multiply_gradients", "contrib.slim.learning.multiply_gradients")
def multiply_gradients(grads_and_vars, gradient_multipliers):
    """Pairs (gradient, variable), gradients scaled by a dict from variables or their names to factors.

    Raises ValueError if it is no dict or empty, or a gradient to be scaled is None.
    """
    if not isinstance(grads_and_vars, list):
        raise ValueError("`grads_and_vars` must be a list.")  # noqa: TRY004 - TensorFlow's class
    if not gradient_multipliers:
        raise ValueError("`gradient_multipliers` is empty.")
    if not isinstance(gradient_multipliers, dict):
        raise ValueError("`gradient_multipliers` must be a dict.")  # noqa: TRY004 - TensorFlow's class
    by_name = {key if isinstance(key, str) else key.op.name: value for key, value in gradient_multipliers.items()}
    pairs = []
    for grad, var in grads_and_vars:
        if var.op.name in by_name:
            if grad is None:
                raise ValueError("Requested multiple of `None` gradient.")
            factor = tf.cast(by_name[var.op.name], grad.dtype)
            if isinstance(grad, tf.IndexedSlices):
                grad = tf.IndexedSlices(grad.values * factor, grad.indices, grad.dense_shape)
            else:
                grad *= factor
        pairs.append((grad, var))
    return pairs


def gradient_summaries(grads_and_vars, separator):
    """Histograms and norms of gradients, their tags being the variable's name, `separator` and what they show."""
    summaries = []
    for grad, var in grads_and_vars:
        values = grad.values if isinstance(grad, tf.IndexedSlices) else grad
        if values is None:
            tf.logging.info("Var %s has no gradient", var.op.name)
            continue
        tag = f"{var.op.name}{separator}gradient"
        summaries.append(tf.summary.histogram(tag, values))
        summaries.append(tf.summary.scalar(tag + "_norm", tf.global_norm([values])))
    return summaries


@tf_export("contrib.training.add_gradients_summaries")
def add_gradients_summaries(grads_and_vars):
    """List of histograms and norms of gradients."""
    return gradient_summaries(grads_and_vars, "_")


@tf_export("contrib.training.create_train_op")
def create_train_op(total_loss, optimizer, global_step=_USE_GLOBAL_STEP, update_ops=None, variables_to_train=None,
                    transform_grads_fn=None, summarize_gradients=False, gate_gradients=tf.train.Optimizer.GATE_OP,
                    aggregation_method=None, colocate_gradients_with_ops=False, check_numerics=True):
    """A tensor of the loss whose evaluation makes one training step, after the UPDATE_OPS.

    Args:
      global_step: by default the graph's, made if need be; None: no step is counted.
      update_ops: operations to run before, those in UPDATE_OPS by default. variables_to_train: the trainable ones by
        default. transform_grads_fn: function from (gradient, variable) pairs to new ones.
      summarize_gradients: whether to add summaries of gradients. check_numerics: whether an infinite or undefined
        loss is an error. gate_gradients, aggregation_method, colocate_gradients_with_ops: see Optimizer.
    """
    if isinstance(global_step, int) and global_step == _USE_GLOBAL_STEP:
        global_step = tf.train.get_or_create_global_step()
    collected = tf.get_collection(tf.GraphKeys.UPDATE_OPS)
    update_ops = collected if update_ops is None else list(update_ops)
    if not set(collected) <= set(update_ops):
        tf.logging.warning("update_ops in create_train_op does not contain all the update_ops in GraphKeys.UPDATE_OPS")
    if update_ops:
        with tf.control_dependencies(update_ops):
            barrier = tf.no_op(name="update_barrier")
        total_loss = after([barrier], total_loss)
    variables = tf.trainable_variables() if variables_to_train is None else variables_to_train
    gradients = optimizer.compute_gradients(
        total_loss, variables, gate_gradients=gate_gradients, aggregation_method=aggregation_method,
        colocate_gradients_with_ops=colocate_gradients_with_ops)
    if transform_grads_fn:
        gradients = transform_grads_fn(gradients)
    if summarize_gradients:
        with tf.name_scope("summarize_grads"):
            add_gradients_summaries(gradients)
    update = optimizer.apply_gradients(gradients, global_step=global_step)
    with tf.name_scope("train_op"):
        if check_numerics:
            total_loss = tf.check_numerics(total_loss, "LossTensor is inf or nan")
        train_op = after([update], total_loss)
    collection = tf.get_collection_ref(tf.GraphKeys.TRAIN_OP)
    if train_op not in collection:
        collection.append(train_op)
    return train_op


@tf_export("contrib.training.train")
def train(train_op, logdir, master="", is_chief=True, scaffold=None, hooks=None, chief_only_hooks=None,
          save_checkpoint_secs=600, save_summaries_steps=100, config=None, max_wait_secs=7200, run_metadata=None):
    """Runs `train_op` in a MonitoredTrainingSession until a hook ends it; returns the last loss.

    Args: as for MonitoredTrainingSession; `logdir` is its `checkpoint_dir`. Raises ValueError without a `logdir` if
    something is to be saved.
    """
    if logdir is None and is_chief:
        if save_summaries_steps:
            raise ValueError("logdir cannot be None when save_summaries_steps is not None")
        if save_checkpoint_secs:
            raise ValueError("logdir cannot be None when save_checkpoint_secs is not None")
    with tf.train.MonitoredTrainingSession(
            master=master, is_chief=is_chief, checkpoint_dir=logdir, scaffold=scaffold, hooks=hooks,
            chief_only_hooks=chief_only_hooks, save_checkpoint_secs=save_checkpoint_secs,
            save_summaries_steps=save_summaries_steps, config=config, max_wait_secs=max_wait_secs) as session:
        loss = None
        while not session.should_stop():
            loss = session.run(train_op, run_metadata=run_metadata)
    return loss


@tf_export("contrib.training.SummaryAtEndHook")
class SummaryAtEndHook(tf.train.SessionRunHook):
    """Writes summaries when a loop ends.

    Args: log_dir: folder, or summary_writer: a FileWriter. summary_op: all merged, by default. feed_dict: what it is
      fed. Raises ValueError without folder and writer.
    """

    def __init__(self, log_dir=None, summary_writer=None, summary_op=None, feed_dict=None):
        if log_dir is None and summary_writer is None:
            raise ValueError("One of log_dir or summary_writer should be used.")
        self._summary_op = summary_op
        self._merges_all = summary_op is None
        self._feed_dict = feed_dict
        self._summary_writer = summary_writer
        self._log_dir = log_dir

    def begin(self):
        if self._merges_all:
            self._summary_op = tf.summary.merge_all()
        self._global_step = tf.train.get_or_create_global_step()

    def after_create_session(self, session, coord):
        if self._summary_writer is None:
            self._summary_writer = tf.summary.FileWriterCache.get(self._log_dir)

    def end(self, session):
        if self._summary_op is not None:
            summary = session.run(self._summary_op, self._feed_dict)
            self._summary_writer.add_summary(summary, tf.train.global_step(session, self._global_step))
        self._summary_writer.flush()


@tf_export("contrib.training.evaluate_repeatedly")
def evaluate_repeatedly(checkpoint_dir, master="", scaffold=None, eval_ops=None, feed_dict=None, final_ops=None,
                        final_ops_feed_dict=None, eval_interval_secs=60, hooks=None, config=None,
                        max_number_of_evaluations=None, timeout=None, timeout_fn=None):
    """Evaluates each new checkpoint in a folder as it appears; returns the last values of `final_ops`.

    Args: as for `evaluate_once`, and eval_interval_secs: least time between two. max_number_of_evaluations: how many,
      None for ever. timeout, timeout_fn: see `checkpoints_iterator`.
    """
    hooks = list(hooks or ())
    get_or_create_eval_step()
    if eval_ops is not None:
        eval_ops = count_runs(eval_ops, hooks)
    final = tf.train.FinalOpsHook(final_ops, final_ops_feed_dict)
    paths = tf.train.checkpoints_iterator(checkpoint_dir, eval_interval_secs, timeout, timeout_fn)
    for number, path in enumerate(paths, 1):
        creator = tf.train.ChiefSessionCreator(
            scaffold=scaffold, checkpoint_filename_with_path=path, master=master, config=config)
        with tf.train.MonitoredSession(session_creator=creator, hooks=[*hooks, final]) as session:
            tf.logging.info("Starting evaluation at %s", time.strftime("%Y-%m-%d-%H:%M:%S", time.gmtime()))
            while eval_ops is not None and not session.should_stop():
                session.run(eval_ops, feed_dict)
        tf.logging.info("Finished evaluation at %s", time.strftime("%Y-%m-%d-%H:%M:%S", time.gmtime()))
        if max_number_of_evaluations is not None and number >= max_number_of_evaluations:
            break
    return final.final_ops_values
