"""What a TensorArray holds: tensors by index, each by itself or all as rows of one array.

Rows are for native kernels (`kernels/cpu/tensor_array.py`), which find them by their head. Stored tensors are copies,
since the memory of what a kernel is given is used again.

State of this module: how many arrays were named so far.
"""

import itertools

import numpy as np

from .array_checks import debug, fail, product

# The names that TensorFlow's messages use for dtypes, where they differ from NumPy's.
_NAMES = {"float32": "float", "float64": "double", "float16": "half"}
_names = itertools.count()
_EMPTY, _FULL, _CLEARED = range(3)
# Words of a head, see `kernels/cpu/source/tensor_array.py`.
_DATA, _STATES, _SIZE, _, _CLEAR, _SUMS, _KNOWN, _ROOM, _WANTED = range(9)
# Elements for which there is room at first in arrays that may become longer.
_FIRST_ROOM = 32
# Larger arrays keep each element by itself: most of their memory may never be needed.
_MAX_DENSE_BYTES = 1 << 30


def _type_name(dtype):
    return _NAMES.get(dtype.name, dtype.name)


def shape_text(shape):
    return "<unknown>" if shape is None else "[" + ",".join("?" if d is None else str(d) for d in shape) + "]"


def _merged(known, shape):
    """Whether `shape` fits the partial shape `known`."""
    return known is None or (len(known) == len(shape) and all(a is None or a == b for a, b in zip(known, shape)))


def is_full(shape):
    return shape is not None and None not in shape


class _Rows:
    """Elements of one shape in one array: what `TensorStore.values` is for native kernels.

    Attributes: data: with room for elements to come where the store may become longer; states: a byte each; head: what
    native kernels know of them, see `kernels/cpu/source/tensor_array.py`.
    """

    __slots__ = ("data", "head", "states")

    def __init__(self, data, states, clear, sums, known, grows=False):
        self.data = data
        self.states = np.zeros(len(data), np.uint8)
        self.states[:len(states)] = states
        self.head = np.array([0, 0, len(states), data[:1].nbytes, clear, sums, known, len(data), 0 if grows else -1],
                             np.int64)
        self._point()

    def _point(self):
        self.head[_DATA], self.head[_STATES] = self.data.ctypes.data, self.states.ctypes.data

    @property
    def known(self):
        """Whether the shape of elements counts as known, as after the first write."""
        return self.head.item(_KNOWN) > 0

    def __len__(self):
        return self.head.item(_SIZE)

    def __getitem__(self, index):
        return self.data[index, ...].copy()

    def __setitem__(self, index, value):
        if value is not None:
            self.data[index] = value
            self.head[_KNOWN] = self.head.item(_KNOWN) or 1

    def resize(self, size):
        """Makes room, and `size` elements."""
        if size > len(self.data):
            data = np.zeros((max(size, 2 * len(self.data)), *self.data.shape[1:]), self.data.dtype)
            states = np.zeros(len(data), np.uint8)
            data[:len(self.data)], states[:len(self.data)] = self.data, self.states
            self.data, self.states = data, states
            self._point()
        self.head[_SIZE], self.head[_ROOM] = size, len(self.data)

    def renew(self):
        """Makes room for an element that a native kernel wants to write, if there is one."""
        wanted = self.head.item(_WANTED)
        if wanted > 0:
            self.head[_WANTED] = 0
            size = len(self)
            self.resize(wanted)
            self.head[_SIZE] = size     # it is as long as that once the element is written

    def settle(self):
        """It grows no more."""
        self.head[_ROOM], self.head[_WANTED] = len(self), -1


def empty_rows(size, shape, dtype, clear, sums, known):
    """Rows of an array of which nothing is written yet."""
    return _Rows(np.zeros((size, *shape), dtype), [_EMPTY] * size, clear, sums, known)


def rows_bytes(size, shape, dtype):
    """Bytes that such rows take, or None where they may not be rows."""
    kind = np.dtype(dtype.as_numpy_dtype)
    nbytes = None if kind.hasobject else product((size, *shape)) * kind.itemsize
    return nbytes if nbytes is not None and nbytes <= _MAX_DENSE_BYTES else None


