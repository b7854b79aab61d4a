"""Tapes: what runs of conditionals and loops record for gradients to read.

Executors pass a tape on as an array that holds the object. Where a conditional runs natively there is no such
object: each value on its tape, a *part*, has a buffer like any other value, and a name, its path: the tensor
recorded, behind the tensors of the tapes around it where conditionals are nested. A loop within native steps has parts
too: the number of its iterations (COUNT), and of what it records the address of all iterations, an int64. Holds no
state beyond the tapes.
"""

import ctypes

import numpy as np

from graphflow.framework import dtypes


class _Count:
    """Stands for the number of iterations in paths."""

    dtype, name = dtypes.int64, "count"


COUNT = _Count()
# Stands for the number of rows of what is collected.
ROWS = _Count()


class Tape:
    """What one run of a conditional or loop recorded.

    Attributes: count: iterations of a loop, None for a conditional. columns: {tensor of a body: its value, or of a
    loop a list of one per iteration, or an array of them all, or Parts; or Handles}.
    """

    __slots__ = ("columns", "count")

    def __init__(self, count, columns):
        self.count = count
        self.columns = columns

    def boxed(self):
        """The tape as an array of no dimensions, which is how plans pass it on."""
        box = np.empty((), object)
        box[()] = self
        return box


class Parts:
    """The tapes of one conditional or loop that a loop around it recorded.

    Attributes: arrays: {path: array of all iterations, or Handles}. rows: {path whose values are addresses: Rows}.
    memory: what these addresses point to.
    """

    __slots__ = ("arrays", "memory", "rows")

    def __init__(self, arrays, rows=None, memory=()):
        self.arrays = arrays
        self.rows = rows or {}
        self.memory = memory

    def at(self, iteration):
        """The tape of one iteration, boxed."""
        return boxed({path: _at(array, iteration) for path, array in self.arrays.items()}, self.rows, self.memory)


class Handles:
    """The handle of an array, or those of all iterations of a loop.

    Of one that was made with a frame (`arrays.py`) nobody asks for more than the arrays of gradients beside it, mostly
    native code, which needs no handle: what stands for the array of one iteration is made when it is asked for. Args:
    make: makes the handle of one such array. loops: how many loops there are, of which each iteration has its own.
    """

    __slots__ = ("_found", "_loops", "_make")

    def __init__(self, make, loops):
        self._make = make
        self._loops = loops
        self._found = {}

    def at(self, iteration):
        """Those of one iteration."""
        if not self._loops:
            return self
        found = self._found.get(iteration)
        if found is None:
            found = self._found[iteration] = Handles(self._make, self._loops - 1)
        return found

    def handle(self):
        """The handle, always the same."""
        found = self._found.get(None)
        if found is None:
            found = self._found[None] = self._make()
        return found


class Rows:
    """What stands at an address: one row per iteration. Attributes: dtype: NumPy's. shape: of a row. rows: Rows if what
    stands there are addresses in turn, else None."""

    __slots__ = ("dtype", "rows", "shape")

    def __init__(self, dtype, shape, rows=None):
        self.dtype = dtype
        self.shape = shape
        self.rows = rows

    def copied(self, address, count):
        """Those of so many iterations."""
        result = np.empty((count, *self.shape), self.dtype)
        ctypes.memmove(result.ctypes.data, int(address), result.nbytes)
        return result


def _at(column, iteration):
    return column.at(iteration) if type(column) is Handles else column[iteration, ...]


def hollow(dtype, shape):
    """An array of which only the shape counts: it takes no memory."""
    return np.broadcast_to(np.zeros((), getattr(dtype, "as_numpy_dtype", dtype)), shape)


def boxed(arrays, rows=None, memory=()):
    """The tape of a conditional or loop, given {path: array} and {path whose array is an address: Rows}.

    memory: what addresses point to: it is kept for those that stand in rows.
    """
    rows, count = rows or {}, arrays.get((COUNT,))
    found = {}
    for tensor, inner in _by_first(arrays).items():
        below = {path[1:]: kind for path, kind in rows.items() if path[0] is tensor and len(path) > 1}
        if tensor is COUNT:
            continue
        if count is None:
            found[tensor] = boxed(inner, below, memory) if type(inner) is dict else inner
        elif type(inner) is dict:
            all_ = {path: _all(array, below.get(path), int(count)) for path, array in inner.items()}
            found[tensor] = Parts(
                all_, {path: kind.rows for path, kind in below.items() if kind.rows is not None}, memory)
        else:
            found[tensor] = _all(inner, rows.get((tensor,)), int(count))
    return Tape(None if count is None else int(count), found).boxed()


def _all(array, kind, count):
    """All iterations of what a loop recorded, given its address, or for `kind` None one that only shows the shape."""
    if type(array) is Handles:
        return array
    return np.broadcast_to(array, (count, *array.shape)) if kind is None else kind.copied(array, count)


def columns(arrays, rows=None, memory=()):
    """{tensor: array of all iterations, or Parts}, given {path: array of all iterations}; rows, memory: see Parts."""
    return {tensor: found if type(found) is not dict else Parts(
        found, {path[1:]: kind for path, kind in (rows or {}).items() if path[0] is tensor}, memory)
        for tensor, found in _by_first(arrays).items()}


def _by_first(arrays):
    """{first tensor of a path: array, or {rest of the path: array}}."""
    result = {}
    for (tensor, *rest), array in arrays.items():
        if rest:
            result.setdefault(tensor, {})[tuple(rest)] = array
        else:
            result[tensor] = array
    return result


def find(box, path, memory):
    """The value with this path on a boxed tape, or None: another branch ran than the one that records it.

    Of what a loop recorded it is the address; `memory`, a list, gets the array that is there.
    """
    tape, (tensor, *rest) = box.item(), path
    if tensor is COUNT:
        return np.array(tape.count, np.int64)
    column = tape.columns.get(tensor)
    if column is None:
        return None
    if tape.count is None:
        return find(column, rest, memory) if rest else column
    if type(column) is list:
        column = _joined(column, rest, memory)
    else:
        column = all_iterations(column, tuple(rest), None, memory)
    memory.append(np.ascontiguousarray(column))
    return np.array(memory[-1].ctypes.data, np.int64)


def _joined(column, rest, memory):
    """An array of the list that a loop recorded, or of what stands under a path on each of its tapes."""
    if rest:
        column = [find(box, rest, memory) for box in column]
    like = next((array for array in column if array is not None), np.zeros(()))
    return np.array([np.zeros_like(like) if array is None else array for array in column], like.dtype)


def all_iterations(column, path, like, memory):
    """What a loop recorded under `path` in `column`: an array of all iterations, or a list of one each.

    `like`: stands for what was not recorded, in iterations where nobody reads it. memory: as for `find`.
    """
    if type(column) is Parts:
        memory.append(column)
        return column.arrays[path]
    if not path:
        return column
    found = [find(box, path, memory) for box in column]
    return [like if array is None else array for array in found]


def recorded(tape, iteration, tensor, last):
    """What `tape` holds for `tensor`; it is let go if this is the `last` time that it is read."""
    if tensor not in tape.columns and tensor.dtype == dtypes.variant:
        return boxed({})    # the tape of a conditional that records nothing has no parts
    column = tape.columns[tensor]
    if type(column) is Handles:
        return (column if iteration is None else column.at(iteration)).handle()
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
