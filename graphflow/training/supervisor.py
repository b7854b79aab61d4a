"""`tf.train.Supervisor`: the elder sibling of MonitoredTrainingSession, with threads instead of hooks.

State: the operations and objects of the model, the Coordinator and the summary writer.
"""

import contextlib
import os

from graphflow.framework import public, scopes
from graphflow.framework.api import tf_export
from graphflow.framework.dtypes import int32, int64
from graphflow.framework.graph import GraphKeys
from graphflow.framework.grouping import group
from graphflow.framework.meta_graph import create_meta_graph_def
from graphflow.io.graph_io import write_graph
from graphflow.ops.variable_lists import (
    global_variables,
    global_variables_initializer,
    local_variables_initializer,
    report_uninitialized_variables,
)
from graphflow.platform import tf_logging as logging
from graphflow.summary.file_writer import FileWriter
from graphflow.summary.functions import merge_all
from graphflow.training import supervisor_threads as threads_of
from graphflow.training.coordinator import Coordinator, LooperThread
from graphflow.training.saver import Saver
from graphflow.training.session_manager import SessionManager
from graphflow.training.training_util import global_step as value_of_step

_USE_DEFAULT = 0


def _is_default(argument):
    return type(argument) is int and argument == _USE_DEFAULT


@tf_export("train.Supervisor")
class Supervisor:
    """Prepares a session, saves checkpoints and summaries beside the loop, and stops threads.

    The operations left to default are found in their collections, or made; then the graph is finalized.

    Args:
      graph: the default graph if None. ready_op, ready_for_local_init_op, local_init_op: see SessionManager.
      is_chief: whether to initialise and save, or to wait for who does.
      init_op, init_feed_dict: initialise the model where there is no checkpoint; then `init_fn(session)` is called.
      logdir: folder of checkpoints and summaries. summary_op, saver, global_step: the model's; None leaves
        their service out.
      save_summaries_secs, save_model_secs: how often to summarise and save; 0 never.
      recovery_wait_secs: see SessionManager. stop_grace_secs: how long threads may take to end.
      checkpoint_basename: name of the checkpoints. session_manager: a SessionManager.
      summary_writer: a FileWriter; None writes nothing. local_init_run_options: RunOptions of `local_init_op`.

    Example:
      >>> import graphflow as tf, tempfile
      >>> step = tf.train.get_or_create_global_step()
      >>> train = tf.assign_add(step, 1)
      >>> sv = tf.train.Supervisor(logdir=tempfile.mkdtemp())
      >>> with sv.managed_session() as sess:
      ...     for _ in range(3):
      ...         value = sess.run(train)
      >>> print(value, sv.should_stop())
      3 True
    """

    USE_DEFAULT = _USE_DEFAULT

    def __init__(self, graph=None, ready_op=USE_DEFAULT, ready_for_local_init_op=USE_DEFAULT, is_chief=True,
                 init_op=USE_DEFAULT, init_feed_dict=None, local_init_op=USE_DEFAULT, logdir=None,
                 summary_op=USE_DEFAULT, saver=USE_DEFAULT, global_step=USE_DEFAULT, save_summaries_secs=120,
                 save_model_secs=600, recovery_wait_secs=30, stop_grace_secs=120, checkpoint_basename="model.ckpt",
                 session_manager=None, summary_writer=USE_DEFAULT, init_fn=None, local_init_run_options=None):
        self._graph = graph or scopes.get_default_graph()
        with self._graph.as_default():
            self._ready_op = _found(ready_op, GraphKeys.READY_OP, report_uninitialized_variables)
            self._ready_for_local_init_op = _found(ready_for_local_init_op, GraphKeys.READY_FOR_LOCAL_INIT_OP)
            self._init_op = _found(init_op, GraphKeys.INIT_OP, global_variables_initializer)
            self._local_init_op = _found(local_init_op, GraphKeys.LOCAL_INIT_OP, _local_init_op)
            self._saver = _found(saver, GraphKeys.SAVERS, _saver)
            self._summary_op = _found(summary_op, GraphKeys.SUMMARY_OP, merge_all)
            self._global_step = _found(global_step, GraphKeys.GLOBAL_STEP, _global_step)
        self._meta_graph_def = create_meta_graph_def(
            graph_def=self._graph.as_graph_def(add_shapes=True), graph=self._graph,
            saver_def=self._saver.saver_def if self._saver else None)
        self._init_feed_dict = init_feed_dict
        self._init_fn = init_fn
        self._is_chief = is_chief
        self._coord = Coordinator()
        self._stop_grace_secs = stop_grace_secs
        self._init_services(logdir, save_summaries_secs, save_model_secs, checkpoint_basename, summary_writer)
        self._session_manager = session_manager or SessionManager(
            local_init_op=self._local_init_op, ready_op=self._ready_op,
            ready_for_local_init_op=self._ready_for_local_init_op, graph=self._graph,
            recovery_wait_secs=recovery_wait_secs, local_init_run_options=local_init_run_options)
        self._verify_setup()
        self._graph.finalize()

    def _init_services(self, logdir, save_summaries_secs, save_model_secs, checkpoint_basename, summary_writer):
        """What only the chief has: a folder, intervals, a writer."""
        self._logdir = logdir if self._is_chief else None
        self._save_summaries_secs = save_summaries_secs if self._is_chief else None
        self._save_model_secs = save_model_secs if self._is_chief else None
        self._save_path = os.path.join(logdir, checkpoint_basename) if self._logdir else None
        self._graph_added_to_summary = False
        if not self._is_chief:
            self._summary_writer = None
        elif _is_default(summary_writer):
            self._summary_writer = FileWriter(logdir) if logdir else None
        else:
            self._summary_writer = summary_writer

    def _verify_setup(self):
        """ValueError if workers could not find a variable: each needs a device."""
        if self._is_chief:
            return
        for op in self._graph.get_operations():
            if op.type in ("Variable", "VariableV2") and not op.device:
                raise ValueError(f"When using replicas, all Variables must have their device set: {op}")

    # ---- what there is

    @property
    def is_chief(self):
        """Whether this process initialises and saves."""
        return self._is_chief

    @property
    def session_manager(self):
        """The SessionManager."""
        return self._session_manager

    @property
    def coord(self):
        """The Coordinator of all threads."""
        return self._coord

    @property
    def init_op(self):
        """The operation that initialises the model."""
        return self._init_op

    @property
    def init_feed_dict(self):
        """What is fed to `init_op`."""
        return self._init_feed_dict

    @property
    def ready_op(self):
        """Names of what is not initialised; empty when the model is ready."""
        return self._ready_op

    @property
    def ready_for_local_init_op(self):
        """Names of what `local_init_op` waits for."""
        return self._ready_for_local_init_op

    @property
    def summary_writer(self):
        """The FileWriter, or None."""
        return self._summary_writer

    @property
    def summary_op(self):
        """The merged summaries, or None."""
        return self._summary_op

    @property
    def save_summaries_secs(self):
        """How often summaries are written."""
        return self._save_summaries_secs

    @property
    def global_step(self):
        """The global step, or None."""
        return self._global_step

    @property
    def saver(self):
        """The Saver, or None."""
        return self._saver

    @property
    def save_model_secs(self):
        """How often checkpoints are saved."""
        return self._save_model_secs

    @property
    def save_path(self):
        """Prefix of the checkpoints, or None without a folder."""
        return self._save_path

    # ---- sessions and services

    def prepare_or_wait_for_session(self, master="", config=None, wait_for_checkpoint=False, max_wait_secs=7200,
                                    start_standard_services=True):
        """A session ready for use; starts services and queue runners unless told not to.

        Args: as for `SessionManager.prepare_session`.
        """
        self._coord.clear_stop()
        if self._summary_writer:
            self._summary_writer.reopen()
        if self._is_chief:
            session = self._session_manager.prepare_session(
                master, init_op=self._init_op, saver=self._saver, checkpoint_dir=self._logdir,
                wait_for_checkpoint=wait_for_checkpoint, max_wait_secs=max_wait_secs, config=config,
                init_feed_dict=self._init_feed_dict, init_fn=self._init_fn)
            self._write_graph()
            if start_standard_services:
                logging.info("Starting standard services.")
                self.start_standard_services(session)
        else:
            session = self._session_manager.wait_for_session(master, config=config, max_wait_secs=max_wait_secs)
        if start_standard_services:
            logging.info("Starting queue runners.")
            self.start_queue_runners(session)
        return session

    def _write_graph(self):
        if self._logdir:
            write_graph(self._graph.as_graph_def(add_shapes=True), self._logdir, "graph.pbtxt")
        if self._summary_writer and not self._graph_added_to_summary:
            self._summary_writer.add_graph(self._graph)
            self._summary_writer.add_meta_graph(self._meta_graph_def)
            self._graph_added_to_summary = True

    def start_standard_services(self, sess):
        """Starts the threads that save and summarise; returns them. RuntimeError if this is not the chief."""
        from graphflow.protobuf import SessionLog

        if not self._is_chief:
            raise RuntimeError("Only chief supervisor can start standard services. Because only chief supervisors can "
                               "write events.")
        if not self._logdir:
            logging.warning("Standard services need a 'logdir' passed to the SessionManager")
            return None
        if self._global_step is not None and self._summary_writer:
            self._summary_writer.add_session_log(
                SessionLog(status=SessionLog.START), value_of_step(sess, self._global_step))
        threads = []
        if self._save_summaries_secs and self._summary_writer:
            if self._summary_op is not None:
                threads.append(threads_of.SummaryThread(self, sess))
            if self._global_step is not None:
                threads.append(threads_of.StepCounterThread(self, sess))
        if self._saver and self._save_model_secs:
            threads.append(threads_of.TimerCheckpointThread(self, sess))
        for thread in threads:
            thread.start()
        return threads

    def start_queue_runners(self, sess, queue_runners=None):
        """Starts the threads of QueueRunners, by default those in the collection; returns them."""
        if queue_runners is None:
            queue_runners = self._graph.get_collection(GraphKeys.QUEUE_RUNNERS)
        return [thread for runner in queue_runners
                for thread in runner.create_threads(sess, coord=self._coord, daemon=True, start=True)]

    def loop(self, timer_interval_secs, target, args=None, kwargs=None):
        """Starts a LooperThread that calls `target(*args, **kwargs)` every so many seconds; returns it."""
        looper = LooperThread(self._coord, timer_interval_secs, target=target, args=args, kwargs=kwargs)
        looper.start()
        return looper

    @contextlib.contextmanager
    def managed_session(self, master="", config=None, start_standard_services=True, close_summary_writer=True):
        """Context manager of a prepared session; at its end it stops threads and closes the session.

        Errors of the block and of threads are raised at the end; OutOfRangeError is none.
        """
        session = None
        try:
            session = self.prepare_or_wait_for_session(master, config, start_standard_services=start_standard_services)
            yield session
        except Exception as error:
            # Joining the threads, below, raises it again.
            self.request_stop(error)
        finally:
            try:
                self.stop(close_summary_writer=close_summary_writer)
            finally:
                if session is not None:
                    session.close()

    # ---- the end

    def stop(self, threads=None, close_summary_writer=True, ignore_live_threads=False):
        """Stops and joins threads (`threads` and the Coordinator's), and closes the summary writer."""
        from graphflow.protobuf import SessionLog

        self._coord.request_stop()
        try:
            self._coord.join(threads, stop_grace_period_secs=self._stop_grace_secs,
                             ignore_live_threads=ignore_live_threads)
        finally:
            if close_summary_writer and self._summary_writer:
                self._summary_writer.add_session_log(SessionLog(status=SessionLog.STOP))
                self._summary_writer.close()
                self._graph_added_to_summary = False

    def request_stop(self, ex=None):
        """Asks all threads to stop, because of `ex` if given."""
        self._coord.request_stop(ex=ex)

    def should_stop(self):
        """Whether a stop was requested."""
        return self._coord.should_stop()

    def stop_on_exception(self):
        """Context manager that turns an exception into a request to stop."""
        return self._coord.stop_on_exception()

    def wait_for_stop(self):
        """Returns when a stop was requested."""
        self._coord.wait_for_stop()

    def summary_computed(self, sess, summary, global_step=None):
        """Writes a Summary for the present step; RuntimeError without a writer."""
        if not self._summary_writer:
            raise RuntimeError("Writing a summary requires a summary writer.")
        if global_step is None and self._global_step is not None:
            global_step = value_of_step(sess, self._global_step)
        self._summary_writer.add_summary(summary, global_step)

    # Names of TensorFlow 0.x.
    PrepareSession = prepare_or_wait_for_session
    StartQueueRunners = start_queue_runners
    StartStandardServices = start_standard_services
    Stop = stop
    RequestStop = request_stop
    Loop = loop
    ShouldStop = should_stop
    StopOnException = stop_on_exception
    WaitForStop = wait_for_stop
    SummaryComputed = summary_computed


def _found(given, key, make=lambda: None):
    """`given`, unless it is the default: then the first element of a collection, or what `make` puts there."""
    if not _is_default(given):
        return given
    graph = scopes.get_default_graph()
    elements = graph.get_collection(key)
    if len(elements) > 1:
        logging.info("Found %d %s operations. Returning the first one.", len(elements), key)
    if elements:
        return elements[0]
    made = make()
    if made is not None:
        graph.add_to_collection(key, made)
    return made


def _local_init_op():
    return group(local_variables_initializer(), public.tables_initializer())


def _saver():
    return Saver() if global_variables() else None


def _global_step():
    """The tensor `global_step:0`, if it is one that counts."""
    try:
        step = scopes.get_default_graph().get_tensor_by_name("global_step:0")
    except KeyError:
        return None
    if step.dtype.base_dtype in (int32, int64):
        return step
    logging.warning("Found 'global_step' is not an int type: %s", step.dtype)
    return None
