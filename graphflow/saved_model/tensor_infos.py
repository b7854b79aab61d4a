"""TensorInfo messages: tensors by name, with dtype and shape. Holds no state."""

from graphflow.framework import dtypes, scopes
from graphflow.framework.api import tf_export
from graphflow.framework.meta_graph import prepend_name_scope
from graphflow.framework.sparse_tensor import SparseTensor
from graphflow.framework.tensor_shape import TensorShape


@tf_export("saved_model.build_tensor_info", "saved_model.utils.build_tensor_info")
def build_tensor_info(tensor):
    """The TensorInfo of a Tensor or SparseTensor.

    Example:
      >>> import graphflow as tf
      >>> tf.saved_model.utils.build_tensor_info(tf.placeholder(tf.float32, [None, 3], "x")).name
      'x:0'
    """
    from graphflow import protobuf

    info = protobuf.TensorInfo(dtype=dtypes.as_dtype(tensor.dtype).as_datatype_enum,
                               tensor_shape=tensor.get_shape().as_proto())
    if isinstance(tensor, SparseTensor):
        info.coo_sparse.values_tensor_name = tensor.values.name
        info.coo_sparse.indices_tensor_name = tensor.indices.name
        info.coo_sparse.dense_shape_tensor_name = tensor.dense_shape.name
    else:
        info.name = tensor.name
    return info


def build_tensor_info_from_op(op):
    """A TensorInfo that names an operation."""
    from graphflow import protobuf

    return protobuf.TensorInfo(dtype=protobuf.DT_INVALID, tensor_shape=TensorShape(None).as_proto(), name=op.name)


@tf_export("saved_model.get_tensor_from_tensor_info", "saved_model.utils.get_tensor_from_tensor_info")
def get_tensor_from_tensor_info(tensor_info, graph=None, import_scope=None):
    """The Tensor or SparseTensor of a TensorInfo in `graph` (default: the default graph).

    Args: import_scope: name scope below which the graph was imported.
    Raises KeyError if there is no such tensor, ValueError if the TensorInfo names none.
    """
    graph = graph or scopes.get_default_graph()

    def tensor(name):
        return graph.get_tensor_by_name(prepend_name_scope(name, import_scope))

    encoding = tensor_info.WhichOneof("encoding")
    if encoding == "name":
        return tensor(tensor_info.name)
    if encoding == "coo_sparse":
        sparse = tensor_info.coo_sparse
        return SparseTensor(tensor(sparse.indices_tensor_name), tensor(sparse.values_tensor_name),
                            tensor(sparse.dense_shape_tensor_name))
    raise ValueError(f"Invalid TensorInfo.encoding: {encoding}")
