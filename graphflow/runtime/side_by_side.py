"""Steps that need nothing of each other run at once, on threads that would have nothing to do.

Large steps are divided over threads by themselves; small ones are not, as waking a thread takes some
microseconds. But a stretch of small steps may fall into chains that have nothing to do with each other: two
towers, two networks with one loss, the two gradients of a product. Such a stretch becomes one step of several
parts, a chain or more each, which run at once: the same kernels, the same bits. Measured on two processors, µs one
after the other and at once: training steps of policy and value networks of 64 units, batches of 64: 76, 51; of
128 (`two_networks` of tools/bench): 124, 76; of two towers of 128 units, batches of 64: 434, 228. Beside a busy
neighbour they take up to 5 % longer. All that a stretch makes lies side by side in memory, so it is kept small.
Holds no state.
"""

from math import prod

from graphflow.framework.kernel_loader import kernels

# Microseconds: what a stretch must save; one operation of a product; a cheap element; a kernel's call, and one that
# is divided.
_WORTH = 8.0
_OPERATION, _ELEMENT, _CALL, _DIVIDED_CALL = 1 / 100_000, .00012, .05, 2.0
_MOST_BYTES = 1 << 22       # made by a stretch
_LONGEST = 128              # steps of a stretch
_MOST_LANES = 8
_PRODUCTS = {"MatMul": "transpose_a", "BatchMatMul": "adj_x", "BatchMatMulV2": "adj_x"}
# Kernels that cannot fail: whose failure it was could not be told.
_SAFE = ("elementwise.", "matmul.", "thin_product.", "panel_product.", "reduction.rows", "reduction.columns",
         "softmax.softmax", "softmax.log_softmax", "softmax.cross_entropy", "copying.pieces", "pool.",
         "sequence.")
_FALLIBLE = {"Div", "FloorDiv", "FloorMod", "Mod", "TruncateDiv", "TruncateMod", "Pow"}


def side_by_side(spec, bound, wait):
    """`bound` (list of BoundNode) with such stretches replaced by single steps."""
    lanes = min(spec.threads, _MOST_LANES, kernels("cpu.pool").available_cpus())
    if lanes == 1 or spec.is_body or len(bound) < 4:
        return bound
    result = []
    for start, end, parts in _Stretches(spec, bound, lanes).found():
        step = None if parts is None else _joined(spec, [[bound[i] for i in part] for part in parts])
        if step is not None and not wait and not step.native.function.ready():
            spec.pending.append(step.native.function)
            step = None
        result.extend(bound[start:end] if step is None else [step])
    return result


def _dependencies(spec, bound):
    """For each step, the steps before it that it must come after.

    Writes of different variables are in no order here: between steps that cannot fail nobody can tell.
    """
    made, readers, before = {}, {}, []
    for i, step in enumerate(bound):
        earlier = set()
        for value in map(spec.root, step.inputs):
            if value in made:
                earlier.add(made[value])
            if value.variable is not None:
                readers.setdefault(value.variable, []).append(i)
        for write in step.writes:
            earlier.update(readers.get(write.variable, ()))
            readers[write.variable] = [i]
            made[write.value] = i
        for value in step.outputs:
            if value in made:
                earlier.add(made[value])    # several steps make parts of it
            made[value] = i
        before.append(sorted(earlier - {i}))
    return before


def _is_movable(step):
    """Whether a step may be a part of a stretch."""
    if (step.native is None or step.native.before_run is not None or step.native.in_place
            or step.place is not None):
        return False
    if not all(part.template.startswith(_SAFE) for part in step.native.function.components()):
        return False
    return not any(node.has_effects and not node.writes or
                   node.type in _FALLIBLE and any(v.dtype.is_integer for v in node.outputs) for node in step.nodes)


