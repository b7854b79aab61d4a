"""Sums of products over named axes: `tensordot` and `einsum`, built of matrix products.

Holds no state.
"""

import logging
import numbers
import re
import string

import numpy as np

from graphflow.framework import dtypes, raw_ops, shapes
from graphflow.framework.api import lookup, tf_export
from graphflow.framework.convert import convert_to_tensor
from graphflow.framework.graph_scopes import name_scope
from graphflow.framework.op_def import RegisterGradient, register_op
from graphflow.framework.tensor import Tensor
from graphflow.ops.matmul import matmul
from graphflow.ops.reduction import reduce_prod, reduce_sum

# ---------------------------------------------------------------- tensordot

@tf_export("tensordot", "linalg.tensordot")
def tensordot(a, b, axes, name=None):
    """The sum of products of `a` and `b` over `axes`.

    Args:
      axes: a number N (the last N axes of `a` with the first N of `b`), or a pair of lists of axes,
        which may be a tensor of shape [2, N].
    Raises ValueError if the lists have different lengths or N is out of range.

    Example:
      >>> import graphflow as tf
      >>> tf.tensordot(tf.ones([2, 3, 4]), tf.ones([4, 3]), [[1, 2], [1, 0]]).shape
      TensorShape([Dimension(2)])
    """
    with name_scope(name, "Tensordot", [a, b, axes]) as name:
        a, b = convert_to_tensor(a, name="a"), convert_to_tensor(b, name="b")
        a_axes, b_axes = _dot_axes(a, axes)
        a_matrix, a_free, a_static = _as_matrix(a, a_axes)
        b_matrix, b_free, b_static = _as_matrix(b, b_axes, summed_first=True)
        product = matmul(a_matrix, b_matrix)
        if isinstance(a_free, list) and isinstance(b_free, list):
            return lookup("reshape")(product, a_free + b_free, name=name)
        a_free = convert_to_tensor(a_free, dtype=dtypes.int32)
        b_free = convert_to_tensor(b_free, dtype=dtypes.int32)
        result = lookup("reshape")(product, lookup("concat")([a_free, b_free], 0), name=name)
        if a_static is not None and b_static is not None:
            result.set_shape(a_static + b_static)
        return result


def _dot_axes(a, axes):
    """The axes of `a` and of `b` that are summed, as lists or tensors."""
    if isinstance(axes, numbers.Integral):
        return _counted_axes(a, axes)
    if not isinstance(axes, (list, tuple)):
        axes = convert_to_tensor(axes, name="axes", dtype=dtypes.int32)
        return axes[0], axes[1]
    if len(axes) != 2:
        raise ValueError("'axes' must be an integer or have length 2.")
    a_axes, b_axes = axes
    if isinstance(a_axes, numbers.Integral) and isinstance(b_axes, numbers.Integral):
        a_axes, b_axes = [a_axes], [b_axes]
    if len(a_axes) != len(b_axes):
        raise ValueError("Different number of contraction axes 'a' and 'b', "
                         f"{len(a_axes)} != {len(b_axes)}.")
    return a_axes, b_axes


def _counted_axes(a, count):
    if count < 0:
        raise ValueError("'axes' must be at least 0.")
    if a._shape is None:
        span, rank = lookup("range"), lookup("rank")(a)
        return span(rank - count, rank, dtype=dtypes.int32), span(count, dtype=dtypes.int32)
    rank = len(a._shape)
    if count > rank:
        raise ValueError(f"'axes' must not be larger than the number of dimensions of tensor {a}.")
    return list(range(rank - count, rank)), list(range(count))


def _as_matrix(a, axes, summed_first=False):
    """(`a` as a matrix of free and summed axes, sizes of the free axes, what is known of them)."""
    listed = isinstance(axes, (list, tuple)) and a._shape is not None
    if listed:
        axes = [axis + len(a._shape) if axis < 0 else axis for axis in axes]
        free = [i for i in range(len(a._shape)) if i not in axes]
        sizes = [a._shape[i] for i in free]
    if listed and None not in a._shape:
        rows, columns = (int(np.prod([a._shape[i] for i in part])) for part in (free, axes))
        order, shape = ((axes + free, [columns, rows]) if summed_first
                        else (free + axes, [rows, columns]))
        return lookup("reshape")(lookup("transpose")(a, order), shape), sizes, sizes
    return _as_matrix_at_run_time(a, axes, free if listed else None, sizes if listed else None,
                                  summed_first)


def _as_matrix_at_run_time(a, axes, free, sizes, summed_first):
    shape, gather = lookup("shape")(a), lookup("gather")
    axes = convert_to_tensor(axes, dtype=dtypes.int32, name="axes")
    if free is None:
        rank = lookup("rank")(a)
        axes = raw_ops.Select(axes >= 0, axes, axes + rank)
        free, _ = raw_ops.ListDiff(lookup("range")(rank), axes)
    free = convert_to_tensor(free, dtype=dtypes.int32, name="free")
    free_sizes, axes_sizes = gather(shape, free), gather(shape, axes)
    rows, columns = reduce_prod(free_sizes), reduce_prod(axes_sizes)
    parts, matrix = (([axes, free], [columns, rows]) if summed_first
                     else ([free, axes], [rows, columns]))
    order = lookup("concat")(parts, 0)
    matrix_shape = lookup("stack")(matrix)
    return lookup("reshape")(lookup("transpose")(a, order), matrix_shape), free_sizes, sizes


