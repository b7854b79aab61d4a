"""Updates of parts of a variable: rows chosen by an index, or slices chosen by index vectors.

Where an index occurs twice, additive updates add up and `scatter_update` keeps the last. Holds no
state.
"""

from graphflow.framework import raw_ops, shapes
from graphflow.framework.api import lookup, tf_export
from graphflow.framework.convert import convert_to_tensor
from graphflow.framework.graph_scopes import name_scope
from graphflow.framework.op_def import NotDifferentiable, register_op

# ---------------------------------------------------------------- ops


def _check_rows(params, indices, updates):
    """Row updates have the indices' shape followed by a row's, or are one scalar for all."""
    if params is not None and not params:
        raise ValueError("Shape must be at least rank 1 but is rank 0")
    if params is not None and indices is not None and updates is not None and updates:
        shapes.merge_shapes(updates, tuple(indices) + tuple(params[1:]))


def _rows_shape(c):
    _check_rows(*c.shapes)
    return [c.shape(0)]


def _resource_rows_shape(c):
    _check_rows(c.handle(0)[1], c.shape(1), c.shape(2))
    return []


def _check_slices(params, indices, updates):
    """Slice updates: indices [..., K] choose slices `params.shape[K:]`."""
    if params is None or indices is None or updates is None or not indices:
        return
    depth = indices[-1]
    if depth is None:
        return
    if depth > len(params):
        raise ValueError(f"The inner dimension of indices is {depth}, more than the rank of the "
                         f"variable: {shapes.format_shape(params)}")
    try:
        shapes.merge_shapes(updates, indices[:-1] + params[depth:])
    except ValueError:
        raise ValueError(
            f"The shape of updates, {shapes.format_shape(updates)}, must be indices.shape[:-1] + "
            f"variable.shape[{depth}:] = {shapes.format_shape(indices[:-1] + params[depth:])}"
        ) from None


def _slices_shape(c):
    _check_slices(*c.shapes)
    return [c.shape(0)]


def _resource_slices_shape(c):
    _check_slices(c.handle(0)[1], c.shape(1), c.shape(2))
    return []


_ORDERED = "{half, bfloat16, float, double, int32, int64}"
_ROW_OPS = {"Update": "type", "Add": "numbertype", "Sub": "numbertype", "Mul": "numbertype",
            "Div": "numbertype", "Min": _ORDERED, "Max": _ORDERED}

for _kind, _types in _ROW_OPS.items():
    _lock = "true" if _kind == "Update" else "false"
    register_op(f"Scatter{_kind}", inputs="ref: Ref(T), indices: Tindices, updates: T",
                outputs="output_ref: Ref(T)",
                attrs=f"T: {_types}; Tindices: {{int32, int64}}; use_locking: bool = {_lock}",
                shape=_rows_shape, writes=(0,))
    NotDifferentiable(f"Scatter{_kind}")
    _types = "type" if _kind == "Update" else "numbertype"
    register_op(f"ResourceScatter{_kind}",
                inputs="resource: resource, indices: Tindices, updates: dtype",
                attrs=f"dtype: {_types}; Tindices: {{int32, int64}}",
                shape=_resource_rows_shape, stateful=True, writes=(0,))
    NotDifferentiable(f"ResourceScatter{_kind}")

for _kind in ("Update", "Add", "Sub"):
    _types, _lock = _ROW_OPS[_kind], "true" if _kind == "Update" else "false"
    register_op(f"ScatterNd{_kind}", inputs="ref: Ref(T), indices: Tindices, updates: T",
                outputs="output_ref: Ref(T)",
                attrs=f"T: {_types}; Tindices: {{int32, int64}}; use_locking: bool = {_lock}",
                shape=_slices_shape, writes=(0,))
    NotDifferentiable(f"ScatterNd{_kind}")
    register_op(f"ResourceScatterNd{_kind}", inputs="ref: resource, indices: Tindices, updates: T",
                attrs="T: type; Tindices: {int32, int64}; use_locking: bool = true",
                shape=_resource_slices_shape, stateful=True, writes=(0,))
    NotDifferentiable(f"ResourceScatterNd{_kind}")


# ---------------------------------------------------------------- wrappers

def _scatter(kind, ref, indices, updates, use_locking, name):
    if ref.dtype._is_ref_dtype:
        op = getattr(raw_ops, kind)
        return op(ref, indices, updates, use_locking=use_locking, name=name)
    op = getattr(raw_ops, "Resource" + kind)
    return ref._lazy_read(op(ref.handle, indices, convert_to_tensor(updates, ref.dtype), name=name))


