"""Datasets made by functions of elements: map, filter, scans, reductions, generators.

A function is the attribute of the operation, a body graph; what it captures are inputs. Holds no state.
"""

from graphflow.framework.op_def import NotDifferentiable, register_op
from graphflow.ops.dataset_source import ELEMENT, handle_shape

_CAPTURES = "Targuments: list(type) >= 0; "
_F = "f: func; " + _CAPTURES
_INPUTS = "input_dataset: variant, other_arguments: Targuments"
_INTER_OP = "; use_inter_op_parallelism: bool = true"
_CARDINALITY = "; preserve_cardinality: bool = false"

register_op("MapDataset", inputs=_INPUTS, outputs="handle: variant",
            attrs=_F + ELEMENT + _INTER_OP + _CARDINALITY, shape=handle_shape)
register_op("ParallelMapDataset", inputs=_INPUTS + ", num_parallel_calls: int32", outputs="handle: variant",
            attrs=_F + ELEMENT + _INTER_OP + "; sloppy: bool = false" + _CARDINALITY, shape=handle_shape)
register_op("MapAndBatchDataset",
            inputs=_INPUTS + ", batch_size: int64, num_parallel_calls: int64, drop_remainder: bool",
            outputs="handle: variant", attrs=_F + ELEMENT + _CARDINALITY, shape=handle_shape)
register_op("FilterDataset", inputs=_INPUTS, outputs="handle: variant",
            attrs="predicate: func; " + _CAPTURES + ELEMENT, shape=handle_shape)
register_op("TakeWhileDataset", inputs=_INPUTS, outputs="handle: variant",
            attrs="predicate: func; " + _CAPTURES + ELEMENT, shape=handle_shape)
register_op("ScanDataset",
            inputs="input_dataset: variant, initial_state: Tstate, other_arguments: Targuments",
            outputs="handle: variant", attrs="f: func; Tstate: list(type) >= 1; " + _CAPTURES + ELEMENT + _CARDINALITY,
            shape=handle_shape)
register_op("ReduceDataset",
            inputs="input_dataset: variant, initial_state: Tstate, other_arguments: Targuments",
            outputs="components: output_types",
            attrs="f: func; Tstate: list(type) >= 1; " + _CAPTURES + ELEMENT + _INTER_OP,
            shape=lambda c: list(c.attr("output_shapes")), stateful=True, allocates=True, blocking=True)
register_op("GeneratorDataset",
            inputs="init_func_other_args: Tinit_func_args, next_func_other_args: Tnext_func_args, "
            "finalize_func_other_args: Tfinalize_func_args",
            outputs="handle: variant",
            attrs="init_func: func; next_func: func; finalize_func: func; Tinit_func_args: list(type) >= 0; "
            "Tnext_func_args: list(type) >= 0; Tfinalize_func_args: list(type) >= 0; " + ELEMENT,
            shape=handle_shape, stateful=True)
for _name in ("MapDataset", "ParallelMapDataset", "MapAndBatchDataset", "FilterDataset", "TakeWhileDataset",
              "ScanDataset", "ReduceDataset", "GeneratorDataset"):
    NotDifferentiable(_name)
