"""Element types of tensors: `tf.DType`, the dtype constants and `tf.as_dtype`.

Every DType is interned, so internal code may compare with `is`. State: the table of interned
dtypes and the lookup table of `as_dtype`, which learns aliases as they are met. bfloat16's NumPy
type comes from ml_dtypes, which is imported only when `tf.bfloat16.as_numpy_dtype` is asked for.
"""

import builtins

import numpy as np

from graphflow.framework.api import export_value, tf_export

_REF = 100  # the DataType enum of a reference type is its base's plus this

_QUANTIZED_NP = {
    name: np.dtype([(name, storage)])
    for name, storage in (
        ("qint8", np.int8),
        ("quint8", np.uint8),
        ("qint16", np.int16),
        ("quint16", np.uint16),
        ("qint32", np.int32),
    )
}

# (name, enum, NumPy type, kind); resource and variant values are Python objects to us.
_SPECS = (
    ("float32", 1, np.float32, "f"),
    ("float64", 2, np.float64, "f"),
    ("int32", 3, np.int32, "i"),
    ("uint8", 4, np.uint8, "u"),
    ("int16", 5, np.int16, "i"),
    ("int8", 6, np.int8, "i"),
    ("string", 7, np.object_, "s"),
    ("complex64", 8, np.complex64, "c"),
    ("int64", 9, np.int64, "i"),
    ("bool", 10, np.bool_, "b"),
    ("qint8", 11, _QUANTIZED_NP["qint8"], "q"),
    ("quint8", 12, _QUANTIZED_NP["quint8"], "q"),
    ("qint32", 13, _QUANTIZED_NP["qint32"], "q"),
    ("bfloat16", 14, None, "f"),
    ("qint16", 15, _QUANTIZED_NP["qint16"], "q"),
    ("quint16", 16, _QUANTIZED_NP["quint16"], "q"),
    ("uint16", 17, np.uint16, "u"),
    ("complex128", 18, np.complex128, "c"),
    ("float16", 19, np.float16, "f"),
    ("resource", 20, np.object_, "o"),
    ("variant", 21, np.object_, "o"),
    ("uint32", 22, np.uint32, "u"),
    ("uint64", 23, np.uint64, "u"),
)

_INTERNED = {}  # enum -> DType


@tf_export("dtypes.DType", "DType")
class DType:
    """The type of the elements of a tensor (`tf.float32`, `tf.int64_ref`...).

    `DType(enum)` takes a number of TensorFlow's DataType enum and returns the one object of that
    type; `tf.as_dtype` also takes names and NumPy types.

        assert tf.as_dtype("float32") is tf.float32 and tf.float32 == np.float32
    """

    __slots__ = (
        "_is_ref_dtype",
        "_kind",
        "as_datatype_enum",
        "as_numpy_dtype",
        "base_dtype",
        "is_bool",
        "is_complex",
        "is_floating",
        "is_integer",
        "is_numpy_compatible",
        "is_quantized",
        "name",
        "real_dtype",
        "size",
    )

    def __new__(cls, type_enum):
        try:
            return _INTERNED[int(type_enum)]
        except KeyError:
            raise TypeError(
                f"type_enum is not a valid types_pb2.DataType: {type_enum}"
            ) from None

    def __getattr__(self, attribute):
        # Only bfloat16 leaves this slot empty, so that importing us needs no ml_dtypes.
        if attribute != "as_numpy_dtype":
            raise AttributeError(f"'DType' object has no attribute {attribute!r}")
        import ml_dtypes

        self.as_numpy_dtype = ml_dtypes.bfloat16
        return self.as_numpy_dtype

    @property
    def _as_ref(self):
        return _INTERNED[self.base_dtype.as_datatype_enum + _REF]

    @property
    def is_unsigned(self):
        """True for the unsigned integers; False for quantised and non-numeric types."""
        return self._kind == "u"

    @property
    def min(self):
        """The smallest value; TypeError for quantised, complex and non-numeric types."""
        return self._extreme("min", "minimum")

    @property
    def max(self):
        """The largest value; TypeError for quantised, complex and non-numeric types."""
        return self._extreme("max", "maximum")

    def _extreme(self, which, word):
        if self._kind in "iu":
            return getattr(np.iinfo(self.as_numpy_dtype), which)
        if self.base_dtype is bfloat16:
            import ml_dtypes

            return getattr(ml_dtypes.finfo(ml_dtypes.bfloat16), which)
        if self._kind == "f":
            return getattr(np.finfo(self.as_numpy_dtype), which)
        raise TypeError(f"Cannot find {word} value of {self}.")

    @property
    def limits(self):
        """(0, the largest intensity of an image of this type): 1 for floats, 255 for uint8."""
        if self._kind in "iu":
            return 0, int(self.max)
        if self.base_dtype in (bool, float32, float64):
            return (0, True) if self.is_bool else (0, 1)
        raise KeyError(f"{self} has no intensity limits")

    def is_compatible_with(self, other):
        """True if a tensor of type `other` (anything `as_dtype` takes) can be used as this type."""
        other = as_dtype(other)
        return self is other or self is other.base_dtype

    def __eq__(self, other):
        if self is other:
            return True
        if other is None or other.__class__ is DType:
            return False
        try:
            return self is as_dtype(other)
        except TypeError:
            return False

    def __ne__(self, other):
        return not self.__eq__(other)

    def __hash__(self):
        return self.as_datatype_enum

    def __repr__(self):
        return "tf." + self.name

    def __str__(self):
        return f"<dtype: {self.name!r}>"

    def __reduce__(self):
        return as_dtype, (self.name,)


