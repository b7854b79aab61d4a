"""Rows of batches drawn at given rates: `tf.contrib.training.resample_at_rate` and `weighted_resample`.

State: of `weighted_resample` a local variable, the mean of the weights so far.
"""

import graphflow as tf
from graphflow.framework.api import tf_export
from graphflow.training.moving_averages import assign_moving_average


@tf_export("contrib.training.resample_at_rate")
def resample_at_rate(inputs, rates, scope=None, seed=None, back_prop=False):
    """Each row as often as a Poisson variable says, whose mean is its rate.

    Args: inputs: list of tensors [batch, ...]. rates: floats [batch]. scope: name of the operations. seed: of the
      draws. back_prop: whether gradients may pass through the choice.
    Returns a list of tensors like `inputs`, in their order, of another number of rows, maybe none.
    """
    with tf.name_scope(scope, "resample_at_rate", [*inputs, rates]):
        rates = tf.convert_to_tensor(rates, name="rates")
        counts = tf.cast(tf.random.poisson(rates, (), rates.dtype, seed=seed), tf.int32)
        chosen = tf.repeat(tf.range(tf.size(counts)), counts)
        if not back_prop:
            chosen = tf.stop_gradient(chosen)
        return [tf.gather(x, chosen) for x in inputs]


@tf_export("contrib.training.weighted_resample")
def weighted_resample(inputs, weights, overall_rate, scope=None, mean_decay=0.999, seed=None):
    """Each row at a rate in proportion to its weight, `overall_rate` on average over all batches.

    Args: inputs: list of tensors [batch, ...]. weights: floats [batch]. scope: of the operations and the variable.
      mean_decay: how slowly the mean of the weights, a moving average over the batches, changes. seed: of the draws.
    Returns (list of tensors like `inputs`, the rates of the rows in them). Initialise local variables before.
    """
    with tf.name_scope(scope, "weighted_resample", inputs) as name:
        with tf.variable_scope(scope, "estimate_mean", inputs):
            estimate = tf.get_local_variable(
                "estimated_mean", initializer=tf.cast(0, weights.dtype), dtype=weights.dtype)
            mean = assign_moving_average(estimate, tf.reduce_mean(weights), mean_decay)
        rates = weights * overall_rate / mean
        rates, *results = resample_at_rate([rates, *inputs], rates, scope=name, seed=seed, back_prop=False)
        return results, rates
