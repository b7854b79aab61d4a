"""`tf.contrib.framework.nest` with paths."""

import collections

import pytest

import graphflow as tf

nest = tf.contrib.framework.nest
Pair = collections.namedtuple("Pair", ["b", "a"])
TREE = {"x": [1, (2, 3)], "p": Pair(b=4, a={"k": 5}), "e": []}
PATHS = [("p", "b"), ("p", "a", "k"), ("x", 0), ("x", 1, 0), ("x", 1, 1)]


def test_leaves_with_paths():
    assert nest.flatten(TREE) == [4, 5, 1, 2, 3]
    assert list(nest.yield_flat_paths(TREE)) == PATHS
    assert nest.flatten_with_tuple_paths(TREE) == list(zip(PATHS, [4, 5, 1, 2, 3]))
    assert nest.flatten_with_joined_string_paths(TREE)[1:3] == [("p/a/k", 5), ("x/0", 1)]
    assert nest.flatten_with_joined_string_paths([7, [8]], separator=".") == [("0", 7), ("1.0", 8)]
    assert nest.flatten_with_tuple_paths(3) == [((), 3)] and list(nest.yield_flat_paths([])) == []


def test_up_to():
    shallow = [True, [False, True]]
    assert nest.flatten_with_tuple_paths_up_to(shallow, [[1, 2], [3, (4,)]]) == [
        ((0,), [1, 2]), ((1, 0), 3), ((1, 1), (4,))]
    assert nest.flatten_with_tuple_paths_up_to(0, [1, 2]) == [((), [1, 2])]
    with pytest.raises(TypeError, match="input must also be a sequence"):
        nest.flatten_with_tuple_paths_up_to([0, 1], 0)
    with pytest.raises(ValueError, match="same sequence length"):
        nest.flatten_with_tuple_paths_up_to([0, 1], [0])
    got = nest.map_structure_with_tuple_paths_up_to(shallow, lambda path, part, more, scale: (path, part, more * scale),
                                                    [[1], [2, 3]], [4, [5, 6]], scale=10)
    assert got == [((0,), [1], 40), [((1, 0), 2, 50), ((1, 1), 3, 60)]]


def test_mapping():
    got = nest.map_structure_with_paths(lambda path, a, b: f"{path}={a + b}", TREE, TREE)
    assert got == {"x": ["x/0=2", ("x/1/0=4", "x/1/1=6")], "p": Pair("p/b=8", {"k": "p/a/k=10"}), "e": []}
    assert nest.map_structure_with_tuple_paths(lambda path, leaf: (len(path), leaf), [1, [2]]) == [(1, 1), [(2, 2)]]
    assert nest.map_structure_with_paths(lambda path, a, b: a + b, [1], (2,), check_types=False) == [3]
    for function in (nest.map_structure_with_paths, nest.map_structure_with_tuple_paths):
        with pytest.raises(ValueError, match="Cannot map over no sequences"):
            function(lambda path: path)
        with pytest.raises(TypeError, match="same sequence type"):
            function(lambda path, a, b: a, [1], (2,))
    with pytest.raises(ValueError, match="Cannot map over no sequences"):
        nest.map_structure_with_tuple_paths_up_to([1], lambda path: path)
