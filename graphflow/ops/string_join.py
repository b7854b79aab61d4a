"""Joining strings element by element. Holds no state."""

from graphflow.framework import raw_ops, shapes
from graphflow.framework.api import tf_export
from graphflow.framework.op_def import NotDifferentiable, register_op


def _shape(c):
    """Scalars go with everything; the others must have one shape."""
    if None in c.shapes:
        return [None]
    result = ()
    for shape in c.shapes:
        if shape:
            result = shapes.merge_shapes(result, shape) if result else shape
    return [result]


register_op(
    "StringJoin",
    inputs="inputs: N * string",
    outputs="output: string",
    attrs="N: int >= 1; separator: string = ''",
    shape=_shape,
)
NotDifferentiable("StringJoin")


@tf_export("strings.join", "string_join")
def string_join(inputs, separator="", name=None):
    """Joins the strings at the same places of all `inputs`; scalars go with every place.

    Example:
      >>> import graphflow as tf
      >>> with tf.Session() as sess:
      ...     print(sess.run(tf.strings.join([["a", "b"], "c"], separator="-")))
      [b'a-c' b'b-c']
    """
    return raw_ops.StringJoin(inputs, separator=separator, name=name)
