"""Random pipelines against the same in plain Python."""

import itertools

from hypothesis import given, settings
from hypothesis import strategies as st

import graphflow as tf
from tests.data.helpers import elements

NUMBERS = st.integers(0, 7)
SIZES = st.integers(1, 5)

# name -> (argument, stage of a dataset, the same over a list)
STAGES = {
    "repeat": (st.integers(0, 3), lambda d, n: d.repeat(n), lambda xs, n: xs * n),
    "take": (NUMBERS, lambda d, n: d.take(n), lambda xs, n: xs[:n]),
    "skip": (NUMBERS, lambda d, n: d.skip(n), lambda xs, n: xs[n:]),
    "shard": (SIZES, lambda d, n: d.shard(n, n - 1), lambda xs, n: xs[n - 1::n]),
    "cache": (SIZES, lambda d, n: d.cache(), lambda xs, n: xs),
    "prefetch": (SIZES, lambda d, n: d.prefetch(n), lambda xs, n: xs),
    "map": (SIZES, lambda d, n: d.map(lambda x: x * n + 1), lambda xs, n: [x * n + 1 for x in xs]),
    "parallel_map": (SIZES, lambda d, n: d.map(lambda x: x - n, num_parallel_calls=n),
                     lambda xs, n: [x - n for x in xs]),
    "filter": (SIZES, lambda d, n: d.filter(lambda x: tf.not_equal(x % (n + 1), 0)),
               lambda xs, n: [x for x in xs if x % (n + 1)]),
    "flat_map": (SIZES, lambda d, n: d.flat_map(lambda x: tf.data.Dataset.from_tensors(x).repeat(n)),
                 lambda xs, n: [x for x in xs for _ in range(n)]),
    "batch": (SIZES, lambda d, n: d.batch(n).unbatch(), lambda xs, n: xs),
    "whole_batches": (SIZES, lambda d, n: d.batch(n, drop_remainder=True).unbatch(),
                      lambda xs, n: xs[:len(xs) // n * n]),
    "concatenate": (SIZES, lambda d, n: d.concatenate(tf.data.Dataset.range(n)), lambda xs, n: xs + list(range(n))),
    "window": (SIZES,
               lambda d, n: d.window(n, 1, drop_remainder=True).flat_map(lambda w: w.batch(n)).map(tf.reduce_sum),
               lambda xs, n: [sum(xs[i:i + n]) for i in range(len(xs) - n + 1)]),
    "scan": (SIZES, lambda d, n: d.apply(tf.data.experimental.scan(
                 tf.constant(n, tf.int64), lambda s, x: (s + x, s + x))),
             lambda xs, n: list(itertools.accumulate(xs, initial=n))[1:]),
    "interleave": (SIZES, lambda d, n: d.interleave(lambda x: tf.data.Dataset.from_tensors(x), n), lambda xs, n: xs),
}
CHAINS = st.lists(st.one_of([st.tuples(st.just(name), stage[0]) for name, stage in STAGES.items()]), max_size=5)


@settings(max_examples=40, deadline=None)
@given(NUMBERS, CHAINS)
def test_as_in_python(count, chain):
    with tf.Graph().as_default():
        dataset, expected = tf.data.Dataset.range(count), list(range(count))
        for name, argument in chain:
            _, stage, oracle = STAGES[name]
            dataset, expected = stage(dataset, argument), oracle(expected, argument)
            if len(expected) > 60:
                break
        assert elements(dataset) == expected


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 30), st.integers(1, 40), st.integers(0, 2**31), st.integers(1, 3))
def test_shuffles_lose_nothing(count, size, seed, rounds):
    with tf.Graph().as_default():
        found = elements(tf.data.Dataset.range(count).shuffle(size, seed=seed).repeat(rounds))
    for i in range(rounds):
        part = found[i * count:(i + 1) * count]
        assert sorted(part) == list(range(count))
        assert all(number < place + size for place, number in enumerate(part))
