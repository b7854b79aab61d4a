"""`tf.test.TestCase`: a unittest case with sessions, temporary files and checks of arrays.

State: per test, one cached session and one temporary directory. Every test starts with an empty
default graph whose seed is set.
"""

import contextlib
import os
import random
import tempfile
import threading

import numpy as np
from absl.testing import absltest

from graphflow.client.session import Session
from graphflow.framework.api import tf_export
from graphflow.framework.random_seed import DEFAULT_GRAPH_SEED, set_random_seed
from graphflow.framework.scopes import get_default_session, reset_default_graph
from graphflow.test import environment
from graphflow.test.array_assertions import ArrayAssertions
from graphflow.test.assertions import Assertions


class CheckedThread:
    """A thread whose failure fails the test that joins it."""

    def __init__(self, test, target, args=None, kwargs=None):
        self._test = test
        self._target = lambda: target(*(args or ()), **(kwargs or {}))
        self._thread = threading.Thread(target=self._run)
        self._error = None

    def _run(self):
        try:
            self._target()
        except Exception as error:  # reported by join(), in the test's own thread
            self._error = error

    def start(self):
        """Starts the thread."""
        self._thread.start()

    def join(self):
        """Waits for the end; fails the test if the thread raised."""
        self._thread.join()
        if self._error is not None:
            self._test.fail(f"Error in checkedThread: {self._error}")

    def is_alive(self):
        """Whether the thread is still running."""
        return self._thread.is_alive()


@tf_export("test.TestCase")
class TestCase(ArrayAssertions, Assertions, absltest.TestCase):
    """A test with `session()`, `evaluate()` and checks such as `assertAllClose`.

        class SquareTest(tf.test.TestCase):
            def testSquare(self):
                with self.cached_session():
                    self.assertAllEqual(tf.square([2, 3]).eval(), [4, 9])

        if __name__ == "__main__":
            tf.test.main()
    """

    def setUp(self):
        super().setUp()
        self._cached_session = None
        self._temp_dir = None
        self._threads = []
        random.seed(DEFAULT_GRAPH_SEED)
        np.random.seed(DEFAULT_GRAPH_SEED)
        reset_default_graph()
        set_random_seed(DEFAULT_GRAPH_SEED)

    def tearDown(self):
        alive = [thread for thread in self._threads if thread.is_alive()]
        self.assertFalse(alive, "A checkedThread was not joined.")
        if self._cached_session is not None:
            self._cached_session[0].close()
            self._cached_session = None
        super().tearDown()

    def get_temp_dir(self):
        """A directory for this test's own files, the same one throughout the test."""
        if self._temp_dir is None:
            os.makedirs(environment.get_temp_dir(), exist_ok=True)
            self._temp_dir = tempfile.mkdtemp(dir=environment.get_temp_dir())
        return self._temp_dir

    def evaluate(self, tensors):
        """The values of tensors (any nesting that `Session.run` takes), in the default or the test's session."""
        session = get_default_session()
        if session is not None:
            return session.run(tensors)
        with self.cached_session() as session:
            return session.run(tensors)

    @contextlib.contextmanager
    def session(self, graph=None, config=None, use_gpu=False, force_gpu=False):
        """A new default session, closed at the end of the block.

        Ops made in the block are placed on the CPU unless `use_gpu` or `force_gpu`.
        """
        with Session(graph=graph, config=config) as session, self._placement(session, use_gpu, force_gpu):
            yield session

    @contextlib.contextmanager
    def cached_session(self, graph=None, config=None, use_gpu=False, force_gpu=False):
        """The test's one session as the default one: made by the first call, closed after the test.

        Later calls must give the same arguments; ValueError otherwise.
        """
        arguments = graph, config, force_gpu
        if self._cached_session is None:
            self._cached_session = Session(graph=graph, config=config), *arguments
        session, *first = self._cached_session
        for name, old, new in zip(("graph", "config", "force_gpu"), first, arguments, strict=True):
            if old is not new and old != new:
                raise ValueError(f"The {name} used to get the cached session is different from the one "
                                 "that it was made with.")
        with session.graph.as_default(), session.as_default(), self._placement(session, use_gpu, force_gpu):
            yield session

    def test_session(self, graph=None, config=None, use_gpu=False, force_gpu=False):
        """`cached_session` where no graph is given, else `session`."""
        if self._testMethodName == "test_session":
            self.skipTest("This is no test: its name only looks like one.")
        open_one = self.cached_session if graph is None else self.session
        return open_one(graph, config, use_gpu, force_gpu)

    @contextlib.contextmanager
    def _placement(self, session, use_gpu, force_gpu):
        if use_gpu and not force_gpu:
            yield
            return
        device = environment.gpu_device_name() if force_gpu else "/device:CPU:0"
        if not device:
            self.skipTest("no GPU")
        with session.graph.device(device):
            yield

    def checkedThread(self, target, args=None, kwargs=None):
        """A thread (not started) whose exceptions fail this test when it is joined."""
        thread = CheckedThread(self, target, args, kwargs)
        self._threads.append(thread)
        return thread

TensorFlowTestCase = TestCase
