"""Digits for programs that want MNIST, also where it cannot be downloaded.

`load` gives MNIST if its four files are in the folder, and otherwise says so and gives the 1,797
handwritten digits that scikit-learn brings along, enlarged from 8x8 to MNIST's 28x28. Never touches
the network; holds no state.

    from offline_data import load
    mnist = load("MNIST_data", one_hot=True)
    images, labels = mnist.train.next_batch(100)
"""

import os

import numpy as np

from graphflow.examples.tutorials.mnist import input_data

_SIZE = 28
_VALIDATION = 180
_TEST = 360


def has_mnist(data_dir):
    """Whether all four MNIST files, gzipped or not, are in `data_dir`."""
    names = (input_data.TRAIN_IMAGES, input_data.TRAIN_LABELS,
             input_data.TEST_IMAGES, input_data.TEST_LABELS)
    return all(any(os.path.exists(os.path.join(data_dir, n)) for n in (name, name[:-len(".gz")]))
               for name in names)


def load(data_dir, one_hot=False, reshape=True, seed=None):
    """MNIST from `data_dir`, else scikit-learn's digits, as `Datasets(train, validation, test)`.

    Args:
      data_dir: folder that may hold the MNIST files.
      one_hot: labels as rows of 10 rather than as integers.
      reshape: images as `[n, 784]` rather than `[n, 28, 28, 1]`; float32 in [0, 1] either way.
      seed: makes the order of batches repeatable.

    Raises:
      ImportError: there is no MNIST in the folder, and scikit-learn is not installed.
    """
    if has_mnist(data_dir):
        return input_data.read_data_sets(data_dir, one_hot=one_hot, reshape=reshape, seed=seed)
    images, labels = _digits()
    print(f"No MNIST in {os.path.abspath(data_dir)}: using scikit-learn's {len(images)} "
          f"handwritten digits instead (8x8, enlarged to {_SIZE}x{_SIZE}). They are fewer and "
          "easier; accuracies do not compare with MNIST's.")
    if one_hot:
        labels = input_data.dense_to_one_hot(labels, 10)
    # A fixed order, because neighbours in the file come from the same writer.
    order = np.random.RandomState(0).permutation(len(images))
    parts = np.split(order, [_VALIDATION, _VALIDATION + _TEST])
    validation, test, train = (
        input_data.DataSet(images[part], labels[part], reshape=reshape, seed=seed)
        for part in parts)
    return input_data.Datasets(train=train, validation=validation, test=test)


def _digits():
    """scikit-learn's digits as uint8 images `[1797, 28, 28, 1]` and uint8 labels `[1797]`."""
    try:
        from sklearn.datasets import load_digits
    except ImportError as e:
        raise ImportError("the offline digits come with scikit-learn: pip install scikit-learn, "
                          "or put the four MNIST files into the data folder") from e
    digits = load_digits()
    weights = _enlarge(digits.images.shape[1], _SIZE)
    images = weights @ (digits.images * (255.0 / 16.0)) @ weights.T
    return np.rint(images).astype(np.uint8)[..., np.newaxis], digits.target.astype(np.uint8)


def _enlarge(old, new):
    """The `[new, old]` matrix of linear interpolation along one side of an image."""
    centres = np.clip((np.arange(new) + 0.5) * old / new - 0.5, 0, old - 1)
    return np.maximum(0.0, 1.0 - np.abs(centres[:, np.newaxis] - np.arange(old)))
