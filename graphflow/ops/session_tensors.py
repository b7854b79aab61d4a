"""`tf.get_session_handle` and its kin: tensors that stay in a session from one run to the next.

Holds no state: the tensors live in the session (`kernels/session_tensors.py`); what a run that fetches a handle
returns is `client/tensor_handle.py`.
"""

from graphflow.framework import dtypes, raw_ops, shapes
from graphflow.framework import public as tf
from graphflow.framework.api import tf_export
from graphflow.framework.graph_scopes import colocate_with
from graphflow.framework.op_def import NotDifferentiable, register_op
from graphflow.framework.tensor import Tensor


def _value_shape(c):
    shapes.with_rank(c.shape(0), 0)
    return [None]


register_op("GetSessionHandle", inputs="value: T", outputs="handle: string", attrs="T: type", shape=shapes.scalar,
            stateful=True)
register_op("GetSessionTensor", inputs="handle: string", outputs="value: dtype", attrs="dtype: type",
            shape=_value_shape, stateful=True, allocates=True)
register_op("DeleteSessionTensor", inputs="handle: string", shape=shapes.no_outputs, stateful=True)
for _name in ("GetSessionHandle", "GetSessionTensor", "DeleteSessionTensor"):
    NotDifferentiable(_name)


@tf_export("get_session_handle")
def get_session_handle(data, name=None):
    """A scalar string that, fetched, keeps the value of `data` in the session and gives a `TensorHandle` of it.

    Raises TypeError if `data` is no Tensor.

    Example:
      >>> import graphflow as tf
      >>> sess = tf.Session()
      >>> h = sess.run(tf.get_session_handle(tf.constant([1, 2]) * 3))
      >>> holder, x = tf.get_session_tensor(h.handle, tf.int32)
      >>> print(sess.run(x + 1, {holder: h.handle}))
      [4 7]
    """
    if not isinstance(data, Tensor):
        raise TypeError("`data` must be of type Tensor.")
    with colocate_with(data):
        return raw_ops.GetSessionHandle(data, name=name)


@tf_export("get_session_tensor")
def get_session_tensor(handle, dtype, name=None):
    """(placeholder, tensor): the value, of `dtype`, that the session keeps under the handle fed for the placeholder.

    Args: handle: text of a handle, of which only the device matters here.
    """
    holder = tf.placeholder(dtypes.string)
    return holder, raw_ops.GetSessionTensor(holder, dtype=dtype, name=name)


@tf_export("delete_session_tensor")
def delete_session_tensor(handle, name=None):
    """(placeholder, operation) that lets go the value kept under the handle fed for the placeholder."""
    holder = tf.placeholder(dtypes.string)
    return holder, raw_ops.DeleteSessionTensor(holder, name=name)
