"""`tf.contrib.learn.datasets`: small data sets as NumPy arrays, and CSV files of them. Holds no state."""

import collections
import csv

import numpy as np

import graphflow as tf
from graphflow.framework.api import export_value, tf_export

Dataset = collections.namedtuple("Dataset", ["data", "target"])
Datasets = collections.namedtuple("Datasets", ["train", "validation", "test"])
for _path in ("contrib.learn.datasets.", "contrib.learn.datasets.base."):
    for _name in ("Dataset", "Datasets"):
        export_value(_path + _name, __name__, _name)


def _rows(filename):
    """The lines of a CSV file, as lists of texts."""
    with tf.gfile.GFile(filename) as file:
        return [row for row in csv.reader(file.read().splitlines()) if row]


@tf_export("contrib.learn.datasets.base.load_csv_with_header", "contrib.learn.datasets.load_csv_with_header")
def load_csv_with_header(filename, target_dtype, features_dtype, target_column=-1):
    """Dataset of a CSV file whose first line starts with the numbers of samples and of features.

    Raises ValueError if the file has another number of samples than its first line says.
    """
    header, *rows = _rows(filename)
    if len(rows) != int(header[0]):
        raise ValueError(f"{filename} announces {header[0]} samples and has {len(rows)}")
    return _dataset(rows, target_dtype, features_dtype, target_column)


@tf_export("contrib.learn.datasets.base.load_csv_without_header", "contrib.learn.datasets.load_csv_without_header")
def load_csv_without_header(filename, target_dtype, features_dtype, target_column=-1):
    """Dataset of a CSV file whose lines are all samples."""
    return _dataset(_rows(filename), target_dtype, features_dtype, target_column)


def _dataset(rows, target_dtype, features_dtype, target_column):
    target = np.array([row.pop(target_column) for row in rows]).astype(target_dtype)
    return Dataset(data=np.array(rows).astype(features_dtype), target=target)


@tf_export("contrib.learn.datasets.load_iris", "contrib.learn.datasets.base.load_iris")
def load_iris(data_path=None):
    """Fisher's irises: 150 samples of 4 features, 3 classes.

    Args: data_path: a CSV file in TensorFlow's format; scikit-learn's copy by default.
    Raises ImportError without both.
    """
    if data_path is not None:
        return load_csv_with_header(data_path, np.int64, np.float64)
    try:
        from sklearn import datasets
    except ImportError as error:
        raise ImportError("load_iris() reads scikit-learn's copy: pip install scikit-learn") from error
    data, target = datasets.load_iris(return_X_y=True)
    return Dataset(data=data, target=target.astype(np.int64))


@tf_export("contrib.learn.datasets.load_boston", "contrib.learn.datasets.base.load_boston")
def load_boston(data_path=None):
    """Boston's house prices from a CSV file in TensorFlow's format; ValueError without one."""
    if data_path is None:
        raise ValueError("load_boston() needs data_path: no copy of the data comes with GraphFlow")
    return load_csv_with_header(data_path, np.float64, np.float64)


@tf_export("contrib.learn.datasets.load_dataset")
def load_dataset(name, size="small", test_with_fake_data=False):
    """The data set "iris", "boston" or "mnist"; ValueError for another name.

    Args: size: for compatibility. test_with_fake_data: not supported.
    """
    if test_with_fake_data:
        raise ValueError("load_dataset(test_with_fake_data=True) is not supported")
    makers = {"iris": load_iris, "boston": load_boston,
              "mnist": lambda: tf.contrib.learn.datasets.mnist.load_mnist()}
    if name not in makers:
        raise ValueError(f"Name of dataset is not found: {name}; there are {', '.join(sorted(makers))}")
    return makers[name]()
