"""`tf.distributions` against what TensorFlow computed, and samples against their moments."""

import json
import pathlib
import re

import numpy as np
import pytest

import graphflow as tf
from graphflow.distributions import divergence, special_math
from tests.distributions import programs

GOLDEN = json.loads((pathlib.Path(__file__).parents[1] / "golden/distributions.json").read_text())


def _same(found, recorded, rtol=2e-5, atol=1e-6):
    assert set(found) == set(recorded)
    for key, expected in recorded.items():
        if isinstance(expected, (str, dict)) or expected is None or key == "parameters":
            assert found[key] == expected, key
        else:
            np.testing.assert_allclose(found[key], expected, rtol=rtol, atol=atol, err_msg=key)


@pytest.mark.parametrize("name", programs.DISTRIBUTIONS)
def test_as_in_tensorflow(name):
    _same(programs.answers(tf, name), GOLDEN["distributions"][name])


@pytest.mark.parametrize("name", programs.EDGES)
def test_edges_and_tails(name):
    _same(programs.edges(tf, name), GOLDEN["edges"][name], atol=1e-37)


def test_special_functions():
    # erfinv of values near 0 is a difference of values near 0.5, which each rounds in its own way.
    _same(programs.special(tf, special_math), GOLDEN["special"], rtol=1e-4, atol=1e-37)


@pytest.mark.parametrize("name", [n for n in programs.DISTRIBUTIONS if n not in ("Categorical", "StudentT")])
def test_moments_of_samples(name):
    with tf.Graph().as_default(), tf.Session() as session:
        tf.set_random_seed(5)
        made = getattr(tf.distributions, name)(*programs.DISTRIBUTIONS[name][0])
        drawn, mean, stddev = session.run([made.sample(20000, seed=11), made.mean(), made.stddev()])
    np.testing.assert_allclose(drawn.mean(0), np.broadcast_to(mean, drawn.shape[1:]), atol=0.06)
    np.testing.assert_allclose(drawn.std(0), np.broadcast_to(stddev, drawn.shape[1:]), rtol=0.06)


def test_shares_of_classes():
    with tf.Graph().as_default(), tf.Session() as session:
        tf.set_random_seed(5)
        drawn = session.run(tf.distributions.Categorical(probs=[[0.1, 0.6, 0.3], [1.0, 0.0, 0.0]]).sample(20000, 3))
    shares = [np.bincount(column, minlength=3) / 20000 for column in drawn.T]
    np.testing.assert_allclose(shares, [[0.1, 0.6, 0.3], [1.0, 0.0, 0.0]], atol=0.02)


def test_gradients_go_through_samples():
    with tf.Graph().as_default(), tf.Session() as session:
        scale = tf.constant(2.0)
        sample = tf.distributions.Normal(1.0, scale).sample(seed=1)
        value, slope = session.run([sample, tf.gradients(sample, scale)[0]])
    assert slope == pytest.approx((value - 1.0) / 2.0, rel=1e-5)


def test_what_is_not_there():
    with tf.Graph().as_default():
        normal, uniform = tf.distributions.Normal(0.0, 1.0), tf.distributions.Uniform()
        with pytest.raises(NotImplementedError, match="quantile is not implemented: Uniform"):
            uniform.quantile(0.5)
        with pytest.raises(NotImplementedError, match="param_shapes is not implemented: Categorical"):
            tf.distributions.Categorical.param_shapes([2])
        with pytest.raises(NotImplementedError, match="distribution_a type Normal and distribution_b type Uniform"):
            normal.kl_divergence(uniform)
        with pytest.raises(ValueError, match="Must pass probs or logits, but not both."):
            tf.distributions.Bernoulli()
        checked = tf.distributions.Normal(0.0, tf.placeholder_with_default(-1.0, []), validate_args=True)
        with tf.Session() as session, pytest.raises(tf.errors.InvalidArgumentError):
            session.run(checked.stddev())


