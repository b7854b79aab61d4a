"""`freeze_graph`: a graph with the values of a checkpoint as constants, in one GraphDef.

It is what `tensorflow.python.tools.freeze_graph` has; `tf.graph_util.convert_variables_to_constants` does the
replacing. Holds no state.
"""

import contextlib

from graphflow.client.session import Session
from graphflow.framework import dtypes, raw_ops
from graphflow.framework.graph import Graph
from graphflow.framework.graph_util import convert_variables_to_constants
from graphflow.framework.importer import import_graph_def
from graphflow.platform import gfile
from graphflow.saved_model.reader import load
from graphflow.training.checkpoint_management import checkpoint_exists
from graphflow.training.checkpoint_reader import NewCheckpointReader
from graphflow.training.meta_graph import import_meta_graph, read_meta_graph_file
from graphflow.training.saver import Saver


def _read(path, message, binary):
    """A message in a file, binary or as text."""
    from google.protobuf import text_format

    with gfile.GFile(path, "rb") as file:
        data = file.read()
    return type(message).FromString(data) if binary else text_format.Parse(data.decode(), message)


def freeze_graph(input_graph, input_saver, input_binary, input_checkpoint, output_node_names, restore_op_name,
                 filename_tensor_name, output_graph, clear_devices, initializer_nodes, variable_names_whitelist="",
                 variable_names_blacklist="", input_meta_graph=None, input_saved_model_dir=None,
                 saved_model_tags="serve", checkpoint_version=2):
    """Writes a graph whose variables are constants; returns its GraphDef.

    Args:
      input_graph: file with a GraphDef; or input_meta_graph: file with a MetaGraphDef; or input_saved_model_dir: folder
        of a SavedModel, with saved_model_tags. input_binary: whether the files are binary, else text.
      input_saver: file with a SaverDef, or "". input_checkpoint: prefix of the checkpoint.
      output_node_names: names of nodes, separated by commas: what they need is kept.
      restore_op_name, filename_tensor_name: not used. output_graph: file to write, or "".
      clear_devices: whether to leave devices out. initializer_nodes: names of nodes to run before, for a MetaGraphDef.
      variable_names_whitelist, variable_names_blacklist: names of variables, separated by commas, that become, or don't
        become, constants. checkpoint_version: for compatibility.
    Raises ValueError without a graph, a checkpoint or names of nodes.
    """
    from graphflow import protobuf

    if input_saved_model_dir is None and not checkpoint_exists(input_checkpoint):
        raise ValueError(f"Input checkpoint '{input_checkpoint}' doesn't exist!")
    names = [name.strip() for name in output_node_names.split(",") if name.strip()]
    if not names:
        raise ValueError("You need to supply the name of a node to --output_node_names.")
    with Graph().as_default() as graph, Session() as session:
        if input_meta_graph:
            message = read_meta_graph_file(input_meta_graph)
            import_meta_graph(message, clear_devices=True).restore(session, input_checkpoint)
            if initializer_nodes:
                session.run([graph.as_graph_element(name.strip()) for name in initializer_nodes.split(",")])
        elif input_saved_model_dir:
            tags = [tag.strip() for tag in saved_model_tags.split(",")]
            load(session, tags, input_saved_model_dir)
        elif input_graph:
            graph_def = _read(input_graph, protobuf.GraphDef(), input_binary)
            if clear_devices:
                for node in graph_def.node:
                    node.device = ""
            import_graph_def(graph_def, name="")
            saver_def = _read(input_saver, protobuf.SaverDef(), input_binary) if input_saver else None
            _restore(session, saver_def, input_checkpoint)
        else:
            raise ValueError("freeze_graph needs one of input_graph, input_meta_graph and input_saved_model_dir")
        graph_def = graph.as_graph_def()
        if clear_devices:
            for node in graph_def.node:
                node.device = ""
        frozen = convert_variables_to_constants(
            session, graph_def, names, _names(variable_names_whitelist), _names(variable_names_blacklist))
    if output_graph:
        with gfile.GFile(output_graph, "wb") as file:
            file.write(frozen.SerializeToString())
    return frozen


def _names(text):
    return text.replace(" ", "").split(",") if text else None


def _restore(session, saver_def, checkpoint):
    """Restores by the graph's own saver, or all variables that the checkpoint has, by name."""
    if saver_def is not None:
        Saver(saver_def=saver_def).restore(session, checkpoint)
        return
    found = {}
    for name in NewCheckpointReader(checkpoint).get_variable_to_shape_map():
        with contextlib.suppress(KeyError):
            tensor = session.graph.get_tensor_by_name(name + ":0")
            if tensor.dtype == dtypes.resource:
                found[name] = raw_ops.ReadVariableOp(tensor, dtype=tensor.op.get_attr("dtype"))
            elif tensor.dtype._is_ref_dtype:
                found[name] = tensor
    Saver(found).restore(session, checkpoint)
