"""Sample rows of `graphflow/ops/cast.py`, and numbers that the target type cannot hold."""

import numpy as np
import pytest

import graphflow as tf
from tests.ops.harness import Sample, fixed, normal, positive, sample_tests

EVERY = ("float16 float32 float64 int8 int16 int32 int64 uint8 uint16 uint32 uint64 complex64 "
         "complex128")


def to(dtype):
    """A row casting every dtype to one."""
    def oracle(x):
        x = x.real if x.dtype.kind == "c" and not dtype.startswith("complex") else x
        return x.astype(dtype)

    return Sample(
        "Cast", [positive(2, 3)], oracle, attrs={"DstT": dtype}, dtypes=EVERY + " bool", id=dtype
    )


def there_and_back(x):
    """A cast that gradients pass through."""
    return tf.cast(tf.cast(x, tf.float64) * 2.0, tf.float32)


test_samples = sample_tests(
    [
        *(to(dtype) for dtype in EVERY.split()),
        Sample(
            "Cast",
            [normal(2, 3)],
            lambda x: x.astype(np.float64),
            attrs={"DstT": "float64"},
            grad=(0,),
            dtypes="float32",
            id="gradient",
        ),
        Sample(
            "Cast",
            [fixed(np.array([0.0, np.nan, 0.5, -0.0]))],
            lambda x: x.astype(bool),
            attrs={"DstT": "bool"},
            dtypes="float16 float32 float64",
            id="bool",
        ),
        Sample(
            "Bitcast",
            [normal(2, 3)],
            lambda x: x.view(np.uint8).reshape(2, 3, -1),
            attrs={"type": "uint8"},
            dtypes="float32 int32 int64 complex64",
        ),
        Sample(
            "Bitcast",
            [fixed(np.arange(8, dtype=np.uint8).reshape(2, 4))],
            lambda x: x.view(np.int32).reshape(2),
            attrs={"type": "int32"},
            dtypes="uint8",
            id="wider",
        ),
    ]
)

# What TensorFlow 2.21 answers on x86-64.
INT32_MIN, INT64_MIN = -(2**31), -(2**63)
OUT_OF_RANGE = [
    (tf.int32, [1e10, -1e10, np.nan, -1.9, 1.9, np.inf],
     [INT32_MIN, INT32_MIN, INT32_MIN, -1, 1, INT32_MIN]),
    (tf.int64, [1e20, -1e20, np.nan], [INT64_MIN, INT64_MIN, INT64_MIN]),
    (tf.uint8, [300.0, -1.0, np.nan, 1e10, -300.0, 65536.5], [44, 255, 0, 0, 212, 0]),
    (tf.int8, [200.0, -200.0, np.nan, 1e10], [-56, 56, 0, 0]),
    (tf.int16, [70000.0, -70000.0, np.nan, 1e10], [4464, -4464, 0, 0]),
    (tf.uint16, [70000.0, -1.0, np.nan, 1e10], [4464, 65535, 0, 0]),
    (tf.uint32, [-1.0, 5e9, np.nan, 1e20], [4294967295, 705032704, 0, 0]),
    (tf.uint64, [-1.0, 1e19, np.nan, 1e20, 2e19],
     [2**64 - 1, 9999999980506447872, 2**63, 2**63, 2**63]),
]


@pytest.mark.parametrize(("dtype", "values", "expected"), OUT_OF_RANGE)
def test_floats_that_do_not_fit(dtype, values, expected):
    with tf.Graph().as_default(), tf.Session() as sess:
        actual = sess.run(tf.cast(tf.constant(values, tf.float32), dtype))
    assert actual.tolist() == expected


@pytest.mark.parametrize("source", [tf.float32, tf.float64])
@pytest.mark.parametrize(("dtype", "values", "expected"), OUT_OF_RANGE)
def test_floats_that_do_not_fit_where_the_kernel_is_compiled(source, dtype, values, expected):
    with tf.Graph().as_default(), tf.Session() as sess:
        tf.set_random_seed(1)
        x = tf.placeholder(source, [None])
        made = tf.cast(x, dtype)
        if source is tf.float32 or dtype is not tf.uint64:
            assert sess.run(made, {x: values}).tolist() == expected
        edges = [2.0**31 - 1, -2.0**31 - 0.5, -2.0**31 - 1, 2.0**31, 2.0**63, -2.0**63, 0.5, -0.999, -0.0]
        expected = sess.run(tf.cast(tf.constant(edges, source), dtype))     # computed ahead, by the reference kernel
        np.testing.assert_array_equal(sess.run(made, {x: edges}), expected)
        compiled = dtype in (tf.int8, tf.int16, tf.int32, tf.int64, tf.uint8, tf.uint16)
        assert ("elementwise.program" in str(sess.explain(made, {x: edges}))) == compiled


def test_complex_numbers_lose_their_imaginary_part():
    with tf.Graph().as_default(), tf.Session() as sess:
        z = tf.constant([2.7 + 1j, 1j], tf.complex64)
        assert sess.run(tf.cast(z, tf.int32)).tolist() == [2, 0]
        assert sess.run(tf.cast(z, tf.bool)).tolist() == [True, False]


def test_truncation():
    from graphflow.framework import raw_ops

    with tf.Graph().as_default(), tf.Session() as sess:
        x = tf.constant([1.9999999999, -1.9999999999], tf.float64)
        cut, rounded = sess.run(
            [raw_ops.Cast(x, DstT=tf.float32, Truncate=True), tf.cast(x, tf.float32)]
        )
        np.testing.assert_array_equal(rounded, [2, -2])
        np.testing.assert_array_equal(cut, np.nextafter(np.float32([2, -2]), np.float32(0)))


def test_wrappers():
    with tf.Graph().as_default(), tf.Session() as sess:
        x = tf.constant([1.5, 300.0, -5.0])
        assert tf.cast(x, "float32") is x
        assert tf.to_int32(x).op.name == "ToInt32"
        np.testing.assert_array_equal(sess.run(tf.saturate_cast(x, tf.uint8)), [1, 255, 0])
        sliced = tf.cast(tf.IndexedSlices(x, tf.constant([0, 1, 2])), tf.float64)
        assert isinstance(sliced, tf.IndexedSlices) and sliced.dtype == tf.float64
        with pytest.raises(
            tf.errors.UnimplementedError, match="Cast string to int32 is not supported"
        ):
            sess.run(tf.cast(tf.constant(["1"]), tf.int32))
        with pytest.raises(ValueError, match="Cannot bitcast"):
            tf.bitcast(tf.constant([1, 2, 3], tf.uint8), tf.int32)
