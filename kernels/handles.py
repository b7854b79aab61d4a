"""Handles of session resources (queues, readers, accumulators): scalars that hold the object itself.

Holds no state: resources live in the session's ResourceManager, found by container and name.
"""

import numpy as np

from graphflow.framework import errors


def as_handle(resource):
    """The scalar array that stands for a resource."""
    handle = np.empty((), object)
    handle[()] = resource
    return handle


def handle_kernel(ctx, make, describe):
    """The kernel of an op that makes a resource, or finds the one that another op shares with it.

    Args: make: function from the resource's name to a new one. describe: what both must agree in, as
      a dictionary {words: value}, of which resources keep a copy as `signature`. None agrees with any value.
    """
    shared = ctx.attr("shared_name").decode()
    name = shared or ctx.op_name
    key = ("resource", ctx.attr("container").decode(), bool(shared), name)
    wanted = {"type": ctx.op_type.removesuffix("V2"), **describe}

    def make_new():
        resource = make(name)
        resource.signature = wanted
        return resource

    def run():
        resource = ctx.resources.get(key, make_new)
        for words, value in wanted.items():
            found = resource.signature.get(words)
            if value not in (None, found):
                raise errors.InvalidArgumentError(
                    None, None, f"Shared {_noun(resource)} '{name}' has {words} {found} but requested {words} "
                    f"was {value}")
        return as_handle(resource)

    return run


def _noun(resource):
    return resource.signature["type"].lower() if not hasattr(resource, "noun") else resource.noun


def resource_of(handle, kind, noun):
    """The resource behind a handle; InvalidArgumentError if it is not a `kind`."""
    resource = handle[()]
    if not isinstance(resource, kind):
        raise errors.InvalidArgumentError(None, None, f"The handle is not one of a {noun}, but of {resource!r}")
    return resource
