"""Pooling: sample rows against plain loops, and the functions of tf.nn."""

import numpy as np
import pytest

import graphflow as tf
from graphflow.framework import windows
from tests.ops.harness import Sample, apart, fixed, normal, sample_tests

FLOATS = "float32 float64 float16 bfloat16"


def _pool(x, window, stride, padding, reduce):
    """NHWC images, one output position at a time; windows are cut at the borders."""
    dims = [(size, window, stride, padding) for size in x.shape[1:3]]
    (rows, columns), pads = [windows.output_size(*d) for d in dims], [windows.margins(*d)[0] for d in dims]
    y = np.zeros((x.shape[0], rows, columns, x.shape[3]), x.dtype)
    for i in range(rows):
        for j in range(columns):
            top, left = i * stride - pads[0], j * stride - pads[1]
            y[:, i, j] = reduce(x[:, max(top, 0):top + window, max(left, 0):left + window], axis=(1, 2))
    return y


def _attrs(window, stride, padding):
    return {"ksize": [1, window, window, 1], "strides": [1, stride, stride, 1], "padding": padding}


def _rows(window, stride, padding):
    shape, attrs, key = (2, 5, 6, 2), _attrs(window, stride, padding), padding.encode()
    name = f"{window}-{stride}-{padding}"
    return [
        Sample("MaxPool", [apart(*shape)], lambda x: _pool(x, window, stride, key, np.max), attrs=attrs,
               dtypes=FLOATS + " int32", grad=(0,), second=True, id=name),
        Sample("AvgPool", [normal(*shape)], lambda x: _pool(x, window, stride, key, np.mean), attrs=attrs,
               dtypes=FLOATS, grad=(0,), second=True, id=name),
    ]


def _spread(shape, grad, window, stride, padding):
    """Gradient of mean pooling: the derivative along each input."""
    x, result = np.zeros(shape, grad.dtype), np.zeros(shape, grad.dtype)
    for index in np.ndindex(*shape):
        x[index] = 1
        result[index] = (_pool(x, window, stride, padding, np.mean) * grad).sum()
        x[index] = 0
    return result


IMAGE = np.array([[1.0, 5.0, 2.0, 2.0], [3.0, 5.0, 2.0, 0.0]]).reshape(1, 2, 4, 1)
OUT = np.array([5.0, 2.0]).reshape(1, 1, 2, 1)
GRAD = np.array([10.0, 20.0]).reshape(1, 1, 2, 1)
INTO = np.array([[0.0, 10.0, 20.0, 0.0], [0.0, 0.0, 0.0, 0.0]]).reshape(1, 2, 4, 1)
HALVES = _attrs(2, 2, "VALID")
CUBE = {"ksize": [1, 2, 2, 2, 1], "strides": [1, 2, 2, 2, 1], "padding": "VALID"}


def _cubes(x):
    return x.reshape(1, 2, 2, 1, 2, 2, 2, 2).transpose(0, 1, 3, 5, 7, 2, 4, 6).reshape(1, 2, 1, 2, 2, 8)


def _widened(y):
    """Each entry of `y` for all 2 x 2 x 2 entries of its window."""
    return y.repeat(2, 1).repeat(2, 2).repeat(2, 3)


def _at_largest(x, values):
    """What `values` have where `x` has the largest entry of each window."""
    return np.take_along_axis(_cubes(values), _cubes(x).argmax(-1)[..., None], -1)[..., 0]


BLOCK = apart(1, 4, 2, 4, 2).make("float64", seed=0)
BLOCK_MAX = _cubes(BLOCK).max(-1)
CUBE_ATTRS = {"dtypes": "float32 float16 bfloat16", "attrs": CUBE, "id": "3d"}
ARGMAX = np.array([1, 2]).reshape(1, 1, 2, 1)

