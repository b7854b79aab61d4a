"""Records TensorFlow's answers to the programs of tests/ops/dataflow_programs.py.

Run with TensorFlow's Python, from the root of the project: python tools/golden/record_dataflow.py
"""

import gzip
import json
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def main():
    """Writes tests/golden/dataflow.json.gz."""
    import tensorflow.compat.v1 as tf

    sys.path.insert(0, str(ROOT))
    from tests.ops.dataflow_programs import GRAPHS, PROGRAMS, answers, operations

    tf.disable_v2_behavior()
    found = {name: answers(tf, function, tf.errors.OpError) for name, function in PROGRAMS.items()}
    graphs = {name: operations(tf, function) for name, function in GRAPHS.items()}
    data = json.dumps({"tensorflow": tf.__version__, "programs": found, "graphs": graphs}).encode()
    (ROOT / "tests/golden/dataflow.json.gz").write_bytes(gzip.compress(data, mtime=0))


if __name__ == "__main__":
    main()
