"""Iterators: initialisation, structures, handles, ends, and who shares them."""

import collections
import threading
import time
import warnings

import numpy as np
import pytest

import graphflow as tf
from graphflow.runtime.executor import wait_for_kernels
from tests.data.helpers import elements

Dataset, Iterator = tf.data.Dataset, tf.data.Iterator


def test_not_initialised():
    iterator = Dataset.range(3).make_initializable_iterator()
    with tf.Session() as sess, pytest.raises(tf.errors.FailedPreconditionError, match="has not been initialized"):
        sess.run(iterator.get_next())


def test_end_stays():
    iterator = Dataset.range(1).make_initializable_iterator()
    element = iterator.get_next(name="batch")
    assert element.op.name == "batch" and element.op.type == "IteratorGetNext"
    with tf.Session() as sess:
        sess.run(iterator.initializer)
        sess.run(element)
        for _ in range(2):
            with pytest.raises(tf.errors.OutOfRangeError, match="End of sequence") as caught:
                sess.run(element)
            assert caught.value.op is element.op
        sess.run(iterator.initializer)
        assert sess.run(element) == 0


def test_one_run_takes_one_element():
    iterator = Dataset.range(9).make_initializable_iterator()
    element, other = iterator.get_next(), iterator.get_next()
    double = element * 2
    with tf.Session() as sess:
        sess.run(iterator.initializer)
        assert sess.run([element, double]) == [0, 0]
        assert sorted(sess.run([element, other])) == [1, 2]


def test_sessions_have_their_own_place():
    iterator = Dataset.range(9).make_initializable_iterator()
    element = iterator.get_next()
    with tf.Session() as one, tf.Session() as two:
        one.run(iterator.initializer)
        two.run(iterator.initializer)
        assert [one.run(element), one.run(element), two.run(element)] == [0, 1, 0]


def test_structures():
    Pair = collections.namedtuple("Pair", "left right")
    dataset = Dataset.from_tensors({"a": (1, 2.0), "b": Pair("x", [3, 4])})
    iterator = dataset.make_initializable_iterator()
    assert iterator.output_types == {"a": (tf.int32, tf.float32), "b": Pair(tf.string, tf.int32)}
    assert iterator.output_classes["b"].left is tf.Tensor
    element = iterator.get_next()
    assert element["b"].right.shape.as_list() == [2]
    with tf.Session() as sess:
        sess.run(iterator.initializer)
        value = sess.run(element)
    assert value["a"] == (1, 2.0) and value["b"].left == b"x"


def test_reinitialisable():
    iterator = Iterator.from_structure(tf.int64, [])
    element = iterator.get_next()
    first = iterator.make_initializer(Dataset.range(2), name="first")
    second = iterator.make_initializer(Dataset.range(10, 12))
    assert first.name == "first" and first.type == "MakeIterator"
    with tf.Session() as sess:
        for initializer, start in ((first, 0), (second, 10), (first, 0)):
            sess.run(initializer)
            assert [sess.run(element), sess.run(element)] == [start, start + 1]
    with pytest.raises(ValueError, match="does not have an initializer"):
        _ = iterator.initializer


@pytest.mark.parametrize(("dataset", "message"), [
    (lambda: Dataset.from_tensors(1.0), "output types"),
    (lambda: Dataset.from_tensors(np.zeros([2], np.int64)), "output shapes"),
    (lambda: Dataset.from_tensors((np.int64(1), 2)), "nested structure"),
    (lambda: Dataset.from_tensors(tf.SparseTensor([[0]], np.array([1]), [1])), "output classes"),
])
def test_datasets_must_fit(dataset, message):
    with pytest.raises((TypeError, ValueError), match=message):
        Iterator.from_structure(tf.int64, []).make_initializer(dataset())


def test_feedable():
    one, two = (Dataset.range(n, n + 3).make_initializable_iterator() for n in (0, 10))
    handle = tf.placeholder(tf.string, [])
    element = Iterator.from_string_handle(handle, tf.int64, []).get_next()
    with tf.Session() as sess:
        sess.run([one.initializer, two.initializer])
        a, b = sess.run([one.string_handle(), two.string_handle("two")])
        assert [sess.run(element, {handle: h}) for h in (a, b, b, a)] == [0, 10, 11, 1]
        with pytest.raises(tf.errors.InvalidArgumentError, match="could not be parsed"):
            sess.run(element, {handle: "nonsense"})
        with pytest.raises(tf.errors.InvalidArgumentError, match="Data type mismatch"):
            sess.run(Iterator.from_string_handle(a, tf.float32, []).get_next())
    with tf.Session() as sess, pytest.raises(tf.errors.NotFoundError, match="does not exist"):
        sess.run(element, {handle: a})


