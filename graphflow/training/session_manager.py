"""`tf.train.SessionManager`: makes sessions whose variables are initialised, restored or waited for.

State: the operations that initialise the model and that tell whether it is.
"""

import time

from graphflow.client.session import Session
from graphflow.framework import dtypes, errors, scopes
from graphflow.framework.api import tf_export
from graphflow.platform import tf_logging as logging
from graphflow.training.checkpoint_management import get_checkpoint_state


def _name_of(item):
    return "None" if item is None else getattr(item, "name", f"<no name for {type(item)}>")


@tf_export("train.SessionManager")
class SessionManager:
    """Makes sessions from checkpoints, else from initialisers.

    Args:
      local_init_op: run in every new session, after the variables have their values.
      ready_op: its value, a list of names of variables, is empty when the model can be used.
      ready_for_local_init_op: the same, for running `local_init_op`.
      graph: the default graph if None.
      recovery_wait_secs: how often to look again for what is waited for.
      local_init_run_options: RunOptions of running `local_init_op`.
    Raises ValueError for `ready_for_local_init_op` without `local_init_op`.

    Example:
      >>> import graphflow as tf
      >>> v = tf.Variable(1.0)
      >>> manager = tf.train.SessionManager(ready_op=tf.report_uninitialized_variables())
      >>> with manager.prepare_session("", init_op=tf.global_variables_initializer()) as sess:
      ...     print(sess.run(v))
      1.0
    """

    def __init__(self, local_init_op=None, ready_op=None, ready_for_local_init_op=None, graph=None,
                 recovery_wait_secs=30, local_init_run_options=None):
        if ready_for_local_init_op is not None and local_init_op is None:
            raise ValueError("If you pass a ready_for_local_init_op you must also pass a local_init_op , "
                             f"ready_for_local_init_op [{ready_for_local_init_op}]")
        self._local_init_op = local_init_op
        self._ready_op = ready_op
        self._ready_for_local_init_op = ready_for_local_init_op
        self._graph = graph or scopes.get_default_graph()
        self._recovery_wait_secs = recovery_wait_secs
        self._local_init_run_options = local_init_run_options

    def _restore_checkpoint(self, master, saver=None, checkpoint_dir=None, checkpoint_filename_with_path=None,
                            wait_for_checkpoint=False, max_wait_secs=7200, config=None):
        """(a new session, whether a checkpoint was restored into it)."""
        if checkpoint_dir and checkpoint_filename_with_path:
            raise ValueError("Can not provide both checkpoint_dir and checkpoint_filename_with_path.")
        session = Session(master, graph=self._graph, config=config)
        if not saver or not (checkpoint_dir or checkpoint_filename_with_path):
            return session, False
        if checkpoint_filename_with_path:
            saver.restore(session, checkpoint_filename_with_path)
            return session, True
        waited = 0
        state = get_checkpoint_state(checkpoint_dir)
        while not state or not state.model_checkpoint_path:
            if not wait_for_checkpoint or waited >= max_wait_secs:
                return session, False
            logging.info("Waiting for checkpoint to be available.")
            time.sleep(self._recovery_wait_secs)
            waited += self._recovery_wait_secs
            state = get_checkpoint_state(checkpoint_dir)
        saver.restore(session, state.model_checkpoint_path)
        saver.recover_last_checkpoints(state.all_model_checkpoint_paths)
        return session, True

    def prepare_session(self, master, init_op=None, saver=None, checkpoint_dir=None,
                        checkpoint_filename_with_path=None, wait_for_checkpoint=False, max_wait_secs=7200,
                        config=None, init_feed_dict=None, init_fn=None):
        """A session ready for use: restored if there is a checkpoint, else initialised.

        Args:
          master: the session's target, "". saver: restores the checkpoint `checkpoint_filename_with_path`, or the
            newest one in `checkpoint_dir`. wait_for_checkpoint: waits up to `max_wait_secs` for one.
          config: ConfigProto of the session.
          init_op: initialises where nothing was restored, fed with `init_feed_dict`; then `init_fn(session)` is called.
        Raises RuntimeError if there is nothing to initialise with, or the model is not ready afterwards.
        """
        session, restored = self._restore_checkpoint(
            master, saver, checkpoint_dir, checkpoint_filename_with_path, wait_for_checkpoint, max_wait_secs, config)
        if not restored:
            if init_op is None and not init_fn and self._local_init_op is None:
                raise RuntimeError("Model is not initialized and no init_op or init_fn or local_init_op was given")
            if init_op is not None:
                session.run(init_op, feed_dict=init_feed_dict)
            if init_fn:
                init_fn(session)
        done, message = self._try_run_local_init_op(session)
        if not done:
            raise RuntimeError("Init operations did not make model ready for local_init.  "
                               f"Init op: {_name_of(init_op)}, init fn: {init_fn}, error: {message}")
        ready, message = self._model_ready(session)
        if not ready:
            raise RuntimeError(f"Init operations did not make model ready.  Init op: {_name_of(init_op)}, init fn: "
                               f"{init_fn}, local_init_op: {self._local_init_op}, error: {message}")
        return session

    def recover_session(self, master, saver=None, checkpoint_dir=None, checkpoint_filename_with_path=None,
                        wait_for_checkpoint=False, max_wait_secs=7200, config=None):
        """(a new session, whether it was restored and is ready); the arguments are those of `prepare_session`."""
        session, restored = self._restore_checkpoint(
            master, saver, checkpoint_dir, checkpoint_filename_with_path, wait_for_checkpoint, max_wait_secs, config)
        done, message = self._try_run_local_init_op(session)
        if not restored:
            return session, False
        path = checkpoint_dir or checkpoint_filename_with_path
        if not done:
            logging.info("Restoring model from %s did not make model ready for local init: %s", path, message)
            return session, False
        ready, message = self._model_ready(session)
        if not ready:
            logging.info("Restoring model from %s did not make model ready: %s", path, message)
            return session, False
        logging.info("Restored model from %s", path)
        return session, True

    def wait_for_session(self, master, config=None, max_wait_secs=float("Inf")):
        """A session, made anew until the model in it is ready.

        A session of this process has variables of its own: unless `local_init_op` initialises them, nobody will.
        Raises DeadlineExceededError after `max_wait_secs`.
        """
        limit = float("Inf") if max_wait_secs is None else max_wait_secs
        start = time.time()
        while True:
            session = Session(master, graph=self._graph, config=config)
            message = None
            done, local_message = self._try_run_local_init_op(session)
            if done:
                ready, message = self._model_ready(session)
                if ready:
                    return session
            session.close()
            if max(0, start + limit - time.time()) < self._recovery_wait_secs:
                raise errors.DeadlineExceededError(
                    None, None, f"Session was not ready after waiting {limit:.0f} secs.")
            logging.info("Waiting for model to be ready.  Ready_for_local_init_op:  %s, ready: %s",
                         local_message, message)
            time.sleep(self._recovery_wait_secs)

    def _model_ready(self, session):
        """(whether the model can be used, why not)."""
        return check_ready(self._ready_op, session, "Model not ready")

    def _try_run_local_init_op(self, session):
        """(whether what is local is initialised now, why not)."""
        if self._local_init_op is None:
            return True, None
        ready, message = check_ready(self._ready_for_local_init_op, session, "Model not ready for local init")
        if not ready:
            return False, message
        logging.info("Running local_init_op.")
        session.run(self._local_init_op, options=self._local_init_run_options)
        logging.info("Done running local_init_op.")
        return True, None


def check_ready(op, session, message):
    """(whether `op` has no names to report, or just runs; what it reports)."""
    if op is None:
        return True, None
    try:
        value = session.run(op)
    except errors.FailedPreconditionError as error:
        if "uninitialized" not in str(error):
            logging.warning("%s : error [%s]", message, error)
            raise
        return False, str(error)
    if value is None or dtypes.as_dtype(value.dtype) == dtypes.int32 or value.size == 0:
        return True, None
    return False, "Variables not initialized: " + ", ".join(name.decode() for name in value)
