"""`tf.raw_ops`: every op as a function of its inputs and attributes.

`raw_ops.MatMul(a, b, transpose_a=True, name="m")` adds one MatMul node. Wrappers and gradients use it
too: ops are found by name when called, so families need not import each other. State: the functions
made so far.
"""

import functools

from graphflow.framework.apply_op import apply_op
from graphflow.framework.op_def import get_op_def


def __getattr__(name):
    if name.startswith("_"):
        raise AttributeError(name)
    from graphflow.framework import errors

    try:
        op_def = get_op_def(name)
    except errors.NotFoundError as error:
        raise AttributeError(f"GraphFlow has no op of type {name!r}") from error
    function = functools.partial(apply_op, op_def)
    globals()[name] = function
    return function
