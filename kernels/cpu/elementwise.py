"""Makers shared by the elementwise families. Registers nothing itself, holds no state."""

from math import prod

from ..registry import F64, In, Native, Out
from . import native
from .layout import Rows

FLOATS = ("float32", "float64")
INTEGERS = ("int8", "int16", "int32", "int64", "uint8", "uint16")
NUMBERS = FLOATS + INTEGERS


def unary(ctx, op=None):
    """Kernel of a one-input op: the scalar function `op` (default: the op's own)."""
    code = native.function("elementwise.unary", op or ctx.op_type, ctx.input_dtypes[0].name,
                           ctx.output_dtypes[0].name)
    return Native(code, [Out(0), In(0), 0, prod(ctx.output_shapes[0])])


def unary_parameter(ctx, parameter):
    """Kernel of a one-input op with a number for attribute."""
    code = native.function("elementwise.unary_parameter", ctx.op_type, ctx.input_dtypes[0].name)
    return Native(code, [Out(0), In(0), 0, prod(ctx.output_shapes[0]), F64(parameter)])


def binary(ctx, op=None):
    """Kernel of a two-input op with broadcasting."""
    code = native.function("elementwise.binary", op or ctx.op_type, ctx.input_dtypes[0].name,
                           ctx.output_dtypes[0].name)
    return broadcast_words(code, ctx.output_shapes[0], ctx.input_shapes[0], ctx.input_shapes[1])


def broadcast_words(code, shape, left, right):
    """`code`, an instance of "elementwise.binary", on operands of shapes `left` and `right`."""
    rows = Rows(shape, left, right)
    return Native(code, [Out(0), In(0), In(1), rows.form, rows.length, 0, rows.count, 0,
                         rows.length, *rows.table])


def binary_parameter(ctx, parameter):
    """Kernel of a two-input op of equal shapes with a number for attribute."""
    code = native.function("elementwise.binary_parameter", ctx.op_type, ctx.input_dtypes[0].name)
    return Native(code, [Out(0), In(0), In(1), 0, prod(ctx.output_shapes[0]), F64(parameter)])
