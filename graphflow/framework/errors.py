"""The exceptions of running graphs (`tf.errors.*`) and their numeric codes.

An OpError prints what is wrong first and, on the second line, where the user's own program made
the op that failed. This module holds no state; it does not decide which error a failure is.
"""

import copy
import inspect
import os
import warnings

from graphflow.framework.api import export_value, tf_export

OK = 0
CANCELLED = 1
UNKNOWN = 2
INVALID_ARGUMENT = 3
DEADLINE_EXCEEDED = 4
NOT_FOUND = 5
ALREADY_EXISTS = 6
PERMISSION_DENIED = 7
RESOURCE_EXHAUSTED = 8
FAILED_PRECONDITION = 9
ABORTED = 10
OUT_OF_RANGE = 11
UNIMPLEMENTED = 12
INTERNAL = 13
UNAVAILABLE = 14
DATA_LOSS = 15
UNAUTHENTICATED = 16

for _name in [name for name in globals() if name.isupper() and name[0] != "_"]:
    export_value("errors." + _name, __name__, _name)

_PACKAGE = os.path.dirname(os.path.dirname(os.path.abspath(__file__))) + os.sep
# Frames of these stand between the user and an op made inside a `with` or a decorator.
_PLUMBING = (os.sep + "contextlib.py", os.sep + "functools.py")


def user_frame(traceback):
    """The innermost frame of `traceback` that is the user's own code, or None.

    `traceback` is a sequence of (filename, lineno, function_name, source_line), newest last;
    frames inside the graphflow package and interpreter plumbing are passed over.
    """
    for frame in reversed(traceback or ()):
        filename = frame[0]
        if filename.startswith(("<frozen", _PACKAGE)) or filename.endswith(_PLUMBING):
            continue
        return frame
    return None


def _location(op):
    """The line of an error's text that names where `op` was made, or ""."""
    frame = user_frame(getattr(op, "traceback", None))
    if frame is None:
        return ""
    filename, line, function, source = frame[:4]
    text = f'  defined at: File "{filename}", line {line}, in {function}'
    return f"{text}: {source.strip()}" if source else text


@tf_export("errors.OpError", "OpError")
class OpError(Exception):
    """A failure of an operation while a graph runs; the base of all `tf.errors` classes.

    `node_def` and `op` are the NodeDef and the Operation that failed (None if unknown),
    `message` says what went wrong and `error_code` is one of the `tf.errors` constants.

        try:
            sess.run(y)
        except tf.errors.OpError as e:
            print(e.message, e.op.name)
    """

    def __init__(self, node_def, op, message, error_code):
        super().__init__(message)
        self._node_def = node_def
        self._op = op
        self._message = message
        self._error_code = error_code
        self._origin = None

    @property
    def node_def(self):
        """The NodeDef of the operation that failed, or None."""
        if self._node_def is None and self._op is not None:
            return self._op.node_def
        return self._node_def

    @property
    def op(self):
        """The Operation that failed, or None where no operation of the graph is to blame."""
        return self._op

    @property
    def message(self):
        """What went wrong, without the place where the op was made."""
        return self._message

    @property
    def error_code(self):
        """The integer code (`tf.errors.NOT_FOUND`...)."""
        return self._error_code

    def __str__(self):
        message = str(self._message)
        where = _location(self._op) if self._origin is None else self._origin
        if not where:
            return message
        first, newline, rest = message.partition("\n")
        return f"{first}\n{where}{newline}{rest}"

    def _arguments(self, op):
        values = {"node_def": self._node_def, "op": op}
        names = list(inspect.signature(type(self).__init__).parameters)[1:]
        return tuple(values[n] if n in values else getattr(self, n) for n in names)

    def __copy__(self):
        return type(self)(*self._arguments(self._op))

    def __deepcopy__(self, memo):
        return copy.copy(self)

    def __reduce__(self):
        # An Operation belongs to a graph of this process: what travels is the place it came from.
        return type(self), self._arguments(None), {"_origin": _location(self._op)}


