"""`tf.contrib.framework.RecordInput`: random records of TFRecord files, without end. State: in the session."""

from graphflow.framework import public as tf
from graphflow.framework import raw_ops
from graphflow.framework.api import tf_export
from graphflow.framework.graph_scopes import name_scope
from graphflow.framework.op_def import NotDifferentiable, register_op
from graphflow.io.tf_record import TFRecordCompressionType, TFRecordOptions


def _shape(c):
    return [(c.attr("batch_size"),)]


register_op("RecordInput", outputs="records: string",
            attrs="file_pattern: string; file_random_seed: int = 301; file_shuffle_shift_ratio: float = 0; "
            "file_buffer_size: int = 10000; file_parallelism: int = 16; batch_size: int = 32; "
            "compression_type: string = ''", shape=_shape, stateful=True)
NotDifferentiable("RecordInput")


@tf_export("contrib.framework.RecordInput")
class RecordInput:
    """Yields records of TFRecord files in random order, each once before any comes again.

    Args:
      file_pattern: of the files. batch_size: how many records at once. buffer_size: among how many the next one is
        chosen. parallelism: has no effect. shift_ratio: by which part of the list of files it is turned each time
        through. seed: of the order. batches: if given, how many batches of `batch_size` at once, as lists.
      compression_type: TFRecordCompressionType.
    A run raises NotFoundError if there are no files.
    """

    def __init__(self, file_pattern, batch_size=1, buffer_size=1, parallelism=1, shift_ratio=0, seed=0, name=None,
                 batches=None, compression_type=None):
        self._batches = batches
        self._name = name
        options = TFRecordOptions(compression_type or TFRecordCompressionType.NONE)
        self._attributes = {
            "file_pattern": file_pattern, "batch_size": batch_size * (1 if batches is None else batches),
            "file_buffer_size": buffer_size, "file_parallelism": parallelism, "file_shuffle_shift_ratio": shift_ratio,
            "file_random_seed": seed,
            "compression_type": TFRecordOptions.get_compression_type_string(options)}

    def get_yield_op(self):
        """A tensor of the next records [batch_size], or, with `batches`, lists of that many scalars each."""
        records = raw_ops.RecordInput(name=self._name, **self._attributes)
        if self._batches is None:
            return records
        with name_scope(self._name, "RecordInput"):
            single = tf.unstack(records, self._attributes["batch_size"])
            return [single[start::self._batches] for start in range(self._batches)]
