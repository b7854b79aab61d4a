"""Softmax and cross entropy, several rows at a time so that exp fills vectors. Hold no state.

All work on blocks of whole rows that stay in the cache: scratch holds one block.
"""

from llvmlite import ir

from . import vector_math
from .reduction import row
from .values import (
    IrKernel,
    Value,
    advance,
    blocks,
    fail,
    index,
    load,
    loop,
    register_type,
    store,
    word,
)

BLOCK = 4096        # elements of a block; one row if that is longer


def _each_block(b, first, last, length):
    """Blocks of rows: yields (first row, last row)."""
    size = b.sdiv(index(BLOCK), length)
    size = b.select(b.icmp_signed("<", size, index(1)), index(1), size)
    return blocks(b, first, last, size)


def _shift(b, x, target, begin, end, length, dtype):
    """target = x - max of the row, for rows [begin, end); target begins at row `begin`."""
    with loop(b, begin, end) as r:
        source = advance(b, x, b.mul(r, length), dtype)
        place = advance(b, target, b.mul(b.sub(r, begin), length), dtype)
        largest = row(b, "Max", source, length, dtype)
        with loop(b, index(0), length) as i:
            store(b, place, i, load(b, source, i, dtype) - largest)


def _exp(b, source, target, count, dtype):
    with loop(b, index(0), count) as i:
        store(b, target, i, vector_math.exp(load(b, source, i, dtype, again=True)))


def softmax(dtype):
    """Softmax of rows. Words: out, x, first row, last row, row length."""
    def emit(b, block):
        out, x, first, last, length = (word(b, block, i) for i in range(5))
        with _each_block(b, first, last, length) as (begin, end):
            target = advance(b, out, b.mul(begin, length), dtype)
            _shift(b, x, target, begin, end, length, dtype)
            count = b.sub(end, begin)
            _exp(b, target, target, b.mul(count, length), dtype)
            with loop(b, index(0), count) as r:
                place = advance(b, target, b.mul(r, length), dtype)
                total = row(b, "Sum", place, length, dtype, again=True)
                with loop(b, index(0), length) as i:
                    store(b, place, i, load(b, place, i, dtype, again=True) / total)

    return IrKernel(emit)


def log_softmax(dtype):
    """Log of the softmax of rows. Words: out, x, first row, last row, row length, scratch."""
    def emit(b, block):
        out, x, first, last, length, scratch = (word(b, block, i) for i in range(6))
        with _each_block(b, first, last, length) as (begin, end):
            target = advance(b, out, b.mul(begin, length), dtype)
            _shift(b, x, target, begin, end, length, dtype)
            count = b.sub(end, begin)
            _exp(b, target, scratch, b.mul(count, length), dtype)
            with loop(b, index(0), count) as r:
                offset = b.mul(r, length)
                place = advance(b, target, offset, dtype)
                powers = advance(b, scratch, offset, dtype)
                total = vector_math.log(row(b, "Sum", powers, length, dtype, again=True))
                with loop(b, index(0), length) as i:
                    store(b, place, i, load(b, place, i, dtype, again=True) - total)

    return IrKernel(emit)


def cross_entropy(dtype):
    """Loss and gradient for given probabilities.

    Words: loss, gradient, logits, labels, first row, last row, row length, scratch.
    """
    def emit(b, block):
        losses, out, x, labels, first, last, length, scratch = (
            word(b, block, i) for i in range(8))
        with _each_block(b, first, last, length) as (begin, end):
            target = advance(b, out, b.mul(begin, length), dtype)
            _shift(b, x, target, begin, end, length, dtype)
            count = b.sub(end, begin)
            _exp(b, target, scratch, b.mul(count, length), dtype)
            with loop(b, index(0), count) as r:
                offset = b.mul(r, length)
                place = advance(b, target, offset, dtype)
                powers = advance(b, scratch, offset, dtype)
                wanted = advance(b, labels, b.mul(b.add(begin, r), length), dtype)
                total = row(b, "Sum", powers, length, dtype, again=True)
                log_total = vector_math.log(total)
                with loop(b, index(0), length) as i:
                    label = load(b, wanted, i, dtype)
                    shifted = load(b, place, i, dtype, again=True)
                    power = load(b, powers, i, dtype, again=True)
                    store(b, place, i, power / total - label)
                    store(b, powers, i, label * (log_total - shifted))
                store(b, losses, b.add(begin, r),
                      row(b, "Sum", powers, length, dtype, again=True))

    return IrKernel(emit)


def sparse_cross_entropy(dtype, label_type, code):
    """Loss and gradient for given classes. Fails with `code` where a label is no class.

    Words: 0 and 1 details of a failure (position, label), loss, gradient, logits, labels, first
    row, last row, row length, scratch.
    """
    def emit(b, block):
        losses, out, x, labels, first, last, length, scratch = (
            word(b, block, i) for i in range(2, 10))
        with loop(b, first, last) as r:
            label = load(b, labels, r, label_type).cast("int64").ir
            fail(b, block, b.icmp_unsigned(">=", label, length), int(code), r, label)
        with _each_block(b, first, last, length) as (begin, end):
            target = advance(b, out, b.mul(begin, length), dtype)
            _shift(b, x, target, begin, end, length, dtype)
            count = b.sub(end, begin)
            _exp(b, target, scratch, b.mul(count, length), dtype)
            with loop(b, index(0), count) as r:
                offset = b.mul(r, length)
                place = advance(b, target, offset, dtype)
                powers = advance(b, scratch, offset, dtype)
                total = row(b, "Sum", powers, length, dtype, again=True)
                line = b.add(begin, r)
                label = load(b, labels, line, label_type).cast("int64").ir
                store(b, losses, line,
                      vector_math.log(total) - load(b, place, label, dtype, again=True))
                with loop(b, index(0), length) as i:
                    power = load(b, powers, i, dtype, again=True)
                    store(b, place, i, power / total)
                one = Value(b, dtype, ir.Constant(register_type(dtype), 1.0))
                store(b, place, label, load(b, place, label, dtype, again=True) - one)

    return IrKernel(emit)
