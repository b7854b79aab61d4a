"""Strings: what TensorFlow made of the programs in `string_programs`, shapes, errors."""

import json
from pathlib import Path

import pytest

import graphflow as tf
from tests.ops import string_programs

GOLDEN = Path(__file__).parent.parent / "golden" / "strings.json"


def test_strings_are_tensorflows():
    results, recorded = json.loads(json.dumps(string_programs.results(tf))), json.loads(GOLDEN.read_text())
    assert sorted(results) == sorted(recorded)
    assert {k: v for k, v in results.items() if v != recorded[k]} == {}


def test_shapes():
    x = tf.placeholder(tf.string, [None, 3])
    assert tf.as_string(tf.zeros([2, 3])).shape.as_list() == [2, 3]
    assert tf.reduce_join(x, 1).shape.as_list() == [None]
    assert tf.substr(x, 0, 1).shape.as_list() == [None, 3]
    assert tf.string_split(x[:, 0]).indices.shape.as_list() == [None, 2]
    assert tf.strings.length(x).dtype == tf.int32


def test_old_argument_names():
    with tf.Session() as session:
        assert session.run(tf.string_split(["a,b"], delimiter=",")).values.tolist() == [b"a", b"b"]
        assert session.run(tf.reduce_join(["a", "b"], reduction_indices=0)) == b"ab"
        assert session.run(tf.strings.to_number(input="3")) == 3


def test_errors():
    with tf.Session() as session:
        for op, message in ((tf.string_to_number("x1"), "could not correctly convert string: x1"),
                            (tf.string_to_number("99999999999", tf.int32), "could not correctly convert"),
                            (tf.substr("abc", 5, 1), "pos 5 out of range for string b'abc' at index 0"),
                            (tf.decode_base64("+/+/"), "Invalid character found in base64"),
                            (tf.decode_base64("YWJjZ"), "cannot be 1 modulo 4"),
                            (tf.regex_replace("a", "(", "b"), "Invalid pattern"),
                            (tf.as_string([1.0], fill="ab"), "Fill string must be one or fewer characters"),
                            (tf.reduce_join(tf.placeholder_with_default([[""]], None), [-1, 1]), "dimension 1 "),
                            (tf.as_string([1], precision=2), "precision not supported for datatype int32"),
                            (tf.string_to_hash_bucket_strong("a", 3, [1]), "Key must have 2 elements")):
            with pytest.raises(tf.errors.InvalidArgumentError, match=message):
                session.run(op)
    with pytest.raises(ValueError, match="result_type"):
        tf.string_split(["a"], result_type="RaggedTensor")
    with pytest.raises(ValueError, match="rank 1"):
        tf.string_split("a b")
