"""`tf.train.MonitoredSession` and what makes one: sessions that initialise, restore, call hooks and end in order.

The layers of such a session stand in `wrapped_session`. State: the layered session, its hooks and Coordinator.
"""

import inspect

from graphflow.framework import errors, scopes
from graphflow.framework.api import tf_export
from graphflow.framework.graph import GraphKeys
from graphflow.training.basic_session_run_hooks import StepCounterHook
from graphflow.training.coordinator import Coordinator
from graphflow.training.queue_runner import start_queue_runners
from graphflow.training.saving_hooks import CheckpointSaverHook, SummarySaverHook
from graphflow.training.scaffold import Scaffold
from graphflow.training.session_creator import ChiefSessionCreator, SessionCreator, WorkerSessionCreator
from graphflow.training.wrapped_session import CoordinatedSession, HookedSession, RecoverableSession, StepContext

USE_DEFAULT = object()


class _CoordinatedSessionCreator(SessionCreator):
    """Makes a session with its Coordinator, queue runners and hooks."""

    def __init__(self, session_creator, hooks, stop_grace_period_secs):
        self._session_creator = session_creator
        self._hooks = hooks
        self._stop_grace_period_secs = stop_grace_period_secs
        self.coord = None
        self.tf_sess = None

    def create_session(self):
        self.tf_sess = self._session_creator.create_session()
        # The end of the input is an end like another: whoever runs the loop is to see it.
        self.coord = Coordinator(clean_stop_exception_types=[])
        if scopes.get_default_graph().get_collection(GraphKeys.QUEUE_RUNNERS):
            start_queue_runners(sess=self.tf_sess, coord=self.coord)
        for hook in self._hooks:
            hook.after_create_session(self.tf_sess, self.coord)
        return CoordinatedSession(HookedSession(self.tf_sess, self._hooks), self.coord, self._stop_grace_period_secs)


class _MonitoredSession:
    """What MonitoredSession and SingularMonitoredSession share."""

    StepContext = StepContext

    def __init__(self, session_creator, hooks, should_recover, stop_grace_period_secs=120):
        self._graph_was_finalized = scopes.get_default_graph().finalized
        self._hooks = hooks or []
        for hook in self._hooks:
            hook.begin()
        self._coordinated_creator = _CoordinatedSessionCreator(
            session_creator or ChiefSessionCreator(), self._hooks, stop_grace_period_secs)
        make = RecoverableSession if should_recover else _CoordinatedSessionCreator.create_session
        self._sess = make(self._coordinated_creator)

    @property
    def graph(self):
        """The graph that this session runs; None once closed."""
        return None if self._is_closed() else self._tf_sess().graph

    def run(self, fetches, feed_dict=None, options=None, run_metadata=None):
        """`Session.run`, with hooks.

        Raises RuntimeError when the loop was to end before, and what `Session.run` and hooks raise.
        """
        if self._sess is None:
            raise RuntimeError("Session is already closed.")
        return self._sess.run(fetches, feed_dict=feed_dict, options=options, run_metadata=run_metadata)

    def run_step_fn(self, step_fn):
        """Calls `step_fn(step_context)`, in which several runs make one step; returns its result.

        `step_context.session` runs without hooks, `step_context.run_with_hooks` with them.
        Raises ValueError if `step_fn` takes other arguments.
        """
        names = [name for name in inspect.signature(step_fn).parameters if name != "self"]
        if names != ["step_context"]:
            raise ValueError("`step_fn` may either have one `step_context` argument, or `self` and `step_context` "
                             f"arguments if it's an instance method. Got {tuple(names)} instead.")
        return self._sess.run_step_fn(step_fn, self._tf_sess(), run_with_hooks=None)

    def should_stop(self):
        """Whether the loop should end: a hook, a thread or `close` said so."""
        return self._sess is None or self._sess.should_stop()

    def close(self):
        """Calls the hooks' `end`, stops threads and closes the session."""
        self._close_internal()

    def __enter__(self):
        return self

    def __exit__(self, exception_type, exception_value, traceback):
        if exception_type in (errors.OutOfRangeError, StopIteration):
            exception_type = None
        self._close_internal(exception_type)
        return exception_type is None

    def _close_internal(self, exception_type=None):
        try:
            if not exception_type:
                for hook in self._hooks:
                    hook.end(self._tf_sess())
        finally:
            try:
                if self._sess is None:
                    raise RuntimeError("Session is already closed.")
                self._sess.close()
            finally:
                self._sess = None
                self._coordinated_creator.tf_sess = None
                self._coordinated_creator.coord = None
                if not self._graph_was_finalized:
                    scopes.get_default_graph()._unsafe_unfinalize()

    def _is_closed(self):
        return self._coordinated_creator.tf_sess is None

    def _tf_sess(self):
        return self._coordinated_creator.tf_sess


