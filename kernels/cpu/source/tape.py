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
        b.store(index(-1), block)
        with loop(b, word(b, block, 3), word(b, block, 4)) as row:
            entry = b.gep(table, [b.mul(row, index(2))])
            function = b.inttoptr(b.load(entry), kind)
            code = b.call(function, [b.inttoptr(b.load(b.gep(entry, [index(1)])), WORDS)])
            code = _or_cancelled(b, code, word(b, block, 5), cancelled)
            with b.if_then(b.icmp_signed("!=", code, ir.Constant(I32, 0)), likely=False):
                b.store(row, block)
                b.store(b.sext(code, I64), b.gep(block, [index(1)]))
                b.ret(code)

    return IrKernel(emit)


# Words of `iterate`'s block.
(FAILED, CODE, TEST, TESTS, STEPS, STEP_COUNT, HOLDS, AT, LIMIT, BY, MOVES, MOVE_COUNT, COPIES, COPY_COUNT,
 STATUS, TESTS_ONCE, STEPS_ONCE, FRESH, RESUME, CANCEL) = range(20)
# Its outcomes.
ENDED, STOPPED, TEST_FAILED, STEP_FAILED = range(4)


def _run_rows(b, block, table, start, count, status=None, resume=None, paused=None, cancelled=None):
    """Runs the rows [start, count) of a table; a failure leaves the kernel, with `status` if given.

    A row that returns `paused` wants to be called again, after Python has looked in: the word `resume` then says
    where to go on (row + 1). With `cancelled`, the code of that failure, the flag CANCEL is looked at after each row.
    """
    kind = ir.FunctionType(I32, [WORDS]).as_pointer()
    rows = b.inttoptr(table, WORDS)
    with loop(b, start, count) as row:
        entry = b.gep(rows, [b.mul(row, index(2))])
        function = b.inttoptr(b.load(entry), kind)
        code = b.call(function, [b.inttoptr(b.load(b.gep(entry, [index(1)])), WORDS)])
        if cancelled is not None:
            code = _or_cancelled(b, code, word(b, block, CANCEL), cancelled)
        with b.if_then(b.icmp_signed("!=", code, ir.Constant(I32, 0)), likely=False):
            if resume is not None:
                with b.if_then(b.icmp_signed("==", code, ir.Constant(I32, int(paused)))):
                    b.store(b.add(row, index(1)), b.gep(block, [index(resume)]))
                    if status is not None:
                        b.store(index(STOPPED), b.gep(block, [index(STATUS)]))
                    b.ret(code)
            b.store(row, b.gep(block, [index(FAILED)]))
            b.store(b.sext(code, I64), b.gep(block, [index(CODE)]))
            if status is not None:
                b.store(index(status), b.gep(block, [index(STATUS)]))
            b.ret(code)


def _or_cancelled(b, code, flag, cancelled):
    """The code of a row, or `cancelled` if that is 0 and the flag at this address is set."""
    stop = b.icmp_signed("!=", b.load_atomic(b.inttoptr(flag, WORDS), "monotonic", 8), index(0))
    fine = b.icmp_signed("==", code, ir.Constant(I32, 0))
    return b.select(b.and_(stop, fine), ir.Constant(I32, int(cancelled)), code)


def _resumed(b, block, resume, start):
    """(whether rows are gone on with, the first row to run): where `resume` says, else `start`."""
    row = word(b, block, resume)
    resuming = b.icmp_signed("!=", row, index(0))
    b.store(index(0), b.gep(block, [index(resume)]))
    return resuming, b.select(resuming, b.sub(row, index(1)), start)


def _leave(b, block, condition, status):
    with b.if_then(condition, likely=False):
        b.store(index(status), b.gep(block, [index(STATUS)]))
        b.ret(ir.Constant(I32, 0))


def _begin_iteration(b, block, at, first_of_test):
    """Ends the loop if it is over, or has run for long enough; else points words to the iteration's values."""
    _leave(b, block, b.icmp_signed("==", at, word(b, block, LIMIT)), STOPPED)
    tested = word(b, block, HOLDS)
    with b.if_then(b.icmp_signed("!=", tested, index(0))):
        _run_rows(b, block, word(b, block, TEST), first_of_test, word(b, block, TESTS), TEST_FAILED)
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


