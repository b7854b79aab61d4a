"""Opening files so that the system's failures arrive as `tf.errors`. Holds no state."""

import contextlib
import errno

from graphflow.framework import errors

_CLASSES = {
    errno.ENOENT: errors.NotFoundError,
    errno.EEXIST: errors.AlreadyExistsError,
    errno.EACCES: errors.PermissionDeniedError,
    errno.EPERM: errors.PermissionDeniedError,
    errno.EROFS: errors.PermissionDeniedError,
    errno.EISDIR: errors.FailedPreconditionError,
    errno.ENOTDIR: errors.FailedPreconditionError,
    errno.ENOTEMPTY: errors.FailedPreconditionError,
    errno.ENOSPC: errors.ResourceExhaustedError,
    errno.EMFILE: errors.ResourceExhaustedError,
    errno.ENFILE: errors.ResourceExhaustedError,
    errno.EINVAL: errors.InvalidArgumentError,
    errno.ENAMETOOLONG: errors.InvalidArgumentError,
}


@contextlib.contextmanager
def translated_errors(path):
    """Turns an OSError of the body into the `tf.errors` class of its cause, naming `path`."""
    try:
        yield
    except OSError as error:
        kind = _CLASSES.get(error.errno, errors.UnknownError)
        raise kind(None, None, f"{path}; {error.strerror or error}") from error


def open_file(path, mode):
    """Returns `open(path, mode)`; raises NotFoundError, PermissionDeniedError... instead."""
    with translated_errors(path):
        return open(path, mode)
