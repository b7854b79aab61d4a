"""`Dataset.from_generator`: elements of a Python generator, called while the program runs.

Each iterator over the dataset has a generator of its own. State: per dataset the generators that are open.
"""

import itertools

import numpy as np

from graphflow.data import nest, structure
from graphflow.data.function import StructuredFunction
from graphflow.data.sources import new_dataset
from graphflow.framework import dtypes, raw_ops
from graphflow.framework import public as tf
from graphflow.framework.convert import convert_to_tensor
from graphflow.framework.tensor_shape import TensorShape, as_shape
from graphflow.framework.type_spec import spec_of

_NAME = "Dataset.from_generator()"


class _Open:
    """The generators that iterators have started, by number."""

    def __init__(self, generator):
        self._generator = generator
        self._numbers = itertools.count()
        # Changed by single operations only, and so without a lock: generators may end in the midst of anything.
        self._iterators = {}

    def start(self, *args):
        """Starts a generator; returns its number."""
        iterator, number = iter(self._generator(*args)), next(self._numbers)
        self._iterators[number] = iterator
        return np.array(number, np.int64)

    def following(self, number):
        """The next value; StopIteration at the end."""
        return next(self._iterators[int(number)])

    def finish(self, number):
        """Forgets a generator."""
        del self._iterators[int(number)]
        return np.array(0, np.int64)


def _as_array(value, dtype):
    """A yielded value as an array of `dtype`; strings are encoded. TypeError if it does not convert.

    NumPy's rules say what converts: arrays of any type of number do.
    """
    try:
        if dtype != dtypes.string:
            return np.asarray(value, dtype.as_numpy_dtype)
        array = np.asarray(value)
        texts = np.empty(array.shape, object)
        for place in np.ndindex(array.shape):
            text = array[place]
            texts[place] = text.encode() if isinstance(text, str) else bytes(text) if isinstance(text, bytes) else _no()
        return texts
    except (TypeError, ValueError, OverflowError):
        raise TypeError("`generator` yielded an element that could not be converted to the expected type. The expected "
                        f"type was {dtype.name}, but the yielded element was {value}.") from None


def _no():
    raise TypeError


def _flat_arrays(value, types, flat_types, flat_shapes):
    """A yielded value as flat arrays, checked."""
    try:
        parts = nest.flatten_up_to(types, value)
    except (TypeError, ValueError) as error:
        raise TypeError("`generator` yielded an element that did not match the expected structure. The expected "
                        f"structure was {types}, but the yielded element was {value}.") from error
    arrays = [_as_array(part, dtype) for part, dtype in zip(parts, flat_types)]
    for array, shape in zip(arrays, flat_shapes):
        if not shape.is_compatible_with(array.shape):
            raise ValueError(f"`generator` yielded an element of shape {array.shape} where an element of shape {shape} "
                             "was expected.")
    return arrays


def from_generator(generator, output_types, output_shapes, args):
    """The dataset of `Dataset.from_generator`."""
    if not callable(generator):
        raise TypeError("`generator` must be callable.")
    if output_shapes is None:
        output_shapes = nest.map_structure(lambda _: TensorShape(None), output_types)
    else:
        output_shapes = nest.map_structure_up_to(output_types, as_shape, output_shapes)
    flat_types = [dtypes.as_dtype(dtype) for dtype in nest.flatten(output_types)]
    flat_shapes = nest.flatten(output_shapes)
    args = () if args is None else tuple(convert_to_tensor(arg, name=f"args_{i}") for i, arg in enumerate(args))
    open_generators = _Open(generator)

    def start(dummy):
        return tf.numpy_function(open_generators.start, args, dtypes.int64)

    def following(number):
        def python(number):
            return _flat_arrays(open_generators.following(number), output_types, flat_types, flat_shapes)

        tensors = tf.numpy_function(python, [number], flat_types)
        for tensor, shape in zip(tensors, flat_shapes):
            tensor.set_shape(shape)
        return nest.pack_sequence_as(output_types, tensors)

    def finish(number):
        return tf.numpy_function(open_generators.finish, [number], dtypes.int64)

    def open_one(dummy):
        return _generator_dataset(dummy, start, following, finish)

    from graphflow.data.sources import Sources

    return Sources.from_tensors(0).flat_map(open_one)


def _generator_dataset(argument, start, following, finish):
    """The dataset of one generator, started with `argument`."""
    init = StructuredFunction(start, _NAME, spec_of(argument))
    step = StructuredFunction(following, _NAME, init.output_spec)
    end = StructuredFunction(finish, _NAME, init.output_spec)
    variant = raw_ops.GeneratorDataset(
        [argument, *init.captured], step.captured, end.captured, init_func=init.body, next_func=step.body,
        finalize_func=end.body, **structure.flat_attrs(step.output_spec))
    return new_dataset(variant, step.output_spec, [], [init, step, end])
