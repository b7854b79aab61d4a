"""`Session.explain`: the plan of a run as a table for people. Holds no state."""

from graphflow.client import feeds, fetches as fetching
from graphflow.framework import shapes
from graphflow.runtime.executor import Executor
from graphflow.runtime.frame import Frame


def explain(session, fetches, feed_dict):
    """The table for `session.run(fetches, feed_dict)`; values are needed where the run needs them."""
    fed = {feeds.feed_element(session.graph, key): value for key, value in feeds.flatten(feed_dict)}
    bound = session._bind(fetching.FetchMapper(session.graph, fetches), tuple(fed))
    plan = bound.executor.plan
    arrays = [feeds.FeedSlot(tensor).convert(value) for tensor, value in fed.items()]
    if not isinstance(bound.executor, Executor):
        return _table(plan, "reference executor: node by node", _plain_rows(plan))
    spec = bound.executor.specialization(arrays)
    return _table(plan, _summary(spec, bound.executor), _rows(spec))


def _summary(spec, executor):
    native = sum(b.native is not None for b in spec.nodes)
    running = sum(len(b.nodes) for b in spec.nodes)
    frame = Frame(spec, executor._slots, executor._resources)
    text = (f"{len(spec.plan.nodes)} nodes: {native} native kernels for {running - len(spec.nodes) + native} of them, {len(spec.nodes) - native} reference, "
            f"{len(spec.alias)} aliases, {len(spec.plan.nodes) - running - len(spec.alias)} computed ahead or "
            f"not needed; arena {frame.arena_bytes:,} bytes")
    if spec.pending:
        text += f"; {len(spec.pending)} kernels are still being compiled"
    return text


def _rows(spec):
    running = {node: bound for bound in spec.nodes for node in bound.nodes}
    for node in spec.plan.nodes:
        bound = running.get(node)
        if bound is not None:
            tier = "reference" if bound.native is None else "native"
            if len(bound.nodes) > 1:
                tier = f"fused {spec.nodes.index(bound)}"
        elif node.outputs and node.outputs[0] in spec.alias:
            tier = "alias"
        elif node.outputs and node.outputs[0] in spec.constants:
            tier = "ahead"
        else:
            tier = "not needed"
        yield node, tier, [spec.shape.get(v) for v in (*node.outputs, *(w.value for w in node.writes))]


def _plain_rows(plan):
    for node in plan.nodes:
        yield node, "reference", [v.shape for v in (*node.outputs, *(w.value for w in node.writes))]


def _table(plan, summary, rows):
    lines = [summary, f"{'runs as':<11}{'op':<30}{'makes':<28}name"]
    for node, tier, made in rows:
        values = (*node.outputs, *(w.value for w in node.writes))
        text = ", ".join(f"{v.dtype.name}{shapes.format_shape(s)}" for v, s in zip(values, made)) or "-"
        name = node.name
        if node.writes:
            name += "  -> " + ", ".join(w.variable.op.name + (" in place" if w.in_place else "") for w in node.writes)
        lines.append(f"{tier:<11}{node.type:<30}{text:<28}{name}")
    return "\n".join(lines)
