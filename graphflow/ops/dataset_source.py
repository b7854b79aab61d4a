"""Datasets made of tensors and numbers: the ops behind `tf.data.Dataset.from_tensors` and its like.

Each gives a variant that stands for the dataset; nothing is read before an iterator asks. Holds no state.
"""

from graphflow.framework import shapes
from graphflow.framework.op_def import NotDifferentiable, register_op

ELEMENT = "output_types: list(type) >= 1; output_shapes: list(shape) >= 1"
_COMPONENTS = "Toutput_types: list(type) >= 1; output_shapes: list(shape) >= 1"


def handle_shape(c):
    """A dataset is a scalar variant."""
    return [()]


def _slices_shape(c):
    """The components agree in their first dimension."""
    rows = None
    for i in range(len(c.shapes)):
        shape = shapes.with_rank_at_least(c.shape(i), 1)
        rows = shapes.merge_dim(rows, shape[0]) if shape is not None else rows
    return [()]


def _sparse_shape(c):
    shapes.with_rank(c.shape(0), 2)
    shapes.with_rank(c.shape(1), 1)
    shapes.with_rank(c.shape(2), 1)
    return [()]


register_op("TensorDataset", inputs="components: Toutput_types", outputs="handle: variant", attrs=_COMPONENTS,
            shape=handle_shape, stateful=True)
register_op("TensorSliceDataset", inputs="components: Toutput_types", outputs="handle: variant", attrs=_COMPONENTS,
            shape=_slices_shape, stateful=True)
register_op("SparseTensorSliceDataset", inputs="indices: int64, values: Tvalues, dense_shape: int64",
            outputs="handle: variant", attrs="Tvalues: type", shape=_sparse_shape, stateful=True)
register_op("RangeDataset", inputs="start: int64, stop: int64, step: int64", outputs="handle: variant",
            attrs=ELEMENT, shape=handle_shape, stateful=True)
register_op("RandomDataset", inputs="seed: int64, seed2: int64", outputs="handle: variant", attrs=ELEMENT,
            shape=handle_shape, stateful=True)
for _name in ("TensorDataset", "TensorSliceDataset", "SparseTensorSliceDataset", "RangeDataset", "RandomDataset"):
    NotDifferentiable(_name)
