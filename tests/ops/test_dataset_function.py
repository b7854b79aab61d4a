"""Functions of elements: what they may use, how they fail, what runs at once."""

import gc
import threading
import time

import numpy as np
import pytest

import graphflow as tf
from graphflow.framework.kernel_loader import kernels
from tests.data.helpers import dataset_threads, elements, wait_until

Dataset = tf.data.Dataset


@pytest.mark.filterwarnings("ignore:tf.data static optimizations")
def test_ref_variables_are_read_when_the_iterator_starts():
    v = tf.Variable(10, dtype=tf.int64)
    iterator = Dataset.range(4).map(lambda x: x + v).make_initializable_iterator()
    element = iterator.get_next()
    with tf.Session() as sess:
        with pytest.raises(tf.errors.FailedPreconditionError, match="uninitialized"):
            sess.run(iterator.initializer)
        sess.run(v.initializer)
        sess.run(iterator.initializer)
        assert sess.run(element) == 10
        sess.run(v.assign(20))
        assert sess.run(element) == 11
        sess.run(iterator.initializer)
        assert sess.run(element) == 20


def test_resource_variables_are_read_at_each_element():
    v = tf.get_variable("v", initializer=np.int64(10), use_resource=True)
    iterator = Dataset.range(4).map(lambda x: x + v).make_initializable_iterator()
    element = iterator.get_next()
    with tf.Session() as sess:
        sess.run([v.initializer, iterator.initializer])
        assert sess.run(element) == 10
        sess.run(v.assign(20))
        assert sess.run(element) == 21


def test_refs_warn_that_rewrites_are_off():
    v = tf.Variable(1, dtype=tf.int64)
    with pytest.warns(UserWarning, match="static optimizations are not compatible with tf.Variable"):
        Dataset.range(4).map(lambda x: x + v).make_initializable_iterator()


def test_a_failure_names_the_op_and_the_line():
    dataset = Dataset.from_tensor_slices([2.0, -1.0]).map(
        lambda x: tf.check_numerics(tf.log(x), "no logarithm"))  # this line
    with pytest.raises(tf.errors.InvalidArgumentError, match="no logarithm") as caught:
        elements(dataset)
    assert caught.value.op.type == "CheckNumerics" and "this line" in str(caught.value)


@pytest.mark.parametrize("prefetch", [False, True])
def test_a_python_function_that_raises(prefetch):
    def function(x):
        if x == 2:
            raise ValueError("two is too much")
        return x

    dataset = Dataset.range(4).map(lambda x: tf.py_func(function, [x], tf.int64), num_parallel_calls=2)
    with pytest.raises(tf.errors.InvalidArgumentError, match="two is too much") as caught:
        elements(dataset.prefetch(2) if prefetch else dataset)
    assert caught.value.op.type == "PyFunc"


def test_parallel_calls_run_at_once_and_in_order():
    barrier = threading.Barrier(4, timeout=20)

    def meet(x):
        barrier.wait()
        time.sleep(0.01 * (4 - x % 4))
        return x

    dataset = Dataset.range(8).map(lambda x: tf.py_func(meet, [x], tf.int64), num_parallel_calls=4)
    assert elements(dataset) == list(range(8))
    wait_until(lambda: not dataset_threads())


def test_functions_compile(monkeypatch):
    w = tf.constant(np.eye(8, dtype=np.float32))
    dataset = Dataset.from_tensors(tf.ones([4, 8])).repeat(50).map(lambda x: tf.nn.relu(tf.matmul(x, w)) * 2.0)
    for value in elements(dataset):
        np.testing.assert_array_equal(value, np.full([4, 8], 2.0))


def test_elements_of_changing_shapes():
    dataset = Dataset.range(1, 6).map(lambda n: tf.reduce_sum(tf.fill([n], tf.to_float(n))))
    assert elements(dataset) == [1.0, 4.0, 9.0, 16.0, 25.0]


def test_results():
    assert Dataset.range(2).map(lambda x: [x, x]).output_types == (tf.int64, tf.int64)
    with pytest.raises(TypeError, match="Unsupported return value from function passed to Dataset.map"):
        Dataset.range(2).map(lambda x: object())
    with pytest.raises(ValueError, match="scalar boolean tensor"):
        Dataset.range(2).filter(lambda x: x)
    with pytest.raises(ValueError, match="The body of .* is complete|cannot be used|Cannot use"):
        kept = []
        Dataset.range(2).map(lambda x: kept.append(x * 2) or x)
        _ = kept[0] + 1


