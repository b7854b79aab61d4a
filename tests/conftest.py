"""What holds for all tests: each starts without default graph and session of another; plans are verified."""

import hypothesis
import pytest

from graphflow.compiler import pipeline
from graphflow.framework import scopes

pipeline.VERIFY = True
# On a busy machine drawing examples takes as long as it takes: that is no failure of what is tested.
hypothesis.settings.register_profile(
    "graphflow", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow])
hypothesis.settings.load_profile("graphflow")


@pytest.fixture(autouse=True)
def _own_default_graph():
    """Empties the thread's stacks of graphs and sessions, which a failing test may have left."""
    scopes._stacks.graphs.clear()
    scopes._stacks.sessions.clear()
    scopes.reset_default_graph()
