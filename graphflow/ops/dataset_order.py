"""Datasets of the elements of others in another order or number: repeat, take, zip, shuffle.

Holds no state.
"""

from graphflow.framework.op_def import NotDifferentiable, register_op
from graphflow.ops.dataset_source import ELEMENT, handle_shape

register_op("RepeatDataset", inputs="input_dataset: variant, count: int64", outputs="handle: variant", attrs=ELEMENT,
            shape=handle_shape)
register_op("TakeDataset", inputs="input_dataset: variant, count: int64", outputs="handle: variant", attrs=ELEMENT,
            shape=handle_shape)
register_op("SkipDataset", inputs="input_dataset: variant, count: int64", outputs="handle: variant", attrs=ELEMENT,
            shape=handle_shape)
register_op("ShardDataset", inputs="input_dataset: variant, num_shards: int64, index: int64",
            outputs="handle: variant", attrs="require_non_empty: bool = false; " + ELEMENT, shape=handle_shape)
register_op("ConcatenateDataset", inputs="input_dataset: variant, another_dataset: variant",
            outputs="handle: variant", attrs=ELEMENT, shape=handle_shape)
register_op("ZipDataset", inputs="input_datasets: N * variant", outputs="handle: variant",
            attrs=ELEMENT + "; N: int >= 1", shape=handle_shape)
register_op("ShuffleDataset", inputs="input_dataset: variant, buffer_size: int64, seed: int64, seed2: int64",
            outputs="handle: variant", attrs="reshuffle_each_iteration: bool = true; " + ELEMENT, shape=handle_shape)
register_op("ShuffleAndRepeatDataset",
            inputs="input_dataset: variant, buffer_size: int64, seed: int64, seed2: int64, count: int64",
            outputs="handle: variant", attrs=ELEMENT, shape=handle_shape)
register_op("DirectedInterleaveDataset",
            inputs="selector_input_dataset: variant, data_input_datasets: N * variant", outputs="handle: variant",
            attrs=ELEMENT + "; N: int >= 1", shape=handle_shape)
register_op("UniqueDataset", inputs="input_dataset: variant", outputs="handle: variant", attrs=ELEMENT,
            shape=handle_shape)
for _name in ("RepeatDataset", "TakeDataset", "SkipDataset", "ShardDataset", "ConcatenateDataset", "ZipDataset",
              "ShuffleDataset", "ShuffleAndRepeatDataset", "DirectedInterleaveDataset", "UniqueDataset"):
    NotDifferentiable(_name)
