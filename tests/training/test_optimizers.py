"""Optimizers against runs of TensorFlow: numbers after five steps, names, nodes, errors."""

import numpy as np
import pytest

import graphflow as tf
from tests.training import programs
from tests.training.golden import assert_close, assert_same_ops, recorded

# 1.15 starts Ftrl's accumulators from constants, 2.x by initializers.
OTHER_NODES = {"ftrl", "ftrl_power", "ftrl_v2"}


@pytest.mark.parametrize("case", list(programs.optimizer_cases()), ids=" ".join)
def test_five_steps(case):
    got, expected = programs.train(tf, *case), recorded()["train"][" ".join(case)]
    for key in ("variables", "trainable", "slots", "optimizer_variables", "train_op"):
        assert got[key] == expected[key], key
    if case[0] not in OTHER_NODES:
        assert_same_ops(got["ops"], expected["ops"])
    for name, value in expected["values"].items():
        assert_close(got["values"][name], value, case[1])


@pytest.mark.parametrize("sparse", [False, True])
@pytest.mark.parametrize("case", programs.MINIMIZED)
def test_minimize(case, sparse):
    got = programs.minimize(tf, case, sparse)
    expected = recorded()["minimize_sparse" if sparse else "minimize"][case]
    assert_close(got.pop("losses"), expected["losses"], "float32")
    assert got == {key: value for key, value in expected.items() if key != "losses"}


def test_scopes():
    got, expected = programs.scoped(tf), recorded()["scoped"]
    assert got["variables"] == expected["variables"]
    assert_same_ops(got["ops"], expected["ops"])


def test_no_gradients():
    with tf.Graph().as_default():
        w = tf.Variable(1.0, name="w")
        optimizer = tf.train.GradientDescentOptimizer(0.1)
        with pytest.raises(ValueError, match="No gradients provided for any variable, check"):
            optimizer.minimize(tf.constant(1.0))
        with pytest.raises(ValueError, match="No gradients provided for any variable: "):
            optimizer.apply_gradients([(None, w)])
        with pytest.raises(ValueError, match="No variables provided"):
            optimizer.apply_gradients([])


def test_nothing_to_optimize():
    with tf.Graph().as_default(), pytest.raises(ValueError, match="No variables to optimize"):
        tf.train.GradientDescentOptimizer(0.1).minimize(tf.constant(1.0))


def test_wrong_arguments():
    with tf.Graph().as_default():
        w = tf.Variable(1.0)
        optimizer = tf.train.GradientDescentOptimizer(0.1)
        with pytest.raises(ValueError, match="gate_gradients must be one of"):
            optimizer.compute_gradients(w * w, gate_gradients=7)
        with pytest.raises(NotImplementedError, match="unsupported type"):
            optimizer.compute_gradients(w * w, var_list=["w"])
        with pytest.raises(ValueError, match="Invalid type"):
            optimizer.compute_gradients(tf.constant(1))
        with pytest.raises(NotImplementedError, match="Trying to update a Tensor"):
            optimizer.apply_gradients([(tf.constant(1.0), tf.constant(1.0))])
        with pytest.raises(ValueError, match="Must specify the optimizer name"):
            tf.train.GradientDescentOptimizer(0.1, name="")
        with pytest.raises(ValueError, match="must be positive"):
            tf.train.AdagradOptimizer(0.1, initial_accumulator_value=0.0)
        with pytest.raises(ValueError, match="needs to be negative"):
            tf.train.FtrlOptimizer(0.1, learning_rate_power=0.5)


def test_constraint_follows_update():
    with tf.Graph().as_default():
        w = tf.Variable([1.0, -3.0], constraint=lambda v: tf.maximum(v, 0.0))
        op = tf.train.GradientDescentOptimizer(1.0).apply_gradients([([2.0, 2.0], w)])
        rows = tf.IndexedSlices(tf.constant([1.0]), tf.constant([0]))
        with pytest.raises(RuntimeError, match="constraint function on a sparse variable"):
            tf.train.GradientDescentOptimizer(1.0).apply_gradients([(rows, w)])
        with tf.Session() as session:
            session.run(w.initializer)
            session.run(op)
            assert session.run(w).tolist() == [0.0, 0.0]


def test_own_optimizer():
    class Sign(tf.train.Optimizer):
        def __init__(self):
            super().__init__(False, "Sign")

        def _apply_dense(self, grad, var):
            return tf.assign_sub(var, tf.sign(grad)).op

    with tf.Graph().as_default():
        w = tf.Variable([3.0, -3.0], name="w")
        op = Sign().minimize(tf.reduce_sum(w * w), var_list={"w": [w]})
        with tf.Session() as session:
            session.run(w.initializer)
            session.run(op)
            assert session.run(w).tolist() == [2.0, -2.0]


def test_learning_rate_function_and_unknown_shape():
    with tf.Graph().as_default():
        start = tf.placeholder_with_default(np.ones([2, 2], np.float32), [None, 2])
        w = tf.Variable(start, validate_shape=False)
        optimizer = tf.train.RMSPropOptimizer(lambda: 0.1)
        op = optimizer.apply_gradients([(tf.ones([2, 2]), w)])
        with tf.Session() as session:
            session.run(w.initializer)
            session.run([v.initializer for v in optimizer.variables()])
            session.run(op)
            assert_close(session.run(w), np.full([2, 2], 0.9, np.float32))


def test_global_step():
    with tf.Graph().as_default():
        assert tf.train.get_global_step() is None
        step = tf.train.create_global_step()
        assert tf.train.get_or_create_global_step() is step
        assert step.name == "global_step:0" and step.dtype.base_dtype == tf.int64
        with pytest.raises(ValueError, match="already exists"):
            tf.train.create_global_step()
    with tf.Graph().as_default():
        tf.Variable(1.0, name="global_step")
        with pytest.raises(TypeError, match="does not have integer type"):
            tf.train.get_global_step()
    with tf.Graph().as_default():
        with pytest.raises(TypeError, match="is not scalar"):
            tf.train.assert_global_step(tf.constant([1]))
        with pytest.raises(TypeError, match="must be a Variable or Tensor"):
            tf.train.assert_global_step("step")


def test_views_of_dicts_are_lists_of_variables():
    weights = {"b": tf.Variable(1.0, name="b"), "a": tf.Variable(2.0, name="a")}
    pairs = tf.train.GradientDescentOptimizer(0.1).compute_gradients(
        weights["a"] * weights["b"], var_list=weights.values())
    assert [variable.op.name for _, variable in pairs] == ["b", "a"]
