"""How the items of graph collections become protobuf messages, and messages items.

Variables, savers and queue runners have messages of their own; what makes them is named here as
text and found when needed, as it belongs to higher layers. State: what users registered.
"""

import collections

from graphflow.framework.api import resolve
from graphflow.framework.graph import GraphKeys

# message: name of the message class; to_proto(item, export_scope=), from_proto(message, import_scope=).
CollectionProto = collections.namedtuple("CollectionProto", "message to_proto from_proto")

VARIABLE_COLLECTIONS = frozenset(
    {
        GraphKeys.GLOBAL_VARIABLES,
        GraphKeys.TRAINABLE_VARIABLES,
        GraphKeys.LOCAL_VARIABLES,
        GraphKeys.MODEL_VARIABLES,
        GraphKeys.MOVING_AVERAGE_VARIABLES,
        GraphKeys.METRIC_VARIABLES,
        GraphKeys.GLOBAL_STEP,
    }
)
# Describe Switch and Merge nodes of TensorFlow's own conds and loops: nothing here reads them.
IGNORED = frozenset({GraphKeys.COND_CONTEXT, GraphKeys.WHILE_CONTEXT})

_BUILT_IN = {
    **dict.fromkeys(VARIABLE_COLLECTIONS, ("VariableDef", "ops.variables:Variable.from_proto")),
    GraphKeys.SAVERS: ("SaverDef", "training.saver:Saver.from_proto"),
    GraphKeys.QUEUE_RUNNERS: ("QueueRunnerDef", "training.queue_runner:QueueRunner.from_proto"),
}
_registered = {}


def register_proto_function(collection_name, proto_type=None, to_proto=None, from_proto=None):
    """Says how items of a collection are written to and read from a MetaGraphDef.

    Args: proto_type: message class. to_proto: function (item, export_scope=) to a message or None.
      from_proto: function (message, import_scope=) to an item.
    Raises TypeError for functions that are none.
    """
    if to_proto and not callable(to_proto):
        raise TypeError("to_proto must be callable.")
    if from_proto and not callable(from_proto):
        raise TypeError("from_proto must be callable.")
    _registered[collection_name] = CollectionProto(proto_type, to_proto, from_proto)


def find(key):
    """The CollectionProto of a collection, or None: its items are nodes, numbers or strings."""
    if key in _registered:
        return _registered[key]
    if key not in _BUILT_IN:
        return None
    from graphflow import protobuf

    message, target = _BUILT_IN[key]

    def from_proto(proto, import_scope=None):
        return resolve(target)(proto, import_scope=import_scope)

    def to_proto(item, export_scope=None):
        return item.to_proto(export_scope)

    return CollectionProto(getattr(protobuf, message), to_proto, from_proto)
