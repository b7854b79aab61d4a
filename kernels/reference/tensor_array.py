"""Reference kernels of `graphflow/ops/tensor_array.py`: arrays of tensors that live for one run.

A handle is an array of two objects: the array's name, and the `TensorStore` itself, which `TensorArrayV3`
makes anew in each run. Kernels change it in place; flows say in which order. Stored tensors are copies, since
the memory of what a kernel is given is used again.

State of this module: how many arrays were named so far.
"""

import itertools

import numpy as np

from ..registry import reference
from .array_checks import check_size, debug, fail

# The names that TensorFlow's messages use for dtypes, where they differ from NumPy's.
_NAMES = {"float32": "float", "float64": "double", "float16": "half"}
_FLOW = np.zeros((), np.float32)
_names = itertools.count()
_EMPTY, _FULL, _CLEARED = range(3)


def _type_name(dtype):
    return _NAMES.get(dtype.name, dtype.name)


def _shape_text(shape):
    return "<unknown>" if shape is None else "[" + ",".join("?" if d is None else str(d) for d in shape) + "]"


def _merged(known, shape):
    """Whether `shape` fits the partial shape `known`."""
    return known is None or (len(known) == len(shape) and all(a is None or a == b for a, b in zip(known, shape)))


def _is_full(shape):
    return shape is not None and None not in shape


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
            self.dynamic = False
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

    def check_dtype(self, dtype, doing):
        """Fails for another dtype than the elements'."""
        if dtype != self.dtype:
            fail(f"TensorArray dtype is {_type_name(self.dtype)} but Op {doing} dtype {_type_name(dtype)}.")

    def grow(self, size):
        """Makes the store at least `size` long."""
        for items, value in ((self.values, None), (self.states, _EMPTY), (self.shapes, None)):
            items.extend([value] * (size - len(items)))

    # ---- writing

    def write(self, index, value):
        """Stores `value`, which nobody else may change later, at `index`."""
        if index < 0 or (index >= len(self.values) and not self.dynamic):
            fail(f"TensorArray {self.name}: Tried to write to index {index} but array is not resizeable and size is: "
                 f"{len(self.values)}")
        if index >= len(self.values):
            self.grow(index + 1)
        self._check_shape(index, value.shape)
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
                         f"inferred element shape: {_shape_text(self.element_shape)} (consider setting "
                         "infer_shape=False).")
        if self.identical and not _is_full(self.element_shape):
            self.element_shape = shape

    # ---- reading

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

    def _fill(self, index):
        shape = self.shapes[index] if self.shapes[index] is not None else self.element_shape
        if not _is_full(shape):
            fail(f"TensorArray {self.name}: Could not read from TensorArray index {index}.  Furthermore, the element "
                 f"shape is not fully defined: {_shape_text(shape)}.  It is possible you are working with a resizeable "
                 "TensorArray and stop_gradients is not allowing the gradients to be written.  If you set the full "
                 "element_shape property on the forward TensorArray, the proper all-zeros tensor will be returned "
                 "instead of incurring this error.")
        self.values[index] = np.zeros(shape, self.dtype.as_numpy_dtype)
        if self.dtype.as_numpy_dtype is object:
            self.values[index][...] = b""
        self.states[index] = _FULL


def _store(handle):
    store = handle[1]
    store.check_open()
    return store


# ---------------------------------------------------------------- the array

@reference.kernel("TensorArrayV3")
def tensor_array(ctx):
    """A new store for this run."""
    dtype, shape = ctx.attr("dtype"), ctx.attr("element_shape")
    name = ctx.attr("tensor_array_name").decode() or ctx.op_name
    options = (ctx.attr("identical_element_shapes"), ctx.attr("dynamic_size"), ctx.attr("clear_after_read"))

    def run(size):
        if size.ndim:
            fail(f"TensorArray size must be scalar, but had shape: {debug(size.shape)}")
        check_size((size,), np.int64)
        return TensorStore(name, dtype, int(size), shape, *options).handle(), _FLOW.copy()

    return run


@reference.kernel("TensorArrayGradV3", "TensorArrayGradWithShape")
def tensor_array_grad(ctx):
    """The store of gradients beside another, made when first asked for."""
    source = ctx.attr("source")

    def run(handle, flow, prefix=()):
        return _store(handle).gradient(source, tuple(int(d) for d in prefix)).handle(), flow.copy()

    return run


reference.function("TensorArraySizeV3", lambda handle, flow: np.array(len(_store(handle).values), np.int32))


@reference.kernel("TensorArrayCloseV3")
def tensor_array_close(ctx):
    """Forgets the elements."""

    def run(handle):
        store = _store(handle)
        store.closed = True
        store.values, store.gradients = [], {}

    return run


# ---------------------------------------------------------------- elements

@reference.kernel("TensorArrayReadV3")
def tensor_array_read(ctx):
    """One element."""
    dtype = ctx.attr("dtype")

    def run(handle, index, flow):
        store = _store(handle)
        store.check_dtype(dtype, "requested")
        return store.read(int(index))

    return run


