"""MNIST as NumPy arrays: `read_data_sets`, and `DataSet.next_batch` in TensorFlow 1.15's order.

Reads the four IDX files, gzipped or not, and downloads what is missing (`download.py`). Shuffling
uses NumPy's global generator, seeded as TensorFlow 1.15 seeds it, so seeded programs see the same
batches. Builds no graph; the only state is each DataSet's position.
"""

import collections
import gzip
import math
import os
import zlib

import numpy as np

from graphflow.examples.tutorials.mnist.download import maybe_download
from graphflow.framework import dtypes
from graphflow.framework.api import tf_export

DEFAULT_SOURCE_URL = "https://storage.googleapis.com/cvdf-datasets/mnist/"

TRAIN_IMAGES = "train-images-idx3-ubyte.gz"
TRAIN_LABELS = "train-labels-idx1-ubyte.gz"
TEST_IMAGES = "t10k-images-idx3-ubyte.gz"
TEST_LABELS = "t10k-labels-idx1-ubyte.gz"

# SHA-256 of the uncompressed files. Checked only for the default address: programs point
# `source_url` at other sets in the same format, such as Fashion-MNIST.
_SHA256 = {
    TRAIN_IMAGES: "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
    TRAIN_LABELS: "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
    TEST_IMAGES: "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
    TEST_LABELS: "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
}
_IMAGES_MAGIC = 2051
_LABELS_MAGIC = 2049

Datasets = collections.namedtuple("Datasets", ["train", "validation", "test"])


def _read_idx(f, magic, kind):
    """The uint8 array in IDX file `f`, open in binary mode; its header must start with `magic`."""
    print("Extracting", f.name)
    start = f.read(2)
    f.seek(-len(start), os.SEEK_CUR)
    try:
        content = gzip.GzipFile(fileobj=f).read() if start == b"\x1f\x8b" else f.read()
    except (EOFError, gzip.BadGzipFile, zlib.error) as e:
        raise ValueError(f"MNIST {kind} file {f.name} is damaged or cut short ({e}); "
                         "delete it to have it downloaded again") from e
    found = int.from_bytes(content[:4], "big")
    if len(content) < 4 or found != magic:
        raise ValueError(f"Invalid magic number {found} in MNIST {kind} file: {f.name}")
    rank = magic & 0xFF
    sizes = content[4:4 + 4 * rank]
    shape = [int.from_bytes(sizes[i:i + 4], "big") for i in range(0, len(sizes), 4)]
    body = content[4 + 4 * rank:]
    if len(sizes) != 4 * rank or len(body) != math.prod(shape):
        raise ValueError(
            f"MNIST {kind} file {f.name} is damaged or cut short: its header promises an array of "
            f"shape {shape}, and {len(body)} bytes follow; delete it to have it downloaded again")
    return np.frombuffer(body, np.uint8).reshape(shape)


@tf_export("contrib.learn.datasets.mnist.extract_images")
def extract_images(f):
    """The images of an IDX file as uint8 `[index, y, x, 1]`.

    Args:
      f: the file, gzipped or not, open in binary mode.

    Raises:
      ValueError: it is not an image file, damaged, or cut short.
    """
    return _read_idx(f, _IMAGES_MAGIC, "image")[..., np.newaxis]


@tf_export("contrib.learn.datasets.mnist.extract_labels")
def extract_labels(f, one_hot=False, num_classes=10):
    """The labels of an IDX file as uint8 `[index]`, or float64 `[index, num_classes]` if `one_hot`.

    Args:
      f: the file, gzipped or not, open in binary mode.
      one_hot: whether to make one-hot vectors of the labels.
      num_classes: their length.

    Raises:
      ValueError: it is not a label file, damaged, or cut short.
    """
    labels = _read_idx(f, _LABELS_MAGIC, "label")
    return dense_to_one_hot(labels, num_classes) if one_hot else labels


@tf_export("contrib.learn.datasets.mnist.dense_to_one_hot")
def dense_to_one_hot(labels_dense, num_classes):
    """Labels `[n]` in `[0, num_classes)` as float64 rows `[n, num_classes]`, 1 at the label.

    Raises:
      ValueError: a label is not below `num_classes`.
    """
    labels = np.asarray(labels_dense).ravel()
    if labels.size and not 0 <= labels.min() <= labels.max() < num_classes:
        raise ValueError(
            f"labels are in [{labels.min()}, {labels.max()}], not in [0, {num_classes})")
    one_hot = np.zeros((labels.shape[0], num_classes))
    one_hot[np.arange(labels.shape[0]), labels] = 1
    return one_hot


