"""The passes, in order. Reads like a table of contents.

`lower` makes a plan from a graph; PASSES then work on it, each a function Plan -> Plan with the
reason why it is there. What needs shapes (folding, aliases, fusion, memory) is done when the plan is
specialised to those of a call: `runtime/specialize.py`.
"""

from graphflow.compiler import dead_code, order_effects, place, prune

# (pass, why). Passes keep what the plan computes; tests run every one on and off.
PASSES = [
    (dead_code.mark_dead, "half of what gradients add computes what nobody asked for"),
]


def lower(fetches, targets, feeds, available_devices=None, soft_placement=False):
    """The Plan for one run.

    Args: fetches: Tensors to return. targets: Operations to run. feeds: Tensors the caller gives.
      available_devices, soft_placement: see `place.check_devices`.
    Raises InvalidArgumentError for an unfed placeholder or a device that is not there.
    """
    operations = prune.needed_operations(fetches, targets, feeds)
    place.check_devices(operations, available_devices or {"CPU": 1}, soft_placement)
    plan = order_effects.build_plan(operations, feeds, fetches, targets)
    for apply, _ in PASSES:
        plan = apply(plan)
    return plan
