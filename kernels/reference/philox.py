"""The counter-based random stream Philox4x32-10 and the fixed-layout distributions over it.

Every number is a pure function of (key, counter, output index): nothing here depends on thread
counts, chunk sizes or the CPU. That function is TensorFlow's, so equal seeds give equal numbers.

Stream layout, which any other kernel tier has to reproduce:

* An op with seeds ``(seed, seed2)`` owns a 64-bit key ``seed`` and a 128-bit counter that starts
  at ``seed2 << 64``. Block ``b`` is the four uint32 words of Philox at ``counter + b``.
* A run that makes ``n`` outputs takes the blocks from the current counter on and then advances
  it by ``256 * n``, however many blocks were used (`SAMPLES_PER_OUTPUT`).
* Fixed-layout distributions read the words of consecutive blocks as one flat sequence ``w``:
  float32 / half / bfloat16 / int32 output ``i`` uses ``w[i]``; float64 / int64 output ``i`` uses
  ``w[2i], w[2i+1]``; normals are made in pairs (Box-Muller), float outputs ``2j, 2j+1`` from
  ``w[2j], w[2j+1]`` and double outputs ``2j, 2j+1`` from ``w[4j .. 4j+3]``.
* The truncated normal makes outputs in groups of four (double: two). Group ``g`` owns the 256
  (double: 128) blocks from ``counter + 256 g`` (``128 g``) and keeps, in order, the normals of
  those blocks that lie inside (-2, 2) until the group is full.

Holds no state: who owns which stretch of a stream is the matter of `kernels/streams.py`. The
distributions with rejection over parameters (gamma, Poisson) are in `philox_rejection`.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from ..streams import SAMPLES_PER_OUTPUT, Position
from . import single_math

_CHUNK = 1 << 13                # blocks made at a time: the working set stays in the L2 cache
_FEW = 3                        # blocks made in Python integers: NumPy takes 40 us for any number up to a hundred

_MASK32 = 0xFFFFFFFF
_MASK64 = 0xFFFFFFFFFFFFFFFF
_FACTOR_0, _FACTOR_2 = 0xD2511F53, 0xCD9E8D57
_MULTIPLIER_0, _MULTIPLIER_2 = np.uint64(_FACTOR_0), np.uint64(_FACTOR_2)
_WEYL_0, _WEYL_1 = 0x9E3779B9, 0xBB67AE85
_LOW, _SHIFT = np.uint64(_MASK32), np.uint64(32)


def blocks_at(position: Position, offsets: np.ndarray) -> np.ndarray:
    """Blocks at uint64 `offsets` from a position: uint32 array of shape ``[len(offsets), 4]``."""
    if offsets.size <= _FEW:
        blocks = [_block(position.key, position.counter + offset) for offset in offsets.tolist()]
        return np.array(blocks, np.uint32).reshape(-1, 4)
    low = np.uint64(position.counter & _MASK64) + offsets
    high_base = position.counter >> 64
    carried = np.where(low < offsets, np.uint64((high_base + 1) & _MASK64), np.uint64(high_base))
    return _ten_rounds(low & _LOW, low >> _SHIFT, carried & _LOW, carried >> _SHIFT, position.key)


def words_at(position: Position, count: int) -> np.ndarray:
    """The first `count` words of the stream from a position, as a flat uint32 array."""
    blocks = np.arange(-(-count // 4), dtype=np.uint64)
    return blocks_at(position, blocks).reshape(-1)[:count]


def _block(key, counter):
    """The four words of one block."""
    c0, c1, c2, c3 = (counter >> bits & _MASK32 for bits in (0, 32, 64, 96))
    k0, k1 = key & _MASK32, key >> 32
    for _ in range(10):
        product0, product2 = c0 * _FACTOR_0, c2 * _FACTOR_2
        c0, c1, c2, c3 = product2 >> 32 ^ c1 ^ k0, product2 & _MASK32, product0 >> 32 ^ c3 ^ k1, product0 & _MASK32
        k0, k1 = (k0 + _WEYL_0) & _MASK32, (k1 + _WEYL_1) & _MASK32
    return c0, c1, c2, c3


def _ten_rounds(c0, c1, c2, c3, key):
    """Philox rounds over uint64 arrays that hold 32-bit words; overwrites its arguments."""
    k0, k1 = key & _MASK32, key >> 32
    for _ in range(10):
        product0 = c0 * _MULTIPLIER_0
        product2 = c2 * _MULTIPLIER_2
        np.right_shift(product2, _SHIFT, out=c0)
        c0 ^= c1
        c0 ^= np.uint64(k0)
        c0 &= _LOW
        np.right_shift(product0, _SHIFT, out=c2)
        c2 ^= c3
        c2 ^= np.uint64(k1)
        c2 &= _LOW
        # The high halves of c1 and c3 are garbage until the masks of the next round.
        c1, c3 = product2, product0
        k0, k1 = (k0 + _WEYL_0) & _MASK32, (k1 + _WEYL_1) & _MASK32
    words = np.empty((c0.size, 4), np.uint32)
    for column, lane in enumerate((c0, c1, c2, c3)):
        words[:, column] = lane                   # keeps the low 32 bits
    return words


# ---------------------------------------------------------------- words to numbers

def unit_float32(words: np.ndarray) -> np.ndarray:
    """float32 in [0, 1) from the low 23 bits of each word (exact)."""
    return (words & np.uint32(0x7FFFFF)).astype(np.float32) * np.float32(2.0**-23)


def unit_float64(high: np.ndarray, low: np.ndarray) -> np.ndarray:
    """float64 in [0, 1) from 20 bits of `high` and all of `low` (exact)."""
    mantissa = (high & np.uint32(0xFFFFF)).astype(np.float64) * 2.0**32
    return (mantissa + low) * 2.0**-52


def _unit_half(words):
    return ((words & np.uint32(0x3FF)).astype(np.float32) * np.float32(2.0**-10)).astype(np.float16)


def _unit_bfloat16(words):
    import ml_dtypes

    small = (words & np.uint32(0x7F)).astype(np.float32) * np.float32(2.0**-7)
    return small.astype(ml_dtypes.bfloat16)


def normal_pairs_float32(first: np.ndarray, second: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Box-Muller in single precision: two standard normals per pair of words."""
    uniform = np.maximum(unit_float32(first), np.float32(1e-7))
    angle = ((second & np.uint32(0x7FFFFF)) * (2.0 * math.pi * 2.0**-23)).astype(np.float32)
    radius = np.sqrt(np.float32(-2.0) * single_math.log(uniform))
    sine, cosine = single_math.sincos(angle)
    return sine * radius, cosine * radius


