"""Sum, Mean, Max, Min, Prod, All, Any over any axes. Holds no state.

Short rows are reduced by a thread each, long ones by a block each; where there are few and long
ones, several blocks share a row, and a second launch combines what they found. The order of the
additions depends on the shape only.
"""

from math import prod

from ..layout import reduction_groups
from ..registry import cuda
from . import launch
from .elementwise import FLOATS, NUMBERS

_SHORT = 32             # a row that a thread reduces alone
_MANY = 4096            # so many rows side by side keep a device busy with a thread each
_FEW = 128              # fewer rows than this don't, with a block each
_CHUNK = 4096           # elements of a row that a block takes
_MAX_PARTS = 256


def _tables(groups):
    """(size, stride) of the kept and of the reduced dimensions, innermost first."""
    tables, stride = {False: [], True: []}, 1
    for size, reduced in reversed(groups):
        tables[reduced] += [size, stride]
        stride *= size
    return tables[False] or [1, 0], tables[True] or [1, 0]


def reduce(stream, op, dtype, shape, axes):
    """`run(x, out)` that reduces a DType's array of `shape` over the set `axes`.

    State: two small tables, and the partial results if several blocks share a row.
    """
    groups = reduction_groups(shape, axes)
    count = prod(size for size, reduced in groups if not reduced)
    length = prod(size for size, reduced in groups if reduced)
    if not count:
        return launch.nothing
    import numpy as np
    from numba import cuda as device

    from .source import rows as source
    kept, reduced = (device.to_device(np.array(table, np.int64)) for table in _tables(groups))
    side_by_side = bool(groups) and not groups[-1][1]
    if length <= _SHORT or (side_by_side and count >= _MANY):
        start = launch.bind(source.reduce_by_threads(op, dtype.name), stream, *launch.flat(count))
        return lambda x, out: start(out, x, kept, reduced, count, length, length)
    parts = 1
    if count < _FEW:
        parts = min(_MAX_PARTS, -(-length // _CHUNK))
    chunk = -(-length // parts)
    block = launch.threads(chunk)
    # Parts of a mean are sums.
    first = source.reduce_by_blocks("Sum" if op == "Mean" and parts > 1 else op, dtype.name)
    start = launch.bind(first, stream, launch.blocks(count * parts), block, block * dtype.size)
    numbers = (kept, reduced, count, length, parts, chunk, length)
    if parts == 1:
        return lambda x, out: start(out, x, *numbers)
    partial = device.device_array(count * parts, dtype.as_numpy_dtype)
    finish = reduce_parts(stream, source.reduce_by_blocks(op, dtype.name), dtype, count, parts,
                          length)

    def run(x, out):
        start(partial, x, *numbers)
        finish(partial, out)

    return run


def reduce_parts(stream, kernel, dtype, count, parts, number):
    """`run(partial, out)` that combines the `parts` partial results of each of `count` rows."""
    import numpy as np
    from numba import cuda as device
    block = launch.threads(parts)
    kept, reduced = (device.to_device(np.array(table, np.int64))
                     for table in ([count, parts], [parts, 1]))
    start = launch.bind(kernel, stream, launch.blocks(count), block, block * dtype.size)
    return lambda partial, out: start(out, partial, kept, reduced, count, parts, 1, parts, number)


def _axes(ctx):
    """The reduced axes, or None where they are not known before the step, or wrong."""
    value = ctx.value(1)
    if value is None:
        return None
    rank = len(ctx.input_shapes[0])
    axes = [int(axis) for axis in value.reshape(-1)]
    if not all(-rank <= axis < rank for axis in axes):
        return None     # the reference kernel words the error
    distinct = {axis % rank for axis in axes}
    return distinct if len(distinct) == len(axes) else None


def _maker(ctx):
    axes = _axes(ctx)
    if axes is None:
        return None
    run = reduce(ctx.stream, ctx.op_type, ctx.input_dtypes[0], ctx.input_shapes[0], axes)
    return lambda x, axes, out: run(x, out)


cuda.kernel("Sum", "Max", "Min", "Prod", T=NUMBERS)(_maker)
cuda.kernel("Mean", T=FLOATS)(_maker)
cuda.kernel("All", "Any")(_maker)
