"""Conditional random fields against all sequences, counted out one by one."""

import itertools

import numpy as np
import pytest

import graphflow as tf

crf = tf.contrib.crf
RNG = np.random.RandomState(0)
SCORES, TRANSITIONS = RNG.randn(3, 4, 3).astype("f"), RNG.randn(3, 3).astype("f")
TAGS, LENGTHS = np.int32([[0, 1, 2, 1], [2, 2, 0, 0], [1, 0, 0, 0]]), np.int32([4, 2, 1])


def score(scores, tags):
    steps = sum(row[tag] for row, tag in zip(scores, tags))
    return steps + sum(TRANSITIONS[a, b] for a, b in itertools.pairwise(tags))


def all_scores(scores):
    return {tags: score(scores, tags) for tags in itertools.product(range(3), repeat=len(scores))}


def run(fetches, feed=None):
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        return session.run(fetches, feed)


@pytest.mark.parametrize("steps", [4, None])
@pytest.mark.parametrize("dtype", ["int32", "int64"])
def test_likelihood(steps, dtype):
    scores = tf.placeholder(tf.float32, [None, steps, 3])
    lengths = LENGTHS.astype(dtype)
    likelihood, _ = crf.crf_log_likelihood(scores, TAGS.astype(dtype), lengths, tf.constant(TRANSITIONS))
    wanted = [score(s[:n], t[:n]) - np.log(sum(map(np.exp, all_scores(s[:n]).values())))
              for s, t, n in zip(SCORES, TAGS, LENGTHS)]
    np.testing.assert_allclose(run(likelihood, {scores: SCORES}), wanted, rtol=1e-4)


@pytest.mark.parametrize("steps", [1, None])
def test_sequences_of_one_step(steps):
    scores = tf.placeholder(tf.float32, [None, steps, 3])
    found = [crf.crf_log_likelihood(scores, TAGS[:, :1], np.int32([1, 1, 0]), tf.constant(TRANSITIONS))[0],
             crf.crf_decode(scores, tf.constant(TRANSITIONS), np.int32([1, 1, 1]))[0]]
    likelihood, tags = run(found, {scores: SCORES[:, :1]})
    rows = SCORES[:2, 0]
    wanted = rows[[0, 1], TAGS[:2, 0]] - np.log(np.exp(rows).sum(1))
    np.testing.assert_allclose(likelihood, [*wanted, 0], rtol=1e-4)
    assert tags.tolist() == SCORES[:, 0].argmax(1)[:, None].tolist()


@pytest.mark.parametrize("steps", [4, None])
def test_decoding(steps):
    scores = tf.placeholder(tf.float32, [None, steps, 3])
    tags, best = run(crf.crf_decode(scores, tf.constant(TRANSITIONS), LENGTHS), {scores: SCORES})
    for row, n, found, value in zip(SCORES, LENGTHS, tags, best):
        wanted = all_scores(row[:n])
        winner = max(wanted, key=wanted.get)
        assert tuple(found[:n]) == winner and not found[n:].any()
        np.testing.assert_allclose(value, wanted[winner], rtol=1e-5)
        path, total = crf.viterbi_decode(row[:n], TRANSITIONS)
        assert tuple(path) == winner
        np.testing.assert_allclose(total, wanted[winner], rtol=1e-5)


def test_some_tags_allowed():
    allowed = RNG.rand(3, 4, 3) < 0.7
    allowed[:, :, 0] = True
    found = run(crf.crf_multitag_sequence_score(SCORES, allowed, LENGTHS, tf.constant(TRANSITIONS)))
    for row, bits, n, value in zip(SCORES, allowed, LENGTHS, found):
        sums = [np.exp(v) for tags, v in all_scores(row[:n]).items() if all(b[t] for b, t in zip(bits, tags))]
        np.testing.assert_allclose(value, np.log(sum(sums)), rtol=1e-4)


def test_training_makes_given_tags_likely():
    scores = tf.get_variable("scores", [3, 4, 3], initializer=tf.zeros_initializer())
    likelihood, transitions = crf.crf_log_likelihood(scores, TAGS, LENGTHS)
    assert transitions.op.name == "transitions" and transitions.shape.as_list() == [3, 3]
    step = tf.train.GradientDescentOptimizer(0.5).minimize(-tf.reduce_mean(likelihood))
    decoded = crf.crf_decode(scores, transitions, LENGTHS)[0]
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        for _ in range(40):
            session.run(step)
        assert session.run(likelihood).min() > -0.5
        found = session.run(decoded)
    assert all((a[:n] == b[:n]).all() for a, b, n in zip(found, TAGS, LENGTHS))
