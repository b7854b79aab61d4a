"""`tf.resource_loader`: files that lie beside the calling module. Holds no state."""

import os
import sys

from graphflow.framework.api import tf_export
from graphflow.io.files import open_file


@tf_export("resource_loader.load_resource")
def load_resource(path):
    """The bytes of the file `path`, relative to the caller's directory; tf.errors.NotFoundError if missing."""
    with open_file(os.path.join(_caller_directory(2), path), "rb") as file:
        return file.read()


@tf_export("resource_loader.get_data_files_path")
def get_data_files_path():
    """The directory of the calling module."""
    return _caller_directory(2)


@tf_export("resource_loader.get_root_dir_with_all_resources")
def get_root_dir_with_all_resources():
    """The directory of the calling module: there is no runfiles tree here."""
    return _caller_directory(2)


@tf_export("resource_loader.get_path_to_datafile")
def get_path_to_datafile(path):
    """`path` below the directory of the calling module."""
    return os.path.join(_caller_directory(2), path)


@tf_export("resource_loader.readahead_file_path")
def readahead_file_path(path, readahead="128M"):
    """`path`: local files need no read-ahead."""
    del readahead
    return path


def _caller_directory(depth):
    return os.path.dirname(os.path.abspath(sys._getframe(depth).f_code.co_filename))
