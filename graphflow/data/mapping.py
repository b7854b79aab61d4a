"""Datasets made by functions: map, filter, flat_map, interleave, reduce, and what builds on them.

The methods of `tf.data.Dataset` that take functions. Holds no state.
"""

from graphflow.data import nest, structure
from graphflow.data.dataset_spec import DatasetSpec
from graphflow.data.function import StructuredFunction, stateful_function
from graphflow.data.sources import new_dataset
from graphflow.framework import dtypes, raw_ops
from graphflow.framework.convert import convert_to_tensor
from graphflow.framework.graph_scopes import name_scope
from graphflow.framework.type_spec import TensorSpec

AUTOTUNE = -1


def nested_spec(function, message="`map_func` must return a `Dataset` object. Got {}"):
    """The element spec of the dataset that a StructuredFunction returns; TypeError if it returns none."""
    if not isinstance(function.output_spec, DatasetSpec):
        raise TypeError(message.format(type(function.output_spec)))
    return function.output_spec.element_spec


def derived(make, source, function, spec, *arguments, **attrs):
    """The dataset of op `make` over `source` and a StructuredFunction `f`, with elements of `spec`."""
    variant = make(source._variant_tensor, function.captured, *arguments, f=function.body,
                   **structure.flat_attrs(spec), **attrs)
    return new_dataset(variant, spec, [source], [function])


def predicate(function, name, dataset, message):
    """The StructuredFunction of a predicate; ValueError if it returns no scalar bool."""
    wrapped = StructuredFunction(function, name, dataset.element_spec)
    found = wrapped.output_spec
    if not (isinstance(found, TensorSpec) and found.is_compatible_with(TensorSpec([], dtypes.bool))):
        raise ValueError(message.format(found))
    return wrapped


