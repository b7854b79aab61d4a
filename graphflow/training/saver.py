"""`tf.train.Saver`: saves variables to checkpoints and restores them.

State of a Saver: which checkpoints it wrote, so that old ones can go. The nodes it adds are
`saver_builder`'s, files are found and removed by `checkpoint_management`.
"""

import logging
import math
import os
import time

from graphflow.client.session import BaseSession
from graphflow.framework import errors
from graphflow.framework.api import tf_export
from graphflow.framework.graph import GraphKeys, get_collection_ref
from graphflow.framework.meta_graph import prepend_name_scope, strip_name_scope
from graphflow.training import checkpoint_management, meta_graph
from graphflow.training.restore_errors import check_shapes, explained, is_object_based
from graphflow.training.saveable import all_saveable_objects
from graphflow.training.saver_builder import V2, BulkSaverBuilder

_FIELDS = ("filename_tensor_name", "save_tensor_name", "restore_op_name")
_logger = logging.getLogger("graphflow")


@tf_export("train.Saver")
class Saver:
    """Saves and restores variables.

    Args:
      var_list: list of variables, or {name in the checkpoint: variable}; all by default.
      reshape: lets a variable be restored from a tensor of another shape with as many elements.
      sharded: one data file per device.
      max_to_keep: how many checkpoints to keep; None or 0 keeps all.
      keep_checkpoint_every_n_hours: keeps one for good for every so many hours.
      name: name scope of the nodes, "save" by default.
      restore_sequentially: for compatibility; reading is sequential.
      saver_def: SaverDef of nodes that are in the graph already.
      builder: makes the nodes. defer_build: leaves that to `build()`.
      allow_empty: without variables, makes a saver that does nothing instead of ValueError.
      write_version: V2. pad_step_number: writes steps with eight digits.
      save_relative_paths: the state file then survives moving the folder.
      filename: default of the filename tensor.
    Raises TypeError for what cannot be saved, ValueError for names used twice or no variables.

    Example:
      >>> import graphflow as tf, tempfile
      >>> v = tf.Variable([1.0, 2.0], name="v")
      >>> saver = tf.train.Saver()
      >>> with tf.Session() as sess:
      ...     sess.run(tf.global_variables_initializer())
      ...     path = saver.save(sess, tempfile.mkdtemp() + "/model", global_step=3)
      ...     saver.restore(sess, path)
      >>> path.endswith("model-3")
      True
    """

    def __init__(
        self,
        var_list=None,
        reshape=False,
        sharded=False,
        max_to_keep=5,
        keep_checkpoint_every_n_hours=10000.0,
        name=None,
        restore_sequentially=False,
        saver_def=None,
        builder=None,
        defer_build=False,
        allow_empty=False,
        write_version=V2,
        pad_step_number=False,
        save_relative_paths=False,
        filename=None,
    ):
        if defer_build and var_list:
            raise ValueError(
                "If `var_list` is provided then build cannot be deferred. Either set "
                "defer_build=False or "
                "var_list=None."
            )
        if write_version != V2:
            raise errors.UnimplementedError(
                None, None, "Only V2 checkpoints can be written: use tf.train.Saver(write_version=tf.train.SaverDef.V2)"
            )
        self._var_list = var_list
        self._name = name
        self._builder = builder
        self._allow_empty = allow_empty
        self._pad_step_number = pad_step_number
        self._save_relative_paths = save_relative_paths
        self._filename = filename
        self._build_arguments = {
            "reshape": reshape,
            "sharded": sharded,
            "max_to_keep": max_to_keep,
            "keep_checkpoint_every_n_hours": keep_checkpoint_every_n_hours,
            "restore_sequentially": restore_sequentially,
        }
        self._sharded = sharded
        self._is_built = False
        self._is_empty = None
        self._last_checkpoints = []  # (prefix, time), oldest first
        self._checkpoints_to_be_deleted = []
        self.saver_def = self._copied(saver_def)
        if not defer_build:
            self.build()
        if self.saver_def is not None:
            self._check_saver_def()

    @staticmethod
    def _copied(saver_def):
        """A copy, so that adding a scope does not change the caller's message (of whatever package)."""
        from graphflow import protobuf

        if saver_def is None or not hasattr(saver_def, "SerializeToString"):
            return saver_def
        return protobuf.SaverDef.FromString(saver_def.SerializeToString())

    def build(self):
        """Adds the nodes, if `defer_build` had put that off."""
        if self._is_built:
            return
        self._is_built = True
        if self.saver_def is None:
            if self._var_list is None:
                self._var_list = all_saveable_objects()
            if not self._var_list:
                if not self._allow_empty:
                    raise ValueError("No variables to save")
                self._is_empty = True
                return
            builder = self._builder or BulkSaverBuilder()
            self.saver_def = builder.build(
                self._var_list, name=self._name, filename=self._filename, **self._build_arguments
            )
        elif self._name:
            self._check_saver_def()
            for field in _FIELDS:
                setattr(self.saver_def, field, prepend_name_scope(getattr(self.saver_def, field), self._name))
        self._is_empty = False
        self._check_saver_def()
        self._next_checkpoint_time = time.time() + self.saver_def.keep_checkpoint_every_n_hours * 3600

    def _check_saver_def(self):
        from graphflow import protobuf

        if not isinstance(self.saver_def, protobuf.SaverDef):
            raise ValueError(f"saver_def must be a saver_pb2.SaverDef: {self.saver_def}")
        for field in _FIELDS[1:]:
            if not getattr(self.saver_def, field):
                raise ValueError(f"saver_def must specify the {field}: {self.saver_def}")

    # ---- which checkpoints there are

    def _record_last_checkpoint(self, path):
        if not self.saver_def.max_to_keep:
            return
        self._last_checkpoints = [pair for pair in self._last_checkpoints if pair[0] != path]
        self._last_checkpoints.append((path, time.time()))
        if len(self._last_checkpoints) > self.saver_def.max_to_keep:
            self._checkpoints_to_be_deleted.append(self._last_checkpoints.pop(0))

    def _maybe_delete_old_checkpoints(self, meta_graph_suffix="meta"):
        """Deletes the oldest checkpoint that is too many, unless it is due to be kept for good."""
        if not self._checkpoints_to_be_deleted:
            return
        path, written = self._checkpoints_to_be_deleted.pop(0)
        if written > self._next_checkpoint_time:
            self._next_checkpoint_time += self.saver_def.keep_checkpoint_every_n_hours * 3600
            return
        try:
            checkpoint_management.remove_checkpoint(path, self.saver_def.version, meta_graph_suffix)
        except OSError as error:
            _logger.warning("Ignoring: %s", error)

    @property
    def last_checkpoints(self):
        """Prefixes of the checkpoints that were not deleted yet, oldest first."""
        return [path for path, _ in self._last_checkpoints]

    def set_last_checkpoints(self, last_checkpoints):
        """Deprecated: sets `last_checkpoints`, of unknown age."""
        if not isinstance(last_checkpoints, list):
            raise AssertionError("last_checkpoints must be a list")
        self._last_checkpoints = [(path, math.inf) for path in last_checkpoints]

    def set_last_checkpoints_with_time(self, last_checkpoints_with_time):
        """Sets `last_checkpoints`, as (prefix, time in seconds) pairs."""
        if not isinstance(last_checkpoints_with_time, list):
            raise AssertionError("last_checkpoints_with_time must be a list")
        self._last_checkpoints = last_checkpoints_with_time

    def recover_last_checkpoints(self, checkpoint_paths):
        """Sets `last_checkpoints` to those of `checkpoint_paths` that exist, after a restart."""
        found = []
        for path in checkpoint_paths:
            times = checkpoint_management.get_checkpoint_mtimes([path])
            if times:
                found.append((path, times[0]))
        self.set_last_checkpoints_with_time(found)

    # ---- saving

    def save(
        self,
        sess,
        save_path,
        global_step=None,
        latest_filename=None,
        meta_graph_suffix="meta",
        write_meta_graph=True,
        write_state=True,
        strip_default_attrs=False,
        save_debug_info=False,
    ):
        """Saves the variables' values in `sess`; returns the checkpoint's prefix.

        Args:
          save_path: prefix of the files. global_step: number, tensor or its name, put after it.
          latest_filename: name of the state file, "checkpoint" by default.
          meta_graph_suffix: suffix of the meta graph's file. write_meta_graph: whether to write one.
          write_state: whether to write the state file, and delete old checkpoints.
          strip_default_attrs, save_debug_info: see `export_meta_graph`.
        The checkpoint replaces an older one of its name only when it is complete, and nothing old is
        deleted before that. Returns None for an empty saver. Raises TypeError if `sess` is no
        Session, ValueError for a bad `latest_filename` or a missing folder, RuntimeError before
        `build()`, and `tf.errors` for what the file system refuses.
        """
        if not self._is_built:
            raise RuntimeError("`build()` should be called before save if defer_build==True")
        latest_filename = latest_filename or "checkpoint"
        if os.path.split(latest_filename)[0]:
            raise ValueError("'latest_filename' must not contain path components")
        if not isinstance(sess, BaseSession):
            raise TypeError(f"'sess' must be a Session; {sess}")
        save_path = os.fsdecode(save_path)
        checkpoint_file = self._with_step(sess, save_path, global_step)
        if global_step is None and os.path.basename(save_path) == latest_filename and not self._sharded:
            raise ValueError(f"'latest_filename' collides with 'save_path': '{latest_filename}' and '{save_path}'")
        path = None if self._is_empty else self._write(sess, checkpoint_file, save_path)
        if write_meta_graph:
            with sess.graph.as_default():
                self.export_meta_graph(
                    checkpoint_management.meta_graph_filename(checkpoint_file, meta_graph_suffix),
                    strip_default_attrs=strip_default_attrs,
                    save_debug_info=save_debug_info,
                )
        if path is not None and write_state:
            self._record_last_checkpoint(path)
            checkpoint_management.write_checkpoint_state(
                os.path.dirname(save_path), path, self.last_checkpoints, latest_filename, self._save_relative_paths
            )
            self._maybe_delete_old_checkpoints(meta_graph_suffix)
        checkpoint_management.remove_leftovers(save_path, latest_filename)
        return path

    def _with_step(self, sess, save_path, global_step):
        if global_step is None:
            return save_path
        if hasattr(global_step, "graph") or isinstance(global_step, str):
            global_step = sess.run(global_step)
        return f"{save_path}-{int(global_step):0{8 if self._pad_step_number else 1}d}"

    def _write(self, sess, checkpoint_file, save_path):
        """Runs the nodes that save; returns the prefix that they report."""
        try:
            path = sess.run(self.saver_def.save_tensor_name, {self.saver_def.filename_tensor_name: checkpoint_file})
        except (errors.FailedPreconditionError, errors.NotFoundError) as error:
            folder = os.path.dirname(save_path)
            if folder and not os.path.isdir(folder):
                raise ValueError(f"Parent directory of {save_path} doesn't exist, can't save.") from error
            raise
        return os.fsdecode(path)

    # ---- restoring

    def restore(self, sess, save_path):
        """Sets the variables in `sess` to what the checkpoint `save_path` says; they need no value before.

        Raises ValueError if there is no such checkpoint, NotFoundError if it lacks some of them, and
        InvalidArgumentError if dtypes or shapes differ; then no variable has been changed.
        """
        if self._is_empty:
            return
        if save_path is None:
            raise ValueError("Can't load save_path when it is None.")
        save_path = os.fsdecode(save_path)
        if not checkpoint_management.checkpoint_exists(save_path):
            raise ValueError(f"The passed save_path is not a valid checkpoint: {save_path}")
        _logger.info("Restoring parameters from %s", save_path)
        try:
            check_shapes(sess.graph.get_operation_by_name(self.saver_def.restore_op_name), save_path)
            sess.run(self.saver_def.restore_op_name, {self.saver_def.filename_tensor_name: save_path})
        except errors.NotFoundError as error:
            hint = "a Variable name or other graph key that is missing"
            if is_object_based(save_path):
                hint += " (the checkpoint is an object-based one, of tf.train.Checkpoint, which is not supported)"
            raise explained(error, hint) from None
        except errors.InvalidArgumentError as error:
            raise explained(error, "a mismatch between the current graph and the graph") from None

    # ---- protocol buffers

    def as_saver_def(self):
        """The SaverDef of this saver."""
        return self.saver_def

    def to_proto(self, export_scope=None):
        """The SaverDef, without the name scope `export_scope`; None if the nodes are not below it."""
        if export_scope is None or self.saver_def is None:
            return self.saver_def
        if not all(getattr(self.saver_def, field).startswith(export_scope) for field in _FIELDS):
            return None
        result = self._copied(self.saver_def)
        for field in _FIELDS:
            setattr(result, field, strip_name_scope(getattr(result, field), export_scope))
        return result

    @staticmethod
    def from_proto(saver_def, import_scope=None):
        """The Saver of nodes in the graph, below `import_scope`."""
        return Saver(saver_def=saver_def, name=import_scope)

    def export_meta_graph(
        self,
        filename=None,
        collection_list=None,
        as_text=False,
        export_scope=None,
        clear_devices=False,
        clear_extraneous_savers=False,
        strip_default_attrs=False,
        save_debug_info=False,
    ):
        """`tf.train.export_meta_graph` of the default graph with this saver."""
        return meta_graph.export_meta_graph(
            filename=filename,
            saver_def=self.saver_def,
            collection_list=collection_list,
            as_text=as_text,
            export_scope=export_scope,
            clear_devices=clear_devices,
            clear_extraneous_savers=clear_extraneous_savers,
            strip_default_attrs=strip_default_attrs,
            save_debug_info=save_debug_info,
        )


def _get_saver_or_default():
    """The saver in `GraphKeys.SAVERS`, or a new one for everything, put there.

    Raises RuntimeError if there are several.
    """
    savers = get_collection_ref(GraphKeys.SAVERS)
    if len(savers) > 1:
        raise RuntimeError(
            f"More than one item in collection {GraphKeys.SAVERS}. Please indicate which one to "
            "use by "
            "passing it to the constructor."
        )
    if not savers:
        savers.append(Saver(sharded=True, allow_empty=True))
    return savers[0]
