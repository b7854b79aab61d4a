"""Cells of tf.contrib.rnn that run over frequencies: one step against NumPy and TensorFlow, names of variables."""

import numpy as np
import pytest

import graphflow as tf
from tests.contrib.test_rnn import C, H, X, close, graph, rnn, sigmoid, step  # noqa: F401 - graph is a fixture

INPUTS = np.random.RandomState(4).normal(size=(3, 7)).astype("f")


def states(count, units=2):
    return list(np.random.RandomState(5).normal(size=(count, 3, units)).astype("f"))


def matrix(w, name):
    """A matrix that is kept in parts."""
    return np.vstack([w[f"{name}_{k}"] for k in range(len(w)) if f"{name}_{k}" in w])


@pytest.mark.parametrize("options", [{}, {"use_peepholes": True, "cell_clip": 0.3}, {"num_unit_shards": 2}])
def test_time_frequency(options):
    cell = rnn.TimeFreqLSTMCell(2, feature_size=3, frequency_skip=2, forget_bias=0.5, **options)
    before = states(6)
    m, new_state, w = step(cell, np.hstack(before), INPUTS)
    w = {name.removeprefix("time_freq_lstm_cell/"): value for name, value in w.items()}
    peep = [w.get(f"W_{gate}_diag", 0) for gate in "FIO"]
    m_freq, expected = np.zeros((3, 2), "f"), []
    for k, (c, m_time) in enumerate(zip(before[::2], before[1::2])):
        product = np.hstack([INPUTS[:, 2 * k:2 * k + 3], m_time, m_freq]) @ matrix(w, "W") + w["B"]
        i, j, f, o = np.split(product, 4, 1)
        c = sigmoid(f + .5 + peep[0] * c) * c + sigmoid(i + peep[1] * c) * np.tanh(j)
        c = np.clip(c, -.3, .3) if "cell_clip" in options else c
        m_freq = sigmoid(o + peep[2] * c) * np.tanh(c)
        expected += [c, m_freq]
    close(new_state, np.hstack(expected))
    close(m, np.hstack(expected[1::2]))
    assert (cell.state_size, cell.output_size) == (4, 2)
    more = {"use_peepholes": {"W_F_diag", "W_I_diag", "W_O_diag"}, "num_unit_shards": {"W_1"}}
    assert set(w) == {"W_0", "B"} | more.get(next(iter(options), None), set())


def grid_block(w, block, windows, before, options):
    """(m of time and frequency, window by window; new c and m of time) of a block."""
    coupled, shared = (options.get(name) for name in ("couple_input_forget_gates", "share_time_frequency_weights"))
    clip = options.get("cell_clip", np.inf)

    def gates(half, args):
        product = args @ matrix(w, f"W_{half}_{block}") + w[f"B_{half}_{block}"]
        parts = np.split(product, 3 if coupled else 4, 1)
        return dict(zip("ijo" if coupled else "ijfo", parts))

    def peeped(gate, half, cells):
        return sum(w.get(f"W_{gate}_diag_{half}{of}_{block}", 0) * c for of, c in zip("ft", cells))

    m_freq, c_freq, out, new = np.zeros((3, 2), "f"), np.zeros((3, 2), "f"), [], []
    for x, c_time, m_time in zip(windows, before[::2], before[1::2]):
        args, old, cells, output = np.hstack([x, m_time, m_freq]), (c_freq, c_time), [], []
        halves = [("f", "freq")] * 2 if shared else [("f", "freq"), ("t", "time")]
        for own, (half, name) in zip(old, halves):
            gate = gates(half, args)
            enter = sigmoid(gate["i"] + peeped("I", name, old))
            stay = 1 - enter if coupled else sigmoid(gate["f"] + 1 + peeped("F", name, old))
            cells.append(np.clip(stay * own + enter * np.tanh(gate["j"]), -clip, clip))
            output.append((gate["o"], name))
        m_freq, m_time = (sigmoid(o + peeped("O", name, cells)) * np.tanh(c) for (o, name), c in zip(output, cells))
        c_freq, c_time = cells
        out += [m_time, m_freq]
        new += [c_time, m_time]
    return out, new


@pytest.mark.parametrize("options", [
    {}, {"use_peepholes": True, "cell_clip": 0.3}, {"couple_input_forget_gates": True, "use_peepholes": True},
    {"share_time_frequency_weights": True, "use_peepholes": True}, {"num_unit_shards": 3}])