SAMPLES = [
    *_rows(2, 2, "SAME"), *_rows(3, 2, "SAME"), *_rows(3, 1, "VALID"),
    Sample("MaxPoolGrad", [fixed(IMAGE), fixed(OUT), fixed(GRAD)], lambda x, y, g: INTO, attrs=HALVES, dtypes=FLOATS,
           grad=(2,), id="first of equals"),
    Sample("MaxPoolGradGrad", [fixed(IMAGE), fixed(OUT), fixed(IMAGE * 2)], lambda x, y, g: np.array(OUT * 2),
           attrs=HALVES, dtypes=FLOATS, grad=(2,), id="first of equals"),
    Sample("AvgPoolGrad", [fixed([1, 3, 4, 2]), normal(1, 2, 2, 2)],
           lambda s, g: _spread((1, 3, 4, 2), g, 2, 2, b"SAME"), attrs=_attrs(2, 2, "SAME"), grad=(1,), id="same"),
    Sample("MaxPool3D", [apart(1, 4, 2, 4, 2)], lambda x: _cubes(x).max(-1), attrs=CUBE, dtypes="float32", id="3d"),
    Sample("AvgPool3D", [normal(1, 4, 2, 4, 2)], lambda x: _cubes(x).mean(-1), attrs=CUBE, grad=(0,), second=True,
           id="3d"),
    Sample("MaxPoolWithArgmax", [fixed(IMAGE)], lambda x: (OUT, ARGMAX), attrs=HALVES, id="argmax"),
    Sample("MaxPoolGradWithArgmax", [fixed(IMAGE), fixed(GRAD), fixed(ARGMAX)], lambda x, g, i: INTO, attrs=HALVES,
           grad=(1,), id="argmax"),
    Sample("MaxPoolGradGradWithArgmax", [fixed(IMAGE), normal(1, 2, 4, 1), fixed(ARGMAX)],
           lambda x, g, i: g[:, :1, 1:3], attrs=HALVES, grad=(1,), id="argmax"),
    Sample("MaxPool3DGrad", [fixed(BLOCK), fixed(BLOCK_MAX), normal(*BLOCK_MAX.shape)],
           lambda x, y, g: np.where(x == _widened(y), _widened(g), 0), **CUBE_ATTRS),
    Sample("MaxPool3DGradGrad", [fixed(BLOCK), fixed(BLOCK_MAX), normal(*BLOCK.shape)],
           lambda x, y, g: _at_largest(x, g), **CUBE_ATTRS),
    Sample("AvgPool3DGrad", [fixed(list(BLOCK.shape)), normal(*BLOCK_MAX.shape)], lambda s, g: _widened(g) / 8,
           attrs=CUBE, dtypes=FLOATS, grad=(1,), second=True, id="3d"),
]
test_samples = sample_tests(SAMPLES)


def _run(tensor):
    with tf.Session() as sess:
        return sess.run(tensor)


def test_both_formats_agree():
    x = tf.constant(np.random.RandomState(0).randn(2, 5, 6, 3))
    first = tf.transpose(x, [0, 3, 1, 2])
    for function in (tf.nn.max_pool, tf.nn.avg_pool):
        last = _run(function(x, 3, 2, "SAME"))
        np.testing.assert_array_equal(_run(function(first, 3, 2, "SAME", data_format="NCHW")),
                                      last.transpose(0, 3, 1, 2))


def test_other_ranks():
    x = tf.constant(np.arange(8.0).reshape(1, 8, 1))
    np.testing.assert_array_equal(_run(tf.nn.max_pool1d(x, 2, 2, "VALID")).ravel(), [1, 3, 5, 7])
    np.testing.assert_array_equal(_run(tf.nn.avg_pool_v2(x, 2, 2, "VALID")).ravel(), [0.5, 2.5, 4.5, 6.5])
    np.testing.assert_array_equal(_run(tf.nn.pool(x, [2], "MAX", "VALID", dilation_rate=[2])).ravel(),
                                  [2, 3, 4, 5, 6, 7])


def test_gradient_through_argmax():
    x = tf.constant(IMAGE)
    y = tf.nn.max_pool_with_argmax(x, [1, 2, 2, 1], [1, 2, 2, 1], "VALID")
    np.testing.assert_array_equal(_run(tf.gradients(y.output, x, tf.constant(GRAD))[0]), INTO)


@pytest.mark.parametrize("static", [False, True])
def test_batches_without_images(static):
    none = np.zeros((0, 4, 6, 2), np.float32)
    x = tf.constant(none) if static else tf.placeholder(tf.float32)
    for function in (tf.nn.max_pool, tf.nn.avg_pool, tf.nn.max_pool_with_argmax):
        made = function(x, [1, 2, 3, 1], [1, 2, 3, 1], "VALID")
        made = made[0] if function is tf.nn.max_pool_with_argmax else made
        with tf.Session() as sess:
            results = sess.run([made, *tf.gradients(made, x)], {} if static else {x: none})
        assert [result.shape for result in results] == [(0, 2, 2, 2), none.shape]


def test_errors():
    x = tf.zeros([1, 4, 4, 1])
    with pytest.raises(ValueError, match="ksize cannot be zero"):
        tf.nn.max_pool(x, [1, 0, 2, 1], 1, "SAME")
    with pytest.raises(ValueError, match="Negative dimension size caused by subtracting 5 from 4"):
        tf.nn.max_pool(x, 5, 1, "VALID")
    with pytest.raises(ValueError, match="strides > window_shape not supported"):
        tf.nn.pool(x, [1, 1], "MAX", "SAME", strides=[2, 2])