def test_shared_name():
    iterators = [Dataset.range(9).make_initializable_iterator(shared_name="shared") for _ in range(2)]
    elements = [iterator.get_next() for iterator in iterators]
    with tf.Session() as sess:
        sess.run(iterators[0].initializer)
        assert [sess.run(elements[0]), sess.run(elements[1])] == [0, 1]


def test_many_calls_of_get_next_warn():
    iterator = Dataset.range(9).make_initializable_iterator()
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        for _ in range(33):
            iterator.get_next()
    assert sum("unusually high number of `Iterator.get_next()`" in str(w.message) for w in caught) == 1


def test_sparse_elements():
    value = tf.SparseTensorValue(np.array([[0, 1]]), np.array([2.0]), np.array([3, 4]))
    dataset = Dataset.from_tensors(value)
    assert dataset.output_classes is tf.SparseTensor and dataset.output_shapes.as_list() == [3, 4]
    (found,) = elements(dataset)
    assert found.indices.tolist() == [[0, 1]] and found.dense_shape.tolist() == [3, 4]


def test_training_behind_an_iterator_stays_compiled():
    dataset = Dataset.from_tensor_slices(np.ones([6, 3], np.float32)).repeat().batch(2, drop_remainder=True)
    iterator = dataset.make_initializable_iterator()
    x = iterator.get_next()
    w = tf.Variable(tf.zeros([3, 1]))
    loss = tf.reduce_mean(tf.square(tf.matmul(x, w) - 1.0))
    train = tf.train.GradientDescentOptimizer(0.1).minimize(loss)
    with tf.Session() as sess:
        sess.run([tf.global_variables_initializer(), iterator.initializer])
        for _ in range(60):
            _, value = sess.run([train, loss])
        assert value < 1e-3
        wait_for_kernels(60)
        time.sleep(0.1)
        sess.run([train, loss])
        (executor,) = [b.executor for b in sess._runs.values() if b.executor.plan.fetches]
        (stage,) = [unit.executor for unit in executor._units if unit.executor is not None]
        (entry,) = stage._entries.values()
        assert {node.node.type for node in entry.spec.nodes if node.native} >= {"MatMul", "ApplyGradientDescent"}


def test_closing_the_session_wakes_who_waits():
    entered, release, caught = threading.Event(), threading.Event(), []

    def slow(x):
        entered.set()
        release.wait(20)
        return x

    iterator = Dataset.range(3).map(lambda x: tf.py_func(slow, [x], tf.int64)).prefetch(1).make_initializable_iterator()
    element = iterator.get_next()
    sess = tf.Session()
    sess.run(iterator.initializer)

    def consume():
        try:
            sess.run(element)
        except tf.errors.CancelledError as error:
            caught.append(error)

    thread = threading.Thread(target=consume)
    thread.start()
    try:
        assert entered.wait(20)
        sess.close()
        thread.join(20)
        assert not thread.is_alive() and len(caught) == 1
    finally:
        release.set()


def test_deadlines_end_the_waiting():
    release = threading.Event()
    dataset = Dataset.range(3).map(lambda x: tf.py_func(lambda v: (release.wait(20), v)[1], [x], tf.int64))
    iterator = dataset.prefetch(1).make_initializable_iterator()
    element = iterator.get_next()
    try:
        with tf.Session() as sess:
            sess.run(iterator.initializer)
            with pytest.raises(tf.errors.DeadlineExceededError):
                sess.run(element, options=tf.RunOptions(timeout_in_ms=200))
            release.set()
            assert sess.run(element) == 0
    finally:
        release.set()


def test_one_shot():
    element = Dataset.range(3).make_one_shot_iterator().get_next()
    assert element.op.inputs[0].op.type == "OneShotIterator"
    for _ in range(2):
        with tf.Session() as sess:
            assert [sess.run(element) for _ in range(3)] == [0, 1, 2]
            with pytest.raises(tf.errors.OutOfRangeError):
                sess.run(element)


def test_one_shot_needs_no_state():
    with pytest.raises(ValueError, match="Cannot capture a placeholder"):
        Dataset.from_tensors(tf.placeholder(tf.float32)).make_one_shot_iterator()
    for use_resource in (False, True):
        v = tf.get_variable(f"v{use_resource}", [], use_resource=use_resource)
        with pytest.raises(ValueError, match="Failed to create a one-shot iterator"):
            Dataset.from_tensors(v).make_one_shot_iterator()
        with pytest.raises(ValueError, match="Failed to create a one-shot iterator"):
            Dataset.range(3).map(lambda x, v=v: tf.to_float(x) + v).make_one_shot_iterator()


def test_optionals():
    iterator = Dataset.range(1).make_initializable_iterator()
    optional = tf.data.experimental.get_next_as_optional(iterator)
    pair = optional.has_value(), tf.cond(optional.has_value(), optional.get_value, lambda: tf.constant(-1, tf.int64))
    with tf.Session() as sess:
        sess.run(iterator.initializer)
        assert sess.run(pair) == (True, 0)
        assert sess.run(pair) == (False, -1)
