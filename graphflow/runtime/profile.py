"""How long the steps of a specialised plan take, one by one. Holds no state."""

import time

from graphflow.runtime.frame import Frame


def profile(spec, resources, feeds, variables, repeats=20):
    """Seconds per step (position in the nodes of the Specialization -> fastest of `repeats` runs).

    Runs the plan for real, step by step, and only once if it has effects other than writing `variables`.
    """
    frame = Frame(spec, resources)
    if frame.calls_python or any(b.run is not None and b.node.op_def.is_stateful for b in spec.nodes):
        repeats = 1
    steps = list(frame.single_steps())
    best = {}
    for _ in range(repeats):
        frame.place(feeds, variables)
        for position, step in enumerate(steps):
            start = time.perf_counter()
            step.run()
            best[position] = min(best.get(position, 1e9), time.perf_counter() - start)
    return best