def test_moments_of_students_t():
    with tf.Graph().as_default(), tf.Session() as session:
        tf.set_random_seed(5)
        drawn = session.run(tf.distributions.StudentT(8.0, [1.0, -1.0], 2.0).sample(20000, seed=11))
    np.testing.assert_allclose(drawn.mean(0), [1.0, -1.0], atol=0.06)
    np.testing.assert_allclose(drawn.std(0), 2.0 * np.sqrt(8.0 / 6.0), rtol=0.06)


@pytest.mark.parametrize("name", ["Multinomial", "DirichletMultinomial", "Dirichlet"])
def test_samples_sum_up(name):
    total = {"Dirichlet": 1.0, "DirichletMultinomial": 4.0, "Multinomial": [4.0, 3.0]}[name]
    with tf.Graph().as_default(), tf.Session() as session:
        made = getattr(tf.distributions, name)(*programs.DISTRIBUTIONS[name][0])
        drawn, one = session.run([made.sample([3, 2], seed=1), made.sample()])
    batch = tuple(made.batch_shape.as_list())
    assert drawn.shape == (3, 2, *batch, 3)
    assert one.shape == (*batch, 3)
    np.testing.assert_allclose(drawn.sum(-1), np.broadcast_to(total, (3, 2, *batch)), rtol=1e-6)
    assert (drawn >= 0).all()


UNDEFINED = [("Gamma", (0.5, 1.0), "mode"), ("Beta", (2.0, [0.5, 2.0]), "mode"), ("StudentT", (1.0, 0.0, 1.0), "mean"),
             ("StudentT", ([0.5, 3.0], 0.0, 1.0), "variance"), ("Dirichlet", ([0.5, 2.0],), "mode")]


@pytest.mark.parametrize(("name", "arguments", "statistic"), UNDEFINED)
def test_undefined_statistics(name, arguments, statistic):
    with tf.Graph().as_default(), tf.Session() as session:
        assert np.isnan(session.run(getattr(getattr(tf.distributions, name)(*arguments), statistic)())).any()
        strict = getattr(tf.distributions, name)(*arguments, allow_nan_stats=False)
        with pytest.raises(tf.errors.InvalidArgumentError, match="Condition x < y did not hold"):
            session.run(getattr(strict, statistic)())


def test_modes_of_a_batch():
    with tf.Graph().as_default(), tf.Session() as session:
        modes = session.run(tf.distributions.Dirichlet([[2.0, 3.0, 2.0], [1.0, 3.0, 2.0]]).mode())
    np.testing.assert_allclose(modes, [[0.25, 0.5, 0.25], [np.nan] * 3])


CHECKED = [
    ("Normal", (0.0, -1.0), None, "Condition x > 0"), ("StudentT", (-1.0, 0.0, 1.0), None, "Condition x > 0"),
    ("Uniform", ([1.0, 2.0], 2.0), None, "uniform not defined when low >= high."),
    ("Beta", (0.0, 1.0), None, "Concentration parameter must be positive."),
    ("Beta", (2.0, 2.0), 1.0, "sample must be less than `1`."), ("Gamma", (2.0, 2.0), 0.0, "Condition x > 0"),
    ("Bernoulli", (None, 1.5), None, "probs has components greater than 1."),
    ("Bernoulli", (None, 0.5), 2, "Elements cannot exceed 1."), ("Bernoulli", (None, 0.5), -1, "must be non-negative"),
    ("Bernoulli", (None, 0.5), 0.5, "Elements must be bool-equivalent."),
    ("Categorical", (None, [0.5, 0.6]), None, "probs does not sum to 1."),
    ("Categorical", (None, [0.5, 0.5]), 0.5, "Elements must be int32-equivalent."),
    ("Dirichlet", ([1.0, -1.0],), None, "Concentration parameter must be positive."),
    ("Dirichlet", ([1.0, 2.0],), [0.5, 0.6], "sample last-dimension must sum to `1`"),
    ("Multinomial", (2.5, [0.0, 1.0]), None, "cannot contain fractional components."),
    ("Multinomial", (2.0, [0.0, 1.0]), [2.0, 1.0], "counts must sum to `self.total_count`"),
    ("DirichletMultinomial", (2.0, [0.5, 1.0]), [2.0, 1.0], "counts last-dimension must sum to `self.total_count`"),
]


