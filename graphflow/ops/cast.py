"""Conversions between dtypes. Holds no state."""

import logging

from graphflow.framework import dtypes, raw_ops, shapes
from graphflow.framework.api import tf_export
from graphflow.framework.convert import convert_to_tensor
from graphflow.framework.graph_scopes import name_scope
from graphflow.framework.op_def import NotDifferentiable, RegisterGradient, register_op
from graphflow.framework.tensor import IndexedSlices, Tensor

register_op("Cast", inputs="x: SrcT", outputs="y: DstT",
            attrs="SrcT: type; DstT: type; Truncate: bool = false", shape=shapes.unchanged)

_CONTINUOUS = {dtypes.float16, dtypes.float32, dtypes.float64, dtypes.bfloat16, dtypes.complex64,
               dtypes.complex128}


@RegisterGradient("Cast")
def _cast_grad(op, grad):
    source = op.inputs[0].dtype.base_dtype
    if source in _CONTINUOUS and grad.dtype.base_dtype in _CONTINUOUS:
        return cast(grad, source)
    return None


@tf_export("cast", "dtypes.cast")
def cast(x, dtype, name=None):
    """`x` with elements of type `dtype`; `x` itself if they are of that type already.

    Floating-point numbers are cut towards zero when cast to integers, complex numbers lose their
    imaginary part.

    Args:
      x: Tensor, IndexedSlices or SparseTensor. dtype: DType or its name.
    Raises TypeError if there is no such conversion.

    Example:
      >>> import graphflow as tf
      >>> tf.cast(tf.constant([1.8, -2.2]), tf.int32).dtype
      tf.int32
    """
    base = dtypes.as_dtype(dtype).base_dtype
    if isinstance(x, Tensor) and x.dtype == base:
        return x
    with name_scope(name, "Cast", [x]) as name:
        if isinstance(x, IndexedSlices):
            return IndexedSlices(cast(x.values, base, name=name), x.indices, x.dense_shape)
        if hasattr(x, "dense_shape") and hasattr(x, "indices"):
            return type(x)(x.indices, cast(x.values, base, name=name), x.dense_shape)
        x = convert_to_tensor(x, name="x")
        if x.dtype.is_complex and base.is_floating:
            logging.getLogger("graphflow").warning(
                "Casting complex to real discards imaginary part."
            )
        if x.dtype.base_dtype != base:
            x = raw_ops.Cast(x, DstT=base, name=name)
        return x


@tf_export("dtypes.saturate_cast", "saturate_cast")
def saturate_cast(value, dtype, name=None):
    """`value` cast to `dtype`, after clamping it to the range of `dtype`."""
    with name_scope(name, "saturate_cast", [value]) as name:
        value = convert_to_tensor(value, name="value")
        dtype = dtypes.as_dtype(dtype).base_dtype
        if value.dtype.min < dtype.min:
            value = raw_ops.Maximum(
                value, convert_to_tensor(dtype.min, value.dtype.base_dtype, "min")
            )
        if value.dtype.max > dtype.max:
            value = raw_ops.Minimum(
                value, convert_to_tensor(dtype.max, value.dtype.base_dtype, "max")
            )
        return cast(value, dtype, name=name)


@tf_export("to_float")
def to_float(x, name="ToFloat"):
    """`x` cast to float32."""
    return cast(x, dtypes.float32, name=name)


@tf_export("to_double")
def to_double(x, name="ToDouble"):
    """`x` cast to float64."""
    return cast(x, dtypes.float64, name=name)


@tf_export("to_int32")
def to_int32(x, name="ToInt32"):
    """`x` cast to int32."""
    return cast(x, dtypes.int32, name=name)


@tf_export("to_int64")
def to_int64(x, name="ToInt64"):
    """`x` cast to int64."""
    return cast(x, dtypes.int64, name=name)


@tf_export("to_bfloat16")
def to_bfloat16(x, name="ToBFloat16"):
    """`x` cast to bfloat16."""
    return cast(x, dtypes.bfloat16, name=name)


@tf_export("to_complex64")
def to_complex64(x, name="ToComplex64"):
    """`x` cast to complex64."""
    return cast(x, dtypes.complex64, name=name)


@tf_export("to_complex128")
def to_complex128(x, name="ToComplex128"):
    """`x` cast to complex128."""
    return cast(x, dtypes.complex128, name=name)


def _bitcast_shape(c):
    shape = c.shape(0)
    before, after = c.attr("T").size, c.attr("type").size
    if shape is None or before == after:
        return [shape]
    if before > after:
        return [(*shape, before // after)]
    ratio = after // before
    if not shape or shape[-1] not in (None, ratio):
        raise ValueError(
            f"Cannot bitcast from {c.attr('T').name} to {c.attr('type').name}: the last dimension "
            f"must be {ratio}"
        )
    return [shape[:-1]]


_BITS = (
    "{bfloat16, half, float, double, int64, int32, uint8, uint16, uint32, uint64, int8, int16, "
    "complex64, complex128, qint8, quint8, qint16, quint16, qint32}"
)
register_op(
    "Bitcast",
    inputs="input: T",
    outputs="output: type",
    attrs=f"T: {_BITS}; type: {_BITS}",
    shape=_bitcast_shape,
)
NotDifferentiable("Bitcast")


@tf_export("bitcast")
def bitcast(input, type, name=None):  # noqa: A002 - TensorFlow's names
    """The bits of `input` read as elements of `type`.

    A smaller type adds a last dimension, a larger one takes the last dimension up.
    """
    return raw_ops.Bitcast(input, type=type, name=name)
