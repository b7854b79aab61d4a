"""Stacks that belong to a thread: the default graph and the default session.

Name, device, control and colocation scopes belong to a graph and stand in `graph_scopes.py`.
State: one stack of graphs and one of sessions per thread, and the process-wide fallback graph.
"""

import contextlib
import threading

from graphflow.framework.api import tf_export


class _Stacks(threading.local):
    def __init__(self):
        self.graphs = []
        self.sessions = []


_stacks = _Stacks()
_global_graph = None


@tf_export("get_default_graph")
def get_default_graph():
    """The graph that new ops of this thread go to."""
    if _stacks.graphs:
        return _stacks.graphs[-1]
    global _global_graph
    if _global_graph is None:
        _global_graph = _new_graph()
    return _global_graph


def _new_graph():
    from graphflow.framework.graph import Graph

    return Graph()


@tf_export("reset_default_graph")
def reset_default_graph():
    """Replaces the global default graph by an empty one.

    Raises AssertionError inside of `with graph.as_default()`.
    """
    if _stacks.graphs:
        raise AssertionError(
            "Do not use tf.reset_default_graph() to clear nested graphs. If you need a cleared graph, "
            "exit the nesting and create a new graph."
        )
    global _global_graph
    _global_graph = _new_graph()


@contextlib.contextmanager
def default_graph(graph):
    """Makes `graph` the default of this thread."""
    _stacks.graphs.append(graph)
    try:
        yield graph
    finally:
        if not _stacks.graphs or _stacks.graphs[-1] is not graph:
            raise AssertionError("Nesting violated for the default stack of graphs")
        _stacks.graphs.pop()


@tf_export("get_default_session")
def get_default_session():
    """The innermost session entered by this thread, or None."""
    return _stacks.sessions[-1] if _stacks.sessions else None


@contextlib.contextmanager
def default_session(session):
    """Makes `session` the default of this thread."""
    push_session(session)
    try:
        yield session
    finally:
        pop_session(session)


def push_session(session):
    """Enters `session` until `pop_session` (InteractiveSession)."""
    _stacks.sessions.append(session)


def pop_session(session):
    """Leaves `session`, wherever it stands in the stack."""
    if session in _stacks.sessions:
        _stacks.sessions.reverse()
        _stacks.sessions.remove(session)
        _stacks.sessions.reverse()


def require_session(session, graph, purpose):
    """`session` or the default one, checked to hold `graph`; ValueError if there is none."""
    if session is None:
        session = get_default_session()
        if session is None:
            raise ValueError(
                f"Cannot {purpose} using `eval()` or `run()`: No default session is registered. "
                "Use `with sess.as_default()` or pass an explicit session."
            )
    if session.graph is not graph:
        raise ValueError(
            f"Cannot use the given session to {purpose}: the element's graph is different from the session's graph."
        )
    return session
