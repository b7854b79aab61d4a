"""What holds for all tests: each starts without default graph and session of another; plans are verified."""

import pytest

from graphflow.compiler import pipeline
from graphflow.framework import scopes

pipeline.VERIFY = True


@pytest.fixture(autouse=True)
def _own_default_graph():
    """Empties the thread's stacks of graphs and sessions, which a failing test may have left."""
    scopes._stacks.graphs.clear()
    scopes._stacks.sessions.clear()
    scopes.reset_default_graph()
