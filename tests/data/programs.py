"""Pipelines whose elements are recorded from TensorFlow: each takes `tf` and returns a dataset.

Used by tools/golden/record_datasets.py in TensorFlow's environment and by test_golden.py in ours.
"""

import collections

import numpy as np

PIPELINES = {}


def pipeline(function):
    """Registers a pipeline under its name."""
    PIPELINES[function.__name__] = function
    return function


def _plain(value):
    """A fetched element as JSON has it."""
    if isinstance(value, dict):
        return {key: _plain(part) for key, part in value.items()}
    if hasattr(value, "dense_shape"):
        return {part: _plain(getattr(value, part)) for part in ("indices", "values", "dense_shape")}
    if isinstance(value, (tuple, list)):
        return [_plain(part) for part in value]
    if isinstance(value, np.ndarray):
        return _plain(value.tolist())
    if isinstance(value, np.generic):
        return _plain(value.item())
    return value.decode("latin-1") if isinstance(value, bytes) else value


def answers(tf, make, limit=30):
    """What a program sees of a pipeline: twice its elements from the start, the error that ends them, types."""
    with tf.Graph().as_default():
        dataset = make(tf)
        iterator = tf.data.make_initializable_iterator(dataset)
        element = iterator.get_next()
        rounds = []
        with tf.Session() as session:
            for _ in range(2):
                session.run(iterator.initializer)
                rounds.append(_elements(tf, session, element, limit))
        types = str(tf.data.get_output_types(dataset)).replace("<dtype: '", "").replace("'>", "")
        return {"rounds": rounds, "types": types.replace("tf.", ""), "shapes": str(tf.data.get_output_shapes(dataset))}


def _elements(tf, session, element, limit):
    found = []
    for _ in range(limit):
        try:
            found.append(_plain(session.run(element)))
        except tf.errors.OpError as error:
            found.append(type(error).__name__)
            if isinstance(error, tf.errors.OutOfRangeError):
                break
    return found


# ---------------------------------------------------------------- sources

@pipeline
def tensors(tf):
    return tf.data.Dataset.from_tensors(({"b": [1, 2], "a": "x"}, 0.5)).repeat(2)


@pipeline
def slices(tf):
    Point = collections.namedtuple("Point", "x y")
    return tf.data.Dataset.from_tensor_slices(Point(np.arange(6).reshape(3, 2), ["a", "b", "c"]))


@pipeline
def sparse_tensor(tf):
    value = tf.SparseTensor([[0, 1], [1, 0], [1, 2]], [1.0, 2.0, 3.0], [3, 3])
    return tf.data.Dataset.from_tensor_slices((value, [5, 6, 7])).batch(2)


@pipeline
def sparse_slices(tf):
    return tf.data.Dataset.from_sparse_tensor_slices(tf.SparseTensor([[0, 0], [2, 1], [2, 3]], [1, 2, 3], [3, 4]))


@pipeline
def ranges(tf):
    return tf.data.Dataset.zip((tf.data.Dataset.range(3), tf.data.Dataset.range(7, 1, -2)))


@pipeline
def random_numbers(tf):
    return tf.data.experimental.RandomDataset(seed=3).take(5)


@pipeline
def counter(tf):
    return tf.data.experimental.Counter(start=5, step=-2).take(4)


# ---------------------------------------------------------------- order and number

@pipeline
def repeat_take_skip(tf):
    return tf.data.Dataset.range(5).repeat().skip(3).take(6)


@pipeline
def negative_counts(tf):
    return tf.data.Dataset.range(3).take(-1).repeat(2).concatenate(tf.data.Dataset.range(9).skip(-1))


@pipeline
def shards(tf):
    return tf.data.Dataset.range(10).shard(3, 1)


@pipeline
def shuffled(tf):
    return tf.data.Dataset.range(20).shuffle(7, seed=42)


@pipeline
def shuffled_wholly(tf):
    return tf.data.Dataset.range(25).shuffle(100, seed=1)


@pipeline
def shuffled_each_time(tf):
    return tf.data.Dataset.range(6).shuffle(4, seed=42).repeat(4)


@pipeline
def shuffled_once(tf):
    return tf.data.Dataset.range(6).shuffle(4, seed=42, reshuffle_each_iteration=False).repeat(3)


