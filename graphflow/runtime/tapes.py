"""Tapes: what runs of conditionals and loops record for gradients to read.

Executors pass a tape on as an array that holds the object. Where a conditional runs natively there is no such
object: each value on its tape, a *part*, has a buffer like any other value, and a name, its path: the tensor
recorded, behind the tensors of the tapes around it where conditionals are nested. Holds no state beyond the tapes.
"""

import numpy as np

from graphflow.framework import dtypes


class Tape:
    """What one run of a conditional or loop recorded.

    Attributes: count: iterations of a loop. columns: {tensor of a body: its value, or of a loop a list of one per
    iteration, or an array of them all, or Parts}.
    """

    __slots__ = ("count", "columns")

    def __init__(self, count, columns):
        self.count = count
        self.columns = columns

    def boxed(self):
        """The tape as an array of no dimensions, which is how plans pass it on."""
        box = np.empty((), object)
        box[()] = self
        return box


class Parts:
    """The tapes that a conditional in a loop recorded. Attribute: arrays: {path: array of all iterations}."""

    __slots__ = ("arrays",)

    def __init__(self, arrays):
        self.arrays = arrays

    def at(self, iteration):
        """The tape of one iteration, boxed."""
        return boxed({path: array[iteration, ...] for path, array in self.arrays.items()})


def hollow(dtype, shape):
    """An array of which only the shape counts: it takes no memory."""
    return np.broadcast_to(np.zeros((), getattr(dtype, "as_numpy_dtype", dtype)), shape)


def boxed(arrays):
    """The tape of a conditional, given {path: array}."""
    return Tape(1, {tensor: boxed(found) if type(found) is dict else found
                    for tensor, found in _by_first(arrays).items()}).boxed()


def columns(arrays):
    """{tensor: array of all iterations, or Parts}, given {path: array of all iterations}."""
    return {tensor: Parts(found) if type(found) is dict else found for tensor, found in _by_first(arrays).items()}


def _by_first(arrays):
    """{first tensor of a path: array, or {rest of the path: array}}."""
    result = {}
    for (tensor, *rest), array in arrays.items():
        if rest:
            result.setdefault(tensor, {})[tuple(rest)] = array
        else:
            result[tensor] = array
    return result


def find(box, path):
    """The value with this path on a boxed tape, or None: another branch ran than the one that records it."""
    for tensor in path:
        box = box.item().columns.get(tensor)
        if box is None:
            return None
    return box


def all_iterations(column, path, like):
    """What a loop recorded under `path` in `column`: an array of all iterations, or a list of one each.

    `like`: stands for what was not recorded, in iterations where nobody reads it.
    """
    if type(column) is Parts:
        return column.arrays[path]
    if not path:
        return column
    found = [find(box, path) for box in column]
    return [like if array is None else array for array in found]


def recorded(tape, iteration, tensor, last):
    """What `tape` holds for `tensor`; it is let go if this is the `last` time that it is read."""
    if tensor not in tape.columns and tensor.dtype == dtypes.variant:
        return boxed({})    # the tape of a conditional that records nothing has no parts
    column = tape.columns[tensor]
    if iteration is None:
        return column
    if type(column) is np.ndarray:
        return column[iteration, ...]
    if type(column) is Parts:
        return column.at(iteration)
    value = column[iteration]
    if last:
        column[iteration] = None
    return value
