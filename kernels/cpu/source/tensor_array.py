"""Elements of arrays that live for one run. Holds no state.

A *head* describes an array: int64 words, in the order of HEAD. Its states are a byte for each element. There is memory
for ROOM elements; what is written behind the last makes the array longer. WANTED is -1 where it may not become longer
than ROOM, else the length for which Python is to make room, or 0. KNOWN says whether elements that were never written
have a shape: 0 not before one is written, -1 never.
"""

from llvmlite import ir

from .values import I1, I8, I32, I64, WORDS, IrKernel, copy, fail, fill, index, load, loop, store, word

HEAD = DATA, STATES, SIZE, NBYTES, CLEAR, SUMS, KNOWN, ROOM, WANTED = range(9)
EMPTY, FULL, CLEARED = range(3)
_MARK = 128     # is added to the state of what is in a list


def _place(b, block):
    """(head, index)."""
    head = b.inttoptr(word(b, block, 2), WORDS)
    return head, b.sext(b.load(b.inttoptr(word(b, block, 3), I32.as_pointer())), I64)


def _make_longer(b, block, paused):
    """Has the array hold the element that is to be written, if it may become so long; returns `paused` for room."""
    head, at = _place(b, block)
    after, wanted = b.add(at, index(1)), b.gep(head, [index(WANTED)])
    behind = b.icmp_signed(">=", at, word(b, head, ROOM))
    grows = b.icmp_signed(">=", b.load(wanted), index(0))
    with b.if_then(b.and_(behind, grows), likely=False):
        b.store(after, wanted)
        b.ret(ir.Constant(I32, int(paused)))
    with b.if_then(b.and_(b.icmp_signed(">=", at, word(b, head, SIZE)), b.not_(behind))):
        b.store(after, b.gep(head, [index(SIZE)]))


def _element(b, block, code):
    """(head, index, pointer to its state, address of its memory); fails for an index out of range."""
    head, at = _place(b, block)
    fail(b, block, b.icmp_unsigned(">=", at, word(b, head, SIZE)), int(code), index(0), at)
    return head, at, *_memory(b, head, at)


def _memory(b, head, at):
    """(pointer to the state of an element, address of its memory)."""
    state = b.gep(b.inttoptr(word(b, head, STATES), I8.as_pointer()), [at])
    return state, b.add(word(b, head, DATA), b.mul(at, word(b, head, NBYTES)))


def _is(b, state, number):
    return b.icmp_unsigned("==", b.load(state), ir.Constant(I8, number))


def read(code):
    """Copies one element, and clears it where the array says so; elements never written are zeros.

    Words: 0 and 1 details of a failure, head, index (int32), target. Fails with `code` for what was cleared, and
    for what was never written before the shape of elements was known.
    """
    def emit(b, block):
        head, at, state, memory = _element(b, block, code)
        fail(b, block, _is_unreadable(b, head, state), int(code), index(0), at)
        _take(b, head, state, memory, word(b, block, 4))

    return IrKernel(emit)


def _clears(b, head):
    return b.icmp_signed("!=", word(b, head, CLEAR), index(0))


def _is_unreadable(b, head, state):
    unknown = b.and_(_is(b, state, EMPTY), b.icmp_signed("<=", word(b, head, KNOWN), index(0)))
    return b.or_(_is(b, state, CLEARED), unknown)


def _take(b, head, state, memory, target):
    """Reads an element."""
    with b.if_then(_is(b, state, EMPTY), likely=False):
        fill(b, memory, 0, word(b, head, NBYTES))
    copy(b, target, memory, word(b, head, NBYTES))
    b.store(b.select(_clears(b, head), ir.Constant(I8, CLEARED), ir.Constant(I8, FULL)), state)


def write(dtype, code, paused):
    """Stores one element, or adds to it in an array of gradients; hands on the flow (4 bytes).

    Where an array that may become longer has no room for it, the kernel returns `paused`, having done nothing.

    Words: 0 and 1 details of a failure, head, index (int32), value, its length, flow, target of the flow. Fails with
    `code` for what was cleared, and for what was written before unless values are added up.
    """
    def emit(b, block):
        _make_longer(b, block, paused)
        head, at, state, memory = _element(b, block, code)
        fail(b, block, _is_unwritable(b, head, state), int(code), index(0), at)
        _put(b, head, state, memory, word(b, block, 4), word(b, block, 5), dtype)
        copy(b, word(b, block, 7), word(b, block, 6), index(4))

    return IrKernel(emit)


def _adds(b, head):
    return b.icmp_signed("!=", word(b, head, SUMS), index(0))


def _is_unwritable(b, head, state):
    twice = b.and_(_is(b, state, FULL), b.not_(_adds(b, head)))
    return b.or_(_is(b, state, CLEARED), twice)


