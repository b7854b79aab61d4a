"""What contrib's layers share: their outputs and variables in collections, under the names of scopes.

State: aliases of tensors, kept on the graph (`Graph.attachments`).
"""

import collections

import graphflow as tf
from graphflow.contrib.framework.model_variables import model_variable
from graphflow.framework.api import tf_export
from graphflow.ops.partitioned_variable import PartitionedVariable

_ALIASES = "tensor_aliases"


def _aliases(tensor):
    return tensor.graph.attachments.setdefault(_ALIASES, {})


@tf_export("contrib.layers.utils.collect_named_outputs", "contrib.slim.utils.collect_named_outputs")
def collect_named_outputs(collections, alias, outputs):
    """Adds a tensor to collections, to be found by `alias` in `convert_collection_to_dict`; returns it."""
    if collections:
        append_tensor_alias(outputs, alias)
        tf.add_to_collections(collections, outputs)
    return outputs


@tf_export("contrib.layers.utils.append_tensor_alias", "contrib.slim.utils.append_tensor_alias")
def append_tensor_alias(tensor, alias):
    """Gives a tensor one more alias."""
    _aliases(tensor).setdefault(tensor.name, []).append(alias.removesuffix("/"))
    return tensor


@tf_export("contrib.layers.utils.get_tensor_aliases", "contrib.slim.utils.get_tensor_aliases")
def get_tensor_aliases(tensor):
    """List of a tensor's aliases; its name if it has none."""
    found = _aliases(tensor).get(tensor.name)
    if found:
        return found
    return [tensor.op.name if tensor.name.endswith(":0") else tensor.name]


@tf_export("contrib.layers.utils.convert_collection_to_dict", "contrib.slim.utils.convert_collection_to_dict")
def convert_collection_to_dict(collection, clear_collection=False):
    """Ordered dict from aliases to the tensors of a collection."""
    found = collections.OrderedDict(
        (alias, tensor) for tensor in tf.get_collection(collection) for alias in get_tensor_aliases(tensor))
    if clear_collection:
        tf.get_default_graph().clear_collection(collection)
    return found


@tf_export("contrib.layers.utils.two_element_tuple", "contrib.slim.utils.two_element_tuple")
def two_element_tuple(int_or_tuple):
    """An integer twice, or two integers as a tuple; ValueError otherwise."""
    if isinstance(int_or_tuple, (list, tuple)):
        if len(int_or_tuple) != 2:
            raise ValueError(f"Must be a list with 2 elements: {int_or_tuple}")
        return int(int_or_tuple[0]), int(int_or_tuple[1])
    if isinstance(int_or_tuple, int):
        return int_or_tuple, int_or_tuple
    raise ValueError("Must be an int, a list with 2 elements or a TensorShape of length 2")


@tf_export("contrib.layers.utils.last_dimension", "contrib.slim.utils.last_dimension")
def last_dimension(shape, min_rank=1):
    """Static size of the last dimension; ValueError if unknown, or below `min_rank` dimensions."""
    if shape.dims is None:
        raise ValueError("dims of shape must be known but is None")
    if shape.ndims < min_rank:
        raise ValueError(f"rank of shape must be at least {min_rank} not: {shape.ndims}")
    size = shape.as_list()[-1]
    if size is None:
        raise ValueError(f"dimension -1 of shape must be known but is None: {shape}")
    return size


def collections_of(variables_collections, name):
    """Collections of the variables `name`: those in a dict from names, or the same for all."""
    if isinstance(variables_collections, dict):
        return variables_collections.get(name)
    return variables_collections


def add_variable(variable, variables_collections, name):
    """Adds a layer's variable (or its slices) to the collections of the variables `name`."""
    parts = list(variable) if isinstance(variable, PartitionedVariable) else [variable]
    for collection in collections_of(variables_collections, name) or ():
        for part in parts:
            if not any(known is part for known in tf.get_collection(collection)):
                tf.add_to_collection(collection, part)


def model_variable_getter(rename=None):
    """Custom getter that makes model variables, their last names renamed by a dict."""

    def get(getter, name, shape=None, dtype=None, initializer=None, regularizer=None, trainable=True,
            collections=None, caching_device=None, partitioner=None, use_resource=None,
            synchronization=tf.VariableSynchronization.AUTO, aggregation=tf.VariableAggregation.NONE, **_):
        head, slash, last = name.rpartition("/")
        name = head + slash + (rename or {}).get(last, last)
        return model_variable(
            name, shape=shape, dtype=dtype, initializer=initializer, regularizer=regularizer, collections=collections,
            trainable=trainable, caching_device=caching_device, partitioner=partitioner, custom_getter=getter,
            use_resource=use_resource, synchronization=synchronization, aggregation=aggregation)

    return get


def finished(outputs, normalizer_fn, normalizer_params, activation_fn, outputs_collections, alias):
    """`outputs` normalised, activated and collected."""
    if normalizer_fn is not None:
        outputs = normalizer_fn(outputs, **(normalizer_params or {}))
    if activation_fn is not None:
        outputs = activation_fn(outputs)
    return collect_named_outputs(outputs_collections, alias, outputs)
