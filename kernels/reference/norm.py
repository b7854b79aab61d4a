"""Reference kernels of `graphflow/ops/norm.py`. Statistics of half types are computed in float32."""

import numpy as np

from ..registry import reference


def _layout(ctx):
    """(axes to reduce, shape that lets a vector of channels broadcast)."""
    data_format = ctx.attr("data_format")
    axes = tuple(i for i, letter in enumerate(data_format.decode()) if letter != "C")
    return axes, [1 if i in axes else -1 for i in range(len(data_format))]


def _typed(ctx, *results):
    return tuple(np.asarray(r, dtype.as_numpy_dtype) for r, dtype in zip(results, ctx.output_dtypes))


def _wide(array):
    return array.astype(np.float32) if array.dtype.itemsize == 2 else array


@reference.kernel("FusedBatchNorm", "FusedBatchNormV2", "FusedBatchNormV3")
def fused_batch_norm(ctx):
    """(x - mean) / sqrt(variance + epsilon) * scale + offset, and the statistics."""
    axes, vector = _layout(ctx)
    epsilon, training = np.float32(ctx.attr("epsilon")), ctx.attr("is_training")

    def statistics(x, mean, variance):
        """(what the batch is normalised with, what is put out as its statistics)."""
        if not training:
            return (mean, variance), (mean, variance)
        rows = x.size // x.shape[-1 if vector[-1] == -1 else 1] if x.size else 0
        if not rows:
            nothing = np.full(max(vector, default=0) and x.shape[vector.index(-1)], np.nan, np.float32)
            return (nothing, nothing), (nothing, nothing)
        own = x.mean(axes), x.var(axes)
        unbiased = own[1] * np.float32(rows / max(rows - 1, 1))
        return own, (own[0], unbiased)

    def run(x, scale, offset, mean, variance):
        wide = _wide(x)
        own, shown = statistics(wide, _wide(mean), _wide(variance))
        centre, spread = (s.reshape(vector) for s in own)
        y = (wide - centre) * (_wide(scale).reshape(vector) / np.sqrt(spread + epsilon)) \
            + _wide(offset).reshape(vector)
        third = (np.zeros((), np.float32),) if ctx.num_outputs == 6 else ()
        return _typed(ctx, y, *shown, *own, *third)

    return run


@reference.kernel("FusedBatchNormGrad", "FusedBatchNormGradV2", "FusedBatchNormGradV3")
def fused_batch_norm_grad(ctx):
    """Gradients of `fused_batch_norm` to x, scale and offset; the last outputs are unused."""
    axes, vector = _layout(ctx)
    epsilon, training = np.float32(ctx.attr("epsilon")), ctx.attr("is_training")

    def run(grad_y, x, scale, mean, variance, *_):
        grad_y, x = _wide(grad_y), _wide(x)
        centred = x - _wide(mean).reshape(vector)
        root = 1 / np.sqrt(_wide(variance) + epsilon)
        doffset = grad_y.sum(axes)
        dscale = (grad_y * centred).sum(axes) * root
        if training and x.size:
            rows = np.float32(x.size / doffset.size)
            inner = grad_y - (doffset / rows).reshape(vector) \
                - centred * (dscale * root / rows).reshape(vector)
        else:
            inner = grad_y
        dx = inner * (scale * root).reshape(vector)
        rest = np.zeros(0 if training else doffset.size, np.float32)
        return _typed(ctx, dx, dscale, doffset, rest, rest)

    return run


def _window_sum(array, radius):
    """Sums over 2 * radius + 1 neighbours along the last axis."""
    depth = array.shape[-1]
    sums = np.zeros_like(array)
    for shift in range(-min(radius, depth), min(radius, depth) + 1):
        low, high = max(0, -shift), min(depth, depth - shift)
        sums[..., low:high] += array[..., low + shift:high + shift]
    return sums


def _lrn_attrs(ctx):
    return (ctx.attr("depth_radius"), *(np.float32(ctx.attr(name)) for name in ("bias", "alpha", "beta")))


@reference.kernel("LRN")
def lrn(ctx):
    """x / (bias + alpha * window sum of x^2)^beta."""
    radius, bias, alpha, beta = _lrn_attrs(ctx)

    def run(x):
        wide = _wide(x)
        with np.errstate(all="ignore"):
            return (wide * (bias + alpha * _window_sum(wide * wide, radius)) ** -beta).astype(x.dtype)

    return run


@reference.kernel("LRNGrad")
def lrn_grad(ctx):
    """Gradient of `lrn`; the window is symmetric, so it serves in both directions."""
    radius, bias, alpha, beta = _lrn_attrs(ctx)

    def run(gradients, x, y):
        grads, wide, out = _wide(gradients), _wide(x), _wide(y)
        with np.errstate(all="ignore"):
            norm = bias + alpha * _window_sum(wide * wide, radius)
            shared = _window_sum(grads * out / norm, radius)
            return (grads * norm ** -beta - 2 * alpha * beta * wide * shared).astype(x.dtype)

    return run


@reference.kernel("L2Loss")
def l2_loss(ctx):
    """sum(t^2) / 2."""

    def run(t):
        wide = _wide(t)
        return np.asarray((wide * wide).sum() / 2, t.dtype)

    return run


@reference.kernel("BatchNormWithGlobalNormalization")
def global_norm(ctx):
    """(t - m) / sqrt(v + epsilon), times gamma if asked for, plus beta."""
    epsilon, scaled = ctx.attr("variance_epsilon"), ctx.attr("scale_after_normalization")

    def run(t, m, v, beta, gamma):
        normal = (_wide(t) - _wide(m)) / np.sqrt(_wide(v) + np.asarray(epsilon, _wide(v).dtype))
        return np.asarray((normal * _wide(gamma) if scaled else normal) + _wide(beta), t.dtype)

    return run


@reference.kernel("BatchNormWithGlobalNormalizationGrad")
def global_norm_grad(ctx):
    """With m and v taken as given; the gradient of gamma is 0 if it is not used."""
    epsilon, scaled = ctx.attr("variance_epsilon"), ctx.attr("scale_after_normalization")

    def run(t, m, v, gamma, backprop):
        t, m, v, gamma, grad = map(_wide, (t, m, v, gamma, backprop))
        axes = (0, 1, 2)
        rate = 1 / np.sqrt(v + np.asarray(epsilon, v.dtype))
        inner = grad * gamma if scaled else grad
        products = (inner * (t - m)).sum(axes)
        gamma_grad = (grad * (t - m)).sum(axes) * rate if scaled else np.zeros_like(gamma)
        return _typed(ctx, inner * rate, -inner.sum(axes) * rate, products * (-0.5 * rate ** 3), grad.sum(axes),
                      gamma_grad)

    return run