# ---------------------------------------------------------------- einsum

def _einsum_labels(c):
    """(labels of each input, of the output) as lists of letters, with None for what "..." stands for."""
    inputs, arrow, output = c.attr("equation").decode().replace(" ", "").partition("->")
    terms = [re.findall(r"\.\.\.|[a-zA-Z]", term) for term in (*inputs.split(","), output)]
    if not arrow or "".join(map("".join, terms)) != inputs.replace(",", "") + output:
        raise ValueError(f"Expected a formula like 'ij,jk->ik', got {c.attr('equation').decode()!r}")
    if len(terms) != len(c.shapes) + 1:
        raise ValueError(f"Expected {len(c.shapes)} subscripts, but got {len(terms) - 1}")
    return terms[:-1], terms[-1]


def _einsum_shape(c):
    labels, output = _einsum_labels(c)
    sizes, rest = {}, ()
    for term, shape in zip(labels, c.shapes):
        if shape is None:
            rest = rest if "..." not in term else None
            continue
        letters, dots = [a for a in term if a != "..."], "..." in term
        if len(shape) < len(letters) or not dots and len(shape) != len(letters):
            raise ValueError(f"Expected input of rank {len(letters)}{' at least' * dots} but got rank {len(shape)}")
        before, extra = term.index("...") if dots else len(term), len(shape) - len(letters)
        for axis, size in zip(letters, shape[:before] + shape[before + extra:]):
            sizes[axis] = shapes.merge_dim(sizes.get(axis), size)
        rest = shapes.broadcast_shapes(rest, shape[before:before + extra])
    if rest and "..." not in output:
        raise ValueError("Output subscripts must have an ellipsis where inputs broadcast")
    if "..." in output and rest is None:
        return [None]
    return [tuple(d for axis in output for d in (rest if axis == "..." else (sizes.get(axis),)))]


register_op("Einsum", inputs="inputs: N * T", outputs="output: T", attrs="equation: string; N: int >= 1; T: type",
            shape=_einsum_shape)


@RegisterGradient("Einsum")
def _einsum_grad(op, grad):
    raise LookupError("No gradient defined for operation of type 'Einsum': `tf.einsum` is built of ops that have one")


@tf_export("einsum", "linalg.einsum")
def einsum(equation, *inputs, **kwargs):
    """The sum of products of tensors written in Einstein's notation ("ij,jk->ik").

    Letters name axes; those missing after "->" are summed. Without "->" the letters that occur once
    stay, in alphabetical order. "..." stands for further axes. A letter may occur once per input.

    Args: equation: the formula. inputs: tensors of known rank. name: (keyword) name of the scope.
    Raises ValueError for malformed formulas, TypeError for unknown keywords.

    Example:
      >>> import graphflow as tf
      >>> tf.einsum("bij,bjk->bik", tf.ones([5, 2, 3]), tf.ones([5, 3, 4])).shape
      TensorShape([Dimension(5), Dimension(2), Dimension(4)])
    """
    name = kwargs.pop("name", None)
    if kwargs:
        raise TypeError("invalid keyword arguments for this function: " + ", ".join(sorted(kwargs)))
    with name_scope(name, "einsum", [equation, inputs]):
        inputs = [convert_to_tensor(x) for x in inputs]
        labels, output = _parse(equation, [x._shape for x in inputs])
        if (
            len(labels) == 1
            and len(labels[0]) == 2
            and len(set(labels[0])) == 1
            and "->" not in equation
        ):
            return lookup("linalg.trace")(inputs[0])
        for part in labels:
            if len(set(part)) != len(part):
                raise ValueError(f"Subscript not supported: an axis appears more than once: {part}")
        inputs = [_of_rank(x, len(part)) for x, part in zip(inputs, labels)]
        for axis in sorted(set("".join(labels)) - set(output)):
            if sum(axis in part for part in labels) > 2:
                logging.getLogger("graphflow").warning(
                    "einsum() sums index %r over more than two inputs: it multiplies them all out.",
                    axis,
                )
                return _outer_einsum(inputs, labels, output)
        return _pairwise_einsum(equation, inputs, labels, output)


def _pairwise_einsum(equation, inputs, labels, output):
    result, result_labels = inputs[0], labels[0]
    for tensor, part in zip(inputs[1:], labels[1:]):
        summed = (set(result_labels) & set(part)) - set(output)
        result, result_labels = _contract(result, result_labels, tensor, part, summed)
    missing = [i for i, axis in enumerate(result_labels) if axis not in output]
    if missing:
        result = reduce_sum(result, axis=missing)
        result_labels = "".join(axis for axis in result_labels if axis in output)
    if sorted(result_labels) != sorted(output):
        raise ValueError(f"Invalid equation: {equation}")
    return _transposed(result, [result_labels.index(axis) for axis in output])


