"""Dimensions moved between layouts of images; the numbers are those of TensorFlow 1.15's own tests."""

import numpy as np
import pytest

import graphflow as tf
from graphflow.framework import raw_ops
from tests.ops.harness import Sample, fixed, sample_tests

DIMENSIONS = np.array([[1, -3], [0, -1]])


def _map(x):
    return np.array([0, 2, 3, 1])[x]


test_samples = sample_tests([
    Sample("DataFormatDimMap", [fixed(DIMENSIONS)], _map, dtypes="int32 int64"),
    Sample("DataFormatDimMap", [fixed(DIMENSIONS)], lambda x: np.array([3, 2, 1, 0])[x],
           attrs={"src_format": "qwer", "dst_format": "rewq"}, dtypes="int32", id="any letters"),
    Sample("DataFormatVecPermute", [fixed(np.array([7, 4, 9, 3]))], lambda x: x[[0, 3, 1, 2]], dtypes="int32 int64"),
    Sample("DataFormatVecPermute", [fixed(np.array([[7, 4], [9, 3], [4, 5], [5, 1]]))], lambda x: x[[1, 2, 0, 3]],
           attrs={"src_format": "NHWC", "dst_format": "HWNC"}, dtypes="int32", id="pairs"),
    Sample("DataFormatVecPermute", [fixed(np.array([7, 4]))], lambda x: x[::-1],
           attrs={"src_format": "NHWC", "dst_format": "NCWH"}, dtypes="int32", id="space only"),
])


def test_errors():
    with tf.Session() as session:
        for op, message in ((raw_ops.DataFormatDimMap([4]), "dimension.*4"),
                            (raw_ops.DataFormatDimMap([0], dst_format="NCHX"), "not a permutation")):
            with pytest.raises(tf.errors.InvalidArgumentError, match=message):
                session.run(op)
    with pytest.raises(ValueError, match="vector or matrix"):
        raw_ops.DataFormatVecPermute([1, 2, 3])
