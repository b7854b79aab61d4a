"""`slim.learning`: training operations and the loop that runs them. State: none but the graph's."""

import time

import graphflow as tf
from graphflow.contrib.training import train_op as training
from graphflow.contrib.training.train_op import clip_gradient_norms, multiply_gradients
from graphflow.framework.api import tf_export

_DEFAULT = 0  # TensorFlow's mark of arguments that were not given


@tf_export("contrib.slim.learning.add_gradients_summaries")
def add_gradients_summaries(grads_and_vars):
    """List of histograms and norms of gradients."""
    return training.gradient_summaries(grads_and_vars, "/")


@tf_export("contrib.slim.learning.create_train_op")
def create_train_op(total_loss, optimizer, global_step=_DEFAULT, update_ops=None, variables_to_train=None,
                    clip_gradient_norm=0, summarize_gradients=False, gate_gradients=tf.train.Optimizer.GATE_OP,
                    aggregation_method=None, colocate_gradients_with_ops=False, gradient_multipliers=None,
                    check_numerics=True):
    """`tf.contrib.training.create_train_op`, with the usual changes of gradients.

    Args: clip_gradient_norm: norm to clip each gradient to, 0 for none. gradient_multipliers: {variable or its name:
      factor}.
    """

    def transform(gradients):
        if gradient_multipliers:
            with tf.name_scope("multiply_grads"):
                gradients = multiply_gradients(gradients, gradient_multipliers)
        if clip_gradient_norm > 0:
            with tf.name_scope("clip_grads"):
                gradients = clip_gradient_norms(gradients, clip_gradient_norm)
        return gradients

    return training.create_train_op(
        total_loss, optimizer, global_step, update_ops, variables_to_train, transform, summarize_gradients,
        gate_gradients, aggregation_method, colocate_gradients_with_ops, check_numerics)


@tf_export("contrib.slim.learning.train_step")
def train_step(sess, train_op, global_step, train_step_kwargs):
    """Runs one step; returns (loss, whether to stop), and logs if "should_log" says so.

    Args: train_step_kwargs: dict of tensors "should_stop" and "should_log".
    Raises ValueError for "should_trace".
    """
    if "should_trace" in train_step_kwargs:
        raise ValueError("should_trace is not supported: trace with tf.train.ProfilerHook")
    start = time.time()
    loss, step = sess.run([train_op, global_step])
    elapsed = time.time() - start
    if "should_log" in train_step_kwargs and sess.run(train_step_kwargs["should_log"]):
        tf.logging.info("global step %d: loss = %.4f (%.3f sec/step)", step, loss, elapsed)
    should_stop = "should_stop" in train_step_kwargs and sess.run(train_step_kwargs["should_stop"])
    return loss, should_stop


def _step_arguments(global_step, number_of_steps, log_every_n_steps):
    with tf.name_scope("train_step"):
        should_stop = tf.constant(False)
        if number_of_steps:
            should_stop = tf.greater_equal(global_step, number_of_steps)
        arguments = {"should_stop": should_stop}
        if log_every_n_steps > 0:
            arguments["should_log"] = tf.equal(tf.mod(global_step, log_every_n_steps), 0)
        return arguments


def _refuse(**arguments):
    for name, value in arguments.items():
        if value is not None:
            raise ValueError(f"{name} is not supported by GraphFlow's slim.learning.train")


@tf_export("contrib.slim.learning.train")
def train(train_op, logdir, train_step_fn=train_step, train_step_kwargs=_DEFAULT, log_every_n_steps=1, graph=None,
          master="", is_chief=True, global_step=None, number_of_steps=None, init_op=_DEFAULT, init_feed_dict=None,
          local_init_op=_DEFAULT, init_fn=None, ready_op=_DEFAULT, summary_op=_DEFAULT, save_summaries_secs=600,
          summary_writer=_DEFAULT, startup_delay_steps=0, saver=None, save_interval_secs=600, sync_optimizer=None,
          session_config=None, session_wrapper=None, trace_every_n_steps=None, ignore_live_threads=False):
    """Runs `train_op` until `number_of_steps`, saving checkpoints and summaries below `logdir`; the last loss.

    Raises ValueError if `train_op` is missing, for arguments that need a `logdir`, and for `sync_optimizer` and
    `trace_every_n_steps`.
    """
    _refuse(sync_optimizer=sync_optimizer, trace_every_n_steps=trace_every_n_steps)
    if train_op is None:
        raise ValueError("train_op cannot be None.")
    if logdir is None and (summary_op != _DEFAULT or saver is not None):
        raise ValueError("Cannot provide summary_op or saver because logdir=None")
    if number_of_steps is not None and number_of_steps <= 0:
        raise ValueError("`number_of_steps` must be either None or a positive number.")
    graph = graph or tf.get_default_graph()
    with graph.as_default():
        if global_step is None:
            global_step = tf.train.get_or_create_global_step()
        with tf.name_scope("init_ops"):
            if _is_default(init_op):
                init_op = tf.global_variables_initializer()
            if _is_default(ready_op):
                ready_op = tf.report_uninitialized_variables()
            if _is_default(local_init_op):
                local_init_op = tf.group(tf.local_variables_initializer(), tf.tables_initializer())
        if train_step_kwargs == _DEFAULT:
            train_step_kwargs = _step_arguments(global_step, number_of_steps, log_every_n_steps)
        supervisor = tf.train.Supervisor(
            graph=graph, is_chief=is_chief, logdir=logdir, init_op=init_op, init_feed_dict=init_feed_dict,
            local_init_op=local_init_op, ready_op=ready_op,
            summary_op=tf.summary.merge_all() if _is_default(summary_op) else summary_op,
            summary_writer=tf.train.Supervisor.USE_DEFAULT if _is_default(summary_writer) else summary_writer,
            global_step=global_step, saver=saver or tf.train.Saver(), save_summaries_secs=save_summaries_secs,
            save_model_secs=save_interval_secs, init_fn=init_fn)
    with supervisor.managed_session(master, start_standard_services=False, config=session_config) as session:
        if session_wrapper is not None:
            session = session_wrapper(session)
        if is_chief and logdir:
            supervisor.start_standard_services(session)
        elif startup_delay_steps > 0:
            while tf.train.global_step(session, global_step) < min(startup_delay_steps, number_of_steps or 1 << 62):
                time.sleep(1.0)
        threads = supervisor.start_queue_runners(session)
        loss = _steps(supervisor, session, train_step_fn, (train_op, global_step, train_step_kwargs))
        if logdir and is_chief:
            tf.logging.info("Finished training! Saving model to disk.")
            supervisor.saver.save(session, supervisor.save_path, global_step=supervisor.global_step)
            supervisor.stop(threads, close_summary_writer=True, ignore_live_threads=ignore_live_threads)
    return loss


def _is_default(argument):
    return isinstance(argument, int) and argument == _DEFAULT


def _steps(supervisor, session, train_step_fn, arguments):
    """The loss of the last step; ends where a step says so, or its input is used up."""
    loss = None
    try:
        while not supervisor.should_stop():
            loss, should_stop = train_step_fn(session, *arguments)
            if should_stop:
                tf.logging.info("Stopping Training.")
                supervisor.request_stop()
                break
    except tf.errors.OutOfRangeError as error:
        tf.logging.info("Caught OutOfRangeError. Stopping Training. %s", error)
    return loss
