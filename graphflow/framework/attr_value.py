"""Attribute values: checking what a caller gives, and the forms they take in memory.

In memory: type -> DType, shape -> tuple or None, string -> bytes, tensor -> ndarray, func ->
whatever names a function, lists of these. Holds no state.
"""

import collections
import numbers

import numpy as np

from graphflow.framework import dimension, dtypes, tensor_shape

_NAMEDTUPLES = {}


def checked(op_def, attr, value):
    """`value` in its in-memory form, or TypeError/ValueError naming op and attribute."""
    if attr.kind.startswith("list("):
        if not isinstance(value, (list, tuple)):
            raise TypeError(f"Expected list for attr {attr.name} of op {op_def.name}, got {value!r}")
        result = [_converted(op_def, attr, attr.kind[5:-1], item) for item in value]
        _check_allowed(op_def, attr, result)
        if attr.minimum is not None and len(result) < attr.minimum:
            raise ValueError(f"Attr '{attr.name}' of '{op_def.name}' Op passed list of length {len(result)} "
                             f"less than minimum {attr.minimum}.")
        return result
    result = _converted(op_def, attr, attr.kind, value)
    _check_allowed(op_def, attr, [result])
    if attr.minimum is not None and result < attr.minimum:
        raise ValueError(f"Attr '{attr.name}' of '{op_def.name}' Op passed {result} less than minimum {attr.minimum}.")
    return result


def _check_allowed(op_def, attr, values):
    if attr.allowed is None:
        return
    for value in values:
        if value not in attr.allowed:
            if attr.kind.endswith("string") or attr.kind == "list(string)":
                names = '", "'.join(sorted(v.decode() for v in attr.allowed))
                raise ValueError(f"Attr '{attr.name}' of '{op_def.name}' Op passed string '{value.decode()}' "
                                 f'not in: "{names}".')
            names = ", ".join(sorted(d.name for d in attr.allowed))
            raise TypeError(f"Value passed to parameter '{attr.name}' has DataType {value.name} not in list of "
                            f"allowed values: {names}")


def _converted(op_def, attr, kind, value):
    convert = _CONVERTERS.get(kind)
    if convert is None:
        return value
    try:
        return convert(value)
    except (TypeError, ValueError):
        raise TypeError(f"Expected {kind} for argument '{attr.name}' of op {op_def.name}, not {value!r}.") from None


def _to_int(value):
    if isinstance(value, (bool, np.bool_)) or not isinstance(value, (numbers.Integral, dimension.Dimension)):
        if not (isinstance(value, numbers.Real) and float(value).is_integer()):
            raise TypeError
    return int(value)


def to_float(value):
    """`value` as the nearest float32: attributes have no other floats."""
    return float(np.float32(value))


def _to_bool(value):
    if not isinstance(value, (bool, np.bool_)) and value not in (0, 1):
        raise TypeError
    return bool(value)


def _to_bytes(value):
    if isinstance(value, str):
        return value.encode()
    if not isinstance(value, bytes):
        raise TypeError
    return value


def _to_type(value):
    return dtypes.as_dtype(value).base_dtype


def _to_shape(value):
    if hasattr(value, "unknown_rank"):
        value = tensor_shape.TensorShape(value)
    return tensor_shape.as_shape(value).as_tuple()


def _to_tensor(value):
    return value if isinstance(value, np.ndarray) else from_tensor_proto(value)


def from_tensor_proto(proto):
    """The ndarray in a TensorProto."""
    from graphflow.framework.tensor_util import MakeNdarray

    return MakeNdarray(proto)


_CONVERTERS = {"int": _to_int, "float": to_float, "bool": _to_bool, "string": _to_bytes, "type": _to_type,
               "shape": _to_shape, "tensor": _to_tensor}


def from_any(value):
    """An AttrValue message as its in-memory form; other values as they are."""
    if hasattr(value, "WhichOneof"):
        from graphflow.framework.node_def import attr_from_proto

        return attr_from_proto(value)
    return value


def argument_length(arg, attrs, inputs, position):
    """How many flat inputs a list argument takes (None: it is a single tensor)."""
    if arg.number_attr is not None:
        return int(attrs[arg.number_attr]) if arg.number_attr in attrs else len(inputs) - position
    if arg.type_list_attr is not None:
        return len(attrs[arg.type_list_attr]) if arg.type_list_attr in attrs else len(inputs) - position
    return None


def structured_outputs(op_def, op):
    """Several outputs as a namedtuple by declared names; list outputs become lists."""
    kind = _NAMEDTUPLES.get(op_def.name)
    if kind is None:
        names = [arg.name if arg.name.isidentifier() and not arg.name.startswith("_") else f"output_{i}"
                 for i, arg in enumerate(op_def.outputs)]
        kind = _NAMEDTUPLES[op_def.name] = collections.namedtuple(op_def.name, names, rename=True)
    values, position = [], 0
    for arg in op_def.outputs:
        if arg.number_attr is not None:
            length = op.attrs[arg.number_attr]
        elif arg.type_list_attr is not None:
            length = len(op.attrs[arg.type_list_attr])
        else:
            values.append(op.outputs[position])
            position += 1
            continue
        values.append(list(op.outputs[position:position + length]))
        position += length
    return kind(*values)
