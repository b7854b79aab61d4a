"""Constants, placeholders, and ops that only pass values on."""

import numpy as np
import pytest

import graphflow as tf
from graphflow.framework import raw_ops
from tests.ops.harness import Sample, bools, fixed, normal, sample_tests

ALL = "float32 float64 float16 bfloat16 int8 int32 int64 uint8 bool complex64 string"
WORDS = fixed([["a", "bc"], ["", "d"]])


def _same(x):
    return x


def _all_same(xs):
    return tuple(xs)


test_samples = sample_tests([
    Sample("Identity", [normal(2, 3)], _same, dtypes=ALL, grad=(0,), second=True),
    Sample("Identity", [normal()], _same, id="scalar"),
    Sample("Identity", [normal(0, 2)], _same, id="empty"),
    Sample("Identity", [WORDS], _same, dtypes=["string"], id="strings"),
    Sample("IdentityN", [[normal(2), normal(1, 3)]], _all_same, dtypes=ALL, grad=(0, 1)),
    Sample("IdentityN", [[normal(2), bools(3)]], _all_same, id="mixed"),
    Sample("PlaceholderWithDefault", [normal(2, 3)], _same, attrs={"shape": [2, 3]}, grad=(0,)),
    Sample("RefIdentity", [normal(2, 3)], _same, session=False),
    Sample("StopGradient", [normal(2, 3)], _same, dtypes=ALL),
    Sample("GuaranteeConst", [normal(2, 3)], _same, dtypes=ALL, grad=(0,)),
    Sample("PreventGradient", [normal(2, 3)], _same),
])


@pytest.fixture(autouse=True)
def graph():
    with tf.Graph().as_default() as graph:
        yield graph


def run(*fetches, feeds=None):
    with tf.Session() as session:
        return session.run(list(fetches), feeds)


@pytest.mark.parametrize(("value", "dtype"), [
    (1, "int32"), (1.5, "float32"), (True, "bool"), ([1, 2], "int32"), (2**40, "int64"),
    (np.float64(1), "float64"), (1j, "complex128"), (np.arange(3), "int64"),
])
def test_constants(value, dtype):
    constant = tf.constant(value)
    assert constant.dtype.name == dtype
    result = run(constant)[0]
    assert result.dtype.name == dtype
    np.testing.assert_array_equal(result, value)


def test_constants_are_filled_up():
    np.testing.assert_array_equal(run(tf.constant([1, 2], shape=[4]))[0], [1, 2, 2, 2])
    with pytest.raises(ValueError):
        tf.constant([1, 2, 3], shape=[2])
    with pytest.raises(TypeError):
        tf.constant([1, 2], shape=[4], verify_shape=True)


def test_no_name_is_the_name_const():
    assert tf.constant(1, name=None).op.name == "Const"


def test_a_constant_is_a_copy():
    array = np.zeros(3)
    constant = tf.constant(array)
    array[:] = 1
    np.testing.assert_array_equal(run(constant)[0], [0, 0, 0])


def test_strings():
    assert run(tf.constant(["a", b"\xff"]))[0].tolist() == [b"a", b"\xff"]


def test_placeholders():
    x = tf.placeholder(tf.float32, [None, 2], name="x")
    assert run(x, feeds={x: [[1, 2]]})[0].tolist() == [[1, 2]]
    with pytest.raises(tf.errors.InvalidArgumentError, match="must feed a value for placeholder"):
        run(tf.identity(x))
    with pytest.raises(ValueError, match="Cannot feed value of shape"):
        run(x, feeds={x: [1.0, 2.0]})
    with pytest.raises(TypeError):
        tf.placeholder(tf.float32._as_ref)


def test_placeholder_with_default():
    x = tf.placeholder_with_default([1.0, 2.0], [None])
    assert x.shape.as_list() == [None]
    y = x * 2.0
    assert run(y)[0].tolist() == [2, 4]
    assert run(y, feeds={x: [5.0]})[0].tolist() == [10]
    with pytest.raises(ValueError):
        tf.placeholder_with_default([1.0, 2.0], [3])


def test_gradients_stop():
    x = tf.constant(2.0)
    assert tf.gradients(tf.stop_gradient(x) * 3.0, x) == [None]
    y = raw_ops.PreventGradient(x, message="not this way")
    with pytest.raises(LookupError, match="not this way"):
        tf.gradients(y, x)


def test_no_op():
    assert run(tf.no_op()) == [None]
