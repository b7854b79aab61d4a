"""`tf.map_fn`, `tf.foldl`, `tf.foldr` and `tf.scan`: a function called for each part of tensors, in a loop.

Parts are those along the first dimension, kept in TensorArrays. Holds no state.
"""

import contextlib

from graphflow.framework import nest
from graphflow.framework import public as tf
from graphflow.framework.api import tf_export
from graphflow.framework.convert import convert_to_tensor
from graphflow.framework.graph_scopes import name_scope
from graphflow.framework.sparse_tensor import SparseTensor
from graphflow.framework.tensor_shape import TensorShape
from graphflow.ops.tensor_array_class import TensorArray
from graphflow.ops.variable_scope import get_variable_scope


@contextlib.contextmanager
def _cached_variables():
    """Caches variables outside of the loop, as TensorFlow does."""
    scope = get_variable_scope()
    if scope.caching_device is not None:
        yield
        return
    scope.set_caching_device(lambda op: op.device)
    try:
        yield
    finally:
        scope.set_caching_device(None)


def _packed(structure, flat):
    return nest.pack_sequence_as(structure, flat) if nest.is_nested(structure) else flat[0]


def _check_callable(fn):
    if not callable(fn):
        raise TypeError("fn must be callable.")


def _elements(elems):
    return [convert_to_tensor(elem, name="elem") for elem in nest.flatten(elems)]


def _count(tensor):
    """Number of parts: an int, or a tensor where it is not known."""
    shape = tensor.shape
    known = shape.as_list()[0] if shape.ndims is not None else None
    return tf.shape(tensor)[0] if known is None else known


def _set_length(results, elements):
    """Results are as long as all elements are."""
    length = TensorShape([None])
    for element in elements:
        length = length.merge_with(element.shape.with_rank_at_least(1)[:1])
    for result in results:
        result.set_shape(length.concatenate(result.shape[1:]))


@tf_export("map_fn")
def map_fn(fn, elems, dtype=None, parallel_iterations=None, back_prop=True, swap_memory=False, infer_shape=True,
           name=None):
    """`fn` of each part of `elems`, stacked.

    Args:
      fn: function of a part (in the structure of `elems`) to a tensor, or a structure of tensors. elems: tensor, or
        structure of tensors of one length. dtype: DType of results, or structure of them; needed if it is not that
        of `elems`. parallel_iterations, swap_memory: accepted. back_prop: whether gradients can be taken.
        infer_shape: whether all results of `fn` have one shape.
    Raises TypeError if `fn` cannot be called or `elems` is sparse, ValueError for scalars or results of another
    structure.

    Example:
      >>> import graphflow as tf
      >>> squares = tf.map_fn(lambda x: x * x, tf.constant([1, 2, 3]))
      >>> with tf.Session() as session:
      ...     print(session.run(squares))
      [1 4 9]
    """
    _check_callable(fn)
    if isinstance(elems, SparseTensor):
        raise TypeError("To perform a map on the values of a sparse tensor use either  SparseTensor(input.indices, "
                        "fn(input.values), input.dense_shape) or  SparseTensor(input.indices, map_fn(fn, "
                        "input.values), input.dense_shape)")
    with name_scope(name, "map", nest.flatten(elems)), _cached_variables():
        elements = _elements(elems)
        if dtype is None:
            dtype = _packed(elems, [element.dtype.base_dtype for element in elements])
        if elements[0].shape.ndims == 0:
            raise ValueError("elems must be a 1+ dimensional Tensor, not a scalar" if len(elements) == 1 else
                             "elements in elems must be 1+ dimensional Tensors, not scalars")
        n = _count(elements[0])
        arrays = [TensorArray(element.dtype, size=n, infer_shape=True) for element in elements]
        arrays = [array.unstack(element) for array, element in zip(arrays, elements, strict=True)]
        start = tf.constant(0)
        results = [TensorArray(dt, size=n, infer_shape=infer_shape) for dt in nest.flatten(dtype)]

        def compute(i, results):
            values = fn(_packed(elems, [array.read(i) for array in arrays]))
            nest.assert_same_structure(dtype, values)
            return i + 1, [array.write(i, value)
                           for array, value in zip(results, nest.flatten(values), strict=True)]

        _, results = tf.while_loop(lambda i, _: i < n, compute, (start, results), back_prop=back_prop,
                                   parallel_iterations=parallel_iterations or 10, swap_memory=swap_memory,
                                   maximum_iterations=n)
        stacked = [array.stack() for array in results]
        _set_length(stacked, elements)
        return _packed(dtype, stacked)


