"""Sets: the last dimension of a dense or sparse tensor holds the elements of one set for each of the other indices.

Holds no state.
"""

from graphflow.framework import dtypes, raw_ops, shapes
from graphflow.framework.api import tf_export
from graphflow.framework.op_def import NotDifferentiable, register_op
from graphflow.framework.sparse_tensor import SparseTensor, convert_to_tensor_or_sparse_tensor

_TYPES = (dtypes.int8, dtypes.int16, dtypes.int32, dtypes.int64, dtypes.uint8, dtypes.uint16, dtypes.string)
_T = "T: {int8, int16, int32, int64, uint8, uint16, string}"
_RESULT = "result_indices: int64, result_values: T, result_shape: int64"
_SET = "{0}_indices: int64, {0}_values: T, {0}_shape: int64"


def _size_shape(c):
    shape = c.shape_value(2)
    if shape is None:
        rank = shapes.with_rank(c.shape(2), 1)[0]
        return [None if rank is None else (None,) * (rank - 1)]
    return [shape[:-1]]


def _operation_shape(c):
    """The rank of the result is that of the operands."""
    rank = None
    for i, shape in enumerate(c.shapes):
        if len(c.shapes) == 2 or len(c.shapes) == 4 and i == 0:
            found = None if shape is None else len(shape)
        elif i == len(c.shapes) - 1 or len(c.shapes) == 6 and i == 2:
            found = shapes.with_rank(shape, 1)[0]
        else:
            continue
        if found is not None and rank is not None and found != rank:
            raise ValueError(f"Ranks differ: {rank} and {found}")
        rank = found if rank is None else rank
    if rank is not None and rank < 2:
        raise ValueError(f"Input must have rank at least 2, but has rank {rank}")
    return [(None, rank), (None,), (rank,)]


register_op("SetSize", inputs=_SET.format("set"), outputs="size: int32", attrs=f"validate_indices: bool = true; {_T}",
            shape=_size_shape)
NotDifferentiable("SetSize")
for _name, _inputs in (("DenseToDense", "set1: T, set2: T"),
                       ("DenseToSparse", "set1: T, " + _SET.format("set2")),
                       ("SparseToSparse", _SET.format("set1") + ", " + _SET.format("set2"))):
    register_op(f"{_name}SetOperation", inputs=_inputs, outputs=_RESULT,
                attrs=f"set_operation: string; validate_indices: bool = true; {_T}", shape=_operation_shape,
                allocates=True)
    NotDifferentiable(f"{_name}SetOperation")


@tf_export("sets.size", "sets.set_size")
def set_size(a, validate_indices=True):
    """How many distinct elements each set of a SparseTensor has, int32 of its shape without the last dimension.

    Args: validate_indices: whether to check that the indices are in order.
    Raises TypeError for another tensor or dtype.
    """
    a = convert_to_tensor_or_sparse_tensor(a, name="a")
    if not isinstance(a, SparseTensor):
        raise TypeError(f"Expected `SparseTensor`, got {a}.")
    if a.values.dtype.base_dtype not in _TYPES:
        raise TypeError(f"Invalid dtype {a.values.dtype!r}.")
    return raw_ops.SetSize(a.indices, a.values, a.dense_shape, validate_indices=validate_indices)


def _operands(a, b):
    """Both as tensors, a dense one first, and whether they were exchanged for that."""
    a = convert_to_tensor_or_sparse_tensor(a, name="a")
    if a.dtype.base_dtype not in _TYPES:
        raise TypeError(f"'a' invalid dtype {a.dtype!r}.")
    b = convert_to_tensor_or_sparse_tensor(b, name="b")
    if b.dtype.base_dtype != a.dtype.base_dtype:
        raise TypeError(f"Types don't match, {a.dtype!r} vs {b.dtype!r}.")
    if isinstance(a, SparseTensor) and not isinstance(b, SparseTensor):
        return b, a, True
    return a, b, False


def _parts(a):
    return (a.indices, a.values, a.dense_shape) if isinstance(a, SparseTensor) else (a,)


def _operation(a, b, operation, validate_indices):
    kinds = ["Sparse" if isinstance(x, SparseTensor) else "Dense" for x in (a, b)]
    op = getattr(raw_ops, "To".join(kinds) + "SetOperation")
    return SparseTensor(*op(*_parts(a), *_parts(b), set_operation=operation, validate_indices=validate_indices))


@tf_export("sets.intersection", "sets.set_intersection")
def set_intersection(a, b, validate_indices=True):
    """The elements that both sets have, in order, as a SparseTensor.

    Args:
      a, b: tensors or SparseTensors of integers or strings, alike in all but the last dimension.
      validate_indices: whether to check that the indices of sparse ones are in order.
    Raises TypeError for other dtypes; InvalidArgumentError in a run for shapes that do not fit.

    Example:
      >>> import graphflow as tf
      >>> with tf.Session() as sess:
      ...     print(sess.run(tf.sets.intersection([[3, 1, 2]], [[2, 3, 5]])).values)
      [2 3]
    """
    a, b, _ = _operands(a, b)
    return _operation(a, b, "intersection", validate_indices)


@tf_export("sets.difference", "sets.set_difference")
def set_difference(a, b, aminusb=True, validate_indices=True):
    """The elements of `a` that `b` does not have, or the other way round; see `tf.sets.intersection`."""
    a, b, exchanged = _operands(a, b)
    return _operation(a, b, "a-b" if aminusb != exchanged else "b-a", validate_indices)


@tf_export("sets.union", "sets.set_union")
def set_union(a, b, validate_indices=True):
    """The elements that one of the sets has; see `tf.sets.intersection`."""
    a, b, _ = _operands(a, b)
    return _operation(a, b, "union", validate_indices)
