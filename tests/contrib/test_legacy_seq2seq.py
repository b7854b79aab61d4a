"""`tf.contrib.legacy_seq2seq`: losses against NumPy, names of variables, models that learn, refusals."""

import numpy as np
import pytest

import graphflow as tf

seq2seq = tf.contrib.legacy_seq2seq
GRUCell = tf.contrib.rnn.GRUCell


@pytest.fixture(autouse=True)
def graph():
    with tf.Graph().as_default() as graph:
        yield graph


def run(fetches, feed=None):
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        return session.run(fetches, feed)


def symbols(*columns):
    return [tf.constant(column) for column in columns]


def test_losses():
    logits = [np.random.RandomState(i).normal(size=(2, 4)).astype(np.float32) for i in range(3)]
    targets, weights = np.array([[0, 1], [3, 3], [2, 0]]), np.array([[1, 1], [1, 0], [2, 0]], np.float32)
    log = [x - np.log(np.exp(x).sum(1, keepdims=True)) for x in logits]
    expected = -sum(w * x[[0, 1], t] for x, t, w in zip(log, targets, weights, strict=True))
    args = [[tf.constant(a) for a in arrays] for arrays in (logits, targets, weights)]
    by_example, mean, total = run([
        seq2seq.sequence_loss_by_example(*args), seq2seq.sequence_loss(*args),
        seq2seq.sequence_loss(*args, average_across_timesteps=False, average_across_batch=False)])
    np.testing.assert_allclose(by_example, expected / weights.sum(0), rtol=1e-5)
    np.testing.assert_allclose(mean, (expected / weights.sum(0)).mean(), rtol=1e-5)
    np.testing.assert_allclose(total, expected.sum(), rtol=1e-5)
    with pytest.raises(ValueError, match="must be the same 3, 2, 3"):
        seq2seq.sequence_loss_by_example(*args[:2], args[2][:2])


def test_names():
    inputs = symbols([1, 2], [0, 3])
    seq2seq.embedding_attention_seq2seq(inputs, inputs, GRUCell(3), 5, 6, 4)
    scope = "embedding_attention_seq2seq/"
    decoder = scope + "embedding_attention_decoder/"
    assert [v.op.name for v in tf.global_variables() if not v.op.name.endswith("bias")] == [
        scope + "rnn/embedding_wrapper/embedding", scope + "rnn/embedding_wrapper/gru_cell/gates/kernel",
        scope + "rnn/embedding_wrapper/gru_cell/candidate/kernel", decoder + "embedding",
        decoder + "attention_decoder/AttnW_0", decoder + "attention_decoder/AttnV_0",
        decoder + "attention_decoder/kernel",
        decoder + "attention_decoder/output_projection_wrapper/gru_cell/gates/kernel",
        decoder + "attention_decoder/output_projection_wrapper/gru_cell/candidate/kernel",
        decoder + "attention_decoder/output_projection_wrapper/kernel",
        decoder + "attention_decoder/Attention_0/kernel",
        decoder + "attention_decoder/AttnOutputProjection/kernel"]


@pytest.mark.parametrize("tied", [False, True])
def test_fed_back_symbols(tied):
    """With `feed_previous`, decoder inputs but the first do not count; a tensor chooses while running."""
    encoded, first, other = symbols([1, 2]), [3, 3], tf.placeholder(tf.int32, [2])
    feeds_back = tf.placeholder(tf.bool, [])

    def model(feed_previous):
        if tied:
            return seq2seq.embedding_tied_rnn_seq2seq(
                encoded, [tf.constant(first), other], GRUCell(3), 5, 4, feed_previous=feed_previous)
        return seq2seq.embedding_rnn_seq2seq(
            encoded, [tf.constant(first), other], GRUCell(3), 5, 5, 4, feed_previous=feed_previous)

    with tf.variable_scope("net", initializer=tf.random_normal_initializer(stddev=2.0)):
        chosen, state = model(feeds_back)
    with tf.variable_scope("net", reuse=True):
        outputs = {True: model(True)[0], False: model(False)[0]}
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        for fed_back in (True, False):
            found = []
            for value in (0, 1):
                feed = {other: [value, value], feeds_back: fed_back}
                a, b, _ = session.run([chosen, outputs[fed_back], state], feed)
                np.testing.assert_allclose(a, b, rtol=1e-6)
                found.append(a[1])
            assert np.array_equal(*found) == fed_back


