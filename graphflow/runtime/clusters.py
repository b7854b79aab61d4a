"""Clusters whose servers all run in this process: what their sessions share.

A server's address becomes the target of sessions; all sessions of one cluster have the same variables and queues,
as TensorFlow's have. State: the clusters that have servers.
"""

import itertools
import threading
import weakref

from graphflow.framework import errors
from graphflow.runtime.resources import ResourceManager

_lock = threading.Lock()
_ports = itertools.count(1)
_by_tasks = weakref.WeakValueDictionary()
_by_target = weakref.WeakValueDictionary()


class Cluster:
    """A cluster of this process. Attributes: resources: the ResourceManager of its sessions.

    Args: tasks: {(job, number): address}.
    """

    def __init__(self, tasks):
        self._tasks = dict(tasks)
        self._started = set()
        self.resources = ResourceManager()

    def start(self, task):
        """Notes that a task has a server here."""
        self._started.add(task)

    def check_complete(self):
        """UnimplementedError unless all tasks have servers in this process."""
        missing = sorted(set(self._tasks) - self._started)
        if missing:
            names = ", ".join(f"/job:{job}/task:{number}" for job, number in missing)
            raise errors.UnimplementedError(
                None, None, f"The cluster has tasks without a server in this process: {names}. GraphFlow runs in one "
                "process: start all servers there, or run the program without its cluster.")


def join(tasks, task):
    """(the Cluster of these tasks, the target of sessions for one of them)."""
    address = tasks[task]
    # Port 0 means any free one: such servers have clusters of their own.
    anonymous = address.rpartition(":")[2] == "0"
    with _lock:
        cluster = None if anonymous else _by_tasks.get(tuple(sorted(tasks.items())))
        if cluster is None:
            cluster = Cluster(tasks)
            if not anonymous:
                _by_tasks[tuple(sorted(tasks.items()))] = cluster
        target = f"grpc://localhost:in-process-{next(_ports)}" if anonymous else f"grpc://{address}"
        _by_target[target] = cluster
    return cluster, target


def find(target):
    """The Cluster that a session's target belongs to; NotFoundError without a server of this process there."""
    cluster = _by_target.get(target)
    if cluster is None:
        raise errors.NotFoundError(
            None, None, f"No session factory registered for the given session options: {{target: {target!r}}}. No "
            "tf.train.Server of this process has that target, and GraphFlow runs in this process only.")
    cluster.check_complete()
    return cluster
