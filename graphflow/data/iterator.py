"""`tf.data.Iterator`: how a graph takes elements from datasets.

An iterator's place in a dataset belongs to the session (`kernels/reference/dataset_iterator.py`); here are the
operations that start it, ask it and name it. State: how often `get_next` was called, for the warning.
"""

import contextlib
import warnings

from graphflow.data import nest, structure
from graphflow.data.function import copied_function
from graphflow.framework import dtypes, raw_ops, scopes
from graphflow.framework.api import tf_export
from graphflow.framework.convert import convert_to_tensor
from graphflow.framework.graph_scopes import colocate_with, device, name_scope

GLOBAL_ITERATORS = "iterators"
_MANY_CALLS = 32
_WARNING = (
    "An unusually high number of `Iterator.get_next()` calls was detected. This often indicates that "
    "`Iterator.get_next()` is being called inside a training loop, which will cause gradual slowdown and eventual "
    "resource exhaustion. If this is the case, restructure your code to call `next_element = iterator.get_next()` once "
    "outside the loop, and use `next_element` as the input to some computation that is invoked inside the loop.")


def _on_cpu():
    """Device scope of an iterator: the CPU, unless the program chose a device."""
    chosen = scopes.get_default_graph()._scopes.devices
    return contextlib.nullcontext() if chosen else device("/cpu:0")


@tf_export("data.Iterator", "contrib.data.Iterator")
class Iterator:
    """Gives the elements of a dataset, one per run.

    Made by `tf.data.make_one_shot_iterator`, `make_initializable_iterator`, `Iterator.from_structure` or
    `Iterator.from_string_handle`.

    Args:
      iterator_resource: handle of the iterator. initializer: operation that starts it, or None.
      output_types, output_shapes, output_classes: structures of the elements' dtypes, shapes and classes.

    Example:
      >>> import graphflow as tf
      >>> iterator = tf.data.make_initializable_iterator(tf.data.Dataset.range(2))
      >>> element = iterator.get_next()
      >>> with tf.Session() as sess:
      ...     sess.run(iterator.initializer)
      ...     print(sess.run(element), sess.run(element))
      0 1
    """

    def __init__(self, iterator_resource, initializer, output_types, output_shapes, output_classes):
        if output_types is None or output_shapes is None or output_classes is None:
            raise ValueError("If `structure` is not specified, all of `output_types`, `output_shapes`, and "
                             "`output_classes` must be specified.")
        self._iterator_resource = iterator_resource
        self._initializer = initializer
        self._element_spec = structure.from_legacy(output_types, output_shapes, output_classes)
        self._string_handle = raw_ops.IteratorToStringHandle(iterator_resource)
        self._calls = 0
        iterator_resource.graph.add_to_collection(GLOBAL_ITERATORS, iterator_resource)

    @staticmethod
    def from_structure(output_types, output_shapes=None, shared_name=None, output_classes=None):
        """An iterator without a dataset: `make_initializer` gives it one, again and again.

        Args: output_types, output_shapes, output_classes: of the elements of all its datasets. shared_name:
          iterators of one name in one session are one.
        """
        spec = structure.from_legacy(output_types, output_shapes, output_classes)
        with _on_cpu():
            resource = raw_ops.IteratorV2(container="", shared_name=shared_name or "", **structure.flat_attrs(spec))
        return _iterator(resource, None, spec)

    @staticmethod
    def from_string_handle(string_handle, output_types, output_shapes=None, output_classes=None):
        """The iterator whose `string_handle()` had this value: fed, it chooses between datasets at each run."""
        spec = structure.from_legacy(output_types, output_shapes, output_classes)
        string_handle = convert_to_tensor(string_handle, dtypes.string)
        with _on_cpu():
            resource = raw_ops.IteratorFromStringHandleV2(string_handle, **structure.flat_attrs(spec))
        return _iterator(resource, None, spec)

    @property
    def initializer(self):
        """The operation that starts the iterator; ValueError if it has none (one-shot, from_structure)."""
        if self._initializer is None:
            raise ValueError("Iterator does not have an initializer.")
        return self._initializer

    def make_initializer(self, dataset, name=None):
        """An operation that has this iterator start over with `dataset`.

        Raises TypeError or ValueError if its elements are not those of the iterator.
        """
        with name_scope(name, "make_initializer") as scope:
            self._check(dataset.element_spec)
        with colocate_with(self._iterator_resource.op):
            return raw_ops.MakeIterator(dataset._variant_tensor, self._iterator_resource, name=scope)

    def _check(self, spec):
        for describe, what in ((structure.output_classes, "classes"), (structure.output_types, "types")):
            mine, theirs = describe(self._element_spec), describe(spec)
            nest.assert_same_structure(mine, theirs)
            if nest.flatten(mine) != nest.flatten(theirs):
                raise TypeError(f"Expected output {what} {mine!r} but got dataset with output {what} {theirs!r}.")
        mine, theirs = structure.output_shapes(self._element_spec), structure.output_shapes(spec)
        for shape, other in zip(nest.flatten(mine), nest.flatten(theirs)):
            if not shape.is_compatible_with(other):
                raise TypeError(f"Expected output shapes compatible with {mine!r} but got dataset with output shapes "
                                f"{theirs!r}.")

    def get_next(self, name=None):
        """The next element, as tensors in the elements' structure: each run takes one.

        Call it once, outside of loops. In a run at the end of the dataset it raises `tf.errors.OutOfRangeError`,
        before initialisation FailedPreconditionError.
        """
        self._calls += 1
        if self._calls > _MANY_CALLS:
            warnings.warn(_WARNING, stacklevel=2)
        flat = raw_ops.IteratorGetNext(self._iterator_resource, name=name, **structure.flat_attrs(self._element_spec))
        return structure.from_tensors(self._element_spec, flat)

    def string_handle(self, name=None):
        """A string tensor that stands for this iterator in its session, for `from_string_handle`."""
        if name is None:
            return self._string_handle
        return raw_ops.IteratorToStringHandle(self._iterator_resource, name=name)

    @property
    def element_spec(self):
        """The specs of an element, in its structure."""
        return self._element_spec

    @property
    def output_classes(self):
        """The classes of an element's parts, in its structure."""
        return structure.output_classes(self._element_spec)

    @property
    def output_shapes(self):
        """The static shapes of an element, in its structure."""
        return structure.output_shapes(self._element_spec)

    @property
    def output_types(self):
        """The dtypes of an element, in its structure."""
        return structure.output_types(self._element_spec)


def _iterator(resource, initializer, spec):
    return Iterator(resource, initializer, structure.output_types(spec), structure.output_shapes(spec),
                    structure.output_classes(spec))


def make_initializable(dataset, shared_name):
    """The iterator of `Dataset.make_initializable_iterator`."""
    attrs = structure.flat_attrs(dataset.element_spec)
    variant = dataset._with_options_applied(dataset._variant_tensor)
    resource = raw_ops.IteratorV2(container="", shared_name=shared_name or "", **attrs)
    with colocate_with(resource.op):
        initializer = raw_ops.MakeIterator(variant, resource)
    return _iterator(resource, initializer, dataset.element_spec)


def make_one_shot(dataset):
    """The iterator of `Dataset.make_one_shot_iterator`: a function in the graph makes the dataset anew."""
    body = copied_function(dataset._variant_tensor, dataset._with_options_applied)
    resource = raw_ops.OneShotIterator(dataset_factory=body, **structure.flat_attrs(dataset.element_spec))
    return _iterator(resource, None, dataset.element_spec)
