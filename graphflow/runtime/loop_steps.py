"""What a loop's body makes and records, and where that can be made: known before the loop runs. Holds no state."""

from graphflow.framework.kernel_loader import kernels
from graphflow.runtime import tapes


def flat(spec, body):
    """(what a body makes and records; of the recorded, (path, whether more than its shape is read)).

    The tape of a conditional is recorded as its parts, what is collected with its number of rows, where that varies.
    """
    outputs = len(body.plan.fetches) - len(body.recorded)
    values, recorded = body.plan.fetches[:outputs], []
    for value, (tensor, whole) in zip(body.plan.fetches[outputs:], body.recorded):
        parts = spec.tapes.get(spec.root(value), {(): (value, whole)})
        if value in spec.pieces:
            parts = {(): (spec.pieces[value][0], True), (tapes.ROWS,): (spec.pieces[value][1], True)}
        for path, (part, kept) in parts.items():
            values.append(part)
            recorded.append(((tensor, *path), kept))
    return values, recorded


class Steps:
    """What is known of a body's steps before they run.

    Attributes: roots: of each value that is made or recorded, the one whose memory it is; made: those that native
    steps make. in_place: (loop variable, its value for the next iteration) where an iteration makes that in the
    variable's own memory, since nobody reads the one before any more, now or afterwards. rows: {loop variable: number
    of the column} where what is recorded is the variable itself: it moves on along the column, from row to row.
    """

    def __init__(self, spec, body, fetches, recorded):
        self._spec, self._recorded = spec, recorded
        self.roots = [spec.root(value) for value in fetches]
        self.made = {}      # and the first step that makes it, or a part of it, anew in each iteration
        for i, bound in enumerate(spec.nodes[spec.once:], spec.once):
            for value in bound.outputs:
                self.made.setdefault(value, i)
        self.variables = {number: value for value, (kind, number, _) in zip(
            body.plan.feeds, body.arguments, strict=True) if kind == "loop"}
        last = {spec.root(value): i for i, bound in enumerate(spec.nodes) for value in bound.inputs}
        self.rows, self.in_place = {}, []
        for number, value in self._renewed():
            then = self.roots[number]
            if value not in self.roots and (
                    last.get(value, -1) < self.made[then] or last[value] == self.made[then]
                    and self._may_share(spec.nodes[self.made[then]], then, value)):
                self.in_place.append((number, then))

    def find_rows(self, tested):
        """Finds `rows`; `tested`: the variables that the loop's test reads."""
        outputs = len(self.roots) - len(self._recorded)
        for number, value in self._renewed():
            if number not in tested and self.roots.count(value) == 1 and self.roots.index(value) >= outputs:
                column = self.roots.index(value) - outputs
                if self._recorded[column][1]:
                    self.rows[number] = column

    def _renewed(self):
        """(number, value) of the loop variables whose next value native steps make, and for them alone."""
        return [(number, value) for number, value in self.variables.items()
                if self.roots[number] in self.made and self.roots.count(self.roots[number]) == 1]

    def _may_share(self, bound, made, read):
        return any(bound.native_outputs[out] is made and self._spec.root(bound.inputs[source]) is read
                   for out, source in kernels("cpu.elementwise").may_share(bound.native))
