"""Ops that read and write checkpoints and whole files.

The formats are those of `graphflow.io`; these ops name tensors and move them. Checkpoints of
TensorFlow's V1 format have op definitions, so that old graphs import, but no kernels. Holds no
state.
"""

from graphflow.framework import errors, raw_ops, shapes
from graphflow.framework.api import tf_export
from graphflow.framework.op_def import NotDifferentiable, register_op


def _names(c, index):
    """Input `index` as a list of strings, or None where it is not known."""
    value = c.value(index)
    return None if value is None else [item.decode("utf-8", "replace") for item in value.ravel()]


def _check_vectors(c, count):
    """Inputs 1 and 2 are vectors with one entry for each of `count` tensors."""
    for index in (1, 2):
        size = shapes.with_rank(c.shape(index), 1)[0]
        if size is not None and size != count:
            raise ValueError(f"Dimension must be {count} but is {size}")


def _save_shape(c):
    shapes.with_rank(c.shape(0), 0)
    _check_vectors(c, len(c.attr("dtypes")))
    return []


def _slice_shape(spec):
    """The shape of what "shape slice" names, None if it names a whole tensor of any shape."""
    from graphflow.io import tensor_slice

    if not spec:
        return None
    try:
        shape, extents = tensor_slice.parse_shape_and_slice(spec)
        return tuple(stop - start for start, stop in tensor_slice.bounds(extents, shape))
    except errors.InvalidArgumentError as error:
        raise ValueError(error.message) from None


def _restore_shape(c):
    count = len(c.attr("dtypes"))
    shapes.with_rank(c.shape(0), 0)
    _check_vectors(c, count)
    specs = _names(c, 2)
    return [None] * count if specs is None else [_slice_shape(spec) for spec in specs]


register_op(
    "SaveV2",
    inputs="prefix: string, tensor_names: string, shape_and_slices: string, tensors: dtypes",
    attrs="dtypes: list(type) >= 1",
    shape=_save_shape,
    stateful=True,
)
NotDifferentiable("SaveV2")

register_op(
    "RestoreV2",
    inputs="prefix: string, tensor_names: string, shape_and_slices: string",
    outputs="tensors: dtypes",
    attrs="dtypes: list(type) >= 1",
    shape=_restore_shape,
    stateful=True,
)
NotDifferentiable("RestoreV2")


def _merge_shape(c):
    shapes.with_rank(c.shape(0), 1)
    shapes.with_rank(c.shape(1), 0)
    return []


register_op(
    "MergeV2Checkpoints",
    inputs="checkpoint_prefixes: string, destination_prefix: string",
    attrs="delete_old_dirs: bool = true",
    shape=_merge_shape,
    stateful=True,
)
NotDifferentiable("MergeV2Checkpoints")


def _scalars(c):
    for shape in c.shapes:
        shapes.with_rank(shape, 0)
    return [()]


register_op(
    "ShardedFilename",
    inputs="basename: string, shard: int32, num_shards: int32",
    outputs="filename: string",
    shape=_scalars,
)
NotDifferentiable("ShardedFilename")
register_op("ShardedFilespec", inputs="basename: string, num_shards: int32", outputs="filename: string", shape=_scalars)
NotDifferentiable("ShardedFilespec")

register_op(
    "Save",
    inputs="filename: string, tensor_names: string, data: T",
    attrs="T: list(type) >= 1",
    shape=shapes.no_outputs,
    stateful=True,
)
NotDifferentiable("Save")
register_op(
    "SaveSlices",
    inputs="filename: string, tensor_names: string, shapes_and_slices: string, data: T",
    attrs="T: list(type) >= 1",
    shape=shapes.no_outputs,
    stateful=True,
)
NotDifferentiable("SaveSlices")
register_op(
    "Restore",
    inputs="file_pattern: string, tensor_name: string",
    outputs="tensor: dt",
    attrs="dt: type; preferred_shard: int = -1",
    shape=shapes.unknown,
    stateful=True,
)
NotDifferentiable("Restore")
register_op(
    "RestoreSlice",
    inputs="file_pattern: string, tensor_name: string, shape_and_slice: string",
    outputs="tensor: dt",
    attrs="dt: type; preferred_shard: int = -1",
    shape=shapes.unknown,
    stateful=True,
)
NotDifferentiable("RestoreSlice")

register_op("ReadFile", inputs="filename: string", outputs="contents: string", shape=_scalars, stateful=True)
NotDifferentiable("ReadFile")


@tf_export("io.read_file", "read_file")
def read_file(filename, name=None):
    """The whole contents of the file `filename` as a scalar string tensor.

    Running it raises NotFoundError for a missing file.
    """
    return raw_ops.ReadFile(filename, name=name)


def _write_shape(c):
    _scalars(c)
    return []


register_op("WriteFile", inputs="filename: string, contents: string", shape=_write_shape, stateful=True)
NotDifferentiable("WriteFile")


@tf_export("io.write_file", "write_file")
def write_file(filename, contents, name=None):
    """Writes the scalar string `contents` to the file `filename`, making its folder if needed."""
    return raw_ops.WriteFile(filename, contents, name=name)


def _matching_shape(c):
    shapes.with_rank_at_most(c.shape(0), 1)
    return [(None,)]


register_op(
    "MatchingFiles",
    inputs="pattern: string",
    outputs="filenames: string",
    shape=_matching_shape,
    stateful=True,
    allocates=True,
)
NotDifferentiable("MatchingFiles")


@tf_export("io.matching_files", "matching_files")
def matching_files(pattern, name=None):
    """The sorted names of the files that match a glob `pattern` (a string, or a vector of them)."""
    return raw_ops.MatchingFiles(pattern, name=name)
