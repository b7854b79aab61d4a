"""SparseTensor, and the plain values that sessions return for sparse things.

Holds no values of its own: three tensors that belong together.
"""

import collections

from graphflow.framework import dtypes
from graphflow.framework.api import tf_export
from graphflow.framework.convert import convert_to_tensor
from graphflow.framework.tensor import TensorLike

SparseTensorValue = tf_export("SparseTensorValue")(
    collections.namedtuple("SparseTensorValue", ["indices", "values", "dense_shape"])
)
IndexedSlicesValue = collections.namedtuple("IndexedSlicesValue", ["values", "indices", "dense_shape"])


@tf_export("SparseTensor", "sparse.SparseTensor")
class SparseTensor(TensorLike):
    """A tensor given by its nonzero elements.

    Args:
      indices: int64 [n, rank], one row an element. values: [n]. dense_shape: int64 [rank].
    `sparse * dense` and `sparse / dense` are sparse; the dense tensor broadcasts to the shape.
    """

    def __init__(self, indices, values, dense_shape):
        from graphflow.framework.graph_scopes import name_scope

        with name_scope(None, "SparseTensor", [indices, values, dense_shape]):
            self._indices = convert_to_tensor(indices, dtypes.int64, name="indices")
            self._values = convert_to_tensor(values, name="values")
            self._dense_shape = convert_to_tensor(dense_shape, dtypes.int64, name="dense_shape")
        indices_shape = self._indices.get_shape().with_rank(2)
        values_shape = self._values.get_shape().with_rank(1)
        dense_shape_shape = self._dense_shape.get_shape().with_rank(1)
        indices_shape[0].merge_with(values_shape[0])
        indices_shape[1].merge_with(dense_shape_shape[0])

    def consumers(self):
        """The operations that use the indices, the values or the shape, each once."""
        found = {}
        for part in (self._values, self._indices, self._dense_shape):
            found.update((op.name, op) for op in part.consumers())
        return list(found.values())

    @classmethod
    def from_value(cls, sparse_tensor_value):
        """A SparseTensor from a SparseTensorValue (or another SparseTensor)."""
        if not isinstance(sparse_tensor_value, (SparseTensorValue, cls)):
            raise TypeError(f"Neither a SparseTensor nor SparseTensorValue: {sparse_tensor_value}.")
        value = sparse_tensor_value
        return cls(value.indices, value.values, value.dense_shape)

    @property
    def indices(self):
        """int64 Tensor [n, rank]."""
        return self._indices

    @property
    def values(self):
        """Tensor [n]."""
        return self._values

    @property
    def dense_shape(self):
        """int64 Tensor [rank]."""
        return self._dense_shape

    @property
    def shape(self):
        """Static shape of the dense tensor."""
        from graphflow.framework.static_value import constant_value_as_shape

        return constant_value_as_shape(self._dense_shape)

    def get_shape(self):
        """Static shape of the dense tensor."""
        return self.shape

    @property
    def op(self):
        """Operation that makes `values`."""
        return self._values.op

    @property
    def dtype(self):
        """DType of the elements."""
        return self._values.dtype

    @property
    def graph(self):
        """Graph of the three tensors."""
        return self._indices.graph

    def eval(self, feed_dict=None, session=None):
        """Runs the graph for this value in `session` or the default session."""
        from graphflow.framework.scopes import require_session

        return require_session(session, self.graph, "evaluate tensor").run(self, feed_dict)

    def _elementwise(self, op_type, name, dense, convert=None):
        """The SparseTensor of the same places with values combined with those of a tensor that broadcasts to it."""
        from graphflow.framework import public, raw_ops
        from graphflow.framework.graph_scopes import name_scope

        with name_scope(None, name, [self, dense]) as scope:
            values, dense = self._values, convert_to_tensor(dense, dtype=self.dtype.base_dtype, name="y")
            if convert is not None:
                values, dense = public.cast(values, convert), public.cast(dense, convert)
            values = getattr(raw_ops, op_type)(self._indices, values, self._dense_shape, dense, name=scope)
            return SparseTensor(self._indices, values, self._dense_shape)

    def __mul__(self, dense):
        return self._elementwise("SparseDenseCwiseMul", "mul", dense)

    __rmul__ = __mul__

    def __div__(self, dense):
        return self._elementwise("SparseDenseCwiseDiv", "div", dense)

    def __truediv__(self, dense):
        small = self.dtype in (dtypes.int8, dtypes.uint8, dtypes.int16, dtypes.uint16)
        convert = dtypes.float32 if small else dtypes.float64 if self.dtype.is_integer else None
        return self._elementwise("SparseDenseCwiseDiv", "truediv", dense, convert)

    def __str__(self):
        return f"SparseTensor(indices={self._indices}, values={self._values}, dense_shape={self._dense_shape})"


@tf_export("convert_to_tensor_or_sparse_tensor", "contrib.framework.convert_to_tensor_or_sparse_tensor")
def convert_to_tensor_or_sparse_tensor(value, dtype=None, name=None):
    """Like `convert_to_tensor`, but a SparseTensor or SparseTensorValue stays sparse."""
    if isinstance(value, SparseTensorValue):
        value = SparseTensor.from_value(value)
    if isinstance(value, SparseTensor):
        if dtype and not dtypes.as_dtype(dtype).is_compatible_with(value.dtype):
            raise RuntimeError(
                f"Sparse dtype: requested = {dtypes.as_dtype(dtype).name}, actual = {value.dtype.name}"
            )
        return value
    return convert_to_tensor(value, dtype, name)
