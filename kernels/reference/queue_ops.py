"""Reference kernels of `graphflow/ops/queue_ops.py`: they let queues, which live in the session, work."""

import numpy as np

from graphflow.framework import dtypes, errors

from ..handles import handle_kernel, resource_of
from ..queues import PaddingFIFOQueue, PriorityQueue, Queue, RandomShuffleQueue
from ..registry import reference
from ..streams import Position, Stream
from ..waiting import WaitingKernel
from . import philox


def _queue(handle):
    return resource_of(handle, Queue, "queue")


def _signature(ctx, **more):
    return {"capacity": ctx.attr("capacity"), "component types": ctx.attr("component_types"),
            "component shapes": ctx.attr("shapes"), **more}


@reference.kernel("FIFOQueueV2", "FIFOQueue")
def fifo_queue(ctx):
    """A queue in order."""
    return _maker(ctx, Queue)


@reference.kernel("PaddingFIFOQueueV2", "PaddingFIFOQueue")
def padding_fifo_queue(ctx):
    """A queue in order that pads."""
    return _maker(ctx, PaddingFIFOQueue)


def _maker(ctx, kind):
    def make(name):
        return kind(name, ctx.attr("capacity"), ctx.attr("component_types"), ctx.attr("shapes"))
    return handle_kernel(ctx, make, _signature(ctx))


@reference.kernel("PriorityQueueV2", "PriorityQueue")
def priority_queue(ctx):
    """A queue by priority, which is a component in front of the others."""
    def make(name):
        shapes = [(), *ctx.attr("shapes")] if ctx.attr("shapes") else []
        return PriorityQueue(name, ctx.attr("capacity"), [dtypes.int64, *ctx.attr("component_types")], shapes)
    return handle_kernel(ctx, make, _signature(ctx))


@reference.kernel("RandomShuffleQueueV2", "RandomShuffleQueue")
def random_shuffle_queue(ctx):
    """A queue in random order."""
    seeds = ctx.attr("seed"), ctx.attr("seed2")
    kept = ctx.attr("min_after_dequeue")
    if kept < 0:
        raise errors.InvalidArgumentError(None, None, f"min_after_dequeue must be >= 0, got {kept}")

    def make(name):
        return RandomShuffleQueue(name, ctx.attr("capacity"), ctx.attr("component_types"), ctx.attr("shapes"), kept,
                                  _words(Stream(*seeds)))
    return handle_kernel(ctx, make, _signature(
        ctx, **{"min_after_dequeue": kept, "random seeds": seeds if any(seeds) else None}))


def _words(stream):
    """The stream's 32-bit words, one after the other."""
    position = Position(*stream.reserve_blocks(0))
    while True:
        yield from philox.words_at(position, 64).tolist()
        position = position.skip(16)


# ---------------------------------------------------------------- producers

def _check_timeout(ctx):
    if ctx.attr("timeout_ms") != -1:
        raise errors.InvalidArgumentError(None, None, "Timeout not supported yet.")


@reference.kernel("QueueEnqueueV2", "QueueEnqueue")
def enqueue(ctx):
    """Puts one element in."""
    _check_timeout(ctx)

    def begin(ticket, handle, *components):
        queue = _queue(handle)
        queue.check_element(components, many=False)
        queue.enqueue(ticket, [tuple([np.array(c)[()] if not c.ndim else np.array(c) for c in components])])

    return WaitingKernel(ctx, begin, supplies=True)


@reference.kernel("QueueEnqueueManyV2", "QueueEnqueueMany")
def enqueue_many(ctx):
    """Puts in as many elements as the first dimension says."""
    _check_timeout(ctx)

    def begin(ticket, handle, *components):
        queue = _queue(handle)
        queue.check_element(components, many=True)
        own = [np.array(c) for c in components]
        queue.enqueue(ticket, list(zip(*own)))

    return WaitingKernel(ctx, begin, supplies=True)


@reference.kernel("QueueCloseV2", "QueueClose")
def close(ctx):
    """Closes a queue."""
    def begin(ticket, handle):
        _queue(handle).close(ticket, ctx.attr("cancel_pending_enqueues"))

    return WaitingKernel(ctx, begin)


# ---------------------------------------------------------------- consumers

def _checked(ctx, handle):
    queue = _queue(handle)
    wanted = ctx.attr("component_types")
    if wanted != queue.dtypes:
        raise errors.InvalidArgumentError(
            None, None, f"{queue.label} has component types {[t.name for t in queue.dtypes]}, not "
            f"{[t.name for t in wanted]}")
    return queue


@reference.kernel("QueueDequeueV2", "QueueDequeue")
def dequeue(ctx):
    """Takes one element out."""
    _check_timeout(ctx)

    def begin(ticket, handle):
        _checked(ctx, handle).dequeue(ticket, 1)

    return WaitingKernel(ctx, begin, finish=lambda elements, handle: elements[0])


@reference.kernel("QueueDequeueManyV2", "QueueDequeueMany", "QueueDequeueUpToV2", "QueueDequeueUpTo")
def dequeue_many(ctx):
    """Takes several elements out, as a batch."""
    _check_timeout(ctx)
    small = "UpTo" in ctx.op_type
    name = "DequeueUpTo" if small else "DequeueMany"

    def begin(ticket, handle, n):
        queue = _checked(ctx, handle)
        if n < 0:
            raise errors.InvalidArgumentError(None, None, f"{name}Op requested {n} < 0 elements")
        if not queue.shapes:
            raise errors.InvalidArgumentError(
                None, None, f"{queue.signature['type']}'s DequeueMany and DequeueUpTo require the components to have "
                f"specified shapes.")
        queue.dequeue(ticket, int(n), small)

    return WaitingKernel(ctx, begin, finish=lambda elements, handle, n: _queue(handle).batch(elements))


# ---------------------------------------------------------------- questions

reference.function("QueueIsClosedV2", lambda handle: np.bool_(_queue(handle).closed))
reference.function("QueueIsClosed", lambda handle: np.bool_(_queue(handle).closed))
reference.function("QueueSizeV2", lambda handle: np.int32(_queue(handle).size()))
reference.function("QueueSize", lambda handle: np.int32(_queue(handle).size()))
reference.function("FakeQueue", lambda handle: handle)
