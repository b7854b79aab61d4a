"""Adding one operation to a graph: inputs converted, attributes inferred, checked, shapes derived.

`apply_op` is what `raw_ops` and so every wrapper ends in. It is the hot path of graph building: the
case of plain tensors in the default graph takes no detours. State: which of the latest names are valid.
"""

import functools

import numpy as np

from graphflow.framework import attr_value, dtypes, scopes, shape_inference
from graphflow.framework.convert import convert_to_tensor
from graphflow.framework.graph_scopes import VALID_NAME
from graphflow.framework.op_def import get_op_def
from graphflow.framework.operation import Operation, capture_stack
from graphflow.framework.tensor import Tensor

_NO_ATTRS = {}


def apply_op(op_def, *args, name=None, **kwargs):
    """Adds an operation to the default graph (or that of its inputs).

    Args: inputs positionally or by keyword, attributes by keyword, and `name`.
    Returns the output Tensor, a list (`N * T` output), a namedtuple of outputs, or the Operation.
    Raises TypeError for inputs or attributes of a wrong type, ValueError for misfit shapes.
    """
    op = build(op_def, args, kwargs, name or op_def.name)
    return _results(op_def, op)


def build(op_def, args, kwargs, name):
    """Adds the operation and returns it."""
    graph = scopes.get_default_graph()
    if len(args) != len(op_def.inputs):
        args, kwargs = _bind_arguments(op_def, args, kwargs)
    for value in args:
        if type(value) is Tensor:
            if value.op.graph is not graph:
                return _build_elsewhere(op_def, args, kwargs, name)
        else:
            return _build_converting(graph, op_def, args, kwargs, name)
    attrs = {}
    for arg, tensor in zip(op_def.inputs, args):
        if arg.is_list:
            return _build_converting(graph, op_def, args, kwargs, name)
        _check_input(op_def, arg, tensor, attrs)
    if not _valid_anywhere(name):
        graph._check_scope_name(name)
    unique = name[:-1] if name[-1] == "/" else graph.unique_name(name)
    return create(graph, op_def, unique, list(args), _complete_attrs(op_def, attrs, kwargs))


@functools.lru_cache(maxsize=4096)
def _valid_anywhere(name):
    """Whether a node may have this name inside of any scope and outside of all. Names come back often."""
    return bool(VALID_NAME.match(name))


def _bind_arguments(op_def, args, kwargs):
    """Inputs given by keyword take their places; wrong counts raise TypeError."""
    kwargs = dict(kwargs)
    bound = list(args)
    names = [arg.name for arg in op_def.inputs]
    if len(bound) > len(names):
        raise TypeError(f"Op {op_def.name} takes {len(names)} inputs ({', '.join(names)}), got {len(bound)}")
    for name in names[len(bound):]:
        if name not in kwargs:
            raise TypeError(f"No argument for input {name!r} of op {op_def.name}")
        bound.append(kwargs.pop(name))
    return bound, kwargs


def _build_elsewhere(op_def, args, kwargs, name):
    """Inputs of another graph than the default one: build there, if they agree."""
    from graphflow.framework.graph_scopes import graph_of

    graph = graph_of(_flatten(args))
    if graph.is_body:  # the body of a conditional or loop, and tensors of the graphs around
        args = [[_captured(graph, v) for v in value] if isinstance(value, (list, tuple)) else _captured(graph, value)
                for value in args]
    with graph.as_default():
        return build(op_def, args, kwargs, name)


def _captured(body, value):
    return body.capture(value) if isinstance(value, Tensor) else value


def _flatten(args):
    flat = []
    for value in args:
        flat.extend(value) if isinstance(value, (list, tuple)) else flat.append(value)
    return flat


