"""Conversions between dtypes. Holds no state."""

from ..registry import cuda
from .elementwise import FLOATS, NUMBERS, op

_ALL = (*NUMBERS, "bool")


def _cast(ctx):
    source, target = ctx.input_dtypes[0].name, ctx.output_dtypes[0].name
    # What NaN and too large floats become as integers is the reference kernel's to say.
    if source in FLOATS and target not in (*FLOATS, "bool"):
        return None
    return op(ctx, name=f"Cast:{target}")


cuda.kernel("Cast", SrcT=_ALL, DstT=_ALL)(_cast)
