"""Elementwise programs over the rows that indices name, in order. Hold no state."""

from .copying import check_rows, is_empty
from .elementwise import step
from .values import IrKernel, copy, index, load, loop, store, word


def update(dtype, index_type, forms, steps, results, code, skips=""):
    """states[indices[i], :] = what a program makes of them, for each i in order.

    `forms` says of each operand of the program whether it is a state ("s"), the gradient ("g", a row
    per index) or a number ("n"). Fails with `code` at an index out of range, before anything is written;
    with `skips`, an index may be the smallest integer: nothing happens.
    Words: 0 and 1 details of a failure, indices, their count, rows of a state, row length, bytes of a
    state; the results; the operands. A result may be its state.
    """
    wanted = [int(position) for position in results.split(",")]

    def emit(b, block):
        indices, count, size, length, nbytes = (word(b, block, i) for i in range(2, 7))
        outs = [word(b, block, 7 + i) for i in range(len(wanted))]
        given = [word(b, block, 7 + len(wanted) + i) for i in range(len(forms))]
        numbers = {i: load(b, given[i], index(0), dtype) for i, form in enumerate(forms) if form == "n"}
        check_rows(b, block, indices, index_type, count, size, code, skips)
        for out, state in zip(outs, given):
            with b.if_then(b.icmp_signed("!=", out, state)):
                copy(b, out, state, nbytes)
        with loop(b, index(0), count) as i:
            position = load(b, indices, i, index_type)
            first = b.mul(position.cast("int64").ir, length)
            width = b.select(is_empty(position), index(0), length) if skips else length
            with loop(b, index(0), width) as j:
                place, values = b.add(first, j), []
                for k, form in enumerate(forms):
                    if form == "n":
                        values.append(numbers[k])
                    elif form == "g":
                        values.append(load(b, given[k], b.add(b.mul(i, length), j), dtype))
                    else:       # a row that is named twice has changed by then
                        values.append(load(b, outs[k], place, dtype, again=True))
                for text in steps.split(";"):
                    values.append(step(b, text, values))
                for out, position in zip(outs, wanted, strict=True):
                    store(b, out, place, values[position])

    return IrKernel(emit)
