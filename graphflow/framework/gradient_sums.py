"""Sums of gradients: what reaches one tensor along several paths, added up.

Dense gradients become an AddN node on the device of the first of them; IndexedSlices are joined,
so that gradients of lookups stay sparse. Holds no state.
"""

from graphflow.framework import dtypes, raw_ops, shapes
from graphflow.framework.api import tf_export
from graphflow.framework.tensor import IndexedSlices, Tensor


@tf_export("AggregationMethod")
class AggregationMethod:
    """How `tf.gradients` adds the gradients that reach one tensor.

    `ADD_N` (the default) is one AddN node; `EXPERIMENTAL_TREE` adds in pairs; and
    `EXPERIMENTAL_ACCUMULATE_N` is one AccumulateNV2 node where shapes are known, else pairs.
    """

    ADD_N = 0
    DEFAULT = ADD_N
    EXPERIMENTAL_TREE = 1
    EXPERIMENTAL_ACCUMULATE_N = 2


def check_method(method):
    """`method`, or the default for None; ValueError if there is no such method."""
    if method is None:
        return AggregationMethod.DEFAULT
    if method not in (0, 1, 2):
        raise ValueError(f"Invalid aggregation_method specified {method}.")
    return method


def add_up(op, gradients, graph, method):
    """The sum of `gradients` (two or more Tensors or IndexedSlices) of one output of `op`."""
    if all(hasattr(gradient, "joined") for gradient in gradients):
        return gradients[0].joined(gradients)  # gradients of tapes
    for gradient in gradients:
        if not isinstance(gradient, (Tensor, IndexedSlices)):
            raise TypeError("gradients have to be either all Tensors or all IndexedSlices")
    if not all(isinstance(g, Tensor) for g in gradients):
        return _add_slices(gradients)
    if method == AggregationMethod.ADD_N:
        return _add_by_device(gradients, graph)
    if method == AggregationMethod.EXPERIMENTAL_ACCUMULATE_N and len(gradients) > 2:
        shape = None
        for gradient in gradients:
            shape = shapes.merge_shapes(shape, gradient._shape)
        if shapes.is_full(shape):
            return raw_ops.AccumulateNV2(gradients, shape=shape)
    with graph.name_scope(op.name + "_gradient_sum"):
        total = gradients[0]
        for gradient in gradients[1:]:
            total = raw_ops.AddN([total, gradient])
        return total


def _add_by_device(gradients, graph):
    on_device = {}
    for gradient in gradients:
        on_device.setdefault(gradient.op.device, []).append(gradient)
    sums = []
    for device in sorted(on_device):
        group = on_device[device]
        with graph._colocate_with_for_gradient(group[0].op, None, ignore_existing=True):
            sums.append(group[0] if len(group) == 1 else raw_ops.AddN(group))
    return sums[0] if len(sums) == 1 else raw_ops.AddN(sums)


def _add_slices(gradients):
    """IndexedSlices joined into one; dense as soon as one of them is."""
    if any(isinstance(g, Tensor) for g in gradients):
        return raw_ops.AddN(gradients)
    types = {g.indices.dtype.base_dtype for g in gradients}
    if len(types) > 1:
        gradients = [_with_int64_indices(g) for g in gradients]
    gradients = [_flat(g) for g in gradients]
    return IndexedSlices(
        raw_ops.ConcatV2([g.values for g in gradients], 0, name="concat"),
        raw_ops.ConcatV2([g.indices for g in gradients], 0, name="concat"),
        gradients[0].dense_shape,
    )


def _with_int64_indices(slices):
    if slices.indices.dtype.base_dtype != dtypes.int32:
        return slices
    indices = raw_ops.Cast(slices.indices, DstT=dtypes.int64, name="Cast")
    return IndexedSlices(slices.values, indices, slices.dense_shape)


def _flat(slices):
    """Slices whose `values` are themselves IndexedSlices, as one level."""
    outer = []
    while isinstance(slices.values, IndexedSlices):
        outer.append(slices.indices)
        slices = slices.values
    indices = slices.indices
    for rows in reversed(outer):
        indices = raw_ops.GatherV2(rows, indices, 0)
    return IndexedSlices(slices.values, indices, slices.dense_shape) if outer else slices
