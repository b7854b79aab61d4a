"""Reference kernels of `graphflow/ops/sparse_variant.py`. Holds no state."""

import numpy as np

from graphflow import protobuf
from graphflow.framework import dtypes
from graphflow.framework.tensor_util import MakeNdarray, make_tensor_proto

from ..registry import reference
from .pipeline import fail


def _packed(parts, as_text):
    """Three arrays as a vector of objects: the arrays themselves, or as messages."""
    result = np.empty(3, object)
    for i, part in enumerate(parts):
        result[i] = make_tensor_proto(part).SerializeToString() if as_text else part
    return result


def _as_text(ctx):
    return ctx.attr("out_type") == dtypes.string


@reference.kernel("SerializeSparse")
def serialize_sparse(ctx):
    """Indices, values and shape."""
    as_text = _as_text(ctx)
    return lambda indices, values, shape: _packed((indices, values, shape), as_text)


@reference.kernel("SerializeManySparse")
def serialize_many_sparse(ctx):
    """The same for each slice."""
    as_text = _as_text(ctx)

    def run(indices, values, shape):
        if not len(shape):
            fail("Rank of input SparseTensor should be > 1, but saw rank: 0")
        rows = indices[:, 0] if len(indices) else np.empty(0, np.int64)
        if len(rows) and (rows.min() < 0 or rows.max() >= shape[0] or np.any(np.diff(rows) < 0)):
            fail(f"Indices of the SparseTensor are out of the order or the bounds of its shape {shape.tolist()}")
        result = np.empty((int(shape[0]), 3), object)
        for row in range(len(result)):
            start, stop = np.searchsorted(rows, [row, row + 1])
            result[row] = _packed((indices[start:stop, 1:], values[start:stop], shape[1:]), as_text)
        return result

    return run


def _unpacked(part):
    if not isinstance(part, bytes):
        return part
    proto = protobuf.TensorProto()
    try:
        proto.ParseFromString(part)
    except Exception as error:  # protobuf's DecodeError is in another module in each version
        fail(f"Could not parse a serialised SparseTensor: {error}")
    return MakeNdarray(proto)


def _joined(serialized, dtype):
    """The sparse tensor whose slices along all but the last dimension of `serialized` are the given ones."""
    if serialized.ndim == 0 or serialized.shape[-1] != 3:
        fail(f"Serialized sparse should have 3 as the last dimension, but has shape {list(serialized.shape)}")
    outer = serialized.shape[:-1]
    slices = [[_unpacked(part) for part in row] for row in serialized.reshape(-1, 3)]
    if not slices:
        fail("Cannot tell the rank of a batch of no sparse tensors")
    rank = len(slices[0][2])
    for indices, values, shape in slices:
        if values.dtype != dtype:
            fail(f"Requested SparseTensor of type {np.dtype(dtype).name} but got SparseTensor of type {values.dtype}")
        if indices.ndim != 2 or indices.shape != (len(values), len(shape)):
            fail(f"Expected indices of shape [{len(values)}, {len(shape)}], got {list(indices.shape)}")
        if len(shape) != rank:
            fail(f"Inconsistent rank across SparseTensors: rank prior to one was {rank} but it has {len(shape)}")
    places = np.indices(outer).reshape(len(outer), len(slices)).T
    indices = [np.concatenate([np.broadcast_to(place, (len(part[1]), len(outer))), part[0]], axis=1)
               for place, part in zip(places, slices)]
    largest = np.max([part[2] for part in slices], axis=0)
    return (np.concatenate(indices).astype(np.int64), np.concatenate([part[1] for part in slices]),
            np.array([*outer, *largest], np.int64))


@reference.kernel("DeserializeSparse")
def deserialize_sparse(ctx):
    """A serialised sparse tensor, or a batch of them joined."""
    dtype = ctx.output_dtypes[1].as_numpy_dtype
    return lambda serialized: _joined(serialized, dtype)


@reference.kernel("DeserializeManySparse")
def deserialize_many_sparse(ctx):
    """A batch of serialised sparse tensors joined."""
    dtype = ctx.output_dtypes[1].as_numpy_dtype

    def run(serialized):
        if serialized.ndim != 2:
            fail(f"Serialized sparse should be a matrix, but has shape {list(serialized.shape)}")
        return _joined(serialized, dtype)

    return run
