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
    "Bernoulli": ([[-1.0, 0.5]], [[1.0, 0.0]], [1, 0]),
    "Categorical": ([[[-1.0, 0.5, 0.0], [1.0, 0.0, 2.0]]], [[[1.0, 1.0, 2.0], [0.0, 0.0, 0.1]]], [2, 0]),
}
STATISTICS = ("mean", "variance", "stddev", "mode", "entropy")
ABSENT = {"Uniform": ("mode",), "Gamma": ("mode",), "Exponential": ("mode",), "Beta": ("mode",),
          "Categorical": ("mean", "variance", "stddev")}
WITHOUT_CDF = ("Bernoulli", "Categorical")


def answers(tf, name):
    """{"log_prob", "prob", "cdf", statistics, "kl", "sample"} of one distribution."""
    arguments, others, values = DISTRIBUTIONS[name]
    with tf.Graph().as_default(), tf.Session() as session:
        tf.set_random_seed(7)
        made = getattr(tf.distributions, name)(*arguments)
        fetches = {"log_prob": made.log_prob(values), "prob": made.prob(values)}
        if name not in WITHOUT_CDF:
            fetches["cdf"] = made.cdf(values)
        for statistic in STATISTICS:
            if statistic not in ABSENT.get(name, ()):
                fetches[statistic] = getattr(made, statistic)()
        if others is not None:
            other = getattr(tf.distributions, name)(*others)
            fetches["kl"] = tf.distributions.kl_divergence(made, other)
        found = {key: np.asarray(value).tolist() for key, value in session.run(fetches).items()}
        found["batch_shape"], found["sample_shape"] = made.batch_shape.as_list(), made.sample([3, 2]).shape.as_list()
        found["name"] = made.name
        return found
