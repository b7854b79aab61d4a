"""Printing, assertions and checks for NaN while the graph runs.

Comparisons of tensors (`assert_equal`, ...) are built on `Assert` and stand in `checks`. Holds no state:
how often a Print has printed is kept by the session.
"""

import pprint
import sys

from graphflow.framework import dtypes, raw_ops, shapes
from graphflow.framework import public as tf
from graphflow.framework.api import tf_export
from graphflow.framework.convert import convert_n_to_tensor, convert_to_tensor
from graphflow.framework.deprecation import either_argument
from graphflow.framework.func_graph import WITH_BODIES
from graphflow.framework.graph_scopes import (
    colocate_with,
    control_dependencies,
    name_scope,
)
from graphflow.framework.grouping import group, with_dependencies
from graphflow.framework.op_def import NotDifferentiable, RegisterGradient, register_op
from graphflow.framework.scopes import get_default_graph
from graphflow.framework.sparse_tensor import SparseTensor
from graphflow.framework.tensor import Tensor, is_tensor_like

# ---------------------------------------------------------------- printing

register_op("Print", inputs="input: T, data: U", outputs="output: T",
            attrs="T: type; U: list(type) >= 0; message: string = ''; first_n: int = -1; summarize: int = 3",
            shape=lambda c: [c.shape(0)], stateful=True)
RegisterGradient("Print")(lambda op, grad: [grad, *[None] * (len(op.inputs) - 1)])


@tf_export("Print")
def Print(input_, data, message=None, first_n=None, summarize=None, name=None):
    """`input_`, which when run prints `message` and `data` to standard error.

    Args: data: list of tensors. first_n: print only so many times (-1: always). summarize: print only
    so many entries of each tensor (-1: all).

    Example:
      >>> import graphflow as tf
      >>> x = tf.Print(tf.constant(1.0), [tf.constant([1, 2])], message="x: ")
      >>> x.op.type
      'Print'
    """
    return raw_ops.Print(input_, list(data), message=message, first_n=first_n, summarize=summarize, name=name)


register_op("PrintV2", inputs="input: string", attrs="output_stream: string = 'stderr'; end: string = '\n'",
            shape=shapes.no_outputs, stateful=True)
NotDifferentiable("PrintV2")

_STREAMS = {"info": "log(info)", "warning": "log(warning)", "warn": "log(warning)", "error": "log(error)",
            20: "log(info)", 30: "log(warning)", 40: "log(error)"}


@tf_export("print")
def print_v2(*inputs, **kwargs):
    """An operation that prints `inputs` (tensors, or structures and text around them) when it runs.

    Args:
      output_stream: sys.stderr (the default), sys.stdout, a tf.logging function or level, or
        "file://path". summarize: entries printed at both ends of each dimension, 3 by default, -1 for
        all. sep, end: as in Python's print. name: of the operation.
    Raises ValueError for other keywords or streams.
    """
    output_stream = kwargs.pop("output_stream", sys.stderr)
    name, summarize = kwargs.pop("name", None), kwargs.pop("summarize", 3)
    sep, end = kwargs.pop("sep", " "), kwargs.pop("end", "\n")
    if kwargs:
        raise ValueError(f"Unrecognized keyword arguments for tf.print: {kwargs}")
    stream = _stream_name(output_stream)
    first = inputs[0] if len(inputs) == 1 else None
    if isinstance(first, Tensor) and first.dtype == dtypes.string and first.shape.ndims == 0:
        text = first
    else:
        text = _formatted(inputs, sep, summarize, f"{name}_format" if name else None)
    return raw_ops.PrintV2(text, output_stream=stream, end=end, name=name)


def _stream_name(stream):
    if isinstance(stream, str) and stream.startswith("file://"):
        return stream
    if stream is sys.stdout or stream is sys.stderr:
        return "stdout" if stream is sys.stdout else "stderr"
    found = _STREAMS.get(stream if isinstance(stream, int) else getattr(stream, "__name__", None))
    if found is None:
        raise ValueError(f"Unsupported output stream, logging level, or file: {stream}. Supported streams are "
                         "sys.stdout, sys.stderr, tf.logging.info, tf.logging.warning, tf.logging.error. "
                         "A file has the form 'file://<filepath>'.")
    return found


