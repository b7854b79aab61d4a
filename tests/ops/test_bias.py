"""Adding biases: sample rows, formats, errors."""

import numpy as np
import pytest

import graphflow as tf
from tests.ops.harness import Sample, normal, sample_tests

FLOATS = "float32 float64 float16 bfloat16"

SAMPLES = [
    Sample("BiasAdd", [normal(2, 3), normal(3)], np.add, dtypes=FLOATS + " int32 complex64", grad=(0, 1),
           second=True, id="matrix"),
    Sample("BiasAdd", [normal(2, 3, 4, 2), normal(3)], lambda x, b: x + b[:, None, None],
           attrs={"data_format": "NCHW"}, dtypes=FLOATS, grad=(0, 1), id="nchw"),
    Sample("BiasAddV1", [normal(2, 2, 3), normal(3)], np.add, dtypes=FLOATS, grad=(0, 1), id="v1"),
    Sample("BiasAddGrad", [normal(2, 2, 3)], lambda g: g.sum((0, 1)), dtypes="float32 float64 int32", grad=(0,),
           tol=1e-5, id="grad"),
    Sample("BiasAddGrad", [normal(2, 3, 4, 2)], lambda g: g.sum((0, 2, 3)), attrs={"data_format": "NCHW"},
           dtypes="float32 float64", grad=(0,), tol=1e-5, id="grad-nchw"),
]
test_samples = sample_tests(SAMPLES)


def test_formats():
    value, bias = tf.zeros([2, 3, 4, 5]), tf.ones([3])
    assert tf.nn.bias_add(value, bias, data_format="NCHW").op.get_attr("data_format") == b"NCHW"
    assert tf.nn.bias_add(value, bias, data_format="NCW").op.get_attr("data_format") == b"NCHW"
    assert tf.nn.bias_add(value, tf.ones([5]), data_format="NWC").op.get_attr("data_format") == b"NHWC"
    with pytest.raises(ValueError, match="data_format must be of the form"):
        tf.nn.bias_add(value, bias, data_format="HWCN")


def test_sizes_must_agree():
    with pytest.raises(ValueError, match="Dimensions must be equal, but are 3 and 4"):
        tf.nn.bias_add(tf.zeros([2, 3]), tf.zeros([4]))
    value, bias = tf.placeholder(tf.float32), tf.placeholder(tf.float32)
    with tf.Session() as sess, pytest.raises(tf.errors.InvalidArgumentError, match="as many biases as"):
        sess.run(tf.nn.bias_add(value, bias), {value: np.zeros((2, 3)), bias: np.zeros(4)})
