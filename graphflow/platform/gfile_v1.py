"""The functions of `tf.gfile` under TensorFlow 1's names, and `file_io`'s helpers. Holds no state.

They are those of `platform/gfile.py` (`tf.io.gfile`) with other argument names.
"""

from graphflow.framework.api import tf_export
from graphflow.platform import gfile


@tf_export("gfile.Exists")
def file_exists(filename):
    """Whether a file or directory is there."""
    return gfile.exists(filename)


@tf_export("gfile.IsDirectory")
def is_directory(dirname):
    """Whether `dirname` is a directory."""
    return gfile.isdir(dirname)


@tf_export("gfile.Glob")
def get_matching_files(filename):
    """The paths that match a pattern or any of a list of patterns."""
    return gfile.glob(filename)


@tf_export("gfile.ListDirectory")
def list_directory(dirname):
    """The names in a directory; NotFoundError if it is none."""
    return gfile.listdir(dirname)


@tf_export("gfile.MkDir")
def create_dir(dirname):
    """Makes a directory; AlreadyExistsError if there is one."""
    gfile.mkdir(dirname)


@tf_export("gfile.MakeDirs")
def recursive_create_dir(dirname):
    """Makes a directory and those above it; none of them need be missing."""
    gfile.makedirs(dirname)


@tf_export("gfile.Remove")
def delete_file(filename):
    """Deletes a file; NotFoundError if there is none."""
    gfile.remove(filename)


@tf_export("gfile.DeleteRecursively")
def delete_recursively(dirname):
    """Deletes a directory and all in it; NotFoundError if there is none."""
    gfile.rmtree(dirname)


@tf_export("gfile.Copy")
def copy(oldpath, newpath, overwrite=False):
    """Copies a file's bytes; AlreadyExistsError if the new one exists and `overwrite` is False."""
    gfile.copy(oldpath, newpath, overwrite)


@tf_export("gfile.Rename")
def rename(oldname, newname, overwrite=False):
    """Moves a file or directory; AlreadyExistsError if the new name exists and `overwrite` is False."""
    gfile.rename(oldname, newname, overwrite)


@tf_export("gfile.Stat")
def stat(filename):
    """FileStatistics of `filename`; NotFoundError if it is missing."""
    return gfile.stat(filename)


@tf_export("gfile.Walk")
def walk(top, in_order=True):
    """Yields (directory, subdirectories, files) of a tree, parents first if `in_order`."""
    return gfile.walk(top, in_order)


def read_file_to_string(filename, binary_mode=False):
    """The whole file, as bytes if `binary_mode`."""
    with gfile.FileIO(filename, "rb" if binary_mode else "r") as file:
        return file.read()


def write_string_to_file(filename, file_content):
    """Makes `file_content` (str or bytes) the whole file."""
    with gfile.FileIO(filename, "w") as file:
        file.write(file_content)


def atomic_write_string_to_file(filename, contents, overwrite=True):
    """Makes `contents` the whole file in one step: readers see the old file or the new one."""
    temporary = f"{filename}.tmp{id(contents)}"
    write_string_to_file(temporary, contents)
    try:
        gfile.rename(temporary, filename, overwrite)
    except Exception:
        gfile.remove(temporary)
        raise