def test_grid(options):
    cell = rnn.GridLSTMCell(2, feature_size=2, frequency_skip=1, num_frequency_blocks=[3, 2],
                            start_freqindex_list=[0, 3], end_freqindex_list=[4, 6], **options)
    before = cell.state_tuple_type(*states(10))
    m, new_state, w = step(cell, before, INPUTS)
    w = {name.removeprefix("grid_lstm_cell/"): value for name, value in w.items()}
    out, new = [], []
    for block, (start, count, own) in enumerate([(0, 3, before[:6]), (3, 2, before[6:])]):
        windows = [INPUTS[:, start + k:start + k + 2] for k in range(count)]
        for so_far, more in zip((out, new), grid_block(w, block, windows, own, options)):
            so_far += more
    close(m, np.hstack(out))
    close(np.hstack(new_state), np.hstack(new))
    assert cell.output_size == m.shape[1] and list(cell.state_size) == [2] * 10
    assert new_state._fields[:3] == ("state_f00_b00_c", "state_f00_b00_m", "state_f01_b00_c")
    assert new_state._fields[-1] == "state_f01_b01_m"


def test_names_of_the_grid():
    cell = rnn.GridLSTMCell(2, use_peepholes=True, feature_size=7, frequency_skip=1, num_frequency_blocks=[1])
    cell(tf.constant(INPUTS), cell.zero_state(3, tf.float32))
    assert [v.op.name.removeprefix("grid_lstm_cell/") for v in tf.global_variables()] == [
        "W_f_0_0", "B_f_0", "W_t_0_0", "B_t_0", "W_F_diag_freqf_0", "W_F_diag_freqt_0", "W_I_diag_freqf_0",
        "W_I_diag_freqt_0", "W_O_diag_freqf_0", "W_O_diag_freqt_0", "W_F_diag_timef_0", "W_F_diag_timet_0",
        "W_I_diag_timef_0", "W_I_diag_timet_0", "W_O_diag_timef_0", "W_O_diag_timet_0"]


def test_grid_with_one_tensor_as_its_state():
    options = {"feature_size": 2, "frequency_skip": 1, "num_frequency_blocks": [6]}
    cell = rnn.GridLSTMCell(2, state_is_tuple=False, **options)
    assert cell.state_size == cell.output_size == 24 and cell.state_tuple_type is None
    before = states(12)
    m, new_state, w = step(cell, np.hstack(before), INPUTS)
    w = {name.removeprefix("grid_lstm_cell/"): value for name, value in w.items()}
    out, new = grid_block(w, 0, [INPUTS[:, k:k + 2] for k in range(6)], before, {})
    close(m, np.hstack(out))
    close(new_state, np.hstack(new))


def test_initializer_of_the_weights():
    cell = rnn.GridLSTMCell(2, use_peepholes=True, initializer=tf.constant_initializer(0.25), feature_size=2,
                            frequency_skip=1, num_frequency_blocks=[6])
    cell(tf.constant(INPUTS), cell.zero_state(3, tf.float32))
    with tf.Session() as sess:
        sess.run(tf.global_variables_initializer())
        for v in tf.global_variables():
            assert (sess.run(v) == (0 if "/B_" in v.op.name else 0.25)).all()


@pytest.mark.parametrize("offset", [0, 1, -1])
def test_both_ways(offset):
    options = {"share_time_frequency_weights": True}
    cell = rnn.BidirectionalGridLSTMCell(2, feature_size=2, frequency_skip=1, num_frequency_blocks=[6],
                                         backward_slice_offset=offset, **options)
    before = cell.state_tuple_type(*states(24))
    m, new_state, w = step(cell, before, INPUTS)
    shifted = np.hstack([np.zeros((3, 1)), INPUTS, np.zeros((3, 1))])[:, 1 + offset:8 + offset]
    out, new = [], []
    for way, inputs, own in (("fwd", INPUTS, before[:12]), ("bwd", shifted, before[12:])):
        windows = [inputs[:, k:k + 2] for k in range(6)][::1 if way == "fwd" else -1]
        weights = {name.removeprefix(f"bidirectional_grid_lstm_cell/{way}/"): value for name, value in w.items()}
        for so_far, more in zip((out, new), grid_block(weights, 0, windows, own, options)):
            so_far += more
    close(m, np.hstack(out))
    close(np.hstack(new_state), np.hstack(new))
    assert cell.output_size == 48 and new_state._fields[12] == "bwd_state_f00_b00_c"