def _fold(fn, elems, initializer, scope, backwards, options):
    """A value carried through all parts, from the first to the last or the other way."""
    _check_callable(fn)
    with name_scope(*scope, [elems]), _cached_variables():
        elements = _elements(elems)
        n = _count(elements[0])
        arrays = [TensorArray(element.dtype, size=n, infer_shape=True).unstack(element) for element in elements]

        def part(i):
            return _packed(elems, [array.read(i) for array in arrays])

        if backwards:
            i = n - 1 if initializer is None else n
        else:
            i = tf.constant(1 if initializer is None else 0)
        if initializer is None:
            initializer = part(i if backwards else 0)

        def compute(i, carried):
            if backwards:
                i -= 1
                return [i, fn(carried, part(i))]
            carried = fn(carried, part(i))
            return [i + 1, carried]

        condition = (lambda i, _: i > 0) if backwards else (lambda i, _: i < n)
        return tf.while_loop(condition, compute, [i, initializer], maximum_iterations=n, **options)[1]


@tf_export("foldl")
def foldl(fn, elems, initializer=None, parallel_iterations=10, back_prop=True, swap_memory=False, name=None):
    """`fn(... fn(fn(initializer, first), second) ..., last)` over the parts of `elems`.

    Args: fn: function (carried, part) -> carried. elems: tensor, or structure of tensors of one length.
      initializer: tensor or structure of tensors, by default the first part. Others: as of `map_fn`.
    Raises TypeError if `fn` cannot be called.

    Example:
      >>> import graphflow as tf
      >>> with tf.Session() as session:
      ...     print(session.run(tf.foldl(lambda a, x: 2 * a + x, tf.constant([1, 0, 1]))) + 0)
      5
    """
    return _fold(fn, elems, initializer, (name, "foldl"), False, {
        "parallel_iterations": parallel_iterations, "back_prop": back_prop, "swap_memory": swap_memory})


@tf_export("foldr")
def foldr(fn, elems, initializer=None, parallel_iterations=10, back_prop=True, swap_memory=False, name=None):
    """`tf.foldl` from the last part to the first.

    Example:
      >>> import graphflow as tf
      >>> with tf.Session() as session:
      ...     print(session.run(tf.foldr(lambda a, x: 2 * a + x, tf.constant([1, 0, 0]))) + 0)
      1
    """
    return _fold(fn, elems, initializer, (name, "foldr"), True, {
        "parallel_iterations": parallel_iterations, "back_prop": back_prop, "swap_memory": swap_memory})


@tf_export("scan")
def scan(fn, elems, initializer=None, parallel_iterations=10, back_prop=True, swap_memory=False, infer_shape=True,
         reverse=False, name=None):
    """All values that `tf.foldl` goes through, stacked.

    Args: as of `tf.foldl` and `tf.map_fn`. reverse: whether to begin with the last part.
    Raises TypeError if `fn` cannot be called, ValueError for results of another structure.

    Example:
      >>> import graphflow as tf
      >>> with tf.Session() as session:
      ...     print(session.run(tf.scan(lambda a, x: a + x, tf.constant([1, 2, 3]))))
      [1 3 6]
    """
    _check_callable(fn)
    structure = elems if initializer is None else initializer
    with name_scope(name, "scan", nest.flatten(elems)), _cached_variables():
        elements = _elements(elems)
        n = _count(elements[0])
        arrays = [TensorArray(element.dtype, size=n, element_shape=element.shape[1:], infer_shape=True)
                  for element in elements]
        arrays = [array.unstack(element) for array, element in zip(arrays, elements, strict=True)]
        first = n - 1 if reverse else 0
        if initializer is None:
            carried, i = [array.read(first) for array in arrays], 1
        else:
            carried, i = [convert_to_tensor(value) for value in nest.flatten(initializer)], 0
        results = [TensorArray(value.dtype, size=n, element_shape=value.shape if infer_shape else None,
                               infer_shape=infer_shape) for value in carried]
        if initializer is None:
            results = [array.write(first, value) for array, value in zip(results, carried, strict=True)]

        def compute(i, carried, results):
            values = fn(_packed(structure, carried), _packed(elems, [array.read(i) for array in arrays]))
            nest.assert_same_structure(structure, values)
            values = nest.flatten(values)
            results = [array.write(i, value) for array, value in zip(results, values, strict=True)]
            return i - 1 if reverse else i + 1, values, results

        condition = (lambda i, _, __: i >= 0) if reverse else (lambda i, _, __: i < n)
        _, _, results = tf.while_loop(condition, compute, (n - 1 - i if reverse else i, carried, results),
                                      parallel_iterations=parallel_iterations, back_prop=back_prop,
                                      swap_memory=swap_memory, maximum_iterations=n)
        stacked = [array.stack() for array in results]
        _set_length(stacked, elements)
        return _packed(structure, stacked)
