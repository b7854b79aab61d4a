"""Reference kernels of `graphflow/ops/serialized.py`."""

import numpy as np

from graphflow import protobuf
from graphflow.framework import dtypes, tensor_util

from ..registry import reference
from .array_checks import debug, fail
from .string_ops import mapped


def _serialize(tensor):
    message = tensor_util.make_tensor_proto(np.empty(0, tensor.dtype))
    del message.tensor_shape.dim[:]
    for size in tensor.shape:
        message.tensor_shape.dim.add().size = size
    if tensor.dtype == object:
        message.string_val.extend(tensor.ravel())
    else:
        message.tensor_content = tensor.tobytes()
    return np.array(message.SerializeToString(), object)


reference.function("SerializeTensor", _serialize)


@reference.kernel("ParseTensor")
def parse_tensor(ctx):
    """Reads a TensorProto."""
    wanted = ctx.output_dtypes[0]

    def run(serialized):
        if serialized.ndim:
            fail(f"Expected `serialized` to be a scalar, got shape: {debug(serialized.shape)}")
        text, message = serialized.item(), protobuf.TensorProto()
        try:
            message.ParseFromString(text)
        except Exception as error:  # protobuf's DecodeError is in another module in each version
            shown = text[:100].decode(errors="backslashreplace")
            fail(f"Could not parse `serialized` as TensorProto: {shown!r}: {error}")
        found = dtypes.as_dtype(message.dtype)
        if found != wanted:
            fail(f"Type mismatch between parsed tensor ({found.name}) and dtype ({wanted.name})")
        return tensor_util.MakeNdarray(message)

    return run


def _json_example(text):
    from google.protobuf import json_format

    example = protobuf.Example()
    try:
        json_format.Parse(text, example)
    except json_format.ParseError as error:
        fail(f"Error while parsing JSON: {error}")
    return example.SerializeToString()


reference.function("DecodeJSONExample", lambda texts: mapped(texts, _json_example))
