"""Gamma, Poisson and categorical draws over the Philox stream, bit compatible with TensorFlow.

Every gamma or Poisson output owns `SAMPLES_PER_OUTPUT` blocks: output ``k`` of parameter ``p``
(``num_samples`` outputs per parameter) starts at block ``256 * (p * num_samples + k)``, so the
result does not depend on how work is split. Inside, blocks are taken on demand by two taps, one
making uniforms and one making normals, each giving two doubles per block, last one first.

All arithmetic is float64; ``log``, ``exp`` and ``pow`` are the C library's, since a last-bit
difference could change which candidates are accepted. No state.
"""

from __future__ import annotations

import math

import numpy as np

from ..streams import SAMPLES_PER_OUTPUT, Position
from .array_checks import fail
from .philox import blocks_at, libm, normal_pairs_float64, uniform_pairs_float64, words_at

_FAR = 40       # standard deviations, at which there are no numbers


class _Lanes:
    """The private block runs of many outputs, advanced independently."""

    def __init__(self, position: Position, indices: np.ndarray):
        self.position = position
        self._next = indices.astype(np.uint64) * np.uint64(SAMPLES_PER_OUTPUT)

    def blocks(self, lanes: np.ndarray) -> np.ndarray:
        """The next block of each lane in `lanes`."""
        words = blocks_at(self.position, self._next[lanes])
        self._next[lanes] += np.uint64(1)
        return words


class _Tap:
    """Doubles of one distribution for every lane, two to a block, last one first."""

    def __init__(self, lanes: _Lanes, count: int, convert):
        self._lanes, self._convert = lanes, convert
        self._buffer = np.empty((count, 2))
        self._left = np.zeros(count, np.intp)

    def draw(self, lanes: np.ndarray) -> np.ndarray:
        empty = lanes[self._left[lanes] == 0]
        if empty.size:
            self._buffer[empty] = self._convert(self._lanes.blocks(empty))
            self._left[empty] = 2
        self._left[lanes] -= 1
        return self._buffer[lanes, self._left[lanes]]


def gamma(position: Position, num_samples: int, alpha: np.ndarray) -> np.ndarray:
    """Standard gamma draws: float64 ``[num_samples, len(alpha)]`` for a flat float64 `alpha`.

    A negative alpha gives NaN, zero gives zeros.
    """
    result = np.empty((len(alpha), num_samples))
    for row, shape in enumerate(alpha.tolist()):
        indices = np.arange(num_samples) + row * num_samples
        lanes = _Lanes(position, indices)
        uniforms = _Tap(lanes, num_samples, uniform_pairs_float64)
        if not shape >= 0:
            result[row] = math.nan
        elif shape == 1.0:
            result[row] = -libm(math.log1p, -uniforms.draw(np.arange(num_samples)))
        else:
            result[row] = _marsaglia_tsang(lanes, uniforms, shape, num_samples)
    return result.T


def _marsaglia_tsang(lanes, uniforms, alpha, count):
    """Transformation with rejection; alpha < 1 is boosted by one and scaled back."""
    boosted = alpha < 1
    d = alpha + (2.0 / 3 if boosted else -1.0 / 3)
    c = 1.0 / 3 / math.sqrt(d)
    power = 1 / alpha if alpha > 0 else math.inf
    normals = _Tap(lanes, count, normal_pairs_float64)
    result = np.empty(count)
    active = np.arange(count)
    while active.size:
        x = normals.draw(active)
        v = 1 + c * x
        possible = v > 0
        rows, x, v = active[possible], x[possible], v[possible]
        v = v * v * v
        u = uniforms.draw(rows)
        square = x * x
        accepted = u < 1 - 0.0331 * square * square
        unsure = np.flatnonzero(~accepted & (u > 0))
        accepted[~accepted & (u == 0)] = True          # log(0) is below every bound
        bound = 0.5 * x[unsure] * x[unsure] + d * (1 - v[unsure] + libm(math.log, v[unsure]))
        accepted[unsure] = libm(math.log, u[unsure]) < bound
        done = rows[accepted]
        values = d * v[accepted]
        if boosted:
            values *= _libm_power(uniforms.draw(done), power)
        result[done] = values
        pending = np.ones(count, bool)
        pending[done] = False
        active = active[pending[active]]
    return result


def _libm_power(bases, exponent):
    return libm(lambda base: math.pow(base, exponent), bases)


