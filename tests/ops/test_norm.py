"""Fused batch normalisation, local response normalisation, L2 loss."""

import numpy as np
import pytest

import graphflow as tf
from tests.ops.harness import Sample, fixed, normal, positive, sample_tests

EPSILON = 0.001


def _lrn(x, radius=2, bias=1.0, alpha=0.3, beta=0.75):
    sums = np.stack([(x[..., max(0, c - radius):c + radius + 1] ** 2).sum(-1) for c in range(x.shape[-1])], -1)
    return x / (bias + alpha * sums) ** beta


def _training(x, scale, offset, mean, variance):
    axes = tuple(range(x.ndim - 1))
    own, spread = x.mean(axes), x.var(axes)
    y = (x - own) / np.sqrt(spread + EPSILON) * scale + offset
    rows = x.size // x.shape[-1]
    return y, own, spread * rows / (rows - 1), own, spread


def _inference(x, scale, offset, mean, variance):
    return (x - mean) / np.sqrt(variance + EPSILON) * scale + offset, mean, variance, mean, variance


def _vectors():
    return [normal(3), normal(3), normal(3), positive(3)]


def _slopes(function, x, weights, step=1e-5):
    """Gradient of `sum(weights * function(x))` along each entry of `x`, by central differences."""
    x, result = np.array(x, "float64"), np.zeros(np.shape(x))
    for index in np.ndindex(*x.shape):
        value = x[index]
        x[index] = value + step
        above = (weights * function(x)).sum()
        x[index] = value - step
        result[index] = (above - (weights * function(x)).sum()) / (2 * step)
        x[index] = value
    return result


def _batch_norm_grad(forward, unused):
    """Oracle of FusedBatchNormGrad; the last two gradients are of inputs that gradients don't reach."""

    def oracle(dy, x, scale, mean, variance, *third):
        def y(x=x, scale=scale, offset=np.zeros(3)):
            return forward(x, scale, offset, mean, variance)[0]

        return (_slopes(lambda v: y(x=v), x, dy), _slopes(lambda v: y(scale=v), scale, dy),
                _slopes(lambda v: y(offset=v), np.zeros(3), dy), np.zeros(unused), np.zeros(unused))

    return oracle


def _batch_norm_grad_row(version, shape, dtypes="float32", training=True):
    x = np.random.RandomState(0).randint(-16, 16, shape) / 8  # exact in half precision
    axes = tuple(range(x.ndim - 1))
    vectors = [np.float32(v) for v in ([1, -2, 0.5], x.mean(axes), x.var(axes))]
    third = [fixed(np.float32(0)).keep] if version == "V3" else []
    attrs = {"epsilon": EPSILON, "is_training": training, **({"data_format": "NDHWC"} if x.ndim == 5 else {})}
    return Sample("FusedBatchNormGrad" + version, [normal(*shape), fixed(x), *[fixed(v).keep for v in vectors], *third],
                  _batch_norm_grad(_training if training else _inference, 0 if training else 3), attrs=attrs,
                  dtypes=dtypes, tol=2e-4, id="training" if training else "inference")


IMAGE = np.random.RandomState(1).randn(1, 2, 2, 6)
LRN = {"depth_radius": 2, "bias": 1.0, "alpha": 0.3, "beta": 0.75}
SAMPLES = [
    Sample("FusedBatchNorm", [normal(2, 2, 3, 3), *_vectors()], _training, attrs={"epsilon": EPSILON},
           dtypes="float32", tol=1e-4, id="training"),
    Sample("FusedBatchNorm", [normal(2, 2, 3, 3), *_vectors()], _inference,
           attrs={"epsilon": EPSILON, "is_training": False}, dtypes="float32", tol=1e-4, id="inference"),
    Sample("FusedBatchNormV2", [normal(2, 2, 3, 3), *[v.keep for v in map(fixed, np.float32(np.eye(4, 3) + 1))]],
           lambda x, *rest: _training(x, *rest), attrs={"epsilon": EPSILON}, dtypes="float32 float16", tol=1e-4,
           id="half"),
    Sample("FusedBatchNormV3", [normal(2, 2, 1, 3, 3), *[v.keep for v in map(fixed, np.float32(np.eye(4, 3) + 1))]],
           lambda x, *rest: (*_training(x, *rest), np.zeros(())), attrs={"epsilon": EPSILON, "data_format": "NDHWC"},
           dtypes="float32 float16", tol=1e-4, exact_shape=False, id="volumes"),
    _batch_norm_grad_row("", (2, 2, 2, 3)),
    _batch_norm_grad_row("", (2, 2, 2, 3), training=False),
    _batch_norm_grad_row("V2", (2, 2, 2, 3), "float32 float16 bfloat16"),
    _batch_norm_grad_row("V3", (2, 2, 1, 2, 3), "float32 float16"),
    Sample("LRNGrad", [normal(*IMAGE.shape), fixed(IMAGE), fixed(_lrn(IMAGE))], lambda g, x, y: _slopes(_lrn, x, g),
           attrs=LRN, dtypes="float32 float16 bfloat16", tol=1e-4, id="lrn"),
    Sample("LRN", [normal(1, 2, 2, 6)], _lrn, attrs=LRN, dtypes="float32 float16 bfloat16", tol=1e-5, id="lrn"),
    Sample("L2Loss", [normal(3, 4)], lambda x: np.asarray((x ** 2).sum() / 2),
           dtypes="float32 float64 float16 bfloat16", grad=(0,), second=True, tol=1e-5, id="l2"),
]
test_samples = sample_tests(SAMPLES)


