"""Op definitions: what an op takes, gives and derives, in TensorFlow's own signature language.

An op is defined once, in its family file under `graphflow/ops/`:

    register_op("MatMul", inputs="a: T, b: T", outputs="product: T",
                attrs="transpose_a: bool = false; T: {float, double}", shape=matmul_shape)

and its gradient stands right below, by `RegisterGradient` or `NotDifferentiable`.
State: the registry of definitions and gradients of the families loaded so far. Families load on
demand through the generated index. This module builds no nodes (`apply_op`) and runs nothing.
"""

import importlib
import re
import sys

import numpy as np

from graphflow.framework import dtypes
from graphflow.framework.api import tf_export

_OPS = {}
_GRADIENTS = {}


class ArgDef:
    """One declared input or output: a tensor, `N * T` tensors, or a list of mixed types."""

    __slots__ = ("name", "type", "type_attr", "number_attr", "type_list_attr", "is_ref")

    def __init__(self, name, spec, attr_names):
        self.name = name
        self.type = self.type_attr = self.number_attr = self.type_list_attr = None
        self.is_ref = spec.startswith("Ref(")
        if self.is_ref:
            spec = spec[4:-1]
        number, star, kind = spec.rpartition("*")
        kind = kind.strip()
        if star:
            self.number_attr = number.strip()
        if kind not in attr_names:
            self.type = dtypes.as_dtype(kind)
        elif attr_names[kind].startswith("list("):
            self.type_list_attr = kind
        else:
            self.type_attr = kind

    @property
    def is_list(self):
        """Whether several tensors stand for this one argument."""
        return self.number_attr is not None or self.type_list_attr is not None


class AttrDef:
    """One declared attribute: kind, default, and the values it may take."""

    __slots__ = ("name", "kind", "has_default", "default", "allowed", "minimum")

    def __init__(self, name, kind, default, allowed, minimum):
        self.name = name
        self.kind = kind
        self.has_default = default is not None
        self.default = default[0] if default is not None else None
        self.allowed = allowed
        self.minimum = minimum


class OpDef:
    """The definition of one op type.

    Attributes:
      name: op type, e.g. "MatMul".
      inputs, outputs: lists of ArgDef; attrs: dict of AttrDef in declared order.
      shape_fn: function from a ShapeContext to the list of output shapes.
      is_stateful: never merged, folded or dropped.
      allocates: output shapes depend on input values (Where, Unique).
      writes: positions of the Ref (or variable handle) inputs that the op writes, in order.
      ref_inputs: positions of all Ref inputs; the op is placed with their variables.
      accepts_uninitialized: variables it is given need not have a value (Assign).
      blocking: may wait for other runs, or runs code of the user (queues, py_func).
      family: stem of the defining file, where kernels are looked for.
    """

    def __init__(self, name, inputs, outputs, attrs, shape_fn, stateful, allocates, writes, module,
                 accepts_uninitialized=False, blocking=False):
        self.name = name
        self._source = (inputs, outputs, attrs)
        self.shape_fn = shape_fn
        self.is_stateful = stateful
        self.allocates = allocates
        self._writes = writes
        self.accepts_uninitialized = accepts_uninitialized
        self.blocking = blocking
        self.module = module
        self.family = module.rpartition(".")[2]

    def __getattr__(self, name):
        # Signatures are parsed when an op is first used, not when its family loads.
        if name in ("inputs", "outputs", "attrs", "writes", "ref_inputs", "inferred"):
            self._parse()
            return self.__dict__[name]
        raise AttributeError(name)

    def _parse(self):
        inputs, outputs, attrs = self._source
        self.attrs = {a.name: a for a in map(_parse_attr, filter(None, _split(attrs, ";")))}
        kinds = {a.name: a.kind for a in self.attrs.values()}
        self.inputs = [_parse_arg(text, kinds) for text in _split(inputs, ",")]
        self.outputs = [_parse_arg(text, kinds) for text in _split(outputs, ",")]
        refs = tuple(i for i, arg in enumerate(self.inputs) if arg.is_ref)
        self.ref_inputs = refs
        self.writes = refs if self._writes is None else self._writes
        self.inferred = {
            attr
            for arg in self.inputs
            for attr in (arg.type_attr, arg.number_attr, arg.type_list_attr)
            if attr
        }

    def __repr__(self):
        return f"<OpDef {self.name}>"


def _split(text, separator):
    """Splits at separators outside of braces, brackets and quotes."""
    parts, depth, quoted, start = [], 0, False, 0
    for i, char in enumerate(text):
        if char in "\"'":
            quoted = not quoted
        elif quoted:
            continue
        elif char in "{[(":
            depth += 1
        elif char in ")]}":
            depth -= 1
        elif char == separator and depth == 0:
            parts.append(text[start:i].strip())
            start = i + 1
    parts.append(text[start:].strip())
    return [part for part in parts if part]


def _parse_arg(text, kinds):
    name, _, spec = text.partition(":")
    return ArgDef(name.strip(), spec.strip(), kinds)


_ATTR = re.compile(r"\s*(\w+)\s*:\s*([^=>]*?)\s*(?:>=\s*(-?\d+))?\s*(?:=\s*(.*))?$", re.S)
_TYPE_GROUPS = {
    "numbertype": dtypes.numbertype,
    "realnumbertype": dtypes.realnumbertype,
    "quantizedtype": dtypes.quantizedtype,
}


