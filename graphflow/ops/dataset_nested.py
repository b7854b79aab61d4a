"""Datasets of the elements of datasets that a function makes: flat_map, interleave, groups.

The function is an attribute, as in `dataset_function`. Holds no state.
"""

from graphflow.framework.op_def import NotDifferentiable, register_op
from graphflow.ops.dataset_source import ELEMENT, handle_shape

_F = "f: func; Targuments: list(type) >= 0; "
_INPUTS = "input_dataset: variant, other_arguments: Targuments"
_CYCLE = ", cycle_length: int64, block_length: int64"

register_op("FlatMapDataset", inputs=_INPUTS, outputs="handle: variant", attrs=_F + ELEMENT, shape=handle_shape)
register_op("InterleaveDataset", inputs=_INPUTS + _CYCLE, outputs="handle: variant", attrs=_F + ELEMENT,
            shape=handle_shape)
register_op("ParallelInterleaveDataset",
            inputs=_INPUTS + _CYCLE + ", sloppy: bool, buffer_output_elements: int64, prefetch_input_elements: int64",
            outputs="handle: variant", attrs=_F + ELEMENT, shape=handle_shape)
register_op("ParallelInterleaveDatasetV2", inputs=_INPUTS + _CYCLE + ", num_parallel_calls: int64",
            outputs="handle: variant", attrs=_F + ELEMENT + "; sloppy: bool = false", shape=handle_shape)
register_op("GroupByWindowDataset",
            inputs="input_dataset: variant, key_func_other_arguments: Tkey_func_other_arguments, "
            "reduce_func_other_arguments: Treduce_func_other_arguments, "
            "window_size_func_other_arguments: Twindow_size_func_other_arguments",
            outputs="handle: variant",
            attrs="key_func: func; reduce_func: func; window_size_func: func; "
            "Tkey_func_other_arguments: list(type) >= 0; Treduce_func_other_arguments: list(type) >= 0; "
            "Twindow_size_func_other_arguments: list(type) >= 0; " + ELEMENT, shape=handle_shape)
register_op("ExperimentalGroupByReducerDataset",
            inputs="input_dataset: variant, key_func_other_arguments: Tkey_func_other_arguments, "
            "init_func_other_arguments: Tinit_func_other_arguments, "
            "reduce_func_other_arguments: Treduce_func_other_arguments, "
            "finalize_func_other_arguments: Tfinalize_func_other_arguments",
            outputs="handle: variant",
            attrs="key_func: func; init_func: func; reduce_func: func; finalize_func: func; "
            "Tkey_func_other_arguments: list(type) >= 0; Tinit_func_other_arguments: list(type) >= 0; "
            "Treduce_func_other_arguments: list(type) >= 0; Tfinalize_func_other_arguments: list(type) >= 0; "
            + ELEMENT, shape=handle_shape, stateful=True)
for _name in ("FlatMapDataset", "InterleaveDataset", "ParallelInterleaveDataset", "ParallelInterleaveDatasetV2",
              "GroupByWindowDataset", "ExperimentalGroupByReducerDataset"):
    NotDifferentiable(_name)
