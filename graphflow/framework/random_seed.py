"""Seeds of random ops: how the graph's seed and an op's seed make the two the kernel gets.

The rule is TensorFlow 1.15's, so that seeded programs draw TensorFlow's numbers. State: none
here, the graph-level seed is `Graph.seed`.
"""

from graphflow.framework.api import tf_export
from graphflow.framework.scopes import get_default_graph

DEFAULT_GRAPH_SEED = 87654321
_MODULUS = 2**31 - 1


@tf_export("random.get_seed", "get_seed")
def get_seed(op_seed):
    """The pair of seeds that an op with seed `op_seed` (an int or None) uses.

    * Neither the graph nor the op has a seed: ``(None, None)``, a fresh stream in every session.
    * Only the op: the default graph seed and the op's.
    * Only the graph: the graph's, and the number of ops created so far.
    * Both: both.

    Seeds are taken modulo 2**31 - 1. The pair (0, 0), which kernels understand as "unseeded",
    becomes (0, 2**31 - 1).
    """
    graph = get_default_graph()
    if graph.seed is None:
        if op_seed is None:
            return None, None
        seeds = DEFAULT_GRAPH_SEED, op_seed % _MODULUS
    else:
        if op_seed is None:
            op_seed = graph._last_id
        seeds = graph.seed % _MODULUS, op_seed % _MODULUS
    return (0, _MODULUS) if seeds == (0, 0) else seeds


@tf_export("random.set_random_seed", "set_random_seed")
def set_random_seed(seed):
    """Sets the graph-level seed of the default graph: ops created from now on are repeatable.

    Example:
      >>> import graphflow as tf
      >>> with tf.Graph().as_default():
      ...     tf.set_random_seed(1234)
      ...     tf.get_seed(7)
      (1234, 7)
    """
    get_default_graph().seed = seed
