"""The offline stand-in for MNIST: says what it is, and has MNIST's shape."""

import importlib.util
import pathlib

import numpy as np
import pytest

pytest.importorskip("sklearn")

_PATH = pathlib.Path(__file__).resolve().parents[2] / "examples" / "offline_data.py"
_SPEC = importlib.util.spec_from_file_location("offline_data", _PATH)
offline_data = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(offline_data)


def test_stand_in_has_the_shape_of_mnist(tmp_path, capsys):
    sets = offline_data.load(tmp_path, one_hot=True, seed=1)
    assert "scikit-learn's 1797 handwritten digits" in capsys.readouterr().out
    assert sum(s.num_examples for s in sets) == 1797
    images, labels = sets.train.next_batch(50)
    assert images.shape == (50, 784) and images.dtype == np.float32
    assert 0 <= images.min() and 0.9 < images.max() <= 1
    assert labels.shape == (50, 10) and (labels.sum(1) == 1).all()
    for part in sets:
        assert part.labels.sum(0).min() >= 10, "every digit is in every part"


def test_enlarging_keeps_means_and_constants():
    weights = offline_data._enlarge(8, 28)
    np.testing.assert_allclose(weights.sum(1), 1)
    np.testing.assert_allclose(weights.sum(0), 3.5)
    np.testing.assert_allclose(weights, weights[::-1, ::-1], atol=1e-12)
