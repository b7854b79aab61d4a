"""Features as ids: numbers as buckets, combinations of words or ids as hashes of them.

`tf.feature_column` is built of these. Holds no state.
"""

from graphflow.framework import dtypes, raw_ops, shapes
from graphflow.framework import public as tf
from graphflow.framework.api import tf_export
from graphflow.framework.op_def import NotDifferentiable, register_op
from graphflow.framework.sparse_tensor import SparseTensor
from graphflow.framework.tensor import Tensor

_DEFAULT_HASH_KEY = 0xDECAFCAFFE

register_op("Bucketize", inputs="input: T", outputs="output: int32",
            attrs="T: {int32, int64, float, double}; boundaries: list(float)", shape=shapes.unchanged)
register_op("SparseCross",
            inputs="indices: N * int64, values: sparse_types, shapes: N * int64, dense_inputs: dense_types",
            outputs="output_indices: int64, output_values: out_type, output_shape: int64",
            attrs="N: int >= 0; hashed_output: bool; num_buckets: int >= 0; hash_key: int; "
            "sparse_types: list({int64, string}) >= 0; dense_types: list({int64, string}) >= 0; "
            "out_type: {int64, string}; internal_type: {int64, string}",
            shape=lambda c: [(None, 2), (None,), (2,)], allocates=True)
NotDifferentiable("Bucketize")
NotDifferentiable("SparseCross")


def bucketize(input, boundaries, name=None):  # noqa: A002 - TensorFlow's name
    """How many of the sorted `boundaries` each number reaches: int32 of the same shape."""
    return raw_ops.Bucketize(input=input, boundaries=boundaries, name=name)


@tf_export("sparse.cross")
def sparse_cross(inputs, name=None):
    """All combinations of one feature of each input, row by row, joined by "_X_".

    Args: inputs: list of SparseTensors and Tensors [batch, n] of strings or integers; dense ones come last.
    Returns: a SparseTensor of strings [batch, most combinations in a row].

    Example:
      >>> import graphflow as tf
      >>> crossed = tf.sparse.cross([tf.constant([["a", "b"]]), tf.constant([["x"]])])
      >>> with tf.Session() as sess:
      ...     print(sess.run(crossed).values)
      [b'a_X_x' b'b_X_x']
    """
    return _cross(inputs, False, 0, None, name)


@tf_export("sparse.cross_hashed")
def sparse_cross_hashed(inputs, num_buckets=0, hash_key=None, name=None):
    """`sparse_cross`, each combination as a hash of it: int64 below `num_buckets`, or 63 bits if that is 0.

    Args: hash_key: starts the hash, 956888297470 by default.
    """
    return _cross(inputs, True, num_buckets, hash_key, name)


def _cross(inputs, hashed, num_buckets, hash_key, name):
    if not isinstance(inputs, list):
        raise TypeError("Inputs must be a list")
    if not all(isinstance(item, (SparseTensor, Tensor)) for item in inputs):
        raise TypeError("All inputs must be SparseTensors")
    sparse = [item for item in inputs if isinstance(item, SparseTensor)]
    values = [_ids_or_words(item.values) for item in sparse]
    dense = [_ids_or_words(item) for item in inputs if isinstance(item, Tensor)]
    has_ids = any(item.dtype != dtypes.string for item in (*values, *dense))
    return SparseTensor(*raw_ops.SparseCross(
        indices=[item.indices for item in sparse], values=values, shapes=[item.dense_shape for item in sparse],
        dense_inputs=dense, hashed_output=hashed, num_buckets=num_buckets, hash_key=hash_key or _DEFAULT_HASH_KEY,
        out_type=dtypes.int64 if hashed else dtypes.string,
        internal_type=dtypes.int64 if hashed and has_ids else dtypes.string, name=name))


def _ids_or_words(tensor):
    return tensor if tensor.dtype == dtypes.string else tf.cast(tensor, dtypes.int64)
