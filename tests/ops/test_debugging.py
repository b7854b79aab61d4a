"""Printing, assertions, NaN checks: text exactly as TensorFlow's, effects, gradients."""

import sys

import numpy as np
import pytest

import graphflow as tf
from tests.ops.harness import Sample, normal, sample_tests

SAMPLES = [
    Sample("CheckNumerics", [normal(2, 3)], lambda x: x, attrs={"message": "m"},
           dtypes="float32 float64 float16 bfloat16", grad=(0,), id="finite"),
]
test_samples = sample_tests(SAMPLES)

# value, what Print(summarize=3) and what tf.print (summarize=3) write; recorded from TensorFlow 2.21
TEXTS = [
    (np.arange(6).reshape(2, 3), "[0 1 2]...", "[[0 1 2]\n [3 4 5]]"),
    (np.arange(12).reshape(3, 2, 2), "[[0 1][2...]]...",
     "[[[0 1]\n  [2 3]]\n\n [[4 5]\n  [6 7]]\n\n [[8 9]\n  [10 11]]]"),
    (np.arange(10), "0 1 2...", "[0 1 2 ... 7 8 9]"),
    (np.float32([1e-8, 1e20, 0.1]), "1e-08 1e+20 0.1", "[1e-08 1e+20 0.1]"),
    (np.float32([123456.789, 1 / 3, np.nan]), "123456.789 0.333333343 nan", "[123456.789 0.333333343 nan]"),
    (np.float64([1 / 3, 123456789.123]), "0.33333333333333331 123456789.123", "[0.33333333333333331 123456789.123]"),
    (np.float16([0.1, 2.5]), "0.0999755859 2.5", "[0.0999755859 2.5]"),
    (np.array([True, False]), "1 0", "[1 0]"),
    (np.array([b"a", b"b'c"]), "a b\\'c", "[\"a\" \"b\\'c\"]"),
    (np.float32(1.5), "1.5", "1.5"),
]


def _run(tensor, feed=None):
    with tf.Session() as sess:
        return sess.run(tensor, feed)


@pytest.mark.parametrize(("value", "flat", "ends"), TEXTS)
def test_texts(value, flat, ends, capsys):
    _run(tf.Print(tf.constant(0), [tf.constant(value)], message="m: "))
    assert capsys.readouterr().err == f"m: [{flat}]\n"
    _run(tf.print(tf.constant(value)))
    assert capsys.readouterr().err == ends + "\n"


def test_print_passes_values_and_gradients_on_and_stops_after_first_n(capsys):
    x = tf.constant([1.0, 2.0])
    y = tf.Print(x, [x, "text"], first_n=2, summarize=1)
    gradient = tf.gradients(y * y, x)[0]
    with tf.Session() as sess:
        for _ in range(3):
            np.testing.assert_array_equal(sess.run(gradient), [2, 4])
    assert capsys.readouterr().err == "[1...][text]\n" * 2


def test_print_of_structures(capsys, tmp_path):
    _run(tf.print("a", tf.constant([1, 2]), {"k": tf.constant(3), "s": "x"}, [tf.constant("q"), "z"], 5, None))
    assert capsys.readouterr().err == "a [1 2] {'k': 3, 's': 'x'} [\"q\", 'z'] 5 None\n"
    _run(tf.print("a", 1, sep="-", end="END", output_stream=sys.stdout))
    assert capsys.readouterr().out == "a-1END"
    file = tmp_path / "log"
    _run(tf.print(tf.constant("text"), output_stream=f"file://{file}"))
    assert file.read_text() == "text\n"
    _run(tf.print([tf.SparseTensor([[3]], [2.5], [10])]))
    assert capsys.readouterr().err == "['SparseTensor(indices=[[3]], values=[2.5], shape=[10])']\n"
    with pytest.raises(ValueError, match="Unrecognized keyword arguments"):
        tf.print("a", colour="red")
    with pytest.raises(ValueError, match="Unsupported output stream"):
        tf.print("a", output_stream=3)


def test_string_format():
    text = tf.strings.format("x={} y={}", [tf.constant([1, 2]), tf.constant("s")])
    assert _run(text) == b'x=[1 2] y="s"'
    with pytest.raises(ValueError, match=r"2 placeholder\(s\) in template does not match 1"):
        tf.strings.format("{} {}", [tf.constant(1)])


def test_assert_names_its_data():
    check = tf.Assert(tf.constant(False), [tf.constant([1, 2, 3, 4]), "msg", tf.constant([[1.0, 2.0], [3.0, 4.0]])])
    message = r"assertion failed: \[1 2 3...\] \[msg\] \[\[1 2\]\[3...\]...\]"
    with pytest.raises(tf.errors.InvalidArgumentError, match=message):
        _run(check)
    assert _run(tf.Assert(tf.constant(True), [tf.constant(1)])) is None


@pytest.mark.parametrize(("value", "found"), [([np.nan], "NaN"), ([-np.inf], "Inf"), ([np.inf, np.nan], "Inf and NaN")])
def test_check_numerics(value, found):
    with pytest.raises(tf.errors.InvalidArgumentError, match=f"m : Tensor had {found} values"):
        _run(tf.check_numerics(tf.constant(value, tf.float32), "m"))
    with pytest.raises(tf.errors.InvalidArgumentError, match=f"m : Tensor had {found} values"):
        _run(tf.verify_tensor_all_finite(tf.constant(value, tf.float32), "m"))


def test_add_check_numerics_ops_names_the_tensor():
    with tf.Graph().as_default():
        x = tf.placeholder(tf.float32, [], name="x")
        tf.log(x, name="y")
        check = tf.add_check_numerics_ops()
        _run(check, {x: 1.0})
        with pytest.raises(tf.errors.InvalidArgumentError, match="y:0 : Tensor had Inf"):
            _run(check, {x: 0.0})


def test_add_check_numerics_ops_refuses_conditionals_and_loops():
    for build in (lambda: tf.cond(tf.placeholder(tf.bool, []), lambda: 1.0, lambda: 2.0),
                  lambda: tf.while_loop(lambda x: x < 3.0, lambda x: x + 1.0, [0.0])):
        with tf.Graph().as_default():
            build()
            with pytest.raises(ValueError, match="not compatible with TensorFlow control flow"):
                tf.add_check_numerics_ops()