def _parse(equation, input_shapes):
    """(labels of each input, labels of the output), "..." replaced by unused letters."""
    equation = equation.replace(" ", "")
    match = re.fullmatch(r"([a-zA-Z,.]+)(->[a-zA-Z.]*)?", equation)
    if not match:
        raise ValueError(f"Indices have incorrect format: {equation}")
    labels = match.group(1).split(",")
    output = match.group(2)[2:] if match.group(2) else None
    if len(input_shapes) != len(labels):
        raise ValueError(f'Got {len(input_shapes)} arguments for equation "{equation}", '
                         f"expecting {len(labels)}")
    rest = ""
    if "..." in equation:
        labels, rest = _without_ellipsis(labels, input_shapes)
        output = output if output is None else output.replace("...", rest)
    if any("." in part for part in (*labels, output or "")):
        raise ValueError('period "." found outside of ellipsis')
    if output is None:
        joined = "".join(labels)
        output = rest + "".join(sorted(a for a in set(joined) - set(rest) if joined.count(a) == 1))
    return labels, output


def _of_rank(x, rank):
    """`x`, which its labels say has `rank` dimensions."""
    if x._shape is None:
        x = lookup("identity")(x)
        x.set_shape([None] * rank)
    elif len(x._shape) != rank:
        raise ValueError(
            f"Tensor of rank {len(x._shape)} does not match einsum labels of length {rank}"
        )
    return x


def _without_ellipsis(labels, input_shapes):
    unused = "".join(c for c in string.ascii_letters if c not in "".join(labels))
    longest, result = "", []
    for part, shape in zip(labels, input_shapes):
        if "..." in part:
            if part.count("...") != 1:
                raise ValueError("Unable to resolve ellipsis. Excess number found.")
            if shape is None:
                raise ValueError("Unable to statically infer ellipsis axes.")
            count = len(shape) - len(part) + 3
            if count < 0:
                raise ValueError("Ellipses lengths do not match.")
            if len(unused) < count:
                raise ValueError("Unable to resolve ellipsis, too many distinct labels.")
            letters = unused[len(unused) - count:]
            longest = max(longest, letters, key=len)
            part = part.replace("...", letters)
        result.append(part)
    return result, longest


def _contract(a, a_labels, b, b_labels, summed):
    """The product of two tensors summed over some of the axes they share, and its labels."""
    kept = sorted((set(a_labels) & set(b_labels)) - summed)
    a_free = sorted(set(a_labels) - set(kept) - summed)
    b_free = sorted(set(b_labels) - set(kept) - summed)
    summed = sorted(summed)
    a = _transposed(a, [a_labels.index(axis) for axis in kept + a_free + summed])
    b = _transposed(b, [b_labels.index(axis) for axis in kept + summed + b_free])
    labels = "".join(kept + a_free + b_free)
    if not summed:
        for _ in b_free:
            a = lookup("expand_dims")(a, -1)
        for _ in a_free:
            b = lookup("expand_dims")(b, len(kept))
        return raw_ops.Mul(a, b), labels
    a_shape, b_shape = _sizes(a), _sizes(b)
    batch, middle = a_shape[:len(kept)], len(kept) + len(a_free)
    inner = _total(a_shape[middle:])
    a = _reshaped(a, [*batch, _total(a_shape[len(kept):middle]), inner])
    b_start = len(kept) + len(summed)
    b = _reshaped(b, [*b_shape[:len(kept)], _total(b_shape[len(kept):b_start]),
                      _total(b_shape[b_start:])])
    return _reshaped(matmul(a, b), a_shape[:middle] + b_shape[b_start:]), labels


def _outer_einsum(inputs, labels, output):
    """Every input broadcast to all axes, multiplied and summed."""
    order = sorted(set("".join(labels)) - set(output)) + list(output)
    product = None
    for x, part in zip(inputs, labels):
        x = _transposed(x, [part.index(axis) for axis in order if axis in part])
        sizes = iter(_sizes(x))
        x = lookup("reshape")(x, [next(sizes) if axis in part else 1 for axis in order])
        product = x if product is None else product * x
    return reduce_sum(product, list(range(len(order) - len(output))))


def _transposed(x, order):
    return x if order == list(range(len(order))) else lookup("transpose")(x, perm=order)


def _reshaped(x, shape):
    known = tuple(None if isinstance(d, Tensor) else d for d in shape)
    if shapes.is_full(known) and known == x._shape:
        return x
    return lookup("reshape")(x, shape)


def _sizes(x):
    """Sizes of all axes: numbers where they are known, else scalar tensors."""
    if None not in x._shape:
        return list(x._shape)
    tensor = lookup("shape")(x)
    return [tensor[i] if size is None else size for i, size in enumerate(x._shape)]


def _total(sizes):
    total = 1
    for size in sizes:
        total = size * total
    return total
