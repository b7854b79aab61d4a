#!/usr/bin/env python3
"""Records what TensorFlow reads from messages: tests/golden/messages.json. Runs with TensorFlow 2.x."""

import json
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

import tensorflow.compat.v1 as tf  # noqa: E402

from tests.ops import message_programs  # noqa: E402

if __name__ == "__main__":
    tf.disable_v2_behavior()
    path = ROOT / "tests" / "golden" / "messages.json"
    path.write_text(json.dumps(message_programs.results(tf), indent=0) + "\n")
