"""Layout: where the values of a specialised plan lie in the memory of a frame.

What native kernels make or read gets a place in one arena; values of lifetimes that do not meet share memory, and
elementwise kernels write over what they read for the last time. All else stays with Python. Holds no memory itself.
"""

from graphflow.compiler.memory import assign_offsets
from graphflow.framework.kernel_loader import kernels

# Fed arrays up to this size are copied into the frame, which is cheaper than patching pointers.
_COPIED_FEED_BYTES = 2048


class Layout:
    """The layout of one Specialization; `natively_read`: roots of what its native kernels read.

    Attributes: rows: (value, offset, bytes, first step, last step, whether it is made in place of another) of each
    value in the arena. size: bytes of that. made: what the steps make, in order. dying: {step: what it reads, or
    makes, that nobody needs afterwards}.
    """

    def __init__(self, spec, natively_read):
        self._spec = spec
        first, last = self._lifetimes()
        self.made = list(first)
        self.dying = {}
        for value in first:
            if last[value] < len(spec.nodes):
                self.dying.setdefault(spec.nodes[last[value]], []).append(value)
        made_natively = {v for b in spec.nodes if b.native for v in b.outputs} - spec.handles
        fed = {v for v in spec.plan.feeds if v in natively_read and v not in spec.constants
               and spec.nbytes(v) <= _COPIED_FEED_BYTES}
        chosen = [v for v in first if v in made_natively or (v in natively_read and spec.shape[v] is not None)]
        heirs = self._heirs({v: i for i, v in enumerate(chosen)}, last)
        lifetimes = [(spec.nbytes(v), first[v], last[v]) for v in chosen]
        lifetimes += [(spec.nbytes(v), 0, len(spec.nodes)) for v in fed]
        offsets, self.size = assign_offsets(lifetimes, heirs)
        self.rows = [(value, offset, *lifetime, i in heirs) for i, (value, offset, lifetime) in enumerate(
            zip([*chosen, *fed], offsets, lifetimes, strict=True))]

    def _lifetimes(self):
        """({value: step that makes it}, {value: step that needs it last}) of what steps make or read."""
        spec, first, last = self._spec, {}, {}
        for i, bound in enumerate(spec.nodes):
            for value in bound.makes:
                first.setdefault(value, i)      # several steps may make parts of one value
                last[value] = i
            for value in bound.reads:
                last[spec.root(value)] = i
        for value in (*spec.fetched_values(), *spec.kept_values()):
            last[spec.root(value)] = len(spec.nodes)
        return first, last

    def _heirs(self, number, last):
        """{number of a value: number of the one, read for the last time, in whose memory it is made}."""
        spec, heirs, taken = self._spec, {}, set()
        for i, bound in enumerate(spec.nodes):
            if not bound.native:
                continue
            for out, source in kernels("cpu.elementwise").may_share(bound.native):
                value, root = bound.native_outputs[out], spec.root(bound.inputs[source])
                if (value in number and root in number and last[root] == i and root not in taken
                        and number[value] not in heirs and spec.nbytes(value) == spec.nbytes(root)
                        and value.dtype.size == root.dtype.size
                        and sum(spec.root(v) is root for v in bound.inputs) == 1):
                    heirs[number[value]] = number[root]
                    taken.add(root)
        return heirs
