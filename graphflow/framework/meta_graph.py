"""MetaGraphDef: a graph with its collections and saver as one message, and back.

Reading and writing of files, and savers, are in `graphflow/training/meta_graph.py`. Holds no state.
"""

import logging
import re

from graphflow.framework import collection_protos
from graphflow.framework.api import tf_export
from graphflow.framework.graph import Graph, GraphKeys, get_default_graph
from graphflow.version import GIT_VERSION, VERSION

UNBOUND_INPUT_PREFIX = "$unbound_inputs_"
_SAVE_AND_RESTORE = {"SaveV2", "Save", "SaveSlices", "RestoreV2", "Restore", "RestoreSlice"}
_logger = logging.getLogger("graphflow")


@tf_export("contrib.framework.strip_name_scope")
def strip_name_scope(name, export_scope):
    """`name` (of a node, a tensor, "^node" or "loc:@node") without the leading `export_scope`."""
    if not export_scope:
        return name
    scope = re.escape(export_scope.rstrip("/"))
    return re.sub(rf"([\^]|loc:@|^){scope}/(.*)", r"\1\2", name, count=1)


@tf_export("contrib.framework.prepend_name_scope")
def prepend_name_scope(name, import_scope):
    """`name` (of a node, a tensor, "^node" or "loc:@node") as it is called below `import_scope`."""
    if not import_scope:
        return name
    scope = import_scope.rstrip("/")
    return re.sub(r"([\^]|loc:@|^)(.*)", lambda m: f"{m[1]}{scope}/{m[2]}", name, count=1)


# ---- graphs


def _scope_of(name):
    return name.lstrip("^").partition(":")[0].rpartition("/")[0] + "/"


def extraneous_saver_nodes(graph_def, saver_def):
    """Names of the nodes of all savers but the one of `saver_def`."""
    kept = set()
    if saver_def is not None:
        kept = {_scope_of(saver_def.save_tensor_name), _scope_of(saver_def.restore_op_name)}
    saving = {node.name for node in graph_def.node if node.op in _SAVE_AND_RESTORE}
    scopes = tuple({_scope_of(name) for name in saving} - kept - {"/"})
    return {node.name for node in graph_def.node if scopes and node.name.startswith(scopes)}


def included(name, export_scope, excluded):
    """Whether a node (or what has a node's name) goes into an export."""
    if name in excluded:
        return False
    return name.startswith(UNBOUND_INPUT_PREFIX) or not export_scope or name.startswith(export_scope)


def scoped_graph_def(graph_def, export_scope, excluded, clear_devices):
    """(copy of the part of a GraphDef below `export_scope`, names of the inputs it lacks)."""
    from graphflow import protobuf

    result, unbound = protobuf.GraphDef(), []
    result.versions.CopyFrom(graph_def.versions)
    result.library.CopyFrom(graph_def.library)
    for node in graph_def.node:
        if included(node.name, export_scope, excluded):
            _scope_node(result.node.add(), node, export_scope, unbound)
    if clear_devices:
        for node in result.node:
            node.ClearField("device")
    return result, unbound


def _scope_node(target, node, export_scope, unbound):
    target.CopyFrom(node)
    target.name = strip_name_scope(node.name, export_scope)
    for i, name in enumerate(node.input):
        if export_scope and not name.lstrip("^").startswith(export_scope):
            control = "^" if name.startswith("^") else ""
            target.input[i] = control + UNBOUND_INPUT_PREFIX + name.lstrip("^")
            unbound.append(target.input[i])
        else:
            target.input[i] = strip_name_scope(name, export_scope)
    if export_scope and "_class" in node.attr:
        groups = [g for g in node.attr["_class"].list.s if g.partition(b"@")[2].decode().startswith(export_scope)]
        target.attr["_class"].list.s[:] = [strip_name_scope(g.decode(), export_scope).encode() for g in groups]


def strip_graph_default_attrs(graph_def):
    """Removes attributes that have the defaults of their op definitions from all nodes, in place."""
    from graphflow import protobuf
    from graphflow.framework.node_def import set_attr_value
    from graphflow.framework.op_def import get_op_def

    defaults = {}
    for node in graph_def.node:
        if node.op not in defaults:
            known = defaults[node.op] = {}
            for name, attr in get_op_def(node.op).attrs.items():
                if attr.has_default:
                    known[name] = protobuf.AttrValue()
                    set_attr_value(known[name], attr.default, attr.kind)
        for name, default in defaults[node.op].items():
            if name in node.attr and node.attr[name] == default:
                del node.attr[name]


# ---- the whole message


