"""Frame: the memory and argument blocks in which one run of a specialised plan takes place.

Concurrent runs use frames of their own. State: an arena for intermediate values, the argument
blocks of native kernels with the pointers in them, and the list of values that Python steps use.
Nothing a caller gets back lies in a frame.
"""

import itertools

import numpy as np

from graphflow.compiler.memory import ALIGNMENT
from graphflow.framework import errors
from graphflow.framework.kernel_loader import kernels
from graphflow.runtime import deadlines, failure, tapes
from graphflow.runtime.arena import Layout
from graphflow.runtime.blocks import Blocks, address_of
from graphflow.runtime.budget import Budget
from graphflow.runtime.calls import Call
from graphflow.runtime.placed_arrays import PlacedArrays
from graphflow.runtime.reference import bind_kernel
from graphflow.runtime.steps import BodyStep, NativeFailure, PythonStep, Reload, TapeStep

# Fetched arrays from this size on are written where the caller gets them, without a copy.
_DIRECT_FETCH_BYTES = 1 << 15


class Frame:
    """Runs one Specialization; one run at a time.

    Attributes: cancelled: whether it can run no more. budget: of the loops within its native steps. `is_looped`:
    whether native loops run it, which know where fetched values go.
    """

    def __init__(self, spec, resources, budget=None, is_looped=False):
        self._spec = spec
        self._resources = resources
        self._position = {}
        self._values = []
        self.cancelled = False
        self.budget = budget or Budget(resources)
        self._records = self.budget.records if budget is None else ()
        self._moved = {}
        self._place_values()
        self._blocks = Blocks(
            spec, self._pointer, lambda body: Frame(body, resources, self.budget), self._make_call, self.budget,
            budget is not None)
        self._arrays = PlacedArrays(spec, self._blocks, self.budget.rooms)
        self._is_plain = not (spec.arrays or spec.stand_ins or self.budget.records or self.budget.draws)
        self._may_pause = budget is None and spec.may_pause()
        self._bound_arrays = [None] * len(spec.variables)
        self._build_steps()
        self._bind_feeds_and_variables()
        self._bind_fetches(is_looped)

    # ---- layout

    def _place_values(self):
        """Takes the memory of the arena, and knows where values lie; those of Python's steps have no place yet."""
        spec = self._spec
        layout = Layout(spec, {v for b in spec.nodes if b.native for v in map(spec.root, b.inputs)} - spec.handles)
        self.layout, self.arena_bytes, self._dying = layout.rows, layout.size, layout.dying
        self._arena_values = {row[0] for row in layout.rows}
        failure.check_memory(layout.size + ALIGNMENT, [row[0] for row in layout.rows], spec)    # in order
        memory = self._arena = np.empty(layout.size + ALIGNMENT, np.uint8)
        start = -address_of(memory) % ALIGNMENT
        for value in (*spec.plan.feeds, *spec.fed_parts(), *(v.start for v in spec.variables), *spec.constants,
                      *layout.made, *spec.alias, *spec.arrays):
            self._index(value)
        for value, offset, size, *_ in layout.rows:
            view = memory[start + offset:start + offset + size].view(value.dtype.as_numpy_dtype)
            self._values[self._position[value]] = view.reshape(spec.shape[value])
        for value, array in spec.constants.items():
            self._values[self._position[value]] = array

    def _index(self, value):
        if value.variable is not None:
            value = value.variable.start  # written in place: its versions share one memory
        if value not in self._position:
            self._position[value] = len(self._values)
            self._values.append(None)
        return self._position[value]

    @property
    def scratch_bytes(self):
        """Memory that kernels share."""
        return self._blocks.scratch_bytes

    @property
    def nbytes(self):
        """Memory that the frame keeps between runs."""
        return self.arena_bytes + self._blocks.nbytes + self._arrays.nbytes + sum(r.nbytes for r in self._records)

    def _pointer(self, value):
        root = self._spec.root(value)
        array = self._values[self._position[root]] if root.variable is None else None
        return 0 if array is None else address_of(array)

    # ---- steps

    def _build_steps(self):
        """The run as a list: ranges of tape rows, and Python steps between them."""
        self._steps, self._once, row, start = [], 0, 0, 0
        for number, bound in enumerate(self._spec.nodes):
            if number == self._spec.once and number:
                if row > start:
                    self._steps.append(TapeStep(self.tape, self.budget, start, row))
                start, self._once = row, len(self._steps)
            if bound.native:
                row += 1
                continue
            if row > start:
                self._steps.append(TapeStep(self.tape, self.budget, start, row))
            start = row
            self._steps.append(self._python_step(bound))
        if row > start:
            whole = start == 0 and row == len(self._spec.nodes)
            self._steps.append(TapeStep(self.tape, self.budget, start, row, whole))

    def _python_step(self, bound):
        node = bound.node
        inputs = [self._index(v) for v in node.inputs]
        outputs = [(self._index(v), v in self._arena_values) for v in node.outputs]
        views = self._alias_views(node)
        if node.bodies:
            return BodyStep(self._values, bound, inputs, outputs, self._reloads(node), views, self._last_uses(bound))
        written = [self._index(w.value) for w in node.writes]
        return PythonStep(self._values, bound, inputs, outputs, written, views, self._last_uses(bound))

    def _make_call(self, bound, words):
        """The Call of a step that the tape calls."""
        return Call(self._spec, bound, words, self._values, self._index, self._last_uses(bound), self._resources)

    @property
    def calls_python(self):
        """Whether the tape calls steps, here or in bodies."""
        return self._blocks.calls_python

    def _last_uses(self, bound):
        """Positions of values that nobody reads after this Python step, and that own their memory."""
        return [self._position[v] for v in self._dying.get(bound, ()) if v not in self._arena_values]

    def _reloads(self, node):
        """Of the variables that the bodies of `node` write, those that this frame has pointers to."""
        spec = self._spec
        return [Reload(self._resources.slot(w.variable.key), self._values, self._index(w.value), self._bound_arrays,
                       spec.variables.index(w.variable), self._blocks, self._blocks.patches(w.variable))
                for w in node.writes if w.variable in spec.variables]

    def _alias_views(self, node):
        """Aliases among a Python step's inputs must be made from their roots at run time."""
        spec = self._spec
        return [(self._index(v), self._index(spec.root(v)), spec.shape[v]) for v in node.inputs if v in spec.alias]

    def _bind_feeds_and_variables(self):
        spec = self._spec
        self._feeds = [(self._position[v], v in self._arena_values, self._blocks.patches(v)) for v in spec.plan.feeds]
        self._borrowed = [position for position, copied, _ in self._feeds if not copied]
        self._fed_parts = [(spec.plan.feeds.index(tape), path, v) for v, (tape, path) in spec.fed_parts().items()]
        self._variables = [(self._position[v.start], self._blocks.patches(v)) for v in spec.variables]

    def _bind_fetches(self, is_looped):
        spec = self._spec
        made_natively = {v for b in spec.nodes if b.native for v in b.outputs}
        aliased = {spec.root(v) for v in spec.alias}
        python_read = {spec.root(v) for b in spec.nodes if not b.native for v in b.inputs}
        self._fetches, self._direct = [], []
        for number, value in enumerate(spec.plan.fetches):
            root = spec.root(value)
            if root in spec.stand_ins or root in spec.pieces or root in spec.tapes and root.node is not None:
                self._fetches.append((None, root))
                continue
            self._fetches.append((self._index(root), spec.shape[value] if value in spec.alias else None))
            if (not is_looped and value in made_natively and value not in aliased and value not in python_read
                    and spec.nbytes(value) >= _DIRECT_FETCH_BYTES and spec.plan.fetches.count(value) == 1):
                self._direct.append((number, self._position[value], self._blocks.patches(value), spec.shape[value],
                                     value.dtype.as_numpy_dtype))

    # ---- running

    def cancel(self):
        """Makes the run under way end before its next kernel, with an error; no other can follow."""
        self.cancelled = True
        self._steps.clear()
        self.budget.cancel[0] = 1

    def run(self, feeds, variables, again=False):
        """The fetched arrays, owned by the caller.

        Args: feeds: arrays of this specialisation's shapes. variables: the arrays of the plan's
        variables (None if it has none), which nobody else writes while this runs; those that the
        plan writes are written in place. again: whether this is an iteration of the same loop as the last run.
        """
        try:
            self.place(feeds, variables)
            for step in itertools.islice(self._steps, self._once if again else 0, None):
                step.run()
        except NativeFailure as error:
            self._stop(error.row)
        finally:
            if not self._is_plain:
                self.budget.end()
        if self.cancelled:
            deadlines.raise_cancelled()
        result = [self._fetched(*fetch) for fetch in self._fetches]
        self._let_go()      # what the caller fed is the caller's
        return result

    def _stop(self, row):
        """Raises the error of a run that ended in native row `row`."""
        if row in self._blocks.bodies:
            deadlines.check(self._resources, self._blocks.steps[row].node.op)
        if not self.cancelled:
            self._explain(row)

    def _let_go(self):
        for position in self._borrowed:
            self._values[position] = None
        if not self._is_plain:
            self._arrays.let_go()

    def place(self, feeds, variables, prepare=True):
        """Puts the arrays of feeds and variables where the steps look for them; prepare: and draws random numbers."""
        values = self._values
        if self._may_pause:
            self.budget.restart()
        if not self._is_plain:
            self.budget.begin()
            self._handles = {}  # (origin, source) of an array made with a frame -> what tapes have for its handle
        self._read = []     # what addresses on tapes point to
        for array, (position, copied, places) in zip(feeds, self._feeds):
            if copied:
                values[position][...] = array
            else:
                if places:
                    array = array if array.flags.c_contiguous else np.ascontiguousarray(array).reshape(array.shape)
                    self._blocks.patch(places, address_of(array))
                values[position] = array
        if variables:
            self._load_variables(variables)
        for number, path, value in self._fed_parts:
            if feeds[number] is not None:
                self._place_part(value, tapes.find(feeds[number], path, self._read))
        if not self._is_plain:
            for value, handle in self._arrays.place(feeds).items():
                values[self._position[value]] = handle
        for _, position, places, shape, dtype in self._direct:
            fresh = np.empty(shape, dtype)
            self._blocks.patch(places, address_of(fresh))
            values[position] = fresh
        for draw, block, _ in self._blocks.draws if prepare else ():
            draw(block)

    def _place_part(self, value, array):
        """Puts what stands on a fed tape where native steps look for it; None if the tape lacks it: nobody will."""
        if array is not None:
            array = np.ascontiguousarray(array).reshape(array.shape)
            self._blocks.patch(self._blocks.patches(value), address_of(array))
        self._values[self._position[value]] = array

    # ---- for loops that run natively (`native_loop.py`)

    @property
    def draws(self):
        """What native steps draw, see `Blocks`."""
        return self._blocks.draws

    @property
    def tape(self):
        """The native tape, or None."""
        return self._blocks.tape

    def move(self, value, array):
        """Has the native steps look for a feed in `array`, until `restore`."""
        position = self._position[value]
        self._moved.setdefault(position, self._values[position])
        self._values[position] = array
        self._blocks.patch(self._blocks.patches(value), address_of(array))

    def restore(self):
        """Undoes `move`, and lets go of what was fed."""
        for position, array in self._moved.items():
            self._values[position] = array
        self._moved.clear()
        self.budget.end()
        self._let_go()

    def place_of(self, value):
        """The address of a value, or of the one whose memory it is."""
        return address_of(self._values[self._index(self._spec.root(value))])

    def heads(self, handle):
        """(words, position in them) of the words that point to the head of an array, here or in bodies."""
        return self._blocks.heads(handle)

    def places(self, value):
        """Addresses of the words that point to a value, or to a Variable."""
        return self._blocks.addresses(value)

    def explain(self, row, moved):
        """Raises the error of native row `row`; `moved`: {value: array} for what is elsewhere by now."""
        for value, array in moved.items():
            self._values[self._index(value)] = array
        self._explain(row)

    # ---- looking into a run

    def single_steps(self):
        """A step for each BoundNode, in order. What they make stays in the frame, which serves nothing else then."""
        self._direct = []
        python_steps = iter([step for step in self._steps if not isinstance(step, TapeStep)])
        rows = itertools.count()
        for bound in self._spec.nodes:
            if bound.native:
                row = next(rows)
                yield TapeStep(self.tape, self.budget, row, row + 1)
            else:
                yield next(python_steps)

    def _explain(self, row):
        """Raises the error of native row `row`, worded by the reference kernel on the same inputs."""
        if row in self._blocks.calls:
            self._blocks.calls[row].raise_error()
        for value, handle in self._arrays.made().items():
            self._values[self._position[value]] = handle
        node = self._blocks.steps[row].node
        if row in self._blocks.bodies:
            self._blocks.bodies[row].explain(self._array)
        arrays = list(map(self._array, node.inputs))
        try:
            bind_kernel(node, self._resources)(*arrays)
        except Exception as error:  # noqa: BLE001 - leaves with the op's name and line
            failure.raise_for(node.op, error, arrays)
        message, kind = kernels("cpu.native").MESSAGES.get(self.tape.code), errors.InvalidArgumentError
        if message is None:
            message, kind = f"native kernel failed with code {self.tape.code}", errors.InternalError
        failure.raise_for(node.op, kind(None, None, message), arrays)

    def _array(self, value):
        return self._values[self._index(self._spec.root(value))].reshape(self._spec.shape[value])

    def _load_variables(self, arrays):
        bound = self._bound_arrays
        for number, (array, (position, places)) in enumerate(zip(arrays, self._variables)):
            if array is not bound[number]:
                bound[number] = array
                self._values[position] = array
                self._blocks.patch(places, address_of(array))

    def _fetched(self, position, shape):
        if position is None:
            return self._fetched_object(shape)
        array = self._values[position]
        if shape is not None and array.shape != shape:
            array = array.reshape(shape)
        if array.ndim == 0:
            return array[()]
        if self._direct and any(position == entry[1] for entry in self._direct):
            self._values[position] = None
            return array
        return array.copy()

    def _fetched_object(self, root):
        """What stands nowhere as it is: the tape of a native conditional or loop, a handle, rows that are collected."""
        spec = self._spec
        if root in spec.pieces:
            rows, count = (self._values[self._position[value]] for value in spec.pieces[root])
            return rows[:count].copy()
        if root in spec.stand_ins:
            return self.stand_in(root).handle()
        found, parts = {}, spec.tapes[root]
        for path, (value, kept) in parts.items():
            if value in spec.stand_ins:
                found[path] = self.stand_in(value)
            else:
                found[path] = (self._values[self._position[value]].copy() if kept
                               else tapes.hollow(value.dtype, spec.shape[value]))
        rows = {path: spec.rows[value] for path, (value, _) in parts.items() if value in spec.rows}
        return tapes.boxed(found, rows, self.recorded_memory() if rows else ())

    def recorded_memory(self):
        """The arrays to which addresses on tapes of this run point."""
        return [array for records in self.budget.records for array in records.memory]

    def stand_in(self, value, loops=0):
        """What tapes of this run have for a handle. loops: how many are around this frame there."""
        use, within = self._spec.stand_ins[value]
        if use.made is None:
            handle = self._values[self._position[use.value]]
            return tapes.Handles(lambda: handle, 0)
        return self._handles.setdefault((use.origin, use.source), tapes.Handles(use.stand_in, loops + within))
