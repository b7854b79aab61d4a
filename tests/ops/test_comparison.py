"""Sample rows of `graphflow/ops/comparison.py`."""

import numpy as np
import pytest

import graphflow as tf
from tests.ops.harness import Sample, bools, fixed, normal, sample_tests

REAL = "float16 bfloat16 float32 float64 int8 int16 int32 int64 uint8 uint16 uint32 uint64"
WITH_EQUAL = fixed(np.array([[1.0, 2.0, 3.0], [3.0, 2.0, 1.0]]))
ROW = fixed(np.array([2.0, 2.0, 2.0]))
HALF_BITS = "float16 bfloat16 float32 float64"


def rows_of(condition, t, e):
    """Selection of whole rows."""
    return np.where(condition[:, None], t, e)


SAMPLES = [
    *(Sample(op, [WITH_EQUAL, ROW], oracle, dtypes=REAL) for op, oracle in (
        ("Less", np.less), ("LessEqual", np.less_equal), ("Greater", np.greater),
        ("GreaterEqual", np.greater_equal))),
    *(Sample(op, [WITH_EQUAL, ROW], oracle, dtypes=REAL + " complex64 complex128 string bool")
      for op, oracle in (("Equal", np.equal), ("NotEqual", np.not_equal))),
    Sample("ApproximateEqual", [normal(2, 3), normal(2, 3)], lambda x, y: np.abs(x - y) < 0.5,
           attrs={"tolerance": 0.5}, dtypes="float32 float64 complex64"),
    Sample("IsNan", [normal(2, 3)], np.isnan, dtypes=HALF_BITS),
    Sample("IsInf", [normal(2, 3)], np.isinf, dtypes=HALF_BITS),
    Sample("IsFinite", [normal(2, 3)], np.isfinite, dtypes=HALF_BITS),
    Sample("LogicalAnd", [bools(2, 3), bools(3)], np.logical_and, dtypes="bool"),
    Sample("LogicalOr", [bools(2, 3), bools(3)], np.logical_or, dtypes="bool"),
    Sample("LogicalNot", [bools(2, 3)], np.logical_not, dtypes="bool"),
    Sample("Select", [bools(2, 3), normal(2, 3), normal(2, 3)], np.where, grad=(1, 2), second=True,
           dtypes=REAL + " complex64 bool string"),
    Sample("Select", [bools(2), normal(2, 3), normal(2, 3)], rows_of, grad=(1, 2), id="rows"),
    Sample("Select", [bools(), normal(2, 3), normal(2, 3)], np.where, grad=(1, 2), id="scalar"),
    Sample("SelectV2", [bools(2, 1), normal(3), normal(2, 3)], np.where, grad=(1, 2), second=True,
           dtypes=REAL + " complex64 bool string"),
]
test_samples = sample_tests(SAMPLES)


@pytest.mark.parametrize("dtype", [tf.float16, tf.bfloat16, tf.float32, tf.float64])
def test_infinite_and_nan(dtype):
    with tf.Graph().as_default(), tf.Session() as sess:
        x = tf.cast(tf.constant([1.0, np.inf, -np.inf, np.nan]), dtype)
        got = sess.run([tf.is_nan(x), tf.is_inf(x), tf.is_finite(x)])
    np.testing.assert_array_equal(got, [[0, 0, 0, 1], [0, 1, 1, 0], [1, 0, 0, 0]])


def test_equality_of_shapes_that_do_not_fit():
    from graphflow.framework import raw_ops

    with tf.Graph().as_default(), tf.Session() as sess:
        x, y = tf.constant([1, 2]), tf.constant([1, 2, 3])
        with pytest.raises(ValueError, match="Dimensions must be equal"):
            tf.equal(x, y)
        lenient = [raw_ops.Equal(x, y, incompatible_shape_error=False),
                   raw_ops.NotEqual(x, y, incompatible_shape_error=False)]
        assert sess.run(lenient) == [False, True]


def test_where():
    with tf.Graph().as_default(), tf.Session() as sess:
        places = tf.where([[True, False], [False, True]])
        assert places.dtype == tf.int64
        np.testing.assert_array_equal(sess.run(places), [[0, 0], [1, 1]])
        with pytest.raises(ValueError, match="x and y must both be non-None or both be None"):
            tf.where([True], x=[1])
        with pytest.raises(ValueError):
            tf.where([True, False, True], [1, 2], [3, 4])
        np.testing.assert_array_equal(sess.run(tf.where_v2([True, False], 1, [3, 4])), [1, 4])


def test_logical_xor():
    with tf.Graph().as_default(), tf.Session() as sess:
        result = tf.logical_xor([True, True, False], [True, False, False])
        assert result.op.name == "LogicalXor"
        np.testing.assert_array_equal(sess.run(result), [False, True, False])
