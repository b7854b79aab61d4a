"""Records how TensorFlow turns Python values into tensors: tests/golden/conversions.json.

Run in TensorFlow's venv: `python tools/golden/record_conversions.py`. Each case is a Python
expression over `np`, `tf` and `ANY` (an object that is nothing special), with the arguments of
`tf.make_tensor_proto`; its answer is dtype, shape and values, or the class of the exception.
"""

import json
import pathlib
import warnings

import numpy as np

INFERRED = """
2**31-1; 2**31; 2**40; -2**63; 2**63; 2**70; [1, 2**40]; 1.5; 1e300; float('nan'); [float('inf'), 1]
True; [True, False]; [True, 1]; [True, 2.5]; [1, 2.5]; 1j; [1, 1j]; (1, 2); [(1, 2), [3, 4]]
[]; [[]]; [[], []]; ()
'a'; 'é'; b'a'; ['a', b'b']; [['a', 'b'], ['c', 'd']]; [b'a\\0', b'b']; np.str_('x'); [np.str_('x')]
np.float64(2); [np.float64(2)]; np.int64(3); [np.int64(3)]; [np.int64(2**40)]; [np.float16(1)]
[np.int8(1)]; [np.uint8(3), 300]; [np.bool_(True)]; [np.float32(2), np.float64(3)]
np.array([1.5]); np.array([1, 2]); np.array(['a', 'bc']); np.array([b'a'])
np.zeros((0, 3), np.int8); np.array(['a', b'b'], object); bytearray(b'ab'); memoryview(b'ab')
[np.array(1), np.array(2)]
[[1, 2], [3]]; [[1], 2]; ['a', ['b']]; ['a', 1]; [1, 'a']; None; [None, 1]; {1: 2}; ANY; [ANY]
np.array([1, 2], object); np.array(None); np.datetime64('2020'); range(3)
[np.ones(2), np.zeros(2)]; [np.ones(2), np.zeros(3)]; tf.float32; [tf.Dimension(3), 2]
"""

TYPED = """
1.5 int32; [1,2.5] int32; 1 float32; True float32; True int32; 1 bool; 'a' float32; 1.0 string
1 string; 1j float32; 1 complex64; np.array([1.5]) int32; np.float64(1.5) int32; 300 uint8; -1 uint8
[np.float64(1.5)] int32; [np.int64(1)] float32; [np.bool_(1)] float32; 2**40 int64; [1,2] float16
[1.,2.] bfloat16; 1 bfloat16; [(1,),(2,)] qint8; None float32; [None] float32; [[1],[1,2]] float32
'abc' string; [1,None] int32; 1 variant; tf.Dimension(3) int64; [tf.Dimension(3),2] int32
[tf.Dimension(3)] float32; np.array(['a']) string; np.array([1,2]) string; [] int32; [] string
b'x' bool; np.array([True]) float32; [np.ones(2),np.zeros(2)] int32; 1e39 float32; [True] int32
[1.0] bool; np.array(['1']) float32; [1,'a'] string; 2**63 uint64; 70000. float16
[np.bool_(1)] bool
"""

SHAPED = [
    ("[1, 2, 3]", [2, 3], {}),
    ("1", [2, 2], {}),
    ("1", [], {}),
    ("[1, 2, 3, 4, 5]", [2, 2], {}),
    ("[1, 2, 3]", [], {}),
    ("[]", [2], {}),
    ("[]", [0], {}),
    ("5", [0, 3], {}),
    ("'a'", [0], {}),
    ("[[1, 2], [3]]", [0], {}),
    ("'a'", [2], {}),
    ("['a', 'b']", [3], {}),
    ("np.ones((2, 2))", [4], {}),
    ("np.array([], np.float32)", [2], {}),
    ("1", [-1], {}),
    ("1", [None, 2], {}),
    ("1", 3, {}),
    ("[1, 2]", [3], {"verify_shape": True}),
    ("[1, 2]", [2], {"verify_shape": True}),
    ("1", [2], {"verify_shape": True}),
    ("[[1, 2], [3, 4]]", [4], {"verify_shape": True}),
    ("[1, 2]", [3], {"allow_broadcast": True}),
    ("[1]", [3], {"allow_broadcast": True}),
    ("[1, 2, 3, 4]", [2, 2], {"allow_broadcast": True}),
    ("1", [2], {"allow_broadcast": True, "verify_shape": True}),
]


def cases():
    """All cases: (expression, dtype name or None, shape or None, further arguments)."""
    for text in filter(None, INFERRED.replace("\n", ";").split(";")):
        yield text.strip(), None, None, {}
    for text in filter(None, TYPED.replace("\n", ";").split(";")):
        expression, dtype = text.strip().rsplit(" ", 1)
        yield expression, dtype, None, {}
    for expression, shape, more in SHAPED:
        yield expression, None, shape, more


def answer(tf, case):
    """What TensorFlow makes of a case."""
    expression, dtype, shape, more = case
    value = eval(expression, {"np": np, "tf": tf, "ANY": object()})
    try:
        proto = tf.make_tensor_proto(value, dtype and tf.as_dtype(dtype), shape, **more)
    except Exception as error:
        return {"error": type(error).__name__}
    array = tf.make_ndarray(proto)
    return {
        "dtype": tf.as_dtype(proto.dtype).name,
        "shape": list(array.shape),
        "values": [repr(item) for item in array.ravel().tolist()],
    }


def main():
    """Writes the golden file."""
    import tensorflow.compat.v1 as tf

    tf.disable_v2_behavior()
    warnings.simplefilter("ignore")
    rows = [
        {"value": c[0], "dtype": c[1], "shape": c[2], "more": c[3], **{"answer": answer(tf, c)}}
        for c in cases()
    ]
    target = pathlib.Path(__file__).parents[2] / "tests" / "golden" / "conversions.json"
    lines = ",\n".join(json.dumps(row) for row in rows)
    target.write_text(f"[\n{lines}\n]\n")


if __name__ == "__main__":
    main()
