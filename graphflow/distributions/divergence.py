"""`tf.distributions.kl_divergence`, and `RegisterKL`, which says how to compute it for two classes.

State: the registered functions, by the pair of classes.
"""

from graphflow.framework import public as tf
from graphflow.framework.api import tf_export
from graphflow.framework.graph_scopes import control_dependencies, name_scope

_divergences = {}


def _registered(first, second):
    """The function of the nearest pair of base classes, or None; of two equally near the first's nearer one."""
    found = [(above + beside, above, _divergences[one, other])
             for above, one in enumerate(first.__mro__) for beside, other in enumerate(second.__mro__)
             if (one, other) in _divergences]
    return min(found, key=lambda item: item[:2])[-1] if found else None


@tf_export("distributions.kl_divergence", "contrib.distributions.kl_divergence")
def kl_divergence(distribution_a, distribution_b, allow_nan_stats=True, name=None):
    """Kullback-Leibler divergence KL(a || b), of the batch's shape.

    Args: allow_nan_stats: False makes a NaN an InvalidArgumentError in the run.
    Raises NotImplementedError if none is known for these distributions.

    Example:
      >>> import graphflow as tf
      >>> with tf.Session() as session:
      ...     normal = tf.distributions.Normal(0.0, 1.0)
      ...     print(session.run(tf.distributions.kl_divergence(normal, tf.distributions.Normal(1.0, 1.0))))
      0.5
    """
    function = _registered(type(distribution_a), type(distribution_b))
    if function is None:
        raise NotImplementedError(
            f"No KL(distribution_a || distribution_b) registered for distribution_a type "
            f"{type(distribution_a).__name__} and distribution_b type {type(distribution_b).__name__}")
    with name_scope("KullbackLeibler"):
        divergence = function(distribution_a, distribution_b, name=name)
        if allow_nan_stats:
            return divergence
        divergence = tf.identity(divergence, name="kl")
        message = (f"KL calculation between {distribution_a.name} and {distribution_b.name} returned NaN values "
                   "(and was called with allow_nan_stats=False). Values:")
        with control_dependencies([tf.Assert(tf.logical_not(tf.reduce_any(tf.is_nan(divergence))),
                                             [message, divergence])]):
            return tf.identity(divergence, name="checked_kl")


def cross_entropy(ref, other, allow_nan_stats=True, name=None):
    """Cross entropy of `ref` and `other`: the entropy of the one plus its divergence."""
    with name_scope(name, "cross_entropy"):
        return ref.entropy() + kl_divergence(ref, other, allow_nan_stats=allow_nan_stats)


@tf_export("distributions.RegisterKL", "contrib.distributions.RegisterKL")
class RegisterKL:
    """Decorator of a function `(a, b, name=None)` that computes KL(a || b) for two classes and those below them.

    Raises TypeError for what can't be called, ValueError if there is one for these classes.
    """

    def __init__(self, dist_cls_a, dist_cls_b):
        self._key = (dist_cls_a, dist_cls_b)

    def __call__(self, kl_fn):
        if not callable(kl_fn):
            raise TypeError(f"kl_fn must be callable, received: {kl_fn}")
        if self._key in _divergences:
            raise ValueError(f"KL({self._key[0].__name__} || {self._key[1].__name__}) has already been registered "
                             f"to: {_divergences[self._key]}")
        _divergences[self._key] = kl_fn
        return kl_fn
