"""Conditional accumulators: gradients of several workers summed up until enough of them are there.

Holds no state: the sums live in the session.
"""

from graphflow.framework import dtypes as _dtypes
from graphflow.framework import public as tf
from graphflow.framework import raw_ops, shapes, tensor_shape
from graphflow.framework.api import tf_export
from graphflow.framework.convert import convert_to_tensor
from graphflow.framework.op_def import NotDifferentiable, register_op
from graphflow.framework.tensor import IndexedSlices

_MAKE = ("dtype: numbertype; shape: shape; container: string = ''; shared_name: string = ''; "
         "reduction_type: {'MEAN', 'SUM'} = 'MEAN'")


def _legacy_handle(c):
    return [(2,)]


def _unknown_rank(c):
    return [None]


def _slices(c):
    return [(None,), None, (None,)]


def _register(prefix, kind, handle_shape):
    """The ops of dense gradients in one of their two forms."""
    handle = "handle: " + kind
    stateful = bool(prefix)
    register_op(prefix + "ConditionalAccumulator", outputs=handle, attrs=_MAKE, shape=handle_shape, stateful=True)
    for name, inputs, outputs, attrs, rule, blocking in (
        ("ApplyGradient", ", local_step: int64, gradient: dtype", "", "dtype: numbertype", shapes.no_outputs, False),
        ("TakeGradient", ", num_required: int32", "average: dtype", "dtype: numbertype", _unknown_rank, True),
        ("NumAccumulated", "", "num_accumulated: int32", "", shapes.scalar, False),
        ("SetGlobalStep", ", new_global_step: int64", "", "", shapes.no_outputs, False),
    ):
        register_op(f"{prefix}Accumulator{name}", inputs=handle + inputs, outputs=outputs, attrs=attrs, shape=rule,
                    stateful=stateful or not blocking, blocking=blocking)
        NotDifferentiable(f"{prefix}Accumulator{name}")
    NotDifferentiable(prefix + "ConditionalAccumulator")


_register("", "Ref(string)", _legacy_handle)
_register("Resource", "resource", shapes.scalar)
register_op("SparseConditionalAccumulator", outputs="handle: Ref(string)", attrs=_MAKE, shape=_legacy_handle,
            stateful=True)
register_op("SparseAccumulatorApplyGradient", inputs="handle: Ref(string), local_step: int64, gradient_indices: int64, "
            "gradient_values: dtype, gradient_shape: int64", attrs="dtype: numbertype; has_known_shape: bool",
            shape=shapes.no_outputs, stateful=True)
register_op("SparseAccumulatorTakeGradient", inputs="handle: Ref(string), num_required: int32",
            outputs="indices: int64, values: dtype, shape: int64", attrs="dtype: numbertype", shape=_slices,
            blocking=True)
for _name in ("SparseConditionalAccumulator", "SparseAccumulatorApplyGradient", "SparseAccumulatorTakeGradient"):
    NotDifferentiable(_name)


@tf_export("ConditionalAccumulatorBase")
class ConditionalAccumulatorBase:
    """What accumulators share. Args: dtype, shape: of the gradients. accumulator_ref: the handle."""

    def __init__(self, dtype, shape, accumulator_ref):
        self._dtype = _dtypes.as_dtype(dtype)
        self._shape = tensor_shape.TensorShape(shape)
        self._accumulator_ref = accumulator_ref
        self._name = accumulator_ref.op.name.split("/")[-1]

    @property
    def accumulator_ref(self):
        """The handle of the accumulator."""
        return self._accumulator_ref

    @property
    def name(self):
        """The name of the accumulator."""
        return self._name

    @property
    def dtype(self):
        """The gradients' dtype."""
        return self._dtype

    def _op(self, kind, *inputs, **arguments):
        prefix = "Resource" if self._accumulator_ref.dtype == _dtypes.resource else ""
        return getattr(raw_ops, f"{prefix}Accumulator{kind}")(self._accumulator_ref, *inputs, **arguments)

    def num_accumulated(self, name=None):
        """How many gradients were applied since the last take, a scalar tensor of int32."""
        return self._op("NumAccumulated", name=name or f"{self._name}_NumAccumulated")

    def set_global_step(self, new_global_step, name=None):
        """An operation that sets the step: gradients of earlier ones are dropped."""
        return self._op("SetGlobalStep", _step(new_global_step), name=name)


