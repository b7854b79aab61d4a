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
    (".*", [[1, 2], [3, 4]]), (None, [[0, 0], [0, 0]]), ("a", [[1, 2], [0, 0]]), (["b"], [[0, 0], [3, 4]])])
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
            ({"var_name_to_vocab_info": {"c": None}}, "in var_name_to_vocab_info that were not used: \\['c'\\]")):
        with pytest.raises(ValueError, match=message):
            tf.train.warm_start(checkpoint, **arguments)
    with pytest.raises(ValueError, match="axis argument are 0 and 1"):
        tf.train.VocabInfo("a", 1, 0, "b", axis=2)


@pytest.fixture
def words(tmp_path):
    """(checkpoint of the matrix "m", files of its old words and of the new ones)."""
    for name, lines in (("old", "a b c"), ("new", "c x a")):
        (tmp_path / name).write_text("\n".join(lines.split()) + "\n")
    with tf.Graph().as_default(), tf.Session() as sess:
        tf.get_variable("m", initializer=np.arange(9, dtype=np.float32).reshape(3, 3))
        tf.get_variable("b", initializer=np.float32([1, 2]))
        sess.run(tf.global_variables_initializer())
        return tf.train.Saver().save(sess, str(tmp_path / "m")), str(tmp_path / "old"), str(tmp_path / "new")


@pytest.mark.parametrize("use_resource", [False, True])
@pytest.mark.parametrize("slices", [1, 2])
def test_rows_of_words(words, slices, use_resource):
    """Rows go where their words are; new words and buckets get the other initializer; the rest is as it was."""
    path, old, new = words
    tf.get_variable("n", [4, 3], partitioner=tf.fixed_size_partitioner(slices), use_resource=use_resource)
    tf.get_variable("b", [2], use_resource=use_resource)
    info = tf.train.VocabInfo(new, 3, 1, old, backup_initializer=lambda shape, **_: tf.fill(shape, -1.0))
    tf.train.warm_start(path, var_name_to_vocab_info={"n": info}, var_name_to_prev_var_name={"n": "m"})
    found = values()
    assert found.pop("b") == [1, 2]
    assert np.vstack([found[name] for name in sorted(found)]).tolist() == [[6, 7, 8], [-1] * 3, [0, 1, 2], [-1] * 3]


def test_columns_of_words(words):
    path, old, new = words
    tf.get_variable("m", [3, 4])
    tf.get_variable("b", [2], initializer=tf.zeros_initializer())
    info = tf.train.VocabInfo(new, 3, 1, old, axis=1)
    tf.train.warm_start(path, None, {"m": info})
    assert values() == {"m": [[2, 0, 0, 0], [5, 0, 3, 0], [8, 0, 6, 0]], "b": [0, 0]}


def test_fewer_old_words(words):
    path, old, new = words
    tf.get_variable("m", [3, 3])
    tf.train.warm_start(path, "m", {"m": tf.train.VocabInfo(new, 3, 0, old, old_vocab_size=1)})
    assert values()["m"] == [[0] * 3, [0] * 3, [0, 1, 2]]
