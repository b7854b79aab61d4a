"""Reference kernels of `graphflow/ops/debugging.py`: text as TensorFlow writes it."""

import logging
import sys
import threading

import numpy as np

from graphflow.framework import errors

from ..registry import reference
from .tensor_text import summarize, summarize_ends


class _Counter:
    """How often a Print node has printed in a session."""

    def __init__(self):
        self._lock = threading.Lock()
        self._count = 0

    def below(self, limit):
        """Counts one more, unless `limit` is reached."""
        with self._lock:
            if self._count >= limit:
                return False
            self._count += 1
            return True


@reference.kernel("Print")
def print_(ctx):
    """Passes its input on, after one line on standard error."""
    message, first_n, entries = ctx.attr("message").decode(), ctx.attr("first_n"), ctx.attr("summarize")
    counter = None
    if first_n >= 0:
        counter = _Counter() if ctx.resources is None else ctx.resources.get(("Print", ctx.op_name), _Counter)

    def run(value, *data):
        if counter is None or counter.below(first_n):
            text = message + "".join(f"[{summarize(item, entries)}]" for item in data)
            print(text, file=sys.stderr, flush=True)
        return value

    return run


def _writer(stream):
    """A function that writes text and line end to the stream of an attribute."""
    if stream.startswith("file://"):

        def append(text, end):
            with open(stream[len("file://"):], "a", encoding="utf-8") as file:
                file.write(text + end)

        return append
    if stream.startswith("log("):
        level = {"info": logging.INFO, "warning": logging.WARNING, "error": logging.ERROR}[stream[4:-1]]
        return lambda text, end: logging.getLogger("tensorflow").log(level, "%s", text)
    return lambda text, end: print(text, end=end, file=getattr(sys, stream), flush=True)


@reference.kernel("PrintV2")
def print_v2(ctx):
    """Writes a string to a stream, a log or a file."""
    write, end = _writer(ctx.attr("output_stream").decode()), ctx.attr("end").decode()

    def run(text):
        write(text[()].decode(errors="replace"), end)

    return run


@reference.kernel("StringFormat")
def string_format(ctx):
    """The template with tensors in the places of its placeholders."""
    parts = ctx.attr("template").decode().split(ctx.attr("placeholder").decode())
    entries = ctx.attr("summarize")

    def run(*inputs):
        pieces = [parts[0]]
        for value, part in zip(inputs, parts[1:]):
            pieces += [summarize_ends(value, entries), part]
        result = np.empty((), object)
        result[()] = "".join(pieces).encode()
        return result

    return run


@reference.kernel("Assert")
def assert_(ctx):
    """Raises with the data unless the condition holds."""
    entries = ctx.attr("summarize")

    def run(condition, *data):
        if np.size(condition) != 1:
            raise errors.InvalidArgumentError(None, None, f"In[0] should be a scalar: {list(condition.shape)}")
        if not condition:
            raise errors.InvalidArgumentError(
                None, None, "assertion failed: " + " ".join(f"[{summarize(item, entries)}]" for item in data))

    return run


@reference.kernel("CheckNumerics")
def check_numerics(ctx):
    """Passes finite tensors on."""
    message = ctx.attr("message").decode()

    def run(value):
        if not np.isfinite(value).all():
            found = [name for name, test in (("Inf", np.isinf), ("NaN", np.isnan)) if test(value).any()]
            raise errors.InvalidArgumentError(None, None, f"{message} : Tensor had {' and '.join(found)} values")
        return value

    return run
