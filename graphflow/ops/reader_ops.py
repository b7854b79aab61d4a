"""Readers: records of files whose names come from a queue.

An object here knows a handle; the reader itself, with its place in its file, lives in the session.
"""

from graphflow.framework import dtypes, raw_ops, shapes
from graphflow.framework.api import tf_export
from graphflow.framework.op_def import NotDifferentiable, register_op
from graphflow.framework.tensor import Tensor
from graphflow.io.tf_record import TFRecordOptions

_SHARED = "container: string = ''; shared_name: string = ''"
_READERS = {
    "WholeFileReader": _SHARED,
    "TextLineReader": "skip_header_lines: int = 0; " + _SHARED,
    "TFRecordReader": _SHARED + "; compression_type: string = ''",
    "FixedLengthRecordReader": "header_bytes: int = 0; record_bytes: int; footer_bytes: int = 0; hop_bytes: int = 0; "
                               + _SHARED,
    "IdentityReader": _SHARED,
}


def _scalars(c):
    return [()] * c.num_outputs


def _restored(c):
    shapes.with_rank(c.shape(1), 0)
    return []


def _vectors(c):
    return [(None,)] * c.num_outputs


def _legacy_handle(c):
    return [(2,)]


def _register(suffix, kind, handle_shape):
    """The ops in one of their two forms: with resource handles, or with TensorFlow 0.x's references."""
    stateful = bool(suffix)
    for name, attrs in _READERS.items():
        if suffix and name == "FixedLengthRecordReader":
            attrs += "; encoding: string = ''"
        register_op(name + suffix, outputs="reader_handle: " + kind, attrs=attrs, shape=handle_shape, stateful=True)
        NotDifferentiable(name + suffix)
    reader, queue = "reader_handle: " + kind, ", queue_handle: " + kind
    for name, inputs, outputs, rule in (
        ("ReaderRead", reader + queue, "key: string, value: string", _scalars),
        ("ReaderReadUpTo", reader + queue + ", num_records: int64", "keys: string, values: string", _vectors),
    ):
        register_op(name + suffix, inputs=inputs, outputs=outputs, shape=rule, stateful=stateful, blocking=True)
        NotDifferentiable(name + suffix)
    for name, inputs, outputs in (
        ("ReaderNumRecordsProduced", reader, "records_produced: int64"),
        ("ReaderNumWorkUnitsCompleted", reader, "units_completed: int64"),
        ("ReaderSerializeState", reader, "state: string"),
        ("ReaderRestoreState", reader + ", state: string", ""),
        ("ReaderReset", reader, ""),
    ):
        rule = _scalars if outputs else _restored if "Restore" in name else shapes.no_outputs
        register_op(name + suffix, inputs=inputs, outputs=outputs, shape=rule, stateful=True)
        NotDifferentiable(name + suffix)


_register("V2", "resource", _scalars)
_register("", "Ref(string)", _legacy_handle)
register_op("LMDBReader", outputs="reader_handle: Ref(string)", attrs=_SHARED, shape=_legacy_handle, stateful=True)
NotDifferentiable("LMDBReader")