class _Slot:
    """Stands for a tensor in a structure that is formatted."""

    def __init__(self, text):
        self._text = text

    def __repr__(self):
        return self._text


def _formatted(inputs, sep, summarize, name):
    texts = [x if isinstance(x, str) else pprint.pformat(_with_slots(x, "", [])) for x in inputs]
    placeholder = "{}"
    while placeholder in sep.join(texts):
        placeholder += "0"
    tensors = []
    texts = [x if isinstance(x, str) else pprint.pformat(_with_slots(x, placeholder, tensors)) for x in inputs]
    return raw_ops.StringFormat(tensors, template=sep.join(texts), placeholder=placeholder, summarize=summarize,
                                name=name)


def _with_slots(value, placeholder, tensors):
    """`value` with slots for tensors, which are appended to `tensors`."""
    if isinstance(value, SparseTensor):
        tensors.extend((value.indices, value.values, value.dense_shape))
        return _Slot(f"'SparseTensor(indices={placeholder}, values={placeholder}, shape={placeholder})'")
    if is_tensor_like(value):
        tensors.append(value)
        return _Slot(placeholder)
    if isinstance(value, dict):
        return type(value)((key, _with_slots(value[key], placeholder, tensors)) for key in sorted(value))
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        return type(value)(*(_with_slots(item, placeholder, tensors) for item in value))
    if isinstance(value, (list, tuple)):
        return type(value)(_with_slots(item, placeholder, tensors) for item in value)
    return value


def _string_format_shape(c):
    template, placeholder = c.attr("template"), c.attr("placeholder")
    if len(template.split(placeholder)) != len(c.shapes) + 1:
        raise ValueError(f"num placeholders in template and num inputs must match: "
                         f"{len(template.split(placeholder)) - 1} vs. {len(c.shapes)}")
    return [()]


register_op("StringFormat", inputs="inputs: T", outputs="output: string",
            attrs="T: list(type) >= 0; template: string = '%s'; placeholder: string = '%s'; summarize: int = 3",
            shape=_string_format_shape)
NotDifferentiable("StringFormat")


@tf_export("strings.format")
def string_format(template, inputs, placeholder="{}", summarize=3, name=None):
    """The string `template` with each `placeholder` replaced by a tensor of `inputs`.

    Args: inputs: tensor or list of them. summarize: entries shown at both ends of each dimension.
    Raises ValueError if the numbers of placeholders and inputs differ.
    """
    inputs = list(inputs) if isinstance(inputs, (list, tuple)) else [inputs]
    found = template.count(placeholder)
    if found != len(inputs):
        raise ValueError(f"{found} placeholder(s) in template does not match {len(inputs)} tensor(s) provided as "
                         "input")
    return raw_ops.StringFormat(inputs, template=template, placeholder=placeholder, summarize=summarize, name=name)


# ---------------------------------------------------------------- assertions

register_op("Assert", inputs="condition: bool, data: T", attrs="T: list(type) >= 1; summarize: int = 3",
            shape=lambda c: shapes.with_rank(c.shape(0), 0) and [], stateful=True)
NotDifferentiable("Assert")


@tf_export("debugging.Assert", "Assert")
def Assert(condition, data, summarize=None, name=None):
    """An operation that raises InvalidArgumentError, naming `data`, if `condition` is false.

    Args: condition: bool scalar. data: list of tensors. summarize: entries of each tensor to show.
    It only acts if it is run: put it into `tf.control_dependencies`.
    """
    with name_scope(name, "Assert", [condition, data]):
        tensors = convert_n_to_tensor(list(data))
        if all(tensor.dtype in (dtypes.string, dtypes.int32) for tensor in tensors):
            return raw_ops.Assert(condition, list(data), summarize=summarize, name="Assert")
        condition = convert_to_tensor(condition, name="Condition")
        # TensorFlow puts a conditional here, to spare copies of `data` from devices: ours needs none.
        with name_scope("AssertGuard"):
            return raw_ops.Assert(condition, list(data), summarize=summarize, name="Assert")


