"""`tf.data.experimental.Optional`: an element that may not be there. Holds no state."""

from graphflow.data import structure
from graphflow.framework import dtypes, raw_ops
from graphflow.framework.api import tf_export
from graphflow.framework.graph_scopes import name_scope
from graphflow.framework.type_spec import TensorSpec, TypeSpec


@tf_export("data.experimental.Optional", "contrib.data.Optional")
class Optional:
    """An element, or nothing: made by `from_value`, `none_from_structure` or `get_next_as_optional`.

    Example:
      >>> import graphflow as tf
      >>> optional = tf.data.experimental.Optional.from_value(42)
      >>> with tf.Session() as sess:
      ...     print(sess.run(optional.has_value()), sess.run(optional.get_value()))
      True 42
    """

    def __init__(self, variant, value_structure):
        self._variant_tensor = variant
        self._value_structure = value_structure

    @staticmethod
    def from_value(value):
        """An optional that holds `value`, any structure of tensors."""
        with name_scope("optional") as scope:
            with name_scope("value"):
                spec = structure.spec_of_element(value)
                flat = structure.to_tensors(spec, value)
            return Optional(raw_ops.OptionalFromValue(flat, name=scope), spec)

    @staticmethod
    def none_from_structure(value_structure):
        """An optional that holds nothing, where elements would be of spec `value_structure`."""
        return Optional(raw_ops.OptionalNone(), value_structure)

    def has_value(self, name=None):
        """Whether there is a value: a scalar bool tensor."""
        return raw_ops.OptionalHasValue(self._variant_tensor, name=name)

    def get_value(self, name=None):
        """The value, as tensors; a run raises InvalidArgumentError if there is none."""
        with name_scope(name, "OptionalGetValue", [self._variant_tensor]) as scope:
            flat = raw_ops.OptionalGetValue(self._variant_tensor, name=scope,
                                            **structure.flat_attrs(self._value_structure))
            return structure.from_tensors(self._value_structure, flat)

    @property
    def value_structure(self):
        """The spec of the value."""
        return self._value_structure

    @property
    def type_spec(self):
        """What an optional is as part of an element."""
        return OptionalSpec(self._value_structure)


@tf_export("OptionalSpec", "data.experimental.OptionalStructure")
class OptionalSpec(TypeSpec):
    """An Optional whose value is of spec `value_structure`."""

    value_type = Optional

    def __init__(self, value_structure):
        self.value_structure = value_structure

    @staticmethod
    def from_value(value):
        """The spec of an Optional."""
        return OptionalSpec(value.value_structure)

    def _fields(self):
        return (self.value_structure,)

    @property
    def flat_specs(self):
        """A variant."""
        return [TensorSpec([], dtypes.variant)]

    def to_tensors(self, value):
        """The variant of an Optional."""
        return [value._variant_tensor]

    def from_tensors(self, tensors):
        """The Optional in a variant."""
        return Optional(tensors[0], self.value_structure)


@tf_export("data.experimental.get_next_as_optional", "contrib.data.get_next_as_optional")
def get_next_as_optional(iterator):
    """The next element of an iterator as an Optional, which is empty at the end of the dataset."""
    variant = raw_ops.IteratorGetNextAsOptional(iterator._iterator_resource,
                                                **structure.flat_attrs(iterator.element_spec))
    return Optional(variant, iterator.element_spec)
