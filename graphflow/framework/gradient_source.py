"""Which call of `tf.gradients` is under way: what keeps its gradients apart from those of other calls.

A TensorArray has one array of gradients per call. Gradients of a loop's body are built by a call inside
a call, in the body's graph, and belong to the outer one. State: per thread, the calls under way.
"""

import contextlib
import threading

_local = threading.local()


@contextlib.contextmanager
def gradient_source(graph, scope):
    """Names a call of `gradients` in `graph` after its name scope, while it lasts."""
    outer = getattr(_local, "current", None)
    if outer is not None and outer[0] is not graph:
        _local.current = (graph, *outer[1:])  # in the graph of a body, in the course of the call
    else:
        _local.current = (graph, scope, graph)
    try:
        yield
    finally:
        _local.current = outer


def current_source():
    """(name of the call under way, graph that it was made in); ValueError outside of any."""
    current = getattr(_local, "current", None)
    if current is None:
        raise ValueError("This gradient function can only be called by tf.gradients.")
    return current[1:]
