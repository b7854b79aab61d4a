"""Elementwise kernels: any number of ops, operands and results in one loop. Holds no state.

A program is text. Operands: "float32:v" (a value per element), "float32:r" (one per row),
"float32:p" (a number in the block), joined by ",". Steps: "Mul 0 1;Exp 2;Cast:int32 3", each naming
its arguments by position: operands first, then earlier steps; "#0.5" is a constant of the other
argument's dtype. Results: positions, "3,2".
Rows are what broadcasting leaves: see `kernels/layout.py`.
"""

from ...scalar import functions
from .scalar_math import IrMath
from .values import (
    BYTES,
    IrKernel,
    blocks,
    double_word,
    index,
    load,
    loop,
    row_offsets,
    store,
    word,
)

_FIXED_WORDS = 5


def step(b, text, values):
    """The value of one step of a program."""
    op, *names = text.split(" ")
    given = {name: values[int(name)] for name in names if not name.startswith("#")}
    like = given[[name for name in names if name in given][-1]]
    arguments = [given[name] if name in given else like.const(float(name[1:])) for name in names]
    if op.startswith("Cast:"):
        return arguments[0].cast(op[5:])
    return functions.find(op, IrMath(b, like.dtype))(*arguments)


class Program:
    """The operands and steps of a program, whose words begin at `first`; none of the words changes.

    Words: the operands, addresses or numbers; the table of outer dimensions, where only operands with
    an address have strides.
    """

    def __init__(self, b, block, operands, steps, first):
        self._b, self._block = b, block
        self._kinds = [text.split(":") for text in operands.split(",")]
        self._steps = steps.split(";")
        # All words are read before the loops: nothing a loop stores can then change them.
        self._base = [word(b, block, first + i) for i in range(len(self._kinds))]
        self._parameters = {i: double_word(b, block, first + i).cast(dtype)
                            for i, (dtype, form) in enumerate(self._kinds) if form == "p"}
        self._table = index(first + len(self._kinds))
        self._addressed = [i for i in range(len(self._kinds)) if i not in self._parameters]

    def begin(self, row):
        """Emits what is done once for a row."""
        b, kinds = self._b, self._kinds
        offsets = row_offsets(b, self._block, self._table, row, len(self._addressed))
        self._at = {i: b.add(self._base[i], b.mul(offset, index(BYTES[kinds[i][0]])))
                    for i, offset in zip(self._addressed, offsets, strict=True)}
        self._fixed = {i: load(b, self._at[i], index(0), kinds[i][0])
                       for i in self._addressed if kinds[i][1] == "r"}

    def values(self, column):
        """Emits the steps for one column of the row; the operands and what each step computes."""
        values = [self._parameters[i] if i in self._parameters else self._fixed[i] if i in self._fixed
                  else load(self._b, self._at[i], column, dtype)
                  for i, (dtype, _) in enumerate(self._kinds)]
        for text in self._steps:
            values.append(step(self._b, text, values))
        return values


def program(operands, steps, results):
    """The kernel of a program.

    Words: first row, last row, first column, last column, row length; the addresses of the
    results; the Program's.
    """
    wanted = [int(position) for position in results.split(",")]

    def emit(b, block):
        targets = [word(b, block, _FIXED_WORDS + i) for i in range(len(wanted))]
        work = Program(b, block, operands, steps, _FIXED_WORDS + len(wanted))
        start, stop, length = (word(b, block, i) for i in (2, 3, 4))
        with loop(b, word(b, block, 0), word(b, block, 1)) as row:
            work.begin(row)
            row_start = b.mul(row, length)
            with loop(b, start, stop) as column:
                values = work.values(column)
                for target, position in zip(targets, wanted, strict=True):
                    value = values[position]
                    begin = b.add(target, b.mul(row_start, index(BYTES[value.dtype])))
                    store(b, begin, column, value)

    return IrKernel(emit)


def add_n(dtype):
    """out = x0 + x1 + ..., left to right. Words: out, start, stop, count, then the addresses.

    `out` may be x0, and no other input. Goes through memory in pieces that stay in the cache.
    """
    def emit(b, block):
        out, start, stop, count = (word(b, block, i) for i in range(4))
        with blocks(b, start, stop, index(2048)) as (begin, end):
            first = word(b, block, 4)
            with loop(b, begin, end) as i:
                store(b, out, i, load(b, first, i, dtype))
            with loop(b, index(1), count) as operand:
                x = word(b, block, b.add(operand, index(4)))
                with loop(b, begin, end) as i:
                    store(b, out, i, load(b, out, i, dtype, again=True) + load(b, x, i, dtype))

    return IrKernel(emit)
