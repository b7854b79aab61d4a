"""Normal distributions of vectors against the formulas of their densities, and samples against their moments."""

import numpy as np
import pytest

import graphflow as tf

ds = tf.contrib.distributions
LOC = np.array([[0.5, -1.0, 2.0], [0.0, 1.0, -0.5]])
DIAGONAL = np.array([1.0, -2.0, 0.5])
TRIL = np.array([[1.0, 0.0, 0.0], [0.5, -2.0, 0.0], [0.3, 0.2, 0.7]])


def log_density(x, mean, covariance):
    """Of one vector."""
    difference = x - mean
    return -0.5 * (difference @ np.linalg.solve(covariance, difference) + np.linalg.slogdet(covariance)[1]
                   + len(x) * np.log(2 * np.pi))


MADE = {
    "diagonal": (lambda: ds.MultivariateNormalDiag(LOC, DIAGONAL), np.diag([1.0, 4.0, 0.25])),
    "identity": (lambda: ds.MultivariateNormalDiag(LOC), np.eye(3)),
    "multiplier": (lambda: ds.MultivariateNormalDiag(LOC, scale_identity_multiplier=np.float64(2.0)), 4.0 * np.eye(3)),
    "both": (lambda: ds.MultivariateNormalDiag(LOC, DIAGONAL, np.float64(1.0)), np.diag([4.0, 1.0, 2.25])),
    "softplus": (lambda: ds.MultivariateNormalDiagWithSoftplusScale(LOC, DIAGONAL),
                 np.diag(np.log1p(np.exp(DIAGONAL)) ** 2)),
    "triangle": (lambda: ds.MultivariateNormalTriL(LOC, TRIL, validate_args=True), TRIL @ TRIL.T),
    "covariance": (lambda: ds.MultivariateNormalFullCovariance(LOC, TRIL @ TRIL.T, validate_args=True), TRIL @ TRIL.T),
}


@pytest.mark.parametrize("make, covariance", MADE.values(), ids=MADE)
def test_density_statistics_and_samples(make, covariance):
    normal, x = make(), np.array([[[0.1, 0.2, 0.3]], [[-1.0, 0.0, 3.0]]])
    assert normal.batch_shape.as_list() == [2] and normal.event_shape.as_list() == [3] and normal.dtype == tf.float64
    with tf.Session() as session:
        found = session.run({
            "log_prob": normal.log_prob(x), "prob": normal.prob(x), "entropy": normal.entropy(), "mean": normal.mean(),
            "mode": normal.mode(), "variance": normal.variance(), "stddev": normal.stddev(),
            "covariance": normal.covariance(), "sample": normal.sample(20000, seed=3),
            "shapes": [normal.batch_shape_tensor(), normal.event_shape_tensor()]})
    expected = [[log_density(row[0], mean, covariance) for mean in LOC] for row in x]
    np.testing.assert_allclose(found["log_prob"], expected, rtol=1e-10)
    np.testing.assert_allclose(found["prob"], np.exp(expected), rtol=1e-10)
    entropy = 0.5 * (3 * np.log(2 * np.pi * np.e) + np.linalg.slogdet(covariance)[1])
    np.testing.assert_allclose(found["entropy"], [entropy, entropy], rtol=1e-10)
    for key, value in (("mean", LOC), ("mode", LOC), ("covariance", covariance), ("variance", np.diag(covariance)),
                       ("stddev", np.sqrt(np.diag(covariance)))):
        np.testing.assert_allclose(found[key], value, rtol=1e-10, atol=1e-14)
    assert [list(shape) for shape in found["shapes"]] == [[2], [3]]
    np.testing.assert_allclose(found["sample"].mean(0), LOC, atol=0.06)
    np.testing.assert_allclose(np.cov(found["sample"][:, 1].T), covariance, atol=0.15)


