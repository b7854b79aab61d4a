"""The thread pool's two loops: a helper's life, and one step done in parts. Hold no state.

The thread that has a step takes its parts from the first on, helpers from the last: so that in every
step of a run the same core works on the same rows, which are in its cache.

They meet in a control array of int64 (words, each group on a cache line of its own):

    0  ticket: job number << 16 | end << 8 | begin of the parts that nobody has taken
    8  parts done          16  1 while a helper sleeps or is about to
    24 address of the job's parts                             25  1: helpers shall end
    26 1: a job is running  27  error code of a part          28  helpers
    29 address of syscall() 30  address of sched_yield()      31  address of clock_gettime()
    32 until when nothing is divided, in ns, or 0             33  time lost by dividing, in ns
    34 and 35 what clock_gettime() fills in

A helper that the system takes off its processor in the middle of a part holds everybody up for some
milliseconds. So books are kept: what helpers' work saved, and what waiting for them cost. Where the
loss grows, steps are not divided for a while: beside a busy neighbour they run as on one thread.
"""

import platform

from llvmlite import ir

from .values import I32, I64, WORDS, IrKernel, index, loop, word
from .vectors import larger, smaller

_TICKET, _DONE, _SLEEPING, _JOB, _STOP, _BUSY, _CODE, _HELPERS, _SYSCALL, _YIELD, _CLOCK = (
    0, 8, 16, 24, 25, 26, 27, 28, 29, 30, 31)
_UNTIL, _LOSS, _TIME = 32, 33, 34
_FUTEX = {"x86_64": 202, "aarch64": 98}.get(platform.machine(), 0)
_WAIT, _WAKE = 128, 129                 # private to this process
_PAUSE = {"x86_64": "pause", "aarch64": "yield"}.get(platform.machine(), "")
_SPINS_BEFORE_YIELD = 2000
_MOST_LOSS, _REST = 8_000_000, 128_000_000  # ns: after such a loss, such a rest
_MOST_SAVED = 2_000_000                     # ns of a job; what seems longer was this thread's absence
_MONOTONIC = 1


class _Control:
    """Atomic access to the control array's words."""

    def __init__(self, b, address):
        self._b = b
        self._base = b.inttoptr(address, WORDS)

    def at(self, position):
        return self._b.gep(self._base, [index(position)])

    def read(self, position):
        return self._b.load_atomic(self.at(position), "seq_cst", 8)

    def write(self, position, value):
        self._b.store_atomic(value, self.at(position), "seq_cst", 8)

    def swap(self, position, value):
        return self._b.atomic_rmw("xchg", self.at(position), value, "seq_cst")

    def call(self, position, result, *arguments):
        """Calls the C function whose address is at `position`."""
        kind = ir.FunctionType(result, [argument.type for argument in arguments])
        return self._b.call(self._b.inttoptr(self.read(position), kind.as_pointer()), arguments)

    def now(self):
        """Nanoseconds on a clock that only goes forward. For the thread whose job is running."""
        time = self.at(_TIME)
        self.call(_CLOCK, I32, ir.Constant(I32, _MONOTONIC), time)
        seconds, rest = self._b.load(time), self._b.load(self.at(_TIME + 1))
        return self._b.add(self._b.mul(seconds, index(10 ** 9)), rest)

    def futex(self, operation, value):
        sleeping = self._b.ptrtoint(self.at(_SLEEPING), I64)
        self.call(_SYSCALL, I64, index(_FUTEX), sleeping, index(operation), index(value), index(0),
                  index(0), index(0))


def _pause(b):
    if _PAUSE:
        b.call(ir.InlineAsm(ir.FunctionType(ir.VoidType(), []), _PAUSE, "", side_effect=True), [])


def _call_part(b, job, part):
    """Runs one part of a job: the entries of a job are (function, distance of its block)."""
    entry = b.gep(b.inttoptr(job, WORDS), [b.mul(part, index(2))])
    function = b.inttoptr(b.load(entry), ir.FunctionType(I32, [WORDS]).as_pointer())
    block = b.add(job, b.load(b.gep(entry, [index(1)])))
    return b.call(function, [b.inttoptr(block, WORDS)])


def _run_part(b, control, job, part):
    """Runs one part and counts it as done."""
    code = _call_part(b, job, part)
    with b.if_then(b.icmp_signed("!=", code, ir.Constant(I32, 0))):
        control.write(_CODE, b.sext(code, I64))
    b.atomic_rmw("add", control.at(_DONE), index(1), "seq_cst")


def _take(b, control, last, taken, nothing, again):
    """Branches to `taken` with the first or `last` part of those left (returned), or to `nothing`
    when none is left, or to `again` when another thread was faster."""
    ticket = control.read(_TICKET)
    begin, end = _left(b, ticket)
    grab = b.append_basic_block("grab")
    b.cbranch(b.icmp_signed("<", begin, end), grab, nothing)
    b.position_at_end(grab)
    rest = b.sub(ticket, index(1 << 8)) if last else b.add(ticket, index(1))
    part = b.sub(end, index(1)) if last else begin
    result = b.cmpxchg(control.at(_TICKET), ticket, rest, "seq_cst")
    b.cbranch(b.extract_value(result, 1), taken, again)
    return part


def _left(b, ticket):
    """(begin, end) of the parts that nobody has taken."""
    return b.and_(ticket, index(255)), b.and_(b.lshr(ticket, index(8)), index(255))


