#!/usr/bin/env python3
"""Records what TensorFlow draws by seeds alone: tests/golden/stateless_random.npz. Runs with TensorFlow 2.x."""

import sys
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

import tensorflow.compat.v1 as tf  # noqa: E402

from tests.ops import stateless_programs  # noqa: E402

if __name__ == "__main__":
    tf.disable_v2_behavior()
    np.savez_compressed(ROOT / "tests" / "golden" / "stateless_random.npz", **stateless_programs.results(tf))