def poisson(position: Position, num_samples: int, rate: np.ndarray, highest: float) -> np.ndarray:
    """Poisson draws: float64 ``[num_samples, len(rate)]`` for a flat float64 `rate`.

    `highest` is the largest value of the output type: larger candidates are drawn again.
    A negative or non-finite rate gives NaN. Raises InvalidArgumentError for one whose numbers are all too large.
    """
    result = np.empty((len(rate), num_samples))
    with np.errstate(invalid="ignore"):
        far = np.isfinite(rate) & (rate - _FAR * np.sqrt(rate) > highest)
    if far.any():
        fail(f"rate {rate[far][0]:g} is too large: the largest number of this type is {highest:g}")
    for row, mean in enumerate(rate.tolist()):
        indices = np.arange(num_samples) + row * num_samples
        uniforms = _Tap(_Lanes(position, indices), num_samples, uniform_pairs_float64)
        if not math.isfinite(mean) or mean < 0:
            result[row] = math.nan
        elif mean < 10:
            result[row] = _poisson_products(uniforms, mean, num_samples)
        else:
            result[row] = _poisson_rejection(uniforms, mean, num_samples, highest)
    return result.T


def _poisson_products(uniforms, rate, count):
    """Knuth: multiply uniforms until the product falls to exp(-rate)."""
    limit = math.exp(-rate)
    product = np.ones(count)
    result = np.zeros(count)
    active = np.arange(count)
    while active.size:
        product[active] *= uniforms.draw(active)
        active = active[product[active] > limit]
        result[active] += 1
    return result


def _poisson_rejection(uniforms, rate, count, highest):
    """Hormann's transformed rejection, for rates of at least ten."""
    log_rate = math.log(rate)
    b = 0.931 + 2.53 * math.sqrt(rate)
    a = -0.059 + 0.02483 * b
    inverse_alpha = 1.1239 + 1.1328 / (b - 3.4)
    result = np.empty(count)
    active = np.arange(count)
    while active.size:
        u = uniforms.draw(active) - 0.5
        v = uniforms.draw(active)
        shifted = 0.5 - np.abs(u)
        with np.errstate(divide="ignore", invalid="ignore"):
            k = np.floor((2 * a / shifted + b) * u + rate + 0.43)
        fits = k <= highest
        accepted = fits & (shifted >= 0.07) & (v <= 0.9277 - 3.6224 / (b - 2))
        unsure = fits & ~accepted & (k >= 0) & ~((shifted < 0.013) & (v > shifted))
        rows = np.flatnonzero(unsure)
        near = v[rows] * inverse_alpha / (a / (shifted[rows] * shifted[rows]) + b)
        target = -rate + k[rows] * log_rate - libm(math.lgamma, k[rows] + 1)
        accepted[rows] = libm(_log_or_minus_infinity, near) <= target
        result[active[accepted]] = k[accepted]
        active = active[~accepted]
    return result


def _log_or_minus_infinity(value):
    return math.log(value) if value > 0 else -math.inf


def categorical(position: Position, logits: np.ndarray, num_samples: int) -> np.ndarray:
    """Class indices ``[batch, num_samples]`` (int64) from unnormalised log-probabilities.

    Draw ``j`` of row ``r`` uses words ``2 (r * num_samples + j)`` and the next one. TensorFlow
    restarts the stream wherever it splits the batch between threads; this is its stream for a
    batch that is not split.
    """
    batch, classes = logits.shape
    words = words_at(position, 2 * batch * num_samples).reshape(-1, 2)
    weights = logits.astype(np.float64)
    weights = np.where(np.isfinite(weights), weights, -np.inf)
    top = weights.max(axis=1, keepdims=True)
    with np.errstate(over="ignore"):        # from the largest numbers to the smallest
        weights -= np.where(np.isfinite(top), top, 0.0)
    cumulative = np.cumsum(np.exp(weights), axis=1)
    targets = uniform_pairs_float64(words).reshape(batch, num_samples) * cumulative[:, -1:]
    if classes < batch:  # The shorter loop: a draw's class is the number of bounds that it has reached.
        return sum((bound[:, np.newaxis] <= targets for bound in cumulative.T), np.zeros(targets.shape, np.int64))
    result = np.empty((batch, num_samples), np.int64)
    for row in range(batch):
        result[row] = np.searchsorted(cumulative[row], targets[row], side="right")
    return result
