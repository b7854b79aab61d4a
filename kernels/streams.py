"""Streams of random numbers: which stretch of its op's stream a run owns.

All tiers draw from the same streams, so that it makes no difference which of them runs an op. What the
numbers at a position are, each tier works out on its own.

State: one `Stream` per op, a session resource under ``("rng", op name)``, which holds the op's position
behind a lock.
"""

from __future__ import annotations

import secrets
import threading
from typing import NamedTuple

SAMPLES_PER_OUTPUT = 256        # 128-bit blocks reserved per output, used or not

_MASK64 = (1 << 64) - 1
_MASK128 = (1 << 128) - 1


class Position(NamedTuple):
    """A position in one Philox stream: 64-bit key and 128-bit counter of blocks."""

    key: int
    counter: int

    @classmethod
    def from_seeds(cls, seed: int, seed2: int) -> Position:
        """The start of the stream of an op with these two (signed 64-bit) seeds."""
        return cls(seed & _MASK64, (seed2 & _MASK64) << 64)

    def skip(self, blocks: int) -> Position:
        """The position `blocks` 128-bit blocks further on."""
        return Position(self.key, (self.counter + blocks) & _MASK128)


class Stream:
    """The shared, advancing stream of one op in one session. Thread safe.

    Seeds ``(0, 0)`` mean "not seeded": key and counter then come from the operating system.
    """

    def __init__(self, seed: int, seed2: int):
        if seed == 0 and seed2 == 0:
            seed, seed2 = secrets.randbits(64), secrets.randbits(64)
        self._position = Position.from_seeds(seed, seed2)
        self._lock = threading.Lock()

    def reserve_blocks(self, blocks: int) -> Position:
        """Returns the current position and moves the stream on by `blocks`."""
        with self._lock:
            position = self._position
            self._position = position.skip(blocks)
        return position

    def reserve_outputs(self, outputs: int) -> Position:
        """Reserves what a run with this many outputs owns."""
        return self.reserve_blocks(outputs * SAMPLES_PER_OUTPUT)

    def give_back(self, position: Position, blocks: int) -> None:
        """Moves the stream back to `position`, so many blocks before its own, unless others have drawn since."""
        with self._lock:
            if position.skip(blocks) == self._position:
                self._position = position


def op_stream(ctx) -> Stream:
    """The stream of the op that `ctx` describes, created at its first use in the session."""
    seed, seed2 = ctx.attr("seed"), ctx.attr("seed2")
    return ctx.resources.get(("rng", ctx.op_name), lambda: Stream(seed, seed2))
