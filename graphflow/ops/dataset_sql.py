"""Datasets of what a database answers. Holds no state."""

from graphflow.framework.op_def import NotDifferentiable, register_op
from graphflow.ops.dataset_source import handle_shape

register_op("SqlDataset", inputs="driver_name: string, data_source_name: string, query: string",
            outputs="handle: variant",
            attrs="output_types: list(type) >= 1; output_shapes: list(shape) >= 1", shape=handle_shape, stateful=True)
NotDifferentiable("SqlDataset")
