#!/usr/bin/env python3
"""Records what TensorFlow makes of strings: tests/golden/strings.json. Runs in an environment with TensorFlow 2.x."""

import json
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

import tensorflow.compat.v1 as tf  # noqa: E402

from tests.ops import string_programs  # noqa: E402

if __name__ == "__main__":
    tf.disable_v2_behavior()
    path = ROOT / "tests" / "golden" / "strings.json"
    path.write_text(json.dumps(string_programs.results(tf), indent=0) + "\n")
