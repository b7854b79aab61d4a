"""`tf.contrib.framework.nest` with paths: the indices, keys or field names that lead to each leaf. Holds no state."""

import collections.abc

from graphflow.framework.api import tf_export
from graphflow.framework.nest import is_nested, pack_sequence_as
from graphflow.framework.nest_shallow import assert_shallow_structure


def _steps(structure):
    """(key, child) pairs in the order of `flatten`."""
    if isinstance(structure, collections.abc.Mapping):
        return [(key, structure[key]) for key in sorted(structure)]
    return list(zip(getattr(structure, "_fields", range(len(structure))), structure))


def _walk(shallow, deep):
    """(path, part of `deep`) for each leaf of `shallow`, in order."""
    waiting = [((), shallow, deep)]
    while waiting:
        path, upper, part = waiting.pop()
        if not is_nested(upper):
            yield path, part
            continue
        children = [((*path, key), child, below) for (key, child), (_, below) in zip(_steps(upper), _steps(part))]
        waiting.extend(reversed(children))


@tf_export("contrib.framework.nest.flatten_with_tuple_paths_up_to")
def flatten_with_tuple_paths_up_to(shallow_tree, input_tree, check_types=True):
    """(path, part) for each part of `input_tree` that stands where `shallow_tree` has a leaf.

    Raises TypeError or ValueError if the structures don't fit, see `assert_shallow_structure`.

        flatten_with_tuple_paths_up_to([0, {"a": 1}], [[2, 3], {"a": 4}]) == [((0,), [2, 3]), ((1, "a"), 4)]
    """
    assert_shallow_structure(shallow_tree, input_tree, check_types)
    return list(_walk(shallow_tree, input_tree))


@tf_export("contrib.framework.nest.flatten_with_tuple_paths")
def flatten_with_tuple_paths(structure):
    """(path, leaf) for each leaf of a structure, in the order of `flatten`."""
    return list(_walk(structure, structure))


@tf_export("contrib.framework.nest.flatten_with_joined_string_paths")
def flatten_with_joined_string_paths(structure, separator="/"):
    """(path as text, leaf) for each leaf of a structure, in the order of `flatten`.

        flatten_with_joined_string_paths({"a": [1, 2]}) == [("a/0", 1), ("a/1", 2)]
    """
    return [(separator.join(map(str, path)), leaf) for path, leaf in _walk(structure, structure)]


@tf_export("contrib.framework.nest.yield_flat_paths")
def yield_flat_paths(nest):
    """The paths of all leaves of a structure, in the order of `flatten`."""
    for path, _ in _walk(nest, nest):
        yield path


@tf_export("contrib.framework.nest.map_structure_with_tuple_paths_up_to")
def map_structure_with_tuple_paths_up_to(shallow_tree, func, *inputs, **kwargs):
    """`func(path, *parts, **kwargs)` of the corresponding parts of `inputs`, in a structure like `shallow_tree`.

    `check_types` (default True) is not handed on, see `assert_shallow_structure`. Raises ValueError without inputs,
    TypeError or ValueError if the structures don't fit.
    """
    if not inputs:
        raise ValueError("Cannot map over no sequences")
    check_types = kwargs.pop("check_types", True)
    parts = [flatten_with_tuple_paths_up_to(shallow_tree, tree, check_types) for tree in inputs]
    results = [func(group[0][0], *(part for _, part in group), **kwargs) for group in zip(*parts, strict=True)]
    return pack_sequence_as(shallow_tree, results)


@tf_export("contrib.framework.nest.map_structure_with_tuple_paths")
def map_structure_with_tuple_paths(func, *structure, **kwargs):
    """`func(path, *leaves, **kwargs)` of the corresponding leaves of structures, in a structure like the first.

    Arguments and errors are those of `map_structure_with_tuple_paths_up_to`.
    """
    if not structure:
        raise ValueError("Cannot map over no sequences")
    return map_structure_with_tuple_paths_up_to(structure[0], func, *structure, **kwargs)


@tf_export("contrib.framework.nest.map_structure_with_paths")
def map_structure_with_paths(func, *structure, **kwargs):
    """`map_structure_with_tuple_paths` whose function gets paths as text, joined by "/"."""
    def with_text(path, *leaves, **options):
        return func("/".join(map(str, path)), *leaves, **options)

    return map_structure_with_tuple_paths(with_text, *structure, **kwargs)
