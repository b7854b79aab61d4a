"""Operations on the bits of integers. Holds no state."""

from graphflow.framework import raw_ops, shapes
from graphflow.framework.api import tf_export
from graphflow.framework.op_def import NotDifferentiable, register_op

_INTEGERS = "T: {int8, int16, int32, int64, uint8, uint16, uint32, uint64}"

for _name in ("BitwiseAnd", "BitwiseOr", "BitwiseXor", "LeftShift", "RightShift"):
    register_op(_name, inputs="x: T, y: T", outputs="z: T", attrs=_INTEGERS, shape=shapes.broadcast)
    NotDifferentiable(_name)
register_op("Invert", inputs="x: T", outputs="y: T", attrs=_INTEGERS, shape=shapes.unchanged)
register_op("PopulationCount", inputs="x: T", outputs="y: uint8", attrs=_INTEGERS,
            shape=shapes.unchanged)
NotDifferentiable("Invert")
NotDifferentiable("PopulationCount")


@tf_export("bitwise.bitwise_and")
def bitwise_and(x, y, name=None):
    """Bits set in both, with broadcasting."""
    return raw_ops.BitwiseAnd(x, y, name=name)


@tf_export("bitwise.bitwise_or")
def bitwise_or(x, y, name=None):
    """Bits set in at least one, with broadcasting."""
    return raw_ops.BitwiseOr(x, y, name=name)


@tf_export("bitwise.bitwise_xor")
def bitwise_xor(x, y, name=None):
    """Bits set in exactly one, with broadcasting."""
    return raw_ops.BitwiseXor(x, y, name=name)


@tf_export("bitwise.invert")
def invert(x, name=None):
    """All bits flipped."""
    return raw_ops.Invert(x, name=name)


@tf_export("bitwise.left_shift")
def left_shift(x, y, name=None):
    """Bits of `x` moved `y` places up; `y` is clamped to the places there are."""
    return raw_ops.LeftShift(x, y, name=name)


@tf_export("bitwise.right_shift")
def right_shift(x, y, name=None):
    """Bits of `x` moved `y` places down, keeping the sign; `y` is clamped likewise."""
    return raw_ops.RightShift(x, y, name=name)
