"""Padding, reversal and rotation along axes.

Holds no state.
"""

from graphflow.framework import raw_ops, shapes
from graphflow.framework.api import lookup, tf_export
from graphflow.framework.op_def import RegisterGradient, register_op
from graphflow.framework.static_value import constant_value
from graphflow.framework.tensor import is_tensor_like
from graphflow.ops.shape_ops import reshape
from graphflow.ops.shape_tensors import rank, shape
from graphflow.ops.slicing import slice as slice_op


def _paddings(c):
    """(input shape, paddings as rows of two ints or None), checked against each other."""
    given, rows = c.shape(0), shapes.with_rank(c.shape(1), 2)
    if rows[1] not in (None, 2):
        raise ValueError(f"Dimension must be 2 but is {rows[1]}")
    if rows[0] is not None:
        given = shapes.with_rank(given, rows[0])
    pads = c.value(1)
    if pads is None:
        return given, None
    for before, after in pads:
        if before < 0 or after < 0:
            raise ValueError(f"Paddings must be non-negative, but found {before} and {after}")
    return given, [(int(before), int(after)) for before, after in pads]


def _pad_shape(c):
    given, pads = _paddings(c)
    if given is None or pads is None:
        return [None if given is None else (None,) * len(given)]
    return [tuple(None if d is None else d + sum(pad) for d, pad in zip(given, pads))]


def _mirror_pad_grad_shape(c):
    given, pads = _paddings(c)
    if given is None or pads is None:
        return [None if given is None else (None,) * len(given)]
    result = tuple(None if d is None else d - sum(pad) for d, pad in zip(given, pads))
    if any(d is not None and d < 0 for d in result):
        raise ValueError("Paddings are larger than the padded tensor")
    return [result]


_PAD_ATTRS = "T: type; Tpaddings: {int32, int64} = int32"
_MIRROR_ATTRS = _PAD_ATTRS + "; mode: {'REFLECT', 'SYMMETRIC'}"
register_op(
    "Pad",
    inputs="input: T, paddings: Tpaddings",
    outputs="output: T",
    attrs=_PAD_ATTRS,
    shape=_pad_shape,
)
register_op(
    "PadV2",
    inputs="input: T, paddings: Tpaddings, constant_values: T",
    outputs="output: T",
    attrs=_PAD_ATTRS,
    shape=_pad_shape,
)


def _pad_grad(op, grad):
    """The block of `grad` that the input was put at."""
    x, pads = op.inputs[0], op.inputs[1]
    before = slice_op(pads, [0, 0], lookup("stack")([rank(x), 1]))
    begin = reshape(before, [-1])
    block = slice_op(grad, begin, shape(x, out_type=begin.dtype.base_dtype))
    return [block] + [None] * (len(op.inputs) - 1)


for _op in ("Pad", "PadV2"):
    RegisterGradient(_op)(_pad_grad)


register_op(
    "MirrorPad",
    inputs="input: T, paddings: Tpaddings",
    outputs="output: T",
    attrs=_MIRROR_ATTRS,
    shape=_pad_shape,
)
register_op(
    "MirrorPadGrad",
    inputs="input: T, paddings: Tpaddings",
    outputs="output: T",
    attrs=_MIRROR_ATTRS,
    shape=_mirror_pad_grad_shape,
)


@RegisterGradient("MirrorPad")
def _mirror_pad_grad(op, grad):
    return [raw_ops.MirrorPadGrad(grad, op.inputs[1], mode=op.get_attr("mode")), None]


@RegisterGradient("MirrorPadGrad")
def _mirror_pad_grad_grad(op, grad):
    return [raw_ops.MirrorPad(grad, op.inputs[1], mode=op.get_attr("mode")), None]


@tf_export("pad")
def pad(tensor, paddings, mode="CONSTANT", name=None, constant_values=0):
    """`tensor` with `paddings[i] = [before, after]` elements added around axis i.

    Args:
      mode: "CONSTANT" (adds `constant_values`), "REFLECT" (mirrors without the border) or
        "SYMMETRIC" (mirrors with the border), in any case.
    Raises ValueError for another mode or negative paddings.

    Example:
      >>> import graphflow as tf
      >>> tf.pad(tf.zeros([2, 3]), [[1, 1], [0, 2]]).shape
      TensorShape([Dimension(4), Dimension(5)])
    """
    upper = mode.upper()
    if upper == "CONSTANT":
        if not is_tensor_like(constant_values) and constant_values == 0:
            result = raw_ops.Pad(tensor, paddings, name=name)
        else:
            result = raw_ops.PadV2(tensor, paddings, constant_values, name=name)
    elif upper in ("REFLECT", "SYMMETRIC"):
        result = raw_ops.MirrorPad(tensor, paddings, mode=upper, name=name)
    else:
        raise ValueError(f"Unknown padding mode: {mode}")
    _refine_shape(result)
    return result


def _refine_shape(result):
    """Sets the sizes of axes whose paddings are known where others are computed."""
    given, pads = result.op.inputs[0]._shape, result.op.inputs[1]
    if given is None or shapes.is_full(result._shape) or pads.op.type != "Pack" or pads.op.attrs["axis"] != 0:
        return
    rows = [_known_row(row) for row in pads.op.inputs]
    result.set_shape(
        [None if d is None or row is None else d + sum(row) for d, row in zip(given, rows)]
    )


