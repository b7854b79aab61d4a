"""Decompositions and equations by BLAS and LAPACK, matrix by matrix. Hold no state.

LAPACK takes columns first: to it our matrices are transposed, and a lower triangle is an upper one.
"""

from math import inf, nan
from types import SimpleNamespace

from llvmlite import ir

from . import vector_math
from .values import (
    BYTES,
    I1,
    I32,
    I64,
    IrKernel,
    Value,
    copy,
    fail,
    index,
    load,
    loop,
    register_type,
    store,
    where,
    word,
)
from .vectors import fill_zero

_ROW_MAJOR, _PLAIN, _TRANSPOSED, _UPPER, _LOWER, _ANY_DIAGONAL, _LEFT = 101, 111, 112, 121, 122, 131, 141


def _words(b, block, names):
    return SimpleNamespace(**{name: word(b, block, i) for i, name in enumerate(names.split())})


def _variable(b, number):
    """The address of an int32 of this value."""
    with b.goto_entry_block():
        place = b.alloca(I32)
    b.store(b.trunc(number, I32), place)
    return b.ptrtoint(place, I64)


def _fortran(b, function, *arguments, letters=0):
    """Calls a function of LAPACK with addresses; `letters`: how many of them are of characters."""
    kind = ir.FunctionType(ir.VoidType(), [I64] * (len(arguments) + letters))
    b.call(b.inttoptr(function, kind.as_pointer()), [*arguments, *[index(1)] * letters])


def _number_at(b, address):
    return b.load(b.inttoptr(address, I32.as_pointer()))


def _copy_matrix(b, target, source, size, dtype, turned):
    """Copies a square matrix, transposed if `turned` (a Python bool)."""
    if not turned:
        copy(b, target, source, b.mul(b.mul(size, size), index(BYTES[dtype])))
        return
    with loop(b, index(0), size) as row, loop(b, index(0), size) as column:
        store(b, target, b.add(b.mul(row, size), column), load(b, source, b.add(b.mul(column, size), row), dtype))


def _is_finite(b, matrix, rows, columns, dtype, lower):
    """Whether all numbers of a matrix, or of its lower triangle, are: LAPACK may search for ever where one is not."""
    with b.goto_entry_block():
        finite = b.alloca(I1)
    b.store(ir.Constant(I1, 1), finite)
    with loop(b, index(0), rows) as i, loop(b, index(0), b.add(i, index(1)) if lower else columns) as j:
        number = load(b, matrix, b.add(b.mul(i, columns), j), dtype)
        b.store(b.and_(b.load(finite), (number - number == 0).ir), finite)
    return b.load(finite)


def cholesky(dtype, code):
    """Lower triangular factors; only the lower triangle is read. Words: out, x, potrf, first and last matrix, size.

    Fails with `code` for a matrix that is not positive definite.
    """
    def emit(b, block):
        w = _words(b, block, "out x potrf first last size")
        bytes_of_row = b.mul(w.size, index(BYTES[dtype]))
        triangle, size, info = (_variable(b, number) for number in (index(ord("U")), w.size, index(0)))
        with loop(b, w.first, w.last) as number:
            start = b.mul(b.mul(number, w.size), bytes_of_row)
            with loop(b, index(0), w.size) as row:
                place = b.add(start, b.mul(row, bytes_of_row))
                source, target = b.add(w.x, place), b.add(w.out, place)
                known = b.mul(b.add(row, index(1)), index(BYTES[dtype]))
                copy(b, target, source, known)
                fill_zero(b, b.add(target, known), b.sub(bytes_of_row, known))
            with b.if_then(b.icmp_signed(">", w.size, index(0))):
                _fortran(b, w.potrf, triangle, size, b.add(w.out, start), size, info, letters=1)
                fail(b, block, b.icmp_signed("!=", _number_at(b, info), ir.Constant(I32, 0)), int(code))

    return IrKernel(emit)


