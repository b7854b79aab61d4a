"""Unique rows: sparse gradients are added up without shapes that depend on the data.

Optimizers name each row once: `Unique` of the indices, a sum of the gradient's rows by number, and an update
of the rows so named. How many there are is known at run time only, which would leave all that follows to
reference kernels. Where nothing else looks at the numbers, the plan keeps as many places as there are
indices: the last are empty (the smallest integer as index, zeros) and updates skip them. Holds no state.
"""

from graphflow.framework import dtypes, shapes
from graphflow.framework.op_def import OpDef

# Like Unique, filled up with the smallest integer: an op of plans, in no graph.
UNIQUE_ROWS = OpDef(
    "UniqueRows", "x: T", "y: T, idx: out_idx", "T: {int32, int64}; out_idx: {int32, int64} = DT_INT32",
    lambda c: [shapes.with_rank(c.shape(0), 1)] * 2, False, False, None, "graphflow.ops.unique")

# Ops that keep rows apart, and give zeros, or whatever, for rows of zeros.
_ROW_BY_ROW = {"Identity", "StopGradient", "Neg", "Square", "Sqrt", "Add", "AddV2", "Sub", "Mul", "RealDiv", "Div",
               "Maximum", "Minimum", "Pow", "Sign", "Abs", "ClipByValue"}
_UPDATES = ("SparseApply", "ResourceSparseApply", "ScatterAdd", "ScatterSub", "ResourceScatterAdd",
            "ResourceScatterSub")


def fix_row_counts(plan):
    """`plan` with such patterns in that form."""
    users = None
    for node in plan.nodes:
        if node.type == "Unique" and node not in plan.dead and node.inputs[0].dtype in (dtypes.int32, dtypes.int64):
            users = _users(plan) if users is None else users
            updates = _updates(plan, node, users)
            if updates:
                node.op_def = UNIQUE_ROWS
                for update in updates:
                    update.attrs = {**update.attrs, "_skips_empty": True}
    return plan


def _users(plan):
    users = {}
    for node in plan.nodes:
        if node not in plan.dead:
            for i, value in enumerate(node.inputs):
                users.setdefault(value, []).append((node, i))
    return users


def _updates(plan, unique, users):
    """The updates of the rows that `unique` names; None if anybody else looks at them."""
    rows, places = unique.outputs
    kept = {*plan.fetches, *(v for node in plan.nodes if node.op in plan.targets for v in node.outputs)}
    named, updates, summed = _names(rows, users, kept), set(), []
    for value in named:
        for user, i in users.get(value, ()):
            if user.type == "Identity" or user.type == "Shape" and _only_counts(user, users, kept):
                continue
            if not _is_update(user) or not user.inputs[i].dtype.is_integer:
                return None
            updates.add(user)
    for user, i in users.get(places, ()):
        if user.type != "UnsortedSegmentSum" or i != 1:
            return None
        summed += user.outputs
    if places in kept or not named.isdisjoint(kept) or not _flow_into(updates, summed, named, users, kept):
        return None
    return updates


def _names(value, users, kept):
    """`value` and its other names."""
    found, stack = set(), [value]
    while stack:
        value = stack.pop()
        found.add(value)
        stack += [v for user, _ in users.get(value, ()) if user.type == "Identity" for v in user.outputs]
    return found


def _is_update(node):
    return node.type.startswith(_UPDATES)


def _only_counts(shape, users, kept):
    """Whether a Shape of the rows only tells `UnsortedSegmentSum` how many there are."""
    (value,) = shape.outputs
    if value in kept:
        return False
    for user, i in users.get(value, ()):
        if user.type != "StridedSlice" or i != 0 or user.outputs[0] in kept:
            return False
        if any(reader.type != "UnsortedSegmentSum" or j != 2 for reader, j in users.get(user.outputs[0], ())):
            return False
    return True


def _flow_into(updates, summed, named, users, kept):
    """Whether the sums reach nothing but updates of the rows named, row by row."""
    stack, seen = list(summed), set()
    while stack:
        value = stack.pop()
        if value in kept:
            return False
        if value in seen:
            continue
        seen.add(value)
        for user, _ in users.get(value, ()):
            if user in updates and any(v in named for v in user.inputs):
                continue
            if user.type not in _ROW_BY_ROW:
                return False
            stack += user.outputs
    return bool(seen)
