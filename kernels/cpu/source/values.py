"""Numbers, loops and memory as LLVM IR, written with Python's operators. Holds no state.

A kernel written this way needs no Numba to compile: 10 ms instead of 50 to 150. `Value` is a number
in a register; running a function of `kernels/scalar` on Values emits its code.
"""

from contextlib import contextmanager

from llvmlite import ir

I1, I8, I32, I64 = (ir.IntType(bits) for bits in (1, 8, 32, 64))
WORDS = I64.as_pointer()
BYTES = {"bool": 1, "int8": 1, "uint8": 1, "int16": 2, "uint16": 2, "int32": 4, "uint32": 4,
         "int64": 8, "uint64": 8, "float32": 4, "float64": 8}


def register_type(dtype):
    """LLVM type of a number of `dtype` (a name) in a register."""
    if dtype in ("float32", "float64"):
        return ir.FloatType() if dtype == "float32" else ir.DoubleType()
    return I1 if dtype == "bool" else ir.IntType(8 * BYTES[dtype])


def memory_type(dtype):
    """LLVM type of a number of `dtype` in memory: a bool takes a byte."""
    return I8 if dtype == "bool" else register_type(dtype)


def constant(kind, number):
    """A Python number as an IR constant of a type; in every lane if that is a vector."""
    if isinstance(kind, ir.VectorType):
        return ir.Constant(kind, [ir.Constant(kind.element, number)] * kind.count)
    return ir.Constant(kind, number)


class Value:
    """A number of one dtype in IR, or a vector of them. `b` is the builder that operators write to.

    Vectors do what numbers do but for `library` and `cast`.
    """

    __slots__ = ("b", "dtype", "ir")
    __hash__ = None

    def __init__(self, b, dtype, ir_value):
        self.b, self.dtype, self.ir = b, dtype, ir_value

    @property
    def is_float(self):
        return self.dtype.startswith("float")

    @property
    def is_signed(self):
        return self.dtype.startswith("int")

    def const(self, number):
        """A constant of this value's dtype, in as many lanes."""
        return self.new(constant(self.ir.type, float(number) if self.is_float else int(number)))

    def lift(self, other):
        """`other` as a Value: itself, or a Python number made a constant."""
        return other if isinstance(other, Value) else self.const(other)

    def new(self, ir_value, dtype=None):
        """A value of this dtype (or `dtype`)."""
        return Value(self.b, dtype or self.dtype, ir_value)

    def _binary(self, other, of_floats, of_integers):
        emit = getattr(self.b, of_floats if self.is_float else of_integers)
        return self.new(emit(self.ir, self.lift(other).ir))

    def __add__(self, other):
        return self._binary(other, "fadd", "add")

    def __sub__(self, other):
        return self._binary(other, "fsub", "sub")

    def __mul__(self, other):
        return self._binary(other, "fmul", "mul")

    def __radd__(self, other):
        return self.lift(other) + self

    def __rsub__(self, other):
        return self.lift(other) - self

    def __rmul__(self, other):
        return self.lift(other) * self

    def __truediv__(self, other):
        return self.new(self.b.fdiv(self.ir, self.lift(other).ir))

    def __neg__(self):
        return self.new(self.b.fneg(self.ir) if self.is_float else self.b.neg(self.ir))

    def __and__(self, other):
        return self.new(self.b.and_(self.ir, self.lift(other).ir))

    def __or__(self, other):
        return self.new(self.b.or_(self.ir, self.lift(other).ir))

    def __xor__(self, other):
        return self.new(self.b.xor(self.ir, self.lift(other).ir))

    def __invert__(self):
        return self.new(self.b.not_(self.ir))

    def _compare(self, operator, other):
        other = self.lift(other).ir
        if self.is_float:       # false for NaN, but for `!=`
            emit = self.b.fcmp_unordered if operator == "!=" else self.b.fcmp_ordered
        else:
            emit = self.b.icmp_signed if self.is_signed else self.b.icmp_unsigned
        return self.new(emit(operator, self.ir, other), "bool")

    def __lt__(self, other):
        return self._compare("<", other)

    def __le__(self, other):
        return self._compare("<=", other)

    def __gt__(self, other):
        return self._compare(">", other)

    def __ge__(self, other):
        return self._compare(">=", other)

    def __eq__(self, other):
        return self._compare("==", other)

    def __ne__(self, other):
        return self._compare("!=", other)

    def __bool__(self):
        raise TypeError("a Value has no truth in Python: use where(condition, x, y)")

    def intrinsic(self, name, *others):
        """LLVM's intrinsic `llvm.<name>` of this value and `others`, all of this dtype."""
        kind, size = self.ir.type, 8 * BYTES[self.dtype]
        values = [self, *map(self.lift, others)]
        lanes = f"v{kind.count}" if isinstance(kind, ir.VectorType) else ""
        function = declared(self.b, f"llvm.{name}.{lanes}{'f' if self.is_float else 'i'}{size}", kind,
                            *[kind] * len(values))
        return self.new(self.b.call(function, [value.ir for value in values]))

    def library(self, name, *others):
        """The C library's function `name` (its float form for float32)."""
        kind = register_type(self.dtype)
        name += "f" if self.dtype == "float32" else ""
        function = declared(self.b, name, kind, *[kind] * (1 + len(others)))
        return self.new(self.b.call(function, [self.ir, *(other.ir for other in others)]))

    def fma(self, factor, term):
        """self * factor + term, rounded once."""
        return self.intrinsic("fma", factor, term)

    def polynomial(self, coefficients):
        """The polynomial of these coefficients, constant first, by Horner's rule."""
        total = self.const(coefficients[-1])
        for c in reversed(coefficients[:-1]):
            total = total.fma(self, c)
        return total

    def bits(self):
        """This float's bits as a signed integer."""
        return self._bits_as(self.dtype.replace("float", "int"))

    def float_of_bits(self):
        """The float whose bits this integer is."""
        return self._bits_as(self.dtype.replace("int", "float"))

    def _bits_as(self, dtype):
        kind = register_type(dtype)
        if isinstance(self.ir.type, ir.VectorType):
            kind = ir.VectorType(kind, self.ir.type.count)
        return self.new(self.b.bitcast(self.ir, kind), dtype)

    def __lshift__(self, count):
        return self.new(self.b.shl(self.ir, self.lift(count).ir))

    def __rshift__(self, count):
        emit = self.b.ashr if self.is_signed else self.b.lshr
        return self.new(emit(self.ir, self.lift(count).ir))

    def cast(self, dtype):
        """This number as `dtype`: toward zero, wrapping; of floats that do not fit, what the reference kernel says (but
        for uint64: undefined bits); anything but zero is true."""
        if dtype == self.dtype:
            return self
        if dtype == "bool":
            return self != 0
        if self.is_float and not dtype.startswith("float") and dtype != "uint64":
            wide = "int64" if dtype in ("int64", "uint32") else "int32"
            return self._cut(wide).cast(dtype)
        return self.new(self._conversion(dtype)(self.ir, register_type(dtype)), dtype)

    def _cut(self, dtype):
        """This float towards zero as int32 or int64: the smallest of these where that does not fit, as on x86-64."""
        b, limit, number = self.b, 2.0 ** (8 * BYTES[dtype] - 1), self.cast("float64")
        above = number > -limit - 1 if dtype == "int32" else number >= -limit
        fits = b.and_(above.ir, (number < limit).ir)
        inside = b.select(fits, number.ir, number.const(0.0).ir)
        kind = register_type(dtype)
        return self.new(b.select(fits, b.fptosi(inside, kind), constant(kind, int(-limit))), dtype)

    def _conversion(self, dtype):
        b, to_float = self.b, dtype.startswith("float")
        grows = BYTES[dtype] > BYTES[self.dtype]
        if self.is_float:
            if to_float:
                return b.fpext if grows else b.fptrunc
            return b.fptosi if dtype.startswith("int") else b.fptoui
        if to_float:
            return b.sitofp if self.is_signed else b.uitofp
        if self.dtype == "bool":
            return b.zext
        if grows:
            return b.sext if self.is_signed else b.zext
        return b.trunc if BYTES[dtype] < BYTES[self.dtype] else b.bitcast


