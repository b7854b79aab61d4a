"""Elements of datasets, as structures of specs, of values, and as flat lists of tensors.

An element is nested as `nest` says; each leaf has a `TypeSpec`. Holds no state.
"""

from graphflow.data import nest
from graphflow.framework import dtypes
from graphflow.framework.convert import convert_to_tensor
from graphflow.framework.graph_scopes import name_scope
from graphflow.framework.sparse_tensor import SparseTensor, SparseTensorValue
from graphflow.framework.tensor import Tensor
from graphflow.framework.tensor_shape import as_shape, unknown_shape
from graphflow.framework.type_spec import SparseTensorSpec, TensorSpec, TypeSpec, known_spec, spec_of


def normalized(element):
    """`element` with tensors (or what has a spec of its own) for leaves."""
    with name_scope("normalize_element"):
        parts = [_normalized_leaf(leaf, i) for i, leaf in enumerate(nest.flatten(element))]
    return nest.pack_sequence_as(element, parts)


def _normalized_leaf(leaf, number):
    if isinstance(leaf, SparseTensorValue):
        return SparseTensor.from_value(leaf)
    if known_spec(leaf) is not None and not isinstance(leaf, Tensor):
        return leaf
    return convert_to_tensor(leaf, name=f"component_{number}")


def spec_of_element(element):
    """The structure of specs of an element."""
    return nest.pack_sequence_as(element, [spec_of(leaf) for leaf in nest.flatten(element)])


def flat_specs(spec):
    """TensorSpecs of the tensors of an element."""
    return [tensor for leaf in nest.flatten(spec) for tensor in leaf.flat_specs]


def flat_attrs(spec):
    """The attributes `output_types` and `output_shapes` of a dataset op with such elements."""
    flat = flat_specs(spec)
    return {"output_types": [s.dtype for s in flat], "output_shapes": [s.shape for s in flat]}


def to_tensors(spec, element, batched=False):
    """The tensors of an element in a flat list; `batched`: for being cut along the first dimension."""
    nest.assert_same_structure(spec, element)
    result = []
    for leaf, value in zip(nest.flatten(spec), nest.flatten(element)):
        result.extend(leaf.to_batched_tensors(value) if batched else leaf.to_tensors(value))
    return result


def from_tensors(spec, tensors):
    """The element that a flat list of tensors stands for."""
    tensors, parts = list(tensors), []
    for leaf in nest.flatten(spec):
        count = len(leaf.flat_specs)
        parts.append(leaf.from_tensors(tensors[:count]))
        del tensors[:count]
    return nest.pack_sequence_as(spec, parts)


def batched(spec, size):
    """The spec of `size` (or None) elements, joined."""
    return nest.map_structure(lambda leaf: leaf.batch(size), spec)


def unbatched(spec):
    """The spec of a slice of an element."""
    return nest.map_structure(lambda leaf: leaf.unbatch(), spec)


# ---------------------------------------------------------------- TensorFlow 1's three structures

def output_types(spec):
    """The dtypes of an element."""
    return nest.map_structure(lambda leaf: leaf.legacy_type or leaf, spec)


def output_shapes(spec):
    """The static shapes of an element."""
    return nest.map_structure(lambda leaf: leaf if leaf.legacy_shape is None else leaf.legacy_shape, spec)


def output_classes(spec):
    """The classes of an element's parts."""
    return nest.map_structure(lambda leaf: leaf.legacy_class or leaf, spec)


def from_legacy(types, shapes=None, classes=None):
    """The spec of elements with these types, shapes (None: unknown) and classes (None: tensors).

    Raises TypeError or ValueError if the structures differ.
    """
    types = nest.map_structure(lambda t: t if isinstance(t, TypeSpec) else dtypes.as_dtype(t), types)
    if shapes is None:
        shapes = nest.map_structure(lambda _: unknown_shape(), types)
    else:
        shapes = nest.map_structure_up_to(types, lambda s: s if isinstance(s, TypeSpec) else as_shape(s), shapes)
    if classes is None:
        classes = nest.map_structure(lambda _: Tensor, types)
    nest.assert_same_structure(types, shapes)
    return nest.map_structure(_legacy_leaf, types, shapes, classes)


def _legacy_leaf(dtype, shape, kind):
    if isinstance(kind, TypeSpec):
        return kind
    if issubclass(kind, SparseTensor):
        return SparseTensorSpec(shape, dtype)
    if issubclass(kind, Tensor):
        return TensorSpec(shape, dtype)
    raise TypeError(f"Could not build a structure for output class {kind!r}")