def eigenvalues(dtype, with_vectors, code):
    """Rising eigenvalues, and if asked for eigenvectors in columns; only the lower triangle is read.

    Words: values, vectors, x, syevd, first and last matrix, size, scratch for a matrix and for `room` numbers, room,
    scratch for `whole_room` int32, whole_room. Fails with `code` where none are found.
    """
    with_vectors = bool(int(with_vectors))

    def emit(b, block):
        w = _words(b, block, "values vectors x syevd first last size matrix work room whole whole_room")
        letters = index(ord("V" if with_vectors else "N")), index(ord("L"))
        job, triangle, size, room, whole_room, info = (
            _variable(b, number) for number in (*letters, w.size, w.room, w.whole_room, index(0)))
        with b.if_then(b.icmp_signed(">", w.size, index(0))), loop(b, w.first, w.last) as number:
            row = b.mul(b.mul(number, w.size), index(BYTES[dtype]))
            start = b.mul(row, w.size)
            finite = _is_finite(b, b.add(w.x, start), w.size, w.size, dtype, True)
            fail(b, block, b.and_(b.not_(finite), b.icmp_signed(">", w.size, index(1))), int(code))
            _copy_matrix(b, w.matrix, b.add(w.x, start), w.size, dtype, True)
            _fortran(b, w.syevd, job, triangle, size, w.matrix, size, b.add(w.values, row), w.work, room, w.whole,
                     whole_room, info, letters=2)
            fail(b, block, b.icmp_signed("!=", _number_at(b, info), ir.Constant(I32, 0)), int(code))
            if with_vectors:
                _turn(b, b.add(w.vectors, start), w.matrix, w.size, w.size, dtype)

    return IrKernel(emit)


def qr(dtype):
    """Factors of `rows` by `columns` matrices: orthogonal columns, `width` of them, and an upper triangle.

    Words: q, r, x, geqrf, orgqr, first and last matrix, rows, columns, width, scratch for a matrix of the most columns,
    for as many numbers as reflections, for `room` numbers, room.
    """
    def emit(b, block):
        w = _words(b, block, "q r x geqrf orgqr first last rows columns width matrix factors work room")
        least = b.select(b.icmp_signed("<", w.rows, w.columns), w.rows, w.columns)
        rows, columns, width, reflections, room, info = (
            _variable(b, number) for number in (w.rows, w.columns, w.width, least, w.room, index(0)))

        def place(base, number, height, across):
            return b.add(base, b.mul(b.mul(number, b.mul(height, across)), index(BYTES[dtype])))

        with loop(b, w.first, w.last) as number:
            _turn(b, w.matrix, place(w.x, number, w.rows, w.columns), w.columns, w.rows, dtype)
            _fortran(b, w.geqrf, rows, columns, w.matrix, rows, w.factors, w.work, room, info)
            triangle = place(w.r, number, w.width, w.columns)
            with loop(b, index(0), w.width) as i, loop(b, index(0), w.columns) as j:
                entry = load(b, w.matrix, b.add(b.mul(j, w.rows), i), dtype, again=True)
                below = Value(b, "bool", b.icmp_signed(">", i, j))
                store(b, triangle, b.add(b.mul(i, w.columns), j), where(below, entry.const(0), entry))
            _fortran(b, w.orgqr, rows, width, reflections, w.matrix, rows, w.factors, w.work, room, info)
            _turn(b, place(w.q, number, w.rows, w.width), w.matrix, w.rows, w.width, dtype)

    return IrKernel(emit)


def singular_values(dtype, job, code):
    """Falling singular values, and by the `job` "S" or "A" vectors in columns. Fails with `code` where none are found;
    all are NaN of a matrix with numbers that are not finite.

    Words: values, u, v, x, gesdd, first and last matrix, rows, columns, columns of u and v, scratch for a matrix, for u
    and for `room` numbers, room, scratch for int32.
    """
    def emit(b, block):
        w = _words(b, block, "values u v x gesdd first last rows columns left right matrix turned work room whole")
        least = b.select(b.icmp_signed("<", w.rows, w.columns), w.rows, w.columns)
        letter, rows, columns, right, room, info = (
            _variable(b, number) for number in (index(ord(job)), w.rows, w.columns, w.right, w.room, index(0)))

        def place(base, number, height, across):
            return b.add(base, b.mul(b.mul(number, b.mul(height, across)), index(BYTES[dtype])))

        def nothing(base, number, height, across):
            target = place(base, number, height, across)
            with loop(b, index(0), b.mul(height, across)) as i:
                store(b, target, i, Value(b, dtype, ir.Constant(register_type(dtype), nan)))

        def decompose(number):
            _turn(b, w.matrix, place(w.x, number, w.rows, w.columns), w.columns, w.rows, dtype)
            _fortran(b, w.gesdd, letter, rows, columns, w.matrix, rows, place(w.values, number, least, index(1)),
                     w.turned, rows, place(w.v, number, w.columns, w.right), right, w.work, room, w.whole, info,
                     letters=1)
            fail(b, block, b.icmp_signed("!=", _number_at(b, info), ir.Constant(I32, 0)), int(code))
            if job != "N":
                _turn(b, place(w.u, number, w.rows, w.left), w.turned, w.rows, w.left, dtype)

        with loop(b, w.first, w.last) as number:
            finite = _is_finite(b, place(w.x, number, w.rows, w.columns), w.rows, w.columns, dtype, False)
            with b.if_else(finite) as (regular, other):
                with regular:
                    decompose(number)
                with other:
                    nothing(w.values, number, least, index(1))
                    if job != "N":
                        nothing(w.u, number, w.rows, w.left)
                        nothing(w.v, number, w.columns, w.right)

    return IrKernel(emit)


