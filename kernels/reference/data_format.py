"""Reference kernels of `graphflow/ops/data_format.py`."""

import numpy as np

from ..registry import reference
from .array_checks import check_range, debug, fail


def _places(ctx):
    """For each dimension of the source format, its place in the other one."""
    source, target = ctx.attr("src_format"), ctx.attr("dst_format")
    if sorted(source) != sorted(target) or len(set(source)) != len(source):
        fail(f"Destination format {target.decode()} is not a permutation of the source format {source.decode()}")
    return np.array([target.index(letter) for letter in source])


@reference.kernel("DataFormatDimMap")
def dim_map(ctx):
    """Where dimension x of the source format is; negative ones count from the end."""
    places = _places(ctx)

    def run(x):
        check_range("dimension", x + len(places), 2 * len(places))
        return places[x].astype(x.dtype)

    return run


@reference.kernel("DataFormatVecPermute")
def vec_permute(ctx):
    """Rows, one per dimension (or per dimension of space, if there are two), in the other order."""
    places = _places(ctx)
    source, target = ctx.attr("src_format"), ctx.attr("dst_format")

    def run(x):
        order = np.argsort(places)
        if x.shape[:1] == (2,) and len(places) != 2:
            letters = [chr(c).encode() for c in source if chr(c) in "HW"]
            order = [letters.index(chr(c).encode()) for c in target if chr(c) in "HW"]
        if x.ndim not in (1, 2) or len(x) != len(order) or x.ndim == 2 and x.shape[1] != 2:
            fail(f"Expected a vector or a matrix of two columns with {len(places)} rows, got shape {debug(x.shape)}")
        return x[order]

    return run
