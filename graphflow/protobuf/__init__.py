"""Protobuf messages that are TensorFlow 1.15's on the wire and in text form.

`protobuf.GraphDef`, `protobuf.Event`, `protobuf.DataType`, `protobuf.DT_FLOAT`... are looked up
on first use in a descriptor pool of our own, under the package `graphflow.proto`, so they can
live in one process with TensorFlow, TensorBoard and tensorboardX, whose messages have the same
names. Importing this module loads neither protobuf nor the descriptors.

State: the private pool, made once, and the classes found so far (module globals). The messages
are described in `sources/*.proto`; `tools/compile_protos` compiles them into `messages.binpb`,
the only file read here. This module does not convert tensors or graphs from or to messages.

    >>> from graphflow import protobuf
    >>> node = protobuf.NodeDef(name="x", op="Placeholder")
    >>> node.attr["dtype"].type = protobuf.DT_FLOAT
    >>> protobuf.NodeDef.FromString(node.SerializeToString()) == node
    True
"""

import functools
import importlib.resources
import threading

PACKAGE = "graphflow.proto"
# Threads that fail at once word their errors at once: there must be one pool, and one class of each message.
_lock = threading.RLock()


@functools.cache
def _load():
    """Returns the private pool and a map from every top-level name to what it names.

    That is the descriptor of a message or an enum, or the number of an enum value.
    """
    try:
        from google.protobuf import descriptor_pb2
        from google.protobuf import descriptor_pool as pools
    except ImportError as error:
        raise ImportError(
            "graphflow's protobuf messages need the package 'protobuf' (version 4 to 7): "
            "pip install protobuf"
        ) from error
    data = importlib.resources.files(__name__).joinpath("messages.binpb").read_bytes()
    pool, index = pools.DescriptorPool(), {}
    for file in descriptor_pb2.FileDescriptorSet.FromString(data).file:
        pool.AddSerializedFile(file.SerializeToString())
        if file.package != PACKAGE:
            continue
        for message in file.message_type:
            index[message.name] = pool.FindMessageTypeByName(f"{PACKAGE}.{message.name}")
        for enum in file.enum_type:
            index[enum.name] = pool.FindEnumTypeByName(f"{PACKAGE}.{enum.name}")
            index.update((value.name, value.number) for value in enum.value)
    return pool, index


def descriptor_pool():
    """Returns the private `DescriptorPool` that holds every message and enum of ours."""
    with _lock:
        return _load()[0]


def message_class(descriptor):
    """Returns the message class of a message descriptor of `descriptor_pool()`.

    Classes of nested messages are attributes of it, as in generated code.
    """
    from google.protobuf import message_factory

    if hasattr(message_factory, "GetMessageClass"):
        made = message_factory.GetMessageClass(descriptor)
    else:
        made = _old_factory().GetPrototype(descriptor)  # protobuf before 4.22
    for nested in descriptor.nested_types:
        # Only protobuf's pure Python runtime leaves this to the caller.
        if not nested.GetOptions().map_entry and not hasattr(made, nested.name):
            setattr(made, nested.name, message_class(nested))
    return made


@functools.cache
def _old_factory():
    from google.protobuf import message_factory

    return message_factory.MessageFactory(descriptor_pool())


def __getattr__(name):
    with _lock:
        return _found(name)


def _found(name):
    if name in globals():  # another thread was first
        return globals()[name]
    # Dunder names are probed by the import system and by tools: none of them is a message.
    found = None if name.startswith("_") else _load()[1].get(name)
    if found is None:
        raise AttributeError(f"module {__name__!r} has no message or enum {name!r}")
    value = found
    if not isinstance(found, int):
        if hasattr(found, "values_by_name"):
            from google.protobuf.internal import enum_type_wrapper

            value = enum_type_wrapper.EnumTypeWrapper(found)
        else:
            value = message_class(found)
            value.__module__ = __name__
    globals()[name] = value
    return value


def __dir__():
    return sorted(set(globals()) | set(_load()[1]))
