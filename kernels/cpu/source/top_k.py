"""The largest elements of rows. Hold no state."""

from numba import njit, types

from .memory import TYPES, load, peek, store
from .values import BYTES


def top_k(dtype, index_type):
    """The k largest of each row, falling, equal ones in order; NaN counts as smallest.

    Words: values, indices, x, rows, row length, k. By insertion: k is small.
    """
    kind, to = TYPES[dtype], TYPES[index_type]
    size, index_size = BYTES[dtype], BYTES[index_type]

    def kernel(block):
        length, k = block[4], block[5]
        for row in range(block[3]):
            x = block[2] + row * length * size
            values = block[0] + row * k * size
            indices = block[1] + row * k * index_size
            found = 0
            for i in range(length):
                value = load(x, i, kind)
                place = found
                while place > 0:
                    other = peek(values, place - 1, kind)
                    if not (value > other or (other != other and value == value)):
                        break
                    if place < k:
                        store(values, place, other)
                        store(indices, place, peek(indices, place - 1, to))
                    place -= 1
                if place < k:
                    store(values, place, value)
                    store(indices, place, to(i))
                    found = min(found + 1, k)
        return types.int32(0)

    return kernel


_RUN = 8        # positions that are sorted by insertion, before runs are merged


def _insert(kind):
    """Puts the positions `begin` to `end` into `target`, sorted."""
    whole = types.int64

    @njit
    def insert(x, target, begin, end):
        for i in range(begin, end):
            value, place = load(x, i, kind), i
            while place > begin:
                before = peek(target, place - 1, whole)
                other = load(x, before, kind)
                if not (value > other or (other != other and value == value)):
                    break
                store(target, place, before)
                place -= 1
            store(target, place, i)

    return insert


def _merge(kind):
    """Merges two neighbouring sorted runs of positions, `begin` to `middle` to `end`, from `source` into `target`."""
    whole = types.int64

    @njit
    def merge(x, source, target, begin, middle, end):
        left, right = begin, middle
        for place in range(begin, end):
            first = left < middle
            if first and right < end:
                a, b = load(x, peek(source, left, whole), kind), load(x, peek(source, right, whole), kind)
                first = not (b > a or (a != a and b == b))      # equal ones stay in order, NaN comes last
            if first:
                store(target, place, peek(source, left, whole))
                left += 1
            else:
                store(target, place, peek(source, right, whole))
                right += 1

    return merge


def by_sorting(dtype, index_type):
    """The same for any k: sorts positions, merging runs of growing length.

    Words: as of `top_k`; 6 scratch for two int64 of each element of a row.
    """
    kind, to = TYPES[dtype], TYPES[index_type]
    size, index_size = BYTES[dtype], BYTES[index_type]
    insert, merge = _insert(kind), _merge(kind)

    def kernel(block):
        length, k = block[4], block[5]
        for row in range(block[3]):
            x = block[2] + row * length * size
            source, target = block[6], block[6] + 8 * length
            for begin in range(0, length, _RUN):
                insert(x, source, begin, min(begin + _RUN, length))
            run = _RUN
            while run < length:
                for begin in range(0, length, 2 * run):
                    merge(x, source, target, begin, min(begin + run, length), min(begin + 2 * run, length))
                source, target = target, source
                run *= 2
            for i in range(k):
                position = peek(source, i, types.int64)
                store(block[0] + row * k * size, i, load(x, position, kind))
                store(block[1] + row * k * index_size, i, to(position))
        return types.int32(0)

    return kernel


_DIGIT = 11         # bits of a number that a round of sorting looks at
_BUCKETS = 1 << _DIGIT
_LOW = (1 << 32) - 1


def _key(dtype):
    """Of a number of up to 32 bits, one of 32 bits that falls as it grows; zeros are equal, NaN comes last."""
    bits = 8 * BYTES[dtype]
    kind = TYPES[dtype.replace("float", "int")]
    sign, mask = 1 << bits - 1, (1 << bits) - 1
    is_float, is_signed = dtype.startswith("float"), dtype.startswith("int")

    @njit
    def key(x, i):
        number = types.int64(load(x, i, kind)) & mask
        if is_float:
            if number & (sign - 1) > 0x7F800000:
                return types.int64(_LOW)
            number = 0 if number == sign else number
            return number if number & sign else number ^ (sign - 1)
        return (number ^ sign if is_signed else number) ^ mask

    return key


