"""Random numbers from Philox4x32-10 counters: the bits of `reference/random.py`. Hold no state.

`reference/philox.py` says which block makes which output, `reference/single_math.py` where the
logarithm, sine and cosine of normals come from.
"""

import math

import numpy as np
from numba import types
from numba.extending import register_jitable

from .memory import TYPES, load, peek, store

_LOW = np.uint64(0xFFFFFFFF)
_SHIFT = np.uint64(32)
_MULTIPLIERS = np.uint64(0xD2511F53), np.uint64(0xCD9E8D57)
_WEYL = np.uint64(0x9E3779B9), np.uint64(0xBB67AE85)
# Words of every kernel: 0 out, 1 how many, then what one run has reserved.
_KEY, _COUNTER_LOW, _COUNTER_HIGH = 2, 3, 4

# single_math's tables and polynomials
_INVERSE = (
    1.398907162146528, 1.3403141896637998, 1.286432210124115, 1.2367150214269895,
    1.1906977166711752, 1.1479821020556429, 1.1082251448272158, 1.0711297413057381,
    1.036437278977283, 1.0, 0.9492859795739057, 0.8951049428609004,
    0.8476821620351103, 0.8050314851692001, 0.7664671008843108, 0.731428603316328)
_MINUS_LOG_INVERSE = (
    -0.33569133332882284, -0.2929040563774074, -0.2518726580937369, -0.21245868807117255,
    -0.17453945183745634, -0.1380057072319758, -0.10275976698545139, -0.06871392447020525,
    -0.0357891387398228, 0.0, 0.05204517742929496, 0.11081431298787942,
    0.1652495223695143, 0.21687389031699977, 0.2659635028121397, 0.3127556664073557)
_LOG_POLY = (-0.25089342214237154, 0.333456765744066, -0.4999997485802103)
_LN2 = 0.6931471805599453
_TWO_OVER_PI_24 = 10680707.430881744
_HALF_PI = 1.5707963267948966
_SIN_POLY = (-0.16666654943701084, 0.008332178146138854, -0.00019517298981385725)
_COS_POLY = (-0.49999999725108224, 0.041666623324344516, -0.001388676379437604, 2.4390450703564542e-05)
_ANGLE = 2.0 * math.pi * 2.0 ** -23


@register_jitable
def words(block, number):
    """The four words of the block `number` after a run's first, each in a uint64."""
    offset = np.uint64(number)
    low = np.uint64(block[_COUNTER_LOW]) + offset
    high = np.uint64(block[_COUNTER_HIGH])
    if low < offset:
        high += np.uint64(1)
    key = np.uint64(block[_KEY])
    k0, k1 = key & _LOW, key >> _SHIFT
    c0, c1, c2, c3 = low & _LOW, low >> _SHIFT, high & _LOW, high >> _SHIFT
    for _ in range(10):
        p0, p2 = c0 * _MULTIPLIERS[0], c2 * _MULTIPLIERS[1]
        c0, c1, c2, c3 = (p2 >> _SHIFT) ^ c1 ^ k0, p2 & _LOW, (p0 >> _SHIFT) ^ c3 ^ k1, p0 & _LOW
        k0, k1 = (k0 + _WEYL[0]) & _LOW, (k1 + _WEYL[1]) & _LOW
    return c0, c1, c2, c3


@register_jitable
def _unit(word):
    """float32 in [0, 1) from 23 bits of a word."""
    return np.float32(np.int32(word & np.uint64(0x7FFFFF))) * np.float32(2.0 ** -23)


@register_jitable
def unit_pair(high, low):
    """float64 in [0, 1) from 52 bits of two words."""
    return (np.float64(high & np.uint64(0xFFFFF)) * 2.0 ** 32 + np.float64(low)) * 2.0 ** -52


@register_jitable
def _store_some(out, place, count, a, b, c, d):
    """Writes the first `count` of four numbers."""
    if count > 0:
        store(out, place, a)
    if count > 1:
        store(out, place + 1, b)
    if count > 2:
        store(out, place + 2, c)
    if count > 3:
        store(out, place + 3, d)


