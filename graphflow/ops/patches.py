"""Patches of images, as rows of channels. Holds no state."""

from graphflow.framework import public as tf
from graphflow.framework import raw_ops, shapes
from graphflow.framework.api import tf_export
from graphflow.framework.deprecation import renamed_argument
from graphflow.framework.op_def import RegisterGradient, register_op
from graphflow.framework.windows import output_size


def _patches_shape(c):
    batch, rows, columns, depth = shapes.with_rank(c.shape(0), 4)
    sizes, strides, rates, padding = (c.attr(n) for n in ("ksizes", "strides", "rates", "padding"))
    for name, values in (("ksizes", sizes), ("strides", strides), ("rates", rates)):
        if len(values) != 4 or values[0] != 1 or values[3] != 1:
            raise ValueError(f"ExtractImagePatches requires {name} of length 4 that are 1 for batch and depth, "
                             f"got {values}")
    out = [output_size(n, sizes[i], strides[i], padding, rates[i]) for i, n in ((1, rows), (2, columns))]
    return [(batch, *out, None if depth is None else depth * sizes[1] * sizes[2])]


register_op("ExtractImagePatches", inputs="images: T", outputs="patches: T",
            attrs="ksizes: list(int) >= 4; strides: list(int) >= 4; rates: list(int) >= 4; T: realnumbertype; "
            "padding: {'SAME', 'VALID'}", shape=_patches_shape)


@RegisterGradient("ExtractImagePatches")
def _patches_grad(op, grad):
    """Adds each gradient to the pixel that it came from: the patches of the pixels' numbers say which."""
    shape = tf.shape(op.inputs[0])
    batch, rows, columns, depth = tf.unstack(shape, 4)
    numbers = tf.reshape(tf.range(1, rows * columns * depth + 1), [1, rows, columns, depth])
    attrs = {name: op.get_attr(name) for name in ("ksizes", "strides", "rates", "padding")}
    source = tf.reshape(raw_ops.ExtractImagePatches(numbers, **attrs), [-1])
    rows_of_grads = tf.transpose(tf.reshape(grad, [batch, -1]))
    # Number 0 is the padding.
    summed = tf.unsorted_segment_sum(rows_of_grads, source, rows * columns * depth + 1)
    return tf.reshape(tf.transpose(summed[1:]), shape)


@tf_export("image.extract_image_patches", "extract_image_patches")
def extract_image_patches(images, ksizes=None, strides=None, rates=None, padding=None, name=None, sizes=None):
    """Patches of [batch, height, width, depth] images, their values one after another in the last dimension.

    Args:
      sizes: [1, rows, columns, 1] of a patch (`ksizes` is its old name). strides: distance of patches, as
        [1, rows, columns, 1]. rates: distance of the pixels of a patch. padding: "SAME" or "VALID".
    """
    ksizes = renamed_argument("image.extract_image_patches", "sizes", sizes, "ksizes", ksizes)
    return raw_ops.ExtractImagePatches(images, ksizes=ksizes, strides=strides, rates=rates, padding=padding, name=name)


@tf_export("image.extract_patches")
def extract_patches(images, sizes, strides, rates, padding, name=None):
    """`extract_image_patches` under its newer name."""
    return raw_ops.ExtractImagePatches(images, ksizes=sizes, strides=strides, rates=rates, padding=padding, name=name)
