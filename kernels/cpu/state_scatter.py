"""Updates of a variable's rows and slices. Holds no state."""

from math import prod

from ..registry import In, Native, Out, cpu
from . import native
from .copying import item_size
from .elementwise import FLOATS, NUMBERS
from .gather_scatter import scatter_slices


def _scatter(ctx):
    """Updates have a row per index, or are one number."""
    var, indices, updates = ctx.input_shapes
    dtype = ctx.input_dtypes[2]
    if updates not in ((*indices, *var[1:]), ()):
        return None
    length = prod(var[1:])
    code = native.function("copying.scatter", ctx.op_type.removeprefix("Resource").removeprefix("Scatter"), dtype.name,
                           ctx.input_dtypes[1].name, str(native.INDEX_OUT_OF_RANGE),
                           *(["skips"] if ctx.has_attr("_skips_empty") else []))
    return Native(code, [0, 0, Out(0), In(0), In(1), In(2), var[0], prod(indices), length,
                         prod(var) * item_size(dtype), length if updates else 0,
                         1 if updates else 0])


for _rule in ("Add", "Sub", "Update", "Mul", "Min", "Max", "Div"):
    _dtypes = FLOATS if _rule == "Div" else NUMBERS
    cpu.kernel(f"Scatter{_rule}", T=_dtypes)(_scatter)
    cpu.kernel(f"ResourceScatter{_rule}", dtype=_dtypes)(_scatter)


def _scatter_nd(ctx, rule):
    return scatter_slices(ctx, rule, In(0)) if ctx.input_shapes[1][-1:] != (0,) else None


for _rule in ("Add", "Sub", "Update"):
    cpu.kernel(f"ScatterNd{_rule}", f"ResourceScatterNd{_rule}", T=NUMBERS)(
        lambda ctx, _rule=_rule: _scatter_nd(ctx, _rule))
