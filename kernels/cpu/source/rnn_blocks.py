"""Steps of recurrent cells: products by BLAS, then one loop over gates and states. Hold no state.

Rows of a batch know nothing of each other: each part of a kernel takes some through all steps. Gates come as
`reference/rnn_blocks.py` has them.
"""

from types import SimpleNamespace

from . import vector_math
from .matmul import call_blas
from .values import IrKernel, copy, double_word, fail, index, load, loop, where, word
from .vectors import Lanes, fill_zero, over_row

_DTYPE, _SIZE = "float32", 4


class _Cell:
    """What the kernels share. `w`: words by name; `units`: numbers of a state."""

    def __init__(self, b, block, lanes, names):
        self.b, self.v = b, Lanes(b, _DTYPE, int(lanes))
        names = names.split()
        self.w = SimpleNamespace(**{name: word(b, block, i) for i, name in enumerate(names)})
        self.block, self.next_word = block, len(names)

    def bytes(self, *factors):
        """The product of `factors` numbers in bytes."""
        total = index(_SIZE)
        for factor in factors:
            total = self.b.mul(total, index(factor) if isinstance(factor, int) else factor)
        return total

    def numbers(self, count):
        """The doubles that follow the words with names, in every lane."""
        return [self.v.value(self.v.splat(double_word(self.b, self.block, self.next_word + i).cast(_DTYPE).ir))
                for i in range(count)]

    def steps_to_do(self, code):
        """How many of `steps` the input `limit` (0: there is none) allows; fails with `code` for a wrong one."""
        b, w = self.b, self.w
        with b.goto_entry_block():
            place = b.alloca(w.steps.type)
        b.store(w.steps, place)
        with b.if_then(b.icmp_signed("!=", w.limit, index(0))):
            limit = load(b, w.limit, index(0), "int64").ir
            wrong = b.or_(b.icmp_signed("<", limit, index(0)), b.icmp_signed(">", limit, w.steps))
            fail(b, self.block, wrong, int(code))
            b.store(limit, place)
        return b.load(place)

    def multiply(self, left, columns, right, width, out, turned=False, add=False):
        """out = the rows [first, last) of a left matrix of `columns` columns, times a right one (maybe `turned`), added
        to what is there if `add`."""
        b, w = self.b, self.w
        place = [b.add(base, self.bytes(w.first, size)) for base, size in ((left, columns), (out, width))]
        call_blas(b, w.gemm, _DTYPE, (b.sub(w.last, w.first), width, columns), (place[0], columns, False),
                  (right, columns if turned else width, turned), (place[1], width), 1.0 if add else 0.0)

    def over_states(self, body):
        """Emits `body(row, at, load, store)` for all vectors of states: `at` is their distance from a row's begin."""
        with loop(self.b, self.w.first, self.w.last) as row:
            over_row(self.v, self.w.units, lambda at, load, store: body(
                row, at, lambda place: self.v.value(load(place)), lambda value, place: store(value.ir, place)))

    def place(self, base, row, at, width=1, gate=0):
        """The address of a vector in a row of `width` states; `gate`: which of them."""
        b, units = self.b, self.w.units
        return b.add(b.add(base, self.bytes(b.add(b.mul(row, index(width)), index(gate)), units)), at)


def _where_from(b, step, first, later):
    """The address of what a step reads: `first` in step 0."""
    return b.select(b.icmp_signed("==", step, index(0)), first, later)


