"""`If`, `While`, `For` and `Gradient` of `tensorflow.python.ops.functional_ops`: control flow of functions of lists.

They are `tf.cond` and `tf.while_loop` in another form; folds and scans stand in `mapping.py`. Holds no state.
"""

import inspect

from graphflow.framework import dtypes
from graphflow.framework import public as tf
from graphflow.framework.convert import convert_to_tensor
from graphflow.framework.gradients import gradients
from graphflow.framework.graph_scopes import name_scope
from graphflow.framework.operation import Operation
from graphflow.ops.cond import cond as conditional
from graphflow.ops.while_loop import while_loop


def _listed(result):
    """What a function of lists returned, as a list: nothing for an operation."""
    if isinstance(result, Operation):
        return []
    return list(result) if isinstance(result, (list, tuple)) else [result]


def _truth(value):
    """A scalar bool: numbers other than 0, strings and tensors that are not empty, are true."""
    value = convert_to_tensor(value)
    if value.dtype.base_dtype == dtypes.bool and value.shape.ndims in (0, None):
        return value
    if value.shape.ndims not in (0, None):
        return tf.greater(tf.size(value), 0)
    return tf.not_equal(value, "" if value.dtype.base_dtype == dtypes.string else 0)


def If(cond, inputs, then_branch, else_branch, name=None):
    """`then_branch(*inputs)` where `cond` is true, else `else_branch(*inputs)`: a list of tensors.

    Args: cond: scalar; a number is true unless it is 0, a string unless it is empty. inputs: list of tensors.
      then_branch, else_branch: functions of `inputs` (`Defun`s or plain ones) that return the same dtypes.

    Example:
      >>> import graphflow as tf
      >>> from graphflow.ops.functional import If
      >>> y, = If(tf.constant(3), [tf.constant(5.0)], lambda x: x + 1.0, lambda x: x - 1.0)
      >>> with tf.Session() as sess:
      ...     print(sess.run(y))
      6.0
    """
    inputs = [convert_to_tensor(value) for value in inputs]
    with name_scope(name, "If", inputs):
        return conditional(_truth(cond), lambda: _listed(then_branch(*inputs)), lambda: _listed(else_branch(*inputs)),
                           strict=True)


def While(input_, cond, body, name=None, hostmem=None):
    """The list of tensors `input_` after `body(*input_)` was taken for it as long as `cond(*input_)` was true.

    Args: cond: function that returns a scalar (see `If`), or a tensor that is true unless it is empty. body: function
      that returns as many tensors of the same dtypes. hostmem: accepted, without effect.
    """
    return list(while_loop(lambda *values: _truth(cond(*values)), lambda *values: _listed(body(*values)),
                           [convert_to_tensor(value) for value in input_], return_same_structure=True,
                           name=name or "While"))


def For(start, limit, delta, inputs, body, name=None, hostmem=None, rewrite_with_while=None):
    """The list of tensors `inputs` after `body(i, *inputs)` was taken for it, i from `start` to `limit` by `delta`.

    Args: start, limit, delta: int32 scalars; `delta` may be negative. body: function that returns as many tensors
      as there are `inputs`. hostmem, rewrite_with_while: accepted, without effect.
    """
    inputs = [convert_to_tensor(value) for value in inputs]
    with name_scope(name, "For", inputs):
        start, limit, delta = (convert_to_tensor(value, dtypes.int32) for value in (start, limit, delta))
        step = tf.abs(delta)
        # Rounded up, and none where `limit` lies in the other direction.
        count = tf.floordiv(tf.sign(delta) * (limit - start) + step - 1, step)
        return list(while_loop(
            lambda i, *values: i < count, lambda i, *values: [i + 1, *_listed(body(start + i * delta, *values))],
            [0, *inputs], return_same_structure=True))[1:]


def Gradient(inputs, f, name=None):
    """Gradients of the arguments of `f`: of the first N of `inputs`, given those of its M results, the last M.

    Returns a list of N tensors, zeros for arguments that have no gradient.
    """
    inputs = [convert_to_tensor(value) for value in inputs]
    with name_scope(name, "SymbolicGradient", inputs):
        types = getattr(f, "declared_input_types", None)
        count = len(inspect.signature(f).parameters) if types is None else len(types)
        xs = [tf.identity(value) for value in inputs[:count]]
        ys = _listed(f(*xs))
        if count + len(ys) != len(inputs):
            raise ValueError(f"{len(inputs)} inputs for a function of {count} arguments and {len(ys)} results.")
        found = gradients(ys, xs, grad_ys=inputs[count:])
        return [tf.zeros_like(x) if grad is None else grad for x, grad in zip(xs, found)]
