"""The convolution functions of tf.nn: names, shapes, formats, transposes, errors."""

import numpy as np
import pytest

import graphflow as tf


def _run(tensor):
    with tf.Session() as sess:
        return sess.run(tensor)


def _image(*shape):
    return tf.constant(np.random.RandomState(0).randn(*shape))


def test_conv2d_takes_short_strides_and_both_names_of_its_filter():
    x, w = _image(2, 8, 8, 3), _image(3, 3, 3, 4)
    long = tf.nn.conv2d(x, w, strides=[1, 2, 2, 1], padding="SAME")
    short = tf.nn.conv2d(x, filters=w, strides=2, padding="SAME")
    np.testing.assert_array_equal(_run(long), _run(short))
    with pytest.raises(ValueError, match="Cannot specify both"):
        tf.nn.conv2d(x, w, strides=1, padding="SAME", filters=w)
    with pytest.raises(ValueError, match="strides should be of length 1, 2 or 4 but was 3"):
        tf.nn.conv2d(x, w, strides=[1, 2, 1], padding="SAME")
    with pytest.raises(ValueError, match="must be of size 4"):
        tf.nn.conv2d(x, w, strides=1, padding=[[0, 0]])


def test_unknown_sizes():
    x = tf.placeholder(tf.float32, [None, 9, None, 3])
    y = tf.nn.conv2d(x, tf.zeros([3, 3, 3, 4]), 2, "VALID")
    assert y.shape.as_list() == [None, 4, None, 4]


def test_window_larger_than_image():
    with pytest.raises(ValueError, match="Negative dimension size caused by subtracting 3 from 2 for 'Conv2D"):
        tf.nn.conv2d(tf.zeros([1, 2, 2, 1]), tf.zeros([3, 3, 1, 1]), 1, "VALID")
    with pytest.raises(ValueError, match=r"Depth of input \(4\) is not a multiple"):
        tf.nn.conv2d(tf.zeros([1, 4, 4, 4]), tf.zeros([3, 3, 3, 1]), 1, "VALID")


def test_transpose_is_the_gradient():
    x, w = tf.zeros([1, 6, 6, 2], tf.float64), _image(3, 3, 2, 4)
    y = tf.nn.conv2d(x, w, 2, "SAME")
    dy = _image(1, 3, 3, 4)
    up = tf.nn.conv2d_transpose(dy, w, [1, 6, 6, 2], strides=2)
    assert up.op.name.startswith("conv2d_transpose")
    np.testing.assert_allclose(_run(up), _run(tf.gradients(y, x, dy)[0]), rtol=1e-12)


def test_atrous_convolution_equals_dilations():
    x, w = _image(1, 9, 9, 2), _image(3, 3, 2, 3)
    for padding in ("SAME", "VALID"):
        plain = tf.nn.conv2d(x, w, 1, padding, dilations=2)
        np.testing.assert_allclose(_run(tf.nn.atrous_conv2d(x, w, 2, padding)), _run(plain), rtol=1e-10, atol=1e-12)
        up = tf.nn.atrous_conv2d_transpose(plain, w, [1, 9, 9, 2], 2, padding)
        same = tf.nn.conv2d_backprop_input([1, 9, 9, 2], w, plain, [1, 1, 1, 1], padding, dilations=[1, 2, 2, 1])
        np.testing.assert_allclose(_run(up), _run(same), rtol=1e-10, atol=1e-12)


def test_one_dimension():
    x, w = _image(2, 7, 3), _image(3, 3, 4)
    y = tf.nn.conv1d(x, w, 2, "SAME")
    wide = tf.nn.conv2d(tf.expand_dims(x, 1), tf.expand_dims(w, 0), [1, 1, 2, 1], "SAME")
    np.testing.assert_array_equal(_run(y), _run(wide)[:, 0])
    assert tf.nn.conv1d_transpose(y, w, [2, 7, 3], 2).shape.as_list() == [2, 7, 3]
    assert tf.nn.convolution(x, w, "SAME").op.type == "Squeeze"


def test_separable_convolution_is_depthwise_then_pointwise():
    x, w, p = _image(1, 6, 6, 2), _image(3, 3, 2, 2), _image(1, 1, 4, 5)
    depthwise = tf.nn.depthwise_conv2d(x, w, [1, 1, 1, 1], "SAME", rate=[2, 2])
    expected = _run(depthwise) @ _run(p)[0, 0]
    y = tf.nn.separable_conv2d(x, w, p, [1, 1, 1, 1], "SAME", rate=[2, 2])
    assert y.op.name.startswith("separable_conv2d")
    np.testing.assert_allclose(_run(y), expected, rtol=1e-10)


def test_strides_and_dilations_exclude_each_other():
    x, w = _image(1, 9, 9, 2), _image(3, 3, 2, 3)
    with pytest.raises(ValueError, match="strides > 1 not supported in conjunction with dilation_rate > 1"):
        tf.nn.convolution(x, w, "SAME", strides=[2, 2], dilation_rate=[2, 2])


def test_dilated_convolutions_know_their_channels_where_sizes_are_unknown():
    with tf.Graph().as_default():
        filters = tf.zeros([3, 3, 10, 20])
        first = tf.placeholder(tf.float32, [1, 10, None, None])
        y = tf.nn.convolution(first, filters, "VALID", dilation_rate=[2, 2], data_format="NCHW")
        assert y.shape.as_list() == [1, 20, None, None]
        last = tf.placeholder(tf.float32, [1, None, None, 10])
        y = tf.nn.convolution(last, filters, "VALID", dilation_rate=[2, 2], data_format="NHWC")
        assert y.shape.as_list() == [1, None, None, 20]