@pytest.mark.parametrize("first", MADE.values(), ids=MADE)
@pytest.mark.parametrize("second", ["diagonal", "triangle"])
def test_divergence(first, second):
    (make, a), (other, b) = first, MADE[second]
    with tf.Session() as session:
        found = session.run(ds.kl_divergence(make(), other().copy(loc=LOC[:1] + 0.5)))
    for row, mean in zip(found, LOC):
        difference = mean - (LOC[0] + 0.5)
        expected = 0.5 * (np.trace(np.linalg.solve(b, a)) + difference @ np.linalg.solve(b, difference) - 3
                          + np.linalg.slogdet(b)[1] - np.linalg.slogdet(a)[1])
        np.testing.assert_allclose(row, expected, rtol=1e-10)


def test_batches_of_scales():
    scales = np.stack([TRIL, 2 * TRIL])
    normal = ds.MultivariateNormalTriL(None, scales)
    x = np.ones([4, 1, 3])
    with tf.Session() as session:
        density, drawn = session.run([normal.log_prob(x), normal.sample([5, 2])])
    assert normal.batch_shape.as_list() == [2] and density.shape == (4, 2) and drawn.shape == (5, 2, 2, 3)
    np.testing.assert_allclose(density[0], [log_density(x[0, 0], np.zeros(3), s @ s.T) for s in scales], rtol=1e-10)
    wide = ds.MultivariateNormalDiag([-1.0], [1.0, -5.0])
    with tf.Session() as session:
        np.testing.assert_array_equal(session.run(wide.mean()), [-1.0, -1.0])


def test_shapes_that_are_known_in_the_run():
    loc, tril = tf.placeholder(tf.float32, [None, None]), tf.placeholder(tf.float32, [None, None])
    for normal in (ds.MultivariateNormalTriL(loc, tril), ds.MultivariateNormalDiag(loc)):
        density = normal.log_prob(tf.zeros([3]))
        with tf.Session() as session:
            assert session.run(density, {loc: LOC, tril: TRIL}).shape == (2,)


def test_gradients_go_through_densities_samples_and_divergences():
    loc, scale = tf.constant([0.5, -1.0]), tf.constant([[1.0, 0.0], [0.5, 2.0]])
    normal = ds.MultivariateNormalTriL(loc, scale)
    standard = ds.MultivariateNormalDiag(tf.zeros([2]))
    for target in (normal.log_prob([1.0, 2.0]), normal.sample(seed=1), ds.kl_divergence(normal, standard),
                   ds.kl_divergence(normal, normal)):
        with tf.Session() as session:
            slopes = session.run(tf.gradients(target, [loc, scale]))
        assert all(np.isfinite(slope).all() for slope in slopes)


def test_errors():
    with pytest.raises(ValueError, match="at least 1 dimension"):
        ds.MultivariateNormalDiag(-1.0, -5.0)
    with pytest.raises(ValueError, match="Cannot infer"):
        ds.MultivariateNormalDiag(scale_identity_multiplier=2.0)
    with pytest.raises(ValueError, match="one or both"):
        ds.MultivariateNormalTriL()
    with pytest.raises(ValueError, match="one or both"):
        ds.MultivariateNormalFullCovariance()
    with pytest.raises(NotImplementedError, match="LinearOperator"):
        ds.MultivariateNormalDiag([0.0]).scale  # noqa: B018
    for singular in (ds.MultivariateNormalDiag([-1.0, 1.0], [1.0, 0.0], validate_args=True),
                     ds.MultivariateNormalTriL(None, [[1.0, 0.0], [0.0, 0.0]], validate_args=True)):
        with tf.Session() as session, pytest.raises(tf.errors.InvalidArgumentError, match="Singular"):
            session.run(singular.sample())
    crooked = ds.MultivariateNormalFullCovariance(None, [[2.0, 1.0], [0.0, 2.0]], validate_args=True)
    with tf.Session() as session, pytest.raises(tf.errors.InvalidArgumentError, match="symmetric"):
        session.run(crooked.sample())
