"""Assertions about values, ranks, types and shapes of tensors.

What is known while the graph is built is checked at once and raises there; the rest becomes `Assert`
operations, which act only if they run. Ops and names are TensorFlow 1.15's. Holds no state.
"""

import numpy as np

from graphflow.framework import dtypes, errors, static_value
from graphflow.framework import public as tf
from graphflow.framework.api import tf_export
from graphflow.framework.convert import convert_to_tensor
from graphflow.framework.graph_scopes import control_dependencies, name_scope
from graphflow.framework.grouping import group, with_dependencies
from graphflow.framework.sparse_tensor import SparseTensor
from graphflow.framework.tensor import Tensor
from graphflow.ops.debugging import Assert

# ---------------------------------------------------------------- comparisons


def _text(value):
    if not isinstance(value, Tensor):
        return str(value)
    known = static_value.constant_value(value)
    return str(value if known is None else known)


def _compare(symbol, default_name, op, static, x, y, data, summarize, message, name):
    with name_scope(name, default_name, [x, y, data]):
        x, y = convert_to_tensor(x, name="x"), convert_to_tensor(y, name="y")
        if data is None:
            data = [f"Condition x {symbol} y did not hold element-wise:", f"x ({x.name}) = ", x,
                    f"y ({y.name}) = ", y]
        if message is not None:
            data = [message, *data]
        condition = tf.reduce_all(op(x, y))
        x_value, y_value = static_value.constant_value(x), static_value.constant_value(y)
        if x_value is not None and y_value is not None and not np.all(static(x_value, y_value)):
            text = "\n".join(map(_text, data))
            if not isinstance(data[0], str):  # values alone say nothing: the scope names what was asked of them
                text = f"Condition x {symbol} y did not hold element-wise in {condition.op.name!r}:\n{text}"
            raise errors.InvalidArgumentError(None, None, text)
        return Assert(condition, data, summarize=summarize)


@tf_export("debugging.assert_equal", "assert_equal")
def assert_equal(x, y, data=None, summarize=None, message=None, name=None):
    """An operation that raises InvalidArgumentError unless `x == y` everywhere, with broadcasting.

    Args: data: tensors to show instead of `x` and `y`. summarize: entries of each to show. message: put
    in front. Raises InvalidArgumentError at once if constants don't hold.

    Example:
      >>> import graphflow as tf
      >>> with tf.control_dependencies([tf.assert_equal(tf.constant(1), tf.placeholder(tf.int32))]):
      ...     y = tf.constant(2)
    """
    with name_scope(name, "assert_equal", [x, y, data]):
        if x is y:
            return tf.no_op()
    return _compare("==", "assert_equal", tf.equal, np.equal, x, y, data, summarize, message, name)


@tf_export("debugging.assert_none_equal", "assert_none_equal")
def assert_none_equal(x, y, data=None, summarize=None, message=None, name=None):
    """Like `assert_equal`, for `x != y`."""
    return _compare("!=", "assert_none_equal", tf.not_equal, np.not_equal, x, y, data, summarize, message, name)


@tf_export("debugging.assert_less", "assert_less")
def assert_less(x, y, data=None, summarize=None, message=None, name=None):
    """Like `assert_equal`, for `x < y`."""
    return _compare("<", "assert_less", tf.less, np.less, x, y, data, summarize, message, name)


@tf_export("debugging.assert_less_equal", "assert_less_equal")
def assert_less_equal(x, y, data=None, summarize=None, message=None, name=None):
    """Like `assert_equal`, for `x <= y`."""
    return _compare("<=", "assert_less_equal", tf.less_equal, np.less_equal, x, y, data, summarize, message, name)


@tf_export("debugging.assert_greater", "assert_greater")
def assert_greater(x, y, data=None, summarize=None, message=None, name=None):
    """Like `assert_equal`, for `x > y`."""
    return _compare(">", "assert_greater", tf.greater, np.greater, x, y, data, summarize, message, name)


@tf_export("debugging.assert_greater_equal", "assert_greater_equal")
def assert_greater_equal(x, y, data=None, summarize=None, message=None, name=None):
    """Like `assert_equal`, for `x >= y`."""
    return _compare(">=", "assert_greater_equal", tf.greater_equal, np.greater_equal, x, y, data, summarize,
                    message, name)


