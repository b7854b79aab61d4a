"""`tf.parallel_stack`: tensors of known shape under each other. Holds no state."""

from graphflow.framework import public as tf
from graphflow.framework import raw_ops, shapes
from graphflow.framework.api import tf_export
from graphflow.framework.convert import convert_to_tensor
from graphflow.framework.graph_scopes import name_scope
from graphflow.framework.op_def import NotDifferentiable, register_op
from graphflow.framework.tensor_shape import TensorShape


def _concat_shape(c):
    wanted = c.attr("shape")
    if not shapes.is_full(wanted):
        raise ValueError("shape attr must be fully defined.")
    for shape in c.shapes:
        shapes.merge_shapes(shape, (1, *wanted[1:]))
    return [wanted]


register_op("ParallelConcat", inputs="values: N * T", outputs="output: T", attrs="N: int >= 1; T: type; shape: shape",
            shape=_concat_shape)
NotDifferentiable("ParallelConcat")


@tf_export("parallel_stack")
def parallel_stack(values, name="parallel_stack"):
    """Tensors of one known shape, stacked along a new first dimension. It has no gradient: see `tf.stack`.

    Example:
      >>> import graphflow as tf
      >>> tf.parallel_stack([tf.zeros([3]), tf.ones([3])]).shape
      TensorShape([Dimension(2), Dimension(3)])
    """
    with name_scope(name):
        shape = TensorShape([len(values)]).concatenate(convert_to_tensor(values[0]).get_shape())
        return raw_ops.ParallelConcat([tf.expand_dims(value, 0) for value in values], shape=shape)