def triangular_solve(dtype, lower, turned, is_vector, code):
    """out = the solutions of matrix . out = x, or of `turned` matrices, by trsm, or trsv for single columns.

    Words: out, matrices, x, function, first and last matrix, its rows, columns of x. Fails with `code` for a zero on
    a diagonal.
    """
    lower, turned, is_vector = (bool(int(flag)) for flag in (lower, turned, is_vector))

    def emit(b, block):
        w = _words(b, block, "out matrices x function first last rows columns")
        size = index(BYTES[dtype])
        with loop(b, w.first, w.last) as number:
            matrix = b.add(w.matrices, b.mul(b.mul(number, b.mul(w.rows, w.rows)), size))
            with loop(b, index(0), w.rows) as i:
                diagonal = load(b, matrix, b.mul(i, b.add(w.rows, index(1))), dtype)
                fail(b, block, (diagonal == 0).ir, int(code))
            nbytes = b.mul(b.mul(w.rows, w.columns), size)
            place = b.mul(number, nbytes)
            out = b.add(w.out, place)
            copy(b, out, b.add(w.x, place), nbytes)
            with b.if_then(b.icmp_signed(">", nbytes, index(0))):
                _call_solver(b, w, dtype, (lower, turned, is_vector), matrix, out)

    return IrKernel(emit)


def _call_solver(b, w, dtype, flags, matrix, out):
    lower, turned, is_vector = flags
    real, rows, columns = register_type(dtype), b.trunc(w.rows, I32), b.trunc(w.columns, I32)
    options = [_LOWER if lower else _UPPER, _TRANSPOSED if turned else _PLAIN, _ANY_DIAGONAL]
    if is_vector:
        kinds, rest = [I32] * 5 + [I64, I32, I64, I32], [rows, matrix, rows, out, ir.Constant(I32, 1)]
    else:
        options = [_LEFT, *options]
        kinds = [I32] * 7 + [real, I64, I32, I64, I32]
        rest = [rows, columns, ir.Constant(real, 1.0), matrix, rows, out, columns]
    kind = ir.FunctionType(ir.VoidType(), kinds)
    b.call(b.inttoptr(w.function, kind.as_pointer()), [*(ir.Constant(I32, n) for n in (_ROW_MAJOR, *options)), *rest])


class _Factors:
    """The triangular factors of a square matrix, by getrf, which exchanges rows.

    Attributes: size, pivots, info: addresses of what LAPACK wants.
    """

    def __init__(self, b, w):
        self.b, self.w = b, w
        self.size, self.info, self.pivots = _variable(b, w.size), _variable(b, index(0)), w.pivots

    def make(self, matrix):
        """Overwrites a matrix with its factors; gives whether that is singular."""
        b = self.b
        _fortran(b, self.w.getrf, self.size, self.size, matrix, self.size, self.pivots, self.info)
        return b.icmp_signed("!=", _number_at(b, self.info), ir.Constant(I32, 0))


def inverse(dtype, turned, code):
    """Inverses, transposed if `turned`. Fails with `code` for a singular matrix.

    Words: out, x, getrf, first and last matrix, size, scratch for as many int32, getri, scratch for `room` numbers.
    """
    turned = bool(int(turned))

    def emit(b, block):
        w = _words(b, block, "out x getrf first last size pivots getri work room")
        factors, room = _Factors(b, w), _variable(b, w.room)
        with loop(b, w.first, w.last) as number:
            start = b.mul(b.mul(number, b.mul(w.size, w.size)), index(BYTES[dtype]))
            out = b.add(w.out, start)
            _copy_matrix(b, out, b.add(w.x, start), w.size, dtype, turned)
            with b.if_then(b.icmp_signed(">", w.size, index(0))):
                fail(b, block, factors.make(out), int(code))
                _fortran(b, w.getri, factors.size, out, factors.size, factors.pivots, w.work, room, factors.info)

    return IrKernel(emit)