def test_what_tensorflow_gives():
    """Weights of one half, a state of tenths: TensorFlow 1.15's first output going up, going down, and after."""
    with tf.variable_scope("root", initializer=tf.constant_initializer(0.5)):
        cell = rnn.BidirectionalGridLSTMCell(2, feature_size=2, share_time_frequency_weights=True, frequency_skip=1,
                                             num_frequency_blocks=[3], backward_slice_offset=1)
        output, state = cell(tf.constant([[1.0, 1.1, 1.2, 1.3]]), cell.state_tuple_type(*[tf.fill([1, 2], 0.1)] * 12))
    with tf.Session() as sess:
        sess.run(tf.global_variables_initializer())
        output, state = sess.run([output, state])
    np.testing.assert_allclose(output[0, ::2], [0.464130, 0.419165, 0.593283, 0.738350, 0.661638, 0.866774, 0.322645,
                                                0.276068, 0.584654, 0.690292, 0.640446, 0.840071], rtol=2e-6)
    np.testing.assert_allclose([part[0, 0] for part in state], [
        0.710660, 0.464130, 0.877293, 0.593283, 0.958505, 0.661638, 0.516575, 0.322645, 0.866628, 0.584654, 0.934002,
        0.640446], rtol=2e-6)


def test_grids_over_time():
    cell = rnn.GridLSTMCell(2, feature_size=2, frequency_skip=1, num_frequency_blocks=[6])
    inputs = tf.placeholder(tf.float32, [None, 4, 7])
    outputs, state = tf.nn.dynamic_rnn(cell, inputs, dtype=tf.float32)
    assert outputs.shape.as_list() == [None, 4, 24] and state.state_f00_b00_c.shape.as_list() == [None, 2]
    slope, = tf.gradients(outputs, inputs)
    with tf.Session() as sess:
        sess.run(tf.global_variables_initializer())
        outputs, state, slope = sess.run([outputs, state, slope], {inputs: INPUTS[:, None] * np.ones([1, 4, 1])})
    np.testing.assert_allclose(outputs[:, -1, :2], state.state_f00_b00_m, rtol=1e-6)
    assert np.isfinite(slope).all() and slope.any()


@pytest.mark.parametrize(("options", "message"), [
    ({"num_frequency_blocks": [5]}, "requires 5 but gets 6"),
    ({"num_frequency_blocks": [5, 1]}, "is not 1, but instead is 2"),
    ({"num_frequency_blocks": [6], "start_freqindex_list": [0], "end_freqindex_list": [3, 4]}, "does not match 1 2"),
    ({"num_frequency_blocks": [3, 3], "start_freqindex_list": [0], "end_freqindex_list": [3]}, "not equal to start"),
    ({"num_frequency_blocks": [1], "start_freqindex_list": [6], "end_freqindex_list": [8]}, "lice")])
def test_grids_must_fit(options, message):
    cell = rnn.GridLSTMCell(2, feature_size=2, frequency_skip=1, **options)
    with pytest.raises(ValueError, match=message):
        cell(tf.constant(INPUTS), cell.zero_state(3, tf.float32))


def test_grids_need_to_know():
    with pytest.raises(ValueError, match="Must specify num_frequency_blocks"):
        rnn.GridLSTMCell(2, feature_size=2, frequency_skip=1)
    with pytest.raises(ValueError, match="Cannot infer input_size"):
        rnn.TimeFreqLSTMCell(2, feature_size=2)(tf.placeholder(tf.float32, [3, None]), tf.zeros([3, 4]))


def test_compiled_cells_are_the_cells():
    cell = rnn.CompiledWrapper(tf.nn.rnn_cell.LSTMCell(3), compile_stateful=True)
    h, state, w = step(cell, rnn.LSTMStateTuple(C, H))
    i, j, f, o = np.split(np.hstack([X, H]) @ w["lstm_cell/kernel"] + w["lstm_cell/bias"], 4, 1)
    c = sigmoid(f + 1) * C + sigmoid(i) * np.tanh(j)
    close(state.c, c)
    close(h, sigmoid(o) * np.tanh(c))
    assert cell.output_size == 3 and cell.zero_state(2, tf.float32).c.shape.as_list() == [2, 3]