def _build_converting(graph, op_def, args, kwargs, name):
    """The general case: constants to convert (inside the op's name scope) and list inputs."""
    flat = _flatten(args)
    for value in flat:
        if isinstance(value, Tensor) and value.op.graph is not graph:
            return _build_elsewhere(op_def, args, kwargs, name)
    attrs, inputs = {}, []
    with graph.name_scope(name) as scope:
        for arg, value in zip(op_def.inputs, args):
            if arg.is_list:
                inputs.extend(_list_input(op_def, arg, value, attrs, kwargs))
            else:
                tensor = _single_input(op_def, arg, value, attrs, kwargs)
                _check_input(op_def, arg, tensor, attrs)
                inputs.append(tensor)
    return create(graph, op_def, scope[:-1], inputs, _complete_attrs(op_def, attrs, kwargs))


def _expected(op_def, arg, attrs, kwargs):
    """(required dtype, preferred dtype) of a single input."""
    if arg.type is not None:
        return arg.type, None
    if arg.type_attr in attrs:
        return attrs[arg.type_attr], None
    if arg.type_attr in kwargs:
        return dtypes.as_dtype(kwargs[arg.type_attr]), None
    return None, op_def.attrs[arg.type_attr].default


def _single_input(op_def, arg, value, attrs, kwargs):
    if type(value) is Tensor:
        return value
    required, preferred = _expected(op_def, arg, attrs, kwargs)
    try:
        return convert_to_tensor(value, required, arg.name, preferred, as_ref=arg.is_ref)
    except (TypeError, ValueError) as error:
        if required is None:
            raise
        found = _dtype_found(value)
        if found is not None and found != required:
            _mismatch(op_def, arg, found, required)
        raise type(error)(
            f"Expected {required.name} passed to parameter '{arg.name}' of op '{op_def.name}', got {value!r} of "
            f"type '{type(value).__name__}' instead. Error: {error}"
        ) from None


def _dtype_found(value):
    """DType of a value that has one of its own (arrays, variables), else None."""
    found = getattr(value, "dtype", None)
    if found is None:
        return None
    return dtypes.as_dtype(found).base_dtype


def _list_input(op_def, arg, values, attrs, kwargs):
    if not isinstance(values, (list, tuple)):
        raise TypeError(f"Expected list for '{arg.name}' argument to '{op_def.name}' Op, not {values!r}.")
    if arg.number_attr is not None:
        attrs[arg.number_attr] = len(values)
        minimum = op_def.attrs[arg.number_attr].minimum
        if minimum is not None and len(values) < minimum:
            raise ValueError(f"List argument '{arg.name}' to '{op_def.name}' Op with length {len(values)} "
                             f"shorter than minimum length {minimum}.")
        tensors = _same_type_list(op_def, arg, values, attrs, kwargs)
    else:
        wanted = kwargs.get(arg.type_list_attr)
        wanted = [None] * len(values) if wanted is None else wanted
        tensors = [convert_to_tensor(value, dtype, f"{arg.name}_{i}", as_ref=arg.is_ref)
                   for i, (value, dtype) in enumerate(zip(values, wanted))]
        attrs[arg.type_list_attr] = [tensor.dtype.base_dtype for tensor in tensors]
    return tensors


def _same_type_list(op_def, arg, values, attrs, kwargs):
    required, preferred = _expected(op_def, arg, attrs, kwargs)
    if required is None:
        for value in values:
            if isinstance(value, Tensor) or (hasattr(value, "_as_graph_element") and hasattr(value, "dtype")):
                required = value.dtype.base_dtype
                break
    tensors = []
    for i, value in enumerate(values):
        if required is None and tensors:
            required = tensors[0].dtype.base_dtype
        tensors.append(convert_to_tensor(value, _own_dtype(value, required), f"{arg.name}_{i}", preferred,
                                         as_ref=arg.is_ref))
    types = [tensor.dtype.base_dtype for tensor in tensors]
    if any(dtype != types[0] for dtype in types) or (required and types and types[0] != required):
        raise TypeError(f"Tensors in list passed to '{arg.name}' of '{op_def.name}' Op have types "
                        f"[{', '.join(d.name for d in types)}] that don't all match"
                        + (f" type {required.name}." if required else "."))
    for tensor in tensors:
        _check_input(op_def, arg, tensor, attrs)
    return tensors