def solve(dtype, turned, code):
    """out = the solutions of matrix . out = x, or of `turned` matrices. Fails with `code` for a singular matrix.

    Words: out, matrices, getrf, first and last matrix, size, scratch for as many int32, getrs, x, its columns, scratch
    for a matrix and for x transposed.
    """
    def emit(b, block):
        w = _words(b, block, "out matrices getrf first last size pivots getrs x columns factors turned")
        factors, columns = _Factors(b, w), _variable(b, w.columns)
        option = _variable(b, index(ord("N" if bool(int(turned)) else "T")))
        numbers = b.mul(w.size, w.columns)
        with loop(b, w.first, w.last) as number:
            matrix = b.mul(b.mul(number, b.mul(w.size, w.size)), index(BYTES[dtype]))
            _copy_matrix(b, w.factors, b.add(w.matrices, matrix), w.size, dtype, False)
            place = b.mul(b.mul(number, numbers), index(BYTES[dtype]))
            _turn(b, w.turned, b.add(w.x, place), w.columns, w.size, dtype)
            with b.if_then(b.icmp_signed(">", w.size, index(0))):
                fail(b, block, factors.make(w.factors), int(code))
                _fortran(b, w.getrs, option, factors.size, columns, w.factors, factors.size, factors.pivots, w.turned,
                         factors.size, factors.info, letters=1)
            _turn(b, b.add(w.out, place), w.turned, w.size, w.columns, dtype)

    return IrKernel(emit)


def _turn(b, target, source, rows, columns, dtype):
    """Transposes a matrix into one of `rows` by `columns`."""
    with loop(b, index(0), rows) as row, loop(b, index(0), columns) as column:
        number = load(b, source, b.add(b.mul(column, rows), row), dtype, again=True)
        store(b, target, b.add(b.mul(row, columns), column), number)


def determinant(dtype, logarithm):
    """Determinants, or if `logarithm` their signs and the logarithms of their sizes; of a singular matrix 0, -inf.

    Words: out, x, getrf, first and last matrix, size, scratch for as many int32, second result, scratch for a matrix.
    """
    logarithm = bool(int(logarithm))

    def emit(b, block):
        w = _words(b, block, "out x getrf first last size pivots second factors")
        factors = _Factors(b, w)
        with b.goto_entry_block():
            sign, total = (b.alloca(ir.DoubleType()) for _ in range(2))
            singular = b.alloca(I1)
        with loop(b, w.first, w.last) as number:
            start = b.mul(b.mul(number, b.mul(w.size, w.size)), index(BYTES[dtype]))
            _copy_matrix(b, w.factors, b.add(w.x, start), w.size, dtype, False)
            b.store(ir.Constant(ir.DoubleType(), 1.0), sign)
            b.store(ir.Constant(ir.DoubleType(), 0.0), total)
            b.store(ir.Constant(I1, 0), singular)
            with b.if_then(b.icmp_signed(">", w.size, index(0))):
                b.store(factors.make(w.factors), singular)
            with loop(b, index(0), w.size) as i:
                _take_diagonal(b, w, dtype, i, sign, total)
            side, size = (Value(b, "float64", b.load(place)) for place in (sign, total))
            is_singular = Value(b, "bool", b.load(singular))
            side, size = where(is_singular, side.const(0.0), side), where(is_singular, size.const(-inf), size)
            if logarithm:
                store(b, w.out, number, side.cast(dtype))
                store(b, w.second, number, size.cast(dtype))
            else:
                store(b, w.out, number, (side * vector_math.exp(size)).cast(dtype))

    return IrKernel(emit)


def _take_diagonal(b, w, dtype, i, sign, total):
    """Goes on with a number of the diagonal of the factors: sign of the product, sum of the logarithms."""
    number = load(b, w.factors, b.mul(i, b.add(w.size, index(1))), dtype, again=True).cast("float64")
    old = Value(b, "float64", b.load(sign))
    pivot = b.sub(b.sext(b.load(b.gep(b.inttoptr(w.pivots, I32.as_pointer()), [i])), I64), index(1))
    stays = Value(b, "bool", b.icmp_signed("==", pivot, i))
    side = where(stays, old, -old)
    b.store(where(number < 0.0, -side, side).ir, sign)
    size = vector_math.log(number.intrinsic("fabs"))
    b.store(b.fadd(b.load(total), size.ir), total)
