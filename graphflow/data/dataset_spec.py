"""The type of datasets, where they are parts of elements (windows, groups). Holds no state."""

from graphflow.framework import dtypes
from graphflow.framework.api import tf_export
from graphflow.framework.convert import convert_to_tensor
from graphflow.framework.tensor_shape import TensorShape, as_shape
from graphflow.framework.type_spec import TensorSpec, TypeSpec


@tf_export("data.DatasetSpec", "data.experimental.DatasetStructure")
class DatasetSpec(TypeSpec):
    """A dataset whose elements are of `element_spec`, or a tensor of such of shape `dataset_shape`."""

    def __init__(self, element_spec, dataset_shape=()):
        self.element_spec = element_spec
        self.shape = as_shape(dataset_shape)

    @staticmethod
    def from_value(value):
        """The spec of a Dataset."""
        return DatasetSpec(value.element_spec)

    @property
    def value_type(self):
        """The class of datasets."""
        from graphflow.data.dataset import Dataset

        return Dataset

    def _fields(self):
        return self.element_spec, self.shape

    @property
    def flat_specs(self):
        """A variant."""
        return [TensorSpec(self.shape, dtypes.variant)]

    def to_tensors(self, value):
        """The variant of a dataset."""
        return [convert_to_tensor(value._variant_tensor)]

    def from_tensors(self, tensors):
        """The dataset in a variant; a batch of them stays a tensor."""
        if self.shape.ndims != 0:
            return tensors[0]
        return self.value_type._make(tensors[0], self.element_spec, ())

    def batch(self, size):
        """With a first dimension of `size`."""
        return DatasetSpec(self.element_spec, TensorShape([size]).concatenate(self.shape))

    def unbatch(self):
        """Without the first dimension."""
        if self.shape.ndims == 0:
            raise ValueError("Unbatching a dataset is only supported for rank >= 1")
        return DatasetSpec(self.element_spec, self.shape[1:])
