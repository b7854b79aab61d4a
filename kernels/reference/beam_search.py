"""Reference kernel of `graphflow/ops/beam_search.py`."""

import numpy as np

from ..registry import reference
from .array_checks import debug, fail


def _check(steps, parents, lengths, end):
    for name, value, rank, kind in (("step_ids", steps, 3, "3-tensor"), ("max_sequence_lengths", lengths, 1, "vector"),
                                    ("end_token", end, 0, "scalar")):
        if value.ndim != rank:
            fail(f"{name} must be a {kind}, saw shape: {debug(value.shape)}")
    if steps.shape != parents.shape:
        fail("step_ids.shape must match parent_ids.shape.  but shapes are: "
             f"{debug(steps.shape)} and {debug(parents.shape)}")
    if steps.shape[1] != len(lengths):
        fail("batch size dimensions step_ids.shape[1] and max_sequence_lengths.shape[0] must match.  but shapes are: "
             f"{debug(steps.shape)} and {debug(lengths.shape)}")


@reference.kernel("GatherTree")
def gather_tree(ctx):
    """Follows all beams of all sequences from the end at once; then ends each at its first end token."""

    def run(steps, parents, lengths, end):
        _check(steps, parents, lengths, end)
        time, batch, beams = steps.shape
        result = np.full(steps.shape, end, steps.dtype)
        lengths = np.minimum(lengths, time)
        rows = np.arange(batch)[:, None]
        parent = np.zeros((batch, beams), steps.dtype)
        for level in range(time - 1, -1, -1):
            last, inside = (lengths - 1 == level)[:, None], (lengths - 1 > level)[:, None]
            parent = np.where(last, np.arange(beams), parent)
            bad = inside & ((parent < 0) | (parent >= beams))
            if bad.any():
                b, beam = np.argwhere(bad)[0]
                fail(f"Saw invalid parent id {parent[b, beam]} at (batch, time, beam) == ({b}, {level}, {beam})")
            source = np.where(last | inside, parent, 0)
            result[level] = np.where(last | inside, steps[level][rows, source], end)
            parent = np.where(last | inside, parents[level][rows, source], parent)
        ended = np.cumsum(result == end, axis=0) > 0
        return np.where(ended, end, result).astype(steps.dtype)

    return run