def libm(function, values: np.ndarray) -> np.ndarray:
    """`function` of the C library, value by value.

    NumPy's vectorised float64 functions differ from libm by an ulp, depending on the CPU.
    """
    return np.fromiter(map(function, values.ravel().tolist()), np.float64,
                       values.size).reshape(values.shape)


def normal_pairs_float64(words: np.ndarray) -> np.ndarray:
    """Box-Muller in double precision: blocks ``[n, 4]`` to standard normals ``[n, 2]``."""
    uniform = np.maximum(unit_float64(words[:, 0], words[:, 1]), 1e-7)
    angle = 2.0 * math.pi * unit_float64(words[:, 2], words[:, 3])
    radius = np.sqrt(-2.0 * libm(math.log, uniform))
    return np.stack([libm(math.sin, angle) * radius, libm(math.cos, angle) * radius], axis=1)


def uniform_pairs_float64(words: np.ndarray) -> np.ndarray:
    """Blocks ``[n, 4]`` to uniforms in [0, 1) ``[n, 2]``."""
    return unit_float64(words[:, 0::2], words[:, 1::2])


# ---------------------------------------------------------------- blocks to outputs

def _uniform_block(words, dtype):
    if dtype == np.float64:
        return uniform_pairs_float64(words)
    if dtype == np.float32:
        return unit_float32(words)
    return _unit_half(words) if dtype == np.float16 else _unit_bfloat16(words)


def _normal_block(words, dtype):
    if dtype == np.float64:
        return normal_pairs_float64(words)
    result = np.empty(words.shape, np.float32)
    result[:, 0::2], result[:, 1::2] = normal_pairs_float32(words[:, 0::2], words[:, 1::2])
    return result.astype(dtype, copy=False)


