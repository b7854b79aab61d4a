"""Seeds of datasets: those of any op, as the tensors that dataset ops take. Holds no state."""

from graphflow.framework import dtypes
from graphflow.framework import public as tf
from graphflow.framework.convert import convert_to_tensor
from graphflow.framework.graph_scopes import name_scope


def seed_tensors(seed):
    """The two int64 tensors for an op seed (an int, a tensor or None), which follow `tf.get_seed`."""
    first, second = tf.get_seed(seed)
    first = convert_to_tensor(0 if first is None else first, dtypes.int64, name="seed")
    if second is None:
        return first, convert_to_tensor(0, dtypes.int64, name="seed2")
    with name_scope("seed2") as scope:
        second = convert_to_tensor(second, dtypes.int64)
        unseeded = tf.logical_and(tf.equal(first, 0), tf.equal(second, 0))
        second = tf.where(unseeded, tf.constant(2**31 - 1, dtypes.int64), second, name=scope)
    return first, second
