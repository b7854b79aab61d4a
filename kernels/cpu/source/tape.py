"""The loop that runs a plan's native steps. Holds no state."""

from llvmlite import ir

from .values import I32, I64, WORDS, IrKernel, copy, index, loop, word


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


# Words of `iterate`'s block.
(FAILED, CODE, TEST, TESTS, STEPS, STEP_COUNT, HOLDS, AT, LIMIT, BY, MOVES, MOVE_COUNT, COPIES, COPY_COUNT,
 STATUS) = range(15)
# Its outcomes.
ENDED, STOPPED, TEST_FAILED, STEP_FAILED = range(4)


def _run_rows(b, block, table, count, status):
    """Runs `count` rows of a table; a failure leaves the kernel with `status`."""
    kind = ir.FunctionType(I32, [WORDS]).as_pointer()
    rows = b.inttoptr(word(b, block, table), WORDS)
    with loop(b, index(0), word(b, block, count)) as row:
        entry = b.gep(rows, [b.mul(row, index(2))])
        function = b.inttoptr(b.load(entry), kind)
        code = b.call(function, [b.inttoptr(b.load(b.gep(entry, [index(1)])), WORDS)])
        with b.if_then(b.icmp_signed("!=", code, ir.Constant(I32, 0)), likely=False):
            b.store(row, b.gep(block, [index(FAILED)]))
            b.store(b.sext(code, I64), b.gep(block, [index(CODE)]))
            b.store(index(status), b.gep(block, [index(STATUS)]))
            b.ret(code)


def _leave(b, block, condition, status):
    with b.if_then(condition, likely=False):
        b.store(index(status), b.gep(block, [index(STATUS)]))
        b.ret(ir.Constant(I32, 0))


def iterate():
    """Runs a loop's rows as long as its test holds, at most until the iteration LIMIT.

    Words: FAILED, CODE: row that failed and its error code; TEST, TESTS: table of the test's rows and their
    number; STEPS, STEP_COUNT: those of the body; HOLDS: address of the test's result, or 0 for none; AT: number of the
    iteration, LIMIT: where to stop, BY: 1 or -1; MOVES, MOVE_COUNT: table of words that point to where an
    iteration's values are: (address of the word, address for iteration 0, bytes per iteration), or with 0 bytes the
    address of a table of addresses, one per iteration; COPIES,
    COPY_COUNT: table of what is copied after each iteration, in order: (target for iteration 0, bytes per iteration,
    source, bytes); STATUS: how it ended.
    """
    def emit(b, block):
        head = b.append_basic_block("head")
        b.branch(head)
        b.position_at_end(head)
        at = word(b, block, AT)
        _leave(b, block, b.icmp_signed("==", at, word(b, block, LIMIT)), STOPPED)
        tested = word(b, block, HOLDS)
        with b.if_then(b.icmp_signed("!=", tested, index(0))):
            _run_rows(b, block, TEST, TESTS, TEST_FAILED)
            holds = b.load(b.inttoptr(tested, ir.IntType(8).as_pointer()))
            _leave(b, block, b.icmp_signed("==", holds, ir.Constant(ir.IntType(8), 0)), ENDED)
        moves = b.inttoptr(word(b, block, MOVES), WORDS)
        with loop(b, index(0), word(b, block, MOVE_COUNT)) as i:
            place, first, stride = (word(b, moves, b.add(b.mul(i, index(3)), index(j))) for j in range(3))
            with b.if_else(b.icmp_signed("==", stride, index(0))) as (listed, regular):
                with listed:
                    b.store(word(b, b.inttoptr(first, WORDS), at), b.inttoptr(place, WORDS))
                with regular:
                    b.store(b.add(first, b.mul(at, stride)), b.inttoptr(place, WORDS))
        _run_rows(b, block, STEPS, STEP_COUNT, STEP_FAILED)
        copies = b.inttoptr(word(b, block, COPIES), WORDS)
        with loop(b, index(0), word(b, block, COPY_COUNT)) as i:
            target, stride, source, nbytes = (word(b, copies, b.add(b.mul(i, index(4)), index(j))) for j in range(4))
            copy(b, b.add(target, b.mul(at, stride)), source, nbytes)
        b.store(b.add(at, word(b, block, BY)), b.gep(block, [index(AT)]))
        b.branch(head)
        b.position_at_end(b.append_basic_block("never"))

    return IrKernel(emit)
