"""TensorHandle: what a run gives for a fetched `tf.get_session_handle`.

State: the handle; the value lives in the session until the handle is forgotten, or deletes it.
"""

import numpy as np

from graphflow.framework.kernel_loader import kernels


class TensorHandle:
    """A tensor that a session keeps. It may be fed for any tensor, as its value.

    While this object lives, so does the value, unless `delete` is called; after `get_raw_handle` it lives until
    `tf.delete_session_tensor`. Attributes: handle, the text to feed for placeholders of `tf.get_session_tensor`; dtype.
    """

    def __init__(self, handle, dtype, session):
        self.handle = handle
        self.dtype = dtype
        module = kernels("session_tensors")
        self._store = session._resources.get(module.KEY, module.SessionTensors)
        self._owns = True

    def __str__(self):
        return self.handle

    def __del__(self):
        if self._owns:
            self._store.discard(self.handle)

    def _check(self):
        if not self._owns:
            raise TypeError(f"Persistent tensor {self.handle} may have already been deleted.")

    def eval(self):
        """The value; TypeError after `delete` or `get_raw_handle`."""
        self._check()
        return self._store.get(self.handle).copy()[()]

    def delete(self):
        """Lets the value go; TypeError after `delete` or `get_raw_handle`."""
        self._check()
        self._owns = False
        self._store.delete(self.handle)

    def get_raw_handle(self):
        """The text of the handle, whose value is the caller's to delete from now on."""
        self._owns = False
        return self.handle

    def __array__(self, dtype=None, copy=None):
        return np.array(self._store.get(self.handle), dtype)


def with_handles(session, tensors, rebuild):
    """`rebuild`, a function of the values of `tensors`, given TensorHandles for those that are handles."""
    handles = [i for i, tensor in enumerate(tensors) if tensor.op.type == "GetSessionHandle"]
    if not handles:
        return rebuild

    def rebuild_with_handles(values):
        values = list(values)
        for i in handles:
            text = np.asarray(values[i]).item().decode()
            values[i] = TensorHandle(text, tensors[i].op.inputs[0].dtype.base_dtype, session)
        return rebuild(values)

    return rebuild_with_handles
