"""Reference kernels of `graphflow/ops/optional.py`. Holds no state."""

import numpy as np

from ..registry import reference
from .pipeline import fail, variant


class Optional:
    """An element (a tuple of arrays), or None."""

    __slots__ = ("element",)

    def __init__(self, element):
        self.element = element


def _optional_of(array):
    value = array[()] if array.ndim == 0 else None
    if not isinstance(value, Optional):
        fail("The given variant is not an optional")
    return value


def _value(optional):
    element = _optional_of(optional).element
    if element is None:
        fail("The given optional does not have a value.")
    return element


reference.function("OptionalFromValue", lambda *components: variant(Optional(components)))
reference.function("OptionalNone", lambda: variant(Optional(None)))
reference.function("OptionalHasValue", lambda optional: np.array(_optional_of(optional).element is not None))
reference.function("OptionalGetValue", _value)
