"""Convolutional, independent, coupled, phased and grouped cells of `tf.contrib.rnn`: one step against NumPy."""

import numpy as np
import pytest

import graphflow as tf
from tests.contrib.test_rnn import C, H, X, close, graph, normed, rnn, sigmoid, step  # noqa: F401 - graph is a fixture
from tests.nn.programs import initial


def test_ind_rnn():
    h, state, w = step(rnn.IndRNNCell(3), H)
    scope = "ind_rnn_cell/"
    close(h, np.tanh(X @ w[scope + "kernel_w"] + H * w[scope + "kernel_u"] + w[scope + "bias"]))
    np.testing.assert_array_equal(h, state)


def test_indy_gru():
    h, _, w = step(rnn.IndyGRUCell(3), H)
    gates, candidate = "indy_gru_cell/gates/", "indy_gru_cell/candidate/"
    product = X @ w[gates + "kernel_w"] + np.tile(H, 2) * w[gates + "kernel_u"] + w[gates + "bias"]
    r, u = np.split(sigmoid(product), 2, 1)
    c = np.tanh(X @ w[candidate + "kernel"] + r * H * w[candidate + "kernel_u"] + w[candidate + "bias"])
    close(h, u * H + (1 - u) * c)


def test_indy_lstm():
    h, state, w = step(rnn.IndyLSTMCell(3, forget_bias=0.5), rnn.LSTMStateTuple(C, H))
    scope = "indy_lstm_cell/"
    i, j, f, o = np.split(X @ w[scope + "kernel_w"] + np.tile(H, 4) * w[scope + "kernel_u"] + w[scope + "bias"], 4, 1)
    c = C * sigmoid(f + .5) + sigmoid(i) * np.tanh(j)
    close(state.c, c)
    close(h, np.tanh(c) * sigmoid(o))


def test_first_values_of_independent_cells():
    cell = rnn.IndyGRUCell(3)
    cell(tf.constant(X), tf.constant(H))
    with tf.Session() as sess:
        sess.run(tf.global_variables_initializer())
        values = {v.op.name.split("/", 1)[1]: sess.run(v) for v in cell.weights}
    assert (values["gates/bias"] == 1).all() and not values["candidate/bias"].any()
    assert values["gates/kernel_u"].shape == (1, 6) and abs(values["gates/kernel_u"]).max() < 1


def test_sru():
    h, state, w = step(rnn.SRUCell(3), C)
    candidate, f, r, passed = np.split(X @ w["sru_cell/kernel"], 4, 1)
    f, r = sigmoid(f + w["sru_cell/bias"][:3]), sigmoid(r + w["sru_cell/bias"][3:])
    c = f * C + (1 - f) * candidate
    close(state, c)
    close(h, r * np.tanh(c) + (1 - r) * passed)


@pytest.mark.parametrize("projected", [False, True])
def test_intersection(projected):
    x = X[:, :2] if projected else X
    y, state, w = step(rnn.IntersectionRNNCell(3, num_in_proj=3 if projected else None), H, x)
    scope = "intersection_rnn_cell/"
    if projected:
        x = x @ w[scope + "in_projection/kernel"] + w[scope + "in_projection/bias"]
    gh, h, gy, out = np.split(np.hstack([x, H]) @ w[scope + "kernel"] + w[scope + "bias"], 4, 1)
    gh, gy = sigmoid(gh + 1), sigmoid(gy + 1)
    close(state, gh * H + (1 - gh) * np.tanh(h))
    close(y, gy * x + (1 - gy) * np.maximum(out, 0))
    with pytest.raises(ValueError, match="input size == output size"):
        rnn.IntersectionRNNCell(4)(tf.constant(X), tf.zeros([2, 4]))


def coupled(w, options):
    scope = "coupled_input_forget_gate_lstm_cell/"
    peep, norm = options.get("use_peepholes"), options.get("layer_norm")
    kernel = np.vstack([w[key] for key in sorted(w) if key.startswith(scope + "W_") and key[-1].isdigit()
                        and "W_P" not in key])
    product = np.hstack([X, H]) @ kernel + (0 if norm else w[scope + "B"])
    j, f, o = (normed(gate, w, scope + part + "/") if norm else gate for gate, part in zip(
        np.split(product, 3, 1), ("transform", "forget", "output")))
    f = sigmoid(f + 1 + (w[scope + "W_F_diag"] * C if peep else 0))
    c = f * C + (1 - f) * np.tanh(j)
    c = normed(c, w, scope + "state/") if norm else c
    m = sigmoid(o + (w[scope + "W_O_diag"] * c if peep else 0)) * np.tanh(c)
    return c, (np.clip(m @ w[scope + "W_P_0"], -.1, .1) if options.get("num_proj") else m)


