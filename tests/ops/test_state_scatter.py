"""Updates of parts of variables: rows and slices, repeated indices, indices and shapes that don't fit."""

import numpy as np
import pytest

import graphflow as tf


@pytest.fixture(autouse=True)
def session():
    with tf.Graph().as_default(), tf.Session() as sess:
        yield sess


def variable(session, value, **kwargs):
    result = tf.Variable(value, **kwargs)
    session.run(result.initializer)
    return result


ROWS = {"update": [1, 20, 40], "add": [1, 20 + 2, 40 + 3], "sub": [1, 2 - 20, 3 - 40], "mul": [1, 40, 120],
        "min": [1, 2, 3], "max": [1, 20, 40]}


@pytest.mark.parametrize("kind", ROWS)
@pytest.mark.parametrize("use_resource", [False, True])
def test_scatter_rows(session, kind, use_resource):
    v = variable(session, [1.0, 2.0, 3.0], use_resource=use_resource)
    update = getattr(tf, f"scatter_{kind}")(v, [1, 2], [20.0, 40.0])
    assert session.run(update).tolist() == ROWS[kind]
    assert session.run(v).tolist() == ROWS[kind]


def test_scatter_repeated_indices(session):
    v = variable(session, np.zeros([2, 2], np.float32))
    rows = [[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]
    assert session.run(tf.scatter_add(v, [0, 1, 0], rows)).tolist() == [[6, 8], [3, 4]]
    assert session.run(tf.scatter_update(v, [0, 1, 0], rows)).tolist() == [[5, 6], [3, 4]]
    assert session.run(tf.scatter_div(v, [0], 5.0)).tolist()[0] == pytest.approx([1, 1.2])


def test_scatter_div_of_integers(session):
    v = variable(session, [7, -7])
    assert session.run(tf.scatter_div(v, [0, 1], [2, 2])).tolist() == [3, -3]
    with pytest.raises(tf.errors.InvalidArgumentError, match="division by zero"):
        session.run(tf.scatter_div(v, [0], [0]))


@pytest.mark.parametrize("index", [-1, 3])
def test_scatter_checks_indices(session, index):
    v = variable(session, [1.0, 2.0, 3.0])
    with pytest.raises(tf.errors.InvalidArgumentError, match=rf"indices\[1\] = {index} is not in \[0, 3\)"):
        session.run(tf.scatter_add(v, [0, index], [1.0, 1.0]))
    with pytest.raises(tf.errors.InvalidArgumentError, match=r"does not index into shape \[3\]"):
        session.run(tf.scatter_nd_add(v, [[index]], [1.0]))
    assert session.run(v).tolist() == [1, 2, 3]


def test_scatter_nd(session):
    v = variable(session, np.zeros([2, 3], np.float32))
    added = tf.scatter_nd_add(v, [[0, 1], [0, 1], [1, 2]], [1.0, 2.0, 3.0])
    assert session.run(added).tolist() == [[0, 3, 0], [0, 0, 3]]
    assert session.run(v.scatter_nd_update([[1]], [[7.0, 8.0, 9.0]]))[1].tolist() == [7, 8, 9]
    assert session.run(v.scatter_nd_sub([[1, 0]], [7.0]))[1, 0] == 0
    assert session.run(tf.batch_scatter_update(v, [[0], [2]], [[1.0], [1.0]])).tolist() == [[1, 3, 0], [0, 8, 1]]


def test_scatter_checks_shapes(session):
    v = variable(session, np.zeros([2, 3], np.float32))
    with pytest.raises(ValueError, match="Dimension"):
        tf.scatter_add(v, [0], [[1.0]])
    fed = tf.placeholder(tf.float32)
    with pytest.raises(tf.errors.InvalidArgumentError, match=r"Must have updates.shape = indices.shape"):
        session.run(tf.scatter_add(v, [0], fed), {fed: [[1.0]]})