def declared(b, name, result, *arguments):
    """The function `name` outside of this module, declared once."""
    return b.module.globals.get(name) or ir.Function(b.module, ir.FunctionType(result, arguments), name)


def where(condition, x, y):
    """x if condition else y, of Values."""
    return x.new(x.b.select(condition.ir, x.ir, y.ir))


def copysign(x, sign):
    """|x| with the sign of `sign`."""
    return x.intrinsic("copysign", sign)


def _mark(module, instruction, mine, other):
    domain = module.add_metadata([ir.MetaDataString(module, "graphflow")])

    def scope(name):
        return module.add_metadata(
            [module.add_metadata([ir.MetaDataString(module, name), domain])])

    instruction.set_metadata("alias.scope", scope(mine))
    instruction.set_metadata("noalias", scope(other))


def mark_input(module, instruction):
    """Promises LLVM that a load's memory is no output's, unless that very output's element.

    So that loops vectorise without overlap checks, which fail for ops done in place. In place is
    safe where an output's element is computed from that input's same element: LLVM may move any
    other load of it past the store.
    """
    _mark(module, instruction, "inputs", "outputs")


def mark_output(module, instruction):
    """The counterpart of `mark_input` for stores."""
    _mark(module, instruction, "outputs", "inputs")


def load(b, address, index, dtype, again=False):
    """Element `index` (an IR integer) of the input at `address`.

    Memory that this kernel may have stored to is loaded `again`, without the promise.
    """
    pointer = b.gep(b.inttoptr(address, memory_type(dtype).as_pointer()), [index])
    loaded = b.load(pointer, align=BYTES[dtype])
    if not again:
        mark_input(b.module, loaded)
    if dtype == "bool":
        loaded = b.icmp_unsigned("!=", loaded, ir.Constant(I8, 0))
    return Value(b, dtype, loaded)


