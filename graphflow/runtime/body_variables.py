"""The variables that the bodies of one node use, when these run in frames.

What no body of the node writes is shared for as long as the node runs: other runs copy it before they write.
What any of them writes is taken again for each iteration, by the test of a loop as by its body: the run holds
the session's gate then, and a body may have put another array in its place. State: the variables' slots.
"""

import contextlib


def written_by(bodies):
    """The keys of the variables that any of these BodyPlans writes."""
    return {v.key for body in bodies for v in body.plan.variables if v.last is not v.start}


class BodyVariables:
    """Those of one body. Args: spec: its Specialization. written: keys of those that the node's bodies write."""

    def __init__(self, spec, written, resources):
        self._gate = resources.gate
        self._slots = [(resources.slot(v.key), v.key in written, spec.shape[v.start]) for v in spec.variables]

    def __len__(self):
        return len(self._slots)

    def fit(self):
        """Whether they have the shapes that they had when the body was specialised."""
        return all(slot.value is not None and slot.value.shape == shape for slot, _, shape in self._slots)

    @contextlib.contextmanager
    def held(self):
        """A function that gives their arrays, for one iteration."""
        with self._gate:
            arrays = [None if written else slot.share() for slot, written, _ in self._slots]
        try:
            yield lambda: [slot.writable() if array is None else array
                           for (slot, _, _), array in zip(self._slots, arrays)]
        finally:
            with self._gate:
                for (slot, _, _), array in zip(self._slots, arrays):
                    if array is not None:
                        slot.unshare(array)
