"""What plans know of TensorArrays: shapes of elements and sizes, and when they must not believe what they see."""

import numpy as np
import pytest

import graphflow as tf


def rows(text, op):
    """The lines of an explanation about ops of a type."""
    return [line.split() for line in text.splitlines() if f" {op} " in line]


def explained(fetches, feed):
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        session.run(fetches, feed)
        return session.explain(fetches, feed)


def test_elements_have_the_shape_of_what_is_written():
    with tf.Graph().as_default():
        x = tf.placeholder(tf.float32, [None, None, 3])
        outputs, _ = tf.nn.dynamic_rnn(tf.nn.rnn_cell.GRUCell(4), x, dtype=tf.float32)
        text = explained(outputs, {x: np.ones((2, 5, 3))})
    assert rows(text, "TensorArrayReadV3")[0][2] == "float32[2,3]"
    assert rows(text, "TensorArrayGatherV3")[0][2] == "float32[5,2,4]"
    assert rows(text, "TensorArraySizeV3")[0][0] in ("ahead", "not")
    assert rows(text, "MatMul")[0][0] == "native"


def test_arrays_of_other_shapes_stay_unknown():
    with tf.Graph().as_default(), tf.Session() as session:
        x, y = tf.placeholder(tf.float32, [None]), tf.placeholder(tf.float32, [None])
        array = tf.TensorArray(tf.float32, 2, infer_shape=False).write(0, x).write(1, y)
        second, feed = array.read(1) * 2.0, {x: [1, 2], y: [1, 2, 3]}
        np.testing.assert_array_equal(session.run(second, feed), [2, 4, 6])
        assert "[3]" not in "".join(map(str, rows(session.explain(second, feed), "TensorArrayReadV3")))


@pytest.mark.parametrize("first", [True, False])
def test_nothing_is_learnt_in_a_branch(first):
    """Branches may write elements of other shapes; only one of them runs."""
    with tf.Graph().as_default(), tf.Session() as session:
        x, y, chosen = (tf.placeholder(tf.float32, [None]), tf.placeholder(tf.float32, [None]),
                        tf.placeholder(tf.bool, []))
        array = tf.TensorArray(tf.float32, 1)
        array = tf.cond(chosen, lambda: array.write(0, x), lambda: array.write(0, y))
        result = tf.nn.relu(array.read(0)) + 1.0
        for _ in range(2):
            found = session.run(result, {x: [1, 2], y: [1, 2, 3], chosen: first})
            np.testing.assert_array_equal(found, [2, 3] if first else [2, 3, 4])


def test_a_loop_that_writes_nothing():
    """What comes after a loop of no iterations may write another shape."""
    with tf.Graph().as_default(), tf.Session() as session:
        x, y, n = tf.placeholder(tf.float32, [None]), tf.placeholder(tf.float32, [None]), tf.placeholder(tf.int32, [])
        array = tf.TensorArray(tf.float32, 2)
        _, array = tf.while_loop(lambda i, a: i < n, lambda i, a: (i + 1, a.write(i, x)), (0, array))
        result = array.write(1, y).read(1) * tf.ones([2])
        np.testing.assert_array_equal(session.run(result, {x: [1, 2], y: [3, 4], n: 1}), [3, 4])
        np.testing.assert_array_equal(session.run(result, {x: [1, 2], y: [5], n: 0}), [5, 5])
        with pytest.raises(tf.errors.InvalidArgumentError, match="incompatible with the TensorArray's inferred"):
            session.run(result, {x: [1, 2], y: [5], n: 1})


def test_products_with_one_repeat_what_has_a_shape_of_its_own():
    with tf.Graph().as_default(), tf.Session() as session:
        x = tf.placeholder(tf.float32, [4])
        found = tf.boolean_mask(x, x > 2)[:1]       # its shape depends on data
        values = session.run([found * tf.ones([3]), tf.pow(found, tf.fill([3], 2.0))], {x: [1, 2, 3, 4]})
    np.testing.assert_array_equal(values, [[3, 3, 3], [9, 9, 9]])
