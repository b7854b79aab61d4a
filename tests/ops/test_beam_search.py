"""Sample rows of `graphflow/ops/beam_search.py`."""

import numpy as np
import pytest

import graphflow as tf
from tests.ops.harness import Sample, fixed, ints, sample_tests

END = 9


def followed(steps, parents, lengths, end):
    """Beam by beam, from the last step back."""
    result = np.full(steps.shape, end)
    for b, length in enumerate(np.minimum(lengths, len(steps))):
        for beam in range(steps.shape[2]):
            parent = beam
            for level in range(length - 1, -1, -1):
                result[level, b, beam] = steps[level, b, parent]
                parent = parents[level, b, parent]
            found = np.flatnonzero(result[:, b, beam] == end)
            if found.size:
                result[found[0]:, b, beam] = end
    return result.astype(np.int32)


test_samples = sample_tests([
    Sample("GatherTree", [ints(0, 10, 5, 2, 3), ints(0, 3, 5, 2, 3), fixed(np.int32([5, 3])),
                          fixed(np.int32(END))], followed, dtypes="int32", id="plain"),
    Sample("GatherTree", [ints(0, 9, 4, 3, 2), ints(0, 2, 4, 3, 2), fixed(np.int32([0, 7, 1])),
                          fixed(np.int32(END))], followed, dtypes="int32", id="lengths"),
])


def test_parents_that_are_no_beams():
    steps, parents = [[[1, 2]], [[3, 4]]], [[[0, 0]], [[-1, 0]]]
    beams = tf.contrib.seq2seq.gather_tree(steps, parents, [2], END)
    with tf.Session() as session, pytest.raises(
            tf.errors.InvalidArgumentError, match=r"parent id -1 at \(batch, time, beam\) == \(0, 0, 0\)"):
        session.run(beams)
