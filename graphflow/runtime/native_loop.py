"""Loops all of whose steps are on native tapes: one call runs many iterations.

Where tapes run all of the test and the body of a settled loop, loop variables stand in buffers of their own,
what an iteration records goes straight to its place in an array of all iterations, and so does what it reads
from a tape. Python looks in now and then: when these arrays must grow, and to see whether to stop.
State: frames, and memory, that wait to be used again.
"""

import collections
import contextlib
import time

import numpy as np

from graphflow.framework import dtypes
from graphflow.framework.kernel_loader import kernels
from graphflow.runtime import arrays, deadlines, loop_steps, tapes
from graphflow.runtime.body_variables import BodyVariables, written_by
from graphflow.runtime.frame import Frame, address_of
from graphflow.runtime.spare import Spare

# Recorded values of a loop of unknown length begin with room for so many iterations, or for those of the last run.
_FIRST_ROOM = 32
# Python looks in after about this long; of a loop's first run after one iteration, two more, four more and so on.
_PATIENCE_SECONDS = 0.02
# Loops of so many iterations at most run without that, if the last run took no longer.
_MOST_AT_ONCE = 1 << 12


def can_run(node, specs):
    """Whether loops of these specialised bodies can be run natively, now.

    References to Python objects can't be copied by native code.
    """
    body, bodies = specs[-1], node.bodies
    if any(np.dtype(v.dtype.as_numpy_dtype).hasobject and (v not in body.tapes or v.node is None)
           and v not in body.stand_ins for v in map(body.root, body.plan.fetches)):
        return False
    if any(test.may_pause() for test in specs[:-1]):
        return False
    # What is read from a tape lies elsewhere in each iteration: it can't be what a loop variable is copied from.
    read = {feed for feed, (kind, _, _) in zip(bodies[-1].plan.feeds, bodies[-1].arguments) if kind == "tape"}
    made = bodies[-1].plan.fetches[:len(bodies[-1].plan.fetches) - len(bodies[-1].recorded)]
    if not read.isdisjoint(map(body.root, made)):
        return False
    return (kernels("cpu.tape").iterator().ready() and body.is_native(may_draw=node.type == "While")
            and all(test.is_native() for test in specs[:-1]))


class NativeLoop:
    """Runs one loop. Args: node; bodies: (test or None, body), BodyPlans; specs: their Specializations."""

    def __init__(self, node, bodies, specs, resources):
        self._node = node
        self._bodies = bodies
        self._specs = specs
        self._resources = resources
        self._idle = collections.deque()
        self._room = _FIRST_ROOM    # iterations that are expected, where that is not known
        self._at_once = 1           # iterations that are expected to take no longer than Python may wait
        written = written_by(bodies)
        self._variables = [BodyVariables(spec, written, resources) for spec in specs]
        self._fetches, self._recorded = loop_steps.flat(specs[-1], bodies[-1])
        self._backwards = node.op.attrs.get("backwards", False)
        tested = {number for body in bodies[:-1] for kind, number, _ in body.arguments if kind == "loop"}
        self._steps = loop_steps.Steps(specs[-1], bodies[-1], self._fetches, self._recorded)
        if not self._backwards:
            self._steps.find_rows(tested)

    def fits(self, inputs):
        """Whether variables and arrays have the shapes for which the bodies were specialised."""
        return (all(variables.fit() for variables in self._variables)
                and all(arrays.fit(spec, body, inputs) for spec, body in zip(self._specs, self._bodies, strict=True)))

    def run(self, inputs, state, count, poll):
        """(final loop variables, number of iterations, what was recorded: an array of all iterations each).

        Args: inputs: of the node. state: initial loop variables. count: iterations, or None for as long as the
        test holds. poll: called now and then; raises to stop.
        """
        try:
            place = self._idle.pop()
        except IndexError:
            place = _Place([Frame(spec, self._resources, is_looped=True) for spec in self._specs])
        place.spare.renew()
        with contextlib.ExitStack() as stack:
            for frame in place.frames:
                stack.callback(frame.restore)
            if deadlines.any_open():
                stack.callback(deadlines.let_go, frame.cancel)
                deadlines.stop_at_deadline(frame.cancel)
            variables = [stack.enter_context(variables.held()) for variables in self._variables]
            run = _Run(self, place, inputs, state, count)
            run.place([held() for held in variables])
            begun = time.perf_counter()
            run.iterate(poll)
            is_short = run.done <= _MOST_AT_ONCE and time.perf_counter() - begun < _PATIENCE_SECONDS
        self._at_once = run.done + 1 if is_short else 1     # the last test finds the end
        if not place.frames[-1].cancelled:
            self._idle.append(place)
        self._room = max(_FIRST_ROOM, 1 << (run.done - 1).bit_length())
        return run.state, run.done, run.columns