def uniform(dtype):
    """Numbers in [0, 1): four float32 or two float64 a block."""
    if dtype == "float64":
        def kernel(block):
            out, count = block[0], block[1]
            for i in range((count + 1) >> 1):
                w = words(block, i)
                store(out, 2 * i, unit_pair(w[0], w[1]))
                if 2 * i + 1 < count:
                    store(out, 2 * i + 1, unit_pair(w[2], w[3]))
            return types.int32(0)
        return kernel

    def kernel(block):
        out, count = block[0], block[1]
        for i in range(count >> 2):
            w = words(block, i)
            store(out, 4 * i, _unit(w[0]))
            store(out, 4 * i + 1, _unit(w[1]))
            store(out, 4 * i + 2, _unit(w[2]))
            store(out, 4 * i + 3, _unit(w[3]))
        w = words(block, count >> 2)
        _store_some(out, count & ~3, count & 3, _unit(w[0]), _unit(w[1]), _unit(w[2]), _unit(w[3]))
        return types.int32(0)

    return kernel


def uniform_int(dtype, code):
    """Integers from words 5 (address of the lowest) to 6 (of the first too high): four int32 or two int64 a block.

    Fails with `code` if there is none between.
    """
    kind, code = TYPES[dtype], types.int32(int(code))
    wide, mask = dtype == "int64", np.uint64(2 ** 64 - 1 if dtype == "int64" else 2 ** 32 - 1)

    @register_jitable
    def between(word, span, low):
        """One of `span` integers from `low` on, modulo the size of the type."""
        return kind(np.int64((word % span + low) & mask))

    def kernel(block):
        out, count = block[0], block[1]
        lowest, end = load(block[5], 0, kind), load(block[6], 0, kind)
        if count and lowest >= end:
            return code
        low = np.uint64(lowest) & mask
        span = (np.uint64(end) - low) & mask
        if wide:
            for i in range((count + 1) >> 1):
                w = words(block, i)
                store(out, 2 * i, between(w[0] | w[1] << _SHIFT, span, low))
                if 2 * i + 1 < count:
                    store(out, 2 * i + 1, between(w[2] | w[3] << _SHIFT, span, low))
        else:
            for i in range((count + 3) >> 2):
                w = words(block, i)
                _store_some(out, 4 * i, count - 4 * i, between(w[0], span, low), between(w[1], span, low),
                            between(w[2], span, low), between(w[3], span, low))
        return types.int32(0)

    return kernel


@register_jitable
def _log_steps(bits, inverse, minus_log_inverse):
    """Logarithm of the float32 with these bits."""
    offset = bits - np.int64(0x3F330000)
    place = (offset >> 19) & 15
    exponent = offset >> 23
    mantissa = bits - (exponent << 23)
    # z in [0.7, 1.4) is below or from 1 on: its float64 by its fields.
    power = np.float64(2.0) if mantissa >= 0x3F800000 else np.float64(1.0)
    z = (np.float64((mantissa & 0x7FFFFF) | 0x800000) * 2.0 ** -24) * power
    z = z * inverse[place] - 1.0
    base = exponent * _LN2 + minus_log_inverse[place]
    square = z * z
    result = (z * _LOG_POLY[1] + _LOG_POLY[2] + _LOG_POLY[0] * square) * square
    return np.float32(result + (base + z))


@register_jitable
def _sine_and_cosine(angle):
    x = np.float64(angle)
    turns = (np.int64(x * _TWO_OVER_PI_24) + 0x800000) >> 24
    x -= turns * _HALF_PI
    quadrant = turns & 3
    square = x * x
    fourth = square * square
    cosine = (1.0 + square * _COS_POLY[0]) + fourth * _COS_POLY[1]
    cosine += (fourth * square) * (_COS_POLY[2] + square * _COS_POLY[3])
    if quadrant == 2 or quadrant == 3:
        cosine = -cosine
    if quadrant == 1 or quadrant == 2:
        x = -x
    cube = square * x
    sine = x + cube * _SIN_POLY[0]
    sine += (cube * square) * (_SIN_POLY[1] + square * _SIN_POLY[2])
    if quadrant & 1:
        return np.float32(cosine), np.float32(sine)
    return np.float32(sine), np.float32(cosine)


