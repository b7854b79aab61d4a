"""Reference kernels of `graphflow/ops/staging.py`."""

import numpy as np

from .. import staging_areas
from ..registry import reference
from ..waiting import WaitingKernel


def _area(ctx):
    """The staging area that an op names, made on first use."""
    name = ctx.attr("shared_name").decode() or ctx.op_name
    limits = ctx.attr("capacity"), ctx.attr("memory_limit")

    def make():
        if "Map" not in ctx.op_type:
            return staging_areas.StagingArea(name, *limits)
        return staging_areas.MapStagingArea(name, *limits, ctx.op_type.startswith("Ordered"), len(ctx.attr("dtypes")))

    kind = "ordered" if ctx.op_type.startswith("Ordered") else "map" if "Map" in ctx.op_type else "row"
    return ctx.resources.get(("staging", ctx.attr("container").decode(), kind, name), make)


def _owned(values):
    return [np.array(value) for value in values]


@reference.kernel("Stage")
def stage(ctx):
    """Puts an element at the end."""
    return WaitingKernel(ctx, lambda ticket, *values: _area(ctx).put(ticket, _owned(values)))


@reference.kernel("Unstage")
def unstage(ctx):
    """Takes the first element."""
    return WaitingKernel(ctx, lambda ticket: _area(ctx).get(ticket))


@reference.kernel("StagePeek")
def peek(ctx):
    """Looks at an element."""
    return WaitingKernel(ctx, lambda ticket, index: _area(ctx).peek(ticket, int(index)),
                         lambda result, *inputs: _owned(result))


@reference.kernel("MapStage", "OrderedMapStage")
def map_stage(ctx):
    """Puts components of an element by key."""
    return WaitingKernel(ctx, lambda ticket, key, indices, *values: _area(ctx).put(
        ticket, int(key), indices.tolist(), _owned(values)))


def _of_key(remove):
    def maker(ctx):
        return WaitingKernel(ctx, lambda ticket, key, indices: _area(ctx).get(
            ticket, int(key), indices.tolist(), remove), lambda result, *inputs: _owned(result))
    return maker


reference.kernel("MapUnstage", "OrderedMapUnstage")(_of_key(True))
reference.kernel("MapPeek", "OrderedMapPeek")(_of_key(False))


@reference.kernel("MapUnstageNoKey", "OrderedMapUnstageNoKey")
def unstage_any(ctx):
    """Takes components of any element, or of the one of the smallest key."""
    return WaitingKernel(ctx, lambda ticket, indices: _area(ctx).get(ticket, None, indices.tolist()))


reference.kernel("StageSize", "MapSize", "OrderedMapSize")(lambda ctx: lambda: np.int32(_area(ctx).size()))
reference.kernel("MapIncompleteSize", "OrderedMapIncompleteSize")(
    lambda ctx: lambda: np.int32(_area(ctx).incomplete_size()))
reference.kernel("StageClear", "MapClear", "OrderedMapClear")(
    lambda ctx: lambda: _area(ctx).change(_area(ctx).clear))
