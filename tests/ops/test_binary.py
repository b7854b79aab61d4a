"""Sample rows of `graphflow/ops/binary.py`."""

import numpy as np
import pytest

import graphflow as tf
from tests.ops.harness import Sample, apart, fixed, normal, positive, sample_tests

FLOATS = "float16 bfloat16 float32 float64"
NUMBERS = FLOATS + " int32 int64 complex64 complex128"
MORE = NUMBERS + " uint8 int8 uint16 int16"


def c_divide(x, y):
    """Division as in C: integers are cut towards zero."""
    return np.trunc(x / y).astype(x.dtype) if x.dtype.kind in "iu" else x / y


SAMPLES = [
    Sample(
        "Add",
        [normal(2, 3), normal(2, 3)],
        np.add,
        grad=(0, 1),
        second=True,
        dtypes=NUMBERS + " uint8 int8 int16 string",
    ),
    Sample(
        "AddV2",
        [normal(2, 1, 3), normal(4, 1)],
        np.add,
        grad=(0, 1),
        id="broadcast",
        dtypes=NUMBERS + " uint8 int8 int16",
    ),
    Sample("AddV2", [normal(2, 3), normal()], np.add, grad=(0, 1), id="scalar"),
    Sample("AddV2", [normal(0, 3), normal(3)], np.add, grad=(0, 1), id="empty"),
    Sample("Sub", [normal(2, 3), normal(3)], np.subtract, dtypes=MORE, grad=(0, 1), second=True),
    Sample("Sub", [normal(2, 3), normal(2, 3)], np.subtract, grad=(0, 1), id="same"),
    Sample("Mul", [normal(2, 3), normal(2, 1)], np.multiply, dtypes=MORE, grad=(0, 1), second=True),
    Sample("Mul", [normal(2, 3), normal(2, 3)], np.multiply, grad=(0, 1), id="same"),
    Sample("Div", [positive(2, 3), positive(3)], c_divide, dtypes=MORE, grad=(0, 1), second=True),
    Sample(
        "RealDiv",
        [normal(2, 3), positive(3)],
        np.divide,
        grad=(0, 1),
        second=True,
        dtypes=FLOATS + " complex64 complex128",
    ),
    Sample(
        "TruncateDiv", [normal(2, 3), positive(3)], c_divide, dtypes="int32 int64 uint8 int8 int16"
    ),
    Sample(
        "FloorDiv",
        [normal(2, 3), positive(3)],
        lambda x, y: np.floor(x / y).astype(x.dtype),
        dtypes="float32 float64 int32 int64 uint8 int8 uint16 int16",
    ),
    Sample("Mod", [normal(2, 3), positive(3)], np.fmod, dtypes="int32 int64 float32 float64"),
    Sample(
        "TruncateMod", [normal(2, 3), positive(3)], np.fmod, dtypes="int32 int64 float32 float64"
    ),
    Sample(
        "FloorMod",
        [normal(2, 3), positive(3)],
        np.mod,
        dtypes="int32 int64 float32 float64",
        grad=(0, 1),
    ),
    Sample(
        "FloorMod",
        [normal(2, 3), fixed(np.array([-2.0, -3.0, 2.0]))],
        np.mod,
        id="negative",
        dtypes="int32 int64 float32 float64",
    ),
    Sample(
        "Pow",
        [positive(2, 3), positive(3)],
        np.power,
        grad=(0, 1),
        second=True,
        dtypes=FLOATS + " int32 int64 complex64 complex128",
    ),
    Sample(
        "Maximum",
        [apart(2, 3), apart(3, gap=0.29)],
        np.maximum,
        grad=(0, 1),
        dtypes=FLOATS + " int32 int64",
    ),
    Sample(
        "Minimum",
        [apart(2, 3), apart(3, gap=0.29)],
        np.minimum,
        grad=(0, 1),
        dtypes=FLOATS + " int32 int64",
    ),
    Sample(
        "SquaredDifference",
        [normal(2, 3), normal(3)],
        lambda x, y: (x - y) * np.conj(x - y),
        dtypes=NUMBERS,
        grad=(0, 1),
        second=True,
    ),
    Sample(
        "AddN",
        [[normal(2, 3), normal(2, 3), normal(2, 3)]],
        lambda xs: xs[0] + xs[1] + xs[2],
        dtypes=MORE,
        grad=(0, 1, 2),
    ),
    Sample(
        "AccumulateNV2",
        [[normal(2, 3), normal(2, 3)]],
        lambda xs: xs[0] + xs[1],
        attrs={"shape": (2, 3)},
        grad=(0, 1),
    ),
]
test_samples = sample_tests(SAMPLES)


