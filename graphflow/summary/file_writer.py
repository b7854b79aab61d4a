"""`tf.summary.FileWriter`: what a training loop hands its summaries and graphs to.

State: the open event file, the tags whose metadata were written, and FileWriterCache's writers.
"""

import logging
import threading
import time
import warnings

from graphflow.framework import scopes
from graphflow.framework.api import tf_export
from graphflow.framework.graph import Graph
from graphflow.summary.event_file import EventFileWriter, SessionEventFileWriter

# Constants of more bytes than this leave their contents out of logged graphs.
_LARGE_CONSTANT = 1024
_logger = logging.getLogger("graphflow")


def _is_message(value, name):
    """Whether `value` is a protobuf message called `name`, of whatever package."""
    return getattr(getattr(value, "DESCRIPTOR", None), "name", None) == name


def _without_large_constants(graph_def):
    for node in graph_def.node:
        if node.op == "Const" and node.attr["value"].ByteSize() > _LARGE_CONSTANT:
            tensor = node.attr["value"].tensor
            dtype, shape = tensor.dtype, tensor.tensor_shape.SerializeToString()
            tensor.Clear()
            tensor.dtype = dtype
            tensor.tensor_shape.MergeFromString(shape)
    return graph_def


@tf_export("summary.FileWriter", legacy=("train.SummaryWriter",))
class FileWriter:
    """Writes summaries, graphs and run metadata to an event file for TensorBoard.

    Args:
      logdir: folder of the event file, made if needed.
      graph: a Graph to log, as by `add_graph`, with its collections.
      max_queue: how many events may wait to be written. flush_secs: how often they are flushed.
      graph_def: deprecated, use `graph`. filename_suffix: ends the file's name.
      session: a Session, whose writers for one folder share a file.

    Example:
      >>> import graphflow as tf, tempfile
      >>> loss = tf.summary.scalar("loss", 0.5)
      >>> with tf.Session() as sess, tf.summary.FileWriter(tempfile.mkdtemp(), sess.graph) as writer:
      ...     writer.add_summary(sess.run(loss), global_step=1)
    """

    def __init__(
        self, logdir, graph=None, max_queue=10, flush_secs=120, graph_def=None, filename_suffix=None, session=None
    ):
        if session is None:
            self.event_writer = EventFileWriter(logdir, max_queue, flush_secs, filename_suffix)
        else:
            self.event_writer = SessionEventFileWriter(session, logdir, max_queue, flush_secs, filename_suffix)
        self._closed = False
        self._session_run_tags = set()
        self._seen_summary_tags = set()
        if graph is not None or graph_def is not None:
            self._log_graph(graph, graph_def)

    def _log_graph(self, graph, graph_def):
        from graphflow.framework.meta_graph import create_meta_graph_def

        logged = self._loggable(graph, graph_def)
        self._add_graph_def(logged, None)
        owner = next((g for g in (graph, graph_def) if isinstance(g, Graph)), None)
        self.add_meta_graph(create_meta_graph_def(graph_def=logged, graph=owner))

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self.close()

    def get_logdir(self):
        """The folder of the event file."""
        return self.event_writer.get_logdir()

    def add_summary(self, summary, global_step=None):
        """Writes a Summary: a message, or serialized as a summary op returns it.

        What TensorBoard's plugins must know about a tag is written with its first summary only.
        """
        from graphflow import protobuf

        data = summary if isinstance(summary, bytes) else summary.SerializeToString()
        event = protobuf.Event()
        event.summary.MergeFromString(data)
        for value in event.summary.value:
            if value.tag in self._seen_summary_tags:
                value.ClearField("metadata")
            self._seen_summary_tags.add(value.tag)
        self._add_event(event, global_step)

    def add_session_log(self, session_log, global_step=None):
        """Writes a SessionLog message (start, stop or checkpoint of a session)."""
        from graphflow import protobuf

        event = protobuf.Event()
        event.session_log.MergeFromString(session_log.SerializeToString())
        self._add_event(event, global_step)

    def add_graph(self, graph, global_step=None, graph_def=None):
        """Writes a Graph for TensorBoard's graph page, with static shapes.

        Constants of more than 1 KB leave their contents out: TensorBoard doesn't show them, and a
        data set kept in the graph would make it slow. Raises ValueError if `graph_def` (deprecated)
        is given too, TypeError if neither is a Graph or a GraphDef.
        """
        self._add_graph_def(self._loggable(graph, graph_def), global_step)

    def _loggable(self, graph, graph_def):
        if graph is not None and graph_def is not None:
            raise ValueError("Please pass only graph, or graph_def (deprecated), but not both.")
        given = graph if graph is not None else graph_def
        if isinstance(given, Graph):
            if graph is None:
                _logger.warning(
                    "When passing a `Graph` object, please use the `graph` named argument instead of `graph_def`."
                )
            return _without_large_constants(given.as_graph_def(add_shapes=True))
        if not _is_message(given, "GraphDef"):
            raise TypeError("The passed graph must be an instance of `Graph` or the deprecated `GraphDef`")
        _logger.warning(
            "Passing a `GraphDef` to the SummaryWriter is deprecated. Pass a `Graph` object "
            "instead, such as "
            "`sess.graph`."
        )
        from graphflow import protobuf

        return _without_large_constants(protobuf.GraphDef.FromString(given.SerializeToString()))

    def _add_graph_def(self, graph_def, global_step):
        from graphflow import protobuf

        self._add_event(protobuf.Event(graph_def=graph_def.SerializeToString()), global_step)

    def add_meta_graph(self, meta_graph_def, global_step=None):
        """Writes a MetaGraphDef; TypeError for anything else."""
        from graphflow import protobuf

        if not _is_message(meta_graph_def, "MetaGraphDef"):
            raise TypeError(f"meta_graph_def must be type MetaGraphDef, saw type: {type(meta_graph_def)}")
        self._add_event(protobuf.Event(meta_graph_def=meta_graph_def.SerializeToString()), global_step)

    def add_run_metadata(self, run_metadata, tag, global_step=None):
        """Writes the RunMetadata of one `Session.run` under `tag`; ValueError if the tag was used."""
        from graphflow import protobuf

        if tag in self._session_run_tags:
            raise ValueError("The provided tag was already used for this event type")
        self._session_run_tags.add(tag)
        event = protobuf.Event()
        event.tagged_run_metadata.tag = tag
        event.tagged_run_metadata.run_metadata = run_metadata.SerializeToString()
        self._add_event(event, global_step)

    def _add_event(self, event, step):
        event.wall_time = time.time()
        if step is not None:
            event.step = int(step)
        self.add_event(event)

    def add_event(self, event):
        """Writes an Event message as it is."""
        self._warn_if_closed()
        self.event_writer.add_event(event)

    def _warn_if_closed(self):
        if self._closed:
            warnings.warn(
                "Attempting to use a closed FileWriter. The operation will be a noop unless the "
                "FileWriter is "
                "explicitly reopened.",
                stacklevel=4,
            )

    def flush(self):
        """Returns when everything added so far is in the file."""
        self._warn_if_closed()
        self.event_writer.flush()

    def close(self):
        """Writes what is left and closes the file."""
        self.event_writer.close()
        self._closed = True

    def reopen(self):
        """After `close`: continues in another file in the same folder."""
        self.event_writer.reopen()
        self._closed = False


@tf_export("summary.FileWriterCache")
class FileWriterCache:
    """One FileWriter per folder, shared by whoever asks for it."""

    _cache = {}
    _lock = threading.RLock()

    @staticmethod
    def clear():
        """Closes and forgets all writers."""
        with FileWriterCache._lock:
            for writer in FileWriterCache._cache.values():
                writer.close()
            FileWriterCache._cache.clear()

    @staticmethod
    def get(logdir):
        """The FileWriter of `logdir`, made (with the default graph) when first asked for."""
        with FileWriterCache._lock:
            if logdir not in FileWriterCache._cache:
                FileWriterCache._cache[logdir] = FileWriter(logdir, graph=scopes.get_default_graph())
            return FileWriterCache._cache[logdir]
