"""Boxes in images: drawn, cropped, and chosen so that they do not overlap.

A box is [y1, x1, y2, x2] in fractions of height and width. Holds no state.
"""

from graphflow.framework import dtypes, raw_ops, shapes
from graphflow.framework import public as tf
from graphflow.framework.api import tf_export
from graphflow.framework.convert import convert_to_tensor
from graphflow.framework.deprecation import renamed_argument
from graphflow.framework.graph_scopes import name_scope
from graphflow.framework.op_def import NotDifferentiable, RegisterGradient, register_op
from graphflow.framework.undefined_gradient import undefined_gradient

_PIXELS = "T: {uint8, uint16, int8, int16, int32, int64, half, float, double}; "

# ---------------------------------------------------------------- drawn

for _name, _colors in (("DrawBoundingBoxes", ""), ("DrawBoundingBoxesV2", ", colors: float")):
    register_op(_name, inputs="images: T, boxes: float" + _colors, outputs="output: T",
                attrs="T: {float, half} = DT_FLOAT", shape=lambda c: [shapes.with_rank_at_least(c.shape(0), 3)])
    NotDifferentiable(_name)


@tf_export("image.draw_bounding_boxes")
def draw_bounding_boxes(images, boxes, name=None, colors=None):
    """Images with the outlines of boxes.

    Args:
      images: float [batch, height, width, 1, 3 or 4]. boxes: float32 [batch, count, 4].
      colors: float32 [n, channels], taken in turn (default: ten colours of TensorFlow).
    """
    if colors is None:
        return raw_ops.DrawBoundingBoxes(images, boxes, name=name)
    return raw_ops.DrawBoundingBoxesV2(images, boxes, colors, name=name)


# ---------------------------------------------------------------- cropped

def _crop_shape(c):
    image, boxes = shapes.with_rank(c.shape(0), 4), shapes.with_rank(c.shape(1), 2)
    indices = shapes.with_rank(c.shape(2), 1)
    shapes.merge_dim(boxes[1], 4)
    size = c.shape_value(3)
    height, width = (None, None) if size is None else shapes.with_rank(size, 2)
    return [(shapes.merge_dim(boxes[0], indices[0]), height, width, image[3])]


def _crop_image_shape(c):
    size = c.shape_value(3)
    return [(None,) * 4 if size is None else shapes.with_rank(size, 4)]


register_op("CropAndResize", inputs="image: T, boxes: float, box_ind: int32, crop_size: int32", outputs="crops: float",
            attrs=_PIXELS + "method: {'bilinear', 'nearest'} = 'bilinear'; extrapolation_value: float = 0",
            shape=_crop_shape)
register_op("CropAndResizeGradImage", inputs="grads: float, boxes: float, box_ind: int32, image_size: int32",
            outputs="output: T", attrs="T: {float, half, double}; method: {'bilinear', 'nearest'} = 'bilinear'",
            shape=_crop_image_shape)
register_op("CropAndResizeGradBoxes", inputs="grads: float, image: T, boxes: float, box_ind: int32",
            outputs="output: float", attrs=_PIXELS + "method: {'bilinear'} = 'bilinear'",
            shape=lambda c: [shapes.with_rank(c.shape(2), 2)])
undefined_gradient("CropAndResizeGradImage", "CropAndResizeGradBoxes")


@RegisterGradient("CropAndResize")
def _crop_grad(op, grad):
    image, boxes, indices, _ = op.inputs
    image_grad = None
    if image.dtype in (dtypes.float16, dtypes.float32, dtypes.float64):
        image_grad = raw_ops.CropAndResizeGradImage(grad, boxes, indices, tf.shape(image), T=image.dtype,
                                                    method=op.get_attr("method"))
    # For boxes TensorFlow has the bilinear gradient only, whatever the method.
    return image_grad, raw_ops.CropAndResizeGradBoxes(grad, image, boxes, indices), None, None