def _put(b, head, state, memory, value, length, dtype):
    """Writes an element."""
    with b.if_else(_is(b, state, FULL)) as (adds, first):
        with adds, loop(b, index(0), length) as i:
            store(b, memory, i, load(b, memory, i, dtype) + load(b, value, i, dtype))
        with first:
            copy(b, memory, value, word(b, head, NBYTES))
            b.store(ir.Constant(I8, FULL), state)
            known = word(b, head, KNOWN)
            known = b.select(b.icmp_signed("==", known, index(0)), index(1), known)
            b.store(known, b.gep(head, [index(KNOWN)]))


def _unmark(b, state):
    b.store(b.and_(b.load(state), ir.Constant(I8, _MARK - 1)), state)


def _listed(b, block, refuses, is_once, code):
    """Calls the function that is sent for each of the elements whose indices (int32) are in a list: (number in the
    list, pointer to its state, address of its memory). Fails before that for an index out of range, where
    `refuses(b, head, state)`, and for a repeated index where `is_once(b, head)`. Words: 2 head, 3 indices, 4 how many.

    What is in the list is marked at first, so that repeated indices are found.
    """
    head, count = b.inttoptr(word(b, block, 2), WORDS), word(b, block, 4)
    indices, once = b.inttoptr(word(b, block, 3), I32.as_pointer()), is_once(b, head)

    def at(i):
        return b.sext(b.load(b.gep(indices, [i])), I64)

    def check(condition, i):
        with b.if_then(condition, likely=False):
            with loop(b, index(0), i) as before:
                _unmark(b, _memory(b, head, at(before))[0])
            fail(b, block, ir.Constant(I1, 1), int(code), i, at(i))

    with loop(b, index(0), count) as i:
        check(b.icmp_unsigned(">=", at(i), word(b, head, SIZE)), i)
        state, _ = _memory(b, head, at(i))
        marked = b.icmp_unsigned(">=", b.load(state), ir.Constant(I8, _MARK))
        check(b.and_(marked, once), i)
        with b.if_then(b.not_(marked)):
            check(refuses(b, head, state), i)
            b.store(b.or_(b.load(state), ir.Constant(I8, _MARK)), state)
    use = yield head
    with loop(b, index(0), count) as i:
        state, memory = _memory(b, head, at(i))
        _unmark(b, state)
        use(i, state, memory)
    yield


def gather(code):
    """Copies listed elements, one behind the other. Words: as `_listed` says; 5 target, 6 whether their shape is known
    by now. Fails as `read` does."""
    def emit(b, block):
        known = b.gep(b.inttoptr(word(b, block, 2), WORDS), [index(KNOWN)])
        unknown = b.icmp_signed("==", b.load(known), index(0))
        with b.if_then(b.and_(unknown, b.icmp_signed("!=", word(b, block, 6), index(0))), likely=False):
            b.store(index(1), known)
        elements = _listed(b, block, _is_unreadable, _clears, code)
        head = next(elements)
        elements.send(lambda i, state, memory: _take(
            b, head, state, memory, b.add(word(b, block, 5), b.mul(i, word(b, head, NBYTES)))))

    return IrKernel(emit)


def scatter(dtype, code):
    """Stores listed elements, which lie one behind the other; hands on the flow.

    Words: as `_listed` says; 5 values, 6 length of one, 7 flow, 8 target of the flow. Fails as `write` does.
    """
    def emit(b, block):
        elements = _listed(b, block, _is_unwritable, lambda b, head: b.not_(_adds(b, head)), code)
        head = next(elements)
        elements.send(lambda i, state, memory: _put(b, head, state, memory, b.add(
            word(b, block, 5), b.mul(i, word(b, head, NBYTES))), word(b, block, 6), dtype))
        copy(b, word(b, block, 8), word(b, block, 7), index(4))

    return IrKernel(emit)


def renew():
    """Makes arrays anew: nothing is written yet. Words: how many; of each its head, and what that says of the shape of
    elements from the start."""
    def emit(b, block):
        with loop(b, index(0), word(b, block, 0)) as i:
            at = b.mul(i, index(2))
            head = b.inttoptr(word(b, block, b.add(at, index(1))), WORDS)
            fill(b, word(b, head, STATES), EMPTY, word(b, head, SIZE))
            b.store(word(b, block, b.add(at, index(2))), b.gep(head, [index(KNOWN)]))

    return IrKernel(emit)


def begin_flow():
    """The flow of an array that is new. Word: target."""
    def emit(b, block):
        b.store(ir.Constant(I32, 0), b.inttoptr(word(b, block, 0), I32.as_pointer()))

    return IrKernel(emit)


def pass_flow():
    """Hands on a flow. Words: target, source."""
    def emit(b, block):
        copy(b, word(b, block, 0), word(b, block, 1), index(4))

    return IrKernel(emit)
