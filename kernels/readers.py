"""Readers: session resources that take file names from a queue and give records.

A `Reader` knows where it is in its current file, behind a lock; kinds of files differ in `records`. It
never waits itself: who runs it brings the next name.
"""

import collections
import threading
import zlib

from graphflow.framework import errors
from graphflow.io.files import open_file, translated_errors
from graphflow.io.record_io import RecordReader


class Reader:
    """What all readers share. `records(name)` yields (key, record) of one file, both bytes."""

    noun = "reader"

    def __init__(self, name):
        self.name = name
        self._lock = threading.Lock()
        self._clear()

    def _clear(self):
        self._source = None
        self._names = collections.deque()
        self.produced = self.started = self.finished = 0
        self._work = b""

    def records(self, name):
        """(key, record) of the file `name`, one after the other."""
        raise NotImplementedError

    def add_work(self, name):
        """Puts a file name (or other unit of work) in line."""
        with self._lock:
            self._names.append(name)

    def read(self, count):
        """Up to `count` records, of one file; [] where there are none until work is added."""
        with self._lock:
            found = []
            while not found and (self._source is not None or self._names):
                if self._source is None:
                    self._work = self._names.popleft()
                    self._source = self.records(self._work)
                    self.started += 1
                self._take(found, count)
            return found

    def _take(self, found, count):
        try:
            while len(found) < count:
                record = next(self._source, None)
                if record is None:
                    self._finish()
                    return
                found.append(record)
                self.produced += 1
        except Exception:
            self._finish()  # a damaged or missing file is not tried again
            raise

    def _finish(self):
        self._source = None
        self.finished = self.started

    def reset(self):
        """Forgets everything."""
        with self._lock:
            self._clear()

    def serialize_state(self):
        """What `restore_state` needs, as bytes."""
        raise errors.UnimplementedError(None, None, "Reader SerializeState")

    def restore_state(self, state):
        """Goes back to what `serialize_state` said."""
        raise errors.UnimplementedError(None, None, "Reader RestoreState")

    def renew_locks(self):
        """For a forked child, where nobody reads."""
        self._lock = threading.Lock()


class _OneRecordReader(Reader):
    """A reader of one record per unit of work, whose state is a few numbers."""

    def _take(self, found, count):
        super()._take(found, 1)
        if found:
            self._finish()

    def serialize_state(self):
        """A ReaderBaseState message."""
        from graphflow import protobuf

        with self._lock:
            return protobuf.ReaderBaseState(
                work_started=self.started, work_finished=self.finished, num_records_produced=self.produced,
                current_work=self._work).SerializeToString()

    def restore_state(self, state):
        """Takes the numbers of a ReaderBaseState message."""
        from google.protobuf.message import DecodeError

        from graphflow import protobuf

        label = f"{self.signature['type']} '{self.name}'"
        try:
            message = protobuf.ReaderBaseState.FromString(state)
        except DecodeError:
            raise errors.InvalidArgumentError(
                None, None, f"Could not parse state for {label}: {_escaped(state)}") from None
        numbers = message.work_started, message.work_finished, message.num_records_produced
        if min(numbers) < 0 or message.work_started < message.work_finished:
            raise errors.InvalidArgumentError(None, None, f"Inconsistent state for {label}: {numbers}")
        with self._lock:
            self._clear()
            self.started, self.finished, self.produced = numbers
            self._work = message.current_work
            if self.started > self.finished:
                self._source = self.records(self._work)


class IdentityReader(_OneRecordReader):
    """Gives the work itself, as key and record."""

    def records(self, name):
        """The name."""
        yield name, name


class WholeFileReader(_OneRecordReader):
    """Gives the contents of files."""

    def records(self, name):
        """The file as one record."""
        path = _path(name)
        with open_file(path, "rb") as file, translated_errors(path):
            content = file.read()
        yield name, content


class TextLineReader(Reader):
    """Gives the lines of text files, without their ends."""

    def __init__(self, name, skip):
        super().__init__(name)
        self._skip = skip

    def records(self, name):
        """Lines; keys count from 1."""
        path = _path(name)
        with open_file(path, "rb") as file, translated_errors(path):
            for number, line in enumerate(file, 1):
                if number > self._skip:
                    yield b"%s:%d" % (name, number), line.removesuffix(b"\n").replace(b"\r", b"")


class TFRecordReader(Reader):
    """Gives the records of TFRecord files."""

    def __init__(self, name, compression):
        super().__init__(name)
        self._compression = compression

    def records(self, name):
        """Records; keys have their offsets."""
        with RecordReader(_path(name), self._compression) as reader:
            offset = reader.offset
            for record in reader:
                yield b"%s:%d" % (name, offset), record
                offset = reader.offset


class FixedLengthRecordReader(Reader):
    """Gives records of so many bytes each, between a header and a footer."""

    def __init__(self, name, header, record, footer, hop, encoding):
        super().__init__(name)
        self._header, self._record, self._footer = header, record, footer
        self._hop = hop or record
        self._encoding = encoding

    def records(self, name):
        """Records; keys count from 0."""
        path = _path(name)
        with open_file(path, "rb") as file, translated_errors(path):
            content = _decompressed(file.read(), path) if self._encoding else None
            size = len(content) if content is not None else file.seek(0, 2)
            number, at = 0, self._header
            while at + self._record <= size - self._footer:
                if content is not None:
                    record = content[at:at + self._record]
                else:
                    file.seek(at)
                    record = file.read(self._record)
                yield b"%s:%d" % (name, number), record
                number, at = number + 1, at + self._hop


def _escaped(text):
    return "".join(chr(byte) if 32 <= byte < 127 else f"\\{byte:03o}" for byte in text)


def _decompressed(content, path):
    try:
        return zlib.decompress(content, wbits=zlib.MAX_WBITS | 32)  # of zlib or gzip
    except zlib.error as error:
        raise errors.DataLossError(None, None, f"{path}: {error}") from error


def _path(name):
    return name.decode("utf-8", "surrogateescape")
