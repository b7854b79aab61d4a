"""TensorShape and Dimension behave as TensorFlow 1.15's."""

import copy

import numpy as np
import pytest

from graphflow.framework import tensor_shape
from graphflow.framework.dimension import Dimension, dimension_at_index, dimension_value
from graphflow.framework.tensor_shape import TensorShape

UNKNOWN = TensorShape(None)


def test_dimension_arithmetic():
    d = Dimension(7)
    assert (d + 1, 1 + d, d - 2, 9 - d, d * 2, 2 * d) == (8, 8, 5, 2, 14, 14)
    assert (d // 2, 15 // d, d % 4, 9 % d) == (3, 2, 3, 2)
    assert isinstance(d + 1, Dimension) and int(d) == 7 and list(range(d))[-1] == 6
    assert np.zeros(d).shape == (7,)
    for unknown in (d + None, None * d, Dimension(None) // 2, 3 % Dimension(None)):
        assert isinstance(unknown, Dimension) and unknown.value is None
    with pytest.raises(TypeError, match="please use // instead"):
        d / 2
    with pytest.raises(TypeError, match="'int' and 'Dimension', please use // instead"):
        2 / d
    with pytest.raises(ValueError):
        d - 8


def test_dimension_comparisons():
    assert Dimension(3) == 3 and Dimension(3) != 4 and Dimension(3) < 4 and Dimension(3) >= 3
    assert (Dimension(3) == "x") is False
    for answer in (Dimension(None) == 3, Dimension(3) != None, Dimension(3) < None):  # noqa: E711
        assert answer is None
    assert str(Dimension(None)) == "?" and repr(Dimension(3)) == "Dimension(3)"
    assert Dimension(None).merge_with(3).value == 3
    with pytest.raises(ValueError, match="Dimensions 3 and 4 are not compatible"):
        Dimension(3).merge_with(4)


@pytest.mark.parametrize(
    ("value", "error"), [(-1, ValueError), (1.5, ValueError), ("x", ValueError), ([], TypeError)]
)
def test_bad_dimensions(value, error):
    with pytest.raises(error):
        Dimension(value)
    with pytest.raises(error):
        TensorShape([2, value])


@pytest.mark.parametrize(
    ("dims", "text"),
    [(None, "<unknown>"), ([], "()"), ([3], "(3,)"), (3, "(3,)"), ([None, 10], "(?, 10)")],
)
def test_text(dims, text):
    assert str(TensorShape(dims)) == text


def test_repr():
    assert repr(TensorShape([None, 2])) == "TensorShape([Dimension(None), Dimension(2)])"
    assert repr(UNKNOWN) == "TensorShape(None)"


def test_access():
    s = TensorShape([np.int64(2), Dimension(3), None])
    assert s.as_list() == [2, 3, None] and s.as_tuple() == (2, 3, None)
    assert s.rank == s.ndims == len(s) == 3 and s.num_elements() is None
    assert isinstance(s[1], Dimension) and s[1] == 3 and s[-1].value is None
    assert s[:2] == TensorShape([2, 3]) and s[:2].num_elements() == 6
    assert [d.value for d in s] == [2, 3, None] and not s.is_fully_defined()
    assert TensorShape([]).num_elements() == 1 and bool(TensorShape([])) and not bool(UNKNOWN)
    assert TensorShape.from_tuple((1, None)).as_list() == [1, None]
    with pytest.raises(IndexError):
        s[3]


def test_unknown_rank():
    assert UNKNOWN.dims is None and UNKNOWN.rank is None and UNKNOWN[3].value is None
    assert UNKNOWN[1:3].as_list() == [None, None] and UNKNOWN[1:].rank is None
    for action in (len, list, TensorShape.as_list):
        with pytest.raises(ValueError):
            action(UNKNOWN)
    with pytest.raises(ValueError, match="Steps"):
        UNKNOWN[::2]
    with pytest.raises(TypeError, match="A string has ambiguous TensorShape"):
        TensorShape("12")


def test_equality():
    s = TensorShape([None, 3])
    assert TensorShape([2, 3]) == [2, 3] and TensorShape([2, 3]) != (2, 4)
    assert TensorShape([2]) != [2, 3] and UNKNOWN == None  # noqa: E711
    same = s
    assert s == same and s == TensorShape(s) and s == copy.copy(s)
    assert s != TensorShape([None, 3]) and s != [None, 3]
    assert TensorShape([2]) != "x"
    with pytest.raises(ValueError, match="inequality of unknown"):
        _ = s != UNKNOWN
    assert len({TensorShape([2]), TensorShape([2])}) == 1


def test_merging():
    s = TensorShape([None, 3])
    assert s.merge_with([2, None]).as_list() == [2, 3]
    assert s.merge_with(None).as_list() == [None, 3] and UNKNOWN.merge_with(s) is s
    assert s.concatenate([4]).as_list() == [None, 3, 4] and (s + UNKNOWN).rank is None
    assert ([1] + s).as_list() == [1, None, 3]
    assert s.most_specific_compatible_shape([2, 3]).as_list() == [None, 3]
    assert s.is_compatible_with([5, 3]) and not s.is_compatible_with([5, 4])
    assert not s.is_compatible_with([3]) and s.is_compatible_with(None)
    with pytest.raises(ValueError, match=r"Shapes \(\?, 3\) and \(2, 4\) are not compatible"):
        s.merge_with([2, 4])
    with pytest.raises(ValueError, match=r"Shapes \(\?, 3\) and \(2,\) are incompatible"):
        s.assert_is_compatible_with([2])
    with pytest.raises(ValueError, match=r"Shape \(\?, 3\) is not fully defined"):
        s.assert_is_fully_defined()


def test_ranks():
    s = TensorShape([None, 3])
    assert s.with_rank(2).as_list() == [None, 3] and UNKNOWN.with_rank(2).as_list() == [None, None]
    assert s.with_rank_at_least(1) is s and s.with_rank_at_most(2) is s
    for action, number, message in (
        (s.with_rank, 3, "must have rank 3"),
        (s.with_rank_at_least, 3, "must have rank at least 3"),
        (s.with_rank_at_most, 1, "must have rank at most 1"),
        (s.assert_has_rank, 1, "must have rank 1"),
        (s.assert_same_rank, [1], "must have the same rank"),
    ):
        with pytest.raises(ValueError, match=message):
            action(number)


def test_proto():
    for dims in (None, [], [2, None, 0]):
        shape = TensorShape(dims)
        assert TensorShape(shape.as_proto()).as_tuple() == shape.as_tuple()
    assert TensorShape([None]).as_proto().dim[0].size == -1


def test_v2_behaviour():
    tensor_shape.enable_v2_tensorshape()
    try:
        s = TensorShape([None, 3])
        assert list(s) == [None, 3] and s[1] == 3 and isinstance(s[1], int)
        assert repr(s) == "TensorShape([None, 3])" and str(s) == "(None, 3)"
    finally:
        tensor_shape.disable_v2_tensorshape()
    assert isinstance(TensorShape([3])[0], Dimension)
    assert dimension_value(s[1]) == dimension_at_index(s, 1) == 3


def test_helpers():
    assert tensor_shape.scalar().as_list() == [] and tensor_shape.vector(3).as_list() == [3]
    assert tensor_shape.matrix(None, 2).as_list() == [None, 2]
    assert tensor_shape.unknown_shape(ndims=2).as_list() == [None, None]
    assert tensor_shape.as_shape(UNKNOWN) is UNKNOWN


def test_a_shape_is_made_again_by_its_constructor():
    make, arguments = TensorShape([2, 3]).__reduce__()
    assert make is TensorShape and make(*arguments) == TensorShape([2, 3])
