"""`tf.gfile` and `tf.io.gfile`: files and directories, whose failures are `tf.errors`.

Local files only; a path with a scheme (`gs://...`) raises UnimplementedError. A file opens on its first
read or write, so a missing one is reported there, as in TensorFlow. State: the open files themselves.
"""

import collections
import glob as globbing
import os
import shutil

from graphflow.framework import errors
from graphflow.framework.api import tf_export
from graphflow.io.files import translated_errors

_MODES = {"r": "rb", "w": "wb", "a": "ab", "r+": "r+b", "w+": "w+b", "a+": "a+b"}

FileStatistics = collections.namedtuple("FileStatistics", ["length", "mtime_nsec", "is_directory"])


def _local(path):
    """`path` (str, bytes or os.PathLike) as a str; UnimplementedError for a remote one."""
    path = os.fsdecode(path)
    scheme, separator, rest = path.partition("://")
    if not separator:
        return path
    if scheme == "file":
        return rest
    raise errors.UnimplementedError(None, None, f"File system scheme '{scheme}' not implemented (file: '{path}')")


class FileIO:
    """A file of bytes (mode with "b") or of UTF-8 text; writing takes str and bytes in either.

    Raises NotFoundError, PermissionDeniedError... on the first read or write.
    """

    def __init__(self, name, mode):
        plain = mode.replace("b", "")
        if plain not in _MODES:
            raise errors.InvalidArgumentError(None, None, f"file mode {mode!r} is not one of r, w, a, r+, w+, a+")
        self.__name = name
        self.__mode = mode
        self._binary = "b" in mode
        self._reads = plain != "w" and plain != "a"
        self._writes = plain != "r"
        self._python_mode = _MODES[plain]
        self._file = None

    @property
    def name(self):
        """The path as given."""
        return self.__name

    @property
    def mode(self):
        """The mode as given."""
        return self.__mode

    def _opened(self, reading=False, writing=False):
        if reading and not self._reads:
            raise errors.PermissionDeniedError(None, None, "File isn't open for reading")
        if writing and not self._writes:
            raise errors.PermissionDeniedError(None, None, "File isn't open for writing")
        if self._file is None:
            with translated_errors(self.__name):
                self._file = open(_local(self.__name), self._python_mode)  # noqa: SIM115 - close() closes it
        return self._file

    def _text(self, data):
        return data if self._binary else data.decode("utf-8")

    def read(self, n=-1):
        """The next `n` bytes (all that are left for -1), decoded unless the file is binary."""
        file = self._opened(reading=True)
        with translated_errors(self.__name):
            return self._text(file.read(n))

    def readline(self):
        """The next line with its end, or an empty string at the end of the file."""
        file = self._opened(reading=True)
        with translated_errors(self.__name):
            return self._text(file.readline())

    def readlines(self):
        """All lines that are left."""
        return list(self)

    def write(self, file_content):
        """Writes a str (as UTF-8) or bytes at the end of what was written."""
        data = file_content.encode("utf-8") if isinstance(file_content, str) else file_content
        file = self._opened(writing=True)
        with translated_errors(self.__name):
            file.write(data)

    def seek(self, offset=None, whence=0, position=None):
        """Moves to `offset` bytes from the start (0), the present place (1) or the end (2)."""
        if offset is None and position is None:
            raise TypeError("seek(): offset argument required")
        if whence not in (0, 1, 2):
            raise errors.InvalidArgumentError(
                None, None, f"Invalid whence argument: {whence}. Valid values are 0, 1, or 2.")
        file = self._opened()
        with translated_errors(self.__name):
            file.seek(position if offset is None else offset, whence)

    def tell(self):
        """The present place in bytes."""
        return self._opened().tell()

    def seekable(self):
        """True: files here are local."""
        return True

    def size(self):
        """The length of the file in bytes."""
        self.flush()
        return stat(self.__name).length

    def flush(self):
        """Hands what was written to the operating system."""
        if self._file is not None and self._writes:
            with translated_errors(self.__name):
                self._file.flush()

    def close(self):
        """Closes the file; the next read or write opens it again."""
        if self._file is not None:
            file, self._file = self._file, None
            with translated_errors(self.__name):
                file.close()

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.close()

    def __iter__(self):
        return self

    def __next__(self):
        line = self.readline()
        if not line:
            raise StopIteration
        return line

    next = __next__