@tf_export("ReaderBase")
class ReaderBase:
    """What all readers can do.

    Args: reader_ref: the handle. supports_serialize: whether its state can be saved.
    """

    def __init__(self, reader_ref, supports_serialize=False):
        self._reader_ref = reader_ref
        self._supports_serialize = supports_serialize

    @property
    def reader_ref(self):
        """The handle of the reader."""
        return self._reader_ref

    @property
    def supports_serialize(self):
        """Whether `serialize_state` and `restore_state` work."""
        return self._supports_serialize

    def _op(self, kind, *inputs, name=None):
        suffix = "V2" if self._reader_ref.dtype == dtypes.resource else ""
        return getattr(raw_ops, f"Reader{kind}{suffix}")(self._reader_ref, *inputs, name=name)

    def _names(self, queue):
        """The handle of a queue, in the form that goes with the reader's."""
        handle = queue if isinstance(queue, Tensor) else queue.queue_ref
        return handle if self._reader_ref.dtype == dtypes.resource else raw_ops.FakeQueue(handle)

    def read(self, queue, name=None):
        """The next record: a pair of scalar strings (key, value).

        Args: queue: a queue of strings, or its handle: the names of the files to read.
        Raises, in a run, OutOfRangeError when the queue is closed and all is read.
        """
        return self._op("Read", self._names(queue), name=name)

    def read_up_to(self, queue, num_records, name=None):
        """Up to `num_records` records, all of one file: a pair of vectors of strings (keys, values)."""
        return self._op("ReadUpTo", self._names(queue), num_records, name=name)

    def num_records_produced(self, name=None):
        """How many records the reader has given, a scalar of int64."""
        return self._op("NumRecordsProduced", name=name)

    def num_work_units_completed(self, name=None):
        """How many files the reader has finished, a scalar of int64."""
        return self._op("NumWorkUnitsCompleted", name=name)

    def serialize_state(self, name=None):
        """The state of the reader as a string; UnimplementedError in a run if it can not be saved."""
        return self._op("SerializeState", name=name)

    def restore_state(self, state, name=None):
        """An operation that brings the reader back to a state that `serialize_state` gave."""
        return self._op("RestoreState", state, name=name)

    def reset(self, name=None):
        """An operation that makes the reader forget its file and its counts."""
        return self._op("Reset", name=name)


@tf_export("WholeFileReader")
class WholeFileReader(ReaderBase):
    """Gives each file as one record; the key is its name."""

    def __init__(self, name=None):
        super().__init__(raw_ops.WholeFileReaderV2(name=name), supports_serialize=True)


@tf_export("TextLineReader")
class TextLineReader(ReaderBase):
    """Gives the lines of text files; keys are "name:line number".

    Args: skip_header_lines: how many lines at the start of each file are left out.

    Example:
      >>> with open("names.txt", "w") as file:
      ...     _ = file.write("Ada\\nGrace\\n")
      >>> names = tf.train.string_input_producer(["names.txt"], num_epochs=1)
      >>> key, value = tf.TextLineReader().read(names)
      >>> with tf.Session() as sess:
      ...     sess.run(tf.local_variables_initializer())
      ...     coord = tf.train.Coordinator()
      ...     threads = tf.train.start_queue_runners(sess, coord)
      ...     print(sess.run([key, value]))
      ...     coord.request_stop()
      ...     coord.join(threads)
      [b'names.txt:1', b'Ada']
    """

    def __init__(self, skip_header_lines=None, name=None):
        super().__init__(raw_ops.TextLineReaderV2(skip_header_lines=skip_header_lines or 0, name=name))


@tf_export("FixedLengthRecordReader")
class FixedLengthRecordReader(ReaderBase):
    """Gives records of a fixed length; keys are "name:record number".

    Args:
      record_bytes: length of a record. header_bytes, footer_bytes: what is left out at both ends of each file.
      hop_bytes: distance from record to record, their length by default. encoding: "", "ZLIB" or "GZIP".
    """

    def __init__(self, record_bytes, header_bytes=None, footer_bytes=None, hop_bytes=None, name=None, encoding=None):
        super().__init__(raw_ops.FixedLengthRecordReaderV2(
            record_bytes=record_bytes, header_bytes=header_bytes or 0, footer_bytes=footer_bytes or 0,
            hop_bytes=hop_bytes or 0, encoding=encoding or "", name=name))


@tf_export("TFRecordReader")
class TFRecordReader(ReaderBase):
    """Gives the records of TFRecord files; keys are "name:offset".

    Args: options: a `tf.python_io.TFRecordOptions`: how files are compressed.
    """

    def __init__(self, name=None, options=None):
        compression = TFRecordOptions.get_compression_type_string(options)
        super().__init__(raw_ops.TFRecordReaderV2(compression_type=compression, name=name))


@tf_export("IdentityReader")
class IdentityReader(ReaderBase):
    """Gives what is in the queue, as key and value: for tests of input pipelines."""

    def __init__(self, name=None):
        super().__init__(raw_ops.IdentityReaderV2(name=name), supports_serialize=True)


@tf_export("LMDBReader")
class LMDBReader(ReaderBase):
    """Can be built, as part of a graph; running it raises UnimplementedError: LMDB files are not supported."""

    def __init__(self, name=None, options=None):
        super().__init__(raw_ops.LMDBReader(name=name))
