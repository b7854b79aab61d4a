"""What kind of value something is: `tf.TensorSpec`, `tf.SparseTensorSpec` and their base.

A spec says of which tensors a value consists, and converts between the two: `to_tensors` and
`from_tensors` (TensorFlow's names for these are private). Specs are immutable; no state.
"""

from graphflow.framework import dtypes, raw_ops
from graphflow.framework.api import tf_export
from graphflow.framework.convert import convert_to_tensor
from graphflow.framework.sparse_tensor import SparseTensor, SparseTensorValue
from graphflow.framework.static_value import constant_value_as_shape
from graphflow.framework.tensor import Tensor
from graphflow.framework.tensor_shape import TensorShape, as_shape, unknown_shape


@tf_export("TypeSpec", "data.experimental.Structure")
class TypeSpec:
    """The type of a value that a dataset's element, or a part of it, may be.

    Attributes: value_type: the Python class of such values.
    """

    value_type = None
    # The types that `Dataset.output_types` and `output_shapes` show; None: the spec itself.
    legacy_type = legacy_shape = legacy_class = None

    def _fields(self):
        """What tells specs of one class apart, as a tuple."""
        raise NotImplementedError(f"{type(self).__name__}._fields()")

    def is_compatible_with(self, spec_or_value):
        """Whether a value, or every value of a spec, is of this type."""
        other = spec_or_value if isinstance(spec_or_value, TypeSpec) else spec_of(spec_or_value)
        return type(self) is type(other) and all(
            a.is_compatible_with(b) if hasattr(a, "is_compatible_with") else a == b
            for a, b in zip(self._fields(), other._fields()))

    def most_specific_compatible_type(self, other):
        """The narrowest spec that both specs are compatible with; ValueError if there is none."""
        if type(self) is not type(other):
            raise ValueError(f"No TypeSpec is compatible with both {self} and {other}")
        return type(self)(*[self._common(a, b, other) for a, b in zip(self._fields(), other._fields())])

    def _common(self, mine, theirs, other):
        if isinstance(mine, TensorShape):
            return mine.most_specific_compatible_shape(theirs)
        if isinstance(mine, TypeSpec):
            return mine.most_specific_compatible_type(theirs)
        if mine != theirs:
            raise ValueError(f"Types are not compatible: {self!r} vs {other!r}")
        return mine

    def __eq__(self, other):
        return type(self) is type(other) and _comparable(self._fields()) == _comparable(other._fields())

    def __hash__(self):
        return hash((type(self), repr(self._fields())))

    def __repr__(self):
        return f"{type(self).__name__}{self._fields()!r}"

    # ---- tensors of a value

    @property
    def flat_specs(self):
        """TensorSpecs of the tensors that stand for a value."""
        raise NotImplementedError(f"{type(self).__name__}.flat_specs")

    def to_tensors(self, value):
        """The tensors that stand for `value`."""
        raise NotImplementedError(f"{type(self).__name__}.to_tensors()")

    def from_tensors(self, tensors):
        """The value that `tensors` stand for."""
        raise NotImplementedError(f"{type(self).__name__}.from_tensors()")

    def to_batched_tensors(self, value):
        """Like `to_tensors`, for a value that is to be cut along its first dimension."""
        return self.to_tensors(value)

    def batch(self, size):
        """The spec of `size` (or None) values of this one, joined."""
        raise ValueError(f"Values of {self} cannot be batched")

    def unbatch(self):
        """The spec of a slice along the first dimension."""
        raise ValueError(f"Values of {self} cannot be unbatched")


def _comparable(fields):
    return tuple(field.as_tuple() if isinstance(field, TensorShape) else field for field in fields)