# ---------------------------------------------------------------- NaN and infinity

register_op("CheckNumerics", inputs="tensor: T", outputs="output: T",
            attrs="T: {bfloat16, half, float, double}; message: string", shape=shapes.unchanged, stateful=True)


@RegisterGradient("CheckNumerics")
def _check_numerics_grad(op, grad):
    return raw_ops.CheckNumerics(
        grad, message="Not a number (NaN) or infinity (Inf) values detected in gradient.")


@tf_export("debugging.check_numerics", "check_numerics")
def check_numerics(tensor, message, name=None):
    """`tensor`; InvalidArgumentError beginning with `message` when it has NaN or infinity."""
    return raw_ops.CheckNumerics(tensor, message=message, name=name)


@tf_export("debugging.assert_all_finite", "verify_tensor_all_finite")
def verify_tensor_all_finite(t=None, msg=None, name=None, x=None, message=None):
    """`x`; InvalidArgumentError beginning with `message` when it has NaN or infinity.

    Args: t, msg: deprecated names of `x` and `message`.
    """
    x = either_argument("x", x, "t", t)
    message = either_argument("message", message, "msg", msg)
    with name_scope(name, "VerifyFinite", [x]):
        x = convert_to_tensor(x, name="x")
        with colocate_with(x):
            return with_dependencies([check_numerics(x, message=message)], x)


@tf_export("add_check_numerics_ops")
def add_check_numerics_ops():
    """An operation that checks every float tensor of the graph, one after the other.

    Raises ValueError for graphs with conditionals or loops, in which tensors may have no values.
    """
    checks = []
    for op in get_default_graph().get_operations():
        if op.type in WITH_BODIES:
            raise ValueError(
                "`tf.add_check_numerics_ops() is not compatible with TensorFlow control flow operations such as "
                f"`tf.cond()` or `tf.while_loop()`. '{op.name}' ({op.type}) is one.")
        for output in op.outputs:
            if output.dtype in (dtypes.float16, dtypes.float32, dtypes.float64):
                with control_dependencies(checks):
                    checks = [check_numerics(output, message=output.name)]
    return group(*checks)


@tf_export("debugging.is_numeric_tensor", "is_numeric_tensor", "contrib.framework.is_numeric_tensor")
def is_numeric_tensor(tensor):
    """Whether `tensor` is a Tensor of numbers."""
    return isinstance(tensor, Tensor) and tensor.dtype in _NUMERIC


_NUMERIC = frozenset((
    dtypes.float32, dtypes.float64, dtypes.int8, dtypes.int16, dtypes.int32, dtypes.int64, dtypes.uint8,
    dtypes.qint8, dtypes.qint32, dtypes.quint8, dtypes.complex64))


def _differences(x):
    x = tf.reshape(x, [-1])
    if not is_numeric_tensor(x):
        raise TypeError(f"Expected x to be numeric, instead found: {x}")

    def between():
        length = tf.shape(x) - 1
        return tf.strided_slice(x, [1], [1] + length) - tf.strided_slice(x, [0], length)

    return tf.cond(tf.less(tf.size(x), 2), lambda: convert_to_tensor([], dtype=x.dtype), between)


@tf_export("math.is_non_decreasing", "debugging.is_non_decreasing", "is_non_decreasing",
           "contrib.framework.is_non_decreasing")
def is_non_decreasing(x, name=None):
    """Whether no element of `x`, flattened, is less than the one before it."""
    with name_scope(name, "is_non_decreasing", [x]):
        difference = _differences(x)
        zero = convert_to_tensor(0, dtype=difference.dtype)
        return tf.reduce_all(tf.less_equal(zero, difference))


@tf_export("math.is_strictly_increasing", "debugging.is_strictly_increasing", "is_strictly_increasing",
           "contrib.framework.is_strictly_increasing")
def is_strictly_increasing(x, name=None):
    """Whether every element of `x`, flattened, is greater than the one before it."""
    with name_scope(name, "is_strictly_increasing", [x]):
        difference = _differences(x)
        zero = convert_to_tensor(0, dtype=difference.dtype)
        return tf.reduce_all(tf.less(zero, difference))
