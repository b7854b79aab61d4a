"""`tf.train.replica_device_setter`: which device each operation of a replicated program belongs on.

Holds no state but the strategies' own counters.
"""

from graphflow.framework.api import tf_export
from graphflow.framework.device_spec import DeviceSpec
from graphflow.platform import tf_logging as logging
from graphflow.training.server_lib import ClusterSpec

# What lives on parameter servers: variables and tables.
STANDARD_PS_OPS = (
    "Variable", "VariableV2", "AutoReloadVariable", "MutableHashTable", "MutableHashTableV2",
    "MutableHashTableOfTensors", "MutableHashTableOfTensorsV2", "MutableDenseHashTable", "MutableDenseHashTableV2",
    "VarHandleOp", "BoostedTreesEnsembleResourceHandleOp", "BoostedTreesQuantileStreamResourceHandleOp",
    "ResourceConditionalAccumulator",
)


class RoundRobinStrategy:
    """Spreads operations over `num_tasks` parameter servers in turn."""

    def __init__(self, num_tasks):
        self._num_tasks = num_tasks
        self._next_task = 0

    def __call__(self, op):
        task = self._next_task
        self._next_task = (task + 1) % self._num_tasks
        return task


@tf_export("train.replica_device_setter")
def replica_device_setter(ps_tasks=0, ps_device="/job:ps", worker_device="/job:worker", merge_devices=True,
                          cluster=None, ps_ops=None, ps_strategy=None):
    """A device function for `tf.device` that puts variables on parameter servers, the rest on the worker.

    Sessions without a tf.train.Server's target know no such jobs; those with one run everything in this process.

    Args:
      ps_tasks: number of parameter servers; or `cluster`, a ClusterSpec or what makes one, says it.
      ps_device, worker_device: the devices. merge_devices: fills in what the program asked for itself, instead
        of leaving that alone.
      ps_ops: list of the op types for parameter servers. ps_strategy: function from an op to a task's number,
        round robin by default.
    Returns: a function of an operation, or None without parameter servers.
    Raises TypeError if `cluster` is none or `ps_strategy` can't be called.

    Example:
      >>> import graphflow as tf
      >>> with tf.device(tf.train.replica_device_setter(ps_tasks=2)):
      ...     v, w = tf.Variable(1.0), tf.Variable(2.0)
      ...     x = v + w
      >>> print(v.device, w.device, x.device)
      /job:ps/task:0 /job:ps/task:1 /job:worker
    """
    if cluster is not None:
        jobs = ClusterSpec(cluster).as_dict()
        job = DeviceSpec.from_string(ps_device).job
        if jobs.get(job) is None:
            return None
        ps_tasks = len(jobs[job])
    if ps_tasks == 0:
        return None
    if not merge_devices:
        logging.warning("DEPRECATION: It is recommended to set merge_devices=true in replica_device_setter")
    if ps_strategy is None:
        ps_strategy = RoundRobinStrategy(ps_tasks)
    if not callable(ps_strategy):
        raise TypeError("ps_strategy must be callable")
    ps_ops = STANDARD_PS_OPS if ps_ops is None else ps_ops

    def device_function(op):
        if not merge_devices and op.device:
            return op.device
        asked = DeviceSpec.from_string(op.device or "")
        if ps_device and op.type in ps_ops:
            chosen = DeviceSpec.from_string(ps_device)
            if chosen.job and (not asked.job or asked.job == chosen.job):
                chosen.task = ps_strategy(op)
        else:
            chosen = DeviceSpec.from_string(worker_device or "")
        chosen.merge_from(asked)
        return chosen.to_string()

    return device_function
