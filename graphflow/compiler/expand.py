"""Expand: ops that are made of simpler ones become those, so that elementwise fusion sees them.

The new nodes stand for the old one: errors and tables name it. Same order of operations, same bits
(but sums of squares and means of images, which are then rounded like other sums). Holds no state.
"""

import numpy as np

from graphflow.compiler.plan import Value
from graphflow.framework import dtypes
from graphflow.framework.op_def import get_op_def

# More are added faster by one kernel that keeps pieces of the sum in the cache.
_MAX_TERMS = 8


def expand(shaped):
    """`shaped` with such ops taken apart."""
    nodes = []
    for node in shaped.nodes:
        rule = _RULES.get(node.type)
        steps = rule(shaped, node) if rule is not None and _is_plain(shaped, node) else None
        nodes.extend([node] if steps is None else steps)
    shaped.nodes = nodes
    return shaped


def _is_plain(shaped, node):
    """Whether it makes numbers of one known dtype and shape from inputs of known shapes."""
    (value,) = node.outputs
    known = all(shaped.shape[v] is not None for v in (value, *node.inputs))
    return known and (value.dtype.is_floating or value.dtype.is_integer) and value.dtype.size > 2


class _Steps:
    """The nodes that stand for one."""

    def __init__(self, shaped, node):
        self._shaped, self._node, self.nodes = shaped, node, []

    def add(self, kind, *inputs, shape=None, final=False, **attrs):
        """The Value of op `kind` on `inputs`, of the node's own shape or `shape`; `final` if it is the node's."""
        dtype = self._node.outputs[0].dtype
        step = self._node.rewritten(list(inputs), get_op_def(kind), {"T": dtype, **attrs})
        self.nodes.append(step)
        if final:
            return None
        shape = self._shaped.shape[self._node.outputs[0]] if shape is None else shape
        value = Value(dtype, shape, f"{self._node.name}/{kind}", step)
        self._shaped.shape[value] = shape
        step.outputs = [value]
        return value

    def constant(self, array):
        """A Value that is always `array`."""
        return self._shaped.constant(array, f"{self._node.name}/constant")


def _add_n(shaped, node):
    """From left to right, as `AddN` adds."""
    shape = shaped.shape[node.outputs[0]]
    if not 1 < len(node.inputs) <= _MAX_TERMS or any(shaped.shape[v] != shape for v in node.inputs):
        return None
    steps, total = _Steps(shaped, node), node.inputs[0]
    for i, term in enumerate(node.inputs[1:]):
        total = steps.add("AddV2", total, term, final=i == len(node.inputs) - 2)
    return steps.nodes


def _clip(shaped, node):
    steps, (value, low, high) = _Steps(shaped, node), node.inputs
    shape = shaped.shape[value]
    if any(shaped.shape[limit] not in ((), shape) for limit in (low, high)):
        return None  # the kernel reports it
    steps.add("Maximum", steps.add("Minimum", value, high), low, final=True)
    return steps.nodes


def _l2_loss(shaped, node):
    (value,), steps = node.inputs, _Steps(shaped, node)
    axes = steps.constant(np.arange(len(shaped.shape[value]), dtype=np.int32))
    square = steps.add("Square", value, shape=shaped.shape[value])
    total = steps.add("Sum", square, axes, Tidx=dtypes.int32, keep_dims=False)
    half = steps.constant(np.array(0.5, node.outputs[0].dtype.as_numpy_dtype))
    steps.add("Mul", total, half, final=True)
    return steps.nodes


def _contrast(shaped, node):
    """Away from the mean of each image's channel, or towards it."""
    (images, factor), steps = node.inputs, _Steps(shaped, node)
    shape = shaped.shape[images]
    if len(shape) < 3 or shaped.shape[factor] != () or factor.dtype != images.dtype:
        return None
    axes = steps.constant(np.array([len(shape) - 3, len(shape) - 2], np.int32))
    mean = steps.add("Mean", images, axes, shape=(*shape[:-3], 1, 1, shape[-1]), Tidx=dtypes.int32, keep_dims=True)
    away = steps.add("Mul", steps.add("Sub", images, mean), factor)
    steps.add("AddV2", away, mean, final=True)
    return steps.nodes


_RULES = {"AddN": _add_n, "AccumulateNV2": _add_n, "ClipByValue": _clip, "L2Loss": _l2_loss,
          "AdjustContrastv2": _contrast}