class _Place:
    """Where runs take place, one at a time.

    Attributes: frames: of the test, if there is one, and the body. spare: memory. native: the tape's Loop of the last
    run; key: the addresses that it is for; moves: its table of what moves from iteration to iteration.
    """

    __slots__ = ("frames", "spare", "key", "native", "moves")

    def __init__(self, frames):
        self.frames = frames
        self.spare = Spare()
        self.key = self.native = self.moves = None


class _Run:
    """One run of a loop.

    State: `state`: buffers of the loop variables; `columns`: recorded arrays, of all iterations; `done`:
    iterations.
    """

    def __init__(self, loop, place, inputs, state, count):
        self._loop = loop
        self._place = place
        self._frames = place.frames
        self._spare = spare = place.spare
        self._inputs = inputs
        self._count = count
        self._backwards = loop._backwards
        self.state = [spare.copy(array) for array in state]
        self.done = 0
        self._begun = 0     # iterations that have their random numbers
        self._positions = {}    # row of the table of moves -> where these begin
        self.columns = []
        self._room = loop._room if count is None else count     # iterations for which there is memory
        self._reads = []  # (value, array of all iterations, or list of one each)
        self._recorded = []  # (number of the column, value or None, its address where it is copied)
        self._stages = []  # buffers
        self._tables = []  # of addresses, and what is there
        self._copies = []  # (target, source, bytes)

    # ---- before

    def place(self, variables):
        """Puts everything where the frames look for it."""
        for frame, body, held in zip(self._frames, self._loop._bodies, variables):
            feeds = [self._feed(number, value, argument) for number, (value, argument) in enumerate(
                zip(body.plan.feeds, body.arguments, strict=True))]
            frame.place(feeds, held, prepare=False)
            for value, (kind, number, _) in zip(body.plan.feeds, body.arguments):
                if kind == "loop":
                    frame.move(value, self.state[number])
        for number, value in self._loop._steps.in_place:
            self._frames[-1].move(value, self.state[number])
        self._place_results()

    def _feed(self, number, value, argument):
        kind, index, reading = argument
        if kind == "input":
            return self._inputs[index]
        if kind == "loop":
            return self.state[index]
        if kind == "hollow":
            return np.broadcast_to(np.zeros((), reading[0].as_numpy_dtype), reading[1])
        if value.dtype == dtypes.resource:
            lasting = any(use.origin == number and use.made is None for use in self._loop._specs[-1].arrays.values())
            return arrays.fed(self._loop._bodies[-1], number, self._inputs) if lasting else None
        spec, column = self._loop._specs[-1], self._inputs[index].item().columns[reading[0]]
        is_tape = value.dtype == dtypes.variant
        for path, (part, _) in spec.tapes.get(value, {} if is_tape else {(): (value, True)}).items():
            like = np.zeros(spec.shape[part], part.dtype.as_numpy_dtype)
            found = tapes.all_iterations(column, path, like, self._tables)
            if not isinstance(found, np.ndarray):
                found = [np.ascontiguousarray(array).reshape(array.shape) for array in found]
            self._reads.append((part, found))
        if is_tape:
            return None
        return np.asarray(found[0]) if len(found) else like

    def _place_results(self):
        """What follows an iteration: recorded values that are copied, then the new loop variables."""
        shape, steps = self._loop._specs[-1].shape, self._loop._steps
        outputs = len(steps.roots) - len(self._loop._recorded)
        read = [True] * outputs + [whole for _, whole in self._loop._recorded]
        addresses = [self._frames[-1].place_of(root) if whole else None for root, whole in zip(steps.roots, read)]
        kept = [root for root, whole in zip(steps.roots, read) if whole]
        tape = dict(self._reads)
        for number, root in enumerate(steps.roots[outputs:]):
            column = None
            if root in tape:        # it is there already
                column = np.asarray(tape[root])
                column = column.reshape((len(column), *shape[self._loop._fetches[outputs + number]]))
            elif read[outputs + number]:
                column = self._column(number, shape[self._loop._fetches[outputs + number]])
                if number not in steps.rows.values():
                    alone = root in steps.made and kept.count(root) == 1
                    self._recorded.append((number, root if alone else None, addresses[outputs + number]))
            self.columns.append(column)
        for number, column in steps.rows.items():
            self.columns[column][0] = self.state[number].reshape(self.columns[column].shape[1:])
        self._copies = self._state_copies(addresses)

    def _column(self, number, shape):
        """Memory for what is recorded, one row more where the last is the loop variable's final value."""
        value = self._loop._fetches[len(self._loop._fetches) - len(self._loop._recorded) + number]
        rows = self._room + (number in self._loop._steps.rows.values())
        return self._spare.empty((rows, *shape), value.dtype.as_numpy_dtype)

    def _state_copies(self, sources):
        """(target, source, bytes) of what brings loop variables to their places for the next iteration."""
        addresses, first, then, last = [address_of(array) for array in self.state], [], [], []
        for number, (target, array, source) in enumerate(zip(addresses, self.state, sources)):
            if source == target or number in self._loop._steps.rows:
                continue
            if source in addresses:
                # Another loop variable's value, which must be kept until all have theirs.
                stage = self._spare.empty(array.shape, array.dtype)
                self._stages.append(stage)
                first.append((address_of(stage), source, array.nbytes))
                last.append((target, address_of(stage), array.nbytes))
            else:
                then.append((target, source, array.nbytes))
        return first + then + last

    # ---- iterations

    def iterate(self, poll):
        """Runs to the end."""
        chunk, loop = self._loop._at_once, self._native(0 if not self._backwards else self._count - 1)
        while True:
            started = time.perf_counter()
            limit = self._limit(chunk)
            self._reserve(limit)
            outcome = loop.run(limit)
            self.done = self._iterations(loop.at)
            self._give_back(limit, self.done + loop.is_within)
            if outcome == "ended" or self.done == self._count:
                break
            if outcome != "stopped":
                self._explain(*outcome, loop.at)
            poll()
            self._frames[-1].budget.renew()
            if time.perf_counter() - started < _PATIENCE_SECONDS:
                chunk *= 2
            if self._count is None and self.columns and self.done >= self._room:
                self._grow()
                loop = self._native(self.done)
        self._finish()

    def _finish(self):
        """Recorded arrays as long as the loop was; where only shapes count, arrays without memory."""
        loop, spec, frame, found = self._loop, self._loop._specs[-1], self._frames[-1], {}
        for number, column in loop._steps.rows.items():
            self.state[number] = self._spare.copy(self.columns[column][self.done]).reshape(self.state[number].shape)
        values = loop._fetches[len(loop._fetches) - len(loop._recorded):]
        for value, (path, _), column in zip(values, loop._recorded, self.columns):
            if spec.root(value) in spec.stand_ins:
                found[path] = frame.stand_in(spec.root(value), 1)
            else:
                found[path] = (tapes.hollow(value.dtype, (self.done, *spec.shape[value])) if column is None
                               else column[:self.done])
        lengths = {path[0]: found.pop(path) for path in list(found) if path[-1] is tapes.ROWS}
        rows = {path: spec.rows[value] for value, (path, _) in zip(values, loop._recorded) if value in spec.rows}
        columns = tapes.columns(found, rows, frame.recorded_memory())
        for tensor, counts in lengths.items():
            columns[tensor] = [piece[:count] for piece, count in zip(columns[tensor], counts.tolist(), strict=True)]
        self.columns = [columns.get(tensor, tapes.Parts({})) for tensor, _ in loop._bodies[-1].recorded]

    def _iterations(self, at):
        return self._count - 1 - at if self._backwards else at

    def _limit(self, chunk):
        limit = self.done + chunk
        if self._count is not None:
            limit = min(limit, self._count)
        elif self.columns:
            limit = min(limit, self._room)
        return self._count - 1 - limit if self._backwards else limit

    def _grow(self):
        """Twice the room for recorded values."""
        self._room *= 2
        for number, column in enumerate(self.columns):
            if column is not None:
                self.columns[number] = self._column(number, column.shape[1:])
                self.columns[number][:len(column)] = column

    def _reserve(self, limit):
        """Reserves the random numbers of iterations up to `limit`, and has each find its own."""
        draws = self._frames[-1].draws
        for row, (draw, block, _) in enumerate(draws, -len(draws)):
            own = block[draw.word]
            self._positions[row] = draw(block, limit - self._begun)
            self._place.moves[row, 1] = block[draw.word] - self._begun * draw.step
            if self._begun > self.done:     # an iteration goes on that has them
                block[draw.word] = own

    def _give_back(self, limit, begun):
        """Gives back the random numbers of iterations that have not begun."""
        draws = self._frames[-1].draws
        for row, (draw, _, _) in enumerate(draws, -len(draws)):
            draw.give_back(self._positions[row], begun - self._begun, limit - self._begun)
        self._begun = begun

    def _native(self, at):
        """The native loop, from iteration `at` on, over the arrays there are now."""
        place, test = self._place, self._frames[0] if len(self._frames) > 1 else None
        holds = 0 if test is None else test.place_of(self._loop._bodies[0].plan.fetches[0])
        columns = [*self.columns, *(column for _, column in self._reads)]
        key = None
        if not any(isinstance(column, list) for column in columns):
            key = (holds, [None if column is None else address_of(column) for column in columns], self._copies,
                   [address for _, _, address in self._recorded])
        if key is None or place.key != key:
            place.key, place.native = key, self._made_native(test, holds)
        place.native.begin(at, self.done == 0)
        return place.native

    def _made_native(self, test, holds):
        frame, steps = self._frames[-1], self._loop._steps
        moves, copies = [], []
        for value, column in self._reads:
            if isinstance(column, list):
                table = np.array([address_of(array) for array in column], np.int64)
                self._tables.append(table)
                moves += [(place, address_of(table), 0) for place in frame.places(value)]
            else:
                moves += [(place, address_of(column), column.strides[0]) for place in frame.places(value)]
        for number, value, address in self._recorded:
            column = self.columns[number]
            if value is None:
                # NumPy has strides for rows of no elements, too.
                nbytes = column.nbytes // max(1, len(column))
                copies.append((address_of(column), nbytes, address, nbytes))
            else:
                moves += [(place, address_of(column), column.strides[0]) for place in frame.places(value)]
        for variable, number in steps.rows.items():
            column = self.columns[number]
            for value, row in ((steps.variables[variable], 0), (steps.roots[variable], 1)):
                moves += [(place, address_of(column) + row * column.strides[0], column.strides[0])
                          for place in frame.places(value)]
        copies += [(target, 0, source, nbytes) for target, source, nbytes in self._copies]
        moves += [(address, 0, draw.step) for draw, _, address in frame.draws]
        self._place.moves = moves = np.array(moves, np.int64).reshape(-1, 3)
        specs = self._loop._specs
        once = 0 if test is None else specs[0].once, specs[-1].once
        return kernels("cpu.tape").Loop(
            None if test is None else test.tape, frame.tape, holds, moves, np.array(copies, np.int64).reshape(-1, 4),
            -1 if self._backwards else 1, once, any(frame.calls_python for frame in self._frames))

    def _explain(self, which, row, code, at):
        """Raises the error of a row, as the frame words it."""
        if code == kernels("cpu.native").CANCELLED:
            deadlines.raise_cancelled()
        if which == "test":
            self._frames[0].explain(row, {})
        steps = self._loop._steps
        moved = {value: np.asarray(column[at]) for value, column in self._reads}
        moved.update({value: self.columns[n][at] for n, value, _ in self._recorded if value is not None})
        moved.update({steps.variables[variable]: self.columns[n][at] for variable, n in steps.rows.items()})
        self._frames[-1].explain(row, moved)
