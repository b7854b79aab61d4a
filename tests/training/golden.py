"""The recorded answers of TensorFlow, and how exactly ours must agree. Holds what was read once."""

import functools
import gzip
import json
from pathlib import Path

import numpy as np

_PATH = Path(__file__).parents[1] / "golden" / "optimizers.json.gz"
TOLERANCE = {"float32": 3e-6, "float64": 1e-13}


@functools.cache
def recorded():
    """Everything that `tools/golden/record_optimizers.py` wrote."""
    return json.loads(gzip.decompress(_PATH.read_bytes()))


def assert_close(got, expected, dtype="float32"):
    """Numbers (nested lists) agree up to the rounding of `dtype`."""
    tolerance = TOLERANCE[dtype]
    np.testing.assert_allclose(got, expected, rtol=tolerance, atol=tolerance)


def assert_same_ops(got, expected):
    """Lists of [name, type, inputs, control inputs] agree; reports the first that doesn't.

    `tf.add` makes Add in 1.15 and AddV2 in 2.x: there the two count as one.
    """
    for mine, theirs in zip(got, expected):
        if mine[1] == "Add":
            mine = [mine[0], "AddV2", *mine[2:]]
        assert mine == theirs
    assert len(got) == len(expected)
