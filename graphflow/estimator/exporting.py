"""Writing an Estimator's model as a SavedModel. Holds no state."""

import os
import time

import graphflow as tf
from graphflow.estimator.estimator_spec import ModeKeys
from graphflow.estimator.export_outputs import build_all_signature_defs
from graphflow.framework import errors
from graphflow.saved_model import names

_TAGS = {ModeKeys.PREDICT: [names.SERVING]}
_ATTEMPTS = 10


def export_saved_models(estimator, export_dir_base, receiver_fns, assets_extra, as_text, checkpoint_path,
                        strip_default_attrs):
    """See `Estimator.export_saved_model`; `receiver_fns` is {mode: function}."""
    if not any(receiver_fns.values()):
        raise ValueError("An input_receiver_fn must be defined.")
    for mode in receiver_fns:
        if mode not in _TAGS:
            raise errors.UnimplementedError(
                None, None, f"Exporting the graph of mode {mode!r}: only ModeKeys.PREDICT, for serving, is supported")
    checkpoint_path = checkpoint_path or estimator.latest_checkpoint()
    if not checkpoint_path:
        raise ValueError(f"Couldn't find trained model at {estimator.model_dir}.")
    export_dir = _new_folder(os.fsdecode(export_dir_base))
    base, name = os.path.split(export_dir)
    # Servers watch for folders named by numbers: this one is complete when it gets its name.
    temporary = os.path.join(base, f"temp-{name}")
    builder = tf.saved_model.Builder(temporary)
    _add_graph(estimator, builder, receiver_fns[ModeKeys.PREDICT], checkpoint_path, strip_default_attrs)
    builder.save(as_text)
    for relative, source in (assets_extra or {}).items():
        target = os.path.join(temporary, names.EXTRA_ASSETS_DIRECTORY, relative)
        tf.gfile.MakeDirs(os.path.dirname(target))
        tf.gfile.Copy(source, target)
    tf.gfile.Rename(temporary, export_dir)
    return os.fsencode(export_dir)


def _new_folder(base):
    """A path below `base` named by the time, which nothing has yet; RuntimeError after some tries."""
    for _ in range(_ATTEMPTS):
        path = os.path.join(base, str(int(time.time())))
        if not tf.gfile.Exists(path):
            return path
        tf.logging.warning("Directory %s already exists; retrying", path)
        time.sleep(1)
    raise RuntimeError(f"Failed to obtain a unique export directory name after {_ATTEMPTS} attempts.")


def _add_graph(estimator, builder, receiver_fn, checkpoint_path, strip_default_attrs):
    with estimator._new_graph():
        receiver = receiver_fn()
        spec = estimator._call_model_fn(receiver.features, None, ModeKeys.PREDICT, estimator.config)
        signatures = build_all_signature_defs(
            receiver.receiver_tensors, spec.export_outputs, receiver.receiver_tensors_alternatives)
        scaffold = spec.scaffold
        saver = scaffold.saver or tf.train.Saver(sharded=True)
        main_op = scaffold.local_init_op
        if main_op is None:
            main_op = tf.train.Scaffold.default_local_init_op()
        with tf.Session(config=estimator.config.session_config) as session:
            try:
                saver.restore(session, checkpoint_path)
            except errors.NotFoundError as error:
                raise ValueError(
                    "Could not load all requested variables from checkpoint. Please make sure your model_fn does not "
                    "expect variables that were not saved in the checkpoint.\n\nEncountered error with mode "
                    f"`{ModeKeys.PREDICT}` while restoring checkpoint from: `{checkpoint_path}`. Full Traceback:\n\n"
                    f"{error}") from error
            builder.add_meta_graph_and_variables(
                session, _TAGS[ModeKeys.PREDICT], signatures,
                assets_collection=tf.get_collection(tf.GraphKeys.ASSET_FILEPATHS), main_op=main_op, saver=saver,
                strip_default_attrs=strip_default_attrs)
