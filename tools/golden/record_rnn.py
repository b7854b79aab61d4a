"""Records what TensorFlow's recurrent nets compute and how their variables are called.

Runs where TensorFlow and tf-keras are installed: `python tools/golden/record_rnn.py`. Runs the programs of
tests/nn/programs.py; writes tests/golden/rnn.json.gz.
"""

import gzip
import importlib.util
import json
import os
import pathlib

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "2"
os.environ["TF_USE_LEGACY_KERAS"] = "1"

import tensorflow.compat.v1 as tf

ROOT = pathlib.Path(__file__).resolve().parents[2]


def main():
    """Writes the file, the same bytes for the same answers."""
    spec = importlib.util.spec_from_file_location("programs", ROOT / "tests/nn/programs.py")
    programs = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(programs)
    tf.disable_v2_behavior()
    found = {name: programs.answers(tf, build) for name, build in programs.programs(tf).items()}
    text = json.dumps(found, indent=0, sort_keys=True)
    path = ROOT / "tests" / "golden" / "rnn.json.gz"
    path.write_bytes(gzip.compress(text.encode(), mtime=0))


if __name__ == "__main__":
    main()