def iterate(paused, cancelled):
    """Runs a loop's rows as long as its test holds, at most until the iteration LIMIT.

    Words: FAILED, CODE: row that failed and its error code; TEST, TESTS: table of the test's rows and their
    number; STEPS, STEP_COUNT: those of the body; HOLDS: address of the test's result, or 0 for none; AT: number of the
    iteration, LIMIT: where to stop, BY: 1 or -1; MOVES, MOVE_COUNT: table of words that point to where an
    iteration's values are: (address of the word, address for iteration 0, bytes per iteration), or with 0 bytes the
    address of a table of addresses, one per iteration; COPIES,
    COPY_COUNT: table of what is copied after each iteration, in order: (target for iteration 0, bytes per iteration,
    source, bytes); STATUS: how it ended; TESTS_ONCE, STEPS_ONCE: how many rows of each table, the first ones, run in
    the first iteration only; FRESH: whether that is to come; RESUME: where to go on after a row returned `paused`;
    CANCEL: address of a flag: once it is set, the body fails with `cancelled` after its next row.
    """
    def emit(b, block):
        head = b.append_basic_block("head")
        b.branch(head)
        b.position_at_end(head)
        at = word(b, block, AT)
        fresh = b.icmp_signed("!=", word(b, block, FRESH), index(0))

        def begin(once):
            return b.select(fresh, index(0), word(b, block, once))

        resuming, row = _resumed(b, block, RESUME, begin(STEPS_ONCE))
        with b.if_then(b.not_(resuming)):
            _begin_iteration(b, block, at, begin(TESTS_ONCE))
        _run_rows(b, block, word(b, block, STEPS), row, word(b, block, STEP_COUNT), STEP_FAILED, RESUME, paused,
                  cancelled)
        copies = b.inttoptr(word(b, block, COPIES), WORDS)
        with loop(b, index(0), word(b, block, COPY_COUNT)) as i:
            target, stride, source, nbytes = (word(b, copies, b.add(b.mul(i, index(4)), index(j))) for j in range(4))
            copy(b, b.add(target, b.mul(at, stride)), source, nbytes)
        b.store(b.add(at, word(b, block, BY)), b.gep(block, [index(AT)]))
        b.store(index(0), b.gep(block, [index(FRESH)]))
        b.branch(head)
        b.position_at_end(b.append_basic_block("never"))

    return IrKernel(emit)


# Words of `choose`'s block after FAILED and CODE, and of each row of its table.
CHOSEN, SELECTOR, IS_BOOL, BRANCHES, BRANCH_TABLE, RESUMES, CHOOSE_WORDS = range(2, 9)
_BRANCH_WORDS = 6


def choose(paused):
    """Runs the rows of one branch of a conditional.

    Words: FAILED, CODE: row of the branch that failed and its error code; CHOSEN: the branch that ran; SELECTOR:
    address of what chooses it: a byte if IS_BOOL, which is 0 for the second branch, else an int32, which means the
    last branch if it is out of range; BRANCHES: how many there are; BRANCH_TABLE: for each: table of its rows,
    their number; table of the words that point to its inputs and results: (address of the word, number of the word
    here that says where they are), their number; table of what is copied afterwards: (number of the word here
    that says where to, number of the one that says where from or -1, where from in that case, bytes), their number.
    RESUMES: where to go on after a row returned `paused`. The words that are meant follow from CHOOSE_WORDS on.
    """
    def emit(b, block):
        resuming, row = _resumed(b, block, RESUMES, index(0))
        with b.if_then(b.not_(resuming)):
            b.store(_chosen(b, block), b.gep(block, [index(CHOSEN)]))
        branch = b.gep(b.inttoptr(word(b, block, BRANCH_TABLE), WORDS),
                       [b.mul(word(b, block, CHOSEN), index(_BRANCH_WORDS))])
        rows, row_count, places, place_count, copies, copy_count = (word(b, branch, j) for j in range(_BRANCH_WORDS))
        _place(b, block, places, place_count)
        _run_rows(b, block, rows, row, row_count, None, RESUMES, paused)
        copies = b.inttoptr(copies, WORDS)
        with loop(b, index(0), copy_count) as i:
            target, number, fixed, nbytes = (word(b, copies, b.add(b.mul(i, index(4)), index(j))) for j in range(4))
            moving = b.icmp_signed(">=", number, index(0))
            source = b.select(moving, word(b, block, b.select(moving, number, index(0))), fixed)
            copy(b, word(b, block, target), source, nbytes)

    return IrKernel(emit)


