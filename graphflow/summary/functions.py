"""`tf.summary.scalar`, `histogram`, `image`, ...: summary ops under TensorFlow 1.15's naming rules.

Each returns a scalar string tensor that holds a serialized Summary when run. Holds no state.
"""

from graphflow.framework import dtypes, raw_ops
from graphflow.framework.api import tf_export
from graphflow.framework.convert import convert_to_tensor
from graphflow.framework.graph import GraphKeys, get_default_graph
from graphflow.framework.graph_scopes import name_scope
from graphflow.ops.summary_ops import collect
from graphflow.summary.tags import clean_tag, summary_scope

_DEFAULT = [GraphKeys.SUMMARIES]


@tf_export("summary.scalar")
def scalar(name, tensor, collections=None, family=None):
    """A summary of one number.

    Args:
      name: name of the node and, with the scopes around it, of the series in TensorBoard.
      tensor: a real tensor with one value.
      collections: collections that get the summary, by default [GraphKeys.SUMMARIES].
      family: leads the tag, and so names TensorBoard's group.

    Example:
      >>> import graphflow as tf
      >>> with tf.Session() as sess:
      ...     tf.Summary.FromString(sess.run(tf.summary.scalar("loss", 0.5))).value[0].simple_value
      0.5
    """
    with summary_scope(name, family, values=[tensor]) as (tag, scope):
        return collect(raw_ops.ScalarSummary(tag, tensor, name=scope), collections, _DEFAULT)


@tf_export("summary.image")
def image(name, tensor, max_outputs=3, collections=None, family=None):
    """A summary of up to `max_outputs` images, tagged `name/image/0`, ... (`name/image` for one).

    Args: tensor: [batch, height, width, channels], 1 (grey), 3 (RGB) or 4 (RGBA) channels. uint8 is
      taken as it is. Floats are scaled, image by image: without negative values so that the largest
      becomes 255, else so that 0 becomes 128 and the largest magnitude lies 127 from it.
    """
    with summary_scope(name, family, values=[tensor]) as (tag, scope):
        value = raw_ops.ImageSummary(tag, tensor, max_images=max_outputs, name=scope)
        return collect(value, collections, _DEFAULT)


@tf_export("summary.histogram")
def histogram(name, values, collections=None, family=None):
    """A summary of the distribution of a real tensor of any shape.

    Running it raises InvalidArgumentError if a value is not finite.
    """
    with summary_scope(name, family, "HistogramSummary", [values]) as (tag, scope):
        return collect(raw_ops.HistogramSummary(tag, values, name=scope), collections, _DEFAULT)


@tf_export("summary.audio")
def audio(name, tensor, sample_rate, max_outputs=3, collections=None, family=None):
    """A summary of up to `max_outputs` sounds, tagged `name/audio/0`, ... (`name/audio` for one).

    Args: tensor: float [batch, frames] or [batch, frames, channels] in [-1, 1]. sample_rate: scalar,
      in hertz.
    """
    with summary_scope(name, family, values=[tensor]) as (tag, scope):
        sample_rate = convert_to_tensor(sample_rate, dtypes.float32, "sample_rate")
        value = raw_ops.AudioSummaryV2(tag, tensor, sample_rate, max_outputs=max_outputs, name=scope)
        return collect(value, collections, _DEFAULT)


@tf_export("summary.text")
def text(name, tensor, collections=None):
    """A summary of a string tensor; TensorBoard renders it as Markdown, tensors as tables.

    Raises ValueError if `tensor` doesn't hold strings.
    """
    from graphflow import protobuf

    if tensor.dtype.base_dtype != dtypes.string:
        raise ValueError(f"Expected tensor {tensor.name} to have dtype string, got {tensor.dtype}")
    metadata = protobuf.SummaryMetadata()
    metadata.plugin_data.plugin_name = "text"
    return tensor_summary(name, tensor, collections=collections, summary_metadata=metadata)


@tf_export("summary.tensor_summary")
def tensor_summary(
    name, tensor, summary_description=None, collections=None, summary_metadata=None, family=None, display_name=None
):
    """A summary that holds a tensor of any type and shape.

    Args: summary_metadata: SummaryMetadata that says which plugins can show it; `summary_description`
      and `display_name` are put into it.
    """
    from graphflow import protobuf

    metadata = protobuf.SummaryMetadata()
    if summary_metadata is not None:
        metadata.MergeFromString(summary_metadata.SerializeToString())
    if summary_description is not None:
        metadata.summary_description = summary_description
    if display_name is not None:
        metadata.display_name = display_name
    with summary_scope(name, family, values=[tensor]) as (tag, scope):
        value = raw_ops.TensorSummaryV2(tag, tensor, metadata.SerializeToString(), name=scope)
        return collect(value, collections, _DEFAULT)


@tf_export("summary.merge")
def merge(inputs, collections=None, name=None):
    """A summary with the values of all `inputs` (serialized summaries).

    Running it raises InvalidArgumentError if two of them use one tag.
    """
    name = clean_tag(name)
    with name_scope(name, "Merge", inputs):
        return collect(raw_ops.MergeSummary(inputs, name=name), collections, [])


@tf_export("summary.merge_all")
def merge_all(key=GraphKeys.SUMMARIES, scope=None, name=None):
    """Merges the summaries in the collection `key`; None if there are none.

    Args: scope: only those whose names match this regular expression.
    """
    summaries = get_default_graph().get_collection(key, scope)
    return merge(summaries, name=name) if summaries else None


@tf_export("summary.get_summary_description")
def get_summary_description(node_def):
    """The SummaryDescription in a TensorSummary's NodeDef; ValueError for other nodes."""
    from google.protobuf import json_format

    from graphflow import protobuf

    if node_def.op != "TensorSummary":
        raise ValueError(f"Can't get_summary_description on {node_def.op}")
    description = protobuf.SummaryDescription()
    json_format.Parse(node_def.attr["description"].s.decode(), description)
    return description