@tf_export("image.crop_and_resize")
def crop_and_resize(image, boxes, box_ind=None, crop_size=None, method="bilinear", extrapolation_value=0, name=None,
                    box_indices=None):
    """Parts of images, all resized to `crop_size` with corners aligned.

    Args:
      image: [batch, height, width, channels]. boxes: float32 [count, 4]; y1 > y2 turns upside down.
      box_indices: int32 [count], which image each box is of (`box_ind` is its old name).
      crop_size: int32 [2]. method: "bilinear" or "nearest". extrapolation_value: what is outside of images.
    Returns float32 [count, *crop_size, channels].
    """
    box_ind = renamed_argument("image.crop_and_resize", "box_indices", box_indices, "box_ind", box_ind)
    return raw_ops.CropAndResize(image, boxes, box_ind, crop_size, method=method,
                                 extrapolation_value=extrapolation_value, name=name)


# ---------------------------------------------------------------- chosen

def _chosen_shape(c):
    boxes, scores = shapes.with_rank(c.shape(0), 2), shapes.with_rank(c.shape(1), 1)
    shapes.merge_dim(boxes[0], scores[0])
    shapes.merge_dim(boxes[1], 4)
    for i in range(2, len(c.shapes)):
        shapes.with_rank(c.shape(i), 0)
    return [(None,), ()][:c.num_outputs]


def _padded_shape(c):
    chosen, count = _chosen_shape(c)
    limit = c.value(2)
    if c.attr("pad_to_max_output_size") and limit is not None:
        chosen = (int(limit),)
    return [chosen, count]


_LIMITED = "boxes: T, scores: T, max_output_size: int32, iou_threshold: T_threshold"
_THRESHOLDS = "T: {half, float} = DT_FLOAT; T_threshold: {half, float} = DT_FLOAT"
register_op("NonMaxSuppression", inputs="boxes: float, scores: float, max_output_size: int32",
            outputs="selected_indices: int32", attrs="iou_threshold: float = 0.5", shape=_chosen_shape, allocates=True)
register_op("NonMaxSuppressionV2", inputs=_LIMITED, outputs="selected_indices: int32", attrs=_THRESHOLDS,
            shape=_chosen_shape, allocates=True)
register_op("NonMaxSuppressionV3", inputs=_LIMITED + ", score_threshold: T_threshold",
            outputs="selected_indices: int32", attrs=_THRESHOLDS, shape=_chosen_shape, allocates=True)
register_op("NonMaxSuppressionV4", inputs=_LIMITED + ", score_threshold: T_threshold",
            outputs="selected_indices: int32, valid_outputs: int32",
            attrs=_THRESHOLDS + "; pad_to_max_output_size: bool = false", shape=_padded_shape, allocates=True)
for _name in ("", "V2", "V3", "V4"):
    NotDifferentiable("NonMaxSuppression" + _name)


@tf_export("image.non_max_suppression")
def non_max_suppression(boxes, scores, max_output_size, iou_threshold=0.5, score_threshold=float("-inf"), name=None):
    """Indices of boxes, best first, leaving out those that overlap a better one.

    Args:
      boxes: float [n, 4]. scores: float [n]. max_output_size: at most so many are chosen.
      iou_threshold: largest overlap (intersection over union). score_threshold: boxes must score higher.
    """
    with name_scope(name, "non_max_suppression"):
        iou_threshold = convert_to_tensor(iou_threshold, name="iou_threshold")
        score_threshold = convert_to_tensor(score_threshold, name="score_threshold")
        return raw_ops.NonMaxSuppressionV3(boxes, scores, max_output_size, iou_threshold, score_threshold)


@tf_export("image.non_max_suppression_padded")
def non_max_suppression_padded(boxes, scores, max_output_size, iou_threshold=0.5, score_threshold=float("-inf"),
                               pad_to_max_output_size=False, name=None):
    """Like `non_max_suppression`; returns the indices, padded with 0 if asked for, and how many count."""
    with name_scope(name, "non_max_suppression_padded"):
        iou_threshold = convert_to_tensor(iou_threshold, name="iou_threshold")
        score_threshold = convert_to_tensor(score_threshold, name="score_threshold")
        return raw_ops.NonMaxSuppressionV4(boxes, scores, max_output_size, iou_threshold, score_threshold,
                                           pad_to_max_output_size=pad_to_max_output_size)
