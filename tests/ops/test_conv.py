"""Convolution ops: sample rows against plain loops."""

import numpy as np
import pytest

import graphflow as tf
from graphflow.framework import windows
from tests.ops.harness import Sample, fixed, normal, sample_tests

FLOATS = "float32 float64 float16 bfloat16"


def conv(x, w, strides=(1, 1), padding=b"VALID", dilations=(1, 1), depthwise=False):
    """Convolution of NHWC images, one output position at a time."""
    sizes, kernel = x.shape[1:3], w.shape[:2]
    dims = list(zip(sizes, kernel, strides, (padding,) * 2, dilations))
    out = [windows.output_size(*dim) for dim in dims]
    x = np.pad(x, [(0, 0), *(windows.margins(*dim) for dim in dims), (0, 0)])
    y = np.zeros((x.shape[0], *out, w.shape[2] * w.shape[3] if depthwise else w.shape[3]), x.dtype)
    for i in range(out[0]):
        for j in range(out[1]):
            top, left = i * strides[0], j * strides[1]
            patch = x[:, top:top + (kernel[0] - 1) * dilations[0] + 1:dilations[0],
                      left:left + (kernel[1] - 1) * dilations[1] + 1:dilations[1]]
            rule = "nhwc,hwcm->ncm" if depthwise else "nhwc,hwco->no"
            y[:, i, j] = np.einsum(rule, patch, w).reshape(x.shape[0], -1)
    return y


def _row(name, strides=1, padding="SAME", dilations=1, nchw=False, depthwise=False, second=False):
    four = [1, 1, strides, strides] if nchw else [1, strides, strides, 1]
    rates = [1, 1, dilations, dilations] if nchw else [1, dilations, dilations, 1]
    attrs = {"strides": four, "padding": padding, "dilations": rates, "data_format": "NCHW" if nchw else "NHWC"}

    def oracle(x, w):
        x = np.moveaxis(x, 1, -1) if nchw else x
        y = conv(x, w, (strides,) * 2, padding.encode(), (dilations,) * 2, depthwise)
        return np.moveaxis(y, -1, 1) if nchw else y

    op = "DepthwiseConv2dNative" if depthwise else "Conv2D"
    return Sample(op, [normal(*((2, 2, 5, 6) if nchw else (2, 5, 6, 2))), normal(3, 2, 2, 3)], oracle, attrs=attrs,
                  dtypes=FLOATS if name == "same" else "float32 float64", grad=(0, 1), second=second, tol=2e-5,
                  id=name)


