#!/usr/bin/env python3
"""Records what TensorFlow's candidate samplers draw: tests/golden/candidate_sampling.json.

Runs in an environment with TensorFlow 2.x (its compat.v1 interface).
"""

import json
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

import tensorflow.compat.v1 as tf  # noqa: E402

from tests.ops import candidate_programs  # noqa: E402

if __name__ == "__main__":
    tf.disable_v2_behavior()
    path = ROOT / "tests" / "golden" / "candidate_sampling.json"
    path.write_text(json.dumps(candidate_programs.results(tf), indent=0) + "\n")