def _own_dtype(value, required):
    """Graph values keep their dtype here, so that a mismatch is reported for the whole list."""
    return None if isinstance(value, Tensor) or hasattr(value, "_as_graph_element") else required


def _check_input(op_def, arg, tensor, attrs):
    """Matches one tensor against its declaration, recording the type attribute it determines."""
    dtype = tensor.dtype
    if arg.is_ref and not dtype._is_ref_dtype:
        raise TypeError(
            f"'{op_def.name}' Op requires that input '{arg.name}' be a mutable tensor (e.g.: a tf.Variable)")
    if dtype._is_ref_dtype:
        dtype = dtype.base_dtype
    if arg.type is not None:
        if dtype is not arg.type:
            raise TypeError(f"Input '{arg.name}' of '{op_def.name}' Op has type {dtype.name} that does not match "
                            f"expected type of {arg.type.name}.")
        return
    known = attrs.get(arg.type_attr)
    if known is None:
        allowed = op_def.attrs[arg.type_attr].allowed
        if allowed is not None and dtype not in allowed:
            names = ", ".join(sorted(d.name for d in allowed))
            raise TypeError(f"Value passed to parameter '{arg.name}' has DataType {dtype.name} not in list of "
                            f"allowed values: {names}")
        attrs[arg.type_attr] = dtype
    elif known is not dtype:
        _mismatch(op_def, arg, dtype, known)


def _mismatch(op_def, arg, dtype, known):
    first = next((a.name for a in op_def.inputs if a.type_attr == arg.type_attr and a is not arg), None)
    origin = f"type {known.name} of argument '{first}'" if first else f"expected type of {known.name}"
    raise TypeError(f"Input '{arg.name}' of '{op_def.name}' Op has type {dtype.name} that does not match {origin}.")


def _complete_attrs(op_def, attrs, kwargs):
    """All attributes of a node: inferred ones, given ones (checked), defaults."""
    given = 0
    for name, attr in op_def.attrs.items():
        if name in kwargs:
            given += 1
            value = kwargs[name]
            if name in attrs:
                if attr.kind == "type" and dtypes.as_dtype(value).base_dtype != attrs[name]:
                    raise TypeError(
                        f"Attr {name!r} of op {op_def.name} is {value!r}, but inputs have {attrs[name].name}")
                continue
            if value is None and attr.kind != "shape":
                if not attr.has_default:
                    raise TypeError(f"Attr {name!r} of op {op_def.name} needs a value, got None")
                value = attr.default
            else:
                value = attr_value.checked(op_def, attr, value)
            attrs[name] = value
        elif name not in attrs:
            if not attr.has_default:
                raise TypeError(f"No argument for attr {name} of op {op_def.name}")
            attrs[name] = attr.default
    if given != len(kwargs):
        unknown = [k for k in kwargs if k not in op_def.attrs]
        raise TypeError(f"Op {op_def.name} got unexpected keyword arguments: {', '.join(unknown)}")
    return attrs


def create(graph, op_def, name, inputs, attrs):
    """Adds a node with complete inputs and attributes under exactly `name`."""
    if graph._finalized:
        graph._check_not_finalized()
    if graph.is_body:
        inputs = [graph.capture(tensor) for tensor in inputs]
    state = graph._scopes
    controls = graph._control_inputs_for(inputs) if state.controllers else ()
    if state.container and op_def.is_stateful and attrs.get("container") == b"":
        attrs["container"] = state.container.encode()
    with graph._lock:
        op = Operation(graph, op_def, name, inputs, attrs, controls, "", capture_stack(), len(graph._operations) + 1)
        try:
            _add_outputs(op_def, op, inputs, attrs)
        except ValueError:
            for tensor in inputs:
                tensor._consumers.remove(op)
            for control in controls:
                control._control_outputs.remove(op)
            raise
        graph._add_operation(op)
    colocation = state.colocation
    if op_def.ref_inputs:
        colocation = (*colocation, *[inputs[i].op for i in op_def.ref_inputs])
    elif state.devices:
        op.device = graph._device_for(op)
    if state.controllers:
        graph._note_created(op)
    if colocation:
        _colocate(op, colocation)
    if state.gradient_overrides and op.type in state.gradient_overrides:
        op._gradient_type = state.gradient_overrides[op.type]
        op._extra = {**(op._extra or {}), "_gradient_op_type": op._gradient_type.encode()}
    if state.attrs:
        op._extra = {**(op._extra or {}), **{k: attr_value.from_any(v) for k, v in state.attrs.items()}}
    return op


