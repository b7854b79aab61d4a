"""Reference kernels of `graphflow/ops/script_ops.py`: calls of the user's Python functions."""

import numpy as np

from graphflow.framework import dtypes, errors, py_functions

from ..registry import reference

# The names that TensorFlow's messages use for dtypes, where they differ from NumPy's.
_NAMES = {"float32": "float", "float64": "double", "float16": "half"}
# What the user's function raises -> what the caller of `run` sees.
_CLASSES = (
    (ValueError, errors.InvalidArgumentError), (TypeError, errors.InvalidArgumentError),
    (StopIteration, errors.OutOfRangeError), (MemoryError, errors.ResourceExhaustedError),
    (NotImplementedError, errors.UnimplementedError),
)


def _failure(error):
    """The tf.errors exception for what a user's function raised."""
    if isinstance(error, errors.OpError):
        return type(error)(None, None, error.message)
    kind = next((mapped for raised, mapped in _CLASSES if isinstance(error, raised)), errors.UnknownError)
    return kind(None, None, f"{type(error).__name__}: {error}")


def _as_array(value):
    """A result as an array that nobody else holds; strings as objects of bytes."""
    array = np.array(value)
    if array.dtype.kind in "SU":
        flat = [v.encode() if isinstance(v, str) else bytes(v) for v in array.ravel().tolist()]
        texts = np.empty(len(flat), object)
        texts[:] = flat
        return texts.reshape(array.shape)
    if array.dtype == object:
        flat = array.ravel()
        for i, item in enumerate(flat):
            if isinstance(item, str):
                flat[i] = item.encode()
            elif not isinstance(item, bytes):
                raise errors.UnimplementedError(None, None, f"Unsupported object type {type(item).__name__}")
        return flat.reshape(array.shape)
    return array


def _as_list(result):
    if result is None:
        return []
    return list(result) if isinstance(result, (tuple, list)) else [result]


def _type_name(name):
    return _NAMES.get(name, name)


@reference.kernel("PyFunc", "PyFuncStateless")
def py_func(ctx):
    """Calls the function on copies of the inputs and checks the dtypes of what it returns."""
    token = ctx.attr("token").decode()
    wanted = ctx.output_dtypes

    def run(*inputs):
        arguments = [np.array(value)[()] if np.ndim(value) == 0 else np.array(value) for value in inputs]
        try:
            result = py_functions.find(token)(*arguments)
        except Exception as error:
            raise _failure(error) from error
        values = [_as_array(value) for value in _as_list(result)]
        if len(values) != len(wanted):
            raise errors.InvalidArgumentError(
                None, None, f"{token} returns {len(values)} values, but expects to see {len(wanted)} values.")
        for i, (value, dtype) in enumerate(zip(values, wanted)):
            found = dtypes.as_dtype(value.dtype)
            if found != dtype:
                raise errors.InvalidArgumentError(
                    None, None, f"{i}-th value returned by {token} is {_type_name(found.name)}, but expects "
                    f"{_type_name(dtype.name)}")
        return tuple(values)

    return run
