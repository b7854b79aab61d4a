"""Reference kernels of `graphflow/ops/rnn_blocks.py`. Columns of an LSTM's gates: i, ci, f, o; of a GRU's: r, u."""

import numpy as np

from ..registry import reference


def _sigmoid(x):
    return (1 / (1 + np.exp(-x.astype(np.float64)))).astype(x.dtype)


@reference.kernel("LSTMBlockCell")
def lstm_block_cell(ctx):
    """One step: gates, cell, and output."""
    forget_bias, clip = ctx.attr("forget_bias"), ctx.attr("cell_clip")
    peephole = ctx.attr("use_peephole")

    def run(x, cs_prev, h_prev, w, wci, wcf, wco, b):
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

    return run


@reference.kernel("LSTMBlockCellGrad")
def lstm_block_cell_grad(ctx):
    """Gradients of the cell before, of the gates before their functions, and of the diagonals."""
    peephole = ctx.attr("use_peephole")

    def run(x, cs_prev, h_prev, w, wci, wcf, wco, b, i, cs, f, o, ci, co, cs_grad, h_grad):
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
