"""Dilation and erosion, against loops over every window; TensorFlow 2.21 gave the same numbers."""

import itertools

import numpy as np
import pytest

import graphflow as tf
from graphflow.framework import raw_ops
from tests.ops.harness import Sample, normal, sample_tests


def _winners(image, kernel, stride, rate, same):
    """For each place of the output: (largest sum, its pixel, its entry of the filter)."""
    reach = [(k - 1) * rate + 1 for k in kernel.shape[:2]]
    sizes = [-(-s // stride) if same else (s - r) // stride + 1 for s, r in zip(image.shape[1:3], reach)]
    before = [max((n - 1) * stride + r - s, 0) // 2 if same else 0
              for n, r, s in zip(sizes, reach, image.shape[1:3])]
    for place in itertools.product(range(len(image)), *map(range, sizes), range(image.shape[3])):
        b, y, x, c = place
        best = None
        for i, j in itertools.product(*map(range, kernel.shape[:2])):
            row, column = y * stride - before[0] + i * rate, x * stride - before[1] + j * rate
            if 0 <= row < image.shape[1] and 0 <= column < image.shape[2]:
                found = image[b, row, column, c] + kernel[i, j, c], (b, row, column, c), (i, j, c)
                best = found if best is None or found[0] > best[0] else best
        yield place, best


def _oracle(what, stride=1, rate=1, same=False):
    def run(image, kernel, grad=None):
        found = dict(_winners(image, kernel, stride, rate, same))
        if what == "output":
            shape = [1 + max(place[i] for place in found) for i in range(4)]
            return np.reshape([best[0] for best in found.values()], shape).astype(image.dtype)
        total = np.zeros_like(image if what == 1 else kernel)
        for place, best in found.items():
            total[best[what]] += grad[place]
        return total

    return run


def _attrs(stride=1, rate=1, same=False):
    return {"strides": [1, stride, stride, 1], "rates": [1, rate, rate, 1], "padding": "SAME" if same else "VALID"}


INPUTS = [normal(2, 5, 4, 2), normal(3, 2, 2)]
test_samples = sample_tests([
    Sample("Dilation2D", INPUTS, _oracle("output"), attrs=_attrs(), grad=(0, 1), dtypes="float32 float64 int32"),
    Sample("Dilation2D", INPUTS, _oracle("output", 2, 1, True), attrs=_attrs(2, 1, True), grad=(0, 1), id="same"),
    Sample("Dilation2D", INPUTS, _oracle("output", 1, 2, True), attrs=_attrs(1, 2, True), id="rates"),
    Sample("Dilation2DBackpropInput", [*INPUTS, normal(2, 3, 3, 2)], _oracle(1), attrs=_attrs()),
    Sample("Dilation2DBackpropFilter", [*INPUTS, normal(2, 3, 3, 2)], _oracle(2), attrs=_attrs(), tol=1e-4),
])


def test_erosion_undoes_signs():
    image, kernel = (np.random.RandomState(0).randn(*shape).astype("f") for shape in ((1, 4, 4, 1), (2, 2, 1)))
    eroded = tf.nn.erosion2d(image, kernel, **_attrs())
    wanted = -_oracle("output")(-image, kernel[::-1, ::-1])
    with tf.Session() as session:
        np.testing.assert_allclose(session.run(eroded), wanted, rtol=1e-6)


def test_errors():
    image, kernel = tf.zeros([1, 4, 4, 2]), tf.zeros([2, 2, 2])
    for strides, rates, message in (([2, 1, 1, 1], [1] * 4, "strides must be"), ([1] * 4, [1, 2], "minimum 4")):
        with pytest.raises(ValueError, match=message):
            tf.nn.dilation2d(image, kernel, strides, rates, "SAME")
    with pytest.raises(ValueError, match="Negative dimension"):
        tf.nn.dilation2d(image, tf.zeros([5, 2, 2]), [1] * 4, [1] * 4, "VALID")
    with tf.Session() as session, pytest.raises(tf.errors.InvalidArgumentError, match="out_backprop has shape"):
        session.run(raw_ops.Dilation2DBackpropInput(image, kernel, tf.zeros([1, 1, 1, 2]), **_attrs()))