@njit
def _sort_digit(source, target, counts, count, shift):
    """Sorts numbers by one digit, equal ones in order; gives whether they have moved to `target`."""
    for i in range(_BUCKETS):
        store(counts, i, types.int64(0))
    for i in range(count):
        digit = types.int64(peek(source, i, types.uint64) >> shift) & (_BUCKETS - 1)
        store(counts, digit, peek(counts, digit, types.int64) + 1)
    if peek(counts, types.int64(peek(source, 0, types.uint64) >> shift) & (_BUCKETS - 1), types.int64) == count:
        return False
    before = types.int64(0)
    for i in range(_BUCKETS):
        here = peek(counts, i, types.int64)
        store(counts, i, before)
        before += here
    for i in range(count):
        number = peek(source, i, types.uint64)
        digit = types.int64(number >> shift) & (_BUCKETS - 1)
        place = peek(counts, digit, types.int64)
        store(target, place, number)
        store(counts, digit, place + 1)
    return True


def by_digits(dtype, index_type):
    """The same for numbers of up to 32 bits and any k: those that may be among the k largest are sorted, digit by
    digit, with their positions beside them.

    Words: values, indices, x, first and last row, row length, k, scratch for two int64 of each element of a row, and
    for one of each bucket.
    """
    kind, to = TYPES[dtype], TYPES[index_type]
    size, index_size, key = BYTES[dtype], BYTES[index_type], _key(dtype)

    @njit
    def candidates(x, length, k, target, counts):
        """Those whose highest digit is that of the k-th largest, or more: how many."""
        for i in range(_BUCKETS):
            store(counts, i, types.int64(0))
        for i in range(length):
            digit = key(x, i) >> 32 - _DIGIT
            store(counts, digit, peek(counts, digit, types.int64) + 1)
        last, found = -1, 0
        while found < k:
            last += 1
            found += peek(counts, last, types.int64)
        count = 0
        for i in range(length):
            number = key(x, i)
            if number >> 32 - _DIGIT <= last:
                store(target, count, types.uint64(number) << types.uint64(32) | types.uint64(i))
                count += 1
        return count

    def kernel(block):
        length, k, counts = block[5], block[6], block[8]
        for row in range(block[3], block[4]):
            x = block[2] + row * length * size
            source, target = block[7], block[7] + 8 * length
            count = candidates(x, length, k, source, counts)
            for digit in range(3):
                if count and _sort_digit(source, target, counts, count, types.uint64(32 + _DIGIT * digit)):
                    source, target = target, source
            for i in range(k):
                position = types.int64(peek(source, i, types.uint64) & types.uint64(_LOW))
                store(block[0] + row * k * size, i, load(x, position, kind))
                store(block[1] + row * k * index_size, i, to(position))
        return types.int32(0)

    return kernel


def in_top_k(target_type, *fed):
    """Whether fewer than k numbers of a row are above that of its target; false where one is not finite.

    Words: out, rows (float32), targets, how many, row length, k: a number, or its address where it is `fed`.
    """
    kind, to, is_fed = types.float32, TYPES[target_type], bool(fed)

    def kernel(block):
        length, k = block[4], block[5]
        if is_fed:
            k = types.int64(load(block[5], 0, to))
        for row in range(block[3]):
            x, target = block[1] + row * length * 4, types.int64(load(block[2], row, to))
            valid, above = target >= 0 and target < length, 0
            chosen = load(x, target if valid else 0, kind) if length else kind(0)
            for i in range(length):
                value = load(x, i, kind)
                valid = valid and value - value == 0
                above += value > chosen
            store(block[0], row, types.uint8(valid and above < k))
        return types.int32(0)

    return kernel
