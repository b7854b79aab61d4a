"""`tf.contrib.rnn`: one step of each cell against NumPy, names of variables, refusals."""

import numpy as np
import pytest

import graphflow as tf
from tests.nn.programs import initial

rnn = tf.contrib.rnn
X = np.random.RandomState(1).normal(0, 1, (2, 3)).astype(np.float32)
H = np.random.RandomState(2).normal(0, 1, (2, 3)).astype(np.float32)
C = np.random.RandomState(3).normal(0, 1, (2, 3)).astype(np.float32)


@pytest.fixture(autouse=True)
def graph():
    with tf.Graph().as_default() as graph:
        yield graph


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def step(cell, state, inputs=X):
    """(output, new state, {name of variable: value}) of one step."""
    tensors = cell(tf.constant(inputs), tf.nest.map_structure(tf.constant, state))
    values = {v.op.name: initial(v.op.name, v.shape.as_list()) for v in tf.global_variables()}
    with tf.Session() as session:
        for variable in tf.global_variables():
            variable.load(values[variable.op.name], session)
        return (*session.run(tensors), values)


def gru(x, h, w, scope="gru_cell/"):
    r, u = np.split(sigmoid(np.hstack([x, h]) @ w[scope + "gates/kernel"] + w[scope + "gates/bias"]), 2, 1)
    c = np.tanh(np.hstack([x, r * h]) @ w[scope + "candidate/kernel"] + w[scope + "candidate/bias"])
    return u * h + (1 - u) * c


def close(found, expected):
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5)


def normed(x, w, scope):
    x = (x - x.mean(1, keepdims=True)) / np.sqrt(x.var(1, keepdims=True) + 1e-12)
    return x * w[scope + "gamma"] + w[scope + "beta"]


def test_layer_norm_lstm():
    h, state, w = step(rnn.LayerNormBasicLSTMCell(3), rnn.LSTMStateTuple(C, H))
    scope = "layer_norm_basic_lstm_cell/"
    i, j, f, o = (normed(gate, w, scope + name + "/") for gate, name in zip(
        np.split(np.hstack([X, H]) @ w[scope + "kernel"], 4, 1), ("input", "transform", "forget", "output")))
    c = normed(C * sigmoid(f + 1) + sigmoid(i) * np.tanh(j), w, scope + "state/")
    close(state.c, c)
    close(h, np.tanh(c) * sigmoid(o))


def test_ugrnn_and_highway():
    output, _, w = step(rnn.HighwayWrapper(rnn.UGRNNCell(3)), H)
    g, c = np.split(np.hstack([X, H]) @ w["ugrnn_cell/kernel"] + w["ugrnn_cell/bias"], 2, 1)
    g = sigmoid(g + 1)
    inner = g * H + (1 - g) * np.tanh(c)
    carry = sigmoid(X @ w["carry_w"] + w["carry_b"])
    close(output, X * carry + inner * (1 - carry))


def test_nas():
    output, state, w = step(rnn.NASCell(3, use_bias=True), rnn.LSTMStateTuple(C, H))
    b = np.split(H @ w["nas_cell/recurrent_kernel"] + w["nas_cell/bias"], 8, 1)
    a = np.split(X @ w["nas_cell/kernel"], 8, 1)
    relu = lambda x: np.maximum(x, 0)  # noqa: E731
    first = [sigmoid(a[0] + b[0]), relu(a[1] + b[1]), sigmoid(a[2] + b[2]), relu(a[3] * b[3]), np.tanh(a[4] + b[4]),
             sigmoid(a[5] + b[5]), np.tanh(a[6] + b[6]), sigmoid(a[7] + b[7])]
    c = np.tanh(np.tanh(first[0] * first[1]) + C) * np.tanh(first[2] + first[3])
    close(state.c, c)
    close(output, np.tanh(c * np.tanh(np.tanh(first[4] * first[5]) + sigmoid(first[6] + first[7]))))


def test_projections_and_embedding():
    cell = rnn.OutputProjectionWrapper(rnn.InputProjectionWrapper(rnn.GRUCell(3), 4), 5, activation=tf.tanh)
    assert (cell.state_size, cell.output_size) == (3, 5)
    output, state, w = step(cell, H)
    outer, inner = "output_projection_wrapper/", "output_projection_wrapper/input_projection_wrapper/"
    h = gru(X @ w[inner + "kernel"] + w[inner + "bias"], H, w, inner + "gru_cell/")
    close(state, h)
    close(output, np.tanh(h @ w[outer + "kernel"] + w[outer + "bias"]))


def test_embedding():
    output, _, w = step(rnn.EmbeddingWrapper(rnn.GRUCell(3), 7, 4), H, np.array([[6], [1]]))
    close(output, gru(w["embedding_wrapper/embedding"][[6, 1]], H, w, "embedding_wrapper/gru_cell/"))


