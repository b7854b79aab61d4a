"""Session: runs graphs. Binds fetches and feeds to plans and keeps what lives between runs.

State: the session's resources (variables and others), and the runs bound so far by fetches and fed
tensors. The per-run path is a dictionary look-up, feed conversion and the executor.
"""

import collections
import contextlib
import os
import threading
import warnings
import weakref

from graphflow.client import feeds
from graphflow.client import fetches as fetching
from graphflow.client.bound_run import BoundRun
from graphflow.client.partial_run import PartialRuns
from graphflow.client.tensor_handle import with_handles
from graphflow.client.tracing import run_traced
from graphflow.framework import scopes
from graphflow.framework.api import tf_export
from graphflow.framework.operation import Operation
from graphflow.framework.tensor import Tensor
from graphflow.runtime import clusters
from graphflow.runtime.devices import available_devices
from graphflow.runtime.resources import ResourceManager

_GROWTH_LIMIT = 100
# Runs that a session remembers: more than any program alternates between, few enough to keep.
_MAX_EXECUTORS = 512
_LEAVES = (Tensor, Operation, str)


class BaseSession:
    """What Session and InteractiveSession share.

    Args:
      target: "", or the target of a tf.train.Server of this process. graph: default graph if None.
      config: a ConfigProto.
    Raises TypeError if an argument is of a wrong type, NotFoundError for another target.
    """

    def __init__(self, target="", graph=None, config=None):
        self._graph = scopes.get_default_graph() if graph is None else graph
        if not hasattr(self._graph, "as_graph_element"):
            raise TypeError(f"graph must be a tf.Graph, but got {type(graph)}")
        if not isinstance(target, (str, bytes, type(None))):
            raise TypeError(f"target must be a string, but got {type(target)}")
        if config is not None and not hasattr(config, "SerializeToString"):
            raise TypeError(f"config must be a tf.ConfigProto, but got {type(config)}")
        self._target = target.decode() if isinstance(target, bytes) else target or ""
        self._cluster = clusters.find(self._target) if self._target else None
        self._config = config
        if self._cluster is None:
            self._resources = ResourceManager()
        else:
            # The cluster's devices are this process's, whatever jobs they are asked for.
            self._config = type(config).FromString(config.SerializeToString()) if config else _new_config()
            self._config.allow_soft_placement = True
            self._resources = self._cluster.resources
        self._lock = threading.Lock()
        self._runs = {}  # (fetch key, *feed keys) -> BoundRun: the fast path
        self._bound = collections.OrderedDict()  # (tensors, operations, fed tensors) -> executor, recent last
        self._mutations = self._graph._mutations
        self._closed = False
        self._growth = {}  # (file, line) -> how often it made the graph grow between runs
        self._seen = 0
        self._partial = PartialRuns(self)
        _sessions.add(self)

    # ---- properties

    @property
    def graph(self):
        """The graph that this session runs."""
        return self._graph

    @property
    def graph_def(self):
        """The graph as a GraphDef."""
        return self._graph.as_graph_def(add_shapes=self._config is not None and self._config.graph_options.infer_shapes)

    @property
    def sess_str(self):
        """The target."""
        return self._target.encode()

    def list_devices(self):
        """The devices there are, as DeviceAttributes."""
        self._check_open()
        return available_devices(self._config)

    def as_default(self):
        """Context manager that makes this the default session (it does not close it)."""
        return scopes.default_session(self)

    # ---- running

    def run(self, fetches, feed_dict=None, options=None, run_metadata=None):
        """Runs what `fetches` needs and returns its values in the same structure.

        Args:
          fetches: Tensor, Operation, name, variable, or any nesting of lists, tuples, namedtuples and
            dicts of them. Operations give None.
          feed_dict: {tensor or name: value}; any tensor of the graph may be fed.
          options: RunOptions (trace_level, timeout_in_ms). run_metadata: RunMetadata to fill.
        Returns NumPy arrays (scalars for shape ()), owned by the caller.
        Raises RuntimeError if the session is closed; TypeError/ValueError for fetches or feeds that
        don't fit; tf.errors.OpError if an operation fails.
        """
        if options is not None or run_metadata is not None:
            return run_traced(self, fetches, feed_dict, options, run_metadata)
        try:
            fetched = fetches if type(fetches) in _LEAVES else fetching.key(fetches)
            key = (fetched, *feed_dict) if feed_dict else (fetched, None)
            bound = self._runs.get(key)
        except TypeError:
            key, bound = None, None
        if bound is None or self._mutations != self._graph._mutations or self._closed:
            bound, values = self._prepare(fetches, feed_dict, key)
            return bound.run(values)
        if feed_dict:
            return bound.run(feed_dict.values())
        return bound.run(())

    def _prepare(self, fetches, feed_dict, key):
        """The BoundRun and the feed values for a run that the fast path doesn't know."""
        self._check_open()
        if not self._graph._operations:
            raise RuntimeError("The Session graph is empty.  Add operations to the graph before calling run().")
        if feed_dict is not None and not hasattr(feed_dict, "items"):
            raise TypeError(f"feed_dict must be a dictionary, got {type(feed_dict).__name__}")
        pairs = feeds.flatten(feed_dict) if feed_dict else []
        fed = {}
        for name, value in pairs:
            fed[feeds.feed_element(self._graph, name)] = value
        mapper = fetching.FetchMapper(self._graph, fetches)
        bound = self._bind(mapper, tuple(fed))
        plain = key is not None and len(pairs) == len(fed) == len(feed_dict or ()) and not any(
            isinstance(k, tuple) for k in feed_dict or ())
        if plain:
            self._remember(key, bound)
        return bound, fed.values()

    def _remember(self, key, bound):
        if len(self._runs) > _MAX_EXECUTORS:
            self._runs.clear()
        self._runs[key] = bound

    def _bind(self, mapper, fed):
        """The BoundRun for these elements; equal requests share an executor, in whatever order they feed."""
        ordered = tuple(sorted(fed, key=lambda tensor: tensor.name))
        with self._lock:
            self._check_open()      # again: it may have been closed while this thread waited for the lock
            if self._mutations != self._graph._mutations:
                self._runs.clear()
                self._bound.clear()
                self._mutations = self._graph._mutations
            key = (tuple(mapper.tensors), tuple(mapper.operations), ordered)
            executor = self._bound.get(key)
            if executor is None:
                self._watch_growth()
                executor = self._bound[key] = BoundRun.make_executor(self, mapper.tensors, mapper.operations, ordered)
                while len(self._bound) > _MAX_EXECUTORS:
                    self._bound.popitem(last=False)
            self._bound.move_to_end(key)
            timeout = self._config.operation_timeout_in_ms if self._config is not None else 0
            rebuild = with_handles(self, mapper.tensors, mapper.rebuild)
            return BoundRun(executor, [feeds.FeedSlot(t) for t in fed], rebuild, [fed.index(t) for t in ordered],
                            timeout)

    def _watch_growth(self):
        """Warns once when one line of the user's program keeps adding operations between runs."""
        last = self._graph._operations[-1]
        seen, self._seen = self._seen, len(self._graph._operations)
        line = last.user_line()
        if not seen or seen == self._seen or line is None:
            return
        count = self._growth[line[:2]] = self._growth.get(line[:2], 0) + 1
        if count == _GROWTH_LIMIT:
            warnings.warn(
                f"The graph grew between {count} runs of this session, each time at {line[0]}:{line[1]} ({line[2]}). "
                "Build the graph once, before the loop, and feed what changes; graph.finalize() finds such lines.",
                RuntimeWarning, stacklevel=5)

    def make_callable(self, fetches, feed_list=None, accept_options=False):
        """A function that runs `fetches`, taking the values for `feed_list` in order.

        With `accept_options` it takes `options` and `run_metadata` as keyword arguments.
        """
        if feed_list is not None and not isinstance(feed_list, (list, tuple)):
            raise TypeError("`feed_list` must be a list or tuple.")
        self._check_open()
        fed = tuple(feeds.feed_element(self._graph, key) for key in feed_list or ())
        bound = self._bind(fetching.FetchMapper(self._graph, fetches), fed)

        def call(*values, options=None, run_metadata=None):
            if len(values) != len(fed):
                raise TypeError(f"This callable takes {len(fed)} feeds, got {len(values)}")
            self._check_open()
            if options is not None or run_metadata is not None:
                if not accept_options:
                    raise TypeError("options and run_metadata need make_callable(..., accept_options=True)")
                return run_traced(self, fetches, dict(zip(fed, values)), options, run_metadata)
            return bound.run(values)

        return call

    def explain(self, fetches, feed_dict=None, profile=False):
        """The plan that `run(fetches, feed_dict)` executes, as a readable table (a string).

        Says how many nodes each pass removed and how much memory the run takes; then for each node what
        it makes, where in memory, and whether a native kernel (alone or fused with others), the reference
        kernel or nothing at all (folded, aliased) runs for it; with `profile`, how long it takes. In a
        notebook it shows as a page with a picture of the memory.
        """
        from graphflow.client.explain import explain

        self._check_open()
        return explain(self, fetches, feed_dict or {}, profile)

    def partial_run_setup(self, fetches, feeds=None):
        """Sets up a run that is done in parts; returns its handle. See `partial_run`."""
        self._check_open()
        return self._partial.setup(fetches, feeds)

    def partial_run(self, handle, fetches, feed_dict=None):
        """Continues the run `handle` with more feeds, returning `fetches`; nothing runs twice."""
        self._check_open()
        return self._partial.run(handle, fetches, feed_dict)

    # ---- end of life

    def _check_open(self):
        if self._closed:
            raise RuntimeError("Attempted to use a closed Session.")

    def close(self):
        """Releases the session's variables and wakes whatever waits in it."""
        with self._lock:
            if self._closed:
                return
            self._closed = True
            executors = list(self._bound.values())
            self._runs.clear()
            self._bound.clear()
        if self._cluster is None:
            self._resources.close()
        for executor in executors:
            executor.cancel()
        if self._cluster is None:
            self._resources.clear()