class Mapping:
    """The methods of Dataset that take functions."""

    def map(self, map_func, num_parallel_calls=None):
        """What `map_func` makes of each element.

        Args:
          map_func: called once, now, with tensors for an element (a tuple's parts as several arguments);
            returns any structure of tensors. It runs as a compiled plan. Use `tf.py_func` in it for Python code.
          num_parallel_calls: how many elements are worked on at once, in threads; the order stays.
            `tf.data.experimental.AUTOTUNE` is as many as there are processors.

        Example:
          >>> import graphflow as tf
          >>> squares = tf.data.Dataset.range(4).map(lambda x: x * x).batch(4)
          >>> with tf.Session() as sess:
          ...     print(sess.run(squares.make_one_shot_iterator().get_next()))
          [0 1 4 9]
        """
        function = StructuredFunction(map_func, "Dataset.map()", self.element_spec)
        if num_parallel_calls is None:
            return derived(raw_ops.MapDataset, self, function, function.output_spec)
        calls = convert_to_tensor(num_parallel_calls, dtypes.int32, name="num_parallel_calls")
        return derived(raw_ops.ParallelMapDataset, self, function, function.output_spec, calls)

    def map_with_legacy_function(self, map_func, num_parallel_calls=None):
        """The same as `map`."""
        return self.map(map_func, num_parallel_calls)

    def flat_map(self, map_func):
        """The elements of the dataset that `map_func` returns for each element, one dataset after the other.

        Example:
          >>> import graphflow as tf
          >>> pairs = tf.data.Dataset.range(3).flat_map(lambda x: tf.data.Dataset.from_tensors(x).repeat(2))
          >>> with tf.Session() as sess:
          ...     print(sess.run(pairs.batch(9).make_one_shot_iterator().get_next()))
          [0 0 1 1 2 2]
        """
        function = StructuredFunction(map_func, "Dataset.flat_map()", self.element_spec)
        return derived(raw_ops.FlatMapDataset, self, function, nested_spec(function))

    def interleave(self, map_func, cycle_length=AUTOTUNE, block_length=1, num_parallel_calls=None):
        """Elements of the datasets that `map_func` returns, by turns: `block_length` from each of `cycle_length`.

        With `num_parallel_calls` the elements of each open dataset are made ahead by a thread; the order stays.
        """
        function = StructuredFunction(map_func, "Dataset.interleave()", self.element_spec)
        spec = nested_spec(function)
        cycle = convert_to_tensor(cycle_length, dtypes.int64, name="cycle_length")
        block = convert_to_tensor(block_length, dtypes.int64, name="block_length")
        if num_parallel_calls is None:
            return derived(raw_ops.InterleaveDataset, self, function, spec, cycle, block)
        calls = convert_to_tensor(num_parallel_calls, dtypes.int64, name="num_parallel_calls")
        return derived(raw_ops.ParallelInterleaveDatasetV2, self, function, spec, cycle, block, calls)

    def filter(self, predicate):
        """The elements for which `predicate` returns true. Raises ValueError if it returns no scalar bool."""
        return filtered(self, predicate)

    def filter_with_legacy_function(self, predicate):
        """The same as `filter`."""
        return filtered(self, predicate)

    def reduce(self, initial_state, reduce_func):
        """Tensors: the last state of `reduce_func(state, element)`, from `initial_state` over all elements.

        Raises TypeError if the function's result is not of the state's structure and types.

        Example:
          >>> import graphflow as tf
          >>> import numpy as np
          >>> total = tf.data.Dataset.range(5).reduce(np.int64(0), lambda total, x: total + x)
          >>> with tf.Session() as sess:
          ...     print(sess.run(total))
          10
        """
        with name_scope("initial_state"):
            state = structure.normalized(initial_state)
        function, spec = stateful_function(
            reduce_func, "reduce()", structure.spec_of_element(state), self.element_spec, lambda output: output)
        flat = raw_ops.ReduceDataset(self._variant_tensor, structure.to_tensors(spec, state), function.captured,
                                     f=function.body, **structure.flat_attrs(spec))
        return structure.from_tensors(spec, flat)

    def unbatch(self):
        """The slices of the elements along their first dimension.

        Raises ValueError for scalars, and for parts whose first dimensions differ.

        Example:
          >>> import graphflow as tf
          >>> tf.data.Dataset.range(10).batch(4).unbatch()
          <DatasetV1Adapter shapes: (), types: tf.int64>
        """
        spec = self.element_spec

        def cut(*parts):
            return tuple(structure.to_tensors(spec, parts if type(spec) is tuple else parts[0], batched=True))

        rows = None
        for shape in structure.flat_attrs(spec)["output_shapes"]:
            if shape.ndims == 0:
                raise ValueError("Cannot unbatch an input with scalar components.")
            if shape.ndims is not None:
                try:
                    rows = shape.dims[0] if rows is None else rows.merge_with(shape.dims[0])
                except ValueError:
                    raise ValueError("Cannot unbatch an input whose components have different batch sizes.") from None
        flat = self.map(cut)
        spec = structure.unbatched(spec)
        variant = raw_ops.UnbatchDataset(flat._variant_tensor, **structure.flat_attrs(spec))
        return new_dataset(variant, spec, [flat])

    def window(self, size, shift=None, stride=1, drop_remainder=False):
        """Datasets of `size` elements each, `stride` apart, each starting `shift` (default `size`) behind the last.

        The parts of an element become datasets of their own, in its structure.

        Example:
          >>> import graphflow as tf
          >>> sums = tf.data.Dataset.range(6).window(2).flat_map(lambda window: window.batch(2))
          >>> with tf.Session() as sess:
          ...     print(sess.run(sums.make_one_shot_iterator().get_next()))
          [0 1]
        """
        numbers = [convert_to_tensor(value, dtypes.int64, name=name) for value, name in (
            (size, "size"), (size if shift is None else shift, "shift"), (stride, "stride"))]
        drop = convert_to_tensor(drop_remainder, dtypes.bool, name="drop_remainder")
        spec = nest.map_structure(DatasetSpec, self.element_spec)
        variant = raw_ops.WindowDataset(self._variant_tensor, *numbers, drop, **structure.flat_attrs(spec))
        return new_dataset(variant, spec, [self])


def filtered(dataset, function):
    """The dataset of `Dataset.filter`."""
    wrapped = predicate(function, "Dataset.filter()", dataset,
                        "`predicate` return type must be convertible to a scalar boolean tensor. Was {}.")
    variant = raw_ops.FilterDataset(dataset._variant_tensor, wrapped.captured, predicate=wrapped.body,
                                    **structure.flat_attrs(dataset.element_spec))
    return new_dataset(variant, dataset.element_spec, [dataset], [wrapped])