@pytest.mark.parametrize("tuples", [True, False])
def test_attention(tuples):
    cell = rnn.AttentionCellWrapper(rnn.GRUCell(3), 2, state_is_tuple=tuples)
    attention, kept = H * .5, np.hstack([C, H])
    state = (H, attention, kept)
    output, new_state, w = step(cell, state if tuples else np.hstack(state))
    scope = "attention_cell_wrapper/"
    x = np.hstack([X, attention]) @ w[scope + "kernel"] + w[scope + "bias"]
    h = gru(x, H, w, scope + "gru_cell/")
    hidden = kept.reshape(2, 2, 3)
    query = h @ w[scope + "attention/kernel"] + w[scope + "attention/bias"]
    scores = (w[scope + "attention/attn_v"] * np.tanh(hidden @ w[scope + "attention/attn_w"][0, 0] + query[:, None])
              ).sum(2)
    weights = np.exp(scores) / np.exp(scores).sum(1, keepdims=True)
    attended = (weights[:, :, None] * hidden).sum(1)
    expected = (np.hstack([h, attended]) @ w[scope + "attn_output_projection/kernel"]
                + w[scope + "attn_output_projection/bias"])
    close(output, expected)
    new_state = np.hstack(new_state) if tuples else new_state
    close(new_state, np.hstack([h, attended, H, expected]))


def test_stacked_directions():
    cells = [[rnn.GRUCell(3), rnn.GRUCell(3)], [rnn.GRUCell(2), rnn.GRUCell(3)]]
    outputs, fw, bw = rnn.stack_bidirectional_rnn(*cells, [tf.constant(X)] * 2, dtype=tf.float32)
    assert outputs[0].shape.as_list() == [2, 6] and len(fw) == len(bw) == 2
    assert tf.global_variables()[-1].op.name == "stack_bidirectional_rnn/cell_1/bw/gru_cell/candidate/bias"
    for arguments, message in ((([], [1]), "at least one fw cell"), (((1,), [1]), "cells_fw must be a list"),
                               (([1], [1, 2]), "same depth"), (([1], [1], [], [1, 2]), "initial_states_bw must be")):
        with pytest.raises(ValueError, match=message):
            rnn.stack_bidirectional_rnn(*arguments[:2], X, None, *arguments[3:])


def test_refusals():
    with pytest.raises(ValueError, match="attn_length should be greater than zero"):
        rnn.AttentionCellWrapper(rnn.GRUCell(3), 0)
    with pytest.raises(ValueError, match="output_size must be > 0"):
        rnn.OutputProjectionWrapper(rnn.GRUCell(3), 0)
    with pytest.raises(ValueError, match="embedding_size must be > 0: 0, 3"):
        rnn.EmbeddingWrapper(rnn.GRUCell(3), 0, 3)
    with pytest.raises(ValueError, match="linear is expecting 2D arguments"):
        step(rnn.InputProjectionWrapper(rnn.GRUCell(3), 4), H, X[None])


@pytest.mark.parametrize("peephole", [False, True])
def test_lstm_block_cell_is_the_lstm_cell(peephole):
    block = step(rnn.LSTMBlockCell(3, forget_bias=.5, cell_clip=.8, use_peephole=peephole), rnn.LSTMStateTuple(C, H))
    with tf.Graph().as_default():
        plain = step(rnn.LSTMCell(3, forget_bias=.5, cell_clip=.8, use_peepholes=peephole), rnn.LSTMStateTuple(C, H))
    assert set(block[2]) == set(plain[2])
    close(block[0], plain[0])
    close(block[1], plain[1])


def test_gru_block_cells():
    output, _, w = step(rnn.GRUBlockCellV2(3), H)
    close(output, gru(X, H, w))
    with tf.Graph().as_default():
        assert sorted(step(rnn.GRUBlockCell(cell_size=3), H)[2]) == [
            f"gru_cell/{name}" for name in ("b_c", "b_ru", "w_c", "w_ru")]
    with pytest.raises(ValueError, match="Exactly one of num_units or cell_size"):
        rnn.GRUBlockCell()


def test_names_that_programs_import_from_inside():
    from graphflow.as_tensorflow import module_for

    for module in ("python.ops.rnn_cell", "python.ops.rnn_cell_impl", "contrib.rnn.python.ops.core_rnn_cell"):
        inner = module_for(module)
        assert inner._like_rnncell(rnn.GRUCell(3)) and not inner._like_rnncell(abs)
        assert inner._concat(tf.TensorShape([2]), 3, static=True) == [2, 3]
        assert run_one(inner._concat(tf.constant(2), 3)).tolist() == [2, 3]
    cell = module_for("python.ops.rnn_cell")
    with tf.variable_scope("old"):
        y = cell._linear([tf.constant(X), tf.constant(H)], 4, True, bias_start=1.5, scope="Gates")
    assert [v.op.name for v in tf.global_variables()] == ["old/Gates/kernel", "old/Gates/bias"]
    kernel, bias, value = run_one([*tf.global_variables(), y])
    close(bias, np.full(4, 1.5))
    close(value, np.hstack([X, H]) @ kernel + bias)
    assert module_for("python.ops.rnn")._transpose_batch_time(tf.ones([2, 5, 3])).shape.as_list() == [5, 2, 3]


def run_one(fetches):
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        return session.run(fetches)
