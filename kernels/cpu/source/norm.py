"""Batch normalisation of rows of channels, in passes that run one after another. Hold no state.

Sums over rows go up in float32 over blocks of 64 rows, and blocks in float64, for each of some
groups of rows whose bounds depend on shapes alone; `finish_*` add the groups' sums up. Partial sums
are float64, [group][kind][channel].
"""

from types import SimpleNamespace

from .values import (
    IrKernel,
    Value,
    advance,
    blocks,
    double_word,
    index,
    load,
    loop,
    register_type,
    store,
    word,
)

_BLOCK_ROWS = 64


def _words(b, block, names):
    return SimpleNamespace(**{name: word(b, block, i) for i, name in enumerate(names.split())})


def _number(b, dtype, value):
    return Value(b, dtype, register_type(dtype)(value))


def sums(kind, dtype):
    """Sums of a group of rows: of x ("plain"), of (x - mean)^2 ("squares"), or of dy and of
    dy * (x - mean) ("gradient").

    Words: partial sums, number of this group, x, dy, mean, its first and last row, channels, scratch
    for as many float32 as the group has sums.
    """
    def emit(b, block):
        w = _words(b, block, "partial group x dy mean first last channels scratch")
        count = 2 if kind == "gradient" else 1
        out = advance(b, w.partial, b.mul(w.group, b.mul(w.channels, index(count))), "float64")
        parts = [advance(b, w.scratch, b.mul(w.channels, index(k)), dtype) for k in range(count)]
        totals = [advance(b, out, b.mul(w.channels, index(k)), "float64") for k in range(count)]

        def terms(at, i):
            x = load(b, at(w.x), i, dtype)
            if kind == "plain":
                return [x]
            centred = x - load(b, w.mean, i, dtype)
            if kind == "squares":
                return [centred * centred]
            dy = load(b, at(w.dy), i, dtype)
            return [dy, dy * centred]

        for total in totals:
            with loop(b, index(0), w.channels) as i:
                store(b, total, i, _number(b, "float64", 0.0))
        with blocks(b, w.first, w.last, index(_BLOCK_ROWS)) as (top, bottom):
            for part in parts:
                with loop(b, index(0), w.channels) as i:
                    store(b, part, i, _number(b, dtype, 0.0))
            with loop(b, top, bottom) as row:
                offset = b.mul(row, w.channels)
                with loop(b, index(0), w.channels) as i:
                    for part, term in zip(parts, terms(lambda base: advance(b, base, offset, dtype), i), strict=True):
                        store(b, part, i, load(b, part, i, dtype, again=True) + term)
            for part, total in zip(parts, totals, strict=True):
                with loop(b, index(0), w.channels) as i:
                    old = load(b, total, i, "float64", again=True)
                    store(b, total, i, old + load(b, part, i, dtype, again=True).cast("float64"))

    return IrKernel(emit)


def _group_sum(b, partial, groups, channels, kinds, kind, channel):
    """The sum over groups of one channel's partial sums, a float64."""
    with b.goto_entry_block():
        slot = b.alloca(register_type("float64"))
    b.store(_number(b, "float64", 0.0).ir, slot)
    with loop(b, index(0), groups) as group:
        line = b.mul(b.add(b.mul(group, index(kinds)), index(kind)), channels)
        b.store((Value(b, "float64", b.load(slot))
                 + load(b, partial, b.add(line, channel), "float64", again=True)).ir, slot)
    return Value(b, "float64", b.load(slot))


def finish_mean(dtype):
    """Words: mean, partial sums, groups, channels, rows (a double)."""
    def emit(b, block):
        w = _words(b, block, "mean partial groups channels")
        rows = double_word(b, block, 4)
        with loop(b, index(0), w.channels) as i:
            total = _group_sum(b, w.partial, w.groups, w.channels, 1, 0, i)
            store(b, w.mean, i, (total / rows).cast(dtype))

    return IrKernel(emit)


def finish_statistics(dtype):
    """The variance, and the statistics put out: the mean, and the variance unbiased.

    Words: variance, shown mean, shown variance, mean, partial sums, groups, channels; doubles: rows,
    the factor that makes a variance unbiased.
    """
    def emit(b, block):
        w = _words(b, block, "variance shown_mean shown_variance mean partial groups channels")
        rows, unbiased = (double_word(b, block, i) for i in (7, 8))
        unbiased = unbiased.cast(dtype)
        with loop(b, index(0), w.channels) as i:
            total = _group_sum(b, w.partial, w.groups, w.channels, 1, 0, i)
            variance = (total / rows).cast(dtype)
            store(b, w.variance, i, variance)
            store(b, w.shown_mean, i, load(b, w.mean, i, dtype, again=True))
            store(b, w.shown_variance, i, variance * unbiased)

    return IrKernel(emit)


