"""The layers around a Session that make it a monitored one, each a session itself.

From the inside out: `HookedSession` calls the hooks, `CoordinatedSession` ends with its threads, and
`RecoverableSession` replaces a session that failed in a way another may not. State: the session inside.
"""

from graphflow.framework import errors
from graphflow.platform import tf_logging as logging
from graphflow.training.session_run_hook import SessionRunArgs, SessionRunContext, SessionRunValues

# A worker or its connection is gone: a new session may do better. In one process, hooks and tests raise them.
PREEMPTION_ERRORS = (errors.AbortedError, errors.UnavailableError)


class StepContext:
    """What a `step_fn` is given: the raw session, runs with hooks, and the end of the loop.

    Args: session: the Session inside. run_with_hooks_fn: its `run`, with hooks.
    """

    def __init__(self, session, run_with_hooks_fn):
        self._session = session
        self._run_with_hooks_fn = run_with_hooks_fn

    @property
    def session(self):
        """The Session without hooks."""
        return self._session

    def run_with_hooks(self, *args, **kwargs):
        """`MonitoredSession.run`."""
        return self._run_with_hooks_fn(*args, **kwargs)

    def request_stop(self):
        """Ends the loop: raises StopIteration, which `with MonitoredSession()` understands."""
        raise StopIteration("step_fn has requested the iterations to stop.")


class WrappedSession:
    """A session that passes on what it is asked to another one inside; None once closed."""

    def __init__(self, sess):
        self._sess = sess

    @property
    def graph(self):
        return self._sess.graph

    @property
    def sess_str(self):
        return self._sess.sess_str

    def should_stop(self):
        """Whether this layer or one inside wants the loop to end; closed sessions do."""
        if self._check_stop() or not self._sess:
            return True
        return isinstance(self._sess, WrappedSession) and self._sess.should_stop()

    def _check_stop(self):
        """Whether this layer wants the loop to end."""
        return False

    def close(self):
        if not self._sess:
            return
        try:
            self._sess.close()
        except PREEMPTION_ERRORS as error:
            logging.warning("An error occurred when attempting to close the session: %s", error)
        finally:
            self._sess = None

    def run(self, *args, **kwargs):
        return self._sess.run(*args, **kwargs)

    def run_step_fn(self, step_fn, raw_session, run_with_hooks):
        return step_fn(StepContext(raw_session, run_with_hooks or self.run))


class RecoverableSession(WrappedSession):
    """Makes a new session, and runs again in it, when the one inside fails with one of PREEMPTION_ERRORS.

    Args: sess_creator: a SessionCreator.
    """

    def __init__(self, sess_creator):
        self._sess_creator = sess_creator
        super().__init__(self._create_session())

    def _create_session(self):
        while True:
            try:
                return self._sess_creator.create_session()
            except PREEMPTION_ERRORS as error:
                logging.info("An error was raised while a session was being created. A new session will be created. "
                             "Error: %s", error)

    def _check_stop(self):
        if not self._sess:
            return True
        try:
            return self._sess._check_stop()
        except PREEMPTION_ERRORS as error:
            logging.info("An error was raised while considering whether the session is complete. The current session "
                         "will be closed and a new session will be created. Error: %s", error)
            self.close()
            self._sess = self._create_session()
            return False
        except Exception:
            # What a thread reported ends the loop; it is raised again when the session is closed.
            return True

    def _attempt(self, use):
        """`use(session)`, in new sessions until one lasts."""
        while True:
            try:
                if not self._sess:
                    self._sess = self._create_session()
                return use(self._sess)
            except PREEMPTION_ERRORS as error:
                logging.info("An error was raised. The current session will be closed and a new session will be "
                             "created. Error: %s", error)
                self.close()

    def run(self, fetches, feed_dict=None, options=None, run_metadata=None):
        return self._attempt(lambda sess: sess.run(fetches, feed_dict=feed_dict, options=options,
                                                  run_metadata=run_metadata))

    def run_step_fn(self, step_fn, raw_session, run_with_hooks):
        return self._attempt(lambda sess: sess.run_step_fn(step_fn, raw_session, sess.run))


