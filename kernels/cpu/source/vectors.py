"""Vectors of a fixed number of lanes as LLVM IR, for kernels blocked for registers by hand.

Values are plain IR values and addresses IR integers. Where a block of numbers ends inside a vector,
the masked forms touch only the lanes that are there. Holds no state.
"""

from contextlib import contextmanager

from llvmlite import ir

from .values import BYTES, I1, I8, I32, I64, Value, constant, declared, index, register_type


class Lanes:
    """Emits operations on `<lanes x dtype>`."""

    def __init__(self, b, dtype, lanes):
        self.b, self.dtype, self.lanes = b, dtype, lanes
        self.size = BYTES[dtype]
        self.bytes = self.size * lanes
        self.scalar = register_type(dtype)
        self.type = ir.VectorType(self.scalar, lanes)
        self.zero = ir.Constant(self.type, None)

    def slot(self, start=None):
        """A variable in the entry block, which LLVM keeps in a register; set to `start` here."""
        with self.b.goto_entry_block():
            place = self.b.alloca(self.type)
        self.b.store(self.zero if start is None else start, place)
        return place

    def pointer(self, address, distance=0):
        """The vector `distance` bytes (a Python int) after `address`."""
        if distance:
            address = self.b.add(address, index(distance))
        return self.b.inttoptr(address, self.type.as_pointer())

    def load(self, address, distance=0):
        """A whole vector."""
        return self.b.load(self.pointer(address, distance), align=self.size)

    def store(self, value, address, distance=0):
        """Writes a whole vector."""
        self.b.store(value, self.pointer(address, distance), align=self.size)

    def stream(self, value, address):
        """Writes a whole vector at a multiple of its size, past the caches."""
        store = self.b.store(value, self.pointer(address), align=self.bytes)
        store.set_metadata("nontemporal", self.b.module.add_metadata([ir.Constant(I32, 1)]))

    def splat(self, number):
        """A scalar in every lane."""
        one = self.b.insert_element(ir.Constant(self.type, ir.Undefined), number, ir.Constant(I32, 0))
        lanes = ir.Constant(ir.VectorType(I32, self.lanes), None)
        return self.b.shuffle_vector(one, ir.Constant(self.type, ir.Undefined), lanes)

    def constant(self, number):
        """A Python number in every lane."""
        return constant(self.type, number)

    def broadcast(self, address, distance=0):
        """The number at an address, in every lane."""
        if distance:
            address = self.b.add(address, index(distance))
        place = self.b.inttoptr(address, self.scalar.as_pointer())
        return self.splat(self.b.load(place, align=self.size))

    def fma(self, x, y, z):
        """x * y + z, rounded once."""
        return self._intrinsic("fma", "", self.type, x, y, z)

    def value(self, vector):
        """A vector as a Value, for its operators."""
        return Value(self.b, self.dtype, vector)

    def across(self, vector, combine):
        """The lanes of a vector combined by `combine(Value, Value)`, halves first, as a Value."""
        b, width = self.b, self.lanes
        while width > 1:
            width //= 2
            low, high = (b.shuffle_vector(vector, ir.Constant(vector.type, ir.Undefined),
                                          ir.Constant(ir.VectorType(I32, width), list(range(start, start + width))))
                         for start in (0, width))
            vector = combine(self.value(low), self.value(high)).ir
        return self.value(b.extract_element(vector, ir.Constant(I32, 0)))

    # ---- parts of vectors

    def mask(self, count):
        """The first `count` (an IR integer of any size) lanes."""
        wide = ir.VectorType(I64, self.lanes)
        numbers = ir.Constant(wide, [index(i) for i in range(self.lanes)])
        one = self.b.insert_element(ir.Constant(wide, ir.Undefined), count, ir.Constant(I32, 0))
        spread = self.b.shuffle_vector(one, ir.Constant(wide, ir.Undefined),
                                       ir.Constant(ir.VectorType(I32, self.lanes), None))
        return self.b.icmp_signed("<", numbers, spread)

    def _intrinsic(self, name, ending, result, *arguments):
        full = f"llvm.{name}.v{self.lanes}f{8 * self.size}{ending}"
        return self.b.call(declared(self.b, full, result, *[a.type for a in arguments]), arguments)

    def load_part(self, mask, address, distance=0):
        """A vector whose lanes outside of the mask are zero, and not touched in memory."""
        return self._intrinsic("masked.load", ".p0", self.type, self.pointer(address, distance),
                            ir.Constant(I32, self.size), mask, self.zero)

    def store_part(self, mask, value, address, distance=0):
        """Writes the lanes of the mask."""
        self._intrinsic("masked.store", ".p0", ir.VoidType(), value, self.pointer(address, distance),
                     ir.Constant(I32, self.size), mask)