def _root(b, variance, epsilon, i, dtype):
    one = _number(b, dtype, 1.0)
    return one / (load(b, variance, i, dtype, again=True) + epsilon.cast(dtype)).intrinsic("sqrt")


def finish_gradient(dtype):
    """Words: dscale, doffset, partial sums, groups, channels, variance, epsilon (a double)."""
    def emit(b, block):
        w = _words(b, block, "dscale doffset partial groups channels variance")
        epsilon = double_word(b, block, 6)
        with loop(b, index(0), w.channels) as i:
            offset, scale = (_group_sum(b, w.partial, w.groups, w.channels, 2, kind, i) for kind in (0, 1))
            store(b, w.doffset, i, offset.cast(dtype))
            store(b, w.dscale, i, scale.cast(dtype) * _root(b, w.variance, epsilon, i, dtype))

    return IrKernel(emit)


def normalise(dtype):
    """y = (x - mean) * (scale / sqrt(variance + epsilon)) + offset.

    Words: y, x, scale, offset, mean, variance, first and last row, channels, scratch of a row,
    epsilon (a double).
    """
    def emit(b, block):
        w = _words(b, block, "y x scale offset mean variance first last channels scratch")
        epsilon = double_word(b, block, 10).cast(dtype)
        with loop(b, index(0), w.channels) as i:
            root = (load(b, w.variance, i, dtype, again=True) + epsilon).intrinsic("sqrt")
            store(b, w.scratch, i, load(b, w.scale, i, dtype) / root)
        with loop(b, w.first, w.last) as row:
            offset = b.mul(row, w.channels)
            x, y = (advance(b, base, offset, dtype) for base in (w.x, w.y))
            with loop(b, index(0), w.channels) as i:
                centred = load(b, x, i, dtype) - load(b, w.mean, i, dtype)
                store(b, y, i, centred * load(b, w.scratch, i, dtype) + load(b, w.offset, i, dtype))

    return IrKernel(emit)


def to_input(training, dtype):
    """dx of batch normalisation: with the batch's own statistics if `training` is "1".

    Words: dx, dy, x, scale, mean, variance, dscale, doffset, first and last row, channels, scratch
    of three rows, then the doubles epsilon and rows.
    """
    def emit(b, block):
        w = _words(b, block, "dx dy x scale mean variance dscale doffset first last channels scratch")
        epsilon, rows = double_word(b, block, 12), double_word(b, block, 13).cast(dtype)
        factor, shift, slope = (advance(b, w.scratch, b.mul(w.channels, index(k)), dtype) for k in range(3))
        with loop(b, index(0), w.channels) as i:
            root = _root(b, w.variance, epsilon, i, dtype)
            store(b, factor, i, load(b, w.scale, i, dtype) * root)
            if training == "1":
                store(b, shift, i, load(b, w.doffset, i, dtype, again=True) / rows)
                store(b, slope, i, load(b, w.dscale, i, dtype, again=True) * root / rows)
        with loop(b, w.first, w.last) as row:
            offset = b.mul(row, w.channels)
            dx, dy, x = (advance(b, base, offset, dtype) for base in (w.dx, w.dy, w.x))
            with loop(b, index(0), w.channels) as i:
                inner = load(b, dy, i, dtype)
                if training == "1":
                    centred = load(b, x, i, dtype) - load(b, w.mean, i, dtype)
                    inner = inner - load(b, shift, i, dtype) - centred * load(b, slope, i, dtype)
                store(b, dx, i, inner * load(b, factor, i, dtype))

    return IrKernel(emit)


def given_statistics(dtype):
    """Copies what was given. Words: mean, variance, to: mean, variance, mean, variance; channels."""
    def emit(b, block):
        w = _words(b, block, "mean variance first second third fourth channels")
        for source, target in ((w.mean, w.first), (w.variance, w.second), (w.mean, w.third), (w.variance, w.fourth)):
            with loop(b, index(0), w.channels) as i:
                store(b, target, i, load(b, source, i, dtype))

    return IrKernel(emit)


def zeros(dtype):
    """Words: out, how many."""
    def emit(b, block):
        out, count = word(b, block, 0), word(b, block, 1)
        with loop(b, index(0), count) as i:
            store(b, out, i, _number(b, dtype, 0.0))

    return IrKernel(emit)
