"""Pausing Python's cyclic garbage collector while many long-lived objects are made.

Building a plan or the gradients of a large graph makes nothing but objects that stay; each full
collection on the way would walk the whole graph in vain (half of the time for 100,000 nodes).
State: how many pauses are open, process-wide.
"""

import contextlib
import gc
import threading

_lock = threading.Lock()
_open = 0
_was_enabled = False


@contextlib.contextmanager
def paused():
    """No cyclic collection inside, unless the program had switched it off itself."""
    global _open, _was_enabled
    with _lock:
        if _open == 0:
            _was_enabled = gc.isenabled()
            gc.disable()
        _open += 1
    try:
        yield
    finally:
        with _lock:
            _open -= 1
            if _open == 0 and _was_enabled:
                gc.enable()
