"""Normal distributions of vectors: `tf.contrib.distributions.MultivariateNormalDiag` and its relatives.

A draw is `loc + S z` for a vector `z` of independent standard normals; the covariance is `S S^T`. S is diagonal or
lower triangular, with a diagonal of any sign but without zeros. Instances hold their parameters' tensors.
"""

import math

from graphflow.distributions.base import FULLY_REPARAMETERIZED, Distribution
from graphflow.distributions.divergence import RegisterKL
from graphflow.distributions.scalar import arguments_of
from graphflow.framework import public as tf
from graphflow.framework.api import lookup, tf_export
from graphflow.framework.convert import convert_to_tensor
from graphflow.framework.graph_scopes import name_scope
from graphflow.framework.grouping import with_dependencies


def _tensor(value, name):
    return None if value is None else convert_to_tensor(value, name=name)


def _checked(diagonal, tensor, validate_args):
    """`tensor`; where arguments are checked an error in the run if there is a zero on its diagonal."""
    if not validate_args:
        return tensor
    data = ["Singular operator: Diagonal contained zero values.", diagonal]
    return with_dependencies([
        tf.Assert(tf.reduce_all(tf.not_equal(diagonal, tf.zeros([], diagonal.dtype))), data)], tensor)


class _Diagonal:
    """S with `diagonal` [batch..., k]."""

    def __init__(self, diagonal, validate_args):
        if diagonal.shape.ndims == 0:
            raise ValueError(f"Argument diag must have at least 1 dimension.  Found: {diagonal}")
        self.diagonal = _checked(diagonal, diagonal, validate_args)

    dtype = property(lambda self: self.diagonal.dtype.base_dtype)
    shape = property(lambda self: self.diagonal.shape)

    def shape_tensor(self):
        return tf.shape(self.diagonal)

    def apply(self, vectors):
        return self.diagonal * vectors

    def solve(self, vectors):
        return vectors / self.diagonal

    def solve_matrix(self, matrix):
        return matrix / self.diagonal[..., tf.newaxis]

    def dense(self):
        return lookup("matrix_diag")(self.diagonal)

    def covariance(self):
        return lookup("matrix_diag")(tf.square(self.diagonal))

    def variance(self):
        return tf.square(self.diagonal)

    def stddev(self):
        return tf.abs(self.diagonal)


class _Triangular:
    """S the lower triangle of `matrix` [batch..., k, k]."""

    def __init__(self, matrix, validate_args):
        if matrix.shape.ndims is not None and matrix.shape.ndims < 2:
            raise ValueError(f"Argument tril must have at least 2 dimensions.  Found: {matrix}")
        self._matrix = lookup("matrix_band_part")(matrix, -1, 0)
        self.diagonal = lookup("matrix_diag_part")(self._matrix)
        self._matrix = _checked(self.diagonal, self._matrix, validate_args)

    dtype = property(lambda self: self._matrix.dtype.base_dtype)
    shape = property(lambda self: self._matrix.shape[:-1])

    def shape_tensor(self):
        return tf.shape(self._matrix)[:-1]

    def apply(self, vectors):
        return tf.squeeze(tf.matmul(self._matrix, vectors[..., tf.newaxis]), [-1])

    def solve(self, vectors):
        return tf.squeeze(self.solve_matrix(vectors[..., tf.newaxis]), [-1])

    def solve_matrix(self, matrix):
        batch = lookup("broadcast_dynamic_shape")(tf.shape(self._matrix)[:-2], tf.shape(matrix)[:-2])
        left, right = (tf.broadcast_to(m, tf.concat([batch, tf.shape(m)[-2:]], 0)) for m in (self._matrix, matrix))
        solved = lookup("matrix_triangular_solve")(left, right)
        static = lookup("broadcast_static_shape")(self._matrix.shape[:-2], matrix.shape[:-2])
        solved.set_shape(static.concatenate(matrix.shape[-2:]))
        return solved

    def dense(self):
        return self._matrix

    def covariance(self):
        return tf.matmul(self._matrix, self._matrix, adjoint_b=True)

    def variance(self):
        return tf.reduce_sum(tf.square(self._matrix), -1)

    def stddev(self):
        return tf.sqrt(self.variance())


