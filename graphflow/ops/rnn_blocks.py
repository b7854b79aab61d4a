"""Steps of recurrent cells, and all steps of an LSTM, as single ops, for the block cells of `tf.contrib.rnn`.

Holds no state.
"""

from graphflow.framework import public as tf
from graphflow.framework import raw_ops, shapes
from graphflow.framework.op_def import RegisterGradient, register_op
from graphflow.framework.undefined_gradient import undefined_gradient


def _matrices(c, count):
    """`count` outputs shaped like the state, input 1."""
    x, state = shapes.with_rank(c.shape(0), 2), shapes.with_rank(c.shape(1), 2)
    return [(shapes.merge_dim(x[0], state[0]), state[1])] * count


# ---------------------------------------------------------------- LSTM

_LSTM = "x: T, cs_prev: T, h_prev: T, w: T, wci: T, wcf: T, wco: T, b: T"


def _lstm_grad_shape(c):
    (batch, units), = _matrices(c, 1)
    return [(batch, units), (batch, None if units is None else 4 * units), *[(units,)] * 3]


register_op("LSTMBlockCell", inputs=_LSTM, outputs="i: T, cs: T, f: T, o: T, ci: T, co: T, h: T",
            attrs="forget_bias: float = 1.0; cell_clip: float = 3.0; use_peephole: bool = false; T: {half, float}",
            shape=lambda c: _matrices(c, 7))
register_op("LSTMBlockCellGrad", inputs=_LSTM + ", i: T, cs: T, f: T, o: T, ci: T, co: T, cs_grad: T, h_grad: T",
            outputs="cs_prev_grad: T, dicfo: T, wci_grad: T, wcf_grad: T, wco_grad: T",
            attrs="use_peephole: bool; T: {half, float}", shape=_lstm_grad_shape)
undefined_gradient("LSTMBlockCellGrad")


def _split_columns(value, first, second):
    """`value` [batch, columns] as two tensors like `first` and `second`."""
    columns = first.shape.as_list()[1]
    if columns is None:
        raise ValueError("input_size from `x` should not be None.")
    left = tf.slice(value, (0, 0), (-1, columns))
    right = tf.slice(value, (0, columns), (-1, -1))
    left.set_shape(first.shape)
    right.set_shape(second.shape)
    return left, right


@RegisterGradient("LSTMBlockCell")
def _lstm_block_cell_grad(op, *grads):
    x, cs_prev, h_prev, w, wci, wcf, wco, b = op.inputs
    i, cs, f, o, ci, co, _ = op.outputs
    cs_prev_grad, gates_grad, *diagonal_grads = raw_ops.LSTMBlockCellGrad(
        x, cs_prev, h_prev, w, wci, wcf, wco, b, i, cs, f, o, ci, co, grads[1], grads[6],
        use_peephole=op.attrs["use_peephole"])
    x_grad, h_prev_grad = _split_columns(tf.matmul(gates_grad, w, transpose_b=True), x, h_prev)
    w_grad = tf.matmul(tf.concat([x, h_prev], 1), gates_grad, transpose_a=True)
    return [x_grad, cs_prev_grad, h_prev_grad, w_grad, *diagonal_grads, raw_ops.BiasAddGrad(gates_grad)]


def _steps_shape(c):
    x, bias = shapes.with_rank(c.shape(1), 3), shapes.with_rank(c.shape(8), 1)
    if bias[0] is not None and bias[0] % 4:
        raise ValueError(f"Dimension size must be evenly divisible by 4 but is {bias[0]}")
    return [(*x[:2], None if bias[0] is None else bias[0] // 4)] * 7


def _steps_grad_shape(c):
    ranks = (3, 2, 2, 2, 1, 1, 1, 1)
    return [shapes.with_rank(c.shape(i), rank) for i, rank in enumerate(ranks, start=1)]


register_op("BlockLSTM", inputs="seq_len_max: int64, " + _LSTM,
            outputs="i: T, cs: T, f: T, o: T, ci: T, co: T, h: T",
            attrs="forget_bias: float = 1.0; cell_clip: float = 3.0; use_peephole: bool = false; T: {half, float}",
            shape=_steps_shape)
register_op("BlockLSTMGrad",
            inputs=f"seq_len_max: int64, {_LSTM}, i: T, cs: T, f: T, o: T, ci: T, co: T, h: T, cs_grad: T, h_grad: T",
            outputs="x_grad: T, cs_prev_grad: T, h_prev_grad: T, w_grad: T, wci_grad: T, wcf_grad: T, wco_grad: T, "
                    "b_grad: T",
            attrs="use_peephole: bool; T: {half, float}", shape=_steps_grad_shape)
undefined_gradient("BlockLSTMGrad")


@RegisterGradient("BlockLSTM")
def _block_lstm_grad(op, *grads):
    return [None, *raw_ops.BlockLSTMGrad(*op.inputs, *op.outputs, grads[1], grads[6],
                                         use_peephole=op.attrs["use_peephole"])]


# ---------------------------------------------------------------- GRU

_GRU = "x: T, h_prev: T, w_ru: T, w_c: T, b_ru: T, b_c: T"


def _gru_grad_shape(c):
    (batch, units), = _matrices(c, 1)
    return [c.shape(0), (batch, units), (batch, units), (batch, None if units is None else 2 * units)]


register_op("GRUBlockCell", inputs=_GRU, outputs="r: T, u: T, c: T, h: T", attrs="T: {float}",
            shape=lambda c: _matrices(c, 4))
register_op("GRUBlockCellGrad", inputs=_GRU + ", r: T, u: T, c: T, d_h: T",
            outputs="d_x: T, d_h_prev: T, d_c_bar: T, d_r_bar_u_bar: T", attrs="T: {float}", shape=_gru_grad_shape)
undefined_gradient("GRUBlockCellGrad")


@RegisterGradient("GRUBlockCell")
def _gru_block_cell_grad(op, *grads):
    x, h_prev = op.inputs[:2]
    r, u, c, _ = op.outputs
    x_grad, h_prev_grad, candidate_grad, gates_grad = raw_ops.GRUBlockCellGrad(*op.inputs, r, u, c, grads[3])
    w_ru_grad = tf.matmul(tf.concat([x, h_prev], 1), gates_grad, transpose_a=True)
    w_c_grad = tf.matmul(tf.concat([x, h_prev * r], 1), candidate_grad, transpose_a=True)
    return [x_grad, h_prev_grad, w_ru_grad, w_c_grad, raw_ops.BiasAddGrad(gates_grad),
            raw_ops.BiasAddGrad(candidate_grad)]
