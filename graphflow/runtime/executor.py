"""Choosing the executor of a plan. Holds no state."""

from graphflow.runtime.reference import ReferenceExecutor


def make_executor(plan, resources, config=None):
    """The executor that runs `plan` in the session that owns `resources`."""
    return ReferenceExecutor(plan, resources)
