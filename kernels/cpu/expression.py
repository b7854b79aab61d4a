"""Builds elementwise programs from Python formulas. State: the program being built.

    formula = Formula(shape)
    x, rate = formula.operand(In(0), "float32", shape), formula.operand(In(1), "float32", ())
    formula.result(Out(0), x - x * rate)
    native = formula.kernel()
"""

import numpy as np

from .elementwise import program


class Term:
    """A number in a formula: an operand or what a step computes."""

    __slots__ = ("formula", "position")

    def __init__(self, formula, position):
        self.formula = formula
        self.position = position

    def __add__(self, other):
        return self.formula.step("Add", self, other)

    def __sub__(self, other):
        return self.formula.step("Sub", self, other)

    def __radd__(self, other):
        return self.formula.step("Add", other, self)

    def __rsub__(self, other):
        return self.formula.step("Sub", other, self)

    def __mul__(self, other):
        return self.formula.step("Mul", self, other)

    def __truediv__(self, other):
        return self.formula.step("RealDiv", self, other)

    def __rtruediv__(self, other):
        return self.formula.step("RealDiv", other, self)

    def __rmul__(self, other):
        return self.formula.step("Mul", other, self)

    def __neg__(self):
        return self.formula.step("Neg", self)

    def maximum(self, other):
        """The larger of both."""
        return self.formula.step("Maximum", self, other)

    def minimum(self, other):
        """The smaller of both."""
        return self.formula.step("Minimum", self, other)

    def sign(self):
        """-1, 0 or 1; NaN for NaN."""
        return self.formula.step("Sign", self)

    def absolute(self):
        """Its size."""
        return self.formula.step("Abs", self)

    def sqrt(self):
        """Square root."""
        return self.formula.step("Sqrt", self)

    def flushed(self):
        """Itself, or 0 where it is smaller than normal numbers."""
        is_tiny = self.formula.step("Less", self.absolute(), self.formula.tiny)
        return self.formula.step("Select", is_tiny, 0.0, self)


class Formula:
    """Elementwise computation over arrays that broadcast to `shape`. Add all operands first."""

    def __init__(self, shape):
        self._shape = shape
        self._operands = []
        self._steps = []
        self._results = []

    def operand(self, word, dtype, shape):
        """A Term for the array that argument word `word` points to."""
        self._operands.append((word, dtype, shape))
        return Term(self, len(self._operands) - 1)

    def step(self, op, *arguments):
        """A Term for op applied to Terms and Python numbers."""
        names = [str(argument.position) if isinstance(argument, Term) else f"#{float(argument)!r}"
                 for argument in arguments]
        self._steps.append(" ".join([op, *names]))
        return Term(self, len(self._operands) + len(self._steps) - 1)

    def result(self, word, term):
        """Has `term` stored at argument word `word`."""
        self._results.append((word, term.position))

    @property
    def tiny(self):
        """The smallest normal number of the first operand's dtype."""
        return np.finfo(self._operands[0][1]).tiny

    @property
    def text(self):
        """The steps, as a program's text."""
        return ";".join(self._steps)

    def kernel(self, threads=1):
        """The Native of this formula."""
        return program(self._shape, self._operands, self._steps, self._results, threads=threads)
