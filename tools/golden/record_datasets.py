"""Records the elements that TensorFlow's datasets give.

Runs where TensorFlow is installed: `python tools/golden/record_datasets.py`. Runs the pipelines of
tests/data/programs.py and file_programs.py in a folder of its own; writes tests/golden/datasets.json.gz.
"""

import gzip
import importlib.util
import json
import os
import pathlib
import tempfile

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"

import tensorflow.compat.v1 as tf

ROOT = pathlib.Path(__file__).resolve().parents[2]


def load(name):
    """The module tests/data/NAME.py."""
    spec = importlib.util.spec_from_file_location(name, ROOT / f"tests/data/{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def main():
    """Writes the file."""
    tf.disable_v2_behavior()
    programs = load("programs")
    pipelines = {**programs.PIPELINES, **load("file_programs").PIPELINES}
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        answers = {name: programs.answers(tf, make) for name, make in pipelines.items()}
        os.chdir(ROOT)
    text = json.dumps(answers, indent=0, sort_keys=True)
    (ROOT / "tests/golden/datasets.json.gz").write_bytes(gzip.compress(text.encode(), mtime=0))


if __name__ == "__main__":
    main()
