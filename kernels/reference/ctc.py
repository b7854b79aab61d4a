"""Reference kernels of `graphflow/ops/ctc.py`, with logarithms of probabilities; losses of all sequences at once."""

import itertools

import numpy as np

from ..registry import reference
from .array_checks import fail
from .sparse import check_ordered

_NEVER = -np.inf


def _check_lengths(inputs, lengths):
    if inputs.ndim != 3:
        fail("inputs is not a 3-Tensor")
    time, batch, _ = inputs.shape
    if lengths.shape != (batch,):
        fail(f"len(sequence_length) != batch_size.  len(sequence_length):  {lengths.size} batch_size: {batch}")
    for i, length in enumerate(lengths.tolist()):
        if not 0 <= length <= time:
            fail(f"sequence_length({i}) <= {time}")


def _log_softmax(scores):
    scores = scores.astype(np.float64)
    shifted = scores - scores.max(-1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(-1, keepdims=True))


class _Lattice:
    """Labels with blanks around them, and the steps allowed between them, of sequences side by side.

    Arrays are [sequence, state]; those of few labels have states at their end that nothing reaches.
    """

    def __init__(self, labels, lengths, blank, merge):
        count = max(map(len, labels))
        self.states = np.full((len(labels), 2 * count + 1), blank)
        for row, own in zip(self.states, labels, strict=True):
            row[1:2 * len(own):2] = own
        self.ends = np.array([2 * len(own) for own in labels])      # the last states
        self.lengths = lengths
        self.stay = (self.states == blank) | merge
        before = np.pad(self.states, [(0, 0), (2, 0)], constant_values=blank)[:, :-2]
        self.skip = (self.states != blank) & ~(merge & (self.states == before))
        self.skip[:, :2] = False

    def emitted(self, logs):
        """Of each time, the probabilities of the states' labels."""
        found = np.take_along_axis(logs, self.states[None], 2)
        found[:, np.arange(self.states.shape[1]) > self.ends[:, None]] = _NEVER
        return found

    def forward(self, emitted):
        """Probability of what came up to each time (included), in each state."""
        time, batch, states = emitted.shape
        rows = np.full((time, batch, states + 2), _NEVER)
        rows[0, :, 2:4] = emitted[0, :, :2]
        for last, row, now in zip(rows[:-1], rows[1:, :, 2:], emitted[1:], strict=True):
            ways = np.logaddexp(np.where(self.stay, last[:, 2:], _NEVER), last[:, 1:-1])
            np.add(np.logaddexp(ways, np.where(self.skip, last[:, :-2], _NEVER)), now, out=row)
        return rows[..., 2:]

    def backward(self, emitted):
        """Probability of what comes after each time, from each state."""
        time, batch, states = emitted.shape
        rows, after = np.full((time, batch, states), _NEVER), np.full((batch, states + 2), _NEVER)
        skipped, each = after.copy(), np.arange(batch)
        for t in range(time - 1, -1, -1):
            if t + 1 < time:
                np.add(rows[t + 1], emitted[t + 1], out=after[:, :-2])
                skipped[:, :-2] = np.where(self.skip, after[:, :-2], _NEVER)
                ways = np.logaddexp(np.where(self.stay, after[:, :-2], _NEVER), after[:, 1:-1])
                rows[t] = np.logaddexp(ways, skipped[:, 2:])
            rows[t, self.lengths <= t + 1] = _NEVER
            ending = each[self.lengths == t + 1]
            rows[t, ending, self.ends[ending]] = 0
            rows[t, ending, np.maximum(self.ends[ending] - 1, 0)] = 0
        return rows


def _losses(scores, labels, lengths, merge):
    """(losses, their gradient for the scores [time, sequence, class]) of sequences none of which is empty."""
    logs = _log_softmax(scores)
    lattice = _Lattice(labels, lengths, scores.shape[2] - 1, merge)
    emitted = lattice.emitted(logs)
    both = lattice.forward(emitted) + lattice.backward(emitted)
    total = np.logaddexp.reduce(both[0], -1)
    gradient, each = np.exp(logs), np.arange(len(lengths))
    possible = np.where(total > _NEVER, total, np.inf)      # no way: nothing to take off
    for state, column in zip(lattice.states.T, np.moveaxis(both, 2, 0), strict=True):
        gradient[:, each, state] -= np.exp(column - possible)
    gradient[np.arange(len(scores))[:, None] >= lengths] = 0
    return -total, gradient


@reference.kernel("CTCLoss")
def ctc_loss(ctx):
    """Forward and backward probabilities of all ways through the labels."""
    collapse, merge = ctx.attr("preprocess_collapse_repeated"), ctx.attr("ctc_merge_repeated")
    ignore = ctx.attr("ignore_longer_outputs_than_inputs")

    def run(inputs, indices, values, lengths):
        _check_lengths(inputs, lengths)
        _, batch, classes = inputs.shape
        if not batch:
            fail("batch_size must not be 0")
        if len(indices) != len(values):
            fail("labels_indices and labels_values must contain the same number of rows")
        check_ordered(indices)
        rows = [[] for _ in range(batch)]
        for (row, _), label in zip(indices.tolist(), values.tolist()):
            if not 0 <= row < batch:
                fail(f"labels batch index must be between 0 and {batch} but saw: {row}")
            if not 0 <= label < classes - 1:
                fail(f"Saw a non-null label (index >= num_classes - 1) or a negative one: {label}, batch: {row}, "
                     f"num_classes: {classes}")
            rows[row].append(label)
        losses, gradient, chosen = np.zeros(batch, inputs.dtype), np.zeros_like(inputs), []
        for i, (labels, length) in enumerate(zip(rows, lengths.tolist())):
            if collapse:
                labels = rows[i] = [label for label, _ in itertools.groupby(labels)]
            needed = len(labels) + merge * sum(a == b for a, b in itertools.pairwise(labels))
            if needed > length and not ignore:
                fail(f"Not enough time for target transition sequence (required: {needed}, available: {length})"
                     f"{i}You can turn this error into a warning by using the flag ignore_longer_outputs_than_inputs")
            if length and needed <= length:
                chosen.append(i)
        if chosen:
            time = lengths[chosen].max()
            losses[chosen], gradient[:time, chosen] = _losses(
                inputs[:time, chosen], [rows[i] for i in chosen], lengths[chosen], merge)
        return losses, gradient

    return run


