#!/usr/bin/env python3
"""Records what TensorFlow makes of infinities, NaN and zeros: tests/golden/special_values.npz. Runs in an environment
with TensorFlow 2.x."""

import sys
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

import tensorflow.compat.v1 as tf  # noqa: E402

from tests.ops import special_value_programs  # noqa: E402

if __name__ == "__main__":
    tf.disable_v2_behavior()
    np.savez_compressed(ROOT / "tests" / "golden" / "special_values.npz", **{
        name: value for dtype in ("float32", "float64")
        for name, value in special_value_programs.results(tf, dtype).items()})
