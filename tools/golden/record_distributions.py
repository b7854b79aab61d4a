"""Records what TensorFlow's distributions compute.

Runs where TensorFlow is installed: `python tools/golden/record_distributions.py`. Runs the programs of
tests/distributions/programs.py and writes tests/golden/distributions.json.
"""

import importlib.util
import json
import os
import pathlib

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "2"

import tensorflow.compat.v1 as tf
from tensorflow.python.ops.distributions import special_math

ROOT = pathlib.Path(__file__).resolve().parents[2]


def main():
    """Writes the file."""
    tf.disable_v2_behavior()
    spec = importlib.util.spec_from_file_location("programs", ROOT / "tests/distributions/programs.py")
    programs = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(programs)
    answers = {"distributions": {name: programs.answers(tf, name) for name in programs.DISTRIBUTIONS},
               "edges": {name: programs.edges(tf, name) for name in programs.EDGES},
               "special": programs.special(tf, special_math)}
    (ROOT / "tests/golden/distributions.json").write_text(json.dumps(answers, indent=1, sort_keys=True) + "\n")


if __name__ == "__main__":
    main()