def lstm(lanes, peephole, clips, code):
    """Steps of an LSTM, `limit` of them: zeros after these.

    Words: i, cs, f, o, ci, co, h (each of all steps), products of all inputs with weights, biases, limit, state and
    output before, diagonals of i, f and o, weights, gemm, first and last row, rows of the batch, units, columns of
    inputs, steps; then a double to add to f, and the largest state.
    """
    peephole, clips = peephole == "1", clips == "1"

    def emit(b, block):
        cell = _Cell(b, block, lanes, "i cs f o ci co h products biases limit cs_before h_before wci wcf wco weights "
                                      "gemm first last batch units columns steps")
        w, (forget, largest) = cell.w, cell.numbers(2)
        count, state = cell.steps_to_do(code), cell.bytes(w.batch, w.units)
        gates = b.mul(w.units, index(4))
        weights = b.add(w.weights, cell.bytes(w.columns, gates))

        def step(t):
            now = b.mul(t, state)
            outs = {name: b.add(getattr(w, name), now) for name in "i cs f o ci co h".split()}
            before = {name: _where_from(b, t, first, b.sub(outs[name], state))
                      for name, first in (("cs", w.cs_before), ("h", w.h_before))}
            products = b.add(w.products, b.mul(now, index(4)))
            cell.multiply(before["h"], w.units, weights, gates, products, add=True)

            def gate(row, at, load, number):
                own = load(cell.place(products, row, at, 4, number))
                return own + load(cell.place(w.biases, index(0), at, 4, number))

            def unit(row, at, load, store):
                i, ci, f, o = (gate(row, at, load, number) for number in range(4))
                cs = load(cell.place(before["cs"], row, at))
                if peephole:
                    i, f = i + cs * load(b.add(w.wci, at)), f + cs * load(b.add(w.wcf, at))
                i, ci, f = vector_math.sigmoid(i), vector_math.tanh(ci), vector_math.sigmoid(f + forget)
                cs = ci * i + cs * f
                if clips:
                    cs = where(cs > largest, largest, where(cs < -largest, -largest, cs))
                o = vector_math.sigmoid(o + cs * load(b.add(w.wco, at)) if peephole else o)
                co = vector_math.tanh(cs)
                for name, value in (("i", i), ("cs", cs), ("f", f), ("o", o), ("ci", ci), ("co", co), ("h", o * co)):
                    store(value, cell.place(outs[name], row, at))

            cell.over_states(unit)

        with loop(b, index(0), count) as t:
            step(t)
        with loop(b, count, w.steps) as t:
            rows = b.add(b.mul(t, state), cell.bytes(w.first, w.units))
            for name in "i cs f o ci co h".split():
                fill_zero(b, b.add(getattr(w, name), rows), cell.bytes(b.sub(w.last, w.first), w.units))

    return IrKernel(emit)


def lstm_gradient(lanes, peephole, goes_on, code):
    """Gradients of gates before their functions, of all steps, and of the state before; if it `goes_on`, of the output
    before too.

    Words: gradients of gates, of the state and of the output before, gradients of states and of outputs, i, cs, f, o,
    ci, co, limit, state before, diagonals, weights, gemm, first and last row, rows, units, columns of inputs, steps.
    """
    peephole, goes_on = peephole == "1", goes_on == "1"

    def emit(b, block):
        cell = _Cell(b, block, lanes, "gates cs_back h_back cs_grad h_grad i cs f o ci co limit cs_before wci wcf wco "
                                      "weights gemm first last batch units columns steps")
        w = cell.w
        width = b.mul(w.units, index(4))
        weights = b.add(w.weights, cell.bytes(w.columns, width))
        count, state = cell.steps_to_do(code), cell.bytes(w.batch, w.units)
        rows = cell.bytes(b.sub(w.last, w.first), w.units)
        for target in (w.cs_back, *([w.h_back] if goes_on else [])):
            fill_zero(b, b.add(target, cell.bytes(w.first, w.units)), rows)

        def step(t):
            now = b.mul(t, state)
            of = {name: b.add(getattr(w, name), now) for name in "cs_grad h_grad i cs f o ci co".split()}
            before = _where_from(b, t, w.cs_before, b.sub(of["cs"], state))
            gates = b.add(w.gates, b.mul(now, index(4)))

            def unit(row, at, load, store):
                value = {name: load(cell.place(base, row, at)) for name, base in of.items()}
                i, f, o, ci, co = (value[name] for name in "i f o ci co".split())
                dh, cs = value["h_grad"], load(cell.place(before, row, at))
                if goes_on:
                    dh = dh + load(cell.place(w.h_back, row, at))
                do = o * (1.0 - o) * dh * co
                dcs = (1.0 - co * co) * dh * o + (value["cs_grad"] + load(cell.place(w.cs_back, row, at)))
                if peephole:
                    dcs = dcs + do * load(b.add(w.wco, at))
                di, dci, df = i * (1.0 - i) * dcs * ci, (1.0 - ci * ci) * dcs * i, f * (1.0 - f) * dcs * cs
                back = dcs * f
                if peephole:
                    back = back + di * load(b.add(w.wci, at)) + df * load(b.add(w.wcf, at))
                store(back, cell.place(w.cs_back, row, at))
                for number, gradient in enumerate((di, dci, df, do)):
                    store(gradient, cell.place(gates, row, at, 4, number))

            cell.over_states(unit)
            if goes_on:
                cell.multiply(gates, width, weights, w.units, w.h_back, turned=True)

        with loop(b, index(0), count) as done:
            step(b.sub(b.sub(count, index(1)), done))
        with loop(b, count, w.steps) as t:
            place = b.mul(b.add(b.mul(t, state), cell.bytes(w.first, w.units)), index(4))
            fill_zero(b, b.add(w.gates, place), b.mul(rows, index(4)))

    return IrKernel(emit)