def _chunks(groups: int) -> Iterator[tuple[int, np.ndarray]]:
    for start in range(0, groups, _CHUNK):
        yield start, np.arange(start, min(start + _CHUNK, groups), dtype=np.uint64)


def _per_block(dtype) -> int:
    return 2 if np.dtype(dtype).itemsize == 8 else 4


def _fill(position, size, dtype, convert):
    per_block = _per_block(dtype)
    groups = -(-size // per_block)
    result = np.empty((groups, per_block), dtype)
    for start, offsets in _chunks(groups):
        result[start:start + offsets.size] = convert(blocks_at(position, offsets))
    return result.reshape(-1)[:size]


def uniform(position: Position, size: int, dtype) -> np.ndarray:
    """`size` uniforms in [0, 1) of a floating `dtype`."""
    return _fill(position, size, dtype, lambda words: _uniform_block(words, dtype))


def standard_normal(position: Position, size: int, dtype) -> np.ndarray:
    """`size` standard normals; half and bfloat16 are rounded from single precision.

    >>> from graphflow.kernels.reference.philox import Position, standard_normal
    >>> standard_normal(Position.from_seeds(87654321, 1), 3, np.dtype("float32")).shape
    (3,)
    """
    return _fill(position, size, dtype, lambda words: _normal_block(words, dtype))


def uniform_int(position: Position, size: int, low: int, high: int, dtype) -> np.ndarray:
    """`size` integers in [low, high); int32 uses one word per output, int64 two.

    The remainder of a full word is taken, so ranges that are no power of two carry the (tiny)
    bias TensorFlow documents.
    """
    wide = np.uint64 if np.dtype(dtype).itemsize == 8 else np.uint32
    span, mask = wide(high - low), int(np.iinfo(wide).max)

    def convert(words):
        if wide is np.uint64:
            words = words[:, 0::2] | words[:, 1::2].astype(np.uint64) << _SHIFT
        return (words % span + wide(low & mask)).view(dtype)   # modulo 2**bits: no overflow

    return _fill(position, size, dtype, convert)


def truncated_normal(position: Position, size: int, dtype) -> np.ndarray:
    """`size` standard normals conditioned on lying strictly inside (-2, 2)."""
    group = _per_block(dtype)
    groups = -(-size // group)
    result = np.empty((groups, group), np.float64 if group == 2 else np.float32)
    for start, offsets in _chunks(groups):
        _fill_truncated(position, offsets * np.uint64(group * SAMPLES_PER_OUTPUT // 4),
                        result[start:start + offsets.size])
    return result.reshape(-1)[:size].astype(dtype, copy=False)


def _fill_truncated(position, origins, result):
    """Fills the rows of `result`, each from its own run of blocks, one block per round."""
    group = result.shape[1]
    filled = np.zeros(len(origins), np.intp)
    rows = np.arange(len(origins))
    block = 0
    while rows.size:
        normals = _normal_block(blocks_at(position, origins[rows] + np.uint64(block)), result.dtype)
        accepted = np.abs(normals) < 2.0
        place = np.cumsum(accepted, axis=1) - 1 + filled[rows, None]
        keep = accepted & (place < group)
        result[np.broadcast_to(rows[:, None], keep.shape)[keep], place[keep]] = normals[keep]
        filled[rows] += accepted.sum(axis=1)
        rows = rows[filled[rows] < group]
        block += 1


def permutation(position: Position, size: int) -> np.ndarray:
    """The order RandomShuffle gives `size` rows: ``size - 1`` words drive forward swaps."""
    order = list(range(size))
    remaining = np.arange(size, 1, -1, dtype=np.uint32)
    steps = words_at(position, size - 1) % remaining
    for i, step in enumerate(steps.tolist()):
        j = i + step
        order[i], order[j] = order[j], order[i]
    return np.array(order, np.intp)


def permutation_blocks(size: int) -> int:
    """Blocks that shuffling `size` rows reserves (four words to a block)."""
    return (size - 1 + 3) // 4