def _cost(spec, step):
    """About how many microseconds a step takes on one thread."""
    if step.node.type in _PRODUCTS:
        left = spec.shape[step.inputs[0]]
        k = left[-2 if step.node.attrs[_PRODUCTS[step.node.type]] else -1]
        return 2 * prod(spec.shape[step.node.outputs[0]]) * k * _OPERATION + _CALL
    inner, values, each = step.native.function.components()[-1], (*step.inputs, *step.native_outputs), 2
    if inner.template == "elementwise.program":
        values, each = step.native_outputs, kernels("cpu.elementwise").cost_of(inner.arguments[1].split(";"))
    return max(prod(spec.shape[value]) for value in values) * each * _ELEMENT + _CALL


class _Stretches:
    """Where to begin and end stretches so that all takes the least time: the best way to each step from the best
    ways to those before it."""

    def __init__(self, spec, bound, lanes):
        self._count, self._lanes = len(bound), lanes
        self._before = _dependencies(spec, bound)
        self._cost = [_cost(spec, step) if _is_movable(step) else None for step in bound]
        self._bytes = [sum(map(spec.nbytes, step.outputs)) for step in bound]
        # What it takes by itself: some are divided.
        divided = [step.native is not None and step.native.function.components()[0].template == "pool.run"
                   for step in bound]
        self._alone = [(cost or 0.0) / lanes + _DIVIDED_CALL if flag else cost or 0.0
                       for cost, flag in zip(self._cost, divided, strict=True)]

    def found(self):
        """(first step, end, lists of steps to run at once or None) of stretches, in order."""
        time, begin = [0.0] + [float("inf")] * self._count, [0] * (self._count + 1)
        longest = min(_LONGEST, max(8, 200_000 // self._count))
        for i in range(self._count):
            if time[i] + self._alone[i] < time[i + 1]:
                time[i + 1], begin[i + 1] = time[i] + self._alone[i], i
            for end, loads in self._grow(i, {}, longest):
                if loads[1] and time[i] + max(loads) + _WORTH < time[end]:
                    time[end], begin[end] = time[i] + max(loads) + _WORTH, i
        return list(self._pieces(begin))[::-1]

    def _pieces(self, begin):
        """As `found`, from the last to the first."""
        end = self._count
        while end:
            start, parts = begin[end], None
            if end - start > 1:
                lane = {}
                for reached, _ in self._grow(start, lane, end - start):
                    if reached == end:
                        break
                parts = [[i for i in range(start, end) if lane[i] == number] for number in range(self._lanes)]
                parts = [part for part in parts if part]
            yield start, end, parts
            end = start

    def _grow(self, start, lane, longest):
        """Yields (end, microseconds of each lane) of ever longer stretches; `lane`: step -> the lane it is in.

        A step goes where what it needs is made; else where least is to be done. It ends the stretch if it needs
        several lanes.
        """
        before, costs, loads, nbytes = self._before, self._cost, [0.0] * self._lanes, 0
        for i in range(start, min(start + longest, self._count)):
            needed = {lane[j] for j in before[i] if j >= start}
            nbytes += self._bytes[i]
            if costs[i] is None or len(needed) > 1 or nbytes > _MOST_BYTES:
                return
            lane[i] = number = needed.pop() if needed else loads.index(min(loads))
            loads[number] += costs[i]
            yield i + 1, loads


def _joined(spec, parts):
    """The step that runs lists of steps at once."""
    pool, sequence, registry = kernels("cpu.pool"), kernels("cpu.sequence"), kernels("registry")
    steps = [step for part in parts for step in part]
    writes = [write for step in steps for write in step.writes]
    outputs = list(dict.fromkeys(value for step in steps for value in step.outputs))
    inputs = list(dict.fromkeys(value for step in steps for value in step.inputs))
    place = {value: i for i, value in enumerate([*(write.value for write in writes), *outputs])}
    number = {value: i for i, value in enumerate(inputs)}

    def renumbered(step):
        given, made = step.inputs, step.native_outputs
        return registry.Native(step.native.function, [
            registry.In(number[given[word.index]]) if isinstance(word, registry.In) else
            registry.Out(place[made[word.index]]) if isinstance(word, registry.Out) else word
            for word in step.native.words])

    native = pool.at_once([sequence.row(*map(renumbered, part)) for part in parts], spec.threads)
    joined = steps[-1].fused([node for step in steps for node in step.nodes], inputs, outputs, native)
    joined.writes = writes
    return joined