def begun_steps():
    """Inputs of the steps that `limit` allows, zeros after these: what stands there may be no numbers.

    Words: target, inputs, limit, bytes of a step, steps.
    """
    def emit(b, block):
        target, source, limit, size, steps = (word(b, block, i) for i in range(5))
        count = load(b, limit, index(0), "int64").ir
        begun = b.mul(count, size)
        copy(b, target, source, begun)
        fill_zero(b, b.add(target, begun), b.mul(b.sub(steps, count), size))

    return IrKernel(emit)


def lstm_sums(lanes, peephole):
    """The gradients of biases (unless their word is 0) and of diagonals: sums over steps and rows.

    Words: biases, diagonals of i, f and o, gradients of gates, cs, state before, rows of the batch, units, steps.
    """
    peephole = peephole == "1"

    def emit(b, block):
        cell = _Cell(b, block, lanes, "biases wci wcf wco gates cs cs_before batch units steps")
        w, v, state = cell.w, cell.v, cell.bytes(cell.w.batch, cell.w.units)
        with b.if_then(b.icmp_signed("!=", w.biases, index(0))):
            def total(at, load, store):
                slot = v.slot()
                with loop(b, index(0), b.mul(w.steps, w.batch)) as row:
                    place = b.add(b.add(w.gates, b.mul(cell.bytes(row, w.units), index(4))), at)
                    b.store(b.fadd(b.load(slot), load(place)), slot)
                store(b.load(slot), b.add(w.biases, at))
            over_row(v, b.mul(w.units, index(4)), total)
        if not peephole:
            for target in (w.wci, w.wcf, w.wco):
                fill_zero(b, target, cell.bytes(w.units))
            return

        def diagonals(at, load, store):
            slots = [v.slot() for _ in range(3)]
            with loop(b, index(0), w.steps) as t, loop(b, index(0), w.batch) as row:
                own = b.add(w.cs, b.mul(t, state))
                before = _where_from(b, t, w.cs_before, b.sub(own, state))
                gates = b.add(w.gates, b.mul(b.mul(t, state), index(4)))
                for slot, gate, base in zip(slots, (0, 2, 3), (before, before, own), strict=True):
                    factors = load(cell.place(gates, row, at, 4, gate)), load(cell.place(base, row, at))
                    b.store(b.fadd(b.load(slot), b.fmul(*factors)), slot)
            for slot, target in zip(slots, (w.wci, w.wcf, w.wco), strict=True):
                store(b.load(slot), b.add(target, at))

        over_row(v, w.units, diagonals)

    return IrKernel(emit)