def _intern(name, enum, numpy_type, kind, base=None):
    dtype = object.__new__(DType)
    dtype.name = name
    dtype.as_datatype_enum = enum
    if numpy_type is not None:
        dtype.as_numpy_dtype = numpy_type
    dtype.base_dtype = base or dtype
    dtype.real_dtype = dtype
    dtype._kind = kind
    dtype._is_ref_dtype = base is not None
    dtype.is_floating = kind == "f"
    dtype.is_integer = kind in "iu"
    dtype.is_bool = kind == "b"
    dtype.is_complex = kind == "c"
    dtype.is_quantized = kind == "q"
    dtype.is_numpy_compatible = kind != "o"
    if kind == "o":
        dtype.size = 1
    else:
        dtype.size = 2 if numpy_type is None else np.dtype(numpy_type).itemsize
    _INTERNED[enum] = dtype
    return dtype


for _name, _enum, _numpy_type, _kind in _SPECS:
    _base = _intern(_name, _enum, _numpy_type, _kind)
    _intern(_name + "_ref", _enum + _REF, _numpy_type, _kind, _base)

float32, float32_ref = DType(1), DType(101)
float64, float64_ref = DType(2), DType(102)
int32, int32_ref = DType(3), DType(103)
uint8, uint8_ref = DType(4), DType(104)
int16, int16_ref = DType(5), DType(105)
int8, int8_ref = DType(6), DType(106)
string, string_ref = DType(7), DType(107)
complex64, complex64_ref = DType(8), DType(108)
int64, int64_ref = DType(9), DType(109)
bool, bool_ref = DType(10), DType(110)
qint8, qint8_ref = DType(11), DType(111)
quint8, quint8_ref = DType(12), DType(112)
qint32, qint32_ref = DType(13), DType(113)
bfloat16, bfloat16_ref = DType(14), DType(114)
qint16, qint16_ref = DType(15), DType(115)
quint16, quint16_ref = DType(16), DType(116)
uint16, uint16_ref = DType(17), DType(117)
complex128, complex128_ref = DType(18), DType(118)
float16, float16_ref = DType(19), DType(119)
resource, resource_ref = DType(20), DType(120)
variant, variant_ref = DType(21), DType(121)
uint32, uint32_ref = DType(22), DType(122)
uint64, uint64_ref = DType(23), DType(123)
half, half_ref = float16, float16_ref
double, double_ref = float64, float64_ref

complex64.real_dtype = complex64_ref.real_dtype = float32
complex128.real_dtype = complex128_ref.real_dtype = float64

for _name in [spec[0] for spec in _SPECS] + ["half", "double"]:
    export_value(_name, __name__, _name)
    export_value("dtypes." + _name, __name__, _name)

QUANTIZED_DTYPES = frozenset(d for d in _INTERNED.values() if d.is_quantized)
export_value("QUANTIZED_DTYPES", __name__, "QUANTIZED_DTYPES")
export_value("dtypes.QUANTIZED_DTYPES", __name__, "QUANTIZED_DTYPES")

# The sets that op definitions name in their constraints, in the order of the enum.
realnumbertype = (
    float32, float64, int32, uint8, int16, int8, int64, bfloat16, uint16, float16, uint32, uint64,
)  # fmt: skip
numbertype = tuple(
    sorted(
        (*realnumbertype, complex64, complex128, qint8, quint8, qint32),
        key=lambda dtype: dtype.as_datatype_enum,
    )
)
quantizedtype = (qint8, quint8, qint32, qint16, quint16)

_LOOKUP = {**_INTERNED, **{dtype.name: dtype for dtype in _INTERNED.values()}}
_LOOKUP.update({
    "half": half, "half_ref": half_ref, "float": float32, "float_ref": float32_ref,
    "double": double, "double_ref": double_ref,
    builtins.float: float32, builtins.bool: bool, builtins.object: string,
    np.str_: string, np.bytes_: string, np.object_: string,
})  # fmt: skip
for _name, _enum, _numpy_type, _kind in _SPECS:
    if _kind not in "os" and _numpy_type is not None:
        _LOOKUP[_numpy_type] = _INTERNED[_enum]


def _numpy_lookup(value):
    """The DType of a NumPy dtype or scalar type that the table does not hold, or None."""
    if isinstance(value, np.dtype):
        if value.fields is None and value.type in _LOOKUP:
            return _LOOKUP[value.type]
    elif not (isinstance(value, type) and issubclass(value, np.generic)):
        return None
    dtype = np.dtype(value)
    if dtype.name == "bfloat16":
        return bfloat16
    # np.longlong and its like are types of their own beside the fixed-width ones.
    return _LOOKUP.get(dtype.name) if dtype.kind in "iufc" else None


@tf_export("dtypes.as_dtype", "as_dtype")
def as_dtype(type_value):
    """The DType of a DType, a DataType number, a name, a NumPy type, or Python's float or bool.

        tf.as_dtype("float"), tf.as_dtype(np.int64), tf.as_dtype(19)  # float32, int64, float16

    Raises TypeError if `type_value` names no tensor type; Python's int, whose width is open, and
    str are refused as in TensorFlow.
    """
    if type_value.__class__ is DType:
        return type_value
    try:
        return _LOOKUP[type_value]
    except (KeyError, TypeError):
        found = _numpy_lookup(type_value)
    if found is None:
        raise TypeError(f"Cannot convert value {type_value!r} to a TensorFlow DType.")
    if found is not string:  # string dtypes of NumPy are without number
        _LOOKUP[type_value] = found
    return found
