"""`tf.python_io`: the public face of TFRecord files. The bytes are `record_io`'s. Holds no state."""

from graphflow.framework.api import tf_export
from graphflow.framework.tensor_util import as_bytes
from graphflow.io.record_io import RecordReader, RecordWriter


@tf_export("io.TFRecordCompressionType", "python_io.TFRecordCompressionType")
class TFRecordCompressionType:
    """How the records of a file may be compressed."""

    NONE = 0
    ZLIB = 1
    GZIP = 2


@tf_export("io.TFRecordOptions", "python_io.TFRecordOptions")
class TFRecordOptions:
    """How to read or write a TFRecord file.

    Args:
      compression_type: a TFRecordCompressionType, or None, "", "ZLIB" or "GZIP".
      compression_level, mem_level, compression_strategy: zlib's, for writing.
      flush_mode, input_buffer_size, output_buffer_size, window_bits, compression_method: taken for
        compatibility; they make no difference to what a file says.
    Raises ValueError for another compression.
    """

    compression_type_map = {
        TFRecordCompressionType.ZLIB: "ZLIB",
        TFRecordCompressionType.GZIP: "GZIP",
        TFRecordCompressionType.NONE: "",
    }

    def __init__(
        self,
        compression_type=None,
        flush_mode=None,
        input_buffer_size=None,
        output_buffer_size=None,
        window_bits=None,
        compression_level=None,
        compression_method=None,
        mem_level=None,
        compression_strategy=None,
    ):
        self.get_compression_type_string(compression_type)
        self.compression_type = compression_type
        self.flush_mode = flush_mode
        self.input_buffer_size = input_buffer_size
        self.output_buffer_size = output_buffer_size
        self.window_bits = window_bits
        self.compression_level = compression_level
        self.compression_method = compression_method
        self.mem_level = mem_level
        self.compression_strategy = compression_strategy

    @classmethod
    def get_compression_type_string(cls, options):
        """ "", "ZLIB" or "GZIP" for options, a TFRecordCompressionType or one of these strings."""
        if not options:
            return ""
        if isinstance(options, TFRecordOptions):
            return cls.get_compression_type_string(options.compression_type)
        if options in cls.compression_type_map:
            return cls.compression_type_map[options]
        if options in cls.compression_type_map.values():
            return options
        raise ValueError(f'Not a valid compression_type: "{options}"')


@tf_export("io.tf_record_iterator", "python_io.tf_record_iterator")
def tf_record_iterator(path, options=None):
    """Yields the records (bytes) of a TFRecord file.

    Raises NotFoundError for a missing file, DataLossError for a damaged one.
    """
    with RecordReader(path, TFRecordOptions.get_compression_type_string(options)) as reader:
        yield from reader


@tf_export("io.TFRecordWriter", "python_io.TFRecordWriter")
class TFRecordWriter:
    """Writes records to a TFRecord file.

        with tf.python_io.TFRecordWriter("train.tfrecord") as writer:
            writer.write(example.SerializeToString())

    Args: path: of the file, which is replaced. options: TFRecordOptions, or what its first argument
      takes.
    """

    def __init__(self, path, options=None):
        if not isinstance(options, TFRecordOptions):
            options = TFRecordOptions(compression_type=options)
        given = {
            "compression_level": options.compression_level,
            "mem_level": options.mem_level,
            "strategy": options.compression_strategy,
        }
        kind = TFRecordOptions.get_compression_type_string(options)
        self._writer = RecordWriter(path, kind, **{k: v for k, v in given.items() if v is not None})

    def write(self, record):
        """Appends one record: bytes, or a string, which is encoded as UTF-8."""
        self._writer.write(as_bytes(record) if isinstance(record, str) else record)

    def flush(self):
        """Hands what was written so far to the file system."""
        self._writer.flush()

    def close(self):
        """Finishes the file."""
        self._writer.close()

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self.close()