@contextmanager
def steps(b, start, stop, size):
    """Emits a loop over the whole blocks of `size` (a Python int) numbers in [start, stop); yields
    (first number of the block, end of the last block)."""
    count = b.sdiv(b.sub(stop, start), index(size))
    before, body, after = b.block, b.append_basic_block("body"), b.append_basic_block("after")
    end = b.add(start, b.mul(count, index(size)))
    b.cbranch(b.icmp_signed("<", start, end), body, after)
    b.position_at_end(body)
    counter = b.phi(I64)
    counter.add_incoming(start, before)
    yield counter, end
    following = b.add(counter, index(size), flags=["nsw"])
    counter.add_incoming(following, b.block)
    b.cbranch(b.icmp_signed("<", following, end), body, after)
    b.position_at_end(after)


def over_row(v, count, body):
    """Emits `body(distance in bytes, load(address), store(vector, address))` for all vectors of a row.

    v: the Lanes. count: how many numbers (an IR integer): the last vector may be a part.
    """
    b = v.b
    with steps(b, index(0), count, v.lanes) as (number, end):
        body(b.mul(number, index(v.size)), v.load, v.store)
    rest = b.sub(count, end)
    with b.if_then(b.icmp_signed(">", rest, index(0))):
        mask = v.mask(rest)
        body(b.mul(end, index(v.size)), lambda address: v.load_part(mask, address),
             lambda vector, address: v.store_part(mask, vector, address))


def turned(b, lines):
    """The columns of a square whose lines are as many vectors, by exchanging ever smaller halves."""
    lines, count = list(lines), len(lines)
    half = count // 2
    while half:
        low = [i if not i & half else count + i - half for i in range(count)]
        high = [i + half if not i & half else count + i for i in range(count)]
        masks = [ir.Constant(ir.VectorType(I32, count), order) for order in (low, high)]
        for i in range(count):
            if not i & half:
                pair = lines[i], lines[i + half]
                lines[i], lines[i + half] = (b.shuffle_vector(*pair, mask) for mask in masks)
        half //= 2
    return lines


def is_wide(x):
    """Whether a Value is a vector of 64 bytes, which only AVX-512 has."""
    return isinstance(x.ir.type, ir.VectorType) and x.ir.type.count * BYTES[x.dtype] == 64


def scaled(x, n):
    """x * 2**n for a wide vector and whole numbers n, rounded once: one instruction."""
    b, kind = x.b, x.ir.type
    bits = ir.IntType(kind.count)
    function = declared(b, f"llvm.x86.avx512.mask.scalef.p{'s' if x.dtype == 'float32' else 'd'}.512", kind,
                        kind, kind, kind, bits, I32)
    every, rounding = ir.Constant(bits, -1), ir.Constant(I32, 4)    # as the processor is set
    return x.new(b.call(function, [x.ir, n.ir, x.ir, every, rounding]))


def prefetch(b, address):
    """Asks for the cache line at an address, of any memory, in the second level cache."""
    pointer = I8.as_pointer()
    function = declared(b, "llvm.prefetch.p0", ir.VoidType(), pointer, I32, I32, I32)
    b.call(function, [b.inttoptr(address, pointer), *(ir.Constant(I32, n) for n in (0, 2, 1))])


def smaller(b, x, y):
    """The smaller of two IR integers."""
    return b.select(b.icmp_signed("<", x, y), x, y)


def larger(b, x, y):
    """The larger of two IR integers."""
    return b.select(b.icmp_signed(">", x, y), x, y)


def fill_zero(b, address, nbytes):
    """Zeroes memory; address and size are IR integers."""
    pointer = I8.as_pointer()
    b.call(b.module.declare_intrinsic("llvm.memset", [pointer, I64]),
           [b.inttoptr(address, pointer), ir.Constant(I8, 0), nbytes, ir.Constant(I1, 0)])
