"""Summaries of tensors and of all tensors in collections. Holds no state."""

import functools
import re

import graphflow as tf
from graphflow.framework.api import export_value, tf_export


def _share(condition, tag):
    tf.summary.scalar(tag, tf.reduce_mean(tf.cast(condition, tf.float32)))


@tf_export("contrib.layers.summarize_activation", "contrib.slim.summarize_activation")
def summarize_activation(op):
    """Histogram of an activation tensor; for relus also the share of zeros (and, for relu6, of sixes)."""
    kind, name = op.op.type, op.op.name
    if kind in ("Relu", "Softplus", "Relu6"):
        _share(tf.less(op.op.inputs[0], tf.cast(0.0, op.op.inputs[0].dtype)), f"{name}/zeros")
    if kind == "Relu6":
        _share(tf.greater(op.op.inputs[0], tf.cast(6.0, op.op.inputs[0].dtype)), f"{name}/sixes")
    return tf.summary.histogram(f"{name}/activation", op)


@tf_export("contrib.layers.summarize_tensor", "contrib.slim.summarize_tensor")
def summarize_tensor(tensor, tag=None):
    """A scalar's or a histogram summary; None for strings and bools."""
    if tensor.dtype.base_dtype in (tf.string, tf.bool):
        return None
    summary = tf.summary.scalar if tensor.get_shape().ndims == 0 else tf.summary.histogram
    return summary(tag or f"{tensor.op.name}_summary", tensor)


@tf_export("contrib.layers.summarize_tensors", "contrib.slim.summarize_tensors")
def summarize_tensors(tensors, summarizer=summarize_tensor):
    """List of the summaries of tensors."""
    return [summarizer(tensor) for tensor in tensors]


@tf_export("contrib.layers.summarize_collection", "contrib.slim.summarize_collection")
def summarize_collection(collection, name_filter=None, summarizer=summarize_tensor):
    """List of the summaries of a collection's tensors whose names match the pattern `name_filter`."""
    found = tf.get_collection(collection)
    return summarize_tensors([tensor for tensor in found if name_filter is None
                              or re.match(name_filter, tensor.op.name)], summarizer)


@tf_export("contrib.layers.summarize_activations", "contrib.slim.summarize_activations")
def summarize_activations(name_filter=None, summarizer=summarize_activation):
    """`summarize_collection` of ACTIVATIONS."""
    return summarize_collection(tf.GraphKeys.ACTIVATIONS, name_filter, summarizer)


summarize_variables = functools.partial(summarize_collection, tf.GraphKeys.GLOBAL_VARIABLES)
summarize_weights = functools.partial(summarize_collection, tf.GraphKeys.WEIGHTS)
summarize_biases = functools.partial(summarize_collection, tf.GraphKeys.BIASES)
for _name in ("summarize_variables", "summarize_weights", "summarize_biases"):
    export_value(f"contrib.layers.{_name}", __name__, _name)
    export_value(f"contrib.slim.{_name}", __name__, _name)
