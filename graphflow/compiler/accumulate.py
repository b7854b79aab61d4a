"""Accumulate: sums of matrix products are made where the sum lies, one product after the other.

A weight that a network uses at every step of a sequence gets as many gradients, which are added up at the end:
each is written to memory of its own and read again. A product adds to what is there at no cost, so each is
added as soon as it is made. Products are added in the order in which the plan makes them. Holds no state.
"""

from graphflow.compiler.uses import Uses
from graphflow.framework import dtypes
from graphflow.framework.op_def import OpDef

# total + a . b, in the memory of `total` where that is read for the last time: an op of plans, in no graph.
ADD_PRODUCT = OpDef(
    "AddProduct", "total: T, a: T, b: T", "sum: T",
    "transpose_a: bool = False; transpose_b: bool = False; T: {float, double}", lambda c: [c.shape(0)],
    False, False, None, "graphflow.ops.matmul")

_SUMS = {"AddN", "AccumulateNV2", "Add", "AddV2"}
# Smaller results are added up in passing, by the elementwise loops around them.
_WORTH_IT = 128 * 128
_NARROWEST = 32


def accumulate(shaped):
    """`shaped` with sums of products in that form."""
    if not any(node.type in _SUMS for node in shaped.nodes):
        return shaped
    products = _Products(shaped)
    replaced, gone = {}, set()
    for node in shaped.nodes:
        if node.type in _SUMS:
            products.add_up(node, replaced, gone)
    if replaced:
        shaped.nodes = [replaced.get(node, node) for node in shaped.nodes if node not in gone]
    return shaped


class _Products:
    """The products of a plan that nobody reads but one other node, in the shape that they have."""

    def __init__(self, shaped):
        self._shaped = shaped
        self._position = {node: i for i, node in enumerate(shaped.nodes)}
        self._uses = Uses(shaped)

    def add_up(self, node, replaced, gone):
        """Replaces the sum `node` if it is one of products."""
        shape = self._shaped.shape[node.outputs[0]]
        if not _is_worth_it(node.outputs[0].dtype, shape) or any(self._shaped.shape[v] != shape for v in node.inputs):
            return
        terms = [self._shaped.root(value) for value in node.inputs]
        products = sorted((self._uses.maker[v] for v in terms if self._is_product(v, node, shape)),
                          key=self._position.get)
        others = [v for v, root in zip(node.inputs, terms) if not self._is_product(root, node, shape)]
        if len(products) == 1 and len(others) == 1 and self._is_total(node, others[0]):
            total, others = others.pop(), ()
        elif len(products) > 1:
            total = products.pop(0).outputs[0]
        else:
            return
        for product in products:
            step = replaced[product] = product.rewritten([total, *product.inputs], ADD_PRODUCT)
            total = product.outputs[0]
        if others:
            replaced[node] = node.rewritten([total, *others], attrs={**node.attrs, "N": 1 + len(others)})
        else:
            step.outputs = node.outputs
            gone.add(node)

    def _is_product(self, root, node, shape):
        """Whether a sum may have the product in its place."""
        maker = self._uses.maker.get(root)
        return (maker is not None and maker.type == "MatMul" and self._uses.is_only_for(root, node)
                and self._shaped.shape[root] == shape)

    def _is_total(self, node, other):
        """Whether `node` adds a product to what was added up so far: a loop's variable for the next iteration."""
        (value,), uses = node.outputs, self._uses
        return (self._shaped.root(other) in self._shaped.plan.feeds and uses.is_only_for(other, node)
                and value in uses.kept and value not in uses.readers)


def _is_worth_it(dtype, shape):
    return (dtype in (dtypes.float32, dtypes.float64) and shape is not None and len(shape) == 2
            and min(shape) >= _NARROWEST and shape[0] * shape[1] >= _WORTH_IT)