@pytest.mark.parametrize("options", [
    {}, {"use_peepholes": True}, {"layer_norm": True}, {"num_unit_shards": 4}, {"num_proj": 3, "proj_clip": .1}])
def test_coupled(options):
    m, state, w = step(rnn.CoupledInputForgetGateLSTMCell(3, **options), rnn.LSTMStateTuple(C, H))
    c, expected = coupled(w, options)
    close(state.c, c)
    close(m, expected)
    assert len([name for name in w if "/W_" in name]) == {"num_unit_shards": 4, "num_proj": 2, "use_peepholes": 3}.get(
        next(iter(options), ""), 1)


def test_coupled_with_one_tensor_as_its_state():
    cell = rnn.CoupledInputForgetGateLSTMCell(3, state_is_tuple=False)
    assert cell.state_size == 6
    _, state, w = step(cell, np.hstack([C, H]))
    close(state, np.hstack(coupled(w, {})))
    with pytest.raises(ValueError, match="Too many shards"):
        rnn.CoupledInputForgetGateLSTMCell(3, num_unit_shards=7)(tf.constant(X), (tf.constant(C), tf.constant(H)))


@pytest.mark.parametrize("peepholes", [False, True])
@pytest.mark.parametrize("dtype", [tf.float32, tf.float64])
def test_phased(peepholes, dtype):
    cell = rnn.PhasedLSTMCell(3, use_peepholes=peepholes, leak=0.01)
    times = np.array([[1.0], [7.5]])
    h, state = cell((tf.constant(times, dtype), tf.constant(X)), rnn.LSTMStateTuple(tf.constant(C), tf.constant(H)))
    slope, = tf.gradients(h, [v for v in tf.trainable_variables() if v.op.name.endswith("period")])
    w = {v.op.name.split("/", 1)[1]: initial(v.op.name, v.shape.as_list()) for v in tf.global_variables()}
    w.update(period=np.array([2, 5, 9], "f"), phase=np.array([.5, 0, 1], "f"), ratio_on=np.array([.2, .5, .9], "f"))
    with tf.Session() as sess:
        for variable in tf.global_variables():
            variable.load(w[variable.op.name.split("/", 1)[1]], sess)
        h, state, slope = sess.run([h, state, slope])

    def linear(scope, *args):
        return np.hstack(args) @ w[scope + "/kernel"] + w[scope + "/bias"]

    i, f = np.split(sigmoid(linear("mask_gates", X, H, *([C] if peepholes else []))), 2, 1)
    c = C * f + i * np.tanh(linear("new_input", X, H))
    o = sigmoid(linear("output_gate", X, H, *([c] if peepholes else [])))
    cycle = np.mod(times - w["phase"], w["period"]) / w["period"]
    up, closed = 2 * cycle / w["ratio_on"], .01 * cycle
    k = np.where(cycle < w["ratio_on"] / 2, up, np.where(cycle < w["ratio_on"], 2 - up, closed))
    close(state.c, k * c + (1 - k) * C)
    close(h, k * np.tanh(c) * o + (1 - k) * H)
    assert np.isfinite(slope).all() and slope.any()


def test_first_periods():
    cell = rnn.PhasedLSTMCell(50, period_init_min=2.0, period_init_max=8.0, trainable_ratio_on=False)
    cell((tf.zeros([2, 1]), tf.constant(X)), cell.zero_state(2, tf.float32))
    values = {v.op.name.split("/")[-1]: v for v in tf.global_variables()}
    assert values["ratio_on"] not in tf.trainable_variables()
    with tf.Session() as sess:
        sess.run(tf.global_variables_initializer())
        period, ratio = sess.run([values["period"], values["ratio_on"]])
    assert period.min() >= 2 and period.max() <= 8 and np.ptp(period) > 1
    np.testing.assert_array_equal(ratio, np.full(50, .1, "f"))


