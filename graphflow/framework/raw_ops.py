"""`tf.raw_ops`: every op as a function of its inputs and attributes.

`raw_ops.MatMul(a, b, transpose_a=True, name="m")` adds one MatMul node. Wrappers and gradients use it
too: ops are found by name when called, so families need not import each other. State: the functions
made so far.
"""

import functools
import importlib
import inspect
import sys

from graphflow.framework.api import export_value
from graphflow.framework.apply_op import apply_op
from graphflow.framework.op_def import get_op_def

_module = sys.modules[__name__]
export_value("raw_ops", __name__, "_module")


def __getattr__(name):
    if name.startswith("_"):
        raise AttributeError(name)
    from graphflow.framework import errors

    try:
        op_def = get_op_def(name)
    except errors.NotFoundError as error:
        raise AttributeError(f"GraphFlow has no op of type {name!r}") from error
    function = functools.partial(apply_op, op_def)
    function.__signature__ = _signature(op_def)
    function.__name__ = name
    globals()[name] = function
    return function


def _signature(op_def):
    """Inputs, attributes that must be given, attributes with defaults, `name`."""
    given = [attr for attr in op_def.attrs.values() if attr.name not in op_def.inferred]
    given.sort(key=lambda attr: attr.has_default)
    kind = inspect.Parameter.POSITIONAL_OR_KEYWORD
    return inspect.Signature([
        *(inspect.Parameter(arg.name, kind) for arg in op_def.inputs),
        *(inspect.Parameter(attr.name, inspect.Parameter.KEYWORD_ONLY,
                            default=attr.default if attr.has_default else inspect.Parameter.empty)
          for attr in given),
        inspect.Parameter("name", inspect.Parameter.KEYWORD_ONLY, default=None)])


def __dir__():
    return sorted(importlib.import_module("graphflow.api_index").OPS)
