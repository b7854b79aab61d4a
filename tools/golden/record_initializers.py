#!/usr/bin/env python3
"""Records the values of TensorFlow's seeded initializers in tests/golden/initializers.npz.

Runs in an environment with TensorFlow 2.x (tensorflow.compat.v1). Keys are "name/shape".
"""

import os
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
import numpy as np
import tensorflow.compat.v1 as tf

tf.disable_v2_behavior()
TARGET = Path(__file__).resolve().parents[2] / "tests" / "golden" / "initializers.npz"
I = tf.initializers
INITIALIZERS = {
    "random_uniform": I.random_uniform(-1, 2, seed=3),
    "random_normal": I.random_normal(1.0, 2.0, seed=3),
    "truncated_normal": I.truncated_normal(stddev=0.5, seed=3),
    "uniform_unit_scaling": I.uniform_unit_scaling(1.43, seed=1),
    "variance_scaling": I.variance_scaling(2.0, "fan_avg", "untruncated_normal", seed=5),
    "glorot_uniform": I.glorot_uniform(seed=2), "glorot_normal": I.glorot_normal(seed=2),
    "he_normal": I.he_normal(seed=9), "he_uniform": I.he_uniform(seed=9),
    "lecun_normal": I.lecun_normal(seed=9), "lecun_uniform": I.lecun_uniform(seed=9),
    "orthogonal": I.orthogonal(1.5, seed=4),
}

if __name__ == "__main__":
    golden = {}
    for name, initializer in INITIALIZERS.items():
        for shape in ([4, 2], [2, 2, 5]):
            with tf.Graph().as_default(), tf.Session() as session:
                golden[f"{name}/{'x'.join(map(str, shape))}"] = session.run(initializer(shape))
    np.savez_compressed(TARGET, **golden)
