"""`tf.contrib.framework.nest` with shallow structures."""

import collections

import pytest

import graphflow as tf

nest = tf.contrib.framework.nest
Pair = collections.namedtuple("Pair", "a b")


def test_up_to():
    assert nest.flatten_up_to([0, [1]], [[2, 3], [(4, 5)]]) == [[2, 3], (4, 5)]
    assert list(nest.yield_flattened_up_to({"b": 0, "a": 1}, {"b": [1, 2], "a": 3})) == [3, [1, 2]]
    assert nest.map_structure_up_to(Pair(0, 0), len, Pair([1], [2, 3])) == Pair(1, 2)
    assert nest.flatten_up_to(0, [1, 2]) == [[1, 2]]


def test_traversed():
    structure = [Pair([1, 2], 3), {"x": (4,)}]
    assert nest.get_traverse_shallow_structure(lambda s: not isinstance(s, tuple), structure) == [False, {"x": False}]
    marks = nest.get_traverse_shallow_structure(
        lambda s: Pair(a=False, b=True) if isinstance(s, Pair) else True, structure)
    assert marks == [Pair(False, True), {"x": (True,)}]
    with pytest.raises(TypeError, match="non-structure"):
        nest.get_traverse_shallow_structure(lambda s: [True], 3)


def test_flatten_dict_items():
    assert nest.flatten_dict_items({("a", ("b", "c")): (1, (2, 3)), "d": [4]}) == {"a": 1, "b": 2, "c": 3, "d": [4]}
    with pytest.raises(ValueError, match="key a is not unique"):
        nest.flatten_dict_items({"a": 1, ("a", "b"): (2, 3)})


@pytest.mark.parametrize(("error", "shallow", "deep", "message"), [
    (TypeError, [1], 2, "input must also be a sequence"), (TypeError, [1], (2,), "same sequence type"),
    (ValueError, [1], [1, 2], "same sequence length"), (ValueError, {"a": 1}, {"b": 1}, "same keys")])
def test_unlike(error, shallow, deep, message):
    with pytest.raises(error, match=message):
        nest.assert_shallow_structure(shallow, deep)