def _step(value):
    return tf.cast(convert_to_tensor(value), _dtypes.int64)


@tf_export("ConditionalAccumulator")
class ConditionalAccumulator(ConditionalAccumulatorBase):
    """Sums or averages dense gradients.

    Args: dtype, shape: of the gradients. shared_name: accumulators with it are one. reduction_type: "MEAN" or
      "SUM": what `take_grad` gives.

    Example:
      >>> grads = tf.ConditionalAccumulator(tf.float32, shape=[2])
      >>> add, mean = grads.apply_grad([2.0, 4.0]), grads.take_grad(2)
      >>> with tf.Session() as sess:
      ...     sess.run(add), sess.run(add)
      ...     print(sess.run(mean))
      (None, None)
      [2. 4.]
    """

    def __init__(self, dtype, shape=None, shared_name=None, name="conditional_accumulator", reduction_type="MEAN"):
        super().__init__(dtype, shape, raw_ops.ResourceConditionalAccumulator(
            dtype=dtype, shape=shape, shared_name=shared_name or "", name=name, reduction_type=reduction_type))

    def apply_grad(self, grad, local_step=0, name=None):
        """An operation that adds a gradient, unless `local_step` is behind the accumulator's step.

        Raises ValueError if its shape does not fit.
        """
        grad = convert_to_tensor(grad, self._dtype)
        grad.get_shape().assert_is_compatible_with(self._shape)
        return self._op("ApplyGradient", _step(local_step), grad, name=name)

    def take_grad(self, num_required, name=None):
        """The mean (or sum) of the gradients, once there are `num_required`; then the next step begins.

        Raises, in a run, InvalidArgumentError unless `num_required` is positive.
        """
        result = self._op("TakeGradient", num_required, dtype=self._dtype, name=name)
        result.set_shape(self._shape)
        return result


@tf_export("SparseConditionalAccumulator", "sparse.SparseConditionalAccumulator")
class SparseConditionalAccumulator(ConditionalAccumulatorBase):
    """Sums or averages gradients of rows; the mean of a row is over the gradients that have it.

    Args: see `ConditionalAccumulator`.
    """

    def __init__(self, dtype, shape=None, shared_name=None, name="sparse_conditional_accumulator",
                 reduction_type="MEAN"):
        super().__init__(dtype, shape, raw_ops.SparseConditionalAccumulator(
            dtype=dtype, shape=shape, shared_name=shared_name or "", name=name, reduction_type=reduction_type))

    def apply_indexed_slices_grad(self, grad, local_step=0, name=None):
        """An operation that adds a gradient, an IndexedSlices."""
        return self.apply_grad(grad.indices, grad.values, grad.dense_shape, local_step, name)

    def apply_grad(self, grad_indices, grad_values, grad_shape=None, local_step=0, name=None):
        """An operation that adds a gradient, unless `local_step` is behind the accumulator's step.

        Args: grad_indices: vector of rows. grad_values: [rows, ...]. grad_shape: of the dense gradient.
        """
        step = _step(local_step)
        return raw_ops.SparseAccumulatorApplyGradient(
            self._accumulator_ref, step, tf.cast(grad_indices, _dtypes.int64),
            convert_to_tensor(grad_values, self._dtype),
            tf.cast([] if grad_shape is None else grad_shape, _dtypes.int64), has_known_shape=grad_shape is not None,
            name=name)

    def take_grad(self, num_required, name=None):
        """(indices, values, shape) of the mean (or sum), once there are `num_required` gradients."""
        return raw_ops.SparseAccumulatorTakeGradient(self._accumulator_ref, num_required, dtype=self._dtype, name=name)

    def take_indexed_slices_grad(self, num_required, name=None):
        """`take_grad` as an IndexedSlices."""
        indices, values, shape = self.take_grad(num_required, name)
        return IndexedSlices(values, indices, shape)
