"""`tf.contrib.seq2seq`: decoders against `dynamic_rnn`, search in Python and NumPy; names, refusals."""

import itertools

import numpy as np
import pytest

import graphflow as tf

seq2seq = tf.contrib.seq2seq
GRUCell = tf.nn.rnn_cell.GRUCell
RNG = np.random.RandomState(3)
MEMORY = RNG.normal(size=(2, 4, 5)).astype(np.float32)
LENGTHS = [4, 2]


@pytest.fixture(autouse=True)
def graph():
    with tf.Graph().as_default() as graph:
        tf.get_variable_scope().set_initializer(tf.random_uniform_initializer(-2, 2, seed=4))
        yield graph


def run(fetches, feed=None):
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        return session.run(fetches, feed)


def test_training_is_dynamic_rnn():
    x, cell = tf.constant(MEMORY), GRUCell(3)
    with tf.variable_scope("rnn"):
        decoder = seq2seq.BasicDecoder(cell, seq2seq.TrainingHelper(x, LENGTHS), cell.zero_state(2, tf.float32))
        decoded, state, lengths = seq2seq.dynamic_decode(decoder, impute_finished=True, scope=tf.get_variable_scope())
    with tf.variable_scope("rnn", reuse=True):
        outputs, last = tf.nn.dynamic_rnn(cell, x, LENGTHS, dtype=tf.float32, scope=tf.get_variable_scope())
    assert decoded.rnn_output.shape.as_list() == [2, None, 3]
    variables = tf.trainable_variables()
    assert len(variables) == 4
    found = run([decoded.rnn_output, state, lengths, outputs, last, decoded.sample_id,
                 tf.gradients(decoded.rnn_output, variables), tf.gradients(outputs, variables)])
    np.testing.assert_allclose(found[0], found[3], rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(found[1], found[4], rtol=1e-5, atol=1e-6)
    assert found[2].tolist() == LENGTHS
    np.testing.assert_array_equal(found[5], found[3].argmax(-1))
    for a, b in zip(found[6], found[7], strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-5)


def test_greedy_decoding():
    table = tf.constant(RNG.normal(size=(6, 5)).astype(np.float32))
    cell, layer = GRUCell(3), tf.layers.Dense(6, name="out")
    helper = seq2seq.GreedyEmbeddingHelper(table, [0, 1], end_token=5)
    decoder = seq2seq.BasicDecoder(cell, helper, tf.zeros([2, 3]), layer)
    outputs, _, lengths = seq2seq.dynamic_decode(decoder, maximum_iterations=7)
    state, symbols, expected = tf.zeros([2, 3]), tf.constant([0, 1]), []
    for _ in range(7):
        with tf.variable_scope("decoder", reuse=True):
            output, state = cell(tf.nn.embedding_lookup(table, symbols), state)
            symbols = tf.argmax(layer(output), -1, output_type=tf.int32)
        expected.append(symbols)
    found, lengths, expected = run([outputs.sample_id, lengths, tf.stack(expected, 1)])
    for row, wanted, length in zip(found, expected, lengths, strict=True):
        ends = np.flatnonzero(wanted == 5)
        assert length == (ends[0] + 1 if ends.size else 7)
        assert row[:length].tolist() == wanted[:length].tolist()


def softmax(x):
    return np.exp(x - x.max(-1, keepdims=True)) / np.exp(x - x.max(-1, keepdims=True)).sum(-1, keepdims=True)


def test_beam_search_finds_the_best(graph):
    """Without a memory, so that all sequences can be counted: a wide beam finds those of highest probability."""
    class Table(tf.nn.rnn_cell.RNNCell):
        """Logits depend on the last symbol and the step."""

        output_size, state_size = 3, tf.TensorShape([1])

        def call(self, inputs, state):
            return inputs * (1.0 + state), state + 1.0

    logits = RNG.normal(size=(3, 3)).astype(np.float32)
    steps, width = 3, 9
    decoder = seq2seq.BeamSearchDecoder(
        Table(), lambda ids: tf.gather(tf.constant(logits), ids), [0, 1], 2,
        seq2seq.tile_batch(tf.zeros([2, 1]), width), width)
    outputs, state, lengths = seq2seq.dynamic_decode(decoder, maximum_iterations=steps)
    beams, scores = run([outputs.predicted_ids, state.log_probs])
    for start in (0, 1):
        every = {}
        for sequence in itertools.product(range(3), repeat=steps):
            if 2 in sequence:
                sequence = sequence[:sequence.index(2) + 1] + (2,) * (steps - sequence.index(2) - 1)
            last, total = start, 0.0
            for step, symbol in enumerate(sequence):
                if last == 2:
                    break
                total += np.log(softmax(logits[last] * (1 + step))[symbol])
                last = symbol
            every[sequence] = total
        best = sorted(every.values(), reverse=True)[:width]
        np.testing.assert_allclose(scores[start], best, rtol=1e-4)
        for beam, score in zip(beams[start].T.tolist(), scores[start], strict=True):
            assert every[tuple(beam)] == pytest.approx(score, rel=1e-4)


@pytest.mark.parametrize("mechanism", ["Luong", "Bahdanau", "LuongMonotonic", "BahdanauMonotonic"])
def test_attention(mechanism):
    kind = getattr(seq2seq, mechanism + "Attention")
    options = {"scale": True} if "Luong" in mechanism else {"normalize": True}
    attention = kind(3, MEMORY, memory_sequence_length=LENGTHS, **options)
    cell = seq2seq.AttentionWrapper(GRUCell(3), attention, attention_layer_size=6, alignment_history=True)
    decoder = seq2seq.BasicDecoder(cell, seq2seq.TrainingHelper(tf.ones([2, 3, 5]), [3, 3]),
                                   cell.zero_state(2, tf.float32))
    outputs, state, _ = seq2seq.dynamic_decode(decoder)
    history, alignments, output = run([state.alignment_history.stack(), state.alignments, outputs.rnn_output])
    assert history.shape == (3, 2, 4) and output.shape == (2, 3, 6)
    np.testing.assert_array_equal(history[-1], alignments)
    np.testing.assert_array_equal(history[:, 1, 2:], 0)
    if "Monotonic" not in mechanism:
        np.testing.assert_allclose(history.sum(-1), 1, rtol=1e-5)
    assert np.all(history.sum(-1) < 1 + 1e-5)


def test_names_of_attention():
    attention = seq2seq.BahdanauAttention(3, MEMORY)
    cell = seq2seq.AttentionWrapper(GRUCell(3), attention, attention_layer_size=6)
    seq2seq.dynamic_decode(seq2seq.BasicDecoder(cell, seq2seq.TrainingHelper(tf.ones([2, 3, 5]), [3, 3]),
                                                cell.zero_state(2, tf.float32)))
    assert [v.op.name for v in tf.global_variables()] == [
        "memory_layer/kernel", "decoder/attention_wrapper/gru_cell/gates/kernel",
        "decoder/attention_wrapper/gru_cell/gates/bias", "decoder/attention_wrapper/gru_cell/candidate/kernel",
        "decoder/attention_wrapper/gru_cell/candidate/bias",
        "decoder/attention_wrapper/bahdanau_attention/query_layer/kernel",
        "decoder/attention_wrapper/bahdanau_attention/attention_v",
        "decoder/attention_wrapper/attention_layer/kernel"]


def test_beam_search_with_attention():
    width = 3
    memory, lengths = (seq2seq.tile_batch(value, width) for value in (MEMORY, np.array(LENGTHS)))
    cell = seq2seq.AttentionWrapper(GRUCell(3), seq2seq.LuongAttention(3, memory, lengths), alignment_history=True)
    decoder = seq2seq.BeamSearchDecoder(
        cell, tf.ones([6, 5]), [0, 0], 5, cell.zero_state(2 * width, tf.float32), width, tf.layers.Dense(6),
        length_penalty_weight=.5, coverage_penalty_weight=.2)
    outputs, state, _ = seq2seq.dynamic_decode(decoder, maximum_iterations=4)
    beams, history, scores = run([outputs.predicted_ids, state.cell_state.alignment_history,
                                  outputs.beam_search_decoder_output.scores])
    assert beams.shape[0] == 2 and beams.shape[2] == width and history.shape[1:] == (2 * width, 4)
    assert np.all(np.diff(scores, axis=2) <= 1e-6)


def test_sampling_and_scheduling():
    table = np.eye(4, dtype=np.float32)
    inputs = tf.constant(RNG.normal(size=(2, 3, 4)).astype(np.float32))
    helpers = [
        seq2seq.SampleEmbeddingHelper(table, [0, 1], 3, softmax_temperature=.5, seed=1),
        seq2seq.ScheduledEmbeddingTrainingHelper(inputs, [3, 2], table, .5, seed=1, scheduling_seed=2),
        seq2seq.ScheduledOutputTrainingHelper(inputs, [3, 2], .5, seed=1),
        seq2seq.ScheduledOutputTrainingHelper(inputs[:, :, :2], [3, 2], .5, seed=1, next_inputs_fn=lambda y: y[:, :2],
                                              auxiliary_inputs=inputs[:, :, 2:]),
        seq2seq.InferenceHelper(lambda y: y, [4], tf.float32, tf.zeros([2, 4]), lambda y: y[:, 0] > 2),
        seq2seq.CustomHelper(lambda: (tf.constant([False] * 2), tf.zeros([2, 4])),
                             lambda time, outputs, state: tf.zeros([2], tf.int32),
                             lambda time, outputs, state, sample_ids: (tf.fill([2], time >= 2), outputs, state))]
    cell, results = GRUCell(4), []
    for helper in helpers:
        with tf.variable_scope("net", reuse=tf.AUTO_REUSE):
            decoder = seq2seq.BasicDecoder(cell, helper, tf.zeros([2, 4]))
            results.append(seq2seq.dynamic_decode(decoder, maximum_iterations=3))
    for outputs, state, lengths in run(results):
        assert outputs.rnn_output.shape[::2] == (2, 4) and state.shape == (2, 4) and lengths.max() <= 3
    assert np.isin(run(results[1])[0].sample_id, range(-1, 4)).all()


def test_sequence_loss():
    logits, weights = RNG.normal(size=(2, 3, 4)).astype(np.float32), np.array([[1, 1, 0], [2, 0, 0]], np.float32)
    targets = np.array([[0, 1, 2], [3, 3, 0]])
    losses = -np.log(np.take_along_axis(softmax(logits), targets[:, :, None], 2)[:, :, 0]) * weights

    def loss(**options):
        return seq2seq.sequence_loss(tf.constant(logits), tf.constant(targets), tf.constant(weights), **options)

    neither = {"average_across_timesteps": False, "average_across_batch": False}
    found = run([loss(), loss(average_across_batch=False), loss(average_across_timesteps=False), loss(**neither),
                 loss(**neither, sum_over_timesteps=True, sum_over_batch=True)])
    expected = [losses.sum() / weights.sum(), losses.sum(1) / weights.sum(1),
                np.array([*losses.sum(0)[:2] / weights.sum(0)[:2], 0]), losses, losses.sum() / 3]
    for a, b in zip(found, expected, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-6)
    with pytest.raises(ValueError, match="cannot be set to True at same time"):
        loss(sum_over_timesteps=True)


def test_refusals():
    cell, state = GRUCell(3), tf.zeros([2, 3])
    helper = seq2seq.GreedyEmbeddingHelper(np.eye(3, dtype=np.float32), [0, 1], 2)
    attention = seq2seq.LuongAttention(3, MEMORY)
    for error, message, build in (
            (TypeError, "Expected decoder to be type Decoder", lambda: seq2seq.dynamic_decode(cell)),
            (TypeError, "helper must be a Helper", lambda: seq2seq.BasicDecoder(cell, 3, state)),
            (TypeError, "output_layer must be a Layer", lambda: seq2seq.BasicDecoder(cell, helper, state, 3)),
            (ValueError, "start_tokens must be a vector", lambda: seq2seq.GreedyEmbeddingHelper(abs, 0, 2)),
            (ValueError, "sequence_length to be a vector", lambda: seq2seq.TrainingHelper(tf.ones([2, 3, 4]), 3)),
            (TypeError, "must be an AttentionMechanism", lambda: seq2seq.AttentionWrapper(cell, 3)),
            (ValueError, "exactly one integer per attention_mechanism",
             lambda: seq2seq.AttentionWrapper(cell, attention, attention_layer_size=[3, 4])),
            (ValueError, "mode must be", lambda: seq2seq.monotonic_attention(state, state, "soft")),
            (ValueError, "t must have statically known rank", lambda: seq2seq.tile_batch(tf.constant(1), 2)),
            (ValueError, "maximum_iterations must be a scalar", lambda: seq2seq.dynamic_decode(
                seq2seq.BasicDecoder(cell, helper, state), maximum_iterations=[3]))):
        with pytest.raises(error, match=message):
            build()
    wrapped = seq2seq.AttentionWrapper(cell, attention)
    with tf.Session() as session, pytest.raises(
            (ValueError, tf.errors.InvalidArgumentError), match="Non-matching batch sizes"):
        session.run(tf.nest.flatten(wrapped.zero_state(3, tf.float32)))
