"""Where datasets come from: tensors, numbers, generators, files by pattern, and other datasets side by side.

The static methods of `tf.data.Dataset`. Holds no state.
"""

import sys

from graphflow.data import nest, structure
from graphflow.data.seeds import seed_tensors
from graphflow.framework import dtypes, raw_ops
from graphflow.framework import public as tf
from graphflow.framework.convert import convert_to_tensor
from graphflow.framework.dimension import Dimension
from graphflow.framework.graph_scopes import control_dependencies, name_scope
from graphflow.framework.sparse_tensor import SparseTensor
from graphflow.framework.type_spec import TensorSpec


def new_dataset(variant, spec, inputs=(), functions=()):
    """A Dataset of `variant`, with elements of `spec`, made from the datasets `inputs` and by `functions`."""
    from graphflow.data.dataset import Dataset

    return Dataset._make(variant, spec, inputs, functions)


def is_dataset(value):
    """Whether `value` is a Dataset."""
    return isinstance(value, Sources)


class Sources:
    """The static methods of Dataset."""

    @staticmethod
    def from_tensors(tensors):
        """A dataset of one element: `tensors`, any nesting of values.

        NumPy arrays become constants of the graph; feed placeholders for large ones.

        Example:
          >>> import graphflow as tf
          >>> tf.data.Dataset.from_tensors((1, [2.0, 3.0]))
          <DatasetV1Adapter shapes: ((), (2,)), types: (tf.int32, tf.float32)>
        """
        element = structure.normalized(tensors)
        spec = structure.spec_of_element(element)
        flat = structure.to_tensors(spec, element)
        shapes = structure.flat_attrs(spec)["output_shapes"]
        return new_dataset(raw_ops.TensorDataset(flat, output_shapes=shapes), spec)

    @staticmethod
    def from_tensor_slices(tensors):
        """A dataset of the slices of `tensors` along their first dimension.

        Args: tensors: any nesting of values of rank 1 or more, all with the same first dimension.
        Raises ValueError if first dimensions differ or are missing.

        Example:
          >>> import graphflow as tf
          >>> tf.data.Dataset.from_tensor_slices({"x": [[1, 2], [3, 4]], "y": [0.5, 1.5]})
          <DatasetV1Adapter shapes: {x: (2,), y: ()}, types: {x: tf.int32, y: tf.float32}>
        """
        element = structure.normalized(tensors)
        batched = structure.spec_of_element(element)
        flat = structure.to_tensors(batched, element, batched=True)
        spec = structure.unbatched(batched)
        rows = Dimension(None)
        for tensor in flat:
            if tensor.shape.ndims is not None:
                rows = rows.merge_with(tensor.shape.dims[0])
        shapes = structure.flat_attrs(spec)["output_shapes"]
        return new_dataset(raw_ops.TensorSliceDataset(flat, output_shapes=shapes), spec)

    @staticmethod
    def from_sparse_tensor_slices(sparse_tensor):
        """The slices of a SparseTensor of rank N as triples (indices, values, dense_shape) of rank N-1."""
        if not isinstance(sparse_tensor, SparseTensor):
            raise TypeError(f"`sparse_tensor` must be a `tf.SparseTensor` object. Was {sparse_tensor}.")
        indices, values, shape = sparse_tensor.indices, sparse_tensor.values, sparse_tensor.dense_shape
        rank = (indices.shape.dims[1] - 1).merge_with(shape.shape.dims[0] - 1)
        spec = (TensorSpec([None, rank], dtypes.int64), TensorSpec([None], values.dtype),
                TensorSpec([rank], dtypes.int64))
        return new_dataset(raw_ops.SparseTensorSliceDataset(indices, values, shape), spec)

    @staticmethod
    def from_generator(generator, output_types, output_shapes=None, args=None):
        """What a generator yields: `generator(*args)` is called anew for each pass through the dataset.

        Args:
          generator: a function that returns something to iterate over. output_types, output_shapes: structures
            of the dtypes and (by default unknown) shapes of what it yields. args: tensors, whose values
            `generator` gets.
        What it raises, and values that don't fit, reach the `run` that asks for the element.

        Example:
          >>> import graphflow as tf
          >>> dataset = tf.data.Dataset.from_generator(lambda: ((i, "x" * i) for i in range(3)),
          ...                                          (tf.int64, tf.string), ([], []))
          >>> number, text = dataset.skip(2).make_one_shot_iterator().get_next()
          >>> with tf.Session() as sess:
          ...     print(*sess.run([number, text]))
          2 b'xx'
        """
        from graphflow.data.generator import from_generator

        return from_generator(generator, output_types, output_shapes, args)

    @staticmethod
    def range(*args):
        """The int64 numbers of `range(*args)`: stop; start, stop; or start, stop, step.

        Example:
          >>> import graphflow as tf
          >>> iterator = tf.data.Dataset.range(2, 9, 3).make_initializable_iterator()
          >>> number = iterator.get_next()
          >>> with tf.Session() as sess:
          ...     sess.run(iterator.initializer)
          ...     print(sess.run(number), sess.run(number), sess.run(number))
          2 5 8
        """
        if not 1 <= len(args) <= 3:
            raise ValueError(f"Invalid arguments to RangeDataset: {args}")
        start, stop, step = ((0, args[0], 1) if len(args) == 1 else (*args, 1))[:3]
        spec = TensorSpec([], dtypes.int64)
        bounds = [convert_to_tensor(value, dtypes.int64, name=name)
                  for value, name in ((start, "start"), (stop, "stop"), (step, "step"))]
        return new_dataset(raw_ops.RangeDataset(*bounds, **structure.flat_attrs(spec)), spec)

    @staticmethod
    def zip(datasets):
        """Elements of several datasets together, in the structure in which `datasets` holds them.

        Ends with the shortest. Raises TypeError for what is no dataset.

        Example:
          >>> import graphflow as tf
          >>> numbers = tf.data.Dataset.range(3)
          >>> tf.data.Dataset.zip((numbers, {"n": numbers}))
          <DatasetV1Adapter shapes: ((), {n: ()}), types: (tf.int64, {n: tf.int64})>
        """
        for dataset in nest.flatten(datasets):
            if not is_dataset(dataset):
                advice = (" Nested structures do not support Python lists; please use a tuple instead."
                          if isinstance(dataset, list) else "")
                raise TypeError("The argument to `Dataset.zip()` must be a nested structure of `Dataset` objects."
                                + advice)
        spec = nest.map_structure(lambda dataset: dataset.element_spec, datasets)
        flat = nest.flatten(datasets)
        variant = raw_ops.ZipDataset([d._variant_tensor for d in flat], **structure.flat_attrs(spec))
        return new_dataset(variant, spec, flat)

    @staticmethod
    def list_files(file_pattern, shuffle=None, seed=None):
        """The names of the files that match patterns, in random order unless `shuffle` is False.

        Args: file_pattern: a string, a list of them, or a tensor. seed: of the order.
        Raises InvalidArgumentError when the iterator starts, if no file matches.
        """
        with name_scope("list_files"):
            file_pattern = convert_to_tensor(file_pattern, dtypes.string, name="file_pattern")
            matching = raw_ops.MatchingFiles(file_pattern)
            condition = tf.greater(tf.shape(matching)[0], 0, name="match_not_empty")
            message = tf.add("No files matched pattern: ", tf.reduce_join(file_pattern, separator=", "),
                             name="message")
            check = tf.Assert(condition, [message], summarize=1, name="assert_not_empty")
            with control_dependencies([check]):
                matching = tf.identity(matching)
            dataset = Sources.from_tensor_slices(matching)
            if shuffle is None or shuffle:
                size = tf.maximum(tf.shape(matching, out_type=dtypes.int64)[0], 1)
                dataset = dataset.shuffle(size, seed=seed)
            return dataset


def random_numbers(seed):
    """The dataset of `tf.data.experimental.RandomDataset`: its variant and spec."""
    spec = TensorSpec([], dtypes.int64)
    return raw_ops.RandomDataset(*seed_tensors(seed), **structure.flat_attrs(spec)), spec


MAX_INT64 = sys.maxsize