@tf_export("train.MonitoredSession")
class MonitoredSession(_MonitoredSession):
    """A session that is initialised or restored, calls hooks, and recovers from lost workers.

    Args:
      session_creator: makes the sessions, a ChiefSessionCreator by default; it finalizes the graph.
      hooks: SessionRunHooks. stop_grace_period_secs: how long threads may take to end.

    Example:
      >>> import graphflow as tf
      >>> step = tf.train.get_or_create_global_step()
      >>> train = tf.assign_add(step, 1)
      >>> with tf.train.MonitoredSession(hooks=[tf.train.StopAtStepHook(last_step=3)]) as sess:
      ...     while not sess.should_stop():
      ...         print(sess.run(train))
      1
      2
      3
    """

    def __init__(self, session_creator=None, hooks=None, stop_grace_period_secs=120):
        super().__init__(session_creator, hooks, True, stop_grace_period_secs)


@tf_export("train.SingularMonitoredSession")
class SingularMonitoredSession(_MonitoredSession):
    """A MonitoredSession that makes one session only, and gives it out by `raw_session`.

    Args: hooks, scaffold, master, config, checkpoint_dir, stop_grace_period_secs and
      checkpoint_filename_with_path: as for MonitoredSession and ChiefSessionCreator.
    """

    def __init__(self, hooks=None, scaffold=None, master="", config=None, checkpoint_dir=None,
                 stop_grace_period_secs=120, checkpoint_filename_with_path=None):
        creator = ChiefSessionCreator(scaffold, master, config, checkpoint_dir, checkpoint_filename_with_path)
        super().__init__(creator, hooks, False, stop_grace_period_secs)

    def raw_session(self):
        """The Session inside, without hooks, as for a Saver."""
        return self._tf_sess()


@tf_export("train.MonitoredTrainingSession")
def MonitoredTrainingSession(  # noqa: N802 - TensorFlow's public name
        master="", is_chief=True, checkpoint_dir=None, scaffold=None, hooks=None, chief_only_hooks=None,
        save_checkpoint_secs=USE_DEFAULT, save_summaries_steps=USE_DEFAULT, save_summaries_secs=USE_DEFAULT,
        config=None, stop_grace_period_secs=120, log_step_count_steps=100, max_wait_secs=7200,
        save_checkpoint_steps=USE_DEFAULT, summary_dir=None):
    """A MonitoredSession with the hooks that training wants: checkpoints, summaries, steps per second.

    Args:
      master: target of the session, "". is_chief: whether to initialise and save, or to wait for who does.
      checkpoint_dir: folder to restore from and save to. scaffold: a Scaffold.
      hooks: SessionRunHooks. chief_only_hooks: those that only the chief calls.
      save_checkpoint_secs, save_checkpoint_steps: how often to save, 600 seconds by default.
      save_summaries_steps, save_summaries_secs: how often to summarise, 100 steps by default.
      config: ConfigProto. stop_grace_period_secs: how long threads may take to end.
      log_step_count_steps: how often to log steps per second. max_wait_secs: how long to wait for the chief.
      summary_dir: folder of the summaries, `checkpoint_dir` by default.

    Example:
      >>> import graphflow as tf, tempfile
      >>> folder = tempfile.mkdtemp()
      >>> train = tf.assign_add(tf.train.get_or_create_global_step(), 1)
      >>> for last in (2, 4):
      ...     stop = tf.train.StopAtStepHook(last_step=last)
      ...     with tf.train.MonitoredTrainingSession(checkpoint_dir=folder, hooks=[stop]) as sess:
      ...         while not sess.should_stop():
      ...             step = sess.run(train)
      ...     print(step, tf.train.latest_checkpoint(folder).rpartition("-")[2])
      2 2
      4 4
    """
    summaries = _interval(save_summaries_steps, save_summaries_secs, (100, None))
    checkpoints = _interval(save_checkpoint_steps, save_checkpoint_secs, (None, 600))
    scaffold = scaffold or Scaffold()
    if not is_chief:
        creator = WorkerSessionCreator(scaffold, master, config, max_wait_secs)
        return MonitoredSession(creator, hooks or [], stop_grace_period_secs)
    all_hooks = list(chief_only_hooks or ())
    summary_dir = summary_dir or checkpoint_dir
    if summary_dir and (log_step_count_steps or 0) > 0:
        all_hooks.append(StepCounterHook(output_dir=summary_dir, every_n_steps=log_step_count_steps))
    if summary_dir and _is_set(summaries):
        all_hooks.append(SummarySaverHook(*summaries, scaffold=scaffold, output_dir=summary_dir))
    if checkpoint_dir and _is_set(checkpoints):
        steps, secs = checkpoints
        all_hooks.append(CheckpointSaverHook(checkpoint_dir, save_steps=steps, save_secs=secs, scaffold=scaffold))
    creator = ChiefSessionCreator(scaffold, master, config, checkpoint_dir)
    return MonitoredSession(creator, all_hooks + list(hooks or ()), stop_grace_period_secs)


def _interval(steps, secs, default):
    """(steps, seconds) as given; `default` if neither is."""
    if steps is USE_DEFAULT and secs is USE_DEFAULT:
        return default
    return tuple(None if value is USE_DEFAULT else value for value in (steps, secs))


def _is_set(interval):
    return any((value or 0) > 0 for value in interval)