@pytest.mark.parametrize(("name", "arguments", "value", "message"), CHECKED)
def test_validated_arguments(name, arguments, value, message):
    with tf.Graph().as_default(), tf.Session() as session, \
            pytest.raises(tf.errors.InvalidArgumentError, match=re.escape(message)):
        made = getattr(tf.distributions, name)(*arguments, validate_args=True)
        session.run(made.variance() if value is None and name != "Categorical" else
                    made.log_prob([0, 1] if value is None else value))


def test_sizes_and_dtypes_that_are_wrong():
    with tf.Graph().as_default():
        with pytest.raises(ValueError, match="must have at least 2 events"):
            tf.distributions.Categorical(logits=[1.0], validate_args=True)
        with pytest.raises(ValueError, match="must have at least 1 dimension"):
            tf.distributions.Multinomial(2.0, probs=1.0, validate_args=True)
        with pytest.raises(TypeError, match="probs must having floating type"):
            tf.distributions.Bernoulli(probs=1)
        with pytest.raises(ValueError, match="Expected floating point type, got"):
            tf.distributions.Normal(0, 1)
        with pytest.raises(ValueError, match="neither scalar nor vector"):
            tf.distributions.Normal(0.0, 1.0).sample([[2]])
        with pytest.raises(TypeError, match="`value` should have integer"):
            tf.distributions.Categorical(logits=[1.0, 2.0]).prob(tf.constant(True))
        with pytest.raises(TypeError, match="x.dtype=.* is not handled"):
            special_math.ndtr(1)
        with pytest.raises(ValueError, match="fully-defined"):
            tf.distributions.Normal.param_static_shapes(tf.placeholder(tf.int32, [2]))


def test_sampled_shapes_from_tensors():
    with tf.Graph().as_default(), tf.Session() as session:
        made = tf.distributions.Normal(tf.placeholder_with_default([0.0, 1.0], [None]), 1.0)
        wanted = tf.placeholder(tf.int32)
        assert made.sample(tf.constant([3, 2])).shape.as_list() == [3, 2, None]
        for shape, found in [(4, (4, 2)), ([2, 3], (2, 3, 2)), ([], (2,))]:
            assert session.run(made.sample(wanted), {wanted: shape}).shape == found


def test_users_own_classes_and_divergences():
    class Step(tf.distributions.Distribution):
        """Knows only the mass and the deviation."""

        def __init__(self):
            super().__init__(tf.float32, tf.distributions.NOT_REPARAMETERIZED, False, False)

        def _prob(self, value):
            return tf.where(value > 0.0, 0.25, 0.75)

        def _stddev(self):
            return tf.constant(3.0)

    class Child(Step):
        """Its divergence from itself is that of the nearest pair of classes."""

    tf.distributions.RegisterKL(Step, Step)(lambda a, b, name=None: tf.constant(float("nan"), name=name))
    with tf.Graph().as_default(), tf.Session() as session:
        made, child = Step(), Child()
        assert (made.name, Step().name) == ("Step/", "Step_1/")
        assert made.batch_shape.ndims is None
        assert session.run([made.log_prob(1.0), made.variance()]) == pytest.approx([np.log(0.25), 9.0])
        assert np.isnan(session.run(tf.distributions.kl_divergence(child, made)))
        with pytest.raises(tf.errors.InvalidArgumentError, match="between Child/ and Step/ returned NaN"):
            session.run(child.kl_divergence(made))
        with pytest.raises(ValueError, match="has already been registered to: <function"):
            tf.distributions.RegisterKL(Step, Step)(lambda a, b, name=None: None)
        tf.distributions.RegisterKL(Child, Step)(lambda a, b, name=None: tf.constant(2.0))
        assert session.run(child.kl_divergence(made)) == 2.0
        with pytest.raises(NotImplementedError, match="entropy is not implemented: Step"):
            divergence.cross_entropy(made, made)
