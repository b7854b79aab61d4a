"""Files that appear under their names only when they are whole.

An AtomicFile is written under a temporary name next to the final one and renamed at the end. While
it is being written it is locked, so that what a killed process left behind can be told from what a
live one still writes. Holds no state.
"""

import contextlib
import glob
import os
import uuid

from graphflow.io.files import open_file, translated_errors

try:
    import fcntl
except ImportError:  # Windows: an open file cannot be removed there, which serves as well
    fcntl = None

_MARK = ".tempstate"


class AtomicFile:
    """A binary file being written.

        output = AtomicFile("model.meta")
        output.file.write(data)
        output.commit()         # or discard()

    Opening, and `commit`, raise the `tf.errors` class of what the file system refuses.
    """

    def __init__(self, path):
        self.path = path
        self.temporary = f"{path}{_MARK}{uuid.uuid4().hex}"
        self.file = open_file(self.temporary, "wb")
        if fcntl is not None:
            # Not every file system has locks; without one the file is merely not told from a leftover.
            with contextlib.suppress(OSError):
                fcntl.flock(self.file, fcntl.LOCK_EX | fcntl.LOCK_NB)

    def commit(self, path=None):
        """Puts the file in place (under `path`, if given), replacing an older one."""
        try:
            with translated_errors(self.path):
                if fcntl is None:
                    self.file.close()
                else:
                    self.file.flush()
                os.replace(self.temporary, path or self.path)
                self.file.close()
        except BaseException:
            self.discard()
            raise

    def discard(self):
        """Gives up and removes the temporary file."""
        with contextlib.suppress(OSError):
            self.file.close()
        with contextlib.suppress(OSError):
            os.remove(self.temporary)


def write_atomically(path, data):
    """Makes `data` (bytes) the contents of the file `path`; readers see the old or the new, whole."""
    output = AtomicFile(path)
    try:
        with translated_errors(path):
            output.file.write(data)
    except BaseException:
        output.discard()
        raise
    output.commit()


def remove_abandoned(start):
    """Removes temporary files whose paths begin with `start` and that no process writes any more."""
    for path in glob.glob(f"{glob.escape(start)}*{_MARK}{'?' * 32}"):
        with contextlib.suppress(OSError):
            if _abandoned(path):
                os.remove(path)


def _abandoned(path):
    if fcntl is None:
        return True
    with open(path, "rb") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True
