"""What a hook into `MonitoredSession.run` is, and what it is told: `tf.train.SessionRunHook` and its arguments.

The hooks that come with TensorFlow stand in `basic_session_run_hooks` and `saving_hooks`. Holds no state.
"""

import collections

from graphflow.framework.api import tf_export


@tf_export("train.SessionRunHook")
class SessionRunHook:
    """Base of hooks: what happens around the runs of a `MonitoredSession`. All methods do nothing here.

    Example:
      >>> import graphflow as tf
      >>> class Count(tf.train.SessionRunHook):
      ...     runs = 0
      ...     def after_run(self, run_context, run_values):
      ...         self.runs += 1
      ...         if self.runs == 3:
      ...             run_context.request_stop()
      >>> x, count = tf.constant(1.0), Count()
      >>> with tf.train.MonitoredSession(hooks=[count]) as sess:
      ...     while not sess.should_stop():
      ...         _ = sess.run(x)
      >>> count.runs
      3
    """

    def begin(self):
        """Called once, before the graph is finalized: the last moment to add operations."""

    def after_create_session(self, session, coord):
        """Called when a session was made, and again when it had to be made anew.

        Args: session: the Session. coord: the Coordinator of the threads around it.
        """

    def before_run(self, run_context):
        """Called before each run; a `SessionRunArgs` that it returns adds fetches, feeds and options to it.

        Args: run_context: a `SessionRunContext`. Returns None to add nothing.
        """
        return None

    def after_run(self, run_context, run_values):
        """Called after each run that succeeded; `run_values.results` are what `before_run` asked for.

        Args: run_context: the `SessionRunContext`, whose `request_stop` ends the loop. run_values: a
          `SessionRunValues`.
        """

    def end(self, session):
        """Called when the loop ends without an error (OutOfRangeError and StopIteration are none)."""


@tf_export("train.SessionRunArgs")
class SessionRunArgs(collections.namedtuple("SessionRunArgs", ["fetches", "feed_dict", "options"])):
    """What is added to a run: fetches (any nesting, or None), a feed_dict, RunOptions."""

    __slots__ = ()

    def __new__(cls, fetches, feed_dict=None, options=None):
        return super().__new__(cls, fetches, feed_dict, options)


@tf_export("train.SessionRunContext")
class SessionRunContext:
    """What hooks may ask and do while a run goes on.

    Args: original_args: the SessionRunArgs of the caller. session: the Session that runs.
    """

    def __init__(self, original_args, session):
        self._original_args = original_args
        self._session = session
        self._stop_requested = False

    @property
    def original_args(self):
        """The SessionRunArgs that the caller of `run` gave."""
        return self._original_args

    @property
    def session(self):
        """The Session that runs."""
        return self._session

    @property
    def stop_requested(self):
        """Whether a hook called `request_stop` during this run."""
        return self._stop_requested

    def request_stop(self):
        """Makes the session's `should_stop` true after this run."""
        self._stop_requested = True


@tf_export("train.SessionRunValues")
class SessionRunValues(collections.namedtuple("SessionRunValues", ["results", "options", "run_metadata"])):
    """What a run gave a hook: the values of its fetches (None without any), RunOptions and RunMetadata used."""

    __slots__ = ()