def _transposed(x_shape, w_shape, strides, to_filter, depthwise=False):
    """Gradient ops against the derivative of `conv`, which is linear: each basis vector's image."""
    padding = b"SAME"

    def oracle(first, second, dy):
        x_or_w = np.zeros(w_shape if to_filter else x_shape, dy.dtype)
        result = np.zeros_like(x_or_w)
        for index in np.ndindex(*x_or_w.shape):
            x_or_w[index] = 1
            pair = (first, x_or_w) if to_filter else (x_or_w, second)
            result[index] = (conv(*pair, (strides,) * 2, padding, depthwise=depthwise) * dy).sum()
            x_or_w[index] = 0
        return result

    channels = w_shape[2] * w_shape[3] if depthwise else w_shape[3]
    dy = normal(x_shape[0], *(-(-s // strides) for s in x_shape[1:3]), channels)
    op = ("DepthwiseConv2dNative" if depthwise else "Conv2D") + ("BackpropFilter" if to_filter else "BackpropInput")
    inputs = [normal(*x_shape), fixed(list(w_shape)), dy] if to_filter else [fixed(list(x_shape)), normal(*w_shape), dy]
    return Sample(op, inputs, oracle, attrs={"strides": [1, strides, strides, 1], "padding": "SAME"},
                  dtypes="float32 float64", grad=(0, 2) if to_filter else (1, 2), tol=2e-5, id="same")


def _conv3d(x, w):
    windows_of = np.lib.stride_tricks.sliding_window_view(x, w.shape[:3], axis=(1, 2, 3))
    return np.einsum("nabgcdef,defco->nabgo", windows_of, w)


def _transposed_3d(x_shape, w_shape, stride, to_filter):
    """As `_transposed`, for volumes and padding VALID."""
    step = slice(None, None, stride)

    def oracle(first, second, dy):
        x_or_w = np.zeros(w_shape if to_filter else x_shape, dy.dtype)
        result = np.zeros_like(x_or_w)
        for index in np.ndindex(*x_or_w.shape):
            x_or_w[index] = 1
            y = _conv3d(first, x_or_w) if to_filter else _conv3d(x_or_w, second)
            result[index] = (y[:, step, step, step] * dy).sum()
            x_or_w[index] = 0
        return result

    spatial = [(x - w) // stride + 1 for x, w in zip(x_shape[1:4], w_shape[:3])]
    dy = normal(x_shape[0], *spatial, w_shape[-1])
    inputs = [normal(*x_shape), fixed(list(w_shape)), dy] if to_filter else [fixed(list(x_shape)), normal(*w_shape), dy]
    return Sample("Conv3DBackpropFilterV2" if to_filter else "Conv3DBackpropInputV2", inputs, oracle,
                  attrs={"strides": [1, stride, stride, stride, 1], "padding": "VALID"}, dtypes="float32 float64",
                  grad=(0, 2) if to_filter else (1, 2), tol=2e-5, id=f"3d-{stride}")


SAMPLES = [
    _row("same", second=True),
    _row("valid", padding="VALID"),
    _row("strides", strides=2),
    _row("dilated", dilations=2, padding="VALID"),
    _row("nchw", strides=2, nchw=True),
    _row("depthwise", depthwise=True, second=True),
    _row("depthwise-strides", strides=2, padding="VALID", depthwise=True),
    Sample("Conv2D", [normal(1, 4, 4, 4), normal(2, 2, 2, 6)],
           lambda x, w: np.concatenate([conv(x[..., :2], w[..., :3]), conv(x[..., 2:], w[..., 3:])], -1),
           attrs={"strides": [1, 1, 1, 1], "padding": "VALID"}, grad=(0, 1), id="groups"),
    Sample("Conv2D", [normal(1, 4, 4, 2), normal(2, 2, 2, 3)],
           lambda x, w: conv(np.pad(x, [(0, 0), (1, 0), (2, 1), (0, 0)]), w),
           attrs={"strides": [1, 1, 1, 1], "padding": "EXPLICIT", "explicit_paddings": [0, 0, 1, 0, 2, 1, 0, 0]},
           grad=(0, 1), id="explicit"),
    _transposed((1, 3, 4, 2), (2, 3, 2, 2), 2, to_filter=False),
    _transposed((1, 3, 4, 2), (2, 3, 2, 2), 2, to_filter=True),
    _transposed((1, 3, 4, 2), (2, 2, 2, 2), 1, to_filter=False, depthwise=True),
    _transposed((1, 3, 4, 2), (2, 2, 2, 2), 1, to_filter=True, depthwise=True),
    Sample("Conv3D", [normal(1, 3, 4, 3, 2), normal(2, 2, 1, 2, 3)], _conv3d,
           attrs={"strides": [1] * 5, "padding": "VALID"}, grad=(0, 1), second=True, tol=2e-5, id="3d"),
    *(_transposed_3d((1, 3, 4, 3, 2), (2, 2, 1, 2, 2), stride, to_filter)
      for stride in (1, 2) for to_filter in (False, True)),
]
test_samples = sample_tests(SAMPLES)


@pytest.mark.parametrize(("depth", "filters", "message"), [
    (3, (2, 4), "input depth must be evenly divisible by filter depth: 3 vs 2"),
    (1, (3, 4), "input depth must be evenly divisible by filter depth: 1 vs 3"),
    (3, (1, 4), "output depth must be evenly divisible by number of groups: 4 vs 3"),
    (3, (0, 4), "filter must not have zero elements"),
])
def test_channels_that_do_not_fit(depth, filters, message):
    """Found when a run feeds them: nothing is known about the images before."""
    images, sizes = np.zeros((1, 4, 4, depth), np.float32), [2, 2, *filters]
    result = np.zeros((1, 4, 4, filters[1]), np.float32)
    with tf.Graph().as_default(), tf.Session() as sess:
        x, w = tf.placeholder(tf.float32), tf.placeholder(tf.float32)
        feeds = {x: images, w: np.zeros(sizes, np.float32)}
        for fetch in (tf.nn.conv2d(x, w, [1, 1, 1, 1], "SAME"),
                      tf.nn.conv2d_backprop_input(images.shape, w, result, [1, 1, 1, 1], "SAME"),
                      tf.nn.conv2d_backprop_filter(x, sizes, result, [1, 1, 1, 1], "SAME")):
            with pytest.raises(tf.errors.InvalidArgumentError, match=message):
                sess.run(fetch, feeds)


@pytest.mark.parametrize("function", [tf.nn.conv2d, tf.nn.depthwise_conv2d_native])
def test_batches_without_images(function):
    x, w = tf.placeholder(tf.float32), tf.placeholder(tf.float32)
    y = function(x, w, [1, 2, 2, 1], "VALID")
    with tf.Session() as sess:
        made, to_images, to_filters = sess.run([y, *tf.gradients(y, [x, w])], {
            x: np.zeros((0, 5, 6, 3), np.float32), w: np.ones((2, 3, 3, 2), np.float32)})
    assert made.shape == (0, 2, 2, 2 if function is tf.nn.conv2d else 6) and to_images.shape == (0, 5, 6, 3)
    np.testing.assert_array_equal(to_filters, np.zeros((2, 3, 3, 2)))


def test_depthwise_filters_are_for_every_channel():
    with tf.Graph().as_default(), tf.Session() as sess:
        x, w = tf.placeholder(tf.float32), tf.placeholder(tf.float32)
        y = tf.nn.depthwise_conv2d_native(x, w, [1, 1, 1, 1], "SAME")
        with pytest.raises(tf.errors.InvalidArgumentError, match="must have the same depth: 3 vs 2"):
            sess.run(y, {x: np.zeros((1, 4, 4, 3)), w: np.zeros((2, 2, 2, 1))})
