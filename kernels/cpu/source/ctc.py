"""The loss of connectionist temporal classification and its gradient, with logarithms of probabilities. Holds no state.

A sequence's states are its labels with blanks around them. `stay` and `skip` are 0 where a step to the same state, or
over one, is allowed, else minus infinity: what is added to the probability of such a way.
"""

import numpy as np
from numba import types
from numba.extending import register_jitable

from .memory import TYPES, load, peek, store
from .numba_math import exp, log
from .values import BYTES

_REAL, _WHOLE = types.float64, types.int64
_NEVER = -np.inf


@register_jitable
def _sum(a, b, c):
    """Logarithm of the sum of three numbers given by theirs."""
    most = max(max(a, b), c)
    most = most if most > _NEVER else 0.0
    return most + log(exp(a - most) + exp(b - most) + exp(c - most))


@register_jitable
def _labels(values, first, last, states, collapse, merge):
    """Fills in a sequence's labels, from the state 1 on; (how many, how long a sequence they need)."""
    count, needed = 0, 0
    for i in range(first, last):
        label = _WHOLE(load(values, i, types.int32))
        if collapse and i > first and label == load(values, i - 1, types.int32):
            continue
        needed += 2 if merge and count and peek(states, 2 * count - 1, _WHOLE) == label else 1
        count += 1
        store(states, 2 * count - 1, label)
    return count, needed


@register_jitable
def _steps(states, count, blank, merge, stay, skip):
    """Completes the states of `count` labels, and says which steps between them are allowed."""
    for s in range(0, 2 * count + 1, 2):
        store(states, s, blank)
    for s in range(2 * count + 1):
        state = peek(states, s, _WHOLE)
        is_same = s >= 2 and peek(states, s - 2, _WHOLE) == state
        store(stay, s, 0.0 if state == blank or merge else _NEVER)
        store(skip, s, 0.0 if s >= 2 and state != blank and not (merge and is_same) else _NEVER)
    store(skip, 2 * count + 1, _NEVER)
    store(skip, 2 * count + 2, _NEVER)


@register_jitable
def _emit(logs, states, count, emitted):
    for s in range(2 * count + 1):
        store(emitted, s, peek(logs, peek(states, s, _WHOLE), _REAL))


@register_jitable
def _are_in_range(rows, values, lengths, time, batch, classes, count):
    """Whether labels are in order and in range, and lengths too."""
    fine, row, place = True, _WHOLE(-1), _WHOLE(0)
    for i in range(count):
        this, here = load(rows, 2 * i, _WHOLE), load(rows, 2 * i + 1, _WHOLE)
        label = load(values, i, types.int32)
        fine = fine and 0 <= this < batch and 0 <= label < classes - 1
        fine = fine and (this > row or (this == row and here > place))
        row, place = this, here
    for i in range(batch):
        fine = fine and 0 <= load(lengths, i, types.int32) <= time
    return fine


@register_jitable
def _forward(logs, classes, length, states, count, stay, skip, emitted, alphas, width):
    """Probability of what came up to each time (included), in each state, after two that are none."""
    for t in range(length):
        _emit(logs + 8 * t * classes, states, count, emitted)
        row, before = alphas + 8 * t * width, alphas + 8 * (t - 1) * width
        store(row, 0, _NEVER)
        store(row, 1, _NEVER)
        if t == 0:
            for s in range(2 * count + 1):
                store(row, s + 2, peek(emitted, s, _REAL) if s < 2 else _NEVER)
            continue
        for s in range(2 * count + 1):
            way = _sum(peek(before, s + 2, _REAL) + peek(stay, s, _REAL), peek(before, s + 1, _REAL),
                       peek(before, s, _REAL) + peek(skip, s, _REAL))
            store(row, s + 2, way + peek(emitted, s, _REAL))


@register_jitable
def _total_of(row, count):
    """What the two last states have in the end."""
    first = peek(row, 2 * count + 1, _REAL) if count else _NEVER
    return _sum(peek(row, 2 * count + 2, _REAL), first, _NEVER)


