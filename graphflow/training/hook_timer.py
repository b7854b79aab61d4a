"""When a hook acts: every so many seconds or steps.

State: per timer, the step and the time it last acted.
"""

import time

from graphflow.framework.api import tf_export


@tf_export("train.SecondOrStepTimer")
class SecondOrStepTimer:
    """Says whether to act in a step, so that it happens every `every_secs` seconds or `every_steps` steps.

    Raises ValueError unless exactly one of them is given.

    Example:
      >>> import graphflow as tf
      >>> timer, acted = tf.train.SecondOrStepTimer(every_steps=3), []
      >>> for step in range(8):
      ...     if timer.should_trigger_for_step(step):
      ...         _ = timer.update_last_triggered_step(step)
      ...         acted.append(step)
      >>> acted
      [0, 3, 6]
    """

    def __init__(self, every_secs=None, every_steps=None):
        self.reset()
        self._every_secs = every_secs
        self._every_steps = every_steps
        if every_secs is None and every_steps is None:
            raise ValueError("Either every_secs or every_steps should be provided.")
        if every_secs is not None and every_steps is not None:
            raise ValueError("Can not provide both every_secs and every_steps.")

    def reset(self):
        """Forgets the last time."""
        self._last_triggered_step = None
        self._last_triggered_time = None

    def should_trigger_for_step(self, step):
        """Whether to act in `step`: the first time, and when enough seconds or steps have passed."""
        if self._last_triggered_step is None:
            return True
        if self._last_triggered_step == step:
            return False
        if self._every_secs is not None:
            return time.time() >= self._last_triggered_time + self._every_secs
        return step >= self._last_triggered_step + self._every_steps

    def update_last_triggered_step(self, step):
        """Notes that `step` acted; returns (seconds, steps) since the last one, or (None, None)."""
        now = time.time()
        elapsed = None, None
        if self._last_triggered_time is not None:
            elapsed = now - self._last_triggered_time, step - self._last_triggered_step
        self._last_triggered_time = now
        self._last_triggered_step = step
        return elapsed

    def last_triggered_step(self):
        """The step that acted last, or None."""
        return self._last_triggered_step


class NeverTriggerTimer:
    """A timer for hooks that act at the end only."""

    def reset(self):
        pass

    def should_trigger_for_step(self, step):
        return False

    def update_last_triggered_step(self, step):
        return None, None

    def last_triggered_step(self):
        return None
