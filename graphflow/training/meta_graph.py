"""`tf.train.export_meta_graph` and `import_meta_graph`: graphs with their collections, on disk.

The message itself is made and read in `graphflow/framework/meta_graph.py`. Holds no state.
"""

import logging
import os

from graphflow.framework import errors, scopes
from graphflow.framework import meta_graph as messages
from graphflow.framework.api import tf_export
from graphflow.framework.graph import GraphKeys
from graphflow.io.atomic_file import write_atomically
from graphflow.io.files import open_file, translated_errors
from graphflow.training.saveable import all_saveable_objects

_UNBOUND = "unbound_inputs"
_logger = logging.getLogger("graphflow")


def read_meta_graph_file(filename):
    """The MetaGraphDef in a file, binary or text; IOError if there is no such file, or no such message."""
    from google.protobuf import text_format
    from google.protobuf.message import DecodeError

    from graphflow import protobuf

    filename = os.fspath(filename)
    if not os.path.exists(filename):
        raise OSError(f"File {filename} does not exist.")
    with open_file(filename, "rb") as file, translated_errors(filename):
        data = file.read()
    try:
        return protobuf.MetaGraphDef.FromString(data)
    except DecodeError:
        pass  # then it may be text
    try:
        return text_format.Parse(data.decode("utf-8"), protobuf.MetaGraphDef())
    except (text_format.ParseError, UnicodeDecodeError) as error:
        raise OSError(f"Cannot parse file {filename}: {error}.") from error


@tf_export("train.export_meta_graph")
def export_meta_graph(
    filename=None,
    meta_info_def=None,
    graph_def=None,
    saver_def=None,
    collection_list=None,
    as_text=False,
    graph=None,
    export_scope=None,
    clear_devices=False,
    clear_extraneous_savers=False,
    strip_default_attrs=False,
    save_debug_info=False,
    **kwargs,
):
    """A MetaGraphDef of a graph, its collections and a saver; written to `filename` if that is given.

    Args:
      meta_info_def, graph_def, saver_def: parts to use. collection_list: keys of the collections to
        write, all by default. as_text: writes a text file. graph: the default graph if None.
      export_scope: only nodes below this name scope, which is taken off their names; what they take
        from elsewhere becomes an unbound input. clear_devices: leaves devices out.
      clear_extraneous_savers: leaves the nodes of other savers out.
      strip_default_attrs: leaves out attributes that have their default values.
      save_debug_info: not supported.
    Raises UnimplementedError for `save_debug_info`, and `tf.errors` for what the file system refuses.
    """
    if save_debug_info:
        raise errors.UnimplementedError(None, None, "save_debug_info=True (GraphDebugInfo files) is not supported")
    graph = graph or scopes.get_default_graph()
    excluded, unbound = (), []
    if graph_def is None:
        graph_def = graph.as_graph_def(add_shapes=True)
    if clear_extraneous_savers:
        excluded = messages.extraneous_saver_nodes(graph_def, saver_def)
    if export_scope or excluded or clear_devices:
        graph_def, unbound = messages.scoped_graph_def(graph_def, export_scope, excluded, clear_devices)
    result = messages.create_meta_graph_def(
        meta_info_def=meta_info_def,
        graph_def=graph_def,
        saver_def=saver_def,
        collection_list=collection_list,
        graph=graph,
        export_scope=export_scope,
        exclude_nodes=excluded,
        clear_extraneous_savers=clear_extraneous_savers,
        strip_default_attrs=strip_default_attrs,
        **kwargs,
    )
    if unbound:
        result.collection_def[_UNBOUND].bytes_list.value.extend(name.encode() for name in unbound)
    if filename:
        _write(result, os.fspath(filename), as_text)
    return result


def _write(message, filename, as_text):
    from google.protobuf import text_format

    folder = os.path.dirname(filename)
    if folder:
        with translated_errors(folder):
            os.makedirs(folder, exist_ok=True)
    text = text_format.MessageToString(message).encode() if as_text else message.SerializeToString()
    write_atomically(filename, text)


@tf_export("train.import_meta_graph")
def import_meta_graph(meta_graph_or_file, clear_devices=False, import_scope=None, **kwargs):
    """Adds the graph and the collections of a MetaGraphDef to the default graph.

    Args:
      meta_graph_or_file: the message, or the path of a file with one (`model.ckpt-10.meta`).
      clear_devices: leaves devices out. import_scope: name scope to put everything below.
      **kwargs: input_map {name of an unbound input: tensor}, restore_collections_predicate (function
        of a key).
    Returns: a Saver for it, or None if there are no variables. Raises IOError for a bad file,
      ValueError for unbound inputs without a tensor.
    """
    return _import_meta_graph_with_return_elements(meta_graph_or_file, clear_devices, import_scope, **kwargs)[0]


