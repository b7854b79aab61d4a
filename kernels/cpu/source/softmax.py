"""Softmax and cross entropy, a row at a time while it is in the cache. Hold no state.

A row's end is a part of a vector, so that the ten numbers of ten classes take one vector. Rows are
scaled by the inverse of their sum, as in TensorFlow.
"""

from operator import add

from llvmlite import ir

from . import vector_math
from .values import I32, IrKernel, Value, advance, fail, index, load, loop, store, where, word
from .vectors import Lanes, steps

_UNROLL = 4


class _Row:
    """Rows of `length` numbers as vectors. Its numbers are given as distances in bytes."""

    def __init__(self, b, dtype, lanes, length):
        self.b, self.v, self.length = b, Lanes(b, dtype, lanes), length
        self._whole = b.and_(length, index(-lanes))
        self._rest = b.sub(length, self._whole)
        self._mask = self.v.mask(self._rest)

    def each(self, body):
        """Emits `body(distance, mask)` for every vector; mask is None but for what ends the row."""
        b, v = self.b, self.v
        with steps(b, index(0), self._whole, v.lanes) as (i, _):
            body(b.mul(i, index(v.size)), None)
        with b.if_then(b.icmp_signed("!=", self._rest, index(0))):
            body(b.mul(self._whole, index(v.size)), self._mask)

    def load(self, address, distance, mask):
        """A vector as a Value; zero outside of the mask."""
        v, place = self.v, self.b.add(address, distance)
        return v.value(v.load(place) if mask is None else v.load_part(mask, place))

    def store(self, value, address, distance, mask):
        """Writes the lanes of the mask."""
        v, place = self.v, self.b.add(address, distance)
        v.store(value.ir, place) if mask is None else v.store_part(mask, value.ir, place)

    def largest(self, address):
        """The row's maximum in every lane, as a Value. NaN may be passed over: the sum will have it."""
        b, v = self.b, self.v
        low = v.constant(float("-inf"))
        slots = [v.slot(low) for _ in range(_UNROLL)]

        def take(slot, value):
            old = v.value(b.load(slot))
            b.store(where(value > old, value, old).ir, slot)

        with steps(b, index(0), self._whole, _UNROLL * v.lanes) as (i, end):
            place = b.add(address, b.mul(i, index(v.size)))
            for k, slot in enumerate(slots):
                take(slot, v.value(v.load(place, k * v.bytes)))
        with steps(b, end, self._whole, v.lanes) as (i, _):
            take(slots[0], v.value(v.load(b.add(address, b.mul(i, index(v.size))))))
        with b.if_then(b.icmp_signed("!=", self._rest, index(0))):
            last = v.load_part(self._mask, b.add(address, b.mul(self._whole, index(v.size))))
            take(slots[1], v.value(b.select(self._mask, last, low)))
        best = [v.value(b.load(slot)) for slot in slots]
        while len(best) > 1:
            best = [where(x > y, x, y) for x, y in zip(best[::2], best[1::2], strict=True)]
        return v.value(v.splat(v.across(best[0].ir, lambda x, y: where(x > y, x, y)).ir))

    def sum(self, term):
        """The sum of `term(distance, mask)` over the row, a number; emits all that `term` emits."""
        b, v = self.b, self.v
        slot = v.slot(v.zero)

        def body(distance, mask):
            value = term(distance, mask).ir
            value = value if mask is None else b.select(mask, value, v.zero)
            b.store(b.fadd(b.load(slot), value), slot)

        self.each(body)
        return v.across(b.load(slot), add)

    def spread(self, number):
        """A number in every lane."""
        return self.v.value(self.v.splat(number.ir))

    def sum_of_powers(self, x, largest, target=None):
        """The sum of e**(x - largest), whose terms go to `target`."""
        def term(distance, mask):
            power = vector_math.exp(self.load(x, distance, mask) - largest)
            if target is not None:
                self.store(power, target, distance, mask)
            return power
        return self.sum(term)

    def scale(self, target, total):
        """Divides what is at `target` by `total`."""
        inverse = self.spread(total.const(1.0) / total)
        self.each(lambda distance, mask: self.store(
            self.load(target, distance, mask) * inverse, target, distance, mask))


def softmax(dtype, lanes):
    """Softmax of rows. Words: out, x, first row, last row, row length. `out` may be x."""
    def emit(b, block):
        out, x, first, last, length = (word(b, block, i) for i in range(5))
        row = _Row(b, dtype, int(lanes), length)
        with loop(b, first, last) as i:
            source, target = (advance(b, base, b.mul(i, length), dtype) for base in (x, out))
            row.scale(target, row.sum_of_powers(source, row.largest(source), target))

    return IrKernel(emit)


def log_softmax(dtype, lanes):
    """Log of the softmax of rows. Words: out, x, first row, last row, row length. `out` may be x."""
    def emit(b, block):
        out, x, first, last, length = (word(b, block, i) for i in range(5))
        row = _Row(b, dtype, int(lanes), length)
        with loop(b, first, last) as i:
            source, target = (advance(b, base, b.mul(i, length), dtype) for base in (x, out))
            largest = row.largest(source)
            log_total = row.spread(vector_math.log(row.sum_of_powers(source, largest)))
            row.each(lambda distance, mask: row.store(
                row.load(source, distance, mask) - largest - log_total, target, distance, mask))

    return IrKernel(emit)


def cross_entropy(dtype, lanes):
    """Loss and gradient for given probabilities.

    Words: loss, gradient, logits, labels, first row, last row, row length.
    """
    def emit(b, block):
        losses, out, x, labels, first, last, length = (word(b, block, i) for i in range(7))
        row = _Row(b, dtype, int(lanes), length)
        with loop(b, first, last) as i:
            source, target, wanted = (advance(b, base, b.mul(i, length), dtype) for base in (x, out, labels))
            largest = row.largest(source)
            total = row.sum_of_powers(source, largest, target)
            log_total, inverse = row.spread(vector_math.log(total)), row.spread(total.const(1.0) / total)

            def loss(distance, mask):
                label = row.load(wanted, distance, mask)
                power = row.load(target, distance, mask)
                row.store(power * inverse - label, target, distance, mask)
                return label * (log_total - (row.load(source, distance, mask) - largest))

            store(b, losses, i, row.sum(loss))

    return IrKernel(emit)


def sparse_cross_entropy(dtype, lanes, label_type, code):
    """Loss and gradient for given classes. Fails with `code` where a label is no class.

    Words: 0 and 1 details of a failure (position, label), loss, gradient, logits, labels, first
    row, last row, row length.
    """
    def emit(b, block):
        losses, out, x, labels, first, last, length = (word(b, block, i) for i in range(2, 9))
        row = _Row(b, dtype, int(lanes), length)
        with loop(b, first, last) as i:
            label = load(b, labels, i, label_type).cast("int64").ir
            fail(b, block, b.icmp_unsigned(">=", label, length), int(code), i, label)
            source, target = (advance(b, base, b.mul(i, length), dtype) for base in (x, out))
            largest = row.largest(source)
            total = row.sum_of_powers(source, largest, target)
            row.scale(target, total)
            top = Value(b, dtype, b.extract_element(largest.ir, ir.Constant(I32, 0)))
            store(b, losses, i, vector_math.log(total) - (load(b, source, label, dtype) - top))
            wanted = load(b, target, label, dtype, again=True)
            store(b, target, label, wanted - wanted.const(1.0))

    return IrKernel(emit)
