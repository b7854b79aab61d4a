"""The public namespace `tf.io`, and beside it the byte formats of TensorFlow's files.

The formats: `crc32c`, `varint`, `record_io` (TFRecord), `table` (sorted string tables),
`tensor_slice` and `tensor_bundle` (checkpoints), `bundle_merge`. They know bytes and arrays, not
graphs, and raise `tf.errors` classes. This module holds no state; public names load on first use.
"""

from graphflow.framework import api as _api

__getattr__, __dir__ = _api.namespace(__name__)
