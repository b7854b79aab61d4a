"""Ops that give the same elements another shape or order of axes.

Holds no state. Shapes as tensors are in `shape_tensors.py`; ops that select elements are in
`slicing.py` and `gather_scatter.py`; ops that join or repeat tensors are in `join_split.py`.
"""

import numpy as np

from graphflow.framework import raw_ops, shapes
from graphflow.framework.api import lookup, tf_export
from graphflow.framework.convert import convert_to_tensor
from graphflow.framework.dtypes import as_dtype
from graphflow.framework.graph_scopes import name_scope
from graphflow.framework.op_def import NotDifferentiable, RegisterGradient, register_op
from graphflow.framework.tensor_shape import as_shape
from graphflow.ops.shape_tensors import rank, shape


def _product(dims):
    """(product of the known sizes, positions of the unknown ones); Python ints do not overflow."""
    total, unknown = 1, []
    for i, dim in enumerate(dims):
        if dim is None:
            unknown.append(i)
        else:
            total *= dim
    return total, unknown


def _misfit(c, elements, wanted, target, what):
    """The error for a shape that does not hold the elements there are."""
    if c.running:
        need = f"has {target}" if None not in wanted else f"requires a multiple of {target}"
        return ValueError(
            f"Input to reshape is a tensor with {elements} values, but the requested shape {need}"
        )
    return ValueError(what)


def _reshape_shape(c):
    given, wanted = c.shape(0), c.shape_value(1)
    if given is None or wanted is None:
        return [wanted]
    elements, unknown_in = _product(given)
    target, unknown_out = _product(wanted)
    if len(unknown_in) > 1 or len(unknown_out) > 1:
        return [wanted]
    uneven = "Dimension size must be evenly divisible by {} but is {}"
    if not unknown_out:
        if not unknown_in and elements != target:
            raise _misfit(
                c,
                elements,
                wanted,
                target,
                f"Cannot reshape a tensor with {elements} elements to shape "
                f"{shapes.format_shape(wanted)} ({target} elements)",
            )
        if unknown_in and elements and target % elements:
            raise ValueError(uneven.format(elements, target))
        return [wanted]
    missing = None
    if not unknown_in and target > 0:
        if elements % target:
            raise _misfit(c, elements, wanted, target, uneven.format(target, elements))
        missing = elements // target
    at = unknown_out[0]
    return [wanted[:at] + (missing,) + wanted[at + 1 :]]


register_op(
    "Reshape",
    inputs="tensor: T, shape: Tshape",
    outputs="output: T",
    attrs="T: type; Tshape: {int32, int64} = int32",
    shape=_reshape_shape,
)


def reshape_to_input(op, grad):
    """The gradient of ops that only change a shape: `grad` in the shape of input 0."""
    return reshape(grad, shape(op.inputs[0]))


@RegisterGradient("Reshape")
def _reshape_grad(op, grad):
    return [reshape_to_input(op, grad), None]


@tf_export("reshape", "manip.reshape")
def reshape(tensor, shape, name=None):
    """The elements of `tensor`, in row-major order, with shape `shape`.

    One entry of `shape` may be -1: it becomes what is left. Raises ValueError (or
    InvalidArgumentError at run time) if the numbers of elements differ.

    Example:
      >>> import graphflow as tf
      >>> tf.reshape(tf.zeros([2, 6]), [3, -1]).shape
      TensorShape([Dimension(3), Dimension(4)])
    """
    return raw_ops.Reshape(tensor, shape, name=name)


def _expand_dims_shape(c):
    given, axis = c.shape(0), c.value(1)
    if axis is not None and axis.size != 1:
        raise ValueError("'dim' input must be a tensor with a single value")
    if given is None:
        return [None]
    if axis is None:
        return [(None,) * (len(given) + 1)]
    axis, low = int(axis.ravel()[0]), -len(given) - 1
    if not low <= axis <= len(given):
        raise ValueError(f"dim {axis} not in the interval [{low}, {len(given)}].")
    axis -= low if axis < 0 else 0
    return [given[:axis] + (1,) + given[axis:]]


