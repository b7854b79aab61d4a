"""`Session.explain`: the plan of a run as a table for people. Holds no state."""

import numpy as np

from graphflow.client import feeds, plan_picture
from graphflow.client import fetches as fetching
from graphflow.framework import shapes
from graphflow.framework.kernel_loader import kernels
from graphflow.runtime.executor import Executor
from graphflow.runtime.frame import Frame
from graphflow.runtime.staged import StagedExecutor


class Explanation(str):
    """A table as text; notebooks show it with a picture of its memory (`_repr_html_`)."""

    def __new__(cls, heading, rows, layout=(), steps=0):
        heading, rows = list(heading), list(rows)
        made = super().__new__(cls, _table(heading, rows))
        made._parts = heading, rows, layout, steps
        return made

    def _repr_html_(self):
        return plan_picture.html(*self._parts)


class Row:
    """One line of the table: what runs for `node` (or `name`, for what is no node), and how."""

    __slots__ = ("tier", "micros", "kind", "made", "buffer", "kernel", "name")

    def __init__(self, node, tier, shapes_made, micros="", buffer="", kernel=""):
        values = (*node.outputs, *(w.value for w in node.writes))
        self.tier, self.micros, self.kind, self.buffer, self.kernel = tier, micros, node.type, buffer, kernel
        self.made = ", ".join(f"{v.dtype.name}{shapes.format_shape(s)}" for v, s in zip(values, shapes_made)) or "-"
        self.name = node.name
        if node.writes:
            self.name += "  -> " + ", ".join(
                w.variable.op.name + (" in place" if w.in_place else "") for w in node.writes)


def explain(session, fetches, feed_dict, profile=False):
    """The Explanation of `session.run(fetches, feed_dict)`; with `profile`, the microseconds of each step."""
    fed = {feeds.feed_element(session.graph, key): value for key, value in feeds.flatten(feed_dict)}
    bound = session._bind(fetching.FetchMapper(session.graph, fetches), tuple(fed))
    arrays = [feeds.FeedSlot(tensor).convert(fed[tensor]) for tensor in sorted(fed, key=lambda t: t.name)]
    executor = bound.executor
    spec = executor.specialization(arrays) if isinstance(executor, Executor) else None
    if spec is not None:
        return explain_specialization(spec, executor.profile(spec, arrays) if profile else {}, executor._resources)
    return explain_plain(getattr(executor, "divided", executor), profile)


def explain_plain(executor, profile=False):
    """The Explanation of a plan that is not specialised as a whole."""
    if isinstance(executor, StagedExecutor):
        number = sum(1 for _ in _stages(executor))
        return Explanation([f"{number} stages: ops that may wait, and plans for the shapes of the last run"],
                           _stage_rows(executor, profile))
    return Explanation(["reference executor: node by node"], _plain_rows(executor.plan))


def _stages(executor, name=""):
    """(name, Stage, executor) of all stages; those of stages that are divided themselves in their place."""
    for stage, inner in executor.stages:
        own = f"{name}{stage.number}"
        divided = getattr(inner, "divided", None)
        if divided is not None:
            yield from _stages(divided, own + ".")
        else:
            yield own, stage, inner


def _stage_rows(executor, profile):
    for name, stage, inner in _stages(executor):
        if stage.node is not None:
            yield Row(stage.node, f"{name} waits" if stage.node.blocking else name, [v.shape for v in stage.outputs])
            continue
        latest = inner.latest() if isinstance(inner, Executor) else None
        if latest is None:
            yield from _plain_rows(stage.plan, f"{name} later" if isinstance(inner, Executor) else f"{name} reference")
        else:
            spec, feeds = latest
            numbers = all(array.dtype != object for array in feeds)     # nobody can make up a TensorArray
            yield from _rows(spec, inner.profile(spec, feeds) if profile and numbers else {}, indent=name + " ")


def explain_specialization(spec, seconds, resources):
    """The Explanation of a Specialization, with the seconds of its steps (position -> s) if known."""
    frame = Frame(spec, resources)
    rows = _rows(spec, seconds, frame.layout)
    return Explanation(_summary(spec, frame, seconds), rows, frame.layout, len(spec.nodes))