def _chosen(b, block):
    """The number of the branch to run."""
    selector, count = word(b, block, SELECTOR), word(b, block, BRANCHES)
    byte = b.load(b.inttoptr(selector, ir.IntType(8).as_pointer()))
    of_bool = b.zext(b.icmp_unsigned("==", byte, ir.Constant(ir.IntType(8), 0)), I64)
    is_bool = b.icmp_signed("!=", word(b, block, IS_BOOL), index(0))
    with b.if_else(is_bool) as (flag, number):
        with flag:
            flag_block = b.block
        with number:
            given = b.sext(b.load(b.inttoptr(selector, I32.as_pointer()), align=4), I64)
            inside = b.icmp_unsigned("<", given, count)
            of_number = b.select(inside, given, b.sub(count, index(1)))
            number_block = b.block
    chosen = b.phi(I64)
    chosen.add_incoming(of_bool, flag_block)
    chosen.add_incoming(of_number, number_block)
    return chosen


def _place(b, block, table, count):
    """Puts words of the block where a table says: (address, number of the word)."""
    places = b.inttoptr(table, WORDS)
    with loop(b, index(0), count) as i:
        place, number = (word(b, places, b.add(b.mul(i, index(2)), index(j))) for j in range(2))
        b.store(word(b, block, number), b.inttoptr(place, WORDS))


def draw():
    """Runs a kernel that draws random numbers, and has it draw those that follow the next time.

    Words: 0 function, 1 its block, 2 address of the word that says where it begins, 3 how much that grows.
    """
    def emit(b, block):
        kind = ir.FunctionType(I32, [WORDS]).as_pointer()
        code = b.call(b.inttoptr(word(b, block, 0), kind), [b.inttoptr(word(b, block, 1), WORDS)])
        place = b.inttoptr(word(b, block, 2), WORDS)
        b.store(b.add(b.load(place), word(b, block, 3)), place)
        b.ret(code)
        b.position_at_end(b.append_basic_block("never"))

    return IrKernel(emit)


def called(failed):
    """Calls a function, which has to say that it did its work; else the code is `failed`.

    Words: 0 address of the function, which takes this block; 1 what it sets to 1 in the end. What it returns says
    nothing: an interrupt may end a Python function before its first line.
    """
    def emit(b, block):
        kind, done = ir.FunctionType(ir.VoidType(), [WORDS]).as_pointer(), b.gep(block, [index(1)])
        b.store(index(0), done)
        b.call(b.inttoptr(word(b, block, 0), kind), [block])
        fine = b.icmp_signed("!=", b.load(done), index(0))
        b.ret(b.select(fine, ir.Constant(I32, 0), ir.Constant(I32, int(failed))))
        b.position_at_end(b.append_basic_block("never"))

    return IrKernel(emit)


# Words of `repeat`'s block after FAILED and CODE.
(RUNNING, LOOP, ITERATE, BUDGET, PLACES, PLACE_COUNT, BEGIN, BEGIN_COUNT, END, END_COUNT, COUNTED, COUNT_MADE, READS,
 READ_COUNT, RECORDS, COLUMNS, COLUMN_COUNT, ROWS, ROW_COUNT, RESETS, RESET_COUNT, REPEAT_WORDS) = range(2, 24)