def _compare_with_zero(symbol, default_name, compare, zero_first, x, data, summarize, message, name):
    with name_scope(name, default_name, [x, data]):
        x = convert_to_tensor(x, name="x")
        if data is None:
            data = [message or "", f"Condition x {symbol} 0 did not hold element-wise:", f"x ({x.name}) = ", x]
        zero = convert_to_tensor(0, dtype=x.dtype.base_dtype)
        return compare(*((zero, x) if zero_first else (x, zero)), data=data, summarize=summarize)


@tf_export("debugging.assert_negative", "assert_negative")
def assert_negative(x, data=None, summarize=None, message=None, name=None):
    """Like `assert_equal`, for `x < 0`."""
    return _compare_with_zero("<", "assert_negative", assert_less, False, x, data, summarize, message, name)


@tf_export("debugging.assert_positive", "assert_positive")
def assert_positive(x, data=None, summarize=None, message=None, name=None):
    """Like `assert_equal`, for `x > 0`."""
    return _compare_with_zero(">", "assert_positive", assert_less, True, x, data, summarize, message, name)


@tf_export("debugging.assert_non_negative", "assert_non_negative")
def assert_non_negative(x, data=None, summarize=None, message=None, name=None):
    """Like `assert_equal`, for `x >= 0`."""
    return _compare_with_zero(">=", "assert_non_negative", assert_less_equal, True, x, data, summarize, message,
                              name)


@tf_export("debugging.assert_non_positive", "assert_non_positive")
def assert_non_positive(x, data=None, summarize=None, message=None, name=None):
    """Like `assert_equal`, for `x <= 0`."""
    return _compare_with_zero("<=", "assert_non_positive", assert_less_equal, False, x, data, summarize, message,
                              name)


@tf_export("debugging.assert_near", "assert_near")
def assert_near(x, y, rtol=None, atol=None, data=None, summarize=None, message=None, name=None):
    """Like `assert_equal`, for `|x - y| < atol + rtol * |y|`; both are 10 roundings by default."""
    with name_scope(name, "assert_near", [x, y, rtol, atol, data]):
        x = convert_to_tensor(x, name="x")
        dtype = x.dtype.base_dtype
        y = convert_to_tensor(y, name="y", dtype=dtype)
        default = 10 * np.finfo(dtype.as_numpy_dtype).eps
        rtol = convert_to_tensor(default if rtol is None else rtol, name="rtol", dtype=dtype)
        atol = convert_to_tensor(default if atol is None else atol, name="atol", dtype=dtype)
        if data is None:
            data = [message or "", f"x and y not equal to tolerance rtol = {rtol}, atol = {atol}",
                    f"x ({x.name}) = ", x, f"y ({y.name}) = ", y]
        tolerance = atol + rtol * tf.abs(y)
        condition = tf.reduce_all(tf.less(tf.abs(x - y), tolerance))
        return Assert(condition, data, summarize=summarize)


# ---------------------------------------------------------------- ranks


def _assert_ranks(x, ranks, static, dynamic, wording, data, summarize, message):
    """The check that `static(rank of x, ranks)` holds, now if everything is known, else when run."""
    for rank in ranks:
        assert_type(rank, dtypes.int32)
    if data is None:
        data = [message, f"Tensor {x.name} must have rank{wording}", *ranks, "Received shape: ", tf.shape(x)]
    known = [static_value.constant_value(rank) for rank in ranks]
    if all(rank is not None for rank in known):
        if any(rank.ndim != 0 for rank in known):
            raise ValueError("Rank must be a scalar.")
        actual = x.get_shape().ndims
        if actual is not None:
            wanted = [int(rank) for rank in known]
            if not static(actual, wanted):
                shown = tuple(wanted) if wording.endswith("in") else wanted[0]
                raise ValueError(f"{message}.  Tensor {x.name} must have rank{wording} {shown}.  Received rank "
                                 f"{actual}, shape {x.get_shape()}")
            return tf.no_op(name="static_checks_determined_all_ok")
    condition = dynamic(tf.rank(x), ranks)
    for rank, value in zip(ranks, known):
        if value is None:
            check = assert_rank(rank, 0, data=["Rank must be a scalar. Received rank: ", rank])
            condition = with_dependencies([check], condition)
    return Assert(condition, data, summarize=summarize)