class CoordinatedSession(WrappedSession):
    """Stops when a Coordinator does, and it and its threads when closed.

    Args: sess: the session inside. coord: the Coordinator. stop_grace_period_secs: how long its threads may
      take to end.
    """

    def __init__(self, sess, coord, stop_grace_period_secs=120):
        super().__init__(sess)
        self._coord = coord
        self._stop_grace_period_secs = stop_grace_period_secs

    def _check_stop(self):
        self._coord.raise_requested_exception()
        return self._coord.should_stop()

    def close(self):
        self._coord.request_stop()
        try:
            self._coord.join(stop_grace_period_secs=self._stop_grace_period_secs, ignore_live_threads=True)
        finally:
            super().close()

    def run(self, *args, **kwargs):
        try:
            return self._sess.run(*args, **kwargs)
        except PREEMPTION_ERRORS:
            raise
        except Exception as error:
            # A thread may have reported a preemption, of which this error is only the consequence.
            preemption = self._reported_preemption()
            if preemption is None:
                raise
            raise preemption from error

    def _reported_preemption(self):
        """One of PREEMPTION_ERRORS that a thread reported, or None."""
        try:
            self._coord.raise_requested_exception()
        except PREEMPTION_ERRORS as error:
            return error
        except Exception as error:
            logging.debug("A thread had reported this error before a run failed: %r", error)
        return None


class HookedSession(WrappedSession):
    """Calls hooks around each run and adds what they ask for to it.

    Args: sess: the Session. hooks: SessionRunHooks.
    """

    def __init__(self, sess, hooks):
        super().__init__(sess)
        self._hooks = hooks
        self._should_stop = False

    def _check_stop(self):
        return self._should_stop

    def run(self, fetches, feed_dict=None, options=None, run_metadata=None):
        """`Session.run` with hooks; RuntimeError after the loop's end, or if hooks and caller feed one tensor."""
        from graphflow import protobuf

        if self.should_stop():
            raise RuntimeError("Run called even after should_stop requested.")
        context = SessionRunContext(SessionRunArgs(fetches, feed_dict), self._sess)
        options = options or protobuf.RunOptions()
        all_fetches = {"caller": fetches}
        feed_dict = self._ask_hooks(context, all_fetches, feed_dict, options)
        run_metadata = run_metadata or protobuf.RunMetadata()
        results = self._sess.run(fetches=all_fetches, feed_dict=feed_dict, options=options, run_metadata=run_metadata)
        for hook in self._hooks:
            hook.after_run(context, SessionRunValues(results.get(hook), options, run_metadata))
        self._should_stop = self._should_stop or context.stop_requested
        return results["caller"]

    def _ask_hooks(self, context, fetches, caller_feeds, options):
        """Collects what hooks want fetched and set; returns all feeds together."""
        feeds = {}
        for hook in self._hooks:
            request = hook.before_run(context)
            if request is None:
                continue
            if request.fetches is not None:
                fetches[hook] = request.fetches
            if request.feed_dict:
                _check_disjoint(feeds, request.feed_dict, "Same tensor is fed by two hooks.")
                feeds.update(request.feed_dict)
            if request.options:
                _merge_run_options(options, request.options)
        if not feeds or not caller_feeds:
            return feeds or caller_feeds
        _check_disjoint(caller_feeds, feeds, "Same tensor is fed by a SessionRunHook and user.")
        return {**feeds, **caller_feeds}


def _check_disjoint(feeds, others, message):
    both = set(feeds) & set(others)
    if both:
        raise RuntimeError(f"{message} Conflict(s): {list(both)}")


def _merge_run_options(options, wanted):
    """Makes `options` give at least what `wanted` does."""
    for field in ("trace_level", "timeout_in_ms", "inter_op_thread_pool", "output_partition_graphs",
                  "report_tensor_allocations_upon_oom"):
        setattr(options, field, max(getattr(options, field), getattr(wanted, field)))
    options.debug_options.debug_tensor_watch_opts.extend(wanted.debug_options.debug_tensor_watch_opts)
    options.debug_options.reset_disk_byte_usage |= wanted.debug_options.reset_disk_byte_usage