def _log_softmax(kind):
    """What makes logarithms of probabilities of `length` steps."""
    @register_jitable
    def log_softmax(x, step, length, classes, logs):
        for t in range(length):
            most, total, row = _NEVER, 0.0, logs + 8 * t * classes
            for c in range(classes):
                most = max(most, _REAL(load(x, t * step + c, kind)))
            for c in range(classes):
                store(row, c, exp(_REAL(load(x, t * step + c, kind)) - most))
            for c in range(classes):
                total += peek(row, c, _REAL)
            rest = most + log(total)
            for c in range(classes):
                store(row, c, _REAL(load(x, t * step + c, kind)) - rest)

    return log_softmax


def _backward(kind):
    """What makes the gradient, by the probability of what comes after each time, from each state."""
    @register_jitable
    def backward(logs, classes, length, states, count, stay, skip, emitted, alphas, width, after, total, out, step):
        for t in range(length - 1, -1, -1):
            row = logs + 8 * t * classes
            for c in range(classes):
                store(out, t * step + c, kind(exp(peek(row, c, _REAL))))
            if t < length - 1:
                for s in range(2 * count + 1):
                    way = _sum(peek(after, s, _REAL) + peek(stay, s, _REAL), peek(after, s + 1, _REAL),
                               peek(after, s + 2, _REAL) + peek(skip, s + 2, _REAL))
                    store(after, s, way)
            else:
                for s in range(2 * count + 3):
                    store(after, s, 0.0 if s == 2 * count or s == 2 * count - 1 else _NEVER)
            if total > _NEVER:
                for s in range(2 * count + 1):
                    both = peek(alphas + 8 * t * width, s + 2, _REAL) + peek(after, s, _REAL)
                    store(emitted, s, exp(both - total))
                for s in range(2 * count + 1):
                    place = t * step + peek(states, s, _WHOLE)
                    store(out, place, kind(_REAL(peek(out, place, kind)) - peek(emitted, s, _REAL)))
            _emit(row, states, count, emitted)
            for s in range(2 * count + 1):
                store(after, s, peek(after, s, _REAL) + peek(emitted, s, _REAL))

    return backward


def loss(dtype, code):
    """Losses of sequences [first, last) of the batch, and their gradients.

    Words: 0 and 1 unused, losses, gradients, inputs, rows of labels, labels, lengths, first and last sequence, steps,
    sequences, classes, labels of all, the most that a sequence has room for, whether equal neighbours are one label
    from the start, whether they are in a path, whether labels too long for a sequence are ignored, scratch. Fails with
    `code` where the reference kernel has to word an error.
    """
    kind, size, code = TYPES[dtype], BYTES[dtype], types.int32(int(code))
    log_softmax, backward = _log_softmax(kind), _backward(kind)

    def kernel(block):
        losses, out, x, rows, values, lengths, first, last = (
            block[2], block[3], block[4], block[5], block[6], block[7], block[8], block[9])
        time, batch, classes, given, most = block[10], block[11], block[12], block[13], block[14]
        collapse, merge, ignore, scratch = block[15] != 0, block[16] != 0, block[17] != 0, block[18]
        if not _are_in_range(rows, values, lengths, time, batch, classes, given):
            return code
        width, step = 2 * most + 4, batch * classes
        states, stay, skip, emitted, after = (
            scratch, scratch + 8 * width, scratch + 16 * width, scratch + 24 * width, scratch + 32 * width)
        alphas = scratch + 40 * width
        logs = alphas + 8 * time * width
        end = 0
        for i in range(last):
            begin, length = end, _WHOLE(load(lengths, i, types.int32))
            while end < given and load(rows, 2 * end, _WHOLE) == i:
                end += 1
            if i < first:
                continue
            at, count, needed = i * classes, 0, end - begin
            if needed <= most:      # else more than there are steps
                count, needed = _labels(values, begin, end, states, collapse, merge)
            if needed > length and not ignore:
                return code
            done = length if needed <= length else 0
            for t in range(done, time):
                for c in range(classes):
                    store(out, t * step + at + c, kind(0))
            if not done:
                store(losses, i, kind(0))
                continue
            _steps(states, count, classes - 1, merge, stay, skip)
            log_softmax(x + at * size, step, length, classes, logs)
            _forward(logs, classes, length, states, count, stay, skip, emitted, alphas, width)
            total = _total_of(alphas + 8 * (length - 1) * width, count)
            backward(logs, classes, length, states, count, stay, skip, emitted, alphas, width, after, total,
                     out + at * size, step)
            store(losses, i, kind(-total))
        return types.int32(0)

    return kernel
