"""Threads that keep queues filled: QueueRunner, and the collection of those to start.

State of a QueueRunner: per session, how many of its threads are still running; the exceptions that
ended threads without a Coordinator.
"""

import threading
import weakref

from graphflow.client.session import BaseSession
from graphflow.framework import errors, scopes
from graphflow.framework.api import tf_export
from graphflow.framework.graph import GraphKeys, add_to_collection, get_collection
from graphflow.framework.meta_graph import prepend_name_scope, strip_name_scope
from graphflow.platform import tf_logging


@tf_export("train.QueueRunner", "train.queue_runner.QueueRunner")
class QueueRunner:
    """Operations that fill a queue, each to be run over and over by a thread of its own.

    Args:
      queue: the queue. enqueue_ops: list of operations (or tensors) to run.
      close_op: closes the queue when all threads met its end; `queue.close()` by default.
      cancel_op: closes it at once when a Coordinator asks for a stop; by default
        `queue.close(cancel_pending_enqueues=True)`.
      queue_closed_exception_types: tuple of tf.errors that mean the end of the input,
        `(tf.errors.OutOfRangeError,)` by default.
      queue_runner_def: a QueueRunnerDef to make it from, instead of all the others.
      import_scope: name scope that the names in `queue_runner_def` stand below.
    Raises ValueError without queue and operations, TypeError for a wrong tuple of exceptions.

    Example:
      >>> queue = tf.FIFOQueue(10, tf.float32, shapes=[()])
      >>> runner = tf.train.QueueRunner(queue, [queue.enqueue(1.0)] * 2)
      >>> with tf.Session() as sess:
      ...     coord = tf.train.Coordinator()
      ...     threads = runner.create_threads(sess, coord=coord, start=True)
      ...     print(sess.run(queue.dequeue_many(3)))
      ...     coord.request_stop()
      ...     coord.join(threads)
      [1. 1. 1.]
    """

    def __init__(self, queue=None, enqueue_ops=None, close_op=None, cancel_op=None,
                 queue_closed_exception_types=None, queue_runner_def=None, import_scope=None):
        if queue_runner_def:
            if queue or enqueue_ops:
                raise ValueError("queue_runner_def and queue are mutually exclusive.")
            self._init_from_proto(queue_runner_def, import_scope)
        else:
            self._init_from_args(queue, enqueue_ops, close_op, cancel_op, queue_closed_exception_types)
        self._lock = threading.Lock()
        self._runs_per_session = weakref.WeakKeyDictionary()
        self._exceptions_raised = []

    def _init_from_args(self, queue, enqueue_ops, close_op, cancel_op, closed_types):
        if not queue or not enqueue_ops:
            raise ValueError("Must provide queue and enqueue_ops.")
        if closed_types is not None and not (
                isinstance(closed_types, tuple) and closed_types
                and all(isinstance(t, type) and issubclass(t, errors.OpError) for t in closed_types)):
            raise TypeError("queue_closed_exception_types, when provided, must be a tuple of tf.error types, but saw: "
                            f"{closed_types}")
        self._queue = queue
        self._enqueue_ops = enqueue_ops
        self._close_op = queue.close() if close_op is None else close_op
        self._cancel_op = queue.close(cancel_pending_enqueues=True) if cancel_op is None else cancel_op
        self._queue_closed_exception_types = closed_types or (errors.OutOfRangeError,)

    def _init_from_proto(self, message, import_scope):
        graph = scopes.get_default_graph()

        def element(name):
            return graph.as_graph_element(prepend_name_scope(name, import_scope))

        self._queue = element(message.queue_name)
        self._enqueue_ops = [element(name) for name in message.enqueue_op_name]
        self._close_op = element(message.close_op_name)
        self._cancel_op = element(message.cancel_op_name)
        # Messages of old versions do not say which exceptions.
        self._queue_closed_exception_types = tuple(
            errors.exception_type_from_error_code(code) for code in message.queue_closed_exception_types
        ) or (errors.OutOfRangeError,)

    @property
    def queue(self):
        """The queue (an Operation or tensor, if made from a message)."""
        return self._queue

    @property
    def enqueue_ops(self):
        """The operations to run."""
        return self._enqueue_ops

    @property
    def close_op(self):
        """The operation run when the input has ended."""
        return self._close_op

    @property
    def cancel_op(self):
        """The operation run when a Coordinator asks for a stop."""
        return self._cancel_op

    @property
    def queue_closed_exception_types(self):
        """Exceptions that mean the end of the input."""
        return self._queue_closed_exception_types

    @property
    def exceptions_raised(self):
        """Exceptions that ended threads which had no Coordinator to tell."""
        return self._exceptions_raised

    @property
    def name(self):
        """The name of the queue."""
        return self._queue.name

    # ---- threads

    def _run(self, sess, enqueue_op, coord=None):
        """A thread's code: runs `enqueue_op` until the queue is closed, a stop is asked for, or it fails."""
        finished = False
        try:
            enqueue = sess.make_callable(enqueue_op)
            while not (coord and coord.should_stop()):
                try:
                    enqueue()
                except self._queue_closed_exception_types:
                    finished = True
                    if self._count_down(sess) == 0:
                        self._run_quietly(sess, self._close_op)
                    return
        except Exception as error:  # noqa: BLE001 - reported to who joins the threads
            self._report(sess, coord, error)
        finally:
            if not finished:
                self._count_down(sess)

    def _report(self, sess, coord, error):
        if coord:
            coord.request_stop(error)
            return
        with self._lock:
            self._exceptions_raised.append(error)
        if sess._closed:
            tf_logging.info("QueueRunner of %s ends with its session: %s", self.name, error)
        else:
            tf_logging.error("Exception in QueueRunner: %s", error)

    def _count_down(self, sess):
        """One thread less; how many are left for the session."""
        with self._lock:
            self._runs_per_session[sess] -= 1
            return self._runs_per_session[sess]

    def _close_on_stop(self, sess, cancel_op, coord):
        """Closes the queue when the Coordinator asks for a stop."""
        coord.wait_for_stop()
        self._run_quietly(sess, cancel_op)

    def _run_quietly(self, sess, op):
        """Runs an operation that closes the queue, which may be closed, or its session gone."""
        try:
            sess.run(op)
        except Exception as error:  # noqa: BLE001 - as in TensorFlow, closing twice is no failure
            tf_logging.vlog(1, "Ignored exception: %s", error)

    def create_threads(self, sess, coord=None, daemon=False, start=False):
        """Threads that run the operations in `sess`; none if some of its threads are still running.

        Args:
          coord: Coordinator that gets the threads to join, is told of exceptions, and says when to stop.
          daemon: whether the program may end while they run. start: whether to start them.
        """
        with self._lock:
            if self._runs_per_session.get(sess, 0) > 0:
                return []
            self._runs_per_session[sess] = len(self._enqueue_ops)
            self._exceptions_raised = []
        threads = [threading.Thread(target=self._run, args=(sess, op, coord), daemon=daemon or None,
                                    name=f"QueueRunnerThread-{self.name}-{op.name}")
                   for op in self._enqueue_ops]
        if coord:
            threads.append(threading.Thread(target=self._close_on_stop, args=(sess, self._cancel_op, coord),
                                            daemon=daemon or None,
                                            name=f"QueueRunnerThread-{self.name}-close_on_stop"))
        for thread in threads:
            if coord:
                coord.register_thread(thread)
            if start:
                thread.start()
        return threads

    # ---- messages

    def to_proto(self, export_scope=None):
        """A QueueRunnerDef; None if the queue is not in the name scope `export_scope`."""
        from graphflow import protobuf

        if export_scope is not None and not self.name.startswith(export_scope):
            return None
        return protobuf.QueueRunnerDef(
            queue_name=strip_name_scope(self.name, export_scope),
            enqueue_op_name=[strip_name_scope(op.name, export_scope) for op in self._enqueue_ops],
            close_op_name=strip_name_scope(self._close_op.name, export_scope),
            cancel_op_name=strip_name_scope(self._cancel_op.name, export_scope),
            queue_closed_exception_types=[errors.error_code_from_exception_type(t)
                                          for t in self._queue_closed_exception_types])

    @staticmethod
    def from_proto(queue_runner_def, import_scope=None):
        """The QueueRunner that a QueueRunnerDef describes, of nodes of the default graph."""
        return QueueRunner(queue_runner_def=queue_runner_def, import_scope=import_scope)


