"""The passes, in order. Reads like a table of contents.

`lower` makes a plan from a graph, once per fetches and fed tensors: PASSES work on it, each a function
Plan -> Plan. `shape` goes on when the shapes of feeds and variables are known, once per shapes:
SHAPE_PASSES, each a function ShapedPlan -> ShapedPlan. Every pass stands with the reason why it is there.
"""

from graphflow.compiler import (
    accumulate,
    bodies,
    broadcasts,
    collect,
    dead_code,
    expand,
    fold,
    hoist,
    joins,
    layout,
    merge,
    order_effects,
    parts,
    place,
    prune,
    reads,
    rename,
    schedule,
    simplify,
    squeeze,
    transposes,
    unique_rows,
    verify,
)
from graphflow.compiler.shaped import ShapedPlan

# (pass, why). Passes keep what the plan computes; tests run every one on and off.
PASSES = [
    (dead_code.mark_dead, "half of what gradients add computes what nobody asked for"),
    (collect.collect_pieces, "sparse gradients of what a loop looks up grow in each iteration, and would be copied"),
    (unique_rows.fix_row_counts, "sparse gradients are added up natively, with as many places as indices"),
]
SHAPE_PASSES = [
    (fold.fold, "shape arithmetic and constants are the same at every run: most nodes of a gradient"),
    (rename.rename, "identities and reshapes move no data"),
    (simplify.simplify, "gradients multiply by 1, square by `pow` and cast there and back"),
    (layout.channels_last, "kernels for images are written for channels last: others take 7 times as long"),
    (parts.multiply_parts, "a gradient that nobody asked for may be a part of a product that somebody reads"),
    (joins.separate_joins, "lookups of several lists of rows are made together, sliced apart, and padded in gradients"),
    (merge.merge_equal, "programs write the same expression twice, and gradients write it again"),
    (transposes.fold_transposes, "BLAS reads a transposed matrix as fast as another"),
    (squeeze.squeeze, "elementwise loops join where shapes are equal, but for axes of size one"),
    (broadcasts.absorb, "elementwise kernels repeat a row by themselves, without a copy of full size"),
    (accumulate.accumulate, "products add to what is there: gradients of a weight used often need no more memory"),
    (expand.expand, "gradients add in twos and threes, and clip: the loops around them take that along"),
    (reads.share_reads, "a training step uses its variables before it writes them: no copy is needed"),
    (dead_code.drop_dead, "what only fed what is now constant has no reader left"),
    (schedule.update_early, "a gradient that is applied at once need not be kept"),
    (hoist.hoist, "loops repeat what never changes: masks, scaled weights, products of parameters"),
]

# Whether plans are checked between shape passes: tests say so.
VERIFY = False


def lower(fetches, targets, feeds, available_devices=None, soft_placement=False):
    """The Plan for one run.

    Args: fetches: Tensors to return. targets: Operations to run. feeds: Tensors the caller gives.
      available_devices, soft_placement: see `place.check_devices`.
    Raises InvalidArgumentError for an unfed placeholder or a device that is not there.
    """
    context = bodies.Context(feeds)
    operations, needs = prune.needed_operations(fetches, targets, feeds, context)
    place.check_devices(_with_inner(operations, needs), available_devices or {"CPU": 1}, soft_placement)
    plan = order_effects.build_plan(operations, feeds, fetches, targets, needs, context)
    return _optimized(plan)


def lower_body(body, available_devices=None, soft_placement=False):
    """The Plan of a FuncGraph, and what it takes: `body.inputs`, then the captured tensors that are returned.

    For those who call a body as a function (`runtime/control.py` runs those of conditionals and loops).
    Variables are read and written in the session that runs the plan.
    """
    context = bodies.Context(())
    need = bodies.BodyNeed(body, body.outputs, context, prune.needed_operations)
    place.check_devices(_with_inner(need.operations, need.needs), available_devices or {"CPU": 1}, soft_placement)
    roots = {tensor: order_effects.declaration(tensor) for tensor in body.captures.values()}
    roots = {tensor: op for tensor, op in roots.items() if op is not None}
    captured = [source for source, tensor in body.captures.items() if tensor not in (*roots, *need.constants)]
    feeds = [*body.inputs, *(body.captures[source] for source in captured)]
    plan = order_effects.build_plan(
        need.operations, feeds, body.outputs, (), need.needs, context, need.constants, roots)
    return _optimized(plan), captured


def _with_inner(operations, needs):
    """`operations` and those of all bodies in them."""
    found, waiting = list(operations), list(needs.values())
    while waiting:
        for body in waiting.pop().bodies:
            found.extend(body.operations)
            waiting.extend(body.needs.values())
    return found


def _optimized(plan):
    for apply, _ in PASSES:
        plan = apply(plan)
    for node in plan.nodes:
        for body in node.bodies:
            body.plan = _optimized(body.plan)
    return plan


def shape(plan, feeds, variable_shapes, evaluate, varying=None):
    """The ShapedPlan for these feeds (a `body_shapes.Info` each) and variables; `evaluate` computes a node now.

    `variable_shapes`: {Variable: shape} for those that the plan's own nodes use. `varying`: see `ShapedPlan`.
    """
    shaped = ShapedPlan(plan, feeds, variable_shapes, evaluate, shape, varying)
    for apply, _ in SHAPE_PASSES:
        before = len(shaped.nodes)
        shaped = apply(shaped)
        shaped.history.append((apply.__name__, before - len(shaped.nodes)))
        if VERIFY:
            verify.check(shaped, apply.__name__)
    return shaped