def _summary(spec, frame, seconds):
    native = sum(b.run is None for b in spec.nodes)
    running = {node.source for b in spec.nodes for node in b.nodes}
    others = {node.source for b in spec.nodes if b.run is not None for node in b.nodes}
    aliases = sum(bool(n.outputs) and n.outputs[0] in spec.alias and n not in running for n in spec.plan.nodes)
    yield (f"{len(spec.plan.nodes)} nodes: {native} native kernels for {len(running) - len(others)} of them, "
           f"{len(spec.nodes) - native} reference kernels, {aliases} aliases, "
           f"{len(spec.plan.nodes) - len(running) - aliases} computed ahead or not needed"
           + (f"; kernels take {sum(seconds.values()) * 1e6:.1f} us" if seconds else "")
           + (f"; {len(spec.pending)} kernels are still being compiled" if spec.pending else ""))
    variables = sum(_bytes(spec, variable.start) for variable in spec.variables)
    yield (f"memory: {variables:,} bytes of variables, {frame.arena_bytes:,} of arena for "
           f"{sum(size for _, _, size, *_ in frame.layout):,} of values "
           f"({sum(entry[5] for entry in frame.layout)} made in place), {frame.scratch_bytes:,} of scratch")
    yield "passes: " + ", ".join(f"{name} {_change(removed)}" for name, removed in spec.history)


def _change(removed):
    return f"-{removed}" if removed > 0 else f"+{-removed}" if removed else "0"


def _bytes(spec, value):
    size = shapes.size(spec.shape[value])
    return 0 if size is None else size * np.dtype(value.dtype.as_numpy_dtype).itemsize


def _rows(spec, seconds, layout=(), indent=""):
    """Rows of a specialisation; those of bodies are indented below their node."""
    running = {node.source: (i, bound, node) for i, bound in enumerate(spec.nodes) for node in bound.nodes}
    made = {value for bound in spec.nodes for value in bound.outputs}
    spent = {}      # several steps may stand for one node
    for i, time in seconds.items():
        source = spec.nodes[i].node.source
        spent[source] = spent.get(source, 0) + time
    place = {value: f"{offset:,}{' in place' if heir else ''}" for value, offset, _, _, _, heir in layout}
    for node in spec.plan.nodes:
        i, bound, run = running.get(node, (None, None, node))
        kernel = micros = ""
        if bound is not None:
            tier = "reference" if bound.run is not None else "native" if len(bound.nodes) == 1 else f"fused {i}"
            tier = "bodies" if node.bodies else f"{tier}, once" if i < spec.once else tier
            if node is bound.node.source:
                kernel = _kernel(bound)
                micros = f"{spent[node] * 1e6:.1f}" if node in spent else ""
        elif node.outputs and node.outputs[0] in spec.alias:
            tier = "alias"
        elif node.outputs and node.outputs[0] in spec.constants:
            tier = "ahead"
        else:
            tier = "by others" if made.intersection(node.outputs) else "not needed"
        shapes_made = [spec.shape.get(v, v.shape) for v in (*node.outputs, *(w.value for w in node.writes))]
        buffer = ", ".join(place[v] for v in node.outputs if v in place)
        yield Row(run, indent + tier, shapes_made, micros, buffer, kernel)
        if bound is not None and node.bodies:
            for number, body in enumerate(node.bodies):
                if node.op in spec.bodies:
                    yield from _rows(spec.bodies[node.op][number], {}, (), indent + "  ")
                else:
                    yield from _plain_rows(body.plan, indent + "  later")


def _kernel(bound):
    """The name of the compiled function behind a step, and in how many parts it is divided."""
    if bound.run is not None:
        return ""
    function, _ = kernels("cpu.pool").first_part(bound.native)
    parts = "" if function is bound.native.function else f" x{bound.native.words[1]}"
    return function.components()[-1].template + parts


def _plain_rows(plan, tier="reference"):
    for node in plan.nodes:
        yield Row(node, tier, [v.shape for v in (*node.outputs, *(w.value for w in node.writes))])
        for body in node.bodies:
            yield from _plain_rows(body.plan, "  " + tier)


def _table(heading, rows):
    lines = [*heading, f"{'runs as':<18}{'us':>8}  {'op':<30}{'makes':<28} {'arena at':<20} {'kernel':<24} name"]
    for row in rows:
        lines.append(f"{row.tier:<18}{row.micros:>8}  {row.kind:<30}{row.made:<28} {row.buffer:<20} {row.kernel:<24} "
                     f"{row.name}")
    return "\n".join(lines)
