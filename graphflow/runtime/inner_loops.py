"""Loops all of whose steps are native: single steps of the tape around them, be it a body's or the plan's.

What they record for gradients goes to rows of memory (`loop_records.py`); the parts of their tapes (`tapes.py`) are
addresses in there, and the number of iterations. Holds no state.
"""

import ctypes

import numpy as np

from graphflow.compiler.plan import Value
from graphflow.framework import dtypes
from graphflow.framework.kernel_loader import kernels
from graphflow.runtime import tapes
from graphflow.runtime.blocks import address_of
from graphflow.runtime.inner_bodies import Lowered, Placed, Refused, recorded_parts
from graphflow.runtime.loop_records import LoopRecords
from graphflow.runtime.loop_steps import flat

# Of a loop of the plan itself. A step of an LSTM that carries and records 9 kB took 12 us by itself, 2 in the plan, and
# the loop around it 250 us more; at 4 MB the plan's loop is 4 % slower.
_MOST_COPIED = 1 << 20


def functions():
    """The native functions that loops need."""
    return [kernels("cpu.branches").repeater(), kernels("cpu.tape").iterator()]


def is_candidate(spec, node):
    """Whether a loop, whose test and body are native, may be a native step.

    Those that carry or record much are better off by themselves (`native_loop.py`), where little of it is copied.
    """
    if node.need.collected or any(test.may_pause() for test in spec.bodies[node.op][:-1]):
        return False
    return spec.is_body or _copied(spec.bodies[node.op][-1], node.bodies[-1]) <= _MOST_COPIED


def _copied(spec, body):
    """Bytes that one iteration leaves for the next ones, or on the tape."""
    values, recorded = flat(spec, body)
    kept = [True] * (len(values) - len(recorded)) + [whole for _, whole in recorded]
    return sum(spec.nbytes(value) for value, whole in zip(values, kept, strict=True) if whole)


