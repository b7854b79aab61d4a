"""`tf.create_partitioned_variables`: slices of a variable as a plain list. Holds no state."""

from graphflow.framework import dtypes
from graphflow.framework.api import tf_export
from graphflow.framework.graph_scopes import name_scope
from graphflow.ops import variable_store
from graphflow.ops.variable_scope import variable_scope


@tf_export("create_partitioned_variables")
def create_partitioned_variables(shape, slicing, initializer, dtype=dtypes.float32, trainable=True,
                                 collections=None, name=None, reuse=None):
    """The slices of a variable of `shape`, cut into `slicing[axis]` parts along one axis.

    Args: initializer: a tensor of the whole shape, or a function of a slice's shape and dtype. name: scope
      of the slices, "PartitionedVariable" by default. reuse: as in `tf.variable_scope`.
    Raises ValueError if the shape is scalar or `slicing` does not fit it.
    """
    if len(shape) != len(slicing):
        raise ValueError("The 'shape' and 'slicing' of a partitioned Variable must have the length: "
                         f"shape: {shape}, slicing: {slicing}")
    if len(shape) < 1:
        raise ValueError(f"A partitioned Variable must have rank at least 1: shape: {shape}")
    with variable_scope(name, "PartitionedVariable", reuse=reuse) as scope, name_scope(None):
        whole = variable_store.default_store().get_partitioned(
            scope.name, lambda **_: slicing, shape=shape, dtype=dtype, initializer=initializer,
            reuse=scope.reuse, trainable=trainable, collections=collections)
    return list(whole)