@tf_export("debugging.assert_rank", "assert_rank")
def assert_rank(x, rank, data=None, summarize=None, message=None, name=None):
    """Checks that `x` has `rank` dimensions: ValueError now, or an operation that checks when run."""
    with name_scope(name, "assert_rank", [x, rank, *(data or [])]):
        x, rank = convert_to_tensor(x, name="x"), convert_to_tensor(rank, name="rank")
        return _assert_ranks(x, [rank], lambda actual, wanted: actual == wanted[0],
                             lambda actual, wanted: tf.equal(actual, wanted[0]), "", data, summarize, message or "")


@tf_export("debugging.assert_rank_at_least", "assert_rank_at_least")
def assert_rank_at_least(x, rank, data=None, summarize=None, message=None, name=None):
    """Checks that `x` has `rank` or more dimensions, as `assert_rank` does."""
    with name_scope(name, "assert_rank_at_least", [x, rank, *(data or [])]):
        x, rank = convert_to_tensor(x, name="x"), convert_to_tensor(rank, name="rank")
        return _assert_ranks(x, [rank], lambda actual, wanted: actual >= wanted[0],
                             lambda actual, wanted: tf.greater_equal(actual, wanted[0]), " at least", data,
                             summarize, message or "")


def _dynamic_rank_in(actual, ranks):
    if not ranks:
        return convert_to_tensor(False)
    result = tf.equal(ranks[0], actual)
    for rank in ranks[1:]:
        result = tf.logical_or(result, tf.equal(rank, actual))
    return result


@tf_export("debugging.assert_rank_in", "assert_rank_in")
def assert_rank_in(x, ranks, data=None, summarize=None, message=None, name=None):
    """Checks that the rank of `x` is among `ranks`, as `assert_rank` does."""
    with name_scope(name, "assert_rank_in", [x, *ranks, *(data or [])]):
        x = convert_to_tensor(x, name="x")
        ranks = [convert_to_tensor(rank, name="rank") for rank in ranks]
        return _assert_ranks(x, ranks, lambda actual, wanted: actual in wanted, _dynamic_rank_in, " in", data,
                             summarize, message or "")


# ---------------------------------------------------------------- types


@tf_export("debugging.assert_integer", "assert_integer")
def assert_integer(x, message=None, name=None):
    """Raises TypeError unless `x` is of an integer dtype; returns a NoOp."""
    with name_scope(name, "assert_integer", [x]):
        x = convert_to_tensor(x, name="x")
        if not x.dtype.is_integer:
            raise TypeError(f'{message or ""}  Expected "x" to be integer type.  Found: {x.name} of dtype {x.dtype}')
        return tf.no_op("statically_determined_was_integer")


@tf_export("debugging.assert_type", "assert_type")
def assert_type(tensor, tf_type, message=None, name=None):
    """Raises TypeError unless `tensor` has dtype `tf_type`; returns a NoOp."""
    with name_scope(name, "assert_type", [tensor]):
        tensor = convert_to_tensor(tensor, name="tensor")
        if tensor.dtype != tf_type:
            raise TypeError(f"{message or ''}  {tensor.name} must be of type {tf_type}")
        return tf.no_op("statically_determined_correct_type")


@tf_export("debugging.assert_scalar", "assert_scalar", "contrib.framework.assert_scalar")
def assert_scalar(tensor, name=None, message=None):
    """`tensor`; ValueError unless its static shape is that of a scalar."""
    with name_scope(name, "assert_scalar", [tensor]) as scope:
        tensor = convert_to_tensor(tensor, name=scope)
        shape = tensor.get_shape()
        if shape.ndims != 0:
            raise ValueError(f"{message or ''}Expected scalar shape for {tensor.name}, saw shape: {shape}.")
        return tensor


@tf_export("debugging.assert_proper_iterable", "assert_proper_iterable")
def assert_proper_iterable(values):
    """Raises TypeError if `values` is a tensor, an array, a string, or not iterable."""
    if isinstance(values, (Tensor, SparseTensor, np.ndarray, bytes, str)):
        raise TypeError(f'Expected argument "values" to be a "proper" iterable.  Found: {type(values)}')
    if not hasattr(values, "__iter__"):
        raise TypeError(f'Expected argument "values" to be iterable.  Found: {type(values)}')


