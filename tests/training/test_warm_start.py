"""tf.train.warm_start: which variables begin with what a checkpoint has."""

import numpy as np
import pytest

import graphflow as tf


@pytest.fixture
def checkpoint(tmp_path):
    with tf.Graph().as_default(), tf.Session() as sess:
        tf.get_variable("a/w", initializer=np.float32([1, 2]))
        tf.get_variable("b/w", initializer=np.float32([3, 4]))
        tf.get_variable("part", initializer=np.arange(4, dtype=np.float32))
        sess.run(tf.global_variables_initializer())
        return tf.train.Saver().save(sess, str(tmp_path / "m"))


def values():
    with tf.Session() as sess:
        sess.run(tf.global_variables_initializer())
        return {v.op.name: sess.run(v).tolist() for v in tf.global_variables()}


def variables():
    return [tf.get_variable(name, [2], initializer=tf.zeros_initializer()) for name in ("a/w", "b/w")]


@pytest.mark.parametrize(("wanted", "expected"), [
    (".*", [[1, 2], [3, 4]]), (None, [[1, 2], [3, 4]]), ("a", [[1, 2], [0, 0]]), (["b"], [[0, 0], [3, 4]])])
def test_chosen_by_name(checkpoint, wanted, expected):
    variables()
    tf.train.warm_start(checkpoint, wanted)
    assert list(values().values()) == expected


def test_renamed_and_partitioned(checkpoint):
    first, _ = variables()
    tf.get_variable("part", [4], partitioner=tf.fixed_size_partitioner(2))
    tf.train.warm_start(checkpoint, [first], var_name_to_prev_var_name={"a/w": "b/w"})
    tf.train.warm_start(checkpoint, "part")
    found = values()
    assert found["a/w"] == [3, 4] and found["part/part_0"] == [0, 1] and found["part/part_1"] == [2, 3]


def test_refused(checkpoint):
    variables()
    for arguments, message in (
            ({"vars_to_warm_start": 5}, "must be a `list` or `str`"),
            ({"vars_to_warm_start": ["a", 5]}, "all `Variable`"),
            ({"var_name_to_prev_var_name": {"c": "d"}}, "Perhaps you misspelled"),
            ({"var_name_to_vocab_info": {"a/w": None}}, "var_name_to_vocab_info=...\\) is not supported")):
        with pytest.raises(ValueError, match=message):
            tf.train.warm_start(checkpoint, **arguments)
    with pytest.raises(ValueError, match="axis argument are 0 and 1"):
        tf.train.VocabInfo("a", 1, 0, "b", axis=2)
