"""Reference kernels of `graphflow/ops/stateless_random.py`. Holds no state."""

import numpy as np

from ..registry import reference
from ..streams import Position
from . import philox, philox_rejection
from .array_checks import fail

# The key under which TensorFlow scrambles seeds, so that weak ones do, too.
_SCRAMBLING_KEY = 0x3EC8F720 | 0x02461E29 << 32


def stateless_position(seed):
    """Where the numbers of a seed (two integers) start."""
    if seed.shape != (2,):
        fail(f"seed must have shape [2], not {list(seed.shape)}")
    first, second = (int(part) & 0xFFFFFFFFFFFFFFFF for part in seed)
    words = philox.words_at(Position(_SCRAMBLING_KEY, first | second << 64), 4).tolist()
    return Position(words[0] | words[1] << 32, words[2] << 64 | words[3] << 96)


@reference.kernel("StatelessMultinomial")
def stateless_multinomial(ctx):
    """Class indices drawn by inverting each row's cumulative distribution."""
    dtype = ctx.output_dtypes[0].as_numpy_dtype

    def run(logits, num_samples, seed):
        if logits.ndim != 2:
            fail(f"logits should be a matrix, got shape {list(logits.shape)}")
        count = int(num_samples)
        if count < 0:
            fail(f"num_samples should be nonnegative, got {count}")
        if not logits.shape[1]:
            fail("num_classes should be positive, got 0")
        if not logits.shape[0] or not count:
            return np.empty((logits.shape[0], count), dtype)
        return philox_rejection.categorical(stateless_position(seed), logits, count).astype(dtype, copy=False)

    return run