@pytest.mark.parametrize("function", [tf.floordiv, tf.truncatediv, tf.mod, tf.truncatemod])
def test_integers_are_not_divided_by_zero(function):
    with tf.Graph().as_default(), tf.Session() as sess:
        result = function(tf.constant([1, 2]), tf.constant([1, 0]))
        with pytest.raises(tf.errors.InvalidArgumentError, match="Integer division by zero"):
            sess.run(result)


@pytest.mark.parametrize("function", [tf.floordiv, tf.truncatediv, tf.mod, tf.truncatemod])
def test_empty_integers_are_divided_by_anything(function):
    with tf.Graph().as_default(), tf.Session() as sess:
        empty = tf.constant([], tf.int32)
        assert sess.run(function(empty, tf.constant(0))).shape == (0,)
        assert sess.run(function(tf.zeros([3, 1], tf.int32), empty)).shape == (3, 0)


def test_integers_have_no_negative_powers():
    with tf.Graph().as_default(), tf.Session() as sess:
        with pytest.raises(tf.errors.InvalidArgumentError, match="negative integer powers"):
            sess.run(tf.pow([2], [-1]))


@pytest.mark.parametrize(("function", "expected"), [
    (tf.floordiv, [10.0, np.inf, -np.inf]), (tf.maximum, [1.0, 1.0, 0.0]),
])
def test_floats_divide_by_zero(function, expected):
    with tf.Graph().as_default(), tf.Session() as sess:
        actual = sess.run(function(tf.constant([1.0, 1.0, -1.0]), tf.constant([0.1, 0.0, 0.0])))
        np.testing.assert_array_equal(actual, expected)


def test_extremes_pass_nan_on_and_integers_wrap_around():
    with tf.Graph().as_default(), tf.Session() as sess:
        nan = sess.run([tf.maximum([np.nan, 1.0], [1.0, np.nan]), tf.minimum([np.nan], [1.0])])
        assert all(np.isnan(value).all() for value in nan)
        assert sess.run(tf.constant(2**31 - 1) + 1) == -(2**31)


def test_shapes_that_do_not_fit():
    with tf.Graph().as_default(), tf.Session() as sess:
        with pytest.raises(ValueError, match="Dimensions must be equal, but are 2 and 3"):
            tf.add([1, 2], [1, 2, 3])
        x = tf.placeholder(tf.float32)
        with pytest.raises(tf.errors.InvalidArgumentError, match=r"\[2\],? .*\[3\]"):
            sess.run(x + tf.constant([1.0, 2.0, 3.0]), {x: [1.0, 2.0]})


def test_division_wrappers():
    with tf.Graph().as_default(), tf.Session() as sess:
        seven, two = tf.constant(7), tf.constant(2)
        assert tf.truediv(seven, two).dtype == tf.float64
        assert tf.truediv(tf.constant(7, tf.uint8), tf.constant(2, tf.uint8)).dtype == tf.float32
        assert sess.run(
            [tf.div(seven, two), tf.divide(seven, two), tf.divide(seven, two, "q")]
        ) == [3, 3.5, 3.5]
        with pytest.raises(TypeError, match="x and y must have the same dtype"):
            tf.truediv(1, 2.0)


def test_sums_of_lists():
    with tf.Graph().as_default(), tf.Session() as sess:
        x = tf.constant([1.0, 2.0])
        assert tf.add_n([x]) is x
        assert tf.accumulate_n([x], name="a").op.type == "Identity"
        np.testing.assert_array_equal(sess.run(tf.accumulate_n([x, x, x])), [3, 6])
        for wrong in ([], x, None):
            with pytest.raises(ValueError, match="inputs must be a list of at least one"):
                tf.add_n(wrong)
        with pytest.raises(ValueError, match="Only scalar multiply works"):
            tf.scalar_mul([1.0, 2.0], x)
        sliced = tf.scalar_mul(2.0, tf.IndexedSlices(x, tf.constant([0, 3]), tf.constant([4])))
        np.testing.assert_array_equal(sess.run(tf.add_n([sliced, tf.ones([4])])), [3, 1, 1, 5])
