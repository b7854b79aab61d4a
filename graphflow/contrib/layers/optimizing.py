"""`tf.contrib.layers.optimize_loss`: one training step of an optimizer, with what goes around it.

State: a variable `learning_rate`, where that is a float.
"""

import graphflow as tf
from graphflow.framework.api import export_value, tf_export

OPTIMIZER_CLS_NAMES = {
    "Adagrad": tf.train.AdagradOptimizer,
    "Adam": tf.train.AdamOptimizer,
    "Ftrl": tf.train.FtrlOptimizer,
    "Momentum": lambda learning_rate: tf.train.MomentumOptimizer(learning_rate, momentum=0.9),
    "RMSProp": tf.train.RMSPropOptimizer,
    "SGD": tf.train.GradientDescentOptimizer,
}
OPTIMIZER_SUMMARIES = ["learning_rate", "loss", "gradients", "gradient_norm", "global_gradient_norm"]
export_value("contrib.layers.OPTIMIZER_CLS_NAMES", __name__, "OPTIMIZER_CLS_NAMES")
export_value("contrib.layers.OPTIMIZER_SUMMARIES", __name__, "OPTIMIZER_SUMMARIES")


def after(dependencies, tensor):
    """`tensor` once the operations have run."""
    with tf.name_scope("control_dependency") as scope, tf.control_dependencies(dependencies):
        return tf.identity(tensor, name=scope)


def _learning_rate(learning_rate):
    """The rate as a tensor or variable, or None."""
    if learning_rate is None:
        return None
    if isinstance(learning_rate, tf.Tensor) and learning_rate.shape.ndims == 0:
        return learning_rate
    if isinstance(learning_rate, float):
        if learning_rate < 0.0:
            raise ValueError("Invalid learning_rate %s.", learning_rate)
        return tf.get_variable("learning_rate", [], trainable=False,
                               initializer=tf.constant_initializer(learning_rate))
    raise ValueError(f"Learning rate should be 0d Tensor or float. Got {learning_rate} of type "  # noqa: TRY004
                     f"{type(learning_rate)}")


def _made_optimizer(optimizer, rate):
    """An Optimizer of what `optimize_loss` takes."""
    is_class = isinstance(optimizer, type) and issubclass(optimizer, tf.train.Optimizer)
    if isinstance(optimizer, str) or is_class:
        if rate is None:
            kind = "string" if isinstance(optimizer, str) else "class"
            raise ValueError(f"Learning rate is None, but should be specified if optimizer is {kind} ({optimizer}).")
        if is_class:
            return optimizer(learning_rate=rate)
        if optimizer not in OPTIMIZER_CLS_NAMES:
            raise ValueError(f"Optimizer name should be one of [{', '.join(OPTIMIZER_CLS_NAMES)}], you provided "
                             f"{optimizer}.")
        return OPTIMIZER_CLS_NAMES[optimizer](learning_rate=rate)
    if isinstance(optimizer, tf.train.Optimizer):
        return optimizer
    if callable(optimizer):
        made = optimizer() if rate is None else optimizer(rate)
        if not isinstance(made, tf.train.Optimizer):
            raise ValueError(f"Unrecognized optimizer: function should return subclass of Optimizer. Got {made}.")
        return made
    raise ValueError("Unrecognized optimizer: should be string, subclass of Optimizer, instance of subclass of "
                     f"Optimizer or function with one argument. Got {optimizer}.")


def _mapped(function, grads_and_vars):
    """Pairs with `function` applied to the values of gradients that are there."""
    pairs = []
    for grad, var in grads_and_vars:
        if isinstance(grad, tf.IndexedSlices):
            grad = tf.IndexedSlices(function(grad.values, var), grad.indices, grad.dense_shape)
        elif grad is not None:
            grad = function(grad, var)
        pairs.append((grad, var))
    return pairs


def _multiplied(grads_and_vars, multipliers):
    by_name = {getattr(key, "name", key): value for key, value in multipliers.items()}

    def scaled(values, var):
        return values * tf.cast(by_name[var.name], values.dtype) if var.name in by_name else values

    return _mapped(scaled, grads_and_vars)


def _noisy(grads_and_vars, scale):
    pairs = []
    for grad, var in grads_and_vars:
        if isinstance(grad, tf.IndexedSlices):
            raise TypeError("gradient_noise_scale does not work with sparse gradients")
        if grad is not None:
            grad = grad + tf.truncated_normal(grad.get_shape()) * scale
        pairs.append((grad, var))
    return pairs