def _import_meta_graph_with_return_elements(
    meta_graph_or_file, clear_devices=False, import_scope=None, return_elements=None, **kwargs
):
    """`import_meta_graph`, with the graph elements asked for."""
    meta_graph_def = _as_message(meta_graph_or_file)
    imported, elements = _import_scoped(
        meta_graph_def, clear_devices, import_scope=import_scope, return_elements=return_elements, **kwargs
    )
    return _saver_of(meta_graph_def, import_scope, imported), elements


def _as_message(meta_graph_or_file):
    from graphflow import protobuf

    if isinstance(meta_graph_or_file, protobuf.MetaGraphDef):
        return meta_graph_or_file
    if getattr(getattr(meta_graph_or_file, "DESCRIPTOR", None), "name", None) == "MetaGraphDef":
        return protobuf.MetaGraphDef.FromString(meta_graph_or_file.SerializeToString())
    return read_meta_graph_file(meta_graph_or_file)


def _saver_of(meta_graph_def, import_scope, imported):
    """The Saver of an imported graph: its own, else one for all variables."""
    from graphflow.training.saver import Saver

    if meta_graph_def.HasField("saver_def"):
        scope = import_scope
        for key, variable in imported.items():
            # The scope may have been made unique; a variable's name shows how.
            scope = variable.name[: len(variable.name) - len(key)]
            break
        return Saver(saver_def=meta_graph_def.saver_def, name=scope)
    if all_saveable_objects(scope=import_scope):
        return Saver()
    _logger.info("Saver not created because there are no variables in the graph to restore")
    return None


def import_scoped_meta_graph(
    meta_graph_or_file,
    clear_devices=False,
    graph=None,
    import_scope=None,
    input_map=None,
    unbound_inputs_col_name=_UNBOUND,
    restore_collections_predicate=lambda key: True,
):
    """Adds a MetaGraphDef to a graph; returns {name without scope: variable} of its variables."""
    return _import_scoped(
        _as_message(meta_graph_or_file),
        clear_devices,
        graph,
        import_scope,
        input_map,
        unbound_inputs_col_name,
        restore_collections_predicate,
    )[0]


def _import_scoped(
    meta_graph_def,
    clear_devices=False,
    graph=None,
    import_scope=None,
    input_map=None,
    unbound_inputs_col_name=_UNBOUND,
    restore_collections_predicate=lambda key: True,
    return_elements=None,
):
    """({name without scope: variable}, elements) of a graph added to the default graph."""
    from graphflow.framework.importer import import_graph_def

    _check_unbound(meta_graph_def, input_map, unbound_inputs_col_name)
    graph_def = meta_graph_def.graph_def
    if clear_devices:
        graph_def = type(graph_def).FromString(graph_def.SerializeToString())
        for node in graph_def.node:
            node.ClearField("device")
    producer = meta_graph_def.meta_info_def
    producer = producer.stripped_op_list if producer.HasField("stripped_op_list") else None
    graph = graph or scopes.get_default_graph()
    with graph.as_default():
        scope = graph.unique_name(import_scope or "", mark_as_used=False)
        elements = import_graph_def(
            graph_def,
            name=import_scope or scope,
            input_map=input_map,
            producer_op_list=producer,
            return_elements=return_elements,
        )
        messages.restore_collections(
            meta_graph_def,
            graph,
            scope,
            lambda key: key != unbound_inputs_col_name and restore_collections_predicate(key),
        )
        found = graph.get_collection(GraphKeys.GLOBAL_VARIABLES, scope=scope)
    return {messages.strip_name_scope(v.name, scope): v for v in found}, elements


def _check_unbound(meta_graph_def, input_map, key):
    if not key or key not in meta_graph_def.collection_def:
        return
    names = [name.decode() for name in meta_graph_def.collection_def[key].bytes_list.value]
    missing = [name for name in names if name not in (input_map or {})]
    if names and (not input_map or sorted(names) != sorted(input_map)):
        raise ValueError(
            f"Graph contains unbound inputs: {','.join(missing)}. Must provide these inputs through input_map."
        )