def create_meta_graph_def(
    meta_info_def=None,
    graph_def=None,
    saver_def=None,
    collection_list=None,
    graph=None,
    export_scope=None,
    exclude_nodes=(),
    clear_extraneous_savers=False,
    strip_default_attrs=False,
):
    """A MetaGraphDef of a graph.

    Args:
      meta_info_def, graph_def, saver_def: its parts; the graph's own GraphDef, with shapes, by default.
      collection_list: keys of the collections to write, all by default.
      graph: where the collections are; the default graph if None.
      export_scope: name scope to take off. exclude_nodes: names of nodes that are left out.
    Raises TypeError for parts of wrong types.
    """
    from graphflow import protobuf

    for value, kind in (
        (meta_info_def, protobuf.MetaGraphDef.MetaInfoDef),
        (graph_def, protobuf.GraphDef),
        (saver_def, protobuf.SaverDef),
        (graph, Graph),
    ):
        if value is not None and not isinstance(value, kind):
            raise TypeError(f"expected {kind.__name__}, not {type(value)}")
    graph = graph or get_default_graph()
    result = protobuf.MetaGraphDef()
    if meta_info_def is not None:
        result.meta_info_def.MergeFrom(meta_info_def)
    # Readers decide by the release how to understand old fields.
    result.meta_info_def.tensorflow_version = VERSION
    result.meta_info_def.tensorflow_git_version = GIT_VERSION
    result.graph_def.MergeFrom(graph.as_graph_def(add_shapes=True) if graph_def is None else graph_def)
    if strip_default_attrs:
        strip_graph_default_attrs(result.graph_def)
        result.meta_info_def.stripped_default_attrs = True
    if saver_def is not None:
        result.saver_def.MergeFrom(saver_def)
    for key in graph.get_all_collection_keys() if collection_list is None else collection_list:
        items = graph.get_collection(key)
        if key == GraphKeys.SAVERS and clear_extraneous_savers:
            items = [collection_protos.find(key).from_proto(saver_def)] if saver_def is not None else []
        add_collection_def(result, key, items, export_scope, exclude_nodes)
    return result


def add_collection_def(meta_graph_def, key, items, export_scope=None, exclude_nodes=()):
    """Writes the items of a collection into a MetaGraphDef; warns of what cannot be written."""
    if not isinstance(key, (str, bytes)):
        _logger.warning("Only collections with string type keys will be serialized. This key has %s", type(key))
        return
    if key in collection_protos.IGNORED:
        return
    items = [
        x
        for x in items
        if not isinstance(getattr(x, "name", None), str) or included(x.name, export_scope, exclude_nodes)
    ]
    if not items:
        return
    definition = meta_graph_def.collection_def[key]
    try:
        _write_items(definition, key, items, export_scope)
    except (TypeError, ValueError, AttributeError, NotImplementedError) as error:
        _logger.warning(
            "Issue encountered when serializing %s.\nType is unsupported, or the types of the "
            "items don't match field type "
            "in CollectionDef. Note this is a warning and probably safe to ignore.\n%s",
            key,
            error,
        )
        del meta_graph_def.collection_def[key]


def _write_items(definition, key, items, export_scope):
    found = collection_protos.find(key)
    if found is not None and found.to_proto is not None:
        protos = [found.to_proto(item, export_scope=export_scope) for item in items]
        definition.bytes_list.value.extend(proto.SerializeToString() for proto in protos if proto)
    elif isinstance(items[0], (str, bytes)):
        definition.bytes_list.value.extend(x.encode() if isinstance(x, str) else x for x in items)
    elif isinstance(items[0], int):
        definition.int64_list.value.extend(items)
    elif isinstance(items[0], float):
        definition.float_list.value.extend(items)
    elif getattr(getattr(items[0], "DESCRIPTOR", None), "full_name", None) == "google.protobuf.Any":
        definition.any_list.value.extend(items)
    else:
        names = [x.name for x in items if not export_scope or x.name.startswith(export_scope)]
        definition.node_list.value.extend(strip_name_scope(name, export_scope) for name in names)


def restore_collections(meta_graph_def, graph, scope, predicate=lambda key: True):
    """Puts the collections of a MetaGraphDef into a graph that has its nodes below `scope`.

    `predicate(key)` says which. A variable in several collections becomes one object.
    """
    variables = {}
    old = _before_trainable(meta_graph_def.meta_info_def.tensorflow_version)
    keys = sorted(meta_graph_def.collection_def, key=lambda key: (key != GraphKeys.TRAINABLE_VARIABLES, key))
    for key in keys:
        definition = meta_graph_def.collection_def[key]
        kind = definition.WhichOneof("kind")
        if key in collection_protos.IGNORED or not predicate(key):
            continue
        if kind is None:
            _logger.error("Cannot identify data type for collection %s. Skipping.", key)
            continue
        read = _reader(key, kind, graph, scope, variables, old)
        for value in getattr(definition, kind).value:
            graph.add_to_collection(key, read(value))


def _reader(key, kind, graph, scope, variables, old):
    """A function from what a CollectionDef holds to an item of collection `key`."""
    found = collection_protos.find(key)
    if found is None or found.from_proto is None or kind != "bytes_list":
        if kind == "node_list":
            return lambda name: graph.as_graph_element(prepend_name_scope(name, scope))
        return lambda value: _plain_item(kind, value, scope)
    is_variable = key in collection_protos.VARIABLE_COLLECTIONS

    def read(value):
        if is_variable and value in variables:
            return variables[value]
        proto = found.message.FromString(value)
        if is_variable and old:
            proto.trainable = key == GraphKeys.TRAINABLE_VARIABLES
        item = variables[value] = found.from_proto(proto, import_scope=scope)
        return item

    return read


def _plain_item(kind, value, scope):
    if kind == "int64_list":
        return int(value)
    if kind == "bytes_list":
        return prepend_name_scope(value.decode(), scope) if scope else value
    return value


def _before_trainable(version):
    """Whether a VariableDef of that TensorFlow release says nothing about `trainable`."""
    numbers = [int(n) for n in re.findall(r"\d+", version)[:2]]
    return bool(numbers) and numbers < [1, 9]
