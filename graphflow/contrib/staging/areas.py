"""`tf.contrib.staging`: StagingArea and MapStagingArea, which set tensors aside for a later step.

An object here knows dtypes, shapes and names; what is staged lives in the session.
"""

from graphflow.framework import dtypes as _dtypes
from graphflow.framework import public as tf
from graphflow.framework import raw_ops, scopes, tensor_shape
from graphflow.framework.api import tf_export
from graphflow.framework.convert import convert_to_tensor
from graphflow.framework.graph_scopes import colocate_with, name_scope


class _Area:
    """What both kinds share.

    Args: dtypes: of the components. shapes, names: of them, or None. shared_name: areas with it are one.
      capacity, memory_limit: elements and bytes that fit; 0 for no limit.
    Raises ValueError if lists differ in length or the name is no string.
    """

    def __init__(self, dtypes, shapes=None, names=None, shared_name=None, capacity=0, memory_limit=0):
        if shared_name is not None and not isinstance(shared_name, str):
            raise ValueError("shared_name must be a string")
        for what, given in (("shapes", shapes), ("names", names)):
            if given is not None and len(given) != len(dtypes):
                raise ValueError(f"StagingArea {what} must be the same length as dtypes")
        self._name = shared_name or scopes.get_default_graph().unique_name(type(self).__name__)
        self._dtypes = [_dtypes.as_dtype(dtype) for dtype in dtypes]
        self._shapes = [tensor_shape.TensorShape(s) for s in shapes or [None] * len(dtypes)]
        self._names = names
        self._capacity = capacity
        self._memory_limit = memory_limit
        with name_scope(f"{self._name}_root"):
            self._coloc_op = tf.no_op()

    @property
    def name(self):
        """The name of the staging area."""
        return self._name

    @property
    def dtypes(self):
        """The components' dtypes."""
        return self._dtypes

    @property
    def shapes(self):
        """The components' static shapes."""
        return self._shapes

    @property
    def names(self):
        """The components' names, or None."""
        return self._names

    @property
    def capacity(self):
        """How many elements fit; 0 for no limit."""
        return self._capacity

    @property
    def memory_limit(self):
        """How many bytes fit; 0 for no limit."""
        return self._memory_limit

    def _op(self, kind, *inputs, name=None, suffix, dtypes=None):
        with colocate_with(self._coloc_op):
            return getattr(raw_ops, kind)(
                *inputs, dtypes=self._dtypes if dtypes is None else dtypes, shared_name=self._name,
                capacity=self._capacity, memory_limit=self._memory_limit, name=name or f"{self._name}_{suffix}")

    def _put_scope(self, vals, name):
        values = vals.values() if isinstance(vals, dict) else vals if isinstance(vals, (list, tuple)) else [vals]
        return name_scope(name, f"{self._name}_put", list(values))

    def _components(self, vals, indices):
        """(tensors, their indices) of a dictionary, or of a list with indices."""
        if isinstance(vals, dict):
            if not self._names:
                raise ValueError("Staging areas must have names to enqueue a dictionary")
            if not set(vals) <= set(self._names):
                raise ValueError("Keys in dictionary to put do not match names of staging area. Dictionary: "
                                 f"({sorted(vals)}), Queue: ({sorted(self._names)})")
            indices = [i for i, name in enumerate(self._names) if name in vals]
            vals = [vals[self._names[i]] for i in indices]
        elif self._names:
            raise ValueError("You must enqueue a dictionary in a staging area with names")
        elif indices is None:
            raise ValueError("Indices must be supplied when inserting a list of tensors")
        elif len(indices) != len(vals):
            raise ValueError(f"Number of indices '{len(indices)}' doesn't match number of values '{len(vals)}'")
        if len(vals) > len(self._dtypes):
            raise ValueError(f"Unexpected number of inputs '{len(vals)}' vs '{len(self._dtypes)}'")
        tensors = []
        for value, i in zip(vals, indices):
            if getattr(value, "dtype", self._dtypes[i]) != self._dtypes[i]:
                raise ValueError(f"Datatypes do not match. '{value.dtype}' != '{self._dtypes[i]}'")
            tensor = convert_to_tensor(value, dtype=self._dtypes[i], name=f"component_{i}")
            tensor.get_shape().assert_is_compatible_with(self._shapes[i])
            tensors.append(tensor)
        return tensors, list(indices)

    def _given(self, tensors, indices):
        for tensor, i in zip(tensors, indices):
            tensor.set_shape(self._shapes[i])
        return {self._names[i]: t for t, i in zip(tensors, indices)} if self._names else list(tensors)


