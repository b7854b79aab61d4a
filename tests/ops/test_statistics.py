"""Reductions of `graphflow/ops/statistics.py`."""

import numpy as np

import graphflow as tf
from tests.ops.harness import Sample, normal, sample_tests


def logsumexp(x, axis=1, **kwargs):
    return np.log(np.sum(np.exp(x), axis=axis, **kwargs))


test_samples = sample_tests(
    [
        Sample(
            tf.reduce_logsumexp,
            [normal(2, 3)],
            logsumexp,
            attrs={"axis": 1},
            grad=(0,),
            second=True,
        ),
        Sample(
            tf.reduce_logsumexp, [normal(2, 3)], lambda x: logsumexp(x, None), grad=(0,), id="all"
        ),
        Sample(
            tf.reduce_logsumexp,
            [normal(2, 3)],
            lambda x: logsumexp(x, keepdims=True),
            id="keep",
            attrs={"axis": 1, "keepdims": True},
            grad=(0,),
        ),
        Sample(
            tf.math.reduce_variance,
            [normal(2, 3)],
            lambda x: np.var(x, axis=0),
            attrs={"axis": 0},
            grad=(0,),
            second=True,
        ),
        Sample(tf.math.reduce_std, [normal(2, 3)], lambda x: np.std(x), grad=(0,)),
        Sample(
            tf.count_nonzero,
            [normal(2, 3)],
            lambda x: np.int64(np.count_nonzero(x)),
            dtypes="float32 float64 int32",
        ),
    ]
)


def test_logsumexp_of_extremes():
    with tf.Graph().as_default(), tf.Session() as sess:
        x = tf.constant([[1000.0, 1000.0], [-np.inf, -np.inf]])
        np.testing.assert_allclose(
            sess.run(tf.reduce_logsumexp(x, 1)), [1000 + np.log(2), -np.inf], rtol=1e-6
        )