class LoweredLoop(Lowered):
    """A loop as a native step.

    Attributes: initial: the numbers of the inputs that loop variables are first. results: list of (number of a
    variable, number of the output that it is). counted: number of the input that is the number of iterations, or None.
    count_made: number of the output that is, or None. reads: list of (Value of the body, number of the input that says
    where it is in all iterations). records: list of (Value of the body, number of the output that says where it goes).
    kept: whether the tape goes to that of a body around.
    """

    def __init__(self, spec, node, parts):
        super().__init__(spec, node, parts)
        need = node.need
        index = {position: i for i, position in enumerate(need.inputs)}
        first = node.first_loop_variable
        self.initial = [self._number(node.inputs[index[first + k]]) for k in need.carried]
        self.counted = self.count_made = None
        self.reads, self.records, self.kept = [], [], False
        if node.type == "WhileGrad":
            self.counted = self._number(self._part(node.inputs[0], (tapes.COUNT,)))
        self._add_bodies()
        body = self._bodies[-1]
        read = {value for value, _ in self.reads}
        if not read.isdisjoint(map(body.spec.root, body.spec.fetched_values())):
            raise Refused       # it lies elsewhere in each iteration
        last = len(node.op.outputs) - 1
        for value in body.plan.plan.fetches[:len(need.carried)]:
            self._check(value, body.spec.shape[value])
        self.results = [(need.carried.index(v.index), self._output(v)) for v in node.outputs if v.index != last]
        taped = [v for v in node.outputs if v.index == last]
        if body.plan.recorded and not taped:
            raise Refused
        for value in taped:
            self.tapes[value] = self._tape(body.spec, body.plan)
            self.kept = value in map(spec.root, spec.plan.fetches)

    def _read_part(self, result, one, part, index, path):
        if self._node.type != "WhileGrad":
            super()._read_part(result, one, part, index, path)
            return
        rows = tapes.Rows(part.dtype.as_numpy_dtype, one.shape[part], one.rows.get(part))
        self.reads.append((part, self._number(self._part(self._node.inputs[index], path, rows))))

    def _tape(self, one, plan):
        """The parts of the loop's tape."""
        count = Value(dtypes.int64, (), "count@rows")
        self._shapes[count] = ()
        made = {(tapes.COUNT,): (count, True)}
        self.count_made = self._output(count)
        for path, part, kept in recorded_parts(one, plan):
            dtype, shape = (dtypes.int64, ()) if kept else (part.dtype, one.shape[part])
            value = self._part_made(one, part, dtype, shape, f"{part.name}@rows")
            made[path] = value, kept
            if kept:
                self._rows[value] = tapes.Rows(part.dtype.as_numpy_dtype, one.shape[part], one.rows.get(part))
                self.records.append((part, self._output(value)))
        return made

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
        within = len(budget.records)
        super().__init__(step, bodies, make_frame)
        table = kernels("cpu.branches").Repetition
        self._first, self._lowered = table.first_word, lowered
        self._outputs = self._first + len(step.inputs) - len(step.writes)
        body, frame = bodies[-1], self._frames[-1]
        values = body.plan.plan.fetches[:len(lowered.initial)]
        self._state = [np.empty(body.spec.shape[v], v.dtype.as_numpy_dtype) for v in values]
        self.nbytes += sum(array.nbytes for array in self._state)
        places = self._places(bodies)
        recorded = [(0, body.spec.nbytes(part), *self._source(body, frame, part)) for part, _ in lowered.records]
        copies, moving = self._copies([self._source(body, frame, value) for value in values], recorded)
        self._moves = np.array([(place, 0, body.spec.nbytes(value)) for value, _ in lowered.reads
                                for place in frame.places(value)], np.int64).reshape(-1, 3)
        reads = [self._first + number for value, number in lowered.reads for _ in frame.places(value)]
        test = self._frames[0] if len(bodies) > 1 else None
        holds, number = (0, None) if test is None else self._source(
            bodies[0], test, bodies[0].plan.plan.fetches[0])
        loop = kernels("cpu.tape").Loop(
            None if test is None else test.tape, frame.tape, holds, self._moves, copies,
            -1 if step.node.op.attrs.get("backwards", False) else 1,
            (0 if test is None else bodies[0].spec.once, body.spec.once))
        places += [(address_of(copies) + 8 * (4 * row + 2), number) for row, number in moving]
        if number is not None:
            places.append((loop.holds, number))
        addresses = [address_of(array) for array in self._state]
        self._table = table(
            block, loop, budget.address, places,
            [(a, self._first + i, array.nbytes) for a, i, array in zip(addresses, lowered.initial, self._state)],
            [(self._outputs + number, addresses[i], self._state[i].nbytes) for i, number in lowered.results],
            0 if lowered.counted is None else self._first + lowered.counted,
            0 if lowered.count_made is None else self._outputs + lowered.count_made,
            [(address_of(self._moves) + 8 * (3 * row + 1), number) for row, number in enumerate(reads)],
            **self._recording(body, budget, within, copies))

    def _places(self, bodies):
        """(address of a word, number of the word that says what goes there), for what bodies are given."""
        places = []
        for inner, frame in zip(bodies, self._frames):
            for feed, (kind, number, _) in zip(inner.plan.plan.feeds, inner.plan.arguments):
                if kind == "loop":
                    frame.move(feed, self._state[number])
            places += [(place, self._first + number) for key, number in inner.inputs.items()
                       for place in frame.places(key)]
        return places

    def _recording(self, body, budget, within, copies):
        """What the loop's block says about its records."""
        lowered = self._lowered
        if not lowered.records:
            return {}
        rows = [(part.dtype.as_numpy_dtype, body.spec.shape[part]) for part, _ in lowered.records]
        records = LoopRecords(rows, lowered.kept, lowered.counted is not None)
        resets = [address_of(inner.words) for inner in budget.records[within:]]
        budget.records.append(records)
        sizes = [body.spec.nbytes(part) for part, _ in lowered.records]
        return {
            "records": records.words, "resets": [(address,) for address in resets],
            "columns": [(address_of(copies) + 8 * 4 * row, row, size) for row, size in enumerate(sizes)],
            "rows": [(self._outputs + number, row, size)
                     for row, ((_, number), size) in enumerate(zip(lowered.records, sizes, strict=True))]}

    def explain(self, find):
        """As `Placed` does; what is read from a tape is that of the iteration."""
        body, moved = self._bodies[-1], {}
        for value, number in self._lowered.reads:
            array = np.empty(body.spec.shape[value], value.dtype.as_numpy_dtype)
            address = find(self._step.inputs[number]).item() + self._table.at * array.nbytes
            ctypes.memmove(array.ctypes.data, address, array.nbytes)
            moved[value] = array
        super().explain(find, moved)

    def _source(self, inner, frame, value):
        """(address of what a body makes, None), or (1, the word that says where it is) if the body is given it."""
        root = inner.spec.root(value)
        root = root if root.variable is None else root.variable
        if root in inner.inputs:
            return 1, self._first + inner.inputs[root]
        return frame.place_of(value), None

    def _copies(self, sources, recorded):
        """(table of what is recorded, then of what brings loop variables to their places; list of (row whose source
        varies, word with it))."""
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
        rows = [(0, nbytes, source, nbytes, number) for _, nbytes, source, number in recorded] + first + then + last
        table = np.array([row[:4] for row in rows], np.int64).reshape(-1, 4)
        return table, [(i, row[4]) for i, row in enumerate(rows) if row[4] is not None]
