"""`tf.saved_model.Builder`: writes a model's graphs, variables and files to a folder in TensorFlow's format.

State of a Builder: the SavedModel message so far, and whether the variables are written.
"""

import filecmp
import os

from graphflow.framework import dtypes, scopes
from graphflow.framework.api import tf_export
from graphflow.framework.graph import GraphKeys
from graphflow.framework.operation import Operation
from graphflow.framework.static_value import constant_value
from graphflow.framework.tensor import Tensor
from graphflow.io.atomic_file import write_atomically
from graphflow.platform import gfile
from graphflow.platform import tf_logging as logging
from graphflow.saved_model import names
from graphflow.saved_model.signatures import predict_signature_def
from graphflow.training.saveable import all_saveable_objects
from graphflow.training.saver import Saver

_ASSET_TYPE = "type.googleapis.com/tensorflow.AssetFileDef"


@tf_export("saved_model.Builder", "saved_model.builder.SavedModelBuilder")
class SavedModelBuilder:
    """Writes a SavedModel: any number of tagged graphs that share their variables.

    Args: export_dir: the folder, which must be new or empty. Raises AssertionError if it has files.

    Example:
      >>> import graphflow as tf, os, tempfile
      >>> folder = os.path.join(tempfile.mkdtemp(), "1")
      >>> x = tf.placeholder(tf.float32, name="x")
      >>> y = x * tf.Variable(3.0)
      >>> builder = tf.saved_model.Builder(folder)
      >>> with tf.Session() as sess:
      ...     sess.run(tf.global_variables_initializer())
      ...     builder.add_meta_graph_and_variables(sess, ["serve"], {
      ...         "serving_default": tf.saved_model.predict_signature_def({"x": x}, {"y": y})})
      >>> os.path.basename(builder.save())
      b'saved_model.pb'
    """

    def __init__(self, export_dir):
        from graphflow import protobuf

        self._saved_model = protobuf.SavedModel(saved_model_schema_version=names.SAVED_MODEL_SCHEMA_VERSION)
        self._export_dir = os.fsdecode(export_dir)
        if gfile.exists(self._export_dir) and gfile.listdir(self._export_dir):
            raise AssertionError(
                "Export directory already exists, and isn't empty. Please choose a different export directory, or "
                f"delete all the contents of the specified directory: {self._export_dir}")
        gfile.makedirs(self._export_dir)
        self._has_saved_variables = False

    def add_meta_graph(self, tags, signature_def_map=None, assets_collection=None, legacy_init_op=None,
                       clear_devices=False, main_op=None, strip_default_attrs=False, saver=None):
        """Adds the default graph under more tags; its variables are those that were saved before.

        Args: as for `add_meta_graph_and_variables`, which must have been called; AssertionError otherwise.
        """
        if not self._has_saved_variables:
            raise AssertionError("Graph state including variables and assets has not been saved yet. Please invoke "
                                 "`add_meta_graph_and_variables()` first.")
        _check_signatures(signature_def_map or {})
        self._add_collections(assets_collection, legacy_init_op if main_op is None else main_op)
        self._add(tags, signature_def_map, saver or _default_saver(), clear_devices, strip_default_attrs)

    def add_meta_graph_and_variables(self, sess, tags, signature_def_map=None, assets_collection=None,
                                     legacy_init_op=None, clear_devices=False, main_op=None,
                                     strip_default_attrs=False, saver=None):
        """Saves the variables' values in a session, and adds the default graph.

        Args:
          sess: the Session. tags: list of strings that tell the graph from others, such as "serve".
          signature_def_map: {name: SignatureDef}. assets_collection: constants with paths of files to copy along.
          main_op: operation to run after the variables are restored; legacy_init_op is its older name.
          clear_devices: leaves devices out. strip_default_attrs: leaves out attributes with default values.
          saver: a Saver, one of everything by default.
        Raises AssertionError if variables were saved before or a TensorInfo is incomplete, TypeError and ValueError
        for what cannot be a main op or an asset.
        """
        if self._has_saved_variables:
            raise AssertionError("Graph state including variables and assets has already been saved. Please invoke "
                                 "`add_meta_graph()` instead.")
        _check_signatures(signature_def_map or {})
        self._add_collections(assets_collection, legacy_init_op if main_op is None else main_op)
        folder = os.path.join(self._export_dir, names.VARIABLES_DIRECTORY)
        gfile.makedirs(folder)
        saver = saver or _default_saver()
        saver.save(sess, os.path.join(folder, names.VARIABLES_FILENAME), write_meta_graph=False, write_state=False)
        self._add(tags, signature_def_map, saver, clear_devices, strip_default_attrs)
        self._has_saved_variables = True

    def save(self, as_text=False):
        """Writes the SavedModel message; returns its path, as bytes. Args: as_text: as text."""
        from google.protobuf import text_format

        gfile.makedirs(self._export_dir)
        path = os.path.join(
            self._export_dir, names.SAVED_MODEL_FILENAME_PBTXT if as_text else names.SAVED_MODEL_FILENAME_PB)
        message = self._saved_model
        write_atomically(
            path, text_format.MessageToString(message).encode() if as_text else message.SerializeToString())
        logging.info("SavedModel written to: %s", path)
        return os.fsencode(path)

    def _add(self, tags, signature_def_map, saver, clear_devices, strip_default_attrs):
        meta_graph_def = saver.export_meta_graph(clear_devices=clear_devices, strip_default_attrs=strip_default_attrs)
        meta_graph_def.meta_info_def.tags.extend(tags)
        for key, signature in (signature_def_map or {}).items():
            meta_graph_def.signature_def[key].MergeFromString(signature.SerializeToString())
        self._saved_model.meta_graphs.add().CopyFrom(meta_graph_def)

    def _add_collections(self, assets, main_op):
        """Puts assets (and copies them) and the main op into their collections."""
        self._copy_assets(assets or ())
        if main_op is None:
            return
        if not isinstance(main_op, Operation):
            raise TypeError(f"main_op needs to be an Operation: {main_op!r}")
        graph = scopes.get_default_graph()
        for key in (names.MAIN_OP_KEY, names.LEGACY_INIT_OP_KEY):
            if graph.get_collection(key):
                raise ValueError(f"Graph already contains one or more main ops under the collection {key}.")
        graph.add_to_collection(names.MAIN_OP_KEY, main_op)

    def _copy_assets(self, tensors):
        sources = {}  # name in the folder of assets: path
        for tensor in tensors:
            path = _asset_path(tensor)
            name = _asset_name(path, sources)
            sources[name] = path
            scopes.get_default_graph().add_to_collection(names.ASSETS_KEY, _asset_message(name, tensor))
        if not sources:
            logging.info("No assets to write.")
            return
        folder = os.path.join(self._export_dir, names.ASSETS_DIRECTORY)
        gfile.makedirs(folder)
        for name, path in sources.items():
            target = os.path.join(folder, name)
            if not gfile.exists(target):
                gfile.copy(path, target)
        logging.info("Assets written to: %s", folder)


