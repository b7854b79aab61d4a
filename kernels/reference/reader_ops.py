"""Reference kernels of `graphflow/ops/reader_ops.py`: they let readers, which live in the session, work."""

import numpy as np

from graphflow.framework import errors

from .. import readers
from ..handles import handle_kernel, resource_of
from ..queues import Queue
from ..registry import reference
from ..waiting import AGAIN, WaitingKernel


def _reader(handle):
    return resource_of(handle, readers.Reader, "reader")


def _both(name, maker):
    """Registers a maker for an op in both of its forms."""
    reference.kernel(name + "V2", name)(maker)


def _makes(op_type, make, *attributes):
    """Registers the op that makes a reader, `make(name, *attributes)`."""
    def maker(ctx):
        values = [ctx.attr(a) for a in attributes]
        values = [v.decode() if isinstance(v, bytes) else v for v in values]
        return handle_kernel(ctx, lambda name: make(name, *values), dict(zip(attributes, values)))

    _both(op_type, maker)


def _fixed_length(name, header, record, footer, hop, encoding):
    for words, value in (("header_bytes", header), ("record_bytes", record), ("footer_bytes", footer),
                         ("hop_bytes", hop)):
        least = 1 if words == "record_bytes" else 0
        if value < least:
            raise errors.InvalidArgumentError(None, None, f"{words} must be >= {least} not {value}")
    if encoding not in ("", "ZLIB", "GZIP"):
        raise errors.InvalidArgumentError(None, None, f"encoding must be ZLIB, GZIP or empty, not {encoding!r}")
    return readers.FixedLengthRecordReader(name, header, record, footer, hop, encoding)


_makes("IdentityReader", readers.IdentityReader)
_makes("WholeFileReader", readers.WholeFileReader)
_makes("TextLineReader", readers.TextLineReader, "skip_header_lines")
_makes("TFRecordReader", readers.TFRecordReader, "compression_type")
_makes("FixedLengthRecordReader", _fixed_length, "header_bytes", "record_bytes", "footer_bytes", "hop_bytes",
       "encoding")


# ---------------------------------------------------------------- reading

def _begin(ticket, handle, queue_handle, count=1):
    """Reads what is there; else waits for the next file name."""
    if count <= 0:
        raise errors.InvalidArgumentError(None, None, f"num_records must be positive, not {count}")
    reader = _reader(handle)
    queue = resource_of(queue_handle, Queue, "queue")
    if [t.name for t in queue.dtypes] != ["string"] or queue.shapes not in ([], [()]):
        raise errors.InvalidArgumentError(
            None, None, f"Expect queue of single strings: {queue.label} has {[t.name for t in queue.dtypes]}")
    found = reader.read(int(count))
    if found:
        ticket.complete(found)
    else:
        queue.dequeue(ticket, 1)


def _finish(result, handle, *_):
    """Records as they are; a file name goes to the reader, which is asked again."""
    if isinstance(result[0][0], bytes) and len(result[0]) == 1:
        _reader(handle).add_work(result[0][0])
        return AGAIN
    return result


def _read(ctx):
    def finish(result, *inputs):
        result = _finish(result, *inputs)
        return result if result is AGAIN else tuple(_text(v) for v in result[0])

    return WaitingKernel(ctx, _begin, finish)


def _read_up_to(ctx):
    def finish(result, *inputs):
        result = _finish(result, *inputs)
        return result if result is AGAIN else tuple(_texts(column) for column in zip(*result))

    return WaitingKernel(ctx, _begin, finish)


def _text(value):
    result = np.empty((), object)
    result[()] = value
    return result


def _texts(values):
    result = np.empty(len(values), object)
    result[:] = values
    return result


_both("ReaderRead", _read)
_both("ReaderReadUpTo", _read_up_to)


# ---------------------------------------------------------------- state

def _restore(handle, state):
    _reader(handle).restore_state(state[()])


for _name, _run in (
    ("ReaderNumRecordsProduced", lambda handle: np.int64(_reader(handle).produced)),
    ("ReaderNumWorkUnitsCompleted", lambda handle: np.int64(_reader(handle).finished)),
    ("ReaderSerializeState", lambda handle: _text(_reader(handle).serialize_state())),
    ("ReaderRestoreState", _restore),
    ("ReaderReset", lambda handle: _reader(handle).reset()),
):
    _both(_name, lambda ctx, run=_run: run)


@reference.kernel("LMDBReader")
def lmdb(ctx):
    """LMDB files are not supported."""
    raise errors.UnimplementedError(None, None, "LMDBReader: LMDB files are not supported; write them as TFRecords")
