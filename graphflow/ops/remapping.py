"""Rows and columns of a saved matrix moved to the places of another vocabulary. Holds no state."""

from graphflow.framework import shapes
from graphflow.framework.op_def import NotDifferentiable, register_op


def _remapping_shape(c):
    shapes.with_rank(c.shape(0), 0)
    shapes.with_rank(c.shape(1), 0)
    return [(c.attr("num_new_vocab"),), ()]


def _matrix_shape(c):
    shapes.with_rank(c.shape(1), 0)
    return [(c.attr("num_rows"), c.attr("num_cols"))]


register_op("GenerateVocabRemapping", inputs="new_vocab_file: string, old_vocab_file: string",
            outputs="remapping: int64, num_present: int32",
            attrs="new_vocab_offset: int >= 0; num_new_vocab: int >= 0; old_vocab_size: int >= -1 = -1",
            shape=_remapping_shape)
register_op("LoadAndRemapMatrix",
            inputs="ckpt_path: string, old_tensor_name: string, row_remapping: int64, col_remapping: int64, "
            "initializing_values: float", outputs="output_matrix: float",
            attrs="num_rows: int >= 0; num_cols: int >= 1; max_rows_in_memory: int = -1", shape=_matrix_shape,
            stateful=True)
NotDifferentiable("GenerateVocabRemapping")
NotDifferentiable("LoadAndRemapMatrix")