@pipeline
def repeated_then_shuffled(tf):
    return tf.data.Dataset.range(5).repeat(3).shuffle(7, seed=1)


@pipeline
def shuffled_under_graph_seed(tf):
    tf.set_random_seed(12)
    return tf.data.Dataset.range(10).shuffle(10, seed=3).batch(3)


@pipeline
def shuffled_and_repeated(tf):
    return tf.data.Dataset.range(5).apply(tf.data.experimental.shuffle_and_repeat(8, 4, seed=42))


@pipeline
def enumerated(tf):
    return tf.data.Dataset.from_tensor_slices(["a", "b"]).enumerate(5)


@pipeline
def chosen(tf):
    datasets = [tf.data.Dataset.from_tensors(text).repeat(n) for text, n in (("a", 2), ("b", 9), ("c", 9))]
    return tf.data.experimental.choose_from_datasets(datasets, tf.data.Dataset.range(3).repeat(4))


@pipeline
def unique(tf):
    return tf.data.Dataset.from_tensor_slices(["a", "b", "a", "", "b"]).apply(tf.data.experimental.unique())


@pipeline
def cached(tf):
    return tf.data.Dataset.range(4).cache().repeat(2).prefetch(3)


# ---------------------------------------------------------------- batches

@pipeline
def batches(tf):
    return tf.data.Dataset.range(7).batch(3)


@pipeline
def whole_batches(tf):
    return tf.data.Dataset.from_tensor_slices((np.arange(7), np.eye(7))).batch(3, drop_remainder=True)


@pipeline
def padded(tf):
    dataset = tf.data.Dataset.range(1, 6).map(lambda x: (tf.fill([x], x), tf.fill([2, x], "s")))
    return dataset.padded_batch(2, ([None], [2, 7]), (np.int64(-1), "-"))


@pipeline
def padded_too_small(tf):
    return tf.data.Dataset.range(1, 4).map(lambda x: tf.fill([x], x)).padded_batch(2, [2])


@pipeline
def windows(tf):
    return tf.data.Dataset.range(9).window(3, shift=2, stride=2).flat_map(lambda d: d.batch(3))


@pipeline
def sliding_windows(tf):
    pairs = tf.data.Dataset.range(8).map(lambda x: (x, -x)).window(4, 1, 2, drop_remainder=True)
    return pairs.flat_map(lambda a, b: tf.data.Dataset.zip((a.batch(4), b.batch(4))))


@pipeline
def far_windows(tf):
    return tf.data.Dataset.range(10).window(2, shift=4).flat_map(lambda d: d.batch(2))


@pipeline
def unbatched(tf):
    return tf.data.Dataset.from_tensor_slices((np.arange(12).reshape(3, 2, 2), [["a", "b"]] * 3)).unbatch()