def _parse_attr(text):
    name, kind, minimum, default = _ATTR.match(text).groups()
    allowed = None
    in_list = kind.startswith("list(")
    inner = kind[5:-1].strip() if in_list else kind
    if inner in _TYPE_GROUPS:
        allowed, inner = frozenset(_TYPE_GROUPS[inner]), "type"
    elif inner.startswith("{"):
        items = _split(inner[1:-1], ",")
        if items[0][0] in "\"'":
            allowed, inner = frozenset(item[1:-1].encode() for item in items), "string"
        else:
            allowed, inner = frozenset(_allowed_types(items)), "type"
    kind = f"list({inner})" if in_list else inner
    value = None if default is None else (_parse_default(kind, default.strip()),)
    return AttrDef(name, kind, value, allowed, None if minimum is None else int(minimum))


def _allowed_types(items):
    for item in items:
        if item in _TYPE_GROUPS:
            yield from _TYPE_GROUPS[item]
        else:
            yield dtypes.as_dtype(item)


def _parse_default(kind, text):
    if kind.startswith("list("):
        return [_parse_default(kind[5:-1], item) for item in _split(text[1:-1], ",")]
    if kind == "type":
        return dtypes.as_dtype(text[3:].lower() if text.startswith("DT_") else text)
    if kind == "bool":
        return text == "true"
    if kind == "string":
        return text[1:-1].encode()
    if kind == "shape":
        if text in ("unknown", "{ unknown_rank: true }"):
            return None
        return tuple(int(d) for d in _split(text[1:-1], ","))
    if kind == "tensor":  # written as "uint8 [255, 0, 0, 255]"
        dtype, _, items = text.partition(" ")
        return np.array([int(item) for item in _split(items[1:-1], ",")], dtype)
    return int(text) if kind == "int" else float(np.float32(text))


def register_op(
    name, inputs="", outputs="", attrs="", *, shape, stateful=False, allocates=False, writes=None,
    accepts_uninitialized=False, blocking=False,
):
    """Defines an op type in the calling module's family.

    Args:
      name: op type. inputs, outputs, attrs: signatures in TensorFlow's language; attrs are
        separated by semicolons.
      shape: function from a ShapeContext to a list of output shapes.
      stateful: the op has effects or draws random numbers.
      allocates: output shapes depend on the values of inputs.
      writes: positions of the Ref or variable handle inputs that are written (default: all Ref
        inputs).
      accepts_uninitialized: its kernel gets None for a variable without a value.
      blocking: it may wait for other runs, or runs code of the user.
    """
    if name in _OPS:
        raise ValueError(f"Op {name!r} is already defined in {_OPS[name].module}")
    module = sys._getframe(1).f_globals["__name__"]
    _OPS[name] = OpDef(
        name, inputs, outputs, attrs, shape, stateful, allocates, writes, module, accepts_uninitialized,
        blocking,
    )


def get_op_def(name):
    """The definition of op type `name`, loading its family; NotFoundError if there is none."""
    op_def = _OPS.get(name)
    if op_def is None:
        op_def = _load(name)
    return op_def


def _load(name):
    module = importlib.import_module("graphflow.api_index").OPS.get(name)
    if module is not None:
        importlib.import_module("graphflow." + module)
    if name not in _OPS:
        from graphflow.framework import errors

        raise errors.NotFoundError(None, None, f"Op type not registered: {name!r}")
    return _OPS[name]


def loaded_ops():
    """The definitions of the families loaded so far, by op type."""
    return _OPS


@tf_export("RegisterGradient")
class RegisterGradient:
    """Decorator that registers the gradient function of an op type (`tf.RegisterGradient`).

    The function takes the Operation and one gradient per output, and returns one Tensor,
    IndexedSlices or None per input.
    """

    def __init__(self, op_type):
        if not isinstance(op_type, str):
            raise TypeError("op_type must be a string")
        self._op_type = op_type

    def __call__(self, function):
        if self._op_type in _GRADIENTS:
            raise KeyError(f"Registering two gradients with name {self._op_type!r}!")
        _GRADIENTS[self._op_type] = function
        return function


@tf_export("NotDifferentiable", "no_gradient", "NoGradient")
def NotDifferentiable(op_type):  # noqa: N802 - TensorFlow's public name
    """States that an op type has no gradient: what it computes is a constant to its inputs."""
    if not isinstance(op_type, str):
        raise TypeError("op_type must be a string")
    _GRADIENTS[op_type] = None


def get_gradient(op_type):
    """The gradient function of `op_type`; None if not differentiable; LookupError if missing."""
    if op_type not in _GRADIENTS:
        if op_type not in _OPS and op_type in importlib.import_module("graphflow.api_index").OPS:
            _load(op_type)
        if op_type not in _GRADIENTS:
            raise LookupError(f"No gradient defined for operation of type {op_type!r}")
    return _GRADIENTS[op_type]


def has_gradient(op_type):
    """Whether a gradient, or its absence, has been stated for `op_type`."""
    return op_type in _GRADIENTS