@tf_export("contrib.staging.StagingArea")
class StagingArea(_Area):
    """A row of elements: what was put in first comes out first. Both sides wait, like those of a queue.

    Args: see `tf.FIFOQueue`; capacity, memory_limit: elements and bytes that fit, 0 for no limit.

    Example:
      >>> area = tf.contrib.staging.StagingArea([tf.float32], shapes=[[2]])
      >>> put, (value,) = area.put([tf.constant([1.0, 2.0])]), area.get()
      >>> with tf.Session() as sess:
      ...     sess.run(put)                      # the first element
      ...     print(sess.run([value, put])[0])   # takes it, and stages the next
      [1. 2.]
    """

    def put(self, values, name=None):
        """An operation that stages an element: a tensor, a list, or a dictionary if the area has names."""
        with self._put_scope(values, name) as scope:
            if not isinstance(values, (list, tuple, dict)):
                values = [values]
            tensors, _ = self._components(values, list(range(len(values))))
            return self._op("Stage", tensors, name=scope, suffix="put", dtypes=[t.dtype for t in tensors])

    def get(self, name=None):
        """Takes the first element: a list of tensors, or a dictionary if the area has names."""
        return self._given(self._op("Unstage", name=name, suffix="get"), range(len(self._dtypes)))

    def peek(self, index, name=None):
        """The element number `index`, which stays."""
        return self._given(self._op("StagePeek", index, name=name, suffix="peek"), range(len(self._dtypes)))

    def size(self, name=None):
        """How many elements are staged, as a tensor."""
        return self._op("StageSize", name=name, suffix="size")

    def clear(self, name=None):
        """An operation that drops all elements."""
        return self._op("StageClear", name=name, suffix="clear")


@tf_export("contrib.staging.MapStagingArea")
class MapStagingArea(_Area):
    """Elements by key (int64), which may be put and taken component by component.

    Args: ordered: whether `get()` without key gives the smallest key first; the others: see `StagingArea`.
    """

    def __init__(self, dtypes, shapes=None, names=None, shared_name=None, ordered=False, capacity=0, memory_limit=0):
        super().__init__(dtypes, shapes, names, shared_name, capacity, memory_limit)
        self._kind = "OrderedMap" if ordered else "Map"

    def put(self, key, vals, indices=None, name=None):
        """An operation that stages components of the element `key`.

        Args: vals: list of tensors with their `indices`, or a dictionary if the area has names.
        """
        with self._put_scope(vals, name) as scope:
            tensors, indices = self._components(vals, indices)
            return self._op(self._kind + "Stage", key, indices, tensors, name=scope, suffix="put")

    def _chosen(self, indices):
        """Indices of components, which may be given as names; all by default."""
        if indices is None:
            return list(range(len(self._dtypes)))
        if not isinstance(indices, (tuple, list)):
            raise TypeError(f"Invalid indices type '{type(indices)}'")
        if not indices:
            raise ValueError("Empty indices")
        if all(isinstance(i, str) for i in indices):
            if self._names is None:
                raise ValueError(f"String indices provided '{indices}', but this Staging Area was not created with "
                                 "names.")
            unknown = [i for i in indices if i not in self._names]
            if unknown:
                raise ValueError(f"Named index '{unknown[0]}' not in Staging Area names '{self._names}'")
            return [self._names.index(i) for i in indices]
        if not all(isinstance(i, int) for i in indices):
            raise TypeError(f"Mixed types in indices '{indices}'. May only be str or int")
        return list(indices)

    def _take(self, kind, key, indices, name, suffix):
        indices = self._chosen(indices)
        inputs = [indices] if key is None else [key, indices]
        return indices, self._op(self._kind + kind, *inputs, name=name, suffix=suffix,
                                 dtypes=[self._dtypes[i] for i in indices])

    def peek(self, key, indices=None, name=None):
        """Components (all by default) of the element `key`, which stay."""
        indices, found = self._take("Peek", key, indices, name, "pop")
        return self._given(found, indices)

    def get(self, key=None, indices=None, name=None):
        """Takes components (all by default) of the element `key`, or of any: (key, components)."""
        if key is not None:
            indices, found = self._take("Unstage", key, indices, name, "get")
            return key, self._given(found, indices)
        indices, found = self._take("UnstageNoKey", None, indices, name, "get_nokey")
        return found[0], self._given(found[1], indices)

    def size(self, name=None):
        """How many elements are complete, as a tensor."""
        return self._op(self._kind + "Size", name=name, suffix="size")

    def incomplete_size(self, name=None):
        """How many elements lack components, as a tensor."""
        return self._op(self._kind + "IncompleteSize", name=name, suffix="incomplete_size")

    def clear(self, name=None):
        """An operation that drops all elements."""
        return self._op(self._kind + "Clear", name=name, suffix="clear")
