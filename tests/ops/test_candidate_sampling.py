"""Candidate samplers and the losses built on them: classes recorded from TensorFlow, properties, errors."""

import json
from pathlib import Path

import numpy as np
import pytest

import graphflow as tf
from tests.ops import candidate_programs
from tests.ops.harness import Sample, fixed, sample_tests

GOLDEN = Path(__file__).parent.parent / "golden" / "candidate_sampling.json"

SAMPLES = [
    Sample("ComputeAccidentalHits", [fixed(np.array([[3, 1], [0, 7]], np.int64)).keep,
                                     fixed(np.array([7, 3, 5], np.int64)).keep],
           lambda c, s: (np.array([0, 1], np.int32), np.array([1, 0]), np.full(2, np.finfo(np.float32).min)),
           attrs={"num_true": 2}, dtypes="float32"),
]
test_samples = sample_tests(SAMPLES)


def test_classes_and_losses_are_tensorflows():
    recorded = json.loads(GOLDEN.read_text())
    results = candidate_programs.results(tf)
    assert sorted(results) == sorted(recorded)
    for name, arrays in results.items():
        for ours, theirs in zip(arrays, recorded[name]):
            np.testing.assert_allclose(ours, theirs, rtol=2e-5, atol=1e-6, err_msg=name)


def test_gradients_reach_weights_and_inputs():
    with tf.Graph().as_default(), tf.Session() as sess:
        weights, biases = tf.Variable(tf.ones([30, 4])), tf.Variable(tf.zeros([30]))
        inputs = tf.ones([2, 4])
        labels = tf.constant([[3], [5]], tf.int64)
        for loss in (tf.nn.nce_loss, tf.nn.sampled_softmax_loss):
            grads = tf.gradients(loss(weights, biases, labels, inputs, 6, 30), [weights, biases, inputs])
            sess.run(tf.global_variables_initializer())
            w, b, x = sess.run(grads)
            assert w.values.shape == (8, 4) and b.values.shape == (8,) and x.shape == (2, 4)


def test_partitions_of_weights():
    with tf.Graph().as_default(), tf.Session() as sess:
        table = np.random.default_rng(0).normal(size=(10, 3)).astype(np.float32)
        labels = tf.constant([[3], [5]], tf.int64)
        sampled = tf.nn.all_candidate_sampler(labels, 1, 10, True)

        def loss(weights):
            return tf.nn.nce_loss(weights, tf.zeros([10]), labels, tf.ones([2, 3]), 10, 10, sampled_values=sampled)

        whole, parts = sess.run([loss(tf.constant(table)), loss([tf.constant(table[::2]), tf.constant(table[1::2])])])
        np.testing.assert_allclose(whole, parts, rtol=1e-6)


def test_errors():
    with tf.Graph().as_default(), tf.Session() as sess:
        classes = tf.constant([[1]], tf.int64)
        with pytest.raises(tf.errors.InvalidArgumentError, match="range is too small"):
            sess.run(tf.nn.uniform_candidate_sampler(classes, 1, 9, True, 5))
        with pytest.raises(tf.errors.InvalidArgumentError, match="either vocab_file or unigrams"):
            sess.run(tf.nn.fixed_unigram_candidate_sampler(classes, 1, 2, False, 5))
        with pytest.raises(tf.errors.InvalidArgumentError, match="weights for 2 classes"):
            sess.run(tf.nn.fixed_unigram_candidate_sampler(classes, 1, 2, False, 5, unigrams=[1, 2]))
        with pytest.raises(ValueError, match="rank 2"):
            tf.nn.log_uniform_candidate_sampler(tf.constant([1], tf.int64), 1, 2, True, 5)


def test_weights_from_a_file(tmp_path):
    path = tmp_path / "vocabulary.csv"
    path.write_text("a,0\nb,3\nc,0\n")
    with tf.Graph().as_default(), tf.Session() as sess:
        classes = tf.constant([[1]], tf.int64)
        drawn = tf.nn.fixed_unigram_candidate_sampler(classes, 1, 4, False, 3, vocab_file=str(path))
        assert sess.run(drawn.sampled_candidates).tolist() == [1] * 4