def work():
    """A helper: takes parts, spins a while for the next job, then sleeps. Words: control, spins."""
    def emit(b, block):
        control, limit = _Control(b, word(b, block, 0)), word(b, block, 1)
        with b.goto_entry_block():
            spins = b.alloca(I64)
        search, rest, taken, idle, sleep, nap, end = (
            b.append_basic_block(name) for name in
            ("search", "rest", "taken", "idle", "sleep", "nap", "end"))
        b.store(index(0), spins)
        b.branch(search)

        b.position_at_end(search)
        part = _take(b, control, True, taken, idle, search)

        b.position_at_end(taken)
        _run_part(b, control, control.read(_JOB), part)
        b.store(index(0), spins)
        b.branch(search)

        b.position_at_end(idle)
        b.cbranch(b.icmp_signed("!=", control.read(_STOP), index(0)), end, rest)
        b.position_at_end(rest)
        spun = b.add(b.load(spins), index(1))
        b.store(spun, spins)
        _pause(b)
        b.cbranch(b.icmp_signed("<", spun, limit), search, sleep)

        b.position_at_end(sleep)
        control.write(_SLEEPING, index(1))
        # A job published before the line above is seen here; one after it wakes us.
        waiting = b.icmp_signed("<", *_left(b, control.read(_TICKET)))
        stop = b.icmp_signed("!=", control.read(_STOP), index(0))
        b.store(index(0), spins)
        b.cbranch(b.or_(waiting, stop), search, nap)
        b.position_at_end(nap)
        control.futex(_WAIT, 1)
        b.branch(search)
        b.position_at_end(end)

    return IrKernel(emit)


def run():
    """One step done in parts by this thread and the helpers.

    Words: control, parts (at most 255), then for each its function and the distance of its block
    in bytes from word 2; the blocks follow. Serial where there is no helper, or a job is running.
    """
    def emit(b, block):
        control, count = _Control(b, word(b, block, 0)), word(b, block, 1)
        job = b.add(b.ptrtoint(block, I64), index(16))
        alone = b.icmp_signed("==", control.read(_HELPERS), index(0))
        serial, ask, check, look, release, parallel = (b.append_basic_block(name) for name in (
            "serial", "ask", "check", "look", "release", "parallel"))
        b.cbranch(alone, serial, ask)
        b.position_at_end(ask)
        b.cbranch(b.icmp_signed("!=", control.swap(_BUSY, index(1)), index(0)), serial, check)
        b.position_at_end(check)
        until = control.read(_UNTIL)
        b.cbranch(b.icmp_signed("==", until, index(0)), parallel, look)
        b.position_at_end(look)
        b.cbranch(b.icmp_signed("<", control.now(), until), release, parallel)
        b.position_at_end(release)
        control.write(_BUSY, index(0))
        b.branch(serial)

        b.position_at_end(serial)
        with loop(b, index(0), count) as part:
            code = _call_part(b, job, part)
            with b.if_then(b.icmp_signed("!=", code, ir.Constant(I32, 0)), likely=False):
                b.ret(code)
        b.ret(ir.Constant(I32, 0))

        b.position_at_end(parallel)
        _publish(b, control, job, count)
        _share(b, control, job, count)

    return IrKernel(emit)


def _publish(b, control, job, count):
    control.write(_JOB, job)
    control.write(_DONE, index(0))
    control.write(_CODE, index(0))
    number = b.add(b.lshr(control.read(_TICKET), index(16)), index(1))
    control.write(_TICKET, b.or_(b.shl(number, index(16)), b.shl(count, index(8))))
    with b.if_then(b.icmp_signed("!=", control.read(_SLEEPING), index(0))):
        with b.if_then(b.icmp_signed("!=", control.swap(_SLEEPING, index(0)), index(0))):
            control.futex(_WAKE, 2 ** 31 - 1)


def _share(b, control, job, count):
    """Takes parts until none is left, waits for the helpers' and returns their code."""
    search, taken, nothing, wait, spin, tired, end = (b.append_basic_block(name) for name in (
        "search", "taken", "nothing", "wait", "spin", "tired", "end"))
    with b.goto_entry_block():
        spins, mine = b.alloca(I64), b.alloca(I64)
    b.store(index(0), spins)
    b.store(index(0), mine)
    begun = control.now()
    b.branch(search)
    b.position_at_end(search)
    part = _take(b, control, False, taken, nothing, search)
    b.position_at_end(taken)
    _run_part(b, control, job, part)
    b.store(b.add(b.load(mine), index(1)), mine)
    b.branch(search)

    b.position_at_end(nothing)
    waiting = control.now()
    b.branch(wait)
    b.position_at_end(wait)
    b.cbranch(b.icmp_signed("==", control.read(_DONE), count), end, spin)
    b.position_at_end(spin)
    _pause(b)
    spun = b.add(b.load(spins), index(1))
    b.store(spun, spins)
    b.cbranch(b.icmp_signed(">", spun, index(_SPINS_BEFORE_YIELD)), tired, wait)
    b.position_at_end(tired)
    control.call(_YIELD, I32)
    b.branch(wait)

    b.position_at_end(end)
    done = b.load(mine)
    _judge(b, control, done, b.sub(count, done), b.sub(waiting, begun), waiting)
    code = b.trunc(control.read(_CODE), I32)
    control.write(_BUSY, index(0))
    b.ret(code)
    b.position_at_end(b.append_basic_block("unreachable"))


def _judge(b, control, mine, theirs, worked, waiting):
    """Settles a job of which this thread did `mine` parts in `worked` ns and has been `waiting` since."""
    now = control.now()
    saved = b.sdiv(b.mul(smaller(b, worked, index(_MOST_SAVED)), theirs), larger(b, mine, index(1)))
    loss = larger(b, b.add(b.sub(control.read(_LOSS), saved), b.sub(now, waiting)), index(0))
    too_much = b.icmp_signed(">", loss, index(_MOST_LOSS))
    control.write(_LOSS, b.select(too_much, index(0), loss))
    control.write(_UNTIL, b.select(too_much, b.add(now, index(_REST)), index(0)))