def _run(tensors):
    with tf.Session() as sess:
        return sess.run(tensors)


def _plain(x, scale, offset, axes, training, mean, variance):
    """Batch normalisation of plain ops, whose gradients are tested elsewhere."""
    if training:
        mean, variance = tf.nn.moments(x, axes, keepdims=True)
    return tf.nn.batch_normalization(x, mean, variance, offset, scale, EPSILON)


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("data_format", ["NHWC", "NCHW"])
def test_gradients_of_both_orders_are_those_of_plain_ops(training, data_format):
    rng = np.random.RandomState(0)
    shape, axes, vector = (((2, 3, 2, 3), [0, 1, 2], [3]) if data_format == "NHWC"
                           else ((2, 3, 2, 3), [0, 2, 3], [3, 1, 1]))
    x, weights = (tf.constant(rng.randn(*shape).astype("f")) for _ in range(2))
    scale, offset, mean = (tf.constant(rng.randn(3).astype("f")) for _ in range(3))
    variance = tf.constant(rng.rand(3).astype("f") + 1)
    wide = [tf.reshape(t, vector) for t in (scale, offset, mean, variance)]
    plain = _plain(x, *wide[:2], axes, training, *wide[2:])
    fused = tf.nn.fused_batch_norm(x, scale, offset, *((None, None) if training else (mean, variance)),
                                   epsilon=EPSILON, data_format=data_format, is_training=training)[0]
    results = []
    for y in (plain, fused):
        first = tf.gradients(tf.reduce_sum(y * y * weights), [x, scale, offset])
        second = tf.gradients([tf.reduce_sum(g * g) for g in first], [x, scale])
        results.append(_run([y, *first, *second]))
    for expected, found in zip(*results):
        np.testing.assert_allclose(found, expected, rtol=2e-3, atol=2e-3)


def test_gradient_of_lrn():
    x = np.random.RandomState(0).randn(1, 1, 1, 5).astype("f")
    tensor = tf.constant(x)
    gradient = _run(tf.gradients(tf.nn.lrn(tensor, **LRN), tensor)[0])
    step = 1e-5
    for c in range(5):
        move = np.zeros((1, 1, 1, 5))
        move[..., c] = step
        numeric = (_lrn(x.astype("d") + move).sum() - _lrn(x.astype("d") - move).sum()) / (2 * step)
        np.testing.assert_allclose(gradient[0, 0, 0, c], numeric, rtol=1e-3, atol=1e-4)


def test_statistics_are_for_inference():
    with pytest.raises(ValueError, match="must be None if is_training"):
        tf.nn.fused_batch_norm(tf.zeros([1, 1, 1, 2]), [1.0, 1.0], [0.0, 0.0], mean=[0.0, 0.0])


def _global(x, m, v, beta, gamma):
    return (x - m) / np.sqrt(v + EPSILON) * gamma + beta


def _global_grad(x, m, v, gamma, dy):
    zeros = np.zeros(3)
    return (_slopes(lambda a: _global(a, m, v, zeros, gamma), x, dy),
            _slopes(lambda a: _global(x, a, v, zeros, gamma), m, dy),
            _slopes(lambda a: _global(x, m, a, zeros, gamma), v, dy),
            _slopes(lambda a: _global(x, m, v, a, gamma), zeros, dy),
            _slopes(lambda a: _global(x, m, v, zeros, a), gamma, dy))


GLOBAL = {"variance_epsilon": EPSILON, "scale_after_normalization": True}
test_global_samples = sample_tests([
    Sample("BatchNormWithGlobalNormalization", [normal(2, 2, 1, 3), normal(3), positive(3), normal(3), normal(3)],
           _global,
           attrs=GLOBAL, grad=(0, 1, 2, 3, 4), tol=1e-4),
    Sample("BatchNormWithGlobalNormalization", [normal(2, 2, 1, 3), normal(3), positive(3), normal(3), normal(3)],
           lambda x, m, v, b, g: _global(x, m, v, b, 1), attrs={**GLOBAL, "scale_after_normalization": False},
           grad=(0, 1, 2, 3, 4), tol=1e-4, id="not scaled"),
    Sample("BatchNormWithGlobalNormalizationGrad",
           [normal(2, 2, 1, 3), normal(3), positive(3), normal(3), normal(2, 2, 1, 3)], _global_grad, attrs=GLOBAL,
           dtypes="float64", tol64=1e-5),
])
