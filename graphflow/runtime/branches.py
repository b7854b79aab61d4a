"""Conditionals all of whose branches are native: single steps of the tape around them.

Such a step makes what its branches make, also what they record for gradients: the parts of its tape (`tapes.py`)
are values of the plan like others. In a frame (`PlacedBranches`) native code sets the pointers of the branch that
it has chosen. Holds no state.
"""

import numpy as np

from graphflow.compiler.plan import Value
from graphflow.framework import dtypes
from graphflow.framework.kernel_loader import kernels
from graphflow.runtime import tapes
from graphflow.runtime.blocks import address_of
from graphflow.runtime.inner_bodies import Lowered, Placed, Refused, recorded_parts

_NONE = np.zeros((), np.int64)
_SELECTORS = (dtypes.bool, dtypes.int32)


def functions():
    """The native functions that conditionals need."""
    return [kernels("cpu.branches").chooser()]


def is_candidate(spec, node):
    """Whether a conditional, whose branches are native, may be a native step."""
    selector = node.inputs[0]
    return selector.dtype in _SELECTORS and spec.shape[selector] == ()


class LoweredConditional(Lowered):
    """A conditional as a native step."""

    def __init__(self, spec, node, parts):
        super().__init__(spec, node, parts)
        self._counts = []   # the numbers of outputs that count iterations
        self._pieces = {}
        self._number(node.inputs[0])
        self._add_bodies()
        for value in node.outputs:
            if value.index == len(node.op.outputs) - 1:
                self.tapes[value] = self._tape()
                # Rows of the loops in branches are kept until the run is over.
                if self._rows and spec.is_body and value not in map(spec.root, spec.plan.fetches):
                    raise Refused
                continue
            made = [branch.plan.plan.fetches[node.need.outputs.index(value.index)] for branch in self._bodies]
            if value in spec.collected and spec.shape[value] is None:
                self._make_piece(value, made)
            else:
                self._check(value, spec.shape[value])
                self._make(self._output(value), made)

    def _make(self, number, made):
        """Notes that an output is what the branches make as the Values `made`."""
        for branch, result in zip(self._bodies, made, strict=True):
            branch.results.append((result, number))

    def _make_piece(self, value, made):
        """Likewise of one with room for the rows that any branch makes, and of how many there are."""
        pairs = [branch.spec.pieces.get(result, (result, None))
                 for branch, result in zip(self._bodies, made, strict=True)]
        found = [branch.spec.shape[result] for branch, (result, _) in zip(self._bodies, pairs, strict=True)]
        if not all(found) or len({shape[1:] for shape in found}) > 1:
            raise Refused
        shape = (max(shape[0] for shape in found), *found[0][1:])
        rows, count = Value(value.dtype, shape, f"{value.name}@piece"), Value(dtypes.int64, (), f"{value.name}@rows")
        self._check(rows, shape)
        self._shapes.update({rows: shape, count: ()})
        self._pieces[value] = rows, count
        self._make(self._output(rows), [result for result, _ in pairs])
        number = self._output(count)
        for branch, (_, varies), (length, *_) in zip(self._bodies, pairs, found, strict=True):
            if varies is None:
                branch.lengths.append((number, np.array(length)))
            else:
                branch.results.append((varies, number))

    def commit(self):
        super().commit()
        self._spec.pieces.update(self._pieces)

    def _tape(self):
        """The parts of the conditional's tape."""
        made = {}
        for branch in self._bodies:
            one = branch.spec
            for path, part, kept in recorded_parts(one, branch.plan):
                value = self._part_made(one, part, part.dtype, one.shape[part], f"{part.name}@tape")
                if part in one.rows:
                    self._rows[value] = one.rows[part]
                made[path] = value, kept
                if kept:
                    branch.results.append((part, self._output(value)))
                    if path[-1] is tapes.COUNT and part not in one.rows:
                        self._counts.append(branch.results[-1][1])
        return made

    def _native(self, inputs, outputs):
        return kernels("cpu.branches").conditional(
            self._inputs[0].dtype == dtypes.bool, len(self._bodies), inputs, outputs)

    def bound(self, kind):
        """The step, a BoundNode."""
        step = super().bound(kind)
        step.place = lambda block, make_frame, budget: PlacedBranches(
            step, self._bodies, self._counts, block, make_frame)
        return step


class PlacedBranches(Placed):
    """The branches of a step in a frame. Args: block: the step's argument block. make_frame: of a Specialization.
    counts: numbers of outputs that count the iterations of loops in branches: those of a branch that does not run have
    none."""

    def __init__(self, step, branches, counts, block, make_frame):
        super().__init__(step, branches, make_frame)
        self._counts = counts
        self._block, self._elsewhere = block, {}
        table = kernels("cpu.branches").Branches
        self._first = table.first_word
        self._table = table(block, [self._rows(*pair) for pair in zip(branches, self._frames)])

    def explain(self, find):
        """As `Placed` does; some of what the branch made is where it goes."""
        branch = self._bodies[self._table.failed[0]]
        super().explain(find, {value: tapes.Rows(value.dtype.as_numpy_dtype, branch.spec.shape[value]).copied(
            self._block.item(word), 1)[0, ...] for value, word in self._elsewhere[branch]})

    def _rows(self, branch, frame):
        """What the table says about a branch."""
        elsewhere = self._elsewhere[branch] = []    # (Value that it makes where it goes, the word that says where)
        words = {key: self._first + number for key, number in branch.inputs.items()}
        places = [(place, word) for key, word in words.items() for place in frame.places(key)]
        copies, outputs = [], self._first + len(self._step.inputs) - len(self._step.writes)
        for value, number in branch.results:
            target, root = outputs + number, branch.spec.root(value)
            root = root if root.variable is None else root.variable
            nbytes = branch.spec.nbytes(value)
            if root in words:
                copies.append((target, words[root], 0, nbytes))
                continue
            if any(root in step.outputs for step in branch.spec.nodes):     # it is made where it goes
                words[root] = target
                elsewhere.append((root, target))
                places += [(place, target) for place in frame.places(root)]
            else:
                copies.append((target, -1, frame.place_of(value), nbytes))
        copies += [(outputs + number, -1, address_of(length), length.nbytes) for number, length in branch.lengths]
        made = {number for _, number in branch.results}
        copies += [(outputs + number, -1, address_of(_NONE), _NONE.nbytes)
                   for number in self._counts if number not in made]
        return frame.tape, places, copies
