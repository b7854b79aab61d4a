"""Programs whose answers are recorded from TensorFlow: each takes `tf` and returns plain values.

Used by tools/golden/record_distributions.py in TensorFlow's environment and by test_distributions.py in ours.
"""

import numpy as np

# name -> (arguments, arguments of another for the divergence or None, values)
DISTRIBUTIONS = {
    "Normal": ([0.5, [1.0, 2.0]], [[0.0, 1.0], 1.5], [-1.0, 0.7]),
    "Uniform": ([0.5, [1.0, 2.0]], None, [0.7, 3.0]),
    "Laplace": ([0.5, [1.0, 2.0]], None, [-1.0, 0.7]),
    "Gamma": ([[2.0, 0.5], 1.5], [1.0, [1.0, 2.0]], [0.3, 2.0]),
    "Exponential": ([[0.5, 2.0]], [1.5], [0.3, 2.0]),
    "Beta": ([[2.0, 0.5], 1.5], [1.0, [1.0, 2.0]], [0.3, 0.8]),
    "StudentT": ([[0.5, 1.5, 4.0], 1.0, [2.0, 1.0, 0.5]], None, [0.3, 1.0, 2.5]),
    "Bernoulli": ([[-1.0, 0.5]], [[1.0, 0.0]], [1, 0]),
    "Categorical": ([[[-1.0, 0.5, 0.0], [1.0, 0.0, 2.0]]], [[[1.0, 1.0, 2.0], [0.0, 0.0, 0.1]]], [2, 0]),
    # Of a batch TensorFlow finds no mode: it broadcasts the batch against the classes.
    "Dirichlet": ([[[1.5, 2.0, 3.5]]], [[[1.0, 1.0, 2.0], [2.0, 3.0, 0.1]]], [0.25, 0.5, 0.25]),
    "DirichletMultinomial": ([4.0, [[1.5, 2.0, 3.5], [0.5, 1.0, 2.0]]], None, [1.0, 0.0, 3.0]),
    "Multinomial": ([[4.0, 3.0], [[-1.0, 0.5, 0.0], [1.0, 0.0, 2.0]]], None, [[1.0, 0.0, 3.0], [0.0, 2.0, 1.0]]),
}
STATISTICS = ("mean", "variance", "stddev", "mode", "entropy", "covariance")
OF_VALUES = ("log_prob", "prob", "log_cdf", "cdf", "log_survival_function", "survival_function")
# Values at the edges and far out: name -> (arguments, values).
EDGES = {
    "Normal": ([0.0, 1.0], [-30.0, -12.0, -7.0, -3.0, 0.0, 3.0, 7.0, 12.0, 30.0]),
    "Laplace": ([0.0, 1.0], [-30.0, -1.0, 0.0, 1.0, 30.0]),
    "Exponential": ([[0.5, 1.0, 2.0]], [0.0, 0.0, 40.0]),
    "Gamma": ([1.0, [0.5, 1.0, 2.0]], [0.0, 0.0, 40.0]),
    "Beta": ([1.0, [0.5, 1.0, 2.0]], [0.0, 0.0, 0.5]),
    "Uniform": ([0.0, 2.0], [float("nan"), 0.0, 2.0, -1.0]),
    "StudentT": ([3.0, 0.0, 1.0], [-100.0, -1.0, 0.0, 1.0, 100.0]),
}


def _given(wanted):
    """The tensors of the functions in `wanted` that are implemented."""
    found = {}
    for key, function in wanted.items():
        try:
            found[key] = function()
        except NotImplementedError:
            pass  # What is not implemented must be missing from the recording as well.
    return found


def answers(tf, name):
    """{functions of values, statistics, "kl", "quantile", shapes, "name"} of one distribution: those there are."""
    arguments, others, values = DISTRIBUTIONS[name]
    with tf.Graph().as_default(), tf.Session() as session:
        tf.set_random_seed(7)
        made = getattr(tf.distributions, name)(*arguments)
        wanted = {key: lambda key=key: getattr(made, key)(values) for key in OF_VALUES}
        wanted |= {key: getattr(made, key) for key in STATISTICS}
        wanted["quantile"] = lambda: made.quantile([0.2, 0.9])
        if others is not None:
            other = getattr(tf.distributions, name)(*others)
            wanted["kl"] = lambda: tf.distributions.kl_divergence(made, other)
            wanted["cross_entropy"] = lambda: made.cross_entropy(other)
        wanted |= {key: getattr(made, key) for key in ("batch_shape_tensor", "event_shape_tensor", "is_scalar_event")}
        found = {key: np.asarray(value).tolist() for key, value in session.run(_given(wanted)).items()}
        found["batch_shape"], found["event_shape"] = made.batch_shape.as_list(), made.event_shape.as_list()
        if name != "Multinomial":  # TensorFlow's goes through a loop, which forgets the shape.
            found["sample_shape"] = made.sample([3, 2]).shape.as_list()
        found["name"], found["parameters"] = made.name, sorted(made.parameters)
        try:
            shapes = type(made).param_static_shapes([3, 2])
            found["param_shapes"] = {key: shape.as_list() for key, shape in shapes.items()}
        except NotImplementedError:
            found["param_shapes"] = None
        return found


def edges(tf, name):
    """The functions of values at the edges and far out, and the logarithms' slopes there."""
    arguments, values = EDGES[name]
    with tf.Graph().as_default(), tf.Session() as session:
        made, points = getattr(tf.distributions, name)(*arguments), tf.constant(values)
        found = _given({key: lambda key=key: getattr(made, key)(points) for key in OF_VALUES})
        if name in ("Normal", "Laplace"):
            found |= {key + "_slope": tf.gradients(found[key], points)[0]
                      for key in ("log_cdf", "log_survival_function")}
        return {key: np.asarray(value).tolist() for key, value in session.run(found).items()}


def special(tf, special_math):
    """The functions of special_math, in both dtypes, and their slopes."""
    with tf.Graph().as_default(), tf.Session() as session:
        found = {}
        for dtype in (tf.float32, tf.float64):
            x = tf.constant([-35.0, -20.0, -10.0, -5.0, -1.0, -0.3, 0.0, 0.5, 2.0, 5.0, 8.0, 12.0], dtype)
            p = tf.constant([0.0, 1e-14, 1e-6, 0.05, 0.1, 0.3, 0.5, 0.8, 0.9, 0.999, 1.0], dtype)
            results = {"ndtr": (special_math.ndtr(x), x), "log_ndtr": (special_math.log_ndtr(x), x),
                       "log_ndtr_10": (special_math.log_ndtr(x, series_order=10), x),
                       "log_cdf_laplace": (special_math.log_cdf_laplace(x), x),
                       "ndtri": (special_math.ndtri(p), p), "erfinv": (special_math.erfinv(2.0 * p - 1.0), p)}
            for key, (result, of) in results.items():
                found[f"{key}_{dtype.name}"] = result
                found[f"{key}_{dtype.name}_slope"] = tf.gradients(result, of)[0]
        return {key: np.asarray(value).tolist() for key, value in session.run(found).items()}
