"""Conversions between dtypes. Holds no state."""

from ..registry import cpu
from .elementwise import FLOATS, NUMBERS, op

_ALL = (*NUMBERS, "bool")


def _cast(ctx):
    source, target = ctx.input_dtypes[0].name, ctx.output_dtypes[0].name
    # What NaN and too large floats become there is the reference kernel's to say.
    if source in FLOATS and target == "uint64":
        return None
    return op(ctx, name=f"Cast:{target}")


cpu.kernel("Cast", SrcT=_ALL, DstT=_ALL)(_cast)
