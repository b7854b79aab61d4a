"""The example programs, run as a user runs them: short, on digits made to look like MNIST's files.

On the real MNIST (the folder named by GRAPHFLOW_MNIST, or `shared/data/mnist` beside the checkout) the
softmax regression is run far enough to show its accuracy.
"""

import gzip
import os
import re
import struct
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).resolve().parents[2]
MNIST = Path(os.environ.get("GRAPHFLOW_MNIST") or ROOT.parent / "shared" / "data" / "mnist")


@pytest.fixture(scope="module")
def digits(tmp_path_factory):
    """A folder with MNIST's four files, filled with scikit-learn's digits: 5,600 to train, 400 to test."""
    datasets = pytest.importorskip("sklearn.datasets")
    folder = tmp_path_factory.mktemp("mnist")
    source = datasets.load_digits()
    rng = np.random.RandomState(0)
    pictures = np.kron(source.images, np.ones((3, 3)))
    # As much ink as MNIST has on average; the learning rates of the examples are made for it.
    pictures = np.pad(pictures, [(0, 0), (2, 2), (2, 2)]) * (110 / 16)
    for part, count, of in (("train", 5600, slice(0, 1400)), ("t10k", 400, slice(1400, None))):
        chosen = rng.randint(len(pictures[of]), size=count)
        images, labels = pictures[of][chosen].astype(np.uint8), source.target[of][chosen].astype(np.uint8)
        _write(folder / f"{part}-images-idx3-ubyte.gz", 2051, images)
        _write(folder / f"{part}-labels-idx1-ubyte.gz", 2049, labels)
    return folder


def _write(path, magic, array):
    with gzip.open(path, "wb") as file:
        file.write(struct.pack(f">{1 + array.ndim}I", magic, *array.shape) + array.tobytes())


def run(tmp_path, program, *arguments):
    """What an example prints."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONWARNINGS": "error::DeprecationWarning:__main__"}
    done = subprocess.run([sys.executable, str(ROOT / "examples" / program), *map(str, arguments)], cwd=tmp_path,
                          env=environment, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout


def accuracy(text):
    """The last accuracy in an example's output."""
    return float(re.findall(r"(?i)accuracy[:=]? *([01]\.\d+)", text)[-1])


def test_tour(tmp_path):
    text = run(tmp_path, "00_tour.py")
    assert "y = 3.000 x + 2.000" in text
    assert "indices[1] = 7 is not in [0, 3)" in text and "00_tour.py" in text
    assert "ApplyGradientDescent" in text


@pytest.mark.parametrize("program, arguments, least", [
    ("01_softmax_regression.py", ["--steps", 600], 0.75),
    ("02_two_layer_adam.py", ["--steps", 100, "--pictures", "pictures"], 0.75),
    ("03_manual_gradients.py", ["--epochs", 20], 0.75),
    ("05_logistic_regression.py", ["--epochs", 30, "--log-dir", "logs"], 0.6),
    ("06_relu_network.py", ["--epochs", 60, "--log-dir", "logs"], 0.6),
    ("07_convolutional_network.py", ["--steps", 60], 0.6),
    ("11_queue_input.py", ["--epochs", 60], 0.75),
    ("12_dataset_input.py", ["--steps", 150], 0.75),
    ("demo.py", ["--steps", 200, "--log-dir", "logs"], 0.75),
])
def test_it_learns(tmp_path, digits, program, arguments, least):
    text = run(tmp_path, program, "--data-dir", digits, *arguments)
    assert accuracy(text) >= least, text[-500:]
    if "logs" in arguments:
        assert list((tmp_path / "logs").rglob("events.out.tfevents.*"))
    if "pictures" in arguments:
        assert len(list((tmp_path / "pictures").glob("*.png"))) == 9


def test_lstm(tmp_path, digits):
    text = run(tmp_path, "09_lstm_rows.py", "--data-dir", digits, "--epochs", 8, "--units", 64)
    assert accuracy(text) >= 0.5, text[-500:]
    assert len(re.findall("rows of 28: 0", text)) == 3


def test_characters(tmp_path):
    text = run(tmp_path, "10_characters.py", "--epochs", 40, "--letters", 50)
    bits = [float(number) for number in re.findall(r"([\d.]+) bits per letter", text)]
    assert bits[0] > 4 and bits[-1] < 2.5
    poem = text[text.rindex("bits per letter"):].split("\n", 2)[2]
    assert poem.startswith("The ") and len(poem) == 52


def test_linear_classifier(tmp_path):
    assert accuracy(run(tmp_path, "04_linear_classifier.py", "--plot", "line.png")) == 1.0
    assert (tmp_path / "line.png").stat().st_size > 1000


def test_sharing_is_an_error_until_asked_for(tmp_path):
    text = run(tmp_path, "06_relu_network.py", "--show-sharing")
    assert "already exists, disallowed" in text and "with reuse_variables()" in text


def test_softmax_regression_on_mnist(tmp_path):
    if not (MNIST / "train-images-idx3-ubyte.gz").exists():
        pytest.skip("no MNIST: set GRAPHFLOW_MNIST to a folder with its four files")
    text = run(tmp_path, "01_softmax_regression.py", "--data-dir", MNIST, "--steps", 3000)
    assert accuracy(text) >= 0.91
