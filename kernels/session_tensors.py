"""Tensors that a session keeps between runs, by handles: for the kernels, and for the session that hands handles out.

State: the tensors that live in one session.
"""

import itertools

from graphflow.framework import errors

KEY = ("session_tensors",)
_DEVICE = "/job:localhost/replica:0/task:0/device:CPU:0"


class SessionTensors:
    """Arrays by their handles, texts `name;number;device`. Safe for threads: each step is one of a dictionary."""

    def __init__(self):
        self._arrays = {}
        self._numbers = itertools.count()

    def put(self, array):
        """The handle of `array`, which is kept from now on."""
        handle = f"GetSessionHandle;{next(self._numbers)};{_DEVICE}"
        self._arrays[handle] = array
        return handle

    def get(self, handle):
        """The array, not to be written to; InvalidArgumentError if there is none."""
        array = self._arrays.get(handle)
        if array is None:
            raise self._unknown(handle)
        return array

    def delete(self, handle):
        """Lets the array go; InvalidArgumentError if there is none."""
        if not self.discard(handle):
            raise self._unknown(handle)

    def discard(self, handle):
        """Lets the array go, if there is one; whether there was."""
        return self._arrays.pop(handle, None) is not None

    def __len__(self):
        return len(self._arrays)

    @staticmethod
    def _unknown(handle):
        return errors.InvalidArgumentError(
            None, None, f"The tensor with handle '{handle}' is not in the session store.")
