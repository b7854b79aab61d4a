"""Random parts of images that show enough of the objects in them. Holds no state; streams live in the session."""

from graphflow.framework import raw_ops, shapes
from graphflow.framework.api import tf_export
from graphflow.framework.graph_scopes import name_scope
from graphflow.framework.op_def import NotDifferentiable, register_op


def _sample_shape(c):
    size = shapes.with_rank(c.shape(0), 1)
    shapes.merge_dim(size[0], 3)
    boxes = shapes.with_rank(c.shape(1), 3)
    shapes.merge_dim(boxes[2], 4)
    return [(3,), (3,), (1, 1, 4)]


register_op("SampleDistortedBoundingBoxV2",
            inputs="image_size: T, bounding_boxes: float, min_object_covered: float",
            outputs="begin: T, size: T, bboxes: float",
            attrs="T: {uint8, int8, int16, int32, int64}; seed: int = 0; seed2: int = 0; "
            "aspect_ratio_range: list(float) = [0.75, 1.33]; area_range: list(float) = [0.05, 1]; "
            "max_attempts: int = 100; use_image_if_no_bounding_boxes: bool = false", shape=_sample_shape, stateful=True)
NotDifferentiable("SampleDistortedBoundingBoxV2")


@tf_export("image.sample_distorted_bounding_box")
def sample_distorted_bounding_box(image_size, bounding_boxes, seed=None, seed2=None, min_object_covered=0.1,
                                  aspect_ratio_range=None, area_range=None, max_attempts=None,
                                  use_image_if_no_bounding_boxes=None, name=None):
    """A random part of an image that covers enough of one of its boxes.

    Args:
      image_size: integers (height, width, channels). bounding_boxes: float32 [batch, n, 4], as fractions of the
      image: (y_min, x_min, y_max, x_max). min_object_covered: the fraction of a box that must be seen.
      aspect_ratio_range, area_range: what the width by the height, and the fraction of the image, lie between.
      max_attempts: how often to try, before the whole image is given. use_image_if_no_bounding_boxes: whether no
      boxes mean one around the image, rather than InvalidArgumentError.
    Returns (begin, size) for `tf.slice`, and the box as float32 [1, 1, 4] for `tf.image.draw_bounding_boxes`.
    """
    given = {"seed": seed, "seed2": seed2, "aspect_ratio_range": aspect_ratio_range, "area_range": area_range,
             "max_attempts": max_attempts, "use_image_if_no_bounding_boxes": use_image_if_no_bounding_boxes}
    with name_scope(name, "sample_distorted_bounding_box"):
        return raw_ops.SampleDistortedBoundingBoxV2(
            image_size, bounding_boxes, min_object_covered,
            **{key: value for key, value in given.items() if value is not None})
