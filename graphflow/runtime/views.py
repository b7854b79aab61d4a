"""What splits, slices and joins would copy, read and written in place by elementwise kernels.

A Split or Slice whose readers are all elementwise is not run: they read a part of its source. If that is
elementwise too, cheap, and read by nobody else, they compute their part of it (the bias before an LSTM's
gates). A ConcatV2 of what elementwise steps make is not run: they write its parts. Holds what was found for
the steps of one specialisation.
"""

import dataclasses

from graphflow.framework.kernel_loader import kernels


@dataclasses.dataclass
class Part:
    """Where a value lies that has no memory of its own.

    Attributes: step: the BoundNode that would copy. root: the Value whose memory it is in. view: which part
    of that. begins, sizes: the part of the source; producer: the BoundNode that makes the source, if the
    readers compute it.
    """

    step: object
    root: object
    view: object
    begins: tuple = ()
    sizes: tuple = ()
    producer: object = None


def cut(shape, begins, sizes):
    """The part of an operand of `shape`, that broadcasts to the source, for a part of the source."""
    skip = len(begins) - len(shape)
    ends = [(0, 1) if size == 1 else pair for size, pair in zip(shape, list(zip(begins, sizes))[skip:])]
    return kernels("layout").View.slice(shape, [begin for begin, _ in ends], [size for _, size in ends])


class Views:
    """Attributes: reads, writes: Value (a root) -> Part, for what is read and made by elementwise steps."""

    def __init__(self, spec, bound, is_elementwise, is_cheap, kept):
        self.reads, self.writes = {}, {}
        self._spec, self._is_elementwise, self._is_cheap = spec, is_elementwise, is_cheap
        self._kept = set(kept)
        self._kept.update(v for step in bound if step.node.op in spec.plan.targets for v in step.outputs)
        self._makers = {value: step for step in bound for value in step.outputs}
        self._position = {step: i for i, step in enumerate(bound)}
        self._written = {}      # variable -> positions of its writes
        for i, step in enumerate(bound):
            for write in step.writes:
                self._written.setdefault(write.variable, []).append(i)
        self._readers, self._shapes = {}, {}
        for step in bound:
            for value in step.inputs:
                self._readers.setdefault(spec.root(value), []).append(step)
                self._shapes.setdefault(spec.root(value), set()).add(spec.shape[value])
        for step in bound:
            if step.native is not None and step.node.type in _FINDERS:
                _FINDERS[step.node.type](self, step)

    @property
    def steps(self):
        """The steps that need not run: those that would copy, and what their readers compute."""
        found = {part.step for part in (*self.reads.values(), *self.writes.values())}
        return found | {part.producer for part in self.reads.values() if part.producer is not None}

    def touched(self, members):
        """The steps that would copy what `members` read or make in place, in order."""
        parts = [self.reads.get(v) for m in members for v in map(self._spec.root, m.inputs)]
        parts += [self.writes.get(v) for m in members for v in m.outputs]
        return list(dict.fromkeys(part.step for part in parts if part is not None))

    def drop(self, steps):
        """Has these steps copy after all."""
        for parts in (self.reads, self.writes):
            for value in [value for value, part in parts.items() if part.step in steps]:
                del parts[value]

    def keep_producer(self, producer):
        """Has a step run whose result the readers would have computed."""
        for part in self.reads.values():
            if part.producer is producer:
                part.producer = None

    def inputs(self, step):
        """All that a step reads, also through what it reads in place."""
        for value in step.inputs:
            yield value
            part = self.reads.get(self._spec.root(value))
            if part is not None:
                yield part.root
                yield from part.producer.inputs if part.producer is not None else ()

    # ---- finding them

    def _is_private(self, value, readers):
        """Whether all that reads a value, in the shape that it has, is `readers`, and nobody keeps it."""
        known = self._readers.get(value, ())
        return (value not in self._kept and self._shapes.get(value) == {self._spec.shape[value]}
                and all(step in readers for step in known))

    def _read(self, step, source, parts):
        """Notes the outputs of `step`, which are `parts` (begins, sizes) of `source`, if all can be read in place."""
        spec, root = self._spec, self._spec.root(source)
        elementwise = {r for v in step.outputs for r in self._readers.get(v, ()) if self._is_elementwise(r)}
        if root.variable is not None or root in self.reads or not all(
                self._is_private(v, elementwise) for v in step.outputs):
            return
        maker = self._makers.get(root) if self._spec.shape[root] == self._spec.shape[source] else None
        computed = (maker is not None and self._is_elementwise(maker) and self._is_cheap(maker)
                    and self._is_private(root, {step})
                    and self._may_run_later(maker, elementwise))
        for value, (begins, sizes) in zip(step.outputs, parts):
            view = kernels("layout").View.slice(spec.shape[source], begins, sizes)
            self.reads[value] = Part(step, root, view, begins, sizes, maker if computed else None)

    def _may_run_later(self, maker, readers):
        """Whether a step reads the same where its readers stand: no variable is written in between."""
        start, end = self._position[maker], max(map(self._position.get, readers))
        inputs = [self._spec.root(value) for value in maker.inputs]
        return not any(value in self.reads or any(start < i < end for i in self._written.get(value.variable, ()))
                       for value in inputs)

    def _along(self, shape, axis, sizes):
        """(begins, sizes) of the parts of an array of `shape` that follow each other along an axis."""
        axis, begin, found = int(axis) % len(shape), 0, []
        for size in sizes:
            begins = [0] * len(shape)
            begins[axis] = begin
            found.append((tuple(begins), (*shape[:axis], size, *shape[axis + 1:])))
            begin += size
        return found

    def _find_split(self, step):
        is_even = step.node.type == "Split"
        source, axis = (step.inputs[1], step.inputs[0]) if is_even else (step.inputs[0], step.inputs[2])
        shape, axis = self._spec.shape[source], self._spec.constants.get(axis)
        if axis is not None:
            self._read(step, source, self._along(shape, axis, [
                self._spec.shape[v][int(axis) % len(shape)] for v in step.outputs]))

    def _find_slice(self, step):
        begins = self._spec.constants.get(step.inputs[1])
        if begins is not None:
            self._read(step, step.inputs[0], [(tuple(map(int, begins)), self._spec.shape[step.outputs[0]])])

    def _find_join(self, step):
        *values, axis = map(self._spec.root, step.inputs)
        axis, whole = self._spec.constants.get(axis), step.outputs[0]
        makers = [self._makers.get(value) for value in values]
        if axis is None or len(set(values)) < len(values) or not all(
                maker is not None and self._is_elementwise(maker) and self._is_private(value, {step})
                for maker, value in zip(makers, values)):
            return
        shape = self._spec.shape[whole]
        sizes = [self._spec.shape[v][int(axis) % len(shape)] for v in values]
        for value, (begins, size) in zip(values, self._along(shape, axis, sizes)):
            self.writes[value] = Part(step, whole, kernels("layout").View.slice(shape, begins, size))


_FINDERS = {"Split": Views._find_split, "SplitV": Views._find_split, "Slice": Views._find_slice,
            "ConcatV2": Views._find_join}
