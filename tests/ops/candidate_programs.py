"""Programs with candidate samplers that run in TensorFlow (to be recorded) and in GraphFlow (to be compared)."""

import numpy as np


def results(tf):
    """What samplers and losses give at three steps: name -> list of nested lists."""
    found = {}
    with tf.Graph().as_default():
        tf.set_random_seed(7)
        fetches = {**_samplers(tf), **_losses(tf)}
        with tf.Session() as session:
            for step in range(3):
                for name, value in fetches.items():
                    found[f"{name} {step}"] = [np.asarray(a).tolist() for a in session.run(value)]
    return found


def _samplers(tf):
    classes = tf.constant([[3, 1], [0, 19]], tf.int64)
    fetches = {}
    for unique in (True, False):
        for kind in ("uniform", "log_uniform", "learned_unigram"):
            sampler = getattr(tf.nn, kind + "_candidate_sampler")
            fetches[f"{kind} {unique}"] = tuple(sampler(classes, 2, 6, unique, 20, seed=5))
        fetches[f"fixed_unigram {unique}"] = tuple(tf.nn.fixed_unigram_candidate_sampler(
            classes, 2, 6, unique, 20, unigrams=list(range(1, 19)), distortion=0.75, num_reserved_ids=2, seed=9))
    return fetches


def _losses(tf):
    rng = np.random.RandomState(0)
    weights = tf.constant(rng.normal(size=(20, 3)).astype(np.float32))
    biases = tf.constant(rng.normal(size=20).astype(np.float32))
    inputs = tf.constant(rng.normal(size=(4, 3)).astype(np.float32))
    labels = tf.constant(rng.randint(0, 20, size=(4, 2)))
    fetches = {}
    for hits in (True, False):
        sampled = tf.nn.log_uniform_candidate_sampler(labels, 2, 8, True, 20, seed=3)
        for name in ("nce_loss", "sampled_softmax_loss"):
            loss = getattr(tf.nn, name)(weights, biases, labels, inputs, 8, 20, 2, sampled, hits)
            fetches[f"{name} {hits}"] = (loss, *tf.gradients(loss, [inputs]))
    return fetches
