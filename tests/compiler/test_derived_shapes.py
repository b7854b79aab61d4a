"""Sizes of what is taken from where the run says: known where that lies within bounds, and only there."""

import numpy as np
import pytest

import graphflow as tf
from tests.runtime.loop_checks import check, seeded, without_calls  # noqa: F401  (a fixture)


def data(*sizes):
    """A tensor that no pass computes with."""
    return tf.placeholder_with_default(np.linspace(-1, 1, int(np.prod(sizes)), dtype=np.float32).reshape(sizes), sizes)


def fed(number):
    """A number that is fed."""
    return tf.placeholder(tf.int32, [], name=f"fed{number}")


def summed(part, start=0, condition=lambda i: i < 6, step=1):
    """The sum of the squares of `part(i)` over a loop."""
    loop = tf.while_loop(lambda i, _: condition(i), lambda i, total: (i + step, total + tf.reduce_sum(part(i) ** 2)),
                         [start, 0.0])
    return loop[1]


WITHIN = {
    "window": lambda x: summed(lambda i: x[i:i + 8]),
    "batches": lambda x: summed(lambda i: x[i * 2:(i + 1) * 2]),
    "steps": lambda x: summed(lambda i: x[i:i + 5:2], 1, step=2),
    "down": lambda x: summed(lambda i: x[i - 2:i + 1], 5, lambda i: i >= 2, -1),
    "down, exclusive": lambda x: summed(lambda i: x[i - 2:i], 5, lambda i: i > 1, -2),
    "both conditions": lambda x: summed(lambda i: x[i:i + 8], condition=lambda i: (i < 90) & (i <= 5)),
    "other side": lambda x: summed(lambda i: x[i:i + 8], condition=lambda i: 6 > i),
    "by shape": lambda x: summed(lambda i: x[i:i + 4], condition=lambda i: i + 4 <= tf.shape(x)[0]),
    "rest": lambda x: summed(lambda i: (lambda j: x[j:j + 8])(i % 5), condition=lambda i: i < 20),
    "smaller": lambda x: summed(lambda i: (lambda j: x[j:j + 8])(tf.minimum(i, 5)), condition=lambda i: i < 9),
    "larger": lambda x: summed(lambda i: (lambda j: x[j - 3:j])(tf.maximum(i, 3))),
    "best": lambda x: summed(lambda i: (lambda j: x[j:j + 1])(tf.argmax(x * tf.to_float(i - 2), 0))),
    "cut out": lambda x: summed(lambda i: tf.strided_slice(x, [i], [i + 3])),
    "masked": lambda x: summed(lambda i: x[None, i:i + 3, ...]),
}


@pytest.mark.parametrize("make", WITHIN.values(), ids=WITHIN)
def test_parts_within_bounds(make):
    x = data(13)
    total = make(x)
    check([total, tf.gradients(total, x)[0]])


WITHOUT = {
    "clipped at the end": lambda x: summed(lambda i: x[i:i + 9]),
    "clipped at the begin": lambda x: summed(lambda i: x[i - 1:i + 3]),
    "from a fed number": lambda x: summed(lambda i: x[i:i + 8], fed(0)),
    "to a fed number": lambda x: (lambda n: summed(lambda i: x[i:i + 8], condition=lambda i: i < n))(fed(6)),
    "growing": lambda x: summed(lambda i: x[:i]),
    "twice as large": lambda x: tf.while_loop(lambda i, _: i < 6, lambda i, total: (
        i * 2, total + tf.reduce_sum(x[i:i + 8])), [1, 0.0])[1],
    "either condition": lambda x: summed(lambda i: x[i:i + 8], condition=lambda i: (i < 6) | (i < 9)),
    "another condition": lambda x: tf.while_loop(lambda i, _, total: total < 3.0, lambda i, j, total: (
        i + 1, j, total + 1.0 + tf.reduce_sum(x[i:i + 8]) * 0.0), [0, 0, 0.0])[2],
    "small integers": lambda x: summed(lambda i: (lambda j: x[j:j + 8])(tf.cast(i, tf.int32)),
                                       tf.constant(0, tf.int8), lambda i: i < 6, tf.constant(1, tf.int8)),
}


@pytest.mark.parametrize("make", WITHOUT.values(), ids=WITHOUT)
def test_parts_that_may_be_smaller(make):
    total = make(data(13))
    numbers = (op for op in tf.get_default_graph().get_operations() if op.name.startswith("fed"))
    feed_dict = {op.outputs[0]: int(op.name[3:]) for op in numbers}
    check([total], feed_dict)
    with without_calls():
        check([total], feed_dict, native=False)


def test_bounds_reach_inner_loops_and_branches():
    x = data(9, 7)

    def row(i, total):
        inner = summed(lambda j: x[i:i + 2, j:j + 3], condition=lambda j: j < 5)
        return i + 1, total + tf.cond(total > 1.0, lambda: inner, lambda: tf.reduce_sum(x[i:i + 3]))

    total = tf.while_loop(lambda i, _: i < 7, row, [0, 0.0])[1]
    check([total, tf.gradients(total, x)[0]])


def test_parts_at_random_places():
    x = data(20)
    total = summed(lambda i: (lambda j: x[j:j + 8])(tf.random_uniform([], 0, 13, tf.int32, seed=3)))
    check([total])


def test_gradients_of_parts_and_ranges():
    x = data(7, 12)
    total = summed(lambda i: tf.slice(x, [i, 2 * i], [2, 1]) * tf.to_float(tf.range(i, i + 4)))
    check([total, tf.gradients(total, x)[0]])


def test_numbers_that_wrap_around_have_no_bounds():
    """`i + big` is below the limit again once it has wrapped."""
    x, big, n = data(13), 2 ** 31 - 3, fed(30)
    total = tf.while_loop(lambda i, *_: (i + big < big + 2) & (i < n), lambda i, total: (
        i + 3, total + tf.cast(tf.size(x[i:i + 8]), tf.float32)), [0, 0.0])[1]
    with tf.Session() as sess:
        sizes = [min(8, max(0, 13 - i)) for i in range(0, 30, 3)]
        assert sess.run(total, {n: 30}) == sum(sizes)