@pipeline
def unlike_elements(tf):
    return tf.data.Dataset.range(1, 5).map(lambda x: tf.fill([x // 2], x)).batch(2)


@pipeline
def sparse_batches(tf):
    dataset = tf.data.Dataset.range(1, 5).map(lambda x: tf.fill([x], x))
    return dataset.apply(tf.data.experimental.dense_to_sparse_batch(3, [6]))


# ---------------------------------------------------------------- functions

@pipeline
def mapped(tf):
    dataset = tf.data.Dataset.from_tensor_slices({"x": [1, 2, 3], "y": [1.0, 2.0, 3.0]})
    return dataset.map(lambda row: (row["x"] * 2, {"sum": tf.cast(row["x"], tf.float32) + row["y"]}))


@pipeline
def mapped_in_parallel(tf):
    return tf.data.Dataset.range(20).map(lambda x: x * x, num_parallel_calls=4).batch(7)


@pipeline
def with_captures(tf):
    table, offset = tf.constant([10, 20, 30, 40]), tf.constant(1)
    return tf.data.Dataset.range(4).map(lambda i: tf.gather(table, i) + offset)


@pipeline
def random_map(tf):
    return tf.data.Dataset.range(4).map(lambda x: tf.random_uniform([], seed=5)).repeat(2)


@pipeline
def random_map_under_graph_seed(tf):
    tf.set_random_seed(9)
    return tf.data.Dataset.range(4).map(lambda x: tf.random_uniform([2], seed=5))


@pipeline
def conditional_map(tf):
    return tf.data.Dataset.range(6).map(lambda x: tf.cond(tf.equal(x % 2, 0), lambda: x // 2, lambda: 3 * x + 1))


@pipeline
def python_map(tf):
    return tf.data.Dataset.range(3).map(lambda x: tf.py_func(lambda v: v + 1, [x], tf.int64))


@pipeline
def filtered(tf):
    return tf.data.Dataset.range(12).filter(lambda x: tf.equal(x % 3, 1))


@pipeline
def flat_mapped(tf):
    return tf.data.Dataset.range(4).flat_map(lambda x: tf.data.Dataset.from_tensors(x).repeat(x))


@pipeline
def interleaved(tf):
    return tf.data.Dataset.range(1, 6).interleave(lambda x: tf.data.Dataset.from_tensors(x).repeat(x), 3, 2)


@pipeline
def interleaved_in_parallel(tf):
    return tf.data.Dataset.range(1, 6).interleave(
        lambda x: tf.data.Dataset.from_tensors(x).repeat(x), 2, 3, num_parallel_calls=2)


@pipeline
def interleaved_by_workers(tf):
    return tf.data.Dataset.range(1, 5).apply(tf.data.experimental.parallel_interleave(
        lambda x: tf.data.Dataset.from_tensors(x).repeat(x), cycle_length=2, block_length=2))


@pipeline
def mapped_and_batched(tf):
    return tf.data.Dataset.range(8).apply(tf.data.experimental.map_and_batch(lambda x: (x, x * x), 3))


@pipeline
def scanned(tf):
    return tf.data.Dataset.range(5).apply(tf.data.experimental.scan(
        np.int64(100), lambda state, x: (state + x, (state, x))))


@pipeline
def taken_while(tf):
    return tf.data.Dataset.range(9).apply(tf.data.experimental.take_while(lambda x: x < 4))


@pipeline
def grouped(tf):
    return tf.data.Dataset.range(11).apply(tf.data.experimental.group_by_window(
        lambda x: x % 3, lambda key, group: group.batch(2), window_size=2))


@pipeline
def bucketed(tf):
    dataset = tf.data.Dataset.from_tensor_slices([1, 5, 2, 6, 3, 9, 4, 1]).map(lambda n: tf.fill([n], n))
    return dataset.apply(tf.data.experimental.bucket_by_sequence_length(
        lambda x: tf.size(x), [4, 8], [3, 2, 1]))


@pipeline
def reduced_by_group(tf):
    reducer = tf.data.experimental.Reducer(
        lambda key: (np.int64(0), np.int64(0)), lambda state, x: (state[0] + x, state[1] + 1), lambda a, n: a // n)
    return tf.data.Dataset.range(10).apply(tf.data.experimental.group_by_reducer(lambda x: x % 2, reducer))


@pipeline
def reduced(tf):
    return tf.data.Dataset.from_tensors(tf.data.Dataset.range(10).reduce(
        (np.int64(0), np.int64(1)), lambda state, x: (state[0] + x, state[1] * 2)))


@pipeline
def generated(tf):
    def numbers(stop):
        for i in range(stop):
            yield i, {"text": "x" * i}

    return tf.data.Dataset.from_generator(numbers, (tf.int64, {"text": tf.string}), ([], {"text": []}), args=[3])


@pipeline
def failing_elements(tf):
    dataset = tf.data.Dataset.from_tensor_slices([1.0, 0.0, 2.0]).map(lambda x: tf.check_numerics(1.0 / x, "bad"))
    return dataset.repeat(2)


@pipeline
def errors_ignored(tf):
    dataset = tf.data.Dataset.from_tensor_slices([1.0, 0.0, 2.0]).map(lambda x: tf.check_numerics(1.0 / x, "bad"))
    return dataset.apply(tf.data.experimental.ignore_errors())


@pipeline
def sampled(tf):
    first, second = tf.data.Dataset.range(5), tf.data.Dataset.range(10, 15)
    return tf.data.experimental.sample_from_datasets([first, second], [0.25, 0.75], seed=3)
