"""tf.strings.join."""

import numpy as np
import pytest

import graphflow as tf
from tests.ops.harness import Sample, fixed, normal, sample_tests

SAMPLES = [
    Sample("StringJoin", [[normal(2, 3), normal(2, 3)]],
           lambda words: np.array([[a + b"-" + b for a, b in zip(*rows)] for rows in zip(*words)], object),
           attrs={"separator": "-"}, dtypes="string", id="pairs"),
    Sample("StringJoin", [[fixed("x"), normal(3)]], lambda words: np.array([b"x" + w for w in words[1]], object),
           dtypes="string", id="scalar"),
]
test_samples = sample_tests(SAMPLES)


@pytest.mark.parametrize(
    "inputs, separator, expected",
    [
        (["a", "b"], "", b"ab"),
        ([["a", "b"], "c"], "-", [b"a-c", b"b-c"]),
        (["x", [["a"], ["b"]]], "", [[b"xa"], [b"xb"]]),
        ([["a"], ["b"]], "", [b"ab"]),
        (["\x00", b"\xff"], ",", b"\x00,\xff"),
    ],
)
def test_join(inputs, separator, expected):
    with tf.Graph().as_default(), tf.Session() as sess:
        joined = tf.strings.join(inputs, separator)
        value = sess.run(joined)
        assert joined.shape.as_list() == list(getattr(value, "shape", ()))
        assert (value if isinstance(value, bytes) else value.tolist()) == expected


def test_shapes_must_match():
    with tf.Graph().as_default(), tf.Session() as sess:
        with pytest.raises(ValueError, match="do not match|must be equal|differ"):
            tf.string_join([["a"], ["b", "c"]])
        x = tf.placeholder(tf.string)
        joined = tf.string_join([x, ["b", "c"]])
        assert joined.shape.ndims is None
        with pytest.raises(tf.errors.InvalidArgumentError, match="do not match|must be equal|differ"):
            sess.run(joined, {x: ["a"]})