register_op(
    "ExpandDims",
    inputs="input: T, dim: Tdim",
    outputs="output: T",
    attrs="T: type; Tdim: {int32, int64} = int32",
    shape=_expand_dims_shape,
)
RegisterGradient("ExpandDims")(lambda op, grad: [reshape_to_input(op, grad), None])


def _one_name(new, new_value, old, old_value):
    """The value of an argument that has an older name; ValueError if both are given."""
    if old_value is None:
        return new_value
    if new_value is not None:
        raise ValueError(f"Cannot specify both '{old}' and '{new}'")
    return old_value


@tf_export("expand_dims")
def expand_dims(input, axis=None, name=None, dim=None):  # noqa: A002
    """`input` with a new axis of size 1 at position `axis` (-1: at the end)."""
    axis = _one_name("axis", axis, "dim", dim)
    if axis is None:
        raise ValueError("Must specify an axis argument to tf.expand_dims()")
    return raw_ops.ExpandDims(input, axis, name=name)


def _squeeze_shape(c):
    given, axes = c.shape(0), c.attr("squeeze_dims")
    if given is None:
        return [None]
    if not axes:
        return [None if None in given else tuple(d for d in given if d != 1)]
    drop = set()
    for axis in axes:
        if not -len(given) <= axis < len(given):
            raise ValueError(
                f"Tried to squeeze dim index {axis} for tensor with {len(given)} dimensions."
            )
        drop.add(axis % len(given))
    for axis in sorted(drop):
        if given[axis] not in (1, None):
            raise ValueError(
                f"Can not squeeze dim[{axis}], expected a dimension of 1, got {given[axis]}"
            )
    return [tuple(d for i, d in enumerate(given) if i not in drop)]


register_op(
    "Squeeze",
    inputs="input: T",
    outputs="output: T",
    attrs="T: type; squeeze_dims: list(int) >= 0 = []",
    shape=_squeeze_shape,
)
RegisterGradient("Squeeze")(reshape_to_input)


@tf_export("squeeze")
def squeeze(input, axis=None, name=None, squeeze_dims=None):  # noqa: A002
    """`input` without its axes of size 1, or without those named in `axis` (an int or a list)."""
    axis = _one_name("axis", axis, "squeeze_dims", squeeze_dims)
    if np.isscalar(axis):
        axis = [axis]
    return raw_ops.Squeeze(input, squeeze_dims=axis, name=name)


def _transpose_shape(c):
    given, perm = c.shape(0), c.value(1)
    length = shapes.with_rank(c.shape(1), 1)[0]
    if perm is not None:
        length = perm.size
    if given is None:
        return [None if length is None else (None,) * length]
    if length is not None and length != len(given):
        raise ValueError(f"Dimension must be {len(given)} but is {length}")
    if perm is None:
        return [given if len(given) < 2 else (None,) * len(given)]
    perm = [int(axis) for axis in perm.ravel()]
    for axis in perm:
        if not -len(given) <= axis < len(given):
            raise ValueError(f"perm dim {axis} is out of range of input rank {len(given)}")
    return [tuple(given[axis] for axis in perm)]


for _op in ("Transpose", "ConjugateTranspose"):
    register_op(
        _op,
        inputs="x: T, perm: Tperm",
        outputs="y: T",
        attrs="T: type; Tperm: {int32, int64} = int32",
        shape=_transpose_shape,
    )


@RegisterGradient("Transpose")
def _transpose_grad(op, grad):
    return [transpose(grad, invert_permutation(op.inputs[1])), None]


@RegisterGradient("ConjugateTranspose")
def _conjugate_transpose_grad(op, grad):
    return [transpose(grad, invert_permutation(op.inputs[1]), conjugate=True), None]


