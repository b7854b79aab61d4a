"""Failures of kernels, said so that a person can act on them.

First line: what is wrong, in which op, with which inputs. Second: the user's own line that made the
op. Types and attributes are TensorFlow's. Holds no state.
"""

import numpy as np

from graphflow.framework import errors, shapes
from graphflow.framework.graph import GraphKeys
from graphflow.framework.kernel_loader import kernels


def raise_for(op, error, inputs):
    """Raises the tf.errors exception for `error`, which the kernel of `op` raised on `inputs`."""
    if isinstance(error, errors.OpError):
        if error.op is not None:
            raise error
        kind, message = type(error), error.message
    else:
        kind, message = _classified(error)
    first, newline, rest = str(message).partition("\n")
    text = f"{first} [op '{op.name}' ({op.type}){describe_inputs(inputs)}]{newline}{rest}"
    raise kind(op.node_def, op, text) from (error.__cause__ if isinstance(error, errors.OpError) else error)


def _classified(error):
    message = str(error) or type(error).__name__
    if isinstance(error, MemoryError):
        return errors.ResourceExhaustedError, f"Out of memory: {message}"
    if isinstance(error, (ValueError, IndexError, ZeroDivisionError, OverflowError, np.linalg.LinAlgError)):
        return errors.InvalidArgumentError, message
    if isinstance(error, NotImplementedError):
        return errors.UnimplementedError, message
    return errors.InternalError, f"{type(error).__name__}: {message}"


def describe_inputs(inputs):
    """Shapes and dtypes of the arrays an op got: `, inputs: [2,3] float32, [4] int32`."""
    if not inputs:
        return ""
    return ", inputs: " + ", ".join(
        f"{shapes.format_shape(v.shape)} {_dtype_name(v)}" if isinstance(v, np.ndarray) else type(v).__name__
        for v in inputs[:8]
    )


def _dtype_name(array):
    if array.dtype != object:
        return array.dtype.name
    return "string" if array.ndim or isinstance(array[()], (bytes, str)) else "resource"


def check_memory(nbytes, values, spec):
    """Raises ResourceExhaustedError, naming the largest of the `values`, if this machine has not so much memory.

    NumPy would raise MemoryError, or the system kill us.
    """
    try:
        kernels("reference.array_checks").check_size((nbytes,), np.uint8)
    except errors.ResourceExhaustedError:
        largest = max(values, key=spec.nbytes)
        op = None if largest.node is None else largest.node.op
        made = f" [op '{op.name}' ({op.type})]" if op is not None else ""
        raise errors.ResourceExhaustedError(
            op and op.node_def, op,
            f"OOM when allocating tensor with shape{shapes.format_shape(spec.shape[largest])} and type "
            f"{largest.dtype.name}: the values of this step take {nbytes} bytes{made}") from None


def raise_uninitialized(missing):
    """Raises FailedPreconditionError naming every variable in `missing` (operations)."""
    names = ", ".join(op.name for op in missing)
    lines = []
    for op in missing[:10]:
        where = op.user_line()
        if where is not None:
            lines.append(f"  {op.name}: made at {where[0]}:{where[1]}: {where[2]}")
    first = missing[0]
    raise errors.FailedPreconditionError(
        first.node_def, first if len(missing) == 1 else None,
        f"Attempting to use uninitialized value {names}. Run {_initializers_of(missing)} in this session first."
        + ("\n" + "\n".join(lines) if len(missing) > 1 else ""),
    )


def _initializers_of(variables):
    """What a person has to run: metrics and counted epochs live in local variables, with their own initializer."""
    local = {getattr(v, "op", None) for v in variables[0].graph.get_collection(GraphKeys.LOCAL_VARIABLES)}
    found = []
    if any(op not in local for op in variables):
        found.append("tf.global_variables_initializer() (or restore a checkpoint)")
    if any(op in local for op in variables):
        found.append("tf.local_variables_initializer()")
    return " and ".join(found)
