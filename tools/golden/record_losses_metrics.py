"""Records what TensorFlow's losses and metrics compute and are called.

Runs where TensorFlow is installed: `python tools/golden/record_losses_metrics.py`. Runs the programs of
tests/losses/programs.py and tests/metrics/programs.py; writes tests/golden/losses.json.gz and metrics.json.gz.
"""

import gzip
import importlib.util
import json
import os
import pathlib

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "2"

import tensorflow.compat.v1 as tf

ROOT = pathlib.Path(__file__).resolve().parents[2]


def load(folder):
    """The module tests/FOLDER/programs.py."""
    spec = importlib.util.spec_from_file_location("programs", ROOT / "tests" / folder / "programs.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def write(name, answers):
    """One compressed JSON file, the same bytes for the same answers."""
    text = json.dumps(answers, indent=0, sort_keys=True)
    (ROOT / "tests/golden" / f"{name}.json.gz").write_bytes(gzip.compress(text.encode(), mtime=0))


def main():
    """Writes both files."""
    tf.disable_v2_behavior()
    losses, metrics = load("losses"), load("metrics")
    write("losses", {" ".join(case): losses.loss(tf, *case) for case in losses.cases()})
    write("metrics", {key: metrics.metric(tf, key) for key in metrics.METRICS})


if __name__ == "__main__":
    main()
