"""Python values to ndarrays with TensorFlow 1.15's rules, and ndarrays to and from TensorProto.

`to_ndarray` is what `tf.constant` and `tf.convert_to_tensor` see of a Python value: which dtype it
gets, which shape, which error. Holds no state, makes no ops; protobuf and ml_dtypes are imported
only by the functions and dtypes that need them. Static values of tensors are in `static_value.py`.
"""

import itertools
import math
import numbers

import numpy as np

from graphflow.framework import dtypes
from graphflow.framework.api import tf_export
from graphflow.framework.dimension import Dimension
from graphflow.framework.tensor_shape import TensorShape

_INTEGERS = (numbers.Integral, np.integer, Dimension)
_REALS = (numbers.Real, np.integer, np.floating)
_COMPLEX = (numbers.Complex, np.number)
_STRINGS = (str, bytes)
_PLAIN = frozenset({int, float, bool, complex, str, bytes})


def as_bytes(value):
    """bytes of a str (as UTF-8), bytes or bytearray; TypeError for anything else."""
    if isinstance(value, bytes):
        return bytes(value)
    if isinstance(value, str):
        return value.encode("utf-8")
    if isinstance(value, bytearray):
        return bytes(value)
    raise TypeError(f"Expected binary or unicode string, got {value!r}")


def to_ndarray(values, dtype=None, shape=None, verify_shape=False, allow_broadcast=False):
    """A new ndarray with the value `tf.constant(values, dtype, shape)` has.

    Python floats become float32, ints int32 (int64 or uint64 where they do not fit), complex
    numbers complex128, strings an object array of bytes; NumPy values keep their dtype. With a
    `shape`, missing elements repeat the last one given (zeros if there is none).

    `verify_shape` demands exactly `shape`; `allow_broadcast` demands as many elements or one.
    Raises TypeError for values of a wrong or unsupported type and for a shape that fails these
    demands; ValueError for None, ragged lists and too many elements.

        to_ndarray([1, 2], shape=[3])  # array([1, 2, 2], dtype=int32)
    """
    array, shape = _convert(values, dtype, shape, verify_shape, allow_broadcast)
    if array.shape == shape:
        return array
    return _fill(array, shape)


def _convert(values, dtype, shape, verify_shape, allow_broadcast):
    """(the array of the values as given, the tuple of ints of the shape they shall have)."""
    if allow_broadcast and verify_shape:
        raise ValueError("allow_broadcast and verify_shape are not both allowed.")
    if dtype is not None:
        dtype = dtypes.as_dtype(dtype).base_dtype
    if shape is not None:
        shape = tuple([int(dim) for dim in shape])
        if shape and min(shape) < 0:
            raise ValueError(f"Dimension {min(shape)} must be >= 0 in shape {list(shape)}")
    if _is_array_like(values):
        array = _from_array(np.asarray(values), dtype)
    elif values is None:
        raise ValueError("None values not supported.")
    elif shape is not None and 0 in shape:
        array = np.empty(shape, np.float32 if dtype is None else _numpy_type(dtype, values))
    else:
        array = _from_python(values, dtype)
    if shape is None:
        return array, array.shape
    _check_fits(array, shape, verify_shape, allow_broadcast)
    return array, shape


def _is_array_like(values):
    kind = type(values)
    if kind in _PLAIN or kind is list or kind is tuple or _is_tensor(values):
        return False
    if isinstance(values, (np.ndarray, np.generic)) or callable(getattr(values, "__array__", None)):
        return True
    if isinstance(getattr(values, "__array_interface__", None), dict):
        return True
    try:
        memoryview(values)
    except TypeError:
        return False
    return not isinstance(values, bytes)


def _is_tensor(value):
    if type(value) in _PLAIN:
        return False
    from graphflow.framework.tensor import Tensor

    return isinstance(value, Tensor)


def _numpy_type(dtype, values):
    if not dtype.is_numpy_compatible:
        raise TypeError(
            f"Incompatible types: {dtype} vs. {type(values).__name__}. Value is {values!r}"
        )
    return dtype.as_numpy_dtype


def _from_array(array, dtype):
    """A copy of a NumPy value in the dtype asked for, or in its own."""
    if dtype is None:
        dtype = dtypes.as_dtype(array.dtype)
    if dtype is dtypes.string:
        return _string_array(array.ravel().tolist(), array.shape)
    numpy_type = _numpy_type(dtype, array)
    with np.errstate(over="ignore", invalid="ignore"):
        return np.array(array.astype(numpy_type, copy=False), order="C")


def _string_array(items, shape):
    array = np.empty(len(items), np.object_)
    array[:] = [as_bytes(item) for item in items]
    return array.reshape(shape)


