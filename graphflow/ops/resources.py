"""Resources of a graph that want initialising and are no variables: which there are, and the ops that do it.

They are kept in the collections `RESOURCES` (shared) and `LOCAL_RESOURCES`. Holds no state of its own.
"""

import collections

from graphflow.framework import dtypes, public, scopes
from graphflow.framework.graph import GraphKeys
from graphflow.framework.graph_scopes import device, name_scope
from graphflow.framework.grouping import group

Resource = collections.namedtuple("Resource", ["handle", "create", "is_initialized"])


def register_resource(handle, create_op, is_initialized_op, is_shared=True):
    """Has `initialize_resources` run `create_op`, which makes what `handle` (a tensor) names.

    Args: is_initialized_op: a bool scalar. is_shared: whether workers share it.
    """
    key = GraphKeys.RESOURCES if is_shared else GraphKeys.LOCAL_RESOURCES
    scopes.get_default_graph().add_to_collection(key, Resource(handle, create_op, is_initialized_op))


def shared_resources():
    """The resources that workers share."""
    return scopes.get_default_graph().get_collection(GraphKeys.RESOURCES)


def local_resources():
    """The resources of this worker alone."""
    return scopes.get_default_graph().get_collection(GraphKeys.LOCAL_RESOURCES)


def initialize_resources(resource_list, name="init"):
    """The operation that makes all resources of a list."""
    if resource_list:
        return group(*[resource.create for resource in resource_list], name=name)
    return public.no_op(name=name)


def report_uninitialized_resources(resource_list=None, name="report_uninitialized_resources"):
    """A string vector with the names of the resources (all, by default) that are not made yet."""
    if resource_list is None:
        resource_list = shared_resources() + local_resources()
    with name_scope(name), device("/cpu:0"):
        if not resource_list:
            return public.constant([], dtype=dtypes.string)
        missing = public.logical_not(public.stack([resource.is_initialized for resource in resource_list]))
        names = public.constant([resource.handle.name for resource in resource_list])
        return public.boolean_mask(names, missing)
