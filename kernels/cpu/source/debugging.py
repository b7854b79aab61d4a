"""Assertions. Holds no state."""

from .values import IrKernel, fail, index, load, word


def holds(code):
    """Fails with `code` if a bool is false. Words: 0 and 1 unused, 2 its address."""
    def emit(b, block):
        condition = load(b, word(b, block, 2), index(0), "bool")
        fail(b, block, b.not_(condition.ir), int(code))

    return IrKernel(emit)