def _from_python(values, dtype):
    """The array of a Python scalar or of nested lists and tuples."""
    if dtype is not None and dtype.is_quantized:
        return np.array(values, dtype.as_numpy_dtype)  # the leaves are tuples
    shape, leaves = _flatten(values)
    kinds = set(map(type, leaves))
    if dtype is None:
        _check_no_tensor(leaves, kinds)
        if any(issubclass(kind, _STRINGS) for kind in kinds):
            return _strings(values, leaves, shape)
    else:
        _check_leaves(leaves, kinds, dtype)
        if dtype is dtypes.string:
            return _string_array(leaves, shape)
    try:
        array = np.array(leaves)
    except ValueError:
        raise ValueError(
            f"Argument must be a dense tensor: {values} - its arrays differ in shape"
        ) from None
    if array.shape != (len(leaves),):
        raise ValueError(
            f"Argument must be a dense tensor: {values} - got shape "
            f"{[*shape, *array.shape[1:]]}, but wanted {list(shape)}."
        )
    if dtype is None:
        array = _narrow(array, values)
    else:
        with np.errstate(over="ignore", invalid="ignore"):
            array = array.astype(_numpy_type(dtype, values), copy=False)
    return array.reshape(shape)


def _narrow(array, values):
    """NumPy's idea of the dtype of Python numbers turned into TensorFlow's."""
    if array.dtype == np.float64:
        with np.errstate(over="ignore", invalid="ignore"):
            return array.astype(np.float32)
    if array.dtype == np.int64:
        small = array.astype(np.int32)
        return small if np.array_equal(small, array) else array
    if array.dtype == np.object_:
        raise _failed_to_convert(values)
    dtypes.as_dtype(array.dtype)
    return array


def _failed_to_convert(values):
    return TypeError(
        f"Failed to convert object of type {type(values)} to Tensor. Contents: {values}. "
        "Consider casting elements to a supported type."
    )


def _strings(values, leaves, shape):
    try:
        return _string_array(leaves, shape)
    except TypeError:
        raise _failed_to_convert(values) from None


def _flatten(values):
    """(shape, list of leaves) of nested lists and tuples; ValueError if they are ragged."""
    shape, level = [], [values]
    while level:
        nested = {issubclass(kind, (list, tuple)) for kind in set(map(type, level))}
        if nested == {False}:
            break
        lengths = {len(item) for item in level} if nested == {True} else ()
        if len(lengths) != 1:
            raise ValueError(_ragged(level, len(shape)))
        shape.append(lengths.pop())
        level = list(itertools.chain.from_iterable(level))
    return tuple(shape), level


def _ragged(level, axis):
    def describe(item):
        if isinstance(item, (list, tuple)):
            return f"length {len(item)}"
        return f"the single value {item!r}"

    first = describe(level[0])
    other = next(text for text in map(describe, level) if text != first)
    return (
        "setting an array element with a sequence: the nested lists are not rectangular, "
        f"an element of dimension {axis - 1} has {first} and another has {other}."
    )


def _check_no_tensor(leaves, kinds):
    if kinds <= _PLAIN:
        return
    if any(_is_tensor(leaf) for leaf in leaves):
        raise TypeError("List of Tensors when single Tensor expected")


def _check_leaves(leaves, kinds, dtype):
    """TypeError for the first leaf that is not of the kind that `dtype` takes."""
    if dtype.is_integer:
        allowed = _INTEGERS
    elif dtype.is_floating:
        allowed = _REALS
    elif dtype.is_complex:
        allowed = _COMPLEX
    elif dtype is dtypes.string:
        allowed = _STRINGS
    elif dtype.is_bool:
        allowed = bool
    else:
        _check_no_tensor(leaves, kinds)
        return
    if all(issubclass(kind, allowed) for kind in kinds):
        return
    bad = next(leaf for leaf in leaves if not isinstance(leaf, allowed))
    raise TypeError(
        f"Expected {dtype.name}, got {bad!r} of type '{type(bad).__name__}' instead."
    )


def _check_fits(array, shape, verify_shape, allow_broadcast):
    size = math.prod(shape)
    if allow_broadcast:
        wrong = array.shape not in ((), (1,)) and array.size != size
    else:
        wrong = verify_shape and array.shape != shape
    if wrong:
        raise TypeError(f"Expected Tensor's shape: {shape}, got {array.shape}.")
    if array.size > size and not allow_broadcast:
        raise ValueError(
            f"Too many elements provided. Needed at most {size}, but received {array.size}"
        )


def _fill(array, shape):
    """`array` reshaped, its last element repeated (zeros if it is empty) where it is too small."""
    size = math.prod(shape)
    if array.size < size:
        filled = np.empty(size, array.dtype)
        filled[: array.size] = array.ravel()
        if array.size:
            filled[array.size :] = array.ravel()[-1]
        else:
            filled[:] = b"" if array.dtype == np.object_ else np.zeros((), array.dtype)
        array = filled
    return array.ravel()[:size].reshape(shape)


