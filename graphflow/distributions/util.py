"""What distributions check and derive of their arguments. Checks are assertions in the graph; holds no state."""

import hashlib

import numpy as np

from graphflow.framework import dtypes
from graphflow.framework import public as tf
from graphflow.framework.api import lookup
from graphflow.framework.convert import convert_to_tensor
from graphflow.framework.graph_scopes import name_scope
from graphflow.framework.grouping import with_dependencies

_INTEGER_OF = {dtypes.float16: dtypes.int16, dtypes.float32: dtypes.int32, dtypes.float64: dtypes.int64}


def _largest_integer(dtype):
    """The largest integer below which `dtype` holds every one."""
    if dtype.is_floating:
        return int(2 ** (np.finfo(dtype.as_numpy_dtype).nmant + 1))
    return 1 if dtype == dtypes.bool else int(np.iinfo(dtype.as_numpy_dtype).max)


def _assert_whole(x, dtype, message):
    return tf.assert_equal(x, tf.cast(tf.cast(x, dtype), x.dtype), message=message)


def embed_check_nonnegative_integer_form(x, name="embed_check_nonnegative_integer_form"):
    """`x`, which must be whole numbers that are not negative."""
    with name_scope(name, values=[x]):
        x = convert_to_tensor(x, name="x")
        assertions = [lookup("assert_non_negative")(x, message=f"'{x}' must be non-negative.")]
        if not x.dtype.is_integer:
            assertions.append(_assert_whole(x, _INTEGER_OF[x.dtype.base_dtype],
                                            f"'{x}' cannot contain fractional components."))
        return with_dependencies(assertions, x)


def embed_check_integer_casting_closed(x, target_dtype, name="embed_check_casting_closed"):
    """`x`, which must be values, not negative, that `target_dtype` holds."""
    with name_scope(name, values=[x]):
        x = convert_to_tensor(x, name="x")
        source, target_dtype = x.dtype.base_dtype, dtypes.as_dtype(target_dtype)
        if not (source.is_floating or source.is_integer or source == dtypes.bool):
            raise TypeError(f"{source.name}.dtype must be floating- or integer-type.")
        if source == dtypes.bool:
            return x
        assertions = [lookup("assert_non_negative")(x, message="Elements must be non-negative.")]
        if source.is_floating:
            assertions.append(_assert_whole(x, target_dtype, f"Elements must be {target_dtype.name}-equivalent."))
        elif _largest_integer(source) > _largest_integer(target_dtype):
            largest = _largest_integer(target_dtype)
            assertions.append(tf.assert_less_equal(x, tf.constant(largest, source),
                                                   message=f"Elements cannot exceed {largest}."))
        return with_dependencies(assertions, x)


def embed_check_categorical_event_shape(categorical_param, name="embed_check_categorical_event_shape"):
    """The parameter, of shape [..., classes], which must have 2 classes or more and no more than its dtype counts.

    Raises TypeError if it isn't floating; ValueError for a shape that is known and wrong.
    """
    with name_scope(name, values=[categorical_param]):
        x = convert_to_tensor(categorical_param, name="categorical_param")
        if not x.dtype.is_floating:
            raise TypeError(f"Unable to validate size of unrecognized dtype ({x.dtype.name}).")
        most = _largest_integer(x.dtype.base_dtype)
        few = "A categorical-distribution parameter must have at least 2 events."
        flat = "A categorical-distribution parameter must have at least 1 dimension."
        many = f"Number of classes exceeds `dtype` precision, i.e., {x.dtype.base_dtype.name} "
        if x.shape.ndims == 0:
            raise ValueError(flat)
        size = None if x.shape.ndims is None else x.shape.as_list()[-1]
        if size is None:
            size = tf.shape(x, name="x_shape")[-1]
            return with_dependencies([
                lookup("assert_rank_at_least")(x, 1, message=flat),
                lookup("assert_greater_equal")(size, 2, message=few),
                tf.assert_less_equal(size, min(most, dtypes.int32.max),
                                     message=f"{many}dtype cannot exceed {most} shape.")], x)
        if size < 2:
            raise ValueError(few)
        if size > most:
            raise ValueError(f"{many}implies shape ({size}) cannot exceed {most}.")
        return x


def get_logits_and_probs(logits=None, probs=None, multidimensional=False, validate_args=False,
                         name="get_logits_and_probs", dtype=None):
    """Both, of which exactly one is given: as odds, or of shape [..., classes] if `multidimensional`.

    Raises ValueError if both or none is given, TypeError if it isn't floating.
    """
    if (logits is None) == (probs is None):
        raise ValueError("Must pass probs or logits, but not both.")
    with name_scope(name, values=[probs, logits]):
        if probs is None:
            logits = _floating(logits, "logits", dtype)
            if not multidimensional:
                return logits, lookup("nn.sigmoid")(logits, name="probs")
            if validate_args:
                logits = embed_check_categorical_event_shape(logits)
            return logits, lookup("nn.softmax")(logits, name="probs")
        probs = _floating(probs, "probs", dtype)
        if validate_args:
            with name_scope("validate_probs"):
                probs = _probabilities(probs, multidimensional)
        with name_scope("logits"):
            return (tf.log(probs) if multidimensional else tf.log(probs) - tf.log1p(-1.0 * probs)), probs


def _floating(value, name, dtype):
    value = convert_to_tensor(value, name=name, dtype=dtype)
    if not value.dtype.is_floating:
        raise TypeError(f"{name} must having floating type.")
    return value


def _probabilities(probs, multidimensional):
    one = tf.constant(1.0, probs.dtype.base_dtype)
    assertions = [lookup("assert_non_negative")(probs)]
    if multidimensional:
        probs = embed_check_categorical_event_shape(probs)
        assertions.append(lookup("assert_near")(tf.reduce_sum(probs, -1), one, message="probs does not sum to 1."))
    else:
        assertions.append(tf.assert_less_equal(probs, one, message="probs has components greater than 1."))
    return with_dependencies(assertions, probs)


def gen_new_seed(seed, salt):
    """A seed for a second stream of random numbers, or None."""
    if seed is None:
        return None
    return int(hashlib.md5((str(seed) + salt).encode(), usedforsecurity=False).hexdigest()[:8], 16) & 0x7FFFFFFF


def log_combinations(n, counts, name="log_combinations"):
    """Logarithm of the number of ways in which `n` draws fall into classes by `counts` [..., classes]."""
    with name_scope(name, values=[n, counts]):
        n, counts = convert_to_tensor(n, name="n"), convert_to_tensor(counts, name="counts")
        return tf.lgamma(n + 1.0) - tf.reduce_sum(tf.lgamma(counts + 1.0), axis=[-1])


def covariance(mean, other, variance):
    """Matrices [..., classes, classes] with `variance` on the diagonal and minus the products elsewhere."""
    return tf.matrix_set_diag(-tf.matmul(mean[..., tf.newaxis], other[..., tf.newaxis, :]), variance)
