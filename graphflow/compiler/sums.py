"""Sums: `AddN` of few tensors as additions, which elementwise fusion joins with their neighbours.

From left to right, as `AddN` adds: the same bits. Holds no state.
"""

from graphflow.compiler.plan import Value
from graphflow.framework.op_def import get_op_def

# More are added faster by one kernel that keeps pieces of the sum in the cache.
_MAX_TERMS = 8


def split_sums(shaped):
    """`shaped` with short sums as chains of additions."""
    nodes = []
    for node in shaped.nodes:
        if node.type in ("AddN", "AccumulateNV2") and 1 < len(node.inputs) <= _MAX_TERMS and _are_numbers(shaped, node):
            nodes.extend(_additions(shaped, node))
        else:
            nodes.append(node)
    shaped.nodes = nodes
    return shaped


def _are_numbers(shaped, node):
    dtype, shape = node.outputs[0].dtype, shaped.shape[node.outputs[0]]
    same = shape is not None and all(shaped.shape[v] == shape for v in node.inputs)
    return same and (dtype.is_floating or dtype.is_integer or dtype.is_complex)


def _additions(shaped, node):
    add, (final,) = get_op_def("AddV2"), node.outputs
    attrs, total = {"T": final.dtype}, node.inputs[0]
    for i, term in enumerate(node.inputs[1:]):
        step = node.rewritten([total, term], add, attrs)
        if i < len(node.inputs) - 2:
            total = Value(final.dtype, final.shape, f"{node.name}/{i}", step)
            shaped.shape[total] = shaped.shape[final]
            step.outputs = [total]
        yield step