@tf_export("TensorSpec", "contrib.framework.TensorSpec")
class TensorSpec(TypeSpec):
    """A tensor of some static shape and dtype.

    Args: shape: anything `tf.TensorShape` takes. dtype: DType. name: for signatures.

    Example:
      >>> import graphflow as tf
      >>> tf.TensorSpec([None, 3]).is_compatible_with(tf.zeros([2, 3]))
      True
    """

    value_type = legacy_class = Tensor

    def __init__(self, shape, dtype=dtypes.float32, name=None):
        self.shape = TensorShape(shape)
        self.dtype = dtypes.as_dtype(dtype)
        self.name = name

    @classmethod
    def from_spec(cls, spec, name=None):
        """The same shape and dtype, under another name if one is given."""
        return cls(spec.shape, spec.dtype, name or spec.name)

    @classmethod
    def from_tensor(cls, tensor, name=None):
        """The spec of a Tensor, named as its operation."""
        if not isinstance(tensor, Tensor):
            raise ValueError("`tensor` should be a tf.Tensor")  # noqa: TRY004 - TensorFlow's class
        return cls(tensor.shape, tensor.dtype, name or tensor.op.name)

    def _fields(self):
        return self.shape, self.dtype, self.name

    def is_compatible_with(self, spec_or_tensor):
        """Whether a tensor, or every tensor of a spec, has this dtype and may have this shape."""
        return (isinstance(spec_or_tensor, (TensorSpec, Tensor)) and self.dtype.is_compatible_with(spec_or_tensor.dtype)
                and self.shape.is_compatible_with(spec_or_tensor.shape))

    def most_specific_compatible_type(self, other):
        """The narrowest spec of both; names are kept if they are one."""
        if type(self) is not type(other) or self.dtype != other.dtype:
            raise ValueError(f"Types are not compatible: {self!r} vs {other!r}")
        name = self.name if self.name == other.name else None
        return TensorSpec(self.shape.most_specific_compatible_shape(other.shape), self.dtype, name)

    def __repr__(self):
        return f"TensorSpec(shape={self.shape}, dtype={self.dtype!r}, name={self.name!r})"

    @property
    def legacy_type(self):
        """The dtype."""
        return self.dtype

    @property
    def legacy_shape(self):
        """The shape."""
        return self.shape

    @property
    def flat_specs(self):
        """Itself."""
        return [self]

    def to_tensors(self, value):
        """`value` as a tensor of this dtype; ValueError if that cannot be, or the shape differs."""
        try:
            tensor = convert_to_tensor(value, self.dtype)
        except (TypeError, ValueError):
            tensor = None
        if tensor is None or not tensor.shape.is_compatible_with(self.shape):
            raise ValueError(f"Value {value!r} is not convertible to a tensor with dtype {self.dtype} and shape "
                             f"{self.shape}.")
        return [tensor]

    def from_tensors(self, tensors):
        """The tensor, whose static shape becomes this one."""
        tensors[0].set_shape(self.shape)
        return tensors[0]

    def to_batched_tensors(self, value):
        """`value` as a tensor; ValueError for a scalar."""
        tensors = self.to_tensors(value)
        if tensors[0].shape.ndims == 0:
            raise ValueError(f"Value {value} has insufficient rank for batching.")
        return tensors

    def batch(self, size):
        """With a first dimension of `size`."""
        return TensorSpec(TensorShape([size]).concatenate(self.shape), self.dtype)

    def unbatch(self):
        """Without the first dimension."""
        if self.shape.ndims == 0:
            raise ValueError("Unbatching a tensor is only supported for rank >= 1")
        return TensorSpec(self.shape[1:] if self.shape.ndims is not None else None, self.dtype)


@tf_export("SparseTensorSpec")
class SparseTensorSpec(TypeSpec):
    """A SparseTensor of some dense shape and dtype. In datasets it is one tensor of three variants.

    Args: shape: of the dense tensor. dtype: of the values.
    """

    value_type = legacy_class = SparseTensor

    def __init__(self, shape=None, dtype=dtypes.float32):
        self.shape = as_shape(shape)
        self.dtype = dtypes.as_dtype(dtype)

    @classmethod
    def from_value(cls, value):
        """The spec of a SparseTensor or SparseTensorValue."""
        if isinstance(value, SparseTensorValue):
            value = SparseTensor.from_value(value)
        if not isinstance(value, SparseTensor):
            raise TypeError("Expected SparseTensor or SparseTensorValue")
        return cls(value.shape, value.dtype)

    def _fields(self):
        return self.shape, self.dtype

    @property
    def legacy_type(self):
        """The dtype."""
        return self.dtype

    @property
    def legacy_shape(self):
        """The dense shape."""
        return self.shape

    @property
    def flat_specs(self):
        """A tensor of variants; batches have further dimensions, so its shape is unknown."""
        return [TensorSpec(unknown_shape(), dtypes.variant)]

    def to_tensors(self, value):
        """The three parts as variants."""
        value = value if isinstance(value, SparseTensor) else SparseTensor.from_value(value)
        return [raw_ops.SerializeSparse(value.indices, value.values, value.dense_shape, out_type=dtypes.variant)]

    def to_batched_tensors(self, value):
        """Three variants for each slice along the first dimension."""
        if self.shape.merge_with(constant_value_as_shape(value.dense_shape)).ndims == 0:
            raise ValueError("Unbatching a sparse tensor is only supported for rank >= 1")
        return [raw_ops.SerializeManySparse(value.indices, value.values, value.dense_shape, out_type=dtypes.variant)]

    def from_tensors(self, tensors):
        """The sparse tensor in variants, batches joined."""
        indices, values, shape = raw_ops.DeserializeSparse(tensors[0], dtype=self.dtype)
        indices.set_shape([None, self.shape.ndims])
        shape.set_shape([self.shape.ndims])
        return SparseTensor(indices, values, shape)

    def batch(self, size):
        """With a first dimension of `size`."""
        return SparseTensorSpec(TensorShape([size]).concatenate(self.shape), self.dtype)

    def unbatch(self):
        """Without the first dimension."""
        if self.shape.ndims == 0:
            raise ValueError("Unbatching a tensor is only supported for rank >= 1")
        return SparseTensorSpec(self.shape[1:] if self.shape.ndims is not None else None, self.dtype)


def known_spec(value):
    """The spec of a tensor, a sparse tensor or another thing that knows its own; None for others."""
    if isinstance(value, Tensor):
        return TensorSpec(value.shape, value.dtype.base_dtype)
    if isinstance(value, (SparseTensor, SparseTensorValue)):
        return SparseTensorSpec.from_value(value)
    return getattr(value, "type_spec", None)


def spec_of(value):
    """The spec of a value; anything that converts to a tensor is one. TypeError for other things."""
    spec = known_spec(value)
    if spec is not None:
        return spec
    try:
        return known_spec(convert_to_tensor(value))
    except (TypeError, ValueError) as error:
        raise TypeError(f"Could not build a TypeSpec for {value!r} with type {type(value).__name__}") from error