# Words of its records; the addresses of their columns follow.
USED, ROOM, NEED, KEPT, START, RECORD_WORDS = range(6)
_ENDLESS = 1 << 62


def repeat(paused):
    """Runs a loop within another loop's body, or a branch.

    Words: FAILED, CODE; RUNNING: whether the loop goes on where it returned `paused`; LOOP: address of `iterate`'s
    block; ITERATE: address of the function; BUDGET: address of a number of iterations: it is lowered, and when it is
    used up the kernel returns `paused`; PLACES, PLACE_COUNT: as in `choose`; BEGIN, BEGIN_COUNT: table of the loop
    variables: (address, number of the word here that says where the initial value is, bytes); END, END_COUNT: table of
    the results: (number of the word here that says where to, address, bytes). COUNTED: number of the word here that
    says where the number of iterations (int64) is, or 0 for a loop with a test; COUNT_MADE: of that which says where
    their number goes, or 0. READS, READ_COUNT: table of what is read from tapes: (where the address of all iterations
    goes, number of the word here that says where that is).
    What is recorded goes to rows of columns, whose addresses stand behind RECORDS, the address of these words: USED,
    ROOM: rows used and there; NEED: rows that Python is to make room for, or 0; KEPT: whether rows are kept when the
    loop runs again; START: row of the first iteration. COLUMNS, COLUMN_COUNT: table: (where the address of the first
    iteration goes, number of the column, bytes of a row); ROWS, ROW_COUNT: table of the results that are addresses:
    (number of the word here that says where to, number of the column, bytes of a row). RESETS, RESET_COUNT: addresses
    of the records of loops within this one, which are let go where those of this one are. The words that are meant
    follow from REPEAT_WORDS on.
    """
    def emit(b, block):
        inner = b.inttoptr(word(b, block, LOOP), WORDS)
        records_there = b.icmp_signed("!=", word(b, block, RECORDS), index(0))
        records = b.inttoptr(word(b, block, RECORDS), WORDS)
        counted = b.icmp_signed("!=", word(b, block, COUNTED), index(0))
        total = _if(b, counted, lambda: _pointed(b, block, word(b, block, COUNTED)), 0)
        backwards = b.icmp_signed("<", word(b, inner, BY), index(0))
        last = b.select(backwards, index(-1), b.select(counted, total, index(_ENDLESS)))
        with b.if_then(b.icmp_signed("==", word(b, block, RUNNING), index(0))):
            _begin_loop(b, block, inner, b.select(backwards, b.sub(total, index(1)), index(0)))
            with b.if_then(records_there):
                _begin_records(b, block, records)
        at = word(b, inner, AT)
        room = _if(b, records_there, lambda: _room(
            b, block, records, b.select(counted, total, b.add(at, index(1))), paused), _ENDLESS)
        room = b.select(counted, index(_ENDLESS), b.sub(room, at))
        left = _within(b, room, b.select(backwards, b.add(at, index(1)), b.sub(last, at)))
        code = _go_on(b, block, inner, left, backwards)
        at, status = word(b, inner, AT), word(b, inner, STATUS)
        stopped = b.icmp_signed("==", status, index(STOPPED))
        all_done = b.and_(b.and_(counted, stopped), b.icmp_signed("==", at, last))
        stopped = b.and_(stopped, b.not_(all_done))
        b.store(b.zext(stopped, I64), b.gep(block, [index(RUNNING)]))
        with b.if_then(stopped, likely=False):
            b.ret(ir.Constant(I32, int(paused)))
        with b.if_then(b.not_(b.or_(all_done, b.icmp_signed("==", status, index(ENDED)))), likely=False):
            b.ret(code)
        _end_loop(b, block, records, records_there, b.select(counted, total, at))

    return IrKernel(emit)