# DType -> (the field of TensorProto with its values, the NumPy type they are stored as).
_FIELDS = {
    dtypes.float32: ("float_val", np.float32),
    dtypes.float64: ("double_val", np.float64),
    dtypes.float16: ("half_val", np.uint16),
    dtypes.bfloat16: ("half_val", np.uint16),
    dtypes.int32: ("int_val", np.int32),
    dtypes.int16: ("int_val", np.int16),
    dtypes.int8: ("int_val", np.int8),
    dtypes.uint8: ("int_val", np.uint8),
    dtypes.uint16: ("int_val", np.uint16),
    dtypes.qint8: ("int_val", np.int8),
    dtypes.quint8: ("int_val", np.uint8),
    dtypes.qint16: ("int_val", np.int16),
    dtypes.quint16: ("int_val", np.uint16),
    dtypes.qint32: ("int_val", np.int32),
    dtypes.uint32: ("uint32_val", np.uint32),
    dtypes.uint64: ("uint64_val", np.uint64),
    dtypes.int64: ("int64_val", np.int64),
    dtypes.bool: ("bool_val", np.bool_),
    dtypes.complex64: ("scomplex_val", np.float32),
    dtypes.complex128: ("dcomplex_val", np.float64),
    dtypes.string: ("string_val", np.object_),
}
_NO_CONTENT = frozenset(
    (dtypes.float16, dtypes.bfloat16, dtypes.bool, dtypes.complex64, dtypes.complex128)
)


@tf_export("make_tensor_proto", "contrib.util.make_tensor_proto")
def make_tensor_proto(values, dtype=None, shape=None, verify_shape=False, allow_broadcast=False):
    """A TensorProto of a Python or NumPy value; a TensorProto is returned as it is.

    Converts and checks as `tf.constant` does (same errors); ValueError beyond 2 GB. Where `shape`
    has more elements than `values`, only the given ones are stored: readers repeat the last.

        tf.make_ndarray(tf.make_tensor_proto(1.5, shape=[2]))  # array([1.5, 1.5], dtype=float32)
    """
    from graphflow import protobuf

    if isinstance(values, protobuf.TensorProto):
        return values
    array, shape = _convert(values, dtype, shape, verify_shape, allow_broadcast)
    dtype = dtypes.as_dtype(array.dtype)
    proto = protobuf.TensorProto(
        dtype=dtype.as_datatype_enum, tensor_shape=TensorShape.from_tuple(shape).as_proto()
    )
    field, stored = _FIELDS[dtype]
    flat = array.ravel()[: math.prod(shape)]
    if dtype is dtypes.string:
        proto.string_val.extend(flat.tolist())
    elif flat.size == math.prod(shape) > 1 and dtype not in _NO_CONTENT:
        if flat.nbytes >= 1 << 31:
            raise ValueError("Cannot create a tensor proto whose content is larger than 2GB.")
        proto.tensor_content = flat.astype(flat.dtype.newbyteorder("<"), copy=False).tobytes()
    else:
        getattr(proto, field).extend(flat.view(stored).tolist())
    return proto


@tf_export("make_ndarray", "contrib.util.make_ndarray")
def MakeNdarray(tensor):
    """A new ndarray with the value of a TensorProto (strings: an object array of bytes).

    Fewer stored values than elements mean that the last one repeats. Raises TypeError for resource
    and variant tensors, ValueError if the values do not fit the shape.
    """
    shape = tuple([dim.size for dim in tensor.tensor_shape.dim])
    dtype = dtypes.as_dtype(tensor.dtype).base_dtype
    if dtype not in _FIELDS:
        raise TypeError(f"Unsupported tensor type: {dtype.name}")
    field, stored = _FIELDS[dtype]
    numpy_type = np.dtype(dtype.as_numpy_dtype)
    if tensor.tensor_content and dtype is not dtypes.string:
        little = np.frombuffer(tensor.tensor_content, numpy_type.newbyteorder("<"))
        return little.astype(numpy_type).reshape(shape)
    if dtype is dtypes.string:
        values = _string_array(tensor.string_val, (len(tensor.string_val),))
    else:
        values = np.array(getattr(tensor, field), stored).view(numpy_type)
    if values.size > math.prod(shape):
        raise ValueError(f"TensorProto holds {values.size} values, too many for shape {shape}")
    return _fill(values, shape)


def ShapeEquals(tensor_proto, shape):
    """True if the TensorProto has the shape: a list, tuple, TensorShape or TensorShapeProto.

    Raises TypeError for arguments of other types.
    """
    from graphflow import protobuf

    if not isinstance(tensor_proto, protobuf.TensorProto):
        raise TypeError("tensor_proto is not a tensor_pb2.TensorProto object")
    if isinstance(shape, (TensorShape, protobuf.TensorShapeProto)):
        shape = TensorShape(shape).as_list()
    elif not isinstance(shape, (list, tuple)):
        raise TypeError("shape is not a list or tuple")
    return [dim.size for dim in tensor_proto.tensor_shape.dim] == list(shape)