def test_sparse_results_and_arguments():
    def split(line):
        return tf.string_split([line], " ")

    dataset = Dataset.from_tensor_slices(["a b", "c"]).map(split)
    assert dataset.output_classes is tf.SparseTensor
    assert elements(dataset.map(lambda sparse: tf.size(sparse.values))) == [2, 1]


def test_random_numbers_differ_between_functions_and_iterations():
    draws = Dataset.range(3).map(lambda x: tf.random_uniform([], seed=1)).map(
        lambda a: (a, tf.random_uniform([], seed=1)))
    found = elements(draws.repeat(2))
    assert all(a == b for a, b in found)
    assert len({a for a, _ in found}) == 6


def test_map_and_batch_loses_whole_batches():
    def function(x):
        if x == 3:
            raise StopIteration
        return x

    iterator = Dataset.range(6).apply(tf.data.experimental.map_and_batch(
        lambda x: tf.py_func(function, [x], tf.int64), 2)).make_initializable_iterator()
    element = iterator.get_next()
    with tf.Session() as sess:
        sess.run(iterator.initializer)
        assert sess.run(element).tolist() == [0, 1]
        with pytest.raises(tf.errors.InvalidArgumentError, match="produced OutOfRangeError"):
            sess.run(element)
        assert sess.run(element).tolist() == [4, 5]
        with pytest.raises(tf.errors.OutOfRangeError):
            sess.run(element)


def test_state_keeps_its_types():
    with pytest.raises(TypeError, match="element types for the new state must match"):
        Dataset.range(3).reduce(np.int64(0), lambda state, x: tf.to_float(state))
    with pytest.raises(TypeError, match="must return a pair"):
        Dataset.range(3).apply(tf.data.experimental.scan(np.int64(0), lambda state, x: state))
    grown = Dataset.range(3).reduce(np.zeros([0], np.int64), lambda state, x: tf.concat([state, [x]], 0))
    with tf.Session() as sess:
        assert sess.run(grown).tolist() == [0, 1, 2]


def test_functions_within_functions_outlive_what_made_them():
    element = Dataset.range(3).flat_map(
        lambda x: Dataset.range(2).map(lambda y: x + y)).make_one_shot_iterator().get_next()
    with tf.Session() as sess:
        found = []
        for _ in range(6):
            found.append(sess.run(element))
            gc.collect()
    assert found == [0, 1, 1, 2, 2, 3]


# ---------------------------------------------------------------- generators

@pytest.mark.parametrize(("generator", "error", "message"), [
    (lambda: iter([[1, 2]]), tf.errors.InvalidArgumentError, "of shape .* where an element of shape"),
    (lambda: iter(["text"]), tf.errors.InvalidArgumentError, "could not be converted to the expected type"),
    (lambda: iter([(1, 2)]), tf.errors.InvalidArgumentError, "of shape|did not match the expected structure"),
    (lambda: 1 / 0, tf.errors.UnknownError, "ZeroDivisionError"),
])
def test_generators_that_misbehave(generator, error, message):
    with pytest.raises(error, match=message) as caught:
        elements(Dataset.from_generator(generator, tf.int32, []))
    assert caught.value.op.type == "PyFunc"
    with pytest.raises(TypeError, match="`generator` must be callable"):
        Dataset.from_generator([1], tf.int32)


def test_each_iterator_has_its_own_generator():
    started = []

    def numbers():
        started.append(1)
        yield from range(3)

    dataset = Dataset.from_generator(numbers, tf.int64, [])
    assert elements(Dataset.zip((dataset, dataset)).repeat(2)) == [(0, 0), (1, 1), (2, 2)] * 2
    assert len(started) == 4


def test_a_generator_that_is_left_is_closed():
    closed = []

    def numbers():
        try:
            yield from range(10)
        finally:
            closed.append(1)

    iterator = Dataset.from_generator(numbers, tf.int64, []).make_initializable_iterator()
    element = iterator.get_next()
    with tf.Session() as sess:
        for times in range(3):
            sess.run(iterator.initializer)
            gc.collect()
            assert len(closed) == times
            assert sess.run(element) == 0