def _room(b, block, records, need, paused):
    """Rows that there are for the run, at least `need`: else the kernel returns `paused`."""
    for address, column, nbytes in _rows_of(b, block, COLUMNS, COLUMN_COUNT, 3):
        b.store(_row(b, records, column, nbytes), b.inttoptr(address, WORDS))
    there = b.sub(word(b, records, ROOM), word(b, records, START))
    with b.if_then(b.icmp_signed(">", need, there), likely=False):
        b.store(need, b.gep(records, [index(NEED)]))
        b.store(index(1), b.gep(block, [index(RUNNING)]))
        b.ret(ir.Constant(I32, int(paused)))
    return there


def _go_on(b, block, inner, left, backwards):
    """Runs at most `left` iterations, within the budget; returns what `iterate` does."""
    budget, before = b.inttoptr(word(b, block, BUDGET), WORDS), word(b, inner, AT)
    granted = b.load(budget)
    left = _within(b, b.select(b.icmp_signed(">", granted, index(1)), granted, index(1)), left)
    b.store(b.select(backwards, b.sub(before, left), b.add(before, left)), b.gep(inner, [index(LIMIT)]))
    kind = ir.FunctionType(I32, [WORDS]).as_pointer()
    code = b.call(b.inttoptr(word(b, block, ITERATE), kind), [inner])
    after = word(b, inner, AT)
    done = b.select(backwards, b.sub(before, after), b.sub(after, before))
    b.store(b.sub(b.load(budget), done), budget)
    return code


def _rows_of(b, block, table, count, columns):
    """Yields the entries of each row of a table, once: what follows is done for every row."""
    rows = b.inttoptr(word(b, block, table), WORDS)
    with loop(b, index(0), word(b, block, count)) as i:
        yield [word(b, rows, b.add(b.mul(i, index(columns)), index(j))) for j in range(columns)]


def _if(b, condition, value, otherwise):
    """`value()` where a condition holds, else a number."""
    before = b.block
    with b.if_then(condition):
        found = value()
        inside = b.block
    result = b.phi(I64)
    result.add_incoming(found, inside)
    result.add_incoming(index(otherwise), before)
    return result


def _within(b, number, limit):
    return b.select(b.icmp_signed("<", number, limit), number, limit)


def _pointed(b, block, number):
    """The int64 to which the word of this number points."""
    return b.load(b.inttoptr(word(b, block, number), WORDS))


def _row(b, records, column, nbytes):
    """Address of the row of the first iteration."""
    base = word(b, records, b.add(column, index(RECORD_WORDS)))
    return b.add(base, b.mul(word(b, records, START), nbytes))


def _begin_loop(b, block, inner, first):
    _place(b, block, word(b, block, PLACES), word(b, block, PLACE_COUNT))
    for target, number, nbytes in _rows_of(b, block, BEGIN, BEGIN_COUNT, 3):
        copy(b, target, word(b, block, number), nbytes)
    for address, number in _rows_of(b, block, READS, READ_COUNT, 2):
        b.store(_pointed(b, block, number), b.inttoptr(address, WORDS))
    for position, value in ((AT, first), (FRESH, index(1)), (RESUME, index(0))):
        b.store(value, b.gep(inner, [index(position)]))


def _begin_records(b, block, records):
    used = b.gep(records, [index(USED)])
    with b.if_then(b.icmp_signed("==", word(b, records, KEPT), index(0))):
        b.store(index(0), used)
        for address, in _rows_of(b, block, RESETS, RESET_COUNT, 1):
            b.store(index(0), b.inttoptr(address, WORDS))
    b.store(b.load(used), b.gep(records, [index(START)]))


def _end_loop(b, block, records, records_there, count):
    for number, source, nbytes in _rows_of(b, block, END, END_COUNT, 3):
        copy(b, word(b, block, number), source, nbytes)
    with b.if_then(records_there):
        for number, column, nbytes in _rows_of(b, block, ROWS, ROW_COUNT, 3):
            b.store(_row(b, records, column, nbytes), b.inttoptr(word(b, block, number), WORDS))
        b.store(b.add(word(b, records, START), count), b.gep(records, [index(USED)]))
    made = word(b, block, COUNT_MADE)
    with b.if_then(b.icmp_signed("!=", made, index(0))):
        b.store(count, b.inttoptr(word(b, block, made), WORDS))
