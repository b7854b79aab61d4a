"""The loop that runs a plan's native steps. Holds no state."""

from llvmlite import ir

from .values import I32, I64, WORDS, IrKernel, index, loop, word


def run(cancelled):
    """Runs rows [start, stop) of a table; a row is (function, block).

    Words: 0 row that failed or -1; 1 its error code (`cancelled` where the flag was set); 2 table;
    3 start; 4 stop; 5 cancel flag. The three addresses point to int64 arrays.
    """
    kind = ir.FunctionType(I32, [WORDS]).as_pointer()

    def emit(b, block):
        table = b.inttoptr(word(b, block, 2), WORDS)
        flag = b.inttoptr(word(b, block, 5), WORDS)
        b.store(index(-1), block)
        with loop(b, word(b, block, 3), word(b, block, 4)) as row:
            entry = b.gep(table, [b.mul(row, index(2))])
            function = b.inttoptr(b.load(entry), kind)
            code = b.call(function, [b.inttoptr(b.load(b.gep(entry, [index(1)])), WORDS)])
            stop = b.icmp_signed("!=", b.load_atomic(flag, "monotonic", 8), index(0))
            code = b.select(b.icmp_signed("!=", code, ir.Constant(I32, 0)), code,
                            b.select(stop, ir.Constant(I32, int(cancelled)), ir.Constant(I32, 0)))
            with b.if_then(b.icmp_signed("!=", code, ir.Constant(I32, 0)), likely=False):
                b.store(row, block)
                b.store(b.sext(code, I64), b.gep(block, [index(1)]))
                b.ret(code)

    return IrKernel(emit)
