"""Batches of examples that are accepted at random: `tf.contrib.training.rejection_sample`, `stratified_sample`.

State: that of the queues, and of `stratified_sample` without `init_probs` the variable `class_count`.
"""

import graphflow as tf
from graphflow.framework.api import tf_export
from graphflow.framework.convert import convert_n_to_tensor_or_indexed_slices
from graphflow.framework.grouping import with_dependencies

_TOLERANCE = 1e-6
# Classes count as if each had been seen so often, so that none has a share of zero.
_SEEN_BEFORE = 10


@tf_export("contrib.training.rejection_sample")
def rejection_sample(tensors, accept_prob_fn, batch_size, queue_threads=1, enqueue_many=False, prebatch_capacity=16,
                     prebatch_threads=1, runtime_checks=False, name=None):
    """Batches of the examples that are accepted, each with the probability that a function says.

    Args:
      tensors: list of tensors of one example; with `enqueue_many`, of several along the first dimension, which then
        go through a queue of `prebatch_capacity` filled by `prebatch_threads` threads.
      accept_prob_fn: function from a list of tensors of one example to a scalar from 0 to 1. runtime_checks: whether
        it is an error in a run if it isn't. queue_threads: threads that fill the queue of what was accepted.
    Returns a list of tensors [batch_size, ...].
    """
    with tf.variable_scope(name, "rejection_sample", tensors):
        tensors = convert_n_to_tensor_or_indexed_slices(tensors)
        if enqueue_many:
            for tensor in tensors:
                tensor.shape.with_rank_at_least(1)[0].assert_is_compatible_with(tensors[0].shape[0])
            tensors = _one_by_one(tensors, prebatch_threads, prebatch_capacity)
        probability = accept_prob_fn(tensors)
        if runtime_checks:
            checks = [tf.assert_less_equal(0.0, probability), tf.assert_less_equal(probability, 1.0)]
            probability = tf.identity(with_dependencies(checks, probability), name="prob_with_checks")
        return _accepted(tensors, probability, batch_size, queue_threads)


def _one_by_one(tensors, threads, capacity):
    """List of tensors of single examples, from tensors of several."""
    batch = tf.train.batch(tensors, batch_size=1, num_threads=threads, capacity=capacity, enqueue_many=True)
    return [tf.squeeze(tensor, [0]) for tensor in _listed(batch)]


def _accepted(tensors, probability, batch_size, threads):
    """List of batches of the examples that are kept, with a probability of their own."""
    keep = tf.random_uniform([]) < probability
    return _listed(tf.train.maybe_batch(tensors, keep, batch_size, num_threads=threads))


def _listed(batch):
    return [batch] if isinstance(batch, tf.Tensor) else batch


@tf_export("contrib.training.stratified_sample")
def stratified_sample(tensors, labels, target_probs, batch_size, init_probs=None, enqueue_many=False,
                      queue_capacity=16, threads_per_queue=1, name=None):
    """Batches in which classes have the shares asked for: examples of classes that come too often are dropped.

    Args:
      tensors: list of tensors of one example; with `enqueue_many`, of several along the first dimension.
      labels: their classes, ints from zero. target_probs: the shares of the classes in batches. init_probs: those in
        the input, by default counted as it comes.
      queue_capacity: of the queue of examples. threads_per_queue: threads that fill it, and the queue of batches.
    Returns (list of tensors [batch_size, ...], labels [batch_size]).
    Raises ValueError for shapes that don't fit; InvalidArgumentError in a run for shares that don't add up to one or
    can not be reached, and for labels that are no class.
    """
    with tf.name_scope(name, "stratified_sample", [*tensors, labels]):
        tensors = convert_n_to_tensor_or_indexed_slices(tensors)
        labels = tf.convert_to_tensor(labels)
        target = tf.convert_to_tensor(target_probs, dtype=tf.float32)
        if not enqueue_many:
            tensors = [tf.expand_dims(tensor, 0) for tensor in tensors]
            labels = tf.expand_dims(labels, 0)
        if init_probs is None:
            target.shape.assert_is_fully_defined()
            initial = _counted_shares(labels, target.shape.num_elements())
        else:
            initial = tf.convert_to_tensor(init_probs, dtype=tf.float32)
        initial, target = _checked_shares(initial), _checked_shares(target)
        if initial.shape.num_elements() != target.shape.num_elements():
            raise ValueError("Probability parameters must have the same length.")
        tensors, labels = _checked_examples(tensors, labels, target.shape.num_elements())
        accept = _acceptance(initial, target)
        *tensors, label = _one_by_one([*tensors, labels], threads_per_queue, queue_capacity)
        *batches, labels = _accepted([*tensors, label], tf.gather(accept, label), batch_size, threads_per_queue)
        return batches, labels


def _counted_shares(labels, classes):
    """The shares of the classes among all labels so far, with these."""
    count = tf.Variable([_SEEN_BEFORE] * classes, trainable=False, name="class_count", dtype=tf.int64)
    new = tf.reduce_sum(tf.one_hot(labels, classes, dtype=tf.int64), 0)
    # The sum copies: other threads change the variable while the shares are computed.
    count = count.assign_add(new) + 0
    return tf.cast(count / tf.reduce_sum(count), tf.float32)


def _checked_shares(shares):
    """A known number of shares that, in a run, are none negative and add up to one."""
    shares.shape.assert_is_fully_defined()
    shares.shape.assert_has_rank(1)
    total = tf.reduce_sum(shares)
    return with_dependencies([tf.assert_non_negative(shares), tf.assert_less(total, 1.0 + _TOLERANCE),
                              tf.assert_less(1.0 - _TOLERANCE, total)], shares)


def _checked_examples(tensors, labels, classes):
    """(tensors, labels) of examples that, in a run, are equally many, at least one, their labels being classes."""
    labels.shape.assert_has_rank(1)
    for tensor in tensors:
        tensor.shape.with_rank_at_least(1)[0].assert_is_compatible_with(labels.shape[0])
    size = tf.shape(labels)[0]
    some = tf.assert_positive(size)
    labels = with_dependencies([some], labels)
    tensors = [with_dependencies([some, tf.assert_equal(tf.shape(tensor)[0], size)], tensor) for tensor in tensors]
    checks = [tf.assert_integer(labels), tf.assert_non_negative(labels),
              tf.assert_less(labels, tf.cast(classes, labels.dtype))]
    return tensors, with_dependencies(checks, labels)


def _acceptance(initial, target):
    """With which probability to accept each class: `target / initial`, the largest being one."""
    reachable = tf.Assert(tf.reduce_all(tf.logical_or(tf.not_equal(initial, 0), tf.equal(target, 0))), [
        "All classes with zero initial probability must also have zero target probability: ", initial, target])
    initial = with_dependencies([reachable], initial)
    ratio = target / initial
    ratio = tf.where_v2(tf.is_nan(ratio), tf.zeros_like(ratio), ratio)
    accept = ratio / tf.reduce_max(ratio)
    rejected = tf.reduce_sum((1 - accept) * initial)
    return tf.cond(tf.less(rejected, 0.5), lambda: accept, lambda: tf.Print(
        accept, [accept], message="Proportion of examples rejected by sampler is high.", first_n=10))
