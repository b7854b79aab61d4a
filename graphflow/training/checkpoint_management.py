"""The `checkpoint` state file, and finding, listing and removing checkpoints on disk.

The state file is a CheckpointState message as text. Holds no state of its own.
"""

import contextlib
import glob
import logging
import os
import re
import shutil
import time
import warnings

from graphflow.framework import errors
from graphflow.framework.api import tf_export
from graphflow.io.atomic_file import remove_abandoned, write_atomically
from graphflow.io.tensor_bundle import BundleReader

_V2 = 2
_ABANDONED_FOLDER_AGE = 600
_logger = logging.getLogger("graphflow")


def _state_path(folder, latest_filename):
    return os.path.join(folder, latest_filename or "checkpoint")


def _matching(pattern):
    """Files that are called `pattern` or match it as a glob."""
    return [pattern] if os.path.isfile(pattern) else sorted(glob.glob(pattern))


@tf_export("train.generate_checkpoint_state_proto")
def generate_checkpoint_state_proto(
    save_dir,
    model_checkpoint_path,
    all_model_checkpoint_paths=None,
    all_model_checkpoint_timestamps=None,
    last_preserved_timestamp=None,
):
    """A CheckpointState message.

    Args:
      save_dir: folder of the checkpoints; if it is relative, so are the paths in the message, to it.
      model_checkpoint_path: the newest checkpoint. all_model_checkpoint_paths: all that are kept,
        oldest first. all_model_checkpoint_timestamps: when they were made, in seconds.
      last_preserved_timestamp: when the last one to be kept for good was made.
    Raises ValueError if there are not as many timestamps as paths.
    """
    from graphflow import protobuf

    paths = list(all_model_checkpoint_paths or ())
    if not paths or paths[-1] != model_checkpoint_path:
        _logger.info("%s is not in all_model_checkpoint_paths. Manually adding it.", model_checkpoint_path)
        paths.append(model_checkpoint_path)
    if all_model_checkpoint_timestamps and len(all_model_checkpoint_timestamps) != len(paths):
        raise ValueError(
            f"Checkpoint timestamps, if provided, must match checkpoint paths (got paths {paths} "
            "and "
            f"timestamps {all_model_checkpoint_timestamps})"
        )
    if not os.path.isabs(save_dir):
        model_checkpoint_path, *paths = (
            path if os.path.isabs(path) else os.path.relpath(path, save_dir) for path in (model_checkpoint_path, *paths)
        )
    return protobuf.CheckpointState(
        model_checkpoint_path=model_checkpoint_path,
        all_model_checkpoint_paths=paths,
        all_model_checkpoint_timestamps=all_model_checkpoint_timestamps,
        last_preserved_timestamp=last_preserved_timestamp,
    )


@tf_export("train.update_checkpoint_state")
def update_checkpoint_state(
    save_dir,
    model_checkpoint_path,
    all_model_checkpoint_paths=None,
    latest_filename=None,
    all_model_checkpoint_timestamps=None,
    last_preserved_timestamp=None,
):
    """Writes the state file `latest_filename` ("checkpoint") in `save_dir`.

    The arguments are those of `generate_checkpoint_state_proto`. Raises RuntimeError if a checkpoint
    is called like the state file.
    """
    write_checkpoint_state(
        save_dir,
        model_checkpoint_path,
        all_model_checkpoint_paths,
        latest_filename,
        False,
        all_model_checkpoint_timestamps,
        last_preserved_timestamp,
    )


def write_checkpoint_state(
    save_dir,
    model_checkpoint_path,
    all_model_checkpoint_paths=None,
    latest_filename=None,
    save_relative_paths=False,
    all_model_checkpoint_timestamps=None,
    last_preserved_timestamp=None,
):
    """`update_checkpoint_state`, perhaps with all paths relative to `save_dir`."""
    from google.protobuf import text_format

    def shown(path):
        return os.path.relpath(path, save_dir) if save_relative_paths and os.path.isabs(path) else path

    state = generate_checkpoint_state_proto(
        save_dir,
        shown(model_checkpoint_path),
        [shown(path) for path in all_model_checkpoint_paths or ()],
        all_model_checkpoint_timestamps,
        last_preserved_timestamp,
    )
    path = _state_path(save_dir, latest_filename)
    if path == state.model_checkpoint_path:
        raise RuntimeError(
            f"Save path '{model_checkpoint_path}' conflicts with path used for checkpoint state.  "
            "Please use "
            "a different save path."
        )
    write_atomically(path, text_format.MessageToString(state).encode())


@tf_export("train.get_checkpoint_state")
def get_checkpoint_state(checkpoint_dir, latest_filename=None):
    """The CheckpointState in the state file of a folder, with full paths; None if there is none.

    A state file that cannot be understood is reported by a warning, and the newest complete
    checkpoint of the folder takes its place.
    """
    from google.protobuf import text_format

    from graphflow import protobuf

    checkpoint_dir = os.fspath(checkpoint_dir)
    path = _state_path(checkpoint_dir, latest_filename)
    state = protobuf.CheckpointState()
    try:
        with open(path, encoding="utf-8") as file:
            text_format.Merge(file.read(), state)
        if not state.model_checkpoint_path:
            raise ValueError("it names no checkpoint")
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, ValueError, text_format.ParseError) as error:
        return _state_without_file(path, error, checkpoint_dir)
    state.model_checkpoint_path = os.path.join(checkpoint_dir, state.model_checkpoint_path)
    for i, item in enumerate(state.all_model_checkpoint_paths):
        state.all_model_checkpoint_paths[i] = os.path.join(checkpoint_dir, item)
    return state


