"""CTC: compared with sums over all paths."""

import functools
import itertools

import numpy as np
import pytest

import graphflow as tf
from tests.ops.harness import Sample, fixed, normal, sample_tests

INDICES = np.array([[0, 0], [0, 1], [1, 0]], np.int64)
VALUES = np.array([1, 1, 0], np.int32)
LABELS = [(1, 1), (0,)]
LENGTHS = np.array([4, 3], np.int32)


def _collapsed(path, blank, merge=True):
    kept = [label for label, _ in itertools.groupby(path)] if merge else path
    return tuple(label for label in kept if label != blank)


def _sequences(scores, merge=True):
    """Probability of every label sequence."""
    shares = np.exp(scores - scores.max(-1, keepdims=True))
    shares /= shares.sum(-1, keepdims=True)
    found = {}
    for path in itertools.product(range(scores.shape[1]), repeat=len(scores)):
        labels = _collapsed(path, scores.shape[1] - 1, merge)
        found[labels] = found.get(labels, 0) + np.prod(shares[np.arange(len(scores)), list(path)])
    return found


def losses(x, merge=True):
    labels = tf.SparseTensor(INDICES, VALUES, [2, 2])
    return tf.nn.ctc_loss(labels, x, LENGTHS, ctc_merge_repeated=merge)


def _losses(x, merge=True):
    return np.array([-np.log(_sequences(x[:n, i], merge)[labels])
                     for i, (n, labels) in enumerate(zip(LENGTHS, LABELS))])


def unmerged(x):
    return losses(x, False)


SAMPLES = [
    Sample(losses, [normal(4, 2, 3)], _losses, dtypes="float32 float64", grad=(0,), tol=1e-5),
    Sample(unmerged, [normal(4, 2, 3)], lambda x: _losses(x, False), dtypes="float32 float64",
           grad=(0,), tol=1e-5, id="not merged"),
    Sample("CTCGreedyDecoder", [fixed(np.eye(3)[[1, 1, 2, 1]][:, None]), fixed(np.array([4], np.int32)).keep],
           lambda x, n: (np.array([[0, 0], [0, 1]]), np.array([1, 1]), np.array([1, 2]), np.array([[-4]])),
           attrs={"merge_repeated": True}, dtypes="float32 float64"),
    Sample("CTCBeamSearchDecoder", [fixed(9 * np.eye(3)[[1, 1, 2, 1]][:, None]), fixed(np.array([4], np.int32)).keep],
           None, attrs={"beam_width": 3, "top_paths": 2}, dtypes="float32 float64"),
]
test_samples = sample_tests(SAMPLES)


def test_wide_beams_find_the_best():
    scores = np.random.default_rng(0).normal(size=(4, 1, 3))
    found = sorted(_sequences(scores[:, 0]).items(), key=lambda item: -item[1])[:3]
    with tf.Session() as session:
        paths, logs = session.run(tf.nn.ctc_beam_search_decoder(scores, [4], 1000, 3, merge_repeated=False))
    assert [tuple(p.values) for p in paths] == [labels for labels, _ in found]
    np.testing.assert_allclose(logs[0], np.log([p for _, p in found]))


def _prefix_search(logs, width):
    """Beams in a dictionary, one extension after the other."""
    never, blank, beams = -np.inf, logs.shape[1] - 1, {(): (0.0, -np.inf)}
    for row in logs:
        found = {}
        for labels, (in_blank, in_label) in beams.items():
            ending, total = never, np.logaddexp(in_blank, in_label)
            if labels:
                before = beams.get(labels[:-1], (never, never))
                came = before[0] if labels[-1:] == labels[-2:-1] else np.logaddexp(*before)
                ending = np.logaddexp(in_label, came) + row[labels[-1]]
            found[labels] = total + row[blank], ending
            for label in range(blank):
                if (*labels, label) not in beams:
                    found[(*labels, label)] = never, (in_blank if labels[-1:] == (label,) else total) + row[label]
        best = sorted(found.items(), key=lambda item: -np.logaddexp(*item[1]))[:width]
        beams = {labels: ends for labels, ends in best if np.logaddexp(*ends) > never}
    return [(labels, np.logaddexp(*ends)) for labels, ends in beams.items()]


@pytest.mark.parametrize("time, classes, width", [(1, 2, 1), (12, 4, 10), (20, 5, 3), (9, 2, 40), (15, 12, 25)])
def test_narrow_beams(time, classes, width):
    rng = np.random.default_rng(time)
    for scores in (rng.normal(size=(time, classes)) * 3, np.round(rng.normal(size=(time, classes)))):
        scores = scores.astype(np.float32).astype(np.float64)
        logs = scores - np.log(np.exp(scores).sum(1, keepdims=True))
        expected = _prefix_search(logs, width)
        count = min(len(expected), 3)
        with tf.Session() as session:
            paths, found = session.run(tf.nn.ctc_beam_search_decoder(
                scores[:, None], [time], width, count, merge_repeated=False))
        np.testing.assert_allclose(found[0], [score for _, score in expected[:count]], rtol=1e-5)
        assert [tuple(path.values) for path in paths] == [labels for labels, _ in expected[:count]]


def test_decoders_of_batches():
    best = np.array([[0, 0, 2, 0], [1, 2, 2, 2]])
    scores = np.log(np.eye(3)[best].transpose(1, 0, 2) + 0.01)
    decoders = (tf.nn.ctc_greedy_decoder, functools.partial(tf.nn.ctc_beam_search_decoder, merge_repeated=False))
    with tf.Session() as session:
        for decode in decoders:
            (labels,), _ = session.run(decode(scores, [4, 2]))
            assert labels.indices.tolist() == [[0, 0], [0, 1], [1, 0]] and labels.values.tolist() == [0, 0, 1]
            assert labels.dense_shape.tolist() == [2, 2]


def test_labels_that_do_not_fit():
    labels = tf.SparseTensor([[0, 0], [0, 1]], [1, 1], [1, 2])
    with tf.Session() as session:
        with pytest.raises(tf.errors.InvalidArgumentError, match="required: 3, available: 2"):
            session.run(tf.nn.ctc_loss(labels, np.zeros([2, 1, 3], "f"), [2]))
        ignored = tf.nn.ctc_loss(labels, np.zeros([2, 1, 3], "f"), [2], ignore_longer_outputs_than_inputs=True)
        assert session.run(ignored).tolist() == [0]
        collapsed = tf.nn.ctc_loss(labels, np.zeros([2, 1, 3], "f"), [2], preprocess_collapse_repeated=True)
        np.testing.assert_allclose(session.run(collapsed), [-np.log(3 / 9)], rtol=1e-5)
        by_batch = tf.nn.ctc_loss(labels, logits=np.zeros([1, 3, 3], "f"), sequence_length=[3], time_major=False)
        np.testing.assert_allclose(session.run(by_batch), [-np.log(1 / 27)], rtol=1e-5)
    with pytest.raises(TypeError, match="to be a SparseTensor"):
        tf.nn.ctc_loss([1], np.zeros([2, 1, 3], "f"), [2])
