"""Machine code on disk: one relocatable object file per compiled kernel.

An entry is its SHA-256 followed by the object. Loading one runs it, so the directory must belong to
the user and be writable by nobody else; a directory that does not meet this, or cannot be written,
is simply not used (kernels are then compiled in every process). Holds the names seen there: asking for
one takes 10 µs, listing what years of versions have left would take longer.
"""

import hashlib
import os
import stat
import tempfile

_DIGEST = hashlib.sha256().digest_size


def _default_directory():
    chosen = os.environ.get("GRAPHFLOW_CACHE_DIR")
    if chosen:
        return os.path.join(chosen, "kernels")
    base = os.environ.get("LOCALAPPDATA") if os.name == "nt" else os.environ.get("XDG_CACHE_HOME")
    if not base:
        base = os.path.join(os.path.expanduser("~"), ".cache")
    return os.path.join(base, "graphflow", "kernels") if os.path.isabs(base) else None


def is_private(path):
    """Whether `path` is a directory that belongs to this user and that only they can write."""
    try:
        status = os.lstat(path)
    except OSError:
        return False
    if not stat.S_ISDIR(status.st_mode):
        return False
    if os.name == "nt":
        return True
    return status.st_uid == os.geteuid() and not status.st_mode & (stat.S_IWGRP | stat.S_IWOTH)


class ObjectCache:
    """The object files of one directory, or nothing where no directory can be used.

    `directory` defaults to `$GRAPHFLOW_CACHE_DIR/kernels`, else the user's cache directory.
    """

    def __init__(self, directory=None):
        self.directory = self._usable(directory or _default_directory())
        self._known = set()

    @staticmethod
    def _usable(directory):
        if directory is None:
            return None
        try:
            os.makedirs(directory, mode=0o700, exist_ok=True)
        except OSError:
            return None
        return directory if is_private(directory) else None

    @property
    def writable(self):
        """Whether new entries can be stored."""
        return self.directory is not None and os.access(self.directory, os.W_OK)

    def _path(self, key):
        return os.path.join(self.directory, key + ".o")

    def __contains__(self, key):
        if self.directory is None:
            return False
        if key not in self._known and os.path.exists(self._path(key)):
            self._known.add(key)
        return key in self._known

    def read(self, key):
        """The object file of `key`, or None if there is none or it is damaged."""
        if self.directory is None:
            return None
        try:
            with open(self._path(key), "rb") as file:
                content = file.read()
        except OSError:
            return None
        body = content[_DIGEST:]
        return body if hashlib.sha256(body).digest() == content[:_DIGEST] else None

    def write(self, key, body):
        """Stores an object file atomically; does nothing where that is impossible."""
        if not self.writable:
            return
        try:
            handle, temporary = tempfile.mkstemp(dir=self.directory, suffix=".part")
        except OSError:
            return
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(hashlib.sha256(body).digest() + body)
            os.replace(temporary, self._path(key))
        except OSError:
            if os.path.exists(temporary):
                os.unlink(temporary)
