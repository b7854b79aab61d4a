"""Reference kernels of `graphflow/ops/session_tensors.py`."""

import numpy as np

from graphflow.framework import errors

from ..registry import reference
from ..session_tensors import KEY, SessionTensors


def _store(ctx):
    return ctx.resources.get(KEY, SessionTensors)


@reference.kernel("GetSessionHandle")
def get_session_handle(ctx):
    """Keeps a copy of the value."""
    return lambda value: np.array(_store(ctx).put(np.array(value)).encode(), object)


@reference.kernel("GetSessionTensor")
def get_session_tensor(ctx):
    """The value kept under a handle; InvalidArgumentError if it has another dtype."""
    dtype = np.dtype(ctx.output_dtypes[0].as_numpy_dtype)

    def run(handle):
        handle = handle.item().decode()
        array = _store(ctx).get(handle)
        if array.dtype != dtype:
            raise errors.InvalidArgumentError(
                None, None, f"The tensor with handle '{handle}' is of {array.dtype}, not of {dtype}.")
        return array.copy()

    return run


@reference.kernel("DeleteSessionTensor")
def delete_session_tensor(ctx):
    """Lets the value go."""
    return lambda handle: _store(ctx).delete(handle.item().decode())
