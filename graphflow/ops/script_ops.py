"""Calling Python functions from the graph. Holds no state: functions live with their graph."""

from graphflow.framework import errors, py_functions, raw_ops, scopes, shapes
from graphflow.framework.api import tf_export
from graphflow.framework.op_def import NotDifferentiable, register_op

_ATTRS = "token: string; Tin: list(type) >= 0; Tout: list(type) >= 0"

register_op("PyFunc", inputs="input: Tin", outputs="output: Tout", attrs=_ATTRS, shape=shapes.unknown,
            stateful=True, blocking=True)
register_op("PyFuncStateless", inputs="input: Tin", outputs="output: Tout", attrs=_ATTRS, shape=shapes.unknown,
            blocking=True)
NotDifferentiable("PyFunc")
NotDifferentiable("PyFuncStateless")


@tf_export("py_func")
def py_func(func, inp, Tout, stateful=True, name=None):
    """Calls a Python function on the values of tensors, and makes tensors of its results.

    Args:
      func: gets a copy of each value as an ndarray (scalars as NumPy scalars, strings as bytes) and
        returns an array or a list of them. inp: list of tensors. Tout: dtype of the result, or a list
        of them. stateful: if False, the call may be left out or merged with an equal one.
    Returns a tensor of unknown shape, or a list of them if `Tout` is a list. It has no gradient.
    Raises ValueError if `func` is not callable; when run, InvalidArgumentError if results don't have the
    dtypes `Tout`, and the tf.errors class nearest to what `func` raises.

    Example:
      >>> import graphflow as tf
      >>> tf.py_func(lambda x: x * 2, [tf.constant([1.0, 2.0])], tf.float32).dtype
      tf.float32
    """
    if not callable(func):
        raise ValueError(f"Expected func to be callable, got func of type {type(func)}")  # noqa: TRY004 - TensorFlow's class
    is_list = isinstance(Tout, (list, tuple))
    token = py_functions.register(func, scopes.get_default_graph())
    make = raw_ops.PyFunc if stateful else raw_ops.PyFuncStateless
    result = make(list(inp), token=token, Tout=list(Tout) if is_list else [Tout], name=name)
    return result if is_list else result[0]


@tf_export("numpy_function")
def numpy_function(func, inp, Tout, name=None):
    """`py_func` that is always stateful."""
    return py_func(func, inp, Tout, stateful=True, name=name)


@tf_export("py_function")
def py_function(func, inp, Tout, name=None):
    """Raises UnimplementedError: its function would get eager tensors. Use `py_func`."""
    raise errors.UnimplementedError(
        None, None, "tf.py_function hands eager tensors to its function, and GraphFlow has no eager execution: "
        "use tf.py_func or tf.numpy_function, whose function gets NumPy arrays.")
