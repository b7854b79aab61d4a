"""Reference kernels of `graphflow/ops/tensor_array.py`: arrays of tensors that live for one run.

A handle is an array of two objects: the array's name, and the `TensorStore` itself, which `TensorArrayV3`
makes anew in each run. Kernels change it in place; flows say in which order. Holds no state.
"""

import numpy as np

from graphflow.framework import errors

from ..registry import reference
from .array_checks import check_size, debug, fail
from .tensor_store import TensorStore, is_full, shape_text

_FLOW = np.zeros((), np.float32)


def _store(handle):
    store = handle[1]
    store.check_open()
    return store


def _unimplemented(message):
    raise errors.UnimplementedError(None, None, message)


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
            known = shape if is_full(shape) else store.element_shape
            if not is_full(known):
                _unimplemented(f"TensorArray has size zero, but element shape {shape_text(known)} is not fully defined."
                               " Currently only static shapes are supported when packing zero-size TensorArrays.")
            return np.zeros((0, *known), dtype.as_numpy_dtype)
        store.note_shape(shape)
        whole = store.read_all(indices)
        if whole is not None:
            return whole
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
        value, indices = value.copy(), indices.tolist()
        if not indices or indices != list(range(len(store.values))) or not store.fill(value):
            for index, part in zip(indices, value):
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
            if not is_full(rest):
                _unimplemented(f"TensorArray has size zero, but element_shape_except0 {shape_text(rest)} is not fully "
                               "defined. Currently only static shapes are supported when concatenating zero-size "
                               "TensorArrays.")
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
