"""Ops that turn tensors into serialized Summary messages for TensorBoard, and merge those.

The public functions with their rules for names and tags are in `graphflow/summary`; here stand the
ops, and the wrappers of TensorFlow 0.x, which took tags instead of names. Holds no state.
"""

from graphflow.framework import raw_ops, shapes
from graphflow.framework.api import tf_export
from graphflow.framework.graph import GraphKeys, get_default_graph
from graphflow.framework.op_def import NotDifferentiable, register_op

register_op(
    "ScalarSummary",
    inputs="tags: string, values: T",
    outputs="summary: string",
    attrs="T: realnumbertype",
    shape=shapes.scalar,
)
NotDifferentiable("ScalarSummary")
register_op(
    "HistogramSummary",
    inputs="tag: string, values: T",
    outputs="summary: string",
    attrs="T: realnumbertype = DT_FLOAT",
    shape=shapes.scalar,
)
NotDifferentiable("HistogramSummary")
register_op(
    "ImageSummary",
    inputs="tag: string, tensor: T",
    outputs="summary: string",
    attrs="max_images: int >= 1 = 3; T: {uint8, float, half, double} = DT_FLOAT; "
    "bad_color: tensor = uint8 [255, 0, 0, 255]",
    shape=shapes.scalar,
)
NotDifferentiable("ImageSummary")
register_op(
    "AudioSummaryV2",
    inputs="tag: string, tensor: float, sample_rate: float",
    outputs="summary: string",
    attrs="max_outputs: int >= 1 = 3",
    shape=shapes.scalar,
)
NotDifferentiable("AudioSummaryV2")
register_op(
    "AudioSummary",
    inputs="tag: string, tensor: float",
    outputs="summary: string",
    attrs="sample_rate: float; max_outputs: int >= 1 = 3",
    shape=shapes.scalar,
)
NotDifferentiable("AudioSummary")
register_op(
    "TensorSummaryV2",
    inputs="tag: string, tensor: T, serialized_summary_metadata: string",
    outputs="summary: string",
    attrs="T: type",
    shape=shapes.scalar,
)
NotDifferentiable("TensorSummaryV2")
register_op(
    "TensorSummary",
    inputs="tensor: T",
    outputs="summary: string",
    attrs="T: type; description: string = ''; labels: list(string) = []; display_name: string = ''",
    shape=shapes.scalar,
)
NotDifferentiable("TensorSummary")
register_op(
    "MergeSummary", inputs="inputs: N * string", outputs="summary: string", attrs="N: int >= 1", shape=shapes.scalar
)
NotDifferentiable("MergeSummary")


def collect(summary, collections, default_collections):
    """Adds a summary tensor to the collections, or to the default ones if None is given."""
    graph = get_default_graph()
    for key in default_collections if collections is None else collections:
        graph.add_to_collection(key, summary)
    return summary


@tf_export("contrib.deprecated.scalar_summary", legacy={"scalar_summary": "summary.scalar"})
def scalar_summary(tags, values, collections=None, name=None):
    """TensorFlow 0.x's scalar summary: `tags` names the series as it is; see `tf.summary.scalar`.

    Args: tags: a string, or strings in the shape of `values`. values: a real tensor.
    """
    return collect(raw_ops.ScalarSummary(tags, values, name=name), collections, [GraphKeys.SUMMARIES])


@tf_export("contrib.deprecated.histogram_summary", legacy={"histogram_summary": "summary.histogram"})
def histogram_summary(tag, values, collections=None, name=None):
    """TensorFlow 0.x's histogram summary: `tag` names the series as it is; see `tf.summary.histogram`."""
    return collect(raw_ops.HistogramSummary(tag, values, name=name), collections, [GraphKeys.SUMMARIES])


@tf_export("contrib.deprecated.image_summary", legacy={"image_summary": "summary.image"})
def image_summary(tag, tensor, max_images=3, collections=None, name=None):
    """TensorFlow 0.x's image summary: `tag` names the series as it is; see `tf.summary.image`."""
    value = raw_ops.ImageSummary(tag, tensor, max_images=max_images, name=name)
    return collect(value, collections, [GraphKeys.SUMMARIES])


@tf_export("contrib.deprecated.audio_summary", legacy={"audio_summary": "summary.audio"})
def audio_summary(tag, tensor, sample_rate, max_outputs=3, collections=None, name=None):
    """TensorFlow 0.x's audio summary: `tag` names the series as it is; see `tf.summary.audio`."""
    value = raw_ops.AudioSummaryV2(tag, tensor, sample_rate, max_outputs=max_outputs, name=name)
    return collect(value, collections, [GraphKeys.SUMMARIES])


@tf_export("contrib.deprecated.merge_summary", legacy={"merge_summary": "summary.merge"})
def merge_summary(inputs, collections=None, name=None):
    """TensorFlow 0.x's name of `tf.summary.merge`."""
    return collect(raw_ops.MergeSummary(inputs, name=name), collections, [])


@tf_export("contrib.deprecated.merge_all_summaries", legacy={"merge_all_summaries": "summary.merge_all"})
def merge_all_summaries(key=GraphKeys.SUMMARIES):
    """TensorFlow 0.x's name of `tf.summary.merge_all`: all summaries as one, None without any."""
    summaries = get_default_graph().get_collection(key)
    return merge_summary(summaries) if summaries else None
