"""`tf.data.Dataset`: a variant tensor, the spec of its elements, and what it is made of.

Each transformation adds one operation and returns a new Dataset; nothing runs before an iterator asks.
The constructors and transformations are mixed in: `sources`, `transformations`, `mapping`. State: none
beyond the graph's.
"""

from graphflow.data import iterator, nest, structure
from graphflow.data.dataset_spec import DatasetSpec
from graphflow.data.function import warn_about_refs
from graphflow.data.mapping import Mapping
from graphflow.data.options import Options
from graphflow.data.sources import Sources
from graphflow.data.transformations import Transformations
from graphflow.framework import dtypes, raw_ops
from graphflow.framework.api import tf_export
from graphflow.framework.convert import convert_to_tensor


@tf_export("data.Dataset", "contrib.data.Dataset")
class Dataset(Sources, Transformations, Mapping):
    """A sequence of elements, each of one structure of tensors (tuples, namedtuples and dicts of them).

    Made by static methods (`from_tensor_slices`, `range`, ...), transformed by methods, read by iterators.
    Lists count as tensors.

    Example:
      >>> import graphflow as tf
      >>> pairs = tf.data.Dataset.from_tensor_slices(([1, 2, 3], [1.0, 0.5, 0.25]))
      >>> iterator = pairs.repeat().batch(2).make_initializable_iterator()
      >>> x, y = iterator.get_next()
      >>> with tf.Session() as sess:
      ...     sess.run(iterator.initializer)
      ...     print(sess.run([x, y]))
      [array([1, 2], dtype=int32), array([1. , 0.5], dtype=float32)]
    """

    def __init__(self):
        raise TypeError("A Dataset is made by its static methods, such as tf.data.Dataset.from_tensor_slices")

    @classmethod
    def _make(cls, variant, spec, inputs=(), functions=(), options=None):
        """The dataset in `variant`, with elements of `spec`, made from the datasets `inputs` and by `functions`."""
        dataset = object.__new__(Dataset)
        dataset._set(variant, spec, inputs, functions, options)
        return dataset

    def _set(self, variant, spec, inputs=(), functions=(), options=None):
        self._variant_tensor = variant
        self._element_spec = spec
        self._inputs = list(inputs)
        self._functions = list(functions)
        self._own_options = options

    def _with_inputs(self):
        """This dataset and all that it is made of, each once."""
        found, waiting = {}, [self]
        while waiting:
            dataset = waiting.pop()
            if id(dataset) not in found:
                found[id(dataset)] = dataset
                waiting.extend(dataset._inputs)
        return list(found.values())

    # ---- what elements are

    @property
    def element_spec(self):
        """The specs of an element, in its structure."""
        return self._element_spec

    @property
    def type_spec(self):
        """What a dataset is as part of an element."""
        return DatasetSpec(self._element_spec)

    @property
    def output_classes(self):
        """The classes of an element's parts (Tensor, SparseTensor), in its structure."""
        return structure.output_classes(self.element_spec)

    @property
    def output_shapes(self):
        """The static shapes of an element, in its structure."""
        return structure.output_shapes(self.element_spec)

    @property
    def output_types(self):
        """The dtypes of an element, in its structure."""
        return structure.output_types(self.element_spec)

    def __repr__(self):
        shapes = str(nest.map_structure(str, self.output_shapes)).replace("'", "")
        types = str(nest.map_structure(repr, self.output_types)).replace("'", "")
        return f"<DatasetV1Adapter shapes: {shapes}, types: {types}>"

    def __iter__(self):
        raise RuntimeError("__iter__() is only supported inside of tf.function or when eager execution is enabled.")

    # ---- options

    def options(self):
        """The options of this dataset and those it is made of, merged."""
        if self._own_options is not None:
            return self._own_options
        result = Options()
        for dataset in self._inputs:
            result = result.merge(dataset.options())
        return result

    def with_options(self, options):
        """The same dataset with `options`; ValueError if they contradict those set before."""
        return Dataset._make(self._variant_tensor, self.element_spec, [self], options=self.options().merge(options))

    def _with_options_applied(self, variant):
        """`variant`, of this dataset, as iterators start from it: behind TensorFlow's stages for its optimisations."""
        attrs, options = structure.flat_attrs(self.element_spec), self.options()
        threading, optimization = options.experimental_threading, options.experimental_optimization
        if threading.max_intra_op_parallelism is not None:
            number = convert_to_tensor(threading.max_intra_op_parallelism, dtypes.int64,
                                       name="max_intra_op_parallelism")
            variant = raw_ops.MaxIntraOpParallelismDataset(variant, number, **attrs)
        if threading.private_threadpool_size is not None:
            number = convert_to_tensor(threading.private_threadpool_size, dtypes.int64, name="num_threads")
            variant = raw_ops.PrivateThreadPoolDataset(variant, number, **attrs)
        rewrites = options.rewrites()
        if rewrites and any(f.uses_ref_variables() for d in self._with_inputs() for f in d._functions):
            warn_about_refs(rewrites)
        elif rewrites:
            names = convert_to_tensor(rewrites, dtypes.string, name="optimizations")
            variant = raw_ops.OptimizeDataset(variant, names, optimization_configs=options.rewrite_configs(), **attrs)
        if optimization.autotune is not False:
            variant = raw_ops.ModelDataset(variant, algorithm=optimization.autotune_algorithm or 0,
                                           cpu_budget=optimization.autotune_cpu_budget or 0, **attrs)
        return variant

    # ---- iterators

    def make_one_shot_iterator(self):
        """An iterator that starts by itself and goes through the dataset once.

        Raises ValueError for a dataset that depends on variables, tables or placeholders: use
        `make_initializable_iterator` for it.
        """
        return iterator.make_one_shot(self)

    def make_initializable_iterator(self, shared_name=None):
        """An iterator that starts, and starts over, when its `initializer` is run.

        Args: shared_name: iterators of one name in one session are one.
        """
        return iterator.make_initializable(self, shared_name)


@tf_export("data.make_one_shot_iterator")
def make_one_shot_iterator(dataset):
    """`dataset.make_one_shot_iterator()`."""
    return dataset.make_one_shot_iterator()


@tf_export("data.make_initializable_iterator")
def make_initializable_iterator(dataset, shared_name=None):
    """`dataset.make_initializable_iterator(shared_name)`."""
    return dataset.make_initializable_iterator(shared_name)


@tf_export("data.experimental.get_structure")
def get_structure(dataset_or_iterator):
    """The specs of the elements of a dataset or iterator, in their structure."""
    try:
        return dataset_or_iterator.element_spec
    except AttributeError as error:
        raise TypeError("`dataset_or_iterator` must be a Dataset or Iterator object, but got "
                        f"{type(dataset_or_iterator)}.") from error


@tf_export("data.get_output_classes")
def get_output_classes(dataset_or_iterator):
    """The classes of the elements of a dataset or iterator, in their structure."""
    return structure.output_classes(get_structure(dataset_or_iterator))


@tf_export("data.get_output_shapes")
def get_output_shapes(dataset_or_iterator):
    """The static shapes of the elements of a dataset or iterator, in their structure."""
    return structure.output_shapes(get_structure(dataset_or_iterator))


@tf_export("data.get_output_types")
def get_output_types(dataset_or_iterator):
    """The dtypes of the elements of a dataset or iterator, in their structure."""
    return structure.output_types(get_structure(dataset_or_iterator))