@reference.kernel("TensorArrayWriteV3")
def tensor_array_write(ctx):
    """Stores one element."""
    dtype = ctx.attr("T")

    def run(handle, index, value, flow):
        store = _store(handle)
        store.check_dtype(dtype, "is trying to write")
        store.write(int(index), value.copy())
        return flow.copy()

    return run


@reference.kernel("TensorArrayGatherV3")
def tensor_array_gather(ctx):
    """Chosen elements, stacked."""
    dtype, shape = ctx.attr("dtype"), ctx.attr("element_shape")

    def run(handle, indices, flow):
        store = _store(handle)
        store.check_dtype(dtype, "requested")
        if indices.ndim != 1:
            fail(f"Expected indices to be a vector, but received shape: {debug(indices.shape)}")
        if not indices.size:
            known = shape if _is_full(shape) else store.element_shape
            if not _is_full(known):
                fail(f"TensorArray has size zero, but element shape {_shape_text(known)} is not fully defined. "
                     "Currently only static shapes are supported when packing zero-size TensorArrays.")
            return np.zeros((0, *known), dtype.as_numpy_dtype)
        values = [store.read(index) for index in indices.tolist()]
        for i, value in enumerate(values):
            if value.shape != values[0].shape:
                fail(f"TensorArray has inconsistent shapes.  Index 0 has shape: {debug(values[0].shape)} but index {i} "
                     f"has shape: {debug(value.shape)}")
        return np.stack(values)

    return run


@reference.kernel("TensorArrayScatterV3")
def tensor_array_scatter(ctx):
    """Stores the parts of a tensor at given indices."""
    dtype = ctx.attr("T")

    def run(handle, indices, value, flow):
        store = _store(handle)
        store.check_dtype(dtype, "is trying to write")
        if indices.ndim != 1:
            fail(f"Expected indices to be a vector, but received shape: {debug(indices.shape)}")
        if not value.ndim:
            fail(f"Input value for unpack must be at least a vector but received shape: {debug(value.shape)}")
        if len(indices) != len(value):
            fail(f"Expected len(indices) == values.shape[0], but saw: {len(indices)} vs. {len(value)}")
        largest = int(indices.max()) if indices.size else -1
        if largest >= len(store.values) and not store.dynamic:
            fail(f"Max scatter index must be < array size ({largest} vs. {len(store.values)})")
        for index, part in zip(indices.tolist(), value.copy()):
            store.write(index, np.asarray(part, value.dtype))
        return flow.copy()

    return run


@reference.kernel("TensorArrayConcatV3")
def tensor_array_concat(ctx):
    """All elements joined along their first dimension, and how long each is there."""
    dtype, rest = ctx.attr("dtype"), ctx.attr("element_shape_except0")

    def run(handle, flow):
        store = _store(handle)
        store.check_dtype(dtype, "requested")
        if not store.values:
            if not _is_full(rest):
                fail(f"TensorArray has size zero, but element_shape_except0 {_shape_text(rest)} is not fully defined. "
                     "Currently only static shapes are supported when concatenating zero-size TensorArrays.")
            return np.zeros((0, *rest), dtype.as_numpy_dtype), np.zeros(0, np.int64)
        # What was split gets back gradients of its pieces, not of what was written to the array later.
        count = store.pieces if store.sums and store.pieces else len(store.values)
        values = [store.read(index) for index in range(count)]
        for i, value in enumerate(values):
            if not value.ndim:
                fail(f"Concat saw a scalar shape at index {i} but requires at least vectors.  "
                     "Did you mean to call pack?")
            if value.shape[1:] != values[0].shape[1:]:
                fail("TensorArray has inconsistent shapes.  Index 0 has (excepting dimension 0) shape: "
                     f"{debug(values[0].shape[1:])} but index {i} has (excepting dimension 0) shape: "
                     f"{debug(value.shape[1:])}")
        return np.concatenate(values), np.array([len(value) for value in values], np.int64)

    return run


@reference.kernel("TensorArraySplitV3")
def tensor_array_split(ctx):
    """Stores consecutive pieces of a tensor."""
    dtype = ctx.attr("T")

    def run(handle, value, lengths, flow):
        store = _store(handle)
        store.check_dtype(dtype, "is trying to write")
        if lengths.ndim != 1:
            fail(f"Expected lengths to be a vector, received shape: {debug(lengths.shape)}")
        if not value.ndim:
            fail(f"Expected value to be at least a vector, but received shape: {debug(value.shape)}")
        if (lengths < 0).any() or int(lengths.sum()) != len(value):
            fail("Expected sum of lengths to be equal to values.shape[0], but sum of lengths is "
                 f"{int(lengths.sum())} and value's shape is: {debug(value.shape)} ")
        if len(lengths) != len(store.values):
            if not store.dynamic:
                fail(f"TensorArray's size is not equal to the size of lengths ({len(store.values)} vs. "
                     f"{len(lengths)}), and the TensorArray is not marked as dynamically resizeable")
            store.grow(len(lengths))
        if not store.sums:
            store.pieces = len(lengths)
        for index, piece in enumerate(np.split(value.copy(), np.cumsum(lengths)[:-1])):
            store.write(index, piece)
        return flow.copy()

    return run