@tf_export("saved_model.simple_save")
def simple_save(session, export_dir, inputs, outputs, legacy_init_op=None):
    """Saves the session's graph and variables for serving.

    Args:
      session: the Session. export_dir: a new folder. inputs, outputs: {name: tensor} of the signature
        "serving_default". legacy_init_op: operation to run after loading.

    Example:
      >>> import graphflow as tf, os, tempfile
      >>> folder = os.path.join(tempfile.mkdtemp(), "1")
      >>> x = tf.placeholder(tf.float32, name="x")
      >>> y = x * tf.Variable(3.0)
      >>> with tf.Session() as sess:
      ...     sess.run(tf.global_variables_initializer())
      ...     tf.saved_model.simple_save(sess, folder, {"x": x}, {"y": y})
      >>> with tf.Session(graph=tf.Graph()) as sess:
      ...     signature = tf.saved_model.load(sess, ["serve"], folder).signature_def["serving_default"]
      ...     print(sess.run(signature.outputs["y"].name, {signature.inputs["x"].name: 2.0}))
      6.0
    """
    builder = SavedModelBuilder(export_dir)
    builder.add_meta_graph_and_variables(
        session, [names.SERVING],
        {names.DEFAULT_SERVING_SIGNATURE_DEF_KEY: predict_signature_def(inputs, outputs)},
        assets_collection=scopes.get_default_graph().get_collection(GraphKeys.ASSET_FILEPATHS),
        main_op=legacy_init_op, clear_devices=True)
    builder.save()


def _default_saver():
    return Saver(all_saveable_objects(), sharded=True, allow_empty=True)


def _check_signatures(signature_def_map):
    for signature in signature_def_map.values():
        for info in (*signature.inputs.values(), *signature.outputs.values()):
            if info.WhichOneof("encoding") is None:
                raise AssertionError("All TensorInfo protos used in the SignatureDefs must have one of the 'encoding' "
                                     f"fields (e.g., name or coo_sparse) set: {info}")
            if not info.dtype:
                raise AssertionError("All TensorInfo protos used in the SignatureDefs must have the dtype field set: "
                                     f"{info}")
    for key, use in ((names.INIT_OP_SIGNATURE_KEY, "initialization"), (names.TRAIN_OP_SIGNATURE_KEY, "the train op")):
        if key in signature_def_map:
            raise KeyError(f'SignatureDef map key "{key}" is reserved for {use}. Please use a different key.')


def _asset_path(tensor):
    """The path that a constant holds."""
    if not isinstance(tensor, Tensor):
        raise TypeError("Asset path tensor must be a Tensor.")
    if tensor.op.type != "Const":
        raise TypeError("Asset path tensor must be of type constant.")
    if tensor.dtype != dtypes.string:
        raise TypeError("Asset path tensor must be of dtype string.")
    value = constant_value(tensor)
    if value.size != 1:
        raise TypeError("Asset path tensor must be a scalar.")
    if not value.item():
        raise ValueError(f"Invalid asset filepath tensor {tensor}")
    return os.fsdecode(value.item())


def _asset_name(path, sources):
    """The name of a file in the folder of assets; equal files share one."""
    base = name = os.path.basename(path)
    count = 0
    while name in sources and sources[name] != path and not filecmp.cmp(sources[name], path, shallow=False):
        count += 1
        name = f"{base}_{count}"
    return name


def _asset_message(name, tensor):
    """An AssetFileDef, wrapped as TensorFlow's readers expect it in a collection."""
    from graphflow import protobuf

    asset = protobuf.AssetFileDef(filename=name)
    asset.tensor_info.name = tensor.name
    wrapped = protobuf.MetaGraphDef.MetaInfoDef().any_info
    wrapped.type_url, wrapped.value = _ASSET_TYPE, asset.SerializeToString()
    return wrapped
