"""Joins: what is joined only to be taken apart again is not joined; what is padded only to be added up is.

`nce_loss` looks up the rows of true and of sampled classes together, slices them apart, and its gradients are
padded to the size of both and added. Two lookups do for the first; the second is a concatenation, whose parts
are multiplied by a learning rate where they are made, which saves copying them (`runtime/views.py`). Same bits.
Holds no state.
"""

import numpy as np

from graphflow.compiler.plan import Value
from graphflow.compiler.uses import Uses
from graphflow.framework import dtypes
from graphflow.framework.op_def import get_op_def

_SUMS = {"AddN", "Add", "AddV2"}
# With a number as the other operand, the same for every part of a join.
_OF_PARTS = {"Mul", "RealDiv", "Neg"}


def separate_joins(shaped):
    """`shaped` with such lookups in parts, and such sums as joins of their terms."""
    if any(node.type in ("Pad", "ConcatV2") for node in shaped.nodes):
        joins = _Joins(shaped)
        shaped.nodes = [step for node in shaped.nodes for step in joins.replaced(node)]
        shaped.nodes = [node for node in shaped.nodes if node not in joins.gone]
    return shaped


class _Joins:
    """`gone`: the nodes that need not run any more."""

    def __init__(self, shaped):
        self._shaped = shaped
        self.gone = set()
        self._uses = Uses(shaped)

    def replaced(self, node):
        """The nodes that run in place of one."""
        rule = _RULES.get(node.type)
        steps = None if rule is None or node in self.gone or node in self._shaped.refusals else rule(self, node)
        if steps is None:
            return [node]
        self._uses.maker.update({value: step for step in steps for value in step.outputs})
        return steps

    # ---- what is known of a value

    def _made_by(self, value, kinds):
        """What makes `value`, in the shape that it has, if that is of one of `kinds`, else None."""
        root = self._shaped.root(value)
        node = self._uses.maker.get(root)
        known = node is not None and node.type in kinds and self._shaped.shape[root] is not None
        return node if known and self._shaped.shape[root] == self._shaped.shape[value] else None

    def _axis(self, node):
        """(axis, [first and last of each part]) of a join, or None."""
        axis, shape = self._shaped.constants.get(node.inputs[-1]), self._shaped.shape[node.outputs[0]]
        if axis is None or not shape or any(self._shaped.shape[v] is None for v in node.inputs):
            return None
        axis = int(axis) % len(shape)
        ends = np.cumsum([0, *(self._shaped.shape[v][axis] for v in node.inputs[:-1])]).tolist()
        return axis, list(zip(ends, ends[1:]))

    # ---- lookups

    def _lookup(self, node):
        """A lookup of joined indices, all readers of which take the rows of a part: one lookup for each of them."""
        shaped, axis = self._shaped, self._shaped.constants.get(node.inputs[2]) if len(node.inputs) > 2 else 0
        join, whole = self._made_by(node.inputs[1], {"ConcatV2"}), shaped.shape[node.outputs[0]]
        readers = self._uses.readers.get(node.outputs[0], ())
        if (join is None or whole is None or axis is None or axis != 0 or node.attrs.get("batch_dims") or not readers
                or len(shaped.shape[join.outputs[0]]) != 1 or node.outputs[0] in self._uses.kept):
            return None
        parts = dict(zip(self._axis(join)[1] if self._axis(join) else (), join.inputs))
        steps, read = [], set()
        for reader in readers:
            begin = shaped.constants.get(reader.inputs[1]) if reader.type == "Slice" else None
            size = shaped.shape[reader.outputs[0]]
            if begin is None or size is None or shaped.shape[reader.inputs[0]] != whole:
                return None
            rows = parts.get((int(begin[0]), int(begin[0]) + size[0]))
            if rows is None or size[1:] != whole[1:] or not shaped.is_stable(rows):
                return None
            step = node.rewritten([node.inputs[0], rows, *node.inputs[2:]])
            step.outputs = reader.outputs
            steps.append(step)
            read.add(rows)
        if read != set(join.inputs[:-1]):
            return None     # indices of rows that nobody reads must be there, too
        self.gone.update(readers)
        return steps

    # ---- sums

    def _sum(self, node):
        """A sum of parts padded with zeros, each element of which is in one of them: their join."""
        shaped, shape = self._shaped, self._shaped.shape[node.outputs[0]]
        pads = [self._made_by(value, {"Pad"}) for value in node.inputs]
        if shape is None or len(pads) < 2 or len(set(pads)) < len(pads) or None in pads:
            return None
        amounts = [shaped.constants.get(pad.inputs[1]) for pad in pads]
        if any(a is None or not self._uses.is_only_for(pad.outputs[0], node) or not shaped.is_stable(pad.inputs[0])
               or shaped.shape[pad.outputs[0]] != shape for a, pad in zip(amounts, pads)):
            return None
        (axes,) = np.nonzero(np.any(amounts, axis=(0, 2)))
        if len(axes) != 1:
            return None
        axis = int(axes[0])
        order = sorted(range(len(pads)), key=lambda i: amounts[i][axis][0])
        begins = [int(amounts[i][axis][0]) for i in order]
        ends = [shape[axis] - int(amounts[i][axis][1]) for i in order]
        if begins != [0, *ends[:-1]] or ends[-1] != shape[axis]:
            return None
        self.gone.update(pads)
        zero = shaped.constant(np.zeros((), node.outputs[0].dtype.as_numpy_dtype), f"{node.name}/zero")
        # -0.0 in a part becomes 0.0, as in the sum.
        return self._joined(node, [pads[i].inputs[0] for i in order], axis, get_op_def("AddV2"), zero)

    def _joined(self, node, parts, axis, op_def, *numbers, attrs=None):
        """The nodes that join what `op_def` makes of each part with `numbers`."""
        shaped, (result,), steps = self._shaped, node.outputs, []
        for i, part in enumerate(parts):
            step = node.rewritten([part, *numbers], op_def, attrs or {"T": result.dtype})
            value = Value(result.dtype, shaped.shape[part], f"{node.name}/part_{i}", step)
            step.outputs, shaped.shape[value] = [value], shaped.shape[part]
            self._uses.readers[value] = []
            steps.append(step)
        place = shaped.constant(np.array(axis, np.int32), f"{node.name}/axis")
        join = node.rewritten([*(step.outputs[0] for step in steps), place], get_op_def("ConcatV2"),
                              {"T": result.dtype, "N": len(steps), "Tidx": dtypes.int32})
        for value in join.inputs[:-1]:
            self._uses.readers[value].append(join)
        return [*steps, join]

    def _of_parts(self, node):
        """An elementwise op of a join and a number: of the parts."""
        join = self._made_by(node.inputs[0], {"ConcatV2"})
        shaped, numbers = self._shaped, node.inputs[1:]
        axis = join and self._axis(join)
        if (not axis or not self._uses.is_only_for(join.outputs[0], node) or any(shaped.shape[v] != () for v in numbers)
                or not all(map(shaped.is_stable, join.inputs))):
            return None
        self.gone.add(join)
        return self._joined(node, join.inputs[:-1], axis[0], node.op_def, *numbers, attrs=node.attrs)


_RULES = {"Gather": _Joins._lookup, "GatherV2": _Joins._lookup, **dict.fromkeys(_SUMS, _Joins._sum),
          **dict.fromkeys(_OF_PARTS, _Joins._of_parts)}