def test_generators_take_arguments():
    def copies(number, text):
        for _ in range(number):
            yield text * 2

    dataset = Dataset.from_tensor_slices(([2, 0, 1], ["a", "b", "c"])).flat_map(
        lambda n, t: Dataset.from_generator(copies, tf.string, [], args=(n, t)))
    assert elements(dataset) == [b"aa", b"aa", b"cc"]


@pytest.mark.parametrize("endless", [
    lambda d: d.filter(lambda x: x < 0).reduce(np.int64(0), lambda s, x: s),
    lambda d: d.reduce(np.int64(0), lambda s, x: s),
    lambda d: d.filter(lambda x: x < 0).make_one_shot_iterator().get_next(),
])
def test_closing_ends_what_never_ends(endless):
    tensor = endless(Dataset.range(3).repeat())
    sess = tf.Session()
    closing = threading.Timer(0.3, sess.close)
    closing.start()
    with pytest.raises(tf.errors.CancelledError):
        sess.run(tensor)
    closing.join()


def test_generated_values_take_the_dtype():
    def rows():
        yield [1.5, 2], "é"
        yield np.array([3, 4], np.float32), b"b"

    found = elements(Dataset.from_generator(rows, (tf.float32, tf.string), ([2], [])))
    assert [(a.tolist(), b) for a, b in found] == [([1.5, 2.0], "é".encode()), ([3.0, 4.0], b"b")]


def test_generated_arrays_of_another_type_are_converted():
    def rows():
        yield np.array([1.5, -2.75]), np.array([1, 0]), np.array(["1", "2"]), np.float64(7.9)

    (floats, flags, numbers, whole), = elements(
        Dataset.from_generator(rows, (tf.float32, tf.bool, tf.int16, tf.int64), ([2], [2], [2], [])))
    assert floats.dtype == np.float32 and floats.tolist() == [1.5, -2.75]
    assert flags.tolist() == [True, False]
    assert numbers.dtype == np.int16 and numbers.tolist() == [1, 2]
    assert whole == 7


def test_an_element_that_is_late_ends_with_the_session():
    release = threading.Event()

    def slow():
        release.wait(20)
        yield 1

    iterator = Dataset.from_generator(slow, tf.int64, []).prefetch(1).make_initializable_iterator()
    element, sess = iterator.get_next(), tf.Session()
    sess.run(iterator.initializer)
    closing = threading.Timer(0.2, sess.close)
    closing.start()
    try:
        with pytest.raises(tf.errors.CancelledError):
            sess.run(element)
    finally:
        release.set()
        closing.join()


@pytest.mark.parametrize("seconds", [0.0, 0.01])
def test_calls_that_take_long_go_to_threads(seconds, monkeypatch):
    """Calls that take less than handing over their results are made by who asks."""
    function = kernels("reference.background")
    monkeypatch.setattr(function, "_WORTH_A_THREAD", 1e-4 if seconds else 1.0)
    callers = []

    def call(item):
        callers.append(threading.current_thread())
        time.sleep(seconds)
        if item == 6:
            raise ValueError("six")
        return item * 10

    run = kernels("reference.pipeline").Pass()
    items = function.Calls(run, iter(range(12)), call, 3, 3)
    found = []
    for _ in range(12):
        try:
            found.append(next(items))
        except ValueError as error:
            found.append(str(error))
    assert found == [i * 10 if i != 6 else "six" for i in range(12)]
    assert list(items) == [] and len(callers) == 12
    here = {threading.current_thread()}
    assert set(callers[:4]) == here and set(callers[4:]).isdisjoint(here) == bool(seconds)
    run.close()


@pytest.mark.parametrize("sloppy", [False, True])
def test_cheap_parallel_maps_keep_errors_in_their_place(sloppy):
    options = tf.data.Options()
    options.experimental_deterministic = not sloppy
    dataset = Dataset.from_tensor_slices([1.0, 0.0, 3.0]).map(
        lambda x: tf.check_numerics(1.0 / x, "inverse"), num_parallel_calls=2).with_options(options)
    element = dataset.make_one_shot_iterator().get_next()
    with tf.Session() as sess:
        assert sess.run(element) == 1.0
        with pytest.raises(tf.errors.InvalidArgumentError, match="inverse"):
            sess.run(element)
        np.testing.assert_allclose(sess.run(element), 1 / 3)
        with pytest.raises(tf.errors.OutOfRangeError):
            sess.run(element)
