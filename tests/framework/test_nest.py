"""tf.nest."""

import collections

import pytest

import graphflow as tf

Point = collections.namedtuple("Point", ["x", "y"])
NESTED = {"b": [1, (2, Point(3, {"z": 4}))], "a": 0}


def test_round_trip():
    assert tf.nest.flatten(NESTED) == [0, 1, 2, 3, 4]
    assert tf.nest.pack_sequence_as(NESTED, [0, 1, 2, 3, 4]) == NESTED
    assert tf.nest.flatten("leaf") == ["leaf"] and tf.nest.pack_sequence_as(0, [5]) == 5
    ordered = collections.OrderedDict([("b", 1), ("a", 2)])
    packed = tf.nest.pack_sequence_as(ordered, [3, 4])
    assert list(packed.items()) == [("b", 4), ("a", 3)] and type(packed) is collections.OrderedDict


def test_map():
    assert tf.nest.map_structure(lambda a, b: a + b, NESTED, NESTED) == {
        "b": [2, (4, Point(6, {"z": 8}))], "a": 0}
    assert tf.nest.map_structure(str, 3) == "3"
    assert tf.nest.map_structure(max, [1, 2], (3, 0), check_types=False) == [3, 2]


@pytest.mark.parametrize("first, second, error", [
    ([1], [1, 2], ValueError), ([1], 1, ValueError), ([1], (1,), TypeError), ({"a": 1}, {"b": 1}, ValueError),
    (Point(1, 2), (1, 2), TypeError), ([[1], 2], [1, [2]], ValueError)])
def test_different_structures(first, second, error):
    with pytest.raises(error, match="don't have the same nested structure"):
        tf.nest.assert_same_structure(first, second)


def test_wrong_arguments():
    with pytest.raises(ValueError, match="Structure had 2 elements, but flat_sequence had 1"):
        tf.nest.pack_sequence_as([1, 2], [1])
    with pytest.raises(TypeError, match="callable"):
        tf.nest.map_structure(1, [2])
    with pytest.raises(TypeError, match="sortable"):
        tf.nest.flatten({1: 0, "a": 1})


def test_composites():
    with tf.Graph().as_default():
        sparse = tf.SparseTensor([[0]], [1.0], [2])
        assert tf.nest.flatten([sparse]) == [sparse]
        assert tf.nest.flatten([sparse], expand_composites=True) == [sparse.indices, sparse.values, sparse.dense_shape]
        again = tf.nest.map_structure(tf.identity, sparse, expand_composites=True)
        assert isinstance(again, tf.SparseTensor) and again.values.op.type == "Identity"


def test_what_is_nested():
    assert all(map(tf.nest.is_nested, ([], (), {}, Point(1, 2))))
    assert not any(map(tf.nest.is_nested, ("ab", b"ab", 1, None)))


def test_views_of_dicts_count_in_their_own_order():
    variables = {"b": 1, "a": [2, 3]}
    assert tf.nest.flatten(variables.values()) == [1, 2, 3]
    assert tf.nest.map_structure(lambda x: x + 1, variables.values()) == [2, [3, 4]]
