"""Fetches: from what the user asks for (any nesting) to tensors and operations, and back.

Holds no state but the conversion functions users register.
"""

import collections.abc

from graphflow.framework.api import tf_export
from graphflow.framework.operation import Operation
from graphflow.framework.tensor import IndexedSlices

# (type, fetch function: value -> (list of elements, rebuild function), feed function or None)
_CONVERSIONS = []


@tf_export("contrib.framework.register_session_run_conversion_functions")
def register_session_run_conversion_functions(
    tensor_type, fetch_function, feed_function=None, feed_function_for_partial_run=None
):
    """Lets sessions fetch (and feed) objects of `tensor_type`.

    `fetch_function(obj)` returns (list of graph elements, function from their values to the result);
    `feed_function(obj, value)` returns a list of (tensor, value) pairs. Raises ValueError if the
    type is registered already.
    """
    for known, *_ in _CONVERSIONS:
        if issubclass(tensor_type, known):
            raise ValueError(f"{tensor_type} has already been registered so ignore it.")
    _CONVERSIONS.insert(0, (tensor_type, fetch_function, feed_function))


def feed_pairs(key, value):
    """`[(element, value)]` that feeding `value` for `key` stands for."""
    for kind, _, feed in _CONVERSIONS:
        if isinstance(key, kind) and feed is not None:
            return feed(key, value)
    return [(key, value)]


def key(fetches):
    """Something hashable that tells one structure of fetches from another.

    Raises TypeError for what has no such key; it is then looked at anew in every run.
    """
    if isinstance(fetches, (list, tuple)):
        return (type(fetches), *map(key, fetches))
    if isinstance(fetches, dict):
        return (type(fetches), *fetches, *map(key, fetches.values()))
    return fetches


class FetchMapper:
    """The unique elements behind a fetch argument, and how to rebuild its structure.

    Attributes: tensors: unique Tensors to return. operations: unique Operations to run.
    Raises TypeError for something that cannot be fetched, ValueError for an unknown element.
    """

    def __init__(self, graph, fetches):
        self._graph = graph
        self.tensors = []
        self.operations = {}  # used as an ordered set
        self._positions = {}
        self.rebuild = self._mapper(fetches)

    def _mapper(self, fetch):
        """A function from the list of tensor values to the result for `fetch`."""
        if fetch is None:
            raise TypeError("Fetch argument None has invalid type <class 'NoneType'>")
        for kind, split, _ in _CONVERSIONS:
            if isinstance(fetch, kind):
                elements, combine = split(fetch)
                parts = [self._element(element, fetch) for element in elements]
                return lambda values: combine([part(values) for part in parts])
        if isinstance(fetch, (list, tuple)):
            return self._sequence(fetch)
        if isinstance(fetch, collections.abc.Mapping):
            return self._mapping(fetch)
        if hasattr(type(fetch), "__attrs_attrs__"):
            names = [field.name for field in type(fetch).__attrs_attrs__]
            parts = [self._mapper(getattr(fetch, name)) for name in names]
            return lambda values: type(fetch)(*[part(values) for part in parts])
        return self._element(fetch, fetch)

    def _sequence(self, fetch):
        parts = [self._mapper(item) for item in fetch]
        if isinstance(fetch, tuple) and hasattr(fetch, "_fields"):
            return lambda values: type(fetch)(*[part(values) for part in parts])
        kind = list if isinstance(fetch, list) else tuple
        return lambda values: kind([part(values) for part in parts])

    def _mapping(self, fetch):
        keys, kind = list(fetch), type(fetch)
        parts = [self._mapper(fetch[key]) for key in keys]
        if issubclass(kind, collections.defaultdict):
            return lambda values: {k: part(values) for k, part in zip(keys, parts)}
        return lambda values: kind((k, part(values)) for k, part in zip(keys, parts))

    def _element(self, element, fetch):
        try:
            found = self._graph.as_graph_element(element, allow_tensor=True, allow_operation=True)
        except TypeError as error:
            raise TypeError(
                f"Fetch argument {fetch!r} has invalid type {type(fetch)}, must be a string or Tensor. ({error})"
            ) from None
        except ValueError as error:
            raise ValueError(f"Fetch argument {fetch!r} cannot be interpreted as a Tensor. ({error})") from None
        except KeyError as error:
            raise ValueError(f"Fetch argument {fetch!r} cannot be interpreted as a Tensor. ({error})") from None
        if not self._graph.is_fetchable(found):
            raise ValueError(f"Operation {getattr(found, 'op', found).name!r} has been marked as not fetchable.")
        if isinstance(found, Operation):
            self.operations[found] = None
            return lambda values: None
        position = self._positions.get(found)
        if position is None:
            position = self._positions[found] = len(self.tensors)
            self.tensors.append(found)
        return lambda values: values[position]


def _fetch_slices(slices):
    from graphflow.framework.sparse_tensor import IndexedSlicesValue

    if slices.dense_shape is None:
        return [slices.values, slices.indices], lambda v: IndexedSlicesValue(v[0], v[1], None)
    return ([slices.values, slices.indices, slices.dense_shape], lambda v: IndexedSlicesValue(*v))


def _feed_slices(slices, value):
    parts = [slices.values, slices.indices]
    if slices.dense_shape is not None:
        parts.append(slices.dense_shape)
    return list(zip(parts, value))


def _fetch_sparse(sparse):
    from graphflow.framework.sparse_tensor import SparseTensorValue

    return [sparse.indices, sparse.values, sparse.dense_shape], lambda v: SparseTensorValue(*v)


def _feed_sparse(sparse, value):
    return list(zip([sparse.indices, sparse.values, sparse.dense_shape], value))


_CONVERSIONS.append((IndexedSlices, _fetch_slices, _feed_slices))


def _register_sparse():
    from graphflow.framework.sparse_tensor import SparseTensor

    _CONVERSIONS.append((SparseTensor, _fetch_sparse, _feed_sparse))


_register_sparse()

