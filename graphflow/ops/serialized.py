"""Tensors and messages as serialised bytes: TensorProto, and tf.train.Example written as JSON. Holds no state."""

from graphflow.framework import dtypes, raw_ops, shapes
from graphflow.framework.api import tf_export
from graphflow.framework.op_def import NotDifferentiable, register_op

register_op("SerializeTensor", inputs="tensor: T", outputs="serialized: string", attrs="T: type", shape=shapes.scalar)
NotDifferentiable("SerializeTensor")
register_op("ParseTensor", inputs="serialized: string", outputs="output: out_type", attrs="out_type: type",
            shape=shapes.unknown, allocates=True)
NotDifferentiable("ParseTensor")
register_op("DecodeJSONExample", inputs="json_examples: string", outputs="binary_examples: string",
            shape=shapes.unchanged)
NotDifferentiable("DecodeJSONExample")


@tf_export("io.serialize_tensor", "serialize_tensor")
def serialize_tensor(tensor, name=None):
    """The bytes of the TensorProto that holds a tensor, a string scalar.

    Example:
      >>> import graphflow as tf
      >>> with tf.Session() as sess:
      ...     print(sess.run(tf.io.parse_tensor(tf.io.serialize_tensor([1, 2]), tf.int32)))
      [1 2]
    """
    return raw_ops.SerializeTensor(tensor, name=name)


@tf_export("io.parse_tensor", "parse_tensor")
def parse_tensor(serialized, out_type, name=None):
    """The tensor in the bytes of a TensorProto, a string scalar.

    Raises InvalidArgumentError in a run for other bytes, or a tensor of another dtype than `out_type`.
    """
    return raw_ops.ParseTensor(serialized, out_type=dtypes.as_dtype(out_type), name=name)


@tf_export("io.decode_json_example", "decode_json_example")
def decode_json_example(json_examples, name=None):
    """tf.train.Example messages written as JSON, as bytes that `tf.parse_example` reads; of the same shape.

    Raises InvalidArgumentError in a run for what is no such JSON.
    """
    return raw_ops.DecodeJSONExample(json_examples, name=name)
