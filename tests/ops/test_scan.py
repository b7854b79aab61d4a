"""Sample rows of `graphflow/ops/scan.py`."""

import itertools

import numpy as np
import pytest

import graphflow as tf
from tests.ops.harness import Sample, fixed, normal, positive, sample_tests

FLOATS = "float16 bfloat16 float32 float64"


def scanned(function, start, exclusive, reverse):
    def oracle(x, axis):
        x = np.moveaxis(x, int(axis), 0)
        x = x[::-1] if reverse else x
        if exclusive:
            x = np.concatenate([np.full_like(x[:1], start), x[:-1]])
        out = function(x, axis=0).astype(x.dtype)
        return np.moveaxis(out[::-1] if reverse else out, 0, int(axis))

    return oracle


def log_add(x, axis):
    return np.logaddexp.accumulate(x, axis=axis)


def rows(op, function, start, dtypes, generator=positive):
    return [
        Sample(
            op,
            [generator(3, 4), fixed(np.array(axis))],
            scanned(function, start, exclusive, reverse),
            attrs={"exclusive": exclusive, "reverse": reverse},
            dtypes=dtypes,
            tol=1e-4,
            grad=(0,),
            second=op == "Cumsum",
            id=f"{axis}-{exclusive}-{reverse}",
        )
        for axis, (exclusive, reverse) in zip(
            (0, 1, -1, 0), itertools.product((False, True), repeat=2)
        )
    ]


test_samples = sample_tests([
    *rows("Cumsum", np.cumsum, 0, FLOATS + " int32 int64 uint8 complex64", normal),
    *rows("Cumprod", np.cumprod, 1, FLOATS + " int32 int64 uint8 complex64"),
    # An exclusive one begins with -inf, where differences are NaN.
    *(row for row in rows("CumulativeLogsumexp", log_add, -np.inf, "float16 float32 float64")
      if not row.attrs("float32")["exclusive"]),
    Sample("CumulativeLogsumexp", [normal(3, 4), fixed(np.array(0))],
           scanned(log_add, -np.inf, True, False), attrs={"exclusive": True}, id="exclusive"),
    Sample("Cumsum", [normal(0, 3), fixed(np.array(0))], lambda x, axis: x, id="empty"),
])


def test_wrong_axis():
    with tf.Graph().as_default(), tf.Session() as sess:
        with pytest.raises(ValueError, match="Expected scan axis in the range"):
            tf.cumsum([1.0], 1)
        axis = tf.placeholder(tf.int32, [])
        with pytest.raises(tf.errors.InvalidArgumentError, match="Expected scan axis in the range"):
            sess.run(tf.cumsum([1.0], axis), {axis: 2})