@pytest.mark.parametrize("project", [None, 2])
def test_groups(project):
    x, c = np.tile(X, 2)[:, :4], np.tile(C, 2)[:, :4]
    m = H[:, :2] if project else np.tile(H, 2)[:, :4]
    out, state, w = step(rnn.GLSTMCell(4, num_proj=project, number_of_groups=2), rnn.LSTMStateTuple(c, m), x)
    half = m.shape[1] // 2
    parts = [np.split(np.hstack([x[:, 2 * k:2 * k + 2], m[:, half * k:half * (k + 1)]])
                      @ w[f"glstm_cell/group{k}/kernel"], 4, 1) for k in range(2)]
    i, j, f, o = (np.hstack(gate) + w["glstm_cell/bias_" + name] for name, gate in zip("ijfo", zip(*parts)))
    new_c = sigmoid(f + 1) * c + sigmoid(i) * np.tanh(j)
    new_m = sigmoid(o) * np.tanh(new_c)
    close(state.c, new_c)
    close(out, new_m @ w["glstm_cell/projection/kernel"] if project else new_m)


def test_groups_must_fit():
    with pytest.raises(ValueError, match="num_units must be divisible"):
        rnn.GLSTMCell(3, number_of_groups=2)
    with pytest.raises(ValueError, match="num_proj must be divisible"):
        rnn.GLSTMCell(4, num_proj=3, number_of_groups=2)
    with pytest.raises(ValueError, match=r"input size \(3\) must be divisible"):
        rnn.GLSTMCell(4, number_of_groups=2)(tf.constant(X), (tf.zeros([2, 4]), tf.zeros([2, 4])))


def convolved(value, kernel):
    """A convolution of any number of dimensions, zeros around: the plainest form."""
    sizes, spread = value.shape[1:-1], [(k // 2, k // 2) for k in kernel.shape[:-2]]
    padded = np.pad(value, [(0, 0), *spread, (0, 0)])
    out = np.zeros((*value.shape[:-1], kernel.shape[-1]))
    for at in np.ndindex(*kernel.shape[:-2]):
        window = (slice(None), *(slice(a, a + size) for a, size in zip(at, sizes)))
        out += padded[window] @ kernel[at]
    return out


@pytest.mark.parametrize("ndims", [1, 2, 3])
@pytest.mark.parametrize("options", [{}, {"use_bias": False, "skip_connection": True}])
def test_convolutions(ndims, options):
    make = (rnn.Conv1DLSTMCell, rnn.Conv2DLSTMCell, rnn.Conv3DLSTMCell)[ndims - 1]
    sizes = [4, 3, 5][:ndims]
    cell = make(input_shape=[*sizes, 2], output_channels=3, kernel_shape=[3] * ndims, forget_bias=.5, **options)
    rng = np.random.RandomState(0)
    x, c, h = (rng.normal(size=(2, *sizes, channels)).astype("f") for channels in (2, 3, 3))
    out, state, w = step(cell, rnn.LSTMStateTuple(c, h), x)
    scope = f"conv_{ndims}d_lstm_cell/"
    gates = convolved(np.concatenate([x, h], -1), w[scope + "kernel"]) + w.get(scope + "biases", 0)
    i, j, f, o = np.split(gates, 4, -1)
    new_c = sigmoid(f + .5) * c + sigmoid(i) * np.tanh(j)
    new_h = np.tanh(new_c) * sigmoid(o)
    close(state.c, new_c)
    close(state.h, new_h)
    close(out, np.concatenate([new_h, x], -1) if options else new_h)
    assert list(cell.output_size) == list(out.shape[1:])


def test_convolutions_over_time():
    cell = rnn.ConvLSTMCell(2, (4, 4, 1), 2, (3, 3), skip_connection=True)
    outputs, state = tf.nn.dynamic_rnn(cell, tf.ones([2, 3, 4, 4, 1]), dtype=tf.float32)
    assert outputs.shape.as_list() == [2, 3, 4, 4, 3] and state.h.shape.as_list() == [2, 4, 4, 2]
    with pytest.raises(ValueError, match="Invalid input_shape"):
        rnn.Conv2DLSTMCell(input_shape=[8, 1], output_channels=2, kernel_shape=[3])
