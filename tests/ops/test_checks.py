"""Assertions: at once where the graph knows, else when run."""

import numpy as np
import pytest

import graphflow as tf

COMPARISONS = [  # function, a pair that holds, a pair that does not
    (tf.assert_equal, (1, 1), (1, 2)), (tf.debugging.assert_none_equal, (1, 2), (1, 1)),
    (tf.assert_less, (1, 2), (2, 2)), (tf.debugging.assert_less_equal, (2, 2), (3, 2)),
    (tf.assert_greater, (2, 1), (2, 2)), (tf.debugging.assert_greater_equal, (2, 2), (1, 2)),
]
SIGNS = [(tf.debugging.assert_positive, 1, 0), (tf.debugging.assert_negative, -1, 0),
         (tf.debugging.assert_non_negative, 0, -1), (tf.debugging.assert_non_positive, 0, 1)]


def _run(operation, feed=None):
    with tf.Session() as sess:
        return sess.run(operation, feed)


@pytest.mark.parametrize(("function", "good", "bad"), COMPARISONS)
def test_comparisons(function, good, bad):
    _run(function(*good))
    with pytest.raises(tf.errors.InvalidArgumentError, match="hm\nCondition x .* y did not hold element-wise:"):
        function(*bad, message="hm")
    x, y = tf.placeholder(tf.int32), tf.placeholder(tf.int32)
    check = function(x, y)
    _run(check, {x: [good[0]] * 2, y: good[1]})
    with pytest.raises(tf.errors.InvalidArgumentError, match="assertion failed: .Condition x"):
        _run(check, {x: [good[0], bad[0]], y: [good[1], bad[1]]})


@pytest.mark.parametrize(("function", "good", "bad"), SIGNS)
def test_signs(function, good, bad):
    x = tf.placeholder(tf.float32, [1])
    check = function(x)
    _run(check, {x: [good]})
    with pytest.raises(tf.errors.InvalidArgumentError, match="0 did not hold element-wise"):
        _run(check, {x: [bad]})
    with pytest.raises(tf.errors.InvalidArgumentError):
        function([bad])


def test_names_are_those_of_tensorflow():
    with tf.Graph().as_default():
        x = tf.placeholder(tf.int32, [2])
        assert tf.assert_equal(x, x).type == "NoOp"
        assert tf.assert_equal(x, [1, 2]).name == "assert_equal_2/Assert/Assert"
        assert tf.assert_less(tf.to_float(x), 1.0).name == "assert_less/Assert/AssertGuard/Assert"


def test_near():
    _run(tf.debugging.assert_near([1.0, 2.0], [1.0 + 1e-7, 2.0]))
    with pytest.raises(tf.errors.InvalidArgumentError, match="not equal to tolerance"):
        _run(tf.debugging.assert_near([1.0], [1.1]))


def test_ranks():
    x, unknown = tf.zeros([2, 3]), tf.placeholder(tf.float32)
    assert tf.assert_rank(x, 2).type == "NoOp"
    with pytest.raises(ValueError, match=r"m.  Tensor .* must have rank 1.  Received rank 2, shape \(2, 3\)"):
        tf.assert_rank(x, 1, message="m")
    with pytest.raises(ValueError, match="must have rank at least 3"):
        tf.debugging.assert_rank_at_least(x, 3)
    with pytest.raises(ValueError, match=r"must have rank in \(1, 3\)"):
        tf.debugging.assert_rank_in(x, [1, 3])
    for check in (tf.assert_rank(unknown, 1), tf.debugging.assert_rank_in(unknown, [1, 3])):
        _run(check, {unknown: [1.0]})
        with pytest.raises(tf.errors.InvalidArgumentError, match="must have rank"):
            _run(check, {unknown: [[1.0]]})


def test_types_and_scalars():
    x = tf.zeros([2])
    with pytest.raises(TypeError, match="must be of type <dtype: 'int32'>|must be of type tf.int32"):
        tf.debugging.assert_type(x, tf.int32)
    with pytest.raises(TypeError, match='Expected "x" to be integer type'):
        tf.debugging.assert_integer(x)
    with pytest.raises(ValueError, match="Expected scalar shape"):
        tf.debugging.assert_scalar(x)
    with pytest.raises(TypeError, match="proper"):
        tf.debugging.assert_proper_iterable("text")
    with pytest.raises(ValueError, match="must be of the same type"):
        tf.debugging.assert_same_float_dtype([x, tf.zeros([], tf.float64)])
    assert tf.debugging.assert_same_float_dtype([x]) == tf.float32


def test_shapes_with_symbols():
    x, y = tf.placeholder(tf.float32, [None, 3]), tf.placeholder(tf.float32, [None])
    check = tf.debugging.assert_shapes([(x, ("N", 3)), (y, ("N",))])
    _run(check, {x: np.zeros((2, 3)), y: np.zeros(2)})
    with pytest.raises(tf.errors.InvalidArgumentError, match="dimension"):
        _run(check, {x: np.zeros((2, 3)), y: np.zeros(4)})
    with pytest.raises(ValueError, match="must have size 4"):
        tf.debugging.assert_shapes({x: (..., 4)})


def test_assert_shapes_reads_digits_and_refuses_what_is_no_shape():
    with tf.Graph().as_default():
        x, y = tf.ones([2, 2]), tf.ones([1, 3])
        tf.debugging.assert_shapes([(x, "22"), (y, "N3")])
        with pytest.raises(ValueError, match="Specified explicitly.  Tensor .* dimension 0 must have size 2.  "):
            tf.debugging.assert_shapes([(x, "22"), (y, "23")])
        with pytest.raises(ValueError, match="must be an iterable.  An iterable has"):
            tf.debugging.assert_shapes([(x, 2)])


def test_constants_that_break_a_check_of_given_data_name_the_check():
    with pytest.raises(tf.errors.InvalidArgumentError, match=r"(?s)Condition x < y did not hold .*'ids/All'.*\[5\]\n3"):
        tf.assert_less(tf.constant([5]), 3, data=(tf.constant([5]), 3), name="ids")
    with pytest.raises(tf.errors.InvalidArgumentError, match="^mine\n5$"):
        tf.assert_less(5, 3, data=["mine", tf.constant(5)])