@tf_export("transpose")
def transpose(a, perm=None, name="transpose", conjugate=False):
    """`a` with its axes in the order `perm` (default: reversed).

    Axis i of the result is axis `perm[i]` of `a`. `conjugate` conjugates complex elements.
    """
    with name_scope(name, "transpose", [a]) as scope:
        if perm is not None:
            return _transpose_op(a, conjugate)(a, perm, name=scope)
        a = convert_to_tensor(a, name="a")
        if a._shape:
            perm = (len(a._shape) - 1) - np.arange(len(a._shape))
        else:
            ndims = raw_ops.Rank(a)
            perm = (ndims - 1) - raw_ops.Range(0, ndims, 1)
        result = _transpose_op(a, conjugate)(a, perm, name=scope)
        if a._shape is not None:
            result.set_shape(a._shape[::-1])
        return result


def _transpose_op(a, conjugate):
    complex_values = conjugate and as_dtype(a.dtype).is_complex
    return raw_ops.ConjugateTranspose if complex_values else raw_ops.Transpose


@tf_export(
    "linalg.matrix_transpose",
    "linalg.transpose",
    "matrix_transpose",
    legacy=("batch_matrix_transpose",),
)
def matrix_transpose(a, name="matrix_transpose", conjugate=False):
    """Transposes the last two axes. ValueError if `a` is known to have fewer than two."""
    with name_scope(name, "matrix_transpose", [a]):
        a = convert_to_tensor(a, name="a")
        if a._shape is None:
            ndims = rank(a)
            perm = lookup("concat")((raw_ops.Range(0, ndims - 2, 1), [ndims - 1, ndims - 2]), 0)
        elif len(a._shape) < 2:
            raise ValueError(
                f"Argument 'a' should be a (batch) matrix, with rank >= 2.  Found: {a.shape}"
            )
        else:
            ndims = len(a._shape)
            perm = [*range(ndims - 2), ndims - 1, ndims - 2]
        return transpose(a, perm=perm, conjugate=conjugate)


register_op(
    "InvertPermutation",
    inputs="x: T",
    outputs="y: T",
    attrs="T: {int32, int64} = int32",
    shape=lambda c: [shapes.with_rank(c.shape(0), 1)],
)
NotDifferentiable("InvertPermutation")


@tf_export("math.invert_permutation", "invert_permutation")
def invert_permutation(x, name=None):
    """`y` with `y[x[i]] = i`, for a permutation `x` of 0 ... n-1."""
    return raw_ops.InvertPermutation(x, name=name)


def _broadcast_to_shape(c):
    given, wanted = c.shape(0), c.shape_value(1)
    if given is None or wanted is None:
        return [wanted]
    shapes.with_rank_at_most(given, len(wanted))
    for have, want in zip(given[::-1], wanted[::-1]):
        if have not in (None, 1) and want is not None and have != want:
            raise ValueError(
                f"Incompatible shapes: {shapes.format_shape(given)} vs. "
                f"{shapes.format_shape(wanted)}"
            )
    return [wanted]


register_op(
    "BroadcastTo",
    inputs="input: T, shape: Tidx",
    outputs="output: T",
    attrs="T: type; Tidx: {int32, int64} = int32",
    shape=_broadcast_to_shape,
)


@RegisterGradient("BroadcastTo")
def _broadcast_to_grad(op, grad):
    given = shape(op.inputs[0], out_type=op.inputs[1].dtype.base_dtype)
    _, axes = raw_ops.BroadcastGradientArgs(op.inputs[1], given)
    total = lookup("reduce_sum")(grad, axis=axes, keepdims=True)
    return [reshape(total, given), None]


@tf_export("broadcast_to")
def broadcast_to(input, shape, name=None):  # noqa: A002
    """`input` repeated along axes of size 1 (and new leading axes) until it has shape `shape`."""
    return raw_ops.BroadcastTo(input, shape, name=name)


register_op(
    "EnsureShape",
    inputs="input: T",
    outputs="output: T",
    attrs="shape: shape; T: type",
    shape=lambda c: [shapes.merge_shapes(c.shape(0), c.attr("shape"))],
)
RegisterGradient("EnsureShape")(lambda op, grad: grad)


@tf_export("ensure_shape")
def ensure_shape(x, shape, name=None):
    """`x`, if it has `shape` (None matches any size) when run, else InvalidArgumentError."""
    return raw_ops.EnsureShape(x, shape=as_shape(shape).as_tuple(), name=name)