class _MultivariateNormal(Distribution):
    """What these distributions share."""

    def _take(self, loc, scale, name, arguments):
        """Sets location (or None) and scale. Raises ValueError if they aren't of one floating dtype."""
        dtype = lookup("assert_same_float_dtype")([t for t in (loc, scale.diagonal) if t is not None])
        self._loc, self._scale = loc, scale
        super().__init__(dtype, FULLY_REPARAMETERIZED, arguments["validate_args"], arguments["allow_nan_stats"],
                         arguments, graph_parents=[t for t in (loc, scale.diagonal) if t is not None], name=name)

    loc = property(lambda self: self._loc, doc="Mean [..., k], or None for zeros.")

    @property
    def scale(self):
        """TensorFlow's is a LinearOperator, of which there are none here: NotImplementedError."""
        raise NotImplementedError(f"{type(self).__name__}.scale would be a tf.linalg.LinearOperator, which GraphFlow "
                                  "does not have; use covariance() or stddev().")

    def _batch_shape(self):
        shape = self._scale.shape[:-1]
        return shape if self._loc is None else lookup("broadcast_static_shape")(shape, self._loc.shape[:-1])

    def _batch_shape_tensor(self):
        shape = self._scale.shape_tensor()[:-1]
        return shape if self._loc is None else lookup("broadcast_dynamic_shape")(shape, tf.shape(self._loc)[:-1])

    def _event_shape(self):
        return self._scale.shape[-1:]

    def _event_shape_tensor(self):
        return self._scale.shape_tensor()[-1:]

    def _size(self):
        return tf.cast(self.event_shape_tensor()[0], self.dtype)

    def _centred(self, x):
        return x if self._loc is None else x - self._loc

    def _log_volume(self):
        """Logarithm of |det S|."""
        return tf.reduce_sum(tf.log(tf.abs(self._scale.diagonal)), -1)

    def _sample_n(self, n, seed):
        shape = tf.concat([[n], self.batch_shape_tensor(), self.event_shape_tensor()], 0)
        drawn = self._scale.apply(tf.random_normal(shape, dtype=self.dtype, seed=seed))
        return drawn if self._loc is None else drawn + self._loc

    def _log_prob(self, x):
        z = self._scale.solve(self._centred(x))
        return (-0.5 * tf.reduce_sum(tf.square(z), -1)
                - (0.5 * math.log(2.0 * math.pi) * self._size() + self._log_volume()))

    def _entropy(self):
        entropy = 0.5 * (1.0 + math.log(2.0 * math.pi)) * self._size() + self._log_volume()
        return entropy + tf.zeros(self.batch_shape_tensor(), self.dtype)

    def _mean(self):
        zeros = tf.zeros(tf.concat([self.batch_shape_tensor(), self.event_shape_tensor()], 0), self.dtype)
        return zeros if self._loc is None else self._loc + zeros

    _mode = _mean

    def _covariance(self):
        return self._scale.covariance()

    def _variance(self):
        return self._scale.variance()

    def _stddev(self):
        return self._scale.stddev()


@tf_export("contrib.distributions.MultivariateNormalDiag")
class MultivariateNormalDiag(_MultivariateNormal):
    """Normal distribution of k independent numbers: S is `diag(scale_diag + scale_identity_multiplier)`.

    Args: loc: mean [..., k], None for zeros. scale_diag: [..., k]; scale_identity_multiplier: [...]. Of both None, S is
      the identity. Raises ValueError where nothing says what k is.

    Example:
      >>> import graphflow as tf
      >>> normal = tf.contrib.distributions.MultivariateNormalDiag([0.0, 1.0], [1.0, 2.0])
      >>> normal.sample(3).shape
      TensorShape([Dimension(3), Dimension(2)])
      >>> with tf.Session() as session:
      ...     print(session.run(normal.covariance()).tolist())
      [[1.0, 0.0], [0.0, 4.0]]
    """

    def __init__(self, loc=None, scale_diag=None, scale_identity_multiplier=None, validate_args=False,
                 allow_nan_stats=True, name="MultivariateNormalDiag"):
        arguments = arguments_of(locals())
        with name_scope(name, values=[loc, scale_diag, scale_identity_multiplier]) as name:
            loc, diagonal = _tensor(loc, "loc"), _tensor(scale_diag, "scale_diag")
            multiplier = _tensor(scale_identity_multiplier, "scale_identity_multiplier")
            if diagonal is None:
                if loc is None:
                    raise ValueError("Cannot infer `event_shape` unless `loc` or `scale_diag` is specified.")
                diagonal = tf.ones(tf.shape(loc)[-1:], loc.dtype.base_dtype)
                diagonal.set_shape(loc.shape.with_rank_at_least(1)[-1:])
                diagonal = diagonal if multiplier is None else multiplier[..., tf.newaxis] * diagonal
            elif multiplier is not None:
                diagonal += multiplier[..., tf.newaxis]
            self._take(loc, _Diagonal(diagonal, validate_args), name, arguments)


