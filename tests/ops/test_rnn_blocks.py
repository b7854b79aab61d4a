"""Sample rows of `graphflow/ops/rnn_blocks.py`."""

import numpy as np

from tests.ops.harness import Sample, fixed, normal, sample_tests


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def lstm(x, c, h, w, wci, wcf, wco, b, peephole, clip=0):
    i, j, f, o = np.split(np.hstack([x, h]) @ w + b, 4, 1)
    i, f = (i + c * wci, f + c * wcf) if peephole else (i, f)
    i, j, f = sigmoid(i), np.tanh(j), sigmoid(f + .5)
    c = j * i + c * f
    c = np.clip(c, -clip, clip) if clip else c
    o = sigmoid(o + c * wco) if peephole else sigmoid(o)
    return i, c, f, o, j, np.tanh(c), o * np.tanh(c)


def lstm_grad(x, c_prev, h, w, wci, wcf, wco, b, i, c, f, o, j, tanh_c, c_grad, h_grad, peephole):
    do = o * (1 - o) * h_grad * tanh_c
    dc = c_grad + h_grad * o * (1 - tanh_c ** 2) + (do * wco if peephole else 0)
    di, dj, df = dc * j * i * (1 - i), dc * i * (1 - j ** 2), dc * c_prev * f * (1 - f)
    diagonals = [(di * c_prev).sum(0), (df * c_prev).sum(0), (do * c).sum(0)]
    before = dc * f + (di * wci + df * wcf if peephole else 0)
    return (before, np.hstack([di, dj, df, do]), *(d if peephole else 0 * d for d in diagonals))


def gru(x, h, w_ru, w_c, b_ru, b_c):
    r, u = np.split(sigmoid(np.hstack([x, h]) @ w_ru + b_ru), 2, 1)
    c = np.tanh(np.hstack([x, h * r]) @ w_c + b_c)
    return r, u, c, u * h + (1 - u) * c


def gru_grad(x, h, w_ru, w_c, b_ru, b_c, r, u, c, dh):
    dc = dh * (1 - u) * (1 - c * c)
    dx, dhr = np.split(dc @ w_c.T, [x.shape[1]], 1)
    dru = np.hstack([dhr * h * r * (1 - r), dh * (h - c) * u * (1 - u)])
    more, dh_more = np.split(dru @ w_ru.T, [x.shape[1]], 1)
    return dx + more, dh_more + dhr * r + dh * u, dc, dru


def steps(count, x, c, h, *weights, peephole, clip=0):
    found = np.zeros((7, len(x), *c.shape), x.dtype)
    for t in range(count):
        found[:, t] = lstm(x[t], c, h, *weights, peephole, clip)
        c, h = found[1, t], found[6, t]
    return tuple(found)


LSTM = [normal(2, 3), normal(2, 4), normal(2, 4), normal(7, 16), normal(4), normal(4), normal(4), normal(16)]
GRU = [normal(2, 3), normal(2, 4), normal(7, 8), normal(7, 4), normal(8), normal(4)]


def lstm_row(peephole, clip, **options):
    return Sample("LSTMBlockCell", LSTM, lambda *inputs: lstm(*inputs, peephole, clip), dtypes="float32 float16",
                  attrs={"forget_bias": .5, "cell_clip": clip or -1, "use_peephole": peephole}, tol=1e-4, **options)


STEPS = [normal(3, 2, 3), *LSTM[1:]]


def steps_row(count, peephole, clip=0, **options):
    return Sample("BlockLSTM", [fixed(np.int64(count)).keep, *STEPS],
                  lambda *inputs: steps(*inputs, peephole=peephole, clip=clip), dtypes="float32 float16",
                  attrs={"forget_bias": .5, "cell_clip": clip or -1, "use_peephole": peephole}, tol=1e-4, **options)


test_samples = sample_tests([
    steps_row(3, False, grad=(1, 2, 3, 4, 8), grad_outputs=(1, 6), id="plain"),
    steps_row(2, True, grad=(1, 2, 3, 4, 5, 6, 7, 8), grad_outputs=(1, 6), id="peephole"),
    steps_row(3, True, .4, id="clipped"),
    steps_row(0, False, id="no steps"),
    Sample("BlockLSTMGrad", [fixed(np.int64(3)).keep, *STEPS, *(normal(3, 2, 4) for _ in range(9))], None,
           attrs={"use_peephole": True}, dtypes="float32 float16"),
    lstm_row(False, 0, grad=(0, 1, 2, 3, 7), grad_outputs=(1, 6), id="plain"),
    lstm_row(True, 0, grad=(0, 1, 2, 3, 4, 5, 6, 7), grad_outputs=(1, 6), id="peephole"),
    lstm_row(True, .4, id="clipped"),
    *(Sample("LSTMBlockCellGrad", LSTM + [normal(2, 4) for _ in range(8)],
             lambda *inputs, peephole=peephole: lstm_grad(*inputs, peephole), attrs={"use_peephole": peephole},
             dtypes="float32", tol=1e-4, id=str(peephole)) for peephole in (False, True)),
    Sample("GRUBlockCell", GRU, gru, dtypes="float32", grad=(0, 1, 2, 3, 4, 5), grad_outputs=(3,), tol=1e-4),
    Sample("GRUBlockCellGrad", GRU + [normal(2, 4) for _ in range(4)], gru_grad, dtypes="float32", tol=1e-4),
])
