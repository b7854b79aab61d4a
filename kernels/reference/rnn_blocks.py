"""Reference kernels of `graphflow/ops/rnn_blocks.py`. Columns of an LSTM's gates: i, ci, f, o; of a GRU's: r, u."""

import numpy as np

from graphflow.framework import errors

from ..registry import reference


def _sigmoid(x):
    return (1 / (1 + np.exp(-x.astype(np.float64)))).astype(x.dtype)


def _lstm_step(ctx):
    """The function of one LSTM step."""
    forget_bias, clip = ctx.attr("forget_bias"), ctx.attr("cell_clip")
    peephole = ctx.attr("use_peephole")

    def step(x, cs_prev, h_prev, w, wci, wcf, wco, b):
        dtype = x.dtype.type
        i, ci, f, o = np.split(np.concatenate([x, h_prev], 1) @ w + b, 4, 1)
        if peephole:
            i, f = i + cs_prev * wci, f + cs_prev * wcf
        i, ci, f = _sigmoid(i), np.tanh(ci), _sigmoid(f + dtype(forget_bias))
        cs = ci * i + cs_prev * f
        if clip > 0:
            cs = np.clip(cs, dtype(-clip), dtype(clip))
        o = _sigmoid(o + cs * wco if peephole else o)
        co = np.tanh(cs)
        return i, cs, f, o, ci, co, o * co

    return step


def _lstm_step_grad(ctx):
    """The function that gives the gradients of the cell before, of gates before their functions, of diagonals."""
    peephole = ctx.attr("use_peephole")

    def step(x, cs_prev, h_prev, w, wci, wcf, wco, b, i, cs, f, o, ci, co, cs_grad, h_grad):
        do = o * (1 - o) * h_grad * co
        dcs = (1 - co * co) * h_grad * o + cs_grad
        if peephole:
            dcs = dcs + do * wco
        di, dci, df = i * (1 - i) * dcs * ci, (1 - ci * ci) * dcs * i, f * (1 - f) * dcs * cs_prev
        cs_prev_grad = dcs * f
        gates = np.concatenate([di, dci, df, do], 1)
        if not peephole:
            return (cs_prev_grad, gates, *(np.zeros_like(v) for v in (wci, wcf, wco)))
        cs_prev_grad = cs_prev_grad + di * wci + df * wcf
        return cs_prev_grad, gates, (di * cs_prev).sum(0), (df * cs_prev).sum(0), (do * cs).sum(0)

    return step


reference.kernel("LSTMBlockCell")(_lstm_step)
reference.kernel("LSTMBlockCellGrad")(_lstm_step_grad)


def _check_steps(steps, x):
    if not 0 <= steps <= len(x):
        raise errors.InvalidArgumentError(
            None, None, f"seq_len_max must be in [0, {len(x)}], the number of steps of x: it is {steps}")


@reference.kernel("BlockLSTM")
def block_lstm(ctx):
    """All steps; zeros after the first `seq_len_max`."""
    step = _lstm_step(ctx)

    def run(seq_len_max, x, cs, h, *weights):
        _check_steps(seq_len_max, x)
        outputs = [np.zeros((len(x), *cs.shape), x.dtype) for _ in range(7)]
        for t in range(seq_len_max):
            values = step(x[t], cs, h, *weights)
            for output, value in zip(outputs, values):
                output[t] = value
            cs, h = values[1], values[6]
        return outputs

    return run


@reference.kernel("BlockLSTMGrad")
def block_lstm_grad(ctx):
    """From the last step to the first, each with the gradients of its results and of the step after it."""
    step = _lstm_step_grad(ctx)

    def run(seq_len_max, x, cs_prev, h_prev, w, wci, wcf, wco, b, i, cs, f, o, ci, co, h, cs_grad, h_grad):
        _check_steps(seq_len_max, x)
        x_grad, w_grad, b_grad = np.zeros_like(x), np.zeros_like(w), np.zeros_like(b)
        cs_back, h_back = np.zeros_like(cs_prev), np.zeros_like(h_prev)
        diagonals = [np.zeros_like(v) for v in (wci, wcf, wco)]
        for t in reversed(range(seq_len_max)):
            before = (cs_prev, h_prev) if t == 0 else (cs[t - 1], h[t - 1])
            cs_back, gates, *slopes = step(x[t], *before, w, wci, wcf, wco, b, i[t], cs[t], f[t], o[t], ci[t], co[t],
                                           cs_grad[t] + cs_back, h_grad[t] + h_back)
            through = gates @ w.T
            x_grad[t], h_back = through[:, :x.shape[2]], through[:, x.shape[2]:]
            w_grad += np.concatenate([x[t], before[1]], 1).T @ gates
            b_grad += gates.sum(0)
            diagonals = [total + slope for total, slope in zip(diagonals, slopes)]
        return x_grad, cs_back, np.ascontiguousarray(h_back), w_grad, *diagonals, b_grad

    return run


@reference.kernel("GRUBlockCell")
def gru_block_cell(ctx):
    """One step: gates, candidate, and state."""

    def run(x, h_prev, w_ru, w_c, b_ru, b_c):
        r, u = np.split(_sigmoid(np.concatenate([x, h_prev], 1) @ w_ru + b_ru), 2, 1)
        c = np.tanh(np.concatenate([x, h_prev * r], 1) @ w_c + b_c)
        return np.ascontiguousarray(r), np.ascontiguousarray(u), c, u * h_prev + (1 - u) * c

    return run


@reference.kernel("GRUBlockCellGrad")
def gru_block_cell_grad(ctx):
    """Gradients of input and state before, and of candidate and gates before their functions."""

    def run(x, h_prev, w_ru, w_c, b_ru, b_c, r, u, c, d_h):
        columns = x.shape[1]
        d_c = d_h * (1 - u) * (1 - c * c)
        through_c = d_c @ w_c.T
        d_hr = through_c[:, columns:]
        d_ru = np.concatenate([d_hr * h_prev * r * (1 - r), d_h * (h_prev - c) * u * (1 - u)], 1)
        through_ru = d_ru @ w_ru.T
        d_h_prev = through_ru[:, columns:] + d_hr * r + d_h * u
        return through_ru[:, :columns] + through_c[:, :columns], d_h_prev, d_c, d_ru

    return run