@tf_export("scatter_update")
def scatter_update(ref, indices, updates, use_locking=True, name=None):
    """Sets rows of a variable: `ref[indices[i]] = updates[i]`.

    Args:
      ref: a variable. indices: int32 or int64 tensor of row numbers.
      updates: tensor of shape `indices.shape + ref.shape[1:]`, or a scalar.
      use_locking: updates are always atomic.
    Returns the variable with its new value.
    Raises InvalidArgumentError in a run for an index outside of [0, ref.shape[0]).
    """
    return _scatter("ScatterUpdate", ref, indices, updates, use_locking, name)


@tf_export("scatter_add")
def scatter_add(ref, indices, updates, use_locking=False, name=None):
    """Adds to rows of a variable: `ref[indices[i]] += updates[i]`; see `tf.scatter_update`."""
    return _scatter("ScatterAdd", ref, indices, updates, use_locking, name)


@tf_export("scatter_sub")
def scatter_sub(ref, indices, updates, use_locking=False, name=None):
    """Subtracts from rows of a variable; see `tf.scatter_update`."""
    return _scatter("ScatterSub", ref, indices, updates, use_locking, name)


@tf_export("scatter_mul")
def scatter_mul(ref, indices, updates, use_locking=False, name=None):
    """Multiplies rows of a variable; see `tf.scatter_update`."""
    return _scatter("ScatterMul", ref, indices, updates, use_locking, name)


@tf_export("scatter_div")
def scatter_div(ref, indices, updates, use_locking=False, name=None):
    """Divides rows of a variable; see `tf.scatter_update`."""
    return _scatter("ScatterDiv", ref, indices, updates, use_locking, name)


@tf_export("scatter_min")
def scatter_min(ref, indices, updates, use_locking=False, name=None):
    """Replaces entries in rows of a variable by smaller updates; see `tf.scatter_update`."""
    return _scatter("ScatterMin", ref, indices, updates, use_locking, name)


@tf_export("scatter_max")
def scatter_max(ref, indices, updates, use_locking=False, name=None):
    """Replaces entries in rows of a variable by larger updates; see `tf.scatter_update`."""
    return _scatter("ScatterMax", ref, indices, updates, use_locking, name)


@tf_export("scatter_nd_update")
def scatter_nd_update(ref, indices, updates, use_locking=True, name=None):
    """Sets slices of a variable: `ref[indices[..., :]] = updates[...]`.

    Args:
      ref: a variable of rank P. indices: int32 or int64 tensor `[..., K]`, K <= P.
      updates: tensor of shape `indices.shape[:-1] + ref.shape[K:]`.
    Returns the variable with its new value.
    Raises InvalidArgumentError in a run for an index that is not in the variable.
    """
    return _scatter("ScatterNdUpdate", ref, indices, updates, use_locking, name)


@tf_export("scatter_nd_add")
def scatter_nd_add(ref, indices, updates, use_locking=False, name=None):
    """Adds to slices of a variable; see `tf.scatter_nd_update`."""
    return _scatter("ScatterNdAdd", ref, indices, updates, use_locking, name)


@tf_export("scatter_nd_sub")
def scatter_nd_sub(ref, indices, updates, use_locking=False, name=None):
    """Subtracts from slices of a variable; see `tf.scatter_nd_update`."""
    return _scatter("ScatterNdSub", ref, indices, updates, use_locking, name)


@tf_export("batch_scatter_update")
def batch_scatter_update(ref, indices, updates, use_locking=True, name=None):
    """`scatter_update` within each entry of the leading dimensions that `indices` has.

    Args: indices: `[b0, ..., n]`, indexing dimension `len(b)` of the variable. Its rank must be known.
    """
    with name_scope(name):
        indices = convert_to_tensor(indices, name="indices")
        if indices._shape is None:
            raise ValueError("batch_gather does not allow indices with unknown shape.")
        rank = len(indices._shape)
        sizes = lookup("shape")(indices)
        last = lookup("expand_dims")(indices, axis=-1)
        parts = []
        for axis in range(rank - 1):
            aligned = [1] * (rank + 1)
            aligned[axis] = sizes[axis]
            counted = raw_ops.Reshape(raw_ops.Range(0, sizes[axis], 1), aligned)
            if counted.dtype.base_dtype != last.dtype:
                counted = raw_ops.Cast(counted, DstT=last.dtype)
            parts.append(counted * lookup("ones_like")(last))
        where = lookup("concat")([*parts, last], axis=-1)
        return scatter_nd_update(ref, where, updates, use_locking=use_locking)