@tf_export("debugging.assert_same_float_dtype", "assert_same_float_dtype", "contrib.framework.assert_same_float_dtype")
def assert_same_float_dtype(tensors=None, dtype=None):
    """The one float dtype of `tensors` (and `dtype`), float32 if there are none; else ValueError."""
    first = None
    for item in tensors or ():
        if item is None:
            continue
        found = item.dtype.base_dtype
        if not dtype:
            dtype, first = found, item
        elif found != dtype:
            origin = f" as {getattr(first, 'name', first)}" if first is not None else ""
            raise ValueError(
                f"{getattr(item, 'name', item)}, type={found}, must be of the same type ({dtype}){origin}.")
    if not dtype:
        return dtypes.float32
    if not dtype.is_floating:
        raise ValueError(f"Expected floating point type, got {dtype}.")
    return dtype


# ---------------------------------------------------------------- shapes with symbols


@tf_export("debugging.assert_shapes")
def assert_shapes(shapes, data=None, summarize=None, message=None, name=None):
    """Checks that tensors have shapes in which equal symbols stand for equal sizes.

    Args:
      shapes: dict or list of pairs from tensors to shapes such as `("N", 3, None)` or "N3"; a first entry `...`
        or "*" stands for any number of dimensions.
    Returns an operation; raises ValueError for what is known not to hold.
    """
    pairs = shapes.items() if isinstance(shapes, dict) else shapes
    message = message or ""
    with name_scope(name, "assert_shapes", [data]):
        rows = [_shape_row(convert_to_tensor(x), shape, message) for x, shape in pairs if shape is not None]
        ranks = [_rank_check(*row, data, summarize, message, name) for row in rows]
        sizes, known = [], {}
        for x, symbols, open_ended in rows:
            actual = _sizes(x)
            for i, symbol in enumerate(symbols):
                if symbol in (None, "."):
                    continue
                position = i - len(symbols) if open_ended else i
                if symbol in known or isinstance(symbol, (int, np.integer)):
                    wanted, origin = known.get(symbol, (symbol, "Specified explicitly"))
                    sizes += _size_check(x, position, actual[position], wanted, origin, data, summarize, message)
                else:
                    known[symbol] = (actual[position], f"Specified by tensor {x.name} dimension {position}")
        with control_dependencies([check for check in ranks if check is not None]):
            return group(*sizes)


def _shape_row(x, shape, message):
    """(tensor, symbols, whether more dimensions may come before)."""
    if not hasattr(shape, "__iter__"):
        raise ValueError(f"{message}.  Tensor {x.name}.  Specified shape must be an iterable.  "
                         "An iterable has the attribute `__iter__` or `__getitem__`.  "
                         f"Received specified shape: {shape}")
    symbols = [int(symbol) if isinstance(symbol, str) and symbol.isdecimal() else symbol for symbol in shape]
    for i, symbol in enumerate(symbols):
        if (symbol is Ellipsis or symbol == "*") and i:
            raise ValueError(f"{message}.  Tensor {x.name} specified shape index {i}.  Symbol `...` or `*` for a "
                             "variable number of unspecified dimensions is only allowed as the first entry")
    open_ended = bool(symbols) and (symbols[0] is Ellipsis or symbols[0] == "*")
    return x, (symbols[1:] if open_ended else symbols) or [1], open_ended


def _rank_check(x, symbols, open_ended, data, summarize, message, name):
    rank = len(symbols)
    if open_ended:
        return None if rank < 2 else assert_rank_at_least(x, rank, data, summarize, message, name)
    if rank < 2:
        return assert_rank_in(x, [0, 1], data, summarize, message, name)
    return assert_rank(x, rank, data, summarize, message, name)


def _sizes(x):
    static = x.get_shape()
    if static.ndims is None:
        return tf.cond(tf.equal(tf.rank(x), 0), lambda: tf.constant([1]), lambda: tf.shape(x))
    dynamic = tf.shape(x)
    return [dynamic[i] if size is None else size for i, size in enumerate(static.as_list())] or [1]


def _size_check(x, position, actual, wanted, origin, data, summarize, message):
    if not isinstance(actual, Tensor) and not isinstance(wanted, Tensor):
        if actual != wanted:
            raise ValueError(f"{message}.  {origin}.  Tensor {x.name} dimension {position} must have size {wanted}.  "
                             f"Received size {actual}, shape {x.get_shape()}")
        return []
    if data is None:
        data = [message, origin, f"Tensor {x.name} dimension", position, "must have size", wanted,
                "Received shape: ", tf.shape(x)]
    condition = tf.equal(convert_to_tensor(actual), convert_to_tensor(wanted))
    return [Assert(condition, data, summarize=summarize)]
