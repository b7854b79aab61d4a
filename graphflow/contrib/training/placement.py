"""Strategies for `tf.train.replica_device_setter`: which parameter server an operation goes to.

State of a GreedyLoadBalancingStrategy: the load of each server so far.
"""

import hashlib

import numpy as np

import graphflow as tf
from graphflow.framework.api import tf_export


@tf_export("contrib.training.RandomStrategy")
class RandomStrategy:
    """Spreads operations over `num_ps_tasks` servers by their names' hashes, the same in every run for a `seed`."""

    def __init__(self, num_ps_tasks, seed=0):
        self._num_tasks = num_ps_tasks
        self._seed = seed

    def __call__(self, op):
        """Number of the server for an operation."""
        key = f"{op.name}_{self._seed}".encode()
        return int(hashlib.md5(key, usedforsecurity=False).hexdigest(), 16) % self._num_tasks


@tf_export("contrib.training.GreedyLoadBalancingStrategy")
class GreedyLoadBalancingStrategy:
    """Gives each operation to the server with the least load so far.

    Args: num_tasks: number of servers. load_fn: function from an operation to its load, as `byte_size_load_fn`.

    Example:
      >>> import graphflow as tf
      >>> balanced = tf.contrib.training.GreedyLoadBalancingStrategy(2, tf.contrib.training.byte_size_load_fn)
      >>> with tf.device(tf.train.replica_device_setter(ps_tasks=2, ps_strategy=balanced)):
      ...     variables = [tf.get_variable(f"w{size}", [size]) for size in (100, 10, 20)]
      >>> print([v.device for v in variables])
      ['/job:ps/task:0', '/job:ps/task:1', '/job:ps/task:1']
    """

    def __init__(self, num_tasks, load_fn):
        self._num_tasks = num_tasks
        self._load_fn = load_fn
        self._ps_loads = np.zeros(num_tasks)

    def __call__(self, op):
        """Number of the server for an operation."""
        task = np.argmin(self._ps_loads)
        self._ps_loads[task] += self._load_fn(op)
        return task


@tf_export("contrib.training.byte_size_load_fn")
def byte_size_load_fn(op):
    """How many bytes the output of an operation has, for example of a variable's.

    Raises ValueError unless there is one output, of a known shape.
    """
    if len(op.outputs) != 1:
        raise ValueError(f"Op {op} must have a single output")
    output, = op.outputs
    shape = output.shape
    if not shape.is_fully_defined():
        # The strategy sees operations before shapes are inferred; variables say theirs in an attribute.
        shape = tf.TensorShape(op.get_attr("shape"))
    shape.assert_is_fully_defined()
    return shape.num_elements() * output.dtype.size
