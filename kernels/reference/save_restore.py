"""Reference kernels of `graphflow/ops/save_restore.py`: checkpoints and whole files."""

import difflib
import glob
import os
import re
import shutil

import numpy as np

from graphflow.framework import errors
from graphflow.io import tensor_slice
from graphflow.io.files import open_file, translated_errors
from graphflow.io.tensor_bundle import BundleReader, BundleWriter, merge_bundles

from ..registry import reference

_SHOWN = 20


def _text(array):
    """A scalar string tensor (or one of a single element) as str."""
    if array.size != 1:
        raise errors.InvalidArgumentError(None, None, f"expected a scalar string, got shape {array.shape}")
    return os.fsdecode(array.ravel()[0])


def _texts(array):
    return [item.decode("utf-8", "surrogateescape") for item in array.ravel()]


@reference.kernel("SaveV2")
def save_v2(ctx):
    """Writes a checkpoint; it appears under its name only when it is whole."""
    kinds = ctx.input_dtypes[3:]

    def run(prefix, names, specs, *tensors):
        with BundleWriter(_text(prefix)) as writer:
            for name, spec, tensor, kind in zip(_texts(names), _texts(specs), tensors, kinds, strict=True):
                if spec:
                    shape, extents = tensor_slice.parse_shape_and_slice(spec)
                    writer.add_slice(name, shape, extents, tensor, kind.base_dtype)
                else:
                    writer.add(name, tensor, kind.base_dtype)

    return run


@reference.kernel("RestoreV2")
def restore_v2(ctx):
    """Reads tensors, after checking that all of them are there with the wanted dtype."""
    kinds = ctx.output_dtypes

    def run(prefix, names, specs):
        path = _text(prefix)
        reader = BundleReader(path)
        names, specs = _texts(names), _texts(specs)
        missing = [name for name in names if name not in reader]
        if missing:
            raise errors.NotFoundError(None, None, _missing_message(path, missing, names, reader))
        _check_dtypes(reader, names, kinds)
        return tuple(_read(reader, name, spec) for name, spec in zip(names, specs, strict=True))

    return run


def _read(reader, name, spec):
    if not spec:
        return reader.read(name)
    shape, extents = tensor_slice.parse_shape_and_slice(spec)
    if shape != reader.shape(name):
        raise errors.InvalidArgumentError(
            None,
            None,
            f"Shape in shape_and_slice spec {list(shape)} does not match the shape in the save "
            "file: "
            f"{list(reader.shape(name))} ({name})",
        )
    return reader.read_slice(name, extents)


def _check_dtypes(reader, names, kinds):
    wrong = [
        f"tensor_name = {name}; expected dtype {kind.name} does not equal original dtype {reader.dtype(name).name}"
        for name, kind in zip(names, kinds, strict=True)
        if reader.dtype(name) != kind
    ]
    if wrong:
        raise errors.InvalidArgumentError(None, None, "\n".join(wrong))


def _listed(names):
    names = sorted(names)
    more = f", ... ({len(names)} in all)" if len(names) > _SHOWN else ""
    return ", ".join(names[:_SHOWN]) + more


def _missing_message(path, missing, wanted, reader):
    """What is missing, what the checkpoint has instead, and what usually causes it."""
    unused = sorted(set(reader.keys()) - set(wanted))
    lines = [f"Key {missing[0]} not found in checkpoint {path}"]
    lines.append(f"  not in the checkpoint: {_listed(missing)}")
    lines.append(f"  in the checkpoint, but not asked for: {_listed(unused) if unused else '(nothing)'}")
    pool = unused or reader.keys()
    for name in sorted(missing)[:_SHOWN]:
        near = difflib.get_close_matches(name, pool, n=2, cutoff=0.6)
        if _without_suffixes(name) in unused:
            near = [_without_suffixes(name)]
        if near:
            lines.append(f"  nearest to {name}: {', '.join(near)}")
    if any(_without_suffixes(name) != name and _without_suffixes(name) in reader for name in missing):
        lines.append(
            "  Names like W_1 arise when the model is built twice in one graph, for instance by "
            "running a notebook cell again: call tf.reset_default_graph() before building it."
        )
    return "\n".join(lines)


def _without_suffixes(name):
    return re.sub(r"_\d+(?=/|$)", "", name)


@reference.kernel("MergeV2Checkpoints")
def merge_v2_checkpoints(ctx):
    """Joins the parts of a sharded checkpoint; then their folders may go."""
    delete = ctx.attr("delete_old_dirs")

    def run(prefixes, destination):
        parts = [os.fsdecode(item) for item in prefixes.ravel()]
        merge_bundles(parts, _text(destination))
        if delete:
            for folder in {os.path.dirname(part) for part in parts} - {os.path.dirname(_text(destination))}:
                shutil.rmtree(folder, ignore_errors=True)

    return run


def _scalar(text):
    return np.array(text.encode("utf-8", "surrogateescape"), object)


reference.function(
    "ShardedFilename", lambda base, shard, count: _scalar(f"{_text(base)}-{int(shard):05d}-of-{int(count):05d}")
)
reference.function("ShardedFilespec", lambda base, count: _scalar(f"{_text(base)}-?????-of-{int(count):05d}"))


@reference.kernel("Save", "SaveSlices", "Restore", "RestoreSlice")
def v1(ctx):
    """The V1 format is not supported."""

    def run(*inputs):
        raise errors.UnimplementedError(
            None,
            None,
            f"{ctx.op_type} handles TensorFlow's V1 checkpoints, which are not supported: use V2 "
            "(tf.train.Saver(write_version=tf.train.SaverDef.V2), the default)",
        )

    return run


def _read_file(name):
    path = _text(name)
    with open_file(path, "rb") as file, translated_errors(path):
        result = np.empty((), object)
        result[()] = file.read()
        return result


def _write_file(name, contents):
    path = _text(name)
    folder = os.path.dirname(path)
    with translated_errors(path):
        if folder:
            os.makedirs(folder, exist_ok=True)
        with open(path, "wb") as file:
            file.write(contents.ravel()[0])


def _matching_files(patterns):
    found = sorted(os.fsencode(path) for pattern in patterns.ravel() for path in glob.glob(os.fsdecode(pattern)))
    result = np.empty(len(found), object)
    result[:] = found
    return result


reference.function("ReadFile", _read_file)
reference.function("WriteFile", _write_file)
reference.function("MatchingFiles", _matching_files)
