"""`tf.TensorArray`: a list of tensors that a graph writes and reads by index, one per run.

State of an object: the tensors `handle` and `flow`, and the element shape known so far, which all
objects of one array share.
"""

import contextlib

from graphflow.framework import dtypes, raw_ops
from graphflow.framework import public as tf
from graphflow.framework.api import tf_export
from graphflow.framework.convert import convert_to_tensor
from graphflow.framework.graph_scopes import (
    colocate_with,
    control_dependencies,
    device,
    name_scope,
)
from graphflow.framework.scopes import get_default_graph
from graphflow.framework.static_value import constant_value
from graphflow.framework.tensor import Tensor
from graphflow.framework.tensor_shape import TensorShape, as_shape


@tf_export("TensorArray")
class TensorArray:
    """Tensors of one dtype by index, written once and read while the graph runs.

    Writing gives another object for the same array, with a `flow` that comes after the write: use that from then
    on, as a loop variable too. Arrays begin empty in each run. Gradients go through all methods.

    Args:
      dtype: DType of the elements. size: number of elements, int or scalar int32 tensor. dynamic_size: whether
        writing beyond the end makes it longer. clear_after_read: whether an element may be read only once (the
        default). tensor_array_name: prefix of its name in messages. handle, flow: those of an array that is there;
        then nothing else may be said about it. infer_shape: whether all elements have one shape.
        element_shape: static shape of elements. name: of the operation.
    Raises ValueError or TypeError for arguments that exclude each other. While the graph runs,
    InvalidArgumentError for indices out of range, for elements that were written or read before, or never written
    where their shape is not known, and for other dtypes and shapes.

    Example:
      >>> import graphflow as tf
      >>> array = tf.TensorArray(tf.float32, size=3).unstack([1.0, 2.0, 3.0])
      >>> with tf.Session() as session:
      ...     print(session.run(array.read(1) * array.read(2)))
      6.0
    """

    def __init__(self, dtype, size=None, dynamic_size=None, clear_after_read=None, tensor_array_name=None,
                 handle=None, flow=None, infer_shape=True, element_shape=None, colocate_with_first_write_call=True,
                 name=None):
        if handle is not None:
            _check_alone(handle, tensor_array_name=tensor_array_name, size=size, element_shape=element_shape,
                         dynamic_size=dynamic_size, clear_after_read=clear_after_read)
        elif size is None:
            raise ValueError("Size must be provided if handle is not provided")
        self._dtype = dtypes.as_dtype(dtype).base_dtype
        self._dynamic_size = bool(dynamic_size)
        self._infer_shape = infer_shape
        # One-element lists, shared by the objects that stand for one array.
        self._shape = [as_shape(element_shape)]
        self._colocate_with = [] if colocate_with_first_write_call else None
        with name_scope(name, "TensorArray", [handle, size, flow]) as scope:
            if handle is not None:
                if flow is None:
                    raise ValueError("flow must not be None if handle is not None.")
                self._handle, self._flow = handle, flow
            else:
                self._create(size, clear_after_read is None or clear_after_read, tensor_array_name, scope)

    def _create(self, size, clear_after_read, tensor_array_name, scope):
        with contextlib.ExitStack() as stack:
            if self._colocate_with is not None:  # it goes to where it is first written
                stack.enter_context(device(None))
                stack.enter_context(colocate_with(None, ignore_existing=True))
            self._handle, self._flow = raw_ops.TensorArrayV3(
                size, dtype=self._dtype, element_shape=self._shape[0].as_tuple(), dynamic_size=self._dynamic_size,
                clear_after_read=clear_after_read, identical_element_shapes=self._infer_shape,
                tensor_array_name=tensor_array_name or "", name=scope)

    @property
    def flow(self):
        """The tensor that orders operations on the array."""
        return self._flow

    @property
    def dtype(self):
        """DType of the elements."""
        return self._dtype

    @property
    def handle(self):
        """The tensor that names the array."""
        return self._handle

    @property
    def element_shape(self):
        """Static shape of the elements, as far as known."""
        return self._shape[0]

    @property
    def dynamic_size(self):
        """Whether writing beyond the end makes it longer."""
        return self._dynamic_size

    # ---- helpers

    def _check_element_shape(self, shape):
        if not shape.is_compatible_with(self.element_shape):
            raise ValueError(f"Inconsistent shapes: saw {shape} but expected {self.element_shape} ")
        if self._infer_shape:
            self._shape[0] = self.element_shape.merge_with(shape)

    def _as_value(self, value):
        value = convert_to_tensor(value, preferred_dtype=self._dtype, name="value")
        if value.dtype.base_dtype != self._dtype:
            raise TypeError(f"Input value {value.name} has dtype {value.dtype.name}, but expected dtype "
                            f"{self._dtype.name}: TensorArray dtype is {self._dtype.name} but Op is trying to write "
                            f"dtype {value.dtype.name}")
        return value

    def _placed_with(self, value):
        """Places a write with the first value written."""
        if self._colocate_with is None:
            return contextlib.nullcontext()
        if not self._colocate_with:
            self._colocate_with.append(value)
        if self._colocate_with[0].graph is not get_default_graph():
            return contextlib.nullcontext()     # the first write is in a body of its own
        return colocate_with(self._colocate_with[0])

    def _as_flow(self):
        """What stands for the array among the variables of a loop."""
        return self._flow

    def _with_flow(self, flow):
        """The same array after `flow`."""
        array = TensorArray(self._dtype, handle=self._handle, flow=flow, infer_shape=self._infer_shape,
                            colocate_with_first_write_call=self._colocate_with is not None)
        array._dynamic_size = self._dynamic_size
        array._colocate_with = self._colocate_with
        array._shape = self._shape
        return array

    def identity(self):
        """The same array, after the control dependencies in scope."""
        return self._with_flow(raw_ops.Identity(self._flow))

    def grad(self, source, flow=None, name=None):
        """The array of gradients that belongs to `source` (the scope of a `tf.gradients` call).

        Values written to one index of it are added up.
        """
        flow = self._flow if flow is None else flow
        with name_scope(name, "TensorArrayGrad", [self._handle]), colocate_with(self._handle):
            handle, _ = raw_ops.TensorArrayGradV3(self._handle, flow, source=source, name=name)
            with control_dependencies([handle]):
                flow = raw_ops.Identity(flow, name="gradient_flow")
            array = TensorArray(self._dtype, handle=handle, flow=flow, infer_shape=self._infer_shape,
                                colocate_with_first_write_call=False)
            array._shape = self._shape
            return array

    def mark_used(self):
        """Does nothing: TensorFlow warns of results that are not used, unless this was called."""

    # ---- elements

    def read(self, index, name=None):
        """The element at `index`, a scalar int32."""
        value = raw_ops.TensorArrayReadV3(self._handle, index, self._flow, dtype=self._dtype, name=name)
        value.set_shape(self.element_shape)
        return value

    def write(self, index, value, name=None):
        """The array after `value` was written at `index`."""
        with name_scope(name, "TensorArrayWrite", [self._handle, index, value]):
            value = self._as_value(value)
            self._check_element_shape(value.shape)
            with self._placed_with(value):
                flow = raw_ops.TensorArrayWriteV3(self._handle, index, value, self._flow, name=name)
            return self._with_flow(flow)

    def stack(self, name=None):
        """All elements as one tensor with another first dimension."""
        with colocate_with(self._handle), name_scope(name, "TensorArrayStack", [self._handle]):
            return self.gather(tf.range(0, self.size()), name=name)

    def gather(self, indices, name=None):
        """The elements at `indices` (a vector of int32) as one tensor with another first dimension."""
        value = raw_ops.TensorArrayGatherV3(self._handle, indices, self._flow, dtype=self._dtype, name=name,
                                            element_shape=self.element_shape.as_tuple())
        if self.element_shape.ndims is not None:
            value.set_shape([None, *self.element_shape.dims])
        return value

    def concat(self, name=None):
        """All elements joined along their first dimension, in which they may differ."""
        rest = self.element_shape[1:] if self.element_shape.ndims != 0 else TensorShape(None)
        value, _ = raw_ops.TensorArrayConcatV3(self._handle, self._flow, dtype=self._dtype, name=name,
                                               element_shape_except0=rest.as_tuple())
        if self.element_shape.ndims:
            value.set_shape([None, *self.element_shape.dims[1:]])
        return value

    def unstack(self, value, name=None):
        """The array after the parts of `value` along its first dimension were written from index 0 on."""
        with name_scope(name, "TensorArrayUnstack", [self._handle, value]):
            indices = tf.range(0, tf.shape(value)[0])
            return self.scatter(indices, value, name=name)

    def scatter(self, indices, value, name=None):
        """The array after part i of `value` was written at indices[i], for all i."""
        with name_scope(name, "TensorArrayScatter", [self._handle, value, indices]):
            value = self._as_value(value)
            self._check_element_shape(value.shape[1:])
            with self._placed_with(value):
                flow = raw_ops.TensorArrayScatterV3(self._handle, indices, value, self._flow, name=name)
            return self._with_flow(flow)

    def split(self, value, lengths, name=None):
        """The array after pieces of `value`, as many rows long as `lengths` says, were written from index 0 on."""
        with name_scope(name, "TensorArraySplit", [self._handle, value, lengths]):
            value = convert_to_tensor(value, dtype=self._dtype, name="value")
            with self._placed_with(value):
                lengths = tf.cast(lengths, dtypes.int64)
                known = constant_value(lengths)
                if value.shape.ndims and known is not None and known.ndim and known.size and (known == known[0]).all():
                    self._check_element_shape(TensorShape([int(known[0])]).concatenate(value.shape[1:]))
                flow = raw_ops.TensorArraySplitV3(self._handle, value, lengths, self._flow, name=name)
            return self._with_flow(flow)

    def size(self, name=None):
        """Number of elements, a scalar int32."""
        return raw_ops.TensorArraySizeV3(self._handle, self._flow, name=name)

    def close(self, name=None):
        """The operation that forgets the array."""
        return raw_ops.TensorArrayCloseV3(self._handle, name=name)


def _check_alone(handle, **others):
    """Refuses what is said about an array that is given by its handle."""
    for name, value in others.items():
        if name == "tensor_array_name" and value:
            raise ValueError("Cannot construct with both handle and tensor_array_name")
        if value is not None and name != "tensor_array_name":
            raise ValueError(f"Cannot provide both a handle and {name} at the same time")
    if not isinstance(handle, Tensor):
        raise TypeError("Handle must be a Tensor")