class TensorStore:
    """Tensors by index.

    Attributes: name; dtype; element_shape (partial); identical: whether all elements have one shape; dynamic:
    whether writes may make it longer; clear: whether an element may be read once only; sums: whether values
    written to one index are added up (arrays of gradients); values: arrays or None; states: _EMPTY, _FULL or
    _CLEARED; shapes: of elements that were never written, where known; gradients: stores by source; pieces: into
    how many elements a tensor was split, or None.
    """

    def __init__(self, name, dtype, size, element_shape, identical, dynamic=False, clear=True, sums=False):
        self.name = f"{name}_{next(_names)}"
        self.dtype = dtype
        self.element_shape = element_shape
        self.identical = identical
        self.dynamic = dynamic
        self.clear = clear
        self.sums = sums
        self.values = [None] * size
        self.states = [_EMPTY] * size
        self.shapes = [None] * size
        self.gradients = {}
        self.pieces = None
        self.closed = False

    def handle(self):
        """The array that stands for the store among the values of a run."""
        result = np.empty(2, object)
        result[0], result[1] = self.name.encode(), self
        return result

    def gradient(self, source, prefix=()):
        """The store of gradients that belongs to `source`; this one grows no more."""
        found = self.gradients.get(source)
        if found is None:
            self._grow_no_more()
            self._note_shapes()
            shape = None if self.element_shape is None else (*prefix, *self.element_shape)
            # Not cleared when read: gradients of gradients read them again.
            found = TensorStore(f"{self.name}@{source}", self.dtype, len(self.values), shape, self.identical,
                                clear=False, sums=True)
            found.shapes = [None if s is None else (*prefix, *s) for s in self.shapes]
            found.pieces = self.pieces
            self.gradients[source] = found
        return found

    def check_open(self):
        """Fails if the store was closed."""
        if self.closed:
            fail(f"TensorArray {self.name} has already been closed.")
        if isinstance(self.values, _Rows):
            self._look_at_rows()

    def _look_at_rows(self):
        """Learns what native kernels did."""
        if self.identical and self.values.known and not is_full(self.element_shape):
            self.element_shape = self.values.data.shape[1:]
        self.states = self.values.states
        self.shapes.extend([None] * (len(self.values) - len(self.shapes)))

    def _note_shapes(self):
        """Notes the shapes of elements that native kernels wrote, where others may have others."""
        if isinstance(self.values, _Rows) and not self.identical:
            shape = self.values.data.shape[1:]
            self.shapes = [known if state == _EMPTY else shape for state, known in zip(self.states, self.shapes)]

    def check_dtype(self, dtype, doing):
        """Fails for another dtype than the elements'."""
        if dtype != self.dtype:
            fail(f"TensorArray dtype is {_type_name(self.dtype)} but Op {doing} dtype {_type_name(dtype)}.")

    def grow(self, size):
        """Makes the store at least `size` long."""
        lists = [(self.values, None), (self.states, _EMPTY), (self.shapes, None)]
        if isinstance(self.values, _Rows):
            self.values.resize(max(size, len(self.values)))
            self.states, lists = self.values.states, lists[2:]
        for items, value in lists:
            items.extend([value] * (size - len(items)))

    def _grow_no_more(self):
        self.dynamic = False
        if isinstance(self.values, _Rows):
            self.values.settle()

    # ---- for native kernels

    @classmethod
    def of_rows(cls, name, dtype, element_shape, identical, rows):
        """The store whose elements native kernels have as `rows`."""
        clear, sums = map(bool, rows.head[[_CLEAR, _SUMS]])
        store = cls(name, dtype, 0, element_shape, identical, clear=clear, sums=sums)
        store.values = rows
        store.check_open()
        return store

    def native(self, source, shape, dtype):
        """(handle, rows) of this store, or of its gradients for `source`, as rows of one array with a head.

        None unless all elements, those written later too, have this shape and dtype.
        """
        if self.closed:
            return None
        self.check_open()
        store = self if source is None else self.gradient(source)
        if not store._in_rows(shape, dtype):
            return None
        return store.handle(), store.values

    def _in_rows(self, shape, dtype):
        if isinstance(self.values, _Rows):
            return self.values.data.shape[1:] == shape and dtype == self.dtype
        if not self._may_be_rows(shape, dtype):
            return False
        known = self._is_known(shape)
        if known is None:
            return False
        whole = np.zeros((self._room(), *shape), dtype.as_numpy_dtype)
        rows = _Rows(whole, self.states, self.clear, self.sums, known, self.dynamic)
        for index, value in enumerate(self.values if any(self.states) else ()):
            rows[index] = value
        self.values, self.states = rows, rows.states
        return True

    def _is_known(self, shape):
        """What a head says of elements that were never written; None if that differs from one to the other."""
        if self.identical or is_full(self.element_shape):
            return int(is_full(self.element_shape))
        empty = {known for state, known in zip(self.states, self.shapes) if state == _EMPTY}
        return {frozenset(): -1, frozenset([None]): -1, frozenset([shape]): 1}.get(frozenset(empty))

    def _out_of_rows(self):
        """Keeps each element by itself again: one of another shape is written."""
        rows = self.values
        self._note_shapes()
        self.states = rows.states[:len(rows)].tolist()
        self.values = [rows[i] if state == _FULL else None for i, state in enumerate(self.states)]

    def _may_be_rows(self, shape, dtype):
        kind = np.dtype(dtype.as_numpy_dtype)
        return (not self.closed and dtype == self.dtype and not kind.hasobject
                and _merged(self.element_shape, shape) and set(self.shapes) <= {None, shape}
                and product((self._room(), *shape)) * kind.itemsize <= _MAX_DENSE_BYTES)

    def _room(self):
        return max(_FIRST_ROOM, len(self.values)) if self.dynamic else len(self.values)

    # ---- writing

    def fill(self, whole):
        """Stores the rows of `whole`, which nobody else may change later, as all there is; whether that was possible.

        Otherwise elements must be written one by one.
        """
        empty = not self.dynamic and not isinstance(self.values, _Rows) and not any(self.states)
        if not empty or not self._may_be_rows(whole.shape[1:], self.dtype):
            return False
        self.values = _Rows(whole, [_FULL] * len(whole), self.clear, self.sums, 1 if self.identical else -1)
        self.states, self.shapes = self.values.states, [whole.shape[1:]] * len(whole)
        if self.identical:
            self.element_shape = whole.shape[1:]
        return True

    def write(self, index, value):
        """Stores `value`, which nobody else may change later, at `index`."""
        if index < 0 or (index >= len(self.values) and not self.dynamic):
            fail(f"TensorArray {self.name}: Tried to write to index {index} but array is not resizeable and size is: "
                 f"{len(self.values)}")
        if index >= len(self.values):
            self.grow(index + 1)
        self._check_shape(index, value.shape)
        if isinstance(self.values, _Rows) and self.values.data.shape[1:] != value.shape:
            self._out_of_rows()
        state = self.states[index]
        if state == _CLEARED:
            self._refuse(index, "it has already been read.")
        if state == _EMPTY:
            self.values[index], self.shapes[index], self.states[index] = value, value.shape, _FULL
        elif not self.sums:
            self._refuse(index, "it has already been written to.")
        elif value.shape != self.values[index].shape:
            fail(f"TensorArray {self.name}: Could not aggregate to TensorArray index {index} because the existing "
                 f"shape is {debug(self.values[index].shape)} but the new input shape is {debug(value.shape)}.")
        else:
            self.values[index] = np.asarray(self.values[index] + value, self.values[index].dtype)

    def _refuse(self, index, reason):
        fail(f"TensorArray {self.name}: Could not write to TensorArray index {index} because {reason}")

    def _check_shape(self, index, shape):
        if not _merged(self.element_shape, shape):
            self._refuse(index, f"the value shape is {debug(shape)} which is incompatible with the TensorArray's "
                         f"inferred element shape: {shape_text(self.element_shape)} (consider setting "
                         "infer_shape=False).")
        if self.identical and not is_full(self.element_shape):
            self.element_shape = shape

    # ---- reading

    def note_shape(self, shape):
        """Notes the shape of elements that a reader of many expects: those that were never written are zeros of it."""
        if self.identical and is_full(shape) and not is_full(self.element_shape):
            self.element_shape = shape

    def read(self, index):
        """The element at `index`; zeros where its shape is known and nothing was written."""
        if not 0 <= index < len(self.values):
            fail(f"Tried to read from index {index} but array size is: {len(self.values)}")
        state = self.states[index]
        if state == _CLEARED:
            fail(f"TensorArray {self.name}: Could not read index {index} twice because it was cleared after a previous "
                 "read (perhaps try setting clear_after_read = false?).")
        if state == _EMPTY:
            self._fill(index)
        value = self.values[index]
        if self.clear:
            self.values[index], self.states[index] = None, _CLEARED
        return value

    def read_all(self, indices):
        """The elements at `indices`, an int array, as one array; None where they must be read one by one."""
        if not isinstance(self.values, _Rows) or indices.min() < 0 or indices.max() >= len(self.values):
            return None
        states = self.values.states
        if (states[indices] != _FULL).any() or self.clear and len(np.unique(indices)) < len(indices):
            return None
        if self.clear:
            states[indices] = _CLEARED
        return self.values.data[indices]

    def _fill(self, index):
        shape = self.shapes[index] if self.shapes[index] is not None else self.element_shape
        if not is_full(shape):
            fail(f"TensorArray {self.name}: Could not read from TensorArray index {index}.  Furthermore, the element "
                 f"shape is not fully defined: {shape_text(shape)}.  It is possible you are working with a resizeable "
                 "TensorArray and stop_gradients is not allowing the gradients to be written.  If you set the full "
                 "element_shape property on the forward TensorArray, the proper all-zeros tensor will be returned "
                 "instead of incurring this error.")
        self.values[index] = np.zeros(shape, self.dtype.as_numpy_dtype)
        if self.dtype.as_numpy_dtype is object:
            self.values[index][...] = b""
        self.states[index] = _FULL
