"""`tf.nest`: nested dicts, namedtuples, tuples and lists as flat lists and back.

Anything else, arrays and tensors too, is a leaf. Dicts count in the order of their sorted keys.
SparseTensors and IndexedSlices are leaves unless `expand_composites`. Holds no state.
"""

import collections.abc

from graphflow.framework.api import tf_export
from graphflow.framework.sparse_tensor import SparseTensor
from graphflow.framework.tensor import IndexedSlices

_CONTAINERS = (collections.abc.Mapping, collections.abc.MappingView, collections.abc.Sequence)


def _is_namedtuple(value):
    return isinstance(value, tuple) and hasattr(value, "_fields")


def _components(value):
    """The parts of a composite tensor by name, or None."""
    if isinstance(value, SparseTensor):
        return {"indices": value.indices, "values": value.values, "dense_shape": value.dense_shape}
    if isinstance(value, IndexedSlices):
        parts = {"values": value.values, "indices": value.indices, "dense_shape": value.dense_shape}
        return {name: part for name, part in parts.items() if part is not None}
    return None


@tf_export("nest.is_nested", "contrib.framework.nest.is_sequence", "contrib.framework.nest.is_nested")
def is_nested(seq):
    """Whether `seq` is a dict, a view of one, a list, a tuple or another sequence that is no string."""
    return isinstance(seq, _CONTAINERS) and not isinstance(seq, (str, bytes, bytearray))


@tf_export("contrib.framework.nest.is_sequence_or_composite")
def is_sequence_or_composite(seq):
    """`is_nested`, or a tensor that is made of others: a SparseTensor, IndexedSlices."""
    return is_nested(seq) or _components(seq) is not None


def _children(structure, expand_composites):
    """The parts of a structure in order, or None for a leaf."""
    if isinstance(structure, collections.abc.Mapping):
        return [structure[key] for key in _keys(structure)]
    if is_nested(structure):
        return list(structure)
    parts = _components(structure) if expand_composites else None
    return None if parts is None else list(parts.values())


def _keys(mapping):
    try:
        return sorted(mapping)
    except TypeError as error:
        raise TypeError("nest only supports dicts with sortable keys.") from error


def _rebuilt(structure, parts):
    """A structure like `structure` with other parts, given in its order."""
    if isinstance(structure, collections.abc.Mapping):
        by_key = dict(zip(_keys(structure), parts, strict=True))
        if isinstance(structure, collections.defaultdict):
            result = type(structure)(structure.default_factory)
            result.update((key, by_key[key]) for key in structure)
            return result
        return type(structure)((key, by_key[key]) for key in structure)
    if _is_namedtuple(structure):
        return type(structure)(*parts)
    components = _components(structure)
    if components is not None:
        return type(structure)(**dict(zip(components, parts, strict=True)))
    if isinstance(structure, (range, collections.abc.MappingView)):
        return list(parts)
    return type(structure)(parts)


@tf_export("nest.flatten", "contrib.framework.nest.flatten")
def flatten(structure, expand_composites=False):
    """The leaves of a structure as a list; a leaf gives a list of itself.

        tf.nest.flatten({"b": 2, "a": [0, 1]}) == [0, 1, 2]
    """
    leaves, waiting = [], [structure]
    while waiting:
        value = waiting.pop()
        parts = _children(value, expand_composites)
        if parts is None:
            leaves.append(value)
        else:
            waiting.extend(reversed(parts))
    return leaves


@tf_export("nest.assert_same_structure", "contrib.framework.nest.assert_same_structure")
def assert_same_structure(nest1, nest2, check_types=True, expand_composites=False):
    """Raises ValueError unless two structures nest alike, TypeError for other types of containers."""
    try:
        _check_same(nest1, nest2, check_types, expand_composites)
    except (ValueError, TypeError) as error:
        raise type(error)(
            "The two structures don't have the same nested structure.\n\n"
            f"First structure: type={type(nest1).__name__} str={nest1}\n\n"
            f"Second structure: type={type(nest2).__name__} str={nest2}\n\nMore specifically: {error}") from None


def _check_same(first, second, check_types, expand):
    parts, others = _children(first, expand), _children(second, expand)
    if (parts is None) != (others is None):
        nested, leaf = (second, first) if parts is None else (first, second)
        raise ValueError(f'Substructure "type={type(nested).__name__} str={nested}" is a sequence, while '
                         f'substructure "type={type(leaf).__name__} str={leaf}" is not')
    if parts is None:
        return
    if check_types and not _same_container(first, second):
        raise TypeError(f"The two namedtuples or sequences don't have the same sequence type. First structure "
                        f"has type {type(first).__name__}, while second structure has type {type(second).__name__}")
    if isinstance(first, collections.abc.Mapping) and isinstance(second, collections.abc.Mapping):
        if set(first) != set(second):
            raise ValueError("The two dictionaries don't have the same set of keys. First structure has keys "
                             f"{list(first)}, while second structure has keys {list(second)}")
    if len(parts) != len(others):
        raise ValueError("The two structures don't have the same number of elements: "
                         f"{len(parts)} and {len(others)}")
    for part, other in zip(parts, others, strict=True):
        _check_same(part, other, check_types, expand)


def _same_container(first, second):
    if isinstance(first, collections.abc.Mapping) and isinstance(second, collections.abc.Mapping):
        return True
    if _is_namedtuple(first) and _is_namedtuple(second):
        return type(first).__name__ == type(second).__name__ and first._fields == second._fields
    return type(first) is type(second)


@tf_export("nest.pack_sequence_as", "contrib.framework.nest.pack_sequence_as")
def pack_sequence_as(structure, flat_sequence, expand_composites=False):
    """A structure like `structure` whose leaves are those of `flat_sequence`, in order.

    Raises TypeError if `flat_sequence` is no sequence, ValueError if the numbers of leaves differ.
    """
    if not is_nested(flat_sequence):
        raise TypeError("flat_sequence must be a sequence")
    count = len(flatten(structure, expand_composites))
    if count != len(flat_sequence):
        raise ValueError(f"Could not pack sequence. Structure had {count} elements, but flat_sequence had "
                         f"{len(flat_sequence)} elements.  Structure: {structure}, flat_sequence: {flat_sequence}.")
    return _packed(structure, iter(flat_sequence), expand_composites)


def _packed(structure, leaves, expand):
    parts = _children(structure, expand)
    if parts is None:
        return next(leaves)
    return _rebuilt(structure, [_packed(part, leaves, expand) for part in parts])


@tf_export("nest.map_structure", "contrib.framework.nest.map_structure")
def map_structure(func, *structure, **kwargs):
    """`func` of the corresponding leaves of one or more structures, in a structure like the first.

    `check_types` (default True) and `expand_composites` (False) are as in `assert_same_structure`.
    """
    if not callable(func):
        raise TypeError(f"func must be callable, got: {func}")
    if not structure:
        raise ValueError("Must provide at least one structure")
    check_types = kwargs.pop("check_types", True)
    expand = kwargs.pop("expand_composites", False)
    if kwargs:
        raise ValueError(f"Only valid keyword arguments are `check_types` and `expand_composites`, not: {list(kwargs)}")
    for other in structure[1:]:
        assert_same_structure(structure[0], other, check_types, expand)
    leaves = zip(*(flatten(one, expand) for one in structure), strict=True)
    return pack_sequence_as(structure[0], [func(*group) for group in leaves], expand)
