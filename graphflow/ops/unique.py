"""Distinct elements, or slices, of a tensor, and those that another one lacks.

The sizes of the results depend on values. Holds no state.
"""

from graphflow.framework import dtypes, raw_ops, shapes
from graphflow.framework import public as tf
from graphflow.framework.api import tf_export
from graphflow.framework.graph_scopes import name_scope
from graphflow.framework.op_def import NotDifferentiable, register_op
from graphflow.framework.tensor import IndexedSlices

_UNIQUE_ATTRS = "T: type; out_idx: {int32, int64} = int32"


def _unique_shape(c):
    return [(None,), shapes.with_rank(c.shape(0), 1), (None,)][: c.num_outputs]


register_op(
    "Unique",
    inputs="x: T",
    outputs="y: T, idx: out_idx",
    attrs=_UNIQUE_ATTRS,
    shape=_unique_shape,
    allocates=True,
)
NotDifferentiable("Unique")
register_op(
    "UniqueWithCounts",
    inputs="x: T",
    outputs="y: T, idx: out_idx, count: out_idx",
    attrs=_UNIQUE_ATTRS,
    shape=_unique_shape,
    allocates=True,
)
NotDifferentiable("UniqueWithCounts")


def _rows_shape(c):
    shapes.with_rank(c.shape(1), 1)
    given, axes = c.shape(0), c.value(1)
    slices = None if given is None else (None,) * len(given)
    length = None
    if given is not None and axes is not None:
        axis = int(axes[0]) if len(axes) else 0
        axis += len(given) if axis < 0 else 0
        slices = tuple(None if i == axis else size for i, size in enumerate(given))
        length = given[axis] if 0 <= axis < len(given) else None
    return [slices, (length,), (None,)][:c.num_outputs]


_ROWS_ATTRS = "T: type; Taxis: {int32, int64} = int64; out_idx: {int32, int64} = int32"
register_op("UniqueV2", inputs="x: T, axis: Taxis", outputs="y: T, idx: out_idx", attrs=_ROWS_ATTRS,
            shape=_rows_shape, allocates=True)
NotDifferentiable("UniqueV2")
register_op("UniqueWithCountsV2", inputs="x: T, axis: Taxis", outputs="y: T, idx: out_idx, count: out_idx",
            attrs=_ROWS_ATTRS, shape=_rows_shape, allocates=True)
NotDifferentiable("UniqueWithCountsV2")


@tf_export("unique")
def unique(x, out_idx=dtypes.int32, name=None):
    """`(y, idx)`: distinct elements of a vector as they appear, and `y[idx[i]] == x[i]`."""
    return raw_ops.Unique(x, out_idx=out_idx, name=name)


@tf_export("unique_with_counts")
def unique_with_counts(x, out_idx=dtypes.int32, name=None):
    """`(y, idx, count)`: like `unique`, and how often each element occurs."""
    return raw_ops.UniqueWithCounts(x, out_idx=out_idx, name=name)


def _list_diff_shape(c):
    shapes.with_rank(c.shape(0), 1)
    shapes.with_rank(c.shape(1), 1)
    return [(None,), (None,)]


register_op(
    "ListDiff",
    inputs="x: T, y: T",
    outputs="out: T, idx: out_idx",
    attrs=_UNIQUE_ATTRS,
    shape=_list_diff_shape,
    allocates=True,
)
NotDifferentiable("ListDiff")


@tf_export("setdiff1d", legacy=("listdiff", "list_diff"))
def setdiff1d(x, y, index_dtype=dtypes.int32, name=None):
    """`(out, idx)`: the elements of vector `x` that are not in `y`, and their positions in `x`."""
    return raw_ops.ListDiff(x, y, out_idx=index_dtype, name=name)


@tf_export("sparse.mask", "sparse_mask")
def sparse_mask(a, mask_indices, name=None):
    """The rows of IndexedSlices `a` whose numbers are not in the vector `mask_indices`, as IndexedSlices."""
    with name_scope(name, "sparse_mask", [a, mask_indices]) as scope:
        indices, places = raw_ops.ListDiff(a.indices, mask_indices)
        return IndexedSlices(tf.gather(a.values, places, name=scope), indices, a.dense_shape)