@tf_export("train.add_queue_runner", "train.queue_runner.add_queue_runner")
def add_queue_runner(qr, collection=GraphKeys.QUEUE_RUNNERS):
    """Adds a QueueRunner to the ones that `start_queue_runners` starts."""
    add_to_collection(collection, qr)


@tf_export("train.start_queue_runners", "train.queue_runner.start_queue_runners")
def start_queue_runners(sess=None, coord=None, daemon=True, start=True, collection=GraphKeys.QUEUE_RUNNERS):
    """Starts the threads of all collected QueueRunners; returns them.

    Args: sess: session to run in, the default one if None. coord: see `QueueRunner.create_threads`.
      daemon: whether the program may end while they run. start: False only makes the threads.
    Raises ValueError without a session, TypeError for a `sess` that is none.
    """
    if sess is None:
        sess = scopes.get_default_session()
        if sess is None:
            raise ValueError("Cannot start queue runners: No default session is registered. Use `with "
                             "sess.as_default()` or pass an explicit session to tf.start_queue_runners(sess=sess)")
    if not isinstance(sess, BaseSession):
        if type(sess).__name__ in ("MonitoredSession", "SingularMonitoredSession"):
            return []  # it has started them
        raise TypeError(f"sess must be a `tf.Session` object. Given class: {type(sess)}")
    with sess.graph.as_default():
        runners = get_collection(collection)
        if not runners:
            tf_logging.warning("`tf.train.start_queue_runners()` was called when no queue runners were defined. You "
                               "can safely remove the call to this deprecated function.")
        threads = []
        for runner in runners:
            threads += runner.create_threads(sess, coord=coord, daemon=daemon, start=start)
    return threads