class _CodedError(OpError):
    """An OpError whose class fixes its code."""

    _code = UNKNOWN

    def __init__(self, node_def, op, message):
        super().__init__(node_def, op, message, self._code)


@tf_export("errors.CancelledError")
class CancelledError(_CodedError):
    """The operation or step was cancelled: a session or queue was closed while it waited."""

    _code = CANCELLED


@tf_export("errors.UnknownError")
class UnknownError(OpError):
    """A failure of no known class, such as an exception inside a `tf.py_func`."""

    def __init__(self, node_def, op, message, error_code=UNKNOWN):
        super().__init__(node_def, op, message, error_code)


@tf_export("errors.InvalidArgumentError")
class InvalidArgumentError(_CodedError):
    """An input of an operation is wrong whatever the state: a bad shape, index or feed."""

    _code = INVALID_ARGUMENT


@tf_export("errors.DeadlineExceededError")
class DeadlineExceededError(_CodedError):
    """The step did not finish within `RunOptions.timeout_in_ms` or the session's timeout."""

    _code = DEADLINE_EXCEEDED


@tf_export("errors.NotFoundError")
class NotFoundError(_CodedError):
    """A file, a checkpoint entry, a resource or another thing asked for does not exist."""

    _code = NOT_FOUND


@tf_export("errors.AlreadyExistsError")
class AlreadyExistsError(_CodedError):
    """A thing to be made (a file, a resource) is there already."""

    _code = ALREADY_EXISTS


@tf_export("errors.PermissionDeniedError")
class PermissionDeniedError(_CodedError):
    """The program may not do this, for instance read a file it has no rights to."""

    _code = PERMISSION_DENIED


@tf_export("errors.UnauthenticatedError")
class UnauthenticatedError(_CodedError):
    """The request carries no valid credentials."""

    _code = UNAUTHENTICATED


@tf_export("errors.ResourceExhaustedError")
class ResourceExhaustedError(_CodedError):
    """Memory, disk space or another resource ran out."""

    _code = RESOURCE_EXHAUSTED


@tf_export("errors.FailedPreconditionError")
class FailedPreconditionError(_CodedError):
    """The state is not ready for the operation: most often a variable is not initialised."""

    _code = FAILED_PRECONDITION


@tf_export("errors.AbortedError")
class AbortedError(_CodedError):
    """The operation was given up, typically because of a concurrent action; it may be retried."""

    _code = ABORTED


@tf_export("errors.OutOfRangeError")
class OutOfRangeError(_CodedError):
    """There is nothing left: the end of a file, a dataset or a closed queue was reached."""

    _code = OUT_OF_RANGE


@tf_export("errors.UnimplementedError")
class UnimplementedError(_CodedError):
    """The operation is not supported with these arguments."""

    _code = UNIMPLEMENTED


@tf_export("errors.InternalError")
class InternalError(_CodedError):
    """An invariant of the runtime is broken: a bug in GraphFlow."""

    _code = INTERNAL


@tf_export("errors.UnavailableError")
class UnavailableError(_CodedError):
    """A service is not available at present."""

    _code = UNAVAILABLE


@tf_export("errors.DataLossError")
class DataLossError(_CodedError):
    """Data are lost or corrupt, for instance a truncated record file."""

    _code = DATA_LOSS


_CODE_TO_CLASS = {cls._code: cls for cls in _CodedError.__subclasses__()}
_CODE_TO_CLASS[UNKNOWN] = UnknownError
_CLASS_TO_CODE = {cls: code for code, cls in _CODE_TO_CLASS.items()}


@tf_export("errors.exception_type_from_error_code")
def exception_type_from_error_code(error_code):
    """The exception class of a code; KeyError for OK and for unknown codes."""
    return _CODE_TO_CLASS[error_code]


@tf_export("errors.error_code_from_exception_type")
def error_code_from_exception_type(cls):
    """The code of an exception class; warns and returns an UnknownError for other classes."""
    if cls in _CLASS_TO_CODE:
        return _CLASS_TO_CODE[cls]
    warnings.warn("Unknown class exception", stacklevel=2)
    return UnknownError(None, None, "Unknown class exception", None)