def gru(lanes):
    """A step of a GRU.

    Words: r, u, c, h, x, output before, weights of gates and of candidates, biases, scratch for gates and for outputs,
    gemm, first and last row, columns of x, units.
    """
    def emit(b, block):
        cell = _Cell(b, block, lanes, "r u c h x before w_ru w_c b_ru b_c gates reset gemm first last columns units")
        w = cell.w
        both = b.mul(w.units, index(2))
        cell.multiply(w.x, w.columns, w.w_ru, both, w.gates)
        cell.multiply(w.before, w.units, b.add(w.w_ru, cell.bytes(w.columns, both)), both, w.gates, add=True)

        def gates(row, at, load, store):
            r, u = (vector_math.sigmoid(load(cell.place(w.gates, row, at, 2, k)) + load(
                cell.place(w.b_ru, index(0), at, 2, k))) for k in range(2))
            store(r, cell.place(w.r, row, at))
            store(u, cell.place(w.u, row, at))
            store(load(cell.place(w.before, row, at)) * r, cell.place(w.reset, row, at))

        cell.over_states(gates)
        cell.multiply(w.x, w.columns, w.w_c, w.units, w.c)
        cell.multiply(w.reset, w.units, b.add(w.w_c, cell.bytes(w.columns, w.units)), w.units, w.c, add=True)

        def state(row, at, load, store):
            place = cell.place(w.c, row, at)
            c, u = vector_math.tanh(load(place) + load(b.add(w.b_c, at))), load(cell.place(w.u, row, at))
            store(c, place)
            store(u * load(cell.place(w.before, row, at)) + (1.0 - u) * c, cell.place(w.h, row, at))

        cell.over_states(state)

    return IrKernel(emit)


def gru_gradient(lanes):
    """Gradients of x, the output before, candidates and gates before their functions.

    Words: these four, output before, weights of gates and of candidates, r, u, c, the gradient of the output, two
    pieces of scratch for outputs, gemm, first and last row, columns of x, units.
    """
    def emit(b, block):
        cell = _Cell(b, block, lanes, "d_x d_before d_c d_ru before w_ru w_c r u c d_h d_reset through gemm first last "
                                      "columns units")
        w = cell.w
        both = b.mul(w.units, index(2))

        def candidates(row, at, load, store):
            dh, u, c = (load(cell.place(base, row, at)) for base in (w.d_h, w.u, w.c))
            store(dh * (1.0 - u) * (1.0 - c * c), cell.place(w.d_c, row, at))

        cell.over_states(candidates)
        cell.multiply(w.d_c, w.units, w.w_c, w.columns, w.d_x, turned=True)
        cell.multiply(w.d_c, w.units, b.add(w.w_c, cell.bytes(w.columns, w.units)), w.units, w.d_reset, turned=True)

        def gates(row, at, load, store):
            dh, h, r, u, c, d_reset = (load(cell.place(base, row, at))
                                       for base in (w.d_h, w.before, w.r, w.u, w.c, w.d_reset))
            store(d_reset * h * r * (1.0 - r), cell.place(w.d_ru, row, at, 2, 0))
            store(dh * (h - c) * u * (1.0 - u), cell.place(w.d_ru, row, at, 2, 1))

        cell.over_states(gates)
        cell.multiply(w.d_ru, both, w.w_ru, w.columns, w.d_x, turned=True, add=True)
        cell.multiply(w.d_ru, both, b.add(w.w_ru, cell.bytes(w.columns, both)), w.units, w.through, turned=True)

        def state(row, at, load, store):
            through, d_reset, r, dh, u = (load(cell.place(base, row, at))
                                          for base in (w.through, w.d_reset, w.r, w.d_h, w.u))
            store(through + d_reset * r + dh * u, cell.place(w.d_before, row, at))

        cell.over_states(state)

    return IrKernel(emit)