def _new_config():
    from graphflow import protobuf

    return protobuf.ConfigProto()


_sessions = weakref.WeakSet()


def _after_fork():
    """In a forked child, threads that held a session's lock do not exist."""
    for session in list(_sessions):
        session._lock = threading.Lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)


@tf_export("Session")
class Session(BaseSession):
    """Runs operations of a graph.

    Example:
      >>> import graphflow as tf
      >>> c = tf.constant(5.0) * 6.0
      >>> with tf.Session() as sess:
      ...     print(sess.run(c))
      30.0
    """

    def __init__(self, target="", graph=None, config=None):
        super().__init__(target, graph, config)
        self._entered = None

    def __enter__(self):
        if self._entered is not None:
            raise RuntimeError("Session context managers are not re-entrant. Use `Session.as_default()` if you want to "
                               "enter a session multiple times.")
        self._entered = contextlib.ExitStack()
        self._entered.enter_context(self.graph.as_default())
        self._entered.enter_context(self.as_default())
        return self

    def __exit__(self, *error):
        entered, self._entered = self._entered, None
        try:
            entered.__exit__(*error)
        finally:
            self.close()

    @staticmethod
    def reset(target, containers=None, config=None):
        """Resets a remote target's containers; in-process sessions have none, so this raises."""
        raise ValueError("Session.reset() needs a remote target; GraphFlow runs in this process only.")


@tf_export("InteractiveSession")
class InteractiveSession(BaseSession):
    """A Session that makes itself the default on construction, for shells and notebooks."""

    def __init__(self, target="", graph=None, config=None):
        super().__init__(target, graph, config)
        self._graph_context = None
        if graph is not None:
            self._graph_context = graph.as_default()
            self._graph_context.__enter__()
        scopes.push_session(self)

    def close(self):
        """Closes the session and stops being the default."""
        super().close()
        scopes.pop_session(self)
        if self._graph_context is not None:
            context, self._graph_context = self._graph_context, None
            context.__exit__(None, None, None)
