"""`Session.explain`: the plan of a run as a table for people. Holds no state."""

from graphflow.client import feeds
from graphflow.client import fetches as fetching
from graphflow.framework import shapes
from graphflow.runtime.executor import Executor
from graphflow.runtime.frame import Frame
from graphflow.runtime.staged import StagedExecutor


def explain(session, fetches, feed_dict, profile=False):
    """The table for `session.run(fetches, feed_dict)`; with `profile`, the microseconds of each step."""
    fed = {feeds.feed_element(session.graph, key): value for key, value in feeds.flatten(feed_dict)}
    bound = session._bind(fetching.FetchMapper(session.graph, fetches), tuple(fed))
    plan = bound.executor.plan
    arrays = [feeds.FeedSlot(tensor).convert(fed[tensor]) for tensor in sorted(fed, key=lambda t: t.name)]
    if not isinstance(bound.executor, Executor):
        if isinstance(bound.executor, StagedExecutor):
            stages = bound.executor.stages
            return _table(f"{len(stages)} stages: ops that may wait, and the plans between them", _stage_rows(stages))
        return _table("reference executor: node by node", _plain_rows(plan))
    if profile:
        spec, seconds = bound.executor.profile(arrays)
    else:
        spec, seconds = bound.executor.specialization(arrays), {}
    return _table(_summary(spec, bound.executor, seconds), _rows(spec, seconds))


def _summary(spec, executor, seconds):
    native = sum(b.native is not None for b in spec.nodes)
    running = sum(len(b.nodes) for b in spec.nodes)
    frame = Frame(spec, executor._resources)
    text = (f"{len(spec.plan.nodes)} nodes: {native} native kernels for {running - len(spec.nodes) + native} of them, "
            f"{len(spec.nodes) - native} reference kernels, {len(spec.alias)} aliases, "
            f"{len(spec.plan.nodes) - running - len(spec.alias)} computed ahead or not needed; arena "
            f"{frame.arena_bytes:,} bytes")
    if seconds:
        text += f"; kernels take {sum(seconds.values()) * 1e6:.1f} us"
    if spec.pending:
        text += f"; {len(spec.pending)} kernels are still being compiled"
    return text


def _rows(spec, seconds, indent=""):
    """Rows of a specialisation; those of bodies are indented below their node."""
    running = {node.source: (i, bound) for i, bound in enumerate(spec.nodes) for node in bound.nodes}
    for node in spec.plan.nodes:
        i, bound = running.get(node, (None, None))
        micros = ""
        if bound is not None:
            tier = "reference" if bound.native is None else "native" if len(bound.nodes) == 1 else f"fused {i}"
            tier = "bodies" if node.bodies else tier
            if i in seconds and node is bound.node.source:
                micros = f"{seconds[i] * 1e6:.1f}"
        elif node.outputs and node.outputs[0] in spec.alias:
            tier = "alias"
        elif node.outputs and node.outputs[0] in spec.constants:
            tier = "ahead"
        else:
            tier = "not needed"
        yield (node, indent + tier, micros,
               [spec.shape.get(v, v.shape) for v in (*node.outputs, *(w.value for w in node.writes))])
        if bound is not None and node.bodies:
            for number, body in enumerate(node.bodies):
                if node.op in spec.bodies:
                    yield from _rows(spec.bodies[node.op][number], {}, indent + "  ")
                else:
                    yield from _plain_rows(body.plan, indent + "  later")


def _plain_rows(plan, tier="reference"):
    for node in plan.nodes:
        yield node, tier, "", [v.shape for v in (*node.outputs, *(w.value for w in node.writes))]
        for body in node.bodies:
            yield from _plain_rows(body.plan, "  " + tier)


def _stage_rows(stages):
    for stage in stages:
        if stage.plan is not None:
            yield from _plain_rows(stage.plan, f"stage {stage.number}")
        else:
            yield stage.node, "waits", "", [v.shape for v in stage.outputs]


def _table(summary, rows):
    lines = [summary, f"{'runs as':<15}{'us':>8}  {'op':<30}{'makes':<28}name"]
    for node, tier, micros, made in rows:
        values = (*node.outputs, *(w.value for w in node.writes))
        text = ", ".join(f"{v.dtype.name}{shapes.format_shape(s)}" for v, s in zip(values, made)) or "-"
        name = node.name
        if node.writes:
            name += "  -> " + ", ".join(w.variable.op.name + (" in place" if w.in_place else "") for w in node.writes)
        lines.append(f"{tier:<15}{micros:>8}  {node.type:<30}{text:<28} {name}")
    return "\n".join(lines)