@register_jitable
def _smallest_bits(fraction):
    """Bits of max(fraction * 2**-23, 1e-7) as float32; `fraction` is an integer below 2**23."""
    if fraction == 0:
        return np.int64(0x33D6BF95)
    shift = 0
    while fraction < 0x800000:
        fraction <<= 1
        shift += 1
    return np.int64(((127 - shift) << 23) | (fraction & 0x7FFFFF))


@register_jitable
def _normals(first, second, inverse, minus_log_inverse):
    """Two standard normals from two words, by Box and Muller."""
    bits = _smallest_bits(np.int64(first & np.uint64(0x7FFFFF)))
    angle = np.float32(np.float64(second & np.uint64(0x7FFFFF)) * _ANGLE)
    radius = np.float32(math.sqrt(np.float32(-2.0) * _log_steps(bits, inverse, minus_log_inverse)))
    sine, cosine = _sine_and_cosine(angle)
    return sine * radius, cosine * radius


@register_jitable
def wide_normals(w):
    """Two float64 standard normals from the words of a block, by the C library's functions."""
    radius = math.sqrt(-2.0 * math.log(max(unit_pair(w[0], w[1]), 1e-7)))
    angle = 2.0 * math.pi * unit_pair(w[2], w[3])
    return math.sin(angle) * radius, math.cos(angle) * radius


def _wide_standard_normal(block):
    out, count = block[0], block[1]
    for i in range((count + 1) >> 1):
        a, b = wide_normals(words(block, i))
        store(out, 2 * i, a)
        if 2 * i + 1 < count:
            store(out, 2 * i + 1, b)
    return types.int32(0)


def _wide_truncated_normal(block):
    out, count = block[0], block[1]
    for group in range((count + 1) >> 1):
        number, place = 128 * group, 2 * group
        end = min(place + 2, count)
        while place < end:
            for value in wide_normals(words(block, number)):
                if place < end and abs(value) < 2.0:
                    store(out, place, value)
                    place += 1
            number += 1
    return types.int32(0)


def standard_normal(dtype):
    """float32 normals, four a block, or float64 ones, two a block."""
    if dtype == "float64":
        return _wide_standard_normal
    inverse, minus_log_inverse = np.array(_INVERSE), np.array(_MINUS_LOG_INVERSE)

    def kernel(block):
        out, count = block[0], block[1]
        for i in range((count + 3) >> 2):
            w = words(block, i)
            a, b = _normals(w[0], w[1], inverse, minus_log_inverse)
            c, d = _normals(w[2], w[3], inverse, minus_log_inverse)
            _store_some(out, 4 * i, count - 4 * i, a, b, c, d)
        return types.int32(0)

    return kernel


def truncated_normal(dtype):
    """Normals inside of (-2, 2): four float32 from the first of their own 256 blocks, two float64 of 128."""
    if dtype == "float64":
        return _wide_truncated_normal
    inverse, minus_log_inverse = np.array(_INVERSE), np.array(_MINUS_LOG_INVERSE)

    def kernel(block):
        out, count = block[0], block[1]
        for group in range((count + 3) >> 2):
            number, place = 256 * group, 4 * group
            end = min(place + 4, count)
            while place < end:
                w = words(block, number)
                a, b = _normals(w[0], w[1], inverse, minus_log_inverse)
                c, d = _normals(w[2], w[3], inverse, minus_log_inverse)
                for value in (a, b, c, d):
                    if place < end and abs(value) < np.float32(2.0):
                        store(out, place, value)
                        place += 1
                number += 1
        return types.int32(0)

    return kernel


def shuffle(dtype):
    """Rows in another order: each in turn changes places with one of those from it on.

    Words: out, rows, key and counter of what the run has reserved, x, numbers of a row, scratch for as many int64 as
    there are rows. `dtype` is any of the elements' size.
    """
    kind = TYPES[dtype]

    def kernel(block):
        out, rows, x, length, order = block[0], block[1], block[5], block[6], block[7]
        for i in range(rows):
            store(order, i, i)
        w = words(block, 0)
        for i in range(rows):
            if not i & 3:
                w = words(block, i >> 2)
            word = w[i & 3]
            other = i + types.int64(word % types.uint64(rows - i))
            source = peek(order, other, types.int64)
            store(order, other, peek(order, i, types.int64))
            for k in range(length):
                store(out, i * length + k, load(x, source * length + k, kind))
        return types.int32(0)

    return kernel
