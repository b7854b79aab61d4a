"""Datasets that give the elements of others as they are, but keep, prefetch or guard them.

Holds no state.
"""

from graphflow.framework import shapes
from graphflow.framework.op_def import NotDifferentiable, register_op
from graphflow.ops.dataset_source import ELEMENT, handle_shape

register_op("CacheDataset", inputs="input_dataset: variant, filename: string", outputs="handle: variant",
            attrs=ELEMENT, shape=handle_shape)
register_op("PrefetchDataset", inputs="input_dataset: variant, buffer_size: int64", outputs="handle: variant",
            attrs=ELEMENT + "; slack_period: int = 0; legacy_autotune: bool = true", shape=handle_shape)
register_op("IgnoreErrorsDataset", inputs="input_dataset: variant", outputs="handle: variant", attrs=ELEMENT,
            shape=handle_shape)
register_op("ModelDataset", inputs="input_dataset: variant", outputs="handle: variant",
            attrs="algorithm: int = 0; cpu_budget: int = 0; " + ELEMENT, shape=handle_shape)
register_op("OptimizeDataset", inputs="input_dataset: variant, optimizations: string", outputs="handle: variant",
            attrs=ELEMENT + "; optimization_configs: list(string) = []", shape=handle_shape)
register_op("MaxIntraOpParallelismDataset", inputs="input_dataset: variant, max_intra_op_parallelism: int64",
            outputs="handle: variant", attrs=ELEMENT, shape=handle_shape)
register_op("PrivateThreadPoolDataset", inputs="input_dataset: variant, num_threads: int64",
            outputs="handle: variant", attrs=ELEMENT, shape=handle_shape)
register_op("DatasetCardinality", inputs="input_dataset: variant", outputs="cardinality: int64", shape=shapes.scalar)
for _name in ("CacheDataset", "PrefetchDataset", "IgnoreErrorsDataset", "ModelDataset", "OptimizeDataset",
              "MaxIntraOpParallelismDataset", "PrivateThreadPoolDataset", "DatasetCardinality"):
    NotDifferentiable(_name)
