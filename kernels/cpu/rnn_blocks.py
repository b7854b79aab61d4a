"""Steps of recurrent cells, and all steps of an LSTM, with their gradients. Holds no state."""

from math import prod

from ..registry import F64, In, Native, Out, Scratch, cpu
from . import blas, native, pool
from .matmul import GEMM, product_between
from .sequence import sequence
from .vector_unit import lanes_of

_DTYPE, _SIZE = "float32", 4
_ROWS_OF_A_PART = 8     # at least: a product packs its right matrix for each part
_PARTS = 4              # at most
_WORTH_SPLITTING = 100_000      # multiplications of a step for each part


def _rows(batch, cost):
    """How rows of a batch are divided, whatever the number of threads; `cost`: multiplications of all of them."""
    parts = max(1, min(_PARTS, batch // _ROWS_OF_A_PART, cost // _WORTH_SPLITTING))
    marks = [batch * k // parts for k in range(parts + 1)]
    return list(zip(marks, marks[1:], strict=False))


def _split(ctx, template, arguments, words, rest, batch, cost):
    """The kernel of rnn_blocks.`template` in parts of a batch: `words`, first and last row, `rest`."""
    code = native.function(f"rnn_blocks.{template}", str(lanes_of(_DTYPE)), *arguments)
    return pool.step(code, [[*words, *rows, *rest] for rows in _rows(batch, cost)], ctx.threads)


class _Lstm:
    """Sizes of an LSTM's step, or steps, of which the inputs begin with number `first`."""

    def __init__(self, ctx, first):
        x, state, _, self.weights = ctx.input_shapes[first:first + 4]
        self.ctx, self.first = ctx, first
        self.steps = x[0] if len(x) == 3 else 1
        (self.batch, self.columns), self.units = x[-2:], state[-1]
        self.gates = 4 * self.units
        self.peephole = str(int(ctx.attr("use_peephole")))
        self.limit = In(0) if first else 0

    def fits(self):
        """Whether shapes are those of a step, and none empty: else the reference kernel has a word."""
        state, diagonals = (self.batch, self.units), [(self.units,)] * 3
        expected = [state, state, (self.columns + self.units, self.gates), *diagonals, (self.gates,)]
        given = self.ctx.input_shapes[self.first + 1:self.first + 8]
        return list(given) == expected and prod((self.steps, self.batch, self.columns, self.units)) > 0

    def input(self, number):
        """The word of an input of the step."""
        return In(self.first + number)

    @property
    def words(self):
        """Words that those of a step's kernels end with, but for the first and last row: before these, and after."""
        rest = [self.batch, self.units, self.columns, self.steps]
        return [*(self.input(number) for number in (4, 5, 6, 3)), blas.address(GEMM[_DTYPE])], rest

    @property
    def cost(self):
        """Multiplications of a step."""
        return self.batch * self.units * self.gates

    def product(self, sizes, transposes, words, offsets=(0, 0, 0), total=None):
        """See `product_between`; offsets in numbers."""
        return product_between(_DTYPE, sizes, transposes, words, [_SIZE * number for number in offsets],
                               self.ctx.threads, total)


@cpu.kernel("LSTMBlockCell", T=(_DTYPE,))
def lstm_cell(ctx):
    return _lstm(_Lstm(ctx, 0))


@cpu.kernel("BlockLSTM", T=(_DTYPE,))
def block_lstm(ctx):
    return _lstm(_Lstm(ctx, 1))


def _lstm(cell):
    """The products of all inputs first, then step by step those of outputs."""
    if not cell.fits():
        return None
    ctx, clip, rows = cell.ctx, cell.ctx.attr("cell_clip"), cell.steps * cell.batch
    products = Scratch(rows * cell.gates * _SIZE)
    of_inputs = cell.product((rows, cell.gates, cell.columns), (False, False), (products, cell.input(0), cell.input(3)))
    before, after = cell.words
    words = [*map(Out, range(7)), products, cell.input(7), cell.limit, cell.input(1), cell.input(2), *before]
    rest = [*after, F64(ctx.attr("forget_bias")), F64(clip)]
    arguments = [cell.peephole, str(int(clip > 0)), str(native.INDEX_OUT_OF_RANGE)]
    return sequence(of_inputs, _split(ctx, "lstm", arguments, words, rest, cell.batch, cell.cost))


def _gates_gradient(cell, values, gates, outs):
    """The kernel of gradients of gates; `values`: number of the input i. `outs`: words of those of the state and, for
    many steps, of the output before."""
    goes_on = len(outs) == 2
    own = [In(values + k) for k in range(6)]                # i cs f o ci co
    grads = [In(values + 6 + goes_on + k) for k in range(2)]        # after h, which only many steps take
    before, after = cell.words
    words = [gates, outs[0], outs[1] if goes_on else 0, *grads, *own, cell.limit, cell.input(1), *before]
    arguments = [cell.peephole, str(int(goes_on)), str(native.INDEX_OUT_OF_RANGE)]
    return _split(cell.ctx, "lstm_gradient", arguments, words, after, cell.batch, cell.cost if goes_on else 0)


def _sums(cell, values, gates, biases, first):
    """The kernel of the gradients of biases (a word, or 0) and diagonals, which are outputs from `first` on."""
    code = native.function("rnn_blocks.lstm_sums", str(lanes_of(_DTYPE)), cell.peephole)
    return Native(code, [biases, *(Out(first + k) for k in range(3)), gates, In(values + 1), cell.input(1), cell.batch,
                         cell.units, cell.steps])


@cpu.kernel("LSTMBlockCellGrad", T=(_DTYPE,))
def lstm_cell_grad(ctx):
    cell = _Lstm(ctx, 0)
    if not cell.fits() or any(shape != (cell.batch, cell.units) for shape in ctx.input_shapes[8:]):
        return None
    return sequence(_gates_gradient(cell, 8, Out(1), [Out(0)]), _sums(cell, 8, Out(1), 0, 2))


@cpu.kernel("BlockLSTMGrad", T=(_DTYPE,))
def block_lstm_grad(ctx):
    """Step by step back, then the products of all steps."""
    cell = _Lstm(ctx, 1)
    if not cell.fits() or any(shape != (cell.steps, cell.batch, cell.units) for shape in ctx.input_shapes[9:]):
        return None
    rows, width, inputs, units = cell.steps * cell.batch, cell.gates, cell.columns, cell.units
    gates, below = Scratch(rows * width * _SIZE), inputs * width
    kernels, x = [_gates_gradient(cell, 9, gates, [Out(1), Out(2)])], cell.input(0)
    if ctx.value(0) is None or ctx.value(0) < cell.steps:
        kernels.append(Native(native.function("rnn_blocks.begun_steps"), [
            Out(0), x, cell.limit, cell.batch * inputs * _SIZE, cell.steps]))
        x = Out(0)      # its gradient comes there afterwards
    kernels += [
        cell.product((inputs, width, rows), (True, False), (Out(3), x, gates)),
        cell.product((rows, inputs, width), (False, True), (Out(0), gates, cell.input(3))),
        cell.product((units, width, cell.batch), (True, False), (Out(3), cell.input(2), gates), (below, 0, 0)),
    ]
    if cell.steps > 1:
        kernels.append(cell.product((units, width, rows - cell.batch), (True, False), (Out(3), In(15), gates),
                                    (below, 0, cell.batch * width), total=Out(3)))
    return sequence(*kernels, _sums(cell, 9, gates, Out(7), 4))


def _gru(ctx, template, words, widths):
    """The kernel of a step; `words`: of tensors. `widths`: of its scratch, in states."""
    (batch, columns), (_, units) = ctx.input_shapes[:2]
    expected = [(batch, columns), (batch, units), (columns + units, 2 * units), (columns + units, units), (2 * units,),
                (units,), *[(batch, units)] * (len(ctx.input_shapes) - 6)]
    if list(ctx.input_shapes) != expected or not prod((batch, columns, units)):
        return None
    scratch = [Scratch(batch * units * _SIZE * width) for width in widths]
    return _split(ctx, template, [], [*words, *scratch, blas.address(GEMM[_DTYPE])], [columns, units], batch,
                  3 * batch * units * (columns + units))


@cpu.kernel("GRUBlockCell", T=(_DTYPE,))
def gru_cell(ctx):
    return _gru(ctx, "gru", [*map(Out, range(4)), *map(In, range(6))], (2, 1))


@cpu.kernel("GRUBlockCellGrad", T=(_DTYPE,))
def gru_cell_grad(ctx):
    return _gru(ctx, "gru_gradient", [*map(Out, range(4)), *map(In, (1, 2, 3, 6, 7, 8, 9))], (1, 1))
