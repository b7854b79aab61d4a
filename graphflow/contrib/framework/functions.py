"""`tf.contrib.framework.py_func`: functions of NumPy arrays with structures of arguments and results. No state."""

import graphflow as tf
from graphflow.framework import nest
from graphflow.framework.api import tf_export
from graphflow.framework.nest_shallow import assert_shallow_structure, map_structure_up_to


@tf_export("contrib.framework.py_func")
def py_func(func, args=(), kwargs=None, output_types=None, output_shapes=None, stateful=True, name=None):
    """Calls a Python function on the values of tensors; see `tf.py_func`.

    Args:
      func: function of NumPy arrays, in the structure of the arguments, that returns arrays in that of `output_types`.
      args: list of tensors or structures of them. kwargs: dict of them, for arguments by name.
      output_types: structure of dtypes, or a function of the arguments that returns it. output_shapes: structure of
        shapes, or function. stateful: whether equal calls are all made.
    Returns tensors in the structure of `output_types`.
    Raises TypeError unless `args` is a list or tuple and `kwargs` a dict.
    """
    kwargs = {} if kwargs is None else kwargs
    if not isinstance(args, (list, tuple)):
        raise TypeError(f"args must be list and not {type(args)}. args: {args}")
    if not isinstance(kwargs, dict):
        raise TypeError(f"kwargs must be dict and not {type(kwargs)}. args: {kwargs}")
    if callable(output_types):
        output_types = output_types(*args, **kwargs)
    if callable(output_shapes):
        output_shapes = output_shapes(*args, **kwargs)
    given = args, kwargs

    def on_arrays(*arrays):
        args, kwargs = nest.pack_sequence_as(given, arrays)
        result = func(*args, **kwargs)
        assert_shallow_structure(output_types, result)
        return nest.flatten(result)

    values = tf.py_func(on_arrays, nest.flatten(given), nest.flatten(output_types), stateful=stateful, name=name)
    if output_shapes is not None:
        shapes = map_structure_up_to(output_types, tf.TensorShape, output_shapes)
        for value, shape in zip(values, nest.flatten(shapes), strict=True):
            value.set_shape(shape)
    return nest.pack_sequence_as(output_types, values)
