"""The steps of a frame: stretches of its native tape, and reference kernels and bodies in between.

A step holds what it needs of its frame, not the frame, so that dropped frames free their memory at
once. Holds no state beyond that.
"""

from graphflow.runtime import failure
from graphflow.runtime.blocks import address_of
from graphflow.runtime.reference import as_arrays


class NativeFailure(Exception):
    """A native kernel returned an error code. Attribute: row, its position on the tape."""

    def __init__(self, row):
        super().__init__(row)
        self.row = row


class TapeStep:
    """A stretch of native kernels; `whole` if it is all of the tape. budget: of the loops among them."""

    __slots__ = ("_tape", "_budget", "_start", "_stop", "_whole")

    def __init__(self, tape, budget, start, stop, whole=False):
        self._tape = tape
        self._budget = budget
        self._start = start
        self._stop = stop
        self._whole = whole

    def run(self):
        """Raises NativeFailure if a kernel fails."""
        failed = self._tape.run() if self._whole else self._tape.run_range(self._start, self._stop)
        if failed >= 0:
            self._go_on(failed)

    def _go_on(self, row):
        """Runs on from a row that wants Python to look in."""
        while row >= 0:
            if self._tape.cancel[0] or not self._tape.paused or self._budget.is_over():
                raise NativeFailure(row)
            self._budget.renew()
            row = self._tape.run_range(row, self._stop)


class PythonStep:
    """One node run by its reference kernel.

    Args: values: the frame's list of values. inputs: positions read. outputs: (position, whether
    its place is an arena buffer that native kernels read). written: positions of the variables
    written in place. views:
    (position, root's position, shape) of inputs that are other values under another shape. last_uses: positions
    of values that nobody needs afterwards.
    """

    __slots__ = ("_values", "_bound", "_inputs", "_outputs", "_written", "_views", "_last_uses")

    def __init__(self, values, bound, inputs, outputs, written, views, last_uses=()):
        self._values = values
        self._bound = bound
        self._inputs = inputs
        self._outputs = outputs
        self._written = written
        self._views = views
        self._last_uses = (*last_uses, *(position for position, _, _ in views))

    def run(self):
        """Failures leave as tf.errors with the op's name and the user's line."""
        values = self._values
        for position, root, shape in self._views:
            values[position] = values[root].reshape(shape)
        arrays = [values[i] for i in self._inputs]
        try:
            results = as_arrays(self._bound.run(*arrays))
            for position, result in zip(self._written, results):
                if result.shape != values[position].shape:
                    raise ValueError(f"new value of shape {result.shape} for a variable of {values[position].shape}")
                if result is not values[position]:      # a kernel may have written in place
                    values[position][...] = result
            for (position, placed), result in zip(self._outputs, results[len(self._written):]):
                if not placed:
                    values[position] = own(result, arrays)
                elif values[position].shape == result.shape:
                    values[position][...] = result
                else:
                    raise ValueError(f"a result of shape {result.shape}, where {values[position].shape} was expected")
        except Exception as error:  # noqa: BLE001 - every failure leaves with the op's name and line
            failure.raise_for(self._bound.node.op, error, arrays)
        for position in self._last_uses:
            values[position] = None


class Reload:
    """Takes the array of a variable that bodies may have replaced into a frame again.

    Args: slot: where it is kept. values, position: where Python steps look. bound, number: which array the
    frame has pointers to. blocks, places: where these pointers stand.
    """

    __slots__ = ("_slot", "_values", "_position", "_bound", "_number", "_blocks", "_places")

    def __init__(self, slot, values, position, bound, number, blocks, places):
        self._slot = slot
        self._values = values
        self._position = position
        self._bound = bound
        self._number = number
        self._blocks = blocks
        self._places = places

    def run(self):
        """Points the frame to the array."""
        array = self._slot.writable()
        self._values[self._position] = self._bound[self._number] = array
        self._blocks.patch(self._places, address_of(array))


class BodyStep:
    """One node whose bodies run.

    Args: as `PythonStep`; reloads: a Reload for each variable that the bodies write and the frame uses.
    """

    __slots__ = ("_values", "_bound", "_inputs", "_outputs", "_reloads", "_views", "_last_uses")

    def __init__(self, values, bound, inputs, outputs, reloads, views, last_uses=()):
        self._values = values
        self._bound = bound
        self._inputs = inputs
        self._outputs = outputs
        self._reloads = reloads
        self._views = views
        self._last_uses = (*last_uses, *(position for position, _, _ in views))

    def run(self):
        """Failures leave as tf.errors with the name and the line of the op that failed."""
        values = self._values
        for position, root, shape in self._views:
            values[position] = values[root].reshape(shape)
        arrays = [values[i] for i in self._inputs]
        try:
            results = self._bound.run(*arrays)
        except Exception as error:  # noqa: BLE001 - every failure leaves with the op's name and line
            failure.raise_for(self._bound.node.op, error, arrays)
        finally:
            for reload in self._reloads:
                reload.run()
        for (position, placed), result in zip(self._outputs, results):
            if placed:
                values[position][...] = result
            else:   # a loop of no iterations, or a branch, may return what it is given, whose memory is used again
                values[position] = result.copy() if any(result is array for array in arrays) else result
        for position in self._last_uses:
            values[position] = None


def own(result, arrays):
    """`result`, copied if it is or views an input: arena buffers and variables change later."""
    if result.base is not None or any(result is array for array in arrays):
        return result.copy()
    return result
