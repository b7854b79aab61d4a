"""`tf.losses` against what TensorFlow computed: names, values, gradients."""

import gzip
import json
import pathlib

import numpy as np
import pytest

import graphflow as tf
from tests.losses import programs

GOLDEN = json.loads(gzip.decompress(
    (pathlib.Path(__file__).parents[1] / "golden/losses.json.gz").read_bytes()))


@pytest.mark.parametrize("case", list(programs.cases()), ids=" ".join)
def test_as_in_tensorflow(case):
    expected, found = GOLDEN[" ".join(case)], programs.loss(tf, *case)
    assert found["name"] == expected["name"]
    np.testing.assert_allclose(found["value"], expected["value"], rtol=1e-5, atol=1e-7)
    np.testing.assert_allclose(found["gradient"], expected["gradient"], rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize("name", ["mean_squared_error", "log_loss", "pairwise", "sparse_softmax_column"])
def test_unknown_shapes(name):
    case = (name, "column", "" if name == "pairwise" else programs.REDUCTIONS[-1])
    expected, found = GOLDEN[" ".join(case)], programs.loss(tf, *case, unknown=True)
    np.testing.assert_allclose(found["value"], expected["value"], rtol=1e-5)
    np.testing.assert_allclose(found["gradient"], expected["gradient"], rtol=1e-5, atol=1e-7)


def test_weights_must_fit():
    with tf.Graph().as_default():
        with pytest.raises(ValueError, match="weights can not be broadcast to values. Mismatch at dim 1"):
            tf.losses.mean_squared_error(np.zeros((2, 3)), np.zeros((2, 3)), weights=np.ones((2, 2)))
        with pytest.raises(ValueError, match="values.rank=2. weights.rank=1"):
            tf.losses.mean_squared_error(np.zeros((2, 3)), np.zeros((2, 3)), weights=np.ones(2))
        values = tf.placeholder(tf.float32, None)
        loss = tf.losses.compute_weighted_loss(values, weights=[[1.0, 2.0]])
        with tf.Session() as session:
            assert session.run(loss, {values: [[1.0, 1.0], [2.0, 2.0]]}) == pytest.approx(9 / 4)
            with pytest.raises(tf.errors.InvalidArgumentError, match="weights can not|Incompatible shapes"):
                session.run(loss, {values: [[1.0, 1.0, 1.0]]})
            with pytest.raises(tf.errors.InvalidArgumentError, match="weights can not be broadcast"):
                session.run(loss, {values: [1.0, 1.0]})


def test_missing_and_invalid_arguments():
    with pytest.raises(ValueError, match="labels must not be None."):
        tf.losses.mean_squared_error(None, [1.0])
    with pytest.raises(ValueError, match="logits must not be None."):
        tf.losses.hinge_loss([1.0], None)
    with pytest.raises(ValueError, match="Invalid Reduction Key mean."):
        tf.losses.mean_squared_error([1.0], [1.0], reduction="mean")
    with pytest.raises(ValueError, match="You must specify 'axis'."):
        tf.losses.cosine_distance([1.0], [1.0])


def test_collections():
    with tf.Graph().as_default():
        first = tf.losses.mean_squared_error([1.0], [3.0])
        with tf.name_scope("inner"):
            second = tf.losses.absolute_difference([1.0], [3.0], scope="mine")
        hidden = tf.losses.log_loss([1.0], [0.5], loss_collection=None)
        tf.add_to_collection(tf.GraphKeys.REGULARIZATION_LOSSES, tf.constant(0.5))
        assert tf.losses.get_losses() == [first, second]
        assert tf.losses.get_losses(scope="inner") == [second]
        assert hidden not in tf.losses.get_losses()
        total = tf.losses.get_total_loss()
        assert total.op.name == "total_loss"
        with tf.Session() as session:
            assert session.run([total, tf.losses.get_total_loss(False), tf.losses.get_regularization_loss()]) == [
                6.5, 6.0, 0.5]