def _sparse(rows):
    """Rows of labels as indices, values and shape."""
    places = [(i, j) for i, row in enumerate(rows) for j in range(len(row))]
    values = np.array([label for row in rows for label in row], np.int64)
    return (np.array(places, np.int64).reshape(-1, 2), values,
            np.array([len(rows), max(map(len, rows), default=0)], np.int64))


@reference.kernel("CTCGreedyDecoder")
def greedy(ctx):
    """The best class at each time."""
    merge = ctx.attr("merge_repeated")

    def run(inputs, lengths):
        _check_lengths(inputs, lengths)
        blank = inputs.shape[2] - 1
        rows, scores = [], np.zeros((len(lengths), 1), inputs.dtype)
        for i, length in enumerate(lengths.tolist()):
            path = inputs[:length, i].argmax(-1).tolist()
            scores[i] = -inputs[:length, i].max(-1, initial=_NEVER).sum() if length else 0
            rows.append([label for t, label in enumerate(path)
                         if label != blank and not (merge and t and path[t - 1] == label)])
        return (*_sparse(rows), scores)

    return run


class _Sequences:
    """Sequences of labels that were found so far, each its parent's with one label more; number 0 is the empty one."""

    def __init__(self):
        self.parents, self.labels, self.repeats = [-1], [-1], [False]
        self._children = {}

    def child(self, parent, label):
        """The number of a sequence."""
        found = self._children.setdefault((parent, label), len(self.labels))
        if found == len(self.labels):
            self.parents.append(parent)
            self.labels.append(label)
            self.repeats.append(label == self.labels[parent])
        return found

    def of(self, number):
        """The labels of a sequence."""
        labels = []
        while number:
            labels.append(self.labels[number])
            number = self.parents[number]
        return tuple(labels[::-1])


def _best(scores, count):
    """Positions of the largest of a vector, falling, equal ones in order, without those that never come."""
    if len(scores) > count:
        least = np.partition(scores, len(scores) - count)[len(scores) - count]
        places = np.flatnonzero(scores >= least)
    else:
        places = np.arange(len(scores))
    places = places[np.argsort(-scores[places], kind="stable")][:count]
    return places[scores[places] > _NEVER].tolist()


def _search(logs, width):
    """The most probable label sequences: a list of (labels, log probability), best first."""
    blank = logs.shape[1] - 1
    known, beams = _Sequences(), [0]
    in_blank, in_label = np.array([0.0]), np.array([_NEVER])    # of each beam, by what it ends in
    for row in logs:
        total = np.logaddexp(in_blank, in_label)
        number = {beam: i for i, beam in enumerate(beams)}
        last = np.array([known.labels[beam] for beam in beams])
        parent = np.array([number.get(known.parents[beam], -1) for beam in beams])
        repeats = np.array([known.repeats[beam] for beam in beams])
        came = np.where(parent < 0, _NEVER, np.where(repeats, in_blank[parent], total[parent]))
        stays = total + row[blank], np.where(last < 0, _NEVER, np.logaddexp(in_label, came) + row[last])
        grows = np.add.outer(total, row[:blank])
        labelled = np.flatnonzero((last >= 0) & (last < blank))
        grows[labelled, last[labelled]] = in_blank[labelled] + row[last[labelled]]
        grows[parent[parent >= 0], last[parent >= 0]] = _NEVER      # is a beam already
        scores = np.concatenate([np.logaddexp(*stays)[:, None], grows], 1)
        chosen = [divmod(place, blank + 1) for place in _best(scores.ravel(), width)]
        in_blank = np.array([_NEVER if label else stays[0][i] for i, label in chosen])
        in_label = np.array([grows[i, label - 1] if label else stays[1][i] for i, label in chosen])
        beams = [known.child(beams[i], label - 1) if label else beams[i] for i, label in chosen]
    return [(known.of(beam), score) for beam, score in zip(beams, np.logaddexp(in_blank, in_label))]


@reference.kernel("CTCBeamSearchDecoder")
def beam_search(ctx):
    """Prefix search over the `beam_width` most probable label sequences."""
    width, count, merge = ctx.attr("beam_width"), ctx.attr("top_paths"), ctx.attr("merge_repeated")

    def run(inputs, lengths):
        _check_lengths(inputs, lengths)
        if count > width:
            fail(f"requested more paths ({count}) than the beam width ({width})")
        paths, scores = [[] for _ in range(count)], np.zeros((len(lengths), count), inputs.dtype)
        for i, length in enumerate(lengths.tolist()):
            best = _search(_log_softmax(inputs[:length, i]), width) if length else [((), 0.0)]
            if len(best) < count:
                fail("Less leaves in the beam search than requested.")
            for k, (labels, score) in enumerate(best[:count]):
                paths[k].append([x for x, _ in itertools.groupby(labels)] if merge else labels)
                scores[i, k] = score
        parts = [_sparse(rows) for rows in paths]
        return (*[part[field] for field in range(3) for part in parts], scores)

    return run