@tf_export("gfile.GFile", "gfile.Open", "io.gfile.GFile")
class GFile(FileIO):
    """A file that is opened as in `open(name, mode)`.

    Text unless the mode has a "b"; see FileIO.

        with tf.gfile.GFile("/tmp/x", "w") as f:
            f.write("hello")
    """

    def __init__(self, name, mode="r"):
        super().__init__(name, mode)


@tf_export("gfile.FastGFile")
class FastGFile(FileIO):
    """The same as GFile."""

    def __init__(self, name, mode="r"):
        super().__init__(name, mode)


@tf_export("io.gfile.exists")
def exists(path):
    """Whether a file or directory is there."""
    return os.path.exists(_local(path))


@tf_export("io.gfile.isdir")
def isdir(path):
    """Whether `path` is a directory."""
    return os.path.isdir(_local(path))


@tf_export("io.gfile.glob")
def glob(pattern):
    """The paths that match a pattern or any of a list of patterns, sorted for each."""
    patterns = [pattern] if isinstance(pattern, (str, bytes, os.PathLike)) else pattern
    return [path for one in patterns for path in sorted(globbing.glob(_local(one)))]


@tf_export("io.gfile.listdir")
def listdir(path):
    """The names in a directory, sorted; NotFoundError if it is none."""
    if not isdir(path):
        raise errors.NotFoundError(None, None, f"Could not find directory {os.fsdecode(path)}")
    with translated_errors(path):
        return sorted(os.listdir(_local(path)))


@tf_export("io.gfile.mkdir")
def mkdir(path):
    """Makes a directory; AlreadyExistsError if there is one, NotFoundError without its parent."""
    with translated_errors(path):
        os.mkdir(_local(path))


@tf_export("io.gfile.makedirs")
def makedirs(path):
    """Makes a directory and those above it; none of them need be missing."""
    with translated_errors(path):
        os.makedirs(_local(path), exist_ok=True)


@tf_export("io.gfile.remove")
def remove(path):
    """Deletes a file; NotFoundError if there is none."""
    with translated_errors(path):
        os.remove(_local(path))


@tf_export("io.gfile.rmtree")
def rmtree(path):
    """Deletes a directory and all in it; NotFoundError if there is none."""
    with translated_errors(path):
        shutil.rmtree(_local(path))


def _require_free(path, overwrite):
    if not overwrite and os.path.lexists(_local(path)):
        raise errors.AlreadyExistsError(None, None, f"file already exists: {os.fsdecode(path)}")


@tf_export("io.gfile.copy")
def copy(src, dst, overwrite=False):
    """Copies a file's bytes; AlreadyExistsError if `dst` exists and `overwrite` is False."""
    _require_free(dst, overwrite)
    with translated_errors(src):
        shutil.copyfile(_local(src), _local(dst))


@tf_export("io.gfile.rename")
def rename(src, dst, overwrite=False):
    """Moves a file or directory; AlreadyExistsError if `dst` exists and `overwrite` is False."""
    _require_free(dst, overwrite)
    with translated_errors(src):
        os.replace(_local(src), _local(dst))


@tf_export("io.gfile.stat")
def stat(path):
    """FileStatistics(length, mtime_nsec, is_directory) of `path`; NotFoundError if it is missing."""
    with translated_errors(path):
        found = os.stat(_local(path))
    return FileStatistics(found.st_size, found.st_mtime_ns, isdir(path))


@tf_export("io.gfile.walk")
def walk(top, topdown=True, onerror=None):
    """Yields (directory, subdirectories, files) of a tree, parents first if `topdown`."""
    if not isdir(top):
        return
    path = _local(top)
    try:
        names = listdir(path)
    except errors.OpError as error:
        if onerror is not None:
            onerror(error)
        return
    subdirectories = [name for name in names if isdir(os.path.join(path, name))]
    here = path, subdirectories, [name for name in names if name not in set(subdirectories)]
    if topdown:
        yield here
    for name in subdirectories:
        yield from walk(os.path.join(path, name), topdown, onerror)
    if not topdown:
        yield here