def _known_row(row):
    known = constant_value(row)
    if known is None and row.op.type == "Pack":
        parts = [constant_value(part) for part in row.op.inputs]
        return None if any(part is None for part in parts) else [int(part) for part in parts]
    return None if known is None else known.tolist()


def _reverse_v2_shape(c):
    given, axes = c.shape(0), c.value(1)
    shapes.with_rank(c.shape(1), 1)
    if given is None or axes is None:
        return [given]
    seen = set()
    for axis in map(int, axes):
        if not -len(given) <= axis < len(given):
            raise ValueError(
                f"'axis'[{axis}] is out of valid range [{-len(given)}, {len(given) - 1}]"
            )
        if axis % len(given) in seen:
            raise ValueError(f"axis {axis % len(given)} specified more than once.")
        seen.add(axis % len(given))
    return [given]


register_op(
    "ReverseV2",
    inputs="tensor: T, axis: Tidx",
    outputs="output: T",
    attrs="Tidx: {int32, int64} = int32; T: {uint8, int8, uint16, int16, int32, int64, "
    "bool, bfloat16, half, "
    "float, double, complex64, complex128, string}",
    shape=_reverse_v2_shape,
)
RegisterGradient("ReverseV2")(lambda op, grad: (reverse(grad, op.inputs[1]), None))


@tf_export("reverse", "manip.reverse", "reverse_v2")
def reverse(tensor, axis, name=None):
    """`tensor` with the order of elements reversed along the axes in the list `axis`."""
    return raw_ops.ReverseV2(tensor, axis, name=name)


def _reverse_sequence_shape(c):
    given, (batch,) = c.shape(0), shapes.with_rank(c.shape(1), 1)
    seq_dim, batch_dim = c.attr("seq_dim"), c.attr("batch_dim")
    if given is None:
        return [None]
    for what, axis in (("seq_dim", seq_dim), ("batch_dim", batch_dim)):
        if axis >= len(given):
            raise ValueError(f"{what} must be < input rank: {axis} vs. {len(given)}")
    if given[batch_dim] is None and batch is not None:
        return [given[:batch_dim] + (batch,) + given[batch_dim + 1 :]]
    shapes.merge_dim(given[batch_dim], batch)
    return [given]


register_op(
    "ReverseSequence",
    inputs="input: T, seq_lengths: Tlen",
    outputs="output: T",
    attrs="seq_dim: int; batch_dim: int = 0; T: type; Tlen: {int32, int64} = int64",
    shape=_reverse_sequence_shape,
)


@RegisterGradient("ReverseSequence")
def _reverse_sequence_grad(op, grad):
    return [
        reverse_sequence(
            grad, op.inputs[1], seq_axis=op.get_attr("seq_dim"), batch_axis=op.get_attr("batch_dim")
        ),
        None,
    ]


@tf_export("reverse_sequence")
def reverse_sequence(
    input,
    seq_lengths,
    seq_axis=None,
    batch_axis=None,
    name=None,
    seq_dim=None,  # noqa: A002
    batch_dim=None,
):
    """Reverses the first `seq_lengths[i]` elements along `seq_axis` of every row i of `batch_axis`.

    `seq_dim` and `batch_dim` are older names of the axes; ValueError if both names are given.
    """
    for old, new, name_ in ((seq_dim, seq_axis, "seq"), (batch_dim, batch_axis, "batch")):
        if old is not None and new is not None:
            raise ValueError(f"Cannot specify both '{name_}_dim' and '{name_}_axis'")
    seq_axis = seq_dim if seq_axis is None else seq_axis
    batch_axis = batch_dim if batch_axis is None else batch_axis
    return raw_ops.ReverseSequence(
        input, seq_lengths, seq_dim=seq_axis, batch_dim=batch_axis, name=name
    )


def _roll_shape(c):
    shapes.with_rank_at_least(c.shape(0), 1)
    shapes.with_rank_at_most(c.shape(1), 1)
    shapes.with_rank_at_most(c.shape(2), 1)
    if not shapes.compatible(c.shape(1), c.shape(2)):
        raise ValueError("shift and axis: both shapes must be equal, but are "
                         f"{shapes.format_shape(c.shape(1))} and {shapes.format_shape(c.shape(2))}")
    return [c.shape(0)]


register_op(
    "Roll",
    inputs="input: T, shift: Tshift, axis: Taxis",
    outputs="output: T",
    attrs="T: type; Tshift: {int32, int64}; Taxis: {int32, int64}",
    shape=_roll_shape,
)
RegisterGradient("Roll")(lambda op, grad: (roll(grad, -op.inputs[1], op.inputs[2]), None, None))


@tf_export("roll", "manip.roll")
def roll(input, shift, axis, name=None):  # noqa: A002
    """`input` rotated by `shift` places along `axis` (scalars, or lists of equal length)."""
    return raw_ops.Roll(input, shift, axis, name=name)
