"""`tf.contrib.framework.nest` for structures that are followed only as deep as another, shallow one.

The leaves of the shallow structure stand for whole parts of the deep one. Holds no state.
"""

import collections.abc

from graphflow.framework.api import tf_export
from graphflow.framework.nest import flatten, is_nested, pack_sequence_as


def _keys_and_children(structure):
    if isinstance(structure, collections.abc.Mapping):
        return [(key, structure[key]) for key in sorted(structure)]
    return list(enumerate(structure))


@tf_export("contrib.framework.nest.assert_shallow_structure")
def assert_shallow_structure(shallow_tree, input_tree, check_types=True):
    """Raises TypeError or ValueError unless `shallow_tree` is the upper part of `input_tree`.

    `check_types`: whether containers must be of the same type, too (dicts of any).
    """
    waiting = [(shallow_tree, input_tree)]
    while waiting:
        shallow, deep = waiting.pop()
        if not is_nested(shallow):
            continue
        if not is_nested(deep):
            raise TypeError("If shallow structure is a sequence, input must also be a sequence. Input has type: "
                            f"{type(deep)}.")
        mappings = isinstance(shallow, collections.abc.Mapping), isinstance(deep, collections.abc.Mapping)
        if check_types and not all(mappings) and type(shallow) is not type(deep) and not (
                hasattr(shallow, "_fields") and getattr(deep, "_fields", None) == shallow._fields):
            raise TypeError("The two structures don't have the same sequence type. Input structure has type "
                            f"{type(deep)}, while shallow structure has type {type(shallow)}.")
        if len(shallow) != len(deep):
            raise ValueError("The two structures don't have the same sequence length. Input structure has length "
                             f"{len(deep)}, while shallow structure has length {len(shallow)}.")
        if all(mappings) and set(shallow) != set(deep):
            raise ValueError(f"The two structures don't have the same keys. Input structure has keys {list(deep)}, "
                             f"while shallow structure has keys {list(shallow)}.")
        waiting.extend(zip((v for _, v in _keys_and_children(shallow)), (v for _, v in _keys_and_children(deep))))


@tf_export("contrib.framework.nest.flatten_up_to")
def flatten_up_to(shallow_tree, input_tree, check_types=True):
    """The parts of `input_tree` that stand where `shallow_tree` has leaves, as a list.

    Raises TypeError or ValueError if the structures don't fit.

        flatten_up_to([0, [1]], [[2, 3], [4]]) == [[2, 3], 4]
    """
    assert_shallow_structure(shallow_tree, input_tree, check_types)
    parts, waiting = [], [(shallow_tree, input_tree)]
    while waiting:
        shallow, deep = waiting.pop()
        if is_nested(shallow):
            pairs = zip(_keys_and_children(shallow), _keys_and_children(deep))
            waiting.extend(reversed([(a, b) for (_, a), (_, b) in pairs]))
        else:
            parts.append(deep)
    return parts


@tf_export("contrib.framework.nest.map_structure_up_to")
def map_structure_up_to(shallow_tree, func, *inputs, **kwargs):
    """`func` of the corresponding parts of `inputs`, in a structure like `shallow_tree`.

    `check_types` (default True) is as in `assert_shallow_structure`. Raises ValueError without inputs.
    """
    if not inputs:
        raise ValueError("Cannot map over no sequences")
    check_types = kwargs.pop("check_types", True)
    if kwargs:
        raise ValueError(f"Only valid keyword argument is `check_types`, not: {list(kwargs)}")
    parts = [flatten_up_to(shallow_tree, tree, check_types) for tree in inputs]
    return pack_sequence_as(shallow_tree, [func(*group) for group in zip(*parts, strict=True)])


@tf_export("contrib.framework.nest.get_traverse_shallow_structure")
def get_traverse_shallow_structure(traverse_fn, structure):
    """A shallow structure of bools: how deep `traverse_fn(part)` says that a structure is to be followed.

    It says True (follow), False (not), or, for each child, which of both. Raises TypeError for other answers.
    """
    answer = traverse_fn(structure)
    if not is_nested(structure):
        if not isinstance(answer, bool):
            raise TypeError(f"traverse_fn returned structure: {answer} for non-structure: {structure}")
        return answer
    if answer is False:
        return False
    children = [child for _, child in _keys_and_children(structure)]
    if answer is True:
        wanted = [True] * len(children)
    elif is_nested(answer):
        assert_shallow_structure(answer, structure)
        wanted = flatten(answer)
    else:
        raise TypeError(f"traverse_fn returned a non-bool scalar: {answer} for input: {structure}")
    if len(wanted) != len(children) or not all(isinstance(item, bool) for item in wanted):
        raise TypeError(f"traverse_fn didn't return a depth=1 structure of bools.  saw: {answer}  for structure: "
                        f"{structure}")
    marks = [get_traverse_shallow_structure(traverse_fn, child) if follow else False
             for follow, child in zip(wanted, children)]
    return pack_sequence_as(_emptied(structure), marks)


def _emptied(structure):
    """A structure of the same container with leaves in place of its children."""
    if isinstance(structure, collections.abc.Mapping):
        return type(structure)((key, None) for key in structure)
    if hasattr(structure, "_fields"):
        return type(structure)(*[None] * len(structure))
    return type(structure)([None] * len(structure))


@tf_export("contrib.framework.nest.yield_flattened_up_to")
def yield_flattened_up_to(shallow_tree, input_tree):
    """`flatten_up_to` as an iterator."""
    yield from flatten_up_to(shallow_tree, input_tree)


@tf_export("contrib.framework.nest.flatten_dict_items")
def flatten_dict_items(dictionary):
    """A dict with a structure of keys for each structure of values, as a dict from key to value.

    Raises TypeError if it is no dict, ValueError for structures that don't fit or keys that come twice.

        flatten_dict_items({("a", ("b", "c")): (1, (2, 3))}) == {"a": 1, "b": 2, "c": 3}
    """
    if not isinstance(dictionary, dict):
        raise TypeError("input must be a dictionary")
    flat = {}
    for keys, values in dictionary.items():
        names, items = flatten(keys), flatten(values) if is_nested(keys) else [values]
        if len(names) != len(items):
            raise ValueError(f"Could not flatten dictionary. Key had {len(names)} elements, but value had {len(items)} "
                             f"elements. Key: {names}, value: {items}.")
        for name, item in zip(names, items):
            if name in flat:
                raise ValueError(f"Could not flatten dictionary: key {name} is not unique.")
            flat[name] = item
    return flat
