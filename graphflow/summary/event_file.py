"""Event files: an asynchronous writer on tensorboardX's, and an iterator.

The writer holds a queue and a thread that writes what is in it, so that a training loop need not
wait for the disk. Events go to the file as bytes: the messages may be ours, TensorFlow's or
tensorboardX's.
"""

import os
import queue
import socket
import threading
import time
import weakref

from graphflow.framework import errors
from graphflow.framework.api import tf_export
from graphflow.io.files import translated_errors
from graphflow.io.record_io import RecordReader

_END = object()


def _open(logdir, suffix):
    """A tensorboardX EventsWriter on a new file; it has written the file's version."""
    try:
        from tensorboardX.event_file_writer import EventsWriter
    except ImportError as error:
        raise ImportError("writing event files needs the package 'tensorboardX': pip install tensorboardX") from error
    with translated_errors(logdir):
        os.makedirs(logdir or os.curdir, exist_ok=True)
        prefix = os.path.join(logdir, "events")
        # Writers made within one second would share one name, and the later would empty the file.
        name = f"{prefix}.out.tfevents.{str(time.time())[:10]}.{socket.gethostname()}"
        extra, count = "", 0
        while os.path.exists(f"{name}{extra}{suffix}"):
            count += 1
            extra = f".{count}"
        return EventsWriter(prefix, extra + suffix)


class _Worker:
    """The queue and the thread of one open file; knows nothing of the EventFileWriter that owns it."""

    def __init__(self, writer, path, max_queue, flush_secs):
        self.queue = queue.Queue(max_queue)
        self.failure = None
        self._writer, self._path, self._flush_secs = writer, path, flush_secs
        self._process = os.getpid()
        self._thread = threading.Thread(target=self._work, name="graphflow-events", daemon=True)
        self._thread.start()

    def _work(self):
        due = 0
        while True:
            event = self.queue.get()
            try:
                if event is _END:
                    return
                if self.failure is None:
                    self._write(event)
                    if time.time() >= due:
                        self._writer.flush()
                        due = time.time() + self._flush_secs
            except Exception as error:  # noqa: BLE001 - the caller's next call raises it
                self.failure = error
            finally:
                self.queue.task_done()

    def _write(self, data):
        from tensorboardX.proto import event_pb2

        self._writer.write_event(event_pb2.Event.FromString(data))

    def check(self):
        """Raises what the thread failed with."""
        if self.failure is not None:
            with translated_errors(self._path):
                raise self.failure

    def flush(self):
        """Returns when all events are in the file."""
        self.queue.join()
        self.check()
        with translated_errors(self._path):
            self._writer.flush()

    def finish(self):
        """Writes what is left and closes the file; nothing in a process forked off the owner."""
        if self._process != os.getpid():
            return
        self.queue.put(_END)
        self._thread.join()
        with translated_errors(self._path):
            self._writer.close()


class EventFileWriter:
    """Writes events to a new file in `logdir`, named as TensorFlow names it.

    Args: max_queue_size: how many events may wait before `add_event` does. flush_secs: how old
      unflushed events may get while more come in. filename_suffix: ends the file's name.
    Events are written at exit even if `close` is never called.
    """

    def __init__(self, logdir, max_queue_size=10, flush_secs=120, filename_suffix=None):
        self._logdir = os.fspath(logdir)
        self._arguments = (max_queue_size, flush_secs)
        self._suffix = filename_suffix or ""
        self._start()

    def _start(self):
        writer = _open(self._logdir, self._suffix)
        self._worker = _Worker(writer, self._logdir, *self._arguments)
        self._finish = weakref.finalize(self, self._worker.finish)

    def get_logdir(self):
        """The folder of the file."""
        return self._logdir

    def add_event(self, event):
        """Queues an Event message; does nothing on a closed writer.

        Raises TypeError for anything else, and the `tf.errors` class of an earlier failure to write.
        """
        if getattr(getattr(event, "DESCRIPTOR", None), "name", None) != "Event":
            raise TypeError(f"Expected an event_pb2.Event proto, but got {type(event)}")
        if self._finish.alive:
            self._worker.check()
            self._worker.queue.put(event.SerializeToString())

    def flush(self):
        """Returns when everything added so far is in the file."""
        if self._finish.alive:
            self._worker.flush()

    def close(self):
        """Writes what is left and closes the file."""
        if self._finish.alive:
            self._finish()
            self._worker.check()

    def reopen(self):
        """After `close`: opens another file in the same folder."""
        if not self._finish.alive:
            self._start()


# session -> {folder: (its EventFileWriter, how many open writers share it)}
_of_sessions = weakref.WeakKeyDictionary()


class SessionEventFileWriter:
    """An EventFileWriter that a session's writers for one folder share.

    The first one opens the file, the last one that is closed closes it. Arguments but the session are
    EventFileWriter's; those of the first one hold.
    """

    def __init__(self, session, logdir, max_queue_size=10, flush_secs=120, filename_suffix=None):
        self._session = session
        self._logdir = os.fspath(logdir)
        self._arguments = (max_queue_size, flush_secs, filename_suffix)
        self._closed = True
        self.reopen()

    def get_logdir(self):
        """The folder of the file."""
        return self._logdir

    def add_event(self, event):
        """`EventFileWriter.add_event`."""
        if not self._closed:
            self._writer.add_event(event)

    def flush(self):
        """Returns when everything added so far is in the file."""
        if not self._closed:
            self._writer.flush()

    def close(self):
        """Writes what is left; closes the file if nobody shares it any more."""
        if self._closed:
            return
        self._closed = True
        writers = _of_sessions[self._session]
        writer, users = writers[self._logdir]
        if users > 1:
            writers[self._logdir] = writer, users - 1
            writer.flush()
        else:
            del writers[self._logdir]
            writer.close()

    def reopen(self):
        """After `close`: takes part in the session's file again, or opens another."""
        if not self._closed:
            return
        self._closed = False
        writers = _of_sessions.setdefault(self._session, {})
        writer, users = writers.get(self._logdir, (None, 0))
        self._writer = writer or EventFileWriter(self._logdir, *self._arguments)
        writers[self._logdir] = self._writer, users + 1


@tf_export("train.summary_iterator")
def summary_iterator(path):
    """Yields the Event messages of an event file.

    Raises NotFoundError for a missing file, DataLossError for a damaged or unfinished record.
    """
    from google.protobuf.message import DecodeError

    from graphflow import protobuf

    with RecordReader(path) as reader:
        for record in reader:
            try:
                yield protobuf.Event.FromString(record)
            except DecodeError:
                raise errors.DataLossError(None, None, f"{path}: a record is no Event") from None
