"""Reference kernels of `graphflow/ops/conv.py`: one matrix product per position of the window.

Everything is computed channels last; half types in float32.
"""

import itertools

import numpy as np

from graphflow.framework import errors, windows

from ..registry import reference


def _fail(message):
    raise errors.InvalidArgumentError(None, None, message)


class _Layout:
    """Where things are: axes, strides, dilations and paddings of the spatial dimensions."""

    def __init__(self, ctx):
        data_format = ctx.attr("data_format").decode()
        rank, axis = len(data_format), data_format.index("C")
        spatial = [i for i in range(1, rank) if i != axis]
        strides, dilations = ctx.attr("strides"), ctx.attr("dilations")
        if any(strides[i] != 1 or dilations[i] != 1 for i in (0, axis)):
            _fail("Current implementation does not yet support strides or dilations in the batch and depth "
                  "dimensions.")
        pairs = windows.explicit_pairs(ctx.attrs.get("explicit_paddings"), rank)
        self.axis, self.rank = axis, rank
        self.dims = [(strides[i], ctx.attr("padding"), dilations[i], *pairs[i]) for i in spatial]

    def last(self, array):
        """Channels last, in a type wide enough to add up."""
        array = np.moveaxis(array, self.axis, -1)
        return array.astype(np.float32) if array.dtype.itemsize == 2 else array

    def back(self, array, dtype):
        """From channels last to the op's layout and dtype."""
        return np.ascontiguousarray(np.moveaxis(array, -1, self.axis), dtype)

    def sizes_last(self, sizes):
        """A list of sizes in the op's layout, with channels last."""
        sizes = list(sizes)
        return (*(s for i, s in enumerate(sizes) if i != self.axis), sizes[self.axis])

    def outputs(self, sizes, kernel):
        """Spatial output sizes."""
        return tuple(windows.output_size(s, k, *dim) for s, k, dim in zip(sizes, kernel, self.dims))

    def pads(self, sizes, kernel):
        """Spatial paddings."""
        return [windows.margins(s, k, *dim) for s, k, dim in zip(sizes, kernel, self.dims)]

    def taps(self, kernel, outputs):
        """(position in the kernel, slices of the padded input that meet it) for each position."""
        for position in itertools.product(*map(range, kernel)):
            yield position, (slice(None), *(
                slice(p * dilation, p * dilation + (out - 1) * stride + 1 if out else 0, stride)
                for p, out, (stride, _, dilation, *_) in zip(position, outputs, self.dims)))


def _padded(x, pads):
    return np.pad(x, [(0, 0), *pads, (0, 0)])


def _cropped(x, pads, sizes):
    return x[(slice(None), *(slice(before, before + size) for (before, _), size in zip(pads, sizes)))]


def _check(shape, expected, what):
    if tuple(shape) != tuple(expected):
        _fail(f"{what}: Size of out_backprop doesn't match computed: actual = {tuple(shape)}, "
              f"expected = {tuple(expected)}")


