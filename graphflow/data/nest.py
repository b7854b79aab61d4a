"""Nesting of dataset elements: tuples, namedtuples and dicts. Unlike in `tf.nest`, lists are leaves (tensors).

Holds no state.
"""

import collections.abc

from graphflow.framework.sparse_tensor import SparseTensorValue


def is_nested(value):
    """Whether `value` is a dict or a tuple (a SparseTensorValue is a leaf)."""
    return isinstance(value, (dict, tuple)) and not isinstance(value, SparseTensorValue)


def _children(structure):
    if isinstance(structure, dict):
        try:
            return [structure[key] for key in sorted(structure)]
        except TypeError as error:
            raise TypeError("nest only supports dicts with sortable keys.") from error
    return list(structure)


def flatten(structure):
    """The leaves in order; dicts count in the order of their sorted keys."""
    leaves, waiting = [], [structure]
    while waiting:
        value = waiting.pop()
        if is_nested(value):
            waiting.extend(reversed(_children(value)))
        else:
            leaves.append(value)
    return leaves


def _rebuilt(structure, parts):
    if isinstance(structure, dict):
        by_key = dict(zip(sorted(structure), parts, strict=True))
        return type(structure)((key, by_key[key]) for key in structure)
    if hasattr(structure, "_fields"):
        return type(structure)(*parts)
    return type(structure)(parts)


def pack_sequence_as(structure, flat_sequence):
    """A structure like `structure` with the leaves of `flat_sequence`; ValueError if their numbers differ."""
    count = len(flatten(structure))
    if not is_nested(structure) and len(flat_sequence) != 1:
        raise ValueError(f"Structure is a scalar but len(flat_sequence) == {len(flat_sequence)} > 1")
    if count != len(flat_sequence):
        raise ValueError(f"Could not pack sequence. Structure had {count} elements, but flat_sequence had "
                         f"{len(flat_sequence)} elements.  Structure: {structure}, flat_sequence: {flat_sequence}.")
    return _packed(structure, iter(flat_sequence))


def _packed(structure, leaves):
    if not is_nested(structure):
        return next(leaves)
    return _rebuilt(structure, [_packed(part, leaves) for part in _children(structure)])


def assert_same_structure(first, second):
    """Raises ValueError unless two structures nest alike, TypeError for other containers."""
    try:
        flatten_up_to(first, second)
        flatten_up_to(second, first)
    except (TypeError, ValueError) as error:
        raise type(error)("The two structures don't have the same nested structure.\n\n"
                          f"First structure: type={type(first).__name__} str={first}\n\n"
                          f"Second structure: type={type(second).__name__} str={second}\n\nMore specifically: "
                          f"{error}") from None


def map_structure(function, *structures):
    """`function` of the corresponding leaves, in a structure like the first."""
    for other in structures[1:]:
        assert_same_structure(structures[0], other)
    leaves = zip(*map(flatten, structures), strict=True)
    return pack_sequence_as(structures[0], [function(*group) for group in leaves])


def flatten_up_to(shallow, deep):
    """The parts of `deep` that stand where `shallow` has leaves; TypeError or ValueError if it has other parts."""
    if not is_nested(shallow):
        return [deep]
    if not (is_nested(deep) or isinstance(deep, collections.abc.Sequence)) or isinstance(deep, (str, bytes)):
        raise TypeError("If shallow structure is a sequence, input must also be a sequence. Input has type: "
                        f"{type(deep)}.")
    if not isinstance(deep, type(shallow)):
        raise TypeError("The two structures don't have the same sequence type. Input structure has type "
                        f"{type(deep)}, while shallow structure has type {type(shallow)}.")
    if len(deep) != len(shallow):
        raise ValueError("The two structures don't have the same sequence length. Input structure has length "
                         f"{len(deep)}, while shallow structure has length {len(shallow)}.")
    if isinstance(shallow, dict) and set(deep) != set(shallow):
        raise ValueError(f"The two structures don't have the same keys. Input structure has keys {list(deep)}, while "
                         f"shallow structure has keys {list(shallow)}.")
    return [leaf for part, other in zip(_children(shallow), _children(deep)) for leaf in flatten_up_to(part, other)]


def map_structure_up_to(shallow, function, *deep):
    """`function` of the parts of `deep` where `shallow` has leaves, in a structure like `shallow`."""
    parts = zip(*[flatten_up_to(shallow, structure) for structure in deep])
    return pack_sequence_as(shallow, [function(*group) for group in parts])
