"""Records what TensorFlow makes of the programs in tests/feature_column/programs.py.

Runs where TensorFlow is installed: `python tools/golden/record_feature_columns.py`. Writes
tests/golden/feature_columns.json.gz.
"""

import gzip
import json
import os
import pathlib
import sys
import tempfile

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "2"
ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

import tensorflow.compat.v1 as tf  # noqa: E402

from tests.feature_column import programs  # noqa: E402


def record():
    """Writes the file."""
    tf.disable_v2_behavior()
    words = pathlib.Path(tempfile.mkdtemp()) / "words.txt"
    words.write_text("red\nblue\n")
    text = json.dumps(programs.results(tf, str(words)), sort_keys=True)
    with gzip.GzipFile(ROOT / "tests" / "golden" / "feature_columns.json.gz", "w", mtime=0) as file:
        file.write(text.encode())


if __name__ == "__main__":
    record()