def _clipped(grads_and_vars, clip_gradients):
    if isinstance(clip_gradients, float):
        grads, variables = zip(*grads_and_vars)
        return list(zip(tf.clip_by_global_norm(grads, clip_gradients)[0], variables))
    if callable(clip_gradients):
        return clip_gradients(grads_and_vars)
    if clip_gradients is not None:
        raise ValueError(f"Unknown type {type(clip_gradients)} for clip_gradients")
    return grads_and_vars


def _summarize_gradients(grads_and_vars, summaries):
    for grad, var in grads_and_vars:
        values = grad.values if isinstance(grad, tf.IndexedSlices) else grad
        if values is None:
            continue
        name = var.name.replace(":", "_")
        if "gradients" in summaries:
            tf.summary.histogram(f"gradients/{name}", values)
        if "gradient_norm" in summaries:
            tf.summary.scalar(f"gradient_norm/{name}", tf.global_norm([values]))


def _checked_summaries(summaries):
    if summaries is None:
        return ["loss", "learning_rate", "global_gradient_norm"]
    for name in summaries:
        if name not in OPTIMIZER_SUMMARIES:
            raise ValueError(f"Summaries should be one of [{', '.join(OPTIMIZER_SUMMARIES)}], you provided {name}.")
    return summaries


@tf_export("contrib.layers.optimize_loss", "contrib.slim.optimize_loss")
def optimize_loss(loss, global_step, learning_rate, optimizer, gradient_noise_scale=None, gradient_multipliers=None,
                  clip_gradients=None, learning_rate_decay_fn=None, update_ops=None, variables=None, name=None,
                  summaries=None, colocate_gradients_with_ops=False, increment_global_step=True):
    """A tensor of the loss whose evaluation makes one training step.

    Args:
      global_step: the variable, or None for the graph's. learning_rate: float or scalar tensor. optimizer: a name
        ("Adagrad", "Adam", "Ftrl", "Momentum", "RMSProp", "SGD"), a class, an instance, or a function of the rate.
      gradient_multipliers: dict from variables or names to factors. clip_gradients: largest global norm, or a
        function of (gradient, variable) pairs. learning_rate_decay_fn: function of the rate and the step.
      update_ops: run before the loss is computed (default: those of UPDATE_OPS). variables: default: trainable.
      summaries: list of some of OPTIMIZER_SUMMARIES.
    Raises ValueError for other values.

    Example:
      >>> import graphflow as tf
      >>> w = tf.get_variable("w", [])
      >>> step = tf.train.create_global_step()
      >>> tf.contrib.layers.optimize_loss(w * w, step, 0.1, "SGD").op.name
      'OptimizeLoss/control_dependency'
    """
    loss = tf.convert_to_tensor(loss)
    if loss.shape.ndims not in (None, 0):
        raise ValueError(f"Expected scalar shape for {loss.name}, saw shape: {loss.shape}.")
    if global_step is None:
        global_step = tf.train.get_global_step()
    else:
        tf.train.assert_global_step(global_step)
    with tf.variable_scope(name, "OptimizeLoss", [loss, global_step]):
        if update_ops is None:
            update_ops = list(dict.fromkeys(tf.get_collection(tf.GraphKeys.UPDATE_OPS)))
        if update_ops:
            loss = after(list(update_ops), loss)
        rate = _learning_rate(learning_rate)
        summaries = _checked_summaries(summaries)
        if rate is not None and learning_rate_decay_fn is not None:
            if global_step is None:
                raise ValueError("global_step is required for learning_rate_decay_fn.")
            rate = learning_rate_decay_fn(rate, global_step)
            if "learning_rate" in summaries:
                tf.summary.scalar("learning_rate", rate)
        made = _made_optimizer(optimizer, rate)
        variables = tf.trainable_variables() if variables is None else variables
        gradients = made.compute_gradients(loss, variables, colocate_gradients_with_ops=colocate_gradients_with_ops)
        if gradient_noise_scale is not None:
            gradients = _noisy(gradients, gradient_noise_scale)
        if gradient_multipliers is not None:
            gradients = _multiplied(gradients, gradient_multipliers)
        with_norms = "global_gradient_norm" in summaries or "gradient_norm" in summaries
        if with_norms:
            tf.summary.scalar("global_norm/gradient_norm", tf.global_norm([grad for grad, _ in gradients]))
        gradients = _clipped(gradients, clip_gradients)
        if "loss" in summaries:
            tf.summary.scalar("loss", loss)
        _summarize_gradients(gradients, summaries)
        if clip_gradients is not None and with_norms:
            tf.summary.scalar("global_norm/clipped_gradient_norm", tf.global_norm([grad for grad, _ in gradients]))
        update = made.apply_gradients(gradients, global_step=global_step if increment_global_step else None,
                                      name="train")
        return after([update], loss)