def _state_without_file(path, error, folder):
    """What the state file should have said, as far as the folder shows it."""
    from graphflow import protobuf

    found = complete_checkpoints(folder)
    used = (
        f"the newest complete checkpoint there is used: {found[-1]}" if found else "and there is no complete checkpoint"
    )
    warnings.warn(
        f"The checkpoint state file {path} is unreadable ({type(error).__name__}: {error}); {used}",
        RuntimeWarning,
        stacklevel=4,
    )
    if not found:
        return None
    return protobuf.CheckpointState(model_checkpoint_path=found[-1], all_model_checkpoint_paths=found)


def complete_checkpoints(folder):
    """Prefixes of the checkpoints in a folder whose index and data files are all there, oldest first."""
    found = []
    for index in glob.glob(os.path.join(glob.escape(folder), "*.index")):
        prefix = index[: -len(".index")]
        try:
            reader = BundleReader(prefix)
            data = [f"{prefix}.data-{i:05d}-of-{reader.num_shards:05d}" for i in reader.used_shards()]
            if all(map(os.path.exists, data)):
                found.append((os.path.getmtime(index), prefix))
        except (errors.OpError, OSError) as error:
            _logger.warning("%s is no complete checkpoint: %s", prefix, error)
    return [prefix for _, prefix in sorted(found)]


@tf_export("train.latest_checkpoint")
def latest_checkpoint(checkpoint_dir, latest_filename=None):
    """The prefix of the newest checkpoint in a folder, by its state file; None if there is none.

    Example:
      >>> import graphflow as tf, tempfile
      >>> tf.train.latest_checkpoint(tempfile.mkdtemp()) is None
      True
    """
    state = get_checkpoint_state(checkpoint_dir, latest_filename)
    if state is None:
        return None
    if checkpoint_exists(state.model_checkpoint_path):
        return state.model_checkpoint_path
    _logger.error("Couldn't match files for checkpoint %s", state.model_checkpoint_path)
    return None


@tf_export("train.checkpoint_exists")
def checkpoint_exists(checkpoint_prefix):
    """Whether there is a checkpoint (of either version) called `checkpoint_prefix`."""
    return bool(_matching(f"{checkpoint_prefix}.index") or _matching(checkpoint_prefix))


@tf_export("train.get_checkpoint_mtimes")
def get_checkpoint_mtimes(checkpoint_prefixes):
    """When the given checkpoints were written (seconds); those that don't exist are left out."""
    times = []
    for prefix in checkpoint_prefixes:
        files = _matching(f"{prefix}.index") or _matching(prefix)
        if files:
            times.append(os.path.getmtime(files[0]))
    return times


@tf_export("train.remove_checkpoint")
def remove_checkpoint(checkpoint_prefix, checkpoint_format_version=_V2, meta_graph_suffix="meta"):
    """Deletes the files of a checkpoint and its meta graph, as far as they exist."""
    patterns = [meta_graph_filename(checkpoint_prefix, meta_graph_suffix)]
    if checkpoint_format_version == _V2:
        # The index goes first: what is left of a checkpoint half removed is not taken for one.
        patterns += [f"{checkpoint_prefix}.index", f"{checkpoint_prefix}.data-?????-of-?????"]
    else:
        patterns.append(checkpoint_prefix)
    for pattern in patterns:
        for path in _matching(pattern):
            os.remove(path)


def meta_graph_filename(checkpoint_filename, meta_graph_suffix="meta"):
    """The name of the meta graph file of a checkpoint (without the shard in a sharded one's name)."""
    return re.sub(r"-[\d?]+-of-\d+$", "", checkpoint_filename) + "." + meta_graph_suffix


def remove_leftovers(save_path, latest_filename):
    """Removes what killed saves to `save_path` (whatever the step) left: files nobody writes any more."""
    remove_abandoned(save_path)
    remove_abandoned(os.path.join(os.path.dirname(save_path), latest_filename))
    for folder in glob.glob(f"{glob.escape(save_path)}*_temp_{'[0-9a-f]' * 32}"):
        # Parts in it are complete files: only its age tells whether a save is still under way.
        with contextlib.suppress(OSError):
            if time.time() - os.path.getmtime(folder) > _ABANDONED_FOLDER_AGE:
                shutil.rmtree(folder, ignore_errors=True)


@tf_export("train.checkpoints_iterator", "contrib.training.checkpoints_iterator")
def checkpoints_iterator(checkpoint_dir, min_interval_secs=0, timeout=None, timeout_fn=None):
    """Yields the prefixes of new checkpoints in a folder as they appear.

    Args: min_interval_secs: least time between two. timeout: seconds to wait for one, None for ever.
      timeout_fn: called after a timeout; the iterator ends if it returns true, or if there is none.
    """
    path = None
    while True:
        new = wait_for_new_checkpoint(checkpoint_dir, path, timeout=timeout)
        if new is None:
            if timeout_fn is None or timeout_fn():
                return
            continue
        start = time.time()
        path = new
        yield path
        time.sleep(max(0, start + min_interval_secs - time.time()))


@tf_export("contrib.training.wait_for_new_checkpoint")
def wait_for_new_checkpoint(checkpoint_dir, last_checkpoint=None, seconds_to_sleep=1, timeout=None):
    """The prefix of the next checkpoint in a folder that is not `last_checkpoint`; None after `timeout` seconds."""
    _logger.info("Waiting for new checkpoint at %s", checkpoint_dir)
    stop = None if timeout is None else time.time() + timeout
    while True:
        path = latest_checkpoint(checkpoint_dir)
        if path is not None and path != last_checkpoint:
            _logger.info("Found new checkpoint at %s", path)
            return path
        if stop is not None and time.time() + seconds_to_sleep > stop:
            return None
        time.sleep(seconds_to_sleep)
