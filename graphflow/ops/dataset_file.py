"""Datasets of what files hold: lines, records, columns. Holds no state."""

from graphflow.framework import shapes
from graphflow.framework.op_def import NotDifferentiable, register_op
from graphflow.ops.dataset_source import handle_shape

_RECORDS = "header_bytes: int64, record_bytes: int64, footer_bytes: int64, buffer_size: int64"

register_op("TextLineDataset", inputs="filenames: string, compression_type: string, buffer_size: int64",
            outputs="handle: variant", shape=handle_shape, stateful=True)
register_op("TFRecordDataset", inputs="filenames: string, compression_type: string, buffer_size: int64",
            outputs="handle: variant", shape=handle_shape, stateful=True)
register_op("FixedLengthRecordDataset", inputs="filenames: string, " + _RECORDS, outputs="handle: variant",
            shape=handle_shape, stateful=True)
register_op("FixedLengthRecordDatasetV2", inputs="filenames: string, " + _RECORDS + ", compression_type: string",
            outputs="handle: variant", shape=handle_shape, stateful=True)
register_op("CSVDataset",
            inputs="filenames: string, compression_type: string, buffer_size: int64, header: bool, "
            "field_delim: string, use_quote_delim: bool, na_value: string, select_cols: int64, "
            "record_defaults: output_types",
            outputs="handle: variant",
            attrs="output_types: list({float, double, int32, int64, string}) >= 1; output_shapes: list(shape) >= 1",
            shape=handle_shape, stateful=True)
register_op("DatasetToTFRecord", inputs="input_dataset: variant, filename: string, compression_type: string",
            shape=shapes.no_outputs, stateful=True, blocking=True)
for _name in ("TextLineDataset", "TFRecordDataset", "FixedLengthRecordDataset", "FixedLengthRecordDatasetV2",
              "CSVDataset", "DatasetToTFRecord"):
    NotDifferentiable(_name)
