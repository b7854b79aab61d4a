"""Convolution ops and their gradients, which are convolutions again.

The functions of `tf.nn` stand in `convolution`. Holds no state.
"""

from graphflow.framework import public as tf
from graphflow.framework import raw_ops, shapes, windows
from graphflow.framework.op_def import RegisterGradient, register_op

_FLOATS = "T: {half, bfloat16, float, double}"
_PADDING = "padding: {'SAME', 'VALID', 'EXPLICIT'}; explicit_paddings: list(int) = []"
_FORMAT_2D = "data_format: {'NHWC', 'NCHW'} = 'NHWC'; dilations: list(int) = [1, 1, 1, 1]"
_FORMAT_3D = "data_format: {'NDHWC', 'NCDHW'} = 'NDHWC'; dilations: list(int) = [1, 1, 1, 1, 1]"
_CONV_ATTRS = f"strides: list(int); use_cudnn_on_gpu: bool = true; {_PADDING}; {_FORMAT_2D}"
_DEPTHWISE_ATTRS = f"{_FLOATS}; strides: list(int); padding: {{'SAME', 'VALID'}}; {_FORMAT_2D}"
_CONV_3D_ATTRS = f"{_FLOATS}; strides: list(int) >= 5; padding: {{'SAME', 'VALID'}}; {_FORMAT_3D}"


def _conv_shape(c):
    """[batch, spatial..., channels] in the attribute's order; filters are [spatial..., in, out]."""
    data_format, strides, dilations = c.attr("data_format").decode(), c.attr("strides"), c.attr("dilations")
    rank = len(data_format)
    if len(strides) != rank or len(dilations) != rank:
        raise ValueError(f"{rank}-D convolution requires the stride and dilation attributes to contain {rank} "
                         f"values, but got: {len(strides)} and {len(dilations)}")
    x, filters = shapes.with_rank(c.shape(0), rank), shapes.with_rank(c.shape(1), rank)
    pairs = windows.explicit_pairs(c.attrs.get("explicit_paddings"), rank)
    channels = data_format.index("C")
    result = [None] * rank
    result[0], result[channels] = x[0], _output_channels(x[channels], filters, c.num_outputs)
    spatial = [i for i in range(1, rank) if i != channels]
    for i, window in zip(spatial, filters):
        result[i] = windows.output_size(x[i], window, strides[i], c.attr("padding"), dilations[i], *pairs[i])
    return [tuple(result)]


def _output_channels(depth, filters, _):
    """Output channels of a full convolution, whose filters may also take a part of the input's."""
    if depth is not None and filters[-2] is not None and (filters[-2] == 0 or depth % filters[-2]):
        raise ValueError(f"Depth of input ({depth}) is not a multiple of input depth of filter ({filters[-2]})")
    return filters[-1]


def _depthwise_shape(c):
    data_format = c.attr("data_format")
    x, filters = shapes.with_rank(c.shape(0), 4), shapes.with_rank(c.shape(1), 4)
    axis = data_format.index(b"C")
    depth = shapes.merge_dim(x[axis], filters[2])
    pairs = windows.explicit_pairs(c.attrs.get("explicit_paddings"), 4)
    result = list(x)
    result[axis] = None if depth is None or filters[3] is None else depth * filters[3]
    for i, window in zip([i for i in (1, 2, 3) if i != axis], filters):
        result[i] = windows.output_size(x[i], window, c.attr("strides")[i], c.attr("padding"),
                                        c.attr("dilations")[i], *pairs[i])
    return [tuple(result)]


def _sizes_at(position, rank):
    return lambda c: [shapes.with_rank(c.shape_value(position), rank)]


def _attrs(op):
    names = ("strides", "padding", "explicit_paddings", "data_format", "dilations", "use_cudnn_on_gpu")
    return {name: op.get_attr(name) for name in names if name in op.op_def.attrs}


def _register(names, attrs, rank, shape, filter_attrs=None, sizes="int32"):
    """The convolution `names[0]` with its gradient ops to input and filter, and all their gradients."""
    forward, to_input, to_filter = names
    register_op(forward, inputs="input: T, filter: T", outputs="output: T", attrs=attrs, shape=shape)
    register_op(to_input, inputs=f"input_sizes: {sizes}, filter: T, out_backprop: T", outputs="output: T",
                attrs=attrs if sizes == "int32" else f"{attrs}; Tshape: {{int32, int64}} = int32",
                shape=_sizes_at(0, rank))
    register_op(to_filter, inputs="input: T, filter_sizes: int32, out_backprop: T", outputs="output: T",
                attrs=filter_attrs or attrs, shape=_sizes_at(1, rank))
    convolve, input_grad, filter_grad = (lambda *args, op_type=name, **attrs: getattr(raw_ops, op_type)(*args, **attrs)
                                         for name in names)

    @RegisterGradient(forward)
    def _forward_grad(op, grad):
        x, filters = op.inputs
        x_shape, filter_shape = tf.shape_n([x, filters]) if forward == "Conv2D" else (tf.shape(x), None)
        dx = input_grad(x_shape, filters, grad, **_attrs(op))
        filter_shape = tf.shape(filters) if filter_shape is None else filter_shape
        return dx, filter_grad(x, filter_shape, grad, **_attrs(op))

    @RegisterGradient(to_input)
    def _to_input_grad(op, grad):
        _, filters, out = op.inputs
        return (None, filter_grad(grad, tf.shape(filters), out, **_attrs(op)),
                convolve(grad, filters, **_attrs(op)))

    @RegisterGradient(to_filter)
    def _to_filter_grad(op, grad):
        x, _, out = op.inputs
        return (input_grad(tf.shape(x), grad, out, **_attrs(op)), None,
                convolve(x, grad, **_attrs(op)))


_register(("Conv2D", "Conv2DBackpropInput", "Conv2DBackpropFilter"),
          "T: {half, bfloat16, float, double, int32}; " + _CONV_ATTRS, 4, _conv_shape,
          filter_attrs=f"{_FLOATS}; {_CONV_ATTRS}")
_register(("DepthwiseConv2dNative", "DepthwiseConv2dNativeBackpropInput", "DepthwiseConv2dNativeBackpropFilter"),
          _DEPTHWISE_ATTRS, 4, _depthwise_shape)
_register(("Conv3D", "Conv3DBackpropInputV2", "Conv3DBackpropFilterV2"), _CONV_3D_ATTRS, 5, _conv_shape,
          sizes="Tshape")