@tf_export("contrib.distributions.MultivariateNormalDiagWithSoftplusScale")
class MultivariateNormalDiagWithSoftplusScale(MultivariateNormalDiag):
    """`MultivariateNormalDiag` with the deviations `softplus(scale_diag)`."""

    def __init__(self, loc, scale_diag, validate_args=False, allow_nan_stats=True,
                 name="MultivariateNormalDiagWithSoftplusScale"):
        arguments = arguments_of(locals())
        with name_scope(name, values=[scale_diag]) as name:
            super().__init__(loc, lookup("nn.softplus")(scale_diag), validate_args=validate_args,
                             allow_nan_stats=allow_nan_stats, name=name)
        self._parameters = arguments


@tf_export("contrib.distributions.MultivariateNormalTriL")
class MultivariateNormalTriL(_MultivariateNormal):
    """Normal distribution of k numbers with the covariance `scale_tril scale_tril^T`.

    Args: loc: mean [..., k], None for zeros. scale_tril: [..., k, k], of which the lower triangle counts; None for the
      identity. Raises ValueError if both are None.

    Example:
      >>> import graphflow as tf
      >>> normal = tf.contrib.distributions.MultivariateNormalTriL([0.0, 1.0], [[1.0, 0.0], [1.0, 2.0]])
      >>> with tf.Session() as session:
      ...     print(session.run(normal.covariance()).tolist())
      [[1.0, 1.0], [1.0, 5.0]]
    """

    def __init__(self, loc=None, scale_tril=None, validate_args=False, allow_nan_stats=True,
                 name="MultivariateNormalTriL"):
        arguments = arguments_of(locals())
        if loc is None and scale_tril is None:
            raise ValueError("Must specify one or both of `loc`, `scale_tril`.")
        with name_scope(name, values=[loc, scale_tril]) as name:
            loc, matrix = _tensor(loc, "loc"), _tensor(scale_tril, "scale_tril")
            if matrix is None:
                scale = _Diagonal(tf.ones(tf.shape(loc)[-1:], loc.dtype.base_dtype), validate_args)
            else:
                scale = _Triangular(matrix, validate_args)
            self._take(loc, scale, name, arguments)


@tf_export("contrib.distributions.MultivariateNormalFullCovariance")
class MultivariateNormalFullCovariance(MultivariateNormalTriL):
    """Normal distribution of k numbers with a covariance matrix.

    Args: loc: mean [..., k], None for zeros. covariance_matrix: symmetric and positive definite [..., k, k]; only
      `validate_args` looks at its upper triangle. Raises ValueError if both are None; a matrix that isn't positive
      definite is an InvalidArgumentError in the run.

    Example:
      >>> import graphflow as tf
      >>> full = tf.contrib.distributions.MultivariateNormalFullCovariance(None, [[2.0, 1.0], [1.0, 2.0]])
      >>> full.event_shape
      TensorShape([Dimension(2)])
    """

    def __init__(self, loc=None, covariance_matrix=None, validate_args=False, allow_nan_stats=True,
                 name="MultivariateNormalFullCovariance"):
        arguments = arguments_of(locals())
        if loc is None and covariance_matrix is None:
            raise ValueError("Must specify one or both of `loc`, `covariance_matrix`.")
        with name_scope(name, values=[loc, covariance_matrix]) as name:
            matrix = _tensor(covariance_matrix, "covariance_matrix")
            if matrix is not None and validate_args:
                matrix = with_dependencies([lookup("assert_near")(
                    matrix, lookup("matrix_transpose")(matrix), message="Matrix was not symmetric")], matrix)
            super().__init__(loc, None if matrix is None else lookup("cholesky")(matrix), validate_args=validate_args,
                             allow_nan_stats=allow_nan_stats, name=name)
        self._parameters = arguments


@RegisterKL(_MultivariateNormal, _MultivariateNormal)
def _kl_multivariate_normal(a, b, name=None):
    """With S of each, and k numbers: (|B^-1 A|^2 + |B^-1 (b - a)|^2 - k) / 2 + log |det B| - log |det A|."""
    with name_scope(name, "kl_mvn"):
        if isinstance(a._scale, _Diagonal) and isinstance(b._scale, _Diagonal):
            spread = tf.reduce_sum(tf.square(b._scale.solve(a._scale.diagonal)), -1)
        else:
            spread = tf.reduce_sum(tf.square(b._scale.solve_matrix(a._scale.dense())), [-2, -1])
        distance = tf.reduce_sum(tf.square(b._scale.solve(b.mean() - a.mean())), -1)
        return 0.5 * (spread + distance - a._size()) + b._log_volume() - a._log_volume()
