"""Division of integers: quotients and remainders, towards zero or rounded down. Holds no state."""

from .values import IrKernel, fail, index, load, loop, store, where, word


def divide(kind, dtype, code):
    """`kind`: "TruncateDiv", "TruncateMod", "FloorDiv" or "FloorMod". Fails with `code` where the divisor is 0.

    Words: 0 flat position of a failure, 1 unused, 2 size, 3 result, 4 dividend, 5 whether it has one element for
    each of the result's (1) or for all of them (0), 6 and 7 the divisor likewise.
    """
    def emit(b, block):
        size, out, x_address, x_step, y_address, y_step = (word(b, block, i) for i in range(2, 8))
        with loop(b, index(0), size) as i:
            x, y = load(b, x_address, b.mul(i, x_step), dtype), load(b, y_address, b.mul(i, y_step), dtype)
            fail(b, block, (y == 0).ir, int(code), i)
            # The smallest integer by -1 would trap; it wraps around.
            negates = y == -1
            divisor = where(negates, y.const(1), y)
            remainder = where(negates, x.const(0), x.new(b.srem(x.ir, divisor.ir)))
            quotient = where(negates, x.const(0) - x, x.new(b.sdiv(x.ir, divisor.ir)))
            if kind.startswith("Floor"):
                down = (remainder != 0) & ((remainder < 0) ^ (y < 0))
                quotient = where(down, quotient - 1, quotient)
                remainder = where(down, remainder + y, remainder)
            store(b, out, i, remainder if kind.endswith("Mod") else quotient)

    return IrKernel(emit)
