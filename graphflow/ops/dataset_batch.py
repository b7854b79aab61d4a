"""Datasets that join elements into batches, and take batches apart. Holds no state."""

from graphflow.framework.op_def import NotDifferentiable, register_op
from graphflow.ops.dataset_source import ELEMENT, handle_shape

_PADDED = "Toutput_types: list(type) >= 1; output_shapes: list(shape) >= 1; N: int >= 1"
_PADDING = "batch_size: int64, padded_shapes: N * int64, padding_values: Toutput_types"

register_op("BatchDataset", inputs="input_dataset: variant, batch_size: int64", outputs="handle: variant",
            attrs=ELEMENT, shape=handle_shape)
register_op("BatchDatasetV2", inputs="input_dataset: variant, batch_size: int64, drop_remainder: bool",
            outputs="handle: variant", attrs="parallel_copy: bool = false; " + ELEMENT, shape=handle_shape)
register_op("PaddedBatchDataset", inputs="input_dataset: variant, " + _PADDING, outputs="handle: variant",
            attrs=_PADDED, shape=handle_shape)
register_op("PaddedBatchDatasetV2", inputs="input_dataset: variant, " + _PADDING + ", drop_remainder: bool",
            outputs="handle: variant", attrs="parallel_copy: bool = false; " + _PADDED, shape=handle_shape)
register_op("UnbatchDataset", inputs="input_dataset: variant", outputs="handle: variant", attrs=ELEMENT,
            shape=handle_shape)
register_op("WindowDataset",
            inputs="input_dataset: variant, size: int64, shift: int64, stride: int64, drop_remainder: bool",
            outputs="handle: variant", attrs=ELEMENT, shape=handle_shape)
register_op("DenseToSparseBatchDataset", inputs="input_dataset: variant, batch_size: int64, row_shape: int64",
            outputs="handle: variant", attrs=ELEMENT, shape=handle_shape)
for _name in ("BatchDataset", "BatchDatasetV2", "PaddedBatchDataset", "PaddedBatchDatasetV2", "UnbatchDataset",
              "WindowDataset", "DenseToSparseBatchDataset"):
    NotDifferentiable(_name)