def store(b, address, index, value):
    """Writes element `index` of the output at `address`."""
    pointer = b.gep(b.inttoptr(address, memory_type(value.dtype).as_pointer()), [index])
    number = b.zext(value.ir, I8) if value.dtype == "bool" else value.ir
    mark_output(b.module, b.store(number, pointer, align=BYTES[value.dtype]))


def index(number):
    """An IR constant for indices and addresses."""
    return ir.Constant(I64, number)


def word(b, block, position):
    """Word `position` (a Python int or an IR integer) of the argument block."""
    position = index(position) if isinstance(position, int) else position
    return b.load(b.gep(block, [position]), align=8)


def double_word(b, block, position):
    """A double stored in the block, as a Value."""
    return Value(b, "float64", b.bitcast(word(b, block, position), ir.DoubleType()))


@contextmanager
def loop(b, start, stop):
    """Emits `for i in range(start, stop)` around the body; yields i."""
    before, body, after = b.block, b.append_basic_block("body"), b.append_basic_block("after")
    b.cbranch(b.icmp_signed("<", start, stop), body, after)
    b.position_at_end(body)
    counter = b.phi(I64)
    counter.add_incoming(start, before)
    yield counter
    following = b.add(counter, index(1), flags=["nsw"])
    counter.add_incoming(following, b.block)
    b.cbranch(b.icmp_signed("<", following, stop), body, after)
    b.position_at_end(after)


@contextmanager
def blocks(b, start, stop, size):
    """Emits `for begin in range(start, stop, size)` with the block's end; yields (begin, end)."""
    count = b.sdiv(b.add(b.sub(stop, start), b.sub(size, index(1))), size)
    with loop(b, index(0), count) as k:
        begin = b.add(start, b.mul(k, size))
        end = b.add(begin, size)
        yield begin, b.select(b.icmp_signed("<", end, stop), end, stop)


def row_offsets(b, block, table, row, count):
    """Element offset of `row` in each of `count` operands, by the block's table of dimensions at
    `table`: how many (at least one), then each one's size and strides, innermost first."""
    with b.goto_entry_block():
        slots = [b.alloca(I64) for _ in range(count + 1)]
    for slot in slots[1:]:
        b.store(index(0), slot)
    rest = slots[0]
    b.store(row, rest)

    def step(entry, digit):
        for k, slot in enumerate(slots[1:]):
            stride = word(b, block, b.add(entry, index(k + 1)))
            b.store(b.add(b.load(slot), b.mul(digit, stride)), slot)

    def entry_of(level):
        return b.add(b.add(table, index(1)), b.mul(level, index(count + 1)))

    last = b.sub(word(b, block, table), index(1))
    with loop(b, index(0), last) as level:
        entry = entry_of(level)
        size, left = word(b, block, entry), b.load(rest)
        quotient = b.sdiv(left, size)
        b.store(quotient, rest)
        step(entry, b.sub(left, b.mul(quotient, size)))
    step(entry_of(last), b.load(rest))
    return [b.load(slot) for slot in slots[1:]]


def advance(b, address, elements, dtype):
    """The address `elements` (an IR integer) further on."""
    return b.add(address, b.mul(elements, index(BYTES[dtype])))


def fail(b, block, condition, code, *details):
    """Returns `code` from the kernel where `condition` holds; details go to words 0, 1, ..."""
    with b.if_then(condition, likely=False):
        for position, detail in enumerate(details):
            b.store(detail, b.gep(block, [index(position)]))
        b.ret(ir.Constant(I32, code))


def copy(b, target, source, nbytes):
    """Copies memory that does not overlap; addresses and size are IR integers."""
    pointer = I8.as_pointer()
    b.call(b.module.declare_intrinsic("llvm.memcpy", [pointer, pointer, I64]),
           [b.inttoptr(target, pointer), b.inttoptr(source, pointer), nbytes, ir.Constant(I1, 0)])


def fill(b, address, byte, nbytes):
    """Sets every byte of memory."""
    pointer = I8.as_pointer()
    b.call(b.module.declare_intrinsic("llvm.memset", [pointer, I64]),
           [b.inttoptr(address, pointer), ir.Constant(I8, byte), nbytes, ir.Constant(I1, 0)])


class IrKernel:
    """A kernel given by a function `emit(builder, block)` that writes its body."""

    def __init__(self, emit):
        self._emit = emit

    def module_text(self, name):
        """LLVM IR of `int32 name(int64* block)`."""
        module = ir.Module(name=name)
        function = ir.Function(module, ir.FunctionType(I32, [WORDS]), name)
        builder = ir.IRBuilder(function.append_basic_block("entry"))
        self._emit(builder, function.args[0])
        builder.ret(ir.Constant(I32, 0))
        return str(module)