def test_basic_and_tied_models():
    x = [tf.ones([2, 3])] * 2
    outputs, state = seq2seq.basic_rnn_seq2seq(x, x, GRUCell(4))
    tied, _ = seq2seq.tied_rnn_seq2seq(x, x, GRUCell(4), loop_function=lambda prev, i: x[0])
    assert [v.op.name.split("/")[1] for v in tf.trainable_variables()[::4]] == [
        "rnn", "rnn_decoder", "tied_rnn_seq2seq"]
    values = run([outputs, state, tied])
    np.testing.assert_array_equal(values[0][-1], values[1])


def test_buckets_share_variables():
    inputs = symbols([1, 2], [0, 3], [1, 1])
    weights = [tf.ones([2])] * 3
    losses = []
    for per_example in (False, True):
        with tf.variable_scope("net", reuse=tf.AUTO_REUSE):
            outputs, found = seq2seq.model_with_buckets(
                inputs, inputs, inputs, weights, [(1, 2), (3, 3)],
                lambda e, d: seq2seq.embedding_rnn_seq2seq(e, d, GRUCell(3), 5, 5, 4), per_example_loss=per_example)
        assert [len(o) for o in outputs] == [2, 3]
        losses.append(found)
    assert len(tf.trainable_variables()) == 12
    scalars, vectors = run(losses)
    np.testing.assert_allclose(scalars, [v.mean() for v in vectors], rtol=1e-5)
    with pytest.raises(ValueError, match=r"Length of targets \(1\) must be at least that of last bucket \(3\)"):
        seq2seq.model_with_buckets(inputs, inputs, inputs[:1], weights, [(3, 3)], None)


@pytest.mark.parametrize("model", ["basic_rnn_seq2seq", "embedding_rnn_seq2seq", "embedding_attention_seq2seq"])
def test_one_cell_in_two_models(model):
    """The encoder of the second model has the first encoder's weights, not those of the decoder, built meanwhile."""
    cell = tf.contrib.rnn.MultiRNNCell([tf.contrib.rnn.DropoutWrapper(GRUCell(3)), GRUCell(3)])
    inputs = [tf.ones([2, 3])] * 2 if model.startswith("basic") else symbols([1, 2], [0, 3])
    sizes = () if model.startswith("basic") else (5, 5, 3)
    outputs = []
    for reuse in (False, True):
        with tf.variable_scope("net", reuse=reuse, initializer=tf.random_normal_initializer(stddev=1.5)):
            outputs.append(getattr(seq2seq, model)(inputs, inputs, cell, *sizes)[0])
    first, second = run(outputs)
    np.testing.assert_allclose(first, second, rtol=1e-5)


def test_one_encoder_for_many():
    inputs = symbols([1, 2], [0, 3])
    outputs, states = seq2seq.one2many_rnn_seq2seq(
        inputs, {"a": inputs, "b": inputs[:1]}, GRUCell(3), {"a": GRUCell(3), "b": GRUCell(3)}, 5, {"a": 6, "b": 7}, 4)
    assert [o.shape.as_list() for o in outputs["a"]] == [[2, 6]] * 2 and outputs["b"][0].shape.as_list() == [2, 7]
    assert set(states) == {"a", "b"}
    with pytest.raises(ValueError, match="keys of dec_cells_dict"):
        seq2seq.one2many_rnn_seq2seq(inputs, {"a": inputs}, GRUCell(3), {}, 5, {}, 4)


def test_reversing_is_learnt():
    length, rng = 3, np.random.RandomState(0)
    encoded = [tf.placeholder(tf.int32, [None]) for _ in range(length)]
    targets = encoded[::-1]
    decoded = [tf.zeros_like(encoded[0]), *targets[:-1]]
    with tf.variable_scope("net", initializer=tf.random_uniform_initializer(-.3, .3, seed=1)):
        logits, _ = seq2seq.embedding_attention_seq2seq(encoded, decoded, GRUCell(24), 6, 6, 8)
    loss = seq2seq.sequence_loss(logits, targets, [tf.ones_like(t, tf.float32) for t in targets])
    train = tf.train.AdamOptimizer(.02).minimize(loss)
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        losses = [session.run([loss, train], dict(zip(encoded, rng.randint(0, 6, (length, 32)), strict=True)))[0]
                  for _ in range(120)]
    assert losses[0] > 1.5 and np.mean(losses[-10:]) < .5


def test_refusals():
    x = [tf.ones([2, 3])]
    states = tf.placeholder(tf.float32, [2, 4, None])
    for message, inputs, heads in (("at least 1 input", [], 1), ("less than 1 heads", x, 0),
                                   (r"Shape\[2\] of attention_states", x, 1)):
        with pytest.raises(ValueError, match=message):
            seq2seq.attention_decoder(inputs, x[0], states, GRUCell(3), num_heads=heads)
