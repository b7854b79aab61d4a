"""A graph interpreter for tests: one op after the other, by the reference kernels.

It is independent of plans and executors, so that those can be compared with it.
"""

import numpy as np

from graphflow.framework.kernel_loader import kernels
from graphflow.framework.tensor import IndexedSlices


class Resources(dict):
    """The part of a session's resources that kernels use."""

    def get(self, key, factory):
        """The resource called `key`, made by `factory` when first asked for."""
        return self.setdefault(key, factory())


def context(op, inputs, output_shapes=None):
    """The KernelContext of `op` for these input arrays."""
    registry = kernels("registry")
    return registry.KernelContext(
        op.type, op.name, op.attrs, [t.dtype.base_dtype for t in op.inputs],
        [t.dtype.base_dtype for t in op.outputs], [np.shape(v) for v in inputs],
        output_shapes or [t._shape for t in op.outputs], Resources(),
        input_values=[v if t.op.type == "Const" else None for t, v in zip(op.inputs, inputs)])


def reference(op, inputs):
    """The outputs of `op` by its reference kernel, as a tuple of arrays."""
    maker = kernels("registry").reference.find(op.type, op.op_def.family, op.attrs)
    assert maker is not None, f"{op.type} has no reference kernel for {op.attrs}"
    run = maker(context(op, inputs))
    assert run is not None, f"the reference kernel of {op.type} refuses {op.attrs}"
    return as_tuple(run(*inputs))


def as_tuple(result):
    """A kernel's result as a tuple."""
    if result is None:
        return ()
    return tuple(result) if isinstance(result, (tuple, list)) else (result,)


class Evaluator:
    """Computes `fetches` of one graph from values for some of its tensors.

    Tensors may be IndexedSlices (made dense) or None (stay None).
    """

    def __init__(self, fetches):
        self.fetches = fetches
        tensors = []
        for fetch in fetches:
            if isinstance(fetch, IndexedSlices):
                tensors += [fetch.values, fetch.indices]
            elif fetch is not None:
                tensors.append(fetch)
        needed, stack = set(), [t.op for t in tensors]
        while stack:
            op = stack.pop()
            if op not in needed:
                needed.add(op)
                stack.extend(t.op for t in op.inputs)
        self.order = sorted(needed, key=lambda op: op._id)

    def __call__(self, feeds):
        """Values of the fetches, given {tensor: array}."""
        values = dict(feeds)
        for op in self.order:
            if all(t in values for t in op.outputs) and op.outputs:
                continue
            results = reference(op, [values[t] for t in op.inputs])
            values.update(zip(op.outputs, map(np.asarray, results)))
        return [self._value(fetch, values) for fetch in self.fetches]

    @staticmethod
    def _value(fetch, values):
        if fetch is None:
            return None
        if not isinstance(fetch, IndexedSlices):
            return values[fetch]
        rows, indices = values[fetch.values], values[fetch.indices]
        shape = (int(Evaluator([fetch.dense_shape])(values)[0][0]), *rows.shape[1:])
        dense = np.zeros(shape, rows.dtype)
        np.add.at(dense, indices, rows)
        return dense
