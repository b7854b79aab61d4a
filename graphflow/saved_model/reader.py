"""`tf.saved_model.load`: brings a SavedModel's graph, variables and files into a session.

Holds no state but what a SavedModelLoader read.
"""

import os

from graphflow.framework import errors, scopes
from graphflow.framework.api import tf_export
from graphflow.framework.meta_graph import prepend_name_scope
from graphflow.platform import gfile
from graphflow.platform import tf_logging as logging
from graphflow.saved_model import names
from graphflow.training.meta_graph import _import_meta_graph_with_return_elements
from graphflow.training.saveable import all_saveable_objects


def parse_saved_model(export_dir):
    """The SavedModel message in a folder; IOError if there is none or it cannot be understood."""
    from google.protobuf import message, text_format

    from graphflow import protobuf

    folder = os.fsdecode(export_dir)
    for name in (names.SAVED_MODEL_FILENAME_PB, names.SAVED_MODEL_FILENAME_PBTXT):
        path = os.path.join(folder, name)
        if not gfile.exists(path):
            continue
        with gfile.GFile(path, "rb") as file:
            data = file.read()
        try:
            if name == names.SAVED_MODEL_FILENAME_PB:
                return protobuf.SavedModel.FromString(data)
            return text_format.Parse(data.decode(), protobuf.SavedModel())
        except (message.DecodeError, text_format.ParseError, UnicodeDecodeError) as error:
            raise OSError(f"Cannot parse file {path}: {error}.") from None
    raise OSError(f"SavedModel file does not exist at: {folder}/{{{names.SAVED_MODEL_FILENAME_PBTXT}|"
                  f"{names.SAVED_MODEL_FILENAME_PB}}}")


@tf_export("saved_model.contains_saved_model", "saved_model.maybe_saved_model_directory",
           "saved_model.loader.maybe_saved_model_directory")
def maybe_saved_model_directory(export_dir):
    """Whether a folder seems to have a SavedModel: a file of its name."""
    return any(gfile.exists(os.path.join(export_dir, name))
               for name in (names.SAVED_MODEL_FILENAME_PB, names.SAVED_MODEL_FILENAME_PBTXT))


@tf_export("saved_model.load", "saved_model.loader.load")
def load(sess, tags, export_dir, import_scope=None, **saver_kwargs):
    """Loads a SavedModel into a session's graph, restores its variables and runs its main op.

    Args:
      sess: the Session. tags: list of strings, exactly those of the graph wanted. export_dir: the folder.
      import_scope: name scope to put the graph below. **saver_kwargs: see `tf.train.import_meta_graph`.
    Returns: the MetaGraphDef, whose `signature_def` names inputs and outputs.
    Raises RuntimeError if no graph has these tags, IOError if there is no SavedModel.
    """
    return SavedModelLoader(export_dir).load(sess, tags, import_scope, **saver_kwargs)


class SavedModelLoader:
    """A SavedModel in a folder, to be loaded as a whole or in parts."""

    def __init__(self, export_dir):
        self._export_dir = os.fsdecode(export_dir)
        self._saved_model = parse_saved_model(export_dir)

    @property
    def export_dir(self):
        return self._export_dir

    @property
    def variables_path(self):
        """Prefix of the checkpoint."""
        return os.path.join(self._export_dir, names.VARIABLES_DIRECTORY, names.VARIABLES_FILENAME)

    @property
    def saved_model(self):
        """The SavedModel message."""
        return self._saved_model

    def get_meta_graph_def_from_tags(self, tags):
        """The MetaGraphDef with exactly these tags; RuntimeError without one."""
        available = [set(graph.meta_info_def.tags) for graph in self._saved_model.meta_graphs]
        for graph, its_tags in zip(self._saved_model.meta_graphs, available):
            if its_tags == set(tags):
                return graph
        raise RuntimeError(
            f"MetaGraphDef associated with tags {str(tags).strip('[]')} could not be found in SavedModel. To inspect "
            f"available tag-sets in the SavedModel, please use the SavedModel CLI: `saved_model_cli`\n"
            f"available_tags: {available}")

    def load_graph(self, graph, tags, import_scope=None, **saver_kwargs):
        """(a Saver or None, the elements asked for) after adding the graph to `graph`."""
        with graph.as_default():
            return _import_meta_graph_with_return_elements(
                self.get_meta_graph_def_from_tags(tags), import_scope=import_scope, **saver_kwargs)

    def restore_variables(self, sess, saver, import_scope=None):
        """Restores the variables; ValueError if there are some and no saver."""
        with sess.graph.as_default():
            if saver is not None:
                saver.restore(sess, self.variables_path)
            elif all_saveable_objects(scope=import_scope):
                raise ValueError("No tf.train.Saver object was passed to the function "
                                 "SavedModelLoader.restore_variables. Since there are variables in the graph, a saver "
                                 "is required.")
            else:
                logging.info("The specified SavedModel has no variables; no checkpoints were restored.")

    def run_init_ops(self, sess, tags, import_scope=None):
        """Runs the main op, with the paths of assets as they are now."""
        meta_graph_def = self.get_meta_graph_def_from_tags(tags)
        with sess.graph.as_default():
            assets = self._asset_feeds(meta_graph_def, import_scope)
            init_op = _init_op(meta_graph_def, import_scope)
            if init_op is not None:
                sess.run([init_op], feed_dict=assets)

    def load(self, sess, tags, import_scope=None, **saver_kwargs):
        """All of it; returns the MetaGraphDef."""
        saver, _ = self.load_graph(sess.graph, tags, import_scope, **saver_kwargs)
        self.restore_variables(sess, saver, import_scope)
        self.run_init_ops(sess, tags, import_scope)
        return self.get_meta_graph_def_from_tags(tags)

    def _asset_feeds(self, meta_graph_def, import_scope):
        """{name of the constant: path of its file here}."""
        from graphflow import protobuf

        assets = list(meta_graph_def.asset_file_def)
        if not assets and names.ASSETS_KEY in meta_graph_def.collection_def:
            wrapped = meta_graph_def.collection_def[names.ASSETS_KEY].any_list.value
            assets = [protobuf.AssetFileDef.FromString(item.value) for item in wrapped]
        return {prepend_name_scope(asset.tensor_info.name, import_scope):
                os.path.join(self._export_dir, names.ASSETS_DIRECTORY, asset.filename) for asset in assets}


def _init_op(meta_graph_def, import_scope):
    """The operation to run after loading, or None."""
    graph = scopes.get_default_graph()
    if names.INIT_OP_SIGNATURE_KEY in meta_graph_def.signature_def:
        name = meta_graph_def.signature_def[names.INIT_OP_SIGNATURE_KEY].outputs[names.INIT_OP_SIGNATURE_KEY].name
        try:
            return graph.as_graph_element(prepend_name_scope(name, import_scope))
        except KeyError:
            raise errors.NotFoundError(
                None, None, f"The {names.INIT_OP_SIGNATURE_KEY} of the SavedModel could not be found in its graph: "
                f"{name}") from None
    for key in (names.MAIN_OP_KEY, names.LEGACY_INIT_OP_KEY):
        if key not in meta_graph_def.collection_def:
            continue
        found = meta_graph_def.collection_def[key].node_list.value
        if len(found) != 1:
            raise RuntimeError(f"Expected exactly one SavedModel init op. Found: {list(found)}")
        return graph.as_graph_element(prepend_name_scope(found[0], import_scope))
    return None
