"""Loops within the bodies of loops and conditionals, if all their steps are native: single steps of the tape.

Those that record values for gradients stay with `control.py`: how much room these need is not known before. Holds
no state.
"""

import numpy as np

from graphflow.framework.kernel_loader import kernels
from graphflow.runtime.blocks import address_of
from graphflow.runtime.inner_bodies import Lowered, Placed, Refused


def functions():
    """The native functions that loops need."""
    return [kernels("cpu.branches").repeater(), kernels("cpu.tape").iterator()]


def is_candidate(spec, node):
    """Whether a loop, whose test and body are native, may be a native step."""
    test = spec.bodies[node.op][0]
    keeps_tape = any(value.index == len(node.op.outputs) - 1 for value in node.outputs)
    return (node.type == "While" and spec.is_body and not keeps_tape and not node.need.collected
            and not test.may_pause())


class LoweredLoop(Lowered):
    """A loop as a native step.

    Attributes: initial: the numbers of the inputs that loop variables are first. results: list of (number of a
    variable, number of the output that it is).
    """

    def __init__(self, spec, node, parts):
        super().__init__(spec, node, parts)
        need = node.need
        index = {position: i for i, position in enumerate(need.inputs)}
        self.initial = [self._number(node.inputs[index[k]]) for k in need.carried]
        self._add_bodies()
        _, body = self._bodies
        if body.plan.recorded:
            raise Refused
        for value in body.plan.plan.fetches:
            self._check(value, body.spec.shape[value])
        self.results = [(need.carried.index(value.index), self._output(value)) for value in node.outputs]

    def _native(self, inputs, outputs):
        return kernels("cpu.branches").loop(inputs, outputs)

    def bound(self, kind):
        """The step, a BoundNode."""
        step = super().bound(kind)
        step.place = lambda block, make_frame, budget: PlacedLoop(step, self._bodies, self, block, make_frame, budget)
        return step


class PlacedLoop(Placed):
    """A loop in a frame: its variables have buffers of their own. Args as for `PlacedBranches`; lowered."""

    def __init__(self, step, bodies, lowered, block, make_frame, budget):
        super().__init__(step, bodies, make_frame)
        table = kernels("cpu.branches").Repetition
        self._first = table.first_word
        test, body = bodies
        values = body.plan.plan.fetches
        self._state = [np.empty(body.spec.shape[v], v.dtype.as_numpy_dtype) for v in values]
        self.nbytes += sum(array.nbytes for array in self._state)
        places = []
        for inner, frame in zip(bodies, self._frames):
            for feed, (kind, number, _) in zip(inner.plan.plan.feeds, inner.plan.arguments):
                if kind == "loop":
                    frame.move(feed, self._state[number])
            places += [(place, self._first + number) for key, number in inner.inputs.items()
                       for place in frame.places(key)]
        sources = [self._source(body, self._frames[1], value) for value in values]
        copies, moving = self._copies(sources)
        holds, number = self._source(test, self._frames[0], test.plan.plan.fetches[0])
        loop = kernels("cpu.tape").Loop(self._frames[0].tape, self._frames[1].tape, holds, np.empty((0, 3), np.int64),
                                        copies, 1, (test.spec.once, body.spec.once))
        places += [(address_of(copies) + 8 * (4 * row + 2), number) for row, number in moving]
        if number is not None:
            places.append((loop.holds, number))
        outputs = self._first + len(step.inputs) - len(step.writes)
        addresses = [address_of(array) for array in self._state]
        self._table = table(
            block, loop, budget.address, places,
            [(a, self._first + i, array.nbytes) for a, i, array in zip(addresses, lowered.initial, self._state)],
            [(outputs + number, addresses[i], self._state[i].nbytes) for i, number in lowered.results])

    def _source(self, inner, frame, value):
        """(address of what a body makes, None), or (1, the word that says where it is) if the body is given it."""
        root = inner.spec.root(value)
        root = root if root.variable is None else root.variable
        if root in inner.inputs:
            return 1, self._first + inner.inputs[root]
        return frame.place_of(value), None

    def _copies(self, sources):
        """(table of what brings loop variables to their places, list of (row whose source varies, word with it))."""
        first, then, last = [], [], []
        addresses = [address_of(array) for array in self._state]
        self._stages = []
        for target, array, (source, number) in zip(addresses, self._state, sources):
            if source == target:
                continue
            if source in addresses:
                # Another loop variable's value, which must be kept until all have theirs.
                stage = np.empty_like(array)
                self._stages.append(stage)
                first.append((address_of(stage), 0, source, array.nbytes, None))
                last.append((target, 0, address_of(stage), array.nbytes, None))
            else:
                then.append((target, 0, source, array.nbytes, number))
        rows = first + then + last
        table = np.array([row[:4] for row in rows], np.int64).reshape(-1, 4)
        return table, [(i, row[4]) for i, row in enumerate(rows) if row[4] is not None]