@tf_export("contrib.learn.datasets.mnist.DataSet")
class DataSet:
    """Images with their labels, handed out in batches.

        batch_images, batch_labels = data.train.next_batch(100)

    Args:
      images: uint8 `[n, rows, columns, depth]`.
      labels: `[n]`, or `[n, classes]` if one-hot.
      fake_data: make 10000 examples of nothing, for tests of input code.
      one_hot: whether fake labels are one-hot.
      dtype: tf.uint8 keeps pixels in [0, 255]; tf.float32 scales them to [0, 1].
      reshape: flatten images of depth 1 to `[n, rows * columns]`.
      seed: makes the order of batches repeatable.

    Raises:
      TypeError: `dtype` is neither tf.uint8 nor tf.float32.
      AssertionError: the numbers of images and labels differ, or a depth other than 1 is reshaped.
    """

    def __init__(self, images, labels, fake_data=False, one_hot=False, dtype=dtypes.float32,
                 reshape=True, seed=None):
        from graphflow.framework import random_seed

        graph_seed, op_seed = random_seed.get_seed(seed)
        np.random.seed(graph_seed if seed is None else op_seed)
        dtype = dtypes.as_dtype(dtype).base_dtype
        if dtype not in (dtypes.uint8, dtypes.float32):
            raise TypeError(f"Invalid image dtype {dtype!r}, expected uint8 or float32")
        if fake_data:
            self._num_examples = 10000
            self.one_hot = one_hot
        else:
            assert images.shape[0] == labels.shape[0], (
                f"images.shape: {images.shape} labels.shape: {labels.shape}")
            self._num_examples = images.shape[0]
            if reshape:
                assert images.shape[3] == 1, f"cannot flatten images of depth {images.shape[3]}"
                images = images.reshape(images.shape[0], images.shape[1] * images.shape[2])
            if dtype == dtypes.float32:
                images = np.multiply(images.astype(np.float32), np.float32(1.0 / 255.0))
        self._images = images
        self._labels = labels
        self._epochs_completed = 0
        self._index_in_epoch = 0

    @property
    def images(self):
        """All images, in the order of the current epoch."""
        return self._images

    @property
    def labels(self):
        """All labels, in the order of the current epoch."""
        return self._labels

    @property
    def num_examples(self):
        """Number of examples in one epoch."""
        return self._num_examples

    @property
    def epochs_completed(self):
        """How often `next_batch` has gone through all examples."""
        return self._epochs_completed

    def next_batch(self, batch_size, fake_data=False, shuffle=True):
        """The next `batch_size` examples, as (images, labels).

        A batch that reaches past the end of an epoch is filled from the start of the next one,
        which with `shuffle` is in a new order.
        """
        if fake_data:
            label = [1] + [0] * 9 if self.one_hot else 0
            return [[1] * 784 for _ in range(batch_size)], [label for _ in range(batch_size)]
        start = self._index_in_epoch
        if start == 0 and self._epochs_completed == 0 and shuffle:
            self._shuffle()
        end = start + batch_size
        if end <= self._num_examples:
            self._index_in_epoch = end
            return self._images[start:end], self._labels[start:end]
        self._epochs_completed += 1
        rest = self._images[start:], self._labels[start:]
        if shuffle:
            self._shuffle()
        end -= self._num_examples
        self._index_in_epoch = end
        return (np.concatenate((rest[0], self._images[:end]), axis=0),
                np.concatenate((rest[1], self._labels[:end]), axis=0))

    def _shuffle(self):
        """Puts all examples into a new order; earlier batches keep theirs."""
        order = np.arange(self._num_examples)
        np.random.shuffle(order)
        self._images = self._images[order]
        self._labels = self._labels[order]


def _find_or_download(filename, train_dir, source_url):
    """The path of an IDX file in `train_dir`: gzipped, uncompressed, or downloaded."""
    for name in (filename, filename[:-len(".gz")]):
        path = os.path.join(train_dir, name)
        if os.path.exists(path):
            return path
    sha256 = _SHA256[filename] if source_url == DEFAULT_SOURCE_URL else None
    return maybe_download(filename, train_dir, source_url + filename, sha256)


def _load(images, labels, train_dir, source_url, one_hot):
    """(images, labels) of one pair of files."""
    with open(_find_or_download(images, train_dir, source_url), "rb") as f:
        image_array = extract_images(f)
    with open(_find_or_download(labels, train_dir, source_url), "rb") as f:
        return image_array, extract_labels(f, one_hot=one_hot)


@tf_export("contrib.learn.datasets.mnist.read_data_sets")
def read_data_sets(train_dir, fake_data=False, one_hot=False, dtype=dtypes.float32, reshape=True,
                   validation_size=5000, seed=None, source_url=DEFAULT_SOURCE_URL):
    """MNIST as `Datasets(train, validation, test)`.

        mnist = input_data.read_data_sets("MNIST_data/", one_hot=True)
        batch_images, batch_labels = mnist.train.next_batch(100)

    Args:
      train_dir: folder with the four files, `train-images-idx3-ubyte.gz` and so on, or the same
        without `.gz`. What is missing is downloaded into it.
      fake_data: make data sets of nothing, for tests of input code.
      one_hot: labels as rows of 10 rather than as integers.
      dtype, reshape, seed: as for DataSet.
      validation_size: how many of the first training examples become the validation set.
      source_url: folder to download from, with its final slash. Files of the default one are
        checked against known checksums.

    Raises:
      OSError: a file is missing and cannot be downloaded.
      ValueError: a file is damaged, or `validation_size` exceeds the training examples.
    """
    options = {"dtype": dtype, "seed": seed}
    if fake_data:
        return Datasets(*(DataSet([], [], fake_data=True, one_hot=one_hot, **options)
                          for _ in Datasets._fields))
    source_url = source_url or DEFAULT_SOURCE_URL
    train_dir = os.fspath(train_dir)
    images, labels = _load(TRAIN_IMAGES, TRAIN_LABELS, train_dir, source_url, one_hot)
    test_images, test_labels = _load(TEST_IMAGES, TEST_LABELS, train_dir, source_url, one_hot)
    if not 0 <= validation_size <= len(images):
        raise ValueError(f"Validation size should be between 0 and {len(images)}. "
                         f"Received: {validation_size}.")
    options["reshape"] = reshape
    return Datasets(
        train=DataSet(images[validation_size:], labels[validation_size:], **options),
        validation=DataSet(images[:validation_size], labels[:validation_size], **options),
        test=DataSet(test_images, test_labels, **options))


@tf_export("contrib.learn.datasets.mnist.load_mnist")
def load_mnist(train_dir="MNIST-data"):
    """`read_data_sets(train_dir)`."""
    return read_data_sets(train_dir)
