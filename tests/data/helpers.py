"""What tests of datasets share: running a pipeline to its end."""

import contextlib
import threading
import time

import graphflow as tf


def elements(dataset, session=None, limit=1000):
    """All elements of a dataset, in `session` or a new one; errors other than the end go through."""
    iterator = dataset.make_initializable_iterator()
    element = iterator.get_next()
    found = []
    with contextlib.ExitStack() as stack:
        session = session or stack.enter_context(tf.Session())
        session.run(iterator.initializer)
        with contextlib.suppress(tf.errors.OutOfRangeError):
            while len(found) < limit:
                found.append(session.run(element))
    return found


def dataset_threads():
    """The threads of pipelines that are alive."""
    return [thread for thread in threading.enumerate() if thread.name == "graphflow dataset"]


def wait_until(condition, seconds=10.0):
    """Waits for `condition()`, and fails if it does not come to hold."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.005)