class _Full:
    """Every filter sees all channels (of its group, if it takes fewer than the input has)."""

    @staticmethod
    def check(depth, filter_shape):
        """Input channels and the last two sizes of the filters fit."""
        own, outputs = filter_shape[-2:]
        if not own:
            _fail("filter must not have zero elements (i.e. all dimensions must be non-zero)")
        if depth % own:
            _fail(f"input depth must be evenly divisible by filter depth: {depth} vs {own}")
        if depth and outputs % (depth // own):
            _fail(f"input depth {depth} and filter depth {own} make {depth // own} groups: output depth must be "
                  f"evenly divisible by number of groups: {outputs} vs {depth // own}")

    @staticmethod
    def forward(patch, weights):
        groups = patch.shape[-1] // weights.shape[0]
        if groups == 1:
            return patch @ weights
        parts = zip(np.split(patch, groups, -1), np.split(weights, groups, -1))
        return np.concatenate([p @ w for p, w in parts], -1)

    @staticmethod
    def to_input(dy, weights, channels):
        groups = channels // weights.shape[0]
        parts = zip(np.split(dy, groups, -1), np.split(weights, groups, -1))
        return np.concatenate([d @ w.T for d, w in parts], -1)

    @staticmethod
    def to_filter(patch, dy, weights_shape):
        groups = patch.shape[-1] // weights_shape[0]
        axes = list(range(patch.ndim - 1))
        parts = zip(np.split(patch, groups, -1), np.split(dy, groups, -1))
        return np.concatenate([np.tensordot(p, d, (axes, axes)) for p, d in parts], -1)

    @staticmethod
    def channels(filter_shape):
        return filter_shape[-1]


class _Depthwise:
    """Every channel has filters of its own; weights at one position are [channels, multiplier]."""

    @staticmethod
    def check(depth, filter_shape):
        """Input channels and the last two sizes of the filters fit."""
        if depth != filter_shape[-2]:
            _fail(f"input and filter must have the same depth: {depth} vs {filter_shape[-2]}")

    @staticmethod
    def forward(patch, weights):
        return (patch[..., None] * weights).reshape(*patch.shape[:-1], weights.size)

    @staticmethod
    def to_input(dy, weights, channels):
        return (dy.reshape(*dy.shape[:-1], *weights.shape) * weights).sum(-1)

    @staticmethod
    def to_filter(patch, dy, weights_shape):
        products = patch[..., None] * dy.reshape(*dy.shape[:-1], *weights_shape)
        return products.sum(tuple(range(patch.ndim - 1)))

    @staticmethod
    def channels(filter_shape):
        return filter_shape[-2] * filter_shape[-1]


def _rule(ctx):
    return _Depthwise if ctx.op_type.startswith("Depthwise") else _Full


@reference.kernel("Conv2D", "DepthwiseConv2dNative", "Conv3D")
def convolve(ctx):
    """Sums, over the window, of input times weights."""
    layout, rule = _Layout(ctx), _rule(ctx)

    def run(x, filters):
        rule.check(x.shape[layout.axis], filters.shape)
        dtype, x, filters = x.dtype, layout.last(x), filters.astype(layout.last(x).dtype)
        kernel, sizes = filters.shape[:-2], x.shape[1:-1]
        outputs = layout.outputs(sizes, kernel)
        padded = _padded(x, layout.pads(sizes, kernel))
        y = np.zeros((x.shape[0], *outputs, rule.channels(filters.shape)), x.dtype)
        for position, where in layout.taps(kernel, outputs):
            y += rule.forward(padded[where], filters[position])
        return layout.back(y, dtype)

    return run


@reference.kernel("Conv2DBackpropInput", "DepthwiseConv2dNativeBackpropInput", "Conv3DBackpropInputV2")
def to_input(ctx):
    """Each output's gradient goes back to the inputs its window met."""
    layout, rule = _Layout(ctx), _rule(ctx)

    def run(input_sizes, filters, dy):
        dtype, dy = dy.dtype, layout.last(dy)
        filters = filters.astype(dy.dtype)
        batch, *sizes, channels = layout.sizes_last(map(int, input_sizes))
        rule.check(channels, filters.shape)
        kernel = filters.shape[:-2]
        outputs = layout.outputs(sizes, kernel)
        _check(dy.shape, (batch, *outputs, rule.channels(filters.shape)), ctx.op_type)
        pads = layout.pads(sizes, kernel)
        dx = np.zeros((batch, *(s + sum(p) for s, p in zip(sizes, pads)), channels), dy.dtype)
        for position, where in layout.taps(kernel, outputs):
            dx[where] += rule.to_input(dy, filters[position], channels)
        return layout.back(_cropped(dx, pads, sizes), dtype)

    return run


@reference.kernel("Conv2DBackpropFilter", "DepthwiseConv2dNativeBackpropFilter", "Conv3DBackpropFilterV2")
def to_filter(ctx):
    """Each weight's gradient: the inputs it met times the outputs' gradients."""
    layout, rule = _Layout(ctx), _rule(ctx)

    def run(x, filter_sizes, dy):
        dtype, x, dy = x.dtype, layout.last(x), layout.last(dy)
        shape = tuple(map(int, filter_sizes))
        rule.check(x.shape[-1], shape)
        kernel, sizes = shape[:-2], x.shape[1:-1]
        outputs = layout.outputs(sizes, kernel)
        _check(dy.shape, (x.shape[0], *outputs, rule.channels(shape)), ctx.op_type)
        padded = _padded(x, layout.pads(sizes, kernel))
        dw = np.zeros(shape, x.dtype)
        for position, where in layout.taps(kernel, outputs):
            dw[position] = rule.to_filter(padded[where], dy, shape[-2:])
        return dw.astype(dtype)

    return run
