"""Positions and sizes of dimensions, moved from one layout of images to another. Holds no state."""

from graphflow.framework import shapes
from graphflow.framework.op_def import NotDifferentiable, register_op

_ATTRS = "T: {int32, int64} = int32; src_format: string = 'NHWC'; dst_format: string = 'NCHW'"


def _permute_shape(c):
    shape = shapes.with_rank_at_least(c.shape(0), 1)
    if shape is not None and (len(shape) > 2 or shape[0] not in (None, 2, len(c.attr("src_format")))):
        raise ValueError(f"Shape must be a vector or matrix with one row per dimension, but is {list(shape)}")
    return [shape]


register_op("DataFormatDimMap", inputs="x: T", outputs="y: T", attrs=_ATTRS, shape=shapes.unchanged)
NotDifferentiable("DataFormatDimMap")
register_op("DataFormatVecPermute", inputs="x: T", outputs="y: T", attrs=_ATTRS, shape=_permute_shape)
NotDifferentiable("DataFormatVecPermute")
