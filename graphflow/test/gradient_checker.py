"""`tf.test.compute_gradient`: gradients against central differences. Holds no state."""

import numpy as np

from graphflow.framework import convert, dtypes, public, scopes
from graphflow.framework.api import tf_export
from graphflow.framework.grouping import group
from graphflow.framework.tensor import IndexedSlices


def _real(array):
    """A contiguous array of real numbers, for a complex one with its parts side by side."""
    array = np.ascontiguousarray(array)
    return array.view(array.real.dtype) if np.iscomplexobj(array) else array


def _reals(dtype, size):
    return size * 2 if dtype.is_complex else size


def _dense(value, shape):
    if not hasattr(value, "indices"):
        return np.asarray(value)
    result = np.zeros(shape, value.values.dtype)
    np.add.at(result, value.indices, value.values)
    return result


def _theoretical(x, x_shape, dy, dx, y_shape, feed):
    """d y / d x [x element, y element], one row of y after another through the gradient op."""
    rows = _reals(x.dtype, int(np.prod(x_shape)))
    columns = _reals(dy.dtype, int(np.prod(y_shape)))
    jacobian = np.zeros((rows, columns), x.dtype.real_dtype.as_numpy_dtype)
    session = scopes.get_default_session()
    weights = np.zeros(y_shape, dy.dtype.base_dtype.as_numpy_dtype)
    flat = _real(weights).reshape(-1)
    for column in range(columns):
        flat[column] = 1
        value = session.run(dx, {**feed, dy: flat.view(weights.dtype).reshape(weights.shape)})
        jacobian[:, column] = _real(_dense(value, x_shape)).reshape(-1)
        flat[column] = 0
    return jacobian


def _numeric(x, x_data, y, y_shape, delta, feed):
    """The same from `(y(x + delta) - y(x - delta)) / (2 delta)`."""
    rows = _reals(x.dtype, x_data.size)
    columns = _reals(y.dtype, int(np.prod(y_shape)))
    jacobian = np.zeros((rows, columns), x.dtype.real_dtype.as_numpy_dtype)
    session = scopes.get_default_session()
    data = np.array(x_data, x.dtype.base_dtype.as_numpy_dtype)
    flat = _real(data).reshape(-1)

    def at(row, value):
        old, flat[row] = flat[row], value
        result = session.run(y, {**feed, x: flat.view(data.dtype).reshape(data.shape)})
        flat[row] = old
        return _real(result).reshape(-1)

    for row in range(rows):
        difference = at(row, flat[row] + delta) - at(row, flat[row] - delta)
        jacobian[row] = difference / (2 * delta)
    return jacobian


def _one(x, x_shape, x_init_value, dx, dy, y, y_shape, delta, feed):
    if x_init_value is None:
        x_init_value = np.asarray(np.random.random_sample(x_shape), x.dtype.base_dtype.as_numpy_dtype)
    x_init_value = np.asarray(x_init_value)
    if tuple(x_init_value.shape) != tuple(x_shape):
        raise ValueError(f"x_init_value has the shape {x_init_value.shape}, not {tuple(x_shape)}.")
    feed = {**feed, x: x_init_value}
    return (_theoretical(x, x_shape, dy, dx, y_shape, feed),
            _numeric(x, x_init_value, y, y_shape, delta, feed))


_FLOATS = (dtypes.float16, dtypes.bfloat16, dtypes.float32, dtypes.float64, dtypes.complex64, dtypes.complex128)


@tf_export("test.compute_gradient")
def compute_gradient(x, x_shape, y, y_shape, x_init_value=None, delta=1e-3, init_targets=None,
                     extra_feed_dict=None):
    """The Jacobian of `y` by `x`, by gradient ops and by differences of width `delta`.

    `x` is a tensor or a list of tensors, `x_shape` (and `x_init_value`, random if None) one of each or
    a list; `init_targets` run first; `extra_feed_dict` is fed always. Needs a default session.
    Returns a pair (theoretical, numeric) of arrays [elements of x, elements of y], or a list of
    pairs. Complex elements count as two real ones. ValueError for other than floating dtypes.
    """
    xs = list(x) if isinstance(x, (list, tuple)) else [x]
    shapes = list(x_shape) if isinstance(x, (list, tuple)) else [x_shape]
    values = x_init_value if isinstance(x, (list, tuple)) else [x_init_value]
    values = values or [None] * len(xs)
    for tensor in (*xs, y):
        if tensor.dtype.base_dtype not in _FLOATS:
            raise ValueError(f"compute_gradient needs floating or complex dtypes, not {tensor.dtype.name}.")
    if init_targets is not None:
        scopes.get_default_session().run(group(*init_targets) if isinstance(init_targets, (list, tuple))
                                         else init_targets)
    # Fed with one 1 after the other, this picks an element of y.
    dy = convert.convert_to_tensor(np.ones(y_shape, y.dtype.base_dtype.as_numpy_dtype))
    gradients = public.gradients(y, xs, dy)
    for tensor, gradient in zip(xs, gradients, strict=True):
        if gradient is None:
            raise ValueError(f"There is no gradient of {y.name} by {tensor.name}.")
    gradients = [g if isinstance(g, IndexedSlices) else public.identity(g) for g in gradients]
    feed = dict(extra_feed_dict or {})
    others = [v for v in zip(xs, values, strict=True) if v[1] is not None]
    results = [_one(t, s, v, g, dy, y, y_shape, delta, {**dict(others), **feed})
               for t, s, v, g in zip(xs, shapes, values, gradients, strict=True)]
    return results if isinstance(x, (list, tuple)) else results[0]


@tf_export("test.compute_gradient_error")
def compute_gradient_error(x, x_shape, y, y_shape, x_init_value=None, delta=1e-3, init_targets=None,
                           extra_feed_dict=None):
    """The largest difference of the two Jacobians of `compute_gradient`, over all `x`.

        x = tf.placeholder(tf.float64, [2, 3])
        with tf.Session():
            assert tf.test.compute_gradient_error(x, [2, 3], tf.square(x), [2, 3]) < 1e-4
    """
    pairs = compute_gradient(x, x_shape, y, y_shape, x_init_value, delta, init_targets, extra_feed_dict)
    pairs = [pairs] if isinstance(pairs, tuple) else pairs
    return max((float(np.fabs(theoretical - numeric).max(initial=0)) for theoretical, numeric in pairs), default=0.0)