def _colocate(op, others):
    others = [other for other in map(_placed, others) if other is not None]
    if not others:
        return
    names = sorted({name for other in others for name in (other._colocation or [other.name])})
    op._colocation = names
    for other in others:
        if other.device:
            op.device = other.device


def _placed(op):
    """The operation that decides where `op` is: for what stands in a body for a tensor outside, the one outside."""
    while getattr(op, "type", None) in ("Captured", "RefCaptured"):
        op = op.inputs[0].op
    return None if getattr(op, "type", None) in ("LoopVariable", "TapeRead") else op


def _add_outputs(op_def, op, inputs, attrs):
    dtypes_out = output_dtypes(op_def, attrs)
    context = shape_inference.ShapeContext(inputs, attrs, len(dtypes_out))
    found = shape_inference.infer(op_def, op.name, context)
    op.outputs = [Tensor(op, i, dtype, shape) for i, (dtype, shape) in enumerate(zip(dtypes_out, found))]


def output_dtypes(op_def, attrs):
    """DTypes of all outputs of a node with these attributes, lists flattened."""
    result = []
    for arg in op_def.outputs:
        if arg.type_list_attr is not None:
            result.extend(attrs[arg.type_list_attr])
            continue
        dtype = arg.type if arg.type is not None else attrs[arg.type_attr]
        if arg.is_ref:
            dtype = dtype._as_ref
        result.extend([dtype] * (attrs[arg.number_attr] if arg.number_attr else 1))
    return result


def _results(op_def, op):
    outputs = op_def.outputs
    if len(outputs) == 1 and not outputs[0].is_list:
        return op.outputs[0]
    if not outputs:
        return op
    if len(outputs) == 1:
        return list(op.outputs) if op.outputs else op
    return attr_value.structured_outputs(op_def, op)


def constant_node(array, name):
    """A Const node holding `array` (its dtype and shape are the array's); returns its Tensor."""
    op_def = get_op_def("Const")
    dtype = dtypes.as_dtype(array.dtype)
    if name is None:
        name = "Const"
    name = name.decode() if isinstance(name, bytes) else name
    if isinstance(array, np.ndarray) and array.flags.writeable:
        array = array.copy(order="C")
        array.flags.writeable = False
    graph = scopes.get_default_graph()
    if not _valid_anywhere(name):
        graph._check_node_name(name)
    unique = name[:-1] if name[-1:] == "/" else graph.unique_name(name)
    return create(graph, op_def, unique, [], {"value": array, "dtype": dtype}).outputs[0]


def create_from_attrs(graph, op_type, inputs, attrs, name):
    """`Graph.create_op`: inputs are flat tensors, attributes values or AttrValue messages."""
    op_def = get_op_def(op_type)
    with graph.as_default():
        values = {key: attr_value.from_any(value) for key, value in attrs.items()}
        args, position = [], 0
        inferred = dict(values)
        for arg in op_def.inputs:
            count = attr_value.argument_length(arg, inferred, inputs, position)
            chunk = inputs[position:position + (1 if count is None else count)]
            args.append(chunk[0] if count is None else list(chunk))
            position += len(chunk)
        extra = {k: v for k, v in values.items() if k not in op_def.attrs}
        op = build(op_def, args, {k: v for k, v in values.items() if k in op_def.attrs}, name or op_type)
    if extra:
        op._extra = {**(op._extra or {}), **extra}
    return op
