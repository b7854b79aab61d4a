"""Gamma and Poisson draws: the bits of `reference/philox_rejection.py`. Hold no state.

Every number has blocks of its own, of which uniforms and normals are made on demand, two a block, the last one first.
Functions are the C library's: a last bit could decide whether a candidate is accepted.
"""

import math

import numpy as np
from numba import types
from numba.extending import register_jitable

from .memory import TYPES, load, store
from .random import unit_pair, wide_normals, words

_BLOCKS = 256       # of a number
_FAR = 40.0         # standard deviations, at which there are no numbers


@register_jitable
def _uniform(block, state):
    """(a uniform, state after it). state: the next block, how many of two uniforms are left, and the first of them."""
    number, left, first = state
    if left:
        return first, (number, 0, first)
    w = words(block, number)
    return unit_pair(w[2], w[3]), (number + 1, 1, unit_pair(w[0], w[1]))


@register_jitable
def _gamma(block, number, alpha):
    """By transformation with rejection; alpha < 1 is boosted by one and scaled back."""
    state = (number, 0, 0.0)
    if not alpha >= 0:
        return np.nan
    if alpha == 1.0:
        unit, state = _uniform(block, state)
        return -math.log1p(-unit)
    d = alpha + (2.0 / 3 if alpha < 1 else -1.0 / 3)
    c = 1.0 / 3 / math.sqrt(d)
    normals, kept = 0, 0.0
    while True:
        if normals:
            x, normals = kept, 0
        else:
            kept, x = wide_normals(words(block, state[0]))
            state, normals = (state[0] + 1, state[1], state[2]), 1
        v = 1 + c * x
        if v <= 0:
            continue
        v = v * v * v
        unit, state = _uniform(block, state)
        square = x * x
        if unit < 1 - 0.0331 * square * square or unit == 0:
            break
        if math.log(unit) < 0.5 * x * x + d * (1 - v + math.log(v)):
            break
    value = d * v
    if alpha < 1:
        unit, state = _uniform(block, state)
        value *= math.pow(unit, 1 / alpha if alpha > 0 else math.inf)
    return value


@register_jitable
def _poisson(block, number, rate, highest):
    """By products of uniforms, from a rate of ten on by transformed rejection; none is above `highest`."""
    state = (number, 0, 0.0)
    if not (rate >= 0 and rate < math.inf):
        return np.nan
    if rate < 10:
        limit, product, count = math.exp(-rate), 1.0, 0.0
        while True:
            unit, state = _uniform(block, state)
            product *= unit
            if product <= limit:
                return count
            count += 1.0
    log_rate = math.log(rate)
    b = 0.931 + 2.53 * math.sqrt(rate)
    a = -0.059 + 0.02483 * b
    inverse_alpha = 1.1239 + 1.1328 / (b - 3.4)
    while True:
        u, state = _uniform(block, state)
        v, state = _uniform(block, state)
        u -= 0.5
        shifted = 0.5 - abs(u)
        k = math.floor((2 * a / shifted + b) * u + rate + 0.43) if shifted > 0 else math.nan
        if not k <= highest:
            continue
        if shifted >= 0.07 and v <= 0.9277 - 3.6224 / (b - 2):
            return k
        if k < 0 or (shifted < 0.013 and v > shifted):
            continue
        near = v * inverse_alpha / (a / (shifted * shifted) + b)
        if (math.log(near) if near > 0 else -math.inf) <= -rate + k * log_rate - math.lgamma(k + 1):
            return k


def gamma(dtype):
    """Standard gamma draws. Words: out, draws per parameter, key and counter of what the run has reserved, parameters,
    how many."""
    kind = TYPES[dtype]

    def kernel(block):
        out, draws, alphas, count = block[0], block[1], block[5], block[6]
        for i in range(count):
            alpha = types.float64(load(alphas, i, kind))
            for k in range(draws):
                store(out, k * count + i, kind(_gamma(block, _BLOCKS * (i * draws + k), alpha)))
        return types.int32(0)

    return kernel


def poisson(rate_type, dtype, code):
    """Poisson draws; of integers, the smallest stands for what is no number. Words as of `gamma`.

    Fails with `code` for a rate whose numbers are all too large.
    """
    kind, rate_kind, code = TYPES[dtype], TYPES[rate_type], types.int32(int(code))
    is_whole = dtype.startswith("int")
    limits = np.iinfo(dtype) if is_whole else np.finfo(dtype)
    highest, least = float(limits.max), np.dtype(dtype).type(limits.min)

    def kernel(block):
        out, draws, rates, count = block[0], block[1], block[5], block[6]
        for i in range(count):
            rate = types.float64(load(rates, i, rate_kind))
            if draws and rate < math.inf and rate - _FAR * math.sqrt(max(rate, 0.0)) > highest:
                return code
            for k in range(draws):
                drawn = _poisson(block, _BLOCKS * (i * draws + k), rate, highest)
                store(out, k * count + i, least if is_whole and drawn != drawn else kind(drawn))
        return types.int32(0)

    return kernel
