"""Caches and prefetching: what threads do ahead, how they end, and what files hold."""

import gc
import threading
import time

import pytest

import graphflow as tf
from tests.data.helpers import dataset_threads, elements, wait_until

Dataset = tf.data.Dataset


@pytest.mark.parametrize("size", [1, 3, 100, None, 0])
def test_prefetch_keeps_the_elements(size):
    for _ in range(3):
        assert elements(Dataset.range(50).prefetch(size)) == list(range(50))


def test_threads_end_with_the_elements():
    elements(Dataset.range(5).prefetch(2))
    wait_until(lambda: not dataset_threads())


@pytest.mark.parametrize("end", ["close", "drop", "restart"])
def test_threads_end_early(end):
    iterator = Dataset.range(10**9).prefetch(2).make_initializable_iterator()
    element = iterator.get_next()
    sess = tf.Session()
    sess.run(iterator.initializer)
    assert sess.run(element) == 0
    (thread,) = dataset_threads()
    if end == "close":
        sess.close()
    elif end == "restart":
        sess.run(iterator.initializer)
    else:
        del sess
        gc.collect()
    wait_until(lambda: not thread.is_alive())


def test_no_thread_before_the_first_element():
    iterator = Dataset.range(5).prefetch(2).make_initializable_iterator()
    with tf.Session() as sess:
        sess.run(iterator.initializer)
        assert not dataset_threads()


def test_concurrent_runs_share_an_iterator():
    iterator = Dataset.range(400).prefetch(4).make_initializable_iterator()
    element = iterator.get_next()
    found = []
    with tf.Session() as sess:
        sess.run(iterator.initializer)
        threads = [threading.Thread(target=lambda: found.extend(sess.run(element) for _ in range(100)))
                   for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(timeout=30)
    assert sorted(found) == list(range(400))


def test_cache_file_is_read_again(tmp_path):
    path = str(tmp_path / "cache")
    first = Dataset.from_tensor_slices(([1, 2, 3], ["a", "b", "c"])).cache(path)
    expected = [(1, b"a"), (2, b"b"), (3, b"c")]
    assert elements(first) == expected
    other = Dataset.from_tensor_slices(([7], ["z"])).cache(path)
    assert elements(other) == expected


def test_unfinished_cache_leaves_no_file(tmp_path):
    elements(Dataset.range(5).cache(str(tmp_path / "cache")).take(2))
    assert not list(tmp_path.iterdir())


def test_memory_cache_is_filled_once():
    start = time.monotonic()
    assert elements(Dataset.range(4).cache().repeat(3)) == [0, 1, 2, 3] * 3
    assert elements(Dataset.range(4).cache().take(2).repeat(2)) == [0, 1] * 2
    assert time.monotonic() - start < 10


def test_options_merge_and_stay():
    options, other = tf.data.Options(), tf.data.Options()
    options.experimental_deterministic = False
    other.experimental_threading.private_threadpool_size = 3
    dataset = Dataset.range(2).with_options(options).repeat(2).with_options(other)
    assert dataset.options().experimental_deterministic is False
    assert dataset.options().experimental_threading.private_threadpool_size == 3
    assert elements(dataset) == [0, 1, 0, 1]
    other.experimental_deterministic = True
    with pytest.raises(ValueError, match="Cannot merge incompatible values"):
        dataset.with_options(other)
    with pytest.raises(TypeError, match='Property "experimental_slack" must be of type'):
        options.experimental_slack = 3
    with pytest.raises(AttributeError, match="Cannot set the property nonsense"):
        options.nonsense = 3
