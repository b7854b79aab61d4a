"""DType: interning, lookups, properties and equality."""

import pathlib
import pickle
import subprocess
import sys

import numpy as np
import pytest

from graphflow.framework import dtypes


@pytest.mark.parametrize(
    ("value", "name"),
    [
        ("float", "float32"),
        ("double", "float64"),
        ("half", "float16"),
        ("float32_ref", "float32_ref"),
        ("float_ref", "float32_ref"),
        (1, "float32"),
        (119, "float16_ref"),
        (float, "float32"),
        (bool, "bool"),
        (object, "string"),
        (np.float64, "float64"),
        (np.dtype("float16"), "float16"),
        (np.dtype(">i4"), "int32"),
        (np.longlong, "int64"),
        (np.dtype("q"), "int64"),
        (np.intc, "int32"),
        (np.str_, "string"),
        (np.dtype("S3"), "string"),
        (np.dtype(object), "string"),
        (np.dtype([("qint8", np.int8)]), "qint8"),
        (dtypes.uint64, "uint64"),
    ],
)
def test_as_dtype(value, name):
    assert dtypes.as_dtype(value) is getattr(dtypes, name)
    assert dtypes.as_dtype(value) is dtypes.as_dtype(value)


@pytest.mark.parametrize(
    "value", [int, str, bytes, complex, "int", "flt", None, [1], 0, 24, np.dtype("M8[s]"), "f4"]
)
def test_as_dtype_refuses(value):
    with pytest.raises(TypeError, match="Cannot convert value .* to a TensorFlow DType"):
        dtypes.as_dtype(value)


def test_every_dtype_is_interned_and_consistent():
    for enum in [*range(1, 24), *range(101, 124)]:
        dtype = dtypes.DType(enum)
        assert dtype is dtypes.as_dtype(enum) is dtypes.as_dtype(dtype.name)
        assert dtype.as_datatype_enum == enum == hash(dtype)
        assert getattr(dtypes, dtype.name) is dtype
        assert pickle.loads(pickle.dumps(dtype)) is dtype
        assert dtype._is_ref_dtype == (enum > 100)
        assert dtype.base_dtype is dtypes.DType(enum % 100)
        assert dtype._as_ref is dtypes.DType(enum % 100 + 100)
        if dtype.is_numpy_compatible:
            assert dtypes.as_dtype(np.dtype(dtype.as_numpy_dtype)) is dtype.base_dtype
            assert dtype.size == np.dtype(dtype.as_numpy_dtype).itemsize
    with pytest.raises(TypeError):
        dtypes.DType(0)


def test_text_and_equality():
    assert repr(dtypes.float32) == "tf.float32"
    assert str(dtypes.float32_ref) == "<dtype: 'float32_ref'>"
    assert dtypes.float32 == "float32" and dtypes.float32 == np.float32 and dtypes.float32 == 1
    assert dtypes.float32 != dtypes.float32_ref and dtypes.float32 != "nonsense"
    assert (dtypes.float32 == None, dtypes.float32 != None) == (False, True)  # noqa: E711
    assert {dtypes.int32: 1}[dtypes.as_dtype("int32")] == 1


def test_properties():
    assert dtypes.bfloat16.is_floating and dtypes.float16_ref.is_floating
    assert dtypes.uint8.is_integer and dtypes.uint8.is_unsigned and not dtypes.int8.is_unsigned
    assert dtypes.quint8.is_quantized and not dtypes.quint8.is_integer
    assert not dtypes.quint8.is_unsigned and dtypes.bool_ref.is_bool
    assert dtypes.complex64.is_complex and dtypes.complex64.real_dtype is dtypes.float32
    assert dtypes.complex128_ref.real_dtype is dtypes.float64
    assert dtypes.float32_ref.real_dtype is dtypes.float32_ref
    assert not dtypes.resource.is_numpy_compatible and dtypes.variant.size == 1
    assert dtypes.float32_ref.is_compatible_with("float32_ref")
    assert dtypes.float32.is_compatible_with(dtypes.float32_ref)
    assert not dtypes.float32_ref.is_compatible_with(dtypes.float32)


def test_ranges():
    assert (dtypes.int8.min, dtypes.int8.max) == (-128, 127)
    assert dtypes.float32.max == np.finfo(np.float32).max
    assert float(dtypes.bfloat16.max) == float.fromhex("0x1.FEp127")
    assert dtypes.uint8.limits == (0, 255) and dtypes.float64.limits == (0, 1)
    for dtype in (dtypes.qint8, dtypes.bool, dtypes.string, dtypes.complex64, dtypes.resource):
        with pytest.raises(TypeError, match="Cannot find minimum value"):
            _ = dtype.min


def test_constraint_sets():
    assert len(dtypes.numbertype) == 17 and len(dtypes.realnumbertype) == 12
    assert set(dtypes.realnumbertype) < set(dtypes.numbertype)
    enums = [dtype.as_datatype_enum for dtype in dtypes.numbertype]
    assert enums == sorted(enums)
    assert len(dtypes.QUANTIZED_DTYPES) == 10


def test_ml_dtypes_is_loaded_only_for_bfloat16():
    program = (
        "import sys; from graphflow.framework import dtypes\n"
        "assert 'ml_dtypes' not in sys.modules\n"
        "assert dtypes.bfloat16.size == 2 and dtypes.bfloat16.is_floating\n"
        "assert 'ml_dtypes' not in sys.modules\n"
        "assert dtypes.as_dtype(dtypes.bfloat16.as_numpy_dtype) is dtypes.bfloat16\n"
    )
    root = pathlib.Path(dtypes.__file__).parents[2]
    subprocess.run([sys.executable, "-c", program], check=True, cwd=root)
