"""Python values to tensors: against recorded TensorFlow answers, and error texts."""

import json
import pathlib
import types
import warnings

import numpy as np
import pytest

import graphflow as tf
from graphflow import protobuf
from graphflow.framework import dimension, dtypes, static_value, tensor_util

GOLDEN = pathlib.Path(__file__).parents[1] / "golden" / "conversions.json"
CASES = json.loads(GOLDEN.read_text())
NAMES = {
    "np": np,
    "tf": types.SimpleNamespace(float32=dtypes.float32, Dimension=dimension.Dimension),
    "ANY": object(),
}


def describe(case):
    return f"{case['value']} {case['dtype'] or ''} {case['shape'] or ''} {case['more'] or ''}"


@pytest.mark.parametrize("case", CASES, ids=describe)
def test_as_tensorflow(case):
    value = eval(case["value"], dict(NAMES))
    arguments = {"dtype": case["dtype"], "shape": case["shape"], **case["more"]}
    expected = case["answer"]
    if "error" in expected:
        with pytest.raises(Exception) as raised:
            tensor_util.to_ndarray(value, **arguments)
        assert raised.type.__name__ == expected["error"]
        return
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        array = tensor_util.to_ndarray(value, **arguments)
    via_proto = tensor_util.MakeNdarray(tensor_util.make_tensor_proto(value, **arguments))
    for result in (array, via_proto):
        assert dtypes.as_dtype(result.dtype).name == expected["dtype"]
        assert list(result.shape) == expected["shape"]
        assert [repr(item) for item in result.ravel().tolist()] == expected["values"]
        assert result.flags.c_contiguous and result.flags.writeable


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((1.5, "int32"), "Expected int32, got 1.5 of type 'float' instead."),
        (([1, "a"],), "Failed to convert object of type <class 'list'> to Tensor. Contents:"),
        ((None,), "None values not supported."),
        (([[1, 2], [3]],), "setting an array element with a sequence: .* length 2 .* length 1"),
        (([[1], 2],), "length 1 and another has the single value 2"),
        (([1, 2, 3], None, [2]), "Needed at most 2, but received 3"),
        (([1, 2], None, [3], True), r"Expected Tensor's shape: \(3,\), got \(2,\)."),
        (([np.ones(2)],), r"got shape \[1, 2\], but wanted \[1\]"),
        ((np.array([1], object),), "Expected binary or unicode string, got 1"),
        ((1, "resource"), "Incompatible types"),
    ],
)
def test_error_texts(arguments, message):
    with pytest.raises((TypeError, ValueError), match=message):
        tensor_util.to_ndarray(*arguments)


def test_the_result_is_independent_and_native():
    source = np.arange(6.0).reshape(2, 3).T
    array = tensor_util.to_ndarray(source)
    source[:] = 0
    assert array.tolist() == [[0, 3], [1, 4], [2, 5]] and array.flags.c_contiguous
    assert tensor_util.to_ndarray(np.array([1, 2], ">i4")).dtype == np.dtype("=i4")


def test_masses_of_leaves_are_fast_and_checked():
    rows = [[0.5] * 100] * 1000
    assert tensor_util.to_ndarray(rows).shape == (1000, 100)
    with pytest.raises(TypeError, match="got 'x' of type 'str'"):
        tensor_util.to_ndarray([*rows, [0.5] * 99 + ["x"]], "float32")


def test_proto_storage():
    content = tensor_util.make_tensor_proto([1.0, 2.0])
    assert content.tensor_content == np.float32([1, 2]).tobytes() and not content.float_val
    assert list(tensor_util.make_tensor_proto(7, shape=[3]).int_val) == [7]
    assert list(tensor_util.make_tensor_proto([1 + 2j, 3]).dcomplex_val) == [1, 2, 3, 0]
    assert list(tensor_util.make_tensor_proto(1.0, "float16").half_val) == [0x3C00]
    assert tensor_util.make_tensor_proto(content) is content


@pytest.mark.parametrize("dtype", [*dtypes.realnumbertype, dtypes.complex64, dtypes.bool])
def test_proto_round_trip_of_every_dtype(dtype):
    for value in ([0, 1, 2], [1], [[]]):
        array = np.array(value).astype(dtype.as_numpy_dtype)
        proto = tensor_util.make_tensor_proto(array)
        result = tensor_util.MakeNdarray(proto)
        assert result.dtype == array.dtype and result.shape == array.shape
        np.testing.assert_array_equal(result, array)
        proto = protobuf.TensorProto(
            dtype=dtype.as_datatype_enum, tensor_shape=proto.tensor_shape,
            tensor_content=array.tobytes(),
        )  # fmt: skip
        np.testing.assert_array_equal(tensor_util.MakeNdarray(proto), array)


def test_shape_equals_and_bad_protos():
    proto = tensor_util.make_tensor_proto([[1, 2]])
    assert tensor_util.ShapeEquals(proto, [1, 2])
    assert not tensor_util.ShapeEquals(proto, (2, 2))
    assert tensor_util.ShapeEquals(proto, proto.tensor_shape)
    with pytest.raises(TypeError):
        tensor_util.ShapeEquals(proto, 2)
    with pytest.raises(TypeError, match="Unsupported tensor type: variant"):
        tensor_util.MakeNdarray(protobuf.TensorProto(dtype=protobuf.DT_VARIANT))
    proto.int_val.extend([1, 2, 3])
    proto.tensor_content = b""
    with pytest.raises(ValueError, match="3 values"):
        tensor_util.MakeNdarray(proto)


def test_the_static_value_of_what_is_no_tensor():
    array = np.zeros(3)
    assert static_value.constant_value(array) is array
    assert static_value.constant_value("text") == "text"


def test_stacks_known_in_part():
    stacked = tf.stack([tf.constant([1.0, 2.0]), tf.placeholder(tf.float32, [2])])
    assert static_value.constant_value(stacked) is None
    known = static_value.constant_value(stacked, partial=True)
    assert known[0].tolist() == [1.0, 2.0] and known[1] is None


def test_what_is_a_tensor():
    assert all(map(tf.is_tensor, (tf.constant(1), tf.SparseTensor([[0]], [1], [1]), tf.Variable(1))))
    assert not any(map(tf.is_tensor, (1, "a", [tf.constant(1)], np.ones(2))))
