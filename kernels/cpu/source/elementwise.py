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
    advance,
    blocks,
    double_word,
    index,
    load,
    loop,
    row_offsets,
    store,
    word,
)
from .vectors import Lanes, smaller
from .vectors import steps as vector_steps

_FIXED_WORDS = 5


def step(b, text, values):
    """The value of one step of a program."""
    op, *names = text.split(" ")
    given = {name: values[int(name)] for name in names if not name.startswith("#")}
    like = given[[name for name in names if name in given][-1]]
    arguments = [given[name] if name in given else like.const(float(name[1:])) for name in names]
    if op.startswith("Cast:"):
        return arguments[0].cast(op[5:])
    return functions.find(op, IrMath(b, like.dtype, like.ir.type))(*arguments)


def address_word(b, block, position, has_offset):
    """The address in a word, and in the next the bytes from there to where a part begins."""
    address = word(b, block, position)
    return b.add(address, word(b, block, position + 1)) if has_offset else address


class Program:
    """The operands and steps of a program, whose words begin at `first`; none of the words changes.

    Words: the operands, addresses or numbers, those of a part ("float32:v+") followed by its offset in
    bytes; the table of outer dimensions, where only operands with an address have strides. With `lanes`
    it works on vectors; its operands are then of one dtype.
    """

    def __init__(self, b, block, operands, steps, first, lanes=None):
        self._b, self._block = b, block
        self._kinds = [text.split(":") for text in operands.split(",")]
        self._steps = steps.split(";")
        self.vectors = Lanes(b, self._kinds[0][0], lanes) if lanes else None
        # All words are read before the loops: nothing a loop stores can then change them.
        self._base, self._parameters = {}, {}
        for i, (dtype, form) in enumerate(self._kinds):
            if form == "p":
                self._parameters[i] = self._spread(double_word(b, block, first).cast(dtype))
            else:
                self._base[i] = address_word(b, block, first, form.endswith("+"))
            first += 2 if form.endswith("+") else 1
        self._table = index(first)

    def _spread(self, number):
        return number if self.vectors is None else self.vectors.value(self.vectors.splat(number.ir))

    def begin(self, row, others=0):
        """Emits what is done once for a row. Returns where it begins in as many `others` as the table has
        beside the operands, in elements."""
        b, kinds = self._b, self._kinds
        offsets = row_offsets(b, self._block, self._table, row, len(self._base) + others)
        self._at = {i: b.add(base, b.mul(offset, index(BYTES[kinds[i][0]])))
                    for (i, base), offset in zip(self._base.items(), offsets, strict=False)}
        self._fixed = {i: self._spread(load(b, at, index(0), kinds[i][0]))
                       for i, at in self._at.items() if kinds[i][1][0] == "r"}
        return offsets[len(self._base):]

    def _load(self, i, column, mask):
        b, v, dtype = self._b, self.vectors, self._kinds[i][0]
        if v is None:
            return load(b, self._at[i], column, dtype)
        place = advance(b, self._at[i], column, dtype)
        return v.value(v.load(place) if mask is None else v.load_part(mask, place))

    def values(self, column, mask=None):
        """Emits the steps for one column of the row, or for the vector of columns that begins there:
        the operands and what each step computes."""
        values = [self._parameters[i] if i in self._parameters else self._fixed[i] if i in self._fixed
                  else self._load(i, column, mask) for i in range(len(self._kinds))]
        for text in self._steps:
            values.append(step(self._b, text, values))
        return values


def program(operands, steps, results, form="loop"):
    """The kernel of a program.

    `form` says how loops are written: "loop" for LLVM to vectorise, "vectors:16" as vectors of so many
    lanes, "stream:16" likewise with a result that goes to memory past the caches.
    A result "7+" is a part of an array: it has an entry in the table, after the operands.
    Words: first row, last row, first column, last column, row length; the addresses of the
    results, each followed by an offset in bytes if it is a part; the Program's.
    """
    wanted, parts = [int(text.rstrip("+")) for text in results.split(",")], [t[-1] == "+" for t in results.split(",")]
    name, _, lanes = form.partition(":")

    def emit(b, block):
        targets, first = [], _FIXED_WORDS
        for part in parts:
            targets.append(address_word(b, block, first, part))
            first += 2 if part else 1
        work = Program(b, block, operands, steps, first, int(lanes or 0))
        start, stop, length = (word(b, block, i) for i in (2, 3, 4))
        with loop(b, word(b, block, 0), word(b, block, 1)) as row:
            begins, dense = iter(work.begin(row, sum(parts))), b.mul(row, length)
            rows = [next(begins) if part else dense for part in parts]
            if lanes:
                _vectors(b, work, wanted, targets, rows, start, stop, name == "stream")
            else:
                _numbers(b, work, wanted, targets, rows, start, stop)
        if name == "stream":
            b.fence("seq_cst")      # other threads may read what went past the caches

    return IrKernel(emit)


def _numbers(b, work, wanted, targets, rows, start, stop):
    """The columns [start, stop) of a row, which begins `rows` elements after the targets, one by one."""
    with loop(b, start, stop) as column:
        values = work.values(column)
        for target, row, position in zip(targets, rows, wanted, strict=True):
            value = values[position]
            store(b, advance(b, target, row, value.dtype), column, value)


def _vectors(b, work, wanted, targets, rows, start, stop, stream):
    """Likewise in vectors; those that stream begin at whole vectors in memory."""
    v = work.vectors
    places = [advance(b, target, row, v.dtype) for target, row in zip(targets, rows, strict=True)]

    def do(column, mask):
        values = work.values(column, mask)
        for place, position in zip(places, wanted, strict=True):
            address, vector = advance(b, place, column, v.dtype), values[position].ir
            if mask is not None:
                v.store_part(mask, vector, address)
            elif stream:
                v.stream(vector, address)
            else:
                v.store(vector, address)

    if stream:
        before = b.lshr(b.and_(b.neg(advance(b, places[0], start, v.dtype)), index(v.bytes - 1)),
                        index(v.size.bit_length() - 1))
        before = smaller(b, before, b.sub(stop, start))
        with b.if_then(b.icmp_signed(">", before, index(0))):
            do(start, v.mask(before))
        start = b.add(start, before)
    with vector_steps(b, start, stop, v.lanes) as (column, end):
        do(column, None)
    with b.if_then(b.icmp_signed("<", end, stop)):
        do(end, v.mask(b.sub(stop, end)))


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
